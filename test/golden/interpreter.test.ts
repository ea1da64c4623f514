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
  ['add.d', { mnemonic: 'add.d' }],
  ['add.s', { mnemonic: 'add.s' }],
  ['c.lt.d', { mnemonic: 'c.lt.d' }],
  ['bc1t', { mnemonic: 'bc1t' }],
  ['mtc1', { mnemonic: 'mtc1' }],
  ['cfc1-fcsr', { mnemonic: 'cfc1', pattern: ' 11111 ' }],
  ['ldc1-big', { mnemonic: 'ldc1', endianness: 'big' }],
];

describe('the interpreter lowers', () => {
  it.each(ROWS)('%s', (file, row) => expectGolden(`interpreter/${file}.wat`, loweredRow(row)));
});
