// The exceptions that a MIPS vCPU has taken, by the words that people use (MIPS32 Volume III: 6.2; trap codes: registers.ts).
import type { DebugAccess, TakenException } from '../../../cpu/isa/debug-view.ts';
import { EXC, TRAP_REFILL } from '../registers.ts';

const MEMORY = new Set<number>([EXC.Mod, EXC.TLBL, EXC.TLBS, EXC.AdEL, EXC.AdES]);

export const codeOf = ({ trap }: TakenException): number => trap & 0x1f;
/** Number of the coprocessor that an EXC.CpU is about. */
export const unitOf = ({ trap }: TakenException): number => (trap >>> 8) & 3;

/** Has it an address? */
export const isMemoryException = (exception: TakenException): boolean => MEMORY.has(codeOf(exception));

/** How an exception of memory came to access it. A load never fails at its own address when its fetch did not. */
export function accessOf(exception: TakenException): DebugAccess {
  const code = codeOf(exception);
  if (code === EXC.TLBS || code === EXC.AdES || code === EXC.Mod) return 'write';
  return exception.pc >>> 0 === exception.address >>> 0 ? 'fetch' : 'read';
}

export function isFault(exception: TakenException): boolean {
  return codeOf(exception) !== EXC.Int && codeOf(exception) !== EXC.Sys;
}

const WORDS = { read: 'load', write: 'store', fetch: 'fetch' } as const;

export function exceptionName(exception: TakenException): string {
  const on = `on ${WORDS[accessOf(exception)]}`;
  switch (codeOf(exception)) {
    case EXC.Int:
      return 'interrupt';
    case EXC.Mod:
      return 'TLB modified on store';
    case EXC.TLBL:
    case EXC.TLBS:
      return `${(exception.trap & TRAP_REFILL) === 0 ? 'TLB invalid' : 'TLB refill'} ${on}`;
    case EXC.AdEL:
    case EXC.AdES:
      return `address error ${on}`;
    case EXC.Sys:
      return 'system call';
    case EXC.Bp:
      return 'breakpoint instruction';
    case EXC.RI:
      return 'reserved instruction';
    case EXC.CpU:
      return `coprocessor ${unitOf(exception)} unusable`;
    case EXC.Ov:
      return 'arithmetic overflow';
    case EXC.Tr:
      return 'trap instruction';
    case EXC.FPE:
      return 'floating-point exception';
    default:
      return `exception ${codeOf(exception)}`;
  }
}
