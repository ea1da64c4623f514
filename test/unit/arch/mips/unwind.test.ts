import { describe, expect, it } from 'vitest';
import { type UnwindView, unwindMips } from '../../../../src/arch/mips/unwind.ts';
import {
  addiu,
  assemble,
  b,
  beq,
  bne,
  breakpoint,
  j,
  jal,
  jalr,
  jr,
  k0,
  type Line,
  label,
  lw,
  nop,
  ra,
  s1,
  sw,
  t0,
} from '../../../support/kvm/mips-words.ts';

const TEXT = 0x4010_0000;
const STACK = 0x4200_0000;
const sp = 29;
const a0 = 4;

const enter = (size: number, raAt: number): Line => [addiu(sp, sp, -size), sw(ra, raAt, sp)];
const leave = (size: number, raAt: number): Line => [lw(ra, raAt, sp), jr(ra), addiu(sp, sp, size)];

/** A kernel: code with its labels as functions, and a stack. */
class Kernel implements UnwindView {
  readonly labels: ReadonlyMap<string, number>;
  private readonly words = new Map<number, number>();
  private readonly functions: readonly (readonly [name: string, start: number])[];

  /** Labels with a dot are places inside a function. */
  constructor(source: Line, named = true) {
    const { words, labels } = assemble(TEXT, source);
    for (const [n, word] of words.entries()) this.words.set(TEXT + 4 * n, word);
    this.labels = labels;
    this.functions = named ? [...labels].filter(([name]) => !name.includes('.')) : [];
  }

  at(name: string): number {
    return this.labels.get(name)!;
  }

  /** Return address of the call at a label. */
  after(call: string): number {
    return this.at(call) + 8;
  }

  put(address: number, value: number): void {
    this.words.set(address, value >>> 0);
  }

  /** struct pt_regs of interrupted code. */
  putRegs(at: number, { pc, sp, ra, user = false }: { pc: number; sp: number; ra: number; user?: boolean }): void {
    this.put(at + 148, sp);
    this.put(at + 156, ra);
    this.put(at + 160, user ? 0x13 : 0x3);
    this.put(at + 180, pc);
  }

  word(address: number): number | undefined {
    return this.words.get(address);
  }

  functionAt(address: number): { start: number; name: string } | undefined {
    const found = this.functions.filter(([, start]) => start <= address).at(-1);
    return found && { start: found[1], name: found[0] };
  }

  /** The chain as names. */
  chain(from: { pc: number; sp: number; ra: number }): string {
    const { addresses, end } = unwindMips(from, this);
    const names = addresses.map((address) => {
      const at = [...this.labels].filter(([name, start]) => start <= address && !name.includes('.')).at(-1);
      return address < TEXT ? `0x${address.toString(16)}` : (at?.[0] ?? '?');
    });
    return `${names.join(' <- ')} | ${end}`;
  }
}

/** start_kernel calls middle, which calls leaf; each with a frame of its own. */
const program: Line = [
  label('leaf'),
  addiu(t0, t0, 1),
  jr(ra),
  nop,
  label('middle'),
  enter(32, 28),
  label('middle.call'),
  jal('leaf'),
  nop,
  leave(32, 28),
  label('start_kernel'),
  enter(24, 20),
  label('start_kernel.call'),
  jal('middle'),
  nop,
  label('start_kernel.idle'),
  b('start_kernel.idle'),
  nop,
];

function running(named = true): { kernel: Kernel; from: { pc: number; sp: number; ra: number } } {
  const kernel = new Kernel(program, named);
  const middle = STACK - 24 - 32;
  kernel.put(middle + 28, kernel.after('start_kernel.call'));
  kernel.put(STACK - 24 + 20, 0);
  return { kernel, from: { pc: kernel.at('leaf'), sp: middle, ra: kernel.after('middle.call') } };
}

describe('the stack of a kernel', () => {
  it('is followed from a function without a frame to where the kernel began', () => {
    const { kernel, from } = running();
    expect(kernel.chain(from)).toBe('leaf <- middle <- start_kernel | start');
    expect(kernel.chain({ ...from, pc: from.pc + 4 })).toBe('leaf <- middle <- start_kernel | start');
  });

  it('is followed without symbols, by the code alone', () => {
    const { kernel, from } = running(false);
    expect(kernel.chain(from)).toBe('leaf <- middle <- start_kernel | lost');
  });

  it('is followed at every instruction of a function', () => {
    const { kernel, from } = running();
    const entry = { pc: kernel.at('middle'), sp: STACK - 24, ra: kernel.after('start_kernel.call') };
    expect(kernel.chain(entry)).toBe('middle <- start_kernel | start');
    // sp is lowered, ra not saved yet.
    expect(kernel.chain({ ...entry, pc: entry.pc + 4, sp: from.sp })).toBe('middle <- start_kernel | start');
    // After the call ra is something else, and the saved one counts.
    for (const at of [8, 12, 16]) {
      const inside = { pc: entry.pc + at, sp: from.sp, ra: kernel.after('middle.call') };
      expect(kernel.chain(inside)).toBe('middle <- start_kernel | start');
    }
  });

  it('is followed through a function that makes its frame only on one of its paths', () => {
    const kernel = new Kernel([
      label('shrinkwrapped'),
      beq(a0, 0, 'shrinkwrapped.quick'),
      nop,
      enter(40, 36),
      label('shrinkwrapped.call'),
      jal('start_kernel'),
      nop,
      label('shrinkwrapped.back'),
      leave(40, 36),
      label('shrinkwrapped.quick'),
      addiu(t0, t0, 1),
      jr(ra),
      nop,
      label('start_kernel'),
      enter(24, 20),
      label('start_kernel.call'),
      jal('shrinkwrapped'),
      nop,
    ]);
    const back = kernel.after('start_kernel.call');
    const quick = { pc: kernel.at('shrinkwrapped.quick'), sp: STACK, ra: back };
    expect(kernel.chain(quick)).toBe('shrinkwrapped <- start_kernel | start');
    kernel.put(STACK - 4, back);
    const slow = { pc: kernel.at('shrinkwrapped.back'), sp: STACK - 40, ra: 0 };
    expect(kernel.chain(slow)).toBe('shrinkwrapped <- start_kernel | start');
  });

  it('is followed past code that only a jump table leads to, and past BUG()', () => {
    const kernel = new Kernel([
      label('switched'),
      enter(32, 28),
      jr(t0),
      nop,
      label('switched.bug'),
      breakpoint,
      label('switched.case'),
      addiu(t0, t0, 1),
      leave(32, 28),
      label('start_kernel'),
      enter(24, 20),
      label('start_kernel.call'),
      jal('switched'),
      nop,
    ]);
    kernel.put(STACK - 4, kernel.after('start_kernel.call'));
    for (const place of ['switched.bug', 'switched.case'])
      expect(kernel.chain({ pc: kernel.at(place), sp: STACK - 32, ra: 0 })).toBe('switched <- start_kernel | start');
  });

  it('does not take BUG() for a way to what stands behind it', () => {
    const kernel = new Kernel([
      label('checked'),
      bne(a0, 0, 'checked.body'),
      nop,
      breakpoint,
      label('checked.tail'),
      addiu(t0, t0, 1),
      leave(32, 28),
      label('checked.body'),
      enter(32, 28),
      b('checked.tail'),
      nop,
      label('start_kernel'),
      enter(24, 20),
      label('start_kernel.call'),
      jal('checked'),
      nop,
    ]);
    kernel.put(STACK - 4, kernel.after('start_kernel.call'));
    const tail = { pc: kernel.at('checked.tail'), sp: STACK - 32, ra: 0 };
    expect(kernel.chain(tail)).toBe('checked <- start_kernel | start');
  });

  it('names the function that calls one which does not return, not the one behind it', () => {
    const kernel = new Kernel([
      label('panic'),
      enter(32, 28),
      label('panic.loop'),
      b('panic.loop'),
      nop,
      label('start_kernel'),
      enter(24, 20),
      label('start_kernel.call'),
      jal('panic'),
      nop,
      label('another'),
      nop,
    ]);
    expect(kernel.after('start_kernel.call')).toBe(kernel.at('another'));
    const chain = kernel.chain({ pc: kernel.at('panic'), sp: STACK, ra: kernel.after('start_kernel.call') });
    expect(chain).toBe('panic <- start_kernel | start');
  });

  it('goes on where a call led to no code', () => {
    const { kernel, from } = running();
    expect(kernel.chain({ ...from, pc: 0 })).toBe('0x0 <- middle <- start_kernel | start');
  });
});

/** handle_tlbl as tlbex-fault.S and SAVE_ALL have it; do_page_fault; and what was interrupted. */
const handlers: Line = [
  label('do_page_fault'),
  enter(48, 44),
  label('do_page_fault.in'),
  nop,
  leave(48, 44),
  label('tlb_do_page_fault_0'),
  addiu(sp, sp, -184),
  sw(k0, 148, sp),
  sw(ra, 156, sp),
  label('tlb_do_page_fault_0.call'),
  jal('do_page_fault'),
  nop,
  j('ret_from_exception'),
  nop,
  label('ret_from_exception'),
  nop,
  label('restore_all'),
  jr(ra),
  nop,
];

function inHandler(named = true): { kernel: Kernel; regs: number; from: { pc: number; sp: number; ra: number } } {
  const kernel = new Kernel([handlers, program], named);
  const regs = STACK - 0x400;
  kernel.put(regs - 48 + 44, kernel.after('tlb_do_page_fault_0.call'));
  kernel.put(STACK - 24 - 32 + 28, kernel.after('start_kernel.call'));
  return { kernel, regs, from: { pc: kernel.at('do_page_fault.in'), sp: regs - 48, ra: 0 } };
}

describe('an exception', () => {
  it.each([true, false])('leads to the code that was interrupted (symbols: %s)', (named) => {
    const { kernel, regs, from } = inHandler(named);
    kernel.putRegs(regs, { pc: kernel.at('leaf'), sp: STACK - 56, ra: kernel.after('middle.call') });
    expect(kernel.chain(from)).toBe(`do_page_fault <- leaf <- middle <- start_kernel | ${named ? 'start' : 'lost'}`);
  });

  it.each([true, false])('ends where a program was interrupted (symbols: %s)', (named) => {
    const { kernel, regs, from } = inHandler(named);
    // Wherever the program says it was: a jump into the kernel faults with that address.
    kernel.putRegs(regs, { pc: kernel.at('start_kernel'), sp: STACK - 56, ra: 0, user: true });
    expect(kernel.chain(from)).toBe('do_page_fault | user');
  });

  it('is known by the return address alone where the handler was jumped to', () => {
    const { kernel, regs, from } = inHandler();
    kernel.put(regs - 48 + 44, kernel.at('ret_from_exception'));
    kernel.putRegs(regs, { pc: kernel.at('leaf'), sp: STACK - 56, ra: kernel.after('middle.call') });
    expect(kernel.chain(from)).toBe('do_page_fault <- leaf <- middle <- start_kernel | start');
  });

  it('on the interrupt stack leads back to the stack of the task', () => {
    const kernel = new Kernel([
      label('plat_irq_dispatch'),
      nop,
      label('handle_int'),
      addiu(sp, sp, -184),
      sw(k0, 148, sp),
      addiu(s1, sp, 0),
      label('handle_int.call'),
      jal('plat_irq_dispatch'),
      nop,
      program,
    ]);
    const top = 0x4300_4000 - 16;
    kernel.put(top, STACK - 0x400);
    kernel.putRegs(STACK - 0x400, { pc: kernel.at('leaf'), sp: STACK - 56, ra: kernel.after('middle.call') });
    kernel.put(STACK - 24 - 32 + 28, kernel.after('start_kernel.call'));
    const chain = kernel.chain({ pc: kernel.at('plat_irq_dispatch'), sp: top, ra: kernel.after('handle_int.call') });
    expect(chain).toBe('plat_irq_dispatch <- leaf <- middle <- start_kernel | start');
  });

  it('from a kernel thread ends with the function that the thread is', () => {
    const kernel = new Kernel([
      label('kthread_function'),
      nop,
      label('ret_from_kernel_thread'),
      label('ret_from_kernel_thread.call'),
      jalr(ra, 16),
      nop,
    ]);
    const from = { pc: kernel.at('kthread_function'), sp: STACK, ra: kernel.after('ret_from_kernel_thread.call') };
    expect(kernel.chain(from)).toBe('kthread_function | start');
  });
});

describe('a hostile stack', () => {
  it('ends the chain where a return address is none', () => {
    const { kernel, from } = running();
    for (const value of [0, 3, TEXT, kernel.at('middle'), 0xffff_fffc, 0x7fff_fff8]) {
      kernel.put(from.sp + 28, value);
      expect(kernel.chain(from)).toBe('leaf <- middle | lost');
    }
  });

  it('ends a chain that leads in a circle', () => {
    const kernel = new Kernel([label('round'), enter(8, 4), label('round.call'), jal('round'), nop]);
    for (let at = STACK; at < STACK + 0x1000; at += 4) kernel.put(at, kernel.after('round.call'));
    const { addresses, end } = unwindMips(
      { pc: kernel.at('round'), sp: STACK, ra: kernel.after('round.call') },
      kernel,
    );
    expect(end).toBe('lost');
    expect(addresses).toHaveLength(64);
    const { kernel: other, regs, from } = inHandler();
    // An exception frame that is its own interrupted code.
    other.putRegs(regs, { pc: from.pc, sp: from.sp, ra: 0 });
    expect(unwindMips(from, other).addresses.length).toBeLessThanOrEqual(64);
  });

  it('stands at nothing', () => {
    const nothing: UnwindView = { word: () => undefined, functionAt: () => undefined };
    for (const value of [0, 1, 0xffff_ffff, 0x8000_0000])
      expect(unwindMips({ pc: value, sp: value, ra: value }, nothing)).toEqual({ addresses: [value], end: 'lost' });
    const same: UnwindView = { word: () => 0x27bd_ffe0, functionAt: () => undefined };
    expect(unwindMips({ pc: TEXT, sp: STACK, ra: TEXT }, same).end).toBe('lost');
  });
});
