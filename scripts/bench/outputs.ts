// What the programs of a run say, read back: guests on their consoles, bash's `time`, tsvm's verdict, /proc.

/** How a guest shows that its work was done and right. */
export type Witness = 'bench' | 'job' | 'loop' | 'ready';

/**
 * What a console says of the work done: checksums, and nothing that depends on a clock, so that it is the same under every monitor.
 * @throws Error when the work was not done, or done wrong
 */
export function signatureOf(witness: Witness, console: string): string {
  const text = console.replaceAll('\r', '');
  const lines = witness === 'bench' ? benchLines(text) : (text.match(WITNESSES[witness]) ?? []);
  if (lines.length === 0) throw new Error(`the guest did not do its work; its last lines:\n${lastLines(text)}`);
  return lines.join('; ');
}

const WITNESSES: Readonly<Record<Exclude<Witness, 'bench'>, RegExp>> = {
  job: /^JOB \S+ sum=\d+ OK$/gm,
  loop: /checksum 0x[0-9a-f]+/g,
  ready: /^GUEST-READY \S+ \d+$/gm,
};

/** The lines of the guest's benchmark program (../shared/guests/src/bench.c), without what its clock says; none unless it passed. */
function benchLines(text: string): string[] {
  if (!/^BENCH-DONE us=\d+ PASS$/m.test(text)) return [];
  const lines = [...text.matchAll(/^BENCH (\S+) ops=(\d+) us=\d+ rate=\d+ sum=([0-9a-f]+) (\w+)$/gm)];
  return lines.some(([, , , , verdict]) => verdict === 'BAD')
    ? []
    : lines.map(([, name, ops, sum]) => `${name} ops=${ops} sum=${sum}`);
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-8).join('\n');

export interface Times {
  readonly wallSeconds: number;
  /** User and system, of all threads and children. */
  readonly cpuSeconds: number;
}

/** The format to give bash's `time`, and what it then says. */
export const TIME_FORMAT = '@time %3R %3U %3S';

/** @throws Error when there is no such line */
export function timesOf(stderr: string): Times {
  const found = /^@time ([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(stderr);
  if (!found) throw new Error(`no times from bash:\n${lastLines(stderr)}`);
  return { wallSeconds: Number(found[1]), cpuSeconds: Number(found[2]) + Number(found[3]) };
}

/** Peak resident memory in bytes, from /proc/PID/status; null when the process has none (left). */
export function peakOf(status: string): number | null {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

export interface Account {
  readonly instructions: number;
  /** Of compiled code; null where the build does not count them. */
  readonly modules: number | null;
  readonly regions: number | null;
}

/**
 * tsvm's account of a run, from the lines of its --json file.
 * @throws Error when it has none
 */
export function accountOf(events: string): Account {
  const verdict = events
    .trimEnd()
    .split('\n')
    .filter((line) => line.includes('"event":"verdict"'))
    .map((line): unknown => JSON.parse(line))
    .at(-1);
  if (!isObject(verdict)) throw new Error('no verdict among the events');
  const compiled = isObject(verdict.compiled) ? verdict.compiled : {};
  const count = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  const instructions = count(verdict.instructions);
  if (instructions === null) throw new Error('the verdict has no instruction count');
  return { instructions, modules: count(compiled.modules), regions: count(compiled.compiled) };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
