// Registers by the names that people know, as KVM's ONE_REG numbers them (Documentation/virt/kvm/api.rst, 4.68).
import { describe, expect, it } from 'vitest';
import { REGISTER_NAMES, registerIds } from '../../../../src/arch/mips/register-names.ts';

const GPR = 0x7030000000000000n;
const CP0_32 = 0x7020000000010000n;
const CP0_64 = 0x7030000000010000n;
const FPR_32 = 0x7020000000030000n;
const FPR_64 = 0x7030000000030000n;
const KVM = 0x7030000000020000n;
const FCR_CSR = 0x702000000003011fn;

describe('a register of MIPS', () => {
  it.each([
    ['zero', 0],
    ['at', 1],
    ['v0', 2],
    ['a0', 4],
    ['a3', 7],
    ['t0', 8],
    ['s0', 16],
    ['t9', 25],
    ['k0', 26],
    ['gp', 28],
    ['sp', 29],
    ['ra', 31],
    ['r0', 0],
    ['r31', 31],
  ])('is called %s', (name, number) => {
    expect(registerIds(name)).toEqual([GPR + BigInt(number)]);
  });

  it.each([
    ['hi', [GPR + 32n]],
    ['lo', [GPR + 33n]],
    ['pc', [GPR + 34n]],
    ['f0', [FPR_32]],
    ['f31', [FPR_32 + 31n]],
    ['fcsr', [FCR_CSR]],
    ['fir', [0x7020000000030100n]],
    ['d0', [FPR_64]],
    ['d31', [FPR_64 + 31n]],
    ['count_ctl', [KVM]],
    ['count_resume', [KVM + 1n]],
    ['count_hz', [KVM + 2n]],
  ])('is called %s', (name, ids) => {
    expect(registerIds(name)).toEqual(ids);
  });

  it.each([
    ['status', 12, 0],
    ['intctl', 12, 1],
    ['cause', 13, 0],
    ['ebase', 15, 1],
    ['config3', 16, 3],
    ['config6', 16, 6],
    ['kscratch1', 31, 2],
    ['kscratch6', 31, 7],
    ['errorepc', 30, 0],
  ])('is %s of coprocessor 0, of 32 bits or of 64', (name, rd, sel) => {
    const id = BigInt(8 * rd + sel);
    expect(registerIds(name)).toEqual([CP0_32 + id, CP0_64 + id]);
  });

  it('is called so in capitals too', () => {
    expect(registerIds('PC')).toEqual(registerIds('pc'));
    expect(registerIds('BadVAddr')).toEqual(registerIds('badvaddr'));
  });

  it.each([
    '',
    'r32',
    'r-1',
    'f32',
    'd32',
    'r1x',
    'x1',
    'eax',
    '$a0',
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
  ])('is not called %j', (name) => {
    expect(registerIds(name)).toEqual([]);
  });

  it('has one name in the list of all, and each name one', () => {
    const ids = REGISTER_NAMES.map((name) => registerIds(name)[0]);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(REGISTER_NAMES.length);
    expect(REGISTER_NAMES).toEqual(expect.arrayContaining(['zero', 'ra', 'hi', 'lo', 'pc', 'f31', 'fcsr', 'status']));
  });
});
