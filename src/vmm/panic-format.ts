// The format string of panic(): expanded from the guest's memory as far as it is simple, and compared with what the console shows
// (lib/vsprintf.c for the conversions).

const CONVERSION = /%([-+ #0]*)(\d*|\*)(?:\.(\d+|\*))?(hh|h|ll|l|z|t|L)?([a-zA-Z%])([A-Za-z0-9]*)/g;

export interface FormatArguments {
  /** Argument `n` after the format, counted from 0, unsigned; undefined when it cannot be read. */
  argument(n: number): number | undefined;
  /** The text at an address, or undefined. */
  text(address: number): string | undefined;
}

/** The message, or null when a conversion is beyond this. */
export function expandFormat(format: string, { argument, text }: FormatArguments): string | null {
  let n = 0;
  let failed = false;
  const message = format.replace(
    CONVERSION,
    (whole, flags: string, width: string, precision, size, kind: string, rest: string) => {
      if (kind === '%') return `%${rest}`;
      const value = width === '*' || precision === '*' || size === 'll' ? undefined : argument(n++);
      const shown = value === undefined ? undefined : convert(kind, value, text, precision);
      if (shown === undefined) {
        failed = true;
        return whole;
      }
      return pad(shown, flags, Number(width)) + (kind === 'p' ? '' : rest);
    },
  );
  return failed ? null : message.trimEnd();
}

function convert(
  kind: string,
  value: number,
  text: (address: number) => string | undefined,
  precision: string | undefined,
): string | undefined {
  switch (kind) {
    case 's':
      return text(value)?.slice(0, precision === undefined ? undefined : Number(precision));
    case 'd':
    case 'i':
      return String(value | 0);
    case 'u':
      return String(value >>> 0);
    case 'x':
    case 'X':
      return (value >>> 0).toString(16);
    case 'p':
      return (value >>> 0).toString(16).padStart(8, '0');
    case 'c':
      return String.fromCharCode(value & 0xff);
    default:
      return undefined;
  }
}

function pad(text: string, flags: string, width: number): string {
  if (!(width > 0 && width <= 64)) return text;
  if (flags.includes('-')) return text.padEnd(width);
  return text.padStart(width, flags.includes('0') ? '0' : ' ');
}

/** Could `message` have come from `format`? */
export function matchesFormat(format: string, message: string): boolean {
  // Pieces between conversions, in order; no regular expression is made from what a guest says.
  const pieces = format
    .trimEnd()
    .split('\n')[0]!
    .replaceAll('%%', '\0')
    .split(CONVERSION_ONLY)
    .map((piece) => piece.replaceAll('\0', '%'));
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    const found = i === 0 ? (message.startsWith(piece) ? 0 : -1) : message.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  const last = pieces.at(-1)!;
  return last === '' ? pieces.length > 1 || at === message.length : message.endsWith(last);
}

const CONVERSION_ONLY = /%[-+ #0]*(?:\d*|\*)(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|t|L)?(?:p[A-Za-z0-9]*|[a-zA-Z])/;
