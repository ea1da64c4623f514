// Parts of random ARM programs: straight code, branches, IT blocks, loops, calls, tables, code that is stored over.
import { entryOf, type Label } from './assembler.ts';
import { CodeWriter, type Shared } from './code-writer.ts';
import * as E from './encode.ts';
import { ALIAS, ALIAS_PAGES, CODE, CODE_END, DATA, DATA_END, PAGE, RAM_BYTES, SECTION } from './places.ts';
import { randomInstruction } from './row-words.ts';
import { SystemWriter } from './system-pieces.ts';

const [R0, R1, R2, R3, R4, R5, R6, R7, R10, R11, R12] = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12];
const NE = 1;

/** Writes one function. */
export class PieceWriter extends CodeWriter {
  private readonly system: SystemWriter;
  private loops = 0;

  constructor(shared: Shared) {
    super(shared);
    this.system = new SystemWriter(shared);
  }

  /** So many random pieces. */
  pieces(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.piece(depth);
  }

  private piece(depth: number): void {
    const { random } = this;
    if (random.chance(this.shared.systemShare)) {
      this.system.piece();
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
    const { random, shared } = this;
    if (random.chance(25)) {
      this.constant(R4, 1 + random.below(random.chance(80) ? 6 : 40));
      this.callTo(shared.recursive);
    } else if (shared.callees.length > 0) this.callTo(random.pick(shared.callees));
    else this.straight(2);
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
}
