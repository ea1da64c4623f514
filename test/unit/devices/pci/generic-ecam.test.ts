// Configuration space as memory: which function an offset reaches.
import { describe, expect, it } from 'vitest';
import { PciBus } from '../../../../src/devices/pci/bus.ts';
import { PciFunction } from '../../../../src/devices/pci/function.ts';
import { GenericEcamHost } from '../../../../src/devices/pci/generic-ecam.ts';
import { Bus } from '../../../../src/memory/bus.ts';

function make() {
  const pci = new PciBus({ io: new Bus(), memory: new Bus(), swizzle: () => 0, setLine: () => {} });
  const card = (deviceId: number) => new PciFunction({ name: 'card', vendorId: 0x1234, deviceId, classCode: 0 });
  pci.add(2, 0, card(1));
  pci.add(31, 7, card(2));
  return new GenericEcamHost(pci);
}

describe('the configuration window', () => {
  it('has 4 KiB for each function: device in bits 19:15, function in bits 14:12', () => {
    const host = make();
    expect(host.size).toBe(0x10_0000);
    expect(host.read(0, 4)).toBe(0x0008_1b36);
    expect(host.read(8, 4)).toBe(0x0600_0000);
    expect(host.read(2 << 15, 4)).toBe(0x0001_1234);
    expect(host.read((31 << 15) | (7 << 12), 4)).toBe(0x0002_1234);
    expect(host.read((31 << 15) | (7 << 12) | 2, 2)).toBe(2);
    expect(host.read((31 << 15) | (6 << 12), 4)).toBe(0xffff_ffff);
    expect(host.read(1 << 15, 1)).toBe(0xff);
  });

  it('takes writes', () => {
    const host = make();
    host.write(0x3c, 1, 0x5a);
    expect(host.read(0x3c, 4) & 0xff).toBe(0x5a);
  });

  it('has no extended configuration space', () => {
    const host = make();
    host.write(0x100 + 0x3c, 1, 0x5a);
    expect([host.read(0x100, 4), host.read(0xffc, 4), host.read(0x3c, 1)]).toEqual([0, 0, 0]);
    expect(host.read((1 << 15) | 0x100, 4)).toBe(0xffff_ffff);
  });
});
