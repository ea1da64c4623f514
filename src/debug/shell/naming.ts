// Which addresses the debug shell calls by a symbol. Symbols have no sizes here, and a stripped kernel knows its functions only: whatever lies behind
// the last one (data, stacks, modules, user programs) is not its.
import { hex } from '../../util/bits.ts';
import { printable } from '../../util/format.ts';
import type { DebugSymbols } from '../target.ts';

/** Bytes: no function or object that a kernel names is larger. */
const LARGEST = 1 << 20;

/** Labels of linker scripts where something ends: `_end`, `_etext`, `_einittext`, `__bss_stop`, `__init_end`, `__end_rodata`, `__bss_end__`. */
const END_MARKER =
  /^_*(?:e(?:nd|text|data|bss|inittext|rodata)|bss_(?:stop|end)|(?:init|data|rodata)_end|end_rodata)_*$/;

/** `name+0x10`; null when nothing that is known reaches there. */
export function nameOf(symbols: DebugSymbols, address: number): string | null {
  const found = symbols.lookup(address);
  if (!found) return null;
  const { name, offset } = found;
  if (offset === 0) return printable(name);
  return offset < LARGEST && !END_MARKER.test(name) ? `${printable(name)}+${hex(offset, 1)}` : null;
}
