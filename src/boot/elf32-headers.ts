// ELF32 headers through elf-tools 1.1.2. The package writes into what it reads, believes every offset and fails on a file without
// section names, so it gets a private image: a fresh, well-formed copy of tables that boot/elf-headers.ts has bounds-checked.
import { PF_R, PF_W, PF_X, PT_INTERP, PT_LOAD, SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB } from './elf-constants.ts';
import {
  type DecodedHeaders,
  ehdrSize,
  type FileReader,
  offsetsOf,
  phdrSize,
  shdrSize,
  type Table,
} from './elf-fields.ts';

// elf-tools gives names for numbers; these are the ones tsvm asks about.
const programTypes: ReadonlyMap<string | undefined, number> = new Map([
  ['load', PT_LOAD],
  ['interp', PT_INTERP],
]);
const sectionTypes: ReadonlyMap<string | undefined, number> = new Map([
  ['symtab', SHT_SYMTAB],
  ['strtab', SHT_STRTAB],
  ['nobits', SHT_NOBITS],
]);
const programFlags: ReadonlyMap<string, number> = new Map([
  ['execute', PF_X],
  ['write', PF_W],
  ['read', PF_R],
]);

/** Decode the headers of an ELF32 file; `names` are the sections' names, without NUL. */
export async function decodeElf32(
  bytes: Uint8Array,
  reader: FileReader,
  programs: Table,
  sections: Table,
  names: readonly string[],
): Promise<DecodedHeaders> {
  const { default: elfTools } = await import('elf-tools');
  const parsed = elfTools.parse(privateImage(bytes, reader, programs, sections, names));
  return {
    entry: BigInt(parsed.header.entry),
    flags: parsed.header.flags,
    programs: offsetsOf(programs).map((at, i) => {
      const { header } = parsed.programs[i]!;
      return {
        type: programTypes.get(header.type) ?? 0,
        flags: header.flags.split('|').reduce((bits, flag) => bits | (programFlags.get(flag) ?? 0), 0),
        offset: BigInt(header.offset),
        vaddr: BigInt(header.vaddr),
        paddr: BigInt(header.paddr),
        filesz: BigInt(header.filesz),
        memsz: BigInt(header.memsz),
        at,
      };
    }),
    sections: offsetsOf(sections).map((at, i) => {
      const { header } = parsed.sections[i]!;
      return {
        name: header.name,
        type: sectionTypes.get(header.type) ?? 0,
        offset: BigInt(header.offset),
        size: BigInt(header.size),
        link: header.link,
        entsize: BigInt(header.entsize),
        at,
      };
    }),
  };
}

/**
 * A small ELF32 image for elf-tools: file header, program headers, section headers, and a section-name table made from
 * `names`, held by one more section at the end. It holds no segment data: those are taken from the file itself.
 */
function privateImage(
  bytes: Uint8Array,
  reader: FileReader,
  programs: Table,
  sections: Table,
  names: readonly string[],
): Buffer {
  const phoff = ehdrSize[32];
  const shoff = phoff + programs.count * phdrSize[32];
  const strings = shoff + (sections.count + 1) * shdrSize[32];
  const nameTable = names.map((name) => `${name}\0`).join('');
  const image = Buffer.alloc(strings + nameTable.length + 1);
  image.set(bytes.subarray(0, phoff));
  image.set(bytes.subarray(programs.at, programs.at + programs.count * phdrSize[32]), phoff);
  image.set(bytes.subarray(sections.at, sections.at + sections.count * shdrSize[32]), shoff);
  image.write(`\0${nameTable}`, strings, 'latin1');

  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let name = 1;
  for (let i = 0; i < sections.count; i++) {
    view.setUint32(shoff + i * shdrSize[32], name, reader.little);
    name += names[i]!.length + 1;
  }
  const namesHeader = shoff + sections.count * shdrSize[32];
  view.setUint32(namesHeader + 4, SHT_STRTAB, reader.little);
  view.setUint32(namesHeader + 16, strings, reader.little);
  view.setUint32(namesHeader + 20, nameTable.length + 1, reader.little);
  view.setUint32(28, phoff, reader.little);
  view.setUint32(32, shoff, reader.little);
  view.setUint16(48, sections.count + 1, reader.little);
  view.setUint16(50, sections.count, reader.little);
  return image;
}
