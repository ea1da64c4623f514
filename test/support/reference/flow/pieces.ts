// Loops of every shape, branches, LL/SC, walks over pages, and code that rewrites itself.
import type { Label } from './builder.ts';
import { COUNTERS, K0, POINTER, SCRATCH, TEMP, TEMP2 } from './registers.ts';
import { FlowWriter } from './writer.ts';

export abstract class PieceWriter extends FlowWriter {
  /** Places that programs rewrite. */
  protected readonly patches: Label[] = [];
  /** Words in the middle of the code that nobody executes; the last one is code made at run time. */
  protected readonly holes: Label[] = [];

  protected abstract call(): void;
  protected abstract table(): void;

  /** A random piece. */
  piece(): void {
    const dice = this.random.below(100);
    if (dice < 20) this.straight(1 + this.random.below(6));
    else if (dice < 42) this.loop();
    else if (dice < 54) this.choice();
    else if (dice < 70) this.call();
    else if (dice < 77) this.table();
    else if (dice < 81) this.linked();
    else if (dice < 86) this.walk();
    else if (dice < 92) this.rewrite();
    else if (dice < 94) this.hole();
    else if (dice < 95) this.returnFromException();
    else if (dice < 98) this.status();
    else if (dice < 99) this.timer();
    else this.mark(this.pushPatch());
  }

  pieces(count: number): void {
    for (let i = 0; i < count; i++) this.piece();
  }

  private pushPatch(): Label {
    const label = this.label();
    this.patches.push(label);
    return label;
  }

  /** if, if-else. */
  private choice(): void {
    const [other, end] = [this.label(), this.label()];
    this.conditional(other);
    this.straight(this.random.below(4));
    if (this.random.chance(50)) {
      this.goTo(end);
      this.mark(other);
      this.straight(this.random.below(4));
      this.mark(end);
    } else this.mark(other);
  }

  loop(): void {
    const counter = COUNTERS[this.depth];
    if (counter === undefined) {
      this.straight(2);
      return;
    }
    this.depth++;
    this.constant(counter, 2 + this.random.below(this.depth === 1 ? 30 : 6));
    const shape = this.random.below(10);
    if (shape < 4) this.doWhile(counter);
    else if (shape < 6) this.whileLoop(counter);
    else if (shape < 8) this.enteredInTheMiddle(counter);
    else this.twoHeads(counter);
    this.depth--;
  }

  private body(): void {
    this.straight(this.random.below(4));
    if (this.random.chance(20)) this.mark(this.pushPatch());
    if (this.random.chance(30)) this.op('addiu', { rs: 1, rt: 1, imm: this.random.below(100) });
    if (this.random.chance(45)) this.piece();
    this.straight(this.random.below(3));
  }

  /** Count down and go back while there is something left; the count may be in the slot. */
  private goBack(counter: number, top: Label): void {
    const { random } = this;
    const down = { rs: counter, rt: counter, imm: 0xffff };
    const shape = random.below(4);
    if (shape === 0) {
      this.branch('bgtz', { rs: counter }, top);
      this.op('addiu', down);
      return;
    }
    this.op('addiu', down);
    if (shape === 1) this.branch('bgtz', { rs: counter }, top);
    else if (shape === 2) this.branch('bgtzl', { rs: counter }, top);
    else this.branch('bne', { rs: counter, rt: 0 }, top);
    this.slot();
  }

  private doWhile(counter: number): void {
    const [top, end] = [this.here(), this.label()];
    this.body();
    if (this.random.chance(20)) this.conditional(end);
    this.goBack(counter, top);
    this.mark(end);
  }

  private whileLoop(counter: number): void {
    const [head, end, next] = [this.here(), this.label(), this.label()];
    this.branch(this.random.pick(['blez', 'blezl']), { rs: counter }, end);
    this.slot();
    this.op('addiu', { rs: counter, rt: counter, imm: 0xffff });
    if (this.random.chance(40)) this.conditional(next);
    this.body();
    this.mark(next);
    this.goTo(head);
    this.mark(end);
  }

  /** A jump into the loop: no header of it is the only one. */
  private enteredInTheMiddle(counter: number): void {
    const [middle, end] = [this.label(), this.label()];
    this.conditional(middle);
    const top = this.here();
    this.body();
    this.mark(middle);
    this.body();
    if (this.random.chance(20)) this.conditional(end);
    this.goBack(counter, top);
    this.mark(end);
  }

  /** Two places that go on at one another. */
  private twoHeads(counter: number): void {
    const [second, end] = [this.label(), this.label()];
    if (this.random.chance(50)) this.conditional(second);
    const first = this.here();
    this.body();
    this.branch('blez', { rs: counter }, end);
    this.slot();
    this.every(counter, 2, second);
    this.op('addiu', { rs: counter, rt: counter, imm: 0xffff });
    this.goTo(first);
    this.mark(second);
    this.body();
    this.goBack(counter, first);
    this.mark(end);
  }

  /** A load-linked loop, with something in between at times. */
  private linked(): void {
    const { random } = this;
    const base = random.pick([POINTER.user, POINTER.mapped, POINTER.data]);
    const offset = 4 * random.below(4);
    const again = this.here();
    this.op('ll', { base, rt: TEMP, offset });
    if (random.chance(25)) this.step();
    this.op('addiu', { rs: TEMP, rt: TEMP, imm: 1 });
    this.op('sc', { base, rt: TEMP, offset });
    if (random.chance(80)) {
      this.branch(random.pick(['beq', 'beql']), { rs: TEMP, rt: 0 }, again);
      this.slot();
    } else this.op('or', { rs: TEMP, rt: 0, rd: random.pick(SCRATCH) });
  }

  /** A loop over memory in large steps: it crosses pages and misses the TLB. */
  private walk(): void {
    const { random } = this;
    const counter = COUNTERS[this.depth];
    if (counter === undefined) return;
    const base = random.pick([POINTER.user, POINTER.mapped, POINTER.kernel, POINTER.data, POINTER.far]);
    this.constant(counter, 3 + random.below(12));
    const top = this.here();
    this.op('sll', { rt: counter, rd: TEMP2, sa: 4 + random.below(9) });
    this.op('addu', { rs: TEMP2, rt: base, rd: TEMP2 });
    const fields = { base: TEMP2, rt: random.pick(SCRATCH), offset: 4 * random.below(64) };
    this.op(random.pick(['lw', 'lw', 'sw', 'lbu', 'lh', 'sb', 'sh', 'lwl', 'lwr', 'swl', 'swr']), fields);
    this.straight(random.below(3));
    this.goBack(counter, top);
  }

  /** Store into code: the immediate of a place to patch, a whole instruction, or a small function that is called then. */
  private rewrite(): void {
    const { random } = this;
    const dice = random.below(10);
    const [hole] = this.holes;
    if (dice < 3 && hole) this.makeFunction(hole);
    else if (dice < 5 && hole) {
      // Data beside code.
      this.address(POINTER.code, random.pick(this.holes));
      const fields = { base: POINTER.code, rt: random.pick(SCRATCH), offset: 4 * random.below(4) };
      this.op(random.pick(['sw', 'sb', 'lw', 'sh']), fields);
    } else this.patchSomewhere();
  }

  private patchSomewhere(): void {
    const { random } = this;
    const skip = this.label();
    const counter = COUNTERS[Math.max(0, this.depth - 1)]!;
    if (random.chance(60)) this.every(counter, 4, skip);
    if (this.patches.length > 0 && random.chance(50)) {
      const place = random.pick(this.patches);
      this.address(TEMP2, place);
      const low = this.flavour.bigEndian ? 2 : 0;
      if (random.chance(30)) this.op('sh', { base: TEMP2, rt: counter, offset: low });
      else this.putWord(TEMP2, 0);
    } else {
      this.address(TEMP2, this.here());
      this.putWord(TEMP2, 4 * (random.below(28) - 6));
    }
    this.mark(skip);
  }

  /** Store the word of a plain instruction. */
  private putWord(base: number, offset: number): void {
    const word = this.random.chance(20)
      ? 0
      : this.flavour.rows.word(this.random.chance(80) ? 'plain' : 'load', this.random, this.registers);
    this.constant(TEMP, word);
    this.op(this.random.chance(90) ? 'sw' : 'sc', { base, rt: TEMP, offset });
  }

  /** A function made at run time: an addition, and the way back. */
  private makeFunction(hole: Label): void {
    const counter = COUNTERS[Math.max(0, this.depth - 1)]!;
    this.address(POINTER.code, hole);
    this.constant(TEMP, 0x24420000); // addiu $v0, $v0, 0
    this.op('or', { rs: TEMP, rt: counter, rd: TEMP });
    this.op('sw', { base: POINTER.code, rt: TEMP, offset: 0 });
    this.constant(TEMP, 0x03e00008); // jr $ra
    this.op('sw', { base: POINTER.code, rt: TEMP, offset: 4 });
    this.op('sw', { base: POINTER.code, rt: 0, offset: 8 });
    if (this.random.chance(50)) this.op('synci', { base: POINTER.code, offset: 0 });
    this.op('jalr', { rs: POINTER.code, rd: 31, hint: 0 });
    this.slot();
  }

  /** Words that are jumped over. */
  hole(): void {
    const end = this.label();
    this.branch('beq', { rs: 0, rt: 0 }, end);
    this.word(0);
    this.holes.push(this.here());
    for (let i = this.random.below(2) * 64; i >= 0; i--) this.word(0x24420001);
    for (let i = 0; i < 4; i++) this.word(0);
    this.mark(end);
  }

  /** ERET to what follows, as if an exception had been there. */
  private returnFromException(): void {
    const after = this.label();
    this.address(K0, after);
    this.moveToSystem(K0, 14, 0);
    this.moveFromSystem(K0, 12, 0);
    this.op('ori', { rs: K0, rt: K0, imm: 2 });
    this.moveToSystem(K0, 12, 0);
    this.straight(this.random.below(2));
    this.op('eret');
    this.straight(this.random.below(2));
    this.mark(after);
  }

  /** The timer soon, and interrupts on. */
  private timer(): void {
    this.moveFromSystem(K0, 9, 0);
    this.op('addiu', { rs: K0, rt: K0, imm: 5 + this.random.below(200) });
    this.moveToSystem(K0, 11, 0);
    this.constant(K0, 0x8001 | this.flavour.fpuStatus);
    this.moveToSystem(K0, 12, 0);
  }
}
