// table: the floating-point instructions of MIPS32 release 2 with their encodings (MIPS32 Architecture Volume II), as makers of random words;
// written apart from src/arch/mips. Left out: control registers that do not exist, and paired-single formats, which the CPUs do not have.
import { WINDOW_BASE, WINDOW_BYTES } from '../machine.ts';
import type { FpuDraft } from './draft.ts';

const COP1 = 0x11;
const COP1X = 0x13;
const FMT = { s: 16, d: 17, w: 20, l: 21 } as const;
export type Fmt = keyof typeof FMT;

const word = (opcode: number, a: number, b: number, c: number, d: number, fn: number): number =>
  ((opcode << 26) | (a << 21) | (b << 16) | (c << 11) | (d << 6) | fn) >>> 0;

export interface FpuMaker {
  readonly name: string;
  readonly make: (d: FpuDraft) => number;
}

const binary = (name: string, fn: number): FpuMaker[] =>
  (['s', 'd'] as const).map((f) => ({
    name: `${name}.${f}`,
    make: (d) => {
      const [fs, ft] = [d.source(f), d.source(f)];
      d.makeFriends(f, fs, ft, name);
      return word(COP1, FMT[f], ft, fs, d.destination(f), fn);
    },
  }));
const unaryOf = (name: string, from: Fmt, to: Fmt, fn: number): FpuMaker => ({
  name,
  make: (d) => word(COP1, FMT[from], 0, d.source(from), d.destination(to), fn),
});
const unary = (name: string, fn: number): FpuMaker[] =>
  (['s', 'd'] as const).map((f) => unaryOf(`${name}.${f}`, f, f, fn));
const toInteger = (name: string, to: 'w' | 'l', fn: number): FpuMaker[] =>
  (['s', 'd'] as const).map((from) => unaryOf(`${name}.${to}.${from}`, from, to, fn));
const compare = (condition: string, number: number): FpuMaker[] =>
  (['s', 'd'] as const).map((f) => ({
    name: `c.${condition}.${f}`,
    make: (d) => {
      const [fs, ft] = [d.source(f), d.source(f)];
      d.makeFriends(f, fs, ft, 'c');
      return word(COP1, FMT[f], ft, fs, d.condition() << 2, 0x30 | number);
    },
  }));
const multiplyAdd = (name: string, code: number): FpuMaker[] =>
  (['s', 'd'] as const).map((f, format) => ({
    name: `${name}.${f}`,
    make: (d) => {
      const [fr, fs, ft] = [d.source(f), d.source(f), d.source(f)];
      d.makeFriends(f, fs, ft, 'madd', fr);
      return word(COP1X, fr, ft, fs, d.destination(f), (code << 3) | format);
    },
  }));

const CONDITIONS = 'f un eq ueq olt ult ole ule sf ngle seq ngl lt nge le ngt'.split(' ');
const ROUNDINGS = ['round', 'trunc', 'ceil', 'floor'] as const;

/** Results in floating-point registers or FCSR. */
export const ARITHMETIC_MAKERS: readonly FpuMaker[] = [
  ...binary('add', 0),
  ...binary('sub', 1),
  ...binary('mul', 2),
  ...binary('div', 3),
  ...unary('sqrt', 4),
  ...unary('recip', 0x15),
  ...unary('rsqrt', 0x16),
  ...multiplyAdd('madd', 4),
  ...multiplyAdd('msub', 5),
  ...multiplyAdd('nmadd', 6),
  ...multiplyAdd('nmsub', 7),
];
export const CONVERSION_MAKERS: readonly FpuMaker[] = [
  ...ROUNDINGS.flatMap((name, i) => [...toInteger(name, 'l', 8 + i), ...toInteger(name, 'w', 12 + i)]),
  ...toInteger('cvt', 'w', 0x24),
  ...toInteger('cvt', 'l', 0x25),
  unaryOf('cvt.s.d', 'd', 's', 0x20),
  unaryOf('cvt.s.w', 'w', 's', 0x20),
  unaryOf('cvt.s.l', 'l', 's', 0x20),
  unaryOf('cvt.d.s', 's', 'd', 0x21),
  unaryOf('cvt.d.w', 'w', 'd', 0x21),
  unaryOf('cvt.d.l', 'l', 'd', 0x21),
];
export const COMPARE_MAKERS: readonly FpuMaker[] = CONDITIONS.flatMap(compare);

const transfer = (name: string, code: number, toGpr: boolean): FpuMaker => ({
  name,
  make: (d) =>
    word(COP1, code, toGpr ? d.base.destination() : d.base.source(), toGpr ? d.source('w') : d.destination('w'), 0, 0),
});
/** FIR is left out: qemu's 74Kf says it is a 24Kf there. */
const CONTROLS = [25, 26, 28, 31];
/** Bits of control registers that must be written as zero stay zero. */
const CONTROL_BITS: Readonly<Record<number, number>> = { 25: 0xff, 26: 0x0003f07c, 28: 0x00000f87, 31: 0xffffffff };

const moveOnCondition = (f: 's' | 'd', tf: number): FpuMaker => ({
  name: `${tf === 1 ? 'movt' : 'movf'}.${f}`,
  make: (d) => word(COP1, FMT[f], (d.condition() << 2) | tf, d.source(f), d.destination(f), 0x11),
});
const moveOnRegister = (f: 's' | 'd', name: string, fn: number): FpuMaker => ({
  name: `${name}.${f}`,
  make: (d) => {
    const rt = d.base.random.chance(50) ? d.base.holding(0) : d.base.source();
    return word(COP1, FMT[f], rt, d.source(f), d.destination(f), fn);
  },
});
const integerMove = (name: string, tf: number): FpuMaker => ({
  name,
  make: (d) => word(0, d.base.source(), (d.condition() << 2) | tf, d.base.destination(), 0, 1),
});

/** Moves: no arithmetic. */
export const MOVE_MAKERS: readonly FpuMaker[] = [
  ...unary('abs', 5),
  ...unary('mov', 6),
  ...unary('neg', 7),
  ...(['s', 'd'] as const).flatMap((f) => [
    moveOnCondition(f, 0),
    moveOnCondition(f, 1),
    moveOnRegister(f, 'movz', 0x12),
    moveOnRegister(f, 'movn', 0x13),
  ]),
  integerMove('movf', 0),
  integerMove('movt', 1),
  transfer('mfc1', 0, true),
  transfer('mfhc1', 3, true),
  transfer('mtc1', 4, false),
  transfer('mthc1', 7, false),
  {
    name: 'cfc1',
    make: (d) => word(COP1, 2, d.base.destination(), d.base.random.pick(CONTROLS), 0, 0),
  },
];

const CTC1: FpuMaker = {
  name: 'ctc1',
  make: (d) => {
    const control = d.base.random.pick(CONTROLS);
    const value = d.fcsrValue();
    return word(COP1, 6, d.base.holding((value & CONTROL_BITS[control]!) >>> 0), control, 0, 0);
  },
};

/** Offset accesses. */
const access = (name: string, opcode: number, f: Fmt, load: boolean): FpuMaker => ({
  name,
  make: (d) => {
    const { base, offset } = d.base.address(f === 'd' ? 8 : 4);
    const register = load ? d.destination(f) : d.source(f);
    return ((opcode << 26) | (base << 21) | (register << 16) | (offset & 0xffff)) >>> 0;
  },
});
/** Indexed accesses; of those that take the address down, any address does. */
const indexed = (name: string, fn: number, f: Fmt, load: boolean, unaligned = false): FpuMaker => ({
  name,
  make: (d) => {
    const { random } = d.base;
    const size = f === 'd' ? 8 : 4;
    const skew = unaligned ? random.below(8) : random.chance(10) ? random.below(size) : 0;
    const at = Math.min(WINDOW_BYTES - 8, random.below(WINDOW_BYTES / size) * size) + skew;
    const offset = random.below(0x20000) - 0x10000;
    const base = d.base.holding((WINDOW_BASE + at - offset) >>> 0);
    const index = d.base.holding(offset >>> 0);
    const register = load ? d.destination(f) : d.source(f);
    return load ? word(COP1X, base, index, 0, register, fn) : word(COP1X, base, index, register, 0, fn);
  },
});

export const MEMORY_MAKERS: readonly FpuMaker[] = [
  access('lwc1', 0x31, 's', true),
  access('ldc1', 0x35, 'd', true),
  access('swc1', 0x39, 's', false),
  access('sdc1', 0x3d, 'd', false),
  indexed('lwxc1', 0, 's', true),
  indexed('ldxc1', 1, 'd', true),
  indexed('luxc1', 5, 'd', true, true),
  indexed('swxc1', 8, 's', false),
  indexed('sdxc1', 9, 'd', false),
  indexed('suxc1', 13, 'd', false, true),
  {
    name: 'prefx',
    make: (d) => word(COP1X, d.base.source(), d.base.source(), d.base.random.below(32), 0, 15),
  },
];

export const CONTROL_MAKERS: readonly FpuMaker[] = [CTC1];

export const BRANCH_MAKERS: readonly FpuMaker[] = ['bc1f', 'bc1t', 'bc1fl', 'bc1tl'].map((name, kind) => ({
  name,
  make: (d) => {
    const offset = d.base.target() - d.base.position - 1;
    return ((COP1 << 26) | (8 << 21) | (((d.condition() << 2) | kind) << 16) | (offset & 0xffff)) >>> 0;
  },
}));
