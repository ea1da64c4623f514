// The floating-point functions of the ARM program, called directly: what Advanced SIMD takes of them, the estimates against the manual's own real
// arithmetic (ARM DDI 0406C: A2.7.10), half precision in full, and flags.
import { describe, expect, it } from 'vitest';
import { FPSCR, STANDARD_FPSCR } from '../../../../src/arch/arm/fp/fpscr.ts';
import { BANKS } from '../../../../src/arch/arm/registers.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { instantiate } from '../../../support/arm/functions.ts';

const banks = layOutBanks(BANKS, 64, 16).banks;
const functions = instantiate(banks);
const words = new Int32Array(functions.memory.buffer);
const fpscrAt = banks.fpscr!.offset / 4;

/** Result, as an unsigned number, and the cumulative flags. */
function call(name: string, ...args: number[]): { result: number; flags: number } {
  words[fpscrAt] = 0;
  const result = Number(functions.call(name)!(...args)) >>> 0;
  return { result, flags: words[fpscrAt]! };
}
const view = new DataView(new ArrayBuffer(4));
const bits = (value: number): number => {
  view.setFloat32(0, value);
  return view.getUint32(0);
};
const number = (word: number): number => {
  view.setUint32(0, word);
  return view.getFloat32(0);
};
const result = (value: number, flags = 0) => ({ result: bits(value), flags });
const DEFAULT_NAN = 0x7fc00000;
const SIGNALING = 0x7f800001;
const SUBNORMAL = 1;

/** recip_estimate and recip_sqrt_estimate of the manual. */
const recipEstimate = (a: number): number => {
  const r = 1 / ((Math.trunc(a * 512) + 0.5) / 512);
  return Math.trunc(256 * r + 0.5) / 256;
};
const rsqrtEstimate = (a: number): number => {
  const unit = a < 0.5 ? 512 : 256;
  const r = 1 / Math.sqrt((Math.trunc(a * unit) + 0.5) / unit);
  return Math.trunc(256 * r + 0.5) / 256;
};

describe('estimates', () => {
  it('of reciprocals are the manual’s', () => {
    for (let i = 0; i < 512; i++) {
      const a = 0.5 + i / 1024;
      expect(call('recipEstimate32', bits(a), STANDARD_FPSCR)).toEqual(result(recipEstimate(a)));
      expect(call('recipEstimate32', bits(-a * 64), STANDARD_FPSCR)).toEqual(result(-recipEstimate(a) / 64));
      expect(call('recipEstimateU32', (a * 2 ** 32) >>> 0).result).toBe(recipEstimate(a) * 2 ** 31);
    }
  });

  it('of reciprocal square roots are the manual’s', () => {
    for (let i = 0; i < 768; i++) {
      const a = 0.25 + i / 1024;
      expect(call('rsqrtEstimate32', bits(a), STANDARD_FPSCR)).toEqual(result(rsqrtEstimate(a)));
      expect(call('rsqrtEstimate32', bits(a * 2 ** 20), STANDARD_FPSCR)).toEqual(result(rsqrtEstimate(a) / 2 ** 10));
      expect(call('rsqrtEstimateU32', (a * 2 ** 32) >>> 0).result).toBe(rsqrtEstimate(a) * 2 ** 31);
    }
  });

  it('of special operands', () => {
    const recip = (a: number) => call('recipEstimate32', a, STANDARD_FPSCR);
    const rsqrt = (a: number) => call('rsqrtEstimate32', a, STANDARD_FPSCR);
    expect(recip(bits(-0))).toEqual(result(-Infinity, FPSCR.DZC));
    expect(recip(SUBNORMAL)).toEqual(result(Infinity, FPSCR.DZC | FPSCR.IDC));
    expect(recip(bits(-Infinity))).toEqual(result(-0));
    expect(recip(bits(2 ** 126))).toEqual(result(0, FPSCR.UFC));
    expect(recip(SIGNALING)).toEqual({ result: DEFAULT_NAN, flags: FPSCR.IOC });
    expect(rsqrt(bits(-1))).toEqual({ result: DEFAULT_NAN, flags: FPSCR.IOC });
    expect(rsqrt(bits(-0))).toEqual(result(-Infinity, FPSCR.DZC));
    expect(rsqrt(bits(Infinity))).toEqual(result(0));
    expect(call('recipEstimateU32', 0x7fffffff).result).toBe(0xffffffff);
    expect(call('rsqrtEstimateU32', 0x3fffffff).result).toBe(0xffffffff);
  });

  it('and steps', () => {
    const step = (name: string, a: number, b: number) => call(name, bits(a), bits(b), STANDARD_FPSCR);
    expect(step('recipStep32', 3, 0.5)).toEqual(result(0.5));
    expect(step('recipStep32', 0, -Infinity)).toEqual(result(2));
    expect(step('rsqrtStep32', 3, 0.5)).toEqual(result(0.75));
    expect(step('rsqrtStep32', Infinity, 0)).toEqual(result(1.5));
    expect(step('rsqrtStep32', Infinity, 1)).toEqual(result(-Infinity));
  });
});

describe('comparisons, maximum and minimum', () => {
  const all = (name: string, a: number, b: number) => call(name, a, b, STANDARD_FPSCR);

  it('say yes by all ones', () => {
    for (const [a, b] of [
      [1, 1],
      [1, 2],
      [2, 1],
      [0, -0],
      [-1, -2],
      [-Infinity, Infinity],
    ] as const) {
      const yes = (condition: boolean) => ({ result: condition ? 0xffffffff : 0, flags: 0 });
      expect(all('eq32', bits(a), bits(b))).toEqual(yes(a === b));
      expect(all('ge32', bits(a), bits(b))).toEqual(yes(a >= b));
      expect(all('gt32', bits(a), bits(b))).toEqual(yes(a > b));
    }
  });

  it('of NaNs: only equality is quiet', () => {
    expect(all('eq32', DEFAULT_NAN, bits(1))).toEqual({ result: 0, flags: 0 });
    expect(all('eq32', SIGNALING, bits(1))).toEqual({ result: 0, flags: FPSCR.IOC });
    expect(all('ge32', DEFAULT_NAN, bits(1))).toEqual({ result: 0, flags: FPSCR.IOC });
    expect(all('max32', SIGNALING, bits(1))).toEqual({ result: DEFAULT_NAN, flags: FPSCR.IOC });
  });

  it('of zeros and what counts as zero', () => {
    expect(all('eq32', SUBNORMAL, bits(-0))).toEqual({ result: 0xffffffff, flags: FPSCR.IDC });
    expect(all('max32', bits(-0), bits(0))).toEqual(result(0));
    expect(all('min32', bits(0), bits(-0))).toEqual(result(-0));
    expect(all('max32', SUBNORMAL, bits(-1))).toEqual(result(0, FPSCR.IDC));
  });
});

describe('half precision', () => {
  it.each([
    ['IEEE', 0],
    ['alternative', FPSCR.AHP],
  ])('%s: every number comes back', (_, mode) => {
    for (let half = 0; half < 0x10000; half++) {
      const isSpecial = mode === 0 && (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;
      const single = call('fromHalf', half, mode);
      const back = call('toHalf', single.result, mode);
      expect(back).toEqual({ result: isSpecial ? half | 0x200 : half, flags: 0 });
      expect(single.flags).toBe(isSpecial && (half & 0x200) === 0 ? FPSCR.IOC : 0);
    }
  });

  it('is a number of 11 bits', () => {
    expect(number(call('fromHalf', 0x3c01, 0).result)).toBe(1 + 2 ** -10);
    expect(number(call('fromHalf', 0x8001, 0).result)).toBe(-(2 ** -24));
    expect(call('toHalf', bits(65520), 0)).toEqual({ result: 0x7c00, flags: FPSCR.OFC | FPSCR.IXC });
    expect(call('toHalf', bits(2 ** -25), 0)).toEqual({ result: 0, flags: FPSCR.UFC | FPSCR.IXC });
    expect(call('toHalf', bits(-Infinity), FPSCR.AHP)).toEqual({ result: 0xffff, flags: FPSCR.IOC });
  });
});

describe('rounding and flushing', () => {
  const down = 2 << FPSCR.RMODE_SHIFT;

  it('of sums', () => {
    const tiny = bits(2 ** -40);
    expect(call('add32', bits(1), tiny, 0)).toEqual(result(1, FPSCR.IXC));
    expect(call('sub32', bits(1), tiny, down)).toEqual(result(1 - 2 ** -24, FPSCR.IXC));
    expect(call('sub32', bits(1), bits(1), down)).toEqual(result(-0));
    expect(call('add32', SUBNORMAL, SUBNORMAL, 0)).toEqual({ result: 2, flags: 0 });
    expect(call('add32', SUBNORMAL, bits(1), FPSCR.FZ)).toEqual(result(1, FPSCR.IDC));
    expect(call('mul32', bits(2 ** -100), bits(2 ** -30), FPSCR.FZ)).toEqual(result(0, FPSCR.UFC));
  });

  it('of a product just below the smallest normal number: tiny before rounding', () => {
    const almost = 0x3f7fffff; // 1 - 2^-24
    expect(call('mul32', almost, 0x00800000, 0)).toEqual({ result: 0x00800000, flags: FPSCR.UFC | FPSCR.IXC });
    expect(call('mul32', almost, 0x00800000, FPSCR.FZ)).toEqual(result(0, FPSCR.UFC));
  });

  it('of NaNs: the first signalling one, then the first quiet one, or the default', () => {
    const [quiet, other] = [0xffc01234, 0x7fc05678];
    expect(call('add32', quiet, SIGNALING, 0)).toEqual({ result: SIGNALING | 0x400000, flags: FPSCR.IOC });
    expect(call('add32', quiet, other, 0)).toEqual({ result: quiet, flags: 0 });
    expect(call('add32', quiet, other, FPSCR.DN)).toEqual({ result: DEFAULT_NAN, flags: 0 });
    expect(call('fma32', quiet, bits(0), bits(Infinity), 0)).toEqual({ result: DEFAULT_NAN, flags: FPSCR.IOC });
    expect(call('fma32', SIGNALING, bits(0), bits(Infinity), 0)).toEqual({
      result: SIGNALING | 0x400000,
      flags: FPSCR.IOC,
    });
  });
});
