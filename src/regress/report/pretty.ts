// The report for people: a line for each file, what failed with everything to go on with, and the suite in one line at the
// end (UX.md, Looks). Guest time comes first, wall time stands in parentheses.
import { hostTime, printable } from '../../util/format.ts';
import type { Failure, RunFacts, SuiteResult, TestResult } from '../results.ts';
import {
  type Counts,
  countWords,
  detailLines,
  exitCodeOf,
  type FileResult,
  failureIn,
  filesOf,
  placeWords,
  runWords,
  summaryOf,
  testCommand,
} from './suite.ts';

export type ColourKind = 'good' | 'bad' | 'warn' | 'dim';

export interface PrettyOptions {
  /** The text in the colour of its kind, or as it is. */
  readonly colour: (kind: ColourKind, text: string) => string;
  /** Show each test, and the id and the state of its run. */
  readonly verbose?: boolean;
}

/** The report, with a newline at its end. */
export function pretty(result: SuiteResult, { colour, verbose = false }: PrettyOptions): string {
  const files = filesOf(result);
  const width = Math.min(MAX_FILE_WIDTH, Math.max(0, ...files.map(({ file }) => printable(file).length)));
  const exitCode = exitCodeOf(result);
  const [kind, word] = exitCode === 0 ? (['good', 'ok'] as const) : (['bad', 'FAIL'] as const);
  return [
    ...files.flatMap((file) => [
      fileLine(file, width, colour),
      ...(verbose
        ? file.tests.map((test) => testLine(test, colour))
        : skipReasons(file).map((line) => colour('dim', line))),
    ]),
    ...files.flatMap((file) => failuresOf(file, colour)),
    ...(files.length === 0 ? [] : ['']),
    colour(kind, `${word}: ${summaryOf(result)}${exitCode === 0 ? '' : `   exit ${exitCode}`}`),
    '',
  ].join('\n');
}

const MAX_FILE_WIDTH = 60;
const MOST_REASONS = 3;

/** `ok    tests/boot.test.ts  3 passed, 1 skipped  (412 ms)` */
function fileLine(
  { file, tests, counts, broken, wallMs }: FileResult,
  width: number,
  colour: PrettyOptions['colour'],
): string {
  const isBroken = broken.length > 0;
  const words = [...(isBroken ? ['broken'] : []), ...(tests.length > 0 ? [countWords(counts)] : [])].join(', ');
  const name = printable(file).padEnd(width);
  return `${markOf(counts, isBroken, colour)}  ${name}  ${words}  ${colour('dim', `(${hostTime(wallMs)})`)}`;
}

/** `      ok    boots   run 2da0cf35 state 88deb06f, 3 runs` */
function testLine({ name, outcome, skipped, runs }: TestResult, colour: PrettyOptions['colour']): string {
  const mark = { pass: colour('good', 'ok  '), fail: colour('bad', 'FAIL'), skip: colour('warn', 'skip') }[outcome];
  const [run] = runs;
  const hashes = run === undefined ? '' : `run ${run.runId} state ${run.stateHash}`;
  const times = runs.length > 1 ? `, ${runs.length} runs` : '';
  return `      ${mark}  ${printable(name)}   ${colour('dim', skipped === null ? hashes + times : printable(skipped))}`;
}

/** Why tests of a file were skipped, each reason once. */
function skipReasons({ tests }: FileResult): string[] {
  const reasons = new Set(tests.flatMap(({ skipped }) => (skipped === null ? [] : [printable(skipped)])));
  return [...reasons].slice(0, MOST_REASONS).map((reason) => `      skipped: ${reason}`);
}

function markOf({ passed, failed }: Counts, isBroken: boolean, colour: PrettyOptions['colour']): string {
  if (failed > 0 || isBroken) return colour('bad', 'FAIL');
  return passed > 0 ? colour('good', 'ok  ') : colour('warn', 'skip');
}

function failuresOf({ file, tests, broken }: FileResult, colour: PrettyOptions['colour']): string[] {
  const failed = tests.flatMap((test) => {
    if (test.outcome !== 'fail') return [];
    const kept = test.artifacts === null ? [] : [`what is left of it: ${printable(test.artifacts)}`];
    const again = [`test it again: ${testCommand(test)}`, ...kept];
    const title = `${printable(file)} > ${printable(test.name)}`;
    return failureLines(title, file, failureIn(test), test.runs, again, colour);
  });
  const unusable = broken.flatMap((failure) =>
    failureLines(`${printable(file)}: the file is broken`, file, failure, [], [], colour),
  );
  return [...failed, ...unusable];
}

function failureLines(
  title: string,
  file: string,
  failure: Failure,
  runs: readonly RunFacts[],
  again: readonly string[],
  colour: PrettyOptions['colour'],
): string[] {
  const place = placeWords(file, failure);
  return [
    '',
    colour('bad', `FAIL  ${title}`),
    `  ${cut(failure.message)}`,
    ...(place === null ? [] : [`  at ${printable(place)}`]),
    ...shownDetails(failure).map((line) => `  ${colour('dim', '|')} ${line}`),
    ...runs.flatMap((run) => [
      `  ${runWords(run)}`,
      `  replay it: tsvm replay ${run.runId}`,
      `  boot it again: ${printable(run.command)}`,
    ]),
    ...again.map((line) => `  ${line}`),
  ];
}

/** Lines of details shown at most, half of them from each end, and characters of a line: a guest may say anything. */
const MAX_LINES = 60;
const MAX_CHARACTERS = 400;

function shownDetails(failure: Failure): string[] {
  const lines = detailLines(failure);
  if (lines.length <= MAX_LINES) return lines.map(cut);
  const half = MAX_LINES / 2;
  const missing = `... ${lines.length - MAX_LINES} lines more: --report json has them all`;
  return [...lines.slice(0, half).map(cut), missing, ...lines.slice(-half).map(cut)];
}

/** Cut first: half a character that this leaves is made printable too. */
function cut(line: string): string {
  return printable(line.length <= MAX_CHARACTERS ? line : `${line.slice(0, MAX_CHARACTERS)}...`);
}
