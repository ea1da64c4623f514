// Board mips-paravirt: the machine of kvmtool's MIPS port (reference MIPS B, KVMTOOL 7) for trap-and-emulate guests: RAM split at
// 256 MiB, virtio-mmio slots, the paravirt interrupt controller, and hypercalls 6, 7 and 8 as a declared extension (mainline T&E
// answers every hypercall with -1000).
import { mips32 } from '../arch/mips/index.ts';
import { COMMAND_LINE_SIZE } from '../boot/cmdline.ts';
import { EM_MIPS } from '../boot/elf-constants.ts';
import { TE_KSEG0, writeBootArguments } from '../boot/linux-mips.ts';
import type { IrqLine } from '../devices/device.ts';
import { ParavirtIrqchip } from '../devices/irqchip/paravirt.ts';
import { VirtioBlk } from '../devices/virtio/blk.ts';
import { VirtioConsole } from '../devices/virtio/console.ts';
import { VirtioMmio } from '../devices/virtio/mmio.ts';
import { hex } from '../util/bits.ts';
import type { Board, BoardContext, BoardDevice, MadeDevice, Segment } from './board.ts';

const MIB = 0x100000;
const SEGMENT_SIZE = 0x2000_0000;
const VIRTIO_BASE = 0x1200_0000;
const VIRTIO_SIZE = 0x200;
/** Slot n interrupts on line 16 + n; Linux's IRQ number is the line number. */
const VIRTIO_FIRST_IRQ = 16;
/** IP2, where the irqchip's output goes (KVM_INTERRUPT). */
const IRQCHIP_OUTPUT = 2;

/** EF_MIPS_ARCH of the sets that MIPS32 release 2 contains: MIPS I, MIPS II, MIPS32, MIPS32r2. */
const EF_MIPS_ARCH = 0xf000_0000;
const MIPS32R2_SUBSETS = [0x0000_0000, 0x1000_0000, 0x5000_0000, 0x7000_0000];

/** Status at entry: ERL and EXL set, BEV clear (as kvmtool sets it by ONE_REG). */
const STATUS = [12, 0, 0x6] as const;
const A0 = 4;

const teKseg0: Segment = { name: 'trap-and-emulate KSEG0', base: TE_KSEG0, size: SEGMENT_SIZE, physical: 0 };

/** Slot 0 is the console, slot 1 + n disk n. */
const MAX_DISKS = 8;
const slots: readonly Pick<BoardDevice, 'make' | 'disks'>[] = [
  { make: virtioConsole },
  ...Array.from({ length: MAX_DISKS }, (_, n) => ({ make: virtioDisk(n), disks: n + 1 })),
];

export const mipsParavirt: Board = {
  name: 'mips-paravirt',
  summary:
    "kvmtool's MIPS machine for trap-and-emulate guests: virtio-mmio, paravirt irqchip, hypercall console and exit",
  cpu: 'MIPS32r2',
  architecture: mips32,
  vmType: 'trap-and-emulate',
  maxCpus: 8,
  ram: [
    { base: 0, size: 256 * MIB },
    { base: 0x2000_0000, size: 768 * MIB },
  ],
  segments: [
    teKseg0,
    { name: 'KSEG0', base: 0x8000_0000, size: SEGMENT_SIZE, physical: 0 },
    { name: 'KSEG1', base: 0xa000_0000, size: SEGMENT_SIZE, physical: 0 },
  ],
  image: {
    machine: EM_MIPS,
    class: 32,
    flags: { mask: EF_MIPS_ARCH, values: MIPS32R2_SUBSETS },
    segment: teKseg0,
    kind: 'trap-and-emulate guest',
  },
  paravirtHypercalls: true,
  consoles: { virtio: 'hvc0' },
  hasRtc: false,
  irqchip: {
    registerOrder: 'guest',
    name: 'irqchip',
    address: 0x1e01_0000,
    size: 0x1000,
    make: (context) =>
      new ParavirtIrqchip({
        cpus: context.cpus,
        output: (cpu) => ({ set: (level) => context.interrupt(cpu, level ? IRQCHIP_OUTPUT : -IRQCHIP_OUTPUT) }),
        misuse: (what) => context.log.once('irqchip misuse', 'warning', `irqchip: ${what}`),
      }),
  },
  devices: slots.map(virtioSlot),
  commandLineSize: COMMAND_LINE_SIZE.mips,
  commandLine: ({ ram, cpus, console, devices }) => [
    ...ram.map(({ base, size }) => `mem=${size / 1024}K@${hex(base, 1)}`),
    `numcpus=${cpus}`,
    ...devices.map(({ address, size, irq }) => `virtio_mmio.device=${hex(size, 1)}@${hex(address, 1)}:${irq}`),
    `console=${console}`,
  ],
  boot: ({ memory, commandLine, taken }) => {
    const { a0, a1, a2, a3 } = writeBootArguments(commandLine, memory, taken, TE_KSEG0);
    return { gpr: [a0, a1, a2, a3].map((value, index) => [A0 + index, value] as const), cp0: [STATUS] };
  },
};

function virtioSlot(device: Pick<BoardDevice, 'make' | 'disks'>, slot: number): BoardDevice {
  return {
    name: `virtio-mmio${slot}`,
    address: VIRTIO_BASE + slot * VIRTIO_SIZE,
    size: VIRTIO_SIZE,
    // virtio 1.2, 4.2.2: little-endian for every guest; a big-endian MIPS readl() swaps (SWAP_IO_SPACE).
    registerOrder: 'little',
    irq: VIRTIO_FIRST_IRQ + slot,
    ...device,
  };
}

function virtioConsole(context: BoardContext, irq: IrqLine): MadeDevice {
  const device = new VirtioConsole(context, { ports: [{ name: '', backend: context.consoleOutput }] });
  const input = device.port(0);
  return {
    device: new VirtioMmio({ irq }, device, { legacy: context.legacyVirtio }),
    console: {
      room: () => input.room(),
      input: (bytes) => input.input(bytes),
      resize: (columns, rows) => device.resize(columns, rows),
    },
  };
}

function virtioDisk(n: number): BoardDevice['make'] {
  return (context, irq) => {
    const device = new VirtioBlk(context, { name: `virtio-blk${n}`, backend: context.disks[n]! });
    return { device: new VirtioMmio({ irq }, device, { legacy: context.legacyVirtio }) };
  };
}
