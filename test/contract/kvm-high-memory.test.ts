// Memory whose host address is beyond 2 GiB, and guest-physical addresses above the unmapped segments: reached through the TLB only.
import { describe, expect, it } from 'vitest';
import { Guest, mapPage } from '../support/kvm/guest.ts';
import { lb, lbu, lh, lhu, li, lw, s0, sb, sh, spin, sw, t0, t1, t2, t3, t4 } from '../support/kvm/mips-words.ts';

const ARENA = 0x8000_0000;
const SIZE = 0x10_0000;
/** The last megabyte of the arena. */
const HOST = ARENA - SIZE;
const GPA = 0x9000_0000;
const VA = 0x6000;

describe.each(['little', 'big'] as const)('memory at %s-endian guest-physical 0x90000000', (endianness) => {
  const guest = new Guest({ endianness, arenaBytes: ARENA });
  guest.vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: GPA, memorySize: SIZE, userspaceAddr: HOST });

  it.each([
    ['a byte is the first access to its page', 0x1000, [lb(t0, 3, s0), lbu(t1, 3, s0)], [-128, 0x80]],
    [
      'a halfword is',
      0x2000,
      [lh(t0, 2, s0), lhu(t1, 2, s0)],
      endianness === 'little' ? [-0x7f7e, 0x8082] : [-0x7d80, 0x8280],
    ],
    [
      'a word is',
      0x3000,
      [lw(t0, 0, s0), lw(t1, 0, s0)],
      [0, 0].map(() => (endianness === 'little' ? 0x80820000 : 0x00008280) | 0),
    ],
  ])('is read right when %s', (_what, page, loads, values) => {
    guest.vm.memory.write(GPA + page, Uint8Array.of(0, 0, 0x82, 0x80));
    guest.load([mapPage(VA, GPA + page), li(s0, VA), ...loads, spin]);
    restart(guest);
    expect([guest.gpr(t0) | 0, guest.gpr(t1) | 0]).toEqual(values);
  });

  it('is written right by bytes, halfwords and words', () => {
    const page = 0x5000;
    guest.load([
      ...[mapPage(VA, GPA + page), li(s0, VA), li(t0, 0x11), li(t1, 0x2233), li(t2, 0x44556677)],
      ...[sb(t0, 1, s0), sh(t1, 6, s0), sw(t2, 8, s0), lw(t3, 0, s0), lw(t4, 8, s0), spin],
    ]);
    restart(guest);
    const bytes = new Uint8Array(12);
    guest.vm.memory.read(GPA + page, bytes);
    const ordered = (...big: number[]) => (endianness === 'big' ? big : big.reverse());
    expect([...bytes]).toEqual([0, 0x11, 0, 0, 0, 0, ...ordered(0x22, 0x33), ...ordered(0x44, 0x55, 0x66, 0x77)]);
    expect(guest.gpr(t4)).toBe(0x44556677);
  });

  it('executes', () => {
    const page = 0x7000;
    const [word] = [0x24080123]; // addiu t0, zero, 0x123
    guest.vm.memory.writeU32(GPA + page, word!, endianness);
    guest.vm.memory.writeU32(GPA + page + 4, 0x03e00008, endianness); // jr ra
    guest.load([mapPage(VA, GPA + page), li(s0, VA), 0x0200f809, 0, spin]); // jalr s0
    restart(guest);
    expect(guest.gpr(t0)).toBe(0x123);
  });
});

function restart(guest: Guest): void {
  const regs = guest.vcpu.getRegs();
  guest.vcpu.setRegs({ ...regs, pc: 0x4001_0000n });
  guest.enter(60);
}
