// What `why` says where a guest's registers are not those of the exception any more, or never were any sense: the rest, on guests that ran into each
// fault, is test/contract/fault-zoo-mips.test.ts.
import { describe, expect, it } from 'vitest';
import { mipsDebugView as view } from '../../../../../src/arch/mips/debug-view/index.ts';
import { CP0, EXC, TRAP_REFILL, trapCoprocessor } from '../../../../../src/arch/mips/registers.ts';
import type { ExplainContext, TakenException } from '../../../../../src/cpu/isa/debug-view.ts';
import { Random } from '../../../../support/boot/random.ts';
import { CODE, Guest, type GuestOptions } from '../../../../support/kvm/guest.ts';
import { a0, a1, type Line, lw, nop, sw, t0 } from '../../../../support/kvm/mips-words.ts';
import { DebuggedGuest } from './debugged-guest.ts';

const EXL = 2;
const UM = 0x10;
const SP = 29;
const RA = 31;

function machine(code: Line = [nop], options: GuestOptions = {}): DebuggedGuest {
  const guest = new Guest(options);
  guest.load(code);
  return new DebuggedGuest(guest);
}

/** The vCPU as it is in the handler of an exception at `pc`. */
function inHandler(cpu: DebuggedGuest, pc: number, status = EXL): void {
  cpu.setBank('cp0', CP0.STATUS, status);
  cpu.setBank('cp0', CP0.EPC, pc);
}

const taken = (trap: number, pc: number, address = 0, inSlot = false): TakenException => ({
  ...{ trap, pc, address, inSlot, now: 0 },
});

const REFILL_LOAD = EXC.TLBL | TRAP_REFILL;
const REFILL_STORE = EXC.TLBS | TRAP_REFILL;

describe('a load by a register that the handler has changed since', () => {
  it('is explained by what the register was', () => {
    const cpu = machine([lw(t0, 16, a0)]);
    inHandler(cpu, CODE);
    cpu.guest.setGpr(a0, 0x40001234);
    const { lines } = view.explain(cpu, taken(REFILL_LOAD, CODE, 0x10), true, cpu.context());
    expect(lines[0]).toBe('lw $t0, 16($a0)   a0 = 0x00000000 then');
    expect(lines[1]).toBe('useg address, asid 0x00, no matching entry in 64: NULL dereference');
  });

  it('is a pointer below NULL too', () => {
    const cpu = machine([sw(t0, -8, a1)], { machine: 'vz' });
    inHandler(cpu, 0x80010000);
    const { lines } = view.explain(cpu, taken(REFILL_STORE, 0x80010000, 0xfffffff8), true, cpu.context());
    expect(lines.join('\n')).toContain('NULL dereference\na1 is NULL, and -0x8 the offset');
  });
});

describe('a page that its handler has brought in since', () => {
  it('is an ordinary refill', () => {
    const cpu = machine([lw(t0, 0, a0)]);
    cpu.guest.setGpr(a0, 0x00400000);
    cpu.setBank('cp0', CP0.ENTRYHI, 0x00400000);
    cpu.setBank('cp0', CP0.ENTRYLO0, (0x80000 >>> 6) | 7);
    cpu.core.routine('tlbWrite', 3, 0);
    inHandler(cpu, CODE);
    const { lines } = view.explain(cpu, taken(REFILL_LOAD, CODE, 0x00400000), true, cpu.context());
    expect(lines[1]).toBe(
      'useg address, asid 0x00, now mapped to 0x00080000 by TLB entry 3: the TLB has been changed since',
    );
  });
});

describe('a page with code that its handler has brought in since', () => {
  it.each([0, UM])('is an ordinary refill, and handlers are looked for in kernel mode (Status %i now)', (status) => {
    const address = 0x00400010;
    const cpu = machine();
    // The handlers are in T&E's kseg0, which user mode may not reach.
    cpu.guest.vm.memory.writeU32(0x1000, nop, cpu.guest.endianness);
    cpu.setBank('cp0', CP0.EBASE, 0x40001000);
    cpu.setBank('cp0', CP0.ENTRYHI, 0x00400000);
    cpu.setBank('cp0', CP0.ENTRYLO0, (0x80000 >>> 6) | 7);
    cpu.core.routine('tlbWrite', 3, 0);
    cpu.setBank('cp0', CP0.STATUS, status);
    cpu.setBank('cp0', CP0.EPC, address);
    cpu.guest.setGpr(25, address);
    const { lines } = view.explain(cpu, taken(REFILL_LOAD, address, address), true, cpu.context());
    expect(lines).toEqual([
      'useg address, asid 0x00, now mapped to 0x00080010 by TLB entry 3: the TLB has been changed since',
      'its handler has put the page in: an ordinary refill',
    ]);
  });

  it('does not hide that there are no handlers', () => {
    const cpu = machine();
    cpu.setBank('cp0', CP0.EBASE, 0x5ffff000);
    inHandler(cpu, CODE);
    const { lines } = view.explain(cpu, taken(REFILL_LOAD, 0x00400010, 0x00400010), true, cpu.context());
    expect(lines.join('\n')).toContain('the handlers are by EBase, at 0x5ffff000, where there is no memory');
  });
});

describe('a stack', () => {
  const report = (sp: number, code: Line): string => {
    const cpu = machine(code);
    cpu.guest.setGpr(SP, sp);
    inHandler(cpu, CODE);
    return view.explain(cpu, taken(REFILL_STORE, CODE, (sp - 4) >>> 0), true, cpu.context()).lines.join('\n');
  };

  it('that begins in nowhere is no overflow', () => {
    expect(report(0x00700000, [sw(RA, -4, SP)])).toContain('a stack pointer that leads nowhere');
  });

  it('is not blamed for a pointer that is far from it', () => {
    const cpu = machine([sw(t0, 0, a0)]);
    cpu.guest.setGpr(a0, 0x00700000);
    cpu.guest.setGpr(SP, 0x40020000);
    inHandler(cpu, CODE);
    const { lines } = view.explain(cpu, taken(REFILL_STORE, CODE, 0x00700000), true, cpu.context());
    expect(lines.join('\n')).toContain('kernel access to user memory that is not mapped');
  });
});

describe('the mode that an exception came from', () => {
  const at = (pc: number, status: number, isLatest = true): string => {
    const cpu = machine();
    inHandler(cpu, pc, status);
    const report = view.explain(cpu, taken(REFILL_STORE, pc, 0x10000000), isLatest, cpu.context());
    return report.lines.join('\n');
  };

  it('is user mode by Status while the handler has not touched it', () => {
    expect(at(0x00400000, UM | EXL)).toContain('user program without that page');
    expect(at(CODE, EXL)).toContain('kernel access to user memory');
  });

  it('is guessed from the pc later', () => {
    expect(at(0x00400000, 0)).toContain('user program without that page');
    expect(at(0x00400000, 0, false)).toContain('user program without that page');
    expect(at(CODE, 0, false)).toContain('kernel access to user memory');
  });
});

describe('a write to what has a name', () => {
  it('says the name', () => {
    const cpu = machine([sw(t0, 0, a0)]);
    cpu.guest.setGpr(a0, 0x00500000);
    cpu.setBank('cp0', CP0.ENTRYHI, 0x00500000);
    cpu.setBank('cp0', CP0.ENTRYLO0, (0x80000 >>> 6) | 2);
    cpu.core.routine('tlbWrite', 3, 0);
    inHandler(cpu, CODE);
    const context = cpu.context(new Map([[0x00500000, 'banner+0x10']]));
    const { title, lines } = view.explain(cpu, taken(EXC.Mod, CODE, 0x00500000), true, context);
    expect(title).toBe('TLB modified on store, 0x00500000');
    expect(lines[1]).toContain('is read-only (D = 0): write to read-only memory, banner+0x10');
  });
});

describe('operands that the handler has changed', () => {
  it.each([
    ['add $v0, $a0, $a1', 0x00851020, EXC.Ov, 'the operands have been changed since'],
    ['teq $a0, $a1', 0x00850034, EXC.Tr, 'a0 == a1 held (the operands have been changed since)'],
  ])('of %s are not shown', (_text, word, trap, says) => {
    const cpu = machine([word]);
    inHandler(cpu, CODE);
    cpu.guest.setGpr(a0, 3);
    cpu.guest.setGpr(a1, 4);
    const { lines } = view.explain(cpu, taken(trap, CODE), true, cpu.context());
    expect(lines[0]).not.toContain('=');
    expect(lines.join('\n')).toContain(says);
  });
});

describe('exceptions that are no faults', () => {
  it('are interrupts and system calls', () => {
    const faults = Object.values(EXC).filter((trap) => view.isFault(taken(trap, CODE)));
    expect(faults).toEqual(Object.values(EXC).filter((trap) => trap !== EXC.Int && trap !== EXC.Sys));
  });

  it('say which lines, or which call', () => {
    const cpu = machine([0x0000000c]);
    cpu.setBank('cp0', CP0.STATUS, 0x8403);
    cpu.setBank('cp0', CP0.CAUSE, 0x8400);
    expect(view.explain(cpu, taken(EXC.Int, CODE), true, cpu.context()).title).toBe('interrupt, IP2, IP7 (timer)');
    cpu.guest.setGpr(2, 4004);
    expect(view.explain(cpu, taken(EXC.Sys, CODE), true, cpu.context()).lines.join('\n')).toContain(
      'number 4004: Linux o32 system call 4',
    );
  });
});

describe('the name of an exception', () => {
  it.each([
    [EXC.Int, 0, 'interrupt'],
    [EXC.Mod, 4, 'TLB modified on store'],
    [EXC.TLBL, 4, 'TLB invalid on load'],
    [REFILL_LOAD, 4, 'TLB refill on load'],
    [REFILL_LOAD, CODE, 'TLB refill on fetch'],
    [REFILL_STORE, 4, 'TLB refill on store'],
    [EXC.AdEL, CODE, 'address error on fetch'],
    [EXC.AdES, CODE, 'address error on store'],
    [EXC.Sys, 0, 'system call'],
    [EXC.Bp, 0, 'breakpoint instruction'],
    [EXC.RI, 0, 'reserved instruction'],
    [trapCoprocessor(3), 0, 'coprocessor 3 unusable'],
    [EXC.Ov, 0, 'arithmetic overflow'],
    [EXC.Tr, 0, 'trap instruction'],
    [EXC.FPE, 0, 'floating-point exception'],
    [30, 0, 'exception 30'],
  ])('of trap %i at address %i is %s', (trap, address, name) => {
    expect(view.exceptionName(taken(trap, CODE, address))).toBe(name);
  });
});

describe('whatever a guest makes of its registers and memory', () => {
  const lastBits = (random: Random): number => random.pick([0, 0, 0, 4, 1, 2, 0xffc]);

  it('an explanation has some lines of text', () => {
    const random = new Random(4);
    const cpus = [machine([nop], { machine: 'vz' }), machine(), machine([nop], { endianness: 'big' })];
    const places = [0, 0x1000, CODE, 0x40000000, 0x80010000, 0x00400000, 0x7ffff000, 0xfffff000, 0xc0000000];
    const place = (): number => {
      const base = random.pick([random.u32(), ...places, ...places]);
      return ((base & ~0xfff) + random.pick([lastBits(random), random.below(0x1000)])) >>> 0;
    };
    const opcodes = [0, 1, 8, 0x10, 0x11, 0x13, 0x1c, 0x1f, 0x23, 0x2b, 0x30, 0x35, 0x3d, 0x37];
    const word = (): number => ((random.pick([random.below(64), ...opcodes]) << 26) | (random.u32() >>> 6)) >>> 0;
    for (let n = 0; n < 6000; n++) {
      const cpu = random.pick(cpus);
      for (let register = 1; register < 32; register++)
        if (random.below(4) === 0) cpu.setBank('gpr', register, place());
      cpu.setBank('cp0', CP0.STATUS, random.pick([EXL, UM | EXL, 0, UM, 0x400000, 0x20000000]) | 0);
      cpu.setBank('cp0', CP0.EBASE, place() | 0);
      cpu.setBank('cp0', CP0.HWRENA, random.u32() | 0);
      const pc = place();
      cpu.setBank('cp0', CP0.EPC, random.pick([pc, pc - 4, place()]) | 0);
      const known = new Map<number, number>();
      const wordAt = (at: number): number | null => {
        if (random.below(8) === 0) return null;
        if (!known.has(at)) known.set(at, word());
        return known.get(at)!;
      };
      const context: ExplainContext = {
        word: wordAt,
        instruction: (at) => (wordAt(at) === null ? null : 'some instruction'),
        symbolize: (at) => random.pick([null, `symbol+${at}`]),
      };
      const trap = random.pick([random.below(32), random.u32(), ...Object.values(EXC), REFILL_LOAD, REFILL_STORE]);
      const exception = taken(trap, pc, random.pick([pc, place(), 4]), random.below(4) === 0);
      const report = view.explain(cpu, exception, random.below(2) === 0, context);
      expect(report.title).toMatch(/^[^\n]{5,120}$/);
      expect(report.lines.length).toBeLessThan(10);
      for (const line of report.lines) expect(line).toMatch(/^[^\n]{1,300}$/);
      expect(report.lines.join()).not.toMatch(/undefined|NaN|null\b/);
    }
  });
});
