import { expect, it } from 'vitest';
import { describeMachines } from '../../../src/api/machines.ts';

it('lists the machines with their memory map', () => {
  const paravirt = describeMachines().find(({ name }) => name === 'mips-paravirt');
  expect(paravirt).toMatchObject({ architecture: 'MIPS32r2', maxCpus: 8, maxMemory: 2 ** 30, consoles: ['virtio'] });
  const device = (name: string, address: number, size: number, line: number | null, disks = 0) => ({
    name,
    windows: [{ bus: null, address, size }],
    pci: null,
    irq: line === null ? null : { chip: 'kvm', line },
    needs: { disks, console: null, transport: null },
  });
  expect(paravirt?.devices).toContainEqual(device('virtio-mmio0', 0x12000000, 0x200, 16));
  expect(paravirt?.devices).toContainEqual(device('virtio-mmio8', 0x12001000, 0x200, 24, 8));
  expect(paravirt?.devices).toContainEqual(device('irqchip', 0x1e010000, 0x1000, null));
});
