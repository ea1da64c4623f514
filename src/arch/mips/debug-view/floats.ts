// Floating-point operands as numbers (MIPS32 Volume II-A: COP1, COP1X).
import type { DebuggedCpu } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { COP1, COP1X, functionOf, opcodeOf } from './operands.ts';
import { register32, register64 } from './registers.ts';

const SINGLE = 16;
const DOUBLE = 17;
const WORD = 20;
const FIRST_COMPARISON = 0x30;
/** ADD, SUB, MUL, DIV: operations of COP1 with ft. */
const LAST_BINARY = 3;

/** `f2 = 1.5` for each register that a COP1 or COP1X operation reads. */
export function floatOperands(cpu: DebuggedCpu, word: number): readonly string[] {
  const [fmt, ft, fs] = [(word >>> 21) & 31, (word >>> 16) & 31, (word >>> 11) & 31];
  if (opcodeOf(word) === COP1X) return [...new Set([fmt, fs, ft])].map((n) => floatText(cpu, n, 16 + (word & 7)));
  if (opcodeOf(word) !== COP1 || fmt < SINGLE) return [];
  const isBinary = functionOf(word) <= LAST_BINARY || functionOf(word) >= FIRST_COMPARISON;
  return [...new Set(isBinary ? [fs, ft] : [fs])].map((n) => floatText(cpu, n, fmt));
}

function floatText(cpu: DebuggedCpu, n: number, fmt: number): string {
  const view = new DataView(new ArrayBuffer(8));
  if (fmt === SINGLE) {
    view.setUint32(0, register32(cpu, `f${n}`));
    return `f${n} = ${numberText(view.getFloat32(0))} (${hex(view.getUint32(0))})`;
  }
  if (fmt === WORD) return `f${n} = ${register32(cpu, `f${n}`) | 0}`;
  view.setBigUint64(0, register64(cpu, `d${n}`));
  if (fmt === DOUBLE) return `d${n} = ${numberText(view.getFloat64(0))} (0x${view.getBigUint64(0).toString(16)})`;
  return `d${n} = ${view.getBigInt64(0)}`;
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));
