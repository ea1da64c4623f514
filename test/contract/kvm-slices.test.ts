// Time is the instruction count: how a run is cut into slices (KVM_RUN with a deadline) is no event in the guest. The same programs run
// in slices of 1, 7, 1000 and a million instructions and must end in one state hash (ENGINE: "A host slice end is no architectural
// event"; HOUSE: "same command + same journal = same bytes, same count, same hash").
import { describe, expect, it } from 'vitest';
import type { EmulatedVcpu } from '../../src/cpu/exec/vcpu.ts';
import { ExitReason } from '../../src/kvm/constants.ts';
import {
  CODE,
  CP0_COMPARE,
  CP0_STATUS,
  DATA,
  EBASE,
  enterUser,
  GENERAL_VECTOR,
  Guest,
  IE,
  IP7,
  MMIO,
  mapPage,
  NS,
  physical,
} from '../support/kvm/guest.ts';
import { GUEST_SYSTEM, USER_PHYSICAL } from '../support/kvm/guest-system.ts';
import {
  addiu,
  b,
  COMPARE,
  COUNT,
  ENTRYHI,
  ENTRYLO0,
  EPC,
  ei,
  eret,
  k0,
  k1,
  type Line,
  label,
  li,
  ll,
  lw,
  mfc0,
  mtc0,
  nop,
  STATUS,
  s0,
  s1,
  sc,
  sw,
  t0,
  t1,
  tlbwi,
  zero,
} from '../support/kvm/mips-words.ts';

const SLICES = [1, 7, 1000, 1_000_000] as const;

/** Run `vcpu` to the instant `end` in slices of `slice` instructions, serving exits the same way every time. */
function runTo(guest: Guest, end: number, slice: number, vcpu: EmulatedVcpu = guest.vcpu): void {
  const { clock } = guest.vm;
  while (clock.now < end) {
    const deadline = Math.min(end, clock.now + slice * NS);
    if (vcpu.enter(deadline) === 0) {
      if (vcpu.run.exitReason !== ExitReason.MMIO) throw new Error(`exit ${vcpu.run.exitReason}`);
      const { mmio } = vcpu.run;
      // The device answers with the instruction count: it must be asked at the same instruction.
      if (!mmio.isWrite) new DataView(mmio.data.buffer).setUint32(0, guest.instructions, true);
      continue;
    }
    if (vcpu.waiting === 'wait') clock.skipTo(Math.min(vcpu.wakeAt, deadline));
    if (vcpu.waiting === 'spin') throw new Error(`the guest hangs at ${guest.pc.toString(16)}`);
  }
}

/** Everything that must not depend on the slice: hash, count, time. */
function endOf(prepare: () => Guest, instructions: number, slice: number) {
  const guest = prepare();
  runTo(guest, instructions * NS, slice);
  return { hash: guest.hash(), instructions: guest.instructions, now: guest.vm.clock.now, pc: guest.pc };
}

function expectOneEnd(prepare: () => Guest, instructions: number): void {
  const expected = endOf(prepare, instructions, SLICES.at(-1)!);
  for (const slice of SLICES) expect({ slice, ...endOf(prepare, instructions, slice) }).toEqual({ slice, ...expected });
}

describe('a guest with user mode, TLB refills, system calls, timer interrupts, LL/SC, MMIO and WAIT', () => {
  const prepare = (): Guest => {
    const guest = new Guest({ seed: 99 });
    for (const [at, code] of GUEST_SYSTEM) guest.load(code, at);
    return guest;
  };

  it('ends in one state whatever the slices', () => {
    expectOneEnd(prepare, 120_000);
  }, 60_000);

  it('really does all of that', () => {
    const guest = prepare();
    runTo(guest, 120_000 * NS, 1_000_000);
    const [refills, calls, ticks, faults] = [0, 4, 8, 12].map((at) => guest.word(DATA + at));
    expect(refills).toBeGreaterThan(500);
    expect(calls).toBeGreaterThan(100);
    expect(ticks).toBeGreaterThan(30);
    expect(faults).toBeGreaterThan(50);
    expect(guest.vm.memory.readU32(USER_PHYSICAL + 0x800, 'little')).toBeGreaterThan(50); // LL/SC succeeded
    expect(guest.vm.clock.now).toBeGreaterThan(guest.instructions * NS); // it waited
  });

  it('hashing on the way changes nothing', () => {
    const plain = endOf(prepare, 20_000, 1000);
    const guest = prepare();
    for (let at = 1; at <= 20; at++) {
      runTo(guest, at * 1000 * NS, 1000);
      guest.hash();
    }
    expect(guest.hash()).toBe(plain.hash);
  });

  it('another seed gives another run', () => {
    const other = new Guest({ seed: 100 });
    for (const [at, code] of GUEST_SYSTEM) other.load(code, at);
    runTo(other, 120_000 * NS, 1_000_000);
    expect(other.hash()).not.toBe(endOf(prepare, 120_000, 1_000_000).hash);
  });
});

describe('what takes effect at the next instruction does so whatever the slices', () => {
  const guestWith =
    (code: Line, more: (guest: Guest) => void = () => {}) =>
    (): Guest => {
      const guest = new Guest();
      guest.load(code);
      const idle = [label('idle'), addiu(s1, s1, 1), b('idle'), nop];
      guest.load(idle, GENERAL_VECTOR);
      guest.load(idle, EBASE);
      more(guest);
      return guest;
    };
  const idle = [label('idle'), addiu(s0, s0, 1), b('idle'), nop];

  it('MTC0 Status that drops to user mode in a kernel segment', () => {
    expectOneEnd(guestWith([li(t0, 0x10), mtc0(t0, STATUS), idle]), 50);
  });

  it('a TLB entry that goes away under the code that runs from it', () => {
    const gpa = 0x60000;
    const code: Line = [
      mapPage(0x60004000, gpa),
      li(t0, 0x60004000),
      // EntryLo0 = 0: the page becomes invalid while pc is in it.
      mtc0(zero, ENTRYLO0),
      (0x08 | (t0 << 21)) >>> 0, // jr t0
      nop,
    ];
    const prepare = guestWith(code, (guest) => guest.load([tlbwi, idle], 0x40000000 + gpa));
    expectOneEnd(prepare, 60);
    const guest = prepare();
    runTo(guest, 60 * NS, 1_000_000);
    expect([guest.gpr(s0), guest.exceptionCode]).toEqual([0, 2]);
  });

  it('an address space change under the code that runs in it', () => {
    const gpa = 0x60000;
    const code: Line = [
      mapPage(0x60004000, gpa, 'space 0'),
      li(t0, 0x60004000),
      (0x08 | (t0 << 21)) >>> 0, // jr t0
      addiu(t1, t0, 1),
    ];
    const prepare = guestWith(code, (guest) => guest.load([mtc0(t1, ENTRYHI), idle], 0x40000000 + gpa));
    expectOneEnd(prepare, 60);
    const guest = prepare();
    runTo(guest, 60 * NS, 1_000_000);
    expect([guest.gpr(s0), guest.exceptionCode]).toEqual([0, 2]);
  });

  it('code that the guest writes ahead of itself', () => {
    const ahead = [li(t0, addiu(s0, s0, 100)), li(t1, CODE + 4 * 6), sw(t0, 0, t1), nop, addiu(s0, s0, 1)];
    expectOneEnd(guestWith([ahead, idle]), 50);
  });

  it('an interrupt that EI, MTC0 Status, ERET or MTC0 Cause lets in', () => {
    const raised = (guest: Guest): void => {
      guest.vcpu.setOneReg(CP0_STATUS, BigInt(0x0300));
      guest.vcpu.setOneReg(0x702000000001_0068n, 0x100n); // Cause.IP0
    };
    expectOneEnd(guestWith([nop, ei, idle], raised), 50);
    expectOneEnd(guestWith([li(t0, 0x0301), mtc0(t0, STATUS), idle], raised), 50);
    expectOneEnd(guestWith([li(t0, 0x0303), mtc0(t0, STATUS), li(k0, CODE), mtc0(k0, EPC), eret, idle], raised), 50);
    const software: Line = [ei, li(t0, 0x0200), mtc0(t0, [13, 0]), idle];
    expectOneEnd(
      guestWith(software, (guest) => guest.vcpu.setOneReg(CP0_STATUS, 0x0200n)),
      50,
    );
  });

  it('a timer set in the past, at once, and in a delay slot', () => {
    for (const distance of [-1, 0, 1, 2, 3, 4, 5]) {
      const set = [mfc0(t0, COUNT), addiu(t0, t0, distance), mtc0(t0, COMPARE)];
      const inSlot = [mfc0(t0, COUNT), addiu(t0, t0, distance), b('on'), mtc0(t0, COMPARE), label('on'), nop];
      for (const code of [set, inSlot]) {
        expectOneEnd(
          guestWith([code, idle], (guest) => guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP7 | IE))),
          60,
        );
      }
    }
  });

  it('a jump to itself that the timer ends', () => {
    for (const compare of [30n, 31n, 32n, 5000n]) {
      const code: Line = [nop, label('here'), b('here'), nop];
      const prepare = guestWith(code, (guest) => {
        guest.vcpu.setOneReg(CP0_COMPARE, compare);
        guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP7 | IE));
      });
      expectOneEnd(prepare, 5100);
    }
  });

  it('a jump to itself that only an outside interrupt could end: Cause follows the timer all the same', () => {
    const code: Line = [nop, label('here'), b('here'), nop];
    const prepare = guestWith(code, (guest) => {
      guest.vcpu.setOneReg(CP0_COMPARE, 40n);
      guest.vcpu.setOneReg(CP0_STATUS, BigInt(0x400 | IE));
    });
    expectOneEnd(prepare, 1000);
  });

  it('a user program that goes from page to page', () => {
    const prepare = guestWith([enterUser(0x4000, 0x80000), nop], (guest) => {
      guest.load([ll(t0, 0x100, t1), addiu(t0, t0, 1), sc(t0, 0x100, t1), b(-4), addiu(s0, s0, 1)], 0x40080000);
      guest.setGpr(t1, 0x4000);
      guest.setGpr(k1, 1);
    });
    expectOneEnd(prepare, 3000);
  });
});

describe('two vCPUs taking turns', () => {
  it('end in one state when each turn is cut in slices', () => {
    const run = (slice: number): string => {
      const guest = new Guest({ vcpus: 2 });
      guest.load([
        label('again'),
        [ll(t0, 0, t1), addiu(t0, t0, 1), sc(t0, 0, t1), addiu(s0, s0, 1), lw(s1, 0, s1)],
        ...[b('again'), nop],
      ]);
      for (const vcpu of guest.vcpus) {
        guest.setGpr(t1, DATA, vcpu);
        guest.setGpr(s1, MMIO, vcpu);
      }
      guest.vm.memory.writeU32(physical(DATA), 1, 'little');
      for (let turn = 1; turn <= 40; turn++) runTo(guest, turn * 333 * NS, slice, guest.vcpus[turn % 2]);
      return guest.hash();
    };
    const expected = run(1_000_000);
    for (const slice of SLICES) expect([slice, run(slice)]).toEqual([slice, expected]);
  });
});
