// Saturation, extension, packing, bit fields and byte order (ARM DDI 0406C: A4.4.4 to A4.4.8, A8.8).
import type { I32, Operand } from '../../../cpu/emit/values.ts';
import type { ArmEmitter, Sum } from '../emitter.ts';

/** What saturates to 32 bits, and whether it did. */
function saturated(e: ArmEmitter, a: I32, { result, overflow }: Sum): { readonly value: I32; readonly did: I32 } {
  const limit = e.xor(e.shrS(a, e.const(31)), e.const(0x7fffffff));
  return { value: e.select(overflow, limit, result), did: overflow };
}

/** QADD, QSUB, QDADD, QDSUB: rm and rn, or twice rn. */
export function saturatingSum(
  e: ArmEmitter,
  { rd, rn, rm }: { readonly rd: Operand; readonly rn: Operand; readonly rm: Operand },
  difference: boolean,
  doubled: boolean,
): void {
  const n = e.reg(rn);
  const m = e.reg(rm);
  const twice = doubled ? saturated(e, n, e.plus(n, n)) : { value: n, did: e.const(0) };
  const sum = saturated(e, m, difference ? e.minus(m, twice.value) : e.plus(m, twice.value));
  e.setQ(e.or(twice.did, sum.did));
  e.setReg(rd, sum.value);
}

/** SSAT and USAT: the bits above the sign in bits 4:0, the amount in bits 9:5, and in bit 10 that it is ASR, not LSL. */
export function saturation(bits: number, sh: number, imm5: number): number {
  const amount = sh === 1 && imm5 === 0 ? 31 : imm5;
  return bits | (amount << 5) | (sh << 10);
}

export function saturate(e: ArmEmitter, rd: Operand, rn: Operand, how: Operand, signed: boolean): void {
  const n = e.reg(rn);
  const amount = e.shrU(e.imm(how), e.const(5)); // shifts take its low 5 bits
  const isRight = e.shrU(e.imm(how), e.const(10));
  const value = e.select(isRight, e.shrS(n, amount), e.shl(n, amount));
  const result = limited(e, value, e.and(e.imm(how), e.const(31)), signed);
  e.setQ(e.ne(result, value));
  e.setReg(rd, result);
}

/** SSAT16, USAT16. */
export function saturateHalves(e: ArmEmitter, rd: Operand, rn: Operand, bits: Operand, signed: boolean): void {
  const n = e.reg(rn);
  const bottom = e.sext16(n);
  const top = e.shrS(n, e.const(16));
  const low = limited(e, bottom, e.imm(bits), signed);
  const high = limited(e, top, e.imm(bits), signed);
  e.setQ(e.or(e.ne(low, bottom), e.ne(high, top)));
  e.setReg(rd, e.or(e.and(low, e.const(0xffff)), e.shl(high, e.const(16))));
}

/** Limited to `bits` bits, and if signed to a sign above them. */
function limited(e: ArmEmitter, value: I32, bits: I32, signed: boolean): I32 {
  const most = e.sub(e.shl(e.const(1), bits), e.const(1));
  const least = signed ? e.not(most) : e.const(0);
  return e.select(e.gtS(value, most), most, e.select(e.ltS(value, least), least, value));
}

export type Extension = 'sxtb' | 'sxth' | 'sxtb16' | 'uxtb' | 'uxth' | 'uxtb16';

/** A register rotated right by `rotation` bits, its low part extended. */
export function extended(e: ArmEmitter, kind: Extension, rm: Operand, rotation: Operand | number): I32 {
  const value = rotation === 0 ? e.reg(rm) : e.rotr(e.reg(rm), e.imm(rotation));
  switch (kind) {
    case 'sxtb':
      return e.sext8(value);
    case 'sxth':
      return e.sext16(value);
    case 'uxtb':
      return e.and(value, e.const(0xff));
    case 'uxth':
      return e.and(value, e.const(0xffff));
    case 'uxtb16':
      return e.and(value, e.const(0x00ff00ff));
    case 'sxtb16': {
      const high = e.shl(e.sext8(e.shrU(value, e.const(16))), e.const(16));
      return e.or(high, e.and(e.sext8(value), e.const(0xffff)));
    }
  }
}

/** SXTAB and the like: rn and what is extended, by halfwords for those of two bytes. */
export function addExtended(e: ArmEmitter, kind: Extension, rd: Operand, rn: Operand, value: I32): void {
  const n = e.reg(rn);
  const sum = e.add(n, value);
  if (!kind.endsWith('16')) {
    e.setReg(rd, sum);
    return;
  }
  const high = e.add(n, e.and(value, e.const(0xffff0000)));
  e.setReg(rd, halves(e, high, sum));
}

function halves(e: ArmEmitter, high: I32, low: I32): I32 {
  return e.or(e.and(high, e.const(0xffff0000)), e.and(low, e.const(0xffff)));
}

/** PKHBT: the bottom of rn, the top of rm shifted left. */
export function packBottomTop(e: ArmEmitter, rd: Operand, rn: Operand, rm: Operand, amount: Operand): void {
  e.setReg(rd, halves(e, e.shl(e.reg(rm), e.imm(amount)), e.reg(rn)));
}

/** PKHTB: the top of rn, the bottom of rm shifted right (by 31 where 32 is meant: that is the same). */
export function packTopBottom(e: ArmEmitter, rd: Operand, rn: Operand, rm: Operand, amount: Operand): void {
  e.setReg(rd, halves(e, e.reg(rn), e.shrS(e.reg(rm), e.imm(amount))));
}

/** Of what is no field. */
const NO_FIELD = 0x8000;

/** A field of bits: from `lsb`, `width` bits. UNPREDICTABLE ones, which do not fit into the register, are undefined. */
export function bitField(lsb: number, width: number): number {
  if (width < 1 || lsb + width > 32) return NO_FIELD;
  return (32 - lsb - width) | ((32 - width) << 8);
}

/** SBFX, UBFX. `field` is bitField's. */
export function extractBits(e: ArmEmitter, rd: Operand, rn: Operand, field: Operand, signed: boolean): void {
  const how = e.imm(field);
  e.undefinedWhen(e.isSet(how, NO_FIELD));
  const top = e.shl(e.reg(rn), how); // shifts take the low 5 bits
  const down = e.shrU(how, e.const(8));
  e.setReg(rd, signed ? e.shrS(top, down) : e.shrU(top, down));
}

/** BFI; BFC without `rn`. */
export function insertBits(e: ArmEmitter, rd: Operand, rn: Operand | null, field: Operand): void {
  const how = e.imm(field);
  e.undefinedWhen(e.isSet(how, NO_FIELD));
  const above = e.and(how, e.const(31));
  const mask = e.shrU(e.shl(e.const(-1), e.shrU(how, e.const(8))), above);
  const kept = e.and(e.reg(rd), e.not(mask));
  if (rn === null) {
    e.setReg(rd, kept);
    return;
  }
  const lsb = e.sub(e.shrU(how, e.const(8)), above);
  e.setReg(rd, e.or(kept, e.and(e.shl(e.reg(rn), lsb), mask)));
}

/** CLZ, RBIT, REV, REV16, REVSH. */
export type Unary = 'clz' | 'rbit' | 'rev' | 'rev16' | 'revsh';

export function rearranged(e: ArmEmitter, kind: Unary, x: I32): I32 {
  switch (kind) {
    case 'clz':
      return e.clz(x);
    case 'rev':
      return reversedBytes(e, x);
    case 'rev16':
      return exchanged(e, x, 8, 0x00ff00ff);
    case 'revsh':
      return e.sext16(exchanged(e, x, 8, 0x00ff00ff));
    case 'rbit': {
      const pairs = exchanged(e, exchanged(e, x, 1, 0x55555555), 2, 0x33333333);
      return reversedBytes(e, exchanged(e, pairs, 4, 0x0f0f0f0f));
    }
  }
}

/** Groups of `by` bits, those of `mask` and the others, change places. */
function exchanged(e: ArmEmitter, x: I32, by: number, mask: number): I32 {
  const up = e.shl(e.and(x, e.const(mask)), e.const(by));
  return e.or(up, e.and(e.shrU(x, e.const(by)), e.const(mask)));
}

function reversedBytes(e: ArmEmitter, x: I32): I32 {
  const odd = e.and(e.rotr(x, e.const(8)), e.const(0xff00ff00));
  return e.or(odd, e.and(e.rotr(x, e.const(24)), e.const(0x00ff00ff)));
}

/** SEL: bytes of rn where GE is set, else of rm. */
export function selectBytes(e: ArmEmitter, rd: Operand, rn: Operand, rm: Operand): void {
  const bits = e.and(e.mul(e.ge(), e.const(0x00204081)), e.const(0x01010101));
  const mask = e.mul(bits, e.const(0xff));
  e.setReg(rd, e.or(e.and(e.reg(rn), mask), e.and(e.reg(rm), e.not(mask))));
}

/** USAD8, USADA8. */
export function sumOfDifferences(e: ArmEmitter, rd: Operand, rn: Operand, rm: Operand, ra: Operand | null): void {
  const sum = e.call('sumOfDifferences', e.reg(rn), e.reg(rm));
  e.setReg(rd, ra === null ? sum : e.add(sum, e.reg(ra)));
}

/** SADD16 and the like: by halfwords or bytes; those of kinds S and U set GE. */
export function parallelSum(
  e: ArmEmitter,
  name: string,
  ge: boolean,
  { rd, rn, rm }: { readonly rd: Operand; readonly rn: Operand; readonly rm: Operand },
): void {
  if (!ge) {
    e.setReg(rd, e.call(name, e.reg(rn), e.reg(rm)));
    return;
  }
  const both = e.call64(name, e.reg(rn), e.reg(rm));
  e.setGe(e.high(both));
  e.setReg(rd, e.low(both));
}
