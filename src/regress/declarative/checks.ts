// What a test file may expect: a table of one entry each, what it reads and what it asks of the VM under test.
import type { Verdict, VerdictKind } from '../../api/index.ts';
import type { TestVm } from '../define.ts';
import type { KtapCounts } from '../ktap-report.ts';
import { integer, oneOf, oneOrMore, type Reader, record, shortOr } from './reader.ts';
import { textOrPattern } from './values.ts';
import { consoleTail, endingOf, has, must, onConsole, shownText } from './words.ts';
import { type Place, PlacedError } from './yaml.ts';

/** A test while it runs. */
export class TestRun {
  readonly m: TestVm;
  /** Does the test say how the run must end? */
  private readonly judged: boolean;
  /** How the run ended, once somebody has asked. */
  verdict: Verdict | null = null;

  constructor(m: TestVm, judged: boolean) {
    this.m = m;
    this.judged = judged;
  }

  /** Run to the end, and give the verdict. A run that is not expected to end in another way must end well. */
  async end(): Promise<Verdict> {
    const verdict = this.verdict ?? (await this.m.end());
    this.verdict = verdict;
    if (!this.judged)
      must(verdict.exitCode === 0, () => [`the run ended with ${endingOf(verdict)}`, ...endDetails(this), EXPECT_END]);
    return verdict;
  }
}

/** Throws what a failure is made of. */
export type Action = (run: TestRun) => unknown;

/** An action and where the file asks for it. */
export interface Check {
  readonly place: Place;
  readonly act: Action;
  /** What the file calls it; a failure begins with it. */
  readonly name?: string;
}

/** Each after the other. What is thrown gets the place of the innermost check. @throws PlacedError */
export async function actInTurn(checks: readonly Check[], run: TestRun): Promise<void> {
  for (const { place, act, name } of checks)
    try {
      await act(run);
    } catch (error) {
      const innermost = error instanceof PlacedError ? error.place : place;
      throw new PlacedError(innermost, `${name === undefined ? '' : `${name}: `}${messageOf(error)}`);
    }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Some expectations together. */
export interface Expectations {
  readonly checks: readonly Check[];
  /** Do they say how the run must end? */
  readonly judgesEnd: boolean;
  /** Must the kernel break? */
  readonly breaks: boolean;
}

const KINDS = [
  'power-off',
  'guest-exit',
  'panic',
  'oops',
  'reset',
  'reboot',
  'hang',
  'guest-time-limit',
  'wall-time-limit',
] as const satisfies readonly VerdictKind[];
/** Verdicts and exit codes of kernels that broke. */
const BROKEN: ReadonlySet<string> = new Set(['panic', 'oops', '100']);
const MOST_TESTS = 1e6;
const count = integer(0, MOST_TESTS);

/** How many tests, and errors of the protocol. */
export const KTAP_COUNTS = {
  passed: count,
  failed: count,
  skipped: count,
  todo: count,
  missing: count,
  errors: count,
};
const ktapWords = shortOr(oneOf(['ok']), record({}, KTAP_COUNTS));
type KtapWords = ReturnType<typeof ktapWords>;

function check<T>(reader: Reader<T>, act: (run: TestRun, value: T) => unknown): Reader<readonly Check[]> {
  return (node, name) => {
    const value = reader(node, name);
    return [{ place: node.place, act: (run) => act(run, value) }];
  };
}

/** One of them, or a list. */
function checks<T>(reader: Reader<T>, act: (run: TestRun, value: T) => unknown): Reader<readonly Check[]> {
  return (node, name) => oneOrMore(check(reader, act))(node, name).flat();
}

/** Of the end: each of them runs to it. They come first. */
const OF_END = {
  verdict: check(oneOf(KINDS), async (run, kind) => {
    const verdict = await run.end();
    must(verdict.kind === kind, () => [
      `the run must end with ${kind}, and ended with ${endingOf(verdict)}`,
      ...endDetails(run),
    ]);
  }),
  exitCode: check(integer(0, 255), async (run, code) => {
    const verdict = await run.end();
    must(verdict.exitCode === code, () => [
      `the run must end with exit ${code}, and ended with ${endingOf(verdict)}`,
      ...endDetails(run),
    ]);
  }),
  summary: check(textOrPattern, async (run, what) => {
    const verdict = await run.end();
    must(has(verdict.summary, what), () => [
      `the verdict must say ${shownText(what)}, and says ${endingOf(verdict)}`,
      ...endDetails(run),
    ]);
  }),
} satisfies Readonly<Record<string, Reader<readonly Check[]>>>;

/** Of what has come so far. */
const SO_FAR = {
  console: checks(textOrPattern, ({ m }, what) => {
    must(onConsole(m, what), () => [`the console does not have ${shownText(what)}`, ...consoleTail(m)]);
  }),
  notConsole: checks(textOrPattern, ({ m }, what) => {
    must(!onConsole(m, what), () => [`the console has ${shownText(what)}`, ...consoleTail(m)]);
  }),
  ktap: check(ktapWords, ({ m }, words) => checkKtap(m, words)),
  oops: check(oneOf(['none']), ({ m }) => m.expect.noOops()),
} satisfies Readonly<Record<string, Reader<readonly Check[]>>>;

const readSoFar = record({}, SO_FAR);
const readAll = record({}, { ...OF_END, ...SO_FAR });

/** `expect` of a test. */
export const expectations: Reader<Expectations> = (node, name) => {
  const { verdict, exitCode, summary, ...soFar } = readAll(node, name);
  const ofEnd = [verdict, exitCode, summary].flatMap((each) => each ?? []);
  const said = ['verdict', 'exitCode'].map((key) => (node.kind === 'map' ? node.entries.get(key)?.value : undefined));
  return {
    checks: [...ofEnd, ...inOrder(soFar)],
    judgesEnd: ofEnd.length > 0,
    breaks: said.some((value) => value?.kind === 'text' && BROKEN.has(value.text)),
  };
};

/** `expect` between steps: what has come so far. */
export const expectationsSoFar: Reader<readonly Check[]> = (node, name) => inOrder(readSoFar(node, name));

function inOrder({ console, notConsole, ktap, oops }: ReturnType<typeof readSoFar>): readonly Check[] {
  return [oops, console, notConsole, ktap].flatMap((each) => each ?? []);
}

const EXPECT_END = '  a test that expects this says so: expect: { verdict: ... }';

function endDetails({ m, verdict }: TestRun): string[] {
  return [...(verdict?.details ?? []).map((line) => `  ${line}`), ...consoleTail(m)];
}

/** Nothing may fail, be missing or break the protocol that is not counted in `words`; a missing test is an error by itself. */
export function checkKtap(m: TestVm, words: KtapWords): void {
  const wanted: Partial<KtapCounts> = words === 'ok' ? {} : words;
  const { failed = 0, missing = 0, errors: broken = missing } = wanted;
  if (failed === 0 && broken === 0) m.expect.ktapOk();
  const { counts, errors } = m.ktap();
  for (const [key, number] of Object.entries({ ...wanted, failed, missing, errors: broken })) {
    const found = counts[key as keyof KtapCounts];
    must(found === number, () => [`KTAP: ${found} ${key}, not ${number}`, ...errors.map((error) => `  ${error}`)]);
  }
}
