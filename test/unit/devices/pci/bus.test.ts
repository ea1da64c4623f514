// PCI bus 0: who answers where, lines that are shared, special cycles.
import { describe, expect, it } from 'vitest';
import { PciBus } from '../../../../src/devices/pci/bus.ts';
import { PciFunction, type PciFunctionOptions } from '../../../../src/devices/pci/function.ts';
import { Bus } from '../../../../src/memory/bus.ts';

function card(options: Partial<PciFunctionOptions> = {}): PciFunction {
  return new PciFunction({ name: 'card', vendorId: 0x1234, deviceId: 1, classCode: 0, interruptPin: 0, ...options });
}

function make() {
  const lines: string[] = [];
  const pci = new PciBus({
    io: new Bus(),
    memory: new Bus(),
    swizzle: (device, pin) => (device + pin) % 4,
    setLine: (line, level) => lines.push(`${line} ${level ? 'up' : 'down'}`),
  });
  return { pci, lines };
}

describe('configuration space', () => {
  it('reads ones where nobody is, and on every other bus', () => {
    const { pci } = make();
    pci.add(3, 0, card());
    expect(pci.readConfig(0, 3, 0, 0, 4)).toBe(0x00011234);
    expect([pci.readConfig(0, 4, 0, 0, 4), pci.readConfig(0, 3, 1, 0, 2), pci.readConfig(1, 3, 0, 0, 1)]).toEqual([
      0xffffffff, 0xffff, 0xff,
    ]);
    for (const [bus, device, number] of [
      [255, 3, 0],
      [0, 35, 0],
      [0, 2, 8],
      [0, -1, 0],
      [0, 31, 7],
    ] as const) {
      expect(pci.find(bus, device, number)).toBeUndefined();
      expect(() => pci.writeConfig(bus, device, number, 0, 4, 0)).not.toThrow();
    }
  });

  it('is written by bus, device, function, register and length', () => {
    const { pci } = make();
    pci.add(3, 2, card());
    pci.writeConfig(0, 3, 2, 0x3c, 1, 9);
    pci.writeConfig(1, 3, 2, 0x3c, 1, 7);
    expect(pci.readConfig(0, 3, 2, 0x3c, 1)).toBe(9);
  });

  it('says that a device has several functions', () => {
    const { pci } = make();
    pci.add(3, 0, card());
    pci.add(4, 0, card());
    expect(pci.readConfig(0, 3, 0, 0x0e, 1)).toBe(0);
    pci.add(3, 5, card());
    expect([3, 4].map((device) => pci.readConfig(0, device, 0, 0x0e, 1))).toEqual([0x80, 0]);
  });

  it('has a place for each function once', () => {
    const { pci } = make();
    pci.add(3, 0, card());
    for (const [device, number] of [
      [3, 0],
      [32, 0],
      [0, 8],
      [-1, 0],
    ] as const)
      expect(() => pci.add(device, number, card())).toThrow('cannot be function');
  });
});

describe('interrupt lines', () => {
  it('are shared as the swizzle wires them, and up while anybody asks', () => {
    const { pci, lines } = make();
    const a = card();
    const b = card({ interruptPin: 3 });
    const c = card();
    pci.add(4, 0, a);
    pci.add(5, 0, b);
    pci.add(6, 0, c);
    a.irq.set(true);
    b.irq.set(true);
    c.irq.set(true);
    a.irq.set(false);
    expect(lines).toEqual(['0 up', '0 up', '2 up', '0 up']);
    b.irq.set(false);
    expect(lines.at(-1)).toBe('0 down');
  });

  it('are left alone by functions without a pin', () => {
    const { pci, lines } = make();
    const mute = card({ interruptPin: undefined });
    pci.add(1, 0, mute);
    mute.irq.set(true);
    expect(lines).toEqual([]);
  });
});

it('a special cycle reaches the functions that listen', () => {
  const { pci } = make();
  const heard: string[] = [];
  for (const number of [0, 1])
    pci.add(2, number, card({ specialCycle: (data) => heard.push(`${number} ${data.toString(16)}`) }));
  pci.add(3, 0, card());
  pci.specialCycle(1);
  pci.writeConfig(0, 2, 1, 4, 2, 0x8);
  pci.writeConfig(0, 3, 0, 4, 2, 0x8);
  pci.specialCycle(0x00120002);
  expect(heard).toEqual(['1 120002']);
});
