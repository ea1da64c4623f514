// Dropping what the software TLB has filled (soft-tlb.ts), in WebAssembly. A filled page is listed by what drops it, so that a flush never clears
// megabytes. Entries dropped one by one stay listed.
import { add, type Code, ltU, mul, type Operand, shl, type Value, type WasmFunction } from '../wasm/code.ts';
import {
  FETCH_TABLE,
  FILL,
  FILL_LIST_SIZE,
  FILL_LISTS,
  READ_TABLE,
  SET_SIZE,
  TABLE_SETS,
  WORD,
  WRITE_TABLE,
} from './layout.ts';
import { define, tableOffset, word, wordAt } from './slow-path-words.ts';

const TABLES = [READ_TABLE, WRITE_TABLE, FETCH_TABLE];

/** Run `body` with the address of each listed word. */
function forEachListed(c: Code, list: Operand, body: (entry: Value) => void): void {
  const at = c.let(list);
  const end = c.let(add(at, shl(wordAt(at), 2)));
  c.while(ltU(at, end), () => {
    c.set(at, add(at, 4));
    body(wordAt(at));
  });
}

/** `privileges`: table sets of a vCPU. */
export function forgetting(privileges: number): readonly WasmFunction[] {
  const sets = Array.from({ length: privileges }, (_, set) => set * SET_SIZE);
  const listOf = (kind: number): number => FILL_LISTS + kind * FILL_LIST_SIZE;
  return [
    /** (list): drop what is listed. */
    define('forgetList', 1, (c, list) => {
      const entry = c.let('i32');
      forEachListed(c, list, (listed) => {
        c.set(entry, listed);
        for (const table of TABLES) c.storeAt('i32.store', entry, 0, table);
      });
      c.storeAt('i32.store', list, 0);
      c.return(0);
    }),
    /** (first table set of a vCPU, all): drop what came from the guest's TLB: all of it, or only what is not global. */
    define('forgetMapped', 2, (c, tables, all) => {
      for (const set of sets) c.do('forgetList', add(tables, set + listOf(FILL.SPACE)));
      c.if(all, () => {
        for (const set of sets) c.do('forgetList', add(tables, set + listOf(FILL.GLOBAL)));
      });
      c.return(0);
    }),
    /** (all): the same, for the vCPU that runs. */
    define('forgetTranslations', 1, (c, all) => c.return(c.call('forgetMapped', 'i32', word(WORD.TABLES), all))),
    /** (set, all): the same, of one table set. */
    define('forgetSet', 2, (c, set, all) => {
      const tables = c.let(add(word(WORD.TABLES), mul(set, SET_SIZE)));
      c.do('forgetList', add(tables, listOf(FILL.SPACE)));
      c.if(all, () => c.do('forgetList', add(tables, listOf(FILL.GLOBAL))));
      c.return(0);
    }),
    /** (all): of all sets of all vCPUs. */
    define('forgetEverywhere', 1, (c, all) => {
      const tables = c.let(TABLE_SETS);
      c.while(ltU(tables, word(WORD.TABLES_END)), () => {
        c.do('forgetMapped', tables, all);
        c.set(tables, add(tables, privileges * SET_SIZE));
      });
      c.return(0);
    }),
    /** (address, pages): drop so many pages of the vCPU that runs; an even number, from an even page on. */
    define('forgetPages', 2, (c, address, pages) =>
      c.return(c.call('forgetPagesOf', 'i32', word(WORD.TABLES), address, pages)),
    ),
    /** The same, for all vCPUs. */
    define('forgetPagesEverywhere', 2, (c, address, pages) => {
      const tables = c.let(TABLE_SETS);
      c.while(ltU(tables, word(WORD.TABLES_END)), () => {
        c.do('forgetPagesOf', tables, address, pages);
        c.set(tables, add(tables, privileges * SET_SIZE));
      });
      c.return(0);
    }),
    /** (first table set of a vCPU, address, pages). */
    define('forgetPagesOf', 3, (c, tables, address, pages) => {
      const at = c.let(add(tables, tableOffset(address)));
      const end = c.let(add(at, shl(pages, 2)));
      c.while(ltU(at, end), () => {
        for (const set of sets) for (const table of TABLES) c.storeAt('i64.store', at, 0n, set + table);
        c.set(at, add(at, 8));
      });
      c.return(0);
    }),
  ];
}
