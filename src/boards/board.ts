// What a board is: a machine as data. Names, addresses, interrupt lines and who makes each device; build.ts walks it.
import type { mips32 } from '../arch/mips/index.ts';
import type { AddressRange } from '../boot/placement.ts';
import type { BlockBackend, CharBackend, ConsoleInput, DeviceContext, IrqLine, MmioDevice } from '../devices/device.ts';
import type { Endianness, GuestMemory } from '../memory/guest-memory.ts';

/** Guest-physical addresses that RAM fills, in order, as far as it goes. */
export interface RamWindow {
  readonly base: number;
  readonly size: number;
}

/** Virtual addresses that reach physical memory without a TLB: `physical` is what `base` means. */
export interface Segment {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly physical: number;
}

/** What a board needs of the VM for making its devices. */
export interface BoardContext {
  readonly memory: GuestMemory;
  readonly timer: DeviceContext['timer'];
  readonly log: DeviceContext['log'];
  readonly cpus: number;
  readonly legacyVirtio: boolean;
  /** Terminal 0. */
  readonly consoleOutput: CharBackend;
  /** In the user's order. */
  readonly disks: readonly BlockBackend[];
  /** KVM_CREATE_IRQCHIP with this model of one. */
  createIrqchip(window: { readonly base: number; readonly order: Endianness; readonly device: Irqchip }): void;
  /** KVM_IRQ_LINE. */
  irqLine(irq: number, level: boolean): void;
  /** KVM_INTERRUPT on vCPU `cpu`: `irq` raises the line, `-irq` lowers it. */
  interrupt(cpu: number, irq: number): void;
}

/** Console input, and the size of its terminal in characters. */
export interface BoardConsole extends ConsoleInput {
  resize(columns: number, rows: number): void;
}

/** A device as a board makes it; one of them carries the machine's console. */
export interface MadeDevice {
  readonly device: MmioDevice;
  readonly console?: BoardConsole;
}

/** An interrupt controller: a device with input lines, which KVM keeps in the kernel. */
export interface Irqchip extends MmioDevice {
  /** False when there is no such line. */
  setLine(irq: number, level: boolean): boolean;
}

/** Byte order of a device's registers in the guest's address space. */
export type RegisterOrder = 'guest' | 'little';

export interface BoardIrqchip {
  readonly name: string;
  readonly registerOrder: RegisterOrder;
  readonly address: number;
  readonly size: number;
  make(context: BoardContext): Irqchip;
}

export interface BoardDevice {
  readonly name: string;
  readonly registerOrder: RegisterOrder;
  readonly address: number;
  readonly size: number;
  /** Line of the irqchip. */
  readonly irq: number;
  /** The device is there only when so many disks are given. */
  readonly disks?: number;
  make(context: BoardContext, irq: IrqLine): MadeDevice;
}

/** The image a board runs. */
export interface BoardImage {
  /** e_machine. */
  readonly machine: number;
  readonly class: 32 | 64;
  /** e_flags under `mask` must be one of `values`: the instruction set the program is for. */
  readonly flags: { readonly mask: number; readonly values: readonly number[] };
  /** The segment kernels are linked in. */
  readonly segment: Segment;
  /** How such a program is called: "trap-and-emulate guest". */
  readonly kind: string;
}

/** What a vCPU starts with besides the entry pc; all vCPUs start alike. */
export interface BootRegisters {
  /** General registers by number. */
  readonly gpr: readonly (readonly [index: number, value: number])[];
  /** 32-bit CP0 registers. */
  readonly cp0: readonly (readonly [rd: number, sel: number, value: number])[];
}

export interface BootContext {
  readonly memory: GuestMemory;
  readonly commandLine: string;
  /** Guest-physical memory that kernel and initrd take. */
  readonly taken: readonly AddressRange[];
}

/** The CPU of a byte order, as the emulated core takes it. */
export type CpuOf = typeof mips32;

export interface Board {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The CPU's instruction set: `MIPS32r2`. */
  readonly cpu: string;
  readonly architecture: CpuOf;
  /** KVM_CREATE_VM's machine type, by name. */
  readonly vmType: 'trap-and-emulate';
  readonly maxCpus: number;
  readonly ram: readonly RamWindow[];
  /** Every unmapped segment, for addresses that guests hand over. */
  readonly segments: readonly Segment[];
  readonly image: BoardImage;
  /** Do the hypercalls 6, 7 and 8 of the paravirt machine reach this board's guests? */
  readonly paravirtHypercalls: boolean;
  /** `--console` words and the kernel's console= for each; the first is the default. */
  readonly consoles: Readonly<Record<string, string>>;
  readonly hasRtc: boolean;
  readonly irqchip: BoardIrqchip;
  readonly devices: readonly BoardDevice[];
  /** Longest kernel command line in bytes, final NUL included. */
  readonly commandLineSize: number;
  /** The words the board puts on the kernel command line. */
  commandLine(machine: {
    readonly ram: readonly RamWindow[];
    readonly cpus: number;
    readonly console: string;
    /** The devices that are there. */
    readonly devices: readonly BoardDevice[];
  }): string[];
  /** Write what the kernel finds in memory, and say what it finds in registers. */
  boot(context: BootContext): BootRegisters;
}

/** The devices of a machine with `disks` disks. */
export function presentDevices(board: Board, disks: number): BoardDevice[] {
  return board.devices.filter((device) => (device.disks ?? 0) <= disks);
}

/** Most disks the board takes. */
export function maxDisks(board: Board): number {
  return Math.max(0, ...board.devices.map((device) => device.disks ?? 0));
}

/** RAM of `bytes` as the windows hold it, or undefined when they are too small. */
export function fillRam(windows: readonly RamWindow[], bytes: number): RamWindow[] | undefined {
  const filled: RamWindow[] = [];
  let left = bytes;
  for (const { base, size } of windows) {
    if (left > 0) filled.push({ base, size: Math.min(size, left) });
    left -= Math.min(size, left);
  }
  return left === 0 ? filled : undefined;
}

/** Most bytes of RAM the board takes. */
export function maxMemory(board: Board): number {
  return board.ram.reduce((sum, window) => sum + window.size, 0);
}

/** Guest-physical address behind `address` in one of `segments`, or undefined. */
export function physicalAddress(segments: readonly Segment[], address: number): number | undefined {
  const segment = segments.find(({ base, size }) => address >= base && address - base < size);
  return segment && segment.physical + (address - segment.base);
}
