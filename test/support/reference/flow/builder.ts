// Code with labels: words, branches and addresses that are filled in when it is finished.
import { encodeRow } from '../../../../src/cpu/isa/assembler.ts';
import type { RowPicker } from '../row-picker.ts';

/** A place in the code, known once it is marked. */
export interface Label {
  at: number;
}

type FixKind = 'branch' | 'jump' | 'high' | 'low' | 'address';

export class CodeBuilder {
  readonly words: number[] = [];
  private readonly rows: RowPicker;
  private readonly fixes: { readonly at: number; readonly kind: FixKind; readonly label: Label }[] = [];

  constructor(rows: RowPicker) {
    this.rows = rows;
  }

  get position(): number {
    return this.words.length;
  }

  label(): Label {
    return { at: -1 };
  }

  mark(label: Label): Label {
    label.at = this.position;
    return label;
  }

  /** A label here. */
  here(): Label {
    return this.mark(this.label());
  }

  word(word: number): void {
    this.words.push(word >>> 0);
  }

  op(mnemonic: string, fields: Readonly<Record<string, number>> = {}): void {
    this.word(encodeRow(this.rows.named(mnemonic), fields));
  }

  /** A branch; its slot is the caller's to write. */
  branch(mnemonic: string, fields: Readonly<Record<string, number>>, label: Label): void {
    this.fix('branch', label);
    this.op(mnemonic, { ...fields, offset: 0 });
  }

  /** J or JAL; its slot is the caller's to write. */
  jump(mnemonic: 'j' | 'jal', label: Label): void {
    this.fix('jump', label);
    this.op(mnemonic, { index: 0 });
  }

  /** The address of a label into a register, two words. */
  address(register: number, label: Label): void {
    this.fix('high', label);
    this.op('lui', { rt: register, imm: 0 });
    this.fix('low', label);
    this.op('ori', { rs: register, rt: register, imm: 0 });
  }

  /** A constant into a register, one or two words. */
  constant(register: number, value: number): void {
    if (value >= 0 && value < 0x10000) {
      this.op('ori', { rs: 0, rt: register, imm: value });
      return;
    }
    this.op('lui', { rt: register, imm: value >>> 16 });
    this.op('ori', { rs: register, rt: register, imm: value & 0xffff });
  }

  /** A label's address as a word. */
  addressWord(label: Label): void {
    this.fix('address', label);
    this.word(0);
  }

  private fix(kind: FixKind, label: Label): void {
    this.fixes.push({ at: this.position, kind, label });
  }

  /** The words, for code that lies at the virtual address `base`. */
  finish(base: number): readonly number[] {
    for (const { at, kind, label } of this.fixes) {
      if (label.at < 0) throw new Error('a label that was not marked');
      const address = (base + 4 * label.at) >>> 0;
      const word = this.words[at]!;
      if (kind === 'branch') this.words[at] = (word | ((label.at - at - 1) & 0xffff)) >>> 0;
      else if (kind === 'jump') this.words[at] = (word | ((address >>> 2) & 0x3ffffff)) >>> 0;
      else if (kind === 'high') this.words[at] = (word | (address >>> 16)) >>> 0;
      else if (kind === 'low') this.words[at] = (word | (address & 0xffff)) >>> 0;
      else this.words[at] = address;
    }
    return this.words;
  }
}
