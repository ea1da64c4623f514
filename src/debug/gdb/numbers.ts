// Numbers in packets: hexadecimal, without 0x; addresses as gdb has them.
import type { DebugView } from '../../cpu/isa/debug-view.ts';

const MAX_UNSIGNED = 0xffff_ffff;

/** A number of up to 53 bits; null when `text` is none. */
export function numberOf(text: string): number | null {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) return null;
  const value = Number.parseInt(text, 16);
  return Number.isSafeInteger(value) ? value : null;
}

/** A guest address, which gdb may have sign-extended to 64 bits; null when it is none. */
export function addressOf(text: string): number | null {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) return null;
  const value = BigInt(`0x${text}`);
  const low = Number(value & 0xffff_ffffn);
  const high = value >> 32n;
  return high === 0n || (high === 0xffff_ffffn && low > 0x7fff_ffff) ? low : null;
}

/** `text` in two at the first `mark`; null when there is none. */
export function halves(text: string, mark: string): readonly [string, string] | null {
  const at = text.indexOf(mark);
  return at < 0 ? null : [text.slice(0, at), text.slice(at + 1)];
}

/** `ADDRESS,LENGTH`; null when it is not that, or goes beyond the last address. */
export function rangeOf(text: string): { readonly address: number; readonly length: number } | null {
  const parts = halves(text, ',');
  if (!parts) return null;
  const address = addressOf(parts[0]);
  const length = numberOf(parts[1]);
  if (address === null || length === null || address + length > MAX_UNSIGNED + 1) return null;
  return { address, length };
}

/** Does gdb sign-extend 32-bit addresses? It does on MIPS: kseg0 begins at 0xffffffff80000000 (mips_elf32's vma). */
export function signExtends(view: DebugView): boolean {
  return view.gdb.architecture.startsWith('mips');
}

/** An address in a stop reply: gdb compares it with its own. */
export function addressFor(view: DebugView, address: number): string {
  const low = (address >>> 0).toString(16);
  return signExtends(view) && address > 0x7fff_ffff ? `ffffffff${low}` : low;
}
