// One row measured: rounds in which the contenders take turns, so that a busy moment of the machine meets all of them, and in each
// turn the two scales whose costs are subtracted.
import type { Contender, ContenderName } from './contenders.ts';
import { type Account, signatureOf } from './outputs.ts';
import { type Finished, runTimed, timeToFirstByte } from './process.ts';
import type { Paths, Row } from './rows.ts';
import { median, ratio, spread } from './statistics.ts';

/** One contender's part of a row; times in seconds, each the cost of the work. */
export interface Cost {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** (largest - smallest) / 2, as a part of the median; null of one sample. */
  readonly spread: number | null;
  readonly cpuSamples: readonly number[];
  readonly peakBytes: number | null;
}

export interface RowResult {
  readonly name: string;
  readonly group: string;
  readonly scales: Row['scales'];
  readonly costs: Partial<Record<ContenderName, Cost>>;
  /** A peer's CPU seconds per CPU second of tsvm. */
  readonly ratios: Partial<Record<ContenderName, number | null>>;
  /** Guest instructions of the work, as tsvm counts them. */
  readonly instructions: number | null;
  readonly nsPerInstruction: number | null;
  /** Of the run at the large scale. */
  readonly modules: number | null;
  readonly regions: number | null;
  readonly failures: Partial<Record<ContenderName, string>>;
}

interface Turn {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakBytes: number | null;
  readonly account: Account | null;
  /** By scale. */
  readonly signatures: readonly string[];
}

/** A peer that fails, or whose guest did other work than tsvm's, is left out of the row, and `failures` says why. */
export async function measureRow(
  row: Row,
  contenders: readonly Contender[],
  paths: Paths,
  rounds: number,
): Promise<RowResult> {
  const turns = new Map<ContenderName, Turn[]>(contenders.map(({ name }) => [name, []]));
  const failures: Partial<Record<ContenderName, string>> = {};
  let signatures: readonly string[] | undefined;
  for (let round = 0; round < rounds * (row.turns ?? 1); round++)
    for (const contender of rotated(contenders, round)) {
      // Without tsvm there is nothing to compare.
      if (failures[contender.name] !== undefined || failures.tsvm !== undefined) continue;
      try {
        const turn = await takeTurn(row, contender, paths);
        signatures ??= turn.signatures;
        if (turn.signatures.join() !== signatures.join())
          throw new Error(`did other work: ${turn.signatures.join(' | ')}, not ${signatures.join(' | ')}`);
        turns.get(contender.name)!.push(turn);
      } catch (error) {
        failures[contender.name] = error instanceof Error ? error.message : String(error);
      }
    }
  return resultOf(row, turns, failures);
}

/** Each round begins with another contender. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

async function takeTurn(row: Row, contender: Contender, paths: Paths): Promise<Turn> {
  const runs: Finished[] = [];
  const accounts: (Account | null)[] = [];
  for (const scale of row.scales ?? [1]) {
    const [file, ...args] = contender.command(row.guest(paths, scale));
    runs.push(await runTimed(file, args));
    accounts.push(contender.account());
  }
  const whole = row.scales === null;
  const last = runs.at(-1)!;
  const cost = (of: (run: Finished) => number): number => of(last) - (whole ? 0 : of(runs[0]!));
  const account = accounts.at(-1) ?? null;
  return {
    cpuSeconds: cost((run) => run.cpuSeconds),
    wallSeconds: cost((run) => run.wallSeconds),
    peakBytes: last.peakBytes,
    account: account && {
      ...account,
      instructions: account.instructions - (whole ? 0 : (accounts[0]?.instructions ?? 0)),
    },
    signatures: runs.map(({ stdout }) => signatureOf(row.witness, stdout)),
  };
}

function resultOf(
  { name, group, scales }: Row,
  turns: ReadonlyMap<ContenderName, readonly Turn[]>,
  failures: RowResult['failures'],
): RowResult {
  const costs: Partial<Record<ContenderName, Cost>> = {};
  for (const [contender, all] of turns) if (all.length > 0) costs[contender] = costOf(all);
  const ratios: Partial<Record<ContenderName, number | null>> = {};
  for (const peer of Object.keys(costs) as ContenderName[])
    if (peer !== 'tsvm' && costs.tsvm) ratios[peer] = ratio(costs[peer]!.cpuSeconds, costs.tsvm.cpuSeconds);
  const account = turns.get('tsvm')?.at(-1)?.account;
  const instructions = account?.instructions ?? null;
  return {
    name,
    group,
    scales,
    costs,
    ratios,
    instructions,
    nsPerInstruction: instructions && costs.tsvm ? (costs.tsvm.cpuSeconds / instructions) * 1e9 : null,
    modules: account?.modules ?? null,
    regions: account?.regions ?? null,
    failures,
  };
}

function costOf(turns: readonly Turn[]): Cost {
  const cpuSamples = turns.map(({ cpuSeconds }) => cpuSeconds);
  const peaks = turns.map(({ peakBytes }) => peakBytes).filter((peak) => peak !== null);
  return {
    cpuSeconds: median(cpuSamples),
    wallSeconds: median(turns.map(({ wallSeconds }) => wallSeconds)),
    spread: cpuSamples.length > 1 ? spread(cpuSamples) : null,
    cpuSamples,
    peakBytes: peaks.length > 0 ? Math.max(...peaks) : null,
  };
}

export interface StartResult {
  readonly name: string;
  readonly runs: number;
  /** Medians, milliseconds of wall time. */
  readonly emptyNode: number;
  readonly toFirstByte: number;
  readonly beyond: number;
}

/** How much later than an empty Node process would have ended a guest's first console byte comes. */
export async function measureStart(
  name: string,
  launcher: string,
  engine: string | undefined,
  hello: string,
  runs: number,
): Promise<StartResult> {
  const args = [launcher, 'run', ...(engine === undefined ? [] : ['--engine', engine]), hello];
  const [bare, whole]: [number[], number[]] = [[], []];
  for (let i = 0; i < runs; i++) {
    bare.push(await timeToFirstByte(process.execPath, ['-e', '0']));
    whole.push(await timeToFirstByte(process.execPath, args));
  }
  return {
    name,
    runs,
    emptyNode: median(bare),
    toFirstByte: median(whole),
    beyond: median(whole.map((time, i) => time - bare[i]!)),
  };
}
