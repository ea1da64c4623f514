// Memory attributes as the address translation operations report them (ARM DDI 0406C: B3.8, B3.19.7, B4.1.112): the 8 bits of a MAIR field,
// and the shareability above them.
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  low,
  type Operand,
  or,
  select,
  shl,
  shrU,
  type Value,
  type Variable,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { CP15, SCTLR } from '../registers.ts';
import { define, type SystemRegisters, WALK_S_SHIFT, WALK_TEX_SHIFT } from './words.ts';

export const SHARE_SHIFT = 8;
const SHARE = { NONE: 0, OUTER: 2 << SHARE_SHIFT, INNER: 3 << SHARE_SHIFT };
const STRONGLY_ORDERED = 0x00;
export const DEVICE = 0x04;
/** A field for a memory that is not cacheable, inner and outer. */
const NON_CACHEABLE = 0x44;
/** What a first stage that is off says: Strongly-ordered, or with HCR.DC not shareable and cached. */
export const FLAT = STRONGLY_ORDERED | SHARE.OUTER;
export const FLAT_CACHED = 0xff | SHARE.NONE;

/** Fields by TEX[2:0]:C:B below 8, without TEX remap; with TEX[2] set and in NMRR, halves of a field by two bits (NC, WBWA, WT, WB). */
const DEFAULT_FIELDS = 0xff444444_eeaa0400n;
const HALVES = 0xeaf4;
const SHORT_DEVICE = 8;

const half = (policy: Operand): Value => and(shrU(HALVES, shl(policy, 2)), 15);
const isDevice = (attributes: Operand): Value => eqz(and(attributes, 0xf0));

/** What is no cached memory is outer shareable whatever the tables say. */
function returnShared(c: Code, attributes: Operand, share: Operand): void {
  c.if(or(isDevice(attributes), eq(attributes, NON_CACHEABLE)), () => c.return(or(attributes, SHARE.OUTER)));
  c.return(or(attributes, share));
}

export function attributeFunctions(registers: SystemRegisters): readonly WasmFunction[] {
  return [
    /** (a long descriptor's lower bits, MAIR0, MAIR1) */
    define('longAttributes', ['i32', 'i32', 'i32'], 'i32', (c, descriptor, mair0, mair1) => {
      const mair = select(and(descriptor, 1 << 4), mair1, mair0);
      const field = c.let(and(shrU(mair, and(shl(descriptor, 1), 0x18)), 0xff));
      const share = and(descriptor, 3 << SHARE_SHIFT);
      returnShared(c, field, select(and(descriptor, SHARE.OUTER), share, SHARE.NONE)); // 1 is reserved
    }),

    /** (result of a walk of short descriptors) */
    define('shortAttributes', ['i32'], 'i32', (c, result) => {
      const field = c.let('i32');
      const shared = c.let(and(shrU(result, WALK_S_SHIFT), 1));
      const region = c.let(and(shrU(result, WALK_TEX_SHIFT), 31));
      c.if(and(registers.cp15(CP15.SCTLR), SCTLR.TRE), () => remapped(c, registers, and(region, 7), shared));
      c.set(field, NON_CACHEABLE); // what is reserved
      c.if(eqz(and(region, 24)), () => c.set(field, and(low(shrU(DEFAULT_FIELDS, zext(shl(region, 3)))), 0xff)));
      c.if(eq(region, SHORT_DEVICE), () => c.set(field, DEVICE));
      c.if(and(region, 16), () => c.set(field, or(shl(half(and(shrU(region, 2), 3)), 4), half(and(region, 3)))));
      returnShared(c, field, select(shared, SHARE.OUTER, SHARE.NONE));
    }),

    /** (attributes of the first stage, lower bits of the second one's descriptor): those of both (B3.8.5). */
    define('combinedAttributes', ['i32', 'i32'], 'i32', (c, first, descriptor) => {
      const field = c.let(and(first, 0xff));
      const outer = c.let(and(shrU(descriptor, 4), 3));
      const inner = and(shrU(descriptor, 2), 3);
      const secondDevice = select(inner, DEVICE, STRONGLY_ORDERED);
      c.if(or(isDevice(field), eqz(outer)), () => {
        const firstAs = select(isDevice(field), and(field, DEVICE), DEVICE);
        const secondAs = select(outer, DEVICE, secondDevice);
        c.return(or(and(firstAs, secondAs), SHARE.OUTER));
      });
      const both = c.let(or(shl(weaker(shrU(field, 4), outer), 4), weaker(and(field, 15), inner)));
      const shares = (share: number): Value =>
        or(eq(and(first, 3 << SHARE_SHIFT), share), eq(and(descriptor, 3 << SHARE_SHIFT), share));
      const inside = select(shares(SHARE.INNER), SHARE.INNER, SHARE.NONE);
      returnShared(c, both, select(shares(SHARE.OUTER), SHARE.OUTER, inside));
    }),
  ];
}

/** Half a field of the first stage under a policy of the second one (1: not cached, 2: write-through, 3: write-back): hints are the first one's. */
function weaker(first: Value, policy: Operand): Value {
  const isWriteThrough = eqz(and(first, 4));
  const uncached = or(eq(first, 4), eq(policy, 1));
  const through = or(8, and(first, 3));
  return select(uncached, 4, select(or(isWriteThrough, eq(policy, 3)), first, through));
}

/** TEX remap by PRRR and NMRR, of TEX[0]:C:B. */
function remapped(c: Code, registers: SystemRegisters, region: Value, shared: Variable): void {
  const n = c.let(region);
  const prrr = c.let(registers.cp15(CP15.PRRR));
  const nmrr = c.let(registers.cp15(CP15.NMRR));
  const type = c.let(and(shrU(prrr, shl(n, 1)), 3));
  c.if(eqz(and(type, 2)), () => c.return(or(select(type, DEVICE, STRONGLY_ORDERED), SHARE.OUTER)));
  // Type 3 is reserved.
  const inner = half(and(shrU(nmrr, shl(n, 1)), 3));
  const outer = half(and(shrU(nmrr, add(shl(n, 1), 16)), 3));
  const shareable = and(shrU(prrr, add(18, shared)), 1);
  const share = select(and(shrU(prrr, add(24, n)), 1), SHARE.INNER, SHARE.OUTER);
  returnShared(c, c.let(or(shl(outer, 4), inner)), select(shareable, share, SHARE.NONE));
}
