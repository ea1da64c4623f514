// Accesses of an architecture where misaligned ones may be made all the same, and where data may have the other byte order than code (RULE): what goes
// before the slow paths proper (slow-paths.ts), `plainLoad` and `plainStore`.
import { ACCESS_AS_USER, Access, RULE, Translated, WORD_OUTCOME, WORD_TRAP_SHIFT } from '../isa/architecture.ts';
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  geU,
  ltU,
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
} from '../wasm/code.ts';
import { ACCESS_SIGNED, ACCESS_UNALIGNED, ACCESS_UNCACHED, ACCESS_USER, STORE_TYPE } from './conventions.ts';
import { PAGE_SIZE, READ_TABLE, WORD, WRITE_TABLE } from './layout.ts';
import { bytesOf, define, misaligned, OFFSET_MASK, tableOffset, word, wordAt } from './slow-path-words.ts';

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

/** `missedLoad` and `missedStore`, by the architecture's routines. */
export function ruledAccesses(accessRules: string, translate: string): WasmFunction[] {
  const inPage = (address: Operand, descriptor: Operand): Value =>
    geU(PAGE_SIZE, add(and(address, OFFSET_MASK), bytesOf(descriptor)));
  const isCached = (descriptor: Operand): Value => eqz(and(descriptor, ACCESS_USER));
  /** The tables of the other byte order have no entries, not even for bytes. */
  const byByte = (descriptor: Operand, rules: Operand): Value =>
    or(and(descriptor, ACCESS_USER), or(select(and(rules, RULE.SWAPPED), ACCESS_UNCACHED, 0), 8));
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
      const wanted = and(descriptor, ACCESS_UNALIGNED);
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
            c.set(value, or(value, shl(c.call('plainLoad', 'i32', add(address, i), byByte(descriptor, rules)), shift)));
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
        const wanted = and(descriptor, ACCESS_UNALIGNED);
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
              c.assign('plainStore', [], add(address, i), byByte(descriptor, rules), shrU(stored, shift));
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
