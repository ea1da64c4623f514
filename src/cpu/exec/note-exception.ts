// Exceptions that vCPUs take are written down as they happen, for a debugger that asks later why (layout.ts, EXCEPTION): in WebAssembly, some twenty
// instructions for each. No state of the guest.
import { add, and, load, mul, sub, zext } from '../wasm/code.ts';
import { EXCEPTION, EXCEPTION_RING, EXCEPTION_SIZE, EXCEPTIONS_KEPT, WORD } from './layout.ts';
import { define, word } from './slow-path-words.ts';

/** (trap code, pc, in a delay slot): to be called before the exception is entered, with WORD.LEFT as it is. */
export const noteException = define('noteException', 3, (c, trap, pc, inSlot) => {
  const taken = c.let(word(WORD.EXCEPTIONS_TAKEN));
  const at = c.let(add(EXCEPTION_RING, mul(and(taken, EXCEPTIONS_KEPT - 1), EXCEPTION_SIZE)));
  const executed = zext(sub(word(WORD.BUDGET), word(WORD.LEFT)));
  const passed = mul(executed, load('i64.load', WORD.NS_PER_INSTRUCTION));
  c.storeAt('i32.store', at, trap, EXCEPTION.TRAP);
  c.storeAt('i32.store', at, pc, EXCEPTION.PC);
  c.storeAt('i32.store', at, inSlot, EXCEPTION.IN_SLOT);
  c.storeAt('i32.store', at, word(WORD.FAULTED), EXCEPTION.ADDRESS);
  c.storeAt('i32.store', at, word(WORD.TABLES), EXCEPTION.TABLES);
  c.storeAt('i64.store', at, add(load('i64.load', WORD.NOW_BASE), passed), EXCEPTION.NOW);
  c.store('i32.store', WORD.EXCEPTIONS_TAKEN, add(taken, 1));
  c.return(0);
});
