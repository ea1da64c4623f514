// How a 32-bit ARM kernel passes arguments and keeps return addresses (Procedure Call Standard for the ARM Architecture), for whoever looks into it
// from outside. Everything read may be hostile.
import {
  KVM_REG_ARM_ABT,
  KVM_REG_ARM_CP15_32,
  KVM_REG_ARM_CPSR,
  KVM_REG_ARM_FIQ,
  KVM_REG_ARM_HYP,
  KVM_REG_ARM_IRQ,
  KVM_REG_ARM_PC,
  KVM_REG_ARM_R,
  KVM_REG_ARM_SVC,
  KVM_REG_ARM_UND,
} from '../../kvm/arm.ts';
import type { Vcpu } from '../../kvm/contract.ts';
import { hex } from '../../util/bits.ts';
import { coreRegister, registerIds as idsByName } from './register-names.ts';
import { MODE, PSR, SCTLR } from './registers.ts';
import {
  CALLEE_SAVED,
  functionStart,
  type UnwindRegisters,
  type UnwindView,
  type Unwound,
  unwindArm,
} from './unwind.ts';

export { REGISTER_NAMES } from './register-names.ts';

const REGISTER_ARGUMENTS = 4;
/** Bytes of a function that are looked at. */
const MAX_FUNCTION = 4096;

type Registers = Pick<Vcpu, 'getOneReg'>;

/** Banked SP and LR by mode; User mode's are numbers 13 and 14. */
const BANKED: Readonly<Record<number, { readonly sp: bigint; readonly lr: bigint }>> = {
  [MODE.SVC]: KVM_REG_ARM_SVC,
  [MODE.ABT]: KVM_REG_ARM_ABT,
  [MODE.UND]: KVM_REG_ARM_UND,
  [MODE.IRQ]: KVM_REG_ARM_IRQ,
  [MODE.HYP]: { sp: KVM_REG_ARM_HYP.sp, lr: KVM_REG_ARM_R(14) },
  [MODE.FIQ]: { sp: KVM_REG_ARM_FIQ(13), lr: KVM_REG_ARM_FIQ(14) },
};
const USER_BANK = { sp: KVM_REG_ARM_R(13), lr: KVM_REG_ARM_R(14) };

function read(vcpu: Registers, id: bigint): number {
  return Number(BigInt.asUintN(32, vcpu.getOneReg(id)));
}

function modeOf(vcpu: Registers): number {
  return read(vcpu, KVM_REG_ARM_CPSR) & PSR.M;
}

/** What `name` may mean. A vCPU's R8 to R14 are those of the mode that it is in; without one they are User mode's, as KVM has them. */
export function registerIds(name: string, vcpu?: Registers): readonly bigint[] {
  const number = coreRegister(name);
  if (vcpu === undefined || number === undefined || number < 8 || number === 15) return idsByName(name);
  const mode = modeOf(vcpu);
  if (mode === MODE.FIQ) return [KVM_REG_ARM_FIQ(number)];
  const { sp, lr } = BANKED[mode] ?? USER_BANK;
  if (number === 13) return [sp];
  return number === 14 ? [lr] : idsByName(name);
}

/** Where `vcpu` stands. */
export function registers(vcpu: Registers): UnwindRegisters {
  const { sp, lr } = BANKED[modeOf(vcpu)] ?? USER_BANK;
  return { pc: read(vcpu, KVM_REG_ARM_PC), sp: read(vcpu, sp), ra: read(vcpu, lr) };
}

/** Who called whom in the kernel, from where `vcpu` stands; nobody when it is in user mode. */
export function unwind(vcpu: Registers, view: UnwindView): Unwound {
  if (modeOf(vcpu) === MODE.USR) return { addresses: [], end: 'user' };
  const saved = CALLEE_SAVED.map((n) => [n, read(vcpu, KVM_REG_ARM_R(n))] as const);
  return unwindArm(registers(vcpu), new Map(saved), view);
}

/** Argument `n` (from 0) of the function whose first instruction `vcpu` is at, unsigned; undefined when it cannot be read. */
export function argument(vcpu: Registers, n: number, view: UnwindView): number | undefined {
  if (n < REGISTER_ARGUMENTS) return read(vcpu, KVM_REG_ARM_R(n));
  return view.word((registers(vcpu).sp + 4 * (n - REGISTER_ARGUMENTS)) >>> 0);
}

/**
 * The 32-bit constants (MOVW and MOVT, or out of a literal pool) that the function calling at `call` makes up to there: texts that it prints, for
 * one. Only what lies before the call is looked at, because behind it another function may begin.
 */
export function constantsBefore(call: number, view: UnwindView): number[] {
  const start = functionStart(call, view);
  const constants: number[] = [];
  if (start === undefined) return constants;
  const low = new Map<number, number>();
  for (let at = Math.max(start, call - MAX_FUNCTION); at <= call; at += 4) {
    const word = view.word(at) ?? 0;
    const rd = (word >>> 12) & 15;
    const immediate = ((word >>> 4) & 0xf000) | (word & 0xfff);
    if ((word & 0x0ff0_0000) === 0x0300_0000) low.set(rd, immediate);
    else if ((word & 0x0ff0_0000) === 0x0340_0000 && low.has(rd))
      constants.push(((immediate << 16) | low.get(rd)!) >>> 0);
    else if ((word & 0x0f7f_0000) === 0x051f_0000) {
      const offset = word & 0xfff;
      const literal = view.word((at + 8 + (word & 0x0080_0000 ? offset : -offset)) >>> 0);
      if (literal !== undefined) constants.push(literal);
    }
  }
  return constants;
}

const VECTORS = [
  'a reset',
  'an undefined instruction',
  'SVC',
  'a prefetch abort',
  'a data abort',
  'HVC',
  'an IRQ',
  'an FIQ',
];
const HIGH_VECTORS = 0xffff_0000;

/** For a fetch at `pc` where there is no memory: how the guest came there, when it is an exception vector, else null. */
export function lostInBootRom(vcpu: Registers, pc: number): string | null {
  const high = (read(vcpu, KVM_REG_ARM_CP15_32(0, 1, 0, 0)) & SCTLR.V) !== 0;
  const base = high ? HIGH_VECTORS : read(vcpu, KVM_REG_ARM_CP15_32(0, 12, 0, 0));
  const offset = pc - base;
  if (offset < 0 || offset >= 4 * VECTORS.length) return null;
  const { ra } = registers(vcpu);
  return `${VECTORS[offset >>> 2]} (LR is ${hex(ra)}) went to the exception vectors at ${hex(base)}, where no memory is`;
}
