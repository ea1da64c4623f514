import { describe, expect, it } from 'vitest';
import { geometricMean, median, ratio, spread } from '../../../scripts/bench/statistics.ts';

describe('statistics of the bench', () => {
  it('takes the middle of the samples, not their mean', () => {
    expect(median([9, 1, 2])).toBe(2);
    expect(median([4, 1, 100, 2])).toBe(3);
  });

  it('averages ratios so that twice as fast and half as fast cancel out', () => {
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
    expect(geometricMean([])).toBeNaN();
  });

  it('says how far samples lie apart, as a part of the median', () => {
    expect(spread([9, 10, 11])).toBeCloseTo(0.1);
    expect(spread([3])).toBe(0);
  });

  it('is above 1 where tsvm needs less time, and nothing where noise ate the difference', () => {
    expect(ratio(3, 2)).toBe(1.5);
    expect(ratio(-0.01, 2)).toBeNull();
    expect(ratio(1, 0)).toBeNull();
  });
});
