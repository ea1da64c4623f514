// Exception handlers of random ARM programs: they count, skip the instruction or go to another program part, serve the timers, change the mode
// that is returned to, and return in one of the ways that there are.
import type { Random } from '../oracle/random.ts';
import { type Assembler, entryOf, type Label } from './assembler.ts';
import { access, b, cp15, halves, movHalf } from './encode.ts';
import { ACKNOWLEDGE, COUNTERS, HANDLERS, HYP_VECTORS, MMIO_PHYSICAL, VECTORS } from './places.ts';

const [SP, LR, PC] = [13, 14, 15];
const [R0, R1, R12] = [0, 1, 12];
const SAVED = (1 << R0) | (1 << R1) | (1 << R12);
/** Conditions. */
const [EQ, NE] = [0, 1];
const MODES = { undefined: 0x1b, svc: 0x13, prefetch: 0x17, data: 0x17, irq: 0x12, fiq: 0x11 } as const;
type Exception = keyof typeof MODES;
const ORDER: readonly (Exception | null)[] = [null, 'undefined', 'svc', 'prefetch', 'data', null, 'irq', 'fiq'];
const WAYS = ['ldm', 'movs', 'subs', 'rfe', 'eret'] as const;

export interface HandlerOptions {
  /** Parts of the program that may be gone to. */
  readonly parts: readonly Label[];
  /** Exceptions enter T32 code. */
  readonly thumb: boolean;
  /** Exceptions set CPSR.E. */
  readonly bigEndian: boolean;
  /** Virtual address of MMIO. */
  readonly mmio: number;
  /** Modes that SVC returns to. */
  readonly svcModes: readonly number[];
  readonly random: Random;
}

class HandlerWriter {
  private readonly asm: Assembler;
  private readonly options: HandlerOptions;
  private labels = 0;

  constructor(asm: Assembler, options: HandlerOptions) {
    this.asm = asm;
    this.options = options;
  }

  words(...words: number[]): void {
    for (const word of words) this.asm.word(word >>> 0);
  }

  constant(rd: number, value: number): void {
    this.words(movHalf('a32', rd, value & 0xffff, false));
    if (value >>> 16 !== 0) this.words(movHalf('a32', rd, value >>> 16, true));
  }

  /** R0 := one more of what has been counted at this place. */
  count(place: number): void {
    this.constant(R12, COUNTERS + 4 * place);
    this.words(access('a32', true, 4, R0, R12), 0xe2800001, access('a32', false, 4, R0, R12));
  }

  /** Clear bits of a PSR in R1: T and IT, or IT alone. */
  private clearIt(thumbToo: boolean): void {
    if (thumbToo) this.words(0xe3c11020);
    this.words(0xe3c11406, 0xe3c11cfc); // bic #0x06000000, bic #0xfc00
  }

  /** ITAdvance of a PSR in R1; R0 and R12 go. */
  private advanceIt(): void {
    this.words(0xe7e50551, 0xe7e1ccd1, 0xe18c0100); // ubfx r0, r1, #10, #6; ubfx r12, r1, #25, #2; orr r0, r12, r0, lsl #2
    this.words(0xe1a0c080, 0xe20cc01f, 0xe3100007, 0xe20000e0); // lsl r12, r0, #1; and r12, #31; tst r0, #7; and r0, #0xe0
    this.words(0x1180000c, 0x03a00000, 0xe7da1c90, 0xe1a00120, 0xe7cf1510); // orrne; moveq; bfi #25, #2; lsr r0, #2; bfi #10, #6
  }

  exception(kind: Exception): Label {
    const { asm, options } = this;
    const { random } = options;
    asm.set = 'a32';
    asm.align(4);
    if (options.thumb) {
      asm.set = 't32';
      const entry = asm.here();
      asm.put(0x4778, 0xbf00); // bx pc; nop
      asm.set = 'a32';
      this.body(kind, random);
      return entry;
    }
    const entry = asm.here();
    this.body(kind, random);
    return entry;
  }

  private body(kind: Exception, random: Random): void {
    const { asm, options } = this;
    const way = random.pick(WAYS);
    const ahead = { undefined: 0, svc: 0, prefetch: 4, data: 8, irq: 4, fiq: 4 }[kind];
    if (ahead > 0) this.words(0xe24ee000 | ahead); // sub lr, lr, #ahead
    if (way === 'rfe') this.words(0xf96d0500 | MODES[kind], 0xe92d0000 | SAVED);
    else this.words(0xe92d0000 | SAVED | (1 << LR));
    const spsrToR1 = (): void => this.words(way === 'rfe' ? access('a32', true, 4, R1, SP, 16) : 0xe14f1000);
    const r1ToSpsr = (): void => this.words(way === 'rfe' ? access('a32', false, 4, R1, SP, 16) : 0xe16ff001);
    this.count(++this.labels);
    const done = asm.label();
    if (kind === 'irq' || kind === 'fiq') this.interrupt(kind);
    else if (kind === 'svc') {
      this.words(0xe3100000 | random.pick([1, 3])); // tst r0, #...
      asm.branch(done, NE);
      spsrToR1();
      const [first, second] = options.svcModes;
      this.words(0xe3c1101f, 0xe3100000 | random.pick([4, 8]), 0x03811000 | first!, 0x13811000 | second!);
      r1ToSpsr();
    } else {
      const skip = asm.label();
      const mask = random.pick([3, 7, 15, 15]);
      this.words(0xe3100000 | mask);
      if (kind === 'prefetch') {
        // Only a breakpoint can be skipped: IFSR says whether it is one.
        const away = asm.label();
        asm.branch(away, EQ);
        this.words(cp15(true, R1, 0, 5, 0, 1), 0xe201100f, 0xe3510002);
        asm.branch(skip, EQ);
        asm.place(away);
      } else asm.branch(skip, NE);
      const part = random.pick(options.parts);
      asm.later(8, () => {
        const entry = entryOf(part) & ~1;
        return [
          ...halves('a32', movHalf('a32', R1, entry & 0xffff, false)),
          ...halves('a32', movHalf('a32', R1, entry >>> 16, true)),
        ];
      });
      this.words(access('a32', false, 4, R1, SP, 12));
      spsrToR1();
      this.clearIt(true);
      asm.later(4, () => halves('a32', part.set === 't32' ? 0xe3811020 : 0xe1a00000));
      r1ToSpsr();
      asm.branch(done);
      asm.place(skip);
      spsrToR1();
      if (random.chance(90)) {
        if (random.chance(70)) this.advanceIt();
        else this.clearIt(false);
        r1ToSpsr();
      }
      this.words(0xe3110020); // tst r1, #T
      this.words(access('a32', true, 4, R1, SP, 12));
      if (kind === 'undefined') this.words(0x12411002, 0x02411004); // LR is behind it
      this.words(0x02811004); // addeq r1, #4
      const store = asm.label();
      asm.branch(store, EQ);
      this.words(access('a32', true, 2, R0, R1));
      if (options.bigEndian) this.words(0xe6bf0fb0); // rev16
      this.words(0xe3500ce8, 0xe2811002, 0x22811002); // cmp r0, #0xe800
      asm.place(store);
      this.words(access('a32', false, 4, R1, SP, 12));
    }
    asm.place(done);
    const pop = 0xe8bd0000 | SAVED;
    if (way === 'ldm') this.words(0xe8fd0000 | SAVED | (1 << PC));
    else if (way === 'rfe') this.words(pop, 0xf8bd0a00);
    else this.words(pop | (1 << LR), way === 'movs' ? 0xe1b0f00e : way === 'subs' ? 0xe25ef000 : 0xe160006e);
  }

  /** With the count in R0: set the timers anew, some times stop them, and acknowledge. */
  private interrupt(kind: 'irq' | 'fiq'): void {
    const { random, mmio } = this.options;
    const crm = kind === 'irq' ? 2 : 3;
    this.constant(R1, mmio + ACKNOWLEDGE);
    this.words(access('a32', false, 4, R0, R1));
    this.words(0xe200103f, 0xe1a01081, 0xe2811000 | (20 + random.below(60))); // and r1, r0, #63; lsl r1, #1; add
    this.words(cp15(false, R1, 0, 14, crm, 0));
    this.words(0xe310000f, 0x03a01002, 0x13a01001, cp15(false, R1, 0, 14, crm, 1)); // each sixteenth: IMASK
  }

  /** What comes to Hyp mode. */
  hyp(interrupt: boolean): Label {
    const { asm, options } = this;
    const { random } = options;
    asm.set = 'a32';
    asm.align(4);
    const entry = asm.here();
    this.words(0xe92d0000 | SAVED);
    this.count(++this.labels);
    const done = asm.label();
    if (interrupt) {
      this.constant(R1, MMIO_PHYSICAL + ACKNOWLEDGE);
      this.words(access('a32', false, 4, R0, R1));
      this.words(cp15(true, R1, 4, 1, 1, 0), 0xe3c11080, 0xe3c11040, cp15(false, R1, 4, 1, 1, 0)); // HCR: VI and VF fall
    } else {
      const skip = asm.label();
      this.words(0xe3100000 | random.pick([7, 15]));
      this.words(cp15(true, R0, 4, 5, 2, 0)); // HSR
      asm.branch(skip, NE);
      const part = random.pick(options.parts);
      asm.later(8, () => {
        const at = entryOf(part) & ~1;
        return [
          ...halves('a32', movHalf('a32', R1, at & 0xffff, false)),
          ...halves('a32', movHalf('a32', R1, at >>> 16, true)),
        ];
      });
      this.words(0xe12ef301); // msr elr_hyp, r1
      this.words(0xe14f1000);
      this.clearIt(true);
      asm.later(4, () => halves('a32', part.set === 't32' ? 0xe3811020 : 0xe1a00000));
      this.words(0xe16ff001);
      asm.branch(done);
      asm.place(skip);
      this.words(0xe1a01d20, 0xe3510012); // lsr r1, r0, #26; cmp r1, #HVC
      asm.branch(done, EQ);
      this.words(0xe3510011);
      asm.branch(done, EQ);
      this.words(0xe10e1300, 0xe3100402, 0x12811002, 0xe2811002, 0xe12ef301); // mrs r1, elr_hyp; tst r0, #IL; add
    }
    asm.place(done);
    this.words(0xe8bd0000 | SAVED, 0xe160006e);
    return entry;
  }
}

/** Put the handlers and the vectors into page 0. */
export function writeHandlers(asm: Assembler, options: HandlerOptions, hyp: boolean): void {
  asm.at = HANDLERS;
  const writer = new HandlerWriter(asm, options);
  const entries = ORDER.map((kind) => (kind ? writer.exception(kind) : null));
  const hypEntries = hyp ? ORDER.map((_, i) => writer.hyp(i >= 6)) : [];
  if (asm.at > COUNTERS) throw new Error(`handlers to ${asm.at.toString(16)}`);
  asm.set = options.thumb ? 't32' : 'a32';
  const put = (base: number, list: readonly (Label | null)[]): void =>
    list.forEach((label, i) => {
      asm.at = base + 4 * i;
      if (label) asm.word(b(asm.set, 14, asm.at, label.address));
    });
  put(VECTORS, entries);
  asm.set = 'a32';
  put(HYP_VECTORS, hypEntries);
}
