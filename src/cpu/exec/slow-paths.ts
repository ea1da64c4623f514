// What the generated program does when a memory table misses, in WebAssembly too: translate by the architecture's routine, find the slot, fill
// the entry, and make the access. Only what guest RAM does not serve goes on to the host (memory-access.ts; fetches: Core.fetch).
import {
  ACCESS_AS_USER,
  Access,
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
  loadAt,
  ltU,
  mul,
  type Operand,
  or,
  select,
  shl,
  shrU,
  sub,
  type Value,
  type WasmFunction,
  xor,
} from '../wasm/code.ts';
import type { MemoryOp } from '../wasm/opcodes.ts';
import {
  ACCESS_LINKED,
  ACCESS_REPORTED,
  ACCESS_SIGNED,
  ACCESS_UNCACHED,
  ACCESS_USER,
  SLOW_STORE,
  STORE_TYPE,
} from './conventions.ts';
import { forgetting } from './forgetting.ts';
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
  READ_TABLE,
  RECORD_SHIFT,
  SLOT,
  SLOT_COUNT,
  SLOT_SIZE,
  SLOTS,
  WHY,
  WORD,
  WRITE_TABLE,
} from './layout.ts';
import { manyRegisters } from './many-registers.ts';
import { noteException } from './note-exception.ts';
import { ruledAccesses } from './ruled-accesses.ts';
import { define, misaligned, OFFSET_MASK, tableOffset, word, wordAt } from './slow-path-words.ts';

export interface SlowPathOptions {
  readonly bigEndian: boolean;
  /** Table sets. */
  readonly privileges: number;
  /** Names of the architecture's routines. */
  readonly translate: string;
  readonly recordFault: string;
  readonly accessRules: string | null;
  readonly interworking: boolean;
  /** Log what is stored at once with others (lockstep.ts). */
  readonly logStores: boolean;
}

/** The functions, in an order of no importance; all of them return an i32, but for `missedStore`. */
export function slowPaths(options: SlowPathOptions): readonly WasmFunction[] {
  const ruled =
    options.accessRules === null
      ? []
      : [...ruledAccesses(options.accessRules, options.translate), ...manyRegisters(options.logStores)];
  return [
    ...forgetting(options.privileges),
    fill,
    findSlot,
    physicalHost,
    noteException,
    ...accesses(options),
    ...ruled,
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

/** (guest-physical address): its host address, or 0 outside of memory. For table walks. */
const physicalHost = define('physicalHost', 1, (c, physical) => {
  const slot = c.let(c.call('findSlot', 'i32', physical));
  c.if(slot, () => c.return(add(sub(physical, wordAt(slot, SLOT.GPA)), wordAt(slot, SLOT.HOST))));
  c.return(0);
});

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
      c.store('i32.store', WORD.FAULTED, address);
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
          c.if(and(geU(records, PAGE.WRITTEN + 1), eqz(word(WORD.FETCH_WATCHED))), () => {
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
