// KVM_CAP_SYNC_MMU (reference KVM-API.md 3): a change of what backs guest memory is seen at once by the guest's loads, stores and fetches,
// whoever makes it and through whatever address: user space, another slot on the same backing, or a slot that goes and comes.
import { describe, expect, it } from 'vitest';
import { KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { CODE, DATA, EBASE, enterUser, Guest, mapPage, NS, physical, SPARE } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  j,
  jal,
  jr,
  label,
  li,
  lw,
  nop,
  ra,
  s0,
  s1,
  sb,
  spin,
  sw,
  syscall,
  t0,
  t1,
  zero,
} from '../support/kvm/mips-words.ts';
import { HIGH, HIGH_VA, PAGE, setSlot } from '../support/kvm/slots.ts';

/** Another window on the backing of slot 1. */
const ALIAS = 0x800000;
const ALIAS_VA = 0x40000000 + ALIAS;

/** Slots 1 and 2 show the same two pages, at HIGH and at ALIAS. */
function aliased(flags = 0): Guest {
  const guest = new Guest();
  setSlot(guest);
  expect(setSlot(guest, { slot: 2, guestPhysAddr: ALIAS, flags })).toBe('success');
  return guest;
}

describe('user space writes to guest memory', () => {
  it('are seen by the next load', () => {
    const guest = new Guest();
    guest.setGpr(t1, DATA);
    guest.load([lw(t0, 0, t1), lw(s0, 0, t1), ...spin]);
    guest.enter(1);
    guest.vm.memory.writeU32(physical(DATA), 0x77, 'little');
    guest.enter(1);
    expect([guest.gpr(t0), guest.gpr(s0)]).toEqual([0, 0x77]);
  });

  it('into code change what the guest executes next', () => {
    const guest = new Guest();
    guest.load([label('again'), addiu(t0, zero, 1), sw(t0, 0, t1), b('again'), nop]);
    guest.setGpr(t1, DATA);
    guest.enter(40);
    expect(guest.pc).toBe(CODE);
    guest.vm.memory.writeU32(physical(CODE), addiu(t0, zero, 2), 'little');
    guest.enter(2);
    expect(guest.word(DATA)).toBe(2);
    expect(guest.vm.clock.now).toBe(42 * NS);
  });

  it.each([
    ['a byte', (guest: Guest) => guest.vm.memory.writeU8(physical(CODE), 50)],
    ['a halfword', (guest: Guest) => guest.vm.memory.writeU16(physical(CODE), 50, 'little')],
    [
      'two words that begin before',
      (guest: Guest) => guest.vm.memory.writeU64(physical(CODE) - 4, 0x26100032_00000000n, 'little'),
    ],
    ['a page of bytes', (guest: Guest) => guest.vm.memory.write(physical(CODE), Uint8Array.of(50, 0, 0x10, 0x26))],
  ])('into code, by %s', (_what, write) => {
    const guest = new Guest();
    guest.load([addiu(s0, s0, 1), b(-2), nop]);
    guest.enter(30);
    write(guest);
    guest.enter(3);
    expect(guest.gpr(s0)).toBe(10 + 50);
  });

  it('into code, while the guest sits between a branch and nothing: the slot it has not executed is new', () => {
    const guest = new Guest();
    guest.load([label('again'), b('again'), addiu(s0, s0, 1)]);
    guest.enter(20);
    guest.vm.memory.writeU32(physical(CODE) + 4, addiu(s0, s0, 100), 'little');
    guest.enter(2);
    expect(guest.gpr(s0)).toBe(110);
  });

  it('into a handler that ran before', () => {
    const guest = new Guest();
    const skip = (by: number) => [addiu(s0, s0, by), j('back'), nop, label('back'), nop, ...spin];
    guest.load([syscall, ...spin]);
    guest.load(skip(1), EBASE + 0x180);
    guest.enter(4);
    guest.load(skip(100), EBASE + 0x180);
    guest.pc = EBASE + 0x180;
    guest.enter(1);
    expect(guest.gpr(s0)).toBe(101);
  });

  it('into code that user mode runs through a TLB entry', () => {
    const guest = new Guest();
    const at = 0x40080000;
    guest.load([enterUser(0x4000, physical(at)), nop]);
    guest.load([label('again'), addiu(s0, s0, 1), b('again'), nop], at);
    guest.enter(100);
    expect(guest.pc >>> 12).toBe(4);
    const before = guest.gpr(s0);
    guest.vm.memory.writeU32(physical(at), addiu(s0, s0, 1000), 'little');
    guest.enter(3);
    expect(guest.gpr(s0) - before).toBe(1000);
  });

  it('in big-endian guests too', () => {
    const guest = new Guest({ endianness: 'big' });
    guest.load([addiu(s0, s0, 1), b(-2), nop]);
    guest.enter(30);
    guest.vm.memory.writeU8(physical(CODE) + 3, 50);
    guest.enter(3);
    expect(guest.gpr(s0)).toBe(60);
  });
});

describe('two slots on one backing', () => {
  it('a store through one is seen by loads through the other, at once and both ways', () => {
    const guest = aliased();
    guest.load([lw(s0, 0, t1), lw(s0, 0, t0), sw(t1, 4, t1), lw(s0, 4, t0), sw(t0, 8, t0), lw(s1, 8, t1), ...spin]);
    guest.setGpr(t0, HIGH_VA);
    guest.setGpr(t1, ALIAS_VA);
    guest.enter(6);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([ALIAS_VA, HIGH_VA]);
  });

  it.each([
    ['a word', (at: number) => sw(t0, at, t1), addiu(s0, s0, 100)],
    ['the byte of an immediate', (at: number) => sb(t0, at, t1), 100],
  ])('a store of %s through one into code that runs through the other is executed next', (_what, store, value) => {
    const guest = aliased();
    // It runs at HIGH_VA and rewrites its own next instruction through ALIAS_VA.
    guest.load([label('again'), nop, addiu(s0, s0, 1), b('again'), store(4)], HIGH_VA);
    guest.setGpr(t1, ALIAS_VA);
    guest.setGpr(t0, value);
    guest.pc = HIGH_VA;
    guest.enter(4);
    expect(guest.gpr(s0)).toBe(1);
    guest.enter(4);
    expect(guest.gpr(s0)).toBe(101);
  });

  it('code is the same code through both, and writes to it reach both', () => {
    const guest = aliased();
    guest.load([addiu(s0, s0, 1), jr(ra), nop], HIGH_VA);
    guest.load([jal('call'), nop, b(-3), nop, label('call'), jr(t1), nop]);
    guest.setGpr(t1, HIGH_VA);
    guest.enter(9);
    guest.setGpr(t1, ALIAS_VA);
    guest.enter(9);
    expect(guest.gpr(s0)).toBe(2);
    guest.vm.memory.writeU32(ALIAS, addiu(s0, s0, 10), 'little');
    for (const at of [HIGH_VA, ALIAS_VA]) {
      guest.setGpr(t1, at);
      guest.enter(9);
    }
    expect(guest.gpr(s0)).toBe(22);
  });

  it('one of them READONLY: a store through the other changes what it shows', () => {
    const guest = aliased(KVM_MEM_READONLY);
    guest.load([lw(s0, 0, t1), sw(t0, 0, t0), lw(s0, 0, t1), sw(t0, 0, t1), ...spin]);
    guest.setGpr(t0, HIGH_VA);
    guest.setGpr(t1, ALIAS_VA);
    expect(guest.enter(100)).toBe(0); // the last one leaves
    expect([guest.gpr(s0), guest.instructions]).toEqual([HIGH_VA, 4]);
  });

  it('partly the same: only what is shared is shared', () => {
    const guest = new Guest();
    setSlot(guest);
    setSlot(guest, { slot: 2, guestPhysAddr: ALIAS, userspaceAddr: SPARE + PAGE });
    guest.load([sw(t0, 0, t0), sw(t1, 0, t1), lw(s0, PAGE, t0), lw(s1, PAGE, t1), ...spin]);
    guest.setGpr(t0, HIGH_VA);
    guest.setGpr(t1, ALIAS_VA);
    guest.enter(4);
    // lw(s0): HIGH + PAGE is ALIAS; lw(s1): ALIAS + PAGE is nobody else's.
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([ALIAS_VA, 0]);
  });

  it('a jump to itself at one address is a jump away at the other', () => {
    const guest = new Guest();
    setSlot(guest, { userspaceAddr: physical(CODE), memorySize: PAGE });
    guest.load([label('here'), j('here'), nop]);
    guest.enter(100);
    expect(guest.vcpu.waiting).toBe('spin');
    guest.pc = HIGH_VA;
    expect(guest.enter(2)).toBeLessThan(0);
    expect([guest.vcpu.waiting, guest.pc]).toEqual(['none', CODE]);
    guest.enter(100);
    expect([guest.vcpu.waiting, guest.pc]).toEqual(['spin', CODE]);
  });

  it('that is slot 0 as well: a window on running code', () => {
    const guest = new Guest();
    expect(setSlot(guest, { userspaceAddr: physical(CODE), memorySize: PAGE })).toBe('success');
    guest.load([label('again'), nop, addiu(s0, s0, 1), b('again'), sw(t0, 4, t1)]);
    guest.setGpr(t1, HIGH_VA);
    guest.setGpr(t0, addiu(s0, s0, 7));
    guest.enter(8);
    expect(guest.gpr(s0)).toBe(8);
  });
});

describe('a backing that is exchanged under one address', () => {
  /** Slot 1 at HIGH shows page `n` of the spare memory from now on. */
  const show = (guest: Guest, n: number): void => {
    setSlot(guest, { memorySize: 0 });
    expect(setSlot(guest, { memorySize: PAGE, userspaceAddr: SPARE + n * PAGE })).toBe('success');
  };

  it('is seen by loads, stores and fetches of the very next instruction', () => {
    const guest = new Guest();
    for (const n of [1, 0]) {
      show(guest, n);
      guest.load(
        [label('again'), lw(t0, 0x100, t1), sw(s0, 0x104, t1), addiu(s0, s0, n + 1), b('again'), nop],
        HIGH_VA,
      );
      guest.vm.memory.writeU32(HIGH + 0x100, 0x1000 + n, 'little');
    }
    guest.setGpr(t1, HIGH_VA);
    guest.pc = HIGH_VA;
    for (let round = 0; round < 6; round++) {
      const n = round % 2;
      show(guest, n);
      const before = guest.gpr(s0);
      guest.enter(5);
      expect(guest.gpr(t0)).toBe(0x1000 + n);
      expect(guest.word(HIGH_VA + 0x104)).toBe(before);
      expect(guest.gpr(s0)).toBe(before + n + 1);
    }
  });

  it('is seen through the guest TLB, which still maps the guest-physical page', () => {
    const guest = new Guest();
    show(guest, 1);
    guest.vm.memory.writeU32(HIGH, 0x22, 'little');
    show(guest, 0);
    guest.vm.memory.writeU32(HIGH, 0x11, 'little');
    guest.load([mapPage(0x60004000, HIGH), li(t1, 0x60004000), label('again'), lw(t0, 0, t1), b('again'), nop]);
    guest.enter(16);
    expect(guest.gpr(t0)).toBe(0x11);
    show(guest, 1);
    guest.enter(3);
    expect(guest.gpr(t0)).toBe(0x22);
  });
});
