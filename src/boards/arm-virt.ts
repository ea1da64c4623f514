// Board arm-virt: kvmtool's ARM machine (reference KVMTOOL.md 7, ARM.md 9) around a Cortex-A15 with a GICv2: a 16550 at 0x01000000, virtio-mmio
// slots or virtio-pci behind a generic ECAM host, and all of it in the device tree. Beside kvmtool's it has a PL011, and its RTC is a PL031,
// for the drivers that distributions' ARM kernels have.
import * as kernelAbi from '../arch/arm/kernel-abi.ts';
import { COMMAND_LINE_SIZE } from '../boot/cmdline.ts';
import { EM_ARM } from '../boot/elf-constants.ts';
import { Gic } from '../devices/irqchip/gic.ts';
import { PciBus } from '../devices/pci/bus.ts';
import { GenericEcamHost } from '../devices/pci/generic-ecam.ts';
import { RtcPl031 } from '../devices/rtc-pl031.ts';
import { Serial16550 } from '../devices/serial-16550.ts';
import { SerialPl011 } from '../devices/serial-pl011.ts';
import { Bus } from '../memory/bus.ts';
import * as node from './arm-virt-fdt.ts';
import { KERNEL_SEGMENT, loadArm, RAM_BASE, RAM_SEGMENT } from './arm-virt-load.ts';
import type { Board, BoardContext, BoardDevice, BoardImage, BoardLine, Irqchip, MadeDevice, Wiring } from './board.ts';
import { consoleBackend, serialConsole } from './consoles.ts';
import { testFinisher } from './test-finisher.ts';
import {
  onMmio,
  onPci,
  VIRTIO_MMIO_ORDER,
  VIRTIO_MMIO_SIZE,
  virtioAgent,
  virtioConsole,
  virtioDisk,
} from './virtio.ts';

const MIB = 0x10_0000;

const UART = 0x0100_0000;
/** Behind the places of kvmtool's four UARTs. */
const PL011 = 0x0100_4000;
const RTC = 0x0101_0000;
const FINISHER = 0x0103_0000;
const VIRTIO_MMIO = 0x0300_0000;

/** GIC numbers of SPIs; virtio-mmio slot n has the n-th. */
const SPI = 32;
const UART_IRQ = SPI + 16;
const PL011_IRQ = SPI + 17;
const RTC_IRQ = SPI + 18;
/** PCI's INTA to INTD. */
const PCI_IRQ = SPI + 20;
const INTERRUPTS = 96;

/** KVM_INTERRUPT's lines of a CPU (arch/arm). */
const CPU_LINE = { irq: 1, fiq: 2, virq: 3, vfiq: 4 } as const;

const UART_CLOCK = 1_843_200;
const MAX_DISKS = 8;
/** PCI devices. */
const CONSOLE_SLOT = 1;
const DISK_SLOT = 2;
const AGENT_SLOT = 3;

const kvm = (line: number): BoardLine => ({ chip: 'kvm', line });

const image = (boot: 'hyp' | 'svc', kind: string): BoardImage => ({
  vmType: `arm-${boot}`,
  boot,
  machine: EM_ARM,
  class: 32,
  // Every EABI version; which byte order is the loader's to judge.
  flags: { mask: 0, values: [0] },
  segment: null,
  kind,
});

export const armVirt: Board = {
  name: 'arm-virt',
  summary: "kvmtool's ARM machine: GICv2, 16550, PL011, PL031, virtio on MMIO or PCI; booted in Hyp or SVC mode",
  cpu: 'ARMv7-A',
  loadArchitecture: async () => {
    const { armv7 } = await import('../arch/arm/index.ts');
    return () => armv7;
  },
  loadDebugView: async () => (await import('../arch/arm/debug-view/index.ts')).armDebugView,
  cpuModels: ['cortex-a15'],
  kernelAbi,
  fpu: false,
  maxCpus: 8,
  ram: [{ base: RAM_BASE, size: 2048 * MIB }],
  segments: [KERNEL_SEGMENT, RAM_SEGMENT],
  images: [image('hyp', 'bare-machine guest in Hyp mode'), image('svc', 'KVM guest in SVC mode')],
  formats: ['elf', 'zImage', 'flat'],
  // A big-endian (BE-8) program switches its data over by itself.
  endianness: 'little',
  paravirtHypercalls: false,
  consoles: { serial: 'ttyS0', pl011: 'ttyAMA0', virtio: 'hvc0' },
  transports: ['mmio', 'pci'],
  hasRtc: true,
  agent: { little: 'arm' },
  irqchip: {
    name: 'gic',
    registerOrder: 'little',
    windows: node.GIC_WINDOWS,
    make: interruptController,
  },
  devices: [
    {
      name: 'uart0',
      windows: [{ address: UART, size: 8 }],
      irq: kvm(UART_IRQ),
      console: 'serial',
      fdt: node.serial16550(UART, UART_IRQ, UART_CLOCK),
      make: (context, { irq }) => {
        const backend = consoleBackend(context, 'uart0', { console: 'serial', early: context.console === 'virtio' });
        const device = new Serial16550({ timer: context.timer, irq }, { name: 'uart0', backend, clock: UART_CLOCK });
        return { device, windows: [device.window], console: serialConsole(device) };
      },
    },
    {
      name: 'pl011',
      windows: [{ address: PL011, size: 0x1000 }],
      irq: kvm(PL011_IRQ),
      console: 'pl011',
      fdt: node.pl011(PL011, PL011_IRQ),
      make: (context, { irq }) => {
        const backend = consoleBackend(context, 'pl011', { console: 'pl011' });
        const device = new SerialPl011(
          { timer: context.timer, irq },
          { name: 'pl011', backend, misuse: misuse(context, 'pl011') },
        );
        return { device, windows: [device], console: serialConsole(device) };
      },
    },
    {
      name: 'rtc',
      windows: [{ address: RTC, size: 0x1000 }],
      irq: kvm(RTC_IRQ),
      fdt: node.pl031(RTC, RTC_IRQ),
      make: (context, { irq }) => {
        const device = new RtcPl031(
          { timer: context.timer, irq },
          { start: context.startDate, misuse: misuse(context, 'rtc') },
        );
        return { device, windows: [device] };
      },
    },
    {
      name: 'pcie',
      windows: [
        { address: node.PCI_CONFIG.address, size: node.PCI_CONFIG.size },
        { address: node.PCI_IO.address, size: node.PCI_IO.size },
        { address: node.PCI_MEMORY.address, size: node.PCI_MEMORY.size },
      ],
      irq: null,
      needs: { transport: 'pci' },
      fdt: node.pciHost(PCI_IRQ),
      make: pciHost,
    },
    testFinisher(FINISHER),
    ...virtioRows(),
  ],
  commandLineSize: COMMAND_LINE_SIZE.arm,
  commandLine: ({ console }) => [`console=${console}`],
  load: loadArm,
};

/** In the machine type that KVM gives its guests there is no virtualization part. */
function interruptController(context: BoardContext): Irqchip {
  const line = (n: number) => (cpu: number) => ({
    set: (level: boolean) => context.interrupt(cpu, level ? n : -n),
  });
  const { irq, fiq, virq, vfiq } = CPU_LINE;
  const gic = new Gic({
    cpus: context.cpus,
    interrupts: INTERRUPTS,
    irq: line(irq),
    fiq: line(fiq),
    ...(context.vmType === 'arm-hyp' ? { virtual: { irq: line(virq), fiq: line(vfiq) } } : {}),
    misuse: misuse(context, 'gic'),
  });
  const { distributor, cpuInterface, virtualization } = gic;
  return {
    device: gic,
    windows: [
      distributor,
      cpuInterface,
      ...(virtualization ? [virtualization.hypervisor, virtualization.cpuInterface] : []),
    ],
    setLine: (id, level) => gic.setLine(id, level),
    setPrivateLine: (vcpu, id, level) => void gic.setPpi(vcpu, id, level),
    canRaise: (vcpu, line) => line !== fiq || gic.mayUseFiq(vcpu),
  };
}

function pciHost(_context: BoardContext, wiring: Wiring): MadeDevice {
  const lines = [0, 1, 2, 3].map((pin) => wiring.line(kvm(PCI_IRQ + pin)));
  const pci = new PciBus({
    io: new Bus(),
    memory: new Bus(),
    swizzle: (device, pin) => (device + pin) % 4,
    setLine: (line, level) => lines[line]!.set(level),
  });
  const device = new GenericEcamHost(pci);
  const io = pci.io.view('pci-io', node.PCI_IO.size);
  const memory = pci.memory.view('pci-memory', node.PCI_MEMORY.size);
  // The bus has the memory at the addresses that the CPU has it at.
  memory.origin = node.PCI_MEMORY.address;
  return { device, windows: [device, io, memory], pci };
}

function misuse({ log }: BoardContext, name: string): (what: string) => void {
  return (what) => log.once(`${name} misuse`, 'warning', `${name}: ${what}`);
}

/** The console, disks, the guest agent: once for each transport. */
function virtioRows(): BoardDevice[] {
  const console = { console: 'virtio', needs: { console: 'virtio' } };
  const devices = [
    { name: 'virtio-console', make: virtioConsole(true), place: { device: CONSOLE_SLOT, number: 0 }, ...console },
    ...Array.from({ length: MAX_DISKS }, (_, n) => ({
      name: `virtio-blk${n}`,
      make: virtioDisk(n),
      place: { device: DISK_SLOT, number: n },
      needs: { disks: n + 1 },
    })),
    {
      name: 'virtio-agent',
      make: virtioAgent,
      place: { device: AGENT_SLOT, number: 0 },
      needs: { agent: true as const },
    },
  ];
  return devices.flatMap(({ make, needs, place, ...row }, n): BoardDevice[] => {
    const address = VIRTIO_MMIO + n * VIRTIO_MMIO_SIZE;
    return [
      {
        ...row,
        windows: [{ address, size: VIRTIO_MMIO_SIZE, order: VIRTIO_MMIO_ORDER }],
        irq: kvm(SPI + n),
        needs: { ...needs, transport: 'mmio' },
        fdt: node.virtioMmio(address, VIRTIO_MMIO_SIZE, SPI + n),
        make: onMmio(make),
      },
      { ...row, windows: [], irq: null, pci: place, needs: { ...needs, transport: 'pci' }, make: onPci(make, place) },
    ];
  });
}
