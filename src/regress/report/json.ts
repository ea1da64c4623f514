// The report as JSON Lines (jsonlines.org): one event on each line, the suite's own last.
import { printableJson } from '../../util/format.ts';
import type { SuiteResult, TestResult } from '../results.ts';
import { countsOf, exitCodeOf } from './suite.ts';

/** The events of a suite, in this order. Fields may be added. */
export type SuiteEvent =
  | ({ readonly event: 'test' } & TestResult)
  | ({ readonly event: 'broken' } & SuiteResult['broken'][number])
  | {
      readonly event: 'suite';
      readonly passed: number;
      readonly failed: number;
      readonly skipped: number;
      /** Files that could not be loaded, or that ended by themselves. */
      readonly broken: number;
      readonly startedAt: string;
      readonly wallMs: number;
      readonly exitCode: number;
    };

/** The lines. */
export function json(result: SuiteResult): string {
  const events: SuiteEvent[] = [
    ...result.results.map((test) => ({ event: 'test' as const, ...test })),
    ...result.broken.map((file) => ({ event: 'broken' as const, ...file })),
    {
      event: 'suite',
      ...countsOf(result.results),
      broken: result.broken.length,
      startedAt: result.startedAt,
      wallMs: result.wallMs,
      exitCode: exitCodeOf(result),
    },
  ];
  return events.map((event) => `${printableJson(event)}\n`).join('');
}
