// Results of several shards as one suite: what `--report json=FILE` wrote, read back. It comes from files, which may be anything.
import { TsvmError } from '../../util/errors.ts';
import type { SuiteResult, TestResult } from '../results.ts';
import type { SuiteEvent } from './json.ts';

/** The texts of JSON reports, each with the name of its file. @throws TsvmError usage for what is none */
export function mergeReports(reports: readonly { readonly name: string; readonly text: string }[]): SuiteResult {
  const parts = reports.map(({ name, text }) => readReport(name, text));
  return {
    startedAt: parts.map(({ startedAt }) => startedAt).sort()[0] ?? '',
    // Together they are the suite, which has to have tests.
    isShard: false,
    results: parts.flatMap(({ results }) => results),
    broken: parts.flatMap(({ broken }) => broken),
    wallMs: Math.max(0, ...parts.map(({ wallMs }) => wallMs)),
  };
}

function readReport(name: string, text: string): SuiteResult {
  const results: TestResult[] = [];
  const broken: SuiteResult['broken'][number][] = [];
  let suite: Extract<SuiteEvent, { event: 'suite' }> | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const event = parse(line, name, index + 1);
    if (event.event === 'test') results.push(event);
    else if (event.event === 'broken') broken.push(event);
    else suite = event;
  }
  if (suite === null)
    throw new TsvmError('usage', `${name}: no whole report of tsvm test`, {
      next: 'give files that --report json=FILE wrote',
    });
  return { startedAt: suite.startedAt, isShard: true, results, broken, wallMs: suite.wallMs };
}

function parse(line: string, name: string, number: number): SuiteEvent {
  const bad = (why: string): TsvmError =>
    new TsvmError('usage', `${name}: line ${number} ${why}`, { next: 'give files that --report json=FILE wrote' });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('is not JSON');
  }
  const event = value as Partial<SuiteEvent> | null;
  if (
    event?.event === 'test' &&
    typeof event.file === 'string' &&
    typeof event.name === 'string' &&
    Array.isArray(event.runs)
  )
    return { seed: null, ...event } as SuiteEvent;
  if (event?.event === 'broken' && typeof event.file === 'string' && typeof event.failure?.message === 'string')
    return event as SuiteEvent;
  if (event?.event === 'suite' && typeof event.wallMs === 'number' && typeof event.startedAt === 'string')
    return event as SuiteEvent;
  throw bad('is no result of a test');
}
