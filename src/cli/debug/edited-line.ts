// The text of a line that is being edited, its cursor, and what Emacs' editing commands do to them. Operations say whether they could do anything.
import { characters } from './text-width.ts';

/** Characters of a line; the shell takes no much longer ones either. */
const MAX_LINE = 4096;

const isWord = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}_]/u.test(character);

export class EditedLine {
  /** Characters as the cursor moves over them. */
  cells: readonly string[] = [];
  /** How many are before the cursor. */
  cursor = 0;
  private killed = '';

  get text(): string {
    return this.cells.join('');
  }

  /** The part before the cursor. */
  get before(): string {
    return this.cells.slice(0, this.cursor).join('');
  }

  /** The whole text, with the cursor behind it. */
  replace(text: string): void {
    this.cells = characters(text).slice(0, MAX_LINE);
    this.cursor = this.cells.length;
  }

  insert(text: string): boolean {
    if (this.cells.length + text.length > MAX_LINE) return false;
    const before = this.before + text;
    // A mark that comes after its letter becomes one character with it.
    this.cells = characters(before + this.cells.slice(this.cursor).join(''));
    this.cursor = Math.min(characters(before).length, this.cells.length);
    return true;
  }

  moveTo(cursor: number): boolean {
    const to = Math.max(0, Math.min(cursor, this.cells.length));
    const moved = to !== this.cursor;
    this.cursor = to;
    return moved;
  }

  /** Take [from, to) out; `keep`: for yank(). */
  remove(from: number, to: number, keep: boolean): boolean {
    const start = Math.max(0, from);
    const end = Math.min(to, this.cells.length);
    if (start >= end) return false;
    if (keep) this.killed = this.cells.slice(start, end).join('');
    this.cells = [...this.cells.slice(0, start), ...this.cells.slice(end)];
    this.cursor = start;
    return true;
  }

  yank(): boolean {
    return this.killed !== '' && this.insert(this.killed);
  }

  /** Exchange the characters around the cursor; at the end the last two. */
  transpose(): boolean {
    const at = Math.min(this.cursor, this.cells.length - 1);
    if (at < 1) return false;
    this.cells = [...this.cells.slice(0, at - 1), this.cells[at]!, this.cells[at - 1]!, ...this.cells.slice(at + 1)];
    this.cursor = at + 1;
    return true;
  }

  /** Where the word before the cursor begins. */
  get wordStart(): number {
    let at = this.cursor;
    while (at > 0 && !isWord(this.cells[at - 1])) at--;
    while (at > 0 && isWord(this.cells[at - 1])) at--;
    return at;
  }

  /** Where the word behind the cursor ends. */
  get wordEnd(): number {
    let at = this.cursor;
    while (at < this.cells.length && !isWord(this.cells[at])) at++;
    while (at < this.cells.length && isWord(this.cells[at])) at++;
    return at;
  }

  /** As wordStart, with only blanks between words. */
  get blankStart(): number {
    let at = this.cursor;
    while (at > 0 && this.cells[at - 1] === ' ') at--;
    while (at > 0 && this.cells[at - 1] !== ' ') at--;
    return at;
  }
}
