// What ARM's PrimeCell peripherals have in common (PL011: ARM DDI 0183; PL031: ARM DDI 0224): a page of 32-bit registers on the APB,
// which has no byte lanes, and at its end eight bytes that say what the part is.
import type { RegisterBlock, RegisterSpec } from './registers.ts';

/** Bytes of a PrimeCell's window. */
export const PRIMECELL_SIZE = 0x1000;

const PERIPH_ID = 0xfe0;
const PCELL_ID = 0xff0;
const PCELL_BYTES = [0x0d, 0xf0, 0x05, 0xb1];
/** ARM Limited, in two nibbles. */
const DESIGNER = 0x41;

/** PeriphID0 to 3 and PCellID0 to 3 of part number `part` (three decimal digits in hexadecimal, such as 0x011). */
export function identification(part: number, revision: number): RegisterSpec<never>[] {
  const periph = [part & 0xff, ((DESIGNER & 0xf) << 4) | (part >>> 8), (revision << 4) | (DESIGNER >>> 4), 0];
  const bytes = (name: string, base: number, values: readonly number[]): RegisterSpec<never>[] =>
    values.map((value, i) => ({ name: `${name}${i}`, offset: base + 4 * i, access: 'r', read: () => value }));
  return [...bytes('periphid', PERIPH_ID, periph), ...bytes('pcellid', PCELL_ID, PCELL_BYTES)];
}

/** A read narrower than a register sees its low bytes. */
export function apbRead(block: RegisterBlock, offset: number, length: 1 | 2 | 4): number {
  return narrow(block.read(offset, 4), length);
}

/** A write narrower than a register writes all of it, zeros above. */
export function apbWrite(block: RegisterBlock, offset: number, length: 1 | 2 | 4, value: number): void {
  block.write(offset, 4, narrow(value, length));
}

function narrow(value: number, length: 1 | 2 | 4): number {
  return length === 4 ? value >>> 0 : value & (length === 2 ? 0xffff : 0xff);
}
