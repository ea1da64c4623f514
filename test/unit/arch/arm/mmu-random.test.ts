// The ARM MMU against the model of it (mmu-model.ts): random tables, registers and addresses.
import { describe, expect, it } from 'vitest';
import { AT_OPERATION } from '../../../../src/arch/arm/mmu/operations.ts';
import { ABORT, HCR, MODE, SCTLR, TRAP, TTBCR_EAE } from '../../../../src/arch/arm/registers.ts';
import { type Fault, MmuModel, type MmuRegisters, type Output, type Request } from '../../../support/arm/mmu-model.ts';
import { isFault, MmuModule, partsOf, RAM_BASE, RAM_SIZE, statusOf, wordOf } from '../../../support/arm/mmu-module.ts';
import { Random } from '../../../support/boot/random.ts';

const KINDS = ['read', 'write', 'fetch'] as const;
const PAGES = RAM_SIZE / 4096;
const SEED = 7;

const random = new Random(SEED);
const chance = (percent: number): boolean => random.below(100) < percent;
const when = (percent: number, bits: number): number => (chance(percent) ? bits : 0);
const u64 = (): bigint => (BigInt(random.u32()) << 32n) | BigInt(random.u32());

const page = (): bigint => BigInt(RAM_BASE) + BigInt(random.below(PAGES)) * 4096n;
/** An output or table address: mostly in memory. */
const place = (): bigint => (chance(93) ? page() : chance(50) ? u64() & 0xff_ffff_f000n : u64() & 0xffff_f000n);

function longDescriptor(): bigint {
  const type = chance(4) ? random.below(4) : chance(90) ? 3 : 1;
  const access = BigInt(random.below(1024) << 2) | (chance(92) ? 1n << 10n : 0n) | (chance(60) ? 0x40n : 0n);
  const upper = chance(70) ? 0n : u64() & 0xfff0_0000_0000_0000n;
  return place() | access | upper | BigInt(type);
}

function shortDescriptor(): number {
  const type = chance(4) ? 0 : chance(60) ? 1 : random.below(4);
  const low = (random.u32() & 0xffc) | type;
  if (!chance(60)) return (random.u32() & 0xfffff000) | low; // sections too
  return (Number(page()) | (chance(70) ? (low & ~0xc00) | (random.below(4) << 10) : low)) >>> 0;
}

interface World {
  readonly eae: boolean;
  readonly bigEndian: boolean;
}

/** Fill the memory with tables; in a world of short descriptors the upper half has long ones. */
function fillTables(module: MmuModule, { eae, bigEndian }: World): void {
  for (let at = 0; at < RAM_SIZE; at += 8) {
    if (eae || at >= RAM_SIZE / 2) module.ram.setBigUint64(at, longDescriptor(), !bigEndian);
    else for (const more of [0, 4]) module.ram.setUint32(at + more, shortDescriptor(), !bigEndian);
  }
}

function registersOf({ eae, bigEndian }: World): MmuRegisters {
  const half = (): bigint =>
    (eae ? page() : BigInt(RAM_BASE) + BigInt(random.below(2)) * 0x4000n) | (chance(10) ? u64() & 0xff_0000_0fffn : 0n);
  const ee = (): number => (bigEndian !== chance(2) ? SCTLR.EE : 0);
  const plain = chance(40);
  return {
    mode: chance(20) ? MODE.HYP : chance(40) ? MODE.USR : MODE.SVC,
    SCTLR:
      when(93, SCTLR.M) | when(30, SCTLR.AFE) | when(15, SCTLR.WXN) | when(15, SCTLR.UWXN) | when(50, SCTLR.TRE) | ee(),
    TTBCR:
      (eae ? TTBCR_EAE : 0) |
      (chance(65) ? 0 : random.u32() & (eae ? 0x70007 : 7)) |
      when(5, eae ? 1 << 7 : 1 << 4) |
      when(5, eae ? 1 << 23 : 1 << 5),
    TTBR0: half(),
    TTBR1: half(),
    DACR: chance(40) ? 0x55555555 : random.u32(),
    PRRR: random.u32(),
    NMRR: random.u32(),
    HCR: plain ? 0 : when(70, HCR.VM) | when(7, HCR.DC) | when(20, HCR.PTW) | when(5, HCR.TGE),
    VTCR: chance(50) ? [0, 0x40, 0x4e, 0x1d, 0x48][random.below(5)]! : random.u32(),
    VTTBR: page() | BigInt(RAM_SIZE / 2) | (chance(10) ? 0xff_0000_0fffn & u64() : 0n),
    HSCTLR: when(90, SCTLR.M) | when(15, SCTLR.WXN) | ee(),
    HTCR: chance(50) ? 0 : random.u32(),
    HTTBR: page() | BigInt(RAM_SIZE / 2),
    HMAIR0: random.u32(),
    HMAIR1: random.u32(),
  };
}

function someAddress(): number {
  const sparse = chance(50) ? random.u32() & random.u32() & random.u32() : random.u32();
  return (chance(30) ? ~sparse : chance(20) ? (sparse & 0xffff) | RAM_BASE : sparse) >>> 0;
}

/** Worlds, each with registers, each with accesses; `body` compares. */
function trials(
  worlds: number,
  registers: number,
  body: (module: MmuModule, model: MmuModel, r: MmuRegisters) => void,
): void {
  const module = new MmuModule();
  for (let i = 0; i < worlds; i++) {
    const world = { eae: chance(60), bigEndian: chance(15) };
    fillTables(module, world);
    for (let j = 0; j < registers; j++) {
      const r = registersOf(world);
      module.set(r);
      body(module, new MmuModel(r, module.read), r);
    }
  }
}

const described = (r: MmuRegisters, ...more: unknown[]): string =>
  JSON.stringify([r, ...more], (_, v) => (typeof v === 'number' || typeof v === 'bigint' ? `0x${v.toString(16)}` : v));

const requestOf = (address: number, access: number): Request => ({
  address,
  kind: KINDS[access & 3]!,
  user: (access & 4) !== 0,
});

describe('the ARM MMU and the model', () => {
  it('translate alike', () => {
    const seen = new Map<string, number>();
    trials(200, 50, (module, model, r) => {
      const before = Buffer.from(module.state().buffer);
      for (let i = 0; i < 20; i++) {
        const address = someAddress();
        const access = random.below(3) | when(20, 4);
        const request = requestOf(address, access);
        const result = model.translate(request);
        const word = module.translate(address, access);
        if (word !== wordOf(result, request))
          expect.fail(described(r, address, access, word, wordOf(result, request), result));
        if (isFault(result) && result.ipa !== undefined && module.faultIpa !== result.ipa)
          expect.fail(described(r, address, result));
        const name = nameOf(result);
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
      expect(Buffer.compare(Buffer.from(module.state().buffer), before)).toBe(0);
    });
    // Every kind of fault of every level has come about.
    expect([...seen.keys()].sort()).toEqual(EXPECTED);
  });

  it('answer address translation operations alike', () => {
    const seen = new Map<string, number>();
    trials(100, 100, (module, model, r) => {
      for (let i = 0; i < 10; i++) {
        const address = someAddress();
        const how = random.below(10);
        const request: Request = { address, kind: (how & 1) !== 0 ? 'write' : 'read', user: (how & 2) !== 0 };
        const which = how >= AT_OPERATION.ATS1HR ? 'hyp' : how >= AT_OPERATION.ATS12NSOPR ? 'both' : 'first';
        const result = model.operation(request, which);
        const expected = reportOf(result, r, which);
        const trap = module.addressTranslate(address, how);
        const same = typeof expected === 'number' ? trap === expected : trap === 0 && module.par === expected;
        if (!same) expect.fail(described(r, address, how, trap, module.par, expected, result));
        const name = typeof expected === 'number' ? 'trap' : isFault(result) ? 'fault' : 'answer';
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    });
    for (const name of ['trap', 'fault', 'answer']) expect(seen.get(name)).toBeGreaterThan(3000);
  });
});

function nameOf(result: Output | Fault): string {
  if (!isFault(result)) return 'output';
  const { format, stage, s1ptw, kind, level } = result;
  return `${format} ${stage}${s1ptw ? ' table' : ''}: ${kind} ${level}`;
}

/** PAR, or a trap code. */
function reportOf(result: Output | Fault, r: MmuRegisters, which: 'first' | 'both' | 'hyp'): bigint | number {
  const isHyp = r.mode === MODE.HYP;
  const staged = (r.HCR & (HCR.VM | HCR.DC)) !== 0;
  const long = which === 'hyp' || (r.TTBCR & TTBCR_EAE) !== 0 || (which === 'both' ? staged : isHyp);
  if (isFault(result)) {
    const format = long ? 'long' : result.format;
    if (result.kind === 'walk' || (result.s1ptw && which === 'first' && !isHyp)) {
      return TRAP.DATA_ABORT | ABORT.WRITE | ABORT.MAINTENANCE | partsOf(result, isHyp ? 'long' : format);
    }
    const stage = (result.s1ptw ? 1 << 8 : 0) | (result.stage === 2 ? 1 << 9 : 0) | (long ? 1 << 11 : 0);
    return BigInt(1 | (statusOf(result, format) << 1) | stage);
  }
  const { address, memory, supersection } = result;
  if (long) {
    const share = { none: 0n, outer: 2n, inner: 3n }[memory.share];
    const field = BigInt((memory.outer << 4) | memory.inner);
    return address | (field << 56n) | (1n << 11n) | (1n << 9n) | (share << 7n);
  }
  const policy = (half: number): number => [4, 15, 10, 14].indexOf(half);
  const inner = policy(memory.inner);
  const normal = ((inner === 0 ? 0 : 4 | inner) << 4) | (policy(memory.outer) << 2);
  const type = memory.type === 'normal' ? normal : (memory.type === 'device' ? 3 : 1) << 4;
  const share = { none: 0, outer: 1 << 7, inner: (1 << 7) | (1 << 10) }[memory.share];
  const low = Number(address & 0xffffffffn);
  const from = supersection ? (low & 0xff000000) | (Number(address >> 32n) << 16) | 2 : low;
  return BigInt((from | type | share | (1 << 9)) >>> 0);
}

const LEVELS = [1, 2, 3];
const LONG_FAULTS = ['translation', 'access flag', 'permission', 'walk'].flatMap((kind) =>
  LEVELS.map((level) => `${kind} ${level}`),
);
const SHORT_FAULTS = ['translation', 'access flag', 'domain', 'permission', 'walk'].flatMap((kind) =>
  [1, 2].map((level) => `${kind} ${level}`),
);
const EXPECTED = [
  'output',
  'long 1: external 0',
  'short 1: external 0',
  ...LONG_FAULTS.flatMap((fault) => [`long 1: ${fault}`, `long 2: ${fault}`, `long 2 table: ${fault}`]),
  ...SHORT_FAULTS.map((fault) => `short 1: ${fault}`),
].sort();
