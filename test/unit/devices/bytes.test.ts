// What byte-wide devices share: windows on the ISA bus, BCD, lists in saved state.
import { describe, expect, it } from 'vitest';
import { fromBcd, toBcd } from '../../../src/devices/bcd.ts';
import { ByteWindow } from '../../../src/devices/byte-window.ts';
import { SavedState } from '../../../src/devices/state.ts';
import { TsvmError } from '../../../src/util/errors.ts';

describe('a window of byte registers', () => {
  const bytes = [0x11, 0x22, 0x33, 0x84];
  const log: string[] = [];
  const window = new ByteWindow('ports', 4, {
    read: (offset) => {
      log.push(`read ${offset}`);
      return bytes[offset]!;
    },
    write: (offset, value) => {
      log.push(`write ${offset} ${value}`);
    },
  });
  const during = (action: () => unknown) => {
    log.length = 0;
    return [action(), ...log];
  };

  it('cuts a wider read into bytes, lowest offset first', () => {
    expect(during(() => window.read(1, 2))).toEqual([0x3322, 'read 1', 'read 2']);
    expect(during(() => window.read(0, 4))[0]).toBe(0x84332211);
  });

  it('cuts a wider write into bytes, and drops what is above them', () => {
    expect(during(() => window.write(0, 4, 0xfedcba98))).toEqual([
      ...[undefined, 'write 0 152', 'write 1 186', 'write 2 220', 'write 3 254'],
    ]);
    expect(during(() => window.write(3, 1, 0x1ff))).toEqual([undefined, 'write 3 255']);
  });

  it('is an idle bus beyond its end', () => {
    expect(during(() => window.read(3, 2))).toEqual([0xff84, 'read 3']);
    expect(during(() => window.write(3, 4, 5))).toEqual([undefined, 'write 3 5']);
    expect(during(() => window.read(-1, 1))).toEqual([0xff]);
    expect(during(() => window.read(0.5, 1))).toEqual([0xff]);
  });
});

describe('BCD', () => {
  it('has a digit in every four bits', () => {
    expect([toBcd(0, 2), toBcd(59, 2), toBcd(1999, 4), toBcd(1999, 2)]).toEqual([0, 0x59, 0x1999, 0x99]);
    for (let value = 0; value < 10_000; value += 7) expect(fromBcd(toBcd(value, 4), 4)).toBe(value);
  });

  it('counts digits that are none for what they are', () => {
    expect([fromBcd(0xff, 2), fromBcd(0x1a, 2), fromBcd(0x12345, 4)]).toEqual([165, 20, 2345]);
  });
});

describe('a list of integers in a saved state', () => {
  const list = (value: unknown) => new SavedState('clock', { list: value as never }).integers('list', 3, 255);

  it('comes back as it is, and is a copy', () => {
    const saved = [1, 255];
    const values = list(saved);
    values.push(7);
    expect([values, saved]).toEqual([
      [1, 255, 7],
      [1, 255],
    ]);
    expect(list([])).toEqual([]);
  });

  it.each([
    [[256]],
    [[-1]],
    [[0.5]],
    [['1']],
    [[null]],
    [[0, 0, 0, 0]],
    [7],
    [null],
    [undefined],
    [{ length: 1, 0: 1 }],
  ])('is refused as %j', (value) => {
    expect(() => list(value)).toThrow(TsvmError);
    expect(() => list(value)).toThrow('clock: list is not a list of at most 3 integers from 0 to 255');
  });
});
