// The headers of an ELF file, read without trusting any of them (System V gABI, "ELF Header", "Program Header", "Section
// Header"). Every table is bounds-checked here first; ELF32 headers are then decoded by elf-tools (boot/elf32-headers.ts), ELF64
// headers here, because elf-tools refuses words that are no JavaScript integer, such as the sign-extended addresses of every
// MIPS64 kernel.
import { TsvmError } from '../util/errors.ts';
import {
  type DecodedHeaders,
  ehdrSize,
  FileReader,
  hexOf,
  offsetsOf,
  phdrSize,
  printableString,
  type RawElf,
  shdrSize,
  type Table,
} from './elf-fields.ts';
import { decodeElf32 } from './elf32-headers.ts';
import { identifyFile } from './file-magic.ts';

/** More than any kernel has; keeps a hostile file from costing seconds. */
const MAX_PROGRAM_HEADERS = 512;
const MAX_SECTION_HEADERS = 4096;
const MAX_SECTION_NAME = 64;

const rebuild = 'the file is damaged: copy or build it again';
const cutShort = 'the file is cut short: copy or build it again';

/**
 * Read and bounds-check the headers of `bytes`, which stay untouched.
 * @throws TsvmError not-runnable (not an ELF file), image-truncated, image-bad-header
 */
export async function readHeaders(bytes: Uint8Array): Promise<RawElf> {
  const reader = openElf(bytes);
  const wide = reader.elfClass === 64;
  const counts = wide ? 54 : 42;
  const programs = checkTable(reader, 'program', {
    offset: reader.word(wide ? 32 : 28),
    entrySize: reader.u16(counts),
    expected: phdrSize[reader.elfClass],
    count: reader.u16(counts + 2),
    most: MAX_PROGRAM_HEADERS,
  });
  const sections = checkTable(reader, 'section', {
    offset: reader.word(wide ? 40 : 32),
    entrySize: reader.u16(counts + 4),
    expected: shdrSize[reader.elfClass],
    count: reader.u16(counts + 6),
    most: MAX_SECTION_HEADERS,
  });
  const names = readSectionNames(bytes, reader, sections, reader.u16(counts + 8));
  const common = {
    elfClass: reader.elfClass,
    endianness: reader.little ? 'little' : 'big',
    type: reader.u16(16),
    machine: reader.u16(18),
  } as const;
  return wide
    ? { ...common, ...decodeElf64(reader, programs, sections, names) }
    : { ...common, ...(await decodeElf32(bytes, reader, programs, sections, names)) };
}

/** Check e_ident and that the file header is whole. */
function openElf(bytes: Uint8Array): FileReader {
  const identity = identifyFile(bytes);
  if (identity.kind !== 'elf')
    throw new TsvmError('not-runnable', `not an ELF file: this is ${identity.what}`, { next: identity.next });
  if (bytes.length < 16)
    throw new TsvmError(
      'image-truncated',
      `the ELF identification needs 0x10 bytes, the file has ${hexOf(bytes.length)}`,
      {
        next: cutShort,
      },
    );
  const [fileClass, data, version] = [bytes[4]!, bytes[5]!, bytes[6]!];
  if (fileClass !== 1 && fileClass !== 2)
    throw badHeader(`EI_CLASS at file offset 0x4 is ${fileClass}, not 1 (32-bit) or 2 (64-bit)`);
  if (data !== 1 && data !== 2)
    throw badHeader(`EI_DATA at file offset 0x5 is ${data}, not 1 (little-endian) or 2 (big-endian)`);
  if (version !== 1) throw badHeader(`EI_VERSION at file offset 0x6 is ${version}, not 1`);
  const elfClass = fileClass === 1 ? 32 : 64;
  if (bytes.length < ehdrSize[elfClass])
    throw new TsvmError(
      'image-truncated',
      `the ELF${elfClass} header needs ${hexOf(ehdrSize[elfClass])} bytes, the file has ${hexOf(bytes.length)}`,
      { next: cutShort },
    );
  return new FileReader(bytes, data === 1, elfClass);
}

function checkTable(
  reader: FileReader,
  what: 'program' | 'section',
  table: { offset: bigint; entrySize: number; expected: number; count: number; most: number },
): Table {
  const { offset, entrySize, expected, count, most } = table;
  if (count === 0) return { at: 0, count, entrySize: expected };
  if (entrySize !== expected)
    throw badHeader(`${what} headers are said to be ${entrySize} bytes each; ELF${reader.elfClass} has ${expected}`);
  if (count > most) throw badHeader(`${count} ${what} headers; tsvm reads at most ${most}`);
  const end = offset + BigInt(count * entrySize);
  if (end > BigInt(reader.view.byteLength))
    throw new TsvmError(
      'image-truncated',
      `the ${what} headers lie at file offset ${hexOf(offset)}-${hexOf(end)}, the file ends at ${hexOf(reader.view.byteLength)}`,
      { next: cutShort },
    );
  return { at: Number(offset), count, entrySize };
}

/** The name of every section ('' without a name table), at most MAX_SECTION_NAME characters each. */
function readSectionNames(bytes: Uint8Array, reader: FileReader, sections: Table, shstrndx: number): string[] {
  if (sections.count === 0 || shstrndx === 0) return new Array<string>(sections.count).fill('');
  if (shstrndx >= sections.count)
    throw badHeader(`section ${shstrndx} should hold the section names, but there are ${sections.count} sections`);
  const header = sections.at + shstrndx * sections.entrySize;
  const wide = reader.elfClass === 64;
  const offset = reader.word(header + (wide ? 24 : 16));
  const size = reader.word(header + (wide ? 32 : 20));
  if (offset + size > BigInt(bytes.length))
    throw new TsvmError(
      'image-truncated',
      `the section names lie at file offset ${hexOf(offset)}-${hexOf(offset + size)}, the file ends at ${hexOf(bytes.length)}`,
      { next: cutShort },
    );
  const table = bytes.subarray(Number(offset), Number(offset + size));
  return Array.from({ length: sections.count }, (_, i) => {
    const name = reader.u32(sections.at + i * sections.entrySize);
    if (name >= table.length && name !== 0)
      throw badHeader(
        `the name of section ${i} is at ${hexOf(name)} of a name table of ${hexOf(table.length)} bytes (header at file offset ${hexOf(sections.at + i * sections.entrySize)})`,
      );
    return printableString(table, name, MAX_SECTION_NAME);
  });
}

function decodeElf64(reader: FileReader, programs: Table, sections: Table, names: readonly string[]): DecodedHeaders {
  return {
    entry: reader.word(24),
    flags: reader.u32(48),
    programs: offsetsOf(programs).map((at) => ({
      type: reader.u32(at),
      flags: reader.u32(at + 4),
      offset: reader.word(at + 8),
      vaddr: reader.word(at + 16),
      paddr: reader.word(at + 24),
      filesz: reader.word(at + 32),
      memsz: reader.word(at + 40),
      at,
    })),
    sections: offsetsOf(sections).map((at, i) => ({
      name: names[i] ?? '',
      type: reader.u32(at + 4),
      offset: reader.word(at + 24),
      size: reader.word(at + 32),
      link: reader.u32(at + 40),
      entsize: reader.word(at + 56),
      at,
    })),
  };
}

function badHeader(message: string): TsvmError {
  return new TsvmError('image-bad-header', message, { next: rebuild });
}
