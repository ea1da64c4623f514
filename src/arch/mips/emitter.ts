// The MIPS emitter: registers, delayed branches, privilege and the clock, in the words of the MIPS32 manuals.
import { Emitter } from '../../cpu/emit/emitter.ts';
import type { I32, I64, Operand, Target } from '../../cpu/emit/values.ts';
import { LAST, NEEDS } from './fpu/registers.ts';
import { CAUSE, CP0, EXC, STATUS, TIMER, TLB_BUCKETS, trapCoprocessor } from './registers.ts';

type TlbPart = 'tlbHi' | 'tlbMask' | 'tlbLo0' | 'tlbLo1';

const NS_PER_SECOND = 1_000_000_000n;

/** What trap-and-emulate KVM gives up on, for the message. */
export const UNSUPPORTED = [
  'MTC0 Index beyond the TLB',
  'RDPGPR',
  'WRPGPR to another register set',
  'ERET outside of an exception',
  'this CP0 instruction',
  'this CACHE operation',
] as const;
type Unsupported = (typeof UNSUPPORTED)[number];

export class MipsEmitter extends Emitter {
  gpr(index: Operand | number): I32 {
    return this.read32('gpr', index);
  }
  setGpr(index: Operand | number, value: I32): void {
    this.write('gpr', index, value);
  }
  hi(): I32 {
    return this.read32('hi', 0);
  }
  lo(): I32 {
    return this.read32('lo', 0);
  }
  setHi(value: I32): void {
    this.write('hi', 0, value);
  }
  setLo(value: I32): void {
    this.write('lo', 0, value);
  }
  hiLo(): I64 {
    return this.or64(this.shl64(this.zext64(this.hi()), this.const64(32n)), this.zext64(this.lo()));
  }
  setHiLo(value: I64): void {
    this.setLo(this.low(value));
    this.setHi(this.high(value));
  }
  cp0(index: Operand | number): I32 {
    return this.read32('cp0', index);
  }
  setCp0(index: Operand | number, value: I32): void {
    this.write('cp0', index, value);
  }
  /** MTC0 of a plain register: only its writable bits change. */
  setCp0Masked(index: Operand | number, value: I32): void {
    const mask = this.read32('cp0Mask', index);
    this.setCp0(index, this.or(this.and(this.cp0(index), this.not(mask)), this.and(value, mask)));
  }
  llbit(): I32 {
    return this.read32('llbit', 0);
  }
  setLlbit(value: I32): void {
    this.write('llbit', 0, value);
  }

  address(base: Operand, offset: Operand): I32 {
    return this.add(this.gpr(base), this.imm(offset));
  }

  // Control

  branchIf(condition: I32, offset: Operand): void {
    this.branch(condition, this.relative(offset), 'delayed');
  }
  branchLikely(condition: I32, offset: Operand): void {
    this.branch(condition, this.relative(offset), 'likely');
  }
  branchAndLink(condition: I32, offset: Operand, slot: 'delayed' | 'likely'): void {
    this.branch(condition, this.relative(offset), slot, { bank: 'gpr', index: 31 });
  }
  jump(to: Target): void {
    this.branch(null, to, 'delayed');
  }
  jumpAndLink(to: Target, link: Operand | number): void {
    this.branch(null, to, 'delayed', { bank: 'gpr', index: link });
  }
  /** ERET: no delay slot. */
  jumpNow(address: I32): void {
    this.branch(null, this.absolute(address), 'now');
  }

  // Privilege and interrupts

  status(): I32 {
    return this.cp0(CP0.STATUS);
  }
  /** Bits of Status that MTC0 changes. */
  statusMask(): I32 {
    return this.read32('statusMask', 0);
  }
  isSet(value: I32, bits: number): I32 {
    return this.ne(this.and(value, this.const(bits)), this.const(0));
  }
  /** User mode: UM set, EXL and ERL clear. */
  userMode(status: I32): I32 {
    return this.eq(this.and(status, this.const(STATUS.UM | STATUS.EXL | STATUS.ERL)), this.const(STATUS.UM));
  }
  /** Coprocessor 0 is usable in kernel mode, or anywhere with Status.CU0. */
  requireCp0(): void {
    this.checkCp0();
    this.exit(EXC.CpU);
  }
  /** The same, for rows that report their exit themselves. */
  checkCp0(): void {
    const status = this.and(this.status(), this.const(STATUS.CU0 | STATUS.UM | STATUS.EXL | STATUS.ERL));
    this.when(this.eq(status, this.const(STATUS.UM)), () => this.trap(trapCoprocessor(0)));
  }
  /** A trap-and-emulate kernel would exit to KVM here, which does what the instruction says. */
  exit(reason: number, detail: Operand | number = 0): void {
    this.event(
      'exit',
      () => this.const(reason),
      () => this.imm(detail),
    );
  }
  /** Write Status: the privilege may change, and an interrupt may become deliverable. */
  setStatus(value: I32): void {
    this.when(this.isSet(this.xor(value, this.status()), STATUS.ERL), () => this.helper('errorLevelChanged'));
    this.setCp0(CP0.STATUS, value);
    this.useTables(this.userMode(value));
    this.cutIfInterrupt(value, this.cp0(CP0.CAUSE));
  }
  /** Look at interrupts after this instruction when one is pending and enabled. */
  cutIfInterrupt(status: I32, cause: I32): void {
    const pending = this.isSet(this.and(status, cause), CAUSE.IP);
    const mode = this.and(status, this.const(STATUS.IE | STATUS.EXL | STATUS.ERL));
    this.when(this.and(pending, this.eq(mode, this.const(STATUS.IE))), () => this.cut());
  }
  /** Is the guest one of trap-and-emulate KVM? */
  trapAndEmulate(): I32 {
    return this.read32('trapAndEmulate', 0);
  }
  /** In a trap-and-emulate guest, KVM gives up here (KVM_EXIT_INTERNAL_ERROR) when `condition` holds. */
  unsupportedIf(what: Unsupported, condition?: I32): void {
    const te = this.trapAndEmulate();
    const number = this.const(UNSUPPORTED.indexOf(what));
    this.when(condition ? this.and(te, condition) : te, () => this.helper('unsupported', number));
  }
  reserved(): void {
    this.trap(EXC.RI);
  }

  // The FPU

  /** Coprocessor 1 is usable, and has what else the instruction NEEDS; `needs` includes NEEDS.FPU. */
  requireFpu(needs: Operand | number): void {
    const refused = this.and(this.read32('fpuRefuses', 0), this.imm(needs));
    const unusable = this.const(trapCoprocessor(1));
    const noFpu = this.and(refused, this.const(NEEDS.FPU));
    this.when(refused, () =>
      this.trap(needs === NEEDS.FPU ? unusable : this.select(noFpu, unusable, this.const(EXC.RI))),
    );
  }
  /** After an operation: has it raised an exception that is enabled? */
  trapFpe(): void {
    this.when(this.eq(this.sample('fpuLast', 0), this.const(LAST.TRAPPED)), () => this.trap(EXC.FPE));
  }
  double(index: Operand): I64 {
    return this.read64('fpr', index);
  }
  setDouble(index: Operand, value: I64): void {
    this.write('fpr', index, value);
  }
  /** The double that register `index` is, or with FR=0 is part of. */
  pair(index: Operand): I64 {
    return this.read64('fpr', this.shrU(this.read32('fpuSingle', index), this.const(1)));
  }
  setPair(index: Operand, value: I64): void {
    this.write('fpr', this.shrU(this.read32('fpuSingle', index), this.const(1)), value);
  }
  single(index: Operand): I32 {
    return this.read32('fprWord', this.read32('fpuSingle', index));
  }
  setSingle(index: Operand, value: I32): void {
    this.write('fprWord', this.read32('fpuSingle', index), value);
  }
  /** The upper half of the double that register `index` is, or is part of. */
  upper(index: Operand): I32 {
    return this.read32('fprWord', this.or(this.read32('fpuSingle', index), this.const(1)));
  }
  setUpper(index: Operand, value: I32): void {
    this.write('fprWord', this.or(this.read32('fpuSingle', index), this.const(1)), value);
  }
  fcsr(): I32 {
    return this.read32('fcsr', 0);
  }
  /** FCSR with its Cause worked out. */
  settledFcsr(): I32 {
    this.call('fpuSettle');
    return this.sample('fcsr', 0);
  }
  setFcsr(value: I32): void {
    this.write('fcsr', 0, value);
  }
  fir(): I32 {
    return this.read32('fir', 0);
  }

  // The timer

  /** CP0 Count now. */
  count(): I32 {
    const elapsed = this.sub64(this.now(), this.read64('countStart', 0));
    const ticks = this.divU64(
      this.mul64(elapsed, this.zext64(this.read32('countRate', 0))),
      this.const64(NS_PER_SECOND),
    );
    return this.add(this.read32('countBase', 0), this.low(ticks));
  }
  setCount(value: I32): void {
    this.write('countBase', 0, value);
    this.write('countStart', 0, this.now());
    this.timerChanged(TIMER.SET_ANEW);
  }
  /** The timer has to be set anew: look at it after this instruction. */
  timerChanged(how: number): void {
    this.write('timerChanged', 0, this.const(how));
    this.cut();
  }
  wait(): void {
    this.write('waiting', 0, this.const(1));
    this.cut();
  }

  // The TLB

  tlb(part: TlbPart, index: I32): I32 {
    return this.read32(part, index);
  }
  setTlb(part: TlbPart, index: I32, value: I32): void {
    this.write(part, index, value);
  }
  usualPageMask(): I32 {
    return this.read32('tlbUsualMask', 0);
  }
  /** Number of the bucket that has the entries of this address with the usual page mask. */
  tlbBucketOf(address: I32): I32 {
    return this.and(this.shrU(address, this.read32('tlbShift', 0)), this.const(TLB_BUCKETS - 1));
  }
  tlbBucket(number: I32): I64 {
    return this.read64('tlbBucket', number);
  }
  setTlbBucket(number: I32, entries: I64): void {
    this.write('tlbBucket', number, entries);
  }
  /** Entries with another page mask than the usual one. */
  tlbOthers(): I64 {
    return this.read64('tlbOthers', 0);
  }
  setTlbOthers(entries: I64): void {
    this.write('tlbOthers', 0, entries);
  }
  /** Drop what the engine remembers of translations: everything mapped, or only what is not global. The next instruction is looked up anew. */
  forgetTranslations(which: 'all' | 'not-global'): void {
    this.call('forgetTranslations', this.const(which === 'all' ? 1 : 0));
  }
  seed(): I32 {
    return this.read32('seed', 0);
  }
  bootVector(): I32 {
    return this.read32('bootVector', 0);
  }
}

/** The emitter a routine is given. */
export function mips(emitter: object): MipsEmitter {
  if (!(emitter instanceof MipsEmitter)) throw new Error('a MIPS routine needs the MIPS emitter');
  return emitter;
}
