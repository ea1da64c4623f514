// Rows that are expanded when they are asked for are what they are when all are expanded.
import { expect, it } from 'vitest';
import { armv7 } from '../../../../src/arch/arm/index.ts';
import { mips32 } from '../../../../src/arch/mips/index.ts';
import { expandedRows, expandRows, farFlags } from '../../../../src/cpu/exec/handlers.ts';
import { STATE_BASE } from '../../../../src/cpu/exec/layout.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';

it.each([armv7, mips32('little')])('the rows of $name, one by one', (architecture) => {
  const { banks } = layOutBanks(architecture.banks, STATE_BASE);
  const all = expandRows(architecture, banks);
  const some = expandedRows(architecture, banks, farFlags(all));
  expect(some.firstInside).toBe(all.firstInside);
  expect(some.pairs.map(({ number, first, second }) => [number, first.number, second.number])).toEqual(
    all.pairs.map(({ number, first, second }) => [number, first.number, second.number]),
  );
  for (const { row, steering, number, slots, reach } of all.handlers) {
    if (reach === 'far') continue;
    const found = some.find(row, steering);
    expect([row.mnemonic, found.number, found.slots]).toEqual([row.mnemonic, number, slots]);
  }
});
