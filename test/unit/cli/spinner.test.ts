// "Never wait silently", and never spin where nobody looks.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startSpinner } from '../../../src/cli/spinner.ts';
import { Sink } from './fakes.ts';

/** A terminal as ora uses it. */
function terminal(columns: number): Sink {
  const write = (sequence: string) => () => sink.write(sequence);
  const sink: Sink = Object.assign(new Sink(), {
    isTTY: true,
    columns,
    cursorTo: write('\x1b[1G'),
    clearLine: write('\x1b[K'),
    moveCursor: write('\x1b[1A'),
  });
  return sink;
}

test.each([
  ['a terminal of 0 columns', terminal(0), {}],
  ['a pipe', new Sink(), {}],
  ['CI', terminal(80), { CI: '1' }],
])('%s gets no spinner', async (_what, stream, env) => {
  const stop = startSpinner(stream, env, 'loading');
  await sleep(400);
  stop();
  expect(stream.text).toBe('');
});

test('a terminal sees one only when the wait is long, and a clean line after it', async () => {
  const quick = terminal(80);
  startSpinner(quick, {}, 'loading vmlinux')();
  const slow = terminal(80);
  const stop = startSpinner(slow, {}, 'loading vmlinux');
  await expect.poll(() => slow.text, { timeout: 5000 }).toContain('loading vmlinux');
  stop();
  const { text } = slow;
  await sleep(150);
  expect(slow.text).toBe(text);
  expect(text.slice(text.lastIndexOf('loading vmlinux'))).toContain('\x1b[K');
  expect(quick.text).toBe('');
});
