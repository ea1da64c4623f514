// Half precision (ARM DDI 0406C: A2.7.4, FPHalfToSingle, FPSingleToHalf): the IEEE format, or with FPSCR.AHP one that has numbers where the other has
// infinities and NaNs. FZ does not concern half-precision numbers.
import { asBits, asFloat, isNan, SINGLE } from '../../../cpu/softfloat/native.ts';
import { unpacked } from '../../../cpu/softfloat/numbers.ts';
import {
  add,
  and,
  eq,
  eqz,
  gtS,
  gtU,
  low,
  ltS,
  ne,
  op,
  or,
  select,
  shl,
  shrU,
  sub,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { FPSCR, type Fpscr, softMode } from './fpscr.ts';

const INFINITY = 0x7c00;
const FRACTION = 10;
/** Exponent of the smallest normal number. */
const MIN_EXPONENT = -14;
const SINGLE_INFINITY = 0x7f800000;
const SINGLE_QUIET = 1 << 22;

const fromHalf = (fpscr: Fpscr): WasmFunction => ({
  name: 'fromHalf',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const sign = code.let(shl(and(a, 0x8000), 16));
    const magnitude = code.let(and(a, 0x7fff));
    const scaled = code.let(shl(magnitude, 23 - FRACTION));
    code.if(gtU(INFINITY, magnitude), () => {
      // A subnormal one is its fraction times 2 to the power of -24.
      const factor = asFloat(SINGLE, (127 - 24) << 23);
      const subnormal = asBits(SINGLE, op('f32.mul', 'f32', op('f32.convert_i32_s', 'f32', magnitude), factor));
      code.if(gtU(1 << FRACTION, magnitude), () => code.return(or(sign, subnormal)));
      code.return(or(sign, add(scaled, (127 - 15) << 23)));
    });
    code.if(and(mode, FPSCR.AHP), () => code.return(or(sign, add(scaled, (127 - 15) << 23))));
    code.if(eq(magnitude, INFINITY), () => code.return(or(sign, SINGLE_INFINITY)));
    code.if(eqz(and(scaled, SINGLE_QUIET)), () => fpscr.raise(code, FPSCR.IOC));
    code.if(and(mode, FPSCR.DN), () => code.return(SINGLE_INFINITY | SINGLE_QUIET));
    code.return(or(or(sign, scaled), SINGLE_INFINITY | SINGLE_QUIET));
  },
});

const toHalf = (fpscr: Fpscr): WasmFunction => ({
  name: 'toHalf',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const mode = code.parameter(1);
    const a = code.let(code.call('flush32', 'i32', code.parameter(0), mode));
    const sign = code.let(and(shrU(a, 16), 0x8000));
    const alternative = code.let(and(mode, FPSCR.AHP));
    code.if(isNan(SINGLE, a), () => {
      code.if(or(ne(alternative, 0), eqz(and(a, SINGLE_QUIET))), () => fpscr.raise(code, FPSCR.IOC));
      code.if(alternative, () => code.return(sign));
      code.if(and(mode, FPSCR.DN), () => code.return(0x7e00));
      code.return(or(or(sign, 0x7e00), and(shrU(a, 23 - FRACTION), 0x1ff)));
    });
    const invalid = (): void => {
      fpscr.raise(code, FPSCR.IOC);
      code.return(or(sign, 0x7fff));
    };
    const magnitude = code.let(and(a, 0x7fffffff));
    code.if(eqz(magnitude), () => code.return(sign));
    code.if(eq(magnitude, SINGLE_INFINITY), () => {
      code.if(alternative, invalid);
      code.return(or(sign, INFINITY));
    });

    const [exponent, wide] = unpacked(code, zext(a), softMode(code, mode));
    const significand = code.let(low(shrU(wide, 62n - 23n)));
    const tiny = code.let(ltS(exponent, MIN_EXPONENT));
    /** How many bits of the significand are lost. */
    const lost = code.let(23 - FRACTION);
    code.if(tiny, () => code.set(lost, add(lost, sub(MIN_EXPONENT, exponent))));
    code.if(gtS(lost, 25), () => code.set(lost, 25)); // less than a half
    const rest = code.let(and(significand, sub(shl(1, lost), 1)));
    const half = shl(1, sub(lost, 1));
    const result = code.let(shrU(significand, lost));
    const negative = ne(sign, 0);
    const roundIs = (rmode: number) => eq(and(mode, FPSCR.RMODE), rmode << FPSCR.RMODE_SHIFT);
    const nearest = roundIs(0);
    const away = code.let(or(and(roundIs(1), eqz(negative)), and(roundIs(2), negative)));
    const upToEven = or(gtU(rest, half), and(eq(rest, half), and(result, 1)));
    code.set(result, add(result, or(and(nearest, upToEven), and(away, ne(rest, 0)))));
    // The significand's first bit adds one to the exponent field.
    code.if(eqz(tiny), () => code.set(result, add(result, shl(sub(exponent, MIN_EXPONENT), FRACTION))));

    code.if(alternative, () => code.if(gtU(result, 0x7fff), invalid));
    code.if(and(eqz(alternative), gtU(result, INFINITY - 1)), () => {
      fpscr.raise(code, FPSCR.OFC | FPSCR.IXC);
      code.return(or(sign, sub(INFINITY, eqz(or(nearest, away)))));
    });
    code.if(rest, () => fpscr.raise(code, select(tiny, FPSCR.IXC | FPSCR.UFC, FPSCR.IXC)));
    code.return(or(sign, result));
  },
});

export function halfFunctions(fpscr: Fpscr): WasmFunction[] {
  return [fromHalf(fpscr), toHalf(fpscr)];
}
