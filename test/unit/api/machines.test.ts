import { expect, it } from 'vitest';
import { describeMachines } from '../../../src/api/machines.ts';

it('lists the machines with their memory map', () => {
  const paravirt = describeMachines().find(({ name }) => name === 'mips-paravirt');
  expect(paravirt).toMatchObject({ architecture: 'MIPS32r2', maxCpus: 8, maxMemory: 2 ** 30, consoles: ['virtio'] });
  expect(paravirt?.devices).toContainEqual({
    name: 'virtio-mmio0',
    address: 0x12000000,
    size: 0x200,
    irq: 16,
    disks: 0,
  });
  expect(paravirt?.devices).toContainEqual({
    name: 'virtio-mmio8',
    address: 0x12001000,
    size: 0x200,
    irq: 24,
    disks: 8,
  });
  expect(paravirt?.devices).toContainEqual({ name: 'irqchip', address: 0x1e010000, size: 0x1000, irq: null, disks: 0 });
});
