// A line on a terminal: drawn over as many rows as it takes, drawn again in place, whatever the width is by then. Returns what to write.
import { characters, positionAfter } from './text-width.ts';

interface Drawn {
  /** The prompt's and the line's. */
  readonly cells: readonly string[];
  readonly cursor: number;
}

const down = (rows: number): string => (rows > 0 ? `\x1b[${rows}B` : '');
const up = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : '');
const CLEAR_BELOW = '\x1b[J';

export class LineDrawing {
  /** What the terminal shows now; null: nothing of ours. */
  private drawn: Drawn | null = null;

  /** Show the line, in the place of what is shown. */
  draw(prompt: string, line: readonly string[], cursor: number, columns: number): string {
    const back = this.erase(columns);
    const cells = [...characters(prompt), ...line];
    const before = cells.length - line.length + cursor;
    this.drawn = { cells, cursor: before };
    const end = positionAfter(cells, columns);
    const at = positionAfter(cells.slice(0, before), columns);
    // A row that is just full: the terminal itself goes to the next one only with the next character.
    const full = end.column === 0 && end.row > 0 ? '\r\n' : '';
    const right = at.column > 0 ? `\x1b[${at.column}C` : '';
    return `${back}${cells.join('')}${full}${up(end.row - at.row)}\r${right}`;
  }

  /** Take it away: the cursor is where the line began. */
  erase(columns: number): string {
    const { drawn } = this;
    this.drawn = null;
    if (!drawn) return `\r${CLEAR_BELOW}`;
    return `\r${up(positionAfter(drawn.cells.slice(0, drawn.cursor), columns).row)}${CLEAR_BELOW}`;
  }

  /** Leave it as it is: the cursor is at the start of the row below. */
  leave(columns: number): string {
    const { drawn } = this;
    this.drawn = null;
    if (!drawn) return '\r\n';
    const end = positionAfter(drawn.cells, columns);
    const at = positionAfter(drawn.cells.slice(0, drawn.cursor), columns);
    const isBelow = end.column === 0 && end.row > 0;
    return `${down(end.row - at.row)}\r${isBelow ? '' : '\n'}`;
  }
}
