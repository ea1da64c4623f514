// Calls and functions: leaf, nested, recursive; returns to other places; other stacks; jump tables and indirect calls.
import type { Label } from './builder.ts';
import { PieceWriter } from './pieces.ts';
import { CODE_POINTERS, COUNTERS, DEPTH, POINTER, RA, SCRATCH, SP, TEMP, TEMP2 } from './registers.ts';

interface Callee {
  readonly label: Label;
  /** Functions call only later ones, and themselves. */
  readonly number: number;
}

const FUNCTIONS = 6;
/** Words of a jump table. */
const TABLE = 4;

export class CallWriter extends PieceWriter {
  private readonly functions: readonly Callee[] = Array.from({ length: FUNCTIONS }, (_, number) => ({
    label: this.label(),
    number,
  }));
  /** First function that may be called from here. */
  private callable = 0;
  private readonly tables: { readonly label: Label; readonly entries: readonly Label[] }[] = [];

  protected call(): void {
    const { random } = this;
    if (this.callable >= FUNCTIONS) {
      this.straight(2);
      return;
    }
    const { label } = this.functions[this.callable + random.below(FUNCTIONS - this.callable)]!;
    this.constant(DEPTH, 1 + random.below(4));
    const dice = random.below(20);
    if (dice < 9) this.jump('jal', label);
    else if (dice < 12) this.branch('bgezal', { rs: 0 }, label);
    else if (dice < 14) this.branch(random.pick(['bltzal', 'bgezal']), { rs: random.pick(SCRATCH) }, label);
    else if (dice < 15) this.branch(random.pick(['bltzall', 'bgezall']), { rs: random.pick(SCRATCH) }, label);
    else if (dice < 18) {
      const pointer = random.pick(CODE_POINTERS);
      this.address(pointer, label);
      this.op('jalr', { rs: pointer, rd: random.chance(85) ? RA : 30, hint: 0 });
    } else {
      this.addressFromTable(this.addTable(this.functions.slice(this.callable).map((callee) => callee.label)));
      this.op('jalr', { rs: TEMP2, rd: RA, hint: 0 });
    }
    this.callSlot();
  }

  /** The slot of a call: at times it reads or changes the link. */
  private callSlot(): void {
    const dice = this.random.below(20);
    if (dice < 2) this.op('or', { rs: RA, rt: 0, rd: this.random.pick(SCRATCH) });
    else if (dice < 3) this.op('sw', { base: SP, rt: RA, offset: 0 });
    else if (dice < 4) this.op('addiu', { rs: RA, rt: RA, imm: 4 });
    else if (dice < 5) this.op('lw', { base: POINTER.user, rt: RA, offset: 0 });
    else this.slot();
  }

  protected table(): void {
    const end = this.label();
    const places = Array.from({ length: TABLE }, () => this.label());
    this.addressFromTable(this.addTable(places));
    this.op('jr', { rs: TEMP2, hint: 0 });
    this.slot();
    for (const place of places) {
      this.mark(place);
      this.straight(this.random.below(3));
      if (this.random.chance(50)) this.goTo(end);
    }
    this.mark(end);
  }

  /** TEMP2 := one of the table's addresses, by a counter. */
  private addressFromTable(table: Label): void {
    this.address(TEMP2, table);
    this.op('andi', { rs: COUNTERS[Math.max(0, this.depth - 1)]!, rt: TEMP, imm: TABLE - 1 });
    this.op('sll', { rt: TEMP, rd: TEMP, sa: 2 });
    this.op('addu', { rs: TEMP, rt: TEMP2, rd: TEMP2 });
    this.op('lw', { base: TEMP2, rt: TEMP2, offset: 0 });
  }

  private addTable(entries: readonly Label[]): Label {
    const label = this.label();
    this.tables.push({ label, entries: Array.from({ length: TABLE }, (_, i) => entries[i % entries.length]!) });
    return label;
  }

  /** What follows the main program: functions, and the tables. */
  writeFunctions(): void {
    for (const callee of this.functions) this.writeFunction(callee);
    this.callable = 0;
    for (const { label, entries } of this.tables) {
      this.mark(label);
      for (const entry of entries) this.addressWord(entry);
    }
  }

  private writeFunction({ label, number }: Callee): void {
    this.callable = number + 1;
    this.depth = Math.min(2, number);
    const dice = this.random.below(12);
    this.mark(label);
    if (dice < 4) this.leaf();
    else if (dice < 5) this.leafWithLoop();
    else if (dice < 7) this.nested();
    else if (dice < 9) this.recursive(label);
    else if (dice < 10) this.otherReturn();
    else if (dice < 11) this.otherStack();
    else this.tailCall();
    this.depth = 0;
  }

  private back(register: number = RA): void {
    this.op('jr', { rs: register, hint: 0 });
    this.slot();
  }

  private leaf(): void {
    const out = this.label();
    if (this.random.chance(30)) this.patches.push(this.here());
    for (let n = this.random.below(5); n >= 0; n--) this.simple();
    if (this.random.chance(40)) this.conditional(out);
    if (this.random.chance(50)) this.kind('load');
    if (this.random.chance(20)) this.straight(this.random.below(3));
    this.mark(out);
    this.back();
  }

  private leafWithLoop(): void {
    this.callable = FUNCTIONS;
    this.loop();
    this.back();
  }

  private saveLink(): void {
    this.op('addiu', { rs: SP, rt: SP, imm: 0xfff0 });
    this.op('sw', { base: SP, rt: RA, offset: 8 });
  }

  private restoreLink(): void {
    this.op('lw', { base: SP, rt: RA, offset: 8 });
    this.op('jr', { rs: RA, hint: 0 });
    this.op('addiu', { rs: SP, rt: SP, imm: 16 });
  }

  private nested(): void {
    this.saveLink();
    this.straight(this.random.below(3));
    this.call();
    this.straight(this.random.below(3));
    if (this.random.chance(40)) this.call();
    this.restoreLink();
  }

  private recursive(self: Label): void {
    const out = this.label();
    this.branch('blez', { rs: DEPTH }, out);
    this.op('addiu', { rs: DEPTH, rt: DEPTH, imm: 0xffff });
    this.saveLink();
    this.straight(this.random.below(3));
    this.jump('jal', self);
    this.slot();
    this.straight(this.random.below(3));
    this.restoreLink();
    this.mark(out);
    this.back();
  }

  /** Back, but not to where the call says: a few instructions on, or through another register or memory. */
  private otherReturn(): void {
    const { random } = this;
    this.straight(random.below(3));
    const dice = random.below(3);
    const pointer = random.pick(CODE_POINTERS);
    if (dice === 0) this.op('addiu', { rs: RA, rt: RA, imm: 4 * (1 + random.below(2)) });
    else if (dice === 1) this.op('addu', { rs: RA, rt: 0, rd: pointer });
    else {
      this.op('sw', { base: SP, rt: RA, offset: 4 });
      this.op('lw', { base: SP, rt: pointer, offset: 4 });
    }
    this.back(dice === 0 ? RA : pointer);
  }

  /** Work on another stack. */
  private otherStack(): void {
    this.op('or', { rs: RA, rt: 0, rd: CODE_POINTERS[1] });
    this.op('or', { rs: SP, rt: 0, rd: TEMP });
    this.op('addiu', { rs: SP, rt: SP, imm: 0x100 });
    this.op('sw', { base: SP, rt: TEMP, offset: 12 });
    this.call();
    this.op('lw', { base: SP, rt: SP, offset: 12 });
    this.back(CODE_POINTERS[1]);
  }

  private tailCall(): void {
    this.straight(this.random.below(3));
    if (this.callable >= FUNCTIONS) this.back();
    else {
      this.jump('j', this.functions[this.callable]!.label);
      this.slot();
    }
  }
}
