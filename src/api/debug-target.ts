// The DebugTarget of a VM: what debuggers see and do, by the VM's debugger (vmm/debugger.ts) and the architecture's view. What changes the guest goes through
// the journal.
import type { SymbolTable } from '../boot/symbols.ts';
import type { DebugAccess, DebuggedCpu, DebugView } from '../cpu/isa/debug-view.ts';
import type {
  BreakpointSpec,
  DebugSymbols,
  DebugTarget,
  ListedInstruction,
  MappedRange,
  Resume,
  Stop,
} from '../debug/target.ts';
import { KvmError } from '../kvm/errors.ts';
import type { TraceSink } from '../kvm/trace.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import { CodeListing, type ListedArchitecture, type ListedCode } from '../vmm/emulated-code.ts';
import { KernelView } from '../vmm/kernel-view.ts';
import type { Machine } from '../vmm/machine.ts';
import type { Vm } from '../vmm/vm.ts';
import type { ObservedRun } from './trace/observed-run.ts';

const PAGE_SIZE = 4096;
/** Bytes. */
const MOST_READ = 1 << 28;
/** Bytes of one entry of the journal. */
const PIECE = 0x8000;

export interface DebugTargetOptions {
  readonly vm: Vm;
  readonly machine: Machine;
  readonly view: DebugView;
  readonly observed: ObservedRun;
  readonly architecture: ListedArchitecture;
  /** Of the VM, of its board, and of the kernel file. */
  readonly name: string;
  readonly board: string;
  readonly kernel: string;
  /** The kernel's symbols as a file has them; null: none. */
  symbols(): SymbolTable | null;
  kill(reason: string): void;
}

export class VmDebugTarget implements DebugTarget {
  readonly name: string;
  readonly machine: string;
  readonly kernel: string;
  readonly view: DebugView;
  readonly endianness: 'little' | 'big';
  readonly cpus: number;
  readonly entry: number;
  readonly symbols: DebugSymbols;
  private readonly options: DebugTargetOptions;
  private readonly debugged: readonly DebuggedCpu[];
  /** Made once: it has the decoder in it. Reads `code`. */
  private madeListing: CodeListing | null = null;
  private code: Pick<ListedCode, 'wordAt'> & Required<Pick<ListedCode, 'halfwordAt'>> = {
    wordAt: () => undefined,
    halfwordAt: () => undefined,
  };
  private endObserving: (() => void) | null = null;

  constructor(options: DebugTargetOptions) {
    const { machine } = options;
    this.options = options;
    this.name = options.name;
    this.machine = options.board;
    this.kernel = options.kernel;
    this.view = options.view;
    this.endianness = machine.memory.endianness;
    this.cpus = machine.vcpus.length;
    this.entry = machine.entry;
    this.debugged = machine.vcpus.map((_, id) => debuggedCpu(options.vm, machine, id));
    this.symbols = {
      lookup: (address) =>
        this.tables()
          .map((table) => table.lookup(address))
          .find((named) => named !== undefined),
      find: (name) =>
        this.tables()
          .map((table) => table.find(name))
          .find((address) => address !== undefined),
      names: (prefix, most) =>
        [...new Set(this.tables().flatMap((table) => table.names(prefix, most)))].sort().slice(0, most),
    };
  }

  /** The file's, which has data too, and then what the kernel says of itself. */
  private tables(): SymbolTable[] {
    const { symbols, vm } = this.options;
    return [symbols(), vm.names].filter((table) => table !== null);
  }

  private get debugger(): Vm['debugger'] {
    return this.options.vm.debugger;
  }

  get stopped(): Stop | null {
    return this.debugger.stopped;
  }

  get stoppedCpu(): number {
    return this.debugger.stoppedCpu;
  }

  get clock(): DebugTarget['clock'] {
    return this.options.vm.clock;
  }

  private standing(): void {
    if (!this.stopped)
      throw new TsvmError('usage', 'the guest runs', { next: 'stop it first: pause, or a breakpoint' });
  }

  // Looking

  cpu(id: number): DebuggedCpu {
    this.standing();
    const cpu = this.debugged[id];
    if (!cpu) throw new TsvmError('usage', `there is no cpu${id}: the machine has ${this.cpus}`);
    return cpu;
  }

  readPhysical(address: number, length: number): Uint8Array | null {
    this.standing();
    const { memory } = this.options.machine;
    if (!memory.contains(address, length)) return null;
    requireLength(length);
    const bytes = new Uint8Array(length);
    memory.read(address, bytes);
    return bytes;
  }

  physical(cpu: number, address: number, access: DebugAccess): number | null {
    const { machine } = this.options;
    const debugged = this.cpu(cpu);
    const usual: readonly DebugAccess[] = ['read', 'fetch', 'write'];
    let device: number | null = null;
    for (const how of [access, ...usual.filter((other) => other !== access)]) {
      const found = debugged.translate(address >>> 0, how);
      if (found.outcome === 'physical' && machine.memory.contains(found.physical, 1)) return found.physical;
      if ('physical' in found) device ??= found.physical;
    }
    // What the mode may not reach, or has not mapped yet: a kernel's own memory is where its segment says.
    const unmapped = machine.toPhysical(address >>> 0);
    return unmapped !== null && machine.memory.contains(unmapped, 1) ? unmapped : device;
  }

  /** Where pieces of a virtual range lie that are RAM, up to the first byte that is not. */
  private *pieces(
    cpu: number,
    address: number,
    length: number,
  ): Iterable<{ physical: number; done: number; length: number }> {
    const { memory } = this.options.machine;
    for (let done = 0; done < length; ) {
      const at = address + done;
      if (at > 0xffffffff) return;
      const piece = Math.min(length - done, PAGE_SIZE - (at % PAGE_SIZE));
      const physical = this.physical(cpu, at, 'read');
      if (physical === null || !memory.contains(physical, piece)) return;
      yield { physical, done, length: piece };
      done += piece;
    }
  }

  readVirtual(cpu: number, address: number, length: number): Uint8Array {
    const { memory } = this.options.machine;
    requireLength(length);
    const bytes = new Uint8Array(length);
    let read = 0;
    for (const piece of this.pieces(cpu, address, length)) {
      memory.read(piece.physical, bytes.subarray(piece.done, piece.done + piece.length));
      read = piece.done + piece.length;
    }
    return bytes.subarray(0, read);
  }

  disassemble(cpu: number, pc: number, count: number, block = 0): ListedInstruction[] {
    const { architecture } = this.options;
    const isHalves = architecture.interworking && (pc & 1) !== 0;
    const start = isHalves ? pc - 1 : pc;
    const code = this.readVirtual(cpu, start, Math.min(count * 4 + 4, 1 << 20));
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    const little = this.endianness === 'little';
    this.code = {
      wordAt: (at) => (at - start + 4 <= code.length ? view.getUint32(at - start, little) : undefined),
      halfwordAt: (at) => (at - start + 2 <= code.length ? view.getUint16(at - start, little) : undefined),
    };
    const { listing } = this;
    const listed: ListedInstruction[] = [];
    for (let at = pc, state = block; listed.length < count; ) {
      const found = listing.listed(at, state);
      if (!found) break;
      listed.push(found);
      at += found.size;
      state = found.block;
    }
    return listed;
  }

  private get listing(): CodeListing {
    const { architecture } = this.options;
    this.madeListing ??= new CodeListing(
      {
        architecture,
        endianness: this.endianness,
        wordAt: (at) => this.code.wordAt(at),
        halfwordAt: (at) => this.code.halfwordAt(at),
        symbolize: () => null,
      },
      { operations: false, wasm: false },
    );
    return this.madeListing;
  }

  backtrace(cpu: number): ReturnType<DebugTarget['backtrace']> {
    this.cpu(cpu);
    const { machine } = this.options;
    const [table = null] = this.tables();
    return new KernelView(machine, table).calls(machine.vcpus[cpu]!);
  }

  memoryMap(): MappedRange[] {
    const { memory } = this.options.machine;
    const ram = memory.getRanges().map(({ gpa, size }) => ({ base: gpa, size, kind: 'ram' as const, name: 'ram' }));
    const devices = this.options.machine.windows().map((window) => ({ ...window, kind: 'device' as const }));
    return [...ram, ...devices].sort((a, b) => a.base - b.base);
  }

  devices(): ReturnType<DebugTarget['devices']> {
    this.standing();
    return this.options.machine.devices.map(({ name, device }) => ({
      name,
      registers: () => device.registers(),
      state: () => device.saveState(),
    }));
  }

  stats(): ReturnType<DebugTarget['stats']> {
    return this.options.machine.vcpus.map((vcpu) => vcpu.stats());
  }

  observe(stats: boolean, trace: TraceSink | null): void {
    this.endObserving?.();
    this.endObserving = stats || trace ? this.options.observed.watch({ stats, trace }) : null;
  }

  // Changing

  writePhysical(address: number, bytes: Uint8Array): void {
    this.changeable();
    this.options.vm.inspector.physical({ physical: address }, bytes.length);
    for (let done = 0; done < bytes.length; done += PIECE)
      this.options.vm.change({ type: 'memory', address: address + done, bytes: bytes.slice(done, done + PIECE) });
  }

  writeVirtual(cpu: number, address: number, bytes: Uint8Array): void {
    this.changeable();
    const pieces = [...this.pieces(cpu, address, bytes.length)];
    const there = pieces.reduce((sum, { length }) => sum + length, 0);
    if (there < bytes.length) throw new TsvmError('usage', `there is no RAM at ${hex(address + there)}`);
    for (const { physical, done, length } of pieces) this.writePhysical(physical, bytes.slice(done, done + length));
  }

  writeRegister(cpu: number, name: string, value: bigint): void {
    this.changeable();
    const debugged = this.cpu(cpu);
    const register = this.view.find(debugged, name);
    if (!register) throw new TsvmError('usage', `cpu${cpu} has no register called ${name}`);
    const place = this.view.place(debugged, register);
    if (!place) throw new TsvmError('usage', `${register.name} cannot be written`);
    const mask = BigInt.asUintN(place.high - place.low + 1, -1n) << BigInt(place.low);
    const before = debugged.oneReg(place.id) ?? 0n;
    const whole = (before & ~mask) | ((value << BigInt(place.low)) & mask);
    const isWide = register.bits === 64 || place.high > 31;
    // By its id: names may mean another register in another mode.
    this.options.vm.change({
      type: 'register',
      cpu,
      name: `0x${place.id.toString(16)}`,
      value: Number(BigInt.asUintN(32, whole)),
      ...(isWide ? { high: Number(BigInt.asUintN(32, whole >> 32n)) } : {}),
    });
  }

  private changeable(): void {
    this.standing();
    if (this.options.vm.over) throw new TsvmError('usage', 'the run is over: the guest can only be looked at');
  }

  sendInput(bytes: Uint8Array): boolean {
    return this.options.vm.arrive({ type: 'console', bytes: bytes.slice() });
  }

  // Running

  addBreakpoint(spec: BreakpointSpec): ReturnType<DebugTarget['addBreakpoint']> {
    return this.debugger.add(spec);
  }

  removeBreakpoint(id: number): boolean {
    return this.debugger.remove(id);
  }

  breakpoints(): ReturnType<DebugTarget['breakpoints']> {
    return this.debugger.breakpoints;
  }

  async resume(how: Resume): Promise<Stop> {
    this.changeable();
    const next = this.debugger.next();
    this.options.vm.resume(how);
    return next;
  }

  async pause(): Promise<Stop> {
    if (this.stopped) return this.stopped;
    const next = this.debugger.next();
    void this.options.vm.pause();
    return next;
  }

  kill(reason: string): void {
    this.options.kill(reason);
  }

  subscribe(listener: Parameters<DebugTarget['subscribe']>[0]): () => void {
    return this.debugger.subscribe(listener);
  }
}

/** Bytes that are read at once. @throws TsvmError usage */
function requireLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0 || length > MOST_READ)
    throw new TsvmError('usage', `${length}: not a number of bytes that can be read at once`, {
      next: `read at most ${MOST_READ >> 20} MiB at a time`,
    });
}

function debuggedCpu(vm: Vm, { vcpus, debug, memory }: Machine, id: number): DebuggedCpu {
  const vcpu = vcpus[id]!;
  const port = debug.vcpu(id);
  return {
    id,
    oneReg: (register) => {
      try {
        return vcpu.getOneReg(register);
      } catch (error) {
        if (error instanceof KvmError) return undefined;
        throw error;
      }
    },
    bank: (name, index) => port.bank(name, index),
    translate: (address, access, asUser) => port.translate(address, access, asUser),
    physicalWord: (address) => (memory.contains(address, 4) ? memory.readU32(address, memory.endianness) : undefined),
    exceptions: () => port.exceptions(),
    exceptionsAtOops: () => vm.exceptionsAtOops(id),
  };
}
