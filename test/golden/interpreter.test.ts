// Golden text of what representative rows become in the interpreter.
import { describe, it } from 'vitest';
import { expectGolden } from '../support/golden/golden.ts';
import { loweredRow, type RowChoice } from '../support/golden/lowered-row.ts';

const ROWS: readonly (readonly [file: string, row: RowChoice])[] = [
  ['addu', { mnemonic: 'addu' }],
  ['add', { mnemonic: 'add' }],
  ['ins', { mnemonic: 'ins' }],
  ['lw-little', { mnemonic: 'lw' }],
  ['lw-big', { mnemonic: 'lw', endianness: 'big' }],
  ['lbu-big', { mnemonic: 'lbu', endianness: 'big' }],
  ['sw', { mnemonic: 'sw' }],
  ['beq-near', { mnemonic: 'beq' }],
  ['beq-far', { mnemonic: 'beq', reach: 'far' }],
  ['beql', { mnemonic: 'beql' }],
  ['jal', { mnemonic: 'jal' }],
  ['mfc0-count', { mnemonic: 'mfc0', pattern: ' 01001 ' }],
];

describe('the interpreter lowers', () => {
  it.each(ROWS)('%s', (file, row) => expectGolden(`interpreter/${file}.wat`, loweredRow(row)));
});
