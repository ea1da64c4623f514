// Seeded choices: the same for the same seed and case.
import { random } from '../fakes.ts';

export class Choice {
  private readonly next: () => number;

  constructor(seed: number, index = 0) {
    this.next = random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    // Neighbours start alike.
    for (let i = 0; i < 3; i++) this.next();
  }

  /** 0 to n - 1. */
  below(n: number): number {
    return Math.floor((this.next() / 2 ** 32) * n);
  }

  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() & 0xff);
  }
}
