// An ELF file made of what the target knows (System V gABI chapter 4): byte order, entry point and the kernel's symbols. For a gdb that was given no file,
// and a kernel that is none itself (a zImage, a raw image). gdb has no other way to learn the byte order, and without it every number is turned around.
import { EM_ARM, EM_MIPS, ET_EXEC, SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB, STT_FUNC } from '../../boot/elf-constants.ts';
import type { DebugTarget } from '../target.ts';
import { utf8 } from './packets.ts';

/** By DebugView.name: e_machine, and the e_flags of a 32-bit program of today (o32, MIPS32r2; EABI 5). */
const MACHINES: Readonly<Record<string, { readonly machine: number; readonly flags: number }>> = {
  mips: { machine: EM_MIPS, flags: 0x7000_1000 },
  arm: { machine: EM_ARM, flags: 0x0500_0000 },
};

/** A kernel has fewer; its tables may be made up by a hostile guest. */
const MAX_SYMBOLS = 300_000;
const MAX_NAME = 512;

/** And ELFCLASS32. */
const MAGIC = [0x7f, 0x45, 0x4c, 0x46, 1];
const HEADER = 52;
const SECTION = 40;
const SYMBOL = 16;
const SHT_NULL = 0;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const STB_GLOBAL = 1;
const TEXT_INDEX = 1;
const STRTAB_INDEX = 3;
const SECTION_NAMES = '\0.text\0.symtab\0.strtab\0';

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly address?: number;
  /** In the file, or how many bytes it has in memory. */
  readonly content: Uint8Array | number;
  readonly link?: number;
  readonly info?: number;
  readonly entry?: number;
}

interface Symbol32 {
  readonly name: string;
  readonly address: number;
}

/** The file; null for an architecture that has no e_machine here. */
export function symbolFile(target: DebugTarget): Uint8Array | null {
  const machine = MACHINES[target.view.name];
  if (!machine) return null;
  const little = target.endianness === 'little';
  const symbols = symbolsOf(target);
  const first = symbols[0]?.address ?? target.entry;
  const end = (symbols.at(-1)?.address ?? target.entry) + 4;
  const { table, names } = tablesOf(symbols, end, little);
  const sections: readonly Section[] = [
    { name: '', type: SHT_NULL, content: 0 },
    {
      name: '.text',
      type: SHT_NOBITS,
      flags: SHF_ALLOC | SHF_EXECINSTR,
      address: first,
      content: end - first,
    },
    // The first symbol is the one that stands for none, and the only local one.
    { name: '.symtab', type: SHT_SYMTAB, content: table, link: STRTAB_INDEX, info: 1, entry: SYMBOL },
    { name: '.strtab', type: SHT_STRTAB, content: names },
    // Its own name is the empty one.
    { name: '', type: SHT_STRTAB, content: utf8(SECTION_NAMES) },
  ];
  return laidOut(sections, { ...machine, entry: target.entry, little });
}

/** Is it an ELF file of 32 bits with a symbol table? It may be any bytes. */
export function hasSymbols(file: Uint8Array): boolean {
  if (file.length < HEADER || MAGIC.some((byte, at) => file[at] !== byte)) return false;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const little = file[5] === 1;
  const headers = view.getUint32(32, little);
  const count = view.getUint16(48, little);
  for (let at = headers; at < headers + SECTION * count && at + SECTION <= file.length; at += SECTION)
    if (view.getUint32(at + 4, little) === SHT_SYMTAB) return true;
  return false;
}

/** By address, those that are there. */
function symbolsOf({ symbols }: DebugTarget): readonly Symbol32[] {
  return symbols
    .names('', MAX_SYMBOLS)
    .filter((name) => name.length <= MAX_NAME)
    .map((name) => ({ name, address: symbols.find(name) }))
    .filter((symbol): symbol is Symbol32 => symbol.address !== undefined)
    .toSorted((left, right) => left.address - right.address);
}

/** Each symbol as a function that reaches to the next one. */
function tablesOf(
  symbols: readonly Symbol32[],
  end: number,
  little: boolean,
): { table: Uint8Array; names: Uint8Array } {
  const table = new DataView(new ArrayBuffer(SYMBOL * (symbols.length + 1)));
  const names = utf8(`\0${symbols.map(({ name }) => `${name}\0`).join('')}`);
  let place = 1;
  for (const [index, { name, address }] of symbols.entries()) {
    const at = SYMBOL * (index + 1);
    table.setUint32(at, place, little);
    table.setUint32(at + 4, address, little);
    table.setUint32(at + 8, (symbols[index + 1]?.address ?? end) - address, little);
    table.setUint8(at + 12, (STB_GLOBAL << 4) | STT_FUNC);
    table.setUint16(at + 14, TEXT_INDEX, little);
    place += utf8(name).length + 1;
  }
  return { table: new Uint8Array(table.buffer), names };
}

interface FileFacts {
  readonly machine: number;
  readonly flags: number;
  readonly entry: number;
  readonly little: boolean;
}

function laidOut(sections: readonly Section[], { machine, flags, entry, little }: FileFacts): Uint8Array {
  const sizes = sections.map(({ content }) => (typeof content === 'number' ? 0 : content.length));
  const headers = HEADER + ((sizes.reduce((sum, size) => sum + size, 0) + 3) & ~3);
  const file = new Uint8Array(headers + SECTION * sections.length);
  const view = new DataView(file.buffer);
  // The byte order and EV_CURRENT.
  file.set([...MAGIC, little ? 1 : 2, 1]);
  const half = (at: number, value: number): void => view.setUint16(at, value, little);
  const word = (at: number, value: number): void => view.setUint32(at, value, little);
  half(16, ET_EXEC);
  half(18, machine);
  word(20, 1);
  word(24, entry);
  word(32, headers);
  word(36, flags);
  half(40, HEADER);
  half(46, SECTION);
  half(48, sections.length);
  half(50, sections.length - 1);
  let place = HEADER;
  for (const [index, section] of sections.entries()) {
    const at = headers + SECTION * index;
    const { content, name } = section;
    word(at, name === '' ? 0 : SECTION_NAMES.indexOf(`${name}\0`));
    word(at + 4, section.type);
    word(at + 8, section.flags ?? 0);
    word(at + 12, section.address ?? 0);
    word(at + 16, place);
    word(at + 20, typeof content === 'number' ? content : content.length);
    word(at + 24, section.link ?? 0);
    word(at + 28, section.info ?? 0);
    word(at + 32, 1);
    word(at + 36, section.entry ?? 0);
    if (typeof content === 'number') continue;
    file.set(content, place);
    place += content.length;
  }
  return file;
}
