// A plain evaluator of ARM rows for the oracle (HOUSE 4, rule 7): runs records in user mode by walking the statements of their rows, without lowering,
// interpreter or regions. It shares only the rows, the routines they call and the WebAssembly functions with the engine.
import { CONDITION_ROUTINES } from '../../../src/arch/arm/conditions.ts';
import { ArmEmitter } from '../../../src/arch/arm/emitter.ts';
import { EXCEPTION_ROUTINES } from '../../../src/arch/arm/exceptions.ts';
import { BANKS, CP15, TRAP } from '../../../src/arch/arm/registers.ts';
import type { Statement } from '../../../src/cpu/emit/values.ts';
import { type RawFields, type Row, rawFields } from '../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../src/cpu/isa/register-file.ts';
import { type Activation, type Memory, StatementRunner, type Steps } from './evaluator.ts';
import { instantiate } from './functions.ts';
import {
  ARENA_BASE,
  ARENA_WORDS,
  type ArmRecord,
  type ArmResult,
  CODE_WORDS,
  isWide,
  pristineArena,
  type Stop,
  THUMB,
  WINDOW_WORD,
  WINDOW_WORDS,
} from './machine.ts';
import { rowOf } from './words.ts';

/** Something that ends a record. */
class Ended extends Error {
  readonly stop: Stop;
  constructor(stop: Stop, message: string = stop) {
    super(message);
    this.stop = stop;
  }
}

const STOPS: ReadonlyMap<number, Stop> = new Map([
  [TRAP.UNDEFINED, 'undefined'],
  [TRAP.BREAKPOINT, 'breakpoint'],
  [TRAP.SVC, 'call'],
  [TRAP.PREFETCH_ABORT, 'fetch'],
]);
const MOST_INSTRUCTIONS = 400;
const STATE_BASE = 64;
const ARENA_END = ARENA_BASE + 4 * ARENA_WORDS;
const USER_MODE = 0x10;
/** Full access to coprocessors 10 and 11; FPEXC.EN. */
const FP_FOR_ALL = 0x00f00000;
const FPEXC_EN = 1 << 30;
/** SCTLR.SW: SWP is there. */
const SWAPS = 1 << 10;
const CPSR_E = 1 << 9;

/** The arena as data accesses see it. */
class ArenaMemory implements Memory {
  readonly words = pristineArena();
  readonly view = new DataView(this.words.buffer);
  /** CPSR.E is 0. */
  little = true;

  /** Byte offset of an access. */
  private place(width: number, address: number, aligned: boolean): number {
    const bytes = width / 8;
    if (aligned && address % bytes !== 0) throw new Ended('alignment');
    if (address < ARENA_BASE || address + bytes > ARENA_END) throw new Ended('access');
    return address - ARENA_BASE;
  }

  load(width: number, signed: boolean, address: number, aligned: boolean): number {
    const at = this.place(width, address, aligned);
    if (width === 32) return this.view.getInt32(at, this.little);
    if (width === 16) return signed ? this.view.getInt16(at, this.little) : this.view.getUint16(at, this.little);
    return signed ? this.view.getInt8(at) : this.view.getUint8(at);
  }

  store(width: number, address: number, value: number, aligned: boolean): void {
    const at = this.place(width, address, aligned);
    if (width === 32) this.view.setInt32(at, value, this.little);
    else if (width === 16) this.view.setInt16(at, value, this.little);
    else this.view.setInt8(at, value);
  }

  halfword(address: number): number {
    if (address < ARENA_BASE || address + 2 > ARENA_BASE + 4 * CODE_WORDS) throw new Ended('fetch');
    return this.view.getUint16(address - ARENA_BASE, true);
  }
}

export class EvaluatedMachine {
  private readonly memory = new ArenaMemory();
  private readonly pristine = pristineArena();
  private readonly banks = layOutBanks(BANKS, STATE_BASE, 16).banks;
  private readonly functions = instantiate(this.banks);
  private readonly state = new DataView(this.functions.memory.buffer);
  private readonly runner = new StatementRunner(this.banks, this.state, this.memory, this.functions.call);
  private readonly compiled = new Map<Row, Map<string, Steps>>();

  constructor() {
    for (const routine of [...CONDITION_ROUTINES, ...EXCEPTION_ROUTINES]) {
      const emitter = new ArmEmitter(this.banks);
      routine.build(emitter);
      this.runner.define(routine.name, emitter.statements);
    }
  }

  run(record: ArmRecord): ArmResult {
    const { memory } = this;
    memory.words.set(this.pristine);
    new Uint16Array(memory.words.buffer, record.pc - ARENA_BASE, record.code.length).set(record.code);
    memory.words.set(record.window, WINDOW_WORD);
    this.setState(record);
    let pc = (record.pc | (record.set === 't32' ? 1 : 0)) >>> 0;
    let stop: Stop = 'endless';
    try {
      for (let n = 0; n < MOST_INSTRUCTIONS; n++) pc = this.step(pc);
    } catch (error) {
      stop = this.stopOf(error);
    }
    return this.result(record, stop, pc);
  }

  private stopOf(error: unknown): Stop {
    if (error instanceof Ended) return error.stop;
    const code = this.runner.trapOf(error);
    if (code === null) throw error;
    return STOPS.get(code & 15) ?? 'other';
  }

  /** One instruction; returns the next pc. */
  private step(pc: number): number {
    const thumb = (pc & 1) === 1;
    const at = pc & ~1;
    if (!thumb && (at & 2) !== 0) throw new Ended('fetch');
    const first = this.memory.halfword(at >>> 0);
    const wide = !thumb || isWide(first);
    const second = wide ? this.memory.halfword((at + 2) >>> 0) : 0;
    const word = thumb ? (wide ? ((first << 16) | second) >>> 0 : first) : ((second << 16) | first) >>> 0;
    const row = rowOf(thumb ? 't32' : 'a32', word, wide ? 4 : 2);
    if (!row) throw new Ended('undefined');
    const fields = rawFields(row, word);
    const form = row.variants ? row.variants.pick(fields, this.get('it')) : row;
    const activation: Activation = {
      before: null,
      depth: 0,
      fields,
      parameters: [],
      pc,
      size: wide ? 4 : 2,
      results: [],
      target: null,
      returned: null,
    };
    this.memory.little = (this.get('cpsr') & CPSR_E) === 0;
    this.runner.begin(activation);
    this.steps(form, fields)(activation);
    return (activation.target ?? pc + activation.size) >>> 0;
  }

  private steps(row: Row, fields: RawFields): Steps {
    const steering = row.pattern.fields.filter((field) => field.steers).map(({ name }) => name);
    const key = steering.map((name) => fields[name]).join();
    const known = this.compiled.get(row) ?? new Map<string, Steps>();
    this.compiled.set(row, known);
    const made = known.get(key) ?? this.runner.compile(this.statements(row, fields, steering));
    known.set(key, made);
    return made;
  }

  private statements(row: Row, raw: RawFields, steering: readonly string[]): readonly Statement[] {
    const emitter = new ArmEmitter(this.banks);
    const fields = Object.keys(raw).map((name) => {
      const node = { op: 'field', type: 'i32', name } as const;
      return [name, steering.includes(name) ? raw[name]! : (node as unknown as number)] as const;
    });
    row.build(emitter, Object.fromEntries(fields));
    return emitter.statements;
  }

  private get(bank: string, index = 0): number {
    return this.state.getInt32(this.banks[bank]!.offset + 4 * index, true);
  }
  private set(bank: string, index: number, value: number): void {
    this.state.setInt32(this.banks[bank]!.offset + 4 * index, value, true);
  }

  private setState({ cpsr, r, d, fpscr }: ArmRecord): void {
    this.set('flag', 0, cpsr);
    this.set('flag', 1, (cpsr & (1 << 30)) === 0 ? 1 : 0);
    for (const [index, bit] of [29, 28, 27].entries()) this.set('flag', 2 + index, (cpsr >>> bit) & 1);
    this.set('ge', 0, (cpsr >>> 16) & 15);
    this.set('it', 0, ((cpsr >>> 8) & 0xfc) | ((cpsr >>> 25) & 3));
    this.set('cpsr', 0, USER_MODE);
    this.set('llbit', 0, 0);
    this.set('cp15', CP15.CPACR, FP_FOR_ALL);
    this.set('cp15', CP15.SCTLR, SWAPS);
    this.set('fpexc', 0, FPEXC_EN);
    this.set('fpscr', 0, fpscr);
    r.forEach((value, i) => {
      this.set('gpr', i, value);
    });
    d.forEach((value, i) => {
      this.state.setBigUint64(this.banks.d!.offset + 8 * i, value, true);
    });
  }

  private cpsr(pc: number): number {
    const bit = (index: number, at: number): number => (this.get('flag', index) === 0 ? 0 : 1 << at);
    const it = this.get('it');
    const flags = (this.get('flag', 0) & (1 << 31)) | (this.get('flag', 1) === 0 ? 1 << 30 : 0);
    const blocks = ((it & 0xfc) << 8) | ((it & 3) << 25);
    const rest = (this.get('ge') << 16) | blocks | (this.get('cpsr') & CPSR_E) | ((pc & 1) === 1 ? THUMB : 0);
    return (flags | bit(2, 29) | bit(3, 28) | bit(4, 27) | rest | USER_MODE) >>> 0;
  }

  private result(record: ArmRecord, stop: Stop, pc: number): ArmResult {
    const { words } = this.memory;
    const before = this.pristine.slice();
    new Uint16Array(before.buffer, record.pc - ARENA_BASE, record.code.length).set(record.code);
    const window = words.slice(WINDOW_WORD, WINDOW_WORD + WINDOW_WORDS);
    before.set(window, WINDOW_WORD);
    let [count, first, hash] = [0, 0, 0x811c9dc5];
    for (let i = 0; i < ARENA_WORDS; i++) {
      if (words[i] === before[i]) continue;
      const address = ARENA_BASE + 4 * i;
      if (count++ === 0) first = address;
      hash = Math.imul(Math.imul(hash ^ address, 0x01000193) ^ words[i]!, 0x01000193);
    }
    const d = new BigUint64Array(this.state.buffer, this.banks.d!.offset, 32).slice();
    return {
      stop,
      pc: (pc & ~1) >>> 0,
      address: 0,
      cpsr: this.cpsr(pc),
      fpscr: this.get('fpscr') >>> 0,
      r: Uint32Array.from({ length: 15 }, (_, i) => this.get('gpr', i)),
      d,
      window,
      strays: [count, first, hash >>> 0],
    };
  }
}
