// Suites as they come out of a run, for those who test what is made of them.
import type { Failure, RunFacts, SuiteResult, TestResult } from '../../../src/regress/results.ts';

export const HANG: RunFacts = {
  command: 'tsvm run --machine malta --mem 128M vmlinux',
  kind: 'hang',
  exitCode: 103,
  summary: 'all 2 cpus in WAIT, no timer armed',
  instructions: 1_234_567_890,
  guestTimeNs: 12_345_678_000,
  runId: '7f3a19c2',
  stateHash: '9b0e44d1',
};

export const GOOD_RUN: RunFacts = { ...HANG, kind: 'power-off', exitCode: 0, summary: 'guest powered off' };

export function failureOf(message: string, details = '', place: Failure['place'] = null): Failure {
  return { message, details, place };
}

export function passed(file: string, name: string, runs: readonly RunFacts[] = [GOOD_RUN]): TestResult {
  return {
    file,
    name,
    outcome: 'pass',
    skipped: null,
    failure: null,
    wallMs: 412.25,
    runs,
    seed: null,
    artifacts: null,
  };
}

export function skipped(file: string, name: string, reason: string | null): TestResult {
  return {
    file,
    name,
    outcome: 'skip',
    skipped: reason,
    failure: null,
    wallMs: 0,
    runs: [],
    seed: null,
    artifacts: null,
  };
}

export function failed(file: string, name: string, failure: Failure, runs: readonly RunFacts[] = [HANG]): TestResult {
  return { file, name, outcome: 'fail', skipped: null, failure, wallMs: 1500, runs, seed: null, artifacts: null };
}

export function suite(results: readonly TestResult[], broken: SuiteResult['broken'] = []): SuiteResult {
  return { startedAt: '2026-11-21T16:00:00Z', isShard: false, results, broken, wallMs: 2900 };
}
