// Functions of the generated program that data-processing rows call: what would be long in every row that has it. They are pure.
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  gtS,
  gtU,
  ltS,
  op,
  or,
  select,
  sext,
  shl,
  shrS,
  shrU,
  sub,
  type Value,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { SHIFT } from './shifter.ts';

/** A result and, above it, carry or GE. */
function pair(low: Value, high: Value): Value {
  return or(zext(low), shl(zext(high), 32n));
}

/** Shift_C: (value, shift, carry) -> value with the carry above it. The amount may be up to 255. */
const shiftWithCarry: WasmFunction = {
  name: 'shiftWithCarry',
  type: { parameters: ['i32', 'i32', 'i32'], results: ['i64'] },
  build(code) {
    const x = code.parameter(0);
    const carry = code.parameter(2);
    const type = code.let(shrU(code.parameter(1), 8));
    const amount = code.let(and(code.parameter(1), 0xff));
    code.if(eqz(amount), () => code.return(pair(x, carry)));
    code.if(eq(type, SHIFT.RRX), () => code.return(pair(or(shl(carry, 31), shrU(x, 1)), and(x, 1))));
    code.if(eq(type, SHIFT.ROR), () => {
      const rotated = code.let(op('i32.rotr', 'i32', x, amount));
      code.return(pair(rotated, shrU(rotated, 31)));
    });
    // The bit that leaves last is one place beside the result: 33 bits hold both, and 33 places shift all of them out.
    const by = code.let(zext(select(gtU(amount, 33), 33, amount)));
    code.if(eq(type, SHIFT.LSL), () => code.return(and(shl(zext(x), by), 0x1ffffffffn)));
    const extended = select(eq(type, SHIFT.ASR), sext(x), zext(x));
    const moved = code.let(shrS(shl(extended, 1n), by));
    code.return(or(and(shrU(moved, 1n), 0xffffffffn), shl(and(moved, 1n), 32n)));
  },
};

/** How lanes of a parallel addition or subtraction (A4.4.7) are read, and what becomes of their sums. */
export const PARALLEL_KINDS = ['s', 'q', 'sh', 'u', 'uq', 'uh'] as const;
export const PARALLEL_OPERATIONS = ['add16', 'asx', 'sax', 'sub16', 'add8', 'sub8'] as const;
type ParallelKind = (typeof PARALLEL_KINDS)[number];
type ParallelOperation = (typeof PARALLEL_OPERATIONS)[number];

/** Does this kind set GE? Then its functions give an i64, GE above the result. */
export function setsGe(kind: ParallelKind): boolean {
  return kind === 's' || kind === 'u';
}

interface Lane {
  readonly from: number;
  readonly fromOther: number;
  readonly subtracts: boolean;
}

/** By lanes, from the lowest. */
const LANES: Readonly<Record<ParallelOperation, readonly Lane[]>> = {
  add16: [0, 1].map((i) => ({ from: i, fromOther: i, subtracts: false })),
  sub16: [0, 1].map((i) => ({ from: i, fromOther: i, subtracts: true })),
  asx: [0, 1].map((i) => ({ from: i, fromOther: 1 - i, subtracts: i === 0 })),
  sax: [0, 1].map((i) => ({ from: i, fromOther: 1 - i, subtracts: i === 1 })),
  add8: [0, 1, 2, 3].map((i) => ({ from: i, fromOther: i, subtracts: false })),
  sub8: [0, 1, 2, 3].map((i) => ({ from: i, fromOther: i, subtracts: true })),
};

function laneOf(x: Value, lane: number, bits: number, signed: boolean): Value {
  if (signed) return shrS(shl(x, 32 - bits - lane * bits), 32 - bits);
  return and(shrU(x, lane * bits), 2 ** bits - 1);
}

function limited(code: Code, sum: Value, least: number, most: number): Value {
  const notAbove = code.let(select(gtS(sum, most), most, sum));
  return select(ltS(notAbove, least), least, notAbove);
}

function laneResult(code: Code, kind: ParallelKind, sum: Value, bits: number): Value {
  if (kind === 'sh' || kind === 'uh') return shrS(sum, 1);
  if (kind === 'q') return limited(code, sum, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
  return kind === 'uq' ? limited(code, sum, 0, 2 ** bits - 1) : sum;
}

function parallel(kind: ParallelKind, operation: ParallelOperation): WasmFunction {
  const lanes = LANES[operation];
  const bits = 32 / lanes.length;
  const signed = !kind.startsWith('u');
  return {
    name: `${kind}${operation}`,
    type: { parameters: ['i32', 'i32'], results: [setsGe(kind) ? 'i64' : 'i32'] },
    build(code) {
      const result = code.let('i32');
      const ge = code.let('i32');
      lanes.forEach(({ from, fromOther, subtracts }, lane) => {
        const a = laneOf(code.parameter(0), from, bits, signed);
        const b = laneOf(code.parameter(1), fromOther, bits, signed);
        const sum = code.let(subtracts ? sub(a, b) : add(a, b));
        const kept = and(laneResult(code, kind, sum, bits), 2 ** bits - 1);
        code.set(result, or(result, shl(kept, lane * bits)));
        if (!setsGe(kind)) return;
        const enough = signed || subtracts ? gtS(sum, -1) : shrU(sum, bits);
        const all = bits === 8 ? 1 : 3;
        code.set(ge, or(ge, select(enough, all << ((lane * bits) / 8), 0)));
      });
      code.return(setsGe(kind) ? pair(result, ge) : result);
    },
  };
}

/** The sum of the absolute differences of bytes. */
const sumOfDifferences: WasmFunction = {
  name: 'sumOfDifferences',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const sum = code.let('i32');
    for (let lane = 0; lane < 4; lane++) {
      const [a, b] = [0, 1].map((i) => laneOf(code.parameter(i), lane, 8, false));
      const difference = code.let(sub(a!, b!));
      code.set(sum, add(sum, select(ltS(difference, 0), sub(0, difference), difference)));
    }
    code.return(sum);
  },
};

export const PROCESSING_FUNCTIONS: readonly WasmFunction[] = [
  shiftWithCarry,
  sumOfDifferences,
  ...PARALLEL_KINDS.flatMap((kind) => PARALLEL_OPERATIONS.map((operation) => parallel(kind, operation))),
];
