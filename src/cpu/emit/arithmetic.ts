// Values as semantics say them: constants, operands, and the pure operations on them. What has effects is in emitter.ts.
import { FOLD, PURE, type PureOp } from './operations.ts';
import type { I32, I64, Node, Operand } from './values.ts';

/** Operations that give their other operand back when the right one, or the left one, is 0. */
const ZERO_AFTER: ReadonlySet<PureOp> = new Set<PureOp>(['add', 'sub', 'or', 'xor', 'shl']);
const ZERO_BEFORE: ReadonlySet<PureOp> = new Set<PureOp>(['add', 'or', 'xor']);

export class Arithmetic {
  const(value: number): I32 {
    return asI32({ op: 'const', type: 'i32', value: value | 0 });
  }

  const64(value: bigint): I64 {
    return asI64({ op: 'const64', type: 'i64', value });
  }

  /** An operand field as a value. */
  imm(operand: Operand | number): I32 {
    return typeof operand === 'number' ? this.const(operand) : (operand as unknown as I32);
  }

  /** Parameter of a routine. */
  parameter(index: number): I32 {
    return asI32({ op: 'parameter', type: 'i32', index });
  }

  add(a: I32, b: I32): I32 {
    return this.pure('add', a, b);
  }
  sub(a: I32, b: I32): I32 {
    return this.pure('sub', a, b);
  }
  mul(a: I32, b: I32): I32 {
    return this.pure('mul', a, b);
  }
  /** The divisor must not be 0, nor the pair (-2^31, -1): WebAssembly traps on them. */
  divS(a: I32, b: I32): I32 {
    return this.pure('divS', a, b);
  }
  divU(a: I32, b: I32): I32 {
    return this.pure('divU', a, b);
  }
  remS(a: I32, b: I32): I32 {
    return this.pure('remS', a, b);
  }
  remU(a: I32, b: I32): I32 {
    return this.pure('remU', a, b);
  }
  and(a: I32, b: I32): I32 {
    return this.pure('and', a, b);
  }
  or(a: I32, b: I32): I32 {
    return this.pure('or', a, b);
  }
  xor(a: I32, b: I32): I32 {
    return this.pure('xor', a, b);
  }
  not(a: I32): I32 {
    return this.pure('xor', a, this.const(-1));
  }
  /** Shift amounts count modulo 32. */
  shl(a: I32, b: I32): I32 {
    return this.pure('shl', a, b);
  }
  shrS(a: I32, b: I32): I32 {
    return this.pure('shrS', a, b);
  }
  shrU(a: I32, b: I32): I32 {
    return this.pure('shrU', a, b);
  }
  rotr(a: I32, b: I32): I32 {
    return this.pure('rotr', a, b);
  }
  clz(a: I32): I32 {
    return this.pure('clz', a);
  }
  /** 32 for 0. */
  ctz(a: I32): I32 {
    return this.pure('ctz', a);
  }
  popcnt(a: I32): I32 {
    return this.pure('popcnt', a);
  }
  sext8(a: I32): I32 {
    return this.pure('sext8', a);
  }
  sext16(a: I32): I32 {
    return this.pure('sext16', a);
  }
  eqz(a: I32): I32 {
    return this.pure('eqz', a);
  }
  eq(a: I32, b: I32): I32 {
    return this.pure('eq', a, b);
  }
  ne(a: I32, b: I32): I32 {
    return this.pure('ne', a, b);
  }
  ltS(a: I32, b: I32): I32 {
    return this.pure('ltS', a, b);
  }
  ltU(a: I32, b: I32): I32 {
    return this.pure('ltU', a, b);
  }
  leS(a: I32, b: I32): I32 {
    return this.pure('leS', a, b);
  }
  gtS(a: I32, b: I32): I32 {
    return this.pure('gtS', a, b);
  }
  geS(a: I32, b: I32): I32 {
    return this.pure('geS', a, b);
  }
  geU(a: I32, b: I32): I32 {
    return this.pure('geU', a, b);
  }
  /** condition != 0 ? a : b, both evaluated. */
  select(condition: I32, a: I32, b: I32): I32 {
    return asI32({ op: 'select', type: 'i32', args: [node(a), node(b), node(condition)] });
  }
  select64(condition: I32, a: I64, b: I64): I64 {
    return asI64({ op: 'select', type: 'i64', args: [node(a), node(b), node(condition)] });
  }
  sext64(a: I32): I64 {
    return this.pure64('sext64', a);
  }
  zext64(a: I32): I64 {
    return this.pure64('zext64', a);
  }
  low(a: I64): I32 {
    return this.pure('low', a);
  }
  high(a: I64): I32 {
    return this.low(this.shrU64(a, this.const64(32n)));
  }
  add64(a: I64, b: I64): I64 {
    return this.pure64('add64', a, b);
  }
  sub64(a: I64, b: I64): I64 {
    return this.pure64('sub64', a, b);
  }
  mul64(a: I64, b: I64): I64 {
    return this.pure64('mul64', a, b);
  }
  divU64(a: I64, b: I64): I64 {
    return this.pure64('divU64', a, b);
  }
  and64(a: I64, b: I64): I64 {
    return this.pure64('and64', a, b);
  }
  xor64(a: I64, b: I64): I64 {
    return this.pure64('xor64', a, b);
  }
  or64(a: I64, b: I64): I64 {
    return this.pure64('or64', a, b);
  }
  shl64(a: I64, b: I64): I64 {
    return this.pure64('shl64', a, b);
  }
  shrU64(a: I64, b: I64): I64 {
    return this.pure64('shrU64', a, b);
  }
  shrS64(a: I64, b: I64): I64 {
    return this.pure64('shrS64', a, b);
  }
  eqz64(a: I64): I32 {
    return this.pure('eqz64', a);
  }
  ltS64(a: I64, b: I64): I32 {
    return this.pure('ltS64', a, b);
  }
  ltU64(a: I64, b: I64): I32 {
    return this.pure('ltU64', a, b);
  }
  private pure(op: PureOp, a: I32 | I64, b?: I32 | I64): I32 {
    const left = node(a);
    if (b === undefined) return asI32({ op, type: PURE[op].type, args: [left] });
    const right = node(b);
    if (left.op === 'const' && right.op === 'const') {
      const fold = FOLD[op];
      if (fold) return this.const(fold(left.value, right.value));
    }
    if (right.op === 'const' && right.value === 0 && ZERO_AFTER.has(op)) return asI32(left);
    if (left.op === 'const' && left.value === 0 && ZERO_BEFORE.has(op)) return asI32(right);
    return asI32({ op, type: PURE[op].type, args: [left, right] });
  }

  private pure64(op: PureOp, a: I32 | I64, b?: I64): I64 {
    return asI64({ op, type: 'i64', args: b === undefined ? [node(a)] : [node(a), node(b)] });
  }
}

export function node(value: I32 | I64): Node {
  return value as unknown as Node;
}

export function asI32(value: Node): I32 {
  return value as unknown as I32;
}

export function asI64(value: Node): I64 {
  return value as unknown as I64;
}
