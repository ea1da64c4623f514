// The virtio devices that boards have, and the transports they put them on.
import type { ConsoleInput } from '../devices/device.ts';
import type { PciPin } from '../devices/pci/registers.ts';
import { VirtioBlk } from '../devices/virtio/blk.ts';
import { VirtioConsole } from '../devices/virtio/console.ts';
import type { VirtioDevice } from '../devices/virtio/device.ts';
import { VirtioMmio } from '../devices/virtio/mmio.ts';
import { VirtioPci } from '../devices/virtio/pci.ts';
import { hex } from '../util/bits.ts';
import type { BoardConsole, BoardContext, BoardDevice, RegisterOrder } from './board.ts';

/** A virtio device that has no transport yet. */
interface MadeVirtio {
  readonly device: VirtioDevice;
  readonly console?: BoardConsole;
  readonly agent?: ConsoleInput;
}

type MakeVirtio = (context: BoardContext) => MadeVirtio;

export const VIRTIO_MMIO_SIZE = 0x200;
/** virtio 1.2, 4.2.2: little-endian for every guest; a big-endian MIPS readl() swaps (SWAP_IO_SPACE). */
export const VIRTIO_MMIO_ORDER: RegisterOrder = 'little';

/** The console; with `multiport` the guest says when it listens, so that nothing typed early is lost. */
export function virtioConsole(multiport: boolean): MakeVirtio {
  return (context) => {
    const ports = [{ name: '', backend: context.consoleOutput }];
    const device = new VirtioConsole(context, { ports, multiport, resizeOrder: 'rows-cols' });
    const input = device.port(0);
    return {
      device,
      console: {
        room: () => input.room(),
        input: (bytes) => input.input(bytes),
        resize: (columns, rows) => device.resize(columns, rows),
      },
    };
  };
}

/** What the guest agent finds its port by (agent/README.md). */
const AGENT_PORT = 'tsvm.agent';

/** A byte channel of its own, for the guest agent. */
export const virtioAgent: MakeVirtio = (context) => {
  const ports = [{ name: AGENT_PORT, backend: context.agentOutput ?? { write: () => {} }, console: false }];
  const device = new VirtioConsole(context, { ports, multiport: true });
  return { device, agent: device.port(0) };
};

/** The user's disk `n`. */
export function virtioDisk(n: number): MakeVirtio {
  return (context) => ({
    device: new VirtioBlk(context, { name: `virtio-blk${n}`, backend: context.disks[n]! }),
  });
}

/** A device behind virtio-mmio registers. */
export function onMmio(make: MakeVirtio): BoardDevice['make'] {
  return (context, { irq }) => {
    const { device, ...made } = make(context);
    const mmio = new VirtioMmio({ irq }, device, { legacy: context.virtio === 'legacy' });
    return { device: mmio, windows: [mmio], ...made };
  };
}

/** A device on the PCI bus; its pin follows its function, so that a full slot uses all four. */
export function onPci(make: MakeVirtio, place: { device: number; number: number }): BoardDevice['make'] {
  return (context, wiring) => {
    const { device, ...made } = make(context);
    const interruptPin = (place.number % 4) as PciPin;
    const pci = new VirtioPci(device, { interface: context.virtio ?? 'transitional', interruptPin });
    wiring.pci().add(place.device, place.number, pci.function);
    return { device: pci, windows: [], ...made };
  };
}

/** Linux's virtio_mmio.device= words (VIRTIO_MMIO_CMDLINE_DEVICES) for rows made by onMmio. */
export function virtioMmioWords(rows: readonly BoardDevice[]): string[] {
  return rows.flatMap(({ windows, irq }) =>
    windows.map(({ size, address }) => `virtio_mmio.device=${hex(size, 1)}@${hex(address, 1)}:${irq!.line}`),
  );
}
