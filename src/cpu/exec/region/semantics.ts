// How a region fills in the lowering's hooks: registers in WebAssembly locals, memory by the fast path only, and everything else by leaving
// at this very instruction with a constant pc and an exact count (ENGINE.md 1).
import type { LoweringHooks, Push } from '../../emit/lower.ts';
import type { Node, Statement } from '../../emit/values.ts';
import type { Bank, Banks } from '../../isa/register-file.ts';
import type { FunctionWriter } from '../../wasm/writer.ts';
import { FastMemory } from '../fast-memory.ts';
import { SET_SIZE, WORD } from '../layout.ts';
import type { RegionFlags } from './flags.ts';
import { COMPARED, listed } from './instruction.ts';
import type { RegisterKeeping, RegisterLocals } from './keeping.ts';

/** Where the instruction being lowered stands. */
export interface Site {
  readonly pc: number;
  /** Instructions counted already that come after this one. */
  readonly after: number;
  /** Emit: give this instruction back to the interpreter, undone. */
  leave(): void;
  /** Emit: this instruction raises `code` for certain; null where it may only leave. */
  readonly raise: ((code: () => void) => void) | null;
}

export interface RegionLocals {
  readonly left: number;
  readonly tables: number;
  /** A branch's condition, and the address an indirect one goes to. */
  readonly condition: number;
  readonly target: number;
}

const noOperands: Push = () => {
  throw new Error('a register whose number is computed');
};

export class RegionSemantics implements LoweringHooks {
  private readonly w: FunctionWriter;
  private readonly banks: Banks;
  private readonly locals: RegionLocals;
  private readonly callee: (name: string) => number;
  private readonly memory: FastMemory;
  private readonly registers: RegisterLocals;
  private readonly keeping: RegisterKeeping;
  private site: Site | null = null;
  private tentative = false;
  /** Of comparisons, where some are deferred; and what is known of them behind the instruction. */
  private flags: RegionFlags | null = null;
  private flagsThen = 0;

  constructor(
    w: FunctionWriter,
    banks: Banks,
    bigEndian: boolean,
    locals: RegionLocals,
    registers: RegisterLocals,
    keeping: RegisterKeeping,
    callee: (name: string) => number,
    logStores: boolean,
  ) {
    this.w = w;
    this.banks = banks;
    this.locals = locals;
    this.registers = registers;
    this.keeping = keeping;
    this.callee = callee;
    this.memory = new FastMemory(w, bigEndian, w.local('i32', 'entry'), logStores);
  }

  many(
    { kind, bank: bankName, list }: Extract<Statement, { kind: 'loadMany' | 'storeMany' }>,
    _list: () => void,
    address: number,
  ): void {
    const { w, locals } = this;
    const bank = this.bank(bankName);
    const registers = listed(list);
    const leave = (): void => this.here().leave();
    const pushTables = () => w.get(locals.tables);
    const bytes = 4 * registers.length;
    if (kind === 'loadMany')
      this.memory.loadMany(pushTables, address, bytes, leave, (load) => {
        for (const [i, { value }] of registers.entries()) {
          if (bank.rowsOnly) {
            load(4 * i);
            this.writeLocal(bank, value);
            continue;
          }
          w.i32(0);
          load(4 * i);
          w.memory('i32.store', bank.offset + value * bank.size);
        }
      });
    else
      this.memory.storeMany(pushTables, address, bytes, leave, (store) => {
        for (const [i, index] of registers.entries())
          store(4 * i, () => this.readRegister(bankName, index, noOperands));
      });
  }

  redecode(): void {
    throw new Error('a region decodes nothing again');
  }

  at(site: Site, flagsThen = 0): void {
    this.site = site;
    this.flagsThen = flagsThen;
  }

  defer(flags: RegionFlags): void {
    this.flags = flags;
  }

  known(node: Node): boolean {
    return this.flags?.condition(node) ?? false;
  }

  /** The value on the stack goes to a register that lives in a local. */
  writeLocal(bank: Bank, index: number): void {
    this.w.set(this.registers.of(bank, index));
    const offset = bank.offset + index * bank.size;
    if (!this.tentative && !this.flags?.isKept(this.flagsThen, offset)) this.keeping.wrote(offset, bank);
  }

  /** Emit code that goes no further than the registers' locals. */
  tentatively(emit: () => void): void {
    this.tentative = true;
    emit();
    this.tentative = false;
  }

  field(name: string): never {
    throw new Error(`operand ${name} is not constant in a region`);
  }

  pc(): void {
    this.w.i32(this.here().pc);
  }

  now(): void {
    const { w } = this;
    w.i32(0).memory('i64.load', WORD.NOW_BASE);
    w.i32(0).memory('i32.load', WORD.BUDGET).get(this.locals.left).op('i32.sub');
    w.i32(this.here().after).op('i32.sub').op('i64.extend_i32_s');
    w.i32(0).memory('i64.load', WORD.NS_PER_INSTRUCTION).op('i64.mul').op('i64.add');
  }

  readRegister(bankName: string, index: Node, push: Push): void {
    if (this.flags?.read(bankName, index)) return;
    const bank = this.bank(bankName);
    if (bank.rowsOnly && index.op === 'const') {
      this.w.get(this.registers.of(bank, index.value));
      return;
    }
    const offset = this.address(bank, index, push);
    this.w.memory(bank.width === 64 ? 'i64.load' : 'i32.load', offset);
  }

  writeRegister(bankName: string, index: Node, push: Push, value: () => void): void {
    if (bankName === COMPARED && index.op === 'const') {
      value();
      this.w.set(this.flags!.operand(index.value));
      return;
    }
    const bank = this.bank(bankName);
    if (bank.rowsOnly && index.op === 'const') {
      value();
      this.writeLocal(bank, index.value);
      return;
    }
    const offset = this.address(bank, index, push);
    value();
    this.w.memory(bank.width === 64 ? 'i64.store' : 'i32.store', offset);
  }

  load(statement: Extract<Statement, { kind: 'load' }>, address: number, result: number): void {
    const { w, locals } = this;
    this.memory.load(
      () => w.get(locals.tables),
      statement,
      address,
      result,
      () => this.here().leave(),
    );
  }

  store(statement: Extract<Statement, { kind: 'store' }>, address: number, value: () => void): void {
    const { w, locals } = this;
    this.memory.store(
      () => w.get(locals.tables),
      statement,
      address,
      value,
      () => this.here().leave(),
    );
  }

  branch({ condition, target }: Extract<Statement, { kind: 'branch' }>, push: Push): void {
    const { w, locals } = this;
    if (condition && condition.op !== 'const') {
      push(condition);
      w.set(locals.condition);
    }
    if (target.kind === 'absolute') {
      push(target.address);
      w.set(locals.target);
    }
  }

  call(routine: string, args: () => void, result: number): void {
    args();
    this.w.call(this.callee(routine));
    if (result >= 0) this.w.set(result);
    else this.w.op('drop');
  }

  helper(name: string): never {
    throw new Error(`helper ${name} in a region`);
  }

  event(name: string): never {
    throw new Error(`event ${name} in a region`);
  }

  trap(code: () => void): void {
    const { raise, leave } = this.here();
    if (raise) raise(code);
    else leave();
  }

  cut(): never {
    throw new Error('the end of a run in a region');
  }

  /** The region goes on with the tables it has: whoever compiles it looks after the instruction. */
  tables(set: () => void): void {
    const { w } = this;
    w.i32(0).i32(0).memory('i32.load', WORD.TABLES);
    set();
    w.i32(SET_SIZE).ops('i32.mul', 'i32.add').memory('i32.store', WORD.CURRENT_TABLES);
    w.i32(0).i32(0).memory('i32.load', WORD.USER_SEEN);
    set();
    w.op('i32.or').memory('i32.store', WORD.USER_SEEN);
  }

  private here(): Site {
    if (!this.site) throw new Error('no instruction is being lowered');
    return this.site;
  }

  private bank(name: string): Bank {
    const bank = this.banks[name];
    if (!bank) throw new Error(`no register bank ${name}`);
    return bank;
  }

  private address(bank: Bank, index: Node, push: Push): number {
    if (index.op === 'const') {
      this.w.i32(0);
      return bank.offset + index.value * bank.size;
    }
    push(index);
    this.w.i32(Math.log2(bank.size)).op('i32.shl');
    return bank.offset;
  }
}
