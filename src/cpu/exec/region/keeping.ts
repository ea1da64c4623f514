// How a region keeps the guest's registers in locals. A loop loads all it uses where it is entered, and writes back what it has written where it
// leaves (ENGINE: "guest registers in Wasm locals"). Other code, of which a small part runs each time it is entered, loads a register when a
// block first needs it and writes it to memory at once: nothing to do at its many ways in and out.
import type { Bank } from '../../isa/register-file.ts';
import type { FunctionWriter } from '../../wasm/writer.ts';
import { registerName } from '../names.ts';
import type { Block, Flow } from './graph.ts';
import type { Registers } from './instruction.ts';
import { dirtyRegisters, neededRegisters, registersOf } from './registers.ts';

/** The locals of one region's registers, by byte offset of their place in the state block. */
export class RegisterLocals {
  private readonly w: FunctionWriter;
  private readonly locals = new Map<number, number>();
  private readonly banks = new Map<number, Bank>();

  constructor(w: FunctionWriter) {
    this.w = w;
  }

  of(bank: Bank, index: number): number {
    return this.at(bank.offset + index * bank.size, bank);
  }

  at(offset: number, bank: Bank): number {
    let local = this.locals.get(offset);
    if (local === undefined) {
      local = this.w.local(bank.width === 64 ? 'i64' : 'i32', registerName(bank, (offset - bank.offset) / bank.size));
      this.locals.set(offset, local);
      this.banks.set(offset, bank);
    }
    return local;
  }

  /** Every register that has a local so far. */
  get all(): Registers {
    return this.banks;
  }

  load(w: FunctionWriter, registers: Registers): void {
    for (const [offset, bank] of registers)
      w.i32(0)
        .memory(bank.width === 64 ? 'i64.load' : 'i32.load', offset)
        .set(this.at(offset, bank));
  }

  store(w: FunctionWriter, registers: Registers): void {
    for (const [offset, bank] of registers) this.storeOne(w, offset, bank);
  }

  storeOne(w: FunctionWriter, offset: number, bank: Bank): void {
    w.i32(0)
      .get(this.at(offset, bank))
      .memory(bank.width === 64 ? 'i64.store' : 'i32.store', offset);
  }
}

export interface RegisterKeeping {
  /** Do registers go to memory when they are written? */
  readonly through: boolean;
  /** In front of the region. */
  enter(w: FunctionWriter): void;
  /** At the one place where code leaves that has nothing better; after it registers are in memory. */
  exit(w: FunctionWriter): void;
  begin(block: Block): void;
  /** The local of a register has been written. */
  wrote(offset: number, bank: Bank): void;
  /** Bring all registers to memory at the end of a block. False: better go to the common exit. */
  finish(block: Block): boolean;
  beforeCall(block: Block): void;
  afterCall(): void;
}

/** The way of keeping registers that suits a region. */
export function keepingOf(flow: Flow, w: FunctionWriter, locals: RegisterLocals): RegisterKeeping {
  return flow.loops ? new WriteBack(flow, w, locals) : new WriteThrough(flow, w, locals);
}

/** Registers that are written back where a block leaves, rather than all of them at the end. */
const MOST_FLUSHED = 16;

class WriteBack implements RegisterKeeping {
  readonly through = false;
  private readonly w: FunctionWriter;
  private readonly locals: RegisterLocals;
  private readonly dirty: ReadonlyMap<Block, Registers>;
  private readonly written = new Map<number, Bank>();

  constructor(flow: Flow, w: FunctionWriter, locals: RegisterLocals) {
    this.w = w;
    this.locals = locals;
    this.dirty = dirtyRegisters(flow);
    // All of them are known before the first call: they are loaded again when it comes back.
    for (const [offset, bank] of registersOf(flow.blocks)) locals.at(offset, bank);
  }

  enter(w: FunctionWriter): void {
    this.locals.load(w, this.locals.all);
  }

  exit(w: FunctionWriter): void {
    this.locals.store(w, this.written);
  }

  begin(): void {}

  wrote(offset: number, bank: Bank): void {
    this.written.set(offset, bank);
  }

  finish(block: Block): boolean {
    const dirty = this.dirty.get(block)!;
    if (dirty.size > MOST_FLUSHED) return false;
    this.locals.store(this.w, dirty);
    return true;
  }

  beforeCall(block: Block): void {
    this.locals.store(this.w, this.dirty.get(block)!);
  }

  afterCall(): void {
    this.locals.load(this.w, this.locals.all);
  }
}

class WriteThrough implements RegisterKeeping {
  readonly through = true;
  private readonly w: FunctionWriter;
  private readonly locals: RegisterLocals;
  private readonly needed: ReadonlyMap<Block, Registers>;

  constructor(flow: Flow, w: FunctionWriter, locals: RegisterLocals) {
    this.w = w;
    this.locals = locals;
    this.needed = neededRegisters(flow);
  }

  enter(): void {}

  exit(): void {}

  begin(block: Block): void {
    this.locals.load(this.w, this.needed.get(block)!);
  }

  wrote(offset: number, bank: Bank): void {
    this.locals.storeOne(this.w, offset, bank);
  }

  finish(): boolean {
    return true;
  }

  beforeCall(): void {}

  afterCall(): void {}
}
