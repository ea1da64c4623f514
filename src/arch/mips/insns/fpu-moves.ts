// table: the FPU's moves, branches, loads and stores of MIPS32 release 2 (MIPS32 Volume II-A; COP1, COP1X, MOVF and MOVT), and what no other
// row of its opcodes takes.
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { MipsEmitter } from '../emitter.ts';
import { conditionBit, FCSR, NEEDS } from '../fpu/registers.ts';
import { type FloatFormat, FORMAT_BITS, needsOf } from './fpu.ts';
import { hot, insn } from './row.ts';

const bits = (value: number, width: number): string => value.toString(2).padStart(width, '0');

const CONDITION = { condition: (raw: RawFields) => conditionBit(raw.cc!) };

/** Is the condition what the instruction's tf bit asks for? */
function holds(e: MipsEmitter, condition: Operand, tf: 0 | 1): I32 {
  const set = e.and(e.fcsr(), e.imm(condition));
  return tf === 1 ? e.ne(set, e.const(0)) : e.eqz(set);
}

const branch = (mnemonic: string, nd: 0 | 1, tf: 0 | 1): Row =>
  insn(
    mnemonic,
    `010001 01000 cc:3 ${nd} ${tf} offset:s16` as '010001 01000 cc:3 0 0 offset:s16',
    '[{cc}, ]{target}',
    (e, { condition, target }) => {
      e.requireFpu(NEEDS.FPU);
      if (nd === 1) e.branchLikely(holds(e, condition, tf), target);
      else e.branchIf(holds(e, condition, tf), target);
    },
    { hot: nd === 0, derive: { ...CONDITION, target: (raw) => raw.offset! * 4 } },
  );

/** fd := fs (a register move of a format) when the condition holds. With FR=0 an odd register names its pair (UNPREDICTABLE; as qemu has it). */
function moveIf(e: MipsEmitter, format: FloatFormat, condition: I32, fd: Operand, fs: Operand): void {
  e.when(condition, () => (format === 'd' ? e.setPair(fd, e.pair(fs)) : e.setSingle(fd, e.single(fs))));
}

const moves = (format: FloatFormat): Row[] => {
  const onCondition = (mnemonic: string, tf: 0 | 1): Row =>
    insn(
      `${mnemonic}.${format}`,
      `010001 ${FORMAT_BITS[format]} cc:3 0 ${tf} fs:5 fd:5 010001` as '010001 10000 cc:3 0 0 fs:5 fd:5 010001',
      '{fd}, {fs}, {cc}',
      (e, { fs, fd, condition }) => {
        e.requireFpu(NEEDS.FPU);
        moveIf(e, format, holds(e, condition, tf), fd, fs);
      },
      { derive: CONDITION },
    );
  const onRegister = (mnemonic: string, fn: string, test: (e: MipsEmitter, value: I32) => I32): Row =>
    insn(
      `${mnemonic}.${format}`,
      `010001 ${FORMAT_BITS[format]} rt:5 fs:5 fd:5 ${fn}` as '010001 10000 rt:5 fs:5 fd:5 010010',
      '{fd}, {fs}, {rt}',
      (e, { rt, fs, fd }) => {
        e.requireFpu(NEEDS.FPU);
        moveIf(e, format, test(e, e.gpr(rt)), fd, fs);
      },
    );
  return [
    onCondition('movf', 0),
    onCondition('movt', 1),
    onRegister('movz', '010010', (e, value) => e.eqz(value)),
    onRegister('movn', '010011', (e, value) => e.ne(value, e.const(0))),
  ];
};

const moveInteger = (mnemonic: string, tf: 0 | 1): Row =>
  insn(
    mnemonic,
    `000000 rs:5 cc:3 0 ${tf} rd:5 00000 000001` as '000000 rs:5 cc:3 0 0 rd:5 00000 000001',
    '{rd}, {rs}, {cc}',
    (e, { rs, rd, condition }) => {
      e.requireFpu(NEEDS.FPU);
      e.when(holds(e, condition, tf), () => e.setGpr(rd, e.gpr(rs)));
    },
    { derive: CONDITION },
  );

/** Between a general register and half a floating-point one. */
const transfer = (
  mnemonic: string,
  code: string,
  move: (e: MipsEmitter, rt: Operand, fs: Operand) => void,
  options = {},
): Row =>
  insn(
    mnemonic,
    `010001 ${code} rt:5 fs:5 00000000000` as '010001 00000 rt:5 fs:5 00000000000',
    '{rt}, {fs}',
    (e, { rt, fs }) => {
      e.requireFpu(NEEDS.FPU);
      move(e, rt, fs);
    },
    options,
  );

/** FCSR from its parts in another control register. */
function replaced(e: MipsEmitter, mask: number, value: I32): I32 {
  return e.or(e.and(e.settledFcsr(), e.const(~mask)), e.and(value, e.const(mask)));
}

interface ControlRegister {
  readonly number: number;
  read(e: MipsEmitter): I32;
  /** The new FCSR, or null where nothing can be written. */
  readonly write: ((e: MipsEmitter, value: I32) => I32) | null;
}

/** FCC7-1 and FCC0 lie apart in FCSR. */
const FCC = 0xfe800000 | 0;
const FEXR_MASK = FCSR.CAUSE | FCSR.FLAGS;
const FENR_MASK = FCSR.ENABLES | FCSR.RM;
/** FS in FENR. */
const FENR_FS_SHIFT = 22;

const CONTROL_REGISTERS: readonly ControlRegister[] = [
  { number: 0, read: (e) => e.fir(), write: null },
  {
    number: 25,
    read: (e) =>
      e.or(e.and(e.shrU(e.fcsr(), e.const(24)), e.const(0xfe)), e.and(e.shrU(e.fcsr(), e.const(23)), e.const(1))),
    write: (e, value) => {
      const upper = e.shl(e.and(value, e.const(0xfe)), e.const(24));
      return replaced(e, FCC, e.or(upper, e.shl(e.and(value, e.const(1)), e.const(23))));
    },
  },
  {
    number: 26,
    read: (e) => e.and(e.settledFcsr(), e.const(FEXR_MASK)),
    write: (e, value) => replaced(e, FEXR_MASK, value),
  },
  {
    number: 28,
    read: (e) =>
      e.or(
        e.and(e.fcsr(), e.const(FENR_MASK)),
        e.and(e.shrU(e.fcsr(), e.const(FENR_FS_SHIFT)), e.const(FCSR.FS >> FENR_FS_SHIFT)),
      ),
    write: (e, value) => {
      const flush = e.and(e.shl(value, e.const(FENR_FS_SHIFT)), e.const(FCSR.FS));
      return replaced(e, FENR_MASK | FCSR.FS, e.or(e.and(value, e.const(FENR_MASK)), flush));
    },
  },
  { number: 31, read: (e) => e.settledFcsr(), write: (e, value) => replaced(e, FCSR.WRITABLE, value) },
];

const controlRows = CONTROL_REGISTERS.flatMap(({ number, read, write }): Row[] => [
  insn(
    'cfc1',
    `010001 00010 rt:5 ${bits(number, 5)} 00000000000` as '010001 00010 rt:5 00000 00000000000',
    `{rt}, $${number}`,
    (e, { rt }) => {
      e.requireFpu(NEEDS.FPU);
      e.setGpr(rt, read(e));
    },
  ),
  insn(
    'ctc1',
    `010001 00110 rt:5 ${bits(number, 5)} 00000000000` as '010001 00110 rt:5 00000 00000000000',
    `{rt}, $${number}`,
    (e, { rt }) => {
      e.requireFpu(NEEDS.FPU);
      if (!write) return;
      // FCSR changes even where its new Cause raises the exception that is now enabled.
      e.call('fpuSetFcsr', write(e, e.gpr(rt)));
      e.trapFpe();
    },
  ),
]);

/** The other control registers do not exist: they read as zero and ignore writes. */
const absentControls: readonly Row[] = [
  insn('cfc1', '010001 00010 rt:5 fcr:5 00000000000', '{rt}, {fcr}', (e, { rt }) => {
    e.requireFpu(NEEDS.FPU);
    e.setGpr(rt, e.const(0));
  }),
  insn('ctc1', '010001 00110 rt:5 fcr:5 00000000000', '{rt}, {fcr}', (e) => e.requireFpu(NEEDS.FPU)),
];

/** Doublewords are two words; a fault is that of the doubleword's alignment, or of its first word. */
interface Doublewords {
  load(e: MipsEmitter, address: I32): I64;
  store(e: MipsEmitter, address: I32, value: I64): void;
}

function doublewords(bigEndian: boolean): Doublewords {
  /** Misaligned as a word when it is as a doubleword. */
  const checked = (e: MipsEmitter, address: I32): I32 => e.or(address, e.and(e.shrU(address, e.const(2)), e.const(1)));
  const second = (e: MipsEmitter, address: I32): I32 => e.add(address, e.const(4));
  return {
    load(e, address) {
      const first = e.load(32, checked(e, address), 'unsigned', address);
      const other = e.load(32, second(e, address), 'unsigned', address);
      const [high, low] = bigEndian ? [first, other] : [other, first];
      return e.or64(e.shl64(e.zext64(high), e.const64(32n)), e.zext64(low));
    },
    store(e, address, value) {
      const [first, other] = bigEndian ? [e.high(value), e.low(value)] : [e.low(value), e.high(value)];
      e.store(32, checked(e, address), first, address);
      e.store(32, second(e, address), other, address);
    },
  };
}

function memoryRows(bigEndian: boolean): Row[] {
  const { load, store } = doublewords(bigEndian);
  const indexed = (e: MipsEmitter, base: Operand, index: Operand): I32 => e.add(e.gpr(base), e.gpr(index));
  return [
    insn(
      'lwc1',
      '110001 base:5 ft:5 offset:s16',
      '{ft}, {offset}({base})',
      (e, { base, ft, offset }) => {
        e.requireFpu(NEEDS.FPU);
        e.setSingle(ft, e.load(32, e.address(base, offset)));
      },
      hot,
    ),
    insn(
      'swc1',
      '111001 base:5 ft:5 offset:s16',
      '{ft}, {offset}({base})',
      (e, { base, ft, offset }) => {
        e.requireFpu(NEEDS.FPU);
        e.store(32, e.address(base, offset), e.single(ft));
      },
      hot,
    ),
    // With FR=0 an odd register names its pair (UNPREDICTABLE; as qemu has it).
    insn(
      'ldc1',
      '110101 base:5 ft:5 offset:s16',
      '{ft}, {offset}({base})',
      (e, { base, ft, offset }) => {
        e.requireFpu(NEEDS.FPU);
        e.setPair(ft, load(e, e.address(base, offset)));
      },
      hot,
    ),
    insn(
      'sdc1',
      '111101 base:5 ft:5 offset:s16',
      '{ft}, {offset}({base})',
      (e, { base, ft, offset }) => {
        e.requireFpu(NEEDS.FPU);
        store(e, e.address(base, offset), e.pair(ft));
      },
      hot,
    ),
    insn('lwxc1', '010011 base:5 rt:5 00000 fd:5 000000', '{fd}, {rt}({base})', (e, { base, rt, fd }) => {
      e.requireFpu(NEEDS.FPU);
      e.setSingle(fd, e.load(32, indexed(e, base, rt)));
    }),
    insn('swxc1', '010011 base:5 rt:5 fs:5 00000 001000', '{fs}, {rt}({base})', (e, { base, rt, fs }) => {
      e.requireFpu(NEEDS.FPU);
      e.store(32, indexed(e, base, rt), e.single(fs));
    }),
    insn(
      'ldxc1',
      '010011 base:5 rt:5 00000 fd:5 000001',
      '{fd}, {rt}({base})',
      (e, { base, rt, fd, needs }) => {
        e.requireFpu(needs);
        e.setDouble(fd, load(e, indexed(e, base, rt)));
      },
      { derive: needsOf('fd') },
    ),
    insn(
      'sdxc1',
      '010011 base:5 rt:5 fs:5 00000 001001',
      '{fs}, {rt}({base})',
      (e, { base, rt, fs, needs }) => {
        e.requireFpu(needs);
        store(e, indexed(e, base, rt), e.double(fs));
      },
      { derive: needsOf('fs') },
    ),
    // The address is taken down to a doubleword's; 64-bit registers only.
    insn('luxc1', '010011 base:5 rt:5 00000 fd:5 000101', '{fd}, {rt}({base})', (e, { base, rt, fd }) => {
      e.requireFpu(NEEDS.FPU | NEEDS.FR);
      e.setDouble(fd, load(e, e.and(indexed(e, base, rt), e.const(-8))));
    }),
    insn('suxc1', '010011 base:5 rt:5 fs:5 00000 001101', '{fs}, {rt}({base})', (e, { base, rt, fs }) => {
      e.requireFpu(NEEDS.FPU | NEEDS.FR);
      store(e, e.and(indexed(e, base, rt), e.const(-8)), e.double(fs));
    }),
    insn('prefx', '010011 base:5 rt:5 hint:5 00000 001111', '{hint}, {rt}({base})', (e) => e.requireFpu(NEEDS.FPU)),
  ];
}

/** Reserved encodings of a coprocessor that is usable. */
const reserved = (mnemonic: string, opcode: string): Row =>
  insn(mnemonic, `${opcode} operation:26` as '010001 operation:26', '{operation}', (e) => {
    e.requireFpu(NEEDS.FPU);
    e.reserved();
  });

export const FPU_MOVE_ROWS: readonly Row[] = [
  branch('bc1f', 0, 0),
  branch('bc1t', 0, 1),
  branch('bc1fl', 1, 0),
  branch('bc1tl', 1, 1),
  ...moves('s'),
  ...moves('d'),
  moveInteger('movf', 0),
  moveInteger('movt', 1),
  transfer('mfc1', '00000', (e, rt, fs) => e.setGpr(rt, e.single(fs)), hot),
  transfer('mtc1', '00100', (e, rt, fs) => e.setSingle(fs, e.gpr(rt)), hot),
  transfer('mfhc1', '00011', (e, rt, fs) => e.setGpr(rt, e.upper(fs))),
  transfer('mthc1', '00111', (e, rt, fs) => e.setUpper(fs, e.gpr(rt))),
  ...controlRows,
  ...absentControls,
  reserved('cop1', '010001'),
  reserved('cop1x', '010011'),
];

/** Rows that differ by the guest's byte order. */
export const fpuMemoryRows = { little: memoryRows(false), big: memoryRows(true) };
