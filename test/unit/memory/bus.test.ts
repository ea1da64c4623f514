// The MMIO bus: which window answers, in which pieces, in which byte order; addresses that nobody claims.
import { describe, expect, it } from 'vitest';
import { Bus, type BusTarget } from '../../../src/memory/bus.ts';

/** A device of plain registers that writes down how it was accessed. */
class Registers implements BusTarget {
  readonly name: string;
  readonly size: number;
  readonly log: string[] = [];
  constructor(name: string, size: number) {
    this.name = name;
    this.size = size;
  }
  /** A read gives 0x11223344 cut to its length. */
  read(offset: number, length: 1 | 2 | 4): number {
    this.log.push(`r${length} ${offset}`);
    return length === 4 ? 0x11223344 : length === 2 ? 0x1122 : 0x11;
  }
  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.log.push(`w${length} ${offset} ${value.toString(16)}`);
  }
}

function bus(order: 'little' | 'big' = 'little') {
  const device = new Registers('device', 0x100);
  const all = new Bus();
  all.add(0x1000, device, order);
  return { all, device };
}

describe('a window', () => {
  it('is found by every address inside and none outside', () => {
    const { all, device } = bus();
    expect(all.find(0x1000)).toMatchObject({ base: 0x1000, target: device });
    expect(all.find(0x10ff)?.target).toBe(device);
    for (const address of [0, 0xfff, 0x1100, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(all.find(address)).toBeUndefined();
  });

  it('may touch its neighbour and may not overlap it', () => {
    const { all } = bus();
    const other = (base: number) => () => all.add(base, new Registers('other', 0x100), 'little');
    for (const base of [0xf01, 0x1000, 0x10ff, 0x1080]) expect(other(base)).toThrow('other overlaps device');
    expect(other(0xf00)).not.toThrow();
    expect(other(0x1100)).not.toThrow();
    expect(all.find(0x1100)?.target.name).toBe('other');
  });
});

describe('an access', () => {
  it.each([
    [1, ['r1 4']],
    [2, ['r2 4']],
    [4, ['r4 4']],
    [3, ['r2 4', 'r1 6']],
    [8, ['r4 4', 'r4 8']],
  ] as const)('of %d bytes reaches the device in accesses of 1, 2 or 4', (length, log) => {
    const { all, device } = bus();
    expect(all.read(0x1004, new Uint8Array(8), length)).toBe(true);
    expect(device.log).toEqual(log);
  });

  it('reads in the guest memory order of its window', () => {
    const data = new Uint8Array(8);
    expect(bus('little').all.read(0x1000, data, 4)).toBe(true);
    expect([...data]).toEqual([0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0]);
    expect(bus('big').all.read(0x1000, data, 4)).toBe(true);
    expect([...data.subarray(0, 4)]).toEqual([0x11, 0x22, 0x33, 0x44]);
    expect(bus('big').all.read(0x1000, data, 3)).toBe(true);
    expect([...data.subarray(0, 3)]).toEqual([0x11, 0x22, 0x11]);
  });

  it('writes in the guest memory order of its window, as an unsigned value', () => {
    const data = Uint8Array.of(0xf1, 0xf2, 0xf3, 0xf4, 5, 6, 7, 8);
    const little = bus('little');
    little.all.write(0x1000, data, 4);
    little.all.write(0x1008, data, 3);
    expect(little.device.log).toEqual(['w4 0 f4f3f2f1', 'w2 8 f2f1', 'w1 10 f3']);
    const big = bus('big');
    big.all.write(0x1000, data, 4);
    big.all.write(0x1000, data, 8);
    expect(big.device.log).toEqual(['w4 0 f1f2f3f4', 'w4 0 f1f2f3f4', 'w4 4 5060708']);
  });

  it('that nobody claims, or that leaves the window, is refused and reaches nobody', () => {
    const { all, device } = bus();
    const data = new Uint8Array(8);
    for (const [address, length] of [
      [0, 4],
      [0xfff, 1],
      [0x1100, 1],
      [0x10fe, 4],
      [0x10ff, 2],
      [0x10fc, 8],
      [-4, 4],
      [Number.NaN, 4],
    ] as const) {
      expect(all.read(address, data, length)).toBe(false);
      expect(all.write(address, data, length)).toBe(false);
    }
    expect(device.log).toEqual([]);
    expect(new Bus().read(0, data, 4)).toBe(false);
  });
});
