// What a board is: a machine as data. Names, addresses, interrupt lines and who makes each device; build.ts walks it.
import type { mips32, VmType } from '../arch/mips/index.ts';
import type * as mipsKernelAbi from '../arch/mips/kernel-abi.ts';
import type { AgentArch } from '../boot/agent/archive.ts';
import type { KernelFile, KernelFormat } from '../boot/kernel-image.ts';
import type { DebugView } from '../cpu/isa/debug-view.ts';
import type {
  BlockBackend,
  CharBackend,
  ConsoleInput,
  Device,
  DeviceContext,
  DeviceWindow,
  IrqLine,
} from '../devices/device.ts';
import type { PciBus } from '../devices/pci/bus.ts';
import type { Bus } from '../memory/bus.ts';
import type { Endianness, GuestMemory } from '../memory/guest-memory.ts';
import type { FdtNode } from '../util/fdt-node.ts';

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
  /** Which virtio interface to show; null: the transport's usual one. */
  readonly virtio: VirtioInterface | null;
  /** Terminal 0. */
  readonly consoleOutput: CharBackend;
  /** What the console device of the row called `name` says when it is not the machine's console. */
  otherConsole(name: string): CharBackend;
  /** Where the guest agent's port leads; null: the machine has none. */
  readonly agentOutput: CharBackend | null;
  /** The `--console` word whose device takes the terminal's input. */
  readonly console: string;
  /** What virtio devices are reached by. */
  readonly transport: VirtioTransportName;
  /** KVM_CREATE_VM's machine type. */
  readonly vmType: VmType;
  /** In the user's order. */
  readonly disks: readonly BlockBackend[];
  /** When the real-time clock starts: seconds since 1970, UTC. */
  readonly startDate: number;
  /** KVM_CREATE_IRQCHIP with this model of one; `places` are those of its windows, in their order. */
  createIrqchip(chip: Irqchip, places: readonly { readonly base: number; readonly order: Endianness }[]): void;
  /** KVM_IRQ_LINE. */
  irqLine(irq: number, level: boolean): void;
  /** KVM_INTERRUPT on vCPU `cpu`: `irq` raises the line, `-irq` lowers it. */
  interrupt(cpu: number, irq: number): void;
  /** Let so many nanoseconds of guest time pass: an access waits for a slow bus. */
  stall(ns: number): void;
  /** The guest ends the run through a device. */
  systemEvent(event: SystemEvent): void;
}

/** How a guest ends the run through a device; `exit`: with a code of its own. */
export type SystemEvent = 'power-off' | 'reboot' | { readonly exit: number };
export type VirtioTransportName = 'mmio' | 'pci';
/** `transitional` is both of the others, on PCI. */
export type VirtioInterface = 'modern' | 'legacy' | 'transitional';

/** Console input, and the size of its terminal in characters. */
export interface BoardConsole extends ConsoleInput {
  resize(columns: number, rows: number): void;
}

/** A device as a board makes it. */
export interface MadeDevice {
  readonly device: Device;
  /** In the order of the row's windows. */
  readonly windows: readonly DeviceWindow[];
  /** Where a terminal's input goes; the run's own when the row is the machine's console. */
  readonly console?: BoardConsole;
  /** What the guest agent is told by. */
  readonly agent?: ConsoleInput;
  /** Input lines, of an interrupt controller or a bridge. */
  readonly setLine?: (line: number, level: boolean) => void;
  /** What a CPU's interrupt acknowledge cycle returns. */
  readonly acknowledge?: () => number;
  /** Address spaces behind a bridge, by name. */
  readonly buses?: Readonly<Record<string, Bus>>;
  /** The bus of a PCI host. */
  readonly pci?: PciBus;
}

/** A window that KVM serves; `vcpu` is whose access it is. */
export interface KernelWindow {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  read(offset: number, length: 1 | 2 | 4, vcpu: number): number;
  write(offset: number, length: 1 | 2 | 4, value: number, vcpu: number): void;
}

/** An interrupt controller: a device with input lines, which KVM keeps in the kernel. */
export interface Irqchip {
  readonly device: Device;
  /** In the order of the row's, which may have more than this machine. */
  readonly windows: readonly KernelWindow[];
  /** False when there is no such line. */
  setLine(irq: number, level: boolean): boolean;
  /** An input that only `vcpu` has. */
  setPrivateLine?(vcpu: number, irq: number, level: boolean): void;
  /** Can it interrupt `vcpu` by this line of KVM_INTERRUPT as long as that does nothing? Yes, where this is left out. */
  canRaise?(vcpu: number, line: number): boolean;
}

/** Byte order of a device's registers in the guest's address space. */
export type RegisterOrder = 'guest' | 'little';

export interface BoardIrqchip {
  readonly name: string;
  readonly registerOrder: RegisterOrder;
  readonly windows: readonly { readonly address: number; readonly size: number }[];
  make(context: BoardContext): Irqchip;
}

export interface BoardWindow {
  /** Which address space; the system's when left out. */
  readonly bus?: string;
  readonly address: number;
  /** Bytes. */
  readonly size: number;
  /** `little` when left out. */
  readonly order?: RegisterOrder;
  /** Guest nanoseconds that an access takes; none when left out. */
  readonly accessNs?: number;
}

/** Where an interrupt line ends: `kvm` is KVM_IRQ_LINE, `cpu` KVM_INTERRUPT on the first vCPU, any other chip the row of that name. */
export interface BoardLine {
  readonly chip: string;
  readonly line: number;
}

/** What a row is there for; a row without needs is always there. */
export interface Needs {
  /** So many disks are given. */
  readonly disks?: number;
  readonly console?: string;
  readonly transport?: VirtioTransportName;
  /** The guest agent. */
  readonly agent?: true;
}

export interface BoardDevice {
  readonly name: string;
  readonly windows: readonly BoardWindow[];
  /** Windows that it places itself and the guest can move, where they are at power on: for people who look at the machine. */
  readonly preset?: readonly BoardWindow[];
  readonly irq: BoardLine | null;
  /** Where its functions are on the PCI bus; `number` is the first one's. */
  readonly pci?: { readonly device: number; readonly number: number };
  readonly needs?: Needs;
  /** It takes the terminal's input with this `--console`. */
  readonly console?: string;
  /** Its node in the device tree, on boards that have one. */
  readonly fdt?: FdtNode;
  make(context: BoardContext, wiring: Wiring): MadeDevice;
}

/** What a row's device is connected to. */
export interface Wiring {
  readonly irq: IrqLine;
  /** For a bridge, whose windows the guest can move. */
  readonly systemBus: Bus;
  /** The bus of the PCI host, which is an earlier row. */
  pci(): PciBus;
  /** One more connection to another row's line or the CPU's, which is up while any connection is. Rows may name rows that come later. */
  line(at: BoardLine): IrqLine;
  /** Interrupt acknowledge of the row `chip`. */
  acknowledge(chip: string): number;
}

/** In which mode an ARM kernel is entered. */
export type BootMode = 'hyp' | 'svc';

/** An image that a board runs. */
export interface BoardImage {
  /** KVM_CREATE_VM's machine type, by name. */
  readonly vmType: VmType;
  /** The `--boot` word that asks for it, where the board has such; the first image is the one without. */
  readonly boot?: BootMode;
  /** e_machine. */
  readonly machine: number;
  readonly class: 32 | 64;
  /** e_flags under `mask` must be one of `values`: the instruction set the program is for. */
  readonly flags: { readonly mask: number; readonly values: readonly number[] };
  /** The segment kernels are linked in; null: physical addresses say where they go. */
  readonly segment: Segment | null;
  /** Unless the board is named, the image must have this text in it. */
  readonly mark?: string;
  /** How such a program is called: "trap-and-emulate guest". */
  readonly kind: string;
}

/** What is to be put into the memory of a machine whose devices are there. */
export interface LoadContext {
  readonly memory: GuestMemory;
  readonly kernel: KernelFile;
  /** Which of the board's images `kernel` is. */
  readonly image: BoardImage;
  readonly ram: readonly RamWindow[];
  readonly cpus: number;
  readonly initrd: Uint8Array | null;
  /** The devices that are there. */
  readonly devices: readonly BoardDevice[];
  /** The `--console` word. */
  readonly console: string;
  /** The kernel command line with these words of the loader's behind the board's. */
  commandLine(words: readonly string[]): string;
  /** What vCPU `cpu` has in the register called so, before it starts. */
  register(cpu: number, name: string): number;
}

/** A register by the name that the architecture's kernelAbi has for it, and its 32 bits. */
export type BootRegister = readonly [name: string, value: number];

/** What a board has put into memory. */
export interface LoadedGuest {
  /** Where the first CPU starts. */
  readonly entry: number;
  /** What the guest was given, without padding; null: none. */
  readonly deviceTree: Uint8Array | null;
  /** What vCPU `cpu` starts with that reset does not give it. */
  registers(cpu: number): readonly BootRegister[];
}

/** The CPU of a byte order, as the emulated core takes it. */
export type CpuOf = typeof mips32;

/** A 32-bit architecture's calling convention, as its folder in arch/ has it. */
export type KernelAbi = Omit<typeof mipsKernelAbi, 'registerIds'> & {
  /** What `name` may mean; of a vCPU, where that is another register in each mode. */
  registerIds(name: string, vcpu?: Parameters<typeof mipsKernelAbi.registers>[0]): readonly bigint[];
};

export interface Board {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The CPU's instruction set: `MIPS32r2`. */
  readonly cpu: string;
  /** The CPU for the emulated core; loaded when a machine is made, for it is most of the program. */
  loadArchitecture(): Promise<CpuOf>;
  /** What debuggers show of its CPUs; loaded when somebody debugs. */
  loadDebugView(): Promise<DebugView>;
  /** CPU models by name; the first is the default. */
  readonly cpuModels: readonly string[];
  /** For looking into its kernels from outside. */
  readonly kernelAbi: KernelAbi;
  /** Has the CPU of this machine an FPU (KVM_CAP_MIPS_FPU is enabled when its model has one)? */
  readonly fpu: boolean;
  readonly maxCpus: number;
  readonly ram: readonly RamWindow[];
  /** Every unmapped segment, for addresses that guests hand over. */
  readonly segments: readonly Segment[];
  readonly images: readonly BoardImage[];
  /** Kinds of kernel files it loads; a flat one only when the board is named, for nothing else tells its machine. */
  readonly formats: readonly KernelFormat[];
  /** Byte order that it starts programs in; left out: the program's. */
  readonly endianness?: Endianness;
  /** Do the hypercalls 6, 7 and 8 of the paravirt machine reach this board's guests? */
  readonly paravirtHypercalls: boolean;
  /** `--console` words and the kernel's console= for each; the first is the default. */
  readonly consoles: Readonly<Record<string, string>>;
  /** What virtio devices can be reached by; the first is the default. */
  readonly transports: readonly VirtioTransportName[];
  readonly hasRtc: boolean;
  /** The guest agent's program, by byte order; where it is left out, there is none. */
  readonly agent: Readonly<Partial<Record<Endianness, AgentArch>>>;
  readonly irqchip: BoardIrqchip | null;
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
  /** Put kernel, initrd and what else it finds in memory there, and say what it finds in registers. @throws TsvmError what boot/ says */
  load(context: LoadContext): LoadedGuest;
}

/** The devices of a machine. */
export function presentDevices(
  board: Board,
  machine: {
    readonly disks: number;
    readonly console: string;
    readonly transport: VirtioTransportName;
    readonly agent: boolean;
  },
): BoardDevice[] {
  return board.devices.filter(
    ({ needs = {} }) =>
      (needs.disks ?? 0) <= machine.disks &&
      (needs.agent === undefined || machine.agent) &&
      (needs.console === undefined || needs.console === machine.console) &&
      (needs.transport === undefined || needs.transport === machine.transport),
  );
}

/** Most disks the board takes. */
export function maxDisks(board: Board): number {
  return Math.max(0, ...board.devices.map((device) => device.needs?.disks ?? 0));
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
