// A line of the debug shell, cut into words: blanks part them, except between quotes and parentheses. So an expression with blanks goes into
// parentheses, unless it is the last thing on the line.

export interface Word {
  /** Without the quotes; what a backslash means is unescaped()'s. */
  readonly text: string;
  readonly quoted: boolean;
  /** Where it begins and ends in the line, quotes among it. */
  readonly start: number;
  readonly end: number;
}

/** The words of `line` from `from` on. A quote that is not closed reaches to the end. */
export function cutWords(line: string, from = 0): Word[] {
  const words: Word[] = [];
  let at = from;
  for (;;) {
    while (at < line.length && /\s/.test(line[at]!)) at++;
    if (at >= line.length) return words;
    const word = line[at] === '"' || line[at] === "'" ? quotedWord(line, at) : plainWord(line, at);
    words.push(word);
    at = word.end;
  }
}

function quotedWord(line: string, start: number): Word {
  const quote = line[start];
  let at = start + 1;
  while (at < line.length && line[at] !== quote) at += line[at] === '\\' ? 2 : 1;
  const close = Math.min(at, line.length);
  return { text: line.slice(start + 1, close), quoted: true, start, end: Math.min(close + 1, line.length) };
}

function plainWord(line: string, start: number): Word {
  let depth = 0;
  let at = start;
  for (; at < line.length && (depth > 0 || !/\s/.test(line[at]!)); at++) {
    if (line[at] === '(') depth++;
    else if (line[at] === ')' && depth > 0) depth--;
  }
  return { text: line.slice(start, at), quoted: false, start, end: at };
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, e: 27, a: 7, b: 8, '0': 0 };

const LETTERS: ReadonlyMap<number, string> = new Map([
  [10, '\\n'],
  [13, '\\r'],
  [9, '\\t'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

/** Bytes as ASCII that unescaped() turns into the same bytes, also between double quotes. */
export function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const letter = LETTERS.get(byte);
    if (letter !== undefined) return letter;
    return byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

/** Text as the bytes that it means, in UTF-8: \n \r \t \e \a \b \0, \x1b; before anything else a backslash means that itself. */
export function unescaped(text: string): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [piece, code, letter] of text.matchAll(/\\x([0-9a-fA-F]{2})|\\(.)|[^\\]+|\\$/gsu)) {
    if (code !== undefined) bytes.push(Number.parseInt(code, 16));
    else if (letter !== undefined && Object.hasOwn(ESCAPES, letter)) bytes.push(ESCAPES[letter]!);
    else for (const byte of encoder.encode(letter ?? piece)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
