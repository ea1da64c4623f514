// How a 32-bit MIPS kernel passes arguments and keeps return addresses (System V ABI, MIPS supplement, o32), for whoever looks into it
// from outside. Everything read may be hostile.
import type { Vcpu } from '../../kvm/contract.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../kvm/mips.ts';
import { hex } from '../../util/bits.ts';
import { STATUS } from './registers.ts';
import { functionStart, type UnwindRegisters, type UnwindView, type Unwound, unwindMips } from './unwind.ts';

export { REGISTER_NAMES, registerIds } from './register-names.ts';

const A0 = 4;
const SP = 29;
const RA = 31;
const REGISTER_ARGUMENTS = 4;
/** Bytes of a function that are looked at. */
const MAX_FUNCTION = 4096;

type Registers = Pick<Vcpu, 'getRegs' | 'getOneReg'>;

/** Where `vcpu` stands. */
export function registers(vcpu: Registers): UnwindRegisters {
  const { pc, gpr } = vcpu.getRegs();
  return { pc: unsigned(pc), sp: unsigned(gpr[SP]), ra: unsigned(gpr[RA]) };
}

function inUserMode(vcpu: Registers): boolean {
  const status = Number(vcpu.getOneReg(KVM_REG_MIPS_CP0_32(12, 0)));
  return (status & (STATUS.UM | STATUS.EXL | STATUS.ERL)) === STATUS.UM;
}

/** Who called whom in the kernel, from where `vcpu` stands; nobody when it is in user mode. */
export function unwind(vcpu: Registers, view: UnwindView): Unwound {
  return inUserMode(vcpu) ? { addresses: [], end: 'user' } : unwindMips(registers(vcpu), view);
}

/** Argument `n` (from 0) of the function whose first instruction `vcpu` is at, unsigned; undefined when it cannot be read. */
export function argument(vcpu: Registers, n: number, view: UnwindView): number | undefined {
  const { gpr } = vcpu.getRegs();
  return n < REGISTER_ARGUMENTS ? unsigned(gpr[A0 + n]) : view.word((unsigned(gpr[SP]) + 4 * n) >>> 0);
}

/**
 * The 32-bit constants (lui, addiu) that the function calling at `call` makes up to there: texts that it prints, for one. Only what
 * lies before the call is looked at, because behind it another function may begin.
 */
export function constantsBefore(call: number, view: UnwindView): number[] {
  const start = functionStart(call, false, view);
  const constants: number[] = [];
  if (start === undefined) return constants;
  const high = new Map<number, number>();
  for (let at = Math.max(start, call - MAX_FUNCTION); at <= call + 4; at += 4) {
    const word = view.word(at) ?? 0;
    const opcode = word >>> 26;
    const rs = (word >>> 21) & 31;
    const rt = (word >>> 16) & 31;
    if (opcode === 15) high.set(rt, (word & 0xffff) << 16);
    else if (opcode === 9 && high.has(rs)) constants.push((high.get(rs)! + ((word << 16) >> 16)) >>> 0);
  }
  return constants;
}

/** The boot ROM of both machine types, where exceptions go while Status.BEV is set. */
const BOOT_ROMS = [0x5fc00000, 0xbfc00000];
const BOOT_VECTORS = 0x200;
const BOOT_ROM_SIZE = 0x600;
const EXCEPTIONS: Readonly<Record<number, string>> = {
  0: 'an interrupt',
  1: 'a store to a page that may not be written',
  2: 'a load or fetch without a TLB entry',
  3: 'a store without a TLB entry',
  4: 'an address error of a load or fetch',
  5: 'an address error of a store',
  8: 'SYSCALL',
  9: 'BREAK',
  10: 'a reserved instruction',
  11: 'an unusable coprocessor',
  12: 'an overflow',
  13: 'a trap instruction',
  15: 'a floating point exception',
};
const WITH_ADDRESS = [1, 2, 3, 4, 5];

/** For a fetch at `pc` where there is no memory: how the guest came there, when it is the boot ROM, else null. */
export function lostInBootRom(vcpu: Registers, pc: number): string | null {
  const rom = BOOT_ROMS.find((base) => pc >= base && pc < base + BOOT_ROM_SIZE);
  if (rom === undefined) return null;
  if (pc - rom < BOOT_VECTORS) return 'that is the reset vector: the guest jumped to its boot ROM';
  const read = (rd: number): bigint => vcpu.getOneReg(KVM_REG_MIPS_CP0_32(rd, 0));
  const wide = (rd: number): string => hex(unsigned(vcpu.getOneReg(KVM_REG_MIPS_CP0_64(rd, 0))));
  const code = Number(read(13) >> 2n) & 0x1f;
  const address = WITH_ADDRESS.includes(code) ? ` to ${wide(8)}` : '';
  return `${EXCEPTIONS[code] ?? `exception ${code}`}${address} at ${wide(14)}, with Status.BEV set: it went to the boot ROM`;
}

function unsigned(value: bigint | undefined): number {
  return Number(BigInt.asUintN(32, value ?? 0n));
}
