// A small seeded generator (Marsaglia's xorshift32) for decisions that must be the same in every run with one seed.

export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    // Spread small seeds over all bits; the state must not be zero.
    this.state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x6d2b79f5) >>> 0 || 1;
  }

  /** A whole number from 0 to `below` - 1; `below` at most 2^31. */
  below(below: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state % below;
  }
}
