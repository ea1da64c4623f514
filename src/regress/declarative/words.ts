// Texts in messages of failed steps.
import assert from 'node:assert/strict';
import type { Verdict } from '../../api/index.ts';
import type { TestVm } from '../define.ts';

/** Lines of a text that are shown. */
const LINES = 12;

/** @throws AssertionError with these lines */
export function must(holds: boolean, lines: () => readonly string[]): asserts holds {
  if (!holds) assert.fail(lines().join('\n'));
}

export function has(text: string, what: string | RegExp): boolean {
  return typeof what === 'string' ? text.includes(what) : what.test(text);
}

/** On the console as it came, or in what programs or the kernel have put out: printk cuts lines in two. */
export function onConsole({ console: { text, program, kernel } }: TestVm, what: string | RegExp): boolean {
  return [text, program, kernel].some((reading) => has(reading, what));
}

export function shownText(what: string | RegExp): string {
  return typeof what === 'string' ? JSON.stringify(what) : String(what);
}

/** The last lines of a text under a heading; none of a text that is empty. */
export function quoted(heading: string, text: string): string[] {
  const shown = text.trimEnd();
  return shown === ''
    ? []
    : [
        `  ${heading}:`,
        ...shown
          .split('\n')
          .slice(-LINES)
          .map((line) => `  | ${line}`),
      ];
}

export function consoleTail(m: TestVm): string[] {
  const tail = quoted('the console, at last', m.console.text);
  return tail.length > 0 ? tail : ['  the console is empty'];
}

/** `hang (exit 103): all 2 cpus in WAIT`. */
export function endingOf({ kind, exitCode, summary }: Verdict): string {
  return `${kind} (exit ${exitCode}): ${summary}`;
}
