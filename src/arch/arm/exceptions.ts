// Exception entry, written with the emitter: it runs in WebAssembly (ARM DDI 0406C: B1.8, B1.9, B1.14).
import type { I32 } from '../../cpu/emit/values.ts';
import type { Routine } from '../../cpu/isa/architecture.ts';
import { CONDITION_ROUTINES } from './conditions.ts';
import { PLACE } from './cp15/places.ts';
import { CP15_ROUTINES } from './cp15/routines.ts';
import { type ArmEmitter, arm } from './emitter.ts';
import { FAULT_ROUTINES, recordBreakpoint, recordVirtualAbort } from './faults.ts';
import { bankOfMode, entryOf, MODE_ROUTINES, nibbles, packPsr, useTablesOf } from './modes.ts';
import { ABORT, CP15, HCR, MODE, PSR, SCTLR, TRAP } from './registers.ts';
import {
  HDCR_TDE,
  HSR_CONDITION,
  HSR_EC,
  HSR_EC_SHIFT,
  HSR_IL,
  TRAP_HYP_EC_SHIFT,
  TRAP_HYP_NARROW,
  VIRTUAL_ABORT,
} from './syndrome.ts';

const HIGH_VECTORS = 0xffff0000 | 0;

/** Offset of the vector, in words. */
const VECTOR = nibbles([
  [TRAP.UNDEFINED, 1],
  [TRAP.SVC, 2],
  [TRAP.HVC, 2],
  [TRAP.PREFETCH_ABORT, 3],
  [TRAP.BREAKPOINT, 3],
  [TRAP.DATA_ABORT, 4],
  [TRAP.IRQ, 6],
  [TRAP.VIRQ, 6],
  [TRAP.FIQ, 7],
  [TRAP.VFIQ, 7],
]);
/** What comes to Hyp mode from other modes and is not an interrupt. */
const HYP_TRAP_VECTOR = 5;

/** Bits 3:0 of the mode that takes it when it is not Hyp mode. */
const TARGET_MODE = nibbles([
  [TRAP.UNDEFINED, MODE.UND & 15],
  [TRAP.SVC, MODE.SVC & 15],
  [TRAP.PREFETCH_ABORT, MODE.ABT & 15],
  [TRAP.BREAKPOINT, MODE.ABT & 15],
  [TRAP.DATA_ABORT, MODE.ABT & 15],
  [TRAP.IRQ, MODE.IRQ & 15],
  [TRAP.VIRQ, MODE.IRQ & 15],
  [TRAP.FIQ, MODE.FIQ & 15],
  [TRAP.VFIQ, MODE.FIQ & 15],
]);

/** LR less the address of the instruction, for A32; T32 has 2 less for the first three. */
const LINK_OFFSET = nibbles([
  [TRAP.UNDEFINED, 4],
  [TRAP.SVC, 4],
  [TRAP.HVC, 4],
  [TRAP.PREFETCH_ABORT, 4],
  [TRAP.BREAKPOINT, 4],
  [TRAP.DATA_ABORT, 8],
  [TRAP.IRQ, 4],
  [TRAP.VIRQ, 4],
  [TRAP.FIQ, 4],
  [TRAP.VFIQ, 4],
]);

const kinds = (...all: readonly number[]): number => all.reduce((set, kind) => set | (1 << kind), 0);
const ABORTS = kinds(TRAP.PREFETCH_ABORT, TRAP.DATA_ABORT);

/** Bit of a set of kinds. */
const isOneOf = (e: ArmEmitter, kind: I32, set: number | I32): I32 =>
  e.and(e.shrU(typeof set === 'number' ? e.const(set) : set, kind), e.const(1));

/** Which kinds go to Hyp mode in the state that is, and with this code. */
function takenToHyp(e: ArmEmitter, code: I32): I32 {
  const hcr = e.cp15(CP15.HCR);
  const tge = e.isSet(hcr, HCR.TGE);
  const setIf = (condition: I32, set: number): I32 => e.select(condition, e.const(set), e.const(0));
  const generalUser = e.and(tge, e.eqz(e.isPrivileged()));
  const fromUser = kinds(TRAP.UNDEFINED, TRAP.SVC, TRAP.BREAKPOINT) | ABORTS;
  const parts = [
    setIf(generalUser, fromUser),
    setIf(e.isSet(e.cp15(CP15.HDCR), HDCR_TDE), kinds(TRAP.BREAKPOINT)),
    setIf(e.isSet(code, ABORT.STAGE2), ABORTS),
    setIf(e.or(tge, e.isSet(hcr, HCR.IMO)), kinds(TRAP.IRQ)),
    setIf(e.or(tge, e.isSet(hcr, HCR.FMO)), kinds(TRAP.FIQ)),
    e.const(kinds(TRAP.HVC, TRAP.HYP)),
  ];
  const set = parts.reduce((a, b) => e.or(a, b));
  return e.and(e.select(e.isHyp(), e.const(-1), set), e.sub(e.const(0), e.cp15(PLACE.HAS_HYP)));
}

/** HSR of what is taken to Hyp mode; of aborts, recordFault has written it. */
function writeHsr(e: ArmEmitter, kind: I32, code: I32, thumb: I32): void {
  const field = (from: number, mask: number): I32 => e.and(e.shrU(code, e.const(from)), e.const(mask));
  const withEc = (ec: I32, iss: I32): I32 => e.or(e.shl(ec, e.const(HSR_EC_SHIFT)), iss);
  const immediate = field(4, 0xffff);

  const ec = field(TRAP_HYP_EC_SHIFT, 0x3f);
  const conditional = e.ltU(ec, e.const(HSR_EC.SVC));
  const wide = e.select(e.isSet(code, TRAP_HYP_NARROW), e.const(0), e.const(HSR_IL));
  const trapped = e.or(
    e.or(withEc(ec, field(4, 0xfffff)), wide),
    e.select(conditional, e.const(HSR_CONDITION), e.const(0)),
  );
  const supervisor = e.or(withEc(e.const(HSR_EC.SVC), immediate), e.select(thumb, e.const(0), e.const(HSR_IL)));
  const hypervisor = e.or(withEc(e.const(HSR_EC.HVC), immediate), e.const(HSR_IL));

  const is = (which: number): I32 => e.eq(kind, e.const(which));
  const written = kinds(TRAP.UNDEFINED, TRAP.SVC, TRAP.HVC, TRAP.HYP);
  e.when(isOneOf(e, kind, written), () => {
    const other = e.select(is(TRAP.HVC), hypervisor, e.const(HSR_IL));
    e.setCp15(CP15.HSR, e.select(is(TRAP.HYP), trapped, e.select(is(TRAP.SVC), supervisor, other)));
  });
}

/** (trap code, pc with T in bit 0, in a delay slot: never) -> address of the handler, with T in bit 0. */
const raise: Routine = {
  name: 'raise',
  parameters: 3,
  build(emitter) {
    const e = arm(emitter);
    const code = e.parameter(0);
    const pc = e.parameter(1);
    const given = e.and(code, e.const(15));
    const hasHyp = e.cp15(PLACE.HAS_HYP);
    const it = e.bankRead('it');
    const firmware = e.select(hasHyp, e.eq(given, e.const(TRAP.SMC)), e.eq(given, e.const(TRAP.HVC)));
    e.when(firmware, () => {
      e.bankWrite('it', 0, e.advancedIt(it));
      e.event(
        'firmware',
        () => code,
        () => pc,
      );
      e.helper('psci');
      e.return(e.add(pc, e.const(4)));
    });
    const kind = e.select(e.eq(given, e.const(TRAP.SMC)), e.const(TRAP.UNDEFINED), given);
    const is = (which: number): I32 => e.eq(kind, e.const(which));
    const thumb = e.and(pc, e.const(1));
    const at = e.and(pc, e.const(-2));
    const inHyp = e.isHyp();
    const toHyp = isOneOf(e, kind, takenToHyp(e, code));
    const called = e.or(is(TRAP.SVC), is(TRAP.HVC));
    const psr = packPsr(e, e.select(called, e.advancedIt(it), it), thumb);
    const early = e.shl(e.and(thumb, e.ltU(kind, e.const(TRAP.HVC))), e.const(1));
    const link = e.sub(e.add(at, entryOf(e, LINK_OFFSET, kind)), early);
    const vector = entryOf(e, VECTOR, kind);
    e.when(is(TRAP.BREAKPOINT), () => recordBreakpoint(e, toHyp));
    e.when(e.and(is(TRAP.DATA_ABORT), e.isSet(code, VIRTUAL_ABORT)), () => recordVirtualAbort(e));

    e.when(toHyp, () => {
      writeHsr(e, kind, code, thumb);
      const staged = e.eq(e.and(code, e.const(ABORT.STAGE2 | ABORT.S1PTW)), e.const(ABORT.STAGE2));
      e.when(e.and(is(TRAP.DATA_ABORT), staged), () => {
        const others = e.and(e.cp15(CP15.HSR), e.const(~HSR_IL));
        e.setCp15(CP15.HSR, e.or(others, e.helper('accessSyndrome', pc)));
      });
      const interrupt = isOneOf(e, kind, kinds(TRAP.IRQ, TRAP.FIQ));
      const offset = e.select(e.or(inHyp, interrupt), vector, e.const(HYP_TRAP_VECTOR));
      const control = e.cp15(CP15.HSCTLR);
      e.bankWrite('elrHyp', 0, e.select(called, link, at));
      const cpsr = e.or(e.const(MODE.HYP | PSR.A | PSR.I | PSR.F), dataOrder(e, control));
      const target = handlerAt(e, e.cp15(CP15.HVBAR), offset, control);
      e.return(e.call('enterMode', cpsr, psr, link, target));
    });
    const control = e.cp15(CP15.SCTLR);
    const base = e.select(e.isSet(control, SCTLR.V), e.const(HIGH_VECTORS), e.cp15(CP15.VBAR));
    const masks = e.or(
      e.select(isOneOf(e, kind, kinds(TRAP.UNDEFINED, TRAP.SVC)), e.const(PSR.I), e.const(PSR.I | PSR.A)),
      e.select(isOneOf(e, kind, kinds(TRAP.FIQ, TRAP.VFIQ)), e.const(PSR.F), e.const(0)),
    );
    const kept = e.and(e.cpsr(), e.const(PSR.A | PSR.F));
    const mode = e.or(entryOf(e, TARGET_MODE, kind), e.const(0x10));
    const cpsr = e.or(e.or(e.or(mode, masks), kept), dataOrder(e, control));
    e.return(e.call('enterMode', cpsr, psr, link, handlerAt(e, base, vector, control)));
  },
};

/** CPSR.E from EE of SCTLR or HSCTLR. */
function dataOrder(e: ArmEmitter, control: I32): I32 {
  return e.select(e.isSet(control, SCTLR.EE), e.const(PSR.E), e.const(0));
}

/** The handler's address, with T from TE of SCTLR or HSCTLR. */
function handlerAt(e: ArmEmitter, base: I32, vector: I32, control: I32): I32 {
  return e.or(e.add(base, e.shl(vector, e.const(2))), e.isSet(control, SCTLR.TE));
}

/** (new CPSR, SPSR, LR unless it is Hyp mode, address) -> address. */
const enterMode: Routine = {
  name: 'enterMode',
  parameters: 4,
  build(emitter) {
    const e = arm(emitter);
    const cpsr = e.parameter(0);
    const change = e.call('changeCpsr', cpsr);
    e.bankWrite('spsr', bankOfMode(e, cpsr), e.parameter(1));
    e.when(e.ne(e.and(cpsr, e.const(PSR.M)), e.const(MODE.HYP)), () => e.bankWrite('gpr', 14, e.parameter(2)));
    e.bankWrite('it', 0, e.const(0));
    useTablesOf(e, change);
    e.return(e.parameter(3));
  },
};

export const EXCEPTION_ROUTINES: readonly Routine[] = [
  raise,
  enterMode,
  ...MODE_ROUTINES,
  ...FAULT_ROUTINES,
  ...CONDITION_ROUTINES,
  ...CP15_ROUTINES,
];
