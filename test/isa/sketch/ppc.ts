// Sketch: PowerPC instructions (Power ISA Book III-E, PPC 440): a record form, an update form, (rA|0), special-purpose registers.
import { Emitter } from '../../../src/cpu/emit/emitter.ts';
import type { I32, Operand } from '../../../src/cpu/emit/values.ts';
import { insnFor, type Row } from '../../../src/cpu/isa/insn.ts';
import type { Sketch } from './definition.ts';

/** Special-purpose register: processor version. */
export const PVR = 287;
export const PVR_440 = 0x42221850;

class PpcEmitter extends Emitter {
  gpr(index: Operand): I32 {
    return this.read32('gpr', index);
  }
  setGpr(index: Operand, value: I32): void {
    this.write('gpr', index, value);
  }
  lr(): I32 {
    return this.read32('lr', 0);
  }
  /** CR0 of a result: LT GT EQ SO. */
  setCr0(value: I32): void {
    const none = this.const(0);
    const lt = this.shl(this.ltS(value, none), this.const(3));
    const gt = this.shl(this.gtS(value, none), this.const(2));
    const eq = this.shl(this.eqz(value), this.const(1));
    this.write('cr', 0, this.or(this.or(lt, gt), this.or(eq, this.read32('so', 0))));
  }
}

const insn = insnFor<PpcEmitter>();
const hot = { hot: true } as const;

/** Ones from bit `mb` to bit `me`, counted from the most significant end, around the corner when mb > me. */
function maskOf(mb: number, me: number): number {
  const from = 0xffffffff >>> mb;
  const to = ~(me === 31 ? 0 : 0xffffffff >>> (me + 1));
  return mb <= me ? from & to : from | to;
}

const ROWS: readonly Row[] = [
  insn(
    'rlwinm',
    '010101 rs:5 ra:5 sh:5 mb:5 me:5 rc:1!',
    '{ra}, {rs}, {sh}, {mb}, {me}',
    (e, { rs, ra, rc, right, mask }) => {
      const result = e.and(e.rotr(e.gpr(rs), e.imm(right)), e.imm(mask));
      if (rc === 1) e.setCr0(result);
      e.setGpr(ra, result);
    },
    { hot: true, derive: { right: ({ sh }) => (32 - sh!) & 31, mask: ({ mb, me }) => maskOf(mb!, me!) } },
  ),
  insn(
    'lwzu',
    '100001 rt:5 ra:5 d:s16',
    '{rt}, {d}({ra})',
    (e, { rt, ra, d }) => {
      const address = e.add(e.gpr(ra), e.imm(d));
      const value = e.load(32, address);
      e.setGpr(rt, value);
      e.setGpr(ra, address);
    },
    hot,
  ),
  insn(
    'lwz',
    '100000 rt:5 ra:5 d:s16',
    '{rt}, {d}({ra})',
    (e, { rt, ra, d }) => e.setGpr(rt, e.load(32, e.add(e.gpr(ra), e.imm(d)))),
    hot,
  ),
  // (rA|0): the more specific row has no base.
  insn('lwz', '100000 rt:5 00000 d:s16', '{rt}, {d}', (e, { rt, d }) => e.setGpr(rt, e.load(32, e.imm(d))), hot),
  // A hot register is a row, the rest a helper.
  insn('mflr', '011111 rt:5 01000 00000 0101010011 0', '{rt}', (e, { rt }) => e.setGpr(rt, e.lr()), hot),
  insn(
    'mfspr',
    '011111 rt:5 low:5 high:5 0101010011 0',
    '{rt}, {spr}',
    (e, { rt, spr }) => e.setGpr(rt, e.helper('mfspr', e.imm(spr))),
    { derive: { spr: ({ low, high }) => (high! << 5) | low! } },
  ),
];

export const PPC: Sketch = {
  name: 'sketch-ppc',
  endianness: 'big',
  banks: [
    { name: 'gpr', count: 32, width: 32 },
    { name: 'cr', count: 8, width: 32 },
    { name: 'so', count: 1, width: 32 },
    { name: 'lr', count: 1, width: 32 },
  ],
  rows: ROWS,
  helpers: { mfspr: (spr) => (spr === PVR ? PVR_440 : 0) },
  createEmitter: (banks) => new PpcEmitter(banks),
};
