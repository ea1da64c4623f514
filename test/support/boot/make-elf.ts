// Small ELF executables built in memory, for the loader's tests and its fuzzer. Written from the gABI, not with the
// loader's own tables, so that a wrong offset there does not hide here.

export interface SegmentSpec {
  vaddr: bigint;
  paddr?: bigint;
  data: Uint8Array;
  /** Zero bytes after the data. */
  bss?: number;
  flags?: number;
  /** p_type; PT_LOAD when absent. */
  type?: number;
}

export interface SymbolSpec {
  name: string;
  value: bigint;
  size?: number;
  /** st_info; a global function when absent. */
  info?: number;
  section?: number;
}

export interface ElfSpec {
  class: 32 | 64;
  order: 'little' | 'big';
  machine?: number;
  type?: number;
  flags?: number;
  entry: bigint;
  segments: SegmentSpec[];
  symbols?: SymbolSpec[];
  /** No section headers at all. */
  stripped?: boolean;
}

/** A header field: where it lies in the file and its size in bytes. The fuzzer aims at these. */
export interface Field {
  name: string;
  at: number;
  size: 2 | 4 | 8;
}

export interface BuiltElf {
  bytes: Uint8Array;
  fields: Field[];
  field(name: string): Field;
  /** A copy with one field changed. */
  with(name: string, value: bigint): Uint8Array;
}

/** Lay out header, program headers, segment data, symbol and string tables, section headers, in this order. */
export function makeElf(spec: ElfSpec): BuiltElf {
  const wide = spec.class === 64;
  const little = spec.order === 'little';
  const symbols = spec.symbols ?? [];
  const encoder = new TextEncoder();
  const names = encoder.encode(`\0${symbols.map((symbol) => `${symbol.name}\0`).join('')}`);
  const sectionNames = encoder.encode('\0.text\0.symtab\0.strtab\0.shstrtab\0');
  const symbolSize = wide ? 24 : 16;

  let end = wide ? 64 : 52;
  const place = (size: number): number => {
    const at = (end + 7) & ~7;
    end = at + size;
    return at;
  };
  const phoff = place(spec.segments.length * (wide ? 56 : 32));
  const data = spec.segments.map((segment) => place(segment.data.length));
  const symtab = place((symbols.length + 1) * symbolSize);
  const strtab = place(names.length);
  const shstrtab = place(sectionNames.length);
  const sectionCount = spec.stripped ? 0 : 5;
  const shoff = spec.stripped ? 0 : place(sectionCount * (wide ? 64 : 40));

  const bytes = new Uint8Array(end);
  const fields: Field[] = [];
  let at = 0;
  const put = (name: string, size: 2 | 4 | 8, value: bigint | number): void => {
    patch(bytes, at, size, BigInt(value), little);
    fields.push({ name, at, size });
    at += size;
  };
  const word = wide ? 8 : 4;

  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
  at = 16;
  put('e_type', 2, spec.type ?? 2);
  put('e_machine', 2, spec.machine ?? 8);
  put('e_version', 4, 1);
  put('e_entry', word, spec.entry);
  put('e_phoff', word, phoff);
  put('e_shoff', word, shoff);
  put('e_flags', 4, spec.flags ?? 0x70001001);
  put('e_ehsize', 2, wide ? 64 : 52);
  put('e_phentsize', 2, wide ? 56 : 32);
  put('e_phnum', 2, spec.segments.length);
  put('e_shentsize', 2, spec.stripped ? 0 : wide ? 64 : 40);
  put('e_shnum', 2, sectionCount);
  put('e_shstrndx', 2, spec.stripped ? 0 : 4);

  at = phoff;
  for (const [i, segment] of spec.segments.entries()) {
    const flags = segment.flags ?? 7;
    const p = `p${i}_`;
    put(`${p}type`, 4, segment.type ?? 1);
    if (wide) put(`${p}flags`, 4, flags);
    put(`${p}offset`, word, data[i]!);
    put(`${p}vaddr`, word, segment.vaddr);
    put(`${p}paddr`, word, segment.paddr ?? segment.vaddr);
    put(`${p}filesz`, word, segment.data.length);
    put(`${p}memsz`, word, segment.data.length + (segment.bss ?? 0));
    if (!wide) put(`${p}flags`, 4, flags);
    put(`${p}align`, word, 0x1000);
    bytes.set(segment.data, data[i]);
  }
  if (spec.stripped) return built(bytes, fields);

  at = symtab + symbolSize;
  let name = 1;
  for (const [i, symbol] of symbols.entries()) {
    const s = `st${i}_`;
    const info = (symbol.info ?? 0x12) << (little ? 0 : 8); // st_info, then st_other = 0, as one halfword
    put(`${s}name`, 4, name);
    if (wide) {
      put(`${s}info`, 2, info);
      put(`${s}shndx`, 2, symbol.section ?? 1);
    }
    put(`${s}value`, word, symbol.value);
    put(`${s}size`, word, symbol.size ?? 0);
    if (!wide) {
      put(`${s}info`, 2, info);
      put(`${s}shndx`, 2, symbol.section ?? 1);
    }
    name += encoder.encode(symbol.name).length + 1;
  }
  bytes.set(names, strtab);
  bytes.set(sectionNames, shstrtab);

  const first = spec.segments[0];
  const sections: [
    nameAt: number,
    type: number,
    addr: bigint,
    offset: number,
    size: number,
    link: number,
    entry: number,
  ][] = [
    [0, 0, 0n, 0, 0, 0, 0],
    [1, 1, first?.vaddr ?? 0n, data[0] ?? 0, first?.data.length ?? 0, 0, 0],
    [7, 2, 0n, symtab, (symbols.length + 1) * symbolSize, 3, symbolSize],
    [15, 3, 0n, strtab, names.length, 0, 0],
    [23, 3, 0n, shstrtab, sectionNames.length, 0, 0],
  ];
  at = shoff;
  for (const [i, [nameAt, type, addr, offset, size, link, entry]] of sections.entries()) {
    const s = `sh${i}_`;
    put(`${s}name`, 4, nameAt);
    put(`${s}type`, 4, type);
    put(`${s}flags`, word, 0);
    put(`${s}addr`, word, addr);
    put(`${s}offset`, word, offset);
    put(`${s}size`, word, size);
    put(`${s}link`, 4, link);
    put(`${s}info`, 4, 0);
    put(`${s}addralign`, word, 1);
    put(`${s}entsize`, word, entry);
  }
  return built(bytes, fields);
}

function built(bytes: Uint8Array, fields: Field[]): BuiltElf {
  const field = (name: string): Field => {
    const found = fields.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no field ${name}`);
    return found;
  };
  return {
    bytes,
    fields,
    field,
    with(name, value) {
      const copy = bytes.slice();
      const { at, size } = field(name);
      patch(copy, at, size, value, bytes[5] === 1);
      return copy;
    },
  };
}

/** Store a field's value in an ELF file of the given byte order. */
export function patch(bytes: Uint8Array, at: number, size: 2 | 4 | 8, value: bigint, little: boolean): void {
  for (let i = 0; i < size; i++)
    bytes[at + (little ? i : size - 1 - i)] = Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 0xffn);
}
