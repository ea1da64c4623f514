// Small static Linux programs for MIPS o32 from assembly text, by tsvm's own assembler: the bench needs no cross compiler. One segment,
// readable, writable and executable, that holds the ELF headers too (System V ABI, MIPS supplement).
import { mipsSyntax } from '../../src/arch/mips/debug.ts';
import { mips32 } from '../../src/arch/mips/index.ts';
import { Assembler } from '../../src/cpu/isa/assembler.ts';

const BASE = 0x00400000;
const [ELF_HEADER, PROGRAM_HEADER] = [52, 32];
const ENTRY = BASE + ELF_HEADER + PROGRAM_HEADER;
/** o32, MIPS32 release 2. */
const E_FLAGS = 0x70001000;

/**
 * Instruction words of a text with one instruction or `label:` a line and `#` comments; the first lies at `base`. Labels stand for
 * addresses; %hi(label) and %lo(label) are its halves for lui and ori. Branches do not fill their delay slots.
 * @throws TsvmError 'usage' at a line that is no instruction, Error at a label that is not there
 */
export function assemble(text: string, base: number): number[] {
  const labels = new Map<string, number>();
  const lines: string[] = [];
  for (const line of text.split('\n').map((raw) => raw.replace(/#.*/, '').trim())) {
    const label = /^(\w+):$/.exec(line)?.[1];
    if (label !== undefined) labels.set(label, base + 4 * lines.length);
    else if (line !== '') lines.push(line);
  }
  const address = (label: string): number => {
    const found = labels.get(label);
    if (found === undefined) throw new Error(`no label ${label}`);
    return found;
  };
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const assembler = new Assembler(mips32('little').rows, mipsSyntax);
  return lines.map((line, i) => {
    const resolved = line
      .replace(/%hi\((\w+)\)/, (_, label) => hex(address(label) >>> 16))
      .replace(/%lo\((\w+)\)/, (_, label) => hex(address(label) & 0xffff))
      .replace(/^(b\S* (?:.*, )?)([a-z]\w*)$/, (_, branch, label) => branch + hex(address(label)));
    return assembler.assemble(resolved, base + 4 * i);
  });
}

/** A little-endian executable that starts at the text's first instruction. */
export function userElf(text: string): Uint8Array {
  const words = assemble(text, ENTRY);
  const size = ELF_HEADER + PROGRAM_HEADER + 4 * words.length;
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  const half = (at: number, ...values: number[]): void =>
    values.forEach((value, i) => {
      view.setUint16(at + 2 * i, value, true);
    });
  const word = (at: number, ...values: number[]): void =>
    values.forEach((value, i) => {
      view.setUint32(at + 4 * i, value, true);
    });
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  half(16, 2, 8); // ET_EXEC, EM_MIPS
  word(20, 1, ENTRY, ELF_HEADER, 0, E_FLAGS);
  half(40, ELF_HEADER, PROGRAM_HEADER, 1);
  word(ELF_HEADER, 1, 0, BASE, BASE, size, size, 7, 0x10000); // PT_LOAD, offset 0, flags RWX
  word(ELF_HEADER + PROGRAM_HEADER, ...words);
  return file;
}
