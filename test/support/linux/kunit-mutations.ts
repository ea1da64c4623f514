// A console with KUnit's output, damaged in one place, and whether two parsers may differ about it. The kernel's own finds its way by the
// order of lines and the names of suites, ours by indentation: where a header is damaged it loses the suites that follow, and we do not.
import { difference, type Findings, type OurFindings } from './kunit-findings.ts';

export type MutationKind = 'cut' | 'lost' | 'twice' | 'noise' | 'fails' | 'spliced';

/** What is done at a line, in words. */
export const MUTATIONS: Readonly<Record<MutationKind, string>> = {
  cut: 'the console ends before this line',
  lost: 'this line of KTAP is lost',
  twice: 'this line of KTAP comes twice',
  noise: 'two messages of the kernel come before this line, one of them like a result',
  fails: 'this result says `not ok`',
  spliced: 'a message of the kernel comes in the middle of this line of KTAP',
};

export interface Mutation {
  readonly kind: MutationKind;
  /** Where. */
  readonly line: string;
  readonly console: string;
}

const PREFIX = /^\[ *\d+\.\d{6}\] /;
const RESULT = /^(?:not )?ok \d/;
const HEADER = /^(?:K?TAP version|# Subtest|1\.\.)/;
const NOISE = ['[    1.000000] eth0: link is up', '<6>[    1.000000] ok, all is well'];

const textOf = (line: string): string => line.replace(PREFIX, '').trim();

/** One mutation of each kind at every `every`th line from the version line on. */
export function mutations(console: string, every: number): Mutation[] {
  const lines = console.trimEnd().split('\n');
  const first = lines.findIndex((line) => /^K?TAP version/.test(textOf(line)));
  if (first < 0) return [];
  return lines.flatMap((line, n): Mutation[] => {
    if (n < first || (n - first) % every !== 0) return [];
    const one = (kind: MutationKind, remove: number, ...insert: readonly string[]): Mutation => ({
      kind,
      line,
      console: `${lines.toSpliced(n, remove, ...insert).join('\n')}\n`,
    });
    const all = [one('cut', lines.length - n), one('noise', 0, ...NOISE)];
    if (!RESULT.test(textOf(line)) && !HEADER.test(textOf(line))) return all;
    const middle = (line.length + line.lastIndexOf(textOf(line))) >> 1;
    all.push(one('lost', 1), one('twice', 0, line));
    all.push(one('spliced', 1, line.slice(0, middle) + NOISE[0]!, line.slice(middle)));
    if (/^ok \d/.test(textOf(line))) all.push(one('fails', 1, line.replace(/ok (?=\d)/, 'not ok ')));
    return all;
  });
}

/** Why two parsers may differ. */
export const REASONS = {
  'place kept': `Damage to a header or a plan: we find the results of the undamaged console. The kernel's parser loses the suites that
  follow; a plan given twice it does not notice.`,
  'result damaged':
    'A result line is lost, damaged or repeated: neither parser says that all is well, and we find all other tests.',
} as const;

/** `null`: they agree; else why they may differ, or, as a sentence, that they may not. */
export function disagreement(
  mutation: Mutation,
  { undamaged, ours, kernels }: { undamaged: OurFindings; ours: OurFindings; kernels: Findings },
): keyof typeof REASONS | { readonly unexplained: string } | null {
  const found = difference(ours, kernels);
  if (found === null) return null;
  const { kind, line } = mutation;
  const results = ({ crashed, tests }: Findings): string => [crashed, ...tests.map(([, status]) => status)].join();
  if (!RESULT.test(textOf(line)) && results(ours) === results(undamaged)) return 'place kept';
  const kernelsOk = kernels.failed === 0 && kernels.crashed === 0 && kernels.errors === 0;
  const others = undamaged.tests.length - 1;
  if (RESULT.test(textOf(line)) && !ours.ok && !kernelsOk && ours.tests.length >= others) return 'result damaged';
  return { unexplained: `${kind} at "${line}": ${found}` };
}
