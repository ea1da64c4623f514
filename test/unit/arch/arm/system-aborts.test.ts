// Aborts and the registers that tell of them, TLB maintenance, stored return state and registers of other modes (ARM DDI 0406C: B3.13, B3.10, B9.3).
import { describe, expect, it } from 'vitest';
import { ERET, MASKED, mcr, mcrr, mov, mrc, mrs, NOP, SELF, SystemMachine, USR } from './system-machine.ts';

const R = { SP_SVC: 18, LR_SVC: 19, SPSR_SVC: 20, SP_ABT: 21, LR_ABT: 22, SPSR_ABT: 23, ELR_HYP: 39 };
const LDR_R0_R1 = 0xe5910000;
const STR_R0_R1 = 0xe5810000;
const LDM_R1_R0 = 0xe8910001;
const BX_R1 = 0xe12fff11;
const TABLES = 0x10000;
const SCTLR_MMU = 0x00c50079;
/** Sections: full access; only PL1; read-only. */
const SECTION = { ALL: 0xc02, KERNEL: 0x402, READ: 0x8c02 };

/** An identity mapping of the first MiB, and `more` by MiB; loops at the vectors. */
function shortTables(kind: 'svc' | 'hyp', more: Readonly<Record<number, number>> = {}): SystemMachine {
  const machine = new SystemMachine(kind);
  for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]);
  machine.code(TABLES, [SECTION.ALL]);
  for (const [mib, descriptor] of Object.entries(more)) machine.code(TABLES + 4 * Number(mib), [descriptor]);
  machine.setCp15(0, 2, 0, 0, TABLES).setCp15(0, 2, 0, 2, 0).setCp15(0, 3, 0, 0, 0x55555555);
  return machine.setCp15(0, 1, 0, 0, SCTLR_MMU);
}

/** The long format: 2 MiB blocks, the first one full access, from a table of the second level. */
function longTables(machine: SystemMachine, blocks: readonly number[]): void {
  machine.code(TABLES, [TABLES + 0x1003, 0]);
  for (const [n, block] of blocks.entries()) machine.code(TABLES + 0x1000 + 8 * n, [block, 0]);
}

const abortOf = (machine: SystemMachine, word: number, address: number, cpsr: number): SystemMachine =>
  machine.code(0x1000, [word, SELF]).setReg(1, address).at(0x1000, cpsr).run(2);
const data = (machine: SystemMachine): number[] => [machine.pc, machine.cp15(0, 5, 0, 0), machine.cp15(0, 6, 0, 0)];
const fetch = (machine: SystemMachine): number[] => [machine.pc, machine.cp15(0, 5, 0, 1), machine.cp15(0, 6, 0, 2)];

describe('aborts', () => {
  it('by short descriptors', () => {
    const sections = { 2: 0x200000 | SECTION.KERNEL, 3: SECTION.READ | (5 << 5) };
    const of = (word: number, address: number, cpsr: number): SystemMachine =>
      abortOf(shortTables('svc', sections), word, address, cpsr);
    expect(data(of(LDR_R0_R1, 0x100004, USR))).toEqual([0x10, 0x005, 0x100004]);
    expect(data(of(STR_R0_R1, 0x100004, MASKED.SVC))).toEqual([0x10, 0x805, 0x100004]);
    expect(data(of(LDR_R0_R1, 0x200000, USR))).toEqual([0x10, 0x00d, 0x200000]);
    expect(data(of(STR_R0_R1, 0x300000, MASKED.SVC))).toEqual([0x10, 0x85d, 0x300000]);
    expect(data(of(LDM_R1_R0, 0x2002, USR))).toEqual([0x10, 0x001, 0x2002]);
    expect(fetch(of(BX_R1, 0x100004, USR))).toEqual([0x0c, 0x005, 0x100004]);
    const machine = of(BX_R1, 0x100007, USR); // T32
    expect(fetch(machine)).toEqual([0x0c, 0x005, 0x100006]);
    expect([machine.reg(R.LR_ABT), machine.reg(R.SPSR_ABT)]).toEqual([0x10000a, USR | 0x20]);
    expect(of(LDR_R0_R1, 0x100004, USR).reg(R.LR_ABT)).toBe(0x1008);
  });

  it('by long descriptors', () => {
    const of = (word: number, address: number, cpsr: number): SystemMachine => {
      const machine = shortTables('svc');
      longTables(machine, [0x741, 0, 0x400000 | 0x701, 0x6c1]);
      machine.setCp15(0, 2, 0, 2, 0x80000000).setCp15Pair(0, 2, BigInt(TABLES));
      return abortOf(machine, word, address, cpsr);
    };
    expect(data(of(LDR_R0_R1, 0x200004, USR))).toEqual([0x10, 0x206, 0x200004]);
    expect(data(of(STR_R0_R1, 0x400008, USR))).toEqual([0x10, 0xa0e, 0x400008]);
    expect(data(of(STR_R0_R1, 0x600000, MASKED.SVC))).toEqual([0x10, 0xa0e, 0x600000]);
    expect(data(of(LDM_R1_R0, 0x2002, USR))).toEqual([0x10, 0x221, 0x2002]);
    expect(data(of(LDR_R0_R1, 0x40000000, USR))).toEqual([0x10, 0x205, 0x40000000]);
    expect(fetch(of(BX_R1, 0x200004, USR))).toEqual([0x0c, 0x206, 0x200004]);
  });

  it('in Hyp mode go to its own vectors and registers', () => {
    const of = (word: number, address: number): SystemMachine => {
      const machine = shortTables('hyp').setCp15(4, 12, 0, 0, 0x8000);
      for (let vector = 0x8000; vector < 0x8020; vector += 4) machine.code(vector, [SELF]);
      longTables(machine, [0x741]);
      machine.setCp15Pair(4, 2, BigInt(TABLES)).setCp15(4, 1, 0, 0, 0x30c50879);
      return abortOf(machine, word, address, MASKED.HYP);
    };
    const load = of(LDR_R0_R1, 0x200004);
    expect([load.pc, load.cp15(4, 5, 2, 0), load.cp15(4, 6, 0, 0)]).toEqual([
      0x8010,
      ((0x25 << 26) | (1 << 25) | 6) >>> 0,
      0x200004,
    ]);
    expect(load.reg(R.ELR_HYP)).toBe(0x1000);
    const jump = of(BX_R1, 0x200004);
    expect([jump.pc, jump.cp15(4, 5, 2, 0), jump.cp15(4, 6, 0, 2)]).toEqual([
      0x800c,
      ((0x21 << 26) | (1 << 25) | 6) >>> 0,
      0x200004,
    ]);
  });

  it('of the second stage go to Hyp mode with the intermediate address', () => {
    const machine = shortTables('hyp', { 2: 0x200000 | SECTION.ALL }).setCp15(4, 12, 0, 0, 0x8000);
    machine.code(0x8014, [SELF]);
    machine.code(0x20000, [0x21003, 0]); // level 1 of VTTBR, then 2 MiB blocks: memory, then nothing
    machine.code(0x21000, [0x7fd, 0, 0, 0]);
    machine.setCp15Pair(6, 2, 0x20000n).setCp15(4, 2, 1, 2, 0x80000040).setCp15(4, 1, 1, 0, 1);
    abortOf(machine, STR_R0_R1, 0x200124, USR);
    expect(machine.pc).toBe(0x8014);
    expect(machine.cp15(4, 5, 2, 0)).toBe(((0x24 << 26) | (1 << 25) | 0x1800046) >>> 0);
    expect([machine.cp15(4, 6, 0, 0), machine.cp15(4, 6, 0, 4)]).toEqual([0x200124, 0x2000]);
  });

  it('of BKPT are prefetch aborts by a debug event', () => {
    const machine = abortOf(shortTables('svc'), 0xe1200070, 0, USR);
    expect([machine.pc, machine.cp15(0, 5, 0, 1)]).toEqual([0x0c, 0x002]);
    expect(machine.reg(R.LR_ABT)).toBe(0x1004);
  });
});

describe('translations', () => {
  /** Load by a section, map it elsewhere, execute `operation` with R4, and load again. */
  const reload = (operation: number, r4: number, kind: 'svc' | 'hyp' = 'svc'): number[] => {
    const machine = shortTables(kind, {});
    machine.code(TABLES + 8, [0x002 | SECTION.ALL | (1 << 17)]); // not global
    machine.code(0x2000, [0x1111]);
    machine.code(0x1000, [LDR_R0_R1, 0xe5832000, operation, 0xe5915000, SELF]);
    machine
      .setReg(1, 0x202000)
      .setReg(2, 0)
      .setReg(3, TABLES + 8)
      .setReg(4, r4)
      .setReg(5, 0);
    machine.at(0x1000, MASKED.SVC).run(5);
    return [machine.reg(0), machine.pc];
  };

  it.each([
    ['TLBIALL', mcr(0, 4, 8, 7, 0), 0],
    ['TLBIALLIS', mcr(0, 4, 8, 3, 0), 0],
    ['TLBIMVA', mcr(0, 4, 8, 7, 1), 0x202000],
    ['TLBIMVAIS', mcr(0, 4, 8, 3, 1), 0x202000],
    ['TLBIMVAA', mcr(0, 4, 8, 7, 3), 0x202000],
    ['TLBIASID', mcr(0, 4, 8, 7, 2), 0xad],
    ['DTLBIALL', mcr(0, 4, 8, 6, 0), 0],
    ['a new ASID', mcr(0, 4, 13, 0, 1), 7],
    ['TTBR0', mcr(0, 4, 2, 0, 0), TABLES | 8],
    ['DACR', mcr(0, 4, 3, 0, 0), 0xffffffff],
  ])('go with %s', (_, operation, r4) => {
    const [loaded, pc] = reload(operation, r4);
    expect([loaded, pc]).toEqual([0x1111, 0x10]);
  });

  it('may stay where nothing says that they go', () => {
    expect(reload(NOP, 0)).toEqual([0x1111, 0x1010]);
    expect(reload(mcr(0, 4, 8, 7, 2), 3)).toEqual([0x1111, 0x1010]); // another ASID
  });

  it('are reported in PAR', () => {
    const machine = shortTables('svc', { 2: 0x80000000 | SECTION.ALL });
    const program = [mcr(0, 1, 7, 8, 0), mrc(0, 2, 7, 4, 0), mcr(0, 3, 7, 8, 0), mrc(0, 4, 7, 4, 0), SELF];
    machine.code(0x1000, program).setReg(1, 0x212345).setReg(3, 0x500000).at(0x1000, MASKED.SVC).run(5);
    expect((machine.reg(2) & 0xfffff001) >>> 0).toBe(0x80012000);
    expect(machine.reg(4)).toBe(1 | (5 << 1));
  });

  it('of the long format go with a new ASID in TTBR0', () => {
    const machine = shortTables('svc');
    longTables(machine, [0x741, 0x741 | (1 << 11)]);
    machine.setCp15(0, 2, 0, 2, 0x80000000).setCp15Pair(0, 2, BigInt(TABLES)).code(0x2000, [0x1111]);
    machine.code(0x1000, [LDR_R0_R1, 0xe5832000, mcrr(0, 6, 7, 2), LDR_R0_R1, SELF]);
    machine
      .setReg(1, 0x202000)
      .setReg(2, 0)
      .setReg(3, TABLES + 0x1008)
      .setReg(6, TABLES)
      .setReg(7, 1 << 16);
    machine.at(0x1000, MASKED.SVC).run(5);
    expect(machine.pc).toBe(0x10);
  });
});

describe('return state in memory', () => {
  const SRSDB_SVC = 0xf96d0513;
  const RFEIA_SP = 0xf8bd0a00;

  it('is stored by SRS and taken back by RFE', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [SRSDB_SVC, RFEIA_SP])
      .code(0x3000, [SELF])
      .at(0x1000, 0x1d7)
      .setReg(R.SP_SVC, 0x9000)
      .setReg(R.LR_ABT, 0x3000)
      .setReg(R.SPSR_ABT, 0x600001d3)
      .run(1);
    expect([machine.word(0x8ff8), machine.word(0x8ffc), machine.reg(R.SP_SVC)]).toEqual([0x3000, 0x600001d3, 0x8ff8]);
    machine.setReg(R.SP_ABT, 0x8ff8).run(1);
    expect([machine.pc, machine.cpsr, machine.reg(R.SP_ABT)]).toEqual([0x3000, 0x600001d3, 0x9000]);
  });

  it('with T and ITSTATE leads into a block', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [RFEIA_SP])
      .code(0x9000, [0x3000, 0x40000030 | (0x8 << 8)])
      .halfwords(0x3000, [0x2007, 0x2108, 0xe7fe])
      .at(0x1000, MASKED.SVC)
      .setReg(R.SP_SVC, 0x9000)
      .run(4);
    expect([machine.pc, machine.reg(0), machine.reg(1)]).toEqual([0x3004, 7, 8]);
  });

  it('is UNDEFINED in Hyp and User mode', () => {
    for (const cpsr of [USR, MASKED.HYP])
      for (const word of [SRSDB_SVC, RFEIA_SP]) {
        const machine = new SystemMachine('hyp').code(0x1000, [word]).code(4, [SELF]).setReg(13, 0x9000);
        expect(machine.at(0x1000, cpsr).run(2).pc).toBe(4);
      }
  });
});

describe('registers of other modes', () => {
  const mrsBanked = (rd: number, sysm: number, r = 0): number =>
    (0xe1000200 | (r << 22) | ((sysm & 15) << 16) | ((sysm >> 4) << 8) | (rd << 12)) >>> 0;
  const msrBanked = (rn: number, sysm: number, r = 0): number =>
    (0xe120f200 | (r << 22) | ((sysm & 15) << 16) | ((sysm >> 4) << 8) | rn) >>> 0;

  it('are written and read', () => {
    const places = [
      [0x05, 0],
      [0x06, 0],
      [0x08, 0],
      [0x0d, 0],
      [0x10, 0],
      [0x15, 0],
      [0x0e, 1],
      [0x16, 1],
    ] as const;
    const program = places.flatMap(([sysm, r], n) => [mov(0, n + 1), msrBanked(0, sysm, r), mrsBanked(n + 1, sysm, r)]);
    const machine = new SystemMachine('svc')
      .code(0x1000, [...program, SELF])
      .at(0x1000, MASKED.SVC)
      .run(program.length + 1);
    expect(machine.pc).toBe(0x1000 + 4 * program.length);
    expect(places.map((_, n) => machine.reg(n + 1))).toEqual(places.map((_, n) => n + 1));
    expect([35, 30, 28, 21].map((n) => machine.reg(n))).toEqual([4, 3, 5, 6]); // SP_fiq, R8_fiq, LR_irq, SP_abt
  });

  it('are UNDEFINED where they are the current ones, or another mode must not see them', () => {
    const undefinedIn = (cpsr: number, word: number): boolean => {
      const machine = new SystemMachine('hyp').code(0x1000, [word, SELF]).code(4, [SELF]).at(0x1000, cpsr).run(2);
      return machine.pc === 4;
    };
    expect(undefinedIn(MASKED.SVC, mrsBanked(0, 0x13))).toBe(true); // SP_svc
    expect(undefinedIn(MASKED.SVC, mrsBanked(0, 0x00))).toBe(true); // R8_usr
    expect(undefinedIn(MASKED.FIQ, mrsBanked(0, 0x00))).toBe(false);
    expect(undefinedIn(MASKED.SYS, mrsBanked(0, 0x05))).toBe(true); // SP_usr
    expect(undefinedIn(MASKED.SVC, mrsBanked(0, 0x1e))).toBe(true); // ELR_hyp
    expect(undefinedIn(MASKED.HYP, mrsBanked(0, 0x1e))).toBe(false);
    expect(undefinedIn(MASKED.HYP, mrsBanked(0, 0x06))).toBe(true); // LR_usr
    expect(undefinedIn(MASKED.HYP, mrsBanked(0, 0x1f))).toBe(true); // SP_hyp
    expect(undefinedIn(USR, mrsBanked(0, 0x13))).toBe(true);
    expect(undefinedIn(MASKED.SVC, mrsBanked(0, 0x1c))).toBe(true); // Monitor mode
  });
});

describe('SETEND', () => {
  it('turns the bytes of data, and exceptions turn them back', () => {
    const machine = new SystemMachine('svc').code(8, [ERET]).code(0x2000, [0x11223344]).setReg(1, 0x2000);
    machine.code(0x1000, [
      0xf1010200,
      LDR_R0_R1,
      0xe5810004,
      0xef000000,
      0xe5912000,
      mrs(3),
      0xf1010000,
      0xe5914000,
      SELF,
    ]);
    machine.at(0x1000, USR).run(10);
    expect([machine.reg(0), machine.word(0x2004), machine.reg(2), machine.reg(4)]).toEqual([
      0x44332211, 0x11223344, 0x44332211, 0x11223344,
    ]);
    expect(machine.reg(3) & 0x200).toBe(0x200);
    expect(machine.reg(R.SPSR_SVC)).toBe(USR | 0x200);
  });
});
