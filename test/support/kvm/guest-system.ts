// A guest operating system in miniature, for tests that need everything at once: a refill handler with TLBWR, a general handler for system
// calls, timer interrupts (which change the address space) and faults, and a user program that makes them happen.
//
// DATA: +0 refills, +4 system calls, +8 timer ticks, +12 faults taken.
import { CODE, DATA, EBASE, GENERAL_VECTOR, MMIO } from './guest.ts';
import {
  a0,
  add,
  addiu,
  addu,
  andi,
  BADVADDR,
  b,
  beq,
  bgezal,
  bne,
  breakpoint,
  CAUSE,
  COMPARE,
  COUNT,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  EPC,
  eret,
  k0,
  k1,
  type Line,
  label,
  li,
  ll,
  lw,
  lwl,
  lwr,
  mfc0,
  mflo,
  mtc0,
  mult,
  nop,
  ori,
  ra,
  STATUS,
  s0,
  s1,
  s2,
  s3,
  s4,
  sc,
  sll,
  srl,
  sw,
  swl,
  swr,
  syscall,
  t0,
  t1,
  t2,
  t3,
  t4,
  tlbwr,
  WIRED,
  wait,
  xor,
  zero,
} from './mips-words.ts';

/** User pages are mapped one to one from here on: virtual 0 is physical USER_PHYSICAL. */
export const USER_PHYSICAL = 0x100000;
const USER_CODE = 0x2000;
/** Even and odd pages the program walks through; more than the TLB holds. */
const USER_PAGES_MASK = 0xff;
const STATUS_USER = 0x8011; // IM7, UM, IE
const COUNTERS = DATA >>> 16;

/** One more in the counter at `offset`; uses k0 and k1. */
const countUp = (offset: number): Line => [
  [(0x3c000000 | (k0 << 16) | COUNTERS) >>> 0, lw(k1, offset, k0)],
  [addiu(k1, k1, 1), sw(k1, offset, k0)],
];

/** EntryLo for the page in k0 (a page number), valid and dirty. */
const entryLo = (to: readonly [number, number]): Line => [
  [addiu(k1, k0, USER_PHYSICAL >>> 12), sll(k1, k1, 6), ori(k1, k1, 6), mtc0(k1, to)],
];

const refill: Line = [
  countUp(0),
  [mfc0(k0, BADVADDR), srl(k0, k0, 13), sll(k0, k0, 1), andi(k0, k0, USER_PAGES_MASK)],
  entryLo(ENTRYLO0),
  addiu(k0, k0, 1),
  entryLo(ENTRYLO1),
  [tlbwr, eret],
];

const general: Line = [
  [mfc0(k0, CAUSE), andi(k0, k0, 0x7c)],
  [beq(k0, zero, 'tick'), nop],
  [addiu(k0, k0, -(8 << 2)), beq(k0, zero, 'call'), nop],
  // A fault: step over it, or over the branch and its slot.
  countUp(12),
  [mfc0(k0, CAUSE), mfc0(k1, EPC), srl(k0, k0, 31), sll(k0, k0, 2), addu(k1, k1, k0), addiu(k1, k1, 4)],
  [mtc0(k1, EPC), eret],
  label('tick'),
  countUp(8),
  [mfc0(k0, COUNT), addiu(k0, k0, 1500), mtc0(k0, COMPARE)],
  // The other address space of two.
  [mfc0(k0, ENTRYHI), ori(k1, zero, 1), xor(k0, k0, k1), andi(k0, k0, 1), mtc0(k0, ENTRYHI), eret],
  label('call'),
  countUp(4),
  [mfc0(k0, EPC), addiu(k0, k0, 4), mtc0(k0, EPC)],
  // A device access and, now and then, idle time.
  [li(k0, MMIO), lw(a0, 4, k0), sw(a0, 8, k0)],
  [andi(k1, k1, 7), bne(k1, zero, 'back'), lw(a0, 12, k0), wait],
  [label('back'), eret],
];

const boot: Line = [
  [addiu(t0, zero, 4), mtc0(t0, WIRED), li(t0, 1500), mtc0(t0, COMPARE)],
  [li(t0, USER_CODE), mtc0(t0, EPC), li(t0, STATUS_USER | 2), mtc0(t0, STATUS), eret],
];

const user: Line = [
  [li(s0, 12345), li(s1, 1103515245), li(s4, 0x55aa)],
  label('loop'),
  // A random word in a random page; pages 0 to 15 are left alone.
  [mult(s0, s1), mflo(s0), addiu(s0, s0, 12345), srl(t0, s0, 8), andi(t0, t0, 0xffc)],
  [srl(t1, s0, 20), andi(t1, t1, 0xef), ori(t1, t1, 0x10), sll(t1, t1, 12), addu(t0, t0, t1)],
  [lw(t2, 0, t0), addu(t2, t2, s0), sw(t2, 0, t0), addu(s3, s3, t2)],
  // Unaligned, across words and sometimes pages.
  [andi(t3, s0, 3), addu(t3, t3, t0), lwr(t4, 0, t3), lwl(t4, 3, t3), swr(s3, 1, t3), swl(s3, 4, t3)],
  // A counter with LL/SC, which interrupts and refills may break.
  [ori(t1, zero, 0x800), ll(t2, 0, t1), addiu(t2, t2, 1), sc(t2, 0, t1)],
  // A call with work in its slot, a fault in a slot, and an overflow.
  [bgezal(zero, 'leaf'), addiu(s2, s2, 1)],
  [andi(t3, s0, 0x30), bne(t3, zero, 'loop'), nop],
  [li(t1, 0x50000001), beq(zero, zero, 'past'), lw(t2, 0, t1)],
  [breakpoint, label('past'), li(t1, 0x7fffffff), add(t1, t1, t1)],
  [syscall, b('loop'), addu(s4, s4, ra)],
  [label('leaf'), xor(s4, s4, s3), (0x08 | (ra << 21)) >>> 0, sll(s4, s4, 1)],
];

/** [address, code] to load. */
export const GUEST_SYSTEM: readonly (readonly [number, Line])[] = [
  [EBASE, refill],
  [GENERAL_VECTOR, general],
  [CODE, boot],
  [0x40000000 + USER_PHYSICAL + USER_CODE, user],
];
