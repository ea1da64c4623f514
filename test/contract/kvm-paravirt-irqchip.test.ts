// The paravirt interrupt controller as KVM_CREATE_IRQCHIP switches it on (reference MIPS.md B3, KVM-API.md 8): seen by guest instructions on up to 8
// vCPUs, in the guest's byte order, driven by KVM_IRQ_LINE and by the guest's own mailboxes.
import { describe, expect, it } from 'vitest';
import type { EmulatedVcpu } from '../../src/cpu/exec/vcpu.ts';
import { ParavirtIrqchip } from '../../src/devices/irqchip/paravirt.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { CODE, CP0_CAUSE, CP0_EPC, CP0_STATUS, errnoOf, GENERAL_VECTOR, Guest, IE, IP2 } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  type Line,
  label,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  STATUS,
  s0,
  s1,
  spin,
  sw,
  t0,
  t1,
  t2,
  wait,
  zero,
} from '../support/kvm/mips-words.ts';

const EINTR = -4;
const CHIP = 0x1e010000;
const CHIP_VA = 0xbe010000;
const RAW = 8;
const RAW_W1S = 16;
const RAW_W1C = 24;
const src = (cpu: number): number => 32 + 32 * cpu;
const en = (cpu: number): number => src(cpu) + 8;
const enW1s = (cpu: number): number => src(cpu) + 16;
const enW1c = (cpu: number): number => src(cpu) + 24;
/** Mailbox bits of a CPU in word 1: "reschedule" and "call function". */
const mailbox = (cpu: number, action: 1 | 2): number => (action << (2 * cpu)) >>> 0;

/** A guest with the controller on; t1 leads to it, s1 counts interrupts in a handler that spins. */
function machine(vcpus = 2, endianness: Endianness = 'little'): Guest {
  const guest = new Guest({ vcpus, endianness });
  const device = new ParavirtIrqchip({
    cpus: vcpus,
    output: (cpu) => ({ set: (level) => guest.vcpus[0]!.interrupt({ cpu, irq: level ? 2 : -2 }) }),
  });
  guest.vm.provideIrqchip({ base: CHIP, order: endianness, device });
  guest.vm.createIrqchip();
  guest.load([addiu(s1, s1, 1), ...spin], GENERAL_VECTOR);
  for (const vcpu of guest.vcpus) guest.setGpr(t1, CHIP_VA, vcpu);
  return guest;
}

/** Run `code` on a vCPU to its end. */
function execute(guest: Guest, code: Line, vcpu: EmulatedVcpu = guest.vcpu): void {
  guest.load([code, ...spin]);
  vcpu.setRegs({ ...vcpu.getRegs(), pc: BigInt(CODE) });
  for (let enters = 0; enters < 10 && (enters === 0 || vcpu.waiting !== 'spin'); enters++)
    expect(guest.enter(100, vcpu)).toBe(EINTR);
  expect(vcpu.waiting).toBe('spin');
}
const store = (guest: Guest, offset: number, value: number, vcpu?: EmulatedVcpu): void =>
  execute(guest, [li(t0, value), sw(t0, offset, t1)], vcpu);
function load(guest: Guest, offset: number, vcpu: EmulatedVcpu = guest.vcpu): number {
  execute(guest, lw(t2, offset, t1), vcpu);
  return guest.gpr(t2, vcpu);
}
const pending = (guest: Guest): number[] =>
  guest.vcpus.filter((vcpu) => (guest.cp0(CP0_CAUSE, vcpu) & IP2) !== 0).map(({ id }) => id);

describe('the registers, by guest loads and stores', () => {
  it.each(['little', 'big'] as const)('are words in %s-endian order: 64 lines, 8 CPUs', (endianness) => {
    const guest = machine(2, endianness);
    expect([load(guest, 0), load(guest, 4)]).toEqual([64, 8]);
    store(guest, 0, 5);
    expect(load(guest, 0)).toBe(64);
  });

  it.each(['little', 'big'] as const)(
    'raw, its set and clear words, and what a CPU enables: %s endian',
    (endianness) => {
      const guest = machine(2, endianness);
      store(guest, RAW_W1S, 0x0000_1e00);
      store(guest, RAW_W1C, 0x0000_0200);
      expect([RAW, RAW_W1S, RAW_W1C].map((offset) => load(guest, offset))).toEqual([0x1c00, 0x1c00, 0x1c00]);
      store(guest, enW1s(1), 0x0c00);
      store(guest, enW1c(1), 0x0800);
      expect([src(1), en(1), enW1s(1), enW1c(1)].map((offset) => load(guest, offset))).toEqual([
        0x400, 0x400, 0x400, 0x400,
      ]);
      expect([src(0), en(0)].map((offset) => load(guest, offset))).toEqual([0, 0]);
    },
  );

  it('lines 8 to 0 are ignored', () => {
    const guest = machine();
    store(guest, enW1s(0), 0xffffffff);
    store(guest, RAW_W1S, 0x1ff);
    expect([load(guest, RAW), pending(guest)]).toEqual([0, []]);
  });

  it('word 1 holds lines 63 to 32', () => {
    const guest = machine();
    store(guest, en(0) + 4, 0x80000001);
    guest.vm.irqLine({ irq: 63, level: 1 });
    expect([load(guest, src(0)), load(guest, src(0) + 4), load(guest, RAW + 4)]).toEqual([0, 0x80000000, 0x80000000]);
    expect(pending(guest)).toEqual([0]);
  });

  it('those of CPUs that do not exist are there and lead nowhere', () => {
    const guest = machine(2);
    store(guest, enW1s(7), 0x400);
    guest.vm.irqLine({ irq: 10, level: 1 });
    expect([load(guest, src(7)), pending(guest)]).toEqual([0x400, []]);
  });
});

describe('KVM_IRQ_LINE', () => {
  it('of a PCI line raises IP2 of every vCPU that enables it, and lowers it', () => {
    const guest = machine(4);
    for (const cpu of [0, 2]) store(guest, enW1s(cpu), 1 << 11);
    guest.vm.irqLine({ irq: 11, level: 1 });
    expect(pending(guest)).toEqual([0, 2]);
    guest.vm.irqLine({ irq: 12, level: 1 });
    expect(pending(guest)).toEqual([0, 2]);
    guest.vm.irqLine({ irq: 11, level: 0 });
    expect(pending(guest)).toEqual([]);
  });

  it('of a line below 9 is ignored, of 64 and more is EINVAL', () => {
    const guest = machine();
    store(guest, en(0), 0xffffffff);
    for (const irq of [0, 1, 8]) expect(errnoOf(() => guest.vm.irqLine({ irq, level: 1 }))).toBe('success');
    for (const irq of [64, 0xffffffff]) expect(errnoOf(() => guest.vm.irqLine({ irq, level: 1 }))).toBe('EINVAL');
    expect([load(guest, RAW), pending(guest)]).toEqual([0, []]);
  });

  it('is level: enabling a line that is up raises IP2, disabling it lowers it', () => {
    const guest = machine();
    guest.vm.irqLine({ irq: 9, level: 1 });
    expect(pending(guest)).toEqual([]);
    store(guest, enW1s(1), 1 << 9);
    expect(pending(guest)).toEqual([1]);
    store(guest, enW1c(1), 1 << 9);
    expect(pending(guest)).toEqual([]);
  });
});

describe('mailboxes', () => {
  /** Every CPU enables its own two mailbox lines. */
  function withMailboxes(vcpus: number): Guest {
    const guest = machine(vcpus);
    for (const vcpu of guest.vcpus) store(guest, enW1s(vcpu.id) + 4, mailbox(vcpu.id, 1) | mailbox(vcpu.id, 2), vcpu);
    for (const vcpu of guest.vcpus) vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE));
    return guest;
  }

  it('an IPI from each of 8 vCPUs to each other reaches that one alone, and the acknowledge takes it away', () => {
    const guest = withMailboxes(8);
    for (const sender of guest.vcpus) {
      sender.setOneReg(CP0_STATUS, 0n);
      for (const target of guest.vcpus) {
        store(guest, RAW_W1S + 4, mailbox(target.id, 1), sender);
        expect(pending(guest)).toEqual([target.id]);
        expect(load(guest, src(target.id) + 4, sender)).toBe(mailbox(target.id, 1));
        store(guest, RAW_W1C + 4, mailbox(target.id, 1), sender);
        expect(pending(guest)).toEqual([]);
      }
    }
  });

  it('an IPI ends the quantum of its sender at that store', () => {
    const guest = withMailboxes(2);
    guest.load([li(t0, mailbox(1, 2)), sw(t0, RAW_W1S + 4, t1), label('on'), addiu(s0, s0, 1), b('on'), nop]);
    guest.pc = CODE;
    const before = guest.instructions;
    expect(guest.enter(1000)).toBe(EINTR);
    expect([guest.instructions - before, guest.pc, guest.gpr(s0)]).toEqual([3, CODE + 12, 0]);
    expect(guest.vcpus[1]!.runnable).toBe(true);
  });

  it('an acknowledge, and an IPI to oneself, do not', () => {
    const guest = withMailboxes(2);
    const other = guest.vcpus[1]!;
    guest.load([sw(t0, RAW_W1C + 4, t1), label('on'), addiu(s0, s0, 1), b('on'), nop]);
    other.setOneReg(CP0_STATUS, 0n);
    for (const offset of [0, 1]) {
      guest.setGpr(t0, mailbox(1, 1), other);
      other.setRegs({ ...other.getRegs(), pc: BigInt(CODE) });
      if (offset === 1) guest.load(sw(t0, RAW_W1S + 4, t1));
      const before = guest.instructions;
      expect(guest.enter(31, other)).toBe(EINTR);
      expect(guest.instructions - before).toBe(31);
    }
    expect(pending(guest)).toEqual([1]);
  });

  it('an IPI to oneself is taken at the next instruction', () => {
    const guest = withMailboxes(1);
    guest.load([li(t0, mailbox(0, 1)), sw(t0, RAW_W1S + 4, t1), addiu(s0, s0, 1), ...spin]);
    guest.pc = CODE;
    guest.enter(4);
    expect([guest.gpr(s1), guest.gpr(s0), guest.cp0(CP0_EPC)]).toEqual([1, 0, CODE + 12]);
  });

  it('an IPI wakes a vCPU that waits', () => {
    const guest = withMailboxes(3);
    const sleeper = guest.vcpus[2]!;
    guest.load([wait, addiu(s0, zero, 7), ...spin], CODE + 0x100);
    sleeper.setRegs({ ...sleeper.getRegs(), pc: BigInt(CODE + 0x100) });
    guest.enter(100, sleeper);
    guest.vcpu.setOneReg(CP0_STATUS, 0n);
    expect([sleeper.waiting, sleeper.runnable]).toEqual(['wait', false]);
    store(guest, RAW_W1S + 4, mailbox(2, 1));
    expect(sleeper.runnable).toBe(true);
    guest.enter(2, sleeper);
    expect([guest.gpr(s1, sleeper), guest.cp0(CP0_EPC, sleeper)]).toEqual([1, CODE + 0x104]);
  });

  it('two actions are two lines: acknowledging one leaves IP2 up for the other', () => {
    const guest = withMailboxes(2);
    guest.vcpu.setOneReg(CP0_STATUS, 0n);
    store(guest, RAW_W1S + 4, mailbox(1, 1) | mailbox(1, 2));
    store(guest, RAW_W1C + 4, mailbox(1, 1));
    expect(pending(guest)).toEqual([1]);
    store(guest, RAW_W1C + 4, mailbox(1, 2));
    expect(pending(guest)).toEqual([]);
  });

  it('an acknowledge in the handler lets the vCPU return: the interrupt does not come again', () => {
    const guest = withMailboxes(1);
    const k0 = 26;
    guest.load(
      [addiu(s1, s1, 1), li(k0, mailbox(0, 1)), sw(k0, RAW_W1C + 4, t1), mfc0(k0, STATUS), 0x42000018 /* eret */],
      GENERAL_VECTOR,
    );
    guest.load([li(t0, mailbox(0, 1)), sw(t0, RAW_W1S + 4, t1), addiu(s0, s0, 1), mtc0(zero, STATUS), ...spin]);
    guest.pc = CODE;
    guest.enter(100);
    expect([guest.gpr(s1), guest.gpr(s0), guest.vcpu.waiting]).toEqual([1, 1, 'spin']);
  });
});

describe('accesses that no register takes', () => {
  it('do the guest no harm: they are served without an exit', () => {
    const guest = machine();
    for (const offset of [0x120, 0xffc]) {
      store(guest, offset, 0xffffffff);
      expect(load(guest, offset)).toBe(0);
    }
    expect(pending(guest)).toEqual([]);
  });
});
