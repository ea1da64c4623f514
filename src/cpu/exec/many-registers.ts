// Loads and stores of many registers at once (LDM and STM of ARM), as functions: where all words lie on one page with a table entry they are made
// directly, else each goes the way of a slow access. The words of a load are all there before the first register changes.
import {
  add,
  and,
  type Code,
  eqz,
  geU,
  loadAt,
  type Operand,
  op,
  or,
  shl,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
} from '../wasm/code.ts';
import {
  MANY,
  PAGE_SIZE,
  READ_TABLE,
  STORE_LOG,
  STORE_LOG_ENTRY,
  STORE_LOG_SIZE,
  WORD,
  WRITE_TABLE,
} from './layout.ts';
import { tableOffset, word } from './slow-path-words.ts';

const ctz = (of: Operand): Value => op('i32.ctz', 'i32', of);
const popcnt = (of: Operand): Value => op('i32.popcnt', 'i32', of);

/** For each bit of `list`, from the lowest on: its register's address in the bank. */
function forEachRegister(c: Code, list: Variable, bank: Operand, body: (register: Value) => void): void {
  const rest = c.let(list);
  c.while(rest, () => {
    body(add(bank, shl(ctz(rest), 2)));
    c.set(rest, and(rest, sub(rest, 1)));
  });
}

/** The host address of the words, when all of them lie on a page that has an entry; else 0. */
function hostOf(c: Code, list: Operand, address: Operand, table: number): Variable {
  const host = c.let(0);
  const entry = c.let(loadAt('i32.load', add(word(WORD.CURRENT_TABLES), tableOffset(address)), table));
  const end = add(and(address, PAGE_SIZE - 1), shl(popcnt(list), 2));
  c.if(eqz(and(or(add(entry, 1), address), 3)), () =>
    c.if(geU(PAGE_SIZE, end), () => c.set(host, add(add(address, entry), 1))),
  );
  return host;
}

/** The word at `host` is about to change. */
function logStore(c: Code, host: Operand): void {
  const next = c.let(word(WORD.STORES_LOGGED));
  c.storeAt('i32.store', next, host, STORE_LOG);
  c.storeAt('i32.store', next, loadAt('i32.load', host), STORE_LOG + 4);
  c.store('i32.store', WORD.STORES_LOGGED, and(add(next, STORE_LOG_ENTRY), STORE_LOG_SIZE - 1));
}

/** (list, address, first byte of the bank) -> 0 when an access leaves or faults (WORD.WHY), else 1. */
const TYPE = { parameters: ['i32', 'i32', 'i32'], results: ['i32'] } as const;

/** `logStores`: write down what stores overwrite (lockstep.ts). */
export const manyRegisters = (logStores: boolean): readonly WasmFunction[] => [
  {
    name: 'loadMany',
    type: TYPE,
    build: (c) => {
      const [list, address, bank] = [c.parameter(0), c.parameter(1), c.parameter(2)];
      const host = hostOf(c, list, address, READ_TABLE);
      c.if(host, () => {
        forEachRegister(c, list, bank, (register) => {
          c.storeAt('i32.store', register, loadAt('i32.load', host));
          c.set(host, add(host, 4));
        });
        c.return(1);
      });
      const at = c.let(MANY);
      const value = c.let('i32');
      forEachRegister(c, list, bank, () => {
        c.set(value, c.call('missedLoad', 'i32', address, 32));
        c.if(word(WORD.WHY), () => c.return(0));
        c.storeAt('i32.store', at, value);
        c.set(at, add(at, 4));
        c.set(address, add(address, 4));
      });
      c.set(at, MANY);
      forEachRegister(c, list, bank, (register) => {
        c.storeAt('i32.store', register, loadAt('i32.load', at));
        c.set(at, add(at, 4));
      });
      c.return(1);
    },
  },
  {
    name: 'storeMany',
    type: TYPE,
    build: (c) => {
      const [list, address, bank] = [c.parameter(0), c.parameter(1), c.parameter(2)];
      const host = hostOf(c, list, address, WRITE_TABLE);
      c.if(host, () => {
        forEachRegister(c, list, bank, (register) => {
          if (logStores) logStore(c, host);
          c.storeAt('i32.store', host, loadAt('i32.load', register));
          c.set(host, add(host, 4));
        });
        c.return(1);
      });
      forEachRegister(c, list, bank, (register) => {
        c.assign('missedStore', [], address, 32, loadAt('i32.load', register));
        c.if(word(WORD.WHY), () => c.return(0));
        c.set(address, add(address, 4));
      });
      c.return(1);
    },
  },
];
