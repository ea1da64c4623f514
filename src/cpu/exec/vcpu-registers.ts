// KVM_GET_REGS and KVM_SET_REGS of the active vCPU: the first bank's registers and the pc, and HI and LO where there are such. Registers are 64 bits there,
// and sign-extended.
import type { KvmRegs } from '../../kvm/contract.ts';
import type { Banks } from '../isa/register-file.ts';

interface RegisterCore {
  readonly i32: Int32Array;
  readonly banks: Banks;
  pc: number;
}

export function readRegisters({ i32, banks, pc }: RegisterCore): KvmRegs {
  const wide = (word: number): bigint => BigInt.asUintN(64, BigInt(word | 0));
  const word = (bank: string, index = 0): bigint => {
    const at = banks[bank];
    return at ? wide(i32[(at.offset >>> 2) + index]!) : 0n;
  };
  const gpr = Array.from({ length: banks.gpr!.count }, (_, i) => word('gpr', i));
  return { gpr, hi: word('hi'), lo: word('lo'), pc: wide(pc) };
}

export function writeRegisters(core: RegisterCore, regs: KvmRegs): void {
  const { i32, banks } = core;
  const put = (bank: string, index: number, value: bigint): void => {
    i32[(banks[bank]!.offset >>> 2) + index] = Number(BigInt.asIntN(32, value));
  };
  const { gpr, hi } = banks;
  for (let i = gpr!.zero ? 1 : 0; i < gpr!.count; i++) put('gpr', i, regs.gpr[i] ?? 0n);
  if (hi) {
    put('hi', 0, regs.hi);
    put('lo', 0, regs.lo);
  }
  core.pc = Number(BigInt.asUintN(32, regs.pc));
}
