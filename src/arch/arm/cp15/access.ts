// May an instruction access a system register: rights by mode, and trap controls of Hyp mode (ARM DDI 0406C: B1.14, B3.17, B4.1, C11.8).
import type { I32 } from '../../../cpu/emit/values.ts';
import type { Routine } from '../../../cpu/isa/architecture.ts';
import { type ArmEmitter, arm } from '../emitter.ts';
import { CP15, SCTLR, TRAP } from '../registers.ts';
import { HSR_EC, TRAP_HYP_EC_SHIFT } from '../syndrome.ts';
import { RIGHT, TRAP_GROUP, WHAT } from './description.ts';

const CNTKCTL = { PL0PCTEN: 1 << 0, PL0VCTEN: 1 << 1, PL0VTEN: 1 << 8, PL0PTEN: 1 << 9 };
const CNTHCTL = { PL1PCTEN: 1 << 0, PL1PCEN: 1 << 1 };
const HDCR = { TPMCR: 1 << 5, TPM: 1 << 6, TDA: 1 << 9, TDOSA: 1 << 10, TDRA: 1 << 11 };
const HCPTR_TCPAC = 0x80000000 | 0;
const HSTR = { TTEE: 1 << 16, TJDBX: 1 << 17 };
const UDCCDIS = 1 << 12;
const TEECR_XED = 1;

const field = (e: ArmEmitter, word: I32, shift: number, mask: number): I32 =>
  e.and(e.shrU(word, e.const(shift)), e.const(mask));

/** The first value whose number is `which`, else 0. */
function choose(e: ArmEmitter, which: I32, values: readonly (readonly [number, I32])[]): I32 {
  return values.reduceRight(
    (others, [number, value]) => e.select(e.eq(which, e.const(number)), value, others),
    e.const(0),
  );
}

/** Does a right let User mode through? */
function userMay(e: ArmEmitter, right: I32): I32 {
  const counters = e.cp15(CP15.CNTKCTL);
  const ifCounters = (bits: number): I32 => e.and(counters, e.const(bits));
  return choose(e, right, [
    [RIGHT.ALL, e.const(1)],
    [RIGHT.BARRIER, e.const(1)],
    [RIGHT.MONITOR, e.and(e.cp15(CP15.PMUSERENR), e.const(1))],
    [RIGHT.PHYSICAL_COUNTER, ifCounters(CNTKCTL.PL0PCTEN)],
    [RIGHT.VIRTUAL_COUNTER, ifCounters(CNTKCTL.PL0VCTEN)],
    [RIGHT.ANY_COUNTER, ifCounters(CNTKCTL.PL0PCTEN | CNTKCTL.PL0VCTEN)],
    [RIGHT.PHYSICAL_TIMER, ifCounters(CNTKCTL.PL0PTEN)],
    [RIGHT.VIRTUAL_TIMER, ifCounters(CNTKCTL.PL0VTEN)],
    [RIGHT.DEBUG, e.eqz(e.and(e.cp15(CP15.DBGDSCR), e.const(UDCCDIS)))],
    [RIGHT.THUMBEE, e.eqz(e.and(e.cp15(CP15.TEECR), e.const(TEECR_XED)))],
  ]);
}

/** Not 0 where a control of a group traps. */
function groupTraps(e: ArmEmitter, group: I32): I32 {
  const bits = (register: number, mask: number): I32 => e.and(e.cp15(register), e.const(mask));
  const without = (register: number, mask: number): I32 => e.eqz(bits(register, mask));
  return choose(e, group, [
    [TRAP_GROUP.MONITOR, bits(CP15.HDCR, HDCR.TPM)],
    [TRAP_GROUP.PMCR, bits(CP15.HDCR, HDCR.TPM | HDCR.TPMCR)],
    [TRAP_GROUP.PHYSICAL_COUNTER, without(CP15.CNTHCTL, CNTHCTL.PL1PCTEN)],
    [TRAP_GROUP.PHYSICAL_TIMER, without(CP15.CNTHCTL, CNTHCTL.PL1PCEN)],
    [TRAP_GROUP.CPACR, bits(CP15.HCPTR, HCPTR_TCPAC)],
    [TRAP_GROUP.DEBUG_ROM, bits(CP15.HDCR, HDCR.TDRA)],
    [TRAP_GROUP.OS_DEBUG, bits(CP15.HDCR, HDCR.TDOSA)],
    [TRAP_GROUP.DEBUG, bits(CP15.HDCR, HDCR.TDA)],
    [TRAP_GROUP.THUMBEE, bits(CP15.HSTR, HSTR.TTEE)],
    [TRAP_GROUP.JAZELLE, bits(CP15.HSTR, HSTR.TJDBX)],
  ]);
}

/** (WHAT, ISS without the condition) -> the trap code, or 0 where the access may be made. */
const systemAccess: Routine = {
  name: 'systemAccess',
  parameters: 2,
  build(emitter) {
    const e = arm(emitter);
    const what = e.parameter(0);
    const iss = e.parameter(1);
    const right = field(e, what, WHAT.RIGHT_SHIFT, WHAT.RIGHT);
    const group = field(e, what, WHAT.GROUP_SHIFT, WHAT.GROUP);
    const inHyp = e.isHyp();
    const refuse = (): void => e.return(e.const(TRAP.UNDEFINED));

    e.when(e.eqz(e.isPrivileged()), () => e.when(e.eqz(userMay(e, right)), refuse));
    e.when(e.and(e.eq(right, e.const(RIGHT.HYP)), e.eqz(inHyp)), refuse);
    const controls = e.or(e.or(e.cp15(CP15.HCR), e.cp15(CP15.HSTR)), group);
    e.when(e.and(e.ne(controls, e.const(0)), e.eqz(inHyp)), () => {
      const ec = e.shrU(what, e.const(WHAT.EC_SHIFT));
      const hcrBit = field(e, what, WHAT.HCR_SHIFT, WHAT.HCR);
      const byHcr = e.select(hcrBit, e.and(e.shrU(e.cp15(CP15.HCR), hcrBit), e.const(1)), e.const(0));
      // HSTR has a bit for each CRn, or CRm of accesses of 64 bits, of coprocessor 15.
      const crn = e.select(e.eq(ec, e.const(HSR_EC.CP15)), field(e, iss, 10, 15), field(e, iss, 1, 15));
      const isCp15 = e.or(e.eq(ec, e.const(HSR_EC.CP15)), e.eq(ec, e.const(HSR_EC.CP15_64)));
      const byHstr = e.and(e.and(e.shrU(e.cp15(CP15.HSTR), crn), e.const(1)), isCp15);
      e.when(e.or(e.or(byHcr, byHstr), groupTraps(e, group)), () =>
        e.return(e.or(e.or(e.shl(ec, e.const(TRAP_HYP_EC_SHIFT)), e.shl(iss, e.const(4))), e.const(TRAP.HYP))),
      );
    });
    e.when(e.eqz(right), refuse);
    e.when(e.eq(right, e.const(RIGHT.BARRIER)), () => {
      const control = e.select(inHyp, e.cp15(CP15.HSCTLR), e.cp15(CP15.SCTLR));
      e.when(e.eqz(e.and(control, e.const(SCTLR.CP15BEN))), refuse);
    });
    e.return(e.const(0));
  },
};

export const ACCESS_ROUTINES: readonly Routine[] = [systemAccess];
