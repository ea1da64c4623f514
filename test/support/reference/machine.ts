// The reference machine: fetch, decode, evaluate, one step after another, with time, interrupts and exceptions looked at before every
// step. Nothing is cached and nothing is compiled. The architecture's TypeScript part (timer, helpers) is the real one.
import type { Statement } from '../../../src/cpu/emit/values.ts';
import { buildStatements } from '../../../src/cpu/exec/handlers.ts';
import {
  Access,
  type ArchitectureDefinition,
  type CoreModel,
  type CoreServices,
  createTranslation,
  readTranslation,
  Translated,
  type Translation,
} from '../../../src/cpu/isa/architecture.ts';
import { Decoder } from '../../../src/cpu/isa/decoder.ts';
import { type RawFields, type Row, rawFields } from '../../../src/cpu/isa/insn.ts';
import { type Banks, layOutBanks } from '../../../src/cpu/isa/register-file.ts';
import { WORD_PC } from '../../../src/cpu/isa/state-words.ts';
import { Evaluator } from './evaluator.ts';
import type { MachineName } from './machines.ts';
import { type BranchTaken, GuestTrap, Leave, type World } from './world.ts';

const STATE_BASE = 0x100;
const PAGE_SIZE = 4096;
/** Bytes a reservation covers. */
const RESERVED_LINE = 256;
/** Words whose decoding is remembered. */
const MOST_DECODED = 50_000;

/** A range of guest-physical memory, bytes in guest order. */
export interface ReferenceRam {
  readonly base: number;
  readonly bytes: Uint8Array;
}

/** User space's side of MMIO: the same answers must be given to the machine under test. */
export interface Mmio {
  read(physical: number, length: number): number;
  write(physical: number, length: number, value: number): void;
}

export interface ReferenceOptions {
  readonly endianness: 'little' | 'big';
  readonly machine: MachineName;
  readonly ram: readonly ReferenceRam[];
  readonly nsPerInstruction: number;
  readonly seed: number;
  readonly mmio: Mmio;
  /** Does the architecture leave open what an access to this virtual address does in the present state? The run ends there. */
  isUndefined?(machine: ReferenceMachine, address: number): boolean;
}

/** How `enter` ended: the deadline, a WAIT with nothing pending, a jump to itself for ever, or something that cannot go on. */
export type Ended = 'deadline' | 'wait' | 'spin' | 'internal error' | 'shutdown' | 'undefined';

interface Decoded {
  readonly row: Row;
  readonly statements: readonly Statement[];
  readonly fields: RawFields;
}

export class ReferenceMachine {
  readonly banks: Banks;
  readonly model: CoreModel;
  readonly state: ArrayBuffer;
  /** Instructions retired, and exceptions taken by instructions. */
  instructions = 0;
  private readonly architecture: ArchitectureDefinition;
  private readonly options: ReferenceOptions;
  private readonly evaluator: Evaluator;
  private readonly decoder: Decoder;
  private readonly decoded = new Map<number, Decoded | null>();
  private readonly statements = new Map<Row, Map<string, readonly Statement[]>>();
  private readonly pcWord: Uint32Array;
  private readonly bigEndian: boolean;
  /** Guest-physical address of the last load-linked. */
  private reservation: number | null = null;
  private idle = 0;
  private leaving: Leave['why'] | null = null;

  constructor(architecture: ArchitectureDefinition, options: ReferenceOptions) {
    this.architecture = architecture;
    this.options = options;
    this.bigEndian = options.endianness === 'big';
    const { banks, end } = layOutBanks(architecture.banks, STATE_BASE);
    this.banks = banks;
    this.state = new ArrayBuffer(end);
    this.pcWord = new Uint32Array(this.state, WORD_PC, 1);
    this.decoder = new Decoder(architecture.rows);
    this.evaluator = new Evaluator(architecture, banks, this.state, this.world());
    this.model = architecture.createModel(this.services(), {
      vmType: options.machine,
      cpuModel: architecture.cpuModels[0]!,
      seed: options.seed,
      bigEndian: this.bigEndian,
      paravirtHypercalls: false,
    });
    this.reset();
  }

  /** Power-on. Memory is the caller's. */
  reset(): void {
    this.instructions = 0;
    this.idle = 0;
    this.reservation = null;
    this.leaving = null;
    if (this.decoded.size > MOST_DECODED) this.decoded.clear();
    this.model.reset(0);
    this.pc = this.model.resetPc();
  }

  get pc(): number {
    return this.pcWord[0]!;
  }

  set pc(value: number) {
    this.pcWord[0] = value;
  }

  get now(): number {
    return this.instructions * this.options.nsPerInstruction + this.idle;
  }

  skipTo(instant: number): void {
    if (instant > this.now) this.idle += instant - this.now;
  }

  /** A device or user space writes guest memory: a load-linked reservation on its line dies. */
  writeFromOutside(physical: number, bytes: Uint8Array): void {
    const ram = this.locate(physical)!;
    ram.bytes.set(bytes, physical - ram.base);
    const line = (address: number): number => Math.floor(address / RESERVED_LINE);
    const reserved = this.reservation !== null && line(this.reservation) >= line(physical);
    if (reserved && line(this.reservation!) <= line(physical + bytes.length - 1))
      new Int32Array(this.state, this.banks.llbit!.offset, 1)[0] = 0;
  }

  /** The instruction word at a virtual address, if it can be fetched now. */
  wordAt(address: number): number | undefined {
    if ((address & 3) !== 0) return undefined;
    const out = this.find(address, Access.FETCH);
    if (out.outcome !== Translated.PHYSICAL || !this.locate(out.physical)) return undefined;
    return this.readRam(out.physical, 4);
  }

  /** Run to the guest instant `deadline`. */
  enter(deadline: number): Ended {
    for (;;) {
      this.model.updateTimers(this.now);
      if (this.model.isWaiting()) {
        this.model.wake();
        if (this.model.isWaiting()) return 'wait';
      }
      const interrupt = this.model.interrupt();
      if (interrupt >= 0) this.raise(interrupt, this.pc, false);
      if (this.now >= deadline) return 'deadline';
      if (this.spins()) return 'spin';
      const left = this.step();
      if (left) return left;
    }
  }

  /** A jump to itself with a NOP in its slot (seen on one page only), and no interrupt that could end it. */
  private spins(): boolean {
    const { pc } = this;
    const offset = pc & (PAGE_SIZE - 1);
    if (offset + 4 === PAGE_SIZE || this.model.interruptible()) return false;
    const word = this.wordAt(pc);
    if (word === undefined) return false;
    return this.architecture.isSelfJump(word, offset, pc) && this.wordAt(pc + 4) === this.architecture.nop;
  }

  /** One instruction, or a branch with its slot. */
  private step(): Ended | undefined {
    const start = this.instructions;
    try {
      const branch = this.execute(this.pc, null);
      if (!branch) this.pc = this.pc + 4;
      else if (branch.slot === 'now') this.pc = branch.target;
      else if (branch.slot === 'likely' && !branch.taken) this.pc = this.pc + 8;
      else {
        const slot = this.pc + 4;
        this.execute(slot >>> 0, branch);
        this.pc = branch.taken ? branch.target : this.pc + 8;
      }
    } catch (thrown) {
      if (thrown instanceof Leave) {
        this.instructions = start;
        return thrown.why;
      }
      if (!(thrown instanceof ExceptionTaken)) throw thrown;
    }
    return undefined;
  }

  /** Execute the instruction at `pc`, in the slot of `branch` if given; throws ExceptionTaken after entering a guest exception. */
  private execute(pc: number, branch: BranchTaken | null): BranchTaken | null {
    const inSlot = branch !== null;
    this.instructions++;
    try {
      const decoded = this.decode(this.fetch(pc));
      if (!decoded) throw new GuestTrap(this.architecture.reservedInstruction);
      return this.evaluator.instruction(decoded.statements, decoded.fields, pc, inSlot);
    } catch (thrown) {
      // A fault in the slot begins again at the branch.
      if (branch && (thrown instanceof GuestTrap || thrown instanceof Leave)) this.evaluator.takeBack(branch);
      if (!(thrown instanceof GuestTrap)) throw thrown;
      this.raise(thrown.code, pc, inSlot);
      throw new ExceptionTaken();
    }
  }

  private raise(code: number, pc: number, inSlot: boolean): void {
    this.pc = this.evaluator.routine(this.architecture.raise, [code, pc, inSlot ? 1 : 0]) >>> 0;
  }

  private fetch(pc: number): number {
    if ((pc & 3) !== 0) this.fault(pc, this.model.misaligned(Access.FETCH));
    const physical = this.translate(pc, Access.FETCH, pc);
    if (physical.mmio) throw new Leave('internal error');
    return this.readRam(physical.at, 4);
  }

  private decode(word: number): Decoded | null {
    const known = this.decoded.get(word);
    if (known !== undefined) return known;
    const row = this.decoder.decode(word);
    const decoded = row ? { row, fields: rawFields(row, word), statements: this.build(row, word) } : null;
    this.decoded.set(word, decoded);
    return decoded;
  }

  private build(row: Row, word: number): readonly Statement[] {
    const raw = rawFields(row, word);
    const steering = Object.fromEntries(row.pattern.fields.filter((f) => f.steers).map((f) => [f.name, raw[f.name]!]));
    const key = JSON.stringify(steering);
    const shapes = this.statements.get(row) ?? new Map<string, readonly Statement[]>();
    this.statements.set(row, shapes);
    const built = shapes.get(key) ?? buildStatements(this.architecture, this.banks, row, steering);
    shapes.set(key, built);
    return built;
  }

  // Memory

  private fault(address: number, trap: number): never {
    this.evaluator.routine(this.architecture.recordFault, [address, trap]);
    throw new GuestTrap(trap);
  }

  private translate(address: number, access: Access, reported: number): { at: number; mmio: boolean } {
    if (this.options.isUndefined?.(this, address)) throw new Leave('undefined');
    const out = this.find(address, access);
    if (out.outcome === Translated.FAULT) this.fault(reported, out.trap);
    if (out.outcome === Translated.UNEMULATED) throw new Leave('internal error');
    const ram = this.locate(out.physical);
    return { at: out.physical, mmio: out.outcome === Translated.MMIO || !ram };
  }

  private find(address: number, access: Access): Translation {
    const word = this.evaluator.routine(this.architecture.translate, [address, access]);
    return readTranslation(word, address, createTranslation());
  }

  private locate(physical: number): ReferenceRam | undefined {
    return this.options.ram.find(({ base, bytes }) => physical >= base && physical - base < bytes.length);
  }

  private byteAt(physical: number, length: number, i: number): [Uint8Array, number] {
    const ram = this.locate(physical)!;
    return [ram.bytes, physical - ram.base + (this.bigEndian ? length - 1 - i : i)];
  }

  private readRam(physical: number, length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) {
      const [bytes, at] = this.byteAt(physical, length, i);
      value |= bytes[at]! << (8 * i);
    }
    return value;
  }

  private world(): World {
    const aligned = (address: number, width: number): boolean => address % (width / 8) === 0;
    return {
      load: (width, signed, address, reported, linked) => {
        if (!aligned(address, width)) this.fault(reported, this.model.misaligned(Access.READ));
        const { at, mmio } = this.translate(address, Access.READ, reported);
        if (mmio && linked) throw new Leave('internal error');
        if (linked) this.reservation = at;
        const raw = mmio ? this.options.mmio.read(at, width / 8) : this.readRam(at, width / 8);
        const shift = 32 - width;
        return signed ? (raw << shift) >> shift : ((raw << shift) >>> shift) | 0;
      },
      store: (width, address, value, reported, linked) => {
        if (!aligned(address, width)) this.fault(reported, this.model.misaligned(Access.WRITE));
        const { at, mmio } = this.translate(address, Access.WRITE, reported);
        if (mmio && linked) throw new Leave('internal error');
        const length = width / 8;
        if (mmio) this.options.mmio.write(at, length, value);
        else
          for (let i = 0; i < length; i++) {
            const [bytes, place] = this.byteAt(at, length, i);
            bytes[place] = value >>> (8 * i);
          }
      },
      now: () => BigInt(this.now),
      helper: (name, a, b) => {
        const result = this.model.helper(this.architecture.helpers.indexOf(name), a, b);
        if (this.leaving === null) return result;
        const leave = new Leave(this.leaving);
        this.leaving = null;
        throw leave;
      },
    };
  }

  private services(): CoreServices {
    const size = this.state.byteLength;
    return {
      banks: this.banks,
      i32: new Int32Array(this.state),
      i64: new BigInt64Array(this.state, 0, size >>> 3),
      now: () => this.now,
      routine: (name, ...args) => this.evaluator.routine(name, args),
      dropMapped: () => {},
      cut: () => {},
      yieldNow: () => {},
      hypercall: () => {
        throw new Error('hypercalls to user space are not part of the reference');
      },
      hypercallResult: 0,
      hypercallAnswered: false,
      observer: { on: false, count: () => {}, trace: () => {}, exit: () => {}, asidChanged: () => {}, exitPc: 0 },
      vcpus: 1,
      active: 0,
      privateLine: () => {},
      canRaise: () => true,
      onVcpu: (_vcpu, action) => action(),
      registerOf: () => {
        throw new Error('the reference has one vCPU');
      },
      requestSystemEvent: () => {
        throw new Error('system events are not part of the reference');
      },
      shutdown: () => {
        this.leaving = 'shutdown';
      },
      unemulated: () => {
        this.leaving = 'internal error';
      },
    };
  }
}

/** Control went to an exception handler; `pc` is there. */
class ExceptionTaken {}
