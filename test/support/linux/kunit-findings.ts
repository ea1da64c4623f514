// What two parsers find on a console with KUnit's output, in words that fit both: ours (src/regress/ktap.ts) and the kernel's own.
import { KtapParser } from '../../../src/regress/ktap.ts';
import type { KtapOutcome } from '../../../src/regress/ktap-line.ts';
import type { KtapTest } from '../../../src/regress/ktap-report.ts';

/** What a parser found on a console. */
export interface Findings {
  readonly passed: number;
  readonly failed: number;
  /** Missing tests: those of a plan that never came. */
  readonly crashed: number;
  /** null: Linux 5.10 counts neither. */
  readonly skipped: number | null;
  readonly errors: number | null;
  /** The leaf tests that have a name and a result, in their order: `suite/case/parameter`. */
  readonly tests: readonly (readonly [path: string, status: string])[];
}

export interface OurFindings extends Findings {
  readonly ok: boolean;
}

type Named = Findings['tests'][number];

/** The kernel's word for an outcome; it has none for a test that is known to be broken. */
const STATUS: Readonly<Record<KtapOutcome, string>> = {
  pass: 'SUCCESS',
  fail: 'FAILURE',
  skip: 'SKIPPED',
  todo: 'SUCCESS',
};

function leaves(tests: readonly KtapTest[], above: string): Named[] {
  return tests.flatMap(({ name, number, outcome, reason, children }): Named[] => {
    const path = above + name;
    if (children.length > 0) return leaves(children, `${path}/`);
    return number === null || reason === 'ran no tests' ? [] : [[path, STATUS[outcome]]];
  });
}

/** What `m.ktap()` makes of a console. */
export function ourFindings(console: string): OurFindings {
  const parser = new KtapParser();
  for (const line of console.split('\n')) parser.line(line);
  const { ok, counts, tests } = parser.end();
  const { passed, failed, skipped, missing, errors } = counts;
  return { ok, passed, failed, crashed: missing, skipped, errors, tests: leaves(tests, '') };
}

export const shortly = ({ passed, failed, crashed, skipped, errors }: Findings): string =>
  `passed ${passed}, failed ${failed}, crashed ${crashed}, skipped ${skipped ?? '-'}, errors ${errors ?? '-'}`;

/** Where they disagree in counts, names or results; null when nowhere. What the kernel's parser does not count is not compared. */
export function difference(ours: Findings, kernels: Findings): string | null {
  const { skipped, errors } = ours;
  const counted = { ...ours, skipped: kernels.skipped === null ? null : skipped };
  const comparable = { ...counted, errors: kernels.errors === null ? null : errors };
  if (shortly(comparable) !== shortly(kernels)) return `ours ${shortly(comparable)}; the kernel's ${shortly(kernels)}`;
  const theirs = kernels.tests.filter(([, status]) => Object.values(STATUS).includes(status));
  if (theirs.length !== ours.tests.length)
    return `ours names ${ours.tests.length} tests, the kernel's ${theirs.length}`;
  const at = theirs.findIndex((test, n) => test.join() !== ours.tests[n]!.join());
  return at < 0 ? null : `ours ${ours.tests[at]!.join(': ')}; the kernel's ${theirs[at]!.join(': ')}`;
}

export const failing = ({ tests }: Findings): string[] =>
  tests.filter(([, status]) => status === 'FAILURE').map(([path]) => path);
