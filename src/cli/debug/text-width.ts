// Columns that text takes on a terminal (Unicode Standard Annex 11): wide characters and emoji two, marks none.

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u;
const MARK = /^[\p{Mn}\p{Me}\p{Cf}]/u;
const ASCII = /^[\x20-\x7e]*$/;

const segmenter = new Intl.Segmenter('en');

/** What the cursor moves over at once. */
export function characters(text: string): string[] {
  return ASCII.test(text) ? [...text] : Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns of one of `characters`. */
export function widthOf(character: string): 0 | 1 | 2 {
  if (ASCII.test(character)) return 1;
  if (WIDE.test(character)) return 2;
  return MARK.test(character) ? 0 : 1;
}

export interface Position {
  readonly row: number;
  readonly column: number;
}

/** Where the cursor stands behind characters that are written from the first column on. Behind a full row: in the next one. */
export function positionAfter(written: readonly string[], columns: number): Position {
  let row = 0;
  let column = 0;
  for (const character of written) {
    const width = widthOf(character);
    // A wide character that does not fit goes to the next row.
    if (column + width > columns) {
      row++;
      column = 0;
    }
    column += width;
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column };
}
