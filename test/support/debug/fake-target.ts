// A DebugTarget whose guest does what the test says: RAM at guest-physical 0, seen at 0x80000000 and 0xa0000000 and, page by page, where the test
// maps it; registers by name; a guest that runs until the test stops it. The rules of when a call is legal are the interface's.
import type { DebugAccess } from '../../../src/cpu/isa/debug-view.ts';
import type {
  Breakpoint,
  BreakpointSpec,
  DebugDevice,
  DebugEvent,
  DebugSymbols,
  DebugTarget,
  ListedInstruction,
  MappedRange,
  Resume,
  Stop,
} from '../../../src/debug/target.ts';
import { STAT_NAMES, type VcpuStats } from '../../../src/kvm/stats.ts';
import type { TraceSink } from '../../../src/kvm/trace.ts';
import { hex } from '../../../src/util/bits.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { type FakeArchitecture, FakeCpu, fakeView } from './fake-view.ts';

const PAGE = 0x1000;

export interface FakeTargetOptions {
  readonly architecture?: FakeArchitecture;
  readonly endianness?: 'little' | 'big';
  readonly cpus?: number;
  /** Bytes of RAM at guest-physical 0; a multiple of 4096. */
  readonly ram?: number;
  /** Name and address. */
  readonly symbols?: Readonly<Record<string, number>>;
  readonly entry?: number;
}

interface Added {
  readonly spec: BreakpointSpec;
  hits: number;
}

export class FakeTarget implements DebugTarget {
  readonly name = 'guest-1';
  readonly machine = 'fake';
  readonly kernel = 'fake.elf';
  readonly view;
  readonly endianness;
  readonly cpus: number;
  readonly entry: number;
  readonly symbols: DebugSymbols;
  readonly clock = { instructions: 12_345, guestTimeNs: 123_450 };
  readonly memory: Uint8Array;
  /** vCPUs, also while the guest runs. */
  readonly vcpus: readonly FakeCpu[];
  /** Virtual page number to physical page number; pages of kseg0 and kseg1 need none. */
  readonly pages = new Map<number, number>();
  /** What would be in the journal: `cpu0 r4 = 0x00000001`, `0x00000010 = 00 01`. */
  readonly writes: string[] = [];
  /** Every resume, in order. */
  readonly resumes: Resume[] = [];
  readonly input: number[] = [];
  readonly killed: string[] = [];
  /** Text of the instruction at an address; others are `.word 0x...`. */
  readonly texts = new Map<number, string>();
  calls: { addresses: number[]; end: 'user' | 'start' | 'lost' } = { addresses: [], end: 'lost' };
  hardware: DebugDevice[] = [];
  counters: VcpuStats[] = [];
  observed: { stats: boolean; trace: TraceSink | null } = { stats: false, trace: null };
  /** False: pause() waits until the test calls stop(). */
  pausesAtOnce = true;
  stopped: Stop | null = { kind: 'paused' };
  stoppedCpu = 0;
  private readonly listeners = new Set<(event: DebugEvent) => void>();
  private readonly added = new Map<number, Added>();
  private waiting: ((stop: Stop) => void)[] = [];
  private lastId = 0;

  constructor(options: FakeTargetOptions = {}) {
    const { architecture = 'mips', endianness = 'little', cpus = 1, ram = 0x1_0000, symbols = {} } = options;
    this.view = fakeView(architecture);
    this.endianness = endianness;
    this.cpus = cpus;
    this.memory = new Uint8Array(ram);
    this.entry = options.entry ?? 0x8000_0400;
    this.symbols = fakeSymbols(symbols);
    this.vcpus = Array.from(
      { length: cpus },
      (_, id) =>
        new FakeCpu(
          id,
          (address) => this.lead(address),
          (physical) => this.wordAt(physical),
        ),
    );
    for (const cpu of this.vcpus) cpu.set('pc', this.entry);
    this.counters = this.vcpus.map(() => Object.fromEntries(STAT_NAMES.map((name) => [name, 0])) as VcpuStats);
  }

  // What a test does with the guest.

  /** The running guest comes to stand. */
  stop(stop: Stop): void {
    if (this.stopped) throw new Error('the guest stands already');
    this.stopped = stop;
    if ('cpu' in stop) this.stoppedCpu = stop.cpu;
    const { waiting } = this;
    this.waiting = [];
    this.tell({ event: 'stopped', stop });
    for (const resolve of waiting) resolve(stop);
  }

  /** `cpu` comes to `pc`: the breakpoints there are asked, and the first that says so stops the guest. True when one did. */
  arrive(cpu: number, pc: number): boolean {
    this.vcpus[cpu]!.set('pc', (pc & ~1) >>> 0);
    for (const [id, breakpoint] of this.added) {
      const { spec } = breakpoint;
      const there = spec.space === 'physical' ? this.lead((pc & ~1) >>> 0) : (pc & ~1) >>> 0;
      if (spec.kind !== 'execution' || spec.address !== there) continue;
      if (this.take(id, breakpoint, { kind: 'breakpoint', id, cpu, pc })) return true;
    }
    return false;
  }

  /** `cpu` is about to access memory; as arrive(). */
  touch(cpu: number, access: 'read' | 'write', address: number, length: number, value: number | null = null): boolean {
    const pc = Number(this.vcpus[cpu]!.get('pc'));
    const physical = this.lead(address) ?? 0;
    for (const [id, breakpoint] of this.added) {
      const { spec } = breakpoint;
      if (spec.kind !== 'data' || (spec.access !== 'access' && spec.access !== access)) continue;
      const at = spec.space === 'physical' ? physical : address;
      if (at + length <= spec.address || at >= spec.address + spec.length) continue;
      const stop: Stop = { kind: 'watchpoint', id, cpu, pc, access, address, physical, length, value };
      if (this.take(id, breakpoint, stop)) return true;
    }
    return false;
  }

  private take(id: number, breakpoint: Added, stop: Stop): boolean {
    const { spec } = breakpoint;
    if (spec.cpu !== undefined && 'cpu' in stop && spec.cpu !== stop.cpu) return false;
    // Asked while the guest stands there.
    this.stopped = stop;
    this.stoppedCpu = 'cpu' in stop ? stop.cpu : 0;
    let stops = true;
    try {
      stops = spec.condition?.(stop) ?? true;
    } catch {}
    this.stopped = null;
    if (!stops) return false;
    breakpoint.hits++;
    if (spec.once) this.added.delete(id);
    this.stop(stop);
    return true;
  }

  putWord(address: number, value: number): void {
    new DataView(this.memory.buffer).setUint32(this.lead(address)!, value, this.endianness === 'little');
  }

  // DebugTarget.

  cpu(id: number): FakeCpu {
    this.requireStanding();
    return this.vcpu(id);
  }

  readPhysical(address: number, length: number): Uint8Array | null {
    this.requireStanding();
    return this.inRam(address, length) ? this.memory.slice(address, address + length) : null;
  }

  readVirtual(cpu: number, address: number, length: number): Uint8Array {
    this.requireStanding();
    this.vcpu(cpu);
    const bytes: number[] = [];
    for (let at = 0; at < length; at++) {
      const physical = this.lead((address + at) >>> 0);
      if (physical === null) break;
      bytes.push(this.memory[physical]!);
    }
    return Uint8Array.from(bytes);
  }

  physical(cpu: number, address: number, _access: DebugAccess): number | null {
    this.requireStanding();
    this.vcpu(cpu);
    return this.lead(address);
  }

  writePhysical(address: number, bytes: Uint8Array): void {
    this.requireStanding();
    if (!this.inRam(address, bytes.length)) throw usage(`${hex(address)}: not all of it is RAM`);
    this.memory.set(bytes, address);
    this.writes.push(`${hex(address)} = ${[...bytes].map((byte) => hex(byte, 2).slice(2)).join(' ')}`);
  }

  writeVirtual(cpu: number, address: number, bytes: Uint8Array): void {
    this.requireStanding();
    this.vcpu(cpu);
    const places = Array.from(bytes, (_, at) => this.lead((address + at) >>> 0));
    if (places.includes(null)) throw usage(`${hex(address)}: not all of it is RAM`);
    for (const [at, place] of places.entries()) this.memory[place!] = bytes[at]!;
    this.writes.push(`${hex(address)} = ${[...bytes].map((byte) => hex(byte, 2).slice(2)).join(' ')}`);
  }

  writeRegister(cpu: number, name: string, value: bigint): void {
    this.requireStanding();
    const vcpu = this.vcpu(cpu);
    const register = this.view.find(vcpu, name);
    if (!register) throw usage(`${name}: no such register`);
    const cut = BigInt.asUintN(register.bits, value);
    vcpu.set(register.name, cut);
    this.writes.push(`cpu${cpu} ${register.name} = 0x${cut.toString(16)}`);
  }

  disassemble(cpu: number, pc: number, count: number): readonly ListedInstruction[] {
    this.requireStanding();
    this.vcpu(cpu);
    const size = (pc & 1) !== 0 ? 2 : 4;
    const listed: ListedInstruction[] = [];
    for (let at = 0; at < count; at++) {
      const address = ((pc & ~1) + at * size) >>> 0;
      const bytes = this.readVirtual(cpu, address, size);
      if (bytes.length < size) break;
      const view = new DataView(bytes.buffer);
      const little = this.endianness === 'little';
      const word = size === 2 ? view.getUint16(0, little) : view.getUint32(0, little);
      listed.push({ address, size, word, text: this.texts.get(address) ?? `.word ${hex(word, 2 * size)}` });
    }
    return listed;
  }

  backtrace(cpu: number): { readonly addresses: readonly number[]; readonly end: 'user' | 'start' | 'lost' } {
    this.requireStanding();
    const { addresses, end } = this.calls;
    return { addresses: [this.view.pc(this.vcpu(cpu)), ...addresses], end };
  }

  memoryMap(): readonly MappedRange[] {
    this.requireStanding();
    return [
      { base: 0, size: this.memory.length, kind: 'ram', name: 'ram' },
      { base: 0x1000_0000, size: 0x100, kind: 'device', name: 'serial0' },
    ];
  }

  devices(): readonly DebugDevice[] {
    this.requireStanding();
    return this.hardware;
  }

  stats(): readonly VcpuStats[] {
    this.requireStanding();
    return this.counters;
  }

  observe(stats: boolean, trace: TraceSink | null): void {
    this.requireStanding();
    this.observed = { stats, trace };
  }

  addBreakpoint(spec: BreakpointSpec): Breakpoint {
    const id = ++this.lastId;
    this.added.set(id, { spec, hits: 0 });
    return { id, spec, hits: 0 };
  }

  removeBreakpoint(id: number): boolean {
    return this.added.delete(id);
  }

  breakpoints(): readonly Breakpoint[] {
    return [...this.added].map(([id, { spec, hits }]) => ({ id, spec, hits }));
  }

  resume(how: Resume): Promise<Stop> {
    this.requireStanding();
    if (this.stopped?.kind === 'ended') throw usage('the guest has ended');
    this.resumes.push(how);
    this.stopped = null;
    const stands = new Promise<Stop>((resolve) => this.waiting.push(resolve));
    this.tell({ event: 'resumed' });
    return stands;
  }

  pause(): Promise<Stop> {
    if (this.stopped) return Promise.resolve(this.stopped);
    const stands = new Promise<Stop>((resolve) => this.waiting.push(resolve));
    if (this.pausesAtOnce) this.stop({ kind: 'paused' });
    return stands;
  }

  kill(reason: string): void {
    this.killed.push(reason);
    if (this.stopped?.kind === 'ended') return;
    const ended: Stop = { kind: 'ended', summary: `interrupted: ${reason}`, exitCode: 130 };
    // Nobody resumes a guest that ends.
    this.stopped = null;
    this.stop(ended);
  }

  sendInput(bytes: Uint8Array): boolean {
    this.input.push(...bytes);
    return true;
  }

  subscribe(listener: (event: DebugEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** How many listen. */
  get subscribers(): number {
    return this.listeners.size;
  }

  private tell(event: DebugEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  private requireStanding(): void {
    if (!this.stopped) throw usage('the guest runs');
  }

  private vcpu(id: number): FakeCpu {
    const vcpu = this.vcpus[id];
    if (!vcpu) throw usage(`cpu ${id}: there is none`);
    return vcpu;
  }

  private inRam(address: number, length: number): boolean {
    return address >= 0 && length >= 0 && address + length <= this.memory.length;
  }

  private wordAt(physical: number): number | undefined {
    if (!this.inRam(physical, 4)) return undefined;
    return new DataView(this.memory.buffer).getUint32(physical, this.endianness === 'little');
  }

  private lead(address: number): number | null {
    const page = this.pages.get(Math.floor(address / PAGE));
    const fixed = address >= 0x8000_0000 && address < 0xc000_0000 ? address & 0x1fff_ffff : null;
    const physical = page === undefined ? fixed : page * PAGE + (address % PAGE);
    return physical !== null && this.inRam(physical, 1) ? physical : null;
  }
}

const usage = (message: string): TsvmError => new TsvmError('usage', message, { next: 'pause the guest first' });

/** Symbols by name and address; a symbol reaches to the next one. */
function fakeSymbols(table: Readonly<Record<string, number>>): DebugSymbols {
  const sorted = Object.entries(table).sort(([, left], [, right]) => left - right);
  return {
    lookup(address) {
      const found = sorted.filter(([, start]) => start <= address).at(-1);
      return found && { name: found[0], offset: address - found[1] };
    },
    find: (name) => table[name],
    names: (prefix, most) =>
      Object.keys(table)
        .filter((name) => name.startsWith(prefix))
        .sort()
        .slice(0, most),
  };
}
