// Device addresses by name (src/api/trace/mmio-names.ts).
import { expect, it } from 'vitest';
import { mmioNames } from '../../../../src/api/trace/mmio-names.ts';

const device = (name: string, ...registers: (readonly [name: string, offset: number])[]) => ({
  name,
  registers: () => registers.map(([register, offset]) => ({ name: register, offset })),
});

const name = mmioNames(
  [
    { name: 'uart0', base: 0x1000, size: 8 },
    { name: 'malta-fpga', base: 0x2000, size: 0x900 },
    { name: 'gic-distributor', base: 0x3000, size: 0x1000 },
    { name: 'gic-cpu-interface', base: 0x4000, size: 0x2000 },
    { name: 'virtio-blk0 legacy', base: 0x7000, size: 0x40 },
  ],
  [
    device('uart0', ['rbr', 0], ['thr', 0], ['lsr', 5]),
    device('gic', ['GICD_CTLR', 0], ['GICC_CTLR', 0], ['GICC_IAR', 0xc], ['GICD_ITARGETSR0', 0x800]),
    device('virtio', ['nothing', 0]),
    device('virtio-blk0', ['pci command', 4], ['legacy queue_pfn', 8]),
  ],
);

it.each([
  ['a register', 0x1005, 'uart0 lsr'],
  ['two at one place', 0x1000, 'uart0 rbr/thr'],
  ['a place without a register', 0x1007, 'uart0 +0x07'],
  ['a window without a device of its name', 0x2500, 'malta-fpga +0x500'],
  ['the windows of one device', 0x3000, 'gic-distributor GICD_CTLR'],
  ['the windows of one device', 0x400c, 'gic-cpu-interface GICC_IAR'],
  ['a window of a PCI function', 0x7008, 'virtio-blk0 legacy queue_pfn'],
  ['a register that cannot be read', 0x4010, 'gic-cpu-interface EOIR'],
  ['nobody', 0x9000, null],
])('%s: %i is %s', (_what, address, expected) => {
  expect(name(address)).toBe(expected);
});
