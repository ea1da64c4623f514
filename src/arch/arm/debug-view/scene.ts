// An exception as it was taken: from which mode to which, and the registers as they were then (ARM DDI 0406C: B1.8).
import type { DebugAccess, DebuggedCpu, TakenException } from '../../../cpu/isa/debug-view.ts';
import { ABORT, CP15, HCR, MODE, MODE_BANK, PSR, SCTLR, TRAP } from '../registers.ts';
import { HSR_EC, HSR_EC_SHIFT, VIRTUAL_ABORT } from '../syndrome.ts';
import { bankOf, cp15, hasHyp, isSet, modeOf, registerOfMode } from './state.ts';

const KIND = 15;
const LR = 14;
const PC = 15;

/** TRAP of a trap code. */
export const kindOf = (trap: number): number => trap & KIND;

export const isAbort = (trap: number): boolean =>
  (kindOf(trap) === TRAP.DATA_ABORT && !isSet(trap, VIRTUAL_ABORT)) || kindOf(trap) === TRAP.PREFETCH_ABORT;

export function accessOf(trap: number): DebugAccess {
  if (kindOf(trap) === TRAP.PREFETCH_ABORT) return 'fetch';
  return isSet(trap, ABORT.WRITE) ? 'write' : 'read';
}

/** Where an exception is taken to when it is not Hyp mode. */
const TARGETS: ReadonlyMap<number, number> = new Map([
  [TRAP.UNDEFINED, MODE.UND],
  [TRAP.SVC, MODE.SVC],
  [TRAP.SMC, MODE.UND],
  [TRAP.PREFETCH_ABORT, MODE.ABT],
  [TRAP.DATA_ABORT, MODE.ABT],
  [TRAP.BREAKPOINT, MODE.ABT],
  [TRAP.IRQ, MODE.IRQ],
  [TRAP.VIRQ, MODE.IRQ],
  [TRAP.FIQ, MODE.FIQ],
  [TRAP.VFIQ, MODE.FIQ],
]);

/** What is known of an exception besides the trap code. */
export interface Scene {
  readonly cpu: DebuggedCpu;
  readonly exception: TakenException;
  /** No other was taken since: what follows is its own. */
  readonly isLatest: boolean;
  /** The mode that took it. */
  readonly target: number;
  /** CPSR when it was taken; null when that is not known any more. */
  readonly psr: number | null;
  /** R0 to R15 (as an operand) of the mode that it was taken from, as far as nobody has changed them since; null: not known any more. */
  register(number: number): number | null;
}

/** `isNewest`: it is the last one that is written down; calls of firmware after it, which no mode takes, do not count. */
export function sceneOf(cpu: DebuggedCpu, exception: TakenException, isNewest: boolean): Scene {
  const isLatest = isNewest || onlyFirmwareSince(cpu, exception);
  const target = isTakenToHyp(cpu, exception, isLatest) ? MODE.HYP : (TARGETS.get(kindOf(exception.trap)) ?? MODE.HYP);
  const psr = isLatest ? cpu.bank('spsr', bankOf(target)) >>> 0 : null;
  const register = (number: number): number | null => {
    if (number === PC) return operandPc(exception.pc);
    if (psr === null) return null;
    // The return address is there now.
    const lost = number === LR && target !== MODE.HYP && bankOf(psr) === bankOf(target);
    return lost ? null : registerOfMode(cpu, number, psr & PSR.M);
  };
  return { cpu, exception, isLatest, target, psr, register };
}

/** Is it a call that PSCI answers: SMC on a machine with Hyp mode, else HVC? No mode takes it, and registers of exceptions stay what they are. */
export function isFirmwareCall(cpu: DebuggedCpu, trap: number): boolean {
  return kindOf(trap) === (hasHyp(cpu) ? TRAP.SMC : TRAP.HVC);
}

function onlyFirmwareSince(cpu: DebuggedCpu, { trap, pc, now }: TakenException): boolean {
  const all = cpu.exceptions();
  const at = all.findIndex((other) => other.trap === trap && other.pc === pc && other.now === now);
  return at > 0 && all.slice(0, at).every((other) => isFirmwareCall(cpu, other.trap));
}

function operandPc(pc: number): number {
  const isThumb = (pc & 1) === 1;
  return isThumb ? ((pc & ~1) + 4) >>> 0 : (pc + 8) >>> 0;
}

/** HSR.EC of what Hyp mode takes from itself, or from User mode with HCR.TGE, by kind. */
const CLASSES: ReadonlyMap<number, readonly number[]> = new Map([
  [TRAP.UNDEFINED, [HSR_EC.UNKNOWN]],
  [TRAP.SMC, [HSR_EC.UNKNOWN]],
  [TRAP.SVC, [HSR_EC.SVC]],
  [TRAP.PREFETCH_ABORT, [HSR_EC.PREFETCH_ABORT, HSR_EC.PREFETCH_ABORT + 1]],
  [TRAP.BREAKPOINT, [HSR_EC.PREFETCH_ABORT, HSR_EC.PREFETCH_ABORT + 1]],
  [TRAP.DATA_ABORT, [HSR_EC.DATA_ABORT, HSR_EC.DATA_ABORT + 1]],
]);

function isTakenToHyp(cpu: DebuggedCpu, { trap, pc }: TakenException, isLatest: boolean): boolean {
  const kind = kindOf(trap);
  if (!hasHyp(cpu)) return false;
  if (kind === TRAP.HYP || kind === TRAP.HVC || (isAbort(trap) && isSet(trap, ABORT.STAGE2))) return true;
  const hcr = cp15(cpu, CP15.HCR);
  if (kind === TRAP.IRQ || kind === TRAP.FIQ)
    return isSet(hcr, HCR.TGE | (kind === TRAP.IRQ ? HCR.IMO : HCR.FMO)) || (isLatest && modeOf(cpu) === MODE.HYP);
  const classes = CLASSES.get(kind);
  if (!isLatest || !classes) return false;
  // Hyp mode's own registers tell of this very instruction.
  const hsr = cp15(cpu, CP15.HSR);
  const at = cpu.bank('elrHyp', 0) >>> 0;
  const returns = kind === TRAP.SVC ? [pc, pc + 2, pc + 4] : [pc];
  const fromHyp = (cpu.bank('spsr', MODE_BANK.HYP) & PSR.M) === MODE.HYP || isSet(hcr, HCR.TGE);
  return fromHyp && classes.includes(hsr >>> HSR_EC_SHIFT) && returns.some((each) => (each & ~1) >>> 0 === at);
}

/** Was it taken from User mode? null: not known any more. */
export function fromUser({ psr }: Scene): boolean | null {
  return psr === null ? null : (psr & PSR.M) === MODE.USR;
}

const HIGH_VECTORS = 0xffff0000;
const VECTORS_SIZE = 0x20;

/** Base of the exception vectors of a mode. */
function vectorsOf(cpu: DebuggedCpu, mode: number): number {
  if (mode === MODE.HYP) return cp15(cpu, CP15.HVBAR);
  return isSet(cp15(cpu, CP15.SCTLR), SCTLR.V) ? HIGH_VECTORS : cp15(cpu, CP15.VBAR);
}

/** Is `address`, which could not be fetched, an exception vector of the mode that it was fetched in? Its name and base; null: no. */
export function vectorAt(
  { cpu, psr }: Scene,
  address: number,
): { readonly register: string; readonly base: number } | null {
  const mode = psr === null ? MODE.ABT : psr & PSR.M;
  const base = vectorsOf(cpu, mode);
  if (mode === MODE.USR || address - base >= VECTORS_SIZE || address < base) return null;
  const register = mode === MODE.HYP ? 'HVBAR' : base === HIGH_VECTORS ? 'SCTLR.V' : 'VBAR';
  return { register, base };
}

/** Modes that are only there to handle exceptions. */
const HANDLER_MODES: ReadonlySet<number> = new Set([MODE.ABT, MODE.UND, MODE.IRQ, MODE.FIQ]);

/** Did it come inside of another exception's handler? */
export function cameInHandler({ psr }: Scene): boolean {
  return psr !== null && HANDLER_MODES.has(psr & PSR.M);
}
