// The ARM emitter: registers with R15 as an operand, condition flags, conditions, IT blocks and interworking branches, in the words of the ARM
// Architecture Reference Manual (ARM DDI 0406C: A2.3, A2.5, A8.3).
//
// The engine's pc is an address with the T bit in bit 0: A32 instructions stand at multiples of 4, T32 instructions at odd values.
import { Emitter } from '../../cpu/emit/emitter.ts';
import type { I32, I64, Node, Operand } from '../../cpu/emit/values.ts';
import { noteComparison, noteCondition } from './comparison.ts';
import { CP15, FLAG, MODE, PSR, TRAP } from './registers.ts';

/** What is known of an instruction when its semantics are built. */
export interface Form {
  readonly set: 'a32' | 't32';
  /** Bytes. */
  readonly size: 2 | 4;
  /** May a register operand be R15? */
  readonly pcOperand: boolean;
  /** In an IT block. */
  readonly inside: boolean;
  /** Known to be the last of it. */
  readonly last?: boolean;
}

/** AL. */
export const ALWAYS = 14;

/** A sum with what the flags say of it. */
export interface Sum {
  readonly result: I32;
  readonly carry: I32;
  readonly overflow: I32;
}

export class ArmEmitter extends Emitter {
  private restored = false;
  private form: Form = { set: 'a32', size: 4, pcOperand: true, inside: false };

  /** What follows is the semantics of an instruction of this form. */
  begin(form: Form): void {
    this.form = form;
  }

  get isThumb(): boolean {
    return this.form.set === 't32';
  }

  /** Do T32's narrow data-processing instructions set flags here? Not in an IT block. */
  get outsideBlock(): boolean {
    return !this.form.inside;
  }

  // General registers

  /** R0 to R15 as an operand: R15 is the address of the instruction and 8 (A32) or 4 (T32). */
  reg(index: Operand | number): I32 {
    if (index === 15) return this.pcOperand();
    if (typeof index === 'number' || !this.form.pcOperand) return this.read32('gpr', index);
    const known = constantOf(this.imm(index));
    if (known !== undefined) return known === 15 ? this.pcOperand() : this.read32('gpr', known);
    const number = this.number(index);
    return this.select(this.eq(number, this.const(15)), this.pcOperand(), this.read32('gpr', number));
  }

  /** The number of a register that may be R15, as a value: a record then has it once, and not as a register too. */
  private number(index: Operand): I32 {
    return this.and(this.imm(index), this.const(15));
  }

  /** The value of R15 as an operand. */
  pcOperand(): I32 {
    return this.add(this.pc(), this.const(this.isThumb ? 3 : 8));
  }

  /** Align(PC, 4), the base of literals. */
  alignedPc(): I32 {
    return this.isThumb ? this.and(this.pcOperand(), this.const(-4)) : this.pcOperand();
  }

  /** Address of the next instruction with T in bit 0: what BL leaves in LR. */
  nextPc(): I32 {
    return this.add(this.pc(), this.const(this.form.size));
  }

  /** Write a result; to R15 it is ALUWritePC: an interworking branch in A32, a plain one in T32. */
  setReg(index: Operand | number, value: I32): void {
    this.toRegister(index, value, () => (this.isThumb ? this.branchWithin(value) : this.bx(value)));
  }

  /** Write what was loaded; to R15 it is LoadWritePC: an interworking branch. */
  setLoaded(index: Operand | number, value: I32): void {
    this.toRegister(index, value, () => this.bx(value));
  }

  private toRegister(index: Operand | number, value: I32, toPc: () => void): void {
    if (index === 15) {
      toPc();
      return;
    }
    if (typeof index === 'number' || !this.form.pcOperand) {
      this.write('gpr', index, value);
      return;
    }
    const number = this.number(index);
    const isPc = this.eq(number, this.const(15));
    this.whenever(isPc, toPc);
    this.whenever(this.ne(number, this.const(15)), () => this.write('gpr', number, value));
  }

  /** R0 to R14, by a number that is computed. */
  regAt(index: I32): I32 {
    return this.read32('gpr', index);
  }
  setRegAt(index: I32, value: I32): void {
    this.write('gpr', index, value);
  }
  /** A general register as the calls and loads before this have left it. */
  sampleReg(index: number): I32 {
    return this.sample('gpr', index);
  }
  /** Load the registers of a list (bits 15:0) from word-aligned memory on; number 15 is then `sampleReg(15)`. */
  loadRegisters(list: Operand | I32, address: I32): void {
    this.loadMany('gpr', list, address);
  }
  /** Store R0 to R14 of a list. */
  storeRegisters(list: Operand | I32, address: I32): void {
    this.storeMany('gpr', list, address);
  }

  // Flags

  flag(which: keyof typeof FLAG): I32 {
    return this.read32('flag', FLAG[which]);
  }
  /** N and Z as the result says. */
  setNZ(result: I32): void {
    this.write('flag', FLAG.N, result);
    this.write('flag', FLAG.Z, result);
  }
  /** 0 or 1. */
  setC(carry: I32): void {
    this.write('flag', FLAG.C, carry);
  }
  setV(overflow: I32): void {
    this.write('flag', FLAG.V, overflow);
  }
  /** Saturation has happened when `condition` holds (0 or 1). */
  setQ(condition: I32): void {
    this.write('flag', FLAG.Q, this.or(this.flag('Q'), condition));
  }
  setSumFlags({ result, carry, overflow }: Sum): void {
    this.setNZ(result);
    this.setC(carry);
    this.setV(overflow);
  }
  ge(): I32 {
    return this.read32('ge', 0);
  }
  setGe(bits: I32): void {
    this.write('ge', 0, bits);
  }

  /** N, Z, C and V in bits 3:0. */
  nzcv(): I32 {
    const n = this.shl(this.shrU(this.flag('N'), this.const(31)), this.const(3));
    const z = this.shl(this.eqz(this.flag('Z')), this.const(2));
    return this.or(this.or(n, z), this.or(this.shl(this.flag('C'), this.const(1)), this.flag('V')));
  }
  /** Set N, Z, C and V from bits 31:28. */
  setNzcv(psr: I32): void {
    const bit = (n: number): I32 => this.and(this.shrU(psr, this.const(n)), this.const(1));
    this.write('flag', FLAG.N, psr);
    this.write('flag', FLAG.Z, this.eqz(bit(30)));
    this.setC(bit(29));
    this.setV(bit(28));
  }

  /** a + b. */
  plus(a: I32, b: I32): Sum {
    const result = this.add(a, b);
    return { result, carry: this.ltU(result, a), overflow: this.signedOverflow(a, b, result) };
  }
  /** a - b: the carry says that no borrow was needed. */
  minus(a: I32, b: I32): Sum {
    const result = this.sub(a, b);
    return noteComparison(a, b, {
      result,
      carry: this.geU(a, b),
      overflow: this.signedOverflow(a, this.not(b), result),
    });
  }
  /** AddWithCarry (A2.2.1). */
  plusCarry(a: I32, b: I32, carry: I32): Sum {
    const sum = this.add64(this.add64(this.zext64(a), this.zext64(b)), this.zext64(carry));
    const result = this.low(sum);
    return { result, carry: this.high(sum), overflow: this.signedOverflow(a, b, result) };
  }
  private signedOverflow(a: I32, b: I32, result: I32): I32 {
    return this.shrU(this.and(this.xor(a, result), this.xor(b, result)), this.const(31));
  }

  // Conditions

  /** Does a condition (A8.3, 0 to 14) hold? */
  holds(condition: number): I32 {
    const positive = this.condition(condition >> 1);
    return (condition & 1) !== 0 && condition !== 15 ? this.eqz(positive) : positive;
  }
  private condition(pair: number): I32 {
    const z = (): I32 => this.eqz(this.flag('Z'));
    const nIsV = (): I32 => noteCondition('geS', this.eq(this.shrU(this.flag('N'), this.const(31)), this.flag('V')));
    switch (pair) {
      case 0:
        return z();
      case 1:
        return this.ne(this.flag('C'), this.const(0));
      case 2:
        return this.ltS(this.flag('N'), this.const(0));
      case 3:
        return this.ne(this.flag('V'), this.const(0));
      case 4:
        return noteCondition('gtU', this.and(this.flag('C'), this.ne(this.flag('Z'), this.const(0))));
      case 5:
        return nIsV();
      case 6:
        return noteCondition('gtS', this.and(nIsV(), this.ne(this.flag('Z'), this.const(0))));
      default:
        return this.const(1);
    }
  }

  /**
   * A32: what happens when the condition of the instruction holds. `mask` is the condition as a 16-bit set of values of N:Z:C:V (derived from the
   * condition field).
   */
  conditional(condition: Operand | number, mask: Operand | null, body: () => void): void {
    const known = typeof condition === 'number' ? condition : constantOf(this.imm(condition));
    if (known !== undefined) this.whenever(this.holds(known), body);
    else this.when(this.and(this.shrU(this.imm(mask!), this.nzcv()), this.const(1)), body);
  }

  /** T32: the same for an instruction in an IT block, which also goes on with the block. */
  inBlock(body: () => void): void {
    const it = this.read32('it', 0);
    this.when(this.eqz(it), () => this.redecode('this'));
    const holds = this.call('conditionHolds', this.shrU(it, this.const(4)));
    this.restored = false;
    this.when(holds, body);
    if (this.restored) this.when(this.eqz(holds), () => this.goOnInBlock(it));
    else this.goOnInBlock(it);
  }
  /** The instruction writes ITSTATE itself: it returns from an exception. */
  restoresBlock(): void {
    this.restored = true;
  }
  /** Begin an IT block with this ITSTATE. */
  beginBlock(it: I32): void {
    this.write('it', 0, it);
    this.redecode('next');
  }
  private goOnInBlock(it: I32): void {
    const more = this.and(it, this.const(7));
    this.write('it', 0, this.advancedIt(it));
    this.when(more, () => this.redecode('next'));
  }
  /** ITAdvance (A2.5.2). */
  advancedIt(it: I32): I32 {
    const shifted = this.or(this.and(it, this.const(0xe0)), this.and(this.shl(it, this.const(1)), this.const(0x1f)));
    return this.select(this.and(it, this.const(7)), shifted, this.const(0));
  }

  // Branches

  /** Go on `offset` bytes after the next instruction, in the same instruction set. */
  branchBy(offset: Operand): void {
    const { inside, last, size } = this.form;
    if (!inside || last) {
      this.branch(null, this.relative(offset), 'now');
      return;
    }
    // Where the block goes on at the target (UNPREDICTABLE), that must be told: jumps to addresses do.
    const displacement = size === 2 ? this.sext16(this.imm(offset)) : this.imm(offset);
    this.branch(null, this.absolute(this.add(this.nextPc(), displacement)), 'now');
  }
  branchByIf(condition: I32, offset: Operand): void {
    this.branch(condition, this.relative(offset), 'now');
  }
  /** BranchWritePC: the same instruction set. */
  branchWithin(address: I32): void {
    const target = this.isThumb ? this.or(address, this.const(1)) : this.and(address, this.const(-4));
    this.branch(null, this.absolute(target), 'now');
  }
  /** BXWritePC: bit 0 says which instruction set; an A32 target is aligned to words. */
  bx(address: I32): void {
    const aligned = this.and(address, this.select(this.and(address, this.const(1)), this.const(-1), this.const(-4)));
    this.branch(null, this.absolute(aligned), 'now');
  }
  /** To an address that has T in bit 0 and is aligned as it must be. */
  branchTo(address: I32): void {
    this.branch(null, this.absolute(address), 'now');
  }
  setLink(): void {
    this.write('gpr', 14, this.nextPc());
  }

  // System

  cp15(index: Operand | number): I32 {
    return this.read32('cp15', index);
  }
  setCp15(index: Operand | number, value: I32): void {
    this.write('cp15', index, value);
  }
  /** M, F, I, A and E. */
  cpsr(): I32 {
    return this.read32('cpsr', 0);
  }
  mode(): I32 {
    return this.and(this.cpsr(), this.const(PSR.M));
  }
  isPrivileged(): I32 {
    return this.ne(this.mode(), this.const(MODE.USR));
  }
  isHyp(): I32 {
    return this.eq(this.mode(), this.const(MODE.HYP));
  }
  isSet(value: I32, bits: number): I32 {
    return this.ne(this.and(value, this.const(bits)), this.const(0));
  }
  undefined(): void {
    this.trap(TRAP.UNDEFINED);
  }
  undefinedWhen(condition: I32): void {
    this.when(condition, () => this.undefined());
  }
  /** Does an access that is not aligned fault (SCTLR.A)? */
  alignmentChecked(): I32 {
    return this.isSet(this.select(this.isHyp(), this.cp15(CP15.HSCTLR), this.cp15(CP15.SCTLR)), 2);
  }
  /** A register of any 32-bit bank. */
  bankRead(bank: string, index: Operand | I32 | number = 0): I32 {
    return this.read32(bank, index);
  }
  bankWrite(bank: string, index: Operand | I32 | number, value: I32): void {
    this.write(bank, index, value);
  }
  /** A 32-bit register as the calls before this have left it. */
  bankSample(bank: string, index = 0): I32 {
    return this.sample(bank, index);
  }

  // Floating point and Advanced SIMD registers

  d(index: Operand | I32 | number): I64 {
    return this.read64('d', index);
  }
  setD(index: Operand | I32 | number, value: I64): void {
    this.write('d', index, value);
  }
  s(index: Operand | I32 | number): I32 {
    return this.read32('s', index);
  }
  setS(index: Operand | I32 | number, value: I32): void {
    this.write('s', index, value);
  }
  /** Load words i of bank fpStage, for the bits i of `list`, from word-aligned memory; all of them or none. */
  loadStage(list: I32, address: I32): void {
    this.loadMany('fpStage', list, address);
  }
  storeStage(list: I32, address: I32): void {
    this.storeMany('fpStage', list, address);
  }
  fpscr(): I32 {
    return this.read32('fpscr', 0);
  }

  /** `when`, decided now where the condition is known. */
  whenever(condition: I32, body: () => void): void {
    const known = constantOf(condition);
    if (known === undefined) this.when(condition, body);
    else if (known !== 0) body();
  }
}

/** The number that a value is, where that is known when the semantics are built. */
function constantOf(value: I32): number | undefined {
  const node = value as unknown as Node;
  return node.op === 'const' ? node.value : undefined;
}

/** An emitter handed out as an object. */
export function arm(emitter: object): ArmEmitter {
  if (!(emitter instanceof ArmEmitter)) throw new Error('not an ARM emitter');
  return emitter;
}
