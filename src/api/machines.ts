// The machines, as `tsvm machines` lists them.
import { type Board, type BoardIrqchip, maxMemory } from '../boards/board.ts';
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
    cpuModels: board.cpuModels,
    maxCpus: board.maxCpus,
    maxMemory: maxMemory(board),
    consoles: Object.keys(board.consoles),
    devices: [
      ...board.devices.map(({ name, windows, preset = [], pci = null, irq, needs = {} }) => ({
        name,
        windows: [...windows, ...preset].map(({ bus = null, address, size }) => ({ bus, address, size })),
        pci,
        irq,
        needs: { disks: needs.disks ?? 0, console: needs.console ?? null, transport: needs.transport ?? null },
      })),
      ...(irqchip ? [ofIrqchip(irqchip)] : []),
    ],
  };
}

function ofIrqchip({ name, windows: own }: BoardIrqchip): MachineDescription['devices'][number] {
  const windows = own.map(({ address, size }) => ({ bus: null, address, size }));
  return { name, windows, pci: null, irq: null, needs: { disks: 0, console: null, transport: null } };
}
