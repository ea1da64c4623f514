// TLB maintenance by address, as functions of the generated program (ARM DDI 0406C: B3.10.5). The engine's tables have an entry for each page of
// 4 KiB, whatever translated it: what came from a section, a large page or a block goes as a whole, with everything else.
import type { Banks } from '../../../cpu/isa/register-file.ts';
import { and, eqz, loadAt, type Operand, shrU, type Value, type WasmFunction } from '../../../cpu/wasm/code.ts';
import { define } from './words.ts';

/** Pages of 4 KiB dropped at once: an even number. */
const PAGE_PAIR = 2;

export function maintenanceFunctions(banks: Banks): readonly WasmFunction[] {
  const { offset, count } = banks.largePages!;
  const isLarge = (address: Operand): Value =>
    and(shrU(loadAt('i32.load8_u', shrU(address, 27), offset), and(shrU(address, 24), 7)), 1);
  return [
    /** (address, 1: of all vCPUs, 0: of this one). */
    define('forgetAddress', ['i32', 'i32'], 'i32', (c, address, shared) => {
      c.if(isLarge(address), () => {
        // The bits are of all vCPUs.
        c.do('forgetEverywhere', 1);
        for (let n = 0; n < count; n++) c.store('i64.store', offset + 8 * n, 0n);
        c.return(0);
      });
      const page = c.let(and(address, -0x1000 * PAGE_PAIR));
      c.if(shared, () => c.do('forgetPagesEverywhere', page, PAGE_PAIR));
      c.if(eqz(shared), () => c.do('forgetPages', page, PAGE_PAIR));
      c.return(0);
    }),
  ];
}
