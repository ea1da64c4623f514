// Dirty logs under fire: two vCPUs store at random addresses while user space creates, moves, re-flags and deletes slots, gives and clears logs
// and writes by itself, all from one seed. What KVM says must be what a model of virt/kvm/kvm_main.c says, page for page.
import { describe, expect, it } from 'vitest';
import type { EmulatedVcpu } from '../../src/cpu/exec/vcpu.ts';
import { Cap, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { Random } from '../support/boot/random.ts';
import { errnoOf, Guest, mapPage, physical, SPARE, SPARE_BYTES } from '../support/kvm/guest.ts';
import { addiu, bne, label, lw, nop, s0, sb, sh, spin, sw, swl, swr, t0, t2, t3 } from '../support/kvm/mips-words.ts';
import { clearDirty, getDirty, HIGH, HIGH_VA, PAGE } from '../support/kvm/slots.ts';
import { SlotsModel } from '../support/kvm/slots-model.ts';

/** Pages of guest-physical space that slots come and go in, and their numbers. */
const WINDOW_PAGES = 160;
const SLOTS = [1, 2, 3, 4];
const SIZES = [1, 2, 5, 64, 70];
/** This page is also mapped at ALIAS_VA by the guest's TLB. */
const ALIAS_PAGE = 3;
const ALIAS_VA = 0x60004000;
/** Stores of one batch; the list of their addresses lies in slot 0. */
const BATCH = 24;
const STORES = [sw(t0, 0, t0), sh(t0, 2, t0), sb(t0, 3, t0), swl(t0, 1, t0), swr(t0, 2, t0)];
const LIST = 0x50000;
const CODE_AT = 0x40060000;

/** One vCPU working off lists of addresses to store to. */
class Storer {
  readonly vcpu: EmulatedVcpu;
  private readonly guest: Guest;
  private readonly list: number;
  private addresses: number[] = [];
  private done = 0;
  private afterStore = 0;

  constructor(guest: Guest, vcpu: EmulatedVcpu) {
    this.guest = guest;
    this.vcpu = vcpu;
    this.list = LIST + 0x1000 * vcpu.id;
    guest.load([mapPage(ALIAS_VA, HIGH + ALIAS_PAGE * PAGE), ...spin], CODE_AT);
    this.go(CODE_AT);
    guest.enter(100, vcpu);
  }

  private go(pc: number): void {
    this.vcpu.setRegs({ ...this.vcpu.getRegs(), pc: BigInt(pc) });
  }

  /** Begin another list of virtual addresses, stored to by code at `at`. */
  begin(addresses: number[], store: number, at: number): void {
    const { guest, vcpu } = this;
    this.addresses = addresses;
    this.done = 0;
    for (const [n, address] of addresses.entries())
      guest.vm.memory.writeU32(this.list + 4 * n, address, guest.endianness);
    const labels = guest.load(
      [
        label('next'),
        lw(t0, 0, t2),
        store,
        label('stored'),
        addiu(s0, s0, 1),
        addiu(t2, t2, 4),
        bne(t2, t3, 'next'),
        nop,
        ...spin,
      ],
      at,
    );
    this.afterStore = labels('stored');
    guest.setGpr(s0, 0, vcpu);
    guest.setGpr(t2, 0x40000000 + this.list, vcpu);
    guest.setGpr(t3, 0x40000000 + this.list + 4 * addresses.length, vcpu);
    this.go(at);
  }

  get idle(): boolean {
    return this.done === this.addresses.length;
  }

  /** Run for a while; the addresses it stored to. Stores that leave are the guest's to repeat nowhere: it goes on after them. */
  run(instructions: number): number[] {
    const { guest, vcpu } = this;
    const end = guest.vm.clock.now + 10 * instructions;
    do {
      if (vcpu.enter(end) === 0 && !vcpu.run.mmio.isWrite) throw new Error(`exit ${vcpu.run.exitReason}`);
    } while (guest.vm.clock.now < end && vcpu.waiting !== 'spin');
    const pc = Number(BigInt.asUintN(32, vcpu.getRegs().pc));
    const before = this.done;
    this.done = guest.gpr(s0, vcpu) + (pc === this.afterStore ? 1 : 0);
    return this.addresses.slice(before, this.done);
  }
}

function stress(seed: number, rounds: number, endianness: Endianness): { gets: number; dirty: number; stores: number } {
  const random = new Random(seed);
  const guest = new Guest({ vcpus: 2, endianness });
  const model = new SlotsModel();
  const seen = { gets: 0, dirty: 0, stores: 0 };
  const storers = guest.vcpus.map((vcpu) => new Storer(guest, vcpu));
  const gpaOf = (va: number): number => (va >>> 12 === ALIAS_VA >>> 12 ? HIGH + ALIAS_PAGE * PAGE : physical(va));

  const address = (): number => {
    const region = random.below(8) === 0 ? undefined : random.pick(model.regions);
    const offset = 4 * random.below(PAGE / 4);
    const page = region
      ? (region.guestPhysAddr - HIGH) / PAGE + random.below(Math.min(region.memorySize / PAGE, 4))
      : random.below(WINDOW_PAGES);
    if (page === ALIAS_PAGE && random.below(2) === 0) return ALIAS_VA + offset;
    return HIGH_VA + page * PAGE + offset;
  };
  const run = (): void => {
    const storer = random.pick(storers);
    if (storer.idle)
      storer.begin(Array.from({ length: BATCH }, address), random.pick(STORES), CODE_AT + 0x100 * storer.vcpu.id);
    for (const va of storer.run(1 + random.below(60))) {
      model.stored(gpaOf(va));
      seen.stores++;
    }
  };
  const changeSlot = (): void => {
    const slot = random.pick(SLOTS);
    const old = model.get(slot);
    const flags = random.pick([0, 1, 1, 1, 1, 1]) * KVM_MEM_LOG_DIRTY_PAGES;
    const guestPhysAddr = HIGH + random.below(WINDOW_PAGES - 70) * PAGE;
    const pages = random.pick(SIZES);
    const backing = SPARE + random.below(SPARE_BYTES / PAGE - 70) * PAGE;
    const created = { slot, flags: flags | (random.below(6) === 0 ? KVM_MEM_READONLY : 0), guestPhysAddr };
    const region = !old
      ? { ...created, memorySize: pages * PAGE, userspaceAddr: backing }
      : random.pick([
          { ...old, memorySize: 0 },
          { ...old, guestPhysAddr },
          { ...old, flags: flags | (old.flags & KVM_MEM_READONLY) },
        ]);
    expect(errnoOf(() => guest.vm.setUserMemoryRegion(region))).toBe(model.set(region));
  };
  const write = (): void => {
    const region = random.pick(model.regions);
    if (!region) return;
    const from = random.below(region.memorySize);
    const length = 1 + random.below(Math.min(region.memorySize - from, 3 * PAGE));
    guest.vm.memory.write(region.guestPhysAddr + from, new Uint8Array(length).fill(random.below(256)));
    model.wrote(region.guestPhysAddr + from, length);
  };
  const give = (slot: number): void => {
    const expected = model.getDirty(slot);
    const pages = (model.get(slot)?.memorySize ?? 0) / PAGE;
    if (expected === 'ENOENT') expect(errnoOf(() => getDirty(guest, 64, slot))).toBe('ENOENT');
    else expect(getDirty(guest, pages, slot)).toEqual(expected);
    seen.gets++;
    if (expected !== 'ENOENT') seen.dirty += expected.length;
  };
  const clear = (): void => {
    const slot = random.pick(SLOTS);
    const region = model.get(slot);
    if (!region || (region.flags & KVM_MEM_LOG_DIRTY_PAGES) === 0) return;
    const pages = region.memorySize / PAGE;
    const firstPage = 64 * random.below(Math.trunc(pages / 64) + 1);
    const numPages =
      random.below(2) === 0 ? pages - firstPage : 64 * random.below(Math.trunc((pages - firstPage) / 64) + 1);
    const chosen = Array.from({ length: numPages }, (_, n) => firstPage + n).filter(() => random.below(3) > 0);
    clearDirty(guest, chosen, { slot, firstPage, numPages });
    model.clearDirty(slot, chosen);
  };
  const enable = (): void => {
    const options = random.pick([0, 0, 1, 3]);
    guest.vm.enableCap(Cap.MANUAL_DIRTY_LOG_PROTECT2, 0, [BigInt(options)]);
    model.manualProtect = (options & 1) !== 0;
    model.initiallySet = (options & 2) !== 0;
  };

  for (let round = 0; round < rounds; round++) {
    const what = random.below(100);
    if (what < 60) run();
    else if (what < 68) changeSlot();
    else if (what < 76) write();
    else if (what < 90) give(random.pick(SLOTS));
    else if (what < 98) clear();
    else enable();
  }
  for (const slot of SLOTS) give(slot);
  return seen;
}

describe('dirty logs of random slots, under random stores, writes, moves, GETs and CLEARs', () => {
  it.each([1, 2, 3, 4, 5, 6])('seed %d: KVM says what the model says', (seed) => {
    const { gets, dirty, stores } = stress(seed, 3000, seed % 2 === 0 ? 'big' : 'little');
    // The test is worth something only if guests stored and pages were dirty.
    expect(stores).toBeGreaterThan(5000);
    expect(gets).toBeGreaterThan(300);
    expect(dirty).toBeGreaterThan(400);
  });
});
