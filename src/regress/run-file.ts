// One test file: load it, run its tests one after the other, tell each result as soon as it is there.
import { pathToFileURL } from 'node:url';
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
import { monotonicMs } from '../api/wall-clock.ts';
import { type TestDefinition, type TestVm, takeDefined } from './define.ts';
import { makeExpect } from './expect.ts';
import { failureOf } from './failure.ts';
import type { KtapReport } from './ktap-report.ts';
import { LiveKtap } from './live-ktap.ts';
import type { Failure, RunFacts, TestResult } from './results.ts';

export interface FileRequest {
  /** Absolute. */
  readonly path: string;
  /** As it was named. */
  readonly file: string;
  /** Only tests whose name matches, as a regular expression; null: all. */
  readonly filter: string | null;
  /** Only the tests of this shard, 1 to `of`; null: all. */
  readonly shard: { readonly index: number; readonly of: number } | null;
}

/** Run the tests of a file. Rejects with what was wrong with the file itself. */
export async function runFile(request: FileRequest, tell: (result: TestResult) => void): Promise<void> {
  await import(pathToFileURL(request.path).href);
  const filter = request.filter === null ? null : new RegExp(request.filter);
  for (const definition of takeDefined()) {
    if (filter && !filter.test(definition.name)) continue;
    if (request.shard && shardOf(`${request.file}\n${definition.name}`, request.shard.of) !== request.shard.index)
      continue;
    tell(await runTest(request, definition));
  }
}

/** The shard, 1 to `of`, that a test belongs to: by its name alone (FNV-1a), so that adding a test moves no other. */
function shardOf(name: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return 1 + (hash % of);
}

async function runTest(
  { path, file }: FileRequest,
  { name, options, body, skipped }: TestDefinition,
): Promise<TestResult> {
  const started = monotonicMs();
  const result = (failure: Failure | null, runs: readonly RunFacts[]): TestResult => ({
    file,
    name,
    outcome: skipped === null ? (failure ? 'fail' : 'pass') : 'skip',
    skipped,
    failure,
    wallMs: monotonicMs() - started,
    runs,
  });
  if (skipped !== null) return result(null, []);
  const faults: KernelFault[] = [];
  let m: ScriptedVm | null = null;
  let failure: Failure | null = null;
  const { faults: policy = 'fail', ...vmOptions } = options;
  try {
    m = await scriptVm({
      ...vmOptions,
      onFault: (fault) => {
        faults.push(fault);
        vmOptions.onFault?.(fault);
      },
    });
    await body(testVm(m, faults));
  } catch (error) {
    failure = failureOf(error, path);
  }
  if (!m) return result(failure, []);
  const { toldOfEnd } = m;
  const verdict = await m.stop();
  const broken = policy === 'fail' ? faults[0] : undefined;
  failure ??= ownFault(verdict) ?? (broken ? faultFailure(broken) : null);
  if (!toldOfEnd && faults.length === 0) failure ??= unseenEnd(verdict);
  return result(failure, [factsOf(m.vm, verdict)]);
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
