// Every register of coprocessors 14 and 15 as a new vCPU of the bare machine reads it, against what qemu-system-arm 7.2 (-M virt,virtualization=on
// -cpu cortex-a15) says by a kernel that reads them all in Hyp mode. What differs on purpose is in docs/cpu-models.md.
import { describe, expect, it } from 'vitest';
import { CP14_REGISTERS } from '../../../../src/arch/arm/cp15/debug-registers.ts';
import { RIGHT } from '../../../../src/arch/arm/cp15/description.ts';
import { CP15_REGISTERS, CP15_REGISTERS_64 } from '../../../../src/arch/arm/cp15/registers.ts';
import { MASKED, mrc, mrc14, mrrc, SELF, SystemMachine } from './system-machine.ts';

/** What qemu has that is not 0. */
const QEMU: Readonly<Record<string, number>> = {
  ...{ MIDR: 0x414fc0f0, MIDR_4: 0x414fc0f0, MIDR_7: 0x414fc0f0, CTR: 0x8444c004, MPIDR: 0x80000000 },
  ...{ ID_PFR0: 0x00001131, ID_PFR1: 0x00011001 },
  ...{ ID_MMFR0: 0x10201105, ID_MMFR1: 0x20000000, ID_MMFR2: 0x01240000, ID_MMFR3: 0x02102211 },
  ...{ ID_ISAR0: 0x02101110, ID_ISAR1: 0x13112111, ID_ISAR2: 0x21232041, ID_ISAR3: 0x11112131, ID_ISAR4: 0x10011142 },
  ...{ CCSIDR: 0x701fe00a, CLIDR: 0x0a200023, VPIDR: 0x414fc0f0, VMPIDR: 0x80000000, SCTLR: 0x00c50078 },
  ...{ HDCR: 6, PMCR: 0x410f3000, L2CTLR: 0x00800000, CNTFRQ: 62_500_000, CNTHCTL: 3 },
  ...{ DBGDIDR: 0x3515f021, DBGOSLSR: 0xa },
};
/** Where the Cortex-A15's manual says something else, or qemu has no such register, or it is a matter of the board. */
const OURS: Readonly<Record<string, number>> = {
  ...{ ID_DFR0: 0x02010555, HSCTLR: 0x30c50878, HCPTR: 0x33ff, PMCEID0: 0x20001 },
  ...{ DBGPRSR: 1, DBGCLAIMSET: 0xff, DBGAUTHSTATUS: 0xff, DBGDEVID: 0x01110f13 },
};
/** They go on with time. */
const COUNTS = /^CNT.*_TVAL$/;

describe('a new vCPU', () => {
  const machine = new SystemMachine('hyp');
  const read = (word: number): [number, number] => {
    machine.code(0x1000, [word, SELF]).setReg(8, 0).setReg(9, 0).at(0x1000, MASKED.HYP).run(1);
    expect(machine.pc).toBe(0x1004);
    return [machine.reg(8), machine.reg(9)];
  };
  const registers = [
    ...[...CP15_REGISTERS].map(([key, register]) => ({ key, register, access: mrc })),
    ...[...CP14_REGISTERS].map(([key, register]) => ({ key, register, access: mrc14 })),
  ];

  it('has the values of a Cortex-A15', () => {
    const found: Record<string, number> = {};
    for (const { key, register, access } of registers) {
      if (register.read === RIGHT.NONE || COUNTS.test(register.name)) continue;
      const [value] = read(access(key >> 12, 8, (key >> 8) & 15, (key >> 4) & 15, key & 15));
      if (value !== 0) found[register.name] = value;
    }
    expect(found).toEqual({ ...QEMU, ...OURS });
  });

  it('has zero in registers of 64 bits', () => {
    for (const key of CP15_REGISTERS_64.keys()) expect(read(mrrc(key >> 4, 8, 9, key & 15))).toEqual([0, 0]);
  });
});
