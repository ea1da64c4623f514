// The report as TAP 13 (testanything.org/tap-version-13-specification.html), which every reader takes, Perl's prove too: a plan, one test point for
// each test and each broken file, and for what failed a YAML diagnostic block in the subset that TAP::Parser reads: maps, lists, and strings that are
// double-quoted as JSON has them.
import { instant, printable, printableJson } from '../../util/format.ts';
import type { Failure, RunFacts, SuiteResult, TestResult } from '../results.ts';
import { detailLines, failureIn, filesOf, NO_TEST, placeOf, testCommand } from './suite.ts';

/** The TAP document. */
export function tap(result: SuiteResult): string {
  const points = filesOf(result).flatMap(({ file, tests, broken }) => [
    ...tests.map((test) => (number: number) => testPoint(number, test)),
    ...broken.map((failure) => (number: number) => [
      `not ok ${number} - ${escaped(`${file}: the file is broken`)}`,
      ...diagnostics(file, failure, [], []),
    ]),
  ]);
  const lines = points.flatMap((point, index) => point(index + 1));
  // A plan of no tests alone reads as "skipped", which is no failure.
  const plan = points.length === 0 ? [`1..0 # ${NO_TEST}`, `Bail out! ${NO_TEST}`] : [`1..${points.length}`];
  return ['TAP version 13', ...plan, ...lines, ''].join('\n');
}

function testPoint(number: number, test: TestResult): string[] {
  const description = `${number} - ${escaped(`${test.file} > ${test.name}`)}`;
  if (test.outcome === 'skip') return [`ok ${description} # SKIP ${escaped(test.skipped ?? '')}`.trimEnd()];
  const time = `# time=${test.wallMs.toFixed(3)}ms`;
  if (test.outcome === 'pass') return [`ok ${description} ${time}`];
  const again = [`test: ${printableJson(testCommand(test))}`];
  return [`not ok ${description} ${time}`, ...diagnostics(test.file, failureIn(test), test.runs, again)];
}

/** On one line, and no `#` that begins a directive (section "Escaping"). */
function escaped(text: string): string {
  return printable(text).replace(/[\\#]/g, '\\$&');
}

function diagnostics(file: string, failure: Failure, runs: readonly RunFacts[], again: readonly string[]): string[] {
  const place = placeOf(file, failure);
  const details = detailLines(failure);
  const yaml = [
    `message: ${scalar(failure.message)}`,
    ...(place ? ['at:', `  file: ${scalar(place.file)}`, `  line: ${place.line}`, `  column: ${place.column}`] : []),
    // With a mark before each line, so that none begins with a blank, which would count as indentation.
    ...(details.length === 0 ? [] : ['details: |', ...details.map((line) => `  | ${printable(line)}`)]),
    ...again,
    ...(runs.length === 0 ? [] : ['runs:', ...runs.flatMap(runYaml)]),
  ];
  return ['---', ...yaml, '...'].map((line) => `  ${line}`);
}

function runYaml(run: RunFacts): string[] {
  return [
    `  - command: ${scalar(run.command)}`,
    `    verdict: ${scalar(`${run.kind}: ${run.summary}`)}`,
    `    exit: ${run.exitCode}`,
    `    at: ${scalar(instant(run))}`,
    `    run: ${scalar(run.runId)}`,
    `    state: ${scalar(run.stateHash)}`,
  ];
}

/** A double-quoted scalar. YAML has no halves of surrogate pairs, not even escaped. */
function scalar(text: string): string {
  return printableJson(text.replace(/\p{Cs}/gu, '\ufffd'));
}
