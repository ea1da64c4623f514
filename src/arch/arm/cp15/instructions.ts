// What MRC, MCR, MRRC and MCRR do (ARM DDI 0406C: A8.8.98 to A8.8.109), and the parts of their encodings that A32 and T32 share. A record holds two
// words of the register it is about, WHAT and ISS, found when the instruction is decoded.
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { tableSet } from '../modes.ts';
import { CP15, TRAP } from '../registers.ts';
import { HSR_EC, TRAP_HYP_EC_SHIFT } from '../syndrome.ts';
import { CP14_REGISTERS, CP14_REGISTERS_64 } from './debug-registers.ts';
import {
  EC_32,
  EC_64,
  ISS_RT_SHIFT,
  ISS_RT2_SHIFT,
  issOf,
  issOf64,
  type SystemRegister,
  WHAT,
  whatOf,
} from './description.ts';
import { pair, physicalCount, virtualCount } from './reads.ts';
import { CP15_REGISTERS, CP15_REGISTERS_64, key32, key64, trapOfUnknown } from './registers.ts';
import { AFTER } from './writes.ts';

type Coprocessor = 14 | 15;
/** Field values and derived operands of a row. */
interface Access {
  readonly what: Operand;
  readonly iss: Operand;
}

const PC = 15;
const PL1PCTEN = 1;
const CNTKCTL = { PL0PCTEN: 1, PL0VCTEN: 2 };

/** Derived operands of MRC (`isRead`) and MCR; `fixed` are fields that the pattern has no name for. */
export function access32(coprocessor: Coprocessor, isRead: boolean, fixed: RawFields = {}) {
  const registers = coprocessor === 15 ? CP15_REGISTERS : CP14_REGISTERS;
  return {
    what: (raw: RawFields): number => {
      const { opc1 = 0, crn = 0, crm = 0, opc2 = 0, rt = 0 } = { ...raw, ...fixed };
      const unknown = coprocessor === 15 ? trapOfUnknown(crn, crm) : 0;
      const register = isRead || rt !== PC ? registers.get(key32(opc1, crn, crm, opc2)) : undefined;
      return whatOf(register, isRead, EC_32[coprocessor], unknown);
    },
    iss: (raw: RawFields): number => issOf({ ...raw, ...fixed }, isRead),
  };
}

/** Of MRRC and MCRR. */
export function access64(coprocessor: Coprocessor, isRead: boolean, fixed: RawFields = {}) {
  const registers = coprocessor === 15 ? CP15_REGISTERS_64 : CP14_REGISTERS_64;
  return {
    what: (raw: RawFields): number => {
      const { opc1 = 0, crm = 0, rt = 0, rt2 = 0 } = { ...raw, ...fixed };
      const possible = rt !== PC && rt2 !== PC && !(isRead && rt === rt2);
      const register: SystemRegister | undefined = possible ? registers.get(key64(opc1, crm)) : undefined;
      return whatOf(register, isRead, EC_64[coprocessor], 0);
    },
    iss: (raw: RawFields): number => issOf64({ ...raw, ...fixed }, isRead),
  };
}

function checkAccess(e: ArmEmitter, { what, iss }: Access): void {
  const trap = e.call('systemAccess', e.imm(what), e.imm(iss));
  e.when(trap, () => e.trap(trap));
}

const registerAt = (e: ArmEmitter, iss: Operand, shift: number): I32 =>
  e.and(e.shrU(e.imm(iss), e.const(shift)), e.const(15));

/** Rt, or the flags N, Z, C and V for number 15. */
function deliver(e: ArmEmitter, iss: Operand, value: I32): void {
  const rt = registerAt(e, iss, ISS_RT_SHIFT);
  const toFlags = e.eq(rt, e.const(PC));
  e.when(toFlags, () => e.setNzcv(value));
  e.when(e.eqz(toFlags), () => e.setRegAt(rt, value));
}

function finishWrite(e: ArmEmitter, after: I32): void {
  e.when(e.and(after, e.const(AFTER.TRAP)), () => e.trap(e.shrU(after, e.const(AFTER.TRAP_SHIFT))));
  e.when(e.and(after, e.const(AFTER.TABLES)), () => e.useTables(tableSet(e, e.cpsr())));
  e.when(e.and(after, e.const(AFTER.CUT)), () => e.cut());
}

const NO_COUNT = 0n;

/** MRC; `count` is there for the registers of the generic timer. */
function read(e: ArmEmitter, access: Access, count: I64): void {
  checkAccess(e, access);
  deliver(e, access.iss, e.call('systemRead', e.imm(access.what), e.low(count), e.high(count)));
}

function write(e: ArmEmitter, access: Access, count: I64): void {
  checkAccess(e, access);
  const value = e.regAt(registerAt(e, access.iss, ISS_RT_SHIFT));
  const what = e.imm(access.what);
  finishWrite(e, e.call('systemWrite', what, value, e.low(count), e.high(count), e.const(0)));
}

export function mrc(e: ArmEmitter, access: Access): void {
  read(e, access, e.const64(NO_COUNT));
}
export function mcr(e: ArmEmitter, access: Access): void {
  write(e, access, e.const64(NO_COUNT));
}
export function mrcTimer(e: ArmEmitter, access: Access): void {
  read(e, access, physicalCount(e));
}
export function mcrTimer(e: ArmEmitter, access: Access): void {
  write(e, access, physicalCount(e));
}

/** Performance monitors are rare: they are in pmu.ts. */
export function mrcMonitor(e: ArmEmitter, access: Access): void {
  checkAccess(e, access);
  deliver(e, access.iss, e.helper('pmuRead', e.imm(access.what)));
}
export function mcrMonitor(e: ArmEmitter, access: Access): void {
  checkAccess(e, access);
  e.helper('pmuWrite', e.imm(access.what), e.regAt(registerAt(e, access.iss, ISS_RT_SHIFT)));
  e.cut();
}

export function mrrc(e: ArmEmitter, access: Access): void {
  checkAccess(e, access);
  const { what, iss } = access;
  const low = e.call('systemRead', e.imm(what), e.const(0), e.const(0));
  const how = e.and(e.shrU(e.imm(what), e.const(WHAT.HOW_SHIFT)), e.const(WHAT.HOW));
  const upper = e.high(pair(e, e.and(e.imm(what), e.const(WHAT.PLACE))));
  e.setRegAt(registerAt(e, iss, ISS_RT_SHIFT), low);
  e.setRegAt(registerAt(e, iss, ISS_RT2_SHIFT), e.select(how, e.const(0), upper));
}

export function mcrr(e: ArmEmitter, access: Access): void {
  checkAccess(e, access);
  const { what, iss } = access;
  const low = e.regAt(registerAt(e, iss, ISS_RT_SHIFT));
  const high = e.regAt(registerAt(e, iss, ISS_RT2_SHIFT));
  finishWrite(e, e.call('systemWrite', e.imm(what), low, e.const(0), e.const(0), high));
}

// What is read often enough to have rows of its own.

interface CountFields {
  readonly rt: Operand;
  readonly rt2: Operand;
}

function deliverCount(e: ArmEmitter, { rt, rt2 }: CountFields, count: I64): void {
  e.setRegAt(e.imm(rt), e.low(count));
  e.setRegAt(e.imm(rt2), e.high(count));
}

const refusedToUser = (e: ArmEmitter, bit: number): I32 =>
  e.eqz(e.or(e.isPrivileged(), e.and(e.cp15(CP15.CNTKCTL), e.const(bit))));

export function readVirtualCount(e: ArmEmitter, fields: CountFields): void {
  e.undefinedWhen(refusedToUser(e, CNTKCTL.PL0VCTEN));
  deliverCount(e, fields, virtualCount(e));
}

export function readPhysicalCount(e: ArmEmitter, fields: CountFields & { readonly iss: Operand }): void {
  e.undefinedWhen(refusedToUser(e, CNTKCTL.PL0PCTEN));
  const trapped = e.eqz(e.or(e.isHyp(), e.and(e.cp15(CP15.CNTHCTL), e.const(PL1PCTEN))));
  const code = TRAP.HYP | (HSR_EC.CP15_64 << TRAP_HYP_EC_SHIFT);
  e.when(trapped, () => e.trap(e.or(e.const(code), e.shl(e.imm(fields.iss), e.const(4)))));
  deliverCount(e, fields, physicalCount(e));
}

interface ThreadFields extends Access {
  readonly rt: Operand;
}

/** TPIDRPRW and TPIDRURO. */
export function readThread(e: ArmEmitter, { rt, what, iss }: ThreadFields, place: number, userToo: boolean): void {
  const unusual = userToo ? e.cp15(CP15.HSTR) : e.or(e.cp15(CP15.HSTR), e.eqz(e.isPrivileged()));
  e.when(unusual, () => checkAccess(e, { what, iss }));
  e.setRegAt(e.imm(rt), e.cp15(place));
}
