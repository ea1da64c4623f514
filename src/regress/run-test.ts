// One test: its VM from the first instruction to the verdict, once or several times, and what has come of it.
import {
  type KernelFault,
  type RunningVm,
  type ScriptedVm,
  scriptVm,
  TsvmError,
  type Verdict,
  WaitFailed,
  type WaitOptions,
} from '../api/index.ts';
import { keepRun } from '../api/run-store.ts';
import { monotonicMs } from '../api/wall-clock.ts';
import { type FinishedRun, writeArtifacts } from './artifacts.ts';
import type { TestDefinition, TestVm } from './define.ts';
import { makeExpect } from './expect.ts';
import { failureOf } from './failure.ts';
import type { KtapReport } from './ktap-report.ts';
import { LiveKtap } from './live-ktap.ts';
import type { Failure, RunFacts, TestResult } from './results.ts';

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
  const rounds: Round[] = [];
  let failure: Failure | null = null;
  for (let n = 1; skipped === null && failure === null && n <= policy.repeat; n++) {
    const round = await runOnce(policy, seed === null ? options : { ...options, seed }, body);
    rounds.push(round);
    failure = round.failure ?? differs(rounds[0]!, round, n);
  }
  const runs = rounds.flatMap(({ run }) => run ?? []);
  const result: TestResult = {
    file: policy.file,
    name: seed === null ? name : `${name} [seed ${seed}]`,
    outcome: skipped === null ? (failure ? 'fail' : 'pass') : 'skip',
    skipped,
    failure,
    wallMs: monotonicMs() - started,
    runs: runs.map(({ facts }) => facts),
    artifacts: null,
  };
  if (policy.artifacts === null || skipped !== null) return result;
  // Of equal runs one is enough.
  return {
    ...result,
    artifacts: await writeArtifacts(policy.artifacts, result, failure ? runs.slice(-2) : runs.slice(0, 1)),
  };
}

/** The same test has come to something else than the first time: tsvm, or the test itself, is not deterministic. */
function differs(first: Round, round: Round, n: number): Failure | null {
  const [a, b] = [first.run?.facts, round.run?.facts];
  if (!a || !b || (a.stateHash === b.stateHash && a.runId === b.runId && a.instructions === b.instructions))
    return null;
  return {
    message: `run ${n} came to something else than run 1: state ${b.stateHash} at ${b.instructions}, not ${a.stateHash} at ${a.instructions}`,
    details:
      a.runId === b.runId
        ? 'the same input gave another state: that is a fault of tsvm'
        : `the test has put in something else: tsvm diff ${a.runId} ${b.runId}`,
    place: null,
  };
}

async function runOnce(
  { path, onWait }: TestPolicy,
  { faults: policy = 'fail', ...vmOptions }: TestDefinition['options'],
  body: TestDefinition['body'],
): Promise<Round> {
  const faults: KernelFault[] = [];
  const keeper = keepRun(process.env);
  let m: ScriptedVm | null = null;
  let failure: Failure | null = null;
  try {
    m = await scriptVm({
      ...vmOptions,
      onWait,
      onRecord: (line) => {
        keeper.line(line);
        vmOptions.onRecord?.(line);
      },
      onFault: (fault) => {
        faults.push(fault);
        vmOptions.onFault?.(fault);
      },
    });
    await body(testVm(m, faults));
  } catch (error) {
    failure = failureOf(error, path);
  }
  if (!m) return { failure, run: null };
  const { toldOfEnd } = m;
  const verdict = await m.stop();
  keeper.end(verdict.runId);
  const broken = policy === 'fail' ? faults[0] : undefined;
  failure ??= ownFault(verdict) ?? (broken ? faultFailure(broken) : null);
  if (!toldOfEnd && faults.length === 0) failure ??= unseenEnd(verdict);
  return { failure, run: { vm: m, facts: factsOf(m.vm, verdict) } };
}

/** What a test's body gets. */
function testVm(m: ScriptedVm, faults: readonly KernelFault[]): TestVm {
  const { console: output } = m;
  const ktap = (): KtapReport => {
    const live = new LiveKtap(output);
    return live.end();
  };
  const waitForKtap = async (options?: WaitOptions): Promise<KtapReport> => {
    const live = new LiveKtap(output);
    try {
      await m.runUntil(() => live.complete, options);
    } catch (error) {
      // What is missing is in the report.
      if (!(error instanceof WaitFailed)) throw error;
    }
    return live.end();
  };
  return Object.assign(m, { expect: makeExpect(() => faults, ktap), ktap, waitForKtap });
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

function faultFailure({ kind, message, likely }: KernelFault): Failure {
  return {
    message: `the kernel broke (${kind}): ${message}`,
    details: likely === null ? '' : `likely: ${likely}`,
    place: null,
  };
}

function factsOf(
  vm: RunningVm,
  { kind, exitCode, summary, instructions, guestTimeNs, runId, stateHash }: Verdict,
): RunFacts {
  return { command: vm.command, kind, exitCode, summary, instructions, guestTimeNs, runId, stateHash };
}
