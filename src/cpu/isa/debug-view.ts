// What a debugger shows of a vCPU that only its architecture knows: registers by name, translation step by step, exceptions explained. Implemented
// in arch/*/debug-view/; used by debug/ through DebugTarget. Nothing here changes the guest.

/** How a debugger's access is meant. */
export type DebugAccess = 'read' | 'write' | 'fetch';

/** An exception that a vCPU took. */
export interface TakenException {
  /** The architecture's trap code. */
  readonly trap: number;
  /** Address of the instruction (the next one for interrupts); in a delay slot the slot's. Bit 0 is set for T32. */
  readonly pc: number;
  /** Did it stand in a delay slot? */
  readonly inSlot: boolean;
  /** Address of the last data or fetch access that has faulted; of this exception if that is one of memory. */
  readonly address: number;
  /** Guest instant in nanoseconds. */
  readonly now: number;
}

/**
 * Where an address leads in the current privilege: guest-physical (`device`: one that no memory serves, whatever slots say), a guest exception, or nothing KVM
 * can emulate.
 */
export type DebugTranslation =
  | { readonly outcome: 'physical' | 'device'; readonly physical: number }
  | { readonly outcome: 'fault'; readonly trap: number }
  | { readonly outcome: 'nothing' };

/** A vCPU that stands between two instructions. */
export interface DebuggedCpu {
  readonly id: number;
  /** KVM_GET_ONE_REG, also of what is not in KVM_GET_REG_LIST now; undefined when this vCPU has no such register. */
  oneReg(id: bigint): bigint | undefined;
  /** Word `index` of one of the architecture's register banks (BankSpec.name; 64-bit banks have two words a register, the lower one first), unsigned. */
  bank(name: string, index: number): number;
  /** As an access of the mode that it is in; `asUser`: with the rights of user mode. */
  translate(address: number, access: DebugAccess, asUser?: boolean): DebugTranslation;
  /** The word at a guest-physical address in the guest's byte order; undefined where there is no RAM. For table walks. */
  physicalWord(address: number): number | undefined;
  /** The exceptions that it took last, the newest first. */
  exceptions(): readonly TakenException[];
  /** Those of then, when its kernel met an oops last; null: it did not. */
  exceptionsAtOops?(): readonly TakenException[] | null;
}

export interface RegisterDescription {
  /** Lower case, as people write it: `a0`, `status`, `sp_svc`, `ttbr0`, `d7`. */
  readonly name: string;
  readonly bits: 32 | 64;
  /** One of DebugView.groups. */
  readonly group: string;
  /** Names of its fields and their bits, for those that have such; highest first. */
  readonly fields?: readonly { readonly name: string; readonly high: number; readonly low: number }[];
}

/** A register of a gdb target description. */
export interface GdbRegister {
  /** gdb's name. */
  readonly name: string;
  readonly bits: number;
  /** gdb's type: `int32`, `code_ptr`, `ieee_double`, ... */
  readonly type: string;
  /** The RegisterDescription's name; null: always 0. */
  readonly source: string | null;
  /** `general`, `float`, `system`, ... */
  readonly group?: string;
  /** Its number, and place among all of them (`regnum`). Left out: one more than the register before it. */
  readonly number?: number;
}

export interface GdbFeature {
  /** `org.gnu.gdb.mips.cpu`. */
  readonly name: string;
  readonly registers: readonly GdbRegister[];
}

/** One step of a translation. */
export interface WalkStep {
  /** `segment`, `tlb`, `level 1`, `stage 2 level 3`, ... */
  readonly what: string;
  /** `kseg0, unmapped, cached`; `entry 12: vpn 0x00400000 asid 3 ...`; `0x80004010: 0x8f3a1c0e page, AP=01 ...` */
  readonly text: string;
}

export interface Walk {
  readonly steps: readonly WalkStep[];
  readonly translation: DebugTranslation;
  /** For a fault: what it is, in words (`no matching TLB entry (refill)`). */
  readonly fault?: string;
}

/** What `why` says of an exception. */
export interface ExceptionReport {
  /** `TLB refill on load, 0x00000010`. */
  readonly title: string;
  /** Operands, translation, likely cause: whole lines. */
  readonly lines: readonly string[];
}

/** What an explanation may ask for. */
export interface ExplainContext {
  /** The instruction at a pc (bit 0 for T32) as text, without address; null where there is none to be read. */
  instruction(pc: number): string | null;
  /** Its word (T32: halfwords first to last from the top); null the same. */
  word(pc: number): number | null;
  /** `name+0x10`, or null. */
  symbolize(address: number): string | null;
}

/** What an instruction does to the flow of a program. */
export interface InstructionFlow {
  /** `call`: comes back to `next`; `branch`: may go elsewhere; `plain`: goes on at `next`. */
  readonly kind: 'plain' | 'branch' | 'call';
  /** Where it goes on when it falls through or comes back: behind its delay slot, if it has one. With bit 0 for T32. */
  readonly next: number;
}

export interface DebugView {
  /** gdb's and ours: `mips`, `arm`. */
  readonly name: string;
  /** Groups of registers in the order in which they are shown; the first one is what `regs` shows unasked. */
  readonly groups: readonly { readonly name: string; readonly summary: string }[];
  /** Every register that this vCPU has. */
  registers(cpu: DebuggedCpu): readonly RegisterDescription[];
  /** The register that `name` means now (`sp` of the current mode, `r29`, `$sp`, `CP0.Status`); undefined: none. */
  find(cpu: DebuggedCpu, name: string): RegisterDescription | undefined;
  /** Its value, unsigned. */
  read(cpu: DebuggedCpu, register: RegisterDescription): bigint;
  /** The ONE_REG register that it is now, and the bits of that which are it; null: it cannot be written. */
  place(
    cpu: DebuggedCpu,
    register: RegisterDescription,
  ): { readonly id: bigint; readonly high: number; readonly low: number } | null;
  /** pc as the engine has it: with T in bit 0 on ARM. */
  pc(cpu: DebuggedCpu): number;
  stackPointer(cpu: DebuggedCpu): number;
  /** State of an IT block that the next instruction stands in (ARM's ITSTATE as the predecoder wants it); 0: none. */
  blockState(cpu: DebuggedCpu): number;
  /** Mode in a few words: `kernel, EXL`; `svc A32, MMU on, IRQ off`; `user, asid 0x11`. */
  mode(cpu: DebuggedCpu): string;
  inUserMode(cpu: DebuggedCpu): boolean;
  walk(cpu: DebuggedCpu, address: number, access: DebugAccess): Walk;
  /** The TLB's valid entries, a line each; or why there are none to show. */
  tlb(cpu: DebuggedCpu): readonly string[];
  /** Interrupts as the CPU has them: pending, masked, enabled; whole lines. */
  interrupts(cpu: DebuggedCpu): readonly string[];
  /** Is it an exception that something went wrong by: no interrupt, no system call? */
  isFault(exception: TakenException): boolean;
  /** `TLB refill on load`, `data abort`, `interrupt`. */
  exceptionName(exception: TakenException): string;
  /** `isLatest`: no other exception was taken since, so that the registers that say why are its. */
  explain(cpu: DebuggedCpu, exception: TakenException, isLatest: boolean, context: ExplainContext): ExceptionReport;
  /** `word` as ExplainContext has it. */
  flow(word: number, pc: number): InstructionFlow;
  readonly gdb: {
    /** For `<architecture>`. */
    readonly architecture: string;
    /** Registers are numbered in this order, unless they say their number. */
    readonly features: readonly GdbFeature[];
    /** gdb's name of the pc. */
    readonly pc: string;
  };
}
