// Parts of random ARM programs that ask the system: its registers, TLBs and page tables, masks and modes, timers, exceptions and returns.

import { CodeWriter } from './code-writer.ts';
import * as E from './encode.ts';
import { ACKNOWLEDGE, ALIAS, ALIAS_PAGES, CODE, DATA, DATA_END, PAGE, RAM_BYTES } from './places.ts';
import { randomInstruction } from './row-words.ts';
import { entry, entryAddress, randomRights } from './tables.ts';

const [R0, R1, R6, R7] = [0, 1, 6, 7];
const MODES = [0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f];
/** With its bytes the other way round. */
export const swapped = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;

export class SystemWriter extends CodeWriter {
  piece(): void {
    const { random } = this;
    const dice = random.below(100);
    if (dice < 18) this.read();
    else if (dice < 28) this.maintain();
    else if (dice < 36) this.remap();
    else if (dice < 44) this.flags();
    else if (dice < 52) this.masks();
    else if (dice < 58) this.timer();
    else if (dice < 66) this.raise();
    else if (dice < 72) this.wait();
    else if (dice < 78) this.endian();
    else if (dice < 86) this.mode();
    else if (dice < 92) this.enterByReturn();
    else if (dice < 95) this.control();
    else if (dice < 97 && this.shared.hyp)
      this.asm.word(random.chance(80) ? E.plain.hvc[this.set] : E.plain.smc[this.set]);
    else this.straightSystem();
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
  private raise(): void {
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

  private straightSystem(): void {
    this.asm.put(...randomInstruction(this.set, 'system', this.random).code);
  }
}
