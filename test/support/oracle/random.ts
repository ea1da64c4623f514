// A small seeded generator for tests (xorshift128, seeded by splitmix-style mixing): the same seed and stream give the same
// numbers on every machine.

/** Mixes 32 bits so that neighbouring seeds give unrelated streams. */
function mix(value: number): number {
  let x = (value + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export class Random {
  private readonly state = new Uint32Array(4);

  constructor(seed: number, stream: number) {
    let x = mix(mix(seed) ^ Math.imul(stream, 0x85ebca6b));
    for (let i = 0; i < 4; i++) {
      x = mix(x + i);
      this.state[i] = x | 1;
    }
  }

  /** 32 random bits, unsigned. */
  word(): number {
    const s = this.state;
    let t = s[3]!;
    t ^= t << 11;
    t ^= t >>> 8;
    s[3] = s[2]!;
    s[2] = s[1]!;
    s[1] = s[0]!;
    s[0] = t ^ s[0]! ^ (s[0]! >>> 19);
    return s[0]!;
  }

  /** 0 .. count - 1. */
  below(count: number): number {
    return Math.floor((this.word() / 0x100000000) * count);
  }

  /** True `percent` times of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}
