// The few statistics the bench needs.

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of positive values; NaN of nothing. */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** How far the values lie apart: (largest - smallest) / 2, as a part of the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

/** Peer's seconds per second of tsvm, so that more than 1 is tsvm faster; null where a difference of two runs drowned in noise. */
export function ratio(peerSeconds: number, tsvmSeconds: number): number | null {
  return peerSeconds > 0 && tsvmSeconds > 0 ? peerSeconds / tsvmSeconds : null;
}
