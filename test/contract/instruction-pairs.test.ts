// Two instructions by one dispatch (src/cpu/exec/pairs.ts) are two instructions all the same: a guest whose interpreter knows pairs, and one
// without, agree in state and count at every deadline, whatever comes between the two.
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/cpu/exec/core.ts';
import { HANDLER, RECORD_SIZE } from '../../src/cpu/exec/layout.ts';
import { ExitReason } from '../../src/kvm/constants.ts';
import { RecordingDevice } from '../support/kvm/devices.ts';
import {
  CODE,
  CP0_EPC,
  DATA,
  EBASE,
  GENERAL_VECTOR,
  Guest,
  MMIO,
  MMIO_PHYSICAL,
  physical,
  RAM_BYTES,
} from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  b,
  bgezal,
  bne,
  EPC,
  eret,
  jr,
  k0,
  type Line,
  la,
  label,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  ra,
  s0,
  s1,
  s2,
  spin,
  sw,
  t0,
  t1,
  t2,
  zero,
} from '../support/kvm/mips-words.ts';
import { recordAt, Sides, WITHOUT_PAIRS } from '../support/kvm/sides.ts';
import { EAGER, Twins } from '../support/region/twins.ts';

const EINTR = -4;
/** Cause.ExcCode AdEL and AdES, of misaligned accesses. */
const [ADDRESS_ERROR_LOAD, ADDRESS_ERROR_STORE] = [4, 5];
const RESERVED_INSTRUCTION = 10;
const MISALIGNED = DATA + 2;

/** Run `code` in slices of every size; `look` at the end of each, and of the whole. */
function inSlices(code: Line, instructions: number, look: (guest: Guest, at: (name: string) => number) => void): void {
  for (const slice of [1, 2, 3, 5, instructions]) {
    const sides = new Sides();
    sides.load([mfc0(k0, EPC), addiu(k0, k0, 4), mtc0(k0, EPC), eret], GENERAL_VECTOR);
    const at = sides.load(code);
    while (sides.paired.instructions < instructions)
      sides.enter(Math.min(slice, instructions - sides.paired.instructions));
    expect(sides.paired.instructions).toBe(instructions);
    sides.both((guest) => look(guest, at));
  }
}

describe('the predecoder', () => {
  it('makes pairs of instructions that follow one another in a line of 256 bytes, overlapping ones too', () => {
    const sides = new Sides();
    const at = sides.load([la(t0, 'data'), label('data'), lw(t1, 0, t0), lw(t1, 0, t0), lw(t2, 0, t0), spin]);
    sides.enter(5);
    const first = at('data');
    expect([0, 4, 8].map((offset) => recordAt(sides.paired, first + offset))).toEqual(['lw;lw', 'lw;lw', 'lw']);
    expect([0, 4, 8].map((offset) => recordAt(sides.plain, first + offset))).toEqual(['lw', 'lw', 'lw']);

    sides.load([lw(t1, 0, t0), lw(t1, 0, t0), ...spin], CODE + 0x1fc);
    sides.both((guest) => {
      guest.pc = CODE + 0x1fc;
    });
    sides.enter(2);
    expect([0x1fc, 0x200].map((offset) => recordAt(sides.paired, CODE + offset))).toEqual(['lw', 'lw']);
  });

  it('makes one with what has been decoded before, on either side', () => {
    const sides = new Sides();
    const at = sides.load([lw(t1, 0, s0), label('middle'), lw(t1, 4, s0), lw(t2, 8, s0), spin]);
    sides.both((guest) => {
      guest.setGpr(s0, DATA);
      guest.pc = at('middle');
    });
    sides.enter(2);
    expect(recordAt(sides.paired, at('middle'))).toBe('lw;lw');
    sides.both((guest) => {
      guest.pc = CODE;
    });
    sides.enter(1);
    expect(recordAt(sides.paired, CODE)).toBe('lw;lw');
  });
});

describe('a deadline', () => {
  it('falls between the two', () => {
    const sides = new Sides();
    sides.load([addiu(s0, s0, 1), addiu(s1, s1, 1), ...spin]);
    sides.enter(1);
    expect(recordAt(sides.paired, CODE)).toBe('addiu;addiu');
    expect([sides.paired.gpr(s0), sides.paired.gpr(s1), sides.paired.pc]).toEqual([1, 0, CODE + 4]);
    sides.enter(1);
    expect([sides.paired.gpr(s0), sides.paired.gpr(s1)]).toEqual([1, 1]);
  });

  it('never falls between a branch and its slot', () => {
    const sides = new Sides();
    sides.load([bne(s0, zero, 'on'), addiu(s0, s0, 1), label('on'), spin]);
    sides.enter(1);
    expect(recordAt(sides.paired, CODE)).toBe('bne;addiu');
    expect([sides.paired.instructions, sides.paired.gpr(s0)]).toEqual([2, 1]);
  });

  it('makes no difference to loops of pairs, wherever it falls', () => {
    const loop: Line = [
      [li(t0, DATA), addiu(s0, zero, 6), label('round')],
      [lw(t1, 0, t0), lw(t2, 4, t0), addu(t1, t1, s0), addu(t2, t2, t1), sw(t1, 0, t0), sw(t2, 4, t0)],
      [addiu(s0, s0, -1), bne(s0, zero, 'round'), nop, spin],
    ];
    inSlices(loop, 3 + 6 * 9, (guest) => expect(guest.gpr(s0)).toBe(0));
  });
});

describe('a delay slot', () => {
  it('with the first of a pair in it is followed by the target of the branch', () => {
    // BGEZAL is in no pair.
    const code: Line = [bgezal(zero, 'on'), addiu(s0, s0, 1), addiu(s0, s0, 100), label('on'), addiu(s1, s1, 1), spin];
    inSlices(code, 3, (guest) => {
      expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([1, 1]);
    });
  });

  it('of a branch that is not taken is followed by the second of the pair', () => {
    const code: Line = [bgezal(s2, 'on'), addiu(s0, s0, 1), addiu(s0, s0, 100), label('on'), addiu(s1, s1, 1), spin];
    const sides = new Sides();
    sides.both((guest) => guest.setGpr(s2, -1));
    sides.load(code);
    sides.enter(2);
    sides.enter(2);
    expect([sides.paired.gpr(s0), sides.paired.gpr(s1)]).toEqual([101, 1]);
  });

  it('with a pair that begins with a branch in it is a reserved instruction', () => {
    const sides = new Sides();
    sides.load(spin, GENERAL_VECTOR);
    sides.load([b('on'), bne(s1, zero, 'on'), addiu(s0, s0, 1), nop, label('on'), spin]);
    sides.enter(10);
    const { paired } = sides;
    expect([paired.cp0(CP0_EPC), paired.exceptionCode, paired.gpr(s0)]).toEqual([CODE, RESERVED_INSTRUCTION, 0]);
    expect(recordAt(paired, CODE + 4)).toBe('bne;addiu');
  });
});

describe('a jump', () => {
  it('to the second of a pair executes that alone', () => {
    const code: Line = [b('second'), nop, addiu(s0, s0, 100), label('second'), addiu(s0, s0, 1), spin];
    inSlices(code, 3, (guest) => expect(guest.gpr(s0)).toBe(1));
  });

  it('by a pair of a load and JR, and its slot', () => {
    const code: Line = [
      [la(s0, 'to'), li(t0, DATA), sw(s0, 0, t0)],
      [lw(ra, 0, t0), jr(ra), addiu(s1, s1, 1), nop, label('to'), addiu(s2, s2, 1), spin],
    ];
    inSlices(code, 9, (guest) => expect([guest.gpr(s1), guest.gpr(s2)]).toEqual([1, 1]));
  });
});

describe('a fault', () => {
  // Four instructions of the vector, which skips what faulted; an exception counts as one.
  const VECTOR = 5;

  it.each([
    ['the first of two loads', 0, [lw(t1, 0, s1), lw(t2, 0, s0)], ADDRESS_ERROR_LOAD],
    ['the second of two loads', 4, [lw(t1, 0, s0), lw(t2, 0, s1)], ADDRESS_ERROR_LOAD],
    ['the first of two stores', 0, [sw(t1, 0, s1), sw(t2, 0, s0)], ADDRESS_ERROR_STORE],
    ['the second of two stores', 4, [sw(t1, 0, s0), sw(t2, 0, s1)], ADDRESS_ERROR_STORE],
    ['a load after an addition', 4, [addiu(t1, t1, 1), lw(t2, 0, s1)], ADDRESS_ERROR_LOAD],
  ])('in %s has its own pc and count', (_name, offset, pair, code) => {
    const at = CODE + 16 + offset;
    const source: Line = [li(s0, DATA), li(s1, MISALIGNED), pair, addiu(s2, s2, 1), spin];
    inSlices(source, 4 + 1 + VECTOR + 1, (guest) => {
      expect([guest.cp0(CP0_EPC), guest.exceptionCode, guest.gpr(s2)]).toEqual([at + 4, code, 1]);
    });
  });

  it('in the slot of a pair with a branch first has the pc of the branch', () => {
    const sides = new Sides();
    sides.load(spin, GENERAL_VECTOR);
    sides.both((guest) => guest.setGpr(s1, MISALIGNED));
    sides.load([nop, bne(s1, zero, 'on'), lw(t0, 0, s1), nop, label('on'), spin]);
    sides.enter(4);
    expect([sides.paired.cp0(CP0_EPC), sides.paired.exceptionCode]).toEqual([CODE + 4, ADDRESS_ERROR_LOAD]);
    expect(sides.paired.vcpu.waiting).toBe('spin');
  });
});

describe('code that changes', () => {
  it('by the first of a pair: the second is the new one, however often', () => {
    // s2 counts up in the low half of the instruction after the store: the immediate of an addition.
    const code: Line = [
      [li(s2, 0x26310000), la(t0, 'change'), label('round')],
      [addiu(s2, s2, 1), sw(s2, 0, t0), label('change'), addiu(s1, s1, 0), b('round'), nop],
    ];
    const rounds = 200; // lines are forgotten whole, then word by word, and whole again
    const sum = (rounds * (rounds + 1)) / 2;
    inSlices(code, 4 + 5 * rounds, (guest) => expect(guest.gpr(s1)).toBe(sum));
  });

  it('by the second of a pair: the first is the new one when it comes again', () => {
    const code: Line = [
      [li(s2, 0x26310000), la(t0, 'change'), label('round')],
      [addiu(s2, s2, 1), label('change'), addiu(s1, s1, 0), sw(s2, 0, t0), b('round'), nop],
    ];
    const rounds = 200;
    inSlices(code, 4 + 5 * rounds, (guest) => expect(guest.gpr(s1)).toBe((rounds * (rounds - 1)) / 2));
  });

  it('by the host, word by word, on either side of the middle', () => {
    const sides = new Sides();
    const at = sides.load([label('first'), addiu(s0, s0, 1), label('second'), addiu(s0, s0, 2), b('first'), nop]);
    let expected = 0;
    for (let n = 1; n < 100; n++) {
      const [first, second] = [n % 7, n % 5];
      const written = n % 2 === 0 ? 'first' : 'second';
      sides.both(({ vm }) => {
        vm.memory.writeU32(physical(at(written)), addiu(s0, s0, written === 'first' ? first : second), 'little');
      });
      sides.enter(4);
      const [one, two] = ['first', 'second'].map((name) => sides.paired.word(at(name)) & 0xffff);
      expected += one! + two!;
      expect(sides.paired.gpr(s0)).toBe(expected);
    }
    expect(recordAt(sides.paired, at('first'))).toBe('addiu;addiu');
  });

  it('by what a device does when the first of a pair reads it', () => {
    const sides = new Sides();
    sides.both(({ vm }) => {
      const device = new RecordingDevice({
        size: 0x100,
        read: () => {
          vm.memory.writeU32(physical(CODE) + 4, lw(t2, 8, s0), 'little');
          return 7;
        },
      });
      vm.addInKernelDevice({ base: MMIO_PHYSICAL, order: 'little', device });
    });
    sides.load([lw(t1, 0, s1), lw(t2, 4, s0), ...spin]);
    sides.both((guest) => {
      guest.load([0, 11, 22], DATA);
      guest.setGpr(s0, DATA);
      guest.setGpr(s1, MMIO);
    });
    sides.enter(2);
    expect([sides.paired.gpr(t1), sides.paired.gpr(t2)]).toEqual([7, 22]);
  });
});

describe('an access that leaves', () => {
  it('as the first of a pair leaves after it, or before, and the second comes once', () => {
    const sides = new Sides();
    sides.both((guest) => {
      guest.setGpr(s0, DATA);
      guest.setGpr(s1, MMIO);
    });
    sides.load([sw(s1, 0, s1), sw(s1, 0, s0), lw(t1, 4, s1), lw(t2, 0, s0), ...spin]);
    expect(sides.enter(100)).toBe(0);
    expect([sides.paired.vcpu.run.exitReason, sides.paired.instructions, sides.paired.word(DATA)]).toEqual([
      ExitReason.MMIO,
      1,
      0,
    ]);
    expect(sides.enter(100)).toBe(0);
    expect([sides.paired.instructions, sides.paired.gpr(t2)]).toEqual([2, 0]);
    sides.both(({ vcpu }) => vcpu.run.mmio.data.set([5, 0, 0, 0]));
    expect(sides.enter(100)).toBe(EINTR);
    expect([sides.paired.gpr(t1), sides.paired.gpr(t2), sides.paired.instructions]).toEqual([5, MMIO, 4]);
  });
});

describe('a watch', () => {
  it.each(['first', 'second'])('of the %s of a pair is told, each time', (watched) => {
    const sides = new Sides();
    const code: Line = [
      addiu(s2, s2, 0),
      label('first'),
      addiu(s0, s0, 1),
      label('second'),
      addiu(s1, s1, 1),
      b(-4),
      nop,
    ];
    const at = sides.load(code);
    sides.enter(50);
    const hits: number[] = [];
    sides.both(({ vm }) => vm.watch.execution([physical(at(watched))], () => false));
    sides.paired.vm.watch.execution([physical(at(watched))], (_cpu, pc) => hits.push(pc) < 0);
    sides.enter(50);
    expect(hits).toEqual(new Array(10).fill(at(watched)));
    sides.both(({ vm }) => vm.watch.execution([], () => false));
    sides.enter(50);
    expect(recordAt(sides.paired, at('first'))).toBe('addiu;addiu');
  });
});

describe('compiled code', () => {
  const code: Line = [
    [addiu(s0, zero, 40), addiu(s1, s1, 1)],
    [label('round'), addiu(s2, s2, 1), addiu(s0, s0, -1), bne(s0, zero, 'round'), nop, b(-7), nop],
  ];

  it('that begins at the second of a pair is entered from the first', () => {
    const twins = new Twins();
    const at = twins.load([label('first'), addiu(s1, s1, 1), label('round'), addiu(s2, s2, 1), b('round'), nop]);
    const records = (): string[] => ['first', 'round'].map((name) => recordAt(twins.compiled, at(name)));
    const again = (): void => {
      twins.both((guest) => {
        guest.pc = at('first');
      });
      twins.creep(300);
    };
    twins.enter(1);
    expect(records()[0]).toBe('addiu;addiu');
    twins.creep(300);
    expect(records()).toEqual(['addiu', `handler ${HANDLER.REGION}`]);
    again();
    twins.makeRoom(0);
    expect(records()).toEqual(['addiu', 'addiu']);
    again();
  });

  it.each([1, 3, 7, 19])('beside pairs counts alike, looked at every %i instructions', (sampledRun) => {
    const twins = new Twins({ regions: { ...EAGER, sampledRun } });
    twins.load(code);
    twins.creep(3000);
    expect(twins.regions).toBeGreaterThan(0);
  });

  it('of its entries runs the own handler of one instruction', () => {
    const guest = new Guest({ engine: 'lockstep', regions: EAGER });
    const plain = new Guest({ engine: 'interpreter', architecture: WITHOUT_PAIRS });
    for (const each of [guest, plain]) {
      each.load(code);
      for (let n = 0; n < 300; n++) each.enter(1 + (n % 9));
    }
    expect([guest.instructions, guest.hash()]).toEqual([plain.instructions, plain.hash()]);
  });
});

describe('observing', () => {
  it('changes nothing of what pairs do', () => {
    const sides = new Sides();
    sides.load([li(t0, DATA), lw(t1, 0, t0), lw(t2, 4, t0), addiu(s0, s0, 1), addiu(s1, s1, 1), b(-5), nop]);
    sides.enter(33);
    sides.paired.vm.observe({ stats: true, trace: null });
    sides.enter(33);
    sides.paired.vm.observe({ stats: false, trace: null });
    sides.enter(33);
    expect(recordAt(sides.paired, CODE + 8)).toBe('lw;lw');
  });
});

describe('the first record of all', () => {
  it('has none before it: what lies there in memory is the guest’s', () => {
    const arenaBytes = RAM_BYTES;
    const sides = new Sides({ arenaBytes });
    const [pair] = (Reflect.get(sides.paired.vm, 'core') as Core).program.table.pairs;
    const end = EBASE + arenaBytes - RECORD_SIZE;
    sides.load([pair!.number, 2, 3, 4], end);
    sides.load([addiu(s0, s0, 1), addiu(s1, s1, 1), b(-3), nop]);
    for (let n = 0; n < 100; n++) {
      sides.both(({ vm }) => vm.memory.writeU32(physical(CODE), addiu(s0, s0, n), 'little'));
      sides.enter(4);
    }
    expect([0, 4, 8, 12].map((offset) => sides.paired.word(end + offset))).toEqual([pair!.number, 2, 3, 4]);
  });
});
