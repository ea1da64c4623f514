// Who called whom: a MIPS32 stack unwinder for Linux kernels, by what the code does to sp and ra (the kernel has no frame pointers and a
// stripped one no unwind tables). Exception frames are Linux's struct pt_regs (arch/mips/include/asm/{ptrace,stackframe}.h).
// Everything it reads may be hostile: reads may fail, every loop is bounded, and a wrong guess only ends the chain.

/** What the unwinder sees of the machine. Addresses are virtual, words unsigned. */
export interface UnwindView {
  /** The word at an aligned address, or undefined where there is no memory. */
  word(address: number): number | undefined;
  /** The function that holds `address`: its first address and name; undefined when no symbol is known there. */
  functionAt(address: number): { readonly start: number; readonly name: string } | undefined;
}

/** Where a vCPU stands: the next instruction, and registers 29 and 31. */
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

const MAX_FRAMES = 64;
/** Instructions of one function that are looked at. */
const MAX_INSTRUCTIONS = 4096;
/** Instructions from the entry of an exception handler to its call. */
const MAX_ENTRY = 192;

/** struct pt_regs of a 32-bit kernel: eight words of padding, $0-$31, Status, hi, lo, BadVAddr, Cause, EPC. */
const PT = { SP: 148, RA: 156, STATUS: 160, EPC: 180 } as const;
const STATUS_KSU = 0x18;

/** `sw k0, PT_R29(sp)`: every exception entry saves the interrupted sp from k0 (SAVE_SOME), and nothing else does. */
const SAVES_SP_FROM_K0 = 0xafba0000 + PT.SP;
const JR_RA = 0x03e00008;
/** The interrupt stack begins this far below its end, and its first word is the interrupted sp. */
const IRQ_STACK_TOP = 16;
const PAGE = 0x1000;

const ENTRY_NAMES = /^(ret_from_exception|ret_from_irq|except_vec_vi_handler|handle_sys|syscall_common)$/;
const THREAD_START = /^(ret_from_kernel_thread|ret_from_fork|start_kernel|kernel_entry)$/;

const RA = 31;

/** Follow the calls from `registers` outwards. */
export function unwindMips(registers: UnwindRegisters, view: UnwindView): Unwound {
  const addresses = [registers.pc];
  let { pc, sp } = registers;
  let ra: number | undefined = registers.ra;
  for (let depth = 1; depth < MAX_FRAMES; depth++) {
    const name = view.functionAt(pc)?.name ?? '';
    if (THREAD_START.test(name))
      return { addresses: name === 'start_kernel' ? addresses : dropLast(addresses), end: 'start' };
    if (depth > 1 && ra === undefined && isExceptionEntry(pc, name, view)) {
      const regs = ptRegs(sp, view);
      if (!regs) return { addresses: dropLast(addresses), end: 'lost' };
      if (regs === 'user') return { addresses: dropLast(addresses), end: 'user' };
      // The entry code itself tells nothing; the interrupted instruction does.
      addresses[addresses.length - 1] = regs.pc;
      ({ pc, sp, ra } = regs);
      continue;
    }
    const caller = callerOf({ pc, sp, ra }, view);
    if (!caller) return { addresses, end: 'lost' };
    ({ pc, sp } = caller);
    ra = undefined;
    addresses.push(pc);
  }
  return { addresses, end: 'lost' };
}

function dropLast(addresses: readonly number[]): number[] {
  return addresses.length > 1 ? addresses.slice(0, -1) : [...addresses];
}

/** The call that led here, and its sp; `ra` is the register while it still holds the return address. */
function callerOf(
  { pc, sp, ra }: { readonly pc: number; readonly sp: number; readonly ra: number | undefined },
  view: UnwindView,
): { readonly pc: number; readonly sp: number } | undefined {
  const frame = frameAt(pc, ra !== undefined, view);
  // No frame: a jump to where there is no code (NULL), or a function that makes none; nothing was saved yet.
  const saved =
    frame === undefined ? ra : frame.raAt === undefined ? ra : view.word((sp + frame.size + frame.raAt) >>> 0);
  const callerSp = sp + (frame?.size ?? 0);
  if (saved === undefined || saved % 4 !== 0 || callerSp > 0xffffffff || callerSp % 4 !== 0) return undefined;
  const call = (saved - 8) >>> 0;
  if (isCall(view.word(call))) return { pc: call, sp: callerSp };
  // Handlers of older kernels are jumped to with ra set to the way back.
  const back = view.functionAt(saved);
  return back && back.start === saved && ENTRY_NAMES.test(back.name) ? { pc: saved, sp: callerSp } : undefined;
}

/** What a function has done to the stack before the instruction at an address. */
interface Frame {
  /** Bytes by which sp is lowered. */
  readonly size: number;
  /** Where ra is kept, from the sp at the function's entry (negative); undefined: still in the register. */
  readonly raAt: number | undefined;
}

const NO_FRAME: Frame = { size: 0, raAt: undefined };

/** `mayBeLeaf`: the function at `pc` need not have saved ra. */
function frameAt(pc: number, mayBeLeaf: boolean, view: UnwindView): Frame | undefined {
  if (view.word(pc) === undefined) return undefined;
  const start = functionStart(pc, mayBeLeaf, view);
  if (start === undefined || pc - start > 4 * MAX_INSTRUCTIONS) return undefined;
  return followPaths(start, pc, view) ?? readStraight(start, pc, view);
}

/** Where the function that holds `pc` begins, by its symbol or by its code; `mayBeLeaf`: it need not make a frame. */
export function functionStart(pc: number, mayBeLeaf: boolean, view: UnwindView): number | undefined {
  return view.functionAt(pc)?.start ?? startBefore(pc, mayBeLeaf, view);
}

/** Without symbols: the nearest lowering of sp above; behind a return it belongs to another function, and this one has none. */
function startBefore(pc: number, mayBeLeaf: boolean, view: UnwindView): number | undefined {
  for (let at = pc - 4; at > pc - 4 * MAX_INSTRUCTIONS; at -= 4) {
    const word = view.word(at);
    if (word === undefined || (mayBeLeaf && word === JR_RA)) return undefined;
    if (stackChange(word) < 0) return at;
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
      const flow = flowOf(word, at);
      if (flow.kind === 'plain') {
        frame = after(word, frame);
        at += 4;
        continue;
      }
      if (flow.kind === 'stop') break;
      if (at + 4 === pc) return frame;
      frame = after(view.word(at + 4) ?? 0, frame);
      if (flow.kind === 'return') break;
      if (flow.target !== undefined && isNear(flow.target, start)) {
        if (!flow.falls) {
          at = flow.target;
          continue;
        }
        paths.push({ at: flow.target, frame });
      } else if (!flow.falls) break; // a tail call
      at += 8;
    }
  }
  return undefined;
}

function isNear(target: number, start: number): boolean {
  return target >= start && target - start < 4 * MAX_INSTRUCTIONS;
}

/** The first frame that the code up to `pc` builds, read from top to bottom. */
function readStraight(start: number, pc: number, view: UnwindView): Frame {
  let frame = NO_FRAME;
  for (let at = start; at < pc; at += 4) {
    const word = view.word(at) ?? 0;
    if (stackChange(word) < 0 ? frame.size === 0 : stackChange(word) === 0 && frame.raAt === undefined)
      frame = after(word, frame);
  }
  return frame;
}

function after(word: number, frame: Frame): Frame {
  const change = stackChange(word);
  if (change !== 0) {
    const size = frame.size - change;
    return size <= 0 ? NO_FRAME : { size, raAt: frame.raAt };
  }
  // sw ra, offset(sp)
  if (word >>> 16 === 0xafbf) return { size: frame.size, raAt: frame.raAt ?? signed(word) - frame.size };
  return frame;
}

/** addiu sp, sp, n */
function stackChange(word: number): number {
  return word >>> 16 === 0x27bd ? signed(word) : 0;
}

function signed(word: number): number {
  return (word << 16) >> 16;
}

type Flow =
  | { readonly kind: 'plain' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'branch'; readonly target: number | undefined; readonly falls: boolean };

const PLAIN: Flow = { kind: 'plain' };
const CALL: Flow = { kind: 'branch', target: undefined, falls: true };

/** Where control goes from `word` at `at`; everything but plain and stop has a delay slot. */
function flowOf(word: number, at: number): Flow {
  const opcode = word >>> 26;
  const rs = (word >>> 21) & 31;
  const rt = (word >>> 16) & 31;
  const target = (at + 4 + signed(word) * 4) >>> 0;
  switch (opcode) {
    case 0: {
      const funct = word & 0x3f;
      if (funct === 8) return { kind: 'return' }; // JR: a return, or a jump table
      if (funct === 9) return CALL; // JALR
      return funct === 13 ? { kind: 'stop' } : PLAIN; // BREAK: BUG() does not come back
    }
    case 1: // BLTZ, BGEZ and their likely forms; with a link they are calls
      if ((rt & 0x1c) === 0x10) return CALL;
      return (rt & 0x1c) === 0 ? { kind: 'branch', target, falls: true } : PLAIN;
    case 2:
      return { kind: 'branch', target: ((at & 0xf0000000) | ((word & 0x3ffffff) << 2)) >>> 0, falls: false };
    case 3:
      return CALL;
    case 4:
      return { kind: 'branch', target, falls: rs !== rt };
    case 5:
    case 6:
    case 7:
    case 20:
    case 21:
    case 22:
    case 23:
      return { kind: 'branch', target, falls: true };
    case 16:
      return word === 0x42000018 ? { kind: 'stop' } : PLAIN; // ERET
    case 17:
      return rs === 8 ? { kind: 'branch', target, falls: true } : PLAIN; // BC1
    default:
      return PLAIN;
  }
}

/** JAL, JALR with ra, BAL and its relatives. */
function isCall(word: number | undefined): boolean {
  if (word === undefined) return false;
  const opcode = word >>> 26;
  if (opcode === 3) return true;
  if (opcode === 0) return (word & 0x3f) === 9 && ((word >>> 11) & 31) === RA;
  return opcode === 1 && ((word >>> 16) & 0x1c) === 0x10;
}

/** Does the code that calls from `call` stand on a struct pt_regs that it has just filled? */
function isExceptionEntry(call: number, name: string, view: UnwindView): boolean {
  if (ENTRY_NAMES.test(name)) return true;
  for (let at = call; at > call - 4 * MAX_ENTRY; at -= 4) {
    const word = view.word(at);
    if (word === undefined || word === JR_RA) return false;
    if (word === SAVES_SP_FROM_K0) return true;
  }
  return false;
}

/** The registers of the interrupted code; 'user' when it was a user program. */
function ptRegs(sp: number, view: UnwindView): UnwindRegisters | 'user' | undefined {
  const irqStack = (sp + IRQ_STACK_TOP) % PAGE === 0;
  const regs = irqStack ? view.word(sp) : sp;
  if (regs === undefined || regs % 4 !== 0) return undefined;
  const [status, pc, newSp, ra] = [PT.STATUS, PT.EPC, PT.SP, PT.RA].map((offset) => view.word((regs + offset) >>> 0));
  if (status === undefined || pc === undefined || newSp === undefined || ra === undefined) return undefined;
  if ((status & STATUS_KSU) !== 0) return 'user';
  return { pc, sp: newSp, ra };
}
