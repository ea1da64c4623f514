// Random guest programs, derived from the rows: whatever the decoder knows gets generated, with operands chosen so that accesses, jumps
// and privileged writes mostly do something. A program is RAM, registers and a pc; it never ends by itself.
//
// Physical map: 0x0000 exception handlers, 0x1000-0x3fff code, 0x4000-0x7fff data; one page behind the boot vectors. KSEG0 of a
// trap-and-emulate guest shows it at 0x40000000; mapped segments show it through a refill handler that maps any address to the RAM
// address in its low 15 bits.

import { mipsSyntax } from '../../../src/arch/mips/debug.ts';
import { mips32 } from '../../../src/arch/mips/index.ts';
import { Assembler, encodeRow } from '../../../src/cpu/isa/assembler.ts';
import type { Row } from '../../../src/cpu/isa/insn.ts';
import type { FieldSpec } from '../../../src/cpu/isa/pattern.ts';
import { Random } from '../oracle/random.ts';
import type { MachineName } from './machines.ts';

export type Endianness = 'little' | 'big';

export const RAM_BYTES = 0x8000;
const CODE = 0x1000;
const CODE_END = 0x4000;
const DATA = 0x4000;
/** Physical page of the boot exception vectors (0x5fc00200 and up). */
export const BOOT_PAGE = 0x1fc00000;
export const BOOT_BYTES = 0x1000;
const KSEG0 = 0x40000000;
const KSEG2 = 0x60000000;
const MMIO = 0x80000000;

export interface GuestProgram {
  readonly seed: number;
  readonly machine: MachineName;
  readonly endianness: Endianness;
  /** Words at physical 0 and at BOOT_PAGE. */
  readonly ram: Uint32Array;
  readonly boot: Uint32Array;
  readonly pc: number;
  readonly gpr: readonly number[];
  readonly hi: number;
  readonly lo: number;
  readonly status: number;
  /** Does user space give the guest an FPU? */
  readonly fpu: boolean;
}

const STATUS_UM = 0x10;
/** Interesting Status values: kernel and user, interrupts off and on, EXL, ERL, BEV. */
const STATUSES = [
  0x0, 0x1, 0xff01, 0xff00, 0x10, 0xff11, 0x8011, 0x10000010, 0x2, 0x12, 0x14, 0x4, 0x400000, 0x400010, 0x20000000,
  0x24000000, 0x24000011,
];

/** Registers that hold addresses: what generated accesses use as their base. The last one has no segment behind it. */
const POINTERS = [16, 17, 18, 19, 20, 21, 22, 23, 29] as const;
/** Registers that hold code addresses. */
const CODE_POINTERS = [24, 25, 31] as const;
const SCRATCH = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 30, 31] as const;
const K0 = 26;

const INTERESTING = [0, 1, -1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xffff, 0x8000, 0xff, 4, -4];
/** CP0 registers as rd * 8 + sel that random MTC0 writes and random MFC0 reads. */
const CP0_REGISTERS = [
  0, 8, 16, 24, 32, 34, 48, 56, 64, 72, 80, 88, 96, 97, 98, 104, 112, 120, 121, 128, 129, 131, 136, 208, 240, 250,
];
const PAGE_MASKS = [0, 0, 0x6000, 0x1e000, 0x1fffe000];

const WORD_BYTES = 4;
const at = (physical: number): number => physical / WORD_BYTES;

/** The exception handlers; `base` is where they start in `memory` (word index). */
function putHandlers(memory: Uint32Array, base: number, random: Random, assembler: Assembler): void {
  const put = (where: number, lines: readonly string[]): void => {
    lines.forEach((line, i) => {
      memory[base + at(where) + i] = assembler.assemble(line);
    });
  };
  // User mode can go there only when it is mapped.
  const safe = (random.chance(60) ? 0 : KSEG0) + CODE + 4 * random.below(64);
  // D and V set, most of the time.
  const flags = random.chance(85) ? 6 : random.below(8);
  // Refill: the page pair of BadVAddr shows RAM at its low 15 bits; Count decides some of the flags.
  put(0x0, [
    'mfc0 $k0, $8, 0',
    'mfc0 $k1, $9, 0',
    `andi $k1, $k1, ${random.chance(80) ? 1 : random.below(8)}`,
    'andi $k0, $k0, 0x6000',
    'srl $k0, $k0, 6',
    `ori $k0, $k0, ${flags}`,
    'xor $k0, $k0, $k1',
    'mtc0 $k0, $2, 0',
    'addiu $k0, $k0, 64',
    'mtc0 $k0, $3, 0',
    random.chance(80) ? 'tlbwr' : 'tlbwi',
    'eret',
  ]);
  // Everything else: go on after the instruction (after the slot, when it was in one); away from addresses that cannot be fetched.
  put(0x180, [
    'mfc0 $k0, $14, 0',
    'mfc0 $k1, $8, 0',
    'beq $k0, $k1, .+60', // to the "away" part
    'mfc0 $k1, $13, 0',
    'bltz $k1, .+24', // BD
    'andi $k1, $k1, 0x7c',
    'beqz $k1, .+60', // an interrupt
    'nop',
    'b .+20',
    'addiu $k0, $k0, 4',
    random.chance(50) ? 'addiu $k0, $k0, 8' : 'addiu $k0, $k0, 12',
    'nop',
    'nop',
    'mtc0 $k0, $14, 0',
    random.chance(50) ? 'ehb' : 'mtc0 $k1, $4, 2',
    'eret',
    'nop',
    // away (at 0x1c4)
    `lui $k0, ${safe >>> 16}`,
    `ori $k0, $k0, ${safe & 0xffff}`,
    'mtc0 $k0, $14, 0',
    'eret',
    // interrupt (at 0x1d8 - 4): acknowledge software interrupts and the timer
    'mtc0 $zero, $13, 0',
    'mfc0 $k1, $9, 0',
    `addiu $k1, $k1, ${20 + random.below(200)}`,
    'mtc0 $k1, $11, 0',
    'eret',
  ]);
  put(0x200, [
    'mtc0 $zero, $13, 0',
    'mfc0 $k1, $9, 0',
    `addiu $k1, $k1, ${10 + random.below(100)}`,
    'mtc0 $k1, $11, 0',
    'eret',
  ]);
}

/** Makes the words of one program. */
class Writer {
  readonly random: Random;
  readonly words: number[] = [];
  private readonly rows: readonly Row[];
  private readonly byMnemonic = new Map<string, Row>();
  private readonly limit: number;

  constructor(random: Random, rows: readonly Row[], limit: number) {
    this.random = random;
    this.rows = rows;
    this.limit = limit;
    for (const row of rows) if (!this.byMnemonic.has(row.mnemonic)) this.byMnemonic.set(row.mnemonic, row);
  }

  get position(): number {
    return this.words.length;
  }

  /** One random instruction or a short sequence that makes a privileged write meaningful. */
  next(): void {
    const { random } = this;
    const dice = random.below(100);
    if (dice < 8) this.privilegedWrite();
    else if (dice < 12) this.store();
    else if (dice < 13) this.spin();
    else if (dice < 14) this.words.push(random.word());
    else this.row(random.pick(this.rows));
  }

  private named(mnemonic: string): Row {
    return this.byMnemonic.get(mnemonic)!;
  }

  /** Load a constant and write it to a CP0 register where random values rarely make sense. */
  private privilegedWrite(): void {
    const { random } = this;
    const [register, value] = random.pick([
      [96, random.pick(STATUSES)],
      [96, random.pick(STATUSES)],
      [104, random.pick([0x800000, 0x100, 0x300, 0x8000000, 0])],
      [40, random.pick(PAGE_MASKS)],
      [80, (random.below(8) << 13) | random.below(3)],
      [88, random.below(600)],
      [48, random.below(64)],
      [16, (random.below(8) << 6) | 7],
      [24, (random.below(8) << 6) | 7],
      [0, random.below(64)],
      [56, random.below(16)],
      [112, KSEG0 + CODE + 4 * random.below(512)],
    ] as const);
    this.constant(K0, value);
    this.words.push(encodeRow(this.named('mtc0'), { rt: K0, rd: register >> 3, sel: register & 7 }));
    if (random.chance(40)) this.row(this.named(random.pick(['tlbwi', 'tlbwr', 'tlbp', 'tlbr', 'eret', 'ei', 'di'])));
  }

  private constant(register: number, value: number): void {
    this.words.push(encodeRow(this.named('lui'), { rt: register, imm: value >>> 16 }));
    this.words.push(encodeRow(this.named('ori'), { rs: register, rt: register, imm: value & 0xffff }));
  }

  /** A store of an instruction word into the code: often close by, sometimes the delay slot that follows. */
  private store(): void {
    const { random } = this;
    const near = Math.max(0, Math.min(this.limit - 1, this.position + random.below(24) - 8));
    const target = CODE + 4 * (random.chance(70) ? near : random.below(this.limit));
    const word = this.plain();
    this.constant(1, word);
    this.words.push(encodeRow(this.named('sw'), { base: 21, rt: 1, offset: target - CODE }));
  }

  /** A jump to itself with a NOP (or something else) in its slot. */
  private spin(): void {
    const { random } = this;
    if (random.chance(30)) this.branchWord();
    this.words.push(encodeRow(this.named('beq'), { rs: 0, rt: 0, offset: -1 }));
    this.words.push(random.chance(70) ? 0 : this.plain());
  }

  private branchWord(): void {
    this.words.push(encodeRow(this.named('bne'), { rs: 1, rt: 2, offset: this.random.below(8) - 3 }));
  }

  private plain(): number {
    const row = this.random.pick(this.rows);
    return this.random.chance(20) ? 0 : this.encode(row);
  }

  private row(row: Row): void {
    this.words.push(this.encode(row));
  }

  private encode(row: Row): number {
    const fields: Record<string, number> = {};
    for (const field of row.pattern.fields) fields[field.name] = this.field(row, field);
    const { random } = this;
    if (row.mnemonic === 'mfc0' || row.mnemonic === 'mtc0') {
      const register = random.pick(CP0_REGISTERS);
      fields.rd = register >> 3;
      fields.sel = register & 7;
    }
    if (row.mnemonic === 'jr' || row.mnemonic === 'jalr') {
      fields.rs = random.chance(90) ? random.pick(CODE_POINTERS) : random.below(32);
      fields.hint = random.chance(80) ? 0 : random.below(32);
      // JALR with rd = rs restarts wrongly, so the architecture makes it UNPREDICTABLE.
      if (fields.rd === fields.rs) fields.rd = 30;
    }
    if (row.mnemonic === 'hypcall') fields.code = 0;
    return encodeRow(row, fields);
  }

  private field(row: Row, field: FieldSpec): number {
    const { random } = this;
    const { name } = field;
    if (name === 'base') return random.chance(95) ? random.pick(POINTERS) : random.below(32);
    if (name === 'rd' || (name === 'rt' && writesRt(row)))
      return random.chance(97) ? random.pick(SCRATCH) : random.below(32);
    if (name === 'rs' || name === 'rt') return random.chance(70) ? random.pick(SCRATCH) : random.below(32);
    if (name === 'index') return ((CODE >> 2) + random.below(this.limit)) | 0;
    if (name === 'offset') return isBranch(row) ? this.displacement() : this.accessOffset();
    return random.word() & ((1 << field.width) - 1);
  }

  /** Words from the slot: mostly near and forward, so that programs get on. */
  private displacement(): number {
    const { random } = this;
    const dice = random.below(20);
    if (dice === 0) return 0;
    if (dice < 4) return -1 - random.below(12);
    if (dice < 6) return random.below(this.limit) - this.position;
    return 1 + random.below(10);
  }

  private accessOffset(): number {
    const { random } = this;
    const offset = random.below(256) - 128;
    return random.chance(80) ? offset & ~3 : offset;
  }
}

function isBranch(row: Row): boolean {
  return Object.hasOwn(row.derive, 'target');
}

/** Does the row's rt name its destination? */
function writesRt(row: Row): boolean {
  return row.syntax.startsWith('{rt}') || row.syntax.startsWith('[{rt}]');
}

function value(random: Random): number {
  return random.chance(50) ? random.pick(INTERESTING) | 0 : random.word() | 0;
}

/** The program of a seed. */
export function makeProgram(seed: number, endianness: Endianness): GuestProgram {
  const random = new Random(seed, endianness === 'little' ? 0 : 1);
  const { rows } = mips32(endianness);
  const ram = new Uint32Array(RAM_BYTES / WORD_BYTES);
  const boot = new Uint32Array(BOOT_BYTES / WORD_BYTES);
  const assembler = new Assembler(rows, mipsSyntax);
  putHandlers(ram, 0, random, assembler);
  putHandlers(boot, at(0x200), random, assembler);
  for (let i = at(DATA); i < ram.length; i++) ram[i] = random.word();
  const limit = at(CODE_END - CODE);
  const writer = new Writer(random, rows, limit);
  while (writer.position < limit) writer.next();
  ram.set(writer.words.slice(0, limit), at(CODE));

  const gpr = Array.from({ length: 32 }, () => value(random));
  gpr[0] = 0;
  const mapped = random.chance(50) ? 0 : KSEG2;
  [KSEG0 + DATA, KSEG0 + DATA + 0x2000 + random.below(4), DATA, mapped + 0x5000, KSEG2 + DATA, KSEG0 + CODE].forEach(
    (address, i) => {
      gpr[16 + i] = address;
    },
  );
  gpr[22] = random.pick([0x10000, 0x3fffe000, 0x7ffff000, MMIO + 0x1000, KSEG0 + 0x100000]) | 0;
  gpr[23] = random.pick([MMIO + 0x1000, MMIO + 0x2000, 0xc0000000, KSEG0 + CODE]) | 0;
  gpr[29] = KSEG0 + DATA + 0x1000;
  const start = random.pick([KSEG0, KSEG0, 0, KSEG2]) + CODE;
  for (const pointer of CODE_POINTERS) gpr[pointer] = start + 4 * random.below(limit);
  const status = start < KSEG0 ? STATUS_UM | (random.chance(50) ? 0xff01 : 0) : random.pick([0, 1, 0xff01, 0x8001]);
  const fpu = seed % 2 === 1;
  const usable = random.pick([0x20000000, 0x24000000, 0]);
  return {
    ...{
      seed,
      machine: 'trap-and-emulate',
      endianness,
      ram,
      boot,
      pc: start,
      gpr,
      hi: value(random),
      lo: value(random),
      fpu,
    },
    status: fpu ? status | usable : status,
  };
}
