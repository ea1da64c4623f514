// How the debug shell lays out what it shows: stable columns, fit for diffing.
import { hex } from '../../util/bits.ts';
import { grouped } from '../../util/format.ts';
import type { DebugTarget } from '../target.ts';

/** Rows of cells as lines: columns two blanks apart, as wide as their widest cell; `right`: which of them end together. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** Guest nanoseconds as `0.000123s`: to the microsecond however late it is, as instants are compared here. */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(6)}s`;
}

/** `cpu0 @12,345 0.000123s` */
export function moment({ clock }: Pick<DebugTarget, 'clock'>, cpu: number | null): string {
  const where = cpu === null ? '' : `cpu${cpu} `;
  return `${where}@${grouped(clock.instructions)} ${seconds(clock.guestTimeNs)}`;
}

/** Digits without 0x, as many as `bits` take. */
export function digits(value: number | bigint, bits: number): string {
  return value.toString(16).padStart(bits / 4, '0');
}

const PRINTABLE_FROM = 0x20;
const PRINTABLE_TO = 0x7e;

/** Bytes as ASCII, a dot for what is none. */
export function ascii(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= PRINTABLE_FROM && byte <= PRINTABLE_TO ? String.fromCharCode(byte) : '.',
  ).join('');
}

/** `0x00001000..0x00001fff`, both ends in it. */
export function span(base: number, size: number): string {
  return `${hex(base)}..${hex(base + Math.max(size, 1) - 1)}`;
}

/** The number of 1 to 4 bytes in the guest's order. */
export function numberIn(bytes: Uint8Array, endianness: 'little' | 'big'): number {
  let value = 0;
  const ordered = endianness === 'big' ? bytes : bytes.slice().reverse();
  for (const byte of ordered) value = value * 256 + byte;
  return value;
}

/** `value` as `size` bytes in the guest's order. */
export function bytesOf(value: number, size: number, endianness: 'little' | 'big'): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff);
  return endianness === 'big' ? bytes.reverse() : bytes;
}
