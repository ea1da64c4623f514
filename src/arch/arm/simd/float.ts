// Advanced SIMD, single-precision lanes, computed one after another by the functions of floating point with the Standard FPSCR value
// (ARM DDI 0406C: A2.7.8, A7.4). Those add to FPSCR's cumulative flags.
import {
  add,
  and,
  type Code,
  load,
  loadAt,
  ltS,
  type Operand,
  or,
  select,
  type Value,
  type Variable,
  xor,
} from '../../../cpu/wasm/code.ts';
import { FPSCR, STANDARD_FPSCR, TOWARD_ZERO } from '../fp/fpscr.ts';
import { Registers, range, SIMD_TYPE, type SimdFunction } from './vectors.ts';
import { WORD } from './word.ts';

const SIGN = 0x80000000 | 0;
const LANE_BYTES = 4;

/** The functions of fp/functions.ts, of operands as bits. */
class Float {
  readonly registers: Registers;
  private readonly code: Code;

  constructor(registers: Registers) {
    this.registers = registers;
    this.code = registers.code;
  }

  call(name: string, ...args: Operand[]): Value {
    return this.code.call(name, 'i32', ...args, STANDARD_FPSCR);
  }
  /** Conversion to an integer, toward zero, with this many bits behind the point. */
  toFixed(a: Value, fraction: Operand): Value {
    return this.code.call('toFixed32', 'i32', a, fraction, this.kind(), STANDARD_FPSCR | TOWARD_ZERO);
  }
  fromFixed(a: Value, fraction: Operand): Value {
    return this.code.call('fromFixed32', 'i32', a, fraction, this.kind(), STANDARD_FPSCR);
  }
  /** Without a mode. */
  estimateUnsigned(name: string, a: Value): Value {
    return this.code.call(name, 'i32', a);
  }
  /** FIXED.UNSIGNED, or 0. */
  private kind(): Value {
    return select(this.registers.has(WORD.UNSIGNED), 1, 0);
  }
}

const negated = (a: Value): Value => xor(a, SIGN);
const absolute = (a: Value): Value => and(a, ~SIGN);

type Make = (f: Float, n: Value, m: Value, d: Value) => Value;

/** One of the words at `offset` in a register. */
const laneAt = (registers: Registers, at: number, offset: Operand): Value =>
  loadAt('i32.load', registers.address(at, offset));

/** A function of each lane; with a scalar, the second operand is the element at M. */
function floatFunction(name: string, make: Make, scalar = false): SimdFunction {
  return (banks) => ({
    name,
    type: SIMD_TYPE,
    build(code) {
      const registers = new Registers(code, banks);
      const f = new Float(registers);
      const m = code.let('i32');
      if (scalar) code.set(m, laneAt(registers, WORD.M, 0));
      const end = code.let(select(registers.has(WORD.QUAD), 16, 8));
      const offset = code.let(0);
      code.while(ltS(offset, end), () => {
        if (!scalar) code.set(m, laneAt(registers, WORD.M, offset));
        const [n, d] = [laneAt(registers, WORD.N, offset), laneAt(registers, WORD.D, offset)];
        code.storeAt('i32.store', registers.address(WORD.D, offset), make(f, n, m, d));
        code.set(offset, add(offset, LANE_BYTES));
      });
      code.return(0);
    },
  });
}

/** A function of pairs of adjacent elements: of N, then of M. */
const pairFunction =
  (name: string, operation: string): SimdFunction =>
  (banks) => ({
    name,
    type: SIMD_TYPE,
    build(code) {
      const registers = new Registers(code, banks);
      const f = new Float(registers);
      const pair = (at: number): Variable =>
        code.let(f.call(operation, laneAt(registers, at, 0), laneAt(registers, at, LANE_BYTES)));
      const results = [pair(WORD.N), pair(WORD.M)];
      results.forEach((result, i) => {
        code.storeAt('i32.store', registers.address(WORD.D, i * LANE_BYTES), result);
      });
      code.return(0);
    },
  });

/** VCVT between half and single precision. The alternative format is as FPSCR says. */
const halves =
  (name: string, operation: 'fromHalf' | 'toHalf'): SimdFunction =>
  (banks) => ({
    name,
    type: SIMD_TYPE,
    build(code) {
      const registers = new Registers(code, banks);
      const mode = code.let(or(and(load('i32.load', banks.fpscr!.offset), FPSCR.AHP), STANDARD_FPSCR));
      const [loadOp, storeOp, from, to] =
        operation === 'fromHalf'
          ? (['i32.load16_u', 'i32.store', 2, 4] as const)
          : (['i32.load', 'i32.store16', 4, 2] as const);
      // The registers may overlap.
      const results = range(0, 4).map((i) =>
        code.let(code.call(operation, 'i32', loadAt(loadOp, registers.address(WORD.M, i * from)), mode)),
      );
      results.forEach((result, i) => {
        code.storeAt(storeOp, registers.address(WORD.D, i * to), result);
      });
      code.return(0);
    },
  });

const mulAdd: Make = (f, n, m, d) => f.call('add32', d, f.call('mul32', n, m));
const mulSub: Make = (f, n, m, d) => f.call('add32', d, negated(f.call('mul32', n, m)));
const mul: Make = (f, n, m) => f.call('mul32', n, m);

export const floatFunctions: readonly SimdFunction[] = [
  floatFunction('simdAddFloat', (f, n, m) => f.call('add32', n, m)),
  floatFunction('simdSubFloat', (f, n, m) => f.call('sub32', n, m)),
  floatFunction('simdMulFloat', mul),
  floatFunction('simdMlaFloat', mulAdd),
  floatFunction('simdMlsFloat', mulSub),
  floatFunction('simdMulFloatScalar', mul, true),
  floatFunction('simdMlaFloatScalar', mulAdd, true),
  floatFunction('simdMlsFloatScalar', mulSub, true),
  floatFunction('simdFma', (f, n, m, d) => f.call('fma32', d, n, m)),
  floatFunction('simdFms', (f, n, m, d) => f.call('fma32', d, negated(n), m)),
  floatFunction('simdAbdFloat', (f, n, m) => absolute(f.call('sub32', n, m))),
  floatFunction('simdCeqFloat', (f, n, m) => f.call('eq32', n, m)),
  floatFunction('simdCgeFloat', (f, n, m) => f.call('ge32', n, m)),
  floatFunction('simdCgtFloat', (f, n, m) => f.call('gt32', n, m)),
  floatFunction('simdAcge', (f, n, m) => f.call('ge32', absolute(n), absolute(m))),
  floatFunction('simdAcgt', (f, n, m) => f.call('gt32', absolute(n), absolute(m))),
  floatFunction('simdMaxFloat', (f, n, m) => f.call('max32', n, m)),
  floatFunction('simdMinFloat', (f, n, m) => f.call('min32', n, m)),
  floatFunction('simdRecps', (f, n, m) => f.call('recipStep32', n, m)),
  floatFunction('simdRsqrts', (f, n, m) => f.call('rsqrtStep32', n, m)),
  pairFunction('simdPaddFloat', 'add32'),
  pairFunction('simdPmaxFloat', 'max32'),
  pairFunction('simdPminFloat', 'min32'),
  floatFunction('simdCgtZeroFloat', (f, _, m) => f.call('gt32', m, 0)),
  floatFunction('simdCgeZeroFloat', (f, _, m) => f.call('ge32', m, 0)),
  floatFunction('simdCeqZeroFloat', (f, _, m) => f.call('eq32', m, 0)),
  floatFunction('simdCleZeroFloat', (f, _, m) => f.call('ge32', 0, m)),
  floatFunction('simdCltZeroFloat', (f, _, m) => f.call('gt32', 0, m)),
  floatFunction('simdRecpe', (f, _, m) => f.estimateUnsigned('recipEstimateU32', m)),
  floatFunction('simdRsqrte', (f, _, m) => f.estimateUnsigned('rsqrtEstimateU32', m)),
  floatFunction('simdRecpeFloat', (f, _, m) => f.call('recipEstimate32', m)),
  floatFunction('simdRsqrteFloat', (f, _, m) => f.call('rsqrtEstimate32', m)),
  // In the place of N: bits behind the point, 0 for integers.
  floatFunction('simdToFixed', (f, _, m) => f.toFixed(m, f.registers.byte(WORD.N))),
  floatFunction('simdFromFixed', (f, _, m) => f.fromFixed(m, f.registers.byte(WORD.N))),
  halves('simdFromHalf', 'fromHalf'),
  halves('simdToHalf', 'toHalf'),
];
