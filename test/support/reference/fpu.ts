// What the MIPS FPU's functions do, once more and plainly: exact rational arithmetic (floats.ts), FCSR brought up to date at once. Legacy NaNs,
// results as of qemu's 24Kf: every NaN result is the default NaN, and FS makes subnormal results zero without a flag.
import {
  add,
  type Context,
  compare,
  convert,
  DOUBLE,
  div,
  type Flag,
  type Format,
  fromInteger,
  mul,
  type Result,
  type Round,
  type Rules,
  SINGLE,
  sqrt,
  toInteger,
} from './floats.ts';

const RULES: Rules = {
  quietBitSet: false,
  defaultNanNegative: false,
  nan: 'default',
  tininess: 'after',
  fusedOrder: 'abc',
  fusedInvalid: 'default',
};
const ROUNDS: readonly Round[] = ['even', 'zero', 'up', 'down'];
const FS = 1 << 24;
const BITS: Readonly<Record<Flag, number>> = { inexact: 1, underflow: 2, overflow: 4, divide: 8, invalid: 16 };
const CAUSE = 0x3f000;
const UNIMPLEMENTED = 0x20;
const TRAPPED = -1;

type Value = number | bigint;

/** The two words of the state that functions change. */
export interface FpuState {
  getFcsr(): number;
  setFcsr(value: number): void;
  /** Bank fpuLast. */
  setLast(value: number): void;
}

const ONE: Readonly<Record<number, bigint>> = { 32: 0x3f800000n, 64: 0x3ff0000000000000n };

export class ReferenceFpu {
  private readonly state: FpuState;

  constructor(state: FpuState) {
    this.state = state;
  }

  /** A function of the program by name, or undefined when it is none of the FPU's. */
  call(name: string, args: readonly Value[]): Value | undefined {
    const native = /^fpu(Add|Sub|Mul|Div)([SD])$/.exec(name);
    if (native) {
      const f = native[2] === 'D' ? DOUBLE : SINGLE;
      const [a, b] = args.map((arg) => this.bits(arg, f)) as [bigint, bigint];
      return this.result(f, this.done(this.binary(native[1]!, a, b, f)));
    }
    switch (name) {
      case 'fpuSettle':
        return 0;
      case 'fpuSetFcsr':
        return this.writeFcsr(Number(args[0]));
      case 'fpuSqrtS':
      case 'fpuSqrtD': {
        const f = name === 'fpuSqrtD' ? DOUBLE : SINGLE;
        return this.result(f, this.done(sqrt(this.bits(args[0]!, f), f, this.context())));
      }
      case 'fpuCompareS':
      case 'fpuCompareD':
        return this.compare(name === 'fpuCompareD' ? DOUBLE : SINGLE, args);
      case 'fpuToDouble':
        return this.result(DOUBLE, this.done(convert(this.bits(args[0]!, SINGLE), SINGLE, DOUBLE, this.context())));
      case 'fpuToSingle':
        return this.result(SINGLE, this.done(convert(this.bits(args[0]!, DOUBLE), DOUBLE, SINGLE, this.context())));
      case 'fpuFromWord':
        return this.result(DOUBLE, this.done(fromInteger(BigInt(args[0]!), DOUBLE, this.context())));
      case 'fpuSingleFromWord':
        return this.result(SINGLE, this.done(fromInteger(BigInt(args[0]!), SINGLE, this.context())));
      case 'fpuTruncS':
        return this.integer(this.bits(args[0]!, SINGLE), SINGLE, 'zero', 32);
      case 'fpuTruncD':
        return this.integer(this.bits(args[0]!, DOUBLE), DOUBLE, 'zero', 32);
      case 'fpuNearestD':
        return this.integer(this.bits(args[0]!, DOUBLE), DOUBLE, this.context().round, 32);
      case 'fpuSlow':
        return this.slow(Number(args[0]), BigInt(args[1]!));
      case 'fpuMultiplyAdd':
        return this.multiplyAdd(Number(args[0]), args.slice(1));
      default:
        return undefined;
    }
  }

  private context(): Context {
    const fcsr = this.state.getFcsr();
    return { rules: RULES, round: ROUNDS[fcsr & 3]!, flush: (fcsr & FS) !== 0 };
  }

  private bits(value: Value, f: Format): bigint {
    return BigInt.asUintN(f.bits, BigInt(value));
  }

  private result(f: Format, bits: bigint): Value {
    return f === DOUBLE ? BigInt.asIntN(64, bits) : Number(BigInt.asIntN(32, bits));
  }

  private binary(name: string, a: bigint, b: bigint, f: Format): Result {
    const context = this.context();
    if (name === 'Mul') return mul(a, b, f, context);
    return name === 'Div' ? div(a, b, f, context) : add(a, b, f, context, name === 'Sub');
  }

  /** FCSR takes the flags: Cause, and the sticky ones unless an enabled exception is raised. */
  private raise(flags: ReadonlySet<Flag>): void {
    const word = [...flags].reduce((sum, flag) => sum | BITS[flag], 0);
    const fcsr = (this.state.getFcsr() & ~CAUSE) | (word << 12);
    const enabled = ((fcsr >>> 7) & word & 0x1f) !== 0;
    this.state.setFcsr(enabled ? fcsr : fcsr | (word << 2));
    this.state.setLast(enabled ? TRAPPED : 0);
  }

  private done({ bits, flags }: Result): bigint {
    this.raise(flags);
    return bits;
  }

  private writeFcsr(value: number): number {
    this.state.setFcsr(value);
    const causes = (value >>> 12) & 0x3f;
    const enables = ((value >>> 7) & 0x1f) | UNIMPLEMENTED;
    this.state.setLast((causes & enables) !== 0 ? TRAPPED : 0);
    return 0;
  }

  private compare(f: Format, [a, b, what]: readonly Value[]): number {
    const condition = Number(what) & 15;
    const { order, flags } = compare(this.bits(a!, f), this.bits(b!, f), f, this.context(), (condition & 8) !== 0);
    this.raise(flags);
    const trapped = ((this.state.getFcsr() >>> 7) & 16) !== 0 && flags.has('invalid');
    if (trapped) return 0;
    const holds =
      (order === -1 && (condition & 4) !== 0) ||
      (order === 0 && (condition & 2) !== 0) ||
      (order === 2 && (condition & 1) !== 0);
    const bit = Number(what) & ~15;
    const fcsr = this.state.getFcsr();
    this.state.setFcsr(holds ? fcsr | bit : fcsr & ~bit);
    return 0;
  }

  private integer(a: bigint, f: Format, round: Round, width: 32 | 64): Value {
    const max = (1n << BigInt(width - 1)) - 1n;
    const { integer, flags } = toInteger(a, f, { ...this.context(), round }, -max - 1n, max);
    this.raise(flags);
    const kept = flags.has('invalid') ? max : integer;
    return width === 64 ? kept : Number(kept);
  }

  private slow(operation: number, a: bigint): bigint {
    const isDouble = (operation & 0x10) !== 0;
    const f = isDouble ? DOUBLE : SINGLE;
    const context = this.context();
    const one = ONE[f.bits]!;
    const operand = this.bits(a, f);
    const wide = (bits: bigint): bigint => BigInt.asIntN(64, bits);
    switch (operation & 15) {
      case 6:
        return wide(this.done(div(one, operand, f, context)));
      case 7: {
        const root = sqrt(operand, f, context);
        const { bits, flags } = div(one, root.bits, f, context);
        return wide(this.done({ bits, flags: new Set([...root.flags, ...flags]) }));
      }
      case 9: {
        const own = (operation & 0x800) !== 0;
        const round = own ? ROUNDS[(operation >> 12) & 3]! : context.round;
        return BigInt(this.integer(operand, f, round, (operation & 0x400) !== 0 ? 64 : 32));
      }
      case 10:
        return wide(this.done(fromInteger(BigInt.asIntN(64, a), f, context)));
      default:
        throw new Error(`no reference for FPU operation ${operation}`);
    }
  }

  private multiplyAdd(operation: number, args: readonly Value[]): bigint {
    const f = (operation & 0x10) !== 0 ? DOUBLE : SINGLE;
    const [a, b, c] = args.map((arg) => this.bits(arg, f)) as [bigint, bigint, bigint];
    const context = this.context();
    const product = mul(a, b, f, context);
    const sum = add(product.bits, c, f, context, (operation & 0x80) !== 0);
    const sign = (operation & 0x4000) !== 0 ? 1n << BigInt(f.bits - 1) : 0n;
    return BigInt.asIntN(64, this.done({ bits: sum.bits ^ sign, flags: new Set([...product.flags, ...sum.flags]) }));
  }
}
