// What KTAP (Linux Documentation/dev-tools/ktap.rst) comes to: the report, and the levels of it that are still open.
import type { KtapOutcome } from './ktap-line.ts';

export interface KtapTest {
  /** As its result line has it; null where it has none. */
  readonly number: number | null;
  readonly name: string;
  readonly outcome: KtapOutcome;
  /** Why it is no pass, or what its result line says behind `#`; empty when nobody said. */
  readonly reason: string;
  /** Lines that began with `#` before its result, without the `# `. */
  readonly diagnostics: readonly string[];
  /** How many tests it was to have; null where it gave no plan. */
  readonly plan: number | null;
  /** Tests of its plan that never came. */
  readonly missing: number;
  /** The tests of a suite; empty for a leaf. */
  readonly children: readonly KtapTest[];
}

export interface KtapCounts {
  /** Leaf tests, by what their result lines say. */
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly todo: number;
  /** Tests of plans that never came (the kernel's parser says "crashed"). */
  readonly missing: number;
  /** Places where the protocol is broken; each missing test is one. */
  readonly errors: number;
}

export interface KtapReport {
  /** A plan came, tests ran (or the plan said why not), none failed or is missing, and the protocol was kept. */
  readonly ok: boolean;
  /** Did every outermost level say how many tests it has? Without, nobody knows whether all have come. */
  readonly planned: boolean;
  /** What stands at the outermost level. */
  readonly tests: readonly KtapTest[];
  readonly counts: KtapCounts;
  /** The errors in words, the first hundred. */
  readonly errors: readonly string[];
  /** What `Bail out!` said; null when nobody did. */
  readonly bailOut: string | null;
  /** Why the outermost plan ran nothing; null when it did not say. */
  readonly skipped: string | null;
  /** Diagnostics that stand before no result. */
  readonly diagnostics: readonly string[];
  /** Tests that are counted, but more than a report holds. */
  readonly omitted: number;
}

/** The tests at one depth, from the line that opens them to the result line of the test that they belong to. */
export interface KtapLevel {
  readonly indent: number;
  /** From `# Subtest`; empty where there was none. */
  name: string;
  plan: number | null;
  planSkipped: string | null;
  /** Tests so far; `failed` of them failed. */
  position: number;
  failed: number;
  /** Leaf tests counted below. */
  counted: number;
  readonly children: KtapTest[];
  readonly diagnostics: string[];
  droppedDiagnostics: number;
  /** The level below that has ended; its result line comes next. */
  awaiting: KtapLevel | null;
  /** TAP 14 names a subtest one level above its tests. */
  announced: string | null;
}

export function newLevel(indent: number, name = ''): KtapLevel {
  return {
    indent,
    name,
    plan: null,
    planSkipped: null,
    position: 0,
    failed: 0,
    counted: 0,
    children: [],
    diagnostics: [],
    droppedDiagnostics: 0,
    awaiting: null,
    announced: null,
  };
}

/** What was said since the last result at this level. */
export function takeDiagnostics(level: KtapLevel): string[] {
  const lines = level.diagnostics.splice(0);
  if (level.droppedDiagnostics > 0) lines.push(`(${level.droppedDiagnostics} more lines are not kept)`);
  level.droppedDiagnostics = 0;
  return lines;
}
