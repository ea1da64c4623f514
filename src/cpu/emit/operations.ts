// table: the pure operations of the emitter, each with its whole lowering: one WebAssembly opcode for both engines.
import type { PlainOp } from '../wasm/opcodes.ts';

export interface PureOperation {
  readonly wasm: PlainOp;
  readonly type: 'i32' | 'i64';
}

const operation = (wasm: PlainOp, type: 'i32' | 'i64'): PureOperation => ({ wasm, type });

export const PURE = {
  add: operation('i32.add', 'i32'),
  sub: operation('i32.sub', 'i32'),
  mul: operation('i32.mul', 'i32'),
  divS: operation('i32.div_s', 'i32'),
  divU: operation('i32.div_u', 'i32'),
  remS: operation('i32.rem_s', 'i32'),
  remU: operation('i32.rem_u', 'i32'),
  and: operation('i32.and', 'i32'),
  or: operation('i32.or', 'i32'),
  xor: operation('i32.xor', 'i32'),
  shl: operation('i32.shl', 'i32'),
  shrS: operation('i32.shr_s', 'i32'),
  shrU: operation('i32.shr_u', 'i32'),
  rotr: operation('i32.rotr', 'i32'),
  clz: operation('i32.clz', 'i32'),
  ctz: operation('i32.ctz', 'i32'),
  popcnt: operation('i32.popcnt', 'i32'),
  sext8: operation('i32.extend8_s', 'i32'),
  sext16: operation('i32.extend16_s', 'i32'),
  eqz: operation('i32.eqz', 'i32'),
  eq: operation('i32.eq', 'i32'),
  ne: operation('i32.ne', 'i32'),
  ltS: operation('i32.lt_s', 'i32'),
  ltU: operation('i32.lt_u', 'i32'),
  leS: operation('i32.le_s', 'i32'),
  gtS: operation('i32.gt_s', 'i32'),
  gtU: operation('i32.gt_u', 'i32'),
  geS: operation('i32.ge_s', 'i32'),
  geU: operation('i32.ge_u', 'i32'),
  sext64: operation('i64.extend_i32_s', 'i64'),
  zext64: operation('i64.extend_i32_u', 'i64'),
  low: operation('i32.wrap_i64', 'i32'),
  add64: operation('i64.add', 'i64'),
  sub64: operation('i64.sub', 'i64'),
  mul64: operation('i64.mul', 'i64'),
  divU64: operation('i64.div_u', 'i64'),
  and64: operation('i64.and', 'i64'),
  or64: operation('i64.or', 'i64'),
  xor64: operation('i64.xor', 'i64'),
  shl64: operation('i64.shl', 'i64'),
  shrU64: operation('i64.shr_u', 'i64'),
  shrS64: operation('i64.shr_s', 'i64'),
  eqz64: operation('i64.eqz', 'i32'),
  ltS64: operation('i64.lt_s', 'i32'),
  ltU64: operation('i64.lt_u', 'i32'),
} as const;
export type PureOp = keyof typeof PURE;

/** Is this node operation a pure operation of the table? */
export function isPure(op: string): op is PureOp {
  return Object.hasOwn(PURE, op);
}

/** Constant folding of 32-bit operations, so that regions see constants where the interpreter sees fields. */
export const FOLD: Partial<Record<PureOp, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shrU: (a, b) => (a >>> b) | 0,
  shrS: (a, b) => a >> b,
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  ltS: (a, b) => Number(a < b),
  leS: (a, b) => Number(a <= b),
  gtS: (a, b) => Number(a > b),
  geS: (a, b) => Number(a >= b),
};
