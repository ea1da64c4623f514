// An error as the user reads it: what happened and where, the likely cause, what to type next, and the exit code.
import { type ErrorCode, TsvmError } from '../util/errors.ts';
import { printable } from '../util/format.ts';
import type { Style } from './style.ts';

export const EXIT_USAGE = 2;
const EXIT_WALL_TIME_LIMIT = 105;
const EXIT_FAILED = 125;
const EXIT_NOT_RUNNABLE = 126;
const EXIT_NOT_FOUND = 127;
export const EXIT_INTERRUPTED = 130;

/** Wall milliseconds that a reader of stdout or stderr may stop reading at the end before that is told or, if impatient, given up on. */
export const READER_PATIENCE = 1000;

/** Was tsvm told to end (a signal, --timeout)? Then it does not wait for ever for a reader that has stopped reading. */
export function isImpatient(exitCode: number): boolean {
  return exitCode === EXIT_INTERRUPTED || exitCode === EXIT_WALL_TIME_LIMIT;
}

const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: EXIT_USAGE,
  'not-found': EXIT_NOT_FOUND,
  'not-runnable': EXIT_NOT_RUNNABLE,
  'image-truncated': EXIT_NOT_RUNNABLE,
  'image-bad-header': EXIT_NOT_RUNNABLE,
  'image-wrong-machine': EXIT_NOT_RUNNABLE,
  'image-overlap': EXIT_NOT_RUNNABLE,
  'image-outside-ram': EXIT_NOT_RUNNABLE,
  'image-too-large': EXIT_NOT_RUNNABLE,
  'symbols-bad': EXIT_FAILED,
  io: EXIT_FAILED,
  kvm: EXIT_FAILED,
  internal: EXIT_FAILED,
};

/** An error in the shape that both the terminal and --json show. */
export interface ErrorReport {
  /** A stable code: one of util/errors.ts; anything that is no TsvmError is `internal`. */
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly message: string;
  readonly cause: string | null;
  readonly next: string | null;
  readonly stack: string | null;
}

export function reportError(error: unknown): ErrorReport {
  const stack = error instanceof Error ? (error.stack ?? null) : null;
  const ours = error instanceof TsvmError ? error : undefined;
  if (ours && ours.code !== 'internal') {
    const { cause = null, next = null } = ours.details;
    return { code: ours.code, exitCode: EXIT_CODES[ours.code], message: ours.message, cause, next, stack };
  }
  return {
    code: 'internal',
    exitCode: EXIT_FAILED,
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    cause: ours?.details.cause ?? 'this is a bug in tsvm, not in the guest',
    next:
      ours?.details.next ?? 'please report it with the same command plus --debug, and the kernel if you can share it',
    stack,
  };
}

/**
 * The lines for stderr, without the last newline. `columns` is the terminal's width (0: not a terminal); the exit code
 * ends the last line, at the right edge when there is one.
 */
export function renderError(report: ErrorReport, style: Style, columns: number, debug: boolean): string {
  const [what = '', ...more] = report.message.split('\n').map(printable);
  const lines = [...more];
  if (report.cause !== null) lines.push(...report.cause.split('\n').map(printable));
  if (report.next !== null) lines.push(...report.next.split('\n').map(printable));
  const indented = lines.map((line) => `  ${line}`);
  const last = indented.pop() ?? '';
  const head = `${style.bad('tsvm:')} ${what}`;
  const end = alignRight(last, `exit ${report.exitCode}`, columns);
  const stack = debug && report.stack !== null ? report.stack.split('\n').map((line) => `  ${printable(line)}`) : [];
  if (last === '') return [head, ...stack, style.dim(end.trimStart())].join('\n');
  return [head, ...stack, ...indented, end].join('\n');
}

/** `left`, and `right` at column `columns` when it fits; three blanks between them otherwise. */
export function alignRight(left: string, right: string, columns: number): string {
  const gap = Math.min(columns, 110) - left.length - right.length;
  return `${left}${' '.repeat(Math.max(gap, 3))}${right}`;
}
