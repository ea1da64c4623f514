// What an architecture gives the emulated core: rows, register banks, routines written with the emitter, and the few things
// that stay in TypeScript.
import type { StatName } from '../../kvm/stats.ts';
import type { TraceEvent } from '../../kvm/trace.ts';
import type { Emitter } from '../emit/emitter.ts';
import type { Node } from '../emit/values.ts';
import type { WasmFunction } from '../wasm/code.ts';
import type { AssemblySyntax } from './disassembler.ts';
import type { Row } from './insn.ts';
import type { BankSpec, Banks } from './register-file.ts';

/**
 * A function of the generated program, written with the emitter; rows and the engine call it by name. Rows and routines may also call the
 * engine's `forgetTranslations` (all: drop table entries that came from the guest's TLB, or 0: only those not global) and `forgetPages`
 * (address, number of 4 KiB pages: an even number, from an even page on), or `forgetEverywhere` and `forgetPagesEverywhere`, the same for all
 * vCPUs, or `forgetSet` (table set, all: as above), which is of one set; what follows in the row is useTables.
 */
export interface Routine {
  readonly name: string;
  /** Number of i32 parameters (`e.parameter(i)`). Every routine returns one i32. */
  readonly parameters: number;
  build(emitter: object): void;
}

/** How a memory access is meant. */
export const Access = { READ: 0, WRITE: 1, FETCH: 2 } as const;
export type Access = (typeof Access)[keyof typeof Access];

/** Added to an Access, for `translate`: with the rights of user mode, whatever the mode is. */
export const ACCESS_AS_USER = 4;

/** What `accessRules` says: accesses that need not be aligned must be; data has the other byte order than the program, so that no table entry serves it. */
export const RULE = { STRICT: 1, SWAPPED: 2 } as const;

/** How a translation ended. */
export const Translated = {
  /** `physical` is the guest-physical address; memory if a slot backs it, else MMIO. */
  PHYSICAL: 0,
  /** MMIO at `physical`, whatever slots say. */
  MMIO: 1,
  /** A guest exception with trap code `trap`. */
  FAULT: 2,
  /** Nothing KVM can emulate: INTERNAL_ERROR. */
  UNEMULATED: 3,
} as const;
export type Translated = (typeof Translated)[keyof typeof Translated];

/** Result record of a translation, reused. */
export interface Translation {
  outcome: Translated;
  physical: number;
  /** Trap code of a FAULT. */
  trap: number;
}

/**
 * What the routine `translate` returns: a Translated outcome; with PHYSICAL and MMIO the 4 KiB page of the guest-physical address and flags, with
 * FAULT the trap code.
 */
export const WORD_OUTCOME = 3;
/** Comes from the guest's TLB (dropped when that changes), not from a fixed segment. */
export const WORD_MAPPED = 4;
/** Valid in every address space (not dropped by an ASID change). */
export const WORD_GLOBAL = 8;
export const WORD_TRAP_SHIFT = 12;
const WORD_PAGE = 0xfffff000;

/** Take apart what `translate` said of `address`. */
export function readTranslation(word: number, address: number, out: Translation): Translation {
  out.outcome = (word & WORD_OUTCOME) as Translated;
  out.physical = ((word & WORD_PAGE) | (address & ~WORD_PAGE)) >>> 0;
  out.trap = word >>> WORD_TRAP_SHIFT;
  return out;
}

export function createTranslation(): Translation {
  return { outcome: Translated.PHYSICAL, physical: 0, trap: 0 };
}

/** Where exit counters and trace events go. */
export interface CoreObserver {
  /** Is anybody interested? Without, nothing of what follows need be called. */
  readonly on: boolean;
  count(stat: StatName): void;
  trace(event: TraceEvent): void;
  /** The guest exits to KVM, which handles it and goes on: a kvm_exit now, a kvm_reenter after the instruction. */
  exit(pc: number, reason: number): void;
  /** The instruction changes the address space: a kvm_asid_change when it is done. */
  asidChanged(old: number, now: number): void;
  /** KVM's pc of the row that has the event: its branch's in a delay slot. */
  readonly exitPc: number;
}

/** What the engine does for an architecture's TypeScript part. All of it concerns the active vCPU. */
export interface CoreServices {
  readonly banks: Banks;
  /** The VM's memory as words and doublewords; banks are byte offsets into it. */
  readonly i32: Int32Array;
  readonly i64: BigInt64Array;
  /** Guest time, nanoseconds: exact also in the middle of a run. */
  now(): number;
  /** Call a routine of the generated program. */
  routine(name: string, ...args: number[]): number;
  /** Drop filled table entries that came from the guest's TLB: all of them, or only those of one address space (not global ones). */
  dropMapped(which: 'all' | 'not-global'): void;
  /** Stop the run at the next step boundary. */
  cut(): void;
  /** The guest says that it spins for another vCPU: its quantum ends at the next step boundary. */
  yieldNow(): void;
  /**
   * Hypercall `nr` leaves to user space: true when its answer is there (in `hypercallResult`), false when the instruction must leave and run
   * again.
   */
  hypercall(): boolean;
  readonly hypercallResult: number;
  /** Is the instruction that runs one whose answer has come? */
  readonly hypercallAnswered: boolean;
  /** Exit counters and traces of the active vCPU. */
  readonly observer: CoreObserver;
  /** vCPUs that the VM may have. */
  readonly vcpus: number;
  /** Number of the active vCPU. */
  readonly active: number;
  /** Input `line` of the in-kernel interrupt controller that only the active vCPU has (a PPI). */
  privateLine(line: number, level: boolean): void;
  /** Can anybody raise KVM_INTERRUPT's `line` of the active vCPU while this does nothing? */
  canRaise(line: number): boolean;
  /** Do something to the state of `vcpu`, made active for it: now, or in the middle of a run at the end of the instruction. */
  onVcpu(vcpu: number, action: () => void): void;
  /** A 32-bit register of any vCPU, as it is between two instructions. */
  registerOf(vcpu: number, bank: string, index: number): number;
  /** The instruction asks for KVM_EXIT_SYSTEM_EVENT, which comes after it. */
  requestSystemEvent(type: number, flags: number): void;
  /** The guest asked to shut down (KVM_EXIT_SHUTDOWN); the instruction leaves. */
  shutdown(): void;
  /** The instruction cannot be emulated (KVM_EXIT_INTERNAL_ERROR); it leaves. */
  unemulated(message: string): void;
}

/** One ONE_REG register. */
export interface OneReg {
  readonly id: bigint;
  /** Is it in GET_REG_LIST now? Always, when absent. */
  listed?(): boolean;
  get(): bigint;
  set(value: bigint): void;
}

/** The architecture's TypeScript part, one object per VM; works on the active vCPU's state. */
export interface CoreModel {
  /** Power-on state of vCPU `id`. */
  reset(id: number): void;
  /** Where a vCPU starts unless user space says otherwise. */
  resetPc(): number;
  /** Bring state that has several equal forms into one, for hashes. */
  normalise(): void;
  /** A misaligned access: the trap code. */
  misaligned(access: Access): number;
  /** Called by rows through `helper`; `a` and `b` are its arguments. */
  helper(number: number, a: number, b: number): number;
  /** A row's or routine's event, while the program observes: tell the observer what it means. */
  event(number: number, a: number, b: number): void;
  /** A data access goes to a device: tell the observer (only while it observes). */
  deviceAccess(access: Access, why: 'segment' | 'no memory' | 'readonly'): void;
  /** Table set of the current privilege. */
  privilege(): number;
  /** Bring timers up to `now` (ns): raise what is due. */
  updateTimers(now: number): void;
  /** Guest instant of the next timer event, or Infinity. */
  timerDeadline(): number;
  /** Trap code of a deliverable interrupt, or -1. */
  interrupt(): number;
  /** Executed WAIT and not woken yet? */
  isWaiting(): boolean;
  /** Could any interrupt end a wait in this state? */
  wakeable(): boolean;
  /** End the wait when something pending wakes it. */
  wake(): void;
  /** Would something pending end the wait (or, for a self-jump, interrupt it)? */
  pending(): boolean;
  /** Could the timer event at timerDeadline() end the wait / interrupt a self-jump? */
  timerWakes(spinning: boolean): boolean;
  /** Could any interrupt be taken in this state? False for ever when the guest only jumps to itself. */
  interruptible(): boolean;
  /** Does KVM_INTERRUPT take this irq? */
  hasInterrupt(irq: number): boolean;
  /** KVM_INTERRUPT with an irq that it takes. */
  setInterrupt(irq: number, raise: boolean): void;
  oneRegs(): readonly OneReg[];
  /** KVM_ENABLE_CAP on the active vCPU; false for a capability that a vCPU cannot enable. */
  enableCap?(cap: number): boolean;
}

export interface ModelOptions {
  /** KVM_CREATE_VM's machine type, by the name the architecture has for it. */
  readonly vmType: VmType;
  /** One of the architecture's CPU models, by name. */
  readonly cpuModel: string;
  readonly seed: number;
  readonly bigEndian: boolean;
  /** Hypercalls 6, 7 and 8 of the paravirt board are answered; else every number gets -ENOSYS. */
  readonly paravirtHypercalls: boolean;
}

/** KVM_CREATE_VM's machine types, by name: MIPS's two; ARM's guest of KVM, and a bare machine that begins in Hyp mode. */
export type VmType = 'trap-and-emulate' | 'vz' | 'arm-svc' | 'arm-hyp';

/**
 * Flags that a comparison of a and b (or a subtraction a - b) leaves: compiled code keeps a and b in place of carry and overflow, and works those out
 * where somebody asks for them.
 */
export interface ComparisonFlags {
  readonly bank: string;
  /** Indices of those that are made of a - b itself. */
  readonly results: readonly number[];
  /** Indices of 0 or 1: no borrow (a is not below b, unsigned), and signed overflow of a - b. */
  readonly carry: number;
  readonly overflow: number;
  /** What is compared by an instruction that writes these values to carry and overflow. */
  compared(carry: Node, overflow: Node): readonly [a: Node, b: Node] | undefined;
  /** A condition on the flags, as the condition on a and b that it stands for where the last comparison has left all flags. */
  condition(node: Node): ComparisonOp | undefined;
}
export type ComparisonOp = 'geS' | 'gtS' | 'gtU';

/** Everything the engine needs that is written once per architecture and is not a row. */
export interface ArchitectureDefinition {
  readonly name: string;
  /** What KVM_CREATE_VM takes; the others are EINVAL. */
  readonly vmTypes: ReadonlyMap<number, VmType>;
  /** CPU models by name; the first is the default. */
  readonly cpuModels: readonly string[];
  /** Capabilities that the architecture adds to CHECK_EXTENSION; `cpuModel` is one of cpuModels. */
  capabilities(cpuModel: string): readonly (readonly [cap: number, answer: number])[];
  readonly rows: readonly Row[];
  /** Have branches delay slots? */
  readonly delaySlots: boolean;
  /**
   * Bit 0 of the pc says which of two instruction sets follows: 0 is that of words, 1 that of halfwords. Registers of bank `it`, when not 0, say that
   * the next instruction stands inside a block.
   */
  readonly interworking: boolean;
  /**
   * Mnemonics of hot rows that are often executed one after the other: the interpreter executes such two by one dispatch. With a branch first, the
   * other one is in its slot.
   */
  readonly pairs: readonly (readonly [first: string, second: string])[];
  readonly syntax: AssemblySyntax;
  readonly banks: readonly BankSpec[];
  readonly routines: readonly Routine[];
  /** Functions of the generated program that are written in WebAssembly directly (softfloat); rows call them like routines. */
  functions?(banks: Banks): readonly WasmFunction[];
  /** Routine that says how data accesses are made now: () -> RULE bits; null: as ever. */
  readonly accessRules: string | null;
  /** Names of TypeScript helpers that rows call, in a fixed order. */
  readonly helpers: readonly string[];
  /** Names of the events that rows and routines say, in a fixed order. */
  readonly events: readonly string[];
  /** What its KVM calls an event that the engine traces in MIPS's words; null: it has none. When absent, those are its words. */
  kvmWords?(event: TraceEvent): TraceEvent | null;
  /** Where there are such. */
  readonly comparisonFlags?: ComparisonFlags;
  /** Memory table sets: one per privilege. */
  readonly privileges: number;
  /** Trap code of a word no row matches, and of a branch in a delay slot. */
  readonly reservedInstruction: number;
  /**
   * Routine that enters an exception: (code, pc, inSlot) -> address of the handler. `pc` is the address of the faulting instruction.
   */
  readonly raise: string;
  /** Routine that translates in the current privilege: (address, Access) -> see readTranslation. Never changes guest state. */
  readonly translate: string;
  /** Routine that writes the fault registers (BadVAddr and the like) of an access that raises a trap: (address, trap code). */
  readonly recordFault: string;
  /** With `observing`, the rows' events are in what they say (Emitter.event). */
  createEmitter(banks: Banks, observing: boolean): Emitter;
  createModel(services: CoreServices, options: ModelOptions): CoreModel;
  /**
   * Is this word, at `offset` in its page, an unconditional jump to itself as far as the page tells? (A guest that waits for ever or for
   * an interrupt.) `pc` is given when the virtual address is known.
   */
  isSelfJump(word: number, offset: number, pc?: number): boolean;
  /** Instructions that one round of a self-jump executes. */
  readonly selfJumpLength: number;
  /** The register of the first bank that calls leave their return address in, by convention: a jump to what it holds is taken for a return. */
  readonly linkRegister: { readonly bank: string; readonly index: number };
  /** The word that does nothing (a self-jump counts as idle only with it in its slot). */
  readonly nop: number;
}
