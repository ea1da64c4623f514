// What went wrong in a test, from what it threw.
import { fileURLToPath } from 'node:url';
import { TsvmError } from '../util/errors.ts';
import type { Failure } from './results.ts';

/** `path`: the test file, whose place on the stack is told. Anything may have been thrown. */
export function failureOf(thrown: unknown, path: string): Failure {
  if (!(thrown instanceof Error)) return { message: `thrown: ${String(thrown)}`, details: '', place: null };
  const [first = '', ...more] = [thrown.message.trimEnd(), ...adviceOf(thrown)].join('\n').split('\n');
  const stack = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const message = first === '' ? thrown.name : first;
  return { message, details: more.join('\n'), place: placeOn(stack, path) };
}

/** What an error of tsvm's says besides its message. */
function adviceOf(thrown: Error): string[] {
  if (!(thrown instanceof TsvmError)) return [];
  const { cause, next } = thrown.details;
  return [cause, next].filter((text) => text !== undefined);
}

/** The innermost place in the test file. */
function placeOn(stack: readonly string[], path: string): Failure['place'] {
  for (const line of stack) {
    const match = /(file:\/\/\S+?|\/\S+?)(?:\?\S*)?:(\d+):(\d+)\)?$/.exec(line.trim());
    if (!match) continue;
    const file = match[1]!.startsWith('file:') ? fileURLToPath(match[1]!) : match[1]!;
    if (file === path) return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return null;
}
