// What the host hears of a guest without the guest noticing (src/cpu/exec/host-watch.ts): executions, and user mode. Watched or not, a run is the same.
import { describe, expect, it } from 'vitest';
import { CODE, enterUser, Guest, NS, physical } from '../support/kvm/guest.ts';
import { addiu, beq, bne, type Line, nop, s0, s1, spin, sw, syscall, t0, zero } from '../support/kvm/mips-words.ts';

const LOOPS = 5;
/** s0 counts LOOPS rounds; `body` is in the loop. */
const counting = (body: Line): Line => [
  addiu(s0, zero, LOOPS),
  [{ label: 'round' }, body, addiu(s0, s0, -1), bne(s0, zero, 'round'), nop],
  spin,
];

function watch(code: Line, labels: readonly string[]) {
  const guest = new Guest();
  const addresses = guest.load(code);
  const hits: [pc: number, instructions: number, s0: number][] = [];
  guest.vm.watch.execution(
    labels.map((label) => physical(addresses(label))),
    (_cpu, pc) => {
      hits.push([pc, guest.vm.clock.instructions, guest.gpr(s0)]);
      return false;
    },
  );
  return { guest, hits, addresses };
}

const stateOf = (guest: Guest): string => {
  const bytes: number[] = [];
  guest.vm.hashState((part) => bytes.push(...part.subarray(0, 64)));
  return bytes.join();
};

describe('a watched execution', () => {
  it('is told before the instruction runs, each time', () => {
    const { guest, hits, addresses } = watch(counting([{ label: 'mark' }, addiu(s1, s1, 1)]), ['mark']);
    guest.enter(100);
    expect(hits).toEqual(Array.from({ length: LOOPS }, (_, i) => [addresses('mark'), 1 + 4 * i, LOOPS - i]));
    expect(guest.gpr(s1)).toBe(LOOPS);
  });

  it('changes neither state nor count, however many there are', () => {
    const code = counting([
      [{ label: 'a' }, addiu(s1, s1, 1)],
      [{ label: 'b' }, addiu(s1, s1, 2)],
    ]);
    const plain = new Guest();
    plain.load(code);
    plain.enter(60);
    const { guest, hits } = watch(code, ['a', 'b']);
    guest.enter(60);
    expect(hits).toHaveLength(2 * LOOPS);
    expect(guest.vm.clock.instructions).toBe(plain.vm.clock.instructions);
    expect(stateOf(guest)).toBe(stateOf(plain));
  });

  it('is not told of an instruction in a delay slot, which runs all the same', () => {
    const { guest, hits } = watch(
      [beq(zero, zero, 'on'), [{ label: 'slot' }, addiu(s1, s1, 1)], nop, { label: 'on' }, spin],
      ['slot'],
    );
    guest.enter(20);
    expect(hits).toEqual([]);
    expect(guest.gpr(s1)).toBe(1);
  });

  it('is told of an instruction that faults, and of one that the guest has rewritten', () => {
    const { guest, hits, addresses } = watch([[{ label: 'mark' }, syscall], spin], ['mark']);
    guest.load(spin, 0x40000180);
    guest.enter(20);
    expect(hits.map(([pc]) => pc)).toEqual([addresses('mark')]);

    const rewriting = watch(
      [addiu(t0, zero, 0), sw(zero, 0, s1), [{ label: 'mark' }, addiu(s0, s0, 1)], spin],
      ['mark'],
    );
    rewriting.guest.setGpr(s1, rewriting.addresses('mark'));
    rewriting.guest.enter(20);
    expect(rewriting.hits).toHaveLength(1);
    expect(rewriting.guest.gpr(s0)).toBe(0); // it is a NOP now
  });

  it('of a jump to itself leaves it the idle loop that it is: skipped, or a hang when nothing can end it', () => {
    const idle: Line = [{ label: 'mark' }, beq(zero, zero, 'mark'), nop];
    const plain = new Guest();
    plain.load(idle);
    plain.enter(1000);
    const { guest, hits } = watch(idle, ['mark']);
    guest.enter(1000);
    expect(hits.length).toBeGreaterThan(0);
    expect([guest.vcpu.waiting, guest.vm.clock.instructions]).toEqual([
      plain.vcpu.waiting,
      plain.vm.clock.instructions,
    ]);
    expect(guest.vcpu.waiting).toBe('spin');
    expect(stateOf(guest)).toBe(stateOf(plain));
  });

  it('ends when other addresses are watched', () => {
    const { guest, hits } = watch(counting([{ label: 'mark' }, addiu(s1, s1, 1)]), ['mark']);
    guest.enter(4);
    guest.vm.watch.execution([], () => false);
    guest.enter(60);
    expect(hits).toHaveLength(1);
  });
});

describe('user mode', () => {
  const USER = 0x2000;
  const user = (guest: Guest): void => {
    guest.load(enterUser(USER, physical(CODE) + 0x4000));
    guest.load(spin, CODE + 0x4000);
  };

  it('is seen when a vCPU enters it, also when it is there already', () => {
    const guest = new Guest();
    user(guest);
    expect(guest.vm.watch.userModeSeen).toBe(false);
    guest.enter(4);
    expect(guest.vm.watch.userModeSeen).toBe(false);
    guest.enter(60);
    expect(guest.vm.watch.userModeSeen).toBe(true);
    guest.vm.watch.forgetUserMode();
    expect(guest.vm.watch.userModeSeen).toBe(false);
    guest.enter(1);
    expect(guest.vm.watch.userModeSeen).toBe(true);
  });

  it('is not seen in a guest that stays in its kernel', () => {
    const guest = new Guest();
    guest.load([[{ label: 'loop' }, addiu(s0, s0, 1), beq(zero, zero, 'loop'), nop]]);
    guest.vm.watch.forgetUserMode();
    expect(guest.vcpu.enter(guest.vm.clock.now + 1000 * NS)).toBe(-4);
    expect(guest.vm.watch.userModeSeen).toBe(false);
  });
});
