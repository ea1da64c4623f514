// Names of what lies at fixed places in a VM's memory, for generated code as text and for reports.
import type { Bank, Banks } from '../isa/register-file.ts';
import { FETCH_TABLE, SET_SIZE, STATE_BASE, STORE_LOG, WORD, WRITE_TABLE } from './layout.ts';

const WORDS = new Map<number, string>(Object.entries(WORD).map(([name, at]) => [at, name]));

/** The engine word, register, log or table that an access with this static offset reaches. */
export function placeName(offset: number, banks: Banks): string | undefined {
  if (offset < STATE_BASE) return WORDS.get(offset);
  const register = registerAt(offset, banks);
  // An index known only at run time is added to the bank's base.
  if (register) return register.index === 0 ? register.bank.name : registerName(register.bank, register.index);
  if (offset === STORE_LOG || offset === STORE_LOG + 4) return 'store log';
  if (offset === WRITE_TABLE) return 'write table';
  if (offset === FETCH_TABLE) return 'fetch table';
  if (offset > FETCH_TABLE && offset < SET_SIZE)
    return `fetch entry of page 0x${((offset - FETCH_TABLE) >>> 2).toString(16)}`;
  return undefined;
}

export function registerName({ name, count }: Bank, index: number): string {
  return count === 1 ? name : `${name}[${index}]`;
}

/** The register whose first byte is at `offset`; the sink of writes to register 0 is none. */
function registerAt(offset: number, banks: Banks): { bank: Bank; index: number } | undefined {
  for (const bank of Object.values(banks)) {
    const index = (offset - bank.offset) / bank.size;
    if (index >= 0 && index < bank.count && Number.isInteger(index)) return { bank, index };
  }
  return undefined;
}
