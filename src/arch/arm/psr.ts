// What MRS, MSR, CPS, SETEND, RFE, SRS, ERET, HVC and SMC do (ARM DDI 0406C: B9.3).
import type { I32, Operand } from '../../cpu/emit/values.ts';
import type { RawFields } from '../../cpu/isa/insn.ts';
import type { ArmEmitter } from './emitter.ts';
import { bankOfMode, finishChange, interruptsAsk, packPsr } from './modes.ts';
import { CP15, HCR, MODE, MODE_BANK, PSR, TRAP } from './registers.ts';
import { returnFromException } from './return.ts';
import { HSR_EC, trapToHyp } from './syndrome.ts';

/** Bits of an SPSR that MSR can write, by the bytes of its field mask. */
const SPSR_BYTES = [0xff, 0xff00, 0x0f0000, 0xff000000] as const;

const undefinedInUser = (e: ArmEmitter): void => e.undefinedWhen(e.eqz(e.isPrivileged()));

/** MRS of CPSR: T, J and IT are read as zero. */
export function mrsCpsr(e: ArmEmitter, rd: Operand): void {
  e.setReg(rd, packPsr(e, e.const(0), e.const(0)));
}

export function mrsSpsr(e: ArmEmitter, rd: Operand): void {
  undefinedInUser(e);
  e.setReg(rd, e.bankRead('spsr', bankOfMode(e, e.cpsr())));
}

/** MSR to CPSR. */
export function msrCpsr(e: ArmEmitter, value: I32, mask: Operand): void {
  finishChange(e, e.call('writeCpsr', value, e.imm(mask)));
}

/** MSR CPSR_c: where the mode stays what it is, masks are all that it changes. */
export function msrControl(e: ArmEmitter, value: I32): void {
  const cpsr = e.cpsr();
  const changesMode = e.and(e.isSet(e.xor(value, cpsr), PSR.M), e.isPrivileged());
  e.when(changesMode, () => finishChange(e, e.call('writeCpsr', value, e.const(1))));
  const keeps = e.eqz(changesMode);
  const masks = PSR.I | PSR.F;
  const next = e.or(e.and(cpsr, e.const(~masks)), e.and(value, e.const(masks)));
  e.when(keeps, () => e.bankWrite('cpsr', 0, e.select(e.isPrivileged(), next, cpsr)));
  const open = e.ne(e.and(value, e.const(masks)), e.const(masks));
  e.when(e.and(e.and(keeps, open), e.ne(interruptsAsk(e), e.const(0))), () => e.cut());
}

/** MSR to SPSR; `bytes` is what spsrBytes makes of the field mask. */
export function msrSpsr(e: ArmEmitter, value: I32, bytes: Operand): void {
  undefinedInUser(e);
  const bank = bankOfMode(e, e.cpsr());
  const mask = e.imm(bytes);
  e.bankWrite('spsr', bank, e.or(e.and(e.bankRead('spsr', bank), e.not(mask)), e.and(value, mask)));
}

export const spsrBytes = ({ mask = 0 }: RawFields): number =>
  SPSR_BYTES.reduce((bytes, byte, n) => ((mask >> n) & 1 ? bytes | byte : bytes), 0);

// Registers of other modes (B9.2.3)

/** Bits of the derived operand `banked`: index in the bank, which bank, and the mode that the register belongs to; 0 for none. */
const BANKED = { INDEX: 15, WHICH_SHIFT: 4, WHICH: 15, MODE_SHIFT: 8 };
const WHICH = { SP: 1, LR: 2, HIGH: 3, SPSR: 4, ELR: 5 } as const;
const BANK_NAMES = [
  [WHICH.SP, 'bankedSp'],
  [WHICH.LR, 'bankedLr'],
  [WHICH.HIGH, 'bankedHigh'],
  [WHICH.SPSR, 'spsr'],
] as const;
const MODES_BY_PAIR = [MODE.IRQ, MODE.SVC, MODE.ABT, MODE.UND] as const;
const BANKS_BY_PAIR = [MODE_BANK.IRQ, MODE_BANK.SVC, MODE_BANK.ABT, MODE_BANK.UND] as const;
const SYSM_ELR_HYP = 0x1e;
const SYSM_SPSR_FIQ = 0x0e;

const banked = (which: number, index: number, mode: number): number =>
  index | (which << BANKED.WHICH_SHIFT) | (mode << BANKED.MODE_SHIFT);

/** The register that SYSm (`sysm`, `sysm4`) and R say, as an operand. */
export const bankedRegister = ({ sysm = 0, sysm4 = 0, r = 0 }: RawFields): number => {
  const number = (sysm4 << 4) | sysm;
  const inPairs = number >= 16 && number < 24;
  const pair = (number - 16) >> 1;
  if (r === 1) {
    if (number === SYSM_SPSR_FIQ) return banked(WHICH.SPSR, MODE_BANK.FIQ, MODE.FIQ);
    if (inPairs && (number & 1) === 0) return banked(WHICH.SPSR, BANKS_BY_PAIR[pair]!, MODES_BY_PAIR[pair]!);
    return 0;
  }
  if (number === SYSM_ELR_HYP) return banked(WHICH.ELR, 0, MODE.HYP);
  if (inPairs) {
    const which = (number & 1) === 0 ? WHICH.LR : WHICH.SP;
    return banked(which, BANKS_BY_PAIR[pair]!, MODES_BY_PAIR[pair]!);
  }
  const ofFiq = (number & 8) !== 0;
  const mode = ofFiq ? MODE.FIQ : MODE.USR;
  const bank = ofFiq ? MODE_BANK.FIQ : MODE_BANK.USR;
  const register = number & 7;
  if (number >= 16 || register === 7) return 0;
  if (register === 5) return banked(WHICH.SP, bank, mode);
  if (register === 6) return banked(WHICH.LR, bank, mode);
  return banked(WHICH.HIGH, (ofFiq ? 0 : 5) + register, mode);
};

/** UNDEFINED is what the manual leaves open: a register of the current mode, one that it shares, and those of Hyp mode outside of it. */
function checkBanked(e: ArmEmitter, place: I32, which: I32): void {
  const current = e.mode();
  const owner = e.shrU(place, e.const(BANKED.MODE_SHIFT));
  const is = (value: I32, number: number): I32 => e.eq(value, e.const(number));
  const isElr = is(which, WHICH.ELR);
  const own = e.and(e.eq(current, owner), e.eqz(isElr));
  const elrOutside = e.and(isElr, e.eqz(e.isHyp()));
  const ofUser = is(owner, MODE.USR);
  // Those of User mode that the current mode has too.
  const shares = e.or(
    e.or(e.and(is(which, WHICH.HIGH), e.ne(current, e.const(MODE.FIQ))), e.and(is(which, WHICH.LR), e.isHyp())),
    is(current, MODE.SYS),
  );
  const refused = e.or(e.or(e.eqz(place), own), e.or(elrOutside, e.and(ofUser, shares)));
  e.undefinedWhen(e.or(refused, e.eqz(e.isPrivileged())));
}

const parts = (e: ArmEmitter, operand: Operand): { place: I32; which: I32; index: I32 } => {
  const place = e.imm(operand);
  return {
    place,
    which: e.and(e.shrU(place, e.const(BANKED.WHICH_SHIFT)), e.const(BANKED.WHICH)),
    index: e.and(place, e.const(BANKED.INDEX)),
  };
};

export function mrsBanked(e: ArmEmitter, rd: Operand, operand: Operand): void {
  const { place, which, index } = parts(e, operand);
  checkBanked(e, place, which);
  const value = BANK_NAMES.reduce(
    (others, [number, bank]) =>
      e.select(e.eq(which, e.const(number)), e.bankRead(bank, bank === 'bankedHigh' ? index : clamp(e, index)), others),
    e.bankRead('elrHyp'),
  );
  e.setReg(rd, value);
}

export function msrBanked(e: ArmEmitter, value: I32, operand: Operand): void {
  const { place, which, index } = parts(e, operand);
  checkBanked(e, place, which);
  for (const [number, bank] of BANK_NAMES) e.when(e.eq(which, e.const(number)), () => e.bankWrite(bank, index, value));
  e.when(e.eq(which, e.const(WHICH.ELR)), () => e.bankWrite('elrHyp', 0, value));
}

/** Reads beyond a bank's end are never used, but must stay inside. */
const clamp = (e: ArmEmitter, index: I32): I32 => e.select(e.ltU(index, e.const(7)), index, e.const(0));

// CPS, SETEND

/** The derived operand of CPS: bits to change, and above them their values. */
export const cpsChange = ({ imod = 0, m = 0, a = 0, i = 0, f = 0, mode = 0 }: RawFields): number => {
  const masks = imod >= 2 ? (a << 8) | (i << 7) | (f << 6) : 0;
  const bits = masks | (m ? PSR.M : 0);
  return bits | (((imod === 3 ? masks : 0) | mode) << 16);
};

export function cps(e: ArmEmitter, change: Operand): void {
  const bits = e.and(e.imm(change), e.const(0xffff));
  const value = e.shrU(e.imm(change), e.const(16));
  e.when(e.isPrivileged(), () => finishChange(e, e.call('changePsrBits', value, bits)));
}

/** CPSIE and CPSID without a change of mode. */
export function cpsMasks(e: ArmEmitter, change: Operand, disables: boolean): void {
  const cpsr = e.cpsr();
  const bits = e.and(e.imm(change), e.const(0xffff));
  const next = disables ? e.or(cpsr, bits) : e.and(cpsr, e.not(bits));
  e.bankWrite('cpsr', 0, e.select(e.isPrivileged(), next, cpsr));
  if (!disables) e.when(e.ne(interruptsAsk(e), e.const(0)), () => e.cut());
}

export function setend(e: ArmEmitter, big: Operand): void {
  const value = e.shl(e.imm(big), e.const(9));
  finishChange(e, e.call('writeCpsr', value, e.const(2)));
}

// Returns and stores of return state

const undefinedWithoutSpsr = (e: ArmEmitter): void => {
  const mode = e.mode();
  const none = [MODE.USR, MODE.SYS].map((each) => e.eq(mode, e.const(each))).reduce((a, b) => e.or(a, b));
  e.undefinedWhen(none);
};

/** ERET, and in T32 SUBS PC, LR, #imm: in Hyp mode only with 0. */
export function eret(e: ArmEmitter, imm: I32): void {
  undefinedWithoutSpsr(e);
  const inHyp = e.isHyp();
  e.undefinedWhen(e.and(inHyp, e.ne(imm, e.const(0))));
  const target = e.select(inHyp, e.bankRead('elrHyp'), e.sub(e.regAt(e.const(14)), imm));
  returnFromException(e, target, e.bankRead('spsr', bankOfMode(e, e.cpsr())));
}

/** What RFE and SRS do to their base, by P and U. */
interface Block {
  readonly first: number;
  readonly after: number;
}
export const blockOf = (p: number, u: number): Block =>
  u === 1 ? { first: p === 1 ? 4 : 0, after: 8 } : { first: p === 1 ? -8 : -4, after: -8 };

/** RFE. */
export function rfe(e: ArmEmitter, rn: Operand, block: Block, w: Operand): void {
  undefinedWithoutSpsr(e);
  e.undefinedWhen(e.or(e.isHyp(), e.eq(e.imm(rn), e.const(15))));
  const base = e.regAt(e.imm(rn));
  const address = e.add(base, e.const(block.first));
  const target = e.load(32, address);
  const psr = e.load(32, e.add(address, e.const(4)));
  e.setRegAt(e.imm(rn), e.select(e.imm(w), e.add(base, e.const(block.after)), base));
  returnFromException(e, target, psr);
}

/** The modes that SRS takes, as a set. */
const SRS_MODES = [MODE.USR, MODE.FIQ, MODE.IRQ, MODE.SVC, MODE.ABT, MODE.UND, MODE.SYS].reduce(
  (set, mode) => set | (1 << (mode & 15)),
  0,
);

/** SRS: LR and SPSR go to the stack of `mode`. */
export function srs(e: ArmEmitter, mode: Operand, block: Block, w: Operand): void {
  undefinedWithoutSpsr(e);
  e.undefinedWhen(e.isHyp());
  const wanted = e.imm(mode);
  const possible = e.and(e.shrU(e.const(SRS_MODES), e.and(wanted, e.const(15))), e.shrU(wanted, e.const(4)));
  e.undefinedWhen(e.eqz(e.and(possible, e.const(1))));
  const current = bankOfMode(e, e.cpsr());
  const bank = bankOfMode(e, wanted);
  const own = e.eq(bank, current);
  const base = e.select(own, e.regAt(e.const(13)), e.bankRead('bankedSp', bank));
  const address = e.add(base, e.const(block.first));
  e.store(32, address, e.regAt(e.const(14)));
  e.store(32, e.add(address, e.const(4)), e.bankRead('spsr', current));
  const after = e.add(base, e.const(block.after));
  e.when(e.and(e.imm(w), own), () => e.bankWrite('gpr', 13, after));
  e.when(e.and(e.imm(w), e.eqz(own)), () => e.bankWrite('bankedSp', bank, after));
}

// Calls of hypervisor and firmware

/** `code` is the trap code, with the immediate. */
export function hvc(e: ArmEmitter, code: Operand): void {
  undefinedInUser(e);
  e.trap(e.imm(code));
}
export const hvcCode = ({ high = 0, low = 0 }: RawFields, lowBits: number): number =>
  TRAP.HVC | (((high << lowBits) | low) << 4);

export function smc(e: ArmEmitter): void {
  undefinedInUser(e);
  const trapped = e.and(e.isSet(e.cp15(CP15.HCR), HCR.TSC), e.eqz(e.isHyp()));
  e.when(trapped, () => e.trap(trapToHyp(HSR_EC.SMC, 0)));
  e.trap(TRAP.SMC);
}
