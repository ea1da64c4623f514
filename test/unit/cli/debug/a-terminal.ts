// A terminal as xterm is one, as far as the line editor needs it: characters of one or two columns, wrapping as late as possible, the cursor and
// erasing sequences. What it does not know fails the test.
import { characters, widthOf } from '../../../../src/cli/debug/text-width.ts';

export class ATerminal {
  columns: number;
  /** Cells by row; the second column of a wide character is empty. */
  private rows: string[][] = [[]];
  private row = 0;
  private column = 0;
  /** The last column is written, and the next character wraps. */
  private full = false;
  bells = 0;
  pasteMode = false;

  constructor(columns = 80) {
    this.columns = columns;
  }

  /** What is seen, without blanks at the ends. */
  get lines(): string[] {
    const lines = this.rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** The row of the cursor, with | where that stands. */
  get marked(): string {
    const cells = Array.from(this.rows[this.row]!, (cell) => cell ?? ' ');
    while (cells.length < this.column) cells.push(' ');
    return `${cells.slice(0, this.column).join('')}|${cells.slice(this.column).join('')}`;
  }

  get cursor(): readonly [row: number, column: number] {
    return [this.row, this.full ? this.columns : this.column];
  }

  write(text: string): void {
    let rest = text;
    while (rest !== '') {
      const [sequence = ''] = rest.startsWith('\x1b') ? (/^.\[[?\d;]*[A-Za-z]/.exec(rest) ?? []) : [];
      if (sequence !== '') this.control(sequence);
      const [plain = ''] = /^[^\p{Cc}]+/u.exec(rest) ?? [];
      for (const character of characters(plain)) this.put(character);
      if (sequence === '' && plain === '') this.single(rest[0]!);
      rest = rest.slice(Math.max(sequence.length, plain.length, 1));
    }
  }

  private single(character: string): void {
    if (character === '\r') this.column = 0;
    else if (character === '\n') this.down();
    else if (character === '\x07') this.bells++;
    else throw new Error(`the terminal got ${JSON.stringify(character)}`);
    this.full = false;
  }

  private down(): void {
    this.row++;
    this.rows[this.row] ??= [];
  }

  private put(character: string): void {
    const width = widthOf(character);
    if (width === 0) return;
    if (this.full || this.column + width > this.columns) {
      this.down();
      this.column = 0;
    }
    const cells = this.rows[this.row]!;
    cells[this.column] = character;
    if (width === 2) cells[this.column + 1] = '';
    this.full = this.column + width === this.columns;
    this.column = Math.min(this.column + width, this.columns - 1);
  }

  private control(sequence: string): void {
    const [, digits = '', final] = /^.\[(.*)(.)$/.exec(sequence)!;
    const count = Number(digits || '1');
    this.full = false;
    if (sequence === '\x1b[?2004h') this.pasteMode = true;
    else if (sequence === '\x1b[?2004l') this.pasteMode = false;
    else if (sequence === '\x1b[2J') this.rows = [[]];
    else if (sequence === '\x1b[H') [this.row, this.column] = [0, 0];
    else if (final === 'A') this.row = Math.max(0, this.row - count);
    else if (final === 'B') this.row = Math.min(this.rows.length - 1, this.row + count);
    else if (final === 'C') this.column = Math.min(this.columns - 1, this.column + count);
    else if (sequence === '\x1b[J') {
      this.rows.length = this.row + 1;
      this.rows[this.row]!.length = Math.min(this.rows[this.row]!.length, this.column);
    } else throw new Error(`the terminal got ${JSON.stringify(sequence)}`);
  }
}
