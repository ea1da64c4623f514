// A PCI function's configuration space as software meets it: header, sizing, decoding, capabilities, interrupt.
import { describe, expect, it } from 'vitest';
import { PciFunction, type PciFunctionOptions } from '../../../../src/devices/pci/function.ts';
import { SavedState } from '../../../../src/devices/state.ts';
import { Bus, type BusTarget } from '../../../../src/memory/bus.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

const target = (name: string, size: number): BusTarget => ({ name, size, read: () => 0x42, write: () => {} });

function make(options: Partial<PciFunctionOptions> = {}) {
  const io = new Bus();
  const memory = new Bus();
  const changes: boolean[] = [];
  const fn: PciFunction = new PciFunction({
    name: 'card',
    vendorId: 0x1234,
    deviceId: 0x5678,
    revision: 3,
    classCode: 0x028001,
    subsystemVendorId: 0xaaaa,
    subsystemId: 0xbbbb,
    interruptPin: 2,
    bars: {
      0: { kind: 'io', target: target('ports', 0x20) },
      1: { kind: 'memory32', target: target('registers', 0x1000) },
      2: { kind: 'memory64', target: target('buffer', 0x10000), prefetchable: true },
    },
    ...options,
  });
  fn.attach({
    map: (space, what) => (space === 'io' ? io : memory).map(what, 'little'),
    interruptChanged: () => changes.push(fn.asserted),
    multifunction: () => false,
  });
  return { fn, io, memory, changes };
}

describe('the header', () => {
  it('says what the function is', () => {
    const { fn } = make();
    expect([0x00, 0x08, 0x2c].map((at) => fn.readConfig(at, 4))).toEqual([0x56781234, 0x02800103, 0xbbbbaaaa]);
    expect([fn.readConfig(0x0e, 1), fn.readConfig(0x3d, 1), fn.readConfig(0x34, 1)]).toEqual([0, 3, 0]);
    expect(make({ interruptPin: undefined }).fn.readConfig(0x3d, 1)).toBe(0);
  });

  it('can be read in every width at every place, and reads ones beyond its end', () => {
    const { fn } = make();
    expect([fn.readConfig(1, 1), fn.readConfig(1, 2), fn.readConfig(3, 4)]).toEqual([0x12, 0x7812, 0x00000056]);
    expect([fn.readConfig(0xfe, 4), fn.readConfig(0x100, 4), fn.readConfig(0xfff, 1)]).toEqual([
      0xffff0000, 0xffffffff, 0xff,
    ]);
    expect(() => fn.writeConfig(0xfe, 4, 0xffffffff)).not.toThrow();
  });

  it('keeps what is constant', () => {
    const { fn } = make();
    const before = Array.from({ length: 64 }, (_, i) => fn.readConfig(4 * i, 4));
    for (const at of [0x00, 0x08, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x40, 0xfc]) {
      fn.writeConfig(at, 4, 0xffffffff);
      expect([at, fn.readConfig(at, 4)]).toEqual([at, before[at / 4]]);
    }
  });

  it('takes only the command bits that the function has', () => {
    const command = (options: Partial<PciFunctionOptions>) => {
      const { fn } = make(options);
      fn.writeConfig(4, 2, 0xffff);
      return fn.readConfig(4, 2);
    };
    expect(command({})).toBe(0x547);
    expect(command({ bars: {} })).toBe(0x544);
    expect(command({ bars: {}, interruptPin: undefined, specialCycle: () => {} })).toBe(0x14c);
  });

  it('takes single bytes', () => {
    const { fn } = make();
    fn.writeConfig(0x05, 1, 0x04);
    fn.writeConfig(0x04, 1, 0x02);
    fn.writeConfig(0x3c, 1, 11);
    fn.writeConfig(0x0d, 1, 0xff);
    expect([fn.readConfig(4, 2), fn.readConfig(0x3c, 4), fn.readConfig(0x0d, 1)]).toEqual([0x402, 0x030b, 0xf8]);
  });
});

describe('base address registers', () => {
  it('tell their size and kind', () => {
    const { fn } = make();
    const bars = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30];
    expect(bars.map((at) => fn.readConfig(at, 4))).toEqual([1, 0, 0xc, 0, 0, 0, 0]);
    for (const at of bars) fn.writeConfig(at, 4, 0xffffffff);
    expect(bars.map((at) => fn.readConfig(at, 4))).toEqual([0xffffffe1, 0xfffff000, 0xffff000c, 0xffffffff, 0, 0, 0]);
  });

  it('place their windows while the command register lets them decode', () => {
    const { fn, io, memory } = make();
    fn.writeConfig(0x10, 4, 0x1000);
    fn.writeConfig(0x14, 4, 0x1000_0000);
    const who = () => [io.find(0x101f)?.target.name, memory.find(0x1000_0000)?.target.name];
    expect(who()).toEqual([undefined, undefined]);
    fn.writeConfig(4, 2, 1);
    expect(who()).toEqual(['ports', undefined]);
    fn.writeConfig(4, 2, 3);
    expect(who()).toEqual(['ports', 'registers']);
    fn.writeConfig(0x14, 4, 0x2000_0000);
    expect([who()[1], memory.find(0x2000_0fff)?.target.name]).toEqual([undefined, 'registers']);
    fn.writeConfig(4, 2, 2);
    expect(io.find(0x1000)).toBeUndefined();
  });

  it('reach beyond 4 GiB with 64 bits, and nowhere beyond what can be addressed', () => {
    const { fn, memory } = make();
    fn.writeConfig(4, 2, 2);
    fn.writeConfig(0x18, 4, 0x8001_0000);
    fn.writeConfig(0x1c, 4, 5);
    expect(memory.find(5 * 2 ** 32 + 0x8001_0000)?.target.name).toBe('buffer');
    fn.writeConfig(0x1c, 4, 0xffffffff);
    expect(memory.find(5 * 2 ** 32 + 0x8001_0000)).toBeUndefined();
    expect(() => fn.writeConfig(0x18, 4, 0xffffffff)).not.toThrow();
  });

  it('must have a size that can be told', () => {
    for (const [kind, size] of [
      ['io', 3],
      ['io', 2],
      ['memory32', 8],
      ['memory32', 0x1800],
      ['memory64', 2 ** 31],
    ] as const)
      expect(() => make({ bars: { 0: { kind, target: target('odd', size) } } })).toThrow('no size');
  });
});

describe('a window of a register of its own', () => {
  it('goes where that register says, whatever the command register', () => {
    const { fn, io } = make({
      bars: {},
      windows: [
        {
          space: 'io',
          target: target('block', 0x10),
          address: (fn) => (fn.field('BLOCK') & 1 ? fn.field('BLOCK') & ~0xf : null),
        },
      ],
      registers: [{ name: 'BLOCK', offset: 0x40, width: 2, mask: 0xfff1 }],
    });
    fn.writeConfig(0x40, 2, 0x0200);
    expect(io.find(0x200)).toBeUndefined();
    fn.writeConfig(0x40, 1, 0x01);
    expect(io.find(0x20f)?.target.name).toBe('block');
    fn.reset();
    expect(io.find(0x200)).toBeUndefined();
  });
});

describe('capabilities', () => {
  it('are a chain from 0x34 on, 4 bytes aligned', () => {
    const { fn } = make({
      capabilities: [
        { id: 9, body: [7, 1, 2, 3, 4] },
        { id: 5, body: [6, 0xee] },
      ],
    });
    expect(fn.readConfig(6, 2) & 0x10).toBe(0x10);
    const first = fn.readConfig(0x34, 1);
    const bytes = (at: number, count: number) => Array.from({ length: count }, (_, i) => fn.readConfig(at + i, 1));
    expect([first, bytes(first, 8)]).toEqual([0x40, [9, 0x48, 7, 1, 2, 3, 4, 0]]);
    expect(bytes(0x48, 4)).toEqual([5, 0, 6, 0xee]);
    fn.writeConfig(0x40, 4, 0);
    expect(fn.readConfig(0x40, 1)).toBe(9);
  });

  it('can have registers inside', () => {
    let asked = 0;
    const { fn } = make({
      capabilities: [
        {
          id: 9,
          body: [8, 0, 0, 0, 0, 0],
          registers: [
            { name: 'counter', offset: 4, width: 2, read: () => ++asked, peek: () => asked },
            { name: 'choice', offset: 6, width: 1, mask: 0x0f },
          ],
        },
      ],
    });
    expect([fn.readConfig(0x44, 4), fn.readConfig(0x45, 1), asked]).toEqual([1, 0, 2]);
    fn.writeConfig(0x46, 1, 0xff);
    expect([fn.field('choice'), fn.views().find(({ name }) => name === 'counter')?.value, asked]).toEqual([15, 2, 2]);
    expect(() => fn.field('nothing')).toThrow('no register');
  });
});

describe('status', () => {
  it('is cleared bit by bit by writing ones', () => {
    const { fn } = make({
      registers: [{ name: 'status', offset: 6, width: 2, reset: 0xf900, clear: 0xf900 }],
    });
    fn.writeConfig(4, 4, 0x1000_0000);
    expect(fn.readConfig(6, 2)).toBe(0xe900);
    fn.writeConfig(7, 1, 0xff);
    expect(fn.readConfig(6, 2)).toBe(0);
  });
});

describe('the interrupt', () => {
  it('goes out of the pin unless it is disabled, and shows in the status', () => {
    const { fn, changes } = make();
    fn.irq.set(true);
    fn.irq.set(true);
    expect([changes, fn.readConfig(6, 2)]).toEqual([[true], 8]);
    fn.writeConfig(4, 2, 0x400);
    expect([changes, fn.asserted, fn.readConfig(6, 2)]).toEqual([[true, false], false, 8]);
    fn.irq.set(false);
    fn.writeConfig(4, 2, 0);
    expect([changes, fn.readConfig(6, 2)]).toEqual([[true, false], 0]);
    fn.irq.set(true);
    fn.reset();
    expect(changes).toEqual([true, false, true, false]);
  });
});

describe('saved state', () => {
  const used = () => {
    const made = make();
    made.fn.writeConfig(0x10, 4, 0x2000);
    made.fn.writeConfig(0x1c, 4, 7);
    made.fn.writeConfig(4, 2, 3);
    made.fn.irq.set(true);
    return made;
  };

  it('brings back registers, windows and the interrupt, and drives nothing', () => {
    const saved = JSON.parse(JSON.stringify(used().fn.save()));
    const { fn, io, changes } = make();
    fn.restore(new SavedState('card', saved));
    expect([fn.save(), io.find(0x2000)?.target.name, fn.asserted, changes]).toEqual([saved, 'ports', true, []]);
    fn.irq.set(false);
    expect(changes).toEqual([false]);
  });

  it('that no guest could have made is refused whole', () => {
    const saved = JSON.parse(JSON.stringify(used().fn.save()));
    for (const [key, value] of [
      ['bar0', 0x2003],
      ['bar1', 0x10],
      ['command', 0xffff],
      ['command', -1],
      ['interrupt_line', 0x100],
    ] as const) {
      const { fn, io } = make();
      const before = fn.save();
      const damaged = { ...saved, config: { ...saved.config, [key]: value } };
      expect(() => fn.restore(new SavedState('card', damaged))).toThrow(TsvmError);
      expect([fn.save(), io.find(0x2000)]).toEqual([before, undefined]);
    }
  });
});

it('sits on one bus', () => {
  const { fn } = make();
  const slot = { map: () => ({ base: null, place: () => {} }), interruptChanged: () => {}, multifunction: () => false };
  expect(() => fn.attach(slot)).toThrow('on a bus already');
});
