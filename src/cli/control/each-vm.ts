// One request to each of the chosen VMs, side by side: what came of it, in order of their names, as text or JSON, and the exit code.
import { ControlClient, NoAnswer } from '../../api/control/client.ts';
import type { LiveVm } from '../../api/control/live-vms.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable, printableJson } from '../../util/format.ts';
import type { Cli } from '../command.ts';

/** Exit code when a VM did not answer, or refused. */
export const EXIT_NO_ANSWER = 1;

/** What a verb has learned of a VM. */
export interface Outcome {
  /** For people: whole lines, without the last newline; '': nothing need be said. */
  readonly text: string;
  /** For --json, beside the name. */
  readonly facts: Readonly<Record<string, unknown>>;
}

type Result = { readonly name: string } & ({ readonly outcome: Outcome } | { readonly failure: string });

/** Resolves to the exit code. Never rejects for what a VM does. */
export async function eachVm(
  cli: Cli,
  vms: readonly LiveVm[],
  json: boolean,
  act: (client: ControlClient) => Promise<Outcome>,
): Promise<number> {
  const results = await Promise.all(vms.map((vm) => withVm(vm, act)));
  if (json) {
    const facts = results.map((result) =>
      'outcome' in result
        ? { name: result.name, ok: true, ...result.outcome.facts }
        : { name: result.name, ok: false, error: result.failure },
    );
    cli.stdout.write(`${printableJson(facts)}\n`);
  } else if (results.length === 0) cli.said.lines('# no VM is running');
  for (const result of json ? [] : results)
    if ('outcome' in result && result.outcome.text !== '') cli.stdout.write(`${result.outcome.text}\n`);
  const failures = results.filter((result) => 'failure' in result);
  for (const { name, failure } of failures) cli.said.lines(`${cli.said.style.bad('tsvm:')} ${noAnswer(name, failure)}`);
  return failures.length === 0 ? 0 : EXIT_NO_ANSWER;
}

/** `vm0: no answer within 5 s` */
export function noAnswer(name: string, why: string): string {
  return printable(why.startsWith(`${name}: `) ? why : `${name}: ${why}`);
}

async function withVm({ name, path }: LiveVm, act: (client: ControlClient) => Promise<Outcome>): Promise<Result> {
  try {
    const client = await ControlClient.connect(name, path);
    try {
      return { name, outcome: await act(client) };
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof NoAnswer) return { name, failure: error.message };
    if (!(error instanceof TsvmError)) throw error;
    const { next } = error.details;
    return { name, failure: next === undefined ? error.message : `${error.message} (${next})` };
  }
}
