// Board malta: the MIPS Malta with a CoreLV card (GT-64120), as Linux probes it (reference MIPS.md A13, A14; Linux 5.10 arch/mips/mti-malta). It runs
// trap-and-emulate kernels (CONFIG_KVM_GUEST) and ordinary ones (machine type VZ).
import * as kernelAbi from '../arch/mips/kernel-abi.ts';
import { CPU_MODELS } from '../arch/mips/models.ts';
import { COMMAND_LINE_SIZE } from '../boot/cmdline.ts';
import { EM_MIPS } from '../boot/elf-constants.ts';
import { writeMaltaArguments } from '../boot/linux-malta.ts';
import { BootRom } from '../devices/boot-rom.ts';
import { Dma8237 } from '../devices/dma-8237.ts';
import { I8259 } from '../devices/irqchip/i8259.ts';
import { MaltaFpga } from '../devices/malta-fpga.ts';
import { PciBus } from '../devices/pci/bus.ts';
import { Gt64120 } from '../devices/pci/gt64120.ts';
import { Piix4 } from '../devices/pci/piix4.ts';
import { RtcMc146818 } from '../devices/rtc-mc146818.ts';
import { Serial16550 } from '../devices/serial-16550.ts';
import { I8254 } from '../devices/timer/i8254.ts';
import { Bus } from '../memory/bus.ts';
import type { Board, BoardContext, BoardDevice, BoardLine, BootRegister, MadeDevice, Wiring } from './board.ts';
import { consoleBackend, serialConsole } from './consoles.ts';
import {
  AGENTS,
  argumentRegisters,
  KSEG0_SEGMENT,
  loadMips,
  MIPS_ARCH_FLAGS,
  type MipsBootContext,
  SEGMENTS,
  TE_SEGMENT,
} from './mips-images.ts';
import { testFinisher } from './test-finisher.ts';
import {
  onMmio,
  onPci,
  VIRTIO_MMIO_ORDER,
  VIRTIO_MMIO_SIZE,
  virtioAgent,
  virtioConsole,
  virtioDisk,
  virtioMmioWords,
} from './virtio.ts';

const MIB = 0x100000;
const LOW_RAM = 256 * MIB;
/** What the low alias of RAM cannot show, because devices are there, is in the high one. */
const HIGH_RAM = 0x8000_0000 + LOW_RAM;

/** An ISA I/O cycle with its wait states at 8.33 MHz, and the way there. */
const ISA_ACCESS_NS = 1000;
/** ISA lines, and who has them. */
const isa = (line: number): BoardLine => ({ chip: 'i8259', line });
const TIMER_IRQ = 0;
const UART1_IRQ = 3;
const UART0_IRQ = 4;
const RTC_IRQ = 8;
/** PIRQA to PIRQD, as YAMON routes them. */
const PIRQ_ROUTING = [10, 10, 11, 11] as const;
/** virtio-mmio, when it is asked for: a line that nothing else has. */
const VIRTIO_MMIO_IRQ = 9;
const VIRTIO_MMIO_BASE = 0x1f10_0000;
/** CPU interrupts: the south bridge is IP2, the CBUS UART IP4. */
const SOUTH_BRIDGE: BoardLine = { chip: 'cpu', line: 2 };
const CBUS_UART: BoardLine = { chip: 'cpu', line: 4 };

/** Where the board has nothing, behind the FPGA's registers. */
const FINISHER = 0x1f00_0c00;

const PIIX4_DEVICE = 10;
const PM_BASE = 0x1000;
/** The connectors are devices 18 to 21. */
const CONSOLE_SLOT = 18;
const DISK_SLOT = 19;
const AGENT_SLOT = 20;
const MAX_DISKS = 8;

/** Core card CoreLV, so that the system controller is a GT-64120 (MIPS_REVISION_CORID, MIPS_REVISION_SCONID). */
const BOARD_ID = 0x420;
/** BEV and ERL clear: exceptions go to EBase from the first instruction on. */
const STATUS = ['status', 0] as const;
const CONFIG3_ULRI = 1 << 13;

export const malta: Board = {
  name: 'malta',
  summary: 'MIPS Malta: GT-64120, PIIX4, 16550 UARTs, virtio on PCI; for Linux as trap-and-emulate or VZ guest',
  cpu: 'MIPS32r2',
  loadArchitecture: async () => (await import('../arch/mips/index.ts')).mips32,
  loadDebugView: async () => (await import('../arch/mips/debug-view/index.ts')).mipsDebugView,
  cpuModels: CPU_MODELS.map(({ name }) => name),
  kernelAbi,
  fpu: true,
  maxCpus: 1,
  ram: [
    { base: 0, size: LOW_RAM },
    { base: HIGH_RAM, size: 2048 * MIB - LOW_RAM },
  ],
  segments: [TE_SEGMENT, ...SEGMENTS],
  images: [
    {
      vmType: 'trap-and-emulate',
      machine: EM_MIPS,
      class: 32,
      flags: MIPS_ARCH_FLAGS,
      segment: TE_SEGMENT,
      // The device tree inside a kernel for this board.
      mark: 'mti,malta',
      kind: 'trap-and-emulate guest',
    },
    {
      vmType: 'vz',
      machine: EM_MIPS,
      class: 32,
      flags: MIPS_ARCH_FLAGS,
      segment: KSEG0_SEGMENT,
      kind: 'VZ guest',
    },
  ],
  formats: ['elf'],
  agent: AGENTS,
  paravirtHypercalls: false,
  consoles: { serial: 'ttyS0', virtio: 'hvc0' },
  transports: ['pci', 'mmio'],
  hasRtc: true,
  irqchip: null,
  devices: [
    {
      name: 'gt64120',
      windows: [],
      preset: [
        { address: 0x1be0_0000, size: 0x1000 },
        { address: 0x1800_0000, size: 0x20_0000 },
        { address: 0x1000_0000, size: 0x7e0_0000 },
        { address: 0x1820_0000, size: 0xbc0_0000 },
      ],
      irq: null,
      make: systemController,
    },
    {
      name: 'piix4',
      windows: [],
      preset: [{ bus: 'io', address: PM_BASE, size: 0x40 }],
      irq: null,
      pci: { device: PIIX4_DEVICE, number: 0 },
      make: southBridge,
    },
    {
      name: 'i8259',
      windows: [io(0x20, 2), io(0xa0, 2), io(0x4d0, 2)],
      irq: SOUTH_BRIDGE,
      make: (_, { irq }) => {
        const pic = new I8259({ output: irq, levelTriggered: [VIRTIO_MMIO_IRQ, ...PIRQ_ROUTING] });
        return {
          device: pic,
          windows: [pic.masterWindow, pic.slaveWindow, pic.elcrWindow],
          setLine: (line, level) => void pic.setLine(line, level),
          acknowledge: () => pic.acknowledge(),
        };
      },
    },
    {
      name: 'i8254',
      windows: [io(0x40, 4), io(0x61, 1)],
      irq: isa(TIMER_IRQ),
      make: ({ timer }, { irq }) => {
        const pit = new I8254({ timer, irq });
        return { device: pit, windows: [pit.window, pit.portB] };
      },
    },
    {
      name: 'rtc',
      windows: [io(0x70, 2)],
      irq: isa(RTC_IRQ),
      make: ({ timer, startDate }, { irq }) => {
        const rtc = new RtcMc146818({ timer, irq }, { start: startDate });
        return { device: rtc, windows: [rtc.window] };
      },
    },
    {
      name: 'dma',
      windows: [io(0x00, 16), io(0x80, 16), io(0xc0, 32)],
      irq: null,
      make: () => {
        const dma = new Dma8237();
        return { device: dma, windows: [dma.dma1Window, dma.pageWindow, dma.dma2Window] };
      },
    },
    {
      name: 'uart0',
      windows: [io(0x3f8, 8)],
      irq: isa(UART0_IRQ),
      console: 'serial',
      make: uart('uart0', { console: 'serial', early: true }),
    },
    { name: 'uart1', windows: [io(0x2f8, 8)], irq: isa(UART1_IRQ), make: uart('uart1', {}) },
    {
      name: 'uart2',
      windows: [{ address: 0x1f00_0900, size: 0x40, order: 'guest' }],
      irq: CBUS_UART,
      make: uart('uart2', { stride: 8, clock: 3_686_400 }),
    },
    {
      name: 'fpga',
      windows: [
        { address: 0x1f00_0000, size: 0x900, order: 'guest' },
        { address: 0x1f00_0a00, size: 0x200, order: 'guest' },
      ],
      irq: null,
      make: ({ memory, systemEvent }) => {
        const fpga = new MaltaFpga({
          bigEndian: memory.endianness === 'big',
          onReset: () => systemEvent('reboot'),
        });
        return { device: fpga, windows: [fpga.window, fpga.pinWindow] };
      },
    },
    {
      name: 'rom',
      windows: [{ address: 0x1fc0_0000, size: 0x10000 }],
      irq: null,
      make: ({ memory }) => {
        const rom = new BootRom({ words: [[0x10, BOARD_ID]], bigEndian: memory.endianness === 'big' });
        return { device: rom, windows: [rom] };
      },
    },
    testFinisher(FINISHER),
    ...virtioRows(),
  ],
  commandLineSize: COMMAND_LINE_SIZE.mips,
  commandLine: ({ console, devices }) => [
    ...virtioMmioWords(devices.filter(({ needs }) => needs?.transport === 'mmio')),
    `console=${console}`,
  ],
  // Old kernels put their page bitmap behind the initrd.
  load: (context) => loadMips(context, { initrd: 'high', initrdGap: 0x20000 }, writeArguments),
};

/** A window in ISA I/O space, which is the I/O space of the PCI bus. */
function io(address: number, size: number): BoardDevice['windows'][number] {
  return { bus: 'io', address, size, accessNs: ISA_ACCESS_NS };
}

function systemController({ memory, log }: BoardContext, wiring: Wiring): MadeDevice {
  const pirqs = [0, 1, 2, 3].map((line) => wiring.line({ chip: 'piix4', line }));
  const pci = new PciBus({
    io: new Bus(),
    memory: new Bus(),
    // As the connectors are wired: 18 INTA is PIRQA, 19 INTA PIRQB, and so on.
    swizzle: (device, pin) => (device + pin + 2) % 4,
    setLine: (line, level) => pirqs[line]!.set(level),
  });
  const device = new Gt64120({
    pci,
    system: wiring.systemBus,
    endianness: memory.endianness,
    acknowledge: () => wiring.acknowledge('i8259'),
    misuse: (what) => log.once('gt64120 misuse', 'warning', `gt64120: ${what}`),
  });
  return { device, windows: [], pci, buses: { io: pci.io } };
}

function southBridge({ timer, log, systemEvent }: BoardContext, wiring: Wiring): MadeDevice {
  const lines = Array.from({ length: 16 }, (_, line) => wiring.line(isa(line)));
  const device = new Piix4({
    pci: wiring.pci(),
    device: PIIX4_DEVICE,
    timer,
    setIsaLine: (irq, level) => lines[irq]!.set(level),
    powerOff: () => systemEvent('power-off'),
    pirqRouting: PIRQ_ROUTING,
    pmBase: PM_BASE,
    misuse: (what) => log.once('piix4 misuse', 'warning', `piix4: ${what}`),
  });
  return { device, windows: [], setLine: (line, level) => device.setPirq(line, level) };
}

function uart(
  name: string,
  { stride = 1, clock = 1_843_200, ...end }: { stride?: number; clock?: number; console?: string; early?: boolean },
): BoardDevice['make'] {
  return (context, { irq }) => {
    const backend = consoleBackend(context, name, end);
    const device = new Serial16550({ timer: context.timer, irq }, { name, backend, stride, clock });
    return { device, windows: [device.window], console: serialConsole(device) };
  };
}

/** The console, disks, the guest agent: once for each transport. */
function virtioRows(): BoardDevice[] {
  const devices = [
    {
      name: 'virtio-console',
      make: virtioConsole(true),
      place: { device: CONSOLE_SLOT, number: 0 },
      console: 'virtio',
      needs: { console: 'virtio' },
    },
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
    const address = VIRTIO_MMIO_BASE + n * VIRTIO_MMIO_SIZE;
    return [
      { ...row, windows: [], irq: null, pci: place, needs: { ...needs, transport: 'pci' }, make: onPci(make, place) },
      {
        ...row,
        windows: [{ address, size: VIRTIO_MMIO_SIZE, order: VIRTIO_MMIO_ORDER }],
        irq: isa(VIRTIO_MMIO_IRQ),
        needs: { ...needs, transport: 'mmio' },
        make: onMmio(make),
      },
    ];
  });
}

function writeArguments({ memory, image, ram, commandLine, taken }: MipsBootContext): BootRegister[] {
  const low = ram[0]!.size;
  const all = ram.reduce((sum, { size }) => sum + size, 0);
  const { a0, a1, a2, a3 } = writeMaltaArguments(memory, {
    commandLine,
    environment: [
      ['memsize', String(low)],
      ['ememsize', String(all)],
      ['modetty0', '38400n8r'],
    ],
    memorySize: low,
    taken,
  });
  // KVM leaves UserLocal to user space in VZ guests; Linux keeps its thread pointer there.
  const config3 = image.vmType === 'vz' ? ([['config3', CONFIG3_ULRI]] as const) : [];
  return [...argumentRegisters(a0, a1, a2, a3), STATUS, ...config3];
}
