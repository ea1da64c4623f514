// Coprocessors 14 and 15: rights, values, effects, and what Hyp mode traps (ARM DDI 0406C: B3.17, B4, B8, C11; Cortex-A15 TRM: 4).
import { describe, expect, it } from 'vitest';
import {
  MASKED,
  mcr,
  mcr14,
  mcrr,
  mov,
  mrc,
  mrc14,
  mrrc,
  NOP,
  SELF,
  SystemMachine,
  UDF,
  USR,
  WFI,
} from './system-machine.ts';

const UNDEFINED_VECTOR = 4;
const HYP_VECTORS = 0x8000;
const HYP_TRAP = HYP_VECTORS + 0x14;

/** A machine with loops at all vectors. */
function machineOf(kind: 'svc' | 'hyp'): SystemMachine {
  const machine = new SystemMachine(kind);
  for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]).code(HYP_VECTORS + vector, [SELF]);
  if (kind === 'hyp') machine.setCp15(4, 12, 0, 0, HYP_VECTORS);
  return machine;
}

/** Where a program of one instruction has gone. */
function goes(machine: SystemMachine, word: number, cpsr: number): 'on' | 'undefined' | 'hyp' | number {
  machine.code(0x1000, [word, SELF]).at(0x1000, cpsr).run(2);
  if (machine.pc === 0x1004) return 'on';
  if (machine.pc === UNDEFINED_VECTOR) return 'undefined';
  if (machine.pc === HYP_TRAP) return 'hyp';
  return machine.pc;
}

/** What a program leaves in R0. */
function result(machine: SystemMachine, words: readonly number[], cpsr: number): number {
  machine
    .code(0x1000, [...words, SELF])
    .at(0x1000, cpsr)
    .run(words.length + 1);
  expect(machine.pc).toBe(0x1000 + 4 * words.length);
  return machine.reg(0);
}

describe('identification', () => {
  it.each([
    ['MIDR', mrc(0, 0, 0, 0, 0), 0x414fc0f0],
    ['CTR', mrc(0, 0, 0, 0, 1), 0x8444c004],
    ['MPIDR', mrc(0, 0, 0, 0, 5), 0x80000000],
    ['REVIDR', mrc(0, 0, 0, 0, 6), 0],
    ['ID_PFR0', mrc(0, 0, 0, 1, 0), 0x1131],
    ['ID_MMFR0', mrc(0, 0, 0, 1, 4), 0x10201105],
    ['ID_ISAR4', mrc(0, 0, 0, 2, 4), 0x10011142],
    ['an ID register of the future', mrc(0, 0, 0, 4, 2), 0],
    ['CLIDR', mrc(1, 0, 0, 0, 1), 0x0a200023],
    ['SCTLR', mrc(0, 0, 1, 0, 0), 0x00c50078],
    ['L2CTLR', mrc(1, 0, 9, 0, 2), 1 << 23],
    ['CNTFRQ', mrc(0, 0, 14, 0, 0), 62_500_000],
  ])('%s', (_, word, value) => {
    expect(result(machineOf('svc'), [word], MASKED.SVC)).toBe(value);
    expect(goes(machineOf('svc'), word, USR)).toBe('undefined');
  });

  it('selects cache sizes by CSSELR', () => {
    const machine = machineOf('svc');
    const select = (n: number): number[] => [mov(1, n), mcr(2, 1, 0, 0, 0), mrc(1, 0, 0, 0, 0)];
    expect([0, 1, 2].map((n) => result(machine, select(n), MASKED.SVC))).toEqual([0x701fe00a, 0x201fe00a, 0x711fe07a]);
  });

  it('shows PL1 what Hyp mode says', () => {
    const machine = machineOf('hyp').setCp15(4, 0, 0, 0, 0x1234).setCp15(4, 0, 0, 5, 0x5678);
    expect(result(machine, [mrc(0, 0, 0, 0, 0)], MASKED.SVC)).toBe(0x1234);
    expect(result(machine, [mrc(0, 0, 0, 0, 5)], MASKED.SVC)).toBe(0x5678);
    expect(result(machine, [mrc(0, 0, 0, 0, 0)], MASKED.HYP)).toBe(0x414fc0f0);
  });
});

describe('rights', () => {
  it.each([
    ['a register that is not there', mrc(0, 0, 1, 5, 0), 'undefined', 'undefined'],
    ['HCR in PL1', mrc(4, 0, 1, 1, 0), 'undefined', 'undefined'],
    ['a write to CTR', mcr(0, 0, 0, 0, 1), 'undefined', 'undefined'],
    ['R15 written', mcr(0, 15, 1, 0, 0), 'undefined', 'undefined'],
    ['TPIDRURO read', mrc(0, 0, 13, 0, 3), 'on', 'on'],
    ['TPIDRURO written', mcr(0, 0, 13, 0, 3), 'on', 'undefined'],
    ['TPIDRPRW', mrc(0, 0, 13, 0, 4), 'on', 'undefined'],
    ['CP15ISB', mcr(0, 0, 7, 5, 4), 'on', 'on'],
    ['CP15DMB', mcr(0, 0, 7, 10, 5), 'on', 'on'],
    ['ICIALLU', mcr(0, 0, 7, 5, 0), 'on', 'undefined'],
    ['DCCMVAC read', mrc(0, 0, 7, 10, 1), 'undefined', 'undefined'],
    ['CNTVCT', mrrc(1, 0, 1, 14), 'on', 'undefined'],
    ['CNTPCT', mrrc(0, 0, 1, 14), 'on', 'undefined'],
    ['CNTV_CTL', mrc(0, 0, 14, 3, 1), 'on', 'undefined'],
    ['CNTFRQ written', mcr(0, 0, 14, 0, 0), 'undefined', 'undefined'],
    ['PMCR', mrc(0, 0, 9, 12, 0), 'on', 'undefined'],
    ['PMUSERENR read', mrc(0, 0, 9, 14, 0), 'on', 'on'],
    ['DBGDIDR', mrc14(0, 0, 0, 0, 0), 'on', 'on'],
    ['DBGDSCRext', mrc14(0, 0, 0, 2, 2), 'on', 'undefined'],
    ['TEEHBR', mrc14(6, 0, 1, 0, 0), 'on', 'on'],
    ['ATS12NSOPR in PL1', mcr(0, 0, 7, 8, 4), 'undefined', 'undefined'],
    ['a coprocessor 64-bit register that is not there', mrrc(5, 0, 1, 14), 'undefined', 'undefined'],
  ] as const)('%s', (_, word, privileged, user) => {
    for (const kind of ['svc', 'hyp'] as const) {
      expect(goes(machineOf(kind), word, MASKED.SVC)).toBe(privileged);
      expect(goes(machineOf(kind), word, USR)).toBe(user);
    }
  });

  it('of User mode are given by CNTKCTL and SCTLR.CP15BEN', () => {
    const machine = machineOf('svc').setCp15(0, 14, 1, 0, 0x303);
    for (const word of [
      mrrc(0, 0, 1, 14),
      mrrc(1, 0, 1, 14),
      mrc(0, 0, 14, 0, 0),
      mrc(0, 0, 14, 3, 0),
      mcr(0, 0, 14, 2, 1),
    ])
      expect(goes(machine, word, USR)).toBe('on');
    const barred = machineOf('svc').setCp15(0, 1, 0, 0, 0x00c50058);
    expect(goes(barred, mcr(0, 0, 7, 10, 4), USR)).toBe('undefined');
  });
});

describe('writes', () => {
  it('keep bits that are fixed', () => {
    const machine = machineOf('hyp');
    const all = [mrc(0, 1, 13, 0, 4)];
    machine.setCp15(0, 13, 0, 4, 0xffffffff);
    const written = (place: readonly [number, number, number, number], cpsr: number): number => {
      const [opc1, crn, crm, opc2] = place;
      return result(machine, [...all, mcr(opc1, 1, crn, crm, opc2), mrc(opc1, 0, crn, crm, opc2)], cpsr);
    };
    expect(written([0, 12, 0, 0], MASKED.SVC)).toBe(0xffffffe0);
    expect(written([0, 1, 0, 2], MASKED.SVC)).toBe(0xc0f00000);
    expect(written([4, 1, 1, 3], MASKED.HYP)).toBe(0x3bfef);
    expect(written([4, 1, 1, 2], MASKED.HYP)).toBe(0x8000bfff);
  });

  it('of 64 bits take two registers', () => {
    const machine = machineOf('svc').setReg(2, 0x11111111).setReg(3, 0x22222222);
    result(machine, [mcrr(1, 2, 3, 2), mrrc(1, 0, 4, 2)], MASKED.SVC);
    expect([machine.reg(0), machine.reg(4)]).toEqual([0x11111111, 0x22222222]);
  });

  it('of the flags: MRC with R15', () => {
    const machine = machineOf('svc').setCp15(0, 13, 0, 3, 0xa0000000);
    machine
      .code(0x1000, [mrc(0, 15, 13, 0, 2), SELF])
      .setCp15(0, 13, 0, 2, 0xa0000000)
      .at(0x1000, MASKED.SVC)
      .run(2);
    expect(machine.cpsr).toBe((0xa0000000 | MASKED.SVC) >>> 0);
  });
});

describe('traps to Hyp mode', () => {
  const HCR = (bit: number) => (machine: SystemMachine) => machine.setCp15(4, 1, 1, 0, 1 << bit);
  const HSTR = (bit: number) => (machine: SystemMachine) => machine.setCp15(4, 1, 1, 3, 1 << bit);
  const HDCR = (bit: number) => (machine: SystemMachine) => machine.setCp15(4, 1, 1, 1, 1 << bit);
  const iss = (opc1: number, rt: number, crn: number, crm: number, opc2: number, isRead: number): number =>
    (0x1e00000 | (opc2 << 17) | (opc1 << 14) | (crn << 10) | (rt << 5) | (crm << 1) | isRead) >>> 0;
  const hsr = (ec: number, rest: number): number => ((ec << 26) | (1 << 25) | rest) >>> 0;

  it.each([
    ['TVM', HCR(26), mcr(0, 3, 1, 0, 0), hsr(3, iss(0, 3, 1, 0, 0, 0))],
    ['TVM, 64 bits', HCR(26), mcrr(0, 3, 4, 2), hsr(4, 0x1e00000 | (4 << 10) | (3 << 5) | (2 << 1))],
    ['TAC', HCR(21), mrc(0, 2, 1, 0, 1), hsr(3, iss(0, 2, 1, 0, 1, 1))],
    ['TSW', HCR(22), mcr(0, 2, 7, 14, 2), hsr(3, iss(0, 2, 7, 14, 2, 0))],
    ['TTLB', HCR(25), mcr(0, 0, 8, 7, 0), hsr(3, iss(0, 0, 8, 7, 0, 0))],
    ['TID3', HCR(18), mrc(0, 5, 0, 1, 0), hsr(3, iss(0, 5, 0, 1, 0, 1))],
    ['TIDCP', HCR(20), mrc(1, 5, 9, 0, 2), hsr(3, iss(1, 5, 9, 0, 2, 1))],
    ['TIDCP of a register that is not there', HCR(20), mrc(0, 5, 9, 0, 2), hsr(3, iss(0, 5, 9, 0, 2, 1))],
    ['HSTR.T13', HSTR(13), mrc(0, 5, 13, 0, 4), hsr(3, iss(0, 5, 13, 0, 4, 1))],
    ['HSTR.T2, 64 bits', HSTR(2), mrrc(0, 5, 6, 2), hsr(4, 0x1e00000 | (6 << 10) | (5 << 5) | (2 << 1) | 1)],
    ['HDCR.TPM', HDCR(6), mrc(0, 5, 9, 13, 0), hsr(3, iss(0, 5, 9, 13, 0, 1))],
    ['HDCR.TDA', HDCR(9), mrc14(0, 5, 0, 0, 0), hsr(5, iss(0, 5, 0, 0, 0, 1))],
    ['TWI', HCR(13), WFI, hsr(1, 0x1e00000)],
    ['TSC', HCR(19), 0xe1600070, hsr(0x13, 0)],
  ] as const)('%s', (_, enable, word, syndrome) => {
    const machine = machineOf('hyp');
    enable(machine);
    expect(goes(machine, word, MASKED.SVC)).toBe('hyp');
    expect(machine.cp15(4, 5, 2, 0)).toBe(syndrome);
    expect(machine.reg(39)).toBe(0x1000);
  });

  it('not: reads for TVM, and what Hyp mode itself does', () => {
    const machine = machineOf('hyp').setCp15(4, 1, 1, 0, 1 << 26);
    expect(goes(machine, mrc(0, 3, 1, 0, 0), MASKED.SVC)).toBe('on');
    machine.setReg(3, 0x00c50078);
    expect(goes(machine, mcr(0, 3, 1, 0, 0), MASKED.HYP)).toBe('on');
  });

  it('CNTHCTL: the physical counter and timer', () => {
    const machine = machineOf('hyp').setCp15(4, 14, 1, 0, 0);
    expect(goes(machine, mrrc(0, 5, 6, 14), MASKED.SVC)).toBe('hyp');
    expect(machine.cp15(4, 5, 2, 0)).toBe(hsr(4, 0x1e00000 | (6 << 10) | (5 << 5) | (14 << 1) | 1));
    expect(goes(machine, mrc(0, 5, 14, 2, 1), MASKED.SVC)).toBe('hyp');
    expect(goes(machine, mrrc(1, 5, 6, 14), MASKED.SVC)).toBe('on');
  });

  it('HCR.TGE: exceptions of User mode', () => {
    const machine = machineOf('hyp').setCp15(4, 1, 1, 0, 1 << 27);
    expect(goes(machine, UDF, USR)).toBe('hyp');
    expect(machine.cp15(4, 5, 2, 0)).toBe(1 << 25);
    expect(goes(machine, 0xef000042, USR)).toBe('hyp');
    expect(machine.cp15(4, 5, 2, 0)).toBe(hsr(0x11, 0x42));
  });
});

describe('performance monitors', () => {
  it('count cycles while they are enabled, and note overflows', () => {
    const machine = machineOf('hyp').setReg(1, 1).setReg(2, 0x80000000).setReg(3, 0xffffffe0);
    const enable = [mcr(0, 1, 9, 12, 0), mcr(0, 3, 9, 13, 0), mcr(0, 2, 9, 12, 1)];
    expect(result(machine, [...enable, mrc(0, 0, 9, 12, 3), NOP, NOP, mrc(0, 4, 9, 13, 0)], MASKED.SVC)).toBe(0);
    expect(machine.reg(4)).toBe(0x20); // 4 instructions of 16 ns
    expect(result(machine, [mrc(0, 0, 9, 12, 3)], MASKED.SVC)).toBe(0x80000000);
  });

  it('are not there for a guest of KVM', () => {
    expect(result(machineOf('svc'), [mrc(0, 0, 9, 12, 0)], MASKED.SVC)).toBe(0);
    expect(result(machineOf('svc'), [mcr14(0, 0, 0, 7, 0), mrc14(0, 0, 0, 0, 0)], MASKED.SVC)).toBe(0);
  });
});
