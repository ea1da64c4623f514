// The guest's bytes on stdout: all of them, in order, at the reader's pace.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { GuestOutput } from '../../../src/cli/guest-output.ts';
import { BrokenSink, Sink, SlowSink } from './fakes.ts';

test('bytes arrive unchanged and in order, written one at a time', async () => {
  const sink = new Sink();
  const output = new GuestOutput(sink);
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
  for (const byte of bytes) output.write(Uint8Array.of(byte));
  expect(await output.flush()).toBe(0);
  expect(new Uint8Array(sink.bytes)).toEqual(bytes);
  expect(output.bytes).toBe(1000);
});

test('a slow reader is waited for, and loses nothing', async () => {
  const sink = new SlowSink();
  const output = new GuestOutput(sink);
  let waited = false;
  let written = 0;
  const guest = (async () => {
    for (; written < 200; written++) {
      const wait = output.write(new Uint8Array(1024).fill(written));
      if (wait) {
        waited = true;
        await wait;
      }
    }
  })();
  await sleep(20);
  expect(written).toBeLessThan(200);
  sink.open();
  await guest;
  await output.flush();
  expect(waited).toBe(true);
  expect(sink.bytes.length).toBe(200 * 1024);
  expect(sink.bytes[199 * 1024]).toBe(199);
});

test('an impatient flush says how much a stopped reader left behind', async () => {
  const sink = new SlowSink();
  const output = new GuestOutput(sink);
  output.write(new Uint8Array(500));
  expect(await output.flush(10)).toBe(500);
  sink.open();
  expect(await output.flush()).toBe(0);
});

test('a reader that left is reported once, and never waited for again', async () => {
  const output = new GuestOutput(new BrokenSink('EPIPE'));
  const errors: string[] = [];
  output.onGone = (error) => void errors.push(error.code ?? '');
  output.write(new Uint8Array(0x8000));
  await sleep(5);
  expect(output.write(new Uint8Array(0x8000))).toBeUndefined();
  expect(await output.flush()).toBe(0);
  expect(errors).toEqual(['EPIPE']);
});

test('knows whether the guest left the cursor in the middle of a line', () => {
  const output = new GuestOutput(new Sink());
  expect(output.takeMidLine()).toBe(false);
  output.write(Buffer.from('login: '));
  expect(output.takeMidLine()).toBe(true);
  expect(output.takeMidLine()).toBe(false);
  output.write(Buffer.from('root\n'));
  expect(output.takeMidLine()).toBe(false);
});
