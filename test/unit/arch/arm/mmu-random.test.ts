// The ARM MMU against the model of it (mmu-model.ts): random tables, registers and addresses.
import { describe, expect, it } from 'vitest';
import { AT_OPERATION } from '../../../../src/arch/arm/mmu/operations.ts';
import { ABORT, HCR, MODE, TRAP, TTBCR_EAE } from '../../../../src/arch/arm/registers.ts';
import type { Fault, MmuRegisters, Output, Request } from '../../../support/arm/mmu-model.ts';
import { isFault, partsOf, statusOf, wordOf } from '../../../support/arm/mmu-module.ts';
import { random, someAddress, trials, when } from '../../../support/arm/mmu-worlds.ts';

const KINDS = ['read', 'write', 'fetch'] as const;

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
