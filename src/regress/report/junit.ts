// The report as JUnit XML that both usual schemas take: Jenkins' (jenkinsci/xunit-plugin, junit-10.xsd) and Ant's (windyroad's JUnit.xsd), which is
// the stricter one. A testsuite for each file. A testcase may have neither properties nor output there, so run ids, state hashes and commands
// are the testsuite's, named for their test.
import { printable } from '../../util/format.ts';
import type { Failure, RunFacts, SuiteResult, TestResult } from '../results.ts';
import { detailLines, type FileResult, failureIn, filesOf, placeWords, runWords, testCommand } from './suite.ts';

/** The XML document. */
export function junit(result: SuiteResult): string {
  const suites = filesOf(result).map((file, id) => testsuite(file, id, result.startedAt));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', {}, suites)}\n`;
}

/** A broken file counts as a test: as one that could not even begin. */
function testsOf({ tests, broken }: FileResult): number {
  return tests.length + broken.length;
}

function testsuite(file: FileResult, id: number, startedAt: string): string {
  const properties = file.tests.flatMap(runProperties);
  return element(
    'testsuite',
    {
      id,
      package: file.file,
      name: file.file,
      // Ant's schema wants a date without its zone, which is UTC, and a host, which is nobody's business.
      timestamp: startedAt.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length),
      hostname: 'localhost',
      tests: testsOf(file),
      failures: file.counts.failed,
      errors: file.broken.length,
      skipped: file.counts.skipped,
      time: seconds(file.wallMs),
    },
    [
      element('properties', {}, properties),
      ...file.tests.map((test) => testcase(file.file, test.name, test.wallMs, contentOf(test))),
      ...file.broken.map((failure) => testcase(file.file, 'the file itself', 0, [brokenFile(file.file, failure)])),
      textElement('system-out', {}, file.tests.map(outputOf).join('')),
      element('system-err', {}),
    ],
  );
}

function runProperties({ name, runs }: TestResult): string[] {
  return runs.flatMap(({ runId, stateHash }, index) => {
    const which = runs.length === 1 ? '' : ` ${index + 1}`;
    const property = (what: string, value: string): string =>
      element('property', { name: `${name} / ${what}${which}`, value });
    return [property('run', runId), ...(stateHash === '' ? [] : [property('state', stateHash)])];
  });
}

function testcase(classname: string, name: string, wallMs: number, content: readonly string[]): string {
  return element('testcase', { classname, name, time: seconds(wallMs) }, content);
}

function contentOf(test: TestResult): string[] {
  if (test.outcome === 'skip') return [element('skipped', { message: test.skipped ?? '' })];
  return test.outcome === 'fail' ? [failedTest(test)] : [];
}

/** What is known of a test's runs, and how to run it again. */
function outputOf(test: TestResult): string {
  if (test.outcome === 'skip') return '';
  const lines = [testCommand(test), ...test.runs.flatMap((run) => [printable(run.command), runWords(run)])];
  return `${printable(test.name)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Endings that say only that the run was over, not why a test failed. */
const NO_CAUSE: ReadonlySet<RunFacts['kind']> = new Set(['power-off', 'guest-exit', 'interrupted']);

function failedTest(test: TestResult): string {
  const failure = failureIn(test);
  const type = test.runs.findLast(({ kind }) => !NO_CAUSE.has(kind))?.kind ?? 'failure';
  return textElement('failure', { message: failure.message, type }, failureText(test.file, failure));
}

function brokenFile(file: string, failure: Failure): string {
  return textElement('error', { message: failure.message, type: 'broken-file' }, failureText(file, failure));
}

function failureText(file: string, failure: Failure): string {
  const place = placeWords(file, failure);
  return [failure.message, ...(place === null ? [] : [`at ${place}`]), ...detailLines(failure)].join('\n');
}

/** With a point and three digits, as SUREFIRE_TIME and xs:decimal both take it. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

type Attributes = Readonly<Record<string, string | number>>;

function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const tag = name + attributeText(attributes);
  if (children.length === 0) return `<${tag}/>`;
  const inside = children.join('\n');
  return `<${tag}>\n${inside}\n</${name}>`;
}

function textElement(name: string, attributes: Attributes, text: string): string {
  return `<${name}${attributeText(attributes)}>${escaped(text)}</${name}>`;
}

function attributeText(attributes: Attributes): string {
  // A line end or tab in an attribute would be read as a blank (XML 1.0, 3.3.3).
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replace(/[\t\n]/g, reference)}"`)
    .join('');
}

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * Characters as XML 1.0 may have them: what it forbids even as a reference (production 2, Char) is U+FFFD, and what could
 * steer a terminal that shows the file is a reference.
 */
function escaped(text: string): string {
  return text.replace(/[&<>"\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufffe\uffff]/gu, (char) => {
    if (char === '\t' || char === '\n') return char;
    if (char !== '\r' && (char < ' ' || /[\p{Cs}\ufffe\uffff]/u.test(char))) return '\ufffd';
    return NAMED[char] ?? reference(char);
  });
}

function reference(char: string): string {
  return `&#x${char.charCodeAt(0).toString(16)};`;
}
