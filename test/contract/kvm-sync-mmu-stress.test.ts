// SYNC_MMU under fire: four slots show the pages of one small backing, several at once, and change which they show; two vCPUs and user space write
// data and code through all of them. Every load and every instruction executed must be what a flat model of the backing says.
import { describe, expect, it } from 'vitest';
import type { EmulatedVcpu } from '../../src/cpu/exec/vcpu.ts';
import { ExitReason, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { Random } from '../support/boot/random.ts';
import { CODE, Guest, SPARE } from '../support/kvm/guest.ts';
import { addiu, jr, lw, nop, ra, s0, spin, sw, t0, t1 } from '../support/kvm/mips-words.ts';
import { HIGH, PAGE } from '../support/kvm/slots.ts';

const PAGES = 3;
const SLOTS = [1, 2, 3, 4];
/** A page holds routines of 16 words: 14 that add to s0, a return and its slot. */
const ROUTINE = 64;
const ADDS = 14;

class Machine {
  readonly random: Random;
  readonly guest: Guest;
  /** The backing, as immediates that routines add. */
  readonly words = new Uint16Array((PAGES * PAGE) / 4);
  /** Which page of the backing each slot shows, and whether it is READONLY. */
  readonly shown = new Map<number, { page: number; readonly: boolean }>();
  readonly done = { loads: 0, stores: 0, refused: 0, executed: 0, remapped: 0 };

  constructor(seed: number, endianness: Endianness) {
    this.random = new Random(seed);
    this.guest = new Guest({ vcpus: 2, endianness });
    for (const slot of SLOTS) this.remap(slot);
    // Every page, through one slot, in turn: routines of additions of 0.
    for (let page = 0; page < PAGES; page++) {
      this.show(1, page, 0);
      for (let at = 0; at < PAGE; at += ROUTINE)
        this.guest.load([new Array(ADDS).fill(addiu(s0, s0, 0)), jr(ra), nop], this.va(1) + at);
    }
    this.guest.load([lw(t0, 0, t1), ...spin], CODE);
    this.guest.load([sw(t0, 0, t1), ...spin], CODE + 0x40);
  }

  gpa(slot: number): number {
    return HIGH + slot * 2 * PAGE;
  }

  va(slot: number): number {
    return 0x40000000 + this.gpa(slot);
  }

  show(slot: number, page: number, flags: number): void {
    const region = { slot, flags, guestPhysAddr: this.gpa(slot), memorySize: PAGE, userspaceAddr: SPARE + page * PAGE };
    if (this.shown.has(slot)) this.guest.vm.setUserMemoryRegion({ ...region, memorySize: 0 });
    this.guest.vm.setUserMemoryRegion(region);
    this.shown.set(slot, { page, readonly: (flags & KVM_MEM_READONLY) !== 0 });
  }

  remap(slot = this.random.pick(SLOTS)): void {
    const flags = this.random.pick([0, 0, 0, KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES]);
    this.show(slot, this.random.below(PAGES), flags);
    this.done.remapped++;
  }

  /** A random instruction of a random routine as a slot shows it: its offset in the page, its index in the model. */
  place(slot: number): { at: number; index: number } {
    const at = ROUTINE * this.random.below(4) + 4 * this.random.below(ADDS);
    return { at, index: (this.shown.get(slot)!.page * PAGE + at) / 4 };
  }

  start(vcpu: EmulatedVcpu, pc: number, registers: Record<number, number>): void {
    const regs = vcpu.getRegs();
    for (const [index, value] of Object.entries(registers))
      regs.gpr[Number(index)] = BigInt.asUintN(64, BigInt(value | 0));
    vcpu.setRegs({ ...regs, pc: BigInt(pc) });
  }

  load(vcpu: EmulatedVcpu): void {
    const slot = this.random.pick(SLOTS);
    const { at, index } = this.place(slot);
    this.start(vcpu, CODE, { [t1]: this.va(slot) + at });
    this.guest.enter(1, vcpu);
    expect(this.guest.gpr(t0, vcpu)).toBe(addiu(s0, s0, this.words[index]!));
    this.done.loads++;
  }

  store(vcpu: EmulatedVcpu): void {
    const slot = this.random.pick(SLOTS);
    const { at, index } = this.place(slot);
    const add = this.random.below(100);
    this.start(vcpu, CODE + 0x40, { [t0]: addiu(s0, s0, add), [t1]: this.va(slot) + at });
    const { readonly } = this.shown.get(slot)!;
    expect(this.guest.enter(1, vcpu)).toBe(readonly ? 0 : -4);
    if (readonly) {
      expect(vcpu.run.exitReason).toBe(ExitReason.MMIO);
      this.done.refused++;
    } else {
      this.words[index] = add;
      this.done.stores++;
    }
  }

  userSpaceWrite(): void {
    const slot = this.random.pick(SLOTS);
    const { at, index } = this.place(slot);
    const add = this.random.below(100);
    this.guest.vm.memory.writeU32(this.gpa(slot) + at, addiu(s0, s0, add), this.guest.endianness);
    this.words[index] = add;
  }

  execute(vcpu: EmulatedVcpu): void {
    const slot = this.random.pick(SLOTS);
    const at = ROUTINE * this.random.below(4);
    const index = (this.shown.get(slot)!.page * PAGE + at) / 4;
    this.start(vcpu, this.va(slot) + at, { [s0]: 0, [ra]: CODE + 4 });
    // In two slices: something may happen between them.
    const first = 1 + this.random.below(ADDS - 1);
    this.guest.enter(first, vcpu);
    const soFar = this.words.subarray(index, index + first).reduce((sum, add) => sum + add, 0);
    if (this.random.below(2) === 0) this.userSpaceWrite();
    this.guest.enter(ADDS + 2 - first, vcpu);
    const rest = this.words.subarray(index + first, index + ADDS).reduce((sum, add) => sum + add, 0);
    expect(this.guest.gpr(s0, vcpu)).toBe(soFar + rest);
    this.done.executed++;
  }
}

describe('slots on one backing that come and go under stores into data and code', () => {
  it.each([1, 2, 3, 4])('seed %d: what is loaded and executed is what was written last', (seed) => {
    const machine = new Machine(seed, seed % 2 === 0 ? 'big' : 'little');
    for (let round = 0; round < 4000; round++) {
      const vcpu = machine.random.pick(machine.guest.vcpus);
      const what = machine.random.below(20);
      if (what < 4) machine.load(vcpu);
      else if (what < 10) machine.store(vcpu);
      else if (what < 12) machine.userSpaceWrite();
      else if (what < 19) machine.execute(vcpu);
      else machine.remap();
    }
    for (const times of Object.values(machine.done)) expect(times).toBeGreaterThan(100);
  });
});
