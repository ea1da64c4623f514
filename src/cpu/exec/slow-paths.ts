// What the generated program does when a memory table misses, in WebAssembly too: translate by the architecture's routine, find the slot, fill
// the entry, and make the access. Only what guest RAM does not serve goes on to the host (memory-access.ts; fetches: Core.fetch).
//
// A filled page is listed by what drops it, so that a flush never clears megabytes. Entries dropped one by one stay listed.
import {
  ACCESS_AS_USER,
  Access,
  RULE,
  Translated,
  WORD_GLOBAL,
  WORD_MAPPED,
  WORD_OUTCOME,
  WORD_TRAP_SHIFT,
} from '../isa/architecture.ts';
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  geU,
  load,
  loadAt,
  ltU,
  mul,
  ne,
  type Operand,
  or,
  select,
  shl,
  shrS,
  shrU,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
  xor,
} from '../wasm/code.ts';
import type { MemoryOp } from '../wasm/opcodes.ts';
import {
  ACCESS_ANY,
  ACCESS_LINKED,
  ACCESS_REPORTED,
  ACCESS_SIGNED,
  ACCESS_UNCACHED,
  ACCESS_USER,
  SLOW_STORE,
  STORE_TYPE,
} from './conventions.ts';
import {
  CODE_LINE_SHIFT,
  CODE_MAP,
  FETCH_TABLE,
  FILL,
  FILL_LIST_SIZE,
  FILL_LISTS,
  MAX_LISTED,
  PAGE,
  PAGE_MAP,
  PAGE_MAP_SIZE,
  PAGE_SHIFT,
  PAGE_SIZE,
  READ_TABLE,
  RECORD_SHIFT,
  SET_SIZE,
  SLOT,
  SLOT_COUNT,
  SLOT_SIZE,
  SLOTS,
  TABLE_SETS,
  WHY,
  WORD,
  WRITE_TABLE,
} from './layout.ts';
import { manyRegisters } from './many-registers.ts';

export interface SlowPathOptions {
  readonly bigEndian: boolean;
  /** Table sets. */
  readonly privileges: number;
  /** Names of the architecture's routines. */
  readonly translate: string;
  readonly recordFault: string;
  readonly accessRules: string | null;
  readonly interworking: boolean;
}

const TABLES = [READ_TABLE, WRITE_TABLE, FETCH_TABLE];
const OFFSET_MASK = PAGE_SIZE - 1;

const word = (address: number): Value => load('i32.load', address);
const wordAt = (address: Operand, offset = 0): Value => loadAt('i32.load', address, offset);
/** Where the page of an address has its word in a table at 0. */
const tableOffset = (address: Operand): Value => and(shrU(address, PAGE_SHIFT - 2), 0x3ffffc);
/** Bytes of an access, from its descriptor. */
const bytesOf = (descriptor: Operand): Value => shrU(and(descriptor, 0xff), 3);
const misaligned = (address: Operand, descriptor: Operand): Value => and(address, sub(bytesOf(descriptor), 1));

/** The functions, in an order of no importance; all of them return an i32, but for `missedStore`. */
export function slowPaths(options: SlowPathOptions): readonly WasmFunction[] {
  const ruled =
    options.accessRules === null ? [] : [...ruledAccesses(options.accessRules, options.translate), ...manyRegisters];
  return [...lists(options), fill, findSlot, readPhysical, isMemory, ...accesses(options), ...ruled];
}

function define(name: string, parameters: number, build: (c: Code, ...parameters: Variable[]) => void): WasmFunction {
  return {
    name,
    type: { parameters: Array.from({ length: parameters }, () => 'i32' as const), results: ['i32'] },
    build: (c) => build(c, ...Array.from({ length: parameters }, (_, i) => c.parameter(i))),
  };
}

/** Run `body` with the address of each listed word. */
function forEachListed(c: Code, list: Operand, body: (entry: Value) => void): void {
  const at = c.let(list);
  const end = c.let(add(at, shl(wordAt(at), 2)));
  c.while(ltU(at, end), () => {
    c.set(at, add(at, 4));
    body(wordAt(at));
  });
}

function lists({ privileges }: SlowPathOptions): WasmFunction[] {
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
    /** The same, for all vCPUs. */
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

/** (table, address, entry, what `translate` said of the address): fill a page's entry in the current set. */
const fill = define('fill', 4, (c, table, address, entry, translation) => {
  const sets = c.let(word(WORD.CURRENT_TABLES));
  const at = c.let(add(sets, tableOffset(address)));
  c.if(eqz(or(or(wordAt(at, READ_TABLE), wordAt(at, WRITE_TABLE)), wordAt(at, FETCH_TABLE))), () => {
    const global = select(and(translation, WORD_GLOBAL), FILL.GLOBAL, FILL.SPACE);
    const kind = select(and(translation, WORD_MAPPED), global, FILL.FIXED);
    const list = c.let(add(add(sets, FILL_LISTS), shl(kind, Math.log2(FILL_LIST_SIZE))));
    // What was dropped alone is listed still, so that a list could grow for ever: a full one is emptied, which costs its pages a slow access.
    c.if(eq(wordAt(list), MAX_LISTED), () => c.do('forgetList', list));
    const length = c.let(add(wordAt(list), 1));
    c.storeAt('i32.store', list, length);
    c.storeAt('i32.store', add(list, shl(length, 2)), at);
  });
  c.storeAt('i32.store', add(at, table), entry);
  c.return(0);
});

/** (guest-physical address): its slot's words, or 0. */
const findSlot = define('findSlot', 1, (c, physical) => {
  const slot = c.let(SLOTS);
  const end = c.let(add(SLOTS, shl(word(SLOT_COUNT), Math.log2(SLOT_SIZE))));
  c.while(ltU(slot, end), () => {
    c.if(ltU(sub(physical, wordAt(slot, SLOT.GPA)), wordAt(slot, SLOT.SIZE)), () => c.return(slot));
    c.set(slot, add(slot, SLOT_SIZE));
  });
  c.return(0);
});

/** (guest-physical address of a word): the word, or 0 where there is no memory. */
const readPhysical = define('readPhysical', 1, (c, physical) => {
  const slot = c.let(c.call('findSlot', 'i32', physical));
  c.if(slot, () => c.return(wordAt(add(sub(physical, wordAt(slot, SLOT.GPA)), wordAt(slot, SLOT.HOST)))));
  c.return(0);
});

/** (guest-physical address): is there memory? */
const isMemory = define('isMemory', 1, (c, physical) => c.return(ne(c.call('findSlot', 'i32', physical), 0)));

/** Signed or not, as the descriptor says. */
function extended(c: Code, value: Variable, descriptor: Operand): Value {
  const bits = c.let(sub(32, and(descriptor, 0xff)));
  const shifted = c.let(shl(value, bits));
  return select(and(descriptor, ACCESS_SIGNED), shrS(shifted, bits), shrU(shifted, bits));
}

/** The bytes of an access's width, the other way round. */
function swapped(c: Code, value: Operand, descriptor: Operand): Value {
  const pairs = c.let(or(and(shrU(value, 8), 0x00ff00ff), and(shl(value, 8), 0xff00ff00 | 0)));
  const all = or(shrU(pairs, 16), shl(pairs, 16));
  return select(eq(and(descriptor, 0xff), 32), all, select(eq(and(descriptor, 0xff), 16), pairs, value));
}

/** Accesses of an architecture where misaligned ones may be made all the same, and where data may have the other byte order. */
function ruledAccesses(accessRules: string, translate: string): WasmFunction[] {
  const inPage = (address: Operand, descriptor: Operand): Value =>
    geU(PAGE_SIZE, add(and(address, OFFSET_MASK), bytesOf(descriptor)));
  const isCached = (descriptor: Operand): Value => eqz(and(descriptor, ACCESS_USER));
  const byByte = (descriptor: Operand): Value => or(and(descriptor, ACCESS_USER | ACCESS_UNCACHED), 8);
  /** The host address of a filled page's bytes, else 0. */
  const hostOf = (c: Code, address: Operand, table: number): Variable => {
    const entry = c.let(wordAt(add(word(WORD.CURRENT_TABLES), tableOffset(address)), table));
    return c.let(select(and(add(entry, 1), 3), 0, add(add(address, entry), 1)));
  };
  const bytes = (c: Code, descriptor: Operand, body: (i: Variable, shift: Variable) => void, rules: Operand): void => {
    const i = c.let(0);
    const shift = c.let('i32');
    c.while(ltU(i, bytesOf(descriptor)), () => {
      c.set(shift, select(and(rules, RULE.SWAPPED), sub(sub(bytesOf(descriptor), 1), i), i));
      c.set(shift, shl(shift, 3));
      body(i, shift);
      c.set(i, add(i, 1));
    });
  };
  return [
    define('missedLoad', 2, (c, address, descriptor) => {
      const rules = c.let(c.call(accessRules, 'i32'));
      const value = c.let('i32');
      const wanted = and(descriptor, ACCESS_ANY);
      c.if(and(ne(misaligned(address, descriptor), 0), and(ne(wanted, 0), eqz(and(rules, RULE.STRICT)))), () => {
        c.if(and(isCached(descriptor), inPage(address, descriptor)), () => {
          const host = hostOf(c, address, READ_TABLE);
          c.if(host, () => {
            c.set(value, wordAt(host)); // RAM ends in what is not its own, which is cut off
            c.return(extended(c, value, descriptor));
          });
        });
        bytes(
          c,
          descriptor,
          (i, shift) => {
            c.set(value, or(value, shl(c.call('plainLoad', 'i32', add(address, i), byByte(descriptor)), shift)));
            c.if(word(WORD.WHY), () => c.return(0));
          },
          rules,
        );
        c.return(extended(c, value, descriptor));
      });
      c.if(eqz(and(rules, RULE.SWAPPED)), () => c.return(c.call('plainLoad', 'i32', address, descriptor)));
      c.set(value, c.call('plainLoad', 'i32', address, or(descriptor, ACCESS_UNCACHED)));
      c.set(value, swapped(c, value, descriptor));
      c.return(extended(c, value, descriptor));
    }),
    {
      name: 'missedStore',
      type: STORE_TYPE,
      build: (c) => {
        const [address, descriptor, stored] = [c.parameter(0), c.parameter(1), c.parameter(2)];
        const rules = c.let(c.call(accessRules, 'i32'));
        const wanted = and(descriptor, ACCESS_ANY);
        c.if(and(ne(misaligned(address, descriptor), 0), and(ne(wanted, 0), eqz(and(rules, RULE.STRICT)))), () => {
          c.if(and(isCached(descriptor), inPage(address, descriptor)), () => {
            const host = hostOf(c, address, WRITE_TABLE);
            c.if(host, () => {
              c.if(eq(and(descriptor, 0xff), 16), () => {
                c.storeAt('i32.store16', host, stored);
                c.return();
              });
              c.storeAt('i32.store', host, stored);
              c.return();
            });
          });
          // All of it or none: the end may be on another page.
          const last = c.let(add(address, sub(bytesOf(descriptor), 1)));
          const how = select(and(descriptor, ACCESS_USER), Access.WRITE | ACCESS_AS_USER, Access.WRITE);
          const end = c.let(c.call(translate, 'i32', last, how));
          c.if(eq(and(end, WORD_OUTCOME), Translated.FAULT), () => {
            const begin = c.let(c.call(translate, 'i32', address, how));
            const first = eq(and(begin, WORD_OUTCOME), Translated.FAULT);
            c.do('faultAt', select(first, address, last), shrU(select(first, begin, end), WORD_TRAP_SHIFT), 0);
            c.return();
          });
          bytes(
            c,
            descriptor,
            (i, shift) => {
              c.assign('plainStore', [], add(address, i), byByte(descriptor), shrU(stored, shift));
              c.if(word(WORD.WHY), () => c.return());
            },
            rules,
          );
          c.return();
        });
        const isSwapped = c.let(and(rules, RULE.SWAPPED));
        const described = or(descriptor, select(isSwapped, ACCESS_UNCACHED, 0));
        c.assign('plainStore', [], address, described, select(isSwapped, swapped(c, stored, descriptor), stored));
        c.return();
      },
    },
  ];
}

function accesses({ bigEndian, translate, recordFault, accessRules, interworking }: SlowPathOptions): WasmFunction[] {
  const [loadName, storeName] = accessRules === null ? ['missedLoad', 'missedStore'] : ['plainLoad', 'plainStore'];
  /** Access, and whose rights. */
  const how = (access: Access, descriptor: Operand): Operand =>
    accessRules === null ? access : select(and(descriptor, ACCESS_USER), access | ACCESS_AS_USER, access);
  /** Make a table entry of it, unless it is not to have one. */
  const fillUnless = (c: Code, descriptor: Operand, make: () => void): void => {
    if (accessRules === null) make();
    else c.if(eqz(and(descriptor, ACCESS_USER | ACCESS_UNCACHED)), make);
  };
  const outcome = (translation: Operand): Value => and(translation, WORD_OUTCOME);
  const physical = (translation: Operand, address: Operand): Value =>
    or(and(translation, ~OFFSET_MASK), and(address, OFFSET_MASK));
  /** When the address is in a slot: `body`, with the slot and the host address. */
  const inMemory = (c: Code, translation: Operand, address: Operand, body: (slot: Value, host: Value) => void): void =>
    c.if(eq(outcome(translation), Translated.PHYSICAL), () => {
      const at = c.let(physical(translation, address));
      const slot = c.let(c.call('findSlot', 'i32', at));
      c.if(slot, () => {
        const host = c.let(add(sub(at, wordAt(slot, SLOT.GPA)), wordAt(slot, SLOT.HOST)));
        body(slot, host);
      });
    });
  /** Accesses of one width each; the last one is a word's. */
  const byWidth = (
    c: Code,
    descriptor: Operand,
    host: Operand,
    access: (bits: 8 | 16 | 32, host: Value | Operand) => void,
  ): void => {
    const swapped = (by: number): Operand => (bigEndian ? xor(host, by) : host);
    c.if(eq(and(descriptor, 0xff), 8), () => access(8, swapped(3)));
    c.if(eq(and(descriptor, 0xff), 16), () => access(16, swapped(2)));
    access(32, host);
  };
  const store = (c: Code, descriptor: Operand, host: Operand, stored: Operand): void =>
    byWidth(c, descriptor, host, (bits, at) => {
      const name: MemoryOp & `${string}.store${string}` = bits === 32 ? 'i32.store' : `i32.store${bits}`;
      c.storeAt(name, at, stored);
      c.return();
    });

  return [
    /** (address, trap code, descriptor): the access raises a guest exception. */
    define('faultAt', 3, (c, address, trap, descriptor) => {
      c.do(recordFault, select(and(descriptor, ACCESS_REPORTED), word(WORD.FAULT_ADDRESS), address), trap);
      c.store('i32.store', WORD.TRAP_CODE, trap);
      c.store('i32.store', WORD.WHY, WHY.TRAP);
      c.return(0);
    }),
    /** (address, descriptor): a load that missed. */
    define(loadName!, 2, (c, address, descriptor) => {
      const host = (): void => c.return(c.call('slowLoad', 'i32', address, descriptor));
      c.if(or(misaligned(address, descriptor), word(WORD.ANSWERED)), host);
      const translation = c.let(c.call(translate, 'i32', address, how(Access.READ, descriptor)));
      c.if(eq(outcome(translation), Translated.FAULT), () =>
        c.return(c.call('faultAt', 'i32', address, shrU(translation, WORD_TRAP_SHIFT), descriptor)),
      );
      inMemory(c, translation, address, (_slot, at) => {
        fillUnless(c, descriptor, () => c.do('fill', READ_TABLE, address, sub(sub(at, address), 1), translation));
        c.if(and(descriptor, ACCESS_LINKED), () => c.store('i32.store', WORD.RESERVATION, at));
        byWidth(c, descriptor, at, (bits, place) => {
          if (bits === 32) return c.return(wordAt(place));
          c.if(and(descriptor, ACCESS_SIGNED), () => c.return(loadAt(`i32.load${bits}_s`, place)));
          return c.return(loadAt(`i32.load${bits}_u`, place));
        });
      });
      host();
    }),
    /** (address, descriptor, value): a store that missed, or goes to a page with records. */
    {
      name: storeName!,
      type: STORE_TYPE,
      build: (c) => {
        const [address, descriptor, stored] = [c.parameter(0), c.parameter(1), c.parameter(2)];
        c.if(eqz(misaligned(address, descriptor)), () => {
          const entry = c.let('i32');
          fillUnless(c, descriptor, () =>
            c.set(entry, wordAt(add(word(WORD.CURRENT_TABLES), tableOffset(address)), WRITE_TABLE)),
          );
          if (accessRules !== null)
            // Others come here without having looked at the table.
            c.if(and(entry, 3), () => {
              c.if(eqz(and(add(entry, 1), 3)), () => store(c, descriptor, add(add(address, entry), 1), stored));
            });
          c.if(entry, () => {
            // Aligned and filled, but without the -1: the page has records. Where the line has none, nothing else is to be done.
            const at = c.let(add(address, entry));
            const line = loadAt('i32.load8_u', shrU(at, CODE_LINE_SHIFT), CODE_MAP);
            c.if(eqz(line), () => store(c, descriptor, at, stored));
          });
          c.if(eqz(entry), () => {
            const translation = c.let(c.call(translate, 'i32', address, how(Access.WRITE, descriptor)));
            c.if(eq(outcome(translation), Translated.FAULT), () => {
              c.do('faultAt', address, shrU(translation, WORD_TRAP_SHIFT), descriptor);
              c.return();
            });
            inMemory(c, translation, address, (slot, at) => {
              const page = wordAt(shl(shrU(at, PAGE_SHIFT), 2), PAGE_MAP);
              c.if(and(eq(page, PAGE.WRITTEN), eqz(wordAt(slot, SLOT.WATCHED))), () => {
                fillUnless(c, descriptor, () =>
                  c.do('fill', WRITE_TABLE, address, sub(sub(at, address), 1), translation),
                );
                store(c, descriptor, at, stored);
              });
            });
          });
        });
        for (const argument of [address, descriptor, stored]) argument.push(c.w);
        c.w.call(SLOW_STORE);
        c.return();
      },
    },
    /** (address): the record of an instruction whose fetch missed; or 0, and WORD.WHY says why. */
    define('missedFetch', 1, (c, address) => {
      const set = interworking ? c.let(and(address, 1)) : c.let(0);
      const from = c.let(sub(address, set));
      const isAligned = interworking ? eqz(and(from, select(set, 0, 3))) : eqz(and(address, 3));
      c.if(isAligned, () => {
        const translation = c.let(c.call(translate, 'i32', from, Access.FETCH));
        c.if(eq(outcome(translation), Translated.FAULT), () =>
          c.return(c.call('faultAt', 'i32', from, shrU(translation, WORD_TRAP_SHIFT), 0)),
        );
        inMemory(c, translation, from, (_slot, at) => {
          const map = add(shl(shrU(at, PAGE_SHIFT), 2), mul(set, PAGE_MAP_SIZE));
          const records = c.let(wordAt(map, PAGE_MAP));
          c.if(geU(records, PAGE.WRITTEN + 1), () => {
            // The address that is shifted has the set in bit 0 (fetch-entry.ts).
            const base = sub(sub(records, shl(and(address, ~OFFSET_MASK), RECORD_SHIFT)), shl(set, RECORD_SHIFT));
            c.do('fill', FETCH_TABLE, address, or(base, interworking ? or(set, 2) : 1), translation);
            c.return(add(records, shl(and(from, OFFSET_MASK), RECORD_SHIFT)));
          });
        });
      });
      c.store('i32.store', WORD.WHY, WHY.FETCH);
      c.return(0);
    }),
  ];
}
