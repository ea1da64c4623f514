// Reading system registers (ARM DDI 0406C: B4.1, B8.1, C11.11).
import type { I32, I64 } from '../../../cpu/emit/values.ts';
import type { Routine } from '../../../cpu/isa/architecture.ts';
import { type ArmEmitter, arm } from '../emitter.ts';
import { CP15, HCR, LINE, PSR } from '../registers.ts';
import { READ, WHAT } from './description.ts';
import { NS_PER_TICK_SHIFT, PLACE } from './places.ts';

const CLAIM_TAGS = 0xff;
/** Non-invasive and invasive debug are there and enabled. */
const AUTHENTICATION = 0xff;
const CTL = { ENABLE: 1, ISTATUS: 4 };

/** Two words of bank cp15, from `place` on. */
export function pair(e: ArmEmitter, place: I32): I64 {
  const low = e.zext64(e.bankRead('cp15', place));
  return e.or64(low, e.shl64(e.zext64(e.bankRead('cp15', e.add(place, e.const(1)))), e.const64(32n)));
}

/** The physical count. */
export function physicalCount(e: ArmEmitter): I64 {
  return e.shrU64(e.now(), e.const64(BigInt(NS_PER_TICK_SHIFT)));
}

/** The virtual count. */
export function virtualCount(e: ArmEmitter): I64 {
  return e.sub64(physicalCount(e), pair(e, e.const(CP15.CNTVOFF)));
}

/** The count, of which two parameters are the halves, as the timer with its CompareValue at `cval` has it. */
export function countOf(e: ArmEmitter, cval: I32, low: I32, high: I32): I64 {
  const physical = e.or64(e.zext64(low), e.shl64(e.zext64(high), e.const64(32n)));
  const virtual = e.sub64(physical, pair(e, e.const(CP15.CNTVOFF)));
  return e.select64(e.eq(cval, e.const(CP15.CNTV_CVAL)), virtual, physical);
}

/** Where the CompareValue of the timer with this control register is. */
function compareOf(e: ArmEmitter, ctl: I32): I32 {
  const is = (which: number): I32 => e.eq(ctl, e.const(which));
  const other = e.select(is(CP15.CNTV_CTL), e.const(CP15.CNTV_CVAL), e.const(CP15.CNTHP_CVAL));
  return e.select(is(CP15.CNTP_CTL), e.const(CP15.CNTP_CVAL), other);
}

/** ISR: what waits, as PL1 or Hyp mode sees it. */
function interruptStatus(e: ArmEmitter): I32 {
  const hcr = e.cp15(CP15.HCR);
  const lines = e.bankRead('lines');
  const notHyp = e.eqz(e.isHyp());
  const isVirtual = (routed: number): I32 => e.and(e.isSet(hcr, routed), notHyp);
  const line = (bit: number): I32 => e.isSet(lines, bit);
  const irq = e.select(isVirtual(HCR.IMO), e.or(e.isSet(hcr, HCR.VI), line(LINE.VIRQ)), line(LINE.IRQ));
  const fiq = e.select(isVirtual(HCR.FMO), e.or(e.isSet(hcr, HCR.VF), line(LINE.VFIQ)), line(LINE.FIQ));
  const abort = e.and(isVirtual(HCR.AMO), e.isSet(hcr, HCR.VA));
  const bit = (set: I32, psr: number): I32 => e.select(set, e.const(psr), e.const(0));
  return e.or(bit(abort, PSR.A), e.or(bit(irq, PSR.I), bit(fiq, PSR.F)));
}

/** CCSIDR of what CSSELR says; 0 where there is no such cache. */
function cacheSize(e: ArmEmitter): I32 {
  const selected = e.cp15(CP15.CSSELR);
  const place = e.add(e.const(CP15.CCSIDR0), e.and(selected, e.const(3)));
  return e.select(e.ltU(selected, e.const(3)), e.bankRead('cp15', place), e.const(0));
}

/** (WHAT, the physical count's halves) -> the register's value, or its lower half. */
const systemRead: Routine = {
  name: 'systemRead',
  parameters: 3,
  build(emitter) {
    const e = arm(emitter);
    const what = e.parameter(0);
    const place = e.and(what, e.const(WHAT.PLACE));
    const how = e.and(e.shrU(what, e.const(WHAT.HOW_SHIFT)), e.const(WHAT.HOW));
    const plain = e.bankRead('cp15', place);
    const absent = e.and(e.isSet(what, WHAT.ONLY_BARE), e.eqz(e.cp15(PLACE.HAS_HYP)));
    e.when(absent, () => e.return(e.const(0)));
    e.when(e.eqz(how), () => e.return(plain));
    const answer = (number: number, value: () => I32): void =>
      e.when(e.eq(how, e.const(number)), () => e.return(value()));
    // PL1 sees VPIDR and VMPIDR, which lie as MIDR and MPIDR do when the bit of the latter's place counts.
    answer(READ.ID, () => {
      const virtual = e.select(e.eq(place, e.const(CP15.MIDR)), e.const(CP15.VPIDR), e.const(CP15.VMPIDR));
      return e.bankRead('cp15', e.select(e.isHyp(), place, virtual));
    });
    answer(READ.TIMER_VALUE, () => {
      const count = countOf(e, place, e.parameter(1), e.parameter(2));
      return e.sub(plain, e.low(count));
    });
    answer(READ.TIMER_CONTROL, () => {
      const cval = compareOf(e, place);
      const met = e.eqz(e.ltU64(countOf(e, cval, e.parameter(1), e.parameter(2)), pair(e, cval)));
      return e.or(plain, e.select(e.and(met, e.and(plain, e.const(CTL.ENABLE))), e.const(CTL.ISTATUS), e.const(0)));
    });
    answer(READ.CCSIDR, () => cacheSize(e));
    answer(READ.ISR, () => interruptStatus(e));
    answer(READ.ONE, () => e.const(1));
    answer(READ.CLAIM, () => e.const(CLAIM_TAGS));
    answer(READ.AUTHENTICATION, () => e.const(AUTHENTICATION));
    e.return(e.const(0));
  },
};

export const READ_ROUTINES: readonly Routine[] = [systemRead];
