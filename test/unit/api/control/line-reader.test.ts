// Lines of a control socket, however the bytes are cut.
import { describe, expect, test } from 'vitest';
import { ConsoleTail } from '../../../../src/api/control/console-tail.ts';
import { LineReader } from '../../../../src/api/control/line-reader.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function all(reader: LineReader): string[] {
  const lines: string[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line);
  return lines;
}

describe('lines', () => {
  test('are the same wherever the bytes are cut, in a character too', () => {
    const text = '{"a":"ä€"}\n\nlast\n';
    for (let cut = 0; cut <= bytes(text).length; cut++) {
      const reader = new LineReader(100);
      reader.add(bytes(text).subarray(0, cut));
      reader.add(bytes(text).subarray(cut));
      expect(all(reader)).toEqual(['{"a":"ä€"}', '', 'last']);
    }
  });

  test('without a newline have not come', () => {
    const reader = new LineReader(100);
    reader.add(bytes('one\ntwo'));
    expect(all(reader)).toEqual(['one']);
    reader.add(bytes(' and three\n'));
    expect(all(reader)).toEqual(['two and three']);
  });

  test('may be as long as the limit, and no byte longer', () => {
    const reader = new LineReader(4);
    reader.add(bytes('1234\n'));
    reader.add(bytes('12'));
    reader.add(bytes('345\nnext\n'));
    expect(all(reader)).toEqual(['1234']);
    expect(reader.tooLong).toBe(true);
    reader.add(bytes('1\n'));
    expect(all(reader)).toEqual([]);
  });

  test('do not keep the buffer that they came in', () => {
    const buffer = bytes('abc');
    const reader = new LineReader(10);
    reader.add(buffer);
    buffer.fill(0x78);
    reader.add(bytes('\n'));
    expect(all(reader)).toEqual(['abc']);
  });
});

describe('the last bytes of a console', () => {
  const tail = (most: number, ...pieces: string[]): ConsoleTail => {
    const kept = new ConsoleTail(most);
    for (const piece of pieces) kept.add(bytes(piece));
    return kept;
  };
  const text = (kept: ConsoleTail, count: number): string => Buffer.from(kept.last(count)).toString();

  test('are all of them while there are few', () => {
    expect(text(tail(10, 'ab', 'cd'), 10)).toBe('abcd');
    expect(text(tail(10), 10)).toBe('');
  });

  test('begin with a line when some are left out', () => {
    const kept = tail(100, 'one\ntwo\n', 'three\n$ ');
    expect(text(kept, 12)).toBe('three\n$ ');
    expect(text(kept, 3)).toBe('$ ');
    expect(text(kept, 2)).toBe('$ ');
    expect(text(kept, 0)).toBe('');
  });

  test('are kept up to a limit', () => {
    const kept = tail(4, '12345678', '9', 'ab');
    expect(text(kept, 4)).toBe('89ab');
    expect(kept.last(100).length).toBeLessThan(8);
  });
});
