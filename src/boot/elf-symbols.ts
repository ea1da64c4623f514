// The symbol table of an ELF file (System V gABI, "Symbol Table"), read when somebody asks for it.
import { TsvmError } from '../util/errors.ts';
import { SHT_STRTAB, SHT_SYMTAB } from './elf-constants.ts';
import { FileReader, hexOf, printableString, type RawElf, type RawSectionHeader } from './elf-fields.ts';

export interface ElfSymbol {
  readonly name: string;
  /** st_value, in the address form of boot/elf.ts. */
  readonly value: number;
  /** st_size in bytes, 0 when unknown. */
  readonly size: number;
  /** STT_* number. */
  readonly type: number;
  /** STB_* number. */
  readonly binding: number;
  /** st_shndx: SHN_UNDEF, SHN_ABS or a section number. */
  readonly section: number;
}

/** Twenty times a large kernel's; keeps a hostile file from costing seconds or gigabytes. */
export const MAX_SYMBOLS = 1 << 20;
/** Linux's KSYM_NAME_LEN. */
export const MAX_SYMBOL_NAME = 512;
const MAX_NAME_BYTES = 64 << 20;

/**
 * All named symbols of SHT_SYMTAB, in file order; none when the file is stripped.
 * @throws TsvmError symbols-bad
 */
export function readSymbols(bytes: Uint8Array, raw: RawElf): ElfSymbol[] {
  const table = raw.sections.find((section) => section.type === SHT_SYMTAB);
  if (!table) return [];
  const wide = raw.elfClass === 64;
  const entrySize = wide ? 24 : 16;
  if (table.entsize !== BigInt(entrySize))
    throw bad(`symbols are said to be ${table.entsize} bytes each; ELF${raw.elfClass} has ${entrySize}`, table);
  const entries = sectionData(bytes, table);
  const count = Math.floor(entries.length / entrySize);
  if (count > MAX_SYMBOLS) throw bad(`${count} symbols; tsvm reads at most ${MAX_SYMBOLS}`, table);
  const strings = raw.sections[table.link];
  if (strings?.type !== SHT_STRTAB) throw bad(`section ${table.link} should hold the symbol names and does not`, table);
  const names = sectionData(bytes, strings);
  if (names.length > 0 && names.at(-1) !== 0) throw bad('the table of symbol names does not end in a NUL', strings);

  const reader = new FileReader(entries, raw.endianness === 'little', raw.elfClass);
  const symbols: ElfSymbol[] = [];
  let nameBytes = 0;
  for (let at = 0; at < count * entrySize; at += entrySize) {
    const nameOffset = reader.u32(at);
    if (nameOffset === 0) continue;
    if (nameOffset >= names.length)
      throw bad(`a name at ${hexOf(nameOffset)} of a name table of ${hexOf(names.length)} bytes`, table);
    const word = reader.word(at + (wide ? 8 : 4));
    const value = Number(wide ? BigInt.asIntN(64, word) : word);
    // A kernel's absolute symbols may hold any 64-bit number, such as a checksum; those are no addresses.
    if (!Number.isSafeInteger(value)) continue;
    const name = printableString(names, nameOffset, MAX_SYMBOL_NAME);
    nameBytes += name.length;
    if (nameBytes > MAX_NAME_BYTES) throw bad(`more than ${MAX_NAME_BYTES >> 20} MiB of symbol names`, table);
    const info = entries[at + (wide ? 4 : 12)]!;
    symbols.push({
      name,
      value,
      size: Math.min(Number(reader.word(at + (wide ? 16 : 8))), Number.MAX_SAFE_INTEGER),
      type: info & 0xf,
      binding: info >>> 4,
      section: reader.u16(at + (wide ? 6 : 14)),
    });
  }
  return symbols;
}

function sectionData(bytes: Uint8Array, section: RawSectionHeader): Uint8Array {
  const end = section.offset + section.size;
  if (end > BigInt(bytes.length))
    throw bad(
      `its bytes lie at file offset ${hexOf(section.offset)}-${hexOf(end)}, the file ends at ${hexOf(bytes.length)}`,
      section,
    );
  return new Uint8Array(bytes.buffer, bytes.byteOffset + Number(section.offset), Number(section.size));
}

function bad(problem: string, section: RawSectionHeader): TsvmError {
  return new TsvmError(
    'symbols-bad',
    `symbol table, section ${section.name} (header at file offset ${hexOf(section.at)}): ${problem}`,
    { next: 'give a whole vmlinux or its System.map with --symbols, or run without symbols' },
  );
}
