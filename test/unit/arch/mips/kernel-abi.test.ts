import { describe, expect, it } from 'vitest';
import { argument, constantsBefore, lostInBootRom, registers, unwind } from '../../../../src/arch/mips/kernel-abi.ts';
import type { KvmRegs } from '../../../../src/kvm/contract.ts';
import { addiu, assemble, jal, jr, label, lui, nop, ra, sw } from '../../../support/kvm/mips-words.ts';

const TEXT = 0x4010_0000;
const STACK = 0x4200_0000;
const sp = 29;

/** A vCPU at the start of a function, with 0x8000_0000 + n in register n. */
function vcpu(status = 0): { getRegs(): KvmRegs; getOneReg(): bigint } {
  const gpr = Array.from({ length: 32 }, (_, n) => BigInt.asUintN(64, BigInt.asIntN(32, BigInt(0x8000_0000 + n))));
  gpr[sp] = BigInt(STACK);
  return { getRegs: () => ({ gpr, hi: 0n, lo: 0n, pc: BigInt(TEXT) }), getOneReg: () => BigInt(status) };
}

const nothing = { word: () => undefined, functionAt: () => undefined };

describe('registers and arguments', () => {
  it('are unsigned', () => {
    expect(registers(vcpu())).toEqual({ pc: TEXT, sp: STACK, ra: 0x8000_001f });
    expect(argument(vcpu(), 0, nothing)).toBe(0x8000_0004);
    expect(argument(vcpu(), 3, nothing)).toBe(0x8000_0007);
  });

  it('beyond the fourth are on the stack', () => {
    const view = { ...nothing, word: (address: number) => (address === STACK + 16 ? 42 : undefined) };
    expect(argument(vcpu(), 4, view)).toBe(42);
    expect(argument(vcpu(), 5, view)).toBeUndefined();
  });
});

describe('the calls of a vCPU', () => {
  it('are not looked at in user mode, whatever its registers say', () => {
    expect(unwind(vcpu(0x10), nothing)).toEqual({ addresses: [], end: 'user' });
    expect(unwind(vcpu(0x12), nothing).addresses).toEqual([TEXT]); // EXL: the handler runs in kernel mode
    expect(unwind(vcpu(0x14), nothing).addresses).toEqual([TEXT]);
    expect(unwind(vcpu(0x00), nothing).addresses).toEqual([TEXT]);
  });
});

describe('the constants of a function', () => {
  const { words, labels } = assemble(TEXT, [
    label('before'),
    addiu(sp, sp, -32),
    lui(4, 0x4055),
    addiu(4, 4, 1),
    jr(ra),
    nop,
    label('function'),
    addiu(sp, sp, -32),
    sw(ra, 28, sp),
    lui(4, 0x4059),
    lui(16, 0x4060),
    label('call'),
    jal('before'),
    addiu(4, 4, -8),
    label('later'),
    jal('before'),
    addiu(5, 16, 0x10),
  ]);
  const word = (address: number): number | undefined => words[(address - TEXT) / 4];
  const at = (name: string): number => labels.get(name)!;

  it.each([true, false])('up to a call, its delay slot included (symbols: %s)', (named) => {
    const functionAt = (): { start: number; name: string } | undefined =>
      named ? { start: at('function'), name: 'function' } : undefined;
    expect(constantsBefore(at('call'), { word, functionAt })).toEqual([0x4058_fff8]);
    expect(constantsBefore(at('later'), { word, functionAt })).toEqual([0x4058_fff8, 0x4060_0010]);
  });

  it('are none where there is no function', () => {
    expect(constantsBefore(TEXT, nothing)).toEqual([]);
  });
});

describe('a guest that is lost in its boot ROM', () => {
  /** CP0 with Cause, EPC and BadVAddr. */
  const guest = (cause: number, epc: number, badVAddr: number) => ({
    ...vcpu(),
    getOneReg: (id: bigint) => BigInt({ 13: cause, 14: epc, 8: badVAddr }[Number(id & 0xffffn) >> 3]!),
  });

  it.each([
    [0xbfc00380, 3 << 2, 'a store without a TLB entry to 0x00000010 at 0x80100004'],
    [0xbfc00200, 2 << 2, 'a load or fetch without a TLB entry to 0x00000010 at 0x80100004'],
    [0x5fc00380, 10 << 2, 'a reserved instruction at 0x80100004'],
    [0xbfc00380, 31 << 2, 'exception 31 at 0x80100004'],
  ])('is told of the exception that led to %i', (pc, cause, what) => {
    expect(lostInBootRom(guest(cause, 0x80100004, 0x10), pc)).toBe(
      `${what}, with Status.BEV set: it went to the boot ROM`,
    );
  });

  it('is told of a jump to the reset vector, and of nothing elsewhere', () => {
    expect(lostInBootRom(guest(0, 0, 0), 0xbfc00000)).toContain('the reset vector');
    expect(lostInBootRom(guest(0, 0, 0), 0xbfc00600)).toBeNull();
    expect(lostInBootRom(guest(0, 0, 0), 0x9fc00380)).toBeNull();
  });
});
