// The pure operations of the emitter, for the reference evaluator.

export type Value = number | bigint;

const mod32 = (value: Value): number => Number(value) & 31;
const u64 = (value: Value): bigint => BigInt.asUintN(64, BigInt(value));
const flag = (value: boolean): number => (value ? 1 : 0);

/** The pure operations, said once more and independently (32-bit ones on numbers, 64-bit ones on BigInt). */
export const OPERATIONS: Readonly<Record<string, (a: never, b: never) => Value>> = {
  add: (a: number, b: number) => (a + b) | 0,
  sub: (a: number, b: number) => (a - b) | 0,
  mul: (a: number, b: number) => Number(BigInt.asIntN(32, BigInt(a) * BigInt(b))),
  divS: (a: number, b: number) => Math.trunc(a / b) | 0,
  divU: (a: number, b: number) => Math.floor((a >>> 0) / (b >>> 0)) | 0,
  remS: (a: number, b: number) => (a % b) | 0,
  remU: (a: number, b: number) => ((a >>> 0) % (b >>> 0)) | 0,
  and: (a: number, b: number) => a & b,
  or: (a: number, b: number) => a | b,
  xor: (a: number, b: number) => a ^ b,
  shl: (a: number, b: number) => a << mod32(b),
  shrS: (a: number, b: number) => a >> mod32(b),
  shrU: (a: number, b: number) => (a >>> mod32(b)) | 0,
  rotl: (a: number, b: number) => (a << mod32(b)) | (mod32(b) === 0 ? 0 : a >>> (32 - mod32(b))),
  rotr: (a: number, b: number) => (a >>> mod32(b)) | (mod32(b) === 0 ? 0 : a << (32 - mod32(b))),
  clz: (a: number) => Math.clz32(a),
  sext8: (a: number) => new Int8Array([a])[0]!,
  sext16: (a: number) => new Int16Array([a])[0]!,
  eqz: (a: number) => flag(a === 0),
  eq: (a: number, b: number) => flag(a === b),
  ne: (a: number, b: number) => flag(a !== b),
  ltS: (a: number, b: number) => flag(a < b),
  ltU: (a: number, b: number) => flag(a >>> 0 < b >>> 0),
  leS: (a: number, b: number) => flag(a <= b),
  gtS: (a: number, b: number) => flag(a > b),
  geS: (a: number, b: number) => flag(a >= b),
  geU: (a: number, b: number) => flag(a >>> 0 >= b >>> 0),
  sext64: (a: number) => BigInt(a),
  zext64: (a: number) => BigInt(a >>> 0),
  low: (a: bigint) => Number(BigInt.asIntN(32, a)),
  add64: (a: bigint, b: bigint) => BigInt.asIntN(64, a + b),
  sub64: (a: bigint, b: bigint) => BigInt.asIntN(64, a - b),
  mul64: (a: bigint, b: bigint) => BigInt.asIntN(64, a * b),
  divU64: (a: bigint, b: bigint) => BigInt.asIntN(64, u64(a) / u64(b)),
  and64: (a: bigint, b: bigint) => a & b,
  or64: (a: bigint, b: bigint) => a | b,
  xor64: (a: bigint, b: bigint) => a ^ b,
  shl64: (a: bigint, b: bigint) => BigInt.asIntN(64, a << (b & 63n)),
  shrU64: (a: bigint, b: bigint) => BigInt.asIntN(64, u64(a) >> (b & 63n)),
};
