// `tsvm diff`: the first instruction that two recorded runs did not do alike.
import type { RegisterDifference, RunPlace, RunsDifference } from '../../api/index.ts';
import { readRun } from '../../api/run-store.ts';
import { hex } from '../../util/bits.ts';
import { grouped, guestSeconds, instant, printable } from '../../util/format.ts';
import type { CommandSpec } from '../command.ts';
import { startSpinner } from '../spinner.ts';

const EPILOGUE = `
A and B are ids that verdicts show after "run", or files that --journal wrote. Both runs are run again, side by side, and their vCPUs compared.
Exit code: 0 the runs are the same, 1 they are not.

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
    const [first, second] = [readRun(a, cli.env), readRun(b, cli.env)];
    const { diffRuns } = await cli.loadApi();
    const stop = startSpinner(cli.stderr, cli.env, `comparing ${printable(a)} and ${printable(b)}`);
    let difference: RunsDifference;
    try {
      difference = await diffRuns(first.text, second.text);
    } finally {
      stop();
    }
    cli.stdout.write(`${renderDifference(difference, a, b).map(printable).join('\n')}\n`);
    return difference.kind === 'none' ? 0 : 1;
  },
};

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
