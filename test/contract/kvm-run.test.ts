// KVM_RUN: deadlines, immediate_exit, hypercalls and what cannot be emulated (reference KVM-API.md 2; MIPS.md A1, A10).
import { describe, expect, it } from 'vitest';
import { ExitReason, KVM_INTERNAL_ERROR_EMULATION } from '../../src/kvm/constants.ts';
import { CODE, CP0_EPC, DATA, enterUser, GENERAL_VECTOR, Guest, MMIO, NS } from '../support/kvm/guest.ts';
import {
  a0,
  a1,
  a2,
  addiu,
  b,
  beq,
  hypcall,
  jal,
  jr,
  label,
  lw,
  nop,
  ra,
  s0,
  spin,
  sw,
  syscall,
  t0,
  t1,
  v0,
  zero,
} from '../support/kvm/mips-words.ts';

const EINTR = -4;

function guestWith(...code: Parameters<Guest['load']>[0][]): Guest {
  const guest = new Guest();
  guest.setGpr(t1, MMIO);
  guest.load([...code, ...spin]);
  return guest;
}

describe('the deadline', () => {
  it('ends KVM_RUN with -EINTR and reason INTR, after exactly the instructions that fit', () => {
    const guest = guestWith(label('again'), addiu(s0, s0, 1), b('again'), nop);
    for (const instructions of [1, 2, 3, 3, 300]) {
      const before = guest.instructions;
      guest.vcpu.run.exitReason = ExitReason.UNKNOWN;
      // Two of the three instructions are one step.
      const end = Math.ceil((before + instructions) / 3) * 3;
      const boundary = (before + instructions) % 3 === 1 ? before + instructions : end;
      expect(guest.enter(instructions)).toBe(EINTR);
      expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTR);
      expect(guest.instructions).toBe(boundary);
    }
    expect(guest.vm.clock.now).toBe(guest.instructions * NS);
  });

  it('that is reached already runs nothing', () => {
    const guest = guestWith(addiu(s0, zero, 1));
    expect(guest.enter(0)).toBe(EINTR);
    expect(guest.vcpu.enter(-1)).toBe(EINTR);
    expect([guest.gpr(s0), guest.instructions]).toEqual([0, 0]);
  });

  it('between two instants is rounded up to the next instruction', () => {
    const guest = guestWith(nop, nop, nop);
    guest.vcpu.enter(NS + 1);
    expect(guest.instructions).toBe(2);
  });

  it('never parts a branch from its slot, not even across a page', () => {
    const code = [label('again'), b('there'), addiu(s0, s0, 1), nop, label('there'), b('again'), addiu(s0, s0, 1)];
    const guest = new Guest();
    const at = CODE + 0x1000 - 4;
    guest.load(code, at);
    guest.pc = at;
    for (let steps = 1; steps <= 8; steps++) {
      guest.enter(1);
      expect(guest.instructions).toBe(2 * steps);
      expect(guest.gpr(s0)).toBe(steps);
      expect(guest.pc).toBe(steps % 2 === 1 ? at + 12 : at);
    }
  });

  it('is not passed by an exception: entering it is one step that counts once', () => {
    const guest = guestWith(nop, syscall);
    guest.load(spin, GENERAL_VECTOR);
    guest.enter(2);
    expect(guest.instructions).toBe(2);
    expect(guest.pc).toBe(GENERAL_VECTOR);
    expect(guest.cp0(CP0_EPC)).toBe(CODE + 4);
  });

  it('holds for more instructions than the engine runs at once', () => {
    const guest = guestWith(label('again'), addiu(s0, s0, 1), nop, b('again'), nop);
    guest.enter(1_000_000);
    expect([guest.instructions, guest.gpr(s0)]).toEqual([1_000_000, 250_000]);
  });

  it('counts skipped idle time as time, not as instructions', () => {
    const guest = guestWith(nop, nop, nop, nop);
    guest.enter(1);
    guest.vm.clock.skipTo(1_000_000);
    guest.vm.clock.skipTo(500); // the past is ignored
    expect(guest.vm.clock.now).toBe(1_000_000);
    guest.enter(2);
    expect([guest.instructions, guest.vm.clock.now]).toEqual([3, 1_000_000 + 2 * NS]);
  });
});

describe('immediate_exit', () => {
  it('enters nothing, answers -EINTR, leaves exit_reason alone and is not cleared', () => {
    const guest = guestWith(addiu(s0, zero, 1));
    guest.vcpu.run.immediateExit = true;
    guest.vcpu.run.exitReason = ExitReason.UNKNOWN;
    expect(guest.enter(100)).toBe(EINTR);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.UNKNOWN);
    expect(guest.vcpu.run.immediateExit).toBe(true);
    expect(guest.instructions).toBe(0);
  });

  it('finishes a pending MMIO load first', () => {
    const guest = guestWith(lw(t0, 0, t1), addiu(s0, zero, 1));
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.mmio.data.set([5, 0, 0, 0]);
    guest.vcpu.run.immediateExit = true;
    expect(guest.enter(100)).toBe(EINTR);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.MMIO);
    expect([guest.gpr(t0), guest.gpr(s0), guest.pc]).toEqual([5, 0, CODE + 4]);
    expect(guest.enter(100)).toBe(EINTR); // and only once
    expect(guest.instructions).toBe(1);
  });

  it('finishes it in a delay slot, and after memory slots changed', () => {
    const guest = guestWith(jal('there'), lw(t0, 0, t1), nop, label('there'), nop);
    guest.enter(100);
    guest.vcpu.run.mmio.data.set([6, 0, 0, 0]);
    guest.vm.setUserMemoryRegion({
      slot: 5,
      flags: 0,
      guestPhysAddr: 0x800000,
      memorySize: 0x1000,
      userspaceAddr: 0,
    });
    guest.vcpu.run.immediateExit = true;
    expect(guest.enter(100)).toBe(EINTR);
    expect([guest.gpr(t0), guest.gpr(ra), guest.pc, guest.instructions]).toEqual([6, CODE + 8, CODE + 12, 2]);
  });

  it('finishes a pending hypercall', () => {
    const guest = guestWith(addiu(v0, zero, 8), hypcall(), addiu(s0, zero, 1));
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.hypercall.ret = 77;
    guest.vcpu.run.immediateExit = true;
    expect(guest.enter(100)).toBe(EINTR);
    expect([guest.gpr(v0), guest.gpr(s0)]).toEqual([77, 0]);
  });
});

describe('HYPCALL on a board with the paravirt interface', () => {
  it('does not answer another one when user space has moved the pc away from it', () => {
    const guest = guestWith(addiu(v0, zero, 8), hypcall(), nop, addiu(s0, zero, 1), hypcall());
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.hypercall.ret = 77;
    guest.pc = CODE + 12;
    expect([guest.enter(100), guest.vcpu.run.exitReason]).toEqual([0, ExitReason.HYPERCALL]);
    expect([guest.pc, guest.gpr(s0), guest.gpr(v0)]).toEqual([CODE + 16, 1, 8]);
  });

  it('8 leaves with KVM_EXIT_HYPERCALL: number, six arguments; the result goes to v0', () => {
    const guest = guestWith(addiu(v0, zero, 8), hypcall(), addiu(s0, zero, 1));
    for (const [n, value] of [0x10, 0x40002000, -1, 13, 14, 15].entries()) guest.setGpr(a0 + n, value);
    expect(guest.enter(100)).toBe(0);
    const { run } = guest.vcpu;
    expect(run.exitReason).toBe(ExitReason.HYPERCALL);
    expect(run.hypercall).toEqual({ nr: 8, args: [0x10, 0x40002000, 0xffffffff, 13, 14, 15], ret: 0 });
    expect([guest.pc, guest.instructions]).toEqual([CODE + 4, 1]);
    run.hypercall.ret = -22;
    guest.enter(1);
    expect([guest.gpr(v0), guest.pc, guest.instructions]).toEqual([0xffffffea, CODE + 8, 2]);
    expect([guest.gpr(a1), guest.gpr(a2)]).toEqual([0x40002000, 0xffffffff]);
  });

  it('6 answers the Count rate, and no exit', () => {
    const guest = guestWith(addiu(v0, zero, 6), hypcall());
    expect(guest.enter(2)).toBe(EINTR);
    expect(guest.gpr(v0)).toBe(100_000_000);
  });

  it('7 leaves with KVM_EXIT_SHUTDOWN, and again when entered again', () => {
    const guest = guestWith(addiu(v0, zero, 7), hypcall(), addiu(s0, zero, 1));
    for (let times = 0; times < 2; times++) {
      expect(guest.enter(100)).toBe(0);
      expect(guest.vcpu.run.exitReason).toBe(ExitReason.SHUTDOWN);
    }
    expect(guest.gpr(s0)).toBe(0);
  });

  it.each([0, 5, 9, -1])('%d is unknown: v0 = -1000 and the guest goes on', (nr) => {
    const guest = guestWith(addiu(v0, zero, nr), hypcall(), addiu(s0, zero, 1));
    expect(guest.enter(3)).toBe(EINTR);
    expect([guest.gpr(v0) | 0, guest.gpr(s0)]).toEqual([-1000, 1]);
  });

  it('works in a delay slot', () => {
    const guest = guestWith(addiu(v0, zero, 8), b('there'), hypcall(), nop, label('there'), nop);
    expect(guest.enter(100)).toBe(0);
    expect(guest.pc).toBe(CODE + 4);
    guest.vcpu.run.hypercall.ret = 3;
    guest.enter(1);
    expect([guest.gpr(v0), guest.pc, guest.instructions]).toEqual([3, CODE + 16, 3]);
  });

  it('is coprocessor unusable in user mode', () => {
    const guest = guestWith(enterUser(0x2000, 0x30000));
    guest.load(spin, GENERAL_VECTOR);
    guest.load([addiu(v0, zero, 7), hypcall()], 0x40030000);
    expect(guest.enter(100)).toBe(EINTR);
    expect(guest.exceptionCode).toBe(11);
    expect(guest.cp0(CP0_EPC)).toBe(0x2004);
  });
});

describe('HYPCALL on a board without it', () => {
  it.each([6, 7, 8, 1234])('answers %d with -1000, as mainline trap-and-emulate does', (nr) => {
    const guest = new Guest({ paravirtHypercalls: false });
    guest.load([addiu(v0, zero, nr), hypcall(), ...spin]);
    expect(guest.enter(2)).toBe(EINTR);
    expect(guest.gpr(v0) | 0).toBe(-1000);
  });
});

describe('what cannot be emulated leaves with KVM_EXIT_INTERNAL_ERROR', () => {
  const expectInternalError = (guest: Guest, pc: number, instruction: number): void => {
    expect(guest.enter(100)).toBe(0);
    const { exitReason, internal } = guest.vcpu.run;
    expect(exitReason).toBe(ExitReason.INTERNAL_ERROR);
    expect(internal.suberror).toBe(KVM_INTERNAL_ERROR_EMULATION);
    expect([internal.pc >>> 0, internal.instruction]).toEqual([pc, instruction]);
    expect(internal.message).not.toBe('');
    expect(guest.pc).toBe(pc);
  };

  it('HYPCALL with a code other than 0', () => {
    const guest = guestWith(nop, hypcall(5));
    expectInternalError(guest, CODE + 4, hypcall(5));
    expect(guest.instructions).toBe(1);
    expectInternalError(guest, CODE + 4, hypcall(5)); // entering again changes nothing
  });

  it('instruction fetch where there is no memory', () => {
    const guest = guestWith(jr(t0), nop);
    guest.setGpr(t0, 0x41000000);
    expectInternalError(guest, 0x41000000, 0);
    expect(guest.instructions).toBe(2);
  });

  it('instruction fetch from host KSEG0 and from 0xC0000000', () => {
    for (const pc of [0x80000000, 0xbfc00000, 0xc0000000, 0xfffffffc]) {
      const guest = guestWith(nop);
      guest.pc = pc;
      expectInternalError(guest, pc, 0);
    }
  });

  it('the reset vector when no slot backs it', () => {
    const guest = guestWith(nop);
    guest.pc = 0x5fc00000;
    expectInternalError(guest, 0x5fc00000, 0);
  });

  it('loads and stores at 0xC0000000 and above', () => {
    for (const address of [0xc0000000, 0xffff0000, 0xfffffffc]) {
      for (const code of [lw(t0, 0, s0), sw(t0, 0, s0)]) {
        const guest = guestWith(nop, code);
        guest.setGpr(s0, address);
        expectInternalError(guest, CODE + 4, code);
        expect(guest.gpr(t0)).toBe(0);
      }
    }
  });

  it('in a delay slot the pc is the branch, and the message names the address', () => {
    const guest = guestWith(nop, beq(zero, zero, 1), lw(t0, 0x10, s0), nop);
    guest.setGpr(s0, 0xc0000000);
    expect(guest.enter(100)).toBe(0);
    expect(guest.pc).toBe(CODE + 4);
    expect(guest.vcpu.run.internal.message).toContain('0xc0000010');
    expect(guest.instructions).toBe(1);
  });

  it('and user space may repair it and go on', () => {
    const guest = guestWith(lw(t0, 0, s0), addiu(s0, zero, 1));
    guest.setGpr(s0, 0xc0000000);
    expectInternalError(guest, CODE, lw(t0, 0, s0));
    guest.setGpr(s0, DATA);
    guest.vm.memory.writeU32(DATA & 0x1fffffff, 42, 'little');
    expect(guest.enter(2)).toBe(EINTR);
    expect([guest.gpr(t0), guest.gpr(s0)]).toEqual([42, 1]);
  });
});
