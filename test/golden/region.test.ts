// Golden text of what representative pieces of guest code become when they are compiled.
import { describe, it } from 'vitest';
import { expectGolden } from '../support/golden/golden.ts';
import { type RegionCode, regionText } from '../support/golden/region-text.ts';
import {
  addiu,
  addu,
  b,
  beq,
  beql,
  bne,
  COUNT,
  eret,
  jal,
  jr,
  type Line,
  label,
  lb,
  lh,
  ll,
  lw,
  mfc0,
  mtc0,
  nop,
  ra,
  STATUS,
  s0,
  s1,
  s2,
  sb,
  sc,
  sll,
  sw,
  syscall,
  t0,
  t1,
  t2,
  teq,
  v0,
  zero,
} from '../support/kvm/mips-words.ts';

/** ADD.D $f0, $f2, $f4 and LDC1 $f2, 8($t0). */
const ADD_D = 0x46241000;
const LDC1 = 0xd5020008;
/** More than a caller takes in. */
const long: Line = Array.from({ length: 30 }, (_, n) => addiu(v0, v0, n));

const REGIONS: Readonly<Record<string, RegionCode>> = {
  'simple-loop': { source: [label('round'), addu(s1, s1, s0), bne(s0, zero, 'round'), addiu(s0, s0, -1), jr(ra), nop] },
  'nested-loop': {
    source: [
      [label('outer'), addiu(s1, zero, 10)],
      [label('inner'), addiu(s1, s1, -1), bne(s1, zero, 'inner'), addu(s2, s2, s1)],
      [addiu(s0, s0, -1), bne(s0, zero, 'outer'), nop, jr(ra), nop],
    ],
  },
  'irreducible-loop': {
    source: [
      [label('entry'), beq(s0, zero, 'middle'), nop],
      [label('top'), lw(s1, 0, t0)],
      [label('middle'), addiu(s2, s2, 1), bne(s2, s1, 'top'), nop, jr(ra), nop],
    ],
  },
  'choice-of-two-arms': {
    source: [
      [label('round'), beq(s0, s1, 'taken'), addiu(s0, s0, 1), addu(s2, s2, s0), b('round'), addiu(t0, s2, 1)],
      [label('taken'), addu(s2, s2, s1), b('round'), addiu(t1, s2, 2)],
    ],
  },
  'choice-of-one-arm': {
    source: [
      [label('round'), bne(s0, zero, 'over'), sll(s0, s0, 1), addiu(s0, s0, 0x55)],
      [label('over'), bne(s0, s1, 'round'), nop, jr(ra), nop],
    ],
  },
  'inlined-leaf': {
    source: [
      [label('round'), jal('leaf'), addiu(s0, s0, -1), bne(s0, zero, 'round'), nop, jr(ra), nop],
      [label('leaf'), addu(v0, v0, s0), jr(ra), nop],
    ],
  },
  'call-and-resume': {
    source: [
      [label('round'), jal('function'), addiu(s0, s0, -1), label('resume'), bne(s0, zero, 'round'), nop, jr(ra), nop],
      [label('function'), long, jr(ra), nop],
    ],
  },
  'likely-branch': {
    source: [label('round'), addiu(s0, s0, -1), beql(s0, s1, 'round'), lw(t0, 4, t1), jr(ra), nop],
  },
  'indirect-jump': {
    source: [label('round'), sll(t0, s0, 2), addu(t0, t0, s1), lw(t0, 0, t0), jr(t0), addiu(s0, s0, 1)],
  },
  'trap-in-slot': {
    source: [label('round'), addiu(s0, s0, -1), bne(s0, zero, 'round'), teq(s0, s1), jr(ra), nop],
  },
  'system-call': { source: [label('round'), addiu(v0, v0, 1), syscall, b('round'), nop] },
  'return-from-exception': { source: [label('handler'), addiu(s0, s0, 1), eret] },
  'status-write': { source: [label('round'), addiu(s0, s0, 1), mtc0(t0, STATUS), b('round'), nop] },
  'count-read': { source: [label('round'), addiu(s1, s1, 1), mfc0(s0, COUNT), bne(s0, t0, 'round'), nop, jr(ra), nop] },
  'floating-point': { source: [label('round'), LDC1, ADD_D, bne(s0, zero, 'round'), addiu(s0, s0, -1), jr(ra), nop] },
  'load-and-store': {
    source: [
      [label('round'), lw(t1, 4, t0), addiu(t1, t1, 1), sw(t1, 4, t0), bne(t1, zero, 'round'), addiu(t0, t0, 4)],
      [jr(ra), nop],
    ],
  },
  'bytes-big-endian': {
    endianness: 'big',
    source: [label('round'), lb(t1, 1, t0), lh(t2, 2, t0), sb(t1, 3, t0), bne(t1, zero, 'round'), nop, jr(ra), nop],
  },
  linked: {
    source: [label('round'), ll(t1, 0, t0), addiu(t1, t1, 1), sc(t1, 0, t0), beq(t1, zero, 'round'), nop, jr(ra), nop],
  },
  'cross-page': {
    at: 0x40010ff8,
    source: [label('round'), addiu(s0, s0, -1), addiu(s1, s1, 1), bne(s0, zero, 'round'), nop, jr(ra), nop],
  },
};

describe('a region is compiled from', () => {
  it.each(Object.entries(REGIONS))('%s', (name, code) => expectGolden(`region/${name}.wat`, regionText(code)));
});
