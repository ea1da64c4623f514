// The registers that tell of aborts, and the rules that data accesses are made by, written with the emitter (ARM DDI 0406C: B3.13).
import type { I32 } from '../../cpu/emit/values.ts';
import { type Routine, RULE } from '../../cpu/isa/architecture.ts';
import { type ArmEmitter, arm } from './emitter.ts';
import { ABORT, CP15, HCR, PSR, TRAP, TTBCR_EAE } from './registers.ts';
import { HSR_EC, HSR_EC_SHIFT, HSR_IL } from './syndrome.ts';

/** Fault status of the short and of the long format. */
const STATUS = {
  ALIGNMENT_SHORT: 0b00001,
  ALIGNMENT: 0b100001,
  DEBUG_SHORT: 0b00010,
  DEBUG: 0b100010,
  EXTERNAL_SHORT: 0b01000,
  EXTERNAL: 0b010000,
  /** Bits 3:0; bit 4 is set. */
  ASYNCHRONOUS_SHORT: 0b0110,
  ASYNCHRONOUS: 0b010001,
} as const;

const DFSR = { WNR: 1 << 11, CM: 1 << 13, LPAE: 1 << 9, FS4: 1 << 10 };
const ISS = { WNR: 1 << 6, S1PTW: 1 << 7, CM: 1 << 8 };
/** DBGDSCR.MOE: a BKPT instruction. */
const MOE_MASK = 0xf << 2;
const MOE_BKPT = 3 << 2;

const bitIf = (e: ArmEmitter, condition: I32, bit: number): I32 => e.select(condition, e.const(bit), e.const(0));

/** Is an abort with this code taken to Hyp mode? */
function goesToHyp(e: ArmEmitter, code: I32): I32 {
  const general = e.and(e.isSet(e.cp15(CP15.HCR), HCR.TGE), e.eqz(e.isPrivileged()));
  return e.or(e.or(e.isHyp(), general), e.isSet(code, ABORT.STAGE2));
}

/** A status as Hyp mode has it, where what is disabled there cannot be the reason. */
function longStatus(e: ArmEmitter, code: I32, status: I32): I32 {
  const is = (which: number): I32 => e.eq(status, e.const(which));
  const external = e.select(is(STATUS.EXTERNAL_SHORT), e.const(STATUS.EXTERNAL), status);
  const long = e.select(is(STATUS.ALIGNMENT_SHORT), e.const(STATUS.ALIGNMENT), external);
  return e.select(e.isSet(code, ABORT.LONG), status, long);
}

/** (virtual address, trap code of an abort): fault status and address registers. */
const recordFault: Routine = {
  name: 'recordFault',
  parameters: 2,
  build(emitter) {
    const e = arm(emitter);
    const code = e.parameter(1);
    const isFetch = e.eq(e.and(code, e.const(15)), e.const(TRAP.PREFETCH_ABORT));
    const address = e.select(isFetch, e.and(e.parameter(0), e.const(-2)), e.parameter(0));
    const status = e.and(e.shrU(code, e.const(ABORT.STATUS_SHIFT)), e.const(0x3f));
    const isWrite = e.isSet(code, ABORT.WRITE);
    const isOperation = e.isSet(code, ABORT.MAINTENANCE);

    e.when(goesToHyp(e, code), () => {
      const ec = e.add(e.select(isFetch, e.const(HSR_EC.PREFETCH_ABORT), e.const(HSR_EC.DATA_ABORT)), e.isHyp());
      const dataIss = e.or(bitIf(e, isWrite, ISS.WNR), bitIf(e, isOperation, ISS.CM));
      const iss = e.or(e.select(isFetch, e.const(0), dataIss), bitIf(e, e.isSet(code, ABORT.S1PTW), ISS.S1PTW));
      const all = e.or(e.or(iss, longStatus(e, code, status)), e.const(HSR_IL));
      e.setCp15(CP15.HSR, e.or(e.shl(ec, e.const(HSR_EC_SHIFT)), all));
      e.bankWrite('cp15', e.select(isFetch, e.const(CP15.HIFAR), e.const(CP15.HDFAR)), address);
      e.when(e.isSet(code, ABORT.STAGE2), () => {
        const low = e.and(e.shrU(e.bankRead('faultIpa', 0), e.const(8)), e.const(~15));
        e.setCp15(CP15.HPFAR, e.or(low, e.shl(e.bankRead('faultIpa', 1), e.const(24))));
      });
      e.return(e.const(0));
    });

    const isLong = e.isSet(code, ABORT.LONG);
    const domain = e.and(e.shrU(code, e.const(ABORT.DOMAIN_SHIFT)), e.const(15));
    const high = bitIf(e, e.isSet(status, 16), DFSR.FS4);
    const short = e.or(e.and(status, e.const(15)), high);
    const format = e.select(isLong, e.or(status, e.const(DFSR.LPAE)), short);
    e.when(isFetch, () => {
      e.setCp15(CP15.IFSR, format);
      e.setCp15(CP15.IFAR, address);
      e.return(e.const(0));
    });
    const kind = e.or(bitIf(e, isWrite, DFSR.WNR), bitIf(e, isOperation, DFSR.CM));
    const where = e.select(isLong, e.const(0), e.shl(domain, e.const(4)));
    e.setCp15(CP15.DFSR, e.or(e.or(format, kind), where));
    e.setCp15(CP15.DFAR, address);
    e.return(e.const(0));
  },
};

/** The registers that tell of BKPT. */
export function recordBreakpoint(e: ArmEmitter, toHyp: I32): void {
  const dscr = e.cp15(CP15.DBGDSCR);
  e.setCp15(CP15.DBGDSCR, e.or(e.and(dscr, e.const(~MOE_MASK)), e.const(MOE_BKPT)));
  const ec = e.add(e.const(HSR_EC.PREFETCH_ABORT), e.isHyp());
  const hsr = e.or(e.shl(ec, e.const(HSR_EC_SHIFT)), e.const(HSR_IL | STATUS.DEBUG));
  const ifsr = e.select(
    e.isSet(e.cp15(CP15.TTBCR), TTBCR_EAE),
    e.const(DFSR.LPAE | STATUS.DEBUG),
    e.const(STATUS.DEBUG_SHORT),
  );
  e.setCp15(CP15.HSR, e.select(toHyp, hsr, e.cp15(CP15.HSR)));
  e.setCp15(CP15.IFSR, e.select(toHyp, e.cp15(CP15.IFSR), ifsr));
}

/** The registers that tell of a virtual asynchronous abort, which is then no longer asked for. */
export function recordVirtualAbort(e: ArmEmitter): void {
  const long = e.isSet(e.cp15(CP15.TTBCR), TTBCR_EAE);
  const short = DFSR.FS4 | STATUS.ASYNCHRONOUS_SHORT;
  e.setCp15(CP15.DFSR, e.select(long, e.const(DFSR.LPAE | STATUS.ASYNCHRONOUS), e.const(short)));
  e.setCp15(CP15.HCR, e.and(e.cp15(CP15.HCR), e.const(~HCR.VA)));
}

/** () -> RULE bits: SCTLR.A and CPSR.E. */
const accessRules: Routine = {
  name: 'accessRules',
  parameters: 0,
  build(emitter) {
    const e = arm(emitter);
    const strict = bitIf(e, e.alignmentChecked(), RULE.STRICT);
    e.return(e.or(strict, bitIf(e, e.isSet(e.cpsr(), PSR.E), RULE.SWAPPED)));
  },
};

/** () -> the status of an alignment fault, with ABORT.LONG where that is the format. */
const alignmentStatus: Routine = {
  name: 'alignmentStatus',
  parameters: 0,
  build(emitter) {
    const e = arm(emitter);
    const long = e.or(e.isHyp(), e.isSet(e.cp15(CP15.TTBCR), TTBCR_EAE));
    const parts = (status: number): number => status << ABORT.STATUS_SHIFT;
    e.return(e.select(long, e.const(parts(STATUS.ALIGNMENT) | ABORT.LONG), e.const(parts(STATUS.ALIGNMENT_SHORT))));
  },
};

export const FAULT_ROUTINES: readonly Routine[] = [recordFault, accessRules, alignmentStatus];
