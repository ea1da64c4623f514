// Addition, subtraction, multiplication, division, square root and fused multiply-add (ARM DDI 0406C: A2.7.5 to A2.7.8): the native operation where
// it gives what softfloat would (softfloat/native.ts), else softfloat.
//
// Native: rounding to nearest, inexact set already or not happening, and with FZ no subnormal operand.
import {
  type Arithmetic,
  asBits,
  asFloat,
  binary,
  DOUBLE,
  isExact,
  isExactZero,
  isOrdinary,
  type Native,
  SINGLE,
} from '../../../cpu/softfloat/native.ts';
import { MODE } from '../../../cpu/softfloat/rules.ts';
import {
  and,
  type Code,
  eqz,
  low,
  ltU,
  ne,
  type Operand,
  op,
  or,
  shl,
  sub,
  type Value,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { FPSCR, type Fpscr, softMode } from './fpscr.ts';

export const bitsOf = ({ type }: Native): 32 | 64 => (type === 'i64' ? 64 : 32);
/** As softfloat takes it. */
export const wide = ({ type }: Native, bits: Value): Value => (type === 'i64' ? bits : zext(bits));
/** From softfloat's result. */
const narrow = ({ type }: Native, bits: Value): Value => (type === 'i64' ? bits : low(bits));

/** Is it subnormal? */
export function isSubnormal({ one, smallest }: Native, bits: Operand): Value {
  const below = typeof smallest === 'bigint' ? smallest - 1n : smallest - 1;
  return ltU(sub(shl(bits, one), one), below);
}

/** With FZ, does one of the operands count as zero? */
const flushes = (native: Native, mode: Value, ...operands: readonly Value[]): Value =>
  and(
    ne(and(mode, FPSCR.FZ), 0),
    operands.map((bits) => isSubnormal(native, bits)).reduce((a, b) => or(a, b)),
  );

const roundsToNearest = (mode: Value): Value => eqz(and(mode, FPSCR.RMODE));
const isInexact = (fpscr: Fpscr): Value => and(fpscr.value(), FPSCR.IXC);

const arithmetic = (
  fpscr: Fpscr,
  native: Native,
  name: Arithmetic,
  exactly: (code: Code, a: Value, b: Value, mode: Value) => Value,
): WasmFunction => ({
  name: `${name}${bitsOf(native)}`,
  type: { parameters: [native.type, native.type, 'i32'], results: [native.type] },
  build(code) {
    const [a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const result = code.let(asBits(native, binary(native, name, asFloat(native, a), asFloat(native, b))));
    const doubled = code.let(shl(result, native.one));
    const sure = or(isOrdinary(native, doubled), isExactZero(native, name, a, b, doubled));
    code.if(and(sure, roundsToNearest(mode)), () =>
      code.if(eqz(flushes(native, mode, a, b)), () => {
        code.if(isInexact(fpscr), () => code.return(result));
        code.if(isExact(native, name, a, b, result), () => code.return(result));
      }),
    );
    code.return(narrow(native, exactly(code, wide(native, a), wide(native, b), mode)));
  },
});

const squareRoot = (fpscr: Fpscr, native: Native): WasmFunction => ({
  name: `sqrt${bitsOf(native)}`,
  type: { parameters: [native.type, 'i32'], results: [native.type] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const result = code.let(asBits(native, op(`${native.float}.sqrt`, native.float, asFloat(native, a))));
    const sure = and(isOrdinary(native, shl(result, native.one)), roundsToNearest(mode));
    code.if(and(sure, eqz(flushes(native, mode, a))), () => code.if(isInexact(fpscr), () => code.return(result)));
    code.return(narrow(native, code.call('fpSqrt', 'i64', wide(native, a), softMode(code, mode, native.mode))));
  },
});

const fused = (native: Native): WasmFunction => ({
  name: `fma${bitsOf(native)}`,
  type: { parameters: [native.type, native.type, native.type, 'i32'], results: [native.type] },
  build(code) {
    const [addend, a, b] = [0, 1, 2].map((i) => wide(native, code.parameter(i))) as [Value, Value, Value];
    const mode = softMode(code, code.parameter(3), native.mode);
    code.return(narrow(native, code.call('fpFma', 'i64', a, b, addend, mode)));
  },
});

const FUNCTIONS: readonly (readonly [name: Arithmetic, softfloat: string, more: number])[] = [
  ['add', 'fpAdd', 0],
  ['sub', 'fpAdd', MODE.SUBTRACT],
  ['mul', 'fpMul', 0],
  ['div', 'fpDiv', 0],
];

export function arithmeticFunctions(fpscr: Fpscr): WasmFunction[] {
  return [SINGLE, DOUBLE].flatMap((native) => [
    ...FUNCTIONS.map(([name, softfloat, more]) =>
      arithmetic(fpscr, native, name, (code, a, b, mode) =>
        code.call(softfloat, 'i64', a, b, softMode(code, mode, native.mode | more)),
      ),
    ),
    squareRoot(fpscr, native),
    fused(native),
  ]);
}
