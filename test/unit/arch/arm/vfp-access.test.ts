// Who may use floating point and Advanced SIMD (ARM DDI 0406C: B1.11): fpAccess by CPACR, FPEXC, HCPTR and mode.
import { beforeEach, describe, expect, it } from 'vitest';
import { FPEXC_EN } from '../../../../src/arch/arm/fp/access.ts';
import { FPSCR } from '../../../../src/arch/arm/fp/fpscr.ts';
import { BANKS, CP15, MODE, TRAP } from '../../../../src/arch/arm/registers.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { instantiate } from '../../../support/arm/functions.ts';

const banks = layOutBanks(BANKS, 64, 16).banks;
const functions = instantiate(banks);
const words = new Int32Array(functions.memory.buffer);
const set = (bank: string, value: number, index = 0): void => {
  words[banks[bank]!.offset / 4 + index] = value;
};
const access = (kind: number): number => Number(functions.call('fpAccess')!(kind));

const [VFP, SIMD, SYSTEM, SCALAR] = [0, 1, 2, 4];
const FULL = 0x00f00000;
const PRIVILEGED = 0x00500000;
const ASEDIS = 1 << 31;
const [TCP10, TASE] = [1 << 10, 1 << 15];
const hyp = (iss: number): number => TRAP.HYP | (iss << 4) | (7 << 24);

describe('access to floating point', () => {
  beforeEach(() => {
    set('cp15', FULL, CP15.CPACR);
    set('cp15', 0, CP15.HCPTR);
    set('fpexc', FPEXC_EN);
    set('fpscr', 0);
    set('cpsr', MODE.USR);
  });

  it('is there when everything allows it', () => {
    for (const kind of [VFP, SIMD, SYSTEM, SCALAR]) expect(access(kind)).toBe(0);
  });

  it('needs CPACR, but not in Hyp mode', () => {
    for (const [cpacr, user, kernel] of [
      [0, TRAP.UNDEFINED, TRAP.UNDEFINED],
      [PRIVILEGED, TRAP.UNDEFINED, 0],
      [0x00a00000, TRAP.UNDEFINED, TRAP.UNDEFINED],
      [FULL, 0, 0],
    ] as const) {
      set('cp15', cpacr, CP15.CPACR);
      set('cpsr', MODE.USR);
      expect(access(VFP)).toBe(user);
      set('cpsr', MODE.SVC);
      expect(access(VFP)).toBe(kernel);
      set('cpsr', MODE.HYP);
      expect(access(VFP)).toBe(0);
    }
  });

  it('needs FPEXC.EN, but for system registers', () => {
    set('fpexc', 0);
    set('cpsr', MODE.SVC);
    expect([VFP, SIMD, SCALAR].map(access)).toEqual([TRAP.UNDEFINED, TRAP.UNDEFINED, TRAP.UNDEFINED]);
    expect(access(SYSTEM)).toBe(0);
  });

  it('is without Advanced SIMD with ASEDIS', () => {
    set('cp15', FULL | ASEDIS, CP15.CPACR);
    expect([VFP, SIMD].map(access)).toEqual([0, TRAP.UNDEFINED]);
  });

  it('traps to Hyp mode by HCPTR, and is undefined there', () => {
    set('cp15', TCP10, CP15.HCPTR);
    expect([VFP, SIMD, SYSTEM].map(access)).toEqual([hyp(10), hyp(1 << 5), hyp(10)]);
    set('cp15', TASE, CP15.HCPTR);
    expect([VFP, SIMD].map(access)).toEqual([0, hyp(1 << 5)]);
    set('cpsr', MODE.HYP);
    expect([VFP, SIMD].map(access)).toEqual([0, TRAP.UNDEFINED]);
    set('cp15', 0, CP15.CPACR);
    set('cpsr', MODE.SVC);
    expect(access(SIMD)).toBe(TRAP.UNDEFINED); // CPACR comes first
  });

  it('is undefined for short vectors', () => {
    set('fpscr', FPSCR.LEN);
    expect([VFP, SCALAR].map(access)).toEqual([0, TRAP.UNDEFINED]);
  });
});
