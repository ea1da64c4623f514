// The emitter with what A32 and MIPS64 ask of it and it does not say yet (docs/adr/0002-isa-rows-carry-other-architectures.md). Stand-ins:
// typed as the operations will be, but written down as helper calls, so that rows build and expand while nothing of them runs.
import { Emitter } from '../../../src/cpu/emit/emitter.ts';
import type { I32, I64, Operand } from '../../../src/cpu/emit/values.ts';

/** Names of the stand-ins, for a sketch's helper list. */
export const STAND_INS = ['forEachBit', 'probeRead', 'load64Low', 'load64High'] as const;

export class GrownEmitter extends Emitter {
  /**
   * Once per set bit of a register list, lowest first, with its register and how many came before. A loop in the interpreter, unrolled
   * in a region, where the list is a constant.
   */
  forEachBit(list: Operand, body: (register: Operand, ordinal: I32) => void): void {
    const bit = this.helper('forEachBit', this.imm(list));
    body(bit as unknown as Operand, bit);
  }

  /** All of [address, address + bytes) can be read: faults and MMIO are over before the first register changes. */
  probeRead(address: I32, bytes: I32): void {
    this.helper('probeRead', address, bytes);
  }

  /** A doubleword from a 64-bit address. */
  load64(address: I64): I64 {
    const low = this.helper('load64Low', this.low(address), this.high(address));
    const high = this.helper('load64High', this.low(address), this.high(address));
    return this.or64(this.shl64(this.zext64(high), this.const64(32n)), this.zext64(low));
  }
}

export const standInHelpers: Readonly<Record<string, () => number>> = Object.fromEntries(
  STAND_INS.map((name) => [
    name,
    () => {
      throw new Error(`${name} is a stand-in`);
    },
  ]),
);
