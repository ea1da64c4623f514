// What a suite of tests has come to: plain JSON data, which workers send and every report is made of.
import type { VerdictKind } from '../api/index.ts';

export type Outcome = 'pass' | 'fail' | 'skip';

/** Why a test failed. */
export interface Failure {
  /** What was expected and what happened instead; the first line says it all. */
  readonly message: string;
  /** Stack, difference, console lines: for whoever looks closer. Empty when there is no more. */
  readonly details: string;
  /** Where in the test file; lines and columns from 1. */
  readonly place: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** One VM that a test has started. */
export interface RunFacts {
  /** The command that boots the same (without what the script sent). */
  readonly command: string;
  readonly kind: VerdictKind;
  readonly exitCode: number;
  readonly summary: string;
  readonly instructions: number;
  readonly guestTimeNs: number;
  /** 8 hexadecimal digits each; `stateHash` is empty when there was no state to hash. */
  readonly runId: string;
  readonly stateHash: string;
}

export interface TestResult {
  /** The test file as it was named, with forward slashes. */
  readonly file: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** Why it was skipped; null where nobody said. */
  readonly skipped: string | null;
  readonly failure: Failure | null;
  readonly wallMs: number;
  readonly runs: readonly RunFacts[];
  /** The seed it was run with, where that is not its own; null: its own. `name` has it too. */
  readonly seed: number | null;
  /** Folder with what is left of it; null: nothing was asked for. */
  readonly artifacts: string | null;
}

export interface SuiteResult {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Is it one shard of a suite, which may happen to have no test? */
  readonly isShard: boolean;
  /** In the order of the files, and in a file in its own order. */
  readonly results: readonly TestResult[];
  /** Files that could not be loaded, or that ended by themselves. */
  readonly broken: readonly { readonly file: string; readonly failure: Failure }[];
  readonly wallMs: number;
}
