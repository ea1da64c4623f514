// Writing system registers and performing operations (ARM DDI 0406C: B3.18, B4.1, B4.2, B8.1).
import type { I32 } from '../../../cpu/emit/values.ts';
import type { Routine } from '../../../cpu/isa/architecture.ts';
import { type ArmEmitter, arm } from '../emitter.ts';
import { CP15, HCR, SCTLR, TABLES, TTBCR_EAE } from '../registers.ts';
import { WHAT, WRITE } from './description.ts';
import { PLACE } from './places.ts';
import { countOf } from './reads.ts';

/** What systemWrite returns: what the instruction does after it. With TRAP, a trap code from bit 4 on. */
export const AFTER = { TABLES: 1, CUT: 2, TRAP: 8, TRAP_SHIFT: 4 } as const;

/** Bits that can be written; the others keep a value. */
const SCTLR_WRITABLE =
  SCTLR.TE |
  SCTLR.AFE |
  SCTLR.TRE |
  SCTLR.EE |
  SCTLR.UWXN |
  SCTLR.WXN |
  SCTLR.V |
  SCTLR.I |
  SCTLR.Z |
  SCTLR.CP15BEN |
  SCTLR.C |
  SCTLR.A |
  SCTLR.M;
const SCTLR_ONES = 0x00c50058;
const HSCTLR_WRITABLE = SCTLR.TE | SCTLR.EE | SCTLR.WXN | SCTLR.I | SCTLR.CP15BEN | SCTLR.C | SCTLR.A | SCTLR.M;
export const HSCTLR_ONES = 0x30c50858;
const HCR_WRITABLE = 0x0fffffff;
const HCPTR_WRITABLE = 0x80008c00 | 0;
export const HCPTR_ONES = 0x33ff;
const HSTR_WRITABLE = 0x3bfef;
const HDCR_WRITABLE = 0xfff;
/** CP10 and CP11, D32DIS and ASEDIS. */
const CPACR_WRITABLE = 0xc0f00000 | 0;
const TTBCR_SHORT = 0x37;
const TTBCR_LONG = 0xbfc73f87 | 0;
const DBGDSCR_WRITABLE = 0x0006f03c;
/** What the tables of translations depend on. */
const SCTLR_TRANSLATES = SCTLR.M | SCTLR.WXN | SCTLR.UWXN | SCTLR.AFE | SCTLR.TRE | SCTLR.EE;
const HCR_TRANSLATES = HCR.VM | HCR.PTW | HCR.DC | HCR.TGE;
const ASID = 0xff;
/** Bits 55:48 of a TTBR, in its upper word. */
const ASID_HIGH_SHIFT = 16;
const OS_LOCK_KEY = 0xc5acce55 | 0;
const OS_LOCK = { MODEL: 1 << 3, LOCKED: 1 << 1 };
const TIMER_BITS = 3;

const forget = (e: ArmEmitter, all: number): void => void e.call('forgetTranslations', e.const(all));

/** (WHAT, value, the physical count's halves, upper half of a 64-bit value) -> AFTER. */
const systemWrite: Routine = {
  name: 'systemWrite',
  parameters: 5,
  build(emitter) {
    const e = arm(emitter);
    const what = e.parameter(0);
    const value = e.parameter(1);
    const place = e.and(what, e.const(WHAT.PLACE));
    const how = e.and(e.shrU(what, e.const(WHAT.HOW_SHIFT)), e.const(WHAT.HOW));
    const old = e.bankRead('cp15', place);
    const put = (to: I32): void => e.bankWrite('cp15', place, to);
    const done = (after: number): void => e.return(e.const(after));
    const absent = e.and(e.isSet(what, WHAT.ONLY_BARE), e.eqz(e.cp15(PLACE.HAS_HYP)));
    e.when(absent, () => done(0));
    e.when(e.eqz(how), () => {
      put(value);
      done(0);
    });
    const on = (number: number, body: () => void): void =>
      e.when(e.eq(how, e.const(number)), () => {
        body();
        done(0);
      });
    /** Only these bits are written, and of the others `ones` are set. */
    const masked = (number: number, bits: number, ones = 0, after = 0): void =>
      on(number, () => {
        put(e.or(e.and(value, e.const(bits)), e.const(ones)));
        done(after);
      });
    const changed = (to: I32, bits: number): I32 => e.and(e.xor(old, to), e.const(bits));
    const forgetWhen = (condition: I32, all: number): void =>
      e.when(condition, () => {
        forget(e, all);
        done(AFTER.TABLES);
      });

    tlbOperations(e, how, value);
    on(WRITE.TTBR_64, () => {
      const high = e.bankRead('cp15', e.add(place, e.const(1)));
      const next = e.parameter(4);
      put(value);
      e.bankWrite('cp15', e.add(place, e.const(1)), next);
      forgetWhen(e.or(e.xor(old, value), e.xor(high, next)), 0);
    });
    on(WRITE.TTBR, () => {
      put(value);
      forgetWhen(e.xor(old, value), 0);
    });
    on(WRITE.CONTEXTIDR, () => {
      put(value);
      forgetWhen(changed(value, ASID), 0);
    });
    on(WRITE.DACR, () => {
      put(value);
      forgetDomains(e, old, value, done);
    });
    on(WRITE.TIMER_COMPARE, () => {
      put(value);
      e.bankWrite('cp15', e.add(place, e.const(1)), e.parameter(4));
      done(AFTER.CUT);
    });
    on(WRITE.TIMER_VALUE, () => {
      const compare = e.add64(countOf(e, place, e.parameter(2), e.parameter(3)), e.sext64(value));
      put(e.low(compare));
      e.bankWrite('cp15', e.add(place, e.const(1)), e.high(compare));
      done(AFTER.CUT);
    });
    masked(WRITE.TIMER_CONTROL, TIMER_BITS, 0, AFTER.CUT);
    masked(WRITE.VECTOR, ~0x1f);
    on(WRITE.SCTLR, () => {
      const next = e.or(e.and(value, e.const(SCTLR_WRITABLE)), e.const(SCTLR_ONES));
      put(next);
      forgetWhen(changed(next, SCTLR_TRANSLATES), 1);
    });
    on(WRITE.TTBCR, () => {
      const long = e.isSet(value, TTBCR_EAE);
      const next = e.and(value, e.select(long, e.const(TTBCR_LONG), e.const(TTBCR_SHORT)));
      put(next);
      forgetWhen(e.xor(old, next), 1);
    });
    masked(WRITE.CPACR, CPACR_WRITABLE);
    masked(WRITE.CSSELR, 15);
    on(WRITE.TRANSLATE, () => {
      const trap = e.call('addressTranslate', value, place);
      e.when(trap, () => {
        e.call('recordFault', value, trap);
        e.return(e.or(e.shl(trap, e.const(AFTER.TRAP_SHIFT)), e.const(AFTER.TRAP)));
      });
    });
    on(WRITE.HCR, () => {
      const next = e.and(value, e.const(HCR_WRITABLE));
      put(next);
      e.when(changed(next, HCR_TRANSLATES), () => {
        forget(e, 1);
        done(AFTER.TABLES | AFTER.CUT);
      });
      done(AFTER.CUT);
    });
    on(WRITE.HSCTLR, () => {
      const next = e.or(e.and(value, e.const(HSCTLR_WRITABLE)), e.const(HSCTLR_ONES));
      put(next);
      forgetWhen(changed(next, SCTLR_TRANSLATES), 1);
    });
    on(WRITE.REGIME, () => {
      const is64 = e.or(e.eq(place, e.const(CP15.HTTBR)), e.eq(place, e.const(CP15.VTTBR)));
      put(value);
      e.when(is64, () => e.bankWrite('cp15', e.add(place, e.const(1)), e.parameter(4)));
      forget(e, 1);
      done(AFTER.TABLES);
    });
    masked(WRITE.HCPTR, HCPTR_WRITABLE, HCPTR_ONES);
    masked(WRITE.HSTR, HSTR_WRITABLE);
    masked(WRITE.HDCR, HDCR_WRITABLE);
    on(WRITE.DBGDSCR, () => {
      const bits = e.const(DBGDSCR_WRITABLE);
      put(e.or(e.and(old, e.not(bits)), e.and(value, bits)));
    });
    on(WRITE.DBGOSLAR, () => {
      const locked = e.select(e.eq(value, e.const(OS_LOCK_KEY)), e.const(OS_LOCK.LOCKED), e.const(0));
      e.setCp15(PLACE.DBGOSLSR, e.or(locked, e.const(OS_LOCK.MODEL)));
    });
    on(WRITE.CLAIM_SET, () => e.setCp15(PLACE.DBGCLAIM, e.or(e.cp15(PLACE.DBGCLAIM), e.and(value, e.const(0xff)))));
    on(WRITE.CLAIM_CLEAR, () => put(e.and(old, e.not(value))));
    masked(WRITE.TEECR, 1);
    done(0); // WRITE.IGNORE
  },
};

/**
 * DACR changes. A kernel that keeps its hands off user memory does it all the time, so that only what may be translated otherwise now goes: of domains
 * that this has not happened to before, all; later, what is not global, for theirs is not. The tables of User mode wait until they are used
 * again (changeCpsr).
 */
function forgetDomains(e: ArmEmitter, old: I32, value: I32, done: (after: number) => void): void {
  const lower = e.const(0x55555555);
  // Domains without access have no entries, so that giving rights needs nothing.
  const used = e.and(e.or(old, e.shrU(old, e.const(1))), lower);
  const change = e.xor(old, value);
  const changed = e.and(e.and(e.or(change, e.shrU(change, e.const(1))), lower), used);
  e.when(changed, () => {
    const step = (bits: I32, shift: number, mask: number): I32 =>
      e.and(e.or(bits, e.shrU(bits, e.const(shift))), e.const(mask));
    const domains = step(step(step(step(changed, 1, 0x33333333), 2, 0x0f0f0f0f), 4, 0x00ff00ff), 8, 0xffff);
    const moving = e.bankRead('movingDomains');
    const isNew = e.and(domains, e.not(moving));
    e.when(isNew, () => {
      e.bankWrite('movingDomains', 0, e.or(moving, domains));
      forget(e, 1);
      done(AFTER.TABLES);
    });
    for (const set of [TABLES.KERNEL, TABLES.KERNEL + TABLES.ORDER]) e.call('forgetSet', e.const(set), e.const(0));
    done(AFTER.TABLES);
  });
}

/** TLB maintenance. With HCR.FB, what is for this vCPU is for all of them. */
function tlbOperations(e: ArmEmitter, how: I32, value: I32): void {
  const first = WRITE.TLB_ALL;
  const last = WRITE.TLB_PAGE_SHARED;
  const number = e.sub(how, e.const(first));
  e.when(e.ltU(number, e.const(last - first + 1)), () => {
    const shared = e.or(
      e.geU(how, e.const(WRITE.TLB_ALL_SHARED)),
      e.and(e.isSet(e.cp15(CP15.HCR), HCR.FB), e.eqz(e.isHyp())),
    );
    const local = e.eqz(shared);
    const isPage = e.or(e.eq(how, e.const(WRITE.TLB_PAGE)), e.eq(how, e.const(WRITE.TLB_PAGE_SHARED)));
    e.when(isPage, () => {
      e.call('forgetAddress', value, shared);
      e.return(e.const(AFTER.TABLES));
    });
    const isAll = e.or(e.eq(how, e.const(WRITE.TLB_ALL)), e.eq(how, e.const(WRITE.TLB_ALL_SHARED)));
    // Only the current address space has entries that are not global.
    const long = e.isSet(e.cp15(CP15.TTBCR), TTBCR_EAE);
    const upper = e.select(e.isSet(e.cp15(CP15.TTBCR), 1 << 22), e.cp15(CP15.TTBR1_HIGH), e.cp15(CP15.TTBR0_HIGH));
    const current = e.select(long, e.shrU(upper, e.const(ASID_HIGH_SHIFT)), e.cp15(CP15.CONTEXTIDR));
    const other = e.isSet(e.xor(current, value), ASID);
    e.when(shared, () => e.call('forgetEverywhere', isAll));
    e.when(e.and(local, e.or(isAll, e.eqz(other))), () => e.call('forgetTranslations', isAll));
    e.return(e.const(AFTER.TABLES));
  });
}

export const WRITE_ROUTINES: readonly Routine[] = [systemWrite];
