// What the slow paths of the generated program (slow-paths.ts) leave to the host: MMIO, pages with code, READONLY slots and dirty logs, the first
// write to a page, answers from outside, misaligned accesses.
import { KVM_TRACE_MMIO_READ, KVM_TRACE_MMIO_WRITE } from '../../kvm/trace.ts';
import {
  ACCESS_AS_USER,
  Access,
  createTranslation,
  readTranslation,
  Translated,
  type Translation,
} from '../isa/architecture.ts';
import { ACCESS_LINKED, ACCESS_REPORTED, ACCESS_SIGNED, ACCESS_UNCACHED, ACCESS_USER } from './conventions.ts';
import type { Core } from './core.ts';
import { lowBytes, MAX_PENDING_WRITES } from './exit-box.ts';
import { READ_TABLE, WHY, WORD } from './layout.ts';

export class MemoryAccess {
  private readonly core: Core;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly swap: number;
  private readonly translation: Translation = createTranslation();
  /** The same, as `translate` said it. */
  private word = 0;

  /** `swap` is 3 for a big-endian guest (bytes move within their word), else 0. */
  constructor(core: Core, swap: number) {
    this.core = core;
    this.u8 = new Uint8Array(core.i32.buffer);
    this.u16 = new Uint16Array(core.i32.buffer);
    this.swap = swap;
  }

  slowLoad(address: number, descriptor: number): number {
    const { core } = this;
    const width = descriptor & 0xff;
    const out = this.translation;
    if (!this.translate(address, descriptor, Access.READ)) return 0;
    const linked = (descriptor & ACCESS_LINKED) !== 0;
    const signed = (descriptor & ACCESS_SIGNED) !== 0;
    // An answered read is over, even where a slot has come to lie under it since.
    const answer = this.answerFor(out.physical, width >>> 3);
    if (answer !== undefined) return extend(answer, width, signed);
    const range = out.outcome === Translated.PHYSICAL ? core.memory.find(out.physical) : undefined;
    if (!range) {
      if (linked) return this.refuse('LL from MMIO');
      const value = this.deviceRead(out.outcome, out.physical, width >>> 3);
      return value === undefined ? 0 : extend(value, width, signed);
    }
    const host = core.arena + range.offset + (out.physical - range.gpa);
    if (core.watch.data.on && !this.watchedRead(address, descriptor, host)) return 0;
    if (linked) this.core.u32[WORD.RESERVATION >>> 2] = host;
    return extend(this.readHost(host, width), width, signed);
  }

  slowStore(address: number, descriptor: number, value: number): void {
    const { core } = this;
    const width = descriptor & 0xff;
    const out = this.translation;
    if (!this.translate(address, descriptor, Access.WRITE)) return;
    const range = out.outcome === Translated.PHYSICAL ? core.memory.find(out.physical) : undefined;
    if (!range || range.readonly) {
      if ((descriptor & ACCESS_LINKED) !== 0) {
        this.refuse('SC to MMIO');
        return;
      }
      const why = out.outcome === Translated.MMIO ? 'segment' : range ? 'readonly' : 'no memory';
      this.deviceWrite(why, out.physical, width >>> 3, value);
      return;
    }
    const host = core.arena + range.offset + (out.physical - range.gpa);
    if (core.watch.data.on && this.holds(address, width >>> 3, value)) return;
    core.memory.touch(host - core.arena, width >>> 3);
    range.dirty?.wrote(out.physical - range.gpa, width >>> 3);
    core.codeWritten(host, width >>> 3);
    core.codePages.written(host);
    if ((descriptor & (ACCESS_USER | ACCESS_UNCACHED)) === 0 && core.watch.data.mayFill(address, out.physical))
      core.tlb.fillWrite(address, host, core.codePages.holdsCode(host), this.word);
    this.writeHost(host, width, value);
  }

  /** A read of RAM while data is watched: false when the instruction is not to run now. All reads come here then, so that other pages get their entries. */
  private watchedRead(address: number, descriptor: number, host: number): boolean {
    const { core } = this;
    if (this.holds(address, (descriptor & 0xff) >>> 3, null)) return false;
    if (
      (descriptor & (ACCESS_USER | ACCESS_UNCACHED)) === 0 &&
      core.watch.data.mayFill(address, this.translation.physical)
    )
      core.routine('fill', READ_TABLE, address, host - address - 1, this.word);
    return true;
  }

  /** Is the vCPU to stand before the instruction that makes this access? `value` is what it stores; null: it reads. */
  private holds(address: number, length: number, value: number | null): boolean {
    const { core } = this;
    const { physical } = this.translation;
    const isWrite = value !== null;
    const stored = value === null ? null : lowBytes(value, length);
    const access = { cpu: core.active, address: address >>> 0, physical, length, isWrite, value: stored };
    if (!core.watch.data.accesses(access)) return false;
    core.exits.held = true;
    core.i32[WORD.WHY >>> 2] = WHY.EXIT;
    return true;
  }

  /** Translate a data access into `this.translation`; false when the instruction leaves or faults. */
  private translate(address: number, descriptor: number, access: Access): boolean {
    const { core } = this;
    const out = this.translation;
    const reported = (descriptor & ACCESS_REPORTED) !== 0 ? this.core.i32[WORD.FAULT_ADDRESS >>> 2]! : address;
    if ((address & (((descriptor & 0xff) >>> 3) - 1)) !== 0) {
      this.trapNow(reported, core.model.misaligned(access));
      return false;
    }
    const rights = (descriptor & ACCESS_USER) !== 0 ? ACCESS_AS_USER : 0;
    this.word = core.routine(core.program.architecture.translate, address, access | rights);
    readTranslation(this.word, address, out);
    if (out.outcome === Translated.FAULT) {
      this.trapNow(reported, out.trap);
      return false;
    }
    if (out.outcome === Translated.UNEMULATED) {
      core.unemulated(`access to 0x${(address >>> 0).toString(16)}, where the guest has no segment`);
      return false;
    }
    return true;
  }

  private trapNow(address: number, trap: number): void {
    const { core } = this;
    core.recordFault(address, trap);
    this.core.i32[WORD.TRAP_CODE >>> 2] = trap;
    this.core.i32[WORD.WHY >>> 2] = WHY.TRAP;
  }

  private refuse(message: string): number {
    const { core } = this;
    core.unemulated(message);
    return 0;
  }

  private readHost(host: number, width: number): number {
    if (width === 32) return this.core.i32[host >>> 2]!;
    if (width === 16) return this.u16[(host ^ (this.swap & 2)) >>> 1]!;
    return this.u8[(host ^ this.swap) >>> 0]!;
  }

  private writeHost(host: number, width: number, value: number): void {
    if (width === 32) this.core.i32[host >>> 2] = value;
    else if (width === 16) this.u16[(host ^ (this.swap & 2)) >>> 1] = value;
    else this.u8[(host ^ this.swap) >>> 0] = value;
  }

  /** The next answer, if it is the one to this access; answers to accesses that the instruction no longer makes are dropped. */
  private answerFor(physical: number, length: number): number | undefined {
    const { exits } = this.core;
    if (exits.answersUsed >= exits.answered) return undefined;
    const answer = exits.answers[exits.answersUsed]!;
    if (answer.physical === physical && answer.length === length) {
      exits.answersUsed++;
      return answer.value;
    }
    exits.answered = exits.answersUsed;
    return undefined;
  }

  /**
   * A read that no memory serves: the value when an in-kernel device does, else undefined; then the instruction leaves, and runs again when
   * user space has given the answer. (An instruction that reads twice would read the in-kernel device again: none does so far.)
   */
  private deviceRead(outcome: Translated, physical: number, length: number): number | undefined {
    const { core } = this;
    this.observe(Access.READ, outcome === Translated.MMIO ? 'segment' : 'no memory');
    const value = core.ioBus.read(physical, length, core.active);
    core.observer.count(value === undefined ? 'mmio_exit_user' : 'mmio_exit_kernel');
    if (value !== undefined) {
      core.observer.mmio(KVM_TRACE_MMIO_READ, physical, length, value);
      return value;
    }
    core.exits.read = { physical, length };
    core.i32[WORD.WHY >>> 2] = WHY.EXIT;
    return undefined;
  }

  /** Writes that KVM does not serve itself leave after the instruction that made them. */
  private deviceWrite(
    why: 'segment' | 'no memory' | 'readonly',
    physical: number,
    length: number,
    value: number,
  ): void {
    const { core } = this;
    const { exits } = this.core;
    this.observe(Access.WRITE, why);
    core.observer.mmio(KVM_TRACE_MMIO_WRITE, physical, length, value);
    const taken = core.ioBus.write(physical, length, lowBytes(value, length), core.active);
    core.observer.count(taken ? 'mmio_exit_kernel' : 'mmio_exit_user');
    if (taken) return;
    if (exits.writes.length === MAX_PENDING_WRITES) throw new Error('one instruction made too many MMIO writes');
    exits.writes.push({ physical, length, value });
    core.cut();
  }

  private observe(access: Access, why: 'segment' | 'no memory' | 'readonly'): void {
    const { core } = this;
    if (core.observer.on) core.model.deviceAccess(access, why);
  }
}

function extend(value: number, width: number, signed: boolean): number {
  if (width === 32) return value | 0;
  return signed ? (value << (32 - width)) >> (32 - width) : value & ((1 << width) - 1);
}
