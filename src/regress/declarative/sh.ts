// Commands in the guest in a test file: `sh`.
import { AssertionError } from 'node:assert/strict';
import type { TestVm } from '../define.ts';
import { integer, mismatch, oneOrMore, type Reader, record, text } from './reader.ts';
import { duration, output, textOrPattern } from './values.ts';
import { has, must, quoted, shownText } from './words.ts';

const MAX_SIGNAL = 64;

const anyOrNumber: Reader<number | 'any'> = (node, name) => {
  if (node.kind === 'text' && node.text === 'any') return 'any';
  if (node.kind !== 'text' || !/^[0-9]{1,3}$/.test(node.text))
    throw mismatch(node, name, 'a status from 0 to 255, or any');
  return integer(0, 255)(node, name);
};

/** A command and what must come of it. */
export const command = record(
  { run: text },
  {
    input: text,
    within: duration,
    status: anyOrNumber,
    signal: integer(1, MAX_SIGNAL),
    stdout: output,
    stdoutContains: oneOrMore(textOrPattern),
    stderr: output,
    stderrContains: oneOrMore(textOrPattern),
  },
);

/** Its status must be 0 unless another one is expected. */
export async function runCommand(m: TestVm, wanted: ReturnType<typeof command>): Promise<void> {
  const { run, input, within, status = 0, signal } = wanted;
  const result = await m.sh(run, { input, within });
  const what = `sh ${JSON.stringify(run)}`;
  const said = [...quoted('standard error', result.stderr), ...quoted('standard output', result.stdout)];
  const ended = result.signal === null ? `status ${result.status}` : `signal ${result.signal}`;
  const toEnd = signal === undefined ? `status ${status}` : `signal ${signal}`;
  must(status === 'any' || ended === toEnd, () => [`${what}: it ended with ${ended}, not ${toEnd}`, ...said]);
  for (const stream of ['stdout', 'stderr'] as const) {
    const name = stream === 'stdout' ? 'standard output' : 'standard error';
    const found = result[stream];
    const exact = wanted[stream];
    if (exact instanceof RegExp)
      must(has(found, exact), () => [`${what}: its ${name} does not match ${exact}`, ...said]);
    else if (exact !== undefined) mustEqual(`${what}: its ${name} is`, found.replace(/\n+$/, ''), exact);
    for (const part of wanted[`${stream}Contains`] ?? [])
      must(has(found, part), () => [`${what}: its ${name} does not have ${shownText(part)}`, ...said]);
  }
}

/** Characters of a text on one line. */
const ONE_LINE = 60;

function mustEqual(what: string, found: string, expected: string): void {
  must(found === expected, () => {
    const short = [found, expected].every((text) => text.length <= ONE_LINE);
    if (short) return [`${what} ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
    // The first line of the message says that two values differ.
    const { message } = new AssertionError({ actual: found, expected, operator: 'strictEqual' });
    return [`${what} not what is expected`, ...message.split('\n').slice(1)];
  });
}
