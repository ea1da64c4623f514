// `tsvm diff`: the first instruction that two recorded runs did not do alike.
import type { RegisterDifference, RunPlace, RunsDifference, Verdict } from '../../api/index.ts';
import { changedDisks, differences, leftOverlays, type RecordedRun, recordedRun } from '../../api/record.ts';
import { readRun } from '../../api/run-store.ts';
import { hex } from '../../util/bits.ts';
import { grouped, guestSeconds, instant, printable } from '../../util/format.ts';
import type { Cli, CommandSpec } from '../command.ts';
import { startProgress } from '../spinner.ts';

const EPILOGUE = `
A and B are ids that verdicts show after "run", or files that --journal wrote. Both runs are run again, side by side, and compared: registers, guest
time, output and RAM. Nothing is written to disks. Exit code: 0 the runs are the same, 1 they are not.

Example:
  tsvm diff 7f3a19c2 80f1e2d3`;

/** Registers that are shown. */
const MOST_REGISTERS = 16;

export const diffCommand: CommandSpec = {
  name: 'diff',
  args: '<a> <b>',
  summary: 'find the first instruction that two recorded runs did not do alike',
  epilogue: EPILOGUE,
  async run(cli, [a = '', b = '']) {
    const [one, other] = [readNamed(a, cli), readNamed(b, cli)];
    const { diffRuns } = await cli.loadApi();
    const what = `comparing ${printable(a)} and ${printable(b)}`;
    const progress = startProgress(cli.stderr, cli.env, what);
    let found: RunsDifference;
    try {
      found = await diffRuns(one.text, other.text, (count) => progress.say(`${what}, at ${grouped(count)}`));
    } finally {
      progress.stop();
    }
    if (found.kind !== 'instruction') {
      one.ended(found.kind === 'none' ? found.verdict : found.a);
      other.ended(found.kind === 'none' ? found.verdict : found.b);
    }
    const lines = [...inWhat(one.run, other.run), ...renderDifference(found, a, b)];
    cli.stdout.write(`${lines.map(printable).join('\n')}\n`);
    return found.kind === 'none' ? 0 : 1;
  },
};

interface NamedRun {
  readonly text: string;
  readonly run: RecordedRun;
  /** Told how it has ended now. */
  ended(verdict: Verdict): void;
}

/** Read it, and say what may make it another run now. */
function readNamed(name: string, { env, said }: Cli): NamedRun {
  const warn = (what: string): void => said.log('warning', `${name}: ${what}`);
  const { text } = readRun(name, env);
  const run = recordedRun(text, name);
  for (const warning of [...changedDisks(run.header), ...leftOverlays(run.header)]) warn(warning);
  const ended = ({ stateHash }: Verdict): void => {
    const then = run.end?.stateHash ?? stateHash;
    if (then !== stateHash) warn(`it was recorded to end in state ${then}, and does not any more`);
  };
  return { text, run, ended };
}

/** What was not the same from the beginning on, or came from outside. */
function inWhat(a: RecordedRun, b: RecordedRun): string[] {
  const images = (['kernel', 'initrd'] as const).filter((image) => a.header[image] !== b.header[image]);
  const given = [...images, ...differences(a.header, b.header)];
  const options = given.length === 0 ? [] : [`given differently: ${given.join(', ')}`];
  const input = firstOtherInput(a, b);
  return input === null ? options : [...options, input];
}

/** Where what came from outside begins to differ. */
function firstOtherInput(a: RecordedRun, b: RecordedRun): string | null {
  if (a.pulled && b.pulled && Buffer.compare(a.pulled, b.pulled) !== 0) return 'other input from a file';
  const [one, other] = [a.journal.entries, b.journal.entries];
  const n = one.findIndex((entry, index) => JSON.stringify(entry) !== JSON.stringify(other[index]));
  const at = n >= 0 ? n : one.length < other.length ? one.length : -1;
  if (at < 0) return null;
  const first = [one[at], other[at]].filter((entry) => entry !== undefined).sort((x, y) => x.at - y.at)[0]!;
  return `other input from ${instant({ ...first, guestTimeNs: first.at })} on`;
}

function renderDifference(found: RunsDifference, a: string, b: string): string[] {
  switch (found.kind) {
    case 'none':
      return [`the same: ${instant(found.verdict)}, state ${found.verdict.stateHash}`];
    case 'state':
      return [
        'no instruction did something else, but memory or devices differ in the end',
        `  ${a}: state ${found.a.stateHash}, ${found.a.summary}`,
        `  ${b}: state ${found.b.stateHash}, ${found.b.summary}`,
      ];
    case 'instruction':
      return [
        `the same up to ${guestSeconds(found.before.guestTimeNs)} @ ${grouped(found.instructions)}; the next step differs`,
        ...places('  both before it', found.before),
        ...found.code.map((line) => `    ${line.trim()}`),
        ...places(`  ${a} after it`, found.a),
        ...places(`  ${b} after it`, found.b),
        ...registers(found.registers, a, b),
      ];
  }
}

function places(title: string, { vcpus, verdict, guestTimeNs }: RunPlace): string[] {
  if (verdict) return [`${title}: ended, ${verdict.summary} (${verdict.kind}, exit ${verdict.exitCode})`];
  return vcpus.map(
    ({ cpu, pc, symbol }) =>
      `${title}: cpu${cpu} at ${hex(pc)}${symbol === null ? '' : ` ${symbol}`}, ${guestSeconds(guestTimeNs)}`,
  );
}

function registers(all: readonly RegisterDifference[], a: string, b: string): string[] {
  if (all.length === 0) return [];
  const rows = all
    .slice(0, MOST_REGISTERS)
    .map(({ cpu, name, a: one, b: other }) => `  cpu${cpu} ${name.padEnd(9)} ${hex(one)}  ${hex(other)}`);
  const more = all.length > MOST_REGISTERS ? [`  ${all.length - MOST_REGISTERS} more`] : [];
  return [`  registers in ${a} and in ${b}:`, ...rows, ...more];
}
