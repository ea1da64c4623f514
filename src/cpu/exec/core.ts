// The emulated core of one VM: its memory, the generated program, the tables, and the slow paths that the program calls. One vCPU is
// active at a time: its state lies at the fixed place the program addresses, the others' are kept aside.

import type { InKernelIrqchip } from '../../kvm/in-kernel-device.ts';
import { GuestMemory } from '../../memory/guest-memory.ts';
import {
  Access,
  type ArchitectureDefinition,
  type CoreModel,
  type CoreServices,
  createTranslation,
  readTranslation,
  Translated,
  type Translation,
} from '../isa/architecture.ts';
import type { Banks } from '../isa/register-file.ts';
import { beginRun, executed, InstructionClock } from './clock.ts';
import { CodeFetch } from './code-fetch.ts';
import { CodePages } from './code-pages.ts';
import type { CoreOptions } from './core-options.ts';
import { ExitRequests } from './exit-requests.ts';
import { allocate } from './host-memory.ts';
import { HostWatch } from './host-watch.ts';
import { type Imported, importsOf, instantiate } from './instance.ts';
import { IoBus } from './io-bus.ts';
import {
  CODE_LINE_SHIFT,
  HANDLER,
  JUMP_RECORD,
  LONGEST_RUN,
  planMemory,
  regionWordShift,
  SET_SIZE,
  STATE_BASE,
  WHY,
  WORD,
} from './layout.ts';
import { MemoryAccess } from './memory-access.ts';
import { type Observation, type ObservedCore, Observer } from './observer.ts';
import { Predecoder } from './predecoder.ts';
import { type Program, programFor } from './program.ts';
import type { RegionHost } from './region/code-reader.ts';
import { RegionEngine } from './region/engine.ts';
import { Lockstep, type LockstepHost } from './region/lockstep.ts';
import { MemorySlots, writeSlots } from './slots.ts';
import { SoftTlb } from './soft-tlb.ts';
import { VcpuChanges } from './vcpu-changes.ts';

export class Core extends ExitRequests implements CoreServices, ObservedCore, RegionHost, LockstepHost, Imported {
  readonly program: Program;
  readonly banks: Banks;
  readonly i32: Int32Array;
  readonly i64: BigInt64Array;
  readonly u32: Uint32Array;
  readonly memory: GuestMemory;
  readonly clock: InstructionClock;
  readonly slots: MemorySlots;
  readonly tlb: SoftTlb;
  readonly codePages: CodePages;
  readonly code: CodeFetch;
  readonly model: CoreModel;
  readonly ioBus: IoBus;
  readonly observer: Observer;
  readonly watch: HostWatch;
  private readonly u8: Uint8Array;
  readonly access: MemoryAccess;
  /** Host address of the arena. */
  readonly arena: number;
  /** RAM is kept in host order: bytes move within their word. */
  readonly bigEndian: boolean;
  private exports: WebAssembly.Exports;
  readonly wasmMemory: WebAssembly.Memory;
  private readonly saved: Uint8Array[];
  readonly regions: RegionEngine | null;
  private readonly lockstep: Lockstep | null;
  private readonly translation: Translation = createTranslation();
  /** Should another vCPU run now: did this one raise an interrupt for it, or say that it spins? */
  yields = false;
  private readonly changes: VcpuChanges;
  /** The in-kernel interrupt controller, when there is one. */
  irqchip: InKernelIrqchip | null = null;
  readonly vcpus: number;
  private activeVcpu = 0;
  private lastRun = 0;
  /** Does the program run? */
  running = false;

  constructor(architecture: ArchitectureDefinition, options: CoreOptions) {
    super();
    const inLockstep = options.engine === 'lockstep';
    const program = programFor(architecture, options.endianness === 'big', inLockstep ? 'lockstep' : 'plain');
    this.program = program;
    this.banks = program.banks;
    const plan = planMemory(options.maxVcpus, architecture.privileges, options.arenaSize, architecture.interworking);
    const memory = allocate(plan.wasmPages);
    this.i32 = new Int32Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.i64 = new BigInt64Array(memory.buffer);
    this.u8 = new Uint8Array(memory.buffer);
    this.arena = plan.arena;
    this.bigEndian = options.endianness === 'big';
    this.memory = new GuestMemory(memory.buffer, plan.arena, plan.arenaSize, options.endianness);
    this.memory.setListener({ wrote: (offset, length) => this.hostWrote(offset, length) });
    this.clock = new InstructionClock(options.nsPerInstruction);
    this.slots = new MemorySlots(plan.arenaSize);
    this.tlb = new SoftTlb(this, options.maxVcpus, architecture.privileges);
    const predecoder = new Predecoder(architecture, program.table, memory.buffer);
    const block = architecture.interworking ? this.banks.it!.offset >>> 2 : null;
    this.code = new CodeFetch(this);
    this.codePages = new CodePages(plan, memory.buffer, predecoder, this.tlb, () =>
      block === null ? 0 : this.i32[block]!,
    );
    this.vcpus = options.maxVcpus;
    this.saved = Array.from({ length: options.maxVcpus }, () => new Uint8Array(program.stateEnd));
    this.i32[JUMP_RECORD >>> 2] = HANDLER.JUMP;
    this.access = new MemoryAccess(this, this.bigEndian ? 3 : 0);
    this.i64[WORD.NS_PER_INSTRUCTION >>> 3] = BigInt(options.nsPerInstruction);
    this.i32[WORD.TABLES_END >>> 2] = this.tlb.tables(options.maxVcpus);
    this.ioBus = new IoBus(options.endianness);
    this.observer = new Observer(this, options.maxVcpus);
    this.watch = new HostWatch(this);
    this.changes = new VcpuChanges(this);
    this.wasmMemory = memory;
    this.lockstep = inLockstep ? new Lockstep(this) : null;
    this.exports = this.instantiate(program);
    this.i32[WORD.REGION_WORDS >>> 2] =
      plan.regionWords - (plan.records >>> regionWordShift(architecture.interworking));
    this.regions = options.engine === 'interpreter' ? null : new RegionEngine(this, this.exports, options.regions);
    this.model = architecture.createModel(this, {
      vmType: options.vmType,
      cpuModel: options.cpuModel ?? architecture.cpuModels[0]!,
      seed: options.seed,
      bigEndian: options.endianness === 'big',
      paravirtHypercalls: options.paravirtHypercalls,
    });
  }

  private instantiate(program: Program): WebAssembly.Exports {
    const imports = importsOf(this);
    const exports = instantiate(program, this.wasmMemory, this.lockstep?.counted(imports) ?? imports);
    this.lockstep?.use(exports);
    return exports;
  }

  get logStores(): boolean {
    return this.lockstep !== null;
  }

  /** Observe, or stop it: another program runs then, with records of its own. No guest-visible effect; not during a run. */
  observe(observation: Observation): void {
    this.requireRest();
    const before = this.observer.on;
    this.observer.observe(observation);
    if (this.observer.on === before) return;
    const { architecture } = this.program;
    const unobserved = this.lockstep ? 'lockstep' : 'plain';
    const program = programFor(architecture, this.bigEndian, this.observer.on ? 'observing' : unobserved);
    this.codePages.use(new Predecoder(architecture, program.table, this.wasmMemory.buffer));
    this.i32[WORD.LINK_BRANCH >>> 2] = 0; // records are gone
    this.exports = this.instantiate(program);
    this.regions?.use(this.exports);
  }

  // The active vCPU

  get active(): number {
    return this.activeVcpu;
  }

  /** Make `vcpu` the one whose state lies at the fixed place. No guest-visible effect. */
  activate(vcpu: number): void {
    if (vcpu === this.activeVcpu) return;
    this.requireRest();
    const end = this.program.stateEnd;
    this.saved[this.activeVcpu]!.set(this.u8.subarray(0, end));
    this.u8.set(this.saved[vcpu]!.subarray(STATE_BASE), STATE_BASE);
    const words = new Uint32Array(this.saved[vcpu]!.buffer);
    this.u32[WORD.PC >>> 2] = words[WORD.PC >>> 2]!;
    this.activeVcpu = vcpu;
  }

  /** What a listener in the middle of a run must not ask for. */
  private requireRest(): void {
    if (this.running) throw new Error('a vCPU is in the middle of an instruction');
  }

  /** Before running `vcpu`: a reservation dies when another one ran in between. */
  schedule(vcpu: number): void {
    this.requireRest();
    this.activate(vcpu);
    if (this.lastRun !== vcpu) this.breakReservation();
    this.lastRun = vcpu;
    const tables = this.tlb.tables(vcpu);
    this.i32[WORD.TABLES >>> 2] = tables;
    const privilege = this.model.privilege();
    this.i32[WORD.CURRENT_TABLES >>> 2] = tables + privilege * SET_SIZE;
    this.i32[WORD.USER_SEEN >>> 2]! |= privilege;
  }

  /** Most instructions that one run should have. */
  get longestRun(): number {
    return this.regions?.longestRun(this.clock.instructions) ?? LONGEST_RUN;
  }

  get pc(): number {
    return this.u32[WORD.PC >>> 2]!;
  }

  set pc(value: number) {
    this.u32[WORD.PC >>> 2] = value;
  }

  /** Run at most `budget` instructions (the step that crosses it completes); retires them and returns WORD.WHY. */
  run(budget: number): number {
    const { clock } = this;
    const end = clock.instructions + budget;
    const why = this.lockstep ? this.lockstep.run(budget) : this.runOnce(budget);
    const anywhere = why === WHY.BUDGET && clock.instructions >= end;
    this.regions?.ran(clock.instructions, anywhere && !this.observer.on);
    return why;
  }

  /** Run the program once; retires what it has executed and returns WORD.WHY. */
  runOnce(budget: number): number {
    beginRun(this.i32, budget, this.clock.now);
    this.i32[WORD.ANSWERED >>> 2] = this.exits.answered + (this.watch.data.on ? 1 : 0);
    this.watch.data.begins();
    this.running = true;
    try {
      (this.exports.run as () => void)();
    } finally {
      // A listener of user space or a device may throw: the VM is then of no use, but what is asked of it must not hang.
      this.running = false;
      if (this.changes.wait) this.changes.apply();
    }
    this.clock.retire(executed(this.i32));
    return this.i32[WORD.WHY >>> 2]!;
  }

  /** KVM_INTERRUPT on `vcpu` with an irq that the model takes. */
  setInterrupt(vcpu: number, irq: number, raise: boolean): void {
    this.changes.make(vcpu, raise, () => this.model.setInterrupt(irq, raise));
  }

  onVcpu(vcpu: number, action: () => void): void {
    this.changes.make(vcpu, true, action);
  }

  privateLine(line: number, level: boolean): void {
    this.irqchip?.setPrivateLine?.(this.activeVcpu, line, level);
  }

  canRaise(line: number): boolean {
    return this.irqchip?.canRaise?.(this.activeVcpu, line) ?? true;
  }

  registerOf(vcpu: number, bank: string, index: number): number {
    const { offset, shared } = this.banks[bank]!;
    const at = (offset >>> 2) + index;
    if (vcpu === this.activeVcpu || shared) return this.i32[at]!;
    return new Int32Array(this.saved[vcpu]!.buffer)[at]!;
  }

  /** Did the run leave in a delay slot? Then go back to its branch, as if that had not run (the program has taken its link back). */
  rewindToBranch(): void {
    if (this.i32[WORD.IN_SLOT >>> 2] === 0) return;
    this.pc = this.pc - 4;
    this.clock.retire(-1);
  }

  /** Enter the exception `trap` at the current pc. */
  raise(trap: number, inSlot: boolean): void {
    this.i64[WORD.NOW_BASE >>> 3] = BigInt(this.clock.now);
    this.i32[WORD.BUDGET >>> 2] = this.i32[WORD.LEFT >>> 2]!;
    this.routine('noteException', trap, this.pc, inSlot ? 1 : 0);
    this.pc = this.routine(this.program.architecture.raise, trap, this.pc, inSlot ? 1 : 0) >>> 0;
  }

  /** The instruction word at a guest virtual address, if there is one. */
  fetchWord(address: number): number | undefined {
    const host = this.hostAddress(address, Access.FETCH);
    return host === undefined ? undefined : this.i32[host >>> 2];
  }

  /** Host address of a virtual address that translates to RAM, in the current privilege. */
  hostAddress(address: number, access: Access): number | undefined {
    const out = this.translate(address, access, createTranslation());
    if (out.outcome !== Translated.PHYSICAL) return undefined;
    const range = this.memory.find(out.physical);
    return range && this.arena + range.offset + (out.physical - range.gpa);
  }

  place(pc: number): ReturnType<CodeFetch['place']> {
    return this.code.place(pc);
  }

  split(pc: number): number {
    return this.code.split(pc);
  }

  fetch(): ReturnType<CodeFetch['fetch']> {
    return this.code.fetch();
  }

  /** Translate in the current privilege of the active vCPU; changes no guest state. */
  translate(address: number, access: Access, out = this.translation): Translation {
    return readTranslation(this.routine(this.program.architecture.translate, address, access), address, out);
  }

  /** Write the fault registers of an access that raises `trap`; returns that. */
  recordFault(address: number, trap: number): number {
    this.routine(this.program.architecture.recordFault, address, trap);
    this.i32[WORD.FAULTED >>> 2] = address;
    return trap;
  }

  /** Memory slots changed: nothing that was found through them holds any more, a reservation included. */
  slotsChanged(): void {
    this.memory.setRanges(this.slots.ranges());
    this.writeSlots();
    this.tlb.dropAll();
    this.activate(this.lastRun);
    this.breakReservation();
  }

  writeSlots(): void {
    writeSlots(this.u32, this.arena, this.memory.getRanges(), this.watch.data.on);
  }

  private hostWrote(offset: number, length: number): void {
    const host = this.arena + offset;
    this.codeWritten(host, length);
    const reservation = this.u32[WORD.RESERVATION >>> 2]!;
    const line = reservation >>> CODE_LINE_SHIFT;
    if (reservation === 0 || line < host >>> CODE_LINE_SHIFT || line > (host + length - 1) >>> CODE_LINE_SHIFT) return;
    this.activate(this.lastRun); // user space may be looking at another vCPU
    this.breakReservation();
  }

  /** Code changed: forget its records, and what is remembered of a branch among them. */
  codeWritten(host: number, length: number): void {
    this.i32[WORD.LINK_BRANCH >>> 2] = 0;
    this.codePages.wrote(host, length);
  }

  private breakReservation(): void {
    this.u32[WORD.RESERVATION >>> 2] = 0;
    const link = this.banks.llbit;
    if (link) this.i32[link.offset >>> 2] = 0;
  }

  // CoreServices

  now(): number {
    if (!this.running) return this.clock.now;
    return this.clock.now + executed(this.i32) * this.clock.nsPerInstruction;
  }

  get exitPc(): number {
    return this.u32[WORD.EXIT_PC >>> 2]!;
  }

  instructions(): number {
    return this.clock.instructions + (this.running ? executed(this.i32) : 0);
  }

  routine(name: string, ...args: number[]): number {
    return (this.exports[name] as (...args: number[]) => number)(...args);
  }

  dropMapped(which: 'all' | 'not-global'): void {
    this.tlb.dropMapped(this.activeVcpu, which);
  }

  cut(): void {
    this.i32[WORD.BUDGET >>> 2]! -= this.i32[WORD.LEFT >>> 2]!;
    this.i32[WORD.LEFT >>> 2] = 0;
  }

  yieldNow(): void {
    this.yields = true;
    this.cut();
  }
}
