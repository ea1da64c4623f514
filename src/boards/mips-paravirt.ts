// Board mips-paravirt: the machine of kvmtool's MIPS port (reference MIPS B, KVMTOOL 7) for trap-and-emulate guests: RAM split at
// 256 MiB, virtio-mmio slots, the paravirt interrupt controller, and hypercalls 6, 7 and 8 as a declared extension (mainline T&E
// answers every hypercall with -1000).
import * as kernelAbi from '../arch/mips/kernel-abi.ts';
import { CPU_MODELS } from '../arch/mips/models.ts';
import { COMMAND_LINE_SIZE } from '../boot/cmdline.ts';
import { EM_MIPS } from '../boot/elf-constants.ts';
import { TE_KSEG0, writeBootArguments } from '../boot/linux-mips.ts';
import { ParavirtIrqchip } from '../devices/irqchip/paravirt.ts';
import { hex } from '../util/bits.ts';
import type { Board, BoardDevice } from './board.ts';
import { AGENTS, argumentRegisters, loadMips, MIPS_ARCH_FLAGS, SEGMENTS, TE_SEGMENT } from './mips-images.ts';
import { testFinisher } from './test-finisher.ts';
import {
  onMmio,
  VIRTIO_MMIO_ORDER,
  VIRTIO_MMIO_SIZE,
  virtioAgent,
  virtioConsole,
  virtioDisk,
  virtioMmioWords,
} from './virtio.ts';

const MIB = 0x100000;
const VIRTIO_BASE = 0x1200_0000;
/** Behind the interrupt controller. */
const FINISHER = 0x1e02_0000;
/** Slot n interrupts on line 16 + n; Linux's IRQ number is the line number. */
const VIRTIO_FIRST_IRQ = 16;
/** IP2, where the irqchip's output goes (KVM_INTERRUPT). */
const IRQCHIP_OUTPUT = 2;

/** Status at entry: ERL and EXL set, BEV clear (as kvmtool sets it by ONE_REG). */
const STATUS = ['status', 0x6] as const;

/** Slot 0 is the console, slot 1 + n disk n, the last one the guest agent's. */
const MAX_DISKS = 8;
const slots: readonly Pick<BoardDevice, 'make' | 'needs' | 'console'>[] = [
  { make: onMmio(virtioConsole(false)), console: 'virtio' },
  ...Array.from({ length: MAX_DISKS }, (_, n) => ({ make: onMmio(virtioDisk(n)), needs: { disks: n + 1 } })),
  { make: onMmio(virtioAgent), needs: { agent: true } },
];

export const mipsParavirt: Board = {
  name: 'mips-paravirt',
  summary:
    "kvmtool's MIPS machine for trap-and-emulate guests: virtio-mmio, paravirt irqchip, hypercall console and exit",
  cpu: 'MIPS32r2',
  loadArchitecture: async () => (await import('../arch/mips/index.ts')).mips32,
  loadDebugView: async () => (await import('../arch/mips/debug-view/index.ts')).mipsDebugView,
  cpuModels: CPU_MODELS.map(({ name }) => name),
  kernelAbi,
  fpu: false,
  maxCpus: 8,
  ram: [
    { base: 0, size: 256 * MIB },
    { base: 0x2000_0000, size: 768 * MIB },
  ],
  segments: [TE_SEGMENT, ...SEGMENTS],
  images: [
    {
      vmType: 'trap-and-emulate',
      machine: EM_MIPS,
      class: 32,
      flags: MIPS_ARCH_FLAGS,
      segment: TE_SEGMENT,
      kind: 'trap-and-emulate guest',
    },
  ],
  formats: ['elf'],
  agent: AGENTS,
  paravirtHypercalls: true,
  consoles: { virtio: 'hvc0' },
  transports: ['mmio'],
  hasRtc: false,
  irqchip: {
    registerOrder: 'guest',
    name: 'irqchip',
    windows: [{ address: 0x1e01_0000, size: 0x1000 }],
    make: (context) => {
      const device = new ParavirtIrqchip({
        cpus: context.cpus,
        output: (cpu) => ({ set: (level) => context.interrupt(cpu, level ? IRQCHIP_OUTPUT : -IRQCHIP_OUTPUT) }),
        misuse: (what) => context.log.once('irqchip misuse', 'warning', `irqchip: ${what}`),
      });
      return { device, windows: [device], setLine: (irq, level) => device.setLine(irq, level) };
    },
  },
  devices: [...slots.map(virtioSlot), testFinisher(FINISHER)],
  commandLineSize: COMMAND_LINE_SIZE.mips,
  commandLine: ({ ram, cpus, console, devices }) => [
    ...ram.map(({ base, size }) => `mem=${size / 1024}K@${hex(base, 1)}`),
    `numcpus=${cpus}`,
    ...virtioMmioWords(devices.filter(({ irq }) => irq !== null)),
    `console=${console}`,
  ],
  load: (context) =>
    loadMips(context, { initrd: 'low', initrdGap: 0 }, ({ memory, commandLine, taken }) => {
      const { a0, a1, a2, a3 } = writeBootArguments(commandLine, memory, taken, TE_KSEG0);
      return [...argumentRegisters(a0, a1, a2, a3), STATUS];
    }),
};

function virtioSlot(device: Pick<BoardDevice, 'make' | 'needs' | 'console'>, slot: number): BoardDevice {
  return {
    name: `virtio-mmio${slot}`,
    windows: [{ address: VIRTIO_BASE + slot * VIRTIO_MMIO_SIZE, size: VIRTIO_MMIO_SIZE, order: VIRTIO_MMIO_ORDER }],
    irq: { chip: 'kvm', line: VIRTIO_FIRST_IRQ + slot },
    ...device,
  };
}
