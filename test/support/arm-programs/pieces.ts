// Parts of random ARM programs: straight code, branches, IT blocks, loops, calls, tables, and what asks the system.
import type { Random } from '../oracle/random.ts';
import { type Assembler, entryOf, type Label } from './assembler.ts';
import * as E from './encode.ts';
import { ACKNOWLEDGE, ALIAS, ALIAS_PAGES, CODE, CODE_END, DATA, DATA_END, PAGE, RAM_BYTES, SECTION } from './places.ts';
import { type Kind, randomInstruction } from './row-words.ts';
import { entry, entryAddress, type Format, randomRights } from './tables.ts';

/** What all pieces of a program share. */
export interface Shared {
  readonly random: Random;
  readonly asm: Assembler;
  readonly format: Format;
  readonly hyp: boolean;
  /** Table walks are big-endian. */
  readonly bigEndian: boolean;
  /** Virtual address of MMIO. */
  readonly mmio: number;
  /** Functions that may be called from the one being written: later ones. */
  callees: readonly Label[];
  /** A function that calls itself R4 times. */
  readonly recursive: Label;
  /** Addresses of instructions that are stored over. */
  readonly sites: { readonly address: number; readonly set: E.InstructionSet; readonly bytes: number }[];
  /** How many of a hundred pieces ask the system. */
  readonly systemShare: number;
}

const [R0, R1, R2, R3, R4, R5, R6, R7, R10, R11, R12] = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12];
const NE = 1;
/** With its bytes the other way round. */
export const swapped = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;

const MODES = [0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f];

/** Writes one function. */
export class PieceWriter {
  private readonly shared: Shared;
  private readonly random: Random;
  private readonly asm: Assembler;
  private loops = 0;

  constructor(shared: Shared) {
    this.shared = shared;
    this.random = shared.random;
    this.asm = shared.asm;
  }

  private get set(): E.InstructionSet {
    return this.asm.set;
  }

  constant(rd: number, value: number): void {
    const { asm } = this;
    asm.word(E.movHalf(this.set, rd, value & 0xffff, false));
    if (value >>> 16 !== 0 || this.random.chance(5)) asm.word(E.movHalf(this.set, rd, value >>> 16, true));
  }

  /** The address of a label, when that is known. */
  private address(rd: number, to: Label, aliased = false): void {
    const { asm, set } = this;
    const offset = aliased ? ALIAS : 0;
    asm.later(8, () => {
      const value = entryOf(to) + offset;
      return [
        ...E.halves(set, E.movHalf(set, rd, value & 0xffff, false)),
        ...E.halves(set, E.movHalf(set, rd, value >>> 16, true)),
      ];
    });
  }

  /** So many random pieces. */
  pieces(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.piece(depth);
  }

  private piece(depth: number): void {
    const { random } = this;
    if (random.chance(this.shared.systemShare)) {
      this.system();
      return;
    }
    const dice = random.below(100);
    if (this.set === 't32' && random.chance(10)) this.block();
    else if (dice < 34 || depth > 2) this.straight(1 + random.below(5));
    else if (dice < 44) this.condition(depth);
    else if (dice < 54) this.set === 't32' ? this.block() : this.conditional();
    else if (dice < 64) this.loop(depth);
    else if (dice < 74) this.call();
    else if (dice < 80) this.table(depth);
    else if (dice < 84) this.pointers();
    else if (dice < 86) this.exclusive();
    else if (dice < 90) this.otherSet();
    else if (dice < 95) this.patch();
    else this.site();
  }

  private kind(): Kind {
    const dice = this.random.below(100);
    if (dice < 55) return 'processing';
    if (dice < 82) return 'memory';
    if (dice < 92) return 'float';
    return dice < 99 ? 'floatMemory' : 'system';
  }

  straight(count: number): void {
    for (let i = 0; i < count; i++) this.asm.put(...randomInstruction(this.set, this.kind(), this.random).code);
  }

  /** Pointers and indices anew. */
  pointers(all = false): void {
    const { random } = this;
    for (const register of [R6, R7, 8, 9]) if (all || random.chance(40)) this.constant(register, this.pointer());
    if (all || random.chance(40)) this.constant(R5, random.below(32));
    if (all || random.chance(40)) this.constant(R12, random.chance(90) ? random.below(64) : random.word());
    if (all || random.chance(20))
      this.constant(R11, random.chance(80) ? this.shared.mmio + random.below(64) : this.pointer());
  }

  private pointer(): number {
    const { random, shared } = this;
    const page = (from: number, to: number): number => from + PAGE * random.below((to - from) / PAGE);
    const offset = (): number => {
      const near = random.chance(25) ? PAGE - 1 - random.below(40) : random.below(PAGE);
      return random.chance(78) ? near & ~(random.chance(70) ? 15 : 3) : near;
    };
    const dice = random.below(100);
    if (dice < 78 || shared.format === 'off') return page(DATA, DATA_END) + offset();
    if (dice < 83) return page(ALIAS + DATA, ALIAS + ALIAS_PAGES * PAGE) + offset();
    if (dice < 86) return page(CODE, CODE_END) + offset();
    if (dice < 88) return page(ALIAS + CODE, ALIAS + CODE_END) + offset();
    if (dice < 93) return SECTION + page(DATA, DATA_END) + offset();
    if (dice < 94) return page(0, RAM_BYTES) + offset();
    if (dice < 95) return 0x20000 - random.below(24); // to where nothing is mapped
    if (dice < 96) return random.word();
    return shared.mmio + random.below(PAGE - 64);
  }

  /** Flags, from something. */
  private compare(): void {
    const { random, asm } = this;
    if (random.chance(50)) asm.word(E.cmp(this.set, random.below(6), random.below(256)));
    else asm.put(...randomInstruction(this.set, 'processing', random, this.set === 't32').code);
  }

  private condition(depth: number): void {
    const { random, asm } = this;
    this.compare();
    const end = asm.label();
    const cond = random.below(14);
    const small = this.set === 't32' && random.chance(50);
    if (small) {
      if (random.chance(50)) asm.branchNarrow(end, cond);
      else asm.compareBranch(end, random.below(8), random.chance(50));
      this.straight(1 + random.below(4));
    } else if (random.chance(50)) {
      asm.branch(end, cond);
      this.pieces(1 + random.below(2), depth + 1);
    } else {
      const other = asm.label();
      asm.branch(other, cond);
      const { set } = asm;
      this.straight(1 + random.below(3));
      asm.branch(end);
      asm.place(other);
      this.straight(1 + random.below(3));
      if (asm.set !== set) throw new Error('straight code that changes the set');
    }
    asm.place(end);
  }

  /** A32: a run of instructions with the same or the opposite condition. */
  private conditional(): void {
    const { random, asm } = this;
    this.compare();
    const cond = random.below(14);
    for (let n = 1 + random.below(4); n > 0; n--) {
      const { code } = randomInstruction('a32', this.kind(), random);
      const [low, high] = code;
      const own = random.chance(80) ? cond : cond ^ 1;
      asm.put(low!, high! >>> 12 === 15 ? high! : (high! & 0xfff) | (own << 12));
    }
  }

  /** T32: an IT block, its last instruction a branch at times. */
  private block(): void {
    const { random, asm } = this;
    if (random.chance(70)) this.compare();
    const cond = random.below(15);
    const count = 1 + random.below(4);
    let mask = 1 << (4 - count);
    for (let n = 1; n < count; n++) {
      const bit = cond === E.AL ? cond & 1 : random.below(2);
      mask |= bit << (4 - n);
    }
    asm.put(0xbf00 | (cond << 4) | mask);
    for (let n = 0; n < count - 1; n++) this.inBlock();
    const dice = random.below(100);
    const end = asm.label();
    if (dice < 12) asm.branchNarrow(end);
    else if (dice < 20) asm.branch(end);
    else if (dice < 26 && this.shared.callees.length > 0) asm.call(random.pick(this.shared.callees));
    else if (dice < 30) asm.put(...E.svc('t32', 1));
    else if (dice < 32) asm.put(...E.bkpt('t32', 1));
    else this.inBlock();
    if (dice < 20) this.straight(1 + random.below(3));
    asm.place(end);
  }

  private inBlock(): void {
    const { random } = this;
    this.asm.put(...randomInstruction('t32', this.kind(), random, random.chance(40)).code.slice());
  }

  private loop(depth: number): void {
    const { random, asm } = this;
    if (this.loops > 0) {
      this.straight(3);
      return;
    }
    this.loops++;
    this.constant(R10, 1 + random.below(random.chance(80) ? 12 : 60));
    const { set } = asm;
    const top = asm.here();
    this.pieces(1 + random.below(3), depth + 1);
    if (asm.set !== set) {
      // The loop has gone over to the other set: back by an indirect jump.
      asm.word(E.withImm(asm.set, 'sub', R10, R10, 1, true));
      const end = asm.label();
      asm.branch(end, NE ^ 1);
      this.address(R0, top);
      asm.put(...E.bx(asm.set, R0));
      asm.place(end);
    } else {
      asm.word(E.withImm(set, 'sub', R10, R10, 1, true));
      asm.branch(top, NE);
    }
    this.loops--;
  }

  private call(): void {
    const { random, asm, shared } = this;
    if (random.chance(25)) {
      this.constant(R4, 1 + random.below(random.chance(80) ? 6 : 40));
      this.callTo(shared.recursive);
    } else if (shared.callees.length > 0) this.callTo(random.pick(shared.callees));
    else this.straight(2);
    void asm;
  }

  private callTo(to: Label): void {
    const { random, asm } = this;
    const dice = random.below(10);
    if (dice < 6) asm.call(to);
    else {
      this.address(R3, to, this.shared.format !== 'off' && random.chance(25));
      asm.put(...E.bx(this.set, R3, true));
    }
  }

  private table(depth: number): void {
    const { random, asm } = this;
    asm.word(E.withImm(this.set, 'and', R0, random.below(6), 3));
    const cases = Array.from({ length: 4 }, () => asm.label());
    const end = asm.label();
    const { set } = asm;
    const dice = random.below(3);
    if (set === 't32' && dice < 2) {
      const bytes = dice === 0;
      asm.put(0xe8df, 0xf000 | (bytes ? 0 : 0x10));
      asm.later(bytes ? 4 : 8, (at) => {
        const distances = cases.map(({ address }) => (address - at) >> 1);
        return bytes ? [distances[0]! | (distances[1]! << 8), distances[2]! | (distances[3]! << 8)] : distances;
      });
    } else if (set === 'a32' && dice < 2) {
      asm.word(0xe08ff100); // add pc, pc, r0, lsl #2
      asm.word(E.plain.nop.a32);
      for (const to of cases) asm.branch(to);
    } else {
      const words = asm.label();
      this.address(R1, words);
      if (set === 't32') asm.word(E.withImm('t32', 'bic', R1, R1, 1));
      asm.word(set === 'a32' ? 0xe791f100 : 0xf851f020); // ldr pc, [r1, r0, lsl #2]
      asm.align(4);
      asm.place(words);
      for (const to of cases)
        asm.later(4, () => {
          const entry = entryOf(to);
          return [entry & 0xffff, entry >>> 16];
        });
    }
    for (const to of cases) {
      asm.place(to);
      this.straight(1 + random.below(2));
      asm.branch(end);
    }
    asm.place(end);
    if (depth > 9) throw new Error('too deep');
  }

  private exclusive(): void {
    const { random, asm, set } = this;
    const top = asm.here();
    const base = random.pick([R6, R7]);
    asm.word(E.withImm(set, 'bic', base, base, 3));
    asm.word(E.ldrex(set, R0, base));
    asm.word(E.withImm(set, 'add', R0, R0, 1));
    if (random.chance(20)) this.straight(1);
    if (random.chance(8)) asm.word(E.plain.clrex[set]);
    asm.word(E.strex(set, R1, R0, base));
    if (random.chance(70)) return;
    asm.word(E.cmp(set, R1, 0));
    asm.branch(top, NE);
  }

  /** Go over to the other instruction set. */
  private otherSet(): void {
    const { random, asm } = this;
    const there = asm.label();
    if (asm.set === 't32' && random.chance(40)) {
      asm.align(4);
      asm.put(0x4778); // bx pc
      asm.put(0xbf00);
      asm.set = 'a32';
      asm.place(there);
      return;
    }
    const aliased = this.shared.format !== 'off' && random.chance(15);
    this.address(R2, there, aliased);
    if (random.chance(50)) asm.put(...E.bx(asm.set, R2));
    else {
      asm.word(E.push(asm.set, (1 << R0) | (1 << R2)));
      // pop {r0, pc}
      asm.word(E.pop(asm.set, (1 << R0) | (1 << 15)));
    }
    asm.set = asm.set === 'a32' ? 't32' : 'a32';
    if (asm.set === 'a32') asm.align(4);
    else if (random.chance(30)) asm.put(0xbf00);
    asm.place(there);
  }

  /** An instruction that is stored over by others. */
  private site(): void {
    const { asm, shared } = this;
    for (let n = 0; n < 2; n++) {
      const { code } = randomInstruction(asm.set, 'processing', this.random);
      shared.sites.push({ address: asm.at, set: asm.set, bytes: 2 * code.length });
      asm.put(...code);
    }
  }

  /** Store over such an instruction: the same with other operands, or another one, whole or a half of it. */
  private patch(): void {
    const { random, asm, shared } = this;
    const { sites, format } = shared;
    const { set } = asm;
    const half = random.below(4);
    const choice = random.word();
    const code = (site: E.InstructionSet): readonly number[] => {
      for (;;) {
        const { code } = randomInstruction(site, 'processing', random);
        if (code.length === 2) return code;
      }
    };
    const both = { a32: code('a32'), t32: code('t32') };
    const narrow = randomInstruction('t32', 'processing', random, true).code[0]!;
    const offset = format === 'off' || random.chance(70) ? 0 : random.pick([ALIAS, SECTION]);
    asm.later(16, () => {
      const site = sites.length > 0 ? sites[choice % sites.length]! : { address: DATA, set: 'a32' as const, bytes: 4 };
      const words = both[site.set];
      const whole = site.bytes === 4 && half < 2;
      const address = site.address + offset + (!whole && site.bytes === 4 && half === 3 ? 2 : 0);
      const value = whole ? words[0]! | (words[1]! << 16) : site.bytes === 2 ? narrow : words[address & 2 ? 1 : 0]!;
      const moves = [
        E.movHalf(set, R0, address & 0xffff, false),
        E.movHalf(set, R0, address >>> 16, true),
        E.movHalf(set, R1, value & 0xffff, false),
        E.movHalf(set, R1, value >>> 16, true),
      ];
      return moves.flatMap((word) => E.halves(set, word));
    });
    asm.word(E.access(set, false, half < 2 ? 4 : 2, R1, R0));
    if (random.chance(40)) asm.word(E.cp15(false, R0, 0, 7, 5, 0));
    if (random.chance(30)) asm.word(E.plain.isb[set]);
  }

  // System

  private system(): void {
    const { random } = this;
    const dice = random.below(100);
    if (dice < 18) this.read();
    else if (dice < 28) this.maintain();
    else if (dice < 36) this.remap();
    else if (dice < 44) this.flags();
    else if (dice < 52) this.masks();
    else if (dice < 58) this.timer();
    else if (dice < 66) this.call1();
    else if (dice < 72) this.wait();
    else if (dice < 78) this.endian();
    else if (dice < 86) this.mode();
    else if (dice < 92) this.enterByReturn();
    else if (dice < 95) this.control();
    else if (dice < 97 && this.shared.hyp)
      this.asm.word(random.chance(80) ? E.plain.hvc[this.set] : E.plain.smc[this.set]);
    else this.straightSystem();
  }

  private straightSystem(): void {
    this.asm.put(...randomInstruction(this.set, 'system', this.random).code);
  }

  private read(): void {
    const { random, asm } = this;
    const rt = random.below(4);
    if (random.chance(35)) {
      const [opc1, crm] = random.pick([
        [0, 14],
        [1, 14],
        [0, 14],
        [0, 2],
        [0, 7],
        [2, 14],
        [3, 14],
      ] as const);
      asm.word(E.cp15pair(true, rt, random.below(4), opc1, crm));
      return;
    }
    const registers: readonly (readonly [number, number, number, number])[] = [
      [0, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 5],
      [0, 0, 1, 4],
      [0, 1, 0, 0],
      [0, 1, 0, 2],
      [0, 2, 0, 0],
      [0, 2, 0, 2],
      [0, 3, 0, 0],
      [0, 5, 0, 0],
      [0, 5, 0, 1],
      [0, 6, 0, 0],
      [0, 6, 0, 2],
      [0, 7, 4, 0],
      [0, 10, 2, 0],
      [0, 12, 0, 0],
      [0, 12, 1, 0],
      [0, 13, 0, 1],
      [0, 13, 0, 2],
      [0, 13, 0, 3],
      [0, 13, 0, 4],
      [0, 14, 0, 0],
      [0, 14, 2, 0],
      [0, 14, 2, 1],
      [0, 14, 3, 0],
      [0, 14, 3, 1],
      [0, 9, 13, 0],
      [0, 9, 12, 0],
      [4, 1, 1, 0],
      [4, 5, 2, 0],
    ];
    const [opc1, crn, crm, opc2] = random.pick(registers);
    asm.word(E.cp15(true, rt, opc1, crn, crm, opc2));
  }

  /** Maintenance of TLBs, caches and branch predictors; translations; thread IDs, address space, counters. */
  private maintain(): void {
    const { random, asm } = this;
    const rt = random.pick([R0, R6, R7]);
    const operations: readonly (readonly [number, number, number])[] = [
      [8, 7, 0],
      [8, 7, 1],
      [8, 7, 2],
      [8, 7, 3],
      [8, 3, 0],
      [8, 3, 1],
      [8, 3, 3],
      [8, 5, 0],
      [8, 6, 1],
      [7, 5, 0],
      [7, 5, 1],
      [7, 5, 6],
      [7, 10, 1],
      [7, 14, 1],
      [7, 11, 1],
      [7, 8, 0],
      [7, 8, 1],
      [7, 8, 2],
      [7, 8, 3],
      [13, 0, 2],
      [13, 0, 3],
      [13, 0, 4],
      [7, 10, 4],
      [7, 10, 5],
      [7, 5, 4],
      [9, 13, 0],
    ];
    if (random.chance(12)) {
      // Another address space.
      this.constant(R0, random.below(3));
      asm.word(E.cp15(false, R0, 0, 13, 0, 1));
      asm.word(E.plain.isb[this.set]);
      return;
    }
    if (random.chance(6)) {
      // Cycles are counted.
      this.constant(R0, 1);
      asm.word(E.cp15(false, R0, 0, 9, 12, 0));
      this.constant(R0, 0x80000000);
      asm.word(E.cp15(false, R0, 0, 9, 12, 1));
      return;
    }
    const [crn, crm, opc2] = random.pick(operations);
    asm.word(E.cp15(false, rt, 0, crn, crm, opc2));
  }

  /** Map a page elsewhere, or with other rights. */
  private remap(): void {
    const { random, asm, shared } = this;
    const { format } = shared;
    if (format === 'off') return;
    const isAlias = random.chance(85);
    const virtual = isAlias
      ? ALIAS + PAGE * random.below(ALIAS_PAGES)
      : DATA + PAGE * random.below((DATA_END - DATA) / PAGE);
    const own = virtual - (isAlias ? ALIAS : 0);
    const physical = random.chance(50)
      ? own
      : random.chance(50)
        ? PAGE * random.below(RAM_BYTES / PAGE)
        : CODE + PAGE * random.below(8);
    const words = entry(format, physical, randomRights(random, isAlias));
    const { set } = this;
    this.constant(R0, entryAddress(format, virtual));
    words.forEach((word, i) => {
      this.constant(R1, shared.bigEndian ? swapped(word) : word);
      asm.word(E.access(set, false, 4, R1, R0, 4 * i));
    });
    asm.word(E.plain.dsb[set]);
    const dice = random.below(10);
    if (dice < 4) asm.word(E.cp15(false, R0, 0, 8, 7, 0));
    else {
      this.constant(R0, virtual);
      asm.word(E.cp15(false, R0, 0, 8, dice < 6 ? 3 : 7, 3));
    }
    asm.word(E.plain.isb[set]);
    if (random.chance(60)) this.constant(random.pick([R6, R7]), virtual + random.below(PAGE));
  }

  private flags(): void {
    const { random, asm, set } = this;
    const dice = random.below(4);
    if (dice === 0) asm.word(E.mrs(set, random.below(4), false));
    else if (dice === 1) asm.word(E.mrs(set, random.below(4), true));
    else if (dice === 2) asm.word(E.msr(set, random.below(4), random.pick([8, 4, 12, 8]), false));
    else {
      // All of CPSR but the mode and T, from what it is.
      asm.word(E.mrs(set, R0, false));
      asm.word(E.withImm(set, 'eor', R0, R0, random.pick([0x40, 0x80, 0xc0])));
      asm.word(E.msr(set, R0, random.pick([1, 3, 9, 11]), false));
    }
  }

  private masks(): void {
    const { random, asm } = this;
    asm.put(...E.cps(this.set, random.chance(65) ? 2 : 3, random.pick([1, 2, 3, 7, 2]), null));
  }

  private timer(): void {
    const { random, asm } = this;
    const crm = random.pick([2, 3]);
    this.constant(R0, random.below(random.chance(70) ? 60 : 400));
    asm.word(E.cp15(false, R0, 0, 14, crm, 0));
    this.constant(R0, random.pick([1, 1, 1, 3, 0]));
    asm.word(E.cp15(false, R0, 0, 14, crm, 1));
  }

  /** SVC, BKPT, UDF. */
  private call1(): void {
    const { random, asm } = this;
    const dice = random.below(10);
    if (dice < 7) asm.put(...E.svc(this.set, random.below(256)));
    else if (dice < 8) asm.put(...E.bkpt(this.set, 1));
    else asm.put(...E.udf(this.set));
  }

  private wait(): void {
    const { random, asm } = this;
    const name = random.pick(['wfi', 'wfe', 'sev', 'yield', 'nop', 'isb', 'dsb', 'wfi'] as const);
    asm.word(E.plain[name][this.set]);
  }

  /** Big-endian data for some instructions. */
  private endian(): void {
    const { asm, random } = this;
    asm.put(...E.setend(this.set, true));
    this.straight(1 + random.below(4));
    if (random.chance(90)) asm.put(...E.setend(this.set, false));
  }

  /** Another mode, for good or for some instructions. */
  private mode(): void {
    const { random, asm } = this;
    if (random.chance(50)) {
      asm.put(...E.cps(this.set, random.chance(50) ? 0 : 2, 2, random.pick(MODES.slice(1))));
      this.straight(1 + random.below(3));
      asm.put(...E.cps(this.set, 0, 0, random.pick([0x13, 0x13, 0x1f, 0x12])));
      return;
    }
    asm.put(...E.cps(this.set, 0, 0, random.pick(MODES)));
  }

  /** An exception return into what follows: another mode, another set, or the middle of an IT block. */
  private enterByReturn(): void {
    const { random, asm } = this;
    const there = asm.label();
    const { set } = asm;
    const toThumb = random.chance(70);
    asm.word(E.mrs(set, R0, false));
    if (random.chance(30)) {
      asm.word(E.withImm(set, 'bic', R0, R0, 0x1f));
      asm.word(E.withImm(set, 'orr', R0, R0, random.pick(MODES)));
    }
    // IT[7:2] are bits 15:10, IT[1:0] bits 26:25.
    const it = toThumb && random.chance(75) ? (random.below(14) << 4) | (1 + random.below(15)) : 0;
    const bits = (toThumb ? 0x20 : 0) | ((it & 0xfc) << 8) | ((it & 3) << 25);
    this.constant(R1, 0x0600fc20);
    asm.word(set === 'a32' ? 0xe1c00001 : 0xea200001); // bic r0, r0, r1
    this.constant(R1, bits);
    asm.word(set === 'a32' ? 0xe1800001 : 0xea400001); // orr r0, r0, r1
    const byRfe = random.chance(30);
    if (byRfe) {
      this.address(R1, there);
      asm.word(E.withImm(set, 'bic', R1, R1, 1));
      asm.word(E.push(set, (1 << R0) | (1 << R1)));
      // The address comes first: the pair the other way round.
      asm.word(E.access(set, false, 4, R1, 13, 0));
      asm.word(E.access(set, false, 4, R0, 13, 4));
      asm.word(set === 'a32' ? 0xf8bd0a00 : 0xe9bdc000);
    } else {
      asm.word(E.msr(set, R0, 15, true));
      this.address(14, there);
      asm.word(E.withImm(set, 'bic', 14, 14, 1));
      asm.word(random.chance(50) ? E.plain.movsPcLr[set] : E.plain.eret[set]);
    }
    asm.set = toThumb ? 't32' : 'a32';
    if (!toThumb) asm.align(4);
    asm.place(there);
    if (toThumb) for (let n = 0; n < 5; n++) this.inBlock();
  }

  /** Alignment checks, on or off; domains. */
  private control(): void {
    const { random, asm, set } = this;
    if (random.chance(60)) {
      asm.word(E.cp15(true, R0, 0, 1, 0, 0));
      asm.word(E.withImm(set, random.chance(40) ? 'orr' : 'bic', R0, R0, 2));
      asm.word(E.cp15(false, R0, 0, 1, 0, 0));
      return;
    }
    this.constant(R0, random.pick([1, 1, 3, 1]));
    asm.word(E.cp15(false, R0, 0, 3, 0, 0));
    if (random.chance(20)) this.constant(R0, this.shared.mmio + ACKNOWLEDGE);
  }
}
