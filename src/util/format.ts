// Numbers and text as tsvm shows them: guest time first, thousands grouped, and nothing that can steer a terminal.

/** 1234567 is `1,234,567`. */
export function grouped(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Guest nanoseconds as seconds: milliseconds from a tenth of a second up, microseconds below. */
export function guestSeconds(ns: number): string {
  return `${(ns / 1e9).toFixed(ns >= 1e8 ? 3 : 6)}s`;
}

/** A moment of a run: `3.412s @ 412,885,103`, guest time in nanoseconds and instructions. */
export function instant(at: { readonly guestTimeNs: number; readonly instructions: number }): string {
  return `${guestSeconds(at.guestTimeNs)} @ ${grouped(at.instructions)}`;
}

/** Host milliseconds: `412 ms`, `2.9 s`. */
export function hostTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/**
 * What may not reach a terminal as it is: C0, C1, DEL, line and paragraph separators, marks that turn text around; and
 * what no reader has to take: halves of surrogate pairs, U+FFFE and U+FFFF. All are below U+10000.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufffe\uffff]/gu;

const unicodeEscape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text from a guest or a file on one line, safe for a terminal: what is unsafe becomes an escape. */
export function printable(text: string): string {
  // C1 controls are two bytes in UTF-8, so they are spelled \u, not \x.
  return text.replace(UNSAFE, (char) =>
    char < '\x80' ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}` : unicodeEscape(char),
  );
}

/** JSON on one line that is safe for a terminal and reads back as the same value. */
export function printableJson(value: unknown): string {
  // Outside of its strings JSON has ASCII only, so every escape lands in a string.
  return JSON.stringify(value).replace(UNSAFE, unicodeEscape);
}
