// Who called whom: a stack unwinder for ARM Linux kernels in A32 code, by what the code does to SP (a stripped kernel has no unwind tables that can be
// found). Exception frames are Linux's struct pt_regs (arch/arm/include/asm/ptrace.h, kernel/entry-armv.S).
// Everything it reads may be hostile: reads may fail, every loop is bounded, and a wrong guess only ends the chain.

/** What the unwinder sees of the machine. Addresses are virtual, words unsigned. */
export interface UnwindView {
  /** The word at an aligned address, or undefined where there is no memory. */
  word(address: number): number | undefined;
  /** The function that holds `address`: its first address and name; undefined when no symbol is known there. */
  functionAt(address: number): { readonly start: number; readonly name: string } | undefined;
}

/** Where a vCPU stands: the next instruction, SP and LR. */
export interface UnwindRegisters {
  readonly pc: number;
  readonly sp: number;
  readonly ra: number;
}

/** Why the chain ends: at the border to user mode, where a kernel thread or the kernel began, or because it cannot be followed. */
export type UnwindEnd = 'user' | 'start' | 'lost';

export interface Unwound {
  /** Innermost first: the pc, then the address of each call, and of each interrupted instruction. */
  readonly addresses: readonly number[];
  readonly end: UnwindEnd;
}

/** What a function gives back as it was. */
export const CALLEE_SAVED = [4, 5, 6, 7, 8, 9, 10, 11];
const [FP, SP, LR, PC] = [11, 13, 14, 15] as const;

const MAX_FRAMES = 64;
/** Instructions of one function that are looked at. */
const MAX_INSTRUCTIONS = 4096;
/** Byte offsets in struct pt_regs. */
const PT = { R4: 16, SP: 52, LR: 56, PC: 60, CPSR: 64 } as const;
const CPSR_MODE = 0xf;

/** Code that stands on the struct pt_regs of what it interrupted. */
const FROM_KERNEL = /^__(irq|fiq|dabt|pabt|und)_svc$|^__und_(svc_)?fault$/;
const FROM_USER =
  /^__(irq|fiq|dabt|pabt|und)_usr\w*$|^vector_swi$|^(local_restart|ret_(fast|slow)_syscall|ret_to_user\w*|__sys_trace\w*|(no|slow|fast)_work_pending|work_pending)$/;
const THREAD_START = /^(ret_from_fork|start_kernel|secondary_start_kernel|__mmap_switched|stext|_stext)$/;

interface State {
  readonly pc: number;
  readonly sp: number;
  /** While it still holds the way back. */
  readonly lr: number | undefined;
  readonly saved: ReadonlyMap<number, number>;
}

/** Follow the calls from `registers` outwards; `saved` are those of CALLEE_SAVED by number. */
export function unwindArm(
  { pc, sp, ra }: UnwindRegisters,
  saved: ReadonlyMap<number, number>,
  view: UnwindView,
): Unwound {
  const addresses = [pc];
  let state: State = { pc, sp, lr: ra, saved };
  while (addresses.length < MAX_FRAMES) {
    const name = view.functionAt(state.pc)?.name ?? '';
    if (THREAD_START.test(name))
      return { addresses: name === 'ret_from_fork' ? dropLast(addresses) : addresses, end: 'start' };
    if (FROM_USER.test(name)) return { addresses: dropLast(addresses), end: 'user' };
    if (FROM_KERNEL.test(name)) {
      const interrupted = ptRegs(state.sp, view);
      if (interrupted === undefined) return { addresses: dropLast(addresses), end: 'lost' };
      if (interrupted === 'user') return { addresses: dropLast(addresses), end: 'user' };
      // The entry code itself tells nothing; the interrupted instruction does.
      addresses[addresses.length - 1] = interrupted.pc;
      state = interrupted;
      continue;
    }
    const caller = callerOf(state, view);
    if (!caller) return { addresses, end: 'lost' };
    addresses.push(caller.pc);
    state = caller;
  }
  return { addresses, end: 'lost' };
}

function dropLast(addresses: readonly number[]): number[] {
  return addresses.length > 1 ? addresses.slice(0, -1) : [...addresses];
}

/** The registers of the interrupted code; 'user' when it was a user program. */
function ptRegs(sp: number, view: UnwindView): State | 'user' | undefined {
  const at = (offset: number): number | undefined => view.word((sp + offset) >>> 0);
  const [pc, newSp, lr, cpsr] = [at(PT.PC), at(PT.SP), at(PT.LR), at(PT.CPSR)];
  if (pc === undefined || newSp === undefined || lr === undefined || cpsr === undefined) return undefined;
  if ((cpsr & CPSR_MODE) === 0) return 'user';
  const saved = CALLEE_SAVED.map((n) => [n, at(PT.R4 + 4 * (n - 4)) ?? 0] as const);
  return { pc, sp: newSp, lr, saved: new Map(saved) };
}

/** The call that led here, and what its function had in its registers. */
function callerOf(state: State, view: UnwindView): State | undefined {
  const frame = frameAt(state.pc, state.lr !== undefined, view);
  const entry = frame && entrySp(frame, state);
  // No frame: a jump to where there is no code (NULL); nothing was saved yet.
  const stack = frame === undefined ? state.sp : entry;
  if (stack === undefined || stack % 4 !== 0 || stack > 0xffff_ffff || stack < 0) return undefined;
  const fromStack = (register: number): number | undefined => {
    const at = frame?.saved.get(register);
    return at === undefined ? undefined : view.word((stack + at) >>> 0);
  };
  const back = frame?.saved.has(LR) ? fromStack(LR) : state.lr;
  if (back === undefined || back % 4 !== 0) return undefined;
  const saved = CALLEE_SAVED.map((n) => [n, fromStack(n) ?? state.saved.get(n) ?? 0] as const);
  const name = view.functionAt(back)?.name ?? '';
  // The first instruction of a kernel thread's way out: nobody called from before it.
  if (THREAD_START.test(name) && view.functionAt(back)!.start === back)
    return { pc: back, sp: stack, lr: undefined, saved: new Map(saved) };
  // System calls return to where no call is.
  const call = FROM_USER.test(name) ? back : (back - 4) >>> 0;
  if (call !== back && !isCall(call, view)) return undefined;
  return { pc: call, sp: stack, lr: undefined, saved: new Map(saved) };
}

/** BL, BLX, or MOV LR, PC with a jump behind it. */
function isCall(at: number, view: UnwindView): boolean {
  const word = view.word(at) ?? 0;
  if ((word & 0x0f00_0000) === 0x0b00_0000 || (word & 0x0fff_fff0) === 0x012f_ff30) return true;
  return view.word((at - 4) >>> 0) === 0xe1a0_e00f;
}

/** What a function has done before the instruction at an address; offsets are from the SP at its entry. */
interface Frame {
  /** Bytes by which SP is lowered; undefined: not known. */
  readonly size: number | undefined;
  /** Where the frame pointer points, if it does. */
  readonly fp: number | undefined;
  /** Where registers are kept. */
  readonly saved: ReadonlyMap<number, number>;
}

const NO_FRAME: Frame = { size: 0, fp: undefined, saved: new Map() };

function entrySp(frame: Frame, { sp, saved }: State): number | undefined {
  if (frame.size !== undefined) return sp + frame.size;
  const fp = saved.get(FP);
  return frame.fp === undefined || fp === undefined ? undefined : fp - frame.fp;
}

/** `mayBeLeaf`: the function at `pc` need not have saved LR. */
function frameAt(pc: number, mayBeLeaf: boolean, view: UnwindView): Frame | undefined {
  if (view.word(pc) === undefined) return undefined;
  const start = functionStart(pc, view);
  if (start === undefined || pc - start > 4 * MAX_INSTRUCTIONS) return mayBeLeaf ? NO_FRAME : undefined;
  return followPaths(start, pc, view) ?? readStraight(start, pc, view);
}

/** Where the function that holds `pc` begins: by its symbol, or where LR is pushed above. */
export function functionStart(pc: number, view: UnwindView): number | undefined {
  const named = view.functionAt(pc)?.start;
  if (named !== undefined) return named;
  for (let at = pc - 4; at > pc - 4 * MAX_INSTRUCTIONS; at -= 4) {
    const word = view.word(at);
    if (word === undefined) return undefined;
    if (isPush(word) && word & (1 << LR)) return at;
  }
  return undefined;
}

/** The frame at `pc` along the function's own control flow; undefined when no followed path leads there (a jump table). */
function followPaths(start: number, pc: number, view: UnwindView): Frame | undefined {
  const seen = new Set<number>();
  const paths: { at: number; frame: Frame }[] = [{ at: start, frame: NO_FRAME }];
  for (let path = paths.pop(); path; path = paths.pop()) {
    let { at, frame } = path;
    while (!seen.has(at) && seen.size < MAX_INSTRUCTIONS) {
      if (at === pc) return frame;
      seen.add(at);
      const word = view.word(at);
      if (word === undefined) break;
      const always = word >>> 28 === 0xe;
      if ((word & 0x0f00_0000) === 0x0a00_0000) {
        const target = (at + 8 + ((word << 8) >> 6)) >>> 0;
        if (target >= start && target - start < 4 * MAX_INSTRUCTIONS) paths.push({ at: target, frame });
        if (always) break;
      } else if (writesPc(word)) {
        if (always) break;
      } else if (always) frame = after(word, frame);
      at += 4;
    }
  }
  return undefined;
}

/** The frame that the code up to `pc` builds, read from top to bottom: only what lowers SP counts. */
function readStraight(start: number, pc: number, view: UnwindView): Frame {
  let frame = NO_FRAME;
  for (let at = start; at < pc; at += 4) {
    const word = view.word(at) ?? 0;
    if (word >>> 28 !== 0xe || writesPc(word)) continue;
    const next = after(word, frame);
    if (next.size === undefined || frame.size === undefined || next.size >= frame.size) frame = next;
  }
  return frame;
}

/** STMDB SP!, {...} */
function isPush(word: number): boolean {
  return (word & 0x0fff_0000) === 0x092d_0000;
}

/** LDM, LDR, MOV or BX to the PC. */
function writesPc(word: number): boolean {
  if ((word & 0x0e10_8000) === 0x0810_8000 || (word & 0x0fff_fff0) === 0x012f_ff10) return true;
  const group = (word >>> 26) & 3;
  if (((word >>> 12) & 15) !== PC) return false;
  if (group === 1) return (word & (1 << 20)) !== 0;
  // TST, TEQ, CMP and CMN have no destination.
  return group === 0 && ((word >>> 23) & 3) !== 2;
}

function after(word: number, frame: Frame): Frame {
  const { size, fp } = frame;
  const lowered = (bytes: number, registers: readonly number[] = []): Frame => {
    if (size === undefined) return frame;
    const saved = new Map(frame.saved);
    registers.forEach((register, n) => {
      if (!saved.has(register)) saved.set(register, 4 * n - size - bytes);
    });
    return { ...frame, size: size + bytes, saved };
  };
  const list = Array.from({ length: 16 }, (_, n) => n).filter((n) => word & (1 << n));
  if (isPush(word)) return lowered(4 * list.length, list);
  if ((word & 0x0fff_0000) === 0x052d_0000) return lowered(word & 0xfff, [(word >>> 12) & 15]);
  // VPUSH, and pops of registers that are not PC.
  if ((word & 0x0fbf_0e00) === 0x0d2d_0a00) return lowered(4 * (word & 0xff));
  if ((word & 0x0fbf_0e00) === 0x0cbd_0a00) return lowered(-4 * (word & 0xff));
  if ((word & 0x0fff_8000) === 0x08bd_0000) return lowered(-4 * list.length);
  if ((word & 0x0fff_0000) === 0x049d_0000) return lowered(-(word & 0xfff));
  const operation = word & 0x0fff_f000;
  if (operation === 0x024d_d000) return lowered(immediate(word));
  if (operation === 0x028d_d000) return lowered(-immediate(word));
  if (operation === 0x024b_d000 && fp !== undefined) return { ...frame, size: immediate(word) - fp };
  if ((word & 0x0fff_ffff) === 0x01a0_d00b && fp !== undefined) return { ...frame, size: -fp };
  // ADD and MOV to the frame pointer; SUB from R12, which has the SP at entry.
  if (operation === 0x028d_b000 && size !== undefined) return { ...frame, fp: immediate(word) - size };
  if ((word & 0x0fff_ffff) === 0x01a0_b00d && size !== undefined) return { ...frame, fp: -size };
  if (operation === 0x024c_b000) return { ...frame, fp: -immediate(word) };
  // Whatever else is done to SP.
  const computes = ((word >>> 26) & 3) === 0 && ((word >>> 23) & 3) !== 2 && ((word >>> 12) & 15) === SP;
  return computes ? { ...frame, size: undefined } : frame;
}

/** A modified immediate constant of A32. */
function immediate(word: number): number {
  const rotation = 2 * ((word >>> 8) & 15);
  const byte = word & 0xff;
  return ((byte >>> rotation) | (rotation === 0 ? 0 : byte << (32 - rotation))) >>> 0;
}
