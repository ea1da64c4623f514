// What a MIPS guest's registers and instructions look like to people: o32 register names and assembler operands (MIPS32
// Volume II-A for the syntax; names as in the System V ABI's MIPS supplement).
import type { Alias, AssemblySyntax } from '../../cpu/isa/disassembler.ts';
import type { Row } from '../../cpu/isa/insn.ts';
import { hex } from '../../util/bits.ts';

/** Names of $0-$31. */
export const GPR_NAMES: readonly string[] = [
  ...['zero', 'at', 'v0', 'v1', 'a0', 'a1', 'a2', 'a3', 't0', 't1', 't2', 't3', 't4', 't5', 't6', 't7'],
  ...['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 't8', 't9', 'k0', 'k1', 'gp', 'sp', 'fp', 'ra'],
];

const GPR_OPERANDS = new Set(['rs', 'rt', 'rd', 'base']);
const FPR_OPERANDS = new Set(['fs', 'ft', 'fd', 'fr']);

/** Forms everybody writes instead of the instruction itself. Each gives back the same word. */
const ALIASES: readonly Alias[] = [
  { of: 'sll', when: { rt: 0, rd: 0, sa: 0 }, mnemonic: 'nop', syntax: '' },
  { of: 'sll', when: { rt: 0, rd: 0, sa: 1 }, mnemonic: 'ssnop', syntax: '' },
  { of: 'sll', when: { rt: 0, rd: 0, sa: 3 }, mnemonic: 'ehb', syntax: '' },
  { of: 'or', when: { rt: 0 }, mnemonic: 'move', syntax: '{rd}, {rs}' },
  { of: 'nor', when: { rt: 0 }, mnemonic: 'not', syntax: '{rd}, {rs}' },
  { of: 'sub', when: { rs: 0 }, mnemonic: 'neg', syntax: '{rd}, {rt}' },
  { of: 'subu', when: { rs: 0 }, mnemonic: 'negu', syntax: '{rd}, {rt}' },
  { of: 'addiu', when: { rs: 0 }, mnemonic: 'li', syntax: '{rt}, {imm}' },
  { of: 'beq', when: { rs: 0, rt: 0 }, mnemonic: 'b', syntax: '{target}' },
  { of: 'beq', when: { rt: 0 }, mnemonic: 'beqz', syntax: '{rs}, {target}' },
  { of: 'bne', when: { rt: 0 }, mnemonic: 'bnez', syntax: '{rs}, {target}' },
  { of: 'beql', when: { rt: 0 }, mnemonic: 'beqzl', syntax: '{rs}, {target}' },
  { of: 'bnel', when: { rt: 0 }, mnemonic: 'bnezl', syntax: '{rs}, {target}' },
  { of: 'bgezal', when: { rs: 0 }, mnemonic: 'bal', syntax: '{target}' },
  { of: 'jr', when: { hint: 16 }, mnemonic: 'jr.hb', syntax: '{rs}' },
  { of: 'jalr', when: { rd: 31, hint: 16 }, mnemonic: 'jalr.hb', syntax: '{rs}' },
  { of: 'jalr', when: { hint: 16 }, mnemonic: 'jalr.hb', syntax: '{rd}, {rs}' },
  { of: 'jalr', when: { rd: 31, hint: 0 }, mnemonic: 'jalr', syntax: '{rs}' },
];

/** Bytes of displacement counted from the branch; rows count from the instruction after it. */
const FROM_BRANCH = 4;

function isSigned(row: Row, operand: string): boolean {
  const field = row.pattern.fields.find(({ name }) => name === operand);
  return field ? field.signed : true;
}

function print(operand: string, value: number, row: Row, pc: number | undefined): string {
  if (GPR_OPERANDS.has(operand)) return `$${GPR_NAMES[value]}`;
  if (operand === 'target') {
    if (pc !== undefined) return hex((pc + FROM_BRANCH + value) >>> 0);
    const displacement = value + FROM_BRANCH;
    return displacement < 0 ? `.${displacement}` : `.+${displacement}`;
  }
  if (operand === 'index') return hex(pc === undefined ? value * 4 : (region(pc) | (value * 4)) >>> 0);
  if (operand === 'c0' || operand === 'fcr') return `$${value}`;
  if (FPR_OPERANDS.has(operand)) return `$f${value}`;
  if (operand === 'cc') return `$fcc${value}`;
  if (operand === 'imm' && !isSigned(row, operand)) return hex(value, 1);
  return String(value);
}

function parse(operand: string, text: string, _row: Row, pc: number | undefined): number | undefined {
  if (GPR_OPERANDS.has(operand)) return register(text);
  if (operand === 'target') {
    const relative = /^\.([+-].+)$/.exec(text);
    if (relative) return offset(number(relative[1]!.replace('+', '')), -FROM_BRANCH);
    return pc === undefined ? undefined : offset(number(text), -(pc + FROM_BRANCH));
  }
  if (operand === 'index') {
    const address = number(text);
    if (address === undefined || address % 4 !== 0) return undefined;
    const reachable = pc === undefined ? address < 0x10000000 : (address & 0xf0000000) >>> 0 === region(pc);
    return reachable ? (address & 0x0fffffff) >>> 2 : undefined;
  }
  if (operand === 'c0' || operand === 'fcr') return text.startsWith('$') ? number(text.slice(1)) : undefined;
  if (FPR_OPERANDS.has(operand)) return text.startsWith('$f') ? number(text.slice(2)) : undefined;
  if (operand === 'cc') return text.startsWith('$fcc') ? number(text.slice(4)) : undefined;
  return number(text);
}

/** The 256 MiB region a J or JAL at `pc` stays in: that of its delay slot. */
function region(pc: number): number {
  return ((pc + 4) & 0xf0000000) >>> 0;
}

function register(text: string): number | undefined {
  if (!text.startsWith('$')) return undefined;
  const name = text.slice(1);
  const index = /^\d+$/.test(name) ? Number(name) : GPR_NAMES.indexOf(name);
  return index >= 0 && index < GPR_NAMES.length ? index : undefined;
}

function number(text: string): number | undefined {
  if (!/^-?(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  return text.startsWith('-') ? -Number(text.slice(1)) : Number(text);
}

function offset(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value + by;
}

export const mipsSyntax: AssemblySyntax = { aliases: ALIASES, print, parse };
