// Multiplication and division (ARM DDI 0406C: A4.4.3, A8.8).
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { ArmEmitter } from '../emitter.ts';
import { FLAG } from '../registers.ts';

/** Registers of a multiplication with a result of 32 bits; `ra` is null where nothing is added. */
export interface Factors {
  readonly rd: Operand;
  readonly rn: Operand;
  readonly rm: Operand;
  readonly ra: Operand | null;
}

/** Registers of one with a result of 64 bits. */
export interface LongFactors {
  readonly rdlo: Operand;
  readonly rdhi: Operand;
  readonly rn: Operand;
  readonly rm: Operand;
}

/** MUL, MLA; they leave C and V. */
export function multiply(e: ArmEmitter, { rd, rn, rm, ra }: Factors, flags: boolean): void {
  const product = e.mul(e.reg(rn), e.reg(rm));
  const result = ra === null ? product : e.add(product, e.reg(ra));
  if (flags) e.setNZ(result);
  e.setReg(rd, result);
}

/** MLS. */
export function multiplySubtract(e: ArmEmitter, { rd, rn, rm, ra }: Factors & { readonly ra: Operand }): void {
  e.setReg(rd, e.sub(e.reg(ra), e.mul(e.reg(rn), e.reg(rm))));
}

/** UMULL, UMLAL, SMULL, SMLAL. */
export function multiplyLong(
  e: ArmEmitter,
  fields: LongFactors,
  signed: boolean,
  accumulate: boolean,
  flags: boolean,
): void {
  const wide = (value: I32): I64 => (signed ? e.sext64(value) : e.zext64(value));
  const product = e.mul64(wide(e.reg(fields.rn)), wide(e.reg(fields.rm)));
  const result = accumulate ? e.add64(product, accumulator(e, fields)) : product;
  if (flags) {
    e.bankWrite('flag', FLAG.N, e.high(result));
    e.bankWrite('flag', FLAG.Z, e.eqz(e.eqz64(result)));
  }
  setLong(e, fields, result);
}

/** UMAAL. */
export function multiplyAccumulateTwice(e: ArmEmitter, fields: LongFactors): void {
  const product = e.mul64(e.zext64(e.reg(fields.rn)), e.zext64(e.reg(fields.rm)));
  const sums = e.add64(e.zext64(e.reg(fields.rdlo)), e.zext64(e.reg(fields.rdhi)));
  setLong(e, fields, e.add64(product, sums));
}

function accumulator(e: ArmEmitter, { rdlo, rdhi }: LongFactors): I64 {
  return e.or64(e.shl64(e.zext64(e.reg(rdhi)), e.const64(32n)), e.zext64(e.reg(rdlo)));
}

function setLong(e: ArmEmitter, { rdlo, rdhi }: LongFactors, result: I64): void {
  e.setReg(rdlo, e.low(result));
  e.setReg(rdhi, e.high(result));
}

/** The halfword of a register that x or y says: 0 the bottom one. */
function half(e: ArmEmitter, value: I32, top: number): I32 {
  return top === 0 ? e.sext16(value) : e.shrS(value, e.const(16));
}

/** product + ra, with Q set when that overflows; without `ra`, the product. */
function addWithQ(e: ArmEmitter, rd: Operand, product: I32, ra: Operand | null): void {
  if (ra === null) {
    e.setReg(rd, product);
    return;
  }
  const { result, overflow } = e.plus(product, e.reg(ra));
  e.setQ(overflow);
  e.setReg(rd, result);
}

/** SMLAxy, SMULxy. */
export function multiplyHalves(e: ArmEmitter, { rd, rn, rm, ra }: Factors, x: number, y: number): void {
  addWithQ(e, rd, e.mul(half(e, e.reg(rn), x), half(e, e.reg(rm), y)), ra);
}

/** SMLAWy, SMULWy. */
export function multiplyByHalf(e: ArmEmitter, { rd, rn, rm, ra }: Factors, y: number): void {
  const product = e.mul64(e.sext64(e.reg(rn)), e.sext64(half(e, e.reg(rm), y)));
  addWithQ(e, rd, e.low(e.shrS64(product, e.const64(16n))), ra);
}

/** SMLALxy. */
export function multiplyHalvesLong(e: ArmEmitter, fields: LongFactors, x: number, y: number): void {
  const product = e.mul(half(e, e.reg(fields.rn), x), half(e, e.reg(fields.rm), y));
  setLong(e, fields, e.add64(accumulator(e, fields), e.sext64(product)));
}

/** Sum or difference of the products of the bottom and of the top halfwords; `crossed`: rm's are exchanged. */
function dual(e: ArmEmitter, n: I32, m: I32, difference: boolean, crossed: boolean): I64 {
  const other = crossed ? e.rotr(m, e.const(16)) : m;
  const bottom = e.sext64(e.mul(half(e, n, 0), half(e, other, 0)));
  const top = e.sext64(e.mul(half(e, n, 1), half(e, other, 1)));
  return difference ? e.sub64(bottom, top) : e.add64(bottom, top);
}

/** SMLAD, SMLSD, SMUAD, SMUSD. */
export function multiplyDual(e: ArmEmitter, { rd, rn, rm, ra }: Factors, difference: boolean, crossed: boolean): void {
  const products = dual(e, e.reg(rn), e.reg(rm), difference, crossed);
  const result = ra === null ? products : e.add64(products, e.sext64(e.reg(ra)));
  const low = e.low(result);
  e.setQ(e.ne(e.high(result), e.shrS(low, e.const(31))));
  e.setReg(rd, low);
}

/** SMLALD, SMLSLD. */
export function multiplyDualLong(e: ArmEmitter, fields: LongFactors, difference: boolean, crossed: boolean): void {
  const products = dual(e, e.reg(fields.rn), e.reg(fields.rm), difference, crossed);
  setLong(e, fields, e.add64(accumulator(e, fields), products));
}

/** SMMUL, SMMLA, SMMLS. */
export function multiplyHigh(e: ArmEmitter, { rd, rn, rm, ra }: Factors, difference: boolean, rounded: boolean): void {
  const product = e.mul64(e.sext64(e.reg(rn)), e.sext64(e.reg(rm)));
  const base = ra === null ? e.const64(0n) : e.shl64(e.zext64(e.reg(ra)), e.const64(32n));
  const sum = difference ? e.sub64(base, product) : e.add64(base, product);
  e.setReg(rd, e.high(rounded ? e.add64(sum, e.const64(0x80000000n)) : sum));
}

/** SDIV: 0 by 0; the one quotient that does not fit stays what it is modulo 2^32. */
export function divideSigned(e: ArmEmitter, rd: Operand, rn: Operand, rm: Operand): void {
  const n = e.reg(rn);
  const m = e.reg(rm);
  const byMinusOne = e.eq(m, e.const(-1));
  const quotient = e.divS(n, e.select(e.or(e.eqz(m), byMinusOne), e.const(1), m));
  const signed = e.select(byMinusOne, e.sub(e.const(0), n), quotient);
  e.setReg(rd, e.select(m, signed, e.const(0)));
}

/** UDIV. */
export function divideUnsigned(e: ArmEmitter, rd: Operand, rn: Operand, rm: Operand): void {
  const m = e.reg(rm);
  const quotient = e.divU(e.reg(rn), e.select(m, m, e.const(1)));
  e.setReg(rd, e.select(m, quotient, e.const(0)));
}
