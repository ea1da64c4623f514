// Several vCPUs of one VM: state apart, one clock, and LL/SC between them and against devices
// (reference KVM-API.md 11; MIPS32 Volume II-A, LL and SC).
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import { CODE, CP0_COUNT, CP0_STATUS, DATA, EBASE, Guest, MMIO, mapPage, physical } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  ENTRYHI,
  EPC,
  eret,
  label,
  ll,
  lw,
  mtc0,
  nop,
  s0,
  sc,
  spin,
  sw,
  t0,
  t1,
  t2,
  zero,
} from '../support/kvm/mips-words.ts';

describe('two vCPUs', () => {
  const counting = [label('again'), addiu(s0, s0, 1), b('again'), nop];
  const pair = () => {
    const guest = new Guest({ vcpus: 2 });
    guest.load(counting);
    return { guest, first: guest.vcpus[0]!, second: guest.vcpus[1]! };
  };

  it('have registers of their own', () => {
    const { guest, first, second } = pair();
    guest.setGpr(s0, 1000, second);
    guest.enter(6, first);
    guest.enter(3, second);
    expect([guest.gpr(s0, first), guest.gpr(s0, second)]).toEqual([2, 1001]);
    guest.enter(3, first);
    expect([guest.gpr(s0, first), guest.gpr(s0, second)]).toEqual([3, 1001]);
    expect(guest.cp0(KVM_REG_MIPS_CP0_64(15, 1), second)).toBe(EBASE + 1);
  });

  it('share one clock: both count, both Counts go on', () => {
    const { guest, first, second } = pair();
    guest.enter(30, first);
    guest.enter(60, second);
    expect(guest.instructions).toBe(90);
    expect([guest.cp0(CP0_COUNT, first), guest.cp0(CP0_COUNT, second)]).toEqual([90, 90]);
  });

  it('have TLBs of their own', () => {
    const { guest, first, second } = pair();
    const read = [lw(t0, 0, t1), ...spin];
    const at = guest.load([mapPage(0x1000000, 0x30000), label('read'), read])('read');
    guest.load(spin, EBASE);
    guest.vm.memory.writeU32(0x30000, 0x77, 'little');
    for (const vcpu of [first, second]) guest.setGpr(t1, 0x1000000, vcpu);
    guest.enter(12, first);
    expect(guest.gpr(t0, first)).toBe(0x77);
    second.setRegs({ ...second.getRegs(), pc: BigInt(at) });
    guest.enter(1, second);
    expect(guest.gpr(t0, second)).toBe(0);
    expect(second.getRegs().pc).toBe(BigInt(EBASE));
  });

  it('have exits of their own: each finishes its own access', () => {
    const { guest, first, second } = pair();
    guest.load([lw(t0, 0, t1), ...spin]);
    guest.setGpr(t1, MMIO, first);
    guest.setGpr(t1, MMIO + 0x100, second);
    expect([guest.enter(100, first), guest.enter(100, second)]).toEqual([0, 0]);
    expect(first.run.mmio.physAddr).not.toBe(second.run.mmio.physAddr);
    first.run.mmio.data.set([1, 0, 0, 0]);
    second.run.mmio.data.set([2, 0, 0, 0]);
    guest.enter(1, second);
    guest.enter(1, first);
    expect([guest.gpr(t0, first), guest.gpr(t0, second)]).toEqual([1, 2]);
  });

  it('see each other in memory, and each other writing code', () => {
    const { guest, first, second } = pair();
    guest.enter(6, second);
    guest.load([sw(t0, 0, t1), ...spin], DATA);
    first.setRegs({ ...first.getRegs(), pc: BigInt(DATA) });
    guest.setGpr(t0, addiu(s0, s0, 100), first);
    guest.setGpr(t1, CODE, first);
    guest.enter(1, first);
    guest.enter(3, second);
    expect(guest.gpr(s0, second)).toBe(102);
  });

  it('are asked about without disturbing the one that runs', () => {
    const { guest, first, second } = pair();
    guest.enter(3, first);
    const before = guest.hash();
    second.getRegs();
    expect(second.runnable).toBe(true);
    second.getOneReg(CP0_STATUS);
    expect(guest.hash()).toBe(before);
    guest.enter(3, first);
    expect(guest.gpr(s0, first)).toBe(2);
  });
});

describe('LL and SC', () => {
  /** LL, `between`, SC of 7 to the same word; t2 is what SC answered. */
  const linked = (between: Parameters<Guest['load']>[0] = [], vcpus = 1): Guest => {
    const guest = new Guest({ vcpus });
    guest.load([ll(t0, 0, t1), between, addiu(t2, zero, 7), sc(t2, 0, t1), ...spin]);
    for (const vcpu of guest.vcpus) guest.setGpr(t1, DATA, vcpu);
    return guest;
  };
  const outcome = (guest: Guest) => [guest.gpr(t2), guest.word(DATA)];

  it('store and answer 1 when nothing happened in between, whatever the slices', () => {
    const whole = linked(nop);
    whole.enter(4);
    expect(outcome(whole)).toEqual([1, 7]);
    const sliced = linked(nop);
    for (let n = 0; n < 4; n++) sliced.enter(1);
    expect(outcome(sliced)).toEqual([1, 7]);
  });

  it('SC without LL, or a second SC, fails and stores nothing', () => {
    const guest = new Guest();
    guest.load([addiu(t2, zero, 7), sc(t2, 0, t1), ...spin]);
    guest.setGpr(t1, DATA);
    guest.enter(2);
    expect(outcome(guest)).toEqual([0, 0]);
    const twice = linked();
    twice.load([addiu(t2, zero, 9), sc(t2, 0, t1), ...spin], CODE + 12);
    twice.enter(5);
    expect(outcome(twice)).toEqual([0, 7]);
  });

  it('fail after an exception returns', () => {
    const guest = linked([mtc0(s0, EPC), eret]);
    guest.setGpr(s0, CODE + 12);
    guest.vcpu.setOneReg(CP0_STATUS, 2n);
    guest.enter(5);
    expect(outcome(guest)).toEqual([0, 0]);
  });

  it.each([
    ['the word', 0],
    ['another word of its line', 0x1c],
  ])('fail when a device writes %s', (_what, offset) => {
    const guest = linked();
    guest.enter(1);
    guest.vm.memory.writeU8(physical(DATA) + offset, 5);
    guest.enter(2);
    expect(guest.gpr(t2)).toBe(0);
  });

  it('do not mind a device that writes elsewhere', () => {
    const guest = linked();
    guest.enter(1);
    guest.vm.memory.writeU32(physical(DATA) + 0x4000, 5, 'little');
    guest.enter(2);
    expect(outcome(guest)).toEqual([1, 7]);
  });

  it('do not mind an exit in between that writes nothing', () => {
    const guest = linked(lw(s0, 0, s0));
    guest.setGpr(s0, MMIO);
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.MMIO);
    guest.enter(3);
    expect(outcome(guest)).toEqual([1, 7]);
  });

  it('fail when another vCPU ran in between', () => {
    const guest = linked([], 2);
    guest.enter(1);
    guest.vcpus[1]!.setRegs({ ...guest.vcpus[1]!.getRegs(), pc: BigInt(CODE + 4) });
    guest.enter(1, guest.vcpus[1]);
    guest.enter(2);
    expect(outcome(guest)).toEqual([0, 0]);
  });

  it('fail when a device writes the line while user space looks at another vCPU', () => {
    const guest = linked([], 2);
    guest.enter(1);
    guest.vcpus[1]!.getRegs();
    guest.vm.memory.writeU32(physical(DATA), 5, 'little');
    guest.enter(2);
    expect(outcome(guest)).toEqual([0, 5]);
  });

  it('do not mind that look alone', () => {
    const guest = linked([], 2);
    guest.enter(1);
    guest.vcpus[1]!.getRegs();
    guest.enter(2);
    expect(outcome(guest)).toEqual([1, 7]);
  });

  it('an ASID change alone keeps the link', () => {
    const guest = linked(mtc0(s0, ENTRYHI));
    guest.setGpr(s0, 5);
    guest.enter(4);
    expect(outcome(guest)).toEqual([1, 7]);
  });
});
