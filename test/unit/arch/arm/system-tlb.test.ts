// What stays translated, and what goes, when tables and rights change: TLB maintenance by address of what is larger than a page, and DACR (ARM DDI 0406C:
// B3.10.5, B3.10.7).
import { describe, expect, it } from 'vitest';
import { ERET, HVC, MASKED, mcr, mov, SELF, SVC, SystemMachine, USR } from './system-machine.ts';

const LDR_R0_R1 = 0xe5910000;
const LDR_R5_R2 = 0xe5925000;
const CODE = 0x1000;
const TABLES = 0x10000;
const SCTLR_MMU = 0x00c50079;
const HSCTLR_MMU = 0x30c50879;
const ALL = 0xc02;
const IDENTITY = 0xc02;
/** Long format: a block or page with AF and full access; level 2 blocks are 2 MiB. */
const BLOCK = 0x741;

/** Some way to map address VA to A, and another to map it to B. */
interface Way {
  readonly name: string;
  readonly regime: 'short' | 'long' | 'hyp';
  /** Words in memory, by address. */
  readonly before: Readonly<Record<number, number>>;
  readonly after: Readonly<Record<number, number>>;
  readonly address: number;
  /** Another page of the same. */
  readonly other: number;
  /** Physical addresses of the other page, before and after. */
  readonly places: readonly [number, number];
}

/** 16 entries that are all the same. */
const sixteen = (at: number, value: number): Record<number, number> =>
  Object.fromEntries(Array.from({ length: 16 }, (_, n) => [at + 4 * n, value]));

const WAYS: readonly Way[] = [
  {
    ...{ name: 'a section', regime: 'short', address: 0x300000, other: 0x342000 },
    before: { [TABLES + 12]: ALL },
    after: { [TABLES + 12]: 0x100000 | ALL },
    places: [0x42000, 0x142000],
  },
  {
    ...{ name: 'a supersection', regime: 'short', address: 0x1000000, other: 0x1142000 },
    before: sixteen(TABLES + 64, ALL | (1 << 18)),
    after: sixteen(TABLES + 64, 0),
    places: [0x142000, -1],
  },
  {
    ...{ name: 'a large page', regime: 'short', address: 0x300000, other: 0x30a000 },
    before: { [TABLES + 12]: 0x20001, ...sixteen(0x20000, 0x40031) },
    after: sixteen(0x20000, 0x50031),
    places: [0x4a000, 0x5a000],
  },
  {
    ...{ name: 'a block of 2 MiB', regime: 'long', address: 0x400000, other: 0x442000 },
    before: { [TABLES + 0x1010]: BLOCK },
    after: { [TABLES + 0x1010]: 0 },
    places: [0x42000, -1],
  },
  {
    ...{ name: 'a block of 1 GiB', regime: 'long', address: 0x40000000, other: 0x51042000 },
    before: { [TABLES + 8]: BLOCK },
    after: { [TABLES + 8]: 0 },
    places: [0x11042000, -1],
  },
  {
    ...{ name: "a block of Hyp mode's", regime: 'hyp', address: 0x400000, other: 0x442000 },
    before: { [TABLES + 0x1010]: BLOCK },
    after: { [TABLES + 0x1010]: 0 },
    places: [0x42000, -1],
  },
];

function prepare(way: Way): SystemMachine {
  const machine = new SystemMachine('hyp', 1, way.regime === 'long' ? 0x12000000 : 0x200000);
  for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]);
  if (way.regime === 'short') {
    machine.code(TABLES, [IDENTITY]).setCp15(0, 2, 0, 0, TABLES).setCp15(0, 3, 0, 0, 0x55555555);
    machine.setCp15(0, 1, 0, 0, SCTLR_MMU);
  } else {
    machine.code(TABLES, [(TABLES + 0x1000) | 3, 0]).code(TABLES + 0x1000, [BLOCK, 0]);
    if (way.regime === 'long') machine.setCp15(0, 2, 0, 2, 0x80000000).setCp15Pair(0, 2, BigInt(TABLES));
    else machine.setCp15Pair(4, 2, BigInt(TABLES)).setCp15(4, 1, 0, 0, HSCTLR_MMU);
    if (way.regime === 'long') machine.setCp15(0, 1, 0, 0, SCTLR_MMU);
  }
  for (const [at, word] of Object.entries(way.before)) machine.code(Number(at), [word]);
  way.places.forEach((place, n) => {
    if (place >= 0) machine.code(place, [0x1111 * (n + 1)]);
  });
  return machine;
}

describe.each(WAYS)('$name', (way) => {
  const own = way.regime === 'hyp' ? 4 : 0;

  it.each([
    ['TLBIMVA', mcr(own, 4, 8, 7, 1)],
    ['TLBIMVAIS', mcr(own, 4, 8, 3, 1)],
    ...(own === 0 ? [['TLBIMVAA', mcr(0, 4, 8, 7, 3)] as const, ['TLBIMVAAIS', mcr(0, 4, 8, 3, 3)] as const] : []),
  ] as const)('goes as a whole with %s of one page', (_, operation) => {
    const machine = prepare(way);
    machine.code(CODE, [LDR_R0_R1, LDR_R5_R2, operation, LDR_R5_R2, SELF]).setReg(1, way.address);
    machine
      .setReg(2, way.other)
      .setReg(4, way.address)
      .at(CODE, own === 4 ? MASKED.HYP : MASKED.SVC);
    machine.run(2);
    expect(machine.reg(5)).toBe(0x1111);
    for (const [at, word] of Object.entries(way.after)) machine.code(Number(at), [word]);
    machine.run(2);
    if (way.places[1] < 0) expect(machine.pc).toBe(0x10);
    else expect(machine.reg(5)).toBe(0x2222);
  });
});

describe('TLB maintenance by address', () => {
  it('of a section reaches the other vCPUs when it is for all', () => {
    const way = WAYS[0]!;
    const machine = new SystemMachine('svc', 2, 0x200000);
    const [first, second] = machine.vcpus;
    for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]);
    machine.code(TABLES, [IDENTITY]).code(TABLES + 12, [ALL]);
    machine.code(0x42000, [0x1111]).code(0x142000, [0x2222]);
    machine.code(CODE, [LDR_R0_R1, SELF]).code(0x2000, [mcr(0, 4, 8, 3, 1), SELF]);
    for (const vcpu of [first!, second!]) {
      machine.on(vcpu).setCp15(0, 2, 0, 0, TABLES).setCp15(0, 2, 0, 2, 0);
      machine.setCp15(0, 3, 0, 0, 0x55555555).setCp15(0, 1, 0, 0, SCTLR_MMU);
      machine.setReg(1, way.other).setReg(4, way.address);
    }
    machine.on(first!).at(CODE, MASKED.SVC).run(1);
    expect(machine.reg(0)).toBe(0x1111);
    machine.code(TABLES + 12, [0x100000 | ALL]);
    machine.on(second!).power().at(0x2000, MASKED.SVC).run(1);
    machine.on(first!).at(CODE, MASKED.SVC).run(1);
    expect(machine.reg(0)).toBe(0x2222);
  });
});

describe('DACR', () => {
  const NONE = 0x55555551;
  const CLIENT = 0x55555555;
  const MANAGER = 0x5555555d;
  const USER_PAGE = 0x100000;
  const write = mcr(0, 6, 3, 0, 0);
  const LDR_R0_R1_STR = 0xe5810000;

  /** Page USER_PAGE in domain 1, whose sections PL0 may only read, or everybody. */
  function machineWith(descriptor: number): SystemMachine {
    const machine = new SystemMachine('svc', 1, 0x200000);
    for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]);
    machine.code(TABLES, [IDENTITY, USER_PAGE | descriptor | (1 << 5)]);
    machine.setCp15(0, 2, 0, 0, TABLES).setCp15(0, 2, 0, 2, 0).setCp15(0, 3, 0, 0, CLIENT);
    return machine.setCp15(0, 1, 0, 0, SCTLR_MMU).setReg(1, USER_PAGE);
  }

  it('takes rights away and gives them back, again and again', () => {
    const machine = machineWith(ALL);
    const rounds = [CLIENT, NONE, MANAGER, NONE, CLIENT, CLIENT, NONE, NONE, CLIENT];
    for (const dacr of rounds) {
      machine.code(CODE, [write, LDR_R0_R1, SELF]).setReg(6, dacr).at(CODE, MASKED.SVC).run(3);
      expect(machine.pc).toBe(dacr === NONE ? 0x10 : CODE + 8);
      if (dacr === NONE) expect(machine.cp15(0, 5, 0, 0)).toBe(0x19);
    }
  });

  it('tells clients from managers', () => {
    const machine = machineWith(0x8c02); // read-only
    for (const dacr of [MANAGER, CLIENT, MANAGER, NONE, CLIENT]) {
      machine.code(CODE, [write, LDR_R0_R1_STR, SELF]).setReg(6, dacr).at(CODE, MASKED.SVC).run(3);
      expect(machine.pc).toBe(dacr === MANAGER ? CODE + 8 : 0x10);
    }
  });

  it('holds for User mode when that goes on', () => {
    const machine = machineWith(ALL);
    // SVC: DACR from R6, and back.
    machine.code(8, [0xea000000]).code(0x10, [SELF, write, ERET]); // b 0x10 + 4 (the words at 0x10 and 0x14)
    machine.code(8, [0xea00000c]).code(0x40, [write, ERET]);
    machine.code(CODE, [LDR_R0_R1, SVC(0), LDR_R0_R1, SELF]);
    for (const [first, second] of [
      [CLIENT, NONE],
      [CLIENT, CLIENT],
      [CLIENT, NONE],
      [MANAGER, CLIENT],
    ] as const) {
      machine.setCp15(0, 3, 0, 0, first).setReg(6, second).at(CODE, USR).run(6);
      expect(machine.pc).toBe(second === NONE ? 0x10 : CODE + 12);
    }
  });

  it('that is another one only while User mode does not run changes nothing for it', () => {
    const machine = machineWith(ALL);
    machine.code(8, [0xea00000c]).code(0x40, [write, LDR_R0_R1, mcr(0, 7, 3, 0, 0), ERET]);
    machine.code(CODE, [LDR_R0_R1, SVC(0), LDR_R0_R1, SELF]).code(0x10, [0xe25ef004]); // aborted loads are skipped
    for (let round = 0; round < 3; round++) {
      machine.setReg(6, NONE).setReg(7, CLIENT).setReg(0, 0).at(CODE, USR).run(10);
      expect([machine.pc, machine.cp15(0, 5, 0, 0)]).toEqual([CODE + 12, 0x19]);
    }
  });

  it('of other domains leaves what is global', () => {
    const machine = machineWith(ALL);
    machine.code(CODE, [write, LDR_R0_R1, SELF]);
    for (const dacr of [0x55555545, 0x55555555, 0x55554555, 0x55555551, 0x55555555])
      machine.setReg(6, dacr).at(CODE, MASKED.SVC).run(3);
    expect(machine.pc).toBe(CODE + 8);
  });
});

describe('a vCPU that is switched off and on again', () => {
  it('has nothing translated', () => {
    const machine = new SystemMachine('svc', 2, 0x200000);
    const [first, second] = machine.vcpus;
    machine
      .code(TABLES, [IDENTITY, ALL, 0x100000 | ALL])
      .code(0x100000, [0x2222])
      .code(0, [0x1111]);
    // CPU_OFF; CPU_ON is called with registers that the test sets.
    machine.code(CODE, [LDR_R0_R1, mov(0, 2), 0xe3800321, HVC(0)]).code(0x2000, [HVC(0), SELF]);
    machine.code(0x3000, [0xe5903000, SELF]);
    machine.on(second!).power().setCp15(0, 2, 0, 0, TABLES).setCp15(0, 2, 0, 2, 0).setCp15(0, 3, 0, 0, 0x55555555);
    machine.setCp15(0, 1, 0, 0, SCTLR_MMU).setReg(1, 0x100000);
    machine.at(CODE, MASKED.SVC).run(4); // it loads from 0x100000, which is 0 to it
    expect(machine.vcpu.waiting).not.toBe('none');
    machine
      .on(first!)
      .setReg(0, 0x84000003)
      .setReg(1, 1)
      .setReg(2, 0x3000)
      .setReg(3, 0x100000)
      .at(0x2000, MASKED.SVC)
      .run(2);
    expect(machine.reg(0)).toBe(0);
    machine.on(second!).run(1);
    expect(machine.reg(3)).toBe(0x2222);
  });
});
