// The ARM MMU by hand: every kind of fault at every level, and what tables say, with the numbers of the manual (ARM DDI 0406C: B3.5, B3.6, B3.13).
import { beforeEach, describe, expect, it } from 'vitest';
import { AT_OPERATION } from '../../../../src/arch/arm/mmu/operations.ts';
import { HCR, MODE, SCTLR, TTBCR_EAE } from '../../../../src/arch/arm/registers.ts';
import {
  createTranslation,
  readTranslation,
  Translated,
  WORD_GLOBAL,
  WORD_MAPPED,
} from '../../../../src/cpu/isa/architecture.ts';
import type { MmuRegisters } from '../../../support/arm/mmu-model.ts';
import { MmuModule, RAM_BASE } from '../../../support/arm/mmu-module.ts';

const [READ, WRITE, FETCH, USER] = [0, 1, 2, 4];
const module = new MmuModule();
const page = (n: number): number => RAM_BASE + n * 0x1000;
const NOWHERE = 0x80000000;

const OFF: MmuRegisters = {
  mode: MODE.SVC,
  SCTLR: 0,
  TTBCR: 0,
  TTBR0: 0n,
  TTBR1: 0n,
  DACR: 0,
  PRRR: 0,
  NMRR: 0,
  HCR: 0,
  VTCR: 0,
  VTTBR: 0n,
  HSCTLR: 0,
  HTCR: 0,
  HTTBR: 0n,
  HMAIR0: 0,
  HMAIR1: 0,
};

let registers: MmuRegisters;
beforeEach(() => {
  for (let at = 0; at < 0x10000; at += 8) module.ram.setBigUint64(at, 0n);
});
const long = (table: number, index: number, descriptor: bigint): void =>
  module.ram.setBigUint64(0x1000 * table + 8 * index, descriptor, true);
const short = (offset: number, index: number, descriptor: number): void =>
  module.ram.setUint32(offset + 4 * index, descriptor, true);

const translation = createTranslation();
/** The page of the output and whether it is global; or the trap code. */
function at(address: number, access = READ, more: Partial<MmuRegisters> = {}): string {
  module.set({ ...registers, ...more });
  const word = module.translate(address, access);
  readTranslation(word, 0, translation);
  if (translation.outcome === Translated.FAULT) return `fault ${translation.trap.toString(16)}`;
  expect(translation.outcome).toBe(Translated.PHYSICAL);
  expect(word & WORD_MAPPED).not.toBe(0);
  return `${translation.physical.toString(16)}${word & WORD_GLOBAL ? ' global' : ''}`;
}

describe('without translation', () => {
  it('is flat, in PL1&0 and in Hyp mode', () => {
    registers = OFF;
    for (const mode of [MODE.USR, MODE.SVC, MODE.HYP]) {
      for (const access of [READ, WRITE, FETCH]) expect(at(0x12345001, access, { mode })).toBe('12345000 global');
    }
  });
});

/** VA 0x00201000 is page 0x50005000, by three levels; 0x00400000 a block of level 2 at 0x50200000, 0x40000000 a block of level 1 at 0x80000000. */
const VA = 0x00201000;
const LEAF = 0x443n; // AF, AP = 01
describe.each(['PL1&0', 'Hyp'] as const)('long descriptors, %s', (regime) => {
  const isHyp = regime === 'Hyp';
  beforeEach(() => {
    registers = isHyp
      ? { ...OFF, mode: MODE.HYP, HSCTLR: SCTLR.M, HTTBR: BigInt(page(0)) }
      : { ...OFF, SCTLR: SCTLR.M, TTBCR: TTBCR_EAE, TTBR0: BigInt(page(0)) };
    long(0, 0, BigInt(page(1)) | 3n);
    long(0, 1, 0x80000000n | 0x441n);
    long(1, 1, BigInt(page(2)) | 3n);
    long(1, 2, 0x50200000n | 0x441n);
    long(2, 1, 0x50005000n | LEAF);
  });

  it('finds pages and blocks', () => {
    expect(at(VA + 0xabc)).toBe('50005000 global');
    expect(at(0x00512345)).toBe('50312000 global');
    expect(at(0x7fffffff)).toBe('bffff000 global');
  });

  it.each([
    ['translation, level 1', () => long(0, 0, 0n), 'fault 8056'],
    ['translation, level 2', () => long(1, 1, 2n), 'fault 8066'],
    ['translation, level 3', () => long(2, 1, LEAF & ~1n), 'fault 8076'],
    ['a block at level 3', () => long(2, 1, LEAF & ~2n), 'fault 8076'],
    ['access flag, level 1', () => long(0, 0, 0x041n), 'fault 8096'],
    ['access flag, level 2', () => long(1, 1, 0x041n), 'fault 80a6'],
    ['access flag, level 3', () => long(2, 1, 0x043n), 'fault 80b6'],
    ['no table, level 1', () => {}, 'fault 8156'],
    ['no table, level 2', () => long(0, 0, BigInt(NOWHERE) | 3n), 'fault 8166'],
    ['no table, level 3', () => long(1, 1, BigInt(NOWHERE) | 3n), 'fault 8176'],
    ['a table at 4 GiB and above', () => long(1, 1, (1n << 32n) | BigInt(page(2)) | 3n), 'fault 8176'],
    ['output at 4 GiB and above', () => long(2, 1, (1n << 39n) | LEAF), 'fault 8106'],
  ])('%s', (name, change, expected) => {
    change();
    const nowhere = BigInt(NOWHERE);
    const more = name === 'no table, level 1' ? { TTBR0: nowhere, HTTBR: nowhere } : {};
    expect(at(VA, READ, more)).toBe(expected);
  });

  it('faults on permission at levels 1, 2, 3, writes and fetches saying so', () => {
    long(2, 1, 0x50005000n | LEAF | 0x80n);
    expect([at(VA), at(VA, WRITE)]).toEqual(['50005000 global', 'fault c0f6']);
    long(2, 1, 0x50005000n | LEAF | (1n << 54n));
    expect([at(VA), at(VA, FETCH)]).toEqual(['50005000 global', 'fault 80f5']);
    long(1, 1, 0x50200000n | 0x4c1n);
    expect(at(VA, WRITE)).toBe('fault c0e6');
    long(0, 0, 0x4c1n);
    expect(at(VA, WRITE)).toBe('fault c0d6');
  });

  it('takes the attributes of tables: APTable[1], XNTable', () => {
    long(1, 1, BigInt(page(2)) | 3n | (1n << 62n));
    expect([at(VA, READ), at(VA, WRITE), at(VA, FETCH)]).toEqual(['50005000 global', 'fault c0f6', '50005000 global']);
    long(1, 1, BigInt(page(2)) | 3n);
    long(0, 0, BigInt(page(1)) | 3n | (1n << 60n));
    expect([at(VA, WRITE), at(VA, FETCH)]).toEqual(['50005000 global', 'fault 80f5']);
  });

  it('executes nothing writable with WXN', () => {
    const more = { SCTLR: SCTLR.M | SCTLR.WXN, HSCTLR: SCTLR.M | SCTLR.WXN };
    expect(at(VA, FETCH, more)).toBe('fault 80f5');
    long(2, 1, 0x50005000n | LEAF | 0x80n);
    expect(at(VA, FETCH, more)).toBe('50005000 global');
  });

  it('reads tables in the other byte order', () => {
    for (const at of [0x0000, 0x0008, 0x1008, 0x1010, 0x2008]) {
      module.ram.setBigUint64(at, module.ram.getBigUint64(at, true), false);
    }
    const more = { SCTLR: SCTLR.M | SCTLR.EE, HSCTLR: SCTLR.M | SCTLR.EE };
    expect([at(VA), at(VA, READ, more)]).toEqual(['fault 8056', '50005000 global']);
  });

  it('begins at level 2 with a range of 1 GiB or less', () => {
    const more = isHyp ? { HTCR: 2, HTTBR: BigInt(page(1)) } : { TTBCR: TTBCR_EAE | 2, TTBR0: BigInt(page(1)) };
    expect(at(VA, READ, more)).toBe('50005000 global');
    if (isHyp) expect(at(0x40000000, READ, more)).toBe('fault 8056');
  });
});

describe('long descriptors of PL1&0', () => {
  beforeEach(() => {
    registers = { ...OFF, SCTLR: SCTLR.M, TTBCR: TTBCR_EAE, TTBR0: BigInt(page(0)), TTBR1: BigInt(page(3)) };
    long(0, 0, BigInt(page(1)) | 3n);
    long(1, 1, BigInt(page(2)) | 3n);
    long(2, 1, 0x50005000n | LEAF);
    long(3, 1, 0x60200000n | 0x441n);
  });

  it('has TTBR1 where T0SZ and T1SZ say so', () => {
    const kernel = 0xc0200000;
    expect(at(kernel)).toBe('fault 8056');
    expect(at(kernel, READ, { TTBCR: TTBCR_EAE | (2 << 16) })).toBe('60200000 global');
    expect(at(VA, READ, { TTBCR: TTBCR_EAE | (2 << 16) })).toBe('50005000 global');
    expect(at(kernel, READ, { TTBCR: TTBCR_EAE | (3 << 16) })).toBe('fault 8056');
    const between = { TTBCR: TTBCR_EAE | 1 | (2 << 16) };
    expect([at(VA, READ, between), at(0x80000000, READ, between), at(kernel, READ, between)]).toEqual([
      '50005000 global',
      'fault 8056',
      '60200000 global',
    ]);
  });

  it('walks no table that EPD0 or EPD1 forbids', () => {
    expect(at(VA, READ, { TTBCR: TTBCR_EAE | (1 << 7) })).toBe('fault 8056');
    expect(at(0xc0200000, READ, { TTBCR: TTBCR_EAE | (2 << 16) | (1 << 23) })).toBe('fault 8056');
  });

  it('gives user mode what AP[1] gives it, and says what is not global', () => {
    const user = { mode: MODE.USR };
    expect([at(VA, READ, user), at(VA, WRITE, user), at(VA, FETCH, user)]).toEqual(Array(3).fill('50005000 global'));
    long(2, 1, 0x50005000n | 0xc03n);
    expect([at(VA, READ), at(VA, WRITE), at(VA, FETCH)]).toEqual(Array(3).fill('50005000'));
    expect([at(VA, READ, user), at(VA, WRITE, user), at(VA, FETCH, user)]).toEqual([
      'fault 80f6',
      'fault c0f6',
      'fault 80f5',
    ]);
    expect(at(VA, READ | USER)).toBe('fault 80f6');
    long(2, 1, 0x50005000n | LEAF);
    long(0, 0, BigInt(page(1)) | 3n | (1n << 61n)); // APTable[0]
    expect([at(VA), at(VA, READ, user)]).toEqual(['50005000 global', 'fault 80f6']);
  });

  it('keeps PL1 from executing by PXN, PXNTable and UWXN', () => {
    const user = { mode: MODE.USR };
    long(2, 1, 0x50005000n | LEAF | (1n << 53n));
    expect([at(VA, FETCH), at(VA, FETCH, user)]).toEqual(['fault 80f5', '50005000 global']);
    long(2, 1, 0x50005000n | LEAF);
    long(0, 0, BigInt(page(1)) | 3n | (1n << 59n));
    expect([at(VA, FETCH), at(VA, FETCH, user)]).toEqual(['fault 80f5', '50005000 global']);
    long(0, 0, BigInt(page(1)) | 3n);
    const more = { SCTLR: SCTLR.M | SCTLR.UWXN };
    expect([at(VA, FETCH, more), at(VA, FETCH, { ...more, ...user })]).toEqual(['fault 80f5', '50005000 global']);
  });
});

/** Sections of the first-level table at RAM_BASE; second-level tables at page 4 on. */
describe('short descriptors', () => {
  const SMALL = 0x50005032; // AP = 011
  const SECTION = 0x50300c02;
  beforeEach(() => {
    registers = { ...OFF, SCTLR: SCTLR.M, TTBR0: BigInt(RAM_BASE), TTBR1: BigInt(RAM_BASE), DACR: 0x55555555 };
    short(0, 2, page(4) | 0x61); // domain 3
    short(0x4000, 1, SMALL);
    for (let i = 0; i < 16; i++) short(0x4000, 16 + i, 0x50010031);
    short(0, 3, SECTION);
    for (let i = 0; i < 16; i++) short(0, 16 + i, 0x51040c02);
  });

  it('finds small and large pages, sections and supersections', () => {
    expect(at(VA)).toBe('50005000 global');
    expect(at(0x0021a123)).toBe('5001a000 global');
    expect(at(0x003abcde)).toBe('503ab000 global');
    expect(at(0x01abcdef)).toBe('51abc000 global');
  });

  it.each([
    ['translation, section', () => short(0, 2, 0), 'fault 56'],
    ['translation, page', () => short(0x4000, 1, 0), 'fault c76'],
    ['no table, level 1', () => {}, 'fault c6'],
    ['no table, level 2', () => short(0, 2, NOWHERE | 0x61), 'fault ce6'],
    ['output of a supersection at 4 GiB and above', () => short(0, 2, 0x51150c02), 'fault 86'],
    ['permission, section: no access', () => short(0, 2, 0x50300062), 'fault cd6'],
    ['permission, page: no access', () => short(0x4000, 1, 0x50005002), 'fault cf6'],
    ['permission: reserved', () => short(0x4000, 1, 0x50005202), 'fault cf6'],
  ])('%s', (name, change, expected) => {
    change();
    expect(at(VA, READ, name === 'no table, level 1' ? { TTBR0: BigInt(NOWHERE) } : {})).toBe(expected);
  });

  it('has domains', () => {
    short(0x4000, 1, 0x50005003); // no access, XN
    for (const role of [0, 2]) expect(at(VA, READ, { DACR: 0x55555515 | (role << 6) })).toBe('fault cb6');
    expect(at(0x003abcde, WRITE, { DACR: 0 })).toBe('fault 4096');
    expect([at(VA, WRITE), at(VA, FETCH)]).toEqual(['fault 4cf6', 'fault cf5']);
    expect([at(VA, WRITE, { DACR: 0xc0 }), at(VA, FETCH, { DACR: 0xc0 })]).toEqual(Array(2).fill('50005000 global'));
  });

  it('permits by AP[2:0] what the manual does', () => {
    // PL1 read, PL1 write, PL0 read, PL0 write
    const table = ['----', 'rw--', 'rwr-', 'rwrw', '----', 'r---', 'r-r-', 'r-r-'];
    table.forEach((rights, ap) => {
      short(0x4000, 1, 0x50005002 | ((ap & 4) << 7) | ((ap & 3) << 4));
      const accesses = [READ, WRITE, READ | USER, WRITE | USER];
      expect(
        accesses
          .map((access) => (at(VA, access).startsWith('fault') ? '-' : 'rwrw'[accesses.indexOf(access)]))
          .join(''),
      ).toBe(rights);
    });
  });

  it('has an access flag with AFE', () => {
    const more = { SCTLR: SCTLR.M | SCTLR.AFE };
    short(0x4000, 1, 0x50005022);
    expect(at(VA, READ, more)).toBe('fault c66');
    short(0, 3, 0x50300802);
    expect(at(0x00300000, READ, more)).toBe('fault 36');
    short(0x4000, 1, 0x50005232); // AP[2:1] = 11
    expect([at(VA, READ | USER, more), at(VA, WRITE, more)]).toEqual(['50005000 global', 'fault 4cf6']);
  });

  it('has XN and PXN in all sizes, WXN and UWXN', () => {
    short(0x4000, 1, SMALL | 1);
    short(0x4000, 16, 0x50010031 | 0x8000);
    short(0, 3, SECTION | 0x10);
    short(0, 16, 0x51040c12);
    const all = [VA, 0x00210000, 0x00300000, 0x01000000];
    expect(all.map((address) => at(address, FETCH))).toEqual(['fault cf5', 'fault cf5', 'fault d5', 'fault d5']);
    short(0, 2, page(4) | 0x65);
    short(0x4000, 1, SMALL);
    short(0, 3, SECTION | 1);
    short(0, 16, 0x51040c03);
    const some = [VA, 0x00300000, 0x01000000];
    expect(some.map((address) => at(address, FETCH))).toEqual(['fault cf5', 'fault d5', 'fault d5']);
    expect(some.map((address) => at(address, FETCH | USER))).toEqual([
      '50005000 global',
      '50300000 global',
      '51000000 global',
    ]);
    short(0, 2, page(4) | 0x61);
    const [wxn, uwxn] = [{ SCTLR: SCTLR.M | SCTLR.WXN }, { SCTLR: SCTLR.M | SCTLR.UWXN }];
    expect([at(VA, FETCH, wxn), at(VA, FETCH, uwxn), at(VA, FETCH | USER, uwxn)]).toEqual([
      'fault cf5',
      'fault cf5',
      '50005000 global',
    ]);
  });

  it('says what is not global', () => {
    short(0x4000, 1, SMALL | 0x800);
    short(0x4000, 16, 0x50010831);
    short(0, 3, SECTION | 0x20000);
    expect([VA, 0x00210000, 0x00300000].map((address) => at(address))).toEqual(['50005000', '50010000', '50300000']);
  });

  it('has TTBR1 above the range of TTBCR.N, and PD0 and PD1', () => {
    const more = { TTBCR: 2, TTBR0: BigInt(page(8)) };
    short(0x8000, 2, 0x52000c02);
    expect([at(VA, READ, more), at(0x40300000, READ, more)]).toEqual(['52001000 global', 'fault 56']);
    short(0, 0x403, 0x53000c02);
    expect(at(0x40300000, READ, more)).toBe('53000000 global');
    expect([at(VA, READ, { ...more, TTBCR: 0x12 }), at(0x40300000, READ, { ...more, TTBCR: 0x22 })]).toEqual([
      'fault 56',
      'fault 56',
    ]);
  });

  it('reads tables in the other byte order', () => {
    module.ram.setUint32(8, page(4) | 0x61);
    module.ram.setUint32(0x4004, SMALL);
    expect(at(VA, READ, { SCTLR: SCTLR.M | SCTLR.EE })).toBe('50005000 global');
  });
});

/** Intermediate addresses 0x40000000 on are memory, by pages; 0x10005000 is page 0x60005000. */
describe('the second stage', () => {
  const IPA = 0x10005000;
  beforeEach(() => {
    registers = { ...OFF, HCR: HCR.VM, VTCR: 0x40, VTTBR: BigInt(page(8)) };
    long(8, 0, BigInt(page(9)) | 3n);
    long(8, 1, BigInt(page(10)) | 3n);
    long(9, 0x80, BigInt(page(11)) | 3n);
    long(11, 5, 0x60005000n | 0x4ffn);
    long(10, 0, BigInt(page(12)) | 3n);
    for (let i = 0; i < 8; i++) long(12, i, BigInt(page(i)) | 0x4ffn);
  });

  it('maps what the first stage leaves flat, but not for Hyp mode', () => {
    expect(at(IPA)).toBe('60005000 global');
    expect(at(IPA, READ, { mode: MODE.HYP })).toBe('10005000 global');
    expect(at(IPA, READ, { HCR: HCR.DC, SCTLR: SCTLR.M })).toBe('60005000 global');
  });

  it.each([
    ['translation, level 1', () => long(8, 0, 0n), 'fault 18056'],
    ['translation, level 2', () => long(9, 0x80, 0n), 'fault 18066'],
    ['translation, level 3', () => long(11, 5, 0n), 'fault 18076'],
    ['access flag, level 1', () => long(8, 0, 0xfdn), 'fault 18096'],
    ['access flag, level 2', () => long(9, 0x80, 0xfdn), 'fault 180a6'],
    ['access flag, level 3', () => long(11, 5, 0xffn), 'fault 180b6'],
    ['permission, level 1', () => long(8, 0, 0x43dn), 'fault 180d6'],
    ['permission, level 2', () => long(9, 0x80, 0x43dn), 'fault 180e6'],
    ['permission, level 3', () => long(11, 5, 0x43fn), 'fault 180f6'],
    ['no table, level 2', () => long(8, 0, BigInt(NOWHERE) | 3n), 'fault 18166'],
    ['no table, level 3', () => long(9, 0x80, BigInt(NOWHERE) | 3n), 'fault 18176'],
    ['output at 4 GiB and above', () => long(11, 5, (1n << 33n) | 0x4ffn), 'fault 86'],
  ])('%s', (name, change, expected) => {
    change();
    expect(at(IPA + 0x123)).toBe(expected);
    if (!name.startsWith('output')) expect(module.faultIpa).toBe(BigInt(IPA));
  });

  it('permits by HAP and XN', () => {
    const tried = (more: bigint): string[] => {
      long(11, 5, 0x60005000n | 0x43fn | more);
      return [READ, WRITE, FETCH]
        .map((access) => at(IPA, access))
        .map((text) => (text.startsWith('fault') ? text : 'may'));
    };
    expect(tried(0x40n)).toEqual(['may', 'fault 1c0f6', 'may']);
    expect(tried(0x80n)).toEqual(['fault 180f6', 'may', 'fault 180f5']);
    expect(tried(0xc0n | (1n << 54n))).toEqual(['may', 'may', 'fault 180f5']);
  });

  it('has ranges by T0SZ and SL0', () => {
    expect(at(IPA, READ, { VTCR: 0, VTTBR: BigInt(page(8)) })).toBe('fault 18066'); // begins at level 2
    expect(at(IPA, READ, { VTCR: 0x41 })).toBe('60005000 global');
    expect(at(0x80000000, READ, { VTCR: 0x41 })).toBe('fault 18056');
    for (const VTCR of [0x80, 0x42, 0x0d]) expect(at(IPA, READ, { VTCR })).toBe('fault 18056');
    long(0, 0x80, BigInt(page(11)) | 3n);
    expect(at(IPA, READ, { VTCR: 0, VTTBR: BigInt(RAM_BASE) })).toBe('60005000 global');
  });

  it('maps the tables of the first stage', () => {
    const longTables = { SCTLR: SCTLR.M, TTBCR: TTBCR_EAE, TTBR0: BigInt(RAM_BASE) };
    long(0, 0, BigInt(page(1)) | 3n);
    long(1, 1, BigInt(page(2)) | 3n);
    long(2, 1, BigInt(IPA) | LEAF | 0x800n);
    expect(at(VA, READ, longTables)).toBe('60005000');
    long(12, 2, 0n);
    expect(at(VA, WRITE, longTables)).toBe('fault 3c076');
    expect(module.faultIpa).toBe(BigInt(page(2)));
    long(12, 2, BigInt(page(2)) | 0x4cfn); // Device
    expect(at(VA, READ, longTables)).toBe('60005000');
    expect(at(VA, FETCH, { ...longTables, HCR: HCR.VM | HCR.PTW })).toBe('fault 380f5');
    long(12, 2, BigInt(page(2)) | 0x4bfn); // write-only
    expect(at(VA, WRITE, longTables)).toBe('fault 3c0f6');

    const shortTables = { SCTLR: SCTLR.M, TTBR0: BigInt(RAM_BASE), DACR: 1 };
    short(0, 2, page(4) | 1);
    short(0x4000, 1, IPA | 0x32);
    expect(at(VA, READ, shortTables)).toBe('60005000 global');
    long(12, 4, 0n);
    expect(at(VA, READ, shortTables)).toBe('fault 38076');
    expect(module.faultIpa).toBe(BigInt(page(4)));
  });

  it('is given addresses of 40 bits', () => {
    short(0, 2, 0x51140c02); // a supersection at 0x1_51000000
    const more = { SCTLR: SCTLR.M, TTBR0: BigInt(RAM_BASE), DACR: 1, VTCR: 0x48, VTTBR: BigInt(page(8)) };
    expect(at(VA, READ, more)).toBe('fault 18056');
    expect(module.faultIpa).toBe(0x1_51201000n);
    long(8, 5, BigInt(page(9)) | 3n);
    long(9, 0x89, 0x70000000n | 0x4fdn);
    expect(at(VA, READ, more)).toBe('70001000 global');
  });
});

describe('address translation operations', () => {
  const LONG = 1n << 11n;
  const NS = 1n << 9n;
  const par = (how: number, address: number, more: Partial<MmuRegisters> = {}): bigint => {
    module.set({ ...registers, ...more });
    expect(module.addressTranslate(address, how)).toBe(0);
    return module.par;
  };
  const { ATS1CPR, ATS1CPW, ATS1CUR, ATS12NSOPR, ATS1HR } = AT_OPERATION;

  it('answer in the short format', () => {
    registers = { ...OFF, SCTLR: SCTLR.M, TTBR0: BigInt(RAM_BASE), DACR: 1 };
    expect(par(ATS1CPR, VA, { SCTLR: 0 })).toBe(0x201290n); // Strongly-ordered
    short(0, 2, page(4) | 1);
    short(0x4000, 1, 0x50005472); // TEX = 001, shared: not cached
    expect(par(ATS1CPR, VA)).toBe(0x50005280n);
    short(0x4000, 1, 0x5000547e); // TEX = 001, CB = 11: write-back
    expect(par(ATS1CPR, VA)).toBe(0x500052d4n);
    short(0x4000, 1, 0x5000501e); // AP = 001
    expect(par(ATS1CUR, VA)).toBe(0x1fn);
    short(0, 2, 0x51140c02);
    expect(par(ATS1CPW, VA) & ~0xfdn).toBe(0x51010202n);
  });

  it('answer in the long format', () => {
    registers = { ...OFF, SCTLR: SCTLR.M, TTBCR: TTBCR_EAE, TTBR0: BigInt(RAM_BASE), PRRR: 0x00ff4404 };
    long(0, 0, 0x7_c0000000n | 0x761n | 8n); // inner shareable, AttrIndx 2
    expect(par(ATS1CPR, VA)).toBe(0xff000007_c0201000n | LONG | NS | (3n << 7n));
    expect(par(ATS1CUR, 0x40000000)).toBe(LONG | (5n << 1n) | 1n);
    expect(par(ATS1HR, VA, { mode: MODE.HYP })).toBe(0x201000n | LONG | NS | (2n << 7n));
  });

  it('tell of the second stage, or trap', () => {
    registers = { ...OFF, mode: MODE.HYP, HCR: HCR.VM, VTCR: 0x40, VTTBR: BigInt(page(8)) };
    expect(par(ATS12NSOPR, VA)).toBe(LONG | (1n << 9n) | (5n << 1n) | 1n);
    const walked = { SCTLR: SCTLR.M, TTBR0: BigInt(RAM_BASE), DACR: 1 };
    expect(par(ATS1CPR, VA, walked)).toBe(LONG | (3n << 8n) | (5n << 1n) | 1n);
    module.set({ ...registers, ...walked, mode: MODE.SVC });
    expect(module.addressTranslate(VA, ATS1CPR).toString(16)).toBe('7c056');
    module.set({ ...registers, HCR: 0, SCTLR: SCTLR.M, TTBR0: BigInt(NOWHERE), mode: MODE.SVC });
    expect(module.addressTranslate(VA, ATS1CPR).toString(16)).toBe('440c6');
  });
});
