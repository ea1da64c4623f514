// What the reports of a suite have in common: its files, its counts, its exit code (UX.md), and the words for a run.
import { quoteWord } from '../../api/command-line.ts';
import { hostTime, instant, printable } from '../../util/format.ts';
import type { Failure, RunFacts, SuiteResult, TestResult } from '../results.ts';

/** How many tests passed, failed, were skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A test file and what has come of it. */
export interface FileResult {
  readonly file: string;
  readonly tests: readonly TestResult[];
  /** Why the file could not be loaded, or ended by itself; mostly empty. */
  readonly broken: readonly Failure[];
  readonly counts: Counts;
  /** Of its tests together, in host milliseconds. */
  readonly wallMs: number;
}

/** The files in the order of the results; those without any result come last. */
export function filesOf({ results, broken }: SuiteResult): FileResult[] {
  const byFile = new Map<string, { tests: TestResult[]; broken: Failure[] }>();
  const of = (file: string): { tests: TestResult[]; broken: Failure[] } => {
    const found = byFile.get(file) ?? { tests: [], broken: [] };
    byFile.set(file, found);
    return found;
  };
  for (const test of results) of(test.file).tests.push(test);
  for (const { file, failure } of broken) of(file).broken.push(failure);
  return [...byFile].map(([file, own]) => ({
    file,
    ...own,
    counts: countsOf(own.tests),
    wallMs: own.tests.reduce((sum, { wallMs }) => sum + wallMs, 0),
  }));
}

export function countsOf(tests: readonly TestResult[]): Counts {
  const count = (outcome: TestResult['outcome']): number => tests.filter((test) => test.outcome === outcome).length;
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') };
}

/** 0: nothing failed and no file is broken. 1: something did, or is. 2: there was no test at all, and not because a small suite has many shards. */
export function exitCodeOf({ results, broken, isShard }: SuiteResult): 0 | 1 | 2 {
  if (broken.length > 0 || results.some(({ outcome }) => outcome === 'fail')) return 1;
  return results.length === 0 && !isShard ? 2 : 0;
}

/** `1 failed, 12 passed, 2 skipped`: the bad first, and nothing that did not happen. */
export function countWords({ passed, failed, skipped }: Counts): string {
  const parts: readonly (readonly [count: number, word: string])[] = [
    [failed, 'failed'],
    [passed, 'passed'],
    [skipped, 'skipped'],
  ];
  const words = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return words.length === 0 ? 'no test' : words.join(', ');
}

export const NO_TEST = 'no test at all: no file had one, or none was asked for';

/** The suite in one line: `1 failed, 12 passed, 2 skipped in 3 files (wall 2.9 s)`. */
export function summaryOf(result: SuiteResult): string {
  const wall = `(wall ${hostTime(result.wallMs)})`;
  if (exitCodeOf(result) === 2) return `${NO_TEST} ${wall}`;
  if (result.results.length === 0 && result.broken.length === 0) return `this shard has no test ${wall}`;
  const files = filesOf(result);
  const broken = files.filter((file) => file.broken.length > 0).length;
  const words = [countWords(countsOf(result.results)), ...(broken === 0 ? [] : [plural(broken, 'broken file')])];
  return `${words.join(', ')} in ${plural(files.length, 'file')} ${wall}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Why a test failed, in words even where nobody gave any. */
export function failureIn({ failure }: TestResult): Failure {
  return failure ?? { message: 'failed, and nobody said why', details: '', place: null };
}

/** The place of a failure, its file as the test file was named where it is that one. */
export function placeOf(file: string, { place }: Failure): Failure['place'] {
  if (!place) return null;
  const isThisFile = place.file === file || place.file.endsWith(`/${file.replace(/^(\.{1,2}\/)+/, '')}`);
  return isThisFile ? { ...place, file } : place;
}

/** `tests/boot.test.ts:12:5`, or null. */
export function placeWords(file: string, failure: Failure): string | null {
  const place = placeOf(file, failure);
  return place && `${place.file}:${place.line}:${place.column}`;
}

/** The lines of `details`, without empty ones at the end. */
export function detailLines({ details }: Failure): string[] {
  const trimmed = details.trimEnd();
  return trimmed === '' ? [] : trimmed.split(/\r?\n/);
}

/** `hang at 0.311s @ 24,902,117, exit 103: all 2 cpus in WAIT   run 7f3a19c2 state 9b0e44d1`, safe for a terminal. */
export function runWords(run: RunFacts): string {
  const hashes = `run ${run.runId}${run.stateHash === '' ? '' : ` state ${run.stateHash}`}`;
  return printable(`${run.kind} at ${instant(run)}, exit ${run.exitCode}: ${run.summary}   ${hashes}`);
}

/** The command that runs one test again, as one line for a POSIX shell. */
export function testCommand({ file, name, seed }: Pick<TestResult, 'file' | 'name' | 'seed'>): string {
  const own = seed === null ? name : name.replace(/ \[seed \d+\]$/, '');
  const pattern = `^${own.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
  const words = ['tsvm', 'test', file.startsWith('-') ? `./${file}` : file, '-t', pattern];
  if (seed !== null) words.push('--seed', String(seed));
  return printable(words.map(quoteWord).join(' '));
}
