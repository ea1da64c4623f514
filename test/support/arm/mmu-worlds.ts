// Random worlds for the ARM MMU: tables in memory, system registers, addresses.
import { HCR, MODE, SCTLR, TTBCR_EAE } from '../../../src/arch/arm/registers.ts';
import { Random } from '../boot/random.ts';
import { MmuModel, type MmuRegisters } from './mmu-model.ts';
import { MmuModule, RAM_BASE, RAM_SIZE } from './mmu-module.ts';

const PAGES = RAM_SIZE / 4096;
const SEED = 7;

/** One stream for all: a test file is repeatable as a whole. */
export const random = new Random(SEED);
const chance = (percent: number): boolean => random.below(100) < percent;
export const when = (percent: number, bits: number): number => (chance(percent) ? bits : 0);
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

export function someAddress(): number {
  const sparse = chance(50) ? random.u32() & random.u32() & random.u32() : random.u32();
  return (chance(30) ? ~sparse : chance(20) ? (sparse & 0xffff) | RAM_BASE : sparse) >>> 0;
}

/** Worlds, each with registers, each with accesses; `body` compares. */
export function trials(
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
