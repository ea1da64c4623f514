// table: MIPS32 release 2 loads, stores, LL/SC, prefetch and cache (MIPS32 Volume II-A). Caches do not exist here:
// CACHE checks that CP0 is usable, PREF and SYNCI check nothing, and none of them touches memory or faults on an address (translations follow
// stores by themselves).
import type { AccessWidth, I32 } from '../../../cpu/emit/values.ts';
import type { Row } from '../../../cpu/isa/insn.ts';
import { KVM_TRACE_EXIT_CACHE } from '../../../kvm/trace.ts';
import type { MipsEmitter } from '../emitter.ts';
import { hot, insn } from './row.ts';

const load = (mnemonic: string, opcode: string, width: AccessWidth, sign: 'signed' | 'unsigned'): Row =>
  insn(
    mnemonic,
    `${opcode} base:5 rt:5 offset:s16` as '100011 base:5 rt:5 offset:s16',
    '{rt}, {offset}({base})',
    (e, { base, rt, offset }) => e.setGpr(rt, e.load(width, e.address(base, offset), sign)),
    hot,
  );

const store = (mnemonic: string, opcode: string, width: AccessWidth): Row =>
  insn(
    mnemonic,
    `${opcode} base:5 rt:5 offset:s16` as '101011 base:5 rt:5 offset:s16',
    '{rt}, {offset}({base})',
    (e, { base, rt, offset }) => e.store(width, e.address(base, offset), e.gpr(rt)),
    hot,
  );

/** Bit position of the addressed byte counted from the most significant end (left) or the least (right). */
interface Part {
  readonly shift: I32;
  readonly word: I32;
}

function part(e: MipsEmitter, address: I32, towards: 'left' | 'right', bigEndian: boolean): Part {
  const byte = e.and(address, e.const(3));
  const fromTop = (towards === 'left') === bigEndian ? byte : e.sub(e.const(3), byte);
  return { shift: e.shl(fromTop, e.const(3)), word: e.and(address, e.const(-4)) };
}

interface Piece {
  readonly at: number;
  readonly width: AccessWidth;
  readonly shift: number;
}
const piece = (at: number, width: AccessWidth, shift: number): Piece => ({ at, width, shift });

/** What SWL ('left') and SWR ('right') store, by the low two address bits: offset in the word, width, right shift of the register. */
const PARTIAL_STORES: Record<'little' | 'big', Record<'left' | 'right', readonly (readonly Piece[])[]>> = {
  little: {
    left: [[piece(0, 8, 24)], [piece(0, 16, 16)], [piece(0, 16, 8), piece(2, 8, 24)], [piece(0, 32, 0)]],
    right: [[piece(0, 32, 0)], [piece(1, 8, 0), piece(2, 16, 8)], [piece(2, 16, 0)], [piece(3, 8, 0)]],
  },
  big: {
    left: [[piece(0, 32, 0)], [piece(1, 8, 24), piece(2, 16, 8)], [piece(2, 16, 16)], [piece(3, 8, 24)]],
    right: [[piece(0, 8, 0)], [piece(0, 16, 0)], [piece(0, 16, 8), piece(2, 8, 0)], [piece(0, 32, 0)]],
  },
};

/** LWL/LWR/SWL/SWR depend on endianness; the two sets are rows of their own. */
function unaligned(bigEndian: boolean): Row[] {
  const loadPart = (mnemonic: string, opcode: string, towards: 'left' | 'right'): Row =>
    insn(
      mnemonic,
      `${opcode} base:5 rt:5 offset:s16` as '100010 base:5 rt:5 offset:s16',
      '{rt}, {offset}({base})',
      (e, { base, rt, offset }) => {
        const address = e.address(base, offset);
        const { shift, word } = part(e, address, towards, bigEndian);
        const value = e.load(32, word, 'unsigned', address);
        const all = e.const(-1);
        const [moved, kept] =
          towards === 'left'
            ? [e.shl(value, shift), e.not(e.shl(all, shift))]
            : [e.shrU(value, shift), e.not(e.shrU(all, shift))];
        e.setGpr(rt, e.or(moved, e.and(e.gpr(rt), kept)));
      },
      hot,
    );
  const storePart = (mnemonic: string, opcode: string, towards: 'left' | 'right'): Row =>
    insn(
      mnemonic,
      `${opcode} base:5 rt:5 offset:s16` as '101010 base:5 rt:5 offset:s16',
      '{rt}, {offset}({base})',
      (e, { base, rt, offset }) => {
        const address = e.address(base, offset);
        const word = e.and(address, e.const(-4));
        const byte = e.and(address, e.const(3));
        const value = e.gpr(rt);
        PARTIAL_STORES[bigEndian ? 'big' : 'little'][towards].forEach((pieces, position) => {
          e.when(e.eq(byte, e.const(position)), () => {
            for (const { at, width, shift } of pieces)
              e.store(width, e.add(word, e.const(at)), e.shrU(value, e.const(shift)), address);
          });
        });
      },
    );
  return [
    loadPart('lwl', '100010', 'left'),
    loadPart('lwr', '100110', 'right'),
    storePart('swl', '101010', 'left'),
    storePart('swr', '101110', 'right'),
  ];
}

/** A bit for each CACHE operation that KVM emulates: by index, write back and invalidate D and I; by address, D (with and without write-back) and I. */
const EMULATED_CACHE_OPERATIONS = [0x00, 0x01, 0x10, 0x11, 0x15].reduce((mask, op) => mask | (1 << op), 0);

export const MEMORY_ROWS: readonly Row[] = [
  load('lb', '100000', 8, 'signed'),
  load('lh', '100001', 16, 'signed'),
  load('lw', '100011', 32, 'unsigned'),
  load('lbu', '100100', 8, 'unsigned'),
  load('lhu', '100101', 16, 'unsigned'),
  store('sb', '101000', 8),
  store('sh', '101001', 16),
  store('sw', '101011', 32),
  insn('ll', '110000 base:5 rt:5 offset:s16', '{rt}, {offset}({base})', (e, { base, rt, offset }) => {
    e.setGpr(rt, e.loadLinked(e.address(base, offset)));
    e.setLlbit(e.const(1));
  }),
  insn('sc', '111000 base:5 rt:5 offset:s16', '{rt}, {offset}({base})', (e, { base, rt, offset }) => {
    const succeeds = e.llbit();
    e.when(succeeds, () => e.storeConditional(e.address(base, offset), e.gpr(rt)));
    e.setGpr(rt, succeeds);
    e.setLlbit(e.const(0));
  }),
  insn('pref', '110011 base:5 hint:5 offset:s16', '{hint}, {offset}({base})', () => {}),
  insn('synci', '000001 base:5 11111 offset:s16', '{offset}({base})', () => {}),
  insn('cache', '101111 base:5 op:5 offset:s16', '{op}, {offset}({base})', (e, { op }) => {
    e.requireCp0();
    e.exit(KVM_TRACE_EXIT_CACHE, op);
    const emulated = e.and(e.shrU(e.const(EMULATED_CACHE_OPERATIONS), e.imm(op)), e.const(1));
    e.unsupportedIf('this CACHE operation', e.eqz(emulated));
  }),
];

/** Rows that differ by the guest's byte order. */
export const unalignedRows = { little: unaligned(false), big: unaligned(true) };
