// The reports of a suite, by name: each a pure function from what a suite has come to, to text.
import type { SuiteResult } from '../results.ts';
import { github } from './github.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { type PrettyOptions, pretty } from './pretty.ts';
import { tap } from './tap.ts';

export type { SuiteEvent } from './json.ts';
export type { ColourKind, PrettyOptions } from './pretty.ts';
export { exitCodeOf } from './suite.ts';
export { github, json, junit, pretty, tap };

export interface ReportFormat {
  /** Of a file that holds the report, with its dot. */
  readonly extension: string;
  /** The whole report, with a newline at its end. Only `pretty` has colours; without options it has none. */
  readonly render: (result: SuiteResult, options?: PrettyOptions) => string;
}

const PLAIN: PrettyOptions = { colour: (_kind, text) => text };

/** What `--report NAME` may name. */
export const REPORTS: ReadonlyMap<string, ReportFormat> = new Map([
  ['pretty', { extension: '.txt', render: (result, options = PLAIN) => pretty(result, options) }],
  ['tap', { extension: '.tap', render: tap }],
  ['junit', { extension: '.xml', render: junit }],
  ['json', { extension: '.jsonl', render: json }],
  ['github', { extension: '.txt', render: github }],
] satisfies [string, ReportFormat][]);
