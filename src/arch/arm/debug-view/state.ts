// How the debugger's view reads a vCPU's banks, and what its mode is called (ARM DDI 0406C: B1.3).
import type { DebuggedCpu } from '../../../cpu/isa/debug-view.ts';
import { KVM_REG_ARM_CPSR, KVM_REG_ARM_PC } from '../../../kvm/arm.ts';
import { PLACE } from '../cp15/places.ts';
import { CP15, HCR, LINE, MODE, MODE_BANK, PSR, SCTLR, TTBCR_EAE, WAITING } from '../registers.ts';

const HIGH_WORD = 0x1_0000_0000;
/** Of a 64-bit register that holds an address: bits 39:0. */
const ADDRESS_HIGH = 0xff;

/** A word of bank cp15, unsigned. */
export function cp15(cpu: DebuggedCpu, place: number): number {
  return cpu.bank('cp15', place) >>> 0;
}

/** Bits 39:0 of a 64-bit register of bank cp15. */
export function cp15Address(cpu: DebuggedCpu, place: number): number {
  return cp15(cpu, place) + (cp15(cpu, place + 1) & ADDRESS_HIGH) * HIGH_WORD;
}

export const isSet = (word: number, mask: number): boolean => (word & mask) !== 0;

/** CPSR.M. */
export function modeOf(cpu: DebuggedCpu): number {
  return cpu.bank('cpsr', 0) & PSR.M;
}

export function hasHyp(cpu: DebuggedCpu): boolean {
  return cp15(cpu, PLACE.HAS_HYP) !== 0;
}

/** The whole CPSR. */
function cpsrOf(cpu: DebuggedCpu): number {
  return Number(cpu.oneReg(KVM_REG_ARM_CPSR) ?? 0n);
}

/** With T in bit 0. */
export function pcOf(cpu: DebuggedCpu): number {
  const thumb = isSet(cpsrOf(cpu), PSR.T) ? 1 : 0;
  return Number(cpu.oneReg(KVM_REG_ARM_PC) ?? 0n) + thumb;
}

const MODE_NAMES: ReadonlyMap<number, string> = new Map([
  [MODE.USR, 'usr'],
  [MODE.FIQ, 'fiq'],
  [MODE.IRQ, 'irq'],
  [MODE.SVC, 'svc'],
  [MODE.ABT, 'abt'],
  [MODE.HYP, 'hyp'],
  [MODE.UND, 'und'],
  [MODE.SYS, 'sys'],
]);

/** Name of the mode in bits 4:0 of a PSR. */
export function modeName(psr: number): string {
  return MODE_NAMES.get(psr & PSR.M) ?? `mode 0x${(psr & PSR.M).toString(16)}`;
}

const BANK_OF_MODE: ReadonlyMap<number, number> = new Map([
  [MODE.USR, MODE_BANK.USR],
  [MODE.SYS, MODE_BANK.USR],
  [MODE.FIQ, MODE_BANK.FIQ],
  [MODE.IRQ, MODE_BANK.IRQ],
  [MODE.SVC, MODE_BANK.SVC],
  [MODE.ABT, MODE_BANK.ABT],
  [MODE.UND, MODE_BANK.UND],
  [MODE.HYP, MODE_BANK.HYP],
]);

/** MODE_BANK of the mode in bits 4:0 of a PSR; that of User mode for what is no mode. */
export function bankOf(psr: number): number {
  return BANK_OF_MODE.get(psr & PSR.M) ?? MODE_BANK.USR;
}

const FIRST_HIGH = 8;
const HIGH_COUNT = 5;
const SP = 13;
const LR = 14;

/** R0 to R14 as `mode` has them, whichever is current. */
export function registerOfMode(cpu: DebuggedCpu, number: number, mode: number): number {
  const now = bankOf(modeOf(cpu));
  const wanted = bankOf(mode);
  const current = (): number => cpu.bank('gpr', number) >>> 0;
  if (number < FIRST_HIGH) return current();
  if (number < FIRST_HIGH + HIGH_COUNT) {
    const ofFiq = wanted === MODE_BANK.FIQ;
    if (ofFiq === (now === MODE_BANK.FIQ)) return current();
    return cpu.bank('bankedHigh', number - FIRST_HIGH + (ofFiq ? 0 : HIGH_COUNT)) >>> 0;
  }
  // Hyp mode has the LR of User mode.
  const place = (bank: number): number => (number === LR && bank === MODE_BANK.HYP ? MODE_BANK.USR : bank);
  if (place(now) === place(wanted)) return current();
  return cpu.bank(number === SP ? 'bankedSp' : 'bankedLr', place(wanted)) >>> 0;
}

/** Is the first stage of the regime of `mode` on? */
export function mmuOn(cpu: DebuggedCpu, mode: number): boolean {
  if (mode === MODE.HYP) return isSet(cp15(cpu, CP15.HSCTLR), SCTLR.M);
  return isSet(cp15(cpu, CP15.SCTLR), SCTLR.M) && !isSet(cp15(cpu, CP15.HCR), HCR.DC | HCR.TGE);
}

export function usesLongDescriptors(cpu: DebuggedCpu): boolean {
  return isSet(cp15(cpu, CP15.TTBCR), TTBCR_EAE);
}

const ASID_MASK = 0xff;
const ASID_SHIFT_IN_HIGH = 16;
/** TTBCR.A1 of the long format: TTBR1 says what the ASID is. */
const TTBCR_A1 = 1 << 22;

function asidOf(cpu: DebuggedCpu): number {
  if (!usesLongDescriptors(cpu)) return cp15(cpu, CP15.CONTEXTIDR) & ASID_MASK;
  const ttbr = isSet(cp15(cpu, CP15.TTBCR), TTBCR_A1) ? CP15.TTBR1_HIGH : CP15.TTBR0_HIGH;
  return (cp15(cpu, ttbr) >>> ASID_SHIFT_IN_HIGH) & ASID_MASK;
}

/** `svc A32, MMU on, IRQ off`. */
export function describeMode(cpu: DebuggedCpu): string {
  const mode = modeOf(cpu);
  const cpsr = cpsrOf(cpu);
  if (cpu.bank('power', 0) === 0) return 'off (PSCI CPU_ON starts it)';
  const parts = [`${modeName(mode)} ${isSet(cpsr, PSR.T) ? 'T32' : 'A32'}`];
  if (isSet(cpsr, PSR.E)) parts.push('big-endian data');
  const format = mode !== MODE.HYP && usesLongDescriptors(cpu) ? ' (LPAE)' : '';
  parts.push(mmuOn(cpu, mode) ? `MMU on${format}` : 'MMU off');
  if (mode !== MODE.HYP && isSet(cp15(cpu, CP15.HCR), HCR.VM)) parts.push('stage 2 on');
  if (mode === MODE.USR && mmuOn(cpu, mode)) parts.push(`asid 0x${asidOf(cpu).toString(16)}`);
  parts.push(`IRQ ${isSet(cpsr, PSR.I) ? 'off' : 'on'}`);
  if (!isSet(cpsr, PSR.F)) parts.push('FIQ on');
  const waiting = cpu.bank('waiting', 0);
  if (waiting !== WAITING.NO) parts.push(waiting === WAITING.WFI ? 'waits (WFI)' : 'waits (WFE)');
  return parts.join(', ');
}

const mark = (on: boolean): string => (on ? 'yes' : 'no');

/** Interrupts as the CPU has them, whole lines. */
export function describeInterrupts(cpu: DebuggedCpu): readonly string[] {
  const lines = cpu.bank('lines', 0);
  const cpsr = cpu.bank('cpsr', 0);
  const hcr = cp15(cpu, CP15.HCR);
  const inHyp = modeOf(cpu) === MODE.HYP;
  const line = (name: string, bit: number, mask: number, route: number): string => {
    const toHyp = isSet(hcr, route | HCR.TGE) && hasHyp(cpu);
    const masked = isSet(cpsr, mask) && !(toHyp && !inHyp);
    const target = toHyp ? ', taken to Hyp mode' : '';
    return `${name}  asked: ${mark(isSet(lines, bit))}, masked: ${mark(masked)} (CPSR.${name[0]}=${isSet(cpsr, mask) ? 1 : 0})${target}`;
  };
  const all = [line('IRQ', LINE.IRQ, PSR.I, HCR.IMO), line('FIQ', LINE.FIQ, PSR.F, HCR.FMO)];
  if (hasHyp(cpu)) {
    const virtual = (name: string, bit: number, asks: number, route: number): string =>
      `${name} asked: ${mark(isSet(lines, bit) || isSet(hcr, asks))}, exists: ${mark(isSet(hcr, route))} (HCR)`;
    all.push(virtual('VIRQ', LINE.VIRQ, HCR.VI, HCR.IMO), virtual('VFIQ', LINE.VFIQ, HCR.VF, HCR.FMO));
  }
  const timer = (name: string, control: number, compare: number): string => {
    const bits = cp15(cpu, control);
    const at = (BigInt(cp15(cpu, compare + 1)) << 32n) | BigInt(cp15(cpu, compare));
    return `${name}  enabled: ${mark(isSet(bits, 1))}, masked: ${mark(isSet(bits, 2))}, fires at count ${at}`;
  };
  all.push(timer('CNTV', CP15.CNTV_CTL, CP15.CNTV_CVAL), timer('CNTP', CP15.CNTP_CTL, CP15.CNTP_CVAL));
  if (hasHyp(cpu)) all.push(timer('CNTHP', CP15.CNTHP_CTL, CP15.CNTHP_CVAL));
  return all;
}
