// The exceptions that vCPUs took last, as the engine writes them down for debuggers (src/cpu/exec/note-exception.ts, debug-port.ts).
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/cpu/exec/core-options.ts';
import { DATA, GENERAL_VECTOR, Guest, NS } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  EPC,
  eret,
  k0,
  type Line,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  spin,
  syscall,
  t0,
  zero,
} from '../support/kvm/mips-words.ts';
import { EAGER } from '../support/region/twins.ts';

const [ADEL, SYSCALL] = [4, 8];
/** A handler that goes on behind the instruction. */
const SKIP: Line = [mfc0(k0, EPC), addiu(k0, k0, 4), mtc0(k0, EPC), eret];

describe.each(['interpreter', 'regions'] satisfies EngineName[])('exceptions taken (%s)', (engine) => {
  it('are told newest first: trap code, pc, instant, and the address of a faulting access', () => {
    const guest = new Guest({ engine, regions: EAGER });
    guest.load(SKIP, GENERAL_VECTOR);
    const at = guest.load([
      [{ label: 'first' }, syscall],
      li(t0, DATA + 1),
      [{ label: 'second' }, lw(t0, 0, t0)],
      spin,
    ]);
    const port = guest.vm.debugPort(0);
    expect(port.exceptions()).toEqual([]);
    guest.enter(14);
    const [second, first, ...others] = port.exceptions();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ trap: SYSCALL, pc: at('first'), inSlot: false });
    expect(second).toMatchObject({ trap: ADEL, pc: at('second'), inSlot: false, address: DATA + 1 });
    expect(second!.now - first!.now).toBe(7 * NS);
  });

  it('in a slot are told with the address of the slot', () => {
    const guest = new Guest({ engine });
    guest.load(spin, GENERAL_VECTOR);
    const at = guest.load([b('on'), [{ label: 'slot' }, syscall], { label: 'on' }, nop]);
    guest.enter(6);
    expect(guest.vm.debugPort(0).exceptions()).toMatchObject([{ trap: SYSCALL, pc: at('slot'), inSlot: true }]);
  });

  it('are those of each vCPU, 64 of all of them at most', () => {
    const guest = new Guest({ engine, vcpus: 2 });
    guest.load(SKIP, GENERAL_VECTOR);
    guest.load([{ label: 'loop' }, syscall, b('loop'), nop]);
    guest.enter(700, guest.vcpus[0]);
    expect(guest.vm.debugPort(0).exceptions()).toHaveLength(64);
    guest.enter(70, guest.vcpus[1]);
    const [mine, other] = [1, 0].map((cpu) => guest.vm.debugPort(cpu).exceptions());
    expect(mine!.length).toBeGreaterThan(5);
    expect(mine!.length + other!.length).toBe(64);
  });
});

describe('a debug port', () => {
  it('reads banks of any vCPU, and nothing beyond them', () => {
    const guest = new Guest({ vcpus: 2 });
    guest.setGpr(t0, 0x89abcdef, guest.vcpus[1]);
    expect(guest.vm.debugPort(1).bank('gpr', t0)).toBe(0x89abcdef);
    expect(guest.vm.debugPort(0).bank('gpr', t0)).toBe(0);
    for (const [name, index] of [
      ['gpr', 99],
      ['gpr', -1],
      ['none', 0],
    ] as const)
      expect(guest.vm.debugPort(0).bank(name, index)).toBe(0);
  });

  it('translates as the vCPU would, and changes nothing by it', () => {
    const guest = new Guest();
    guest.load([addiu(t0, zero, 1), spin]);
    const before = guest.hash();
    const port = guest.vm.debugPort(0);
    expect(port.translate(DATA, 'read')).toEqual({ outcome: 'physical', physical: DATA & 0x1fffffff });
    expect(port.translate(0x1000, 'write')).toMatchObject({ outcome: 'fault' });
    expect(port.translate(0xa0000000, 'fetch')).toEqual({ outcome: 'nothing' });
    expect(guest.hash()).toBe(before);
  });
});
