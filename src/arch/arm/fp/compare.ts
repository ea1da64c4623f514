// Comparisons, maximum and minimum (ARM DDI 0406C: A2.7.7).
import { asFloat, DOUBLE, isNan, type Native, SINGLE } from '../../../cpu/softfloat/native.ts';
import { MODE } from '../../../cpu/softfloat/rules.ts';
import {
  add,
  and,
  eq,
  gtS,
  low,
  ltS,
  ne,
  op,
  or,
  select,
  shl,
  shrU,
  sub,
  type Value,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { bitsOf, isSubnormal, wide } from './arithmetic.ts';
import { FPSCR, type Fpscr, softMode } from './fpscr.ts';

const UNORDERED = 2;
/** N, Z, C and V for -1, 0, 1 and UNORDERED, the first in the lowest four bits. */
const OUTCOMES = 0x3268;

const compared = (native: Native, name: 'lt' | 'eq', a: Value, b: Value): Value =>
  op(`${native.float}.${name}`, 'i32', asFloat(native, a), asFloat(native, b));

const order = (native: Native): WasmFunction => ({
  name: `order${bitsOf(native)}`,
  type: { parameters: [native.type, native.type, 'i32', 'i32'], results: ['i32'] },
  build(code) {
    const [a, b, signaling, mode] = [code.parameter(0), code.parameter(1), code.parameter(2), code.parameter(3)];
    const subnormal = and(ne(and(mode, FPSCR.FZ), 0), or(isSubnormal(native, a), isSubnormal(native, b)));
    code.if(or(subnormal, or(isNan(native, a), isNan(native, b))), () => {
      const soft = or(softMode(code, mode, native.mode), select(signaling, MODE.SIGNALING, 0));
      code.return(code.call('fpCompare', 'i32', wide(native, a), wide(native, b), soft));
    });
    code.return(sub(compared(native, 'lt', b, a), compared(native, 'lt', a, b)));
  },
});

const compare = (fpscr: Fpscr, native: Native): WasmFunction => ({
  name: `compare${bitsOf(native)}`,
  type: { parameters: [native.type, native.type, 'i32', 'i32'], results: ['i32'] },
  build(code) {
    const [a, b, signaling, mode] = [code.parameter(0), code.parameter(1), code.parameter(2), code.parameter(3)];
    const outcome = code.let(code.call(`order${bitsOf(native)}`, 'i32', a, b, signaling, mode));
    const flags = shl(shrU(OUTCOMES, shl(add(outcome, 1), 2)), 28);
    fpscr.set(code, or(and(fpscr.value(), ~FPSCR.NZCV), flags));
    code.return(0);
  },
});

/** eq32, ge32, gt32: -1 or 0. */
const test = (name: string, signaling: number, holds: (outcome: Value) => Value): WasmFunction => ({
  name,
  type: { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
  build(code) {
    const [a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const outcome = code.let(code.call('order32', 'i32', a, b, signaling, mode));
    code.return(sub(0, holds(outcome)));
  },
});

/** (a, mode) -> a, or with FZ a zero for a subnormal number. */
const flush = (fpscr: Fpscr, native: Native): WasmFunction => ({
  name: `flush${bitsOf(native)}`,
  type: { parameters: [native.type, 'i32'], results: [native.type] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    code.if(and(mode, FPSCR.FZ), () =>
      code.if(isSubnormal(native, a), () => {
        fpscr.raise(code, FPSCR.IDC);
        code.return(and(a, native.type === 'i64' ? -(1n << 63n) : -(2 ** 31)));
      }),
    );
    code.return(a);
  },
});

const extreme = (name: 'max32' | 'min32'): WasmFunction => ({
  name,
  type: { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
  build(code) {
    const mode = code.parameter(2);
    const flushed = (i: number): Value => code.let(code.call('flush32', 'i32', code.parameter(i), mode));
    const [a, b] = [flushed(0), flushed(1)];
    code.if(or(isNan(SINGLE, a), isNan(SINGLE, b)), () =>
      code.return(low(code.call('fpNan', 'i64', zext(a), zext(b), 0n, softMode(code, mode)))),
    );
    // Equal operands differ at most in the sign of zero.
    const isMax = name === 'max32';
    code.if(compared(SINGLE, 'eq', a, b), () => code.return(isMax ? and(a, b) : or(a, b)));
    const less = compared(SINGLE, 'lt', a, b);
    code.return(isMax ? select(less, b, a) : select(less, a, b));
  },
});

export function compareFunctions(fpscr: Fpscr): WasmFunction[] {
  return [
    ...[SINGLE, DOUBLE].flatMap((native) => [order(native), compare(fpscr, native), flush(fpscr, native)]),
    test('eq32', 0, (outcome) => eq(outcome, 0)),
    test('ge32', 1, (outcome) => and(gtS(outcome, -1), ltS(outcome, UNORDERED))),
    test('gt32', 1, (outcome) => eq(outcome, 1)),
    extreme('max32'),
    extreme('min32'),
  ];
}
