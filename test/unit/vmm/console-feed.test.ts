// Console input on its way to the device: in order, as it has room, breaks on the line among the bytes.
import { describe, expect, test } from 'vitest';
import type { ConsoleInput } from '../../../src/devices/device.ts';
import { ConsoleFeed } from '../../../src/vmm/console-feed.ts';

/** A line that takes `space` characters; what it got, `#` for a break. */
class Line implements ConsoleInput {
  space = 0;
  got = '';

  room(): number {
    return this.space;
  }

  input(bytes: Uint8Array): number {
    this.got += Buffer.from(bytes).toString();
    this.space -= bytes.length;
    return bytes.length;
  }

  inputBreak(): boolean {
    if (this.space === 0) return false;
    this.got += '#';
    this.space--;
    return true;
  }
}

describe('a break', () => {
  test('stands where it came among the bytes, and waits for room as they do', () => {
    const line = new Line();
    const feed = new ConsoleFeed(line, null);
    feed.offer(Buffer.from('ab'));
    feed.offerBreak();
    feed.offerBreak();
    feed.offer(Buffer.from('t'));
    for (const got of ['', 'a', 'ab#', 'ab##', 'ab##t', 'ab##t']) {
      expect(line.got).toBe(got);
      line.space = got === 'a' ? 2 : 1;
      feed.pump();
    }
    expect(feed.queued).toBe(0);
  });

  test('is dropped by a console that has no line', () => {
    const line = new Line();
    const feed = new ConsoleFeed({ room: () => line.room(), input: (bytes) => line.input(bytes) }, null);
    feed.offerBreak();
    feed.offer(Buffer.from('t'));
    line.space = 5;
    feed.pump();
    expect(line.got).toBe('t');
  });
});
