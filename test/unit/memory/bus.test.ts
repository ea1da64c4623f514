// The MMIO bus: which window answers, in which pieces, in which byte order; addresses that nobody claims.
import { describe, expect, it } from 'vitest';
import { Bus, type BusTarget } from '../../../src/memory/bus.ts';
import { random } from '../../support/devices/fakes.ts';

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

describe('a placed window', () => {
  const setUp = () => {
    const all = new Bus();
    const device = new Registers('device', 0x100);
    return { all, device, window: all.map(device, 'little') };
  };

  it('stands nowhere until it is placed, and can be moved and taken away', () => {
    const { all, device, window } = setUp();
    expect([window.base, all.find(0)]).toEqual([null, undefined]);
    window.place(0x4000);
    expect(all.find(0x40ff)).toMatchObject({ base: 0x4000, target: device });
    window.place(0x8000);
    expect([all.find(0x4000), all.find(0x8000)?.target]).toEqual([undefined, device]);
    window.place(null);
    expect([window.base, all.find(0x8000)]).toEqual([null, undefined]);
  });

  it('stands nowhere when its place is no address', () => {
    const { all, window } = setUp();
    for (const base of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 53 - 0x80]) {
      window.place(0x1000);
      window.place(base);
      expect([base, window.base, all.find(base), all.find(0x1000)]).toEqual([base, null, undefined, undefined]);
    }
  });

  it('takes the size its target has when it is placed', () => {
    const all = new Bus();
    const target = { name: 'growing', size: 0x10, read: () => 7, write: () => {} };
    const window = all.map(target, 'little');
    window.place(0x100);
    target.size = 0x20;
    expect(all.find(0x11f)).toBeUndefined();
    window.place(0x100);
    expect(all.find(0x11f)?.target).toBe(target);
    target.size = 0;
    window.place(0x100);
    expect(all.find(0x100)).toBeUndefined();
  });

  it('is hidden by a fixed one and by one that was mapped before it, until they leave', () => {
    const { all, device, window } = setUp();
    const fixed = new Registers('fixed', 0x10);
    all.add(0x1040, fixed, 'little');
    const later = new Registers('later', 0x100);
    const other = all.map(later, 'little');
    other.place(0x1000);
    window.place(0x1080);
    const who = (...addresses: number[]) => addresses.map((address) => all.find(address)?.target.name);
    expect(who(0x1000, 0x103f, 0x1040, 0x1050, 0x107f, 0x1080, 0x10ff, 0x117f, 0x1180)).toEqual([
      'later',
      'later',
      'fixed',
      'later',
      'later',
      'device',
      'device',
      'device',
      undefined,
    ]);
    window.place(0x1000);
    expect(who(0x1000, 0x1040, 0x10ff, 0x1100)).toEqual(['device', 'fixed', 'device', undefined]);
    window.place(null);
    expect(who(0x1000, 0x1040, 0x10ff)).toEqual(['later', 'fixed', 'later']);
    expect(device.log).toEqual([]);
  });

  it('keeps its offsets where another hides its start, and is not reached across the border', () => {
    const { all, device, window } = setUp();
    all.add(0x1000, new Registers('fixed', 0x40), 'little');
    window.place(0x1000);
    const data = new Uint8Array(8);
    expect(all.read(0x1040, data, 4)).toBe(true);
    expect(all.read(0x103e, data, 4)).toBe(false);
    expect(all.write(0x103e, data, 4)).toBe(false);
    expect(device.log).toEqual(['r4 64']);
  });

  it('is found as a list of all windows would be searched, wherever guests put them', () => {
    const next = random(11);
    for (let round = 0; round < 60; round++) {
      const all = new Bus();
      const fixed = [0x100, 0x180, 0x300].map((base, i) => {
        const target = new Registers(`fixed ${i}`, 0x20);
        all.add(base, target, 'little');
        return { base, target };
      });
      const windows = Array.from({ length: 5 }, (_, i) => {
        const target = new Registers(`placed ${i}`, 1 << (3 + (next() % 7)));
        return { target, window: all.map(target, 'little') };
      });
      for (let step = 0; step < 30; step++) {
        windows[next() % 5]!.window.place(next() % 4 === 0 ? null : next() % 0x400);
        const candidates = [...fixed, ...windows.map(({ target, window }) => ({ target, base: window.base }))];
        const borders = candidates.flatMap(({ base, target }) => (base === null ? [] : [base, base + target.size]));
        for (const address of borders.flatMap((border) => [border - 1, border, border + 1])) {
          const expected = candidates.find(
            ({ base, target }) => base !== null && address >= base && address < base + target.size,
          );
          expect(all.find(address)?.target.name).toBe(expected?.target.name);
        }
      }
    }
  });
});

describe('a bus behind a window', () => {
  /** Bytes that keep what is written, in the order of their addresses. */
  class Bytes implements BusTarget {
    readonly name = 'bytes';
    readonly size = 0x10;
    readonly bytes = new Uint8Array(0x10);
    read(offset: number, length: 1 | 2 | 4): number {
      let value = 0;
      for (let i = 0; i < length; i++) value |= this.bytes[offset + i]! << (8 * i);
      return value >>> 0;
    }
    write(offset: number, length: 1 | 2 | 4, value: number): void {
      for (let i = 0; i < length; i++) this.bytes[offset + i] = value >>> (8 * i);
    }
  }

  const behind = (order: 'little' | 'big' = 'little') => {
    const outer = new Bus();
    const inner = new Bus();
    const bytes = new Bytes();
    inner.add(0x104, bytes, order);
    const view = inner.view('inner', 0x200);
    outer.map(view, 'little').place(0x8000);
    return { outer, inner, bytes, view };
  };

  it('keeps every byte at its address, for every width', () => {
    const { outer, bytes } = behind();
    outer.write(0x8104, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 8);
    expect([...bytes.bytes.subarray(0, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const length of [1, 2, 3, 4, 8]) {
      const data = new Uint8Array(8);
      expect(outer.read(0x8105, data, length)).toBe(true);
      expect([...data.subarray(0, length)]).toEqual([2, 3, 4, 5, 6, 7, 8, 0].slice(0, length));
    }
  });

  it('gives a big-endian device behind it what it would see in front', () => {
    const { outer, bytes } = behind('big');
    outer.write(0x8104, Uint8Array.of(1, 2, 3, 4), 4);
    // The device's value was 0x01020304.
    expect([...bytes.bytes.subarray(0, 4)]).toEqual([4, 3, 2, 1]);
    const data = new Uint8Array(4);
    outer.read(0x8104, data, 4);
    expect([...data]).toEqual([1, 2, 3, 4]);
  });

  it('reads ones where nobody is, and cuts what no device holds whole', () => {
    const { inner, bytes } = behind();
    bytes.write(0, 4, 0x44332211);
    bytes.write(12, 4, 0xddccbbaa);
    expect([inner.load(0x0, 1), inner.load(0x0, 2), inner.load(0x0, 4)]).toEqual([0xff, 0xffff, 0xffffffff]);
    expect([inner.load(0x102, 4), inner.load(0x103, 4), inner.load(0x103, 2)]).toEqual([
      0x2211ffff, 0x332211ff, 0x11ff,
    ]);
    expect([inner.load(0x112, 4), inner.load(0x113, 4)]).toEqual([0xffffddcc, 0xffffffdd]);
    inner.store(0x101, 4, 0x99887766);
    inner.store(0x113, 4, 0x01020304);
    inner.store(0x200, 4, 0x01020304);
    expect([bytes.read(0, 4), bytes.read(12, 4)]).toEqual([0x44332299, 0x04ccbbaa]);
  });

  it('shows another part when its origin moves', () => {
    const { outer, bytes, view } = behind();
    bytes.write(0, 1, 0x5a);
    view.origin = 0x104;
    const data = new Uint8Array(1);
    expect(outer.read(0x8000, data, 1)).toBe(true);
    expect(data[0]).toBe(0x5a);
  });
});

describe('the windows of a bus', () => {
  it('are named where they stand, in pieces where others hide them, and those of a bus behind a window too', () => {
    const inner = new Bus();
    inner.add(0x10, new Registers('uart', 8), 'little');
    inner.add(0x3000, new Registers('beyond', 8), 'little');
    const all = new Bus();
    all.add(0x9000, inner.view('isa', 0x1000), 'little');
    all.add(0x1040, new Registers('chip', 0x10), 'little');
    all.map(new Registers('card', 0x100), 'little').place(0x1000);
    expect(all.windows()).toEqual([
      { base: 0x1000, size: 0x40, name: 'card' },
      { base: 0x1040, size: 0x10, name: 'chip' },
      { base: 0x1050, size: 0xb0, name: 'card' },
      { base: 0x9010, size: 8, name: 'uart' },
    ]);
  });
});
