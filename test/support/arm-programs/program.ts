// A random ARM program: memory, registers, and how its machine is set up. The same seed makes the same program.
import { Random } from '../oracle/random.ts';
import { Assembler, entryOf, type Label } from './assembler.ts';
import type { Shared } from './code-writer.ts';
import * as E from './encode.ts';
import { writeHandlers } from './handlers.ts';
import { PieceWriter } from './pieces.ts';
import {
  CODE,
  CODE_END,
  DATA,
  DATA_END,
  FIRST_TABLE,
  HYP_VECTORS,
  MMIO_PHYSICAL,
  MMIO_VIRTUAL,
  RAM_BYTES,
  SECOND_STAGE,
  STACK_BYTES,
  STACKS,
} from './places.ts';
import { swapped } from './system-pieces.ts';
import { type Format, writeSecondStage, writeTables } from './tables.ts';

export type MachineKind = 'svc' | 'hyp';

export interface ArmProgram {
  readonly seed: number;
  readonly kind: MachineKind;
  readonly ram: Uint8Array;
  /** Where each vCPU begins. */
  readonly pcs: readonly number[];
  readonly cpsr: number;
  readonly gpr: readonly number[];
  /** SP of the modes in the order of MODE_BANK; R8 to R12 of FIQ are those of all. */
  readonly stacks: readonly number[];
  readonly doubles: readonly bigint[];
  readonly fpscr: number;
  /** Words of bank cp15, by place (CP15 of registers.ts). */
  readonly cp15: Readonly<Record<string, number>>;
}

const MODES = { SYS: 0x1f, SVC: 0x13, USR: 0x10, IRQ: 0x12, UND: 0x1b, ABT: 0x17, FIQ: 0x11 };
const FUNCTIONS = 5;

function setUp(
  random: Random,
  format: Format,
  hyp: boolean,
  thumb: boolean,
  bigEndian: boolean,
): Record<string, number> {
  const sctlr =
    0x00c50078 |
    (format === 'off' ? 0 : 1) |
    0x1804 |
    (random.chance(10) ? 2 : 0) |
    (thumb ? 1 << 30 : 0) |
    (bigEndian ? 1 << 25 : 0) |
    (random.chance(50) ? 1 << 10 : 0);
  const own: Record<string, number> = {
    SCTLR: sctlr,
    CPACR: random.chance(95) ? 0x00f00000 : 0,
    TTBR0: FIRST_TABLE,
    TTBR0_HIGH: 0,
    TTBR1: FIRST_TABLE,
    TTBR1_HIGH: 0,
    TTBCR: format === 'long' ? 0x80800007 | 0 : 7 | (1 << 5),
    DACR: 1,
    PRRR: 0x04ff, // as MAIR0: normal, then device memory
    NMRR: 0,
    VBAR: 0,
    CONTEXTIDR: random.below(2),
    CNTKCTL: random.chance(70) ? 0x303 : random.below(1024),
  };
  if (!hyp) return own;
  const traps = [
    1 << 13,
    1 << 14,
    1 << 17,
    1 << 18,
    1 << 19,
    1 << 21,
    1 << 25,
    1 << 26,
    1 << 4,
    1 << 3,
    1 << 7,
    1 << 6,
  ];
  let hcr = random.chance(40) ? 1 : 0;
  for (const bit of traps) if (random.chance(15)) hcr |= bit;
  return {
    ...own,
    HVBAR: HYP_VECTORS,
    HCR: hcr,
    HCPTR: random.chance(90) ? 0x33ff : 0x33ff | 0xc00,
    VTTBR: SECOND_STAGE,
    VTTBR_HIGH: random.below(2) << 16,
    VTCR: 0x80003540 | 0,
    HSTR: random.chance(85) ? 0 : random.word() & 0xbfef,
    CNTVOFF: random.below(100),
  };
}

/** Put the next function at an interesting address: near the end of a line or a page, some of it on the next. */
function nextPlace(at: number, random: Random, set: E.InstructionSet): number {
  const unit = random.pick([256, 256, 4096]);
  const end = Math.ceil((at + 64) / unit) * unit;
  const place = random.chance(60) ? end - 2 * random.below(30) : at + 2 * random.below(40);
  return set === 'a32' ? place & -4 : place & -2;
}

export function makeArmProgram(seed: number): ArmProgram {
  const random = new Random(seed, 11);
  const kind = random.chance(30) ? 'hyp' : 'svc';
  const hyp = kind === 'hyp';
  const format = random.pick<Format>(['short', 'short', 'short', 'long', 'long', 'off']);
  const thumb = random.chance(25);
  const bigEndian = random.chance(10);
  const mmio = format === 'off' ? MMIO_PHYSICAL : MMIO_VIRTUAL;
  const ram = new Uint8Array(RAM_BYTES);
  const memory = new Uint16Array(ram.buffer);
  for (let at = DATA; at < DATA_END; at += 4) {
    const word = random.chance(50)
      ? random.word()
      : random.pick([0, 1, 0xffffffff, 0x80000000, 0x3f800000, 0x7fc00000]);
    memory[at >>> 1] = word & 0xffff;
    memory[(at >>> 1) + 1] = word >>> 16;
  }
  const asm = new Assembler(memory);
  const functions: Label[] = Array.from({ length: FUNCTIONS }, () => asm.label());
  const parts: Label[] = Array.from({ length: 2 }, () => asm.label());
  const recursive = asm.label();
  const shared: Shared = {
    random,
    asm,
    format,
    hyp,
    bigEndian,
    mmio,
    callees: functions,
    recursive,
    sites: [],
    systemShare: random.pick([0, 4, 12, 25]),
  };
  const chooseSet = (): E.InstructionSet => random.pick(['a32', 't32']);
  const writer = new PieceWriter(shared);
  asm.at = CODE;
  // The parts that the program goes round in.
  for (const part of parts) {
    asm.set = chooseSet();
    asm.at = nextPlace(asm.at, random, asm.set);
    asm.place(part);
    if (random.chance(90)) asm.put(...E.setend(asm.set, false));
    if (random.chance(30)) asm.put(...E.cps(asm.set, 2, random.pick([2, 3, 1]), null));
    writer.constant(0, STACKS + STACK_BYTES * random.below(8) + STACK_BYTES - 8 * random.below(4));
    asm.put(...(asm.set === 't32' ? [0x4685] : E.halves('a32', E.mov('a32', 13, 0)))); // mov sp, r0
    writer.pointers(true);
    if (random.chance(20)) asm.put(...E.cps(asm.set, 0, 0, random.pick([MODES.USR, MODES.USR, MODES.SYS, MODES.FIQ])));
    writer.pieces(4 + random.below(8), 0);
    const to = random.pick(parts);
    const { set } = asm;
    asm.later(12, () => {
      const entry = entryOf(to);
      const moves = [E.movHalf(set, 3, entry & 0xffff, false), E.movHalf(set, 3, entry >>> 16, true)];
      return [...moves.flatMap((word) => E.halves(set, word)), ...E.bx(set, 3)];
    });
  }
  functions.forEach((label, i) => {
    asm.set = chooseSet();
    asm.at = nextPlace(asm.at, random, asm.set);
    shared.callees = functions.slice(i + 1);
    asm.place(label);
    const saved = (1 << 10) | (random.chance(50) ? (1 << 4) | (1 << 5) : 1 << 4);
    const leaf = random.chance(25);
    if (leaf) {
      writer.straight(1 + random.below(5));
      asm.put(...E.bx(asm.set, 14));
    } else {
      asm.word(E.push(asm.set, saved | (1 << 14)));
      writer.pieces(1 + random.below(5), 1);
      if (random.chance(70)) asm.word(E.pop(asm.set, saved | (1 << 15)));
      else {
        asm.word(E.pop(asm.set, saved | (1 << 14)));
        asm.put(...E.bx(asm.set, 14));
      }
    }
    if (asm.at > CODE_END - 0x800) throw new Error('too much code');
  });
  // Recursion.
  asm.set = chooseSet();
  asm.at = nextPlace(asm.at, random, asm.set);
  asm.place(recursive);
  asm.word(E.push(asm.set, (1 << 0) | (1 << 14)));
  writer.straight(random.below(3));
  const over = asm.label();
  asm.word(E.withImm(asm.set, 'sub', 4, 4, 1, true));
  asm.branch(over, random.pick([0, 13])); // EQ, LE
  asm.call(recursive);
  asm.place(over);
  asm.word(E.pop(asm.set, (1 << 0) | (1 << 15)));
  if (asm.at > CODE_END) throw new Error('too much code');

  writeHandlers(
    asm,
    {
      parts,
      thumb,
      bigEndian,
      mmio,
      svcModes: [
        random.pick([MODES.USR, MODES.SYS, MODES.USR, MODES.IRQ]),
        random.pick([MODES.SVC, MODES.UND, MODES.FIQ, MODES.USR]),
      ],
      random,
    },
    hyp,
  );
  asm.finish();
  const words = new Uint32Array(ram.buffer);
  writeTables(format, random, (at, word) => {
    words[at >>> 2] = bigEndian ? swapped(word) : word;
  });
  if (hyp)
    writeSecondStage(random, (at, word) => {
      words[at >>> 2] = word;
    });
  const mode = random.chance(75) ? MODES.SVC : random.pick(Object.values(MODES));
  return {
    seed,
    kind,
    ram,
    pcs: parts.map(entryOf),
    cpsr: mode | (random.below(8) << 6),
    gpr: Array.from({ length: 13 }, () => (random.chance(50) ? random.word() : random.below(64))),
    stacks: Array.from({ length: 7 }, (_, i) => STACKS + STACK_BYTES * (i + 1) - 8 * random.below(3)),
    doubles: Array.from({ length: 32 }, () => (BigInt(random.word()) << 32n) | BigInt(random.word())),
    fpscr: random.chance(60) ? 0 : random.below(8) << 22,
    cp15: setUp(random, format, hyp, thumb, bigEndian),
  };
}
