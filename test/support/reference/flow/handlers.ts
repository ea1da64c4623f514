// Exception handlers of random programs: refill from any address, resume after any other exception, acknowledge interrupts.
import type { Random } from '../../oracle/random.ts';
import type { RowPicker } from '../row-picker.ts';
import { CodeBuilder } from './builder.ts';
import { K0, K1 } from './registers.ts';

export interface Handlers {
  readonly random: Random;
  readonly rows: RowPicker;
  /** Where a program that has lost its way goes on. */
  readonly safe: number;
  /** Does every exception go on in the other of kernel and user mode? */
  readonly toggles: boolean;
}

const [INDEX, LO0, LO1, CONTEXT, BADVADDR, COUNT, COMPARE, STATUS, CAUSE, EPC] = [0, 2, 3, 4, 8, 9, 11, 12, 13, 14];

const from = (code: CodeBuilder, rt: number, rd: number): void => code.word(0x40000000 | (rt << 16) | (rd << 11));
const to = (code: CodeBuilder, rt: number, rd: number): void => code.word(0x40800000 | (rt << 16) | (rd << 11));

/** The page pair of BadVAddr shows RAM at its low 15 bits; Count decides some of the flags. */
function refill(code: CodeBuilder, { random }: Handlers): void {
  const flags = random.chance(94) ? 6 : random.below(8);
  from(code, K0, BADVADDR);
  from(code, K1, COUNT);
  code.op('andi', { rs: K1, rt: K1, imm: random.chance(94) ? 1 : random.below(8) });
  code.op('andi', { rs: K0, rt: K0, imm: 0x6000 });
  code.op('srl', { rt: K0, rd: K0, sa: 6 });
  code.op('ori', { rs: K0, rt: K0, imm: flags });
  code.op('xor', { rs: K0, rt: K1, rd: K0 });
  to(code, K0, LO0);
  code.op('addiu', { rs: K0, rt: K0, imm: 64 });
  to(code, K0, LO1);
  if (random.chance(10)) to(code, 0, INDEX);
  code.op(random.chance(90) ? 'tlbwr' : 'tlbwi');
  code.op('eret');
}

/** Go on after the instruction (after the slot, when it was in one); away from addresses that cannot be fetched. */
function general(code: CodeBuilder, { random, safe, toggles }: Handlers): void {
  const [away, interrupt, slot, on] = [code.label(), code.label(), code.label(), code.label()];
  from(code, K0, EPC);
  from(code, K1, BADVADDR);
  code.branch('beq', { rs: K0, rt: K1 }, away);
  from(code, K1, CAUSE);
  code.branch('bltz', { rs: K1 }, slot);
  code.op('andi', { rs: K1, rt: K1, imm: 0x7c });
  code.branch('beq', { rs: K1, rt: 0 }, interrupt);
  code.word(0);
  code.branch('beq', { rs: 0, rt: 0 }, on);
  code.op('addiu', { rs: K0, rt: K0, imm: 4 });
  code.mark(slot);
  code.op('addiu', { rs: K0, rt: K0, imm: random.chance(50) ? 8 : 12 });
  code.mark(on);
  if (toggles) {
    from(code, K1, STATUS);
    code.op('xori', { rs: K1, rt: K1, imm: 0x10 });
    to(code, K1, STATUS);
  }
  to(code, K0, EPC);
  if (random.chance(50)) code.op('sync');
  else to(code, K1, CONTEXT);
  code.op('eret');
  code.mark(away);
  code.constant(K0, safe);
  to(code, K0, EPC);
  code.op('eret');
  code.mark(interrupt);
  acknowledge(code, 20 + random.below(200));
}

/** Software interrupts are over, and the timer comes again. */
function acknowledge(code: CodeBuilder, ticks: number): void {
  to(code, 0, CAUSE);
  from(code, K1, COUNT);
  code.op('addiu', { rs: K1, rt: K1, imm: ticks });
  to(code, K1, COMPARE);
  code.op('eret');
}

/** Put the handlers into memory; `base` is the word where they begin. */
export function putHandlers(memory: Uint32Array, base: number, handlers: Handlers): void {
  const put = (offset: number, write: (code: CodeBuilder) => void): void => {
    const code = new CodeBuilder(handlers.rows);
    write(code);
    memory.set(code.finish(0), base + offset / 4);
  };
  put(0x000, (code) => refill(code, handlers));
  put(0x180, (code) => general(code, handlers));
  put(0x200, (code) => acknowledge(code, 10 + handlers.random.below(100)));
}
