// The report as workflow commands of GitHub Actions, which shows them beside the lines of a change
// (docs.github.com/actions/reference/workflow-commands-for-github-actions; escapes as in @actions/core).
import { printable } from '../../util/format.ts';
import type { Failure, SuiteResult } from '../results.ts';
import { detailLines, failureIn, filesOf, runWords, summaryOf, testCommand } from './suite.ts';

/** One error for each failure, and one notice about the suite. */
export function github(result: SuiteResult): string {
  const errors = filesOf(result).flatMap(({ file, tests, broken }) => [
    ...tests
      .filter(({ outcome }) => outcome === 'fail')
      .map((test) => {
        const runs = test.runs.flatMap((run) => [runWords(run), `boot it again: ${run.command}`]);
        return errorCommand(file, test.name, failureIn(test), [...runs, `test it again: ${testCommand(test)}`]);
      }),
    ...broken.map((failure) => errorCommand(file, 'the file is broken', failure, [])),
  ]);
  return [...errors, `::notice::${message([`tsvm test: ${summaryOf(result)}`])}`, ''].join('\n');
}

function errorCommand(file: string, title: string, failure: Failure, more: readonly string[]): string {
  const { place } = failure;
  // Where the place is known its path is absolute, which the runner makes relative to the repository.
  const where: readonly (readonly [name: string, value: string])[] = place
    ? [
        ['file', place.file],
        ['line', String(place.line)],
        ['col', String(place.column)],
      ]
    : [['file', file]];
  const properties = [...where, ['title', title] as const].map(([name, value]) => `${name}=${property(value)}`);
  return `::error ${properties.join(',')}::${message([failure.message, ...detailLines(failure), ...more])}`;
}

/** The lines of a command's message. */
function message(lines: readonly string[]): string {
  return lines.map((line) => printable(line).replaceAll('%', '%25')).join('%0A');
}

/** In a property a colon or comma would end it; line ends are escapes of ours already. */
function property(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll(':', '%3A').replaceAll(',', '%2C');
}
