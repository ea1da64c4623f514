// A board and an image become a machine: memory slots, vCPUs, devices, the kernel in memory and the boot registers.
// The emulated core is handed in (CreateVm), so that everything here and after it knows only the KVM contract.
import {
  type Board,
  type BoardImage,
  type CpuOf,
  fillRam,
  type Irqchip,
  type KernelWindow,
  type LoadedGuest,
  maxDisks,
  maxMemory,
  physicalAddress,
  presentDevices,
  type RamWindow,
  type SystemEvent,
  type VirtioInterface,
  type VirtioTransportName,
} from '../boards/board.ts';
import { buildBoard } from '../boards/build.ts';
import { AGENT_WORD, agentParams } from '../boot/agent/params.ts';
import { buildCommandLine } from '../boot/cmdline.ts';
import { endiannessOf, type KernelFile } from '../boot/kernel-image.ts';
import type { CompiledCode } from '../cpu/exec/core-options.ts';
import type { BlockBackend, CharBackend } from '../devices/device.ts';
import { KVM_VM_ARM_HYP, KVM_VM_ARM_SVC } from '../kvm/arm.ts';
import { Cap, KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ } from '../kvm/constants.ts';
import type { Vm as KvmVm, Vcpu, VmClock } from '../kvm/contract.ts';
import type { InKernelDevice, InKernelIrqchip, InKernelWindow } from '../kvm/in-kernel-device.ts';
import { KVM_REG_MIPS_CP0_32 } from '../kvm/mips.ts';
import type { TraceSink } from '../kvm/trace.ts';
import type { NamedWindow } from '../memory/bus.ts';
import type { Endianness, GuestMemory } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import type { OnceLog } from '../util/log.ts';
import { formatSize, rtcSeconds, type VmConfig } from './config.ts';
import { executionWatches } from './execution-watch.ts';
import type { DataHit, Machine, VcpuDebug, WatchedBytes } from './machine.ts';
import { GuestTimers } from './timers.ts';

/** A KVM VM with what only an emulated one has: its memory, its clock, and a view of its whole state. */
export interface EmulatedVm
  extends Pick<KvmVm, 'checkExtension' | 'createVcpu' | 'setUserMemoryRegion' | 'createIrqchip' | 'irqLine'> {
  readonly memory: GuestMemory;
  readonly clock: VmClock;
  /** The model that KVM_CREATE_IRQCHIP switches on. */
  provideIrqchip(window: InKernelWindow<InKernelIrqchip>): void;
  /** What else KVM serves by itself. */
  addInKernelDevice(window: InKernelWindow<InKernelDevice>): void;
  /** Keep the hot exit counters, trace. No guest-visible effect. */
  observe(observation: { readonly stats: boolean; readonly trace: TraceSink | null }): void;
  /** What a debugger may ask of a vCPU. */
  debugPort(vcpu: number): VcpuDebug & {
    /** Where it stands, with T in bit 0. */
    readonly pc: number;
  };
  /** What the region compiler has done; null without it. */
  readonly compiledCode: CompiledCode | null;
  /** What the host hears of the guest, of no effect on it. */
  readonly watch: {
    /** Ask `hit` before an instruction at one of these guest-physical or virtual addresses runs: is KVM_RUN to come back before it? */
    execution(
      physical: readonly number[],
      hit: (cpu: number, pc: number, physical: number) => boolean,
      virtual: readonly number[],
    ): void;
    /** The same, of accesses to data. False: this engine cannot. */
    watchData(data: readonly WatchedBytes[], hit: (at: DataHit) => boolean): boolean;
    /** Has a vCPU been in user mode since forgetUserMode()? */
    readonly userModeSeen: boolean;
    forgetUserMode(): void;
  };
  /** All vCPU state and every non-zero RAM page with its address. */
  hashState(update: (bytes: Uint8Array) => void): void;
}

export interface CreateVmOptions {
  readonly cpu: ReturnType<CpuOf>;
  /** KVM_CREATE_VM's machine type. */
  readonly type: number;
  /** Bytes of RAM backing. */
  readonly arenaSize: number;
  readonly endianness: Endianness;
  readonly maxVcpus: number;
  readonly nsPerInstruction: number;
  /** The host's; the architecture's default when left out. */
  readonly cpuModel?: string;
  readonly seed: number;
  readonly paravirtHypercalls: boolean;
  readonly engine: VmConfig['engine'];
}

export type CreateVm = (options: CreateVmOptions) => EmulatedVm;

export interface ComposeOptions {
  readonly board: Board;
  /** What the board's loadArchitecture gives. */
  readonly architecture: CpuOf;
  /** Which of the board's images `image` is. */
  readonly as: BoardImage;
  /** What virtio devices are reached by. */
  readonly transport: VirtioTransportName;
  readonly config: VmConfig;
  readonly image: KernelFile;
  readonly initrd: Uint8Array | null;
  readonly createVm: CreateVm;
  readonly consoleOutput: CharBackend;
  /** One for each of config.disks. */
  readonly disks: readonly BlockBackend[];
  readonly log: OnceLog;
}

const VM_TYPES: Readonly<Record<BoardImage['vmType'], number>> = {
  'trap-and-emulate': KVM_VM_MIPS_TE,
  vz: KVM_VM_MIPS_VZ,
  'arm-svc': KVM_VM_ARM_SVC,
  'arm-hyp': KVM_VM_ARM_HYP,
};

/** Build the machine. Throws TsvmError usage, or what the loaders in boot/ say. */
export function composeMachine(options: ComposeOptions): Machine {
  const { board, config, image, log } = options;
  const ram = ramFor(board, config);
  const endianness = board.endianness ?? endiannessOf(image);
  const cpu = options.architecture(endianness);
  requireCpuModel(cpu, board, config);
  const vm = options.createVm({
    cpu,
    type: VM_TYPES[options.as.vmType],
    arenaSize: config.memory,
    endianness,
    maxVcpus: config.cpus,
    nsPerInstruction: config.nsPerInstruction,
    ...(config.cpuModel === null ? {} : { cpuModel: config.cpuModel }),
    seed: config.seed,
    paravirtHypercalls: board.paravirtHypercalls,
    engine: config.engine,
  });
  mapRam(vm, ram);
  const vcpus = Array.from({ length: config.cpus }, (_, id) => vm.createVcpu(id));
  const timers = new GuestTimers(vm.clock);
  const inKernelWindows: NamedWindow[] = [];
  let interrupted: (cpu: number) => void = () => {};
  let agentOutput: (bytes: Uint8Array) => void = () => {};
  let otherOutput: (console: string, bytes: Uint8Array) => void = () => {};
  let systemEvent: (event: SystemEvent) => void = () => {};
  const { bus, devices, console, consoles, agent } = buildBoard(board, {
    memory: vm.memory,
    timer: timers,
    log,
    cpus: config.cpus,
    virtio: virtioInterface(config, options.transport),
    consoleOutput: options.consoleOutput,
    otherConsole: (name) => ({ write: (bytes) => otherOutput(name, bytes) }),
    agentOutput: config.agent ? { write: (bytes) => agentOutput(bytes) } : null,
    console: consoleKind(board, config),
    transport: options.transport,
    vmType: options.as.vmType,
    disks: options.disks,
    startDate: rtcSeconds(config.rtc),
    createIrqchip: (chip, places) => {
      createIrqchip(vm, chip, places);
      for (const [n, { name, size }] of chip.windows.entries())
        inKernelWindows.push({ base: places[n]!.base, size, name });
    },
    irqLine: (irq, level) => vm.irqLine({ irq, level: level ? 1 : 0 }),
    interrupt: (cpu, irq) => {
      vcpus[cpu]!.interrupt({ cpu: -1, irq });
      if (irq > 0) interrupted(cpu);
    },
    stall: (ns) => vm.clock.skipTo(vm.clock.now + ns),
    systemEvent: (event) => systemEvent(event),
  });
  if (board.fpu && vm.checkExtension(Cap.MIPS_FPU) !== 0) for (const vcpu of vcpus) enableFpu(vcpu);
  const watches = executionWatches(
    (address) => physicalAddress(board.segments, address),
    (physical, hit, virtual) => vm.watch.execution(physical, hit, virtual),
  );
  const { entry, deviceTree } = loadGuest(options, vm.memory, ram, vcpus);
  return {
    vcpus,
    entry,
    deviceTree,
    clock: vm.clock,
    memory: vm.memory,
    bus,
    windows: () => [...bus.windows(), ...inKernelWindows].sort((a, b) => a.base - b.base),
    timers,
    devices,
    console,
    consoles,
    agent,
    toPhysical: (address) => physicalAddress(board.segments, address) ?? null,
    kernelAbi: board.kernelAbi,
    observe: (observation) => vm.observe(observation),
    watchExecution: watches.watchExecution,
    debug: {
      vcpu: (id) => vm.debugPort(id),
      pc: (id) => vm.debugPort(id).pc,
      watchPlaces: (places, hit) =>
        watches.watchPlaces('debug', places, (cpu, pc, physical) => hit({ cpu, pc, physical })),
      watchData: (data, hit) => vm.watch.watchData(data, hit),
    },
    compiledCode: () => vm.compiledCode,
    userModeSeen: () => vm.watch.userModeSeen,
    forgetUserMode: () => vm.watch.forgetUserMode(),
    hashState: (update) => vm.hashState(update),
    onInterrupt: (listener) => {
      interrupted = listener;
    },
    onAgentOutput: (listener) => {
      agentOutput = listener;
    },
    onOtherOutput: (listener) => {
      otherOutput = listener;
    },
    onSystemEvent: (listener) => {
      systemEvent = listener;
    },
  };
}

function ramFor(board: Board, config: VmConfig): RamWindow[] {
  if (config.cpus > board.maxCpus)
    throw new TsvmError('usage', `--cpus ${config.cpus}: ${board.name} has at most ${board.maxCpus}`);
  if (config.disks.length > maxDisks(board))
    throw new TsvmError('usage', `${config.disks.length} disks: ${board.name} has at most ${maxDisks(board)}`);
  const ram = fillRam(board.ram, config.memory);
  if (!ram)
    throw new TsvmError(
      'usage',
      `--mem ${formatSize(config.memory)}: ${board.name} takes at most ${formatSize(maxMemory(board))}`,
    );
  return ram;
}

function requireCpuModel({ cpuModels }: CreateVmOptions['cpu'], { name }: Board, { cpuModel }: VmConfig): void {
  if (cpuModel !== null && !cpuModels.includes(cpuModel))
    throw new TsvmError('usage', `--cpu-model ${cpuModel}: ${name} has no such CPU`, {
      next: `one of ${cpuModels.join(', ')}`,
    });
}

function mapRam(vm: EmulatedVm, ram: readonly RamWindow[]): void {
  let userspaceAddr = 0;
  for (const [slot, { base, size }] of ram.entries()) {
    vm.setUserMemoryRegion({ slot, flags: 0, guestPhysAddr: base, memorySize: size, userspaceAddr });
    userspaceAddr += size;
  }
}

/** KVM_CREATE_IRQCHIP; the first window is the chip's, which answers its lines, and the others lie beside. */
function createIrqchip(vm: EmulatedVm, chip: Irqchip, places: readonly Omit<InKernelWindow, 'device'>[]): void {
  const windows = chip.windows.map((window, n) => ({ ...places[n]!, device: inKernel(window) }));
  const [first, ...others] = windows;
  if (!first) throw new TsvmError('internal', `${chip.device.name} has no window`);
  const setLine: InKernelIrqchip['setLine'] = (irq, level) => chip.setLine(irq, level);
  const setPrivateLine: InKernelIrqchip['setPrivateLine'] = (vcpu, irq, level) =>
    chip.setPrivateLine?.(vcpu, irq, level);
  const canRaise: InKernelIrqchip['canRaise'] = (vcpu, line) => chip.canRaise?.(vcpu, line) ?? true;
  vm.provideIrqchip({ ...first, device: { ...first.device, setLine, setPrivateLine, canRaise } });
  vm.createIrqchip();
  for (const window of others) vm.addInKernelDevice(window);
}

function inKernel(window: KernelWindow): InKernelDevice {
  return {
    name: window.name,
    size: window.size,
    read: (offset, length, vcpu) => window.read(offset, length, vcpu),
    write: (offset, length, value, vcpu) => window.write(offset, length, value, vcpu),
  };
}

/** Load kernel, initrd and boot arguments, and set what each vCPU starts with. */
function loadGuest(
  { board, as, config, image, initrd, transport }: ComposeOptions,
  memory: GuestMemory,
  ram: readonly RamWindow[],
  vcpus: readonly Vcpu[],
): LoadedGuest {
  const console = consoleKind(board, config);
  const devices = presentDevices(board, {
    disks: config.disks.length,
    console,
    transport,
    agent: config.agent,
  });
  const words = board.commandLine({ ram, cpus: config.cpus, console: board.consoles[console]!, devices });
  words.push(...rootWords(config));
  const params = config.agent ? agentParams(config.params).params : config.params;
  if (config.agent) words.push(AGENT_WORD);
  const ids = vcpus.map((vcpu) => registerIds(board, vcpu));
  const guest = board.load({
    memory,
    kernel: image,
    image: as,
    ram,
    cpus: config.cpus,
    initrd,
    devices,
    console,
    commandLine: (more) => buildCommandLine([...words, ...more], [params], board.commandLineSize),
    register: (cpu, name) => Number(BigInt.asUintN(32, vcpus[cpu]!.getOneReg(ids[cpu]!(name)))),
  });
  for (const [cpu, vcpu] of vcpus.entries())
    for (const [name, value] of guest.registers(cpu)) vcpu.setOneReg(ids[cpu]!(name), BigInt(value | 0));
  return guest;
}

/** ONE_REG ids of what a vCPU has, by name. */
function registerIds({ kernelAbi }: Board, vcpu: Vcpu): (name: string) => bigint {
  const known = new Set(vcpu.getRegList());
  return (name) => {
    const ids = kernelAbi.registerIds(name);
    return ids.find((id) => known.has(id)) ?? ids[0]!;
  };
}

const CONFIG1_FP = 1n;

/** Give the guest the FPU that the CPU model has. */
function enableFpu(vcpu: Vcpu): void {
  vcpu.enableCap(Cap.MIPS_FPU, 0, []);
  const config1 = KVM_REG_MIPS_CP0_32(16, 1);
  vcpu.setOneReg(config1, vcpu.getOneReg(config1) | CONFIG1_FP);
}

/** The `--console` word, the board's first unless one was given. */
function consoleKind(board: Board, { console }: VmConfig): string {
  const kinds = Object.keys(board.consoles);
  const kind = console ?? kinds[0]!;
  if (!kinds.includes(kind))
    throw new TsvmError('usage', `--console ${kind}: ${board.name} has no such console`, {
      next: `one of ${kinds.join(', ')}`,
    });
  return kind;
}

function virtioInterface({ virtio }: VmConfig, transport: VirtioTransportName): VirtioInterface | null {
  if (virtio === 'transitional' && transport !== 'pci')
    throw new TsvmError('usage', '--virtio transitional: only virtio on PCI has it', {
      next: '--virtio modern, or --virtio legacy',
    });
  return virtio;
}

/** As kvmtool: a kernel with a disk and nothing else to start from has its root on the first one. */
function rootWords({ disks, initrd, params }: VmConfig): string[] {
  const [first] = disks;
  if (!first || initrd !== null || /(^|\s)root=/.test(params)) return [];
  return ['root=/dev/vda', first.mode === 'ro' ? 'ro' : 'rw'];
}
