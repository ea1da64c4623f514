// The machines, as `tsvm machines` lists them.
import { type Board, maxMemory } from '../boards/board.ts';
import { BOARDS } from '../boards/index.ts';
import type { MachineDescription } from './types.ts';

export function describeMachines(): MachineDescription[] {
  return BOARDS.map(describeBoard);
}

function describeBoard(board: Board): MachineDescription {
  const { irqchip } = board;
  return {
    name: board.name,
    summary: board.summary,
    architecture: board.cpu,
    maxCpus: board.maxCpus,
    maxMemory: maxMemory(board),
    consoles: Object.keys(board.consoles),
    devices: [
      ...board.devices.map(({ name, address, size, irq, disks = 0 }) => ({ name, address, size, irq, disks })),
      { name: irqchip.name, address: irqchip.address, size: irqchip.size, irq: null, disks: 0 },
    ],
  };
}
