// llvm-mc's MIPS assembly in our words. Each line below is one deliberate difference; everything else must be equal.
import { GPR_NAMES } from '../../../src/arch/mips/debug.ts';
import { hex } from '../../../src/util/bits.ts';

/** Their second operand is a coprocessor's or hardware register's number, not a general register. */
const OTHER_REGISTERS = /^(mfc0|mtc0|cfc1|ctc1|rdhwr)$/;
const BRANCHES = /^(b|bal|bc1[ft]l?|b(eq|ne|lez|gtz|ltz|gez|ltzal|gezal)(z?)l?)$/;
const JUMPS = /^(j|jal)$/;
const UNSIGNED = /^(andi|ori|xori|lui)$/;

const OPCODE_SHIFT = 26;
const FUNCTION = 0x3f;
const ADDU = 0x21;
const JALR = 0x09;

/** `text` as our disassembler writes it without a pc. */
export function fromLlvm(text: string, word: number): string {
  const [, mnemonic = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
  const operands = rest === '' ? [] : rest.split(/,\s*/);
  const fn = word >>> OPCODE_SHIFT === 0 ? word & FUNCTION : -1;
  const last = operands.length - 1;
  operands.forEach((operand, i) => {
    // Registers have their o32 names.
    if (i === 0 || !OTHER_REGISTERS.test(mnemonic))
      operands[i] = operand.replace(/\$(\d+)/g, (_, index: string) => `$${GPR_NAMES[Number(index)]}`);
  });
  // Displacements are written from the branch, with a dot.
  if (BRANCHES.test(mnemonic)) operands[last] = `.${Number(operands[last]) < 0 ? '' : '+'}${operands[last]}`;
  // Addresses and unsigned immediates are hexadecimal.
  if (JUMPS.test(mnemonic)) operands[last] = hex(Number(operands[last]));
  if (UNSIGNED.test(mnemonic)) operands[last] = hex(Number(operands[last]), 1);
  // MOVE is OR with $zero only, so that it goes back to the same word; ADDU stays ADDU.
  if (mnemonic === 'move' && fn === ADDU) return `addu ${operands.join(', ')}, $zero`;
  // LI is ADDIU from $zero.
  if (mnemonic === 'addiu' && operands[1] === '$zero') return `li ${operands[0]}, ${operands[2]}`;
  // JALR without a link is still JALR.
  if (mnemonic.startsWith('jr') && fn === JALR) return `jalr${mnemonic.slice(2)} $zero, ${operands[0]}`;
  return [mnemonic, operands.join(', ')].filter((part) => part !== '').join(' ');
}
