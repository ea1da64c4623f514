// Processor modes: which registers are banked where, and what follows from a new CPSR (ARM DDI 0406C: B1.3).
import type { I32 } from '../../cpu/emit/values.ts';
import type { Routine } from '../../cpu/isa/architecture.ts';
import { type ArmEmitter, arm } from './emitter.ts';
import { CP15, FLAG, HCR, MODE, MODE_BANK, PSR, TABLES } from './registers.ts';

const NO_ENTRY = 15;

/** A table by numbers 0 to 15, four bits each; what is not given is 15. */
export function nibbles(entries: readonly (readonly [index: number, value: number])[]): bigint {
  const all: number[] = new Array(16).fill(NO_ENTRY);
  for (const [index, value] of entries) all[index & 15] = value;
  return all.reduceRight((table, value) => (table << 4n) | BigInt(value), 0n);
}

/** An entry of such a table, by bits 3:0 of `index`. */
export function entryOf(e: ArmEmitter, table: bigint, index: I32): I32 {
  const shift = e.shl(e.and(index, e.const(15)), e.const(2));
  return e.and(e.low(e.shrU64(e.const64(table), e.zext64(shift))), e.const(15));
}

const BANKS_BY_MODE = nibbles([
  [MODE.USR, MODE_BANK.USR],
  [MODE.FIQ, MODE_BANK.FIQ],
  [MODE.IRQ, MODE_BANK.IRQ],
  [MODE.SVC, MODE_BANK.SVC],
  [MODE.ABT, MODE_BANK.ABT],
  [MODE.HYP, MODE_BANK.HYP],
  [MODE.UND, MODE_BANK.UND],
  [MODE.SYS, MODE_BANK.USR],
]);

/** MODE_BANK of a mode that exists, from a PSR. */
export function bankOfMode(e: ArmEmitter, psr: I32): I32 {
  return entryOf(e, BANKS_BY_MODE, psr);
}

/** Is the mode of a PSR one that PL1 modes can change to? */
function isMode(e: ArmEmitter, psr: I32): I32 {
  const known = e.ne(bankOfMode(e, psr), e.const(NO_ENTRY));
  const notHyp = e.ne(e.and(psr, e.const(PSR.M)), e.const(MODE.HYP));
  return e.and(e.and(known, notHyp), e.isSet(psr, 0x10));
}

/** The table set that a CPSR asks for. */
export function tableSet(e: ArmEmitter, cpsr: I32): I32 {
  const mode = e.and(cpsr, e.const(PSR.M));
  const user = e.eq(mode, e.const(MODE.USR));
  const set = e.select(e.eq(mode, e.const(MODE.HYP)), e.const(TABLES.HYP), user);
  return e.add(set, e.select(e.isSet(cpsr, PSR.E), e.const(TABLES.ORDER), e.const(0)));
}

/** Not 0 when an interrupt may be waiting for CPSR to let it in. */
export function interruptsAsk(e: ArmEmitter): I32 {
  return e.or(e.bankRead('lines'), e.and(e.cp15(CP15.HCR), e.const(HCR.VI | HCR.VF | HCR.VA)));
}

/** What changeCpsr returns: the table set in bits 2:0, and these. */
const CHANGED = { TABLES: 7, CUT: 0x100, NEW_TABLES: 0x200 };

/** Do what a change of CPSR asks for: `change` is what changeCpsr, or a routine that calls it, has returned. */
export function finishChange(e: ArmEmitter, change: I32): void {
  e.when(e.and(change, e.const(CHANGED.NEW_TABLES)), () => useTablesOf(e, change));
  e.when(e.and(change, e.const(CHANGED.CUT)), () => e.cut());
}

/** Use the table set that changeCpsr has returned. */
export function useTablesOf(e: ArmEmitter, change: I32): void {
  e.useTables(e.and(change, e.const(CHANGED.TABLES)));
}

/** (MODE_BANK of the mode that is left, that of the new one): they differ. */
const swapBanks: Routine = {
  name: 'swapBanks',
  parameters: 2,
  build(emitter) {
    const e = arm(emitter);
    const from = e.parameter(0);
    const to = e.parameter(1);
    e.bankWrite('bankedSp', from, e.regAt(e.const(13)));
    e.bankWrite('gpr', 13, e.bankRead('bankedSp', to));
    // Hyp mode has the LR of User mode.
    const lrOf = (bank: I32): I32 => e.select(e.eq(bank, e.const(MODE_BANK.HYP)), e.const(MODE_BANK.USR), bank);
    const lrFrom = lrOf(from);
    const lrTo = lrOf(to);
    e.when(e.ne(lrFrom, lrTo), () => {
      e.bankWrite('bankedLr', lrFrom, e.regAt(e.const(14)));
      e.bankWrite('gpr', 14, e.bankRead('bankedLr', lrTo));
    });
    const fromFiq = e.eq(from, e.const(MODE_BANK.FIQ));
    const toFiq = e.eq(to, e.const(MODE_BANK.FIQ));
    e.when(e.or(fromFiq, toFiq), () => {
      const out = e.select(fromFiq, e.const(0), e.const(5));
      const back = e.select(fromFiq, e.const(5), e.const(0));
      for (let i = 0; i < 5; i++) {
        e.bankWrite('bankedHigh', e.add(out, e.const(i)), e.bankRead('gpr', 8 + i));
        e.bankWrite('gpr', 8 + i, e.bankRead('bankedHigh', e.add(back, e.const(i))));
      }
    });
    e.return(e.const(0));
  },
};

/** (M, F, I, A and E of the new CPSR, M being that of a mode that may be entered now): see CHANGED. */
const changeCpsr: Routine = {
  name: 'changeCpsr',
  parameters: 1,
  build(emitter) {
    const e = arm(emitter);
    const next = e.parameter(0);
    const old = e.cpsr();
    const from = bankOfMode(e, old);
    const to = bankOfMode(e, next);
    const asks = e.ne(interruptsAsk(e), e.const(0));
    const abort = e.and(e.isSet(e.cp15(CP15.HCR), HCR.VA), e.eqz(e.and(next, e.const(PSR.A))));
    // What goes to Hyp mode is not masked in the others.
    const routed = e.isSet(e.cp15(CP15.HCR), HCR.IMO | HCR.FMO | HCR.TGE);
    const unmasked = e.ne(e.and(next, e.const(PSR.I | PSR.F)), e.const(PSR.I | PSR.F));
    const open = e.or(e.or(unmasked, routed), abort);
    const set = tableSet(e, next);
    const change = e.or(
      e.or(set, e.shl(e.and(asks, open), e.const(8))),
      e.shl(e.ne(set, tableSet(e, old)), e.const(9)),
    );
    e.bankWrite('cpsr', 0, next);
    const toUser = e.eq(e.and(next, e.const(PSR.M)), e.const(MODE.USR));
    const dacr = e.cp15(CP15.DACR);
    e.when(e.and(toUser, e.ne(e.bankRead('userDacr'), dacr)), () => {
      for (const user of [TABLES.USER, TABLES.USER + TABLES.ORDER]) e.call('forgetSet', e.const(user), e.const(1));
      e.bankWrite('userDacr', 0, dacr);
    });
    e.when(e.ne(from, to), () => e.call('swapBanks', from, to));
    e.return(change);
  },
};

/** (value, which of M, F, I, A and E): as CPS and MSR change CPSR in a privileged mode. Hyp mode is neither entered nor left. */
const changePsrBits: Routine = {
  name: 'changePsrBits',
  parameters: 2,
  build(emitter) {
    const e = arm(emitter);
    const bits = e.parameter(1);
    const old = e.cpsr();
    const next = e.or(e.and(old, e.not(bits)), e.and(e.parameter(0), bits));
    const may = e.and(isMode(e, next), e.eqz(e.isHyp()));
    const mode = e.and(e.select(may, next, old), e.const(PSR.M));
    e.return(e.call('changeCpsr', e.or(e.and(next, e.const(~PSR.M)), mode)));
  },
};

/** (value, the field mask of MSR): CPSRWriteByInstr. */
const writeCpsr: Routine = {
  name: 'writeCpsr',
  parameters: 2,
  build(emitter) {
    const e = arm(emitter);
    const value = e.parameter(0);
    const field = (n: number): I32 => e.isSet(e.parameter(1), 1 << n);
    const bitsIf = (condition: I32, bits: number): I32 => e.select(condition, e.const(bits), e.const(0));
    const privileged = e.isPrivileged();
    const bits = e.or(
      bitsIf(field(1), PSR.E),
      e.or(bitsIf(e.and(field(1), privileged), PSR.A), bitsIf(e.and(field(0), privileged), PSR.I | PSR.F | PSR.M)),
    );
    e.when(field(3), () => {
      e.setNzcv(value);
      e.bankWrite('flag', FLAG.Q, e.and(e.shrU(value, e.const(27)), e.const(1)));
    });
    e.when(field(2), () => e.setGe(e.and(e.shrU(value, e.const(PSR.GE_SHIFT)), e.const(15))));
    e.return(e.call('changePsrBits', value, bits));
  },
};

/** (SPSR): CPSRWriteByInstr of an exception return. */
const restorePsr: Routine = {
  name: 'restorePsr',
  parameters: 1,
  build(emitter) {
    const e = arm(emitter);
    const psr = e.parameter(0);
    const old = e.cpsr();
    const fromHyp = e.isHyp();
    const toHyp = e.eq(e.and(psr, e.const(PSR.M)), e.const(MODE.HYP));
    const may = e.or(isMode(e, psr), e.and(fromHyp, toHyp));
    const all = PSR.M | PSR.F | PSR.I | PSR.A | PSR.E;
    const mode = e.and(e.select(may, psr, old), e.const(PSR.M));
    const privileged = e.or(e.and(psr, e.const(all & ~PSR.M)), mode);
    const user = e.or(e.and(old, e.const(all & ~PSR.E)), e.and(psr, e.const(PSR.E)));
    const next = e.select(e.isPrivileged(), privileged, user);
    const it = e.or(e.and(e.shrU(psr, e.const(8)), e.const(0xfc)), e.and(e.shrU(psr, e.const(25)), e.const(3)));
    e.setNzcv(psr);
    e.bankWrite('flag', FLAG.Q, e.and(e.shrU(psr, e.const(27)), e.const(1)));
    e.setGe(e.and(e.shrU(psr, e.const(PSR.GE_SHIFT)), e.const(15)));
    e.bankWrite('it', 0, e.select(e.isSet(psr, PSR.T), it, e.const(0)));
    e.return(e.call('changeCpsr', next));
  },
};

/** A PSR from its parts: CPSR with the ITSTATE and T that are given. */
export function packPsr(e: ArmEmitter, it: I32, thumb: I32): I32 {
  const flags = e.or(e.shl(e.nzcv(), e.const(28)), e.shl(e.flag('Q'), e.const(27)));
  const state = e.or(
    e.or(e.shl(e.and(it, e.const(0xfc)), e.const(8)), e.shl(e.and(it, e.const(3)), e.const(25))),
    e.shl(thumb, e.const(5)),
  );
  return e.or(e.or(flags, state), e.or(e.shl(e.ge(), e.const(PSR.GE_SHIFT)), e.cpsr()));
}

export const MODE_ROUTINES: readonly Routine[] = [swapBanks, changeCpsr, changePsrBits, writeCpsr, restorePsr];
