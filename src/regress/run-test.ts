// One test: its VM from the first instruction to the verdict, once or several times, and what has come of it.
import {
  type KernelFault,
  type RunningVm,
  type ScriptedVm,
  ShellResult,
  scriptVm,
  TsvmError,
  type Verdict,
  WaitFailed,
  type WaitOptions,
} from '../api/index.ts';
import { keepRun } from '../api/run-store.ts';
import { eventLoopTurn, monotonicMs } from '../api/wall-clock.ts';
import { hex } from '../util/bits.ts';
import { Artifacts, type FinishedRun } from './artifacts.ts';
import type { TestDefinition, TestOptions, TestVm } from './define.ts';
import { makeExpect } from './expect.ts';
import { failureOf } from './failure.ts';
import { KtapParser } from './ktap.ts';
import type { KtapReport } from './ktap-report.ts';
import { LiveKtap } from './live-ktap.ts';
import type { Failure, RunFacts, TestResult } from './results.ts';
import { checkOptions } from './test-options.ts';

/** How tests are run, whatever they are. */
export interface TestPolicy {
  /** Absolute path of the test file, and as it was named. */
  readonly path: string;
  readonly file: string;
  /** Run each test so often; all must come to the same. */
  readonly repeat: number;
  /** Folder for what is left of the tests, or null. */
  readonly artifacts: string | null;
  /** Told of what a test waits for, for whoever watches. */
  readonly onWait: (what: string, guestTimeNs: number) => void;
}

/** One VM's life under the test's body. */
interface Round {
  readonly failure: Failure | null;
  /** Null: the VM could not be started. */
  readonly run: FinishedRun | null;
}

/** Run a test; `seed` null: its own. */
export async function runTest(
  policy: TestPolicy,
  { name, options, body, skipped }: TestDefinition,
  seed: number | null,
): Promise<TestResult> {
  const started = monotonicMs();
  const title = titleOf(name, seed);
  const artifacts =
    policy.artifacts === null || skipped !== null ? null : new Artifacts(policy.artifacts, policy.file, title);
  const facts: RunFacts[] = [];
  // Not all of them: each has the RAM of its guest.
  let first: Round | null = null;
  let last: Round | null = null;
  let failure: Failure | null = null;
  for (let n = 1; skipped === null && failure === null && n <= policy.repeat; n++) {
    artifacts?.begin();
    last = await runOnce(policy, () => optionsOf(name, options, seed), body, artifacts);
    first ??= last;
    if (last.run) facts.push(last.run.facts);
    failure = last.failure ?? differs(first, last, n);
  }
  const result: TestResult = {
    file: policy.file,
    name: title,
    outcome: skipped === null ? (failure ? 'fail' : 'pass') : 'skip',
    skipped,
    failure,
    wallMs: monotonicMs() - started,
    runs: facts,
    seed,
    artifacts: null,
  };
  // Of equal runs one is enough.
  const shown = new Set(failure ? [first?.run, last?.run] : [first?.run]);
  return (
    artifacts?.end(
      result,
      [...shown].filter((run) => run != null),
    ) ?? result
  );
}

/** What a test with a seed of its own is called. */
export function titleOf(name: string, seed: number | null): string {
  return seed === null ? name : `${name} [seed ${seed}]`;
}

/** The same test has come to something else than the first time: tsvm, or the test itself, is not deterministic. */
function differs(first: Round, round: Round, n: number): Failure | null {
  const [a, b] = [first.run?.facts, round.run?.facts];
  if (!a || !b || (a.stateHash === b.stateHash && a.runId === b.runId && a.instructions === b.instructions))
    return null;
  const written = round.run?.vm.vm.config.disks.find(({ mode, overlay }) => mode === 'rw' || overlay !== null);
  const why =
    a.runId !== b.runId
      ? `the test has put in something else: tsvm diff ${a.runId} ${b.runId}`
      : 'the same input gave another state: that is a fault of tsvm';
  return {
    message: `run ${n} came to something else than run 1: state ${b.stateHash} at ${b.instructions}, not ${a.stateHash} at ${a.instructions}`,
    details: written
      ? `each run writes to ${written.path}, for the next one to begin with: use ${written.path}:cow`
      : why,
    place: null,
  };
}

async function optionsOf(name: string, given: TestDefinition['options'], seed: number | null): Promise<TestOptions> {
  const options = typeof given === 'function' ? await given() : given;
  checkOptions(name, options);
  return seed === null ? options : { ...options, seed };
}

/** Told of what nobody has caught while a test runs: of a promise that was not awaited, or out of a timer. */
let stray: ((error: unknown) => void) | null = null;

/** An error that nobody has caught. False: no test runs that it could belong to. */
export function strayError(error: unknown): boolean {
  stray?.(error);
  return stray !== null;
}

async function runOnce(
  { path, onWait }: TestPolicy,
  options: () => Promise<TestOptions>,
  body: TestDefinition['body'],
  artifacts: Artifacts | null,
): Promise<Round> {
  const faults: KernelFault[] = [];
  const keeper = keepRun(process.env);
  const ending = { asked: false, looked: false };
  let policy: TestOptions['faults'] = 'fail';
  let m: ScriptedVm | null = null;
  let failure: Failure | null = null;
  const strays: Failure[] = [];
  const strayed = new Promise<void>((resolve) => {
    stray = (error) => {
      const caught = failureOf(error, path);
      strays.push({ ...caught, message: `${caught.message} (nobody awaited this: is an await missing?)` });
      resolve();
    };
  });
  try {
    const { faults: wanted = 'fail', ...vmOptions } = await options();
    policy = wanted;
    m = await scriptVm({
      ...vmOptions,
      onWait,
      onRecord: (line) => {
        keeper.line(line);
        artifacts?.line(line);
        vmOptions.onRecord?.(line);
      },
      onFault: (fault) => {
        faults.push(fault);
        vmOptions.onFault?.(fault);
      },
    });
    await Promise.race([body(testVm(m, faults, ending)), strayed]);
  } catch (error) {
    failure = failureOf(error, path);
  }
  if (!m) {
    stray = null;
    return { failure, run: null };
  }
  const told = ending.looked || (m.toldOfEnd && !ending.asked);
  const verdict = await m.stop();
  await eventLoopTurn(); // what the end has made fail, and nobody awaits
  stray = null;
  keeper.end(verdict.runId);
  const broken = policy === 'fail' ? faults[0] : undefined;
  failure ??= strays[0] ?? ownFault(verdict) ?? (broken ? faultFailure(broken) : null);
  if (!told && faults.length === 0) failure ??= unseenEnd(verdict);
  return { failure, run: { vm: m, facts: factsOf(m.vm, verdict) } };
}

/** What a test has asked and seen of how its run ended. */
interface EndingSeen {
  /** Has it run to the end, or nearly so? */
  asked: boolean;
  /** Has it looked at the verdict? */
  looked: boolean;
}

/** What a test's body gets. */
function testVm(m: ScriptedVm, faults: readonly KernelFault[], ending: EndingSeen): TestVm {
  const { console: output } = m;
  const runToEnd = m.end.bind(m);
  const end: TestVm['end'] = async (options) => {
    ending.asked = true;
    const verdict = await runToEnd(options);
    // Nobody may pass a test by not looking.
    return new Proxy(verdict, {
      get: (target, key, receiver) => {
        if (key !== 'then') ending.looked = true;
        return Reflect.get(target, key, receiver);
      },
    });
  };
  const ktap = (text?: string | ShellResult): KtapReport => {
    if (text !== undefined) return ktapOf(text instanceof ShellResult ? text.stdout : text);
    return new LiveKtap(output).end();
  };
  const waitForKtap = async (options?: WaitOptions): Promise<KtapReport> => {
    const live = new LiveKtap(output);
    try {
      await m.runUntil(() => live.complete, options);
    } catch (error) {
      // What is missing is in the report.
      if (!(error instanceof WaitFailed)) throw error;
      ending.asked ||= error.why === 'ended';
    }
    return live.end();
  };
  return Object.assign(m, { expect: makeExpect(() => faults, ktap), end, ktap, waitForKtap });
}

function ktapOf(text: string): KtapReport {
  const parser = new KtapParser();
  for (const line of text.split('\n')) parser.line(line);
  return parser.end();
}

/** The run is over, badly, and the test has not noticed. */
function unseenEnd({ kind, exitCode, summary }: Verdict): Failure | null {
  if (kind === 'interrupted' || exitCode === 0) return null;
  return {
    message: `the run had ended, and the test did not look how: ${summary} (${kind}, exit ${exitCode})`,
    details: 'a test that expects this awaits m.end(), and looks at its verdict',
    place: null,
  };
}

/** What no test may pass with. */
function ownFault({ kind, summary }: Verdict): Failure | null {
  if (kind !== 'tsvm-failed' && kind !== 'engines-differ') return null;
  return failureOf(new TsvmError('internal', `tsvm failed: ${summary}`), '');
}

function faultFailure({ kind, message, likely, backtrace }: KernelFault): Failure {
  const calls = backtrace.map(({ name, address }) => name ?? hex(address)).join(' <- ');
  return {
    message: `the kernel broke (${kind}): ${message}`,
    details: [calls, likely === null ? '' : `likely: ${likely}`].filter(Boolean).join('\n'),
    place: null,
  };
}

function factsOf(
  vm: RunningVm,
  { kind, exitCode, summary, instructions, guestTimeNs, runId, stateHash }: Verdict,
): RunFacts {
  return { command: vm.command, kind, exitCode, summary, instructions, guestTimeNs, runId, stateHash };
}
