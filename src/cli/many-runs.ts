// One command line run several times: `--repeat N`, which must always come to the same, and `--seed N..M`, which tries schedules. Standard output
// has the console of the first run; standard error a line for each, and last what they come to together.
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { parseDisk, quoteWord } from '../api/command-line.ts';
import type { RunningVm, Verdict } from '../api/index.ts';
import { keepRun } from '../api/run-store.ts';
import { TsvmError } from '../util/errors.ts';
import { printable } from '../util/format.ts';
import type { Cli } from './command.ts';
import { isImpatient, READER_PATIENCE } from './errors.ts';
import type { EventSink } from './events.ts';
import { GuestOutput } from './guest-output.ts';
import type { RunRequest } from './options.ts';
import { renderSummary, renderVerdict } from './render.ts';
import { optimiseRegionsLater } from './v8.ts';

const STDIN = 0;
const EXIT_FAIL = 1;

/** What is kept of a run; not its VM, which has the guest's RAM. */
interface Done {
  readonly title: string;
  readonly seed: string | number | undefined;
  readonly verdict: Verdict;
}

/**
 * Run them one after the other. Resolves to the exit code: that of the first run that is not well, 1 when a repetition came to something else.
 * @throws TsvmError usage for what cannot be run several times
 */
export async function manyRuns(
  cli: Cli,
  request: RunRequest,
  events: EventSink,
  readInput: () => Promise<Uint8Array | 'none'> = allInput,
): Promise<number> {
  refuseWhatChanges(request);
  const input = await readInput();
  const { startVm } = await cli.loadApi();
  const output = new GuestOutput(cli.stdout);
  let running: RunningVm | null = null;
  let readerLeft = false;
  output.onGone = () => {
    readerLeft = true;
    running?.stop('the reader of standard output left');
  };
  const done: Done[] = [];
  let firstBad: string | null = null;
  const isOver = (): boolean => readerLeft || done.at(-1)?.verdict.kind === 'interrupted';
  for (const { seed, title } of plan(request)) {
    if (isOver()) break;
    const first = done.length === 0;
    const keeper = keepRun(cli.env);
    const vm = await startVm({
      ...request.config,
      seed,
      input,
      handleSignals: true,
      onRecord: keeper.line,
      onConsole: first ? (bytes) => output.write(bytes) : undefined,
      log: { log: (level, message) => first && cli.said.log(level, message) },
    });
    running = vm;
    if (first) {
      cli.said.lines(cli.said.style.dim(`# ${commandOf(vm, request, cli.stdinFile)}`));
      optimiseRegionsLater();
    }
    const verdict = await vm.wait();
    keeper.end(verdict.runId);
    done.push({ title, seed, verdict });
    if (verdict.exitCode !== 0)
      firstBad ??= renderVerdict(verdict, cli.said.style, (address) => vm.symbolize(address), false);
    if (first) await output.flush(isImpatient(verdict.exitCode) ? READER_PATIENCE : undefined);
    cli.said.lines(`# ${title}: ${renderSummary(verdict)}`);
    events.emit({ event: 'verdict', seed: vm.config.seed, round: roundOf(done), ...verdict });
  }
  if (firstBad !== null) cli.said.lines(firstBad);
  return conclude(cli, request, done);
}

/** Which of its seed the last run is, from 1. */
function roundOf(done: readonly Done[]): number {
  return done.filter(({ seed }) => seed === done.at(-1)?.seed).length;
}

/** Every run must begin with the same. @throws TsvmError usage when it would not, or there is no place for what is asked for */
function refuseWhatChanges({ replay, journal, trace, config: { disks = [] } }: RunRequest): void {
  if (replay !== null || journal !== null)
    throw new TsvmError('usage', '--journal and --replay: these are for one run', {
      next: 'leave out --repeat and the range of seeds',
    });
  if (trace !== null)
    throw new TsvmError('usage', '--trace: this is for one run', {
      next: 'leave out --repeat and the range of seeds; --seed N traces one of them',
    });
  for (const disk of disks) {
    const { path, mode, overlay } = parseDisk(disk);
    if (mode !== 'rw' && overlay === null) continue;
    throw new TsvmError('usage', `--disk ${disk}: it is written to`, {
      cause: 'each run would begin with what the one before it has left there',
      next: `use it copy-on-write: --disk ${path}:cow`,
    });
  }
}

interface Planned {
  readonly seed: string | number | undefined;
  readonly title: string;
}

function plan(request: RunRequest): Planned[] {
  const rounds = Array.from({ length: request.repeat }, (_, n) => n + 1);
  return seedsOf(request).flatMap((seed) => rounds.map((round) => ({ seed, title: titleOf(request, seed, round) })));
}

function seedsOf({ seeds, config }: RunRequest): (string | number | undefined)[] {
  if (seeds === null) return [config.seed];
  const [first, last] = seeds;
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

function titleOf({ seeds, repeat }: RunRequest, seed: string | number | undefined, round: number): string {
  const times = `run ${round} of ${repeat}`;
  if (seeds === null) return times;
  return repeat > 1 ? `seed ${seed}, ${times}` : `seed ${seed}`;
}

function commandOf(vm: RunningVm, { seeds, repeat }: RunRequest, stdinFile: string | null): string {
  const command = seeds === null ? vm.command : vm.command.replace(/--seed \d+/, `--seed ${seeds.join('..')}`);
  const again = repeat > 1 ? command.replace('tsvm run', `tsvm run --repeat ${repeat}`) : command;
  return stdinFile === null ? again : `${again} < ${quoteWord(stdinFile)}`;
}

/** Bytes of input that are kept for the next run. */
const MOST_INPUT = 1 << 28;

/** Every run gets the same input, so it is read first. @throws TsvmError usage, io */
async function allInput(): Promise<Uint8Array | 'none'> {
  if (isatty(STDIN))
    throw new TsvmError('usage', 'several runs need their input from a file or a pipe, for all must get the same', {
      next: 'such as < /dev/null',
    });
  const next = 'give a file or a pipe, or < /dev/null';
  if (fstatSync(STDIN).isDirectory()) throw new TsvmError('io', 'standard input is a directory', { next });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_INPUT) break;
    }
  } catch (error) {
    throw new TsvmError('io', `standard input cannot be read: ${(error as Error).message}`, { next });
  }
  if (length > MOST_INPUT)
    throw new TsvmError(
      'usage',
      `standard input has more than ${MOST_INPUT >> 20} MiB, and several runs need all of it`,
    );
  return length === 0 ? 'none' : Buffer.concat(chunks);
}

/** Was it ended at an instant that the host has set? Then it is like no other. */
function cutShort({ kind }: Verdict): boolean {
  return kind === 'interrupted' || kind === 'wall-time-limit';
}

function same(a: Verdict, b: Verdict): boolean {
  return a.stateHash === b.stateHash && a.instructions === b.instructions && a.exitCode === b.exitCode;
}

function conclude(cli: Cli, { repeat, seeds }: RunRequest, done: readonly Done[]): number {
  const { style } = cli.said;
  const different = done.find(({ seed, verdict }) => {
    const first = done.find((other) => other.seed === seed)?.verdict;
    return first && !cutShort(first) && !cutShort(verdict) && !same(first, verdict);
  });
  const say = (text: string, exitCode: number): number => {
    cli.said.lines(exitCode === 0 ? style.good(`# ok: ${text}`) : style.bad(`# ${text}\n# exit ${exitCode}`));
    return exitCode;
  };
  if (different) return say(`NOT DETERMINISTIC: ${different.title} came to something else than the first`, EXIT_FAIL);
  const bad = done.filter(({ verdict }) => verdict.exitCode !== 0);
  const whole = done.filter(({ verdict }) => !cutShort(verdict)).length;
  const hashes = seeds === null ? 'one state hash' : `${new Set(done.map(({ seed }) => seed)).size} seeds`;
  const parts = [
    ...(whole > 0
      ? [`${whole} runs, ${seeds !== null && repeat > 1 ? `${hashes}, one state hash each` : hashes}`]
      : []),
    ...(whole < done.length ? [`${done.length - whole} of ${done.length} runs ended from outside`] : []),
    ...(bad[0] && seeds !== null ? [`${bad.length} ended badly, first ${bad[0].title}`] : []),
  ];
  const last = done.at(-1)?.verdict;
  return say(printable(parts.join('; ')), (last?.kind === 'interrupted' ? last : bad[0]?.verdict)?.exitCode ?? 0);
}
