// The GT-64120 as Linux's Malta code meets it, in both byte orders.
import { describe, expect, it } from 'vitest';
import { PciFunction } from '../../../../src/devices/pci/function.ts';
import { GT_BASE, IO_BASE, MaltaPci } from '../../../support/devices/malta-pci.ts';

const CFGADDR = 0xcf8;
const CFGDATA = 0xcfc;

/** A port and a memory window of plain bytes. */
function bytes(size: number) {
  const store = new Uint8Array(size);
  return {
    name: 'bytes',
    size,
    store,
    read: (offset: number, length: 1 | 2 | 4) => {
      let value = 0;
      for (let i = 0; i < length; i++) value |= (store[offset + i] ?? 0) << (8 * i);
      return value >>> 0;
    },
    write: (offset: number, length: 1 | 2 | 4, value: number) => {
      for (let i = 0; i < length; i++) store[offset + i] = value >>> (8 * i);
    },
  };
}

describe.each(['little', 'big'] as const)('on a %s-endian CPU', (endianness) => {
  const machine = () => new MaltaPci(endianness);

  it('finds the functions of the bus, and no others', () => {
    const m = machine();
    const found: string[] = [];
    for (let device = 0; device < 31; device++)
      for (let number = 0; number < 8; number++) {
        const id = m.configRead(device, number, 0);
        if (id !== null) found.push(`${device}.${number} ${id.toString(16)}`);
      }
    expect(found).toEqual(['0.0 462011ab', '10.0 71108086', '10.1 71118086', '10.3 71138086']);
    expect([m.configRead(10, 0, 0, 1), m.configRead(0, 0, 0, 3)]).toEqual([null, null]);
    expect(m.misuses).toEqual([]);
  });

  it('writes configuration as numbers, its own like those of others', () => {
    const m = machine();
    expect(m.configWrite(10, 0, 0x60, 0x0b0a8005)).toBe(true);
    expect([m.configRead(10, 0, 0x60), m.pci.readConfig(0, 10, 0, 0x60, 1)]).toEqual([0x0b0a8005, 5]);
    m.configWrite(0, 0, 0x20, 0x1be00000);
    expect([m.configRead(0, 0, 0x20), m.pci.readConfig(0, 0, 0, 0x20, 4)]).toEqual([0x1be00000, 0x1be00000]);
    expect(m.configWrite(11, 0, 0, 0)).toBe(false);
  });

  it('stands where boot code leaves it, with windows for Linux', () => {
    const m = machine();
    expect(m.gtRead(0x68)).toBe(0xdf);
    expect([0x48, 0x50, 0x58, 0x60, 0x80, 0x88].map((offset) => m.gtRead(offset))).toEqual([
      0xc0, 0x40, 0x80, 0x3f, 0xc1, 0x5e,
    ]);
    // Linux: I/O base from the window's start, and start & remap must be 0.
    expect([(m.gtRead(0x48) & 0xffff) * 0x200000, m.gtRead(0x48) & m.gtRead(0xf0)]).toEqual([IO_BASE, 0]);
    expect(m.gtRead(0xc00)).toBe(endianness === 'little' ? 0x10001 : 0);
    const who = [0x10000000, 0x17ffffff, 0x18000000, 0x181fffff, 0x18200000, 0x1bdfffff, 0x1be00000, 0x1be01000].map(
      (address) => m.system.find(address)?.target.name,
    );
    expect(who).toEqual(['PCI0M0', 'PCI0M0', 'PCI0IO', 'PCI0IO', 'PCI0M1', 'PCI0M1', 'gt64120', undefined]);
  });

  it('keeps every byte at its address in I/O and memory windows', () => {
    const m = machine();
    const ports = bytes(8);
    const memory = bytes(0x100);
    m.io.add(0x3f8, ports, 'little');
    m.memory.add(0x1000_0000, memory, 'little');
    m.store(IO_BASE + 0x3f9, 1, 0x5a);
    expect([ports.store[1], m.load(IO_BASE + 0x3f9, 1)]).toEqual([0x5a, 0x5a]);
    // A CPU's own number lands in its own order; drivers swap with the bus in mind.
    m.store(0x1000_0010, 4, 0x01020304);
    expect([...memory.store.subarray(0x10, 0x14)]).toEqual(endianness === 'little' ? [4, 3, 2, 1] : [1, 2, 3, 4]);
    expect(m.load(0x1000_0010, 4)).toBe(0x01020304);
    expect([m.load(0x1000_0100, 4), m.load(IO_BASE, 1)]).toEqual([0xffffffff, 0xff]);
  });

  it('returns the vector of an interrupt acknowledge cycle', () => {
    const m = machine();
    m.vector = 0x123;
    expect([m.gtRead(0xc34), m.acknowledged]).toEqual([0x23, 1]);
    m.gt.registers();
    m.gtWrite(0xc34, 5);
    expect(m.acknowledged).toBe(1);
  });
});

describe('a configuration cycle', () => {
  it('that nobody takes is a master abort, which only a 0 clears', () => {
    const m = new MaltaPci();
    m.gtWrite(CFGADDR, 0x80000000 | (11 << 11));
    expect([m.gtRead(0xc18), m.gtRead(CFGDATA), m.gtRead(0xc18)]).toEqual([0, 0xffffffff, 1 << 18]);
    m.gtWrite(0xc18, 0xffffffff);
    expect(m.gtRead(0xc18)).toBe(1 << 18);
    m.gtWrite(0xc18, ~(1 << 18));
    expect(m.gtRead(0xc18)).toBe(0);
    m.gtWrite(CFGDATA, 0);
    expect(m.gtRead(0xc18)).toBe(1 << 18);
  });

  it('does not happen while the address is not enabled', () => {
    const m = new MaltaPci();
    m.gtWrite(CFGADDR, (10 << 11) | 0x60);
    m.gtWrite(CFGDATA, 0x01010101);
    expect([m.gtRead(CFGDATA), m.gtRead(0xc18), m.pci.readConfig(0, 10, 0, 0x60, 1)]).toEqual([0xffffffff, 0, 10]);
  });

  it('passes the byte swap unless it is the chip itself', () => {
    const m = new MaltaPci('little');
    m.gtWrite(0xc00, 0);
    m.gtWrite(CFGADDR, 0x80000000 | (10 << 11));
    expect(m.gtRead(CFGDATA)).toBe(0x86801071);
    m.gtWrite(CFGADDR, 0x80000000);
    expect(m.gtRead(CFGDATA)).toBe(0x462011ab);
    m.gtWrite(CFGADDR, 0x80000000 | (1 << 16));
    expect(m.gtRead(CFGDATA)).toBe(0xffffffff);
  });

  it('can be of a byte or a half', () => {
    const m = new MaltaPci('little');
    m.gtWrite(CFGADDR, 0x80000000 | (10 << 11));
    expect([m.load(GT_BASE + CFGDATA, 1), m.load(GT_BASE + CFGDATA, 2)]).toEqual([0x86, 0x8086]);
    m.gtWrite(CFGADDR, 0x80000000 | (10 << 11) | 0x60);
    m.store(GT_BASE + CFGDATA, 1, 0x83);
    expect(m.pci.readConfig(0, 10, 0, 0x60, 2)).toBe(0x0a83);
  });

  it('to device 31, function 7 is a special cycle and no error', () => {
    const m = new MaltaPci('big');
    const heard: number[] = [];
    const listener = new PciFunction({
      name: 'listener',
      vendorId: 1,
      deviceId: 1,
      classCode: 0,
      specialCycle: (data) => heard.push(data),
    });
    m.pci.add(5, 0, listener);
    m.configWrite(5, 0, 4, 0x8);
    expect(m.configWrite(31, 7, 0, 0x00120002)).toBe(true);
    expect(m.configWrite(31, 7, 4, 1)).toBe(false);
    expect(m.configRead(31, 7, 0)).toBe(null);
    expect(heard).toEqual([0x00120002]);
  });
});

describe('decode windows', () => {
  const io = (m: MaltaPci) => {
    const ports = bytes(0x10);
    ports.store.set([0x11, 0x22, 0x33, 0x44]);
    m.io.add(0x300, ports, 'little');
    return ports;
  };

  it('move with their registers', () => {
    const m = new MaltaPci();
    io(m);
    m.gtWrite(0x48, 0x91);
    m.gtWrite(0xf0, 0);
    m.gtWrite(0x50, 0x11);
    expect([m.load(0x12200300, 4), m.system.find(IO_BASE)]).toEqual([0x44332211, undefined]);
    m.gtWrite(0x50, 0x10);
    expect(m.system.find(0x12200300)?.target.name).toBe('PCI0M0');
  });

  it('show the PCI address of the CPU until a remap is written', () => {
    const m = new MaltaPci();
    const memory = bytes(0x10);
    m.memory.add(0x2000_0000, memory, 'little');
    m.gtWrite(0x58, 0x100);
    m.gtWrite(0x60, 0x0f);
    expect(m.gtRead(0xf8)).toBe(0x100);
    memory.store[0] = 0x77;
    expect(m.load(0x2000_0000, 1)).toBe(0x77);
    // A window of 32 MiB: what lies below that is the CPU's address, above it the remap's.
    m.gtWrite(0xf8, 0x7ff);
    m.memory.add(0xfe20_0000, bytes(4), 'little');
    expect([m.load(0x2000_0000, 1), m.load(0x2020_0000, 1)]).toEqual([0xff, 0]);
  });

  it("keep the CPU's address below the highest bit that differs between start and end", () => {
    const m = new MaltaPci();
    const memory = bytes(0x10);
    m.memory.add(0x7e0 * 0x200000, memory, 'little');
    memory.store[0] = 0x66;
    m.gtWrite(0x58, 0x100);
    m.gtWrite(0x60, 0x10);
    m.gtWrite(0xf8, 0x7ff);
    expect(m.load(0x2000_0000, 1)).toBe(0x66);
  });

  it('as Linux computes memory offsets from them', () => {
    const m = new MaltaPci();
    const [start, high, map] = [m.gtRead(0x58), m.gtRead(0x60), m.gtRead(0xf8)];
    const end = (high & 0x7f) | (start & ~0x7f);
    const mask = ~(start ^ end);
    expect([start << 21, end << 21, (start & mask) - (map & mask)]).toEqual([0x10000000, 0x17e00000, 0]);
  });

  it('may lie over each other and over the registers, which stay in reach', () => {
    const m = new MaltaPci();
    io(m);
    m.gtWrite(0x80, 0xc0);
    m.gtWrite(0x88, 0x7f);
    expect([m.system.find(IO_BASE + 0x300)?.target.name, m.load(IO_BASE + 0x300, 1)]).toEqual(['PCI0IO', 0x11]);
    expect([m.gtRead(0x80), m.system.find(0x1be01000)?.target.name]).toEqual([0xc0, 'PCI0M1']);
    m.gtWrite(0x50, 0);
    expect(m.system.find(IO_BASE + 0x300)?.target.name).toBe('PCI0M1');
  });

  it('keep the register block itself movable', () => {
    const m = new MaltaPci();
    m.gtWrite(0x68, 0xa0);
    expect([m.system.find(GT_BASE), m.load(0x14000068, 4)]).toEqual([undefined, 0xa0]);
    m.store(0x14000068, 4, 0xdf);
    expect(m.gtRead(0x68)).toBe(0xdf);
  });
});

it('holds values in its other registers, and knows which it has', () => {
  const m = new MaltaPci();
  m.gtWrite(0x120, 0x1234);
  m.gtWrite(0xc1c, 0xffffffff);
  m.gtWrite(0x08, 0xffffffff);
  expect([0x120, 0xc1c, 0x08].map((offset) => m.gtRead(offset))).toEqual([0x1234, 0xffffffff, 0x7fff]);
  expect([m.gtRead(0xffc), m.misuses]).toEqual([0, ['read of 4 at offset 0xffc: no register there']]);
});

it('returns to its power-on place at reset, and to its saved place when restored', () => {
  const m = new MaltaPci();
  m.gtWrite(0x48, 0x200);
  m.gtWrite(0x50, 0x00);
  m.configWrite(0, 0, 0x20, 0x1be00000);
  m.gtWrite(0x68, 0xa0);
  const saved = JSON.parse(JSON.stringify(m.gt.saveState()));
  m.gt.reset();
  expect([m.gtRead(0x48), m.system.find(0x40000000), m.configRead(0, 0, 0x20)]).toEqual([0xc0, undefined, 0]);
  const later = new MaltaPci();
  later.gt.restoreState(saved);
  expect(later.gt.saveState()).toEqual(saved);
  expect([later.system.find(0x14000000)?.target.name, later.system.find(0x40000000)?.target.name]).toEqual([
    'gt64120',
    'PCI0IO',
  ]);
});
