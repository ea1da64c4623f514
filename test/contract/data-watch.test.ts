// Accesses to data that the host watches (src/cpu/exec/data-watch.ts), and executions at virtual addresses: told before they happen, in every engine, and of
// no effect on the guest.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/cpu/exec/core-options.ts';
import type { DataAccess } from '../../src/cpu/exec/data-watch.ts';
import { CODE, DATA, enterUser, Guest, type GuestOptions, mapPage, physical } from '../support/kvm/guest.ts';
import {
  addiu,
  beq,
  bne,
  type Line,
  lbu,
  li,
  lw,
  nop,
  s0,
  s1,
  sb,
  sh,
  spin,
  sw,
  swl,
  syscall,
  t0,
  t1,
  zero,
} from '../support/kvm/mips-words.ts';
import { EAGER } from '../support/region/twins.ts';

type Watched = Parameters<Guest['vm']['watch']['watchData']>[0][number];
const ENGINES: readonly EngineName[] = ['interpreter', 'regions'];

const bytes = (over: Partial<Watched> = {}): Watched => ({
  address: DATA,
  length: 4,
  virtual: true,
  reads: true,
  writes: true,
  ...over,
});

/** A guest with `code`, and the accesses to `data` that it is told of. */
function watching(code: Line, data: readonly Watched[], options: GuestOptions = {}) {
  const guest = new Guest(options);
  const addresses = guest.load([li(t0, DATA), code, spin]);
  const told: DataAccess[] = [];
  guest.vm.watch.watchData(data, (access) => {
    told.push(access);
    return false;
  });
  return { guest, told, addresses };
}

const hashOf = (guest: Guest): string => {
  const hash = createHash('sha256');
  guest.vm.hashState((part) => void hash.update(part));
  return hash.digest('hex');
};

describe.each(ENGINES)('watched data (%s)', (engine) => {
  it('is told of loads and stores of every width with what is stored, before they happen', () => {
    const body = [addiu(t1, zero, 0x77), sw(t1, 0, t0), sh(t1, 2, t0), sb(t1, 3, t0), lbu(t1, 1, t0), lw(t1, 0, t0)];
    const { guest, told } = watching(body, [bytes()], { engine });
    guest.enter(40);
    expect(told.map(({ address, length, isWrite, value }) => [address - DATA, length, isWrite, value])).toEqual([
      [0, 4, true, 0x77],
      [2, 2, true, 0x77],
      [3, 1, true, 0x77],
      [1, 1, false, null],
      [0, 4, false, null],
    ]);
  });

  it('is only what was asked for: reads or writes, and those that touch one of the bytes', () => {
    const body = [
      sw(zero, 0, t0),
      lw(t1, 0, t0),
      sb(zero, 4, t0),
      sw(zero, 8, t0),
      lbu(t1, 7, t0),
      sw(zero, 0x800, t0),
    ];
    const told = (data: Partial<Watched>): number[] => {
      const seen = watching(body, [bytes(data)], { engine });
      seen.guest.enter(40);
      return seen.told.map(({ address }) => address - DATA);
    };
    expect(told({ reads: false })).toEqual([0]);
    expect(told({ writes: false })).toEqual([0]);
    expect(told({ address: DATA + 3, length: 2 })).toEqual([0, 0, 4]);
    expect(told({ address: DATA + 7, length: 1 })).toEqual([7]);
    expect(told({ address: physical(DATA), virtual: false })).toEqual([0, 0]);
    expect(told({ address: physical(DATA) })).toEqual([]);
  });

  it('is found by its physical address whatever maps it, and by a virtual one wherever that leads', () => {
    const body = [mapPage(0x6000, physical(DATA)), li(t1, 0x6000), sw(zero, 0, t1), sw(zero, 0, t0)];
    const byPhysical = watching(body, [bytes({ address: physical(DATA), virtual: false })], { engine });
    byPhysical.guest.enter(60);
    expect(byPhysical.told.map(({ address }) => address)).toEqual([0x6000, DATA]);
    const byVirtual = watching(body, [bytes({ address: 0x6000 })], { engine });
    byVirtual.guest.enter(60);
    expect(byVirtual.told.map(({ address, physical: at }) => [address, at])).toEqual([[0x6000, physical(DATA)]]);
  });

  it('lets KVM_RUN come back before the instruction, which has done nothing then, and goes on with it', () => {
    const guest = new Guest({ engine });
    guest.load([li(t0, DATA), addiu(t1, zero, 5), sw(t1, 0, t0), addiu(s0, s0, 1), spin]);
    let stand = true;
    guest.vm.watch.watchData([bytes()], () => stand);
    expect(guest.vcpu.enter(guest.vm.clock.now + 1000)).toBe(-4);
    expect([guest.vm.clock.instructions, guest.vm.memory.readU32(physical(DATA), 'little')]).toEqual([3, 0]);
    expect(Number(guest.vcpu.getRegs().pc) & 0xffff).toBe((CODE & 0xffff) + 12);
    stand = false;
    guest.enter(2);
    expect([guest.vm.memory.readU32(physical(DATA), 'little'), guest.gpr(s0)]).toEqual([5, 1]);
  });

  it('in a delay slot stands before the branch, which then runs once', () => {
    const guest = new Guest({ engine });
    const at = guest.load([
      li(t0, DATA),
      { label: 'branch' },
      beq(zero, zero, 'on'),
      sw(t0, 0, t0),
      nop,
      { label: 'on' },
      spin,
    ]);
    let stand = true;
    guest.vm.watch.watchData([bytes()], () => stand);
    guest.vcpu.enter(guest.vm.clock.now + 1000);
    expect(Number(BigInt.asUintN(32, guest.vcpu.getRegs().pc))).toBe(at('branch'));
    expect(guest.vm.clock.instructions).toBe(2);
    stand = false;
    guest.enter(2);
    expect(Number(BigInt.asUintN(32, guest.vcpu.getRegs().pc))).toBe(at('on'));
    expect(guest.vm.clock.instructions).toBe(4);
  });

  it('changes neither state nor count of a loop that is compiled, and ends when nothing is watched any more', () => {
    const loop = [
      addiu(s0, zero, 2000),
      [{ label: 'round' }, lw(t1, 0, t0), addiu(t1, t1, 3), sw(t1, 0, t0), sw(t1, 16, t0), swl(t1, 33, t0)],
      [addiu(s0, s0, -1), bne(s0, zero, 'round'), nop],
    ];
    const plain = watching(loop, [], { engine, regions: EAGER });
    plain.guest.enter(16000);
    const watched = watching(loop, [bytes({ length: 1 })], { engine, regions: EAGER });
    watched.guest.enter(6000);
    const soFar = watched.told.length;
    expect(soFar).toBeGreaterThan(1000);
    watched.guest.vm.watch.watchData([], () => false);
    watched.guest.enter(10000);
    expect(watched.told).toHaveLength(soFar);
    expect(hashOf(watched.guest)).toBe(hashOf(plain.guest));
  });
});

describe('watched data', () => {
  it('is refused by an engine that makes each access twice', () => {
    const guest = new Guest({ engine: 'lockstep' });
    expect(guest.vm.watch.watchData([bytes()], () => false)).toBe(false);
    expect(guest.vm.watch.watchData([], () => false)).toBe(true);
  });
});

describe.each(ENGINES)('a watched execution at a virtual address (%s)', (engine) => {
  const USER = 0x2000;
  const USER_CODE = CODE + 0x4000;

  it('is told though the address is mapped later, and compiled before it is watched', () => {
    const guest = new Guest({ engine, regions: EAGER });
    guest.load(enterUser(USER, physical(USER_CODE)));
    const at = guest.load([[{ label: 'loop' }, addiu(s0, s0, 1)], beq(zero, zero, 'loop'), nop], USER_CODE);
    const hits: [pc: number, at: number][] = [];
    const virtual = USER + (at('loop') - USER_CODE);
    const hit = (_cpu: number, pc: number, where: number): boolean => {
      hits.push([pc, where]);
      return false;
    };
    guest.vm.watch.execution([], hit, [virtual]);
    guest.enter(23);
    expect(hits.length).toBeGreaterThan(1);
    expect(hits.every(([pc, where]) => pc === virtual && where === physical(at('loop')))).toBe(true);

    const late = new Guest({ engine, regions: EAGER });
    late.load(enterUser(USER, physical(USER_CODE)));
    late.load([[{ label: 'loop' }, addiu(s0, s0, 1)], beq(zero, zero, 'loop'), nop], USER_CODE);
    late.enter(3000);
    hits.length = 0;
    late.vm.watch.execution([], hit, [virtual]);
    late.enter(30);
    expect(hits.length).toBe(10);
    late.vm.watch.execution([], hit, []);
    late.enter(30);
    expect(hits.length).toBe(10);
  });

  it('is not told of other addresses that lead to the same memory by itself', () => {
    const guest = new Guest({ engine });
    const at = guest.load([[{ label: 'mark' }, addiu(s1, s1, 1)], syscall, spin]);
    const seen: number[] = [];
    guest.vm.watch.execution([], (_cpu, pc) => seen.push(pc) > 0 && false, [at('mark') + 0x1000_0000]);
    guest.enter(4);
    expect(seen).toEqual([]);
  });
});
