// Registers of the reference: a DataView of the banks at their offsets, little-endian.
import type { Bank, Banks } from '../../../src/cpu/isa/register-file.ts';
import type { Value } from './operations.ts';

export function bankOf(banks: Banks, name: string): Bank {
  const bank = banks[name];
  if (!bank) throw new Error(`no bank ${name}`);
  return bank;
}

function place(bank: Bank, index: number): number {
  if (index < 0 || index >= bank.count) throw new Error(`no register ${bank.name}[${index}]`);
  return bank.offset + index * bank.size;
}

export function read(bank: Bank, index: number, state: DataView): Value {
  const at = place(bank, index);
  if (bank.zero && index === 0) return 0;
  return bank.width === 64 ? state.getBigInt64(at, true) : state.getInt32(at, true);
}

export function write(bank: Bank, index: number, value: Value, state: DataView): void {
  const at = place(bank, index);
  if (bank.zero && index === 0) return;
  if (bank.width === 64) state.setBigInt64(at, BigInt(value), true);
  else state.setInt32(at, Number(value), true);
}
