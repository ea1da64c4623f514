// The pieces of an ELF file's headers, and reads of them in the file's own class and byte order (System V gABI, "ELF Header",
// "Program Header", "Section Header"). Nothing here trusts or checks a value: boot/elf-headers.ts does.
import type { Endianness } from '../memory/guest-memory.ts';

export type ElfClass = 32 | 64;

export interface RawProgramHeader {
  /** p_type; 0 for the types tsvm has no use for. */
  readonly type: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly vaddr: bigint;
  readonly paddr: bigint;
  readonly filesz: bigint;
  readonly memsz: bigint;
  /** Where this header lies in the file, for messages. */
  readonly at: number;
}

export interface RawSectionHeader {
  readonly name: string;
  /** sh_type; 0 for the types tsvm has no use for. */
  readonly type: number;
  readonly offset: bigint;
  readonly size: bigint;
  readonly link: number;
  readonly entsize: bigint;
  readonly at: number;
}

/** Headers as the file has them: table bounds hold, nothing else is checked yet. */
export interface RawElf {
  readonly elfClass: ElfClass;
  readonly endianness: Endianness;
  readonly type: number;
  readonly machine: number;
  readonly entry: bigint;
  readonly flags: number;
  readonly programs: readonly RawProgramHeader[];
  readonly sections: readonly RawSectionHeader[];
}

/** What one class's decoder gets out of the tables. */
export type DecodedHeaders = Pick<RawElf, 'entry' | 'flags' | 'programs' | 'sections'>;

/** Bytes of a file header, a program header and a section header. */
export const ehdrSize = { 32: 52, 64: 64 } as const;
export const phdrSize = { 32: 32, 64: 56 } as const;
export const shdrSize = { 32: 40, 64: 64 } as const;

/** Unsigned hexadecimal of a number or bigint, for messages. */
export function hexOf(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** Reads of a file in its own byte order and class. The caller has checked the bounds. */
export class FileReader {
  readonly view: DataView;
  readonly little: boolean;
  readonly elfClass: ElfClass;

  constructor(bytes: Uint8Array, little: boolean, elfClass: ElfClass) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.little = little;
    this.elfClass = elfClass;
  }

  u16(at: number): number {
    return this.view.getUint16(at, this.little);
  }

  u32(at: number): number {
    return this.view.getUint32(at, this.little);
  }

  /** An Addr, Off or Xword: 4 bytes in ELF32, 8 in ELF64. */
  word(at: number): bigint {
    return this.elfClass === 64 ? this.view.getBigUint64(at, this.little) : BigInt(this.u32(at));
  }
}

/** A header table whose bounds hold. */
export interface Table {
  readonly at: number;
  readonly count: number;
  readonly entrySize: number;
}

/** File offset of each entry of a table. */
export function offsetsOf(table: Table): number[] {
  return Array.from({ length: table.count }, (_, i) => table.at + i * table.entrySize);
}

/** The NUL-terminated string at `from`, cut at `most` bytes; bytes that are no printable ASCII become '?'. */
export function printableString(table: Uint8Array, from: number, most: number): string {
  let text = '';
  for (let at = from; at < table.length && at < from + most; at++) {
    const byte = table[at]!;
    if (byte === 0) break;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return text;
}
