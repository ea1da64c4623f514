// One command line run several times: `--repeat N`, which must always come to the same, and `--seed N..M`, which tries schedules. Standard output
// has the console of the first run; standard error a line for each, and last what they come to together.
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { RunningVm, Verdict } from '../api/index.ts';
import { keepRun } from '../api/run-store.ts';
import { TsvmError } from '../util/errors.ts';
import { printable } from '../util/format.ts';
import type { Cli } from './command.ts';
import type { EventSink } from './events.ts';
import { GuestOutput } from './guest-output.ts';
import type { RunRequest } from './options.ts';
import { renderSummary, renderVerdict } from './render.ts';
import { optimiseRegionsLater } from './v8.ts';

const STDIN = 0;
const EXIT_FAIL = 1;

interface Done {
  readonly title: string;
  readonly seed: string | number | undefined;
  readonly vm: RunningVm;
  readonly verdict: Verdict;
}

/** Run them one after the other. Resolves to the exit code: that of the first run that is not well, 1 when a repetition came to something else. */
export async function manyRuns(cli: Cli, request: RunRequest, events: EventSink): Promise<number> {
  if (request.replay !== null || request.journal !== null)
    throw new TsvmError('usage', '--journal and --replay: these are for one run', {
      next: 'leave out --repeat and the range of seeds',
    });
  const input = allInput();
  const { startVm } = await cli.loadApi();
  const output = new GuestOutput(cli.stdout);
  const seeds = seedsOf(request);
  const done: Done[] = [];
  let interrupted = false;
  for (const seed of seeds) {
    for (let round = 1; round <= request.repeat && !interrupted; round++) {
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
      if (first) {
        cli.said.lines(cli.said.style.dim(`# ${commandOf(vm, request, cli.stdinFile)}`));
        optimiseRegionsLater();
      }
      const verdict = await vm.wait();
      keeper.end(verdict.runId);
      const title = titleOf(request, seed, round);
      done.push({ title, seed, vm, verdict });
      interrupted = verdict.kind === 'interrupted';
      if (first) await output.flush();
      cli.said.lines(`# ${title}: ${renderSummary(verdict)}`);
      events.emit({ event: 'verdict', seed: vm.config.seed, round, ...verdict });
    }
  }
  return conclude(cli, request, done);
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
  return stdinFile === null ? again : `${again} < ${stdinFile}`;
}

/** Every run gets the same input, so it is read first. */
function allInput(): Uint8Array | 'none' {
  if (isatty(STDIN))
    throw new TsvmError('usage', 'several runs need their input from a file or a pipe, for all must get the same', {
      next: 'such as < /dev/null',
    });
  try {
    const bytes = readFileSync(STDIN);
    return bytes.length === 0 ? 'none' : bytes;
  } catch {
    return 'none'; // closed
  }
}

function conclude(cli: Cli, { repeat, seeds }: RunRequest, done: readonly Done[]): number {
  const { style } = cli.said;
  const different = done.find(({ seed, verdict }) => {
    const first = done.find((other) => other.seed === seed)?.verdict;
    return first?.stateHash !== verdict.stateHash || first.runId !== verdict.runId;
  });
  const bad = done.find(({ verdict }) => verdict.exitCode !== 0);
  const failed = done.filter(({ verdict }) => verdict.exitCode !== 0).length;
  if (bad) cli.said.lines(renderVerdict(bad.verdict, style, (address) => bad.vm.symbolize(address), false));
  const say = (text: string, exitCode: number): number => {
    cli.said.lines(exitCode === 0 ? style.good(`# ok: ${text}`) : style.bad(`# ${text}\n# exit ${exitCode}`));
    return exitCode;
  };
  if (different) return say(`NOT DETERMINISTIC: ${different.title} came to something else than the first`, EXIT_FAIL);
  const what = seeds === null ? `${done.length} runs, one state hash` : `${seeds[1] - seeds[0] + 1} seeds`;
  const each = seeds !== null && repeat > 1 ? `${what}, ${repeat} runs each to one state hash` : what;
  if (!bad) return say(each, 0);
  const which = seeds === null ? '' : `: ${failed} of ${done.length} runs ended badly, first ${bad.title}`;
  return say(printable(`${each}${which}`), bad.verdict.exitCode);
}
