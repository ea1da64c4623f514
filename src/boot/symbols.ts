// Symbols: address -> name+offset and name -> address, from an ELF symbol table or from System.map (the output of nm,
// sorted: "address type name" per line), plain or compressed.
import { TsvmError } from '../util/errors.ts';
import { decompress, type Gunzip } from './decompress.ts';
import { type ElfImage, parseElf } from './elf.ts';
import { EM_ARM, SHN_ABS, SHN_UNDEF, STB_LOCAL, STB_WEAK, STT_FUNC, STT_NOTYPE, STT_OBJECT } from './elf-constants.ts';
import { type ElfSymbol, MAX_SYMBOL_NAME, MAX_SYMBOLS } from './elf-symbols.ts';
import { identifyFile } from './file-magic.ts';
import type { AddressRange } from './placement.ts';

export interface NamedAddress {
  readonly name: string;
  /** Bytes after the symbol. */
  readonly offset: number;
}

/** One symbol; where several share an address, the lowest `rank` names it. */
export interface SymbolEntry {
  readonly name: string;
  readonly address: number;
  readonly rank: number;
}

/** Addresses are in the form of boot/elf.ts: unsigned for 32-bit programs, two's complement for 64-bit ones. */
export class SymbolTable {
  private readonly sorted: readonly SymbolEntry[];
  private readonly ranges: readonly AddressRange[];
  private readonly byName: ReadonlyMap<string, number>;

  /** `ranges` are the addresses that can be named; an address and its symbol lie in the same one. */
  constructor(entries: readonly SymbolEntry[], ranges: readonly AddressRange[]) {
    const ordered = [...entries].sort(
      (left, right) => left.address - right.address || left.rank - right.rank || (left.name < right.name ? -1 : 1),
    );
    this.sorted = ordered.filter((entry, i) => entry.address !== ordered[i - 1]?.address);
    this.ranges = ranges;
    // A name that occurs twice (static functions of several files) means its lowest address.
    this.byName = new Map(ordered.reverse().map((entry) => [entry.name, entry.address]));
  }

  /** Number of names. */
  get size(): number {
    return this.byName.size;
  }

  /** The nearest symbol at or below `address`, or undefined when the address belongs to no known part of the program. */
  lookup(address: number): NamedAddress | undefined {
    const range = this.ranges.find(({ start, end }) => address >= start && address < end);
    if (!range) return undefined;
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const nearest = this.sorted[low - 1];
    if (!nearest || nearest.address < range.start) return undefined;
    return { name: nearest.name, offset: address - nearest.address };
  }

  /** Names that begin so, in the order of letters, at most `most`. */
  names(prefix: string, most: number): string[] {
    const found: string[] = [];
    for (const name of this.byName.keys()) if (name.startsWith(prefix)) found.push(name);
    return found.sort().slice(0, most);
  }

  /** The address of `name`, the lowest when there are several. */
  find(name: string): number | undefined {
    return this.byName.get(name);
  }
}

/** Most bytes of a symbol file once decompressed: a vmlinux with its debug information fits. */
const MAX_SYMBOL_FILE = 512 << 20;

const giveAnother = 'give a vmlinux (ELF) or a System.map with --symbols, as they are or as .gz, .xz or .zst';

/**
 * Read a symbol file: ELF or System.map, plain, .gz, .xz or .zst.
 * @throws TsvmError symbols-bad
 */
export async function parseSymbols(file: Uint8Array, gunzip: Gunzip): Promise<SymbolTable> {
  const { bytes } = await decompress(file, {
    limit: MAX_SYMBOL_FILE,
    what: 'the symbol file',
    code: 'symbols-bad',
    gunzip,
  });
  const identity = identifyFile(bytes);
  if (identity.kind === 'elf') return symbolsOfElf(await parseSymbolElf(bytes));
  if (identity.kind === 'text') {
    if (isPlaceholder(bytes))
      throw new TsvmError('symbols-bad', 'the symbol file is a placeholder: there is no symbol in it', {
        next: "the real one comes with Debian's package linux-image-<version>-dbg",
      });
    return parseSystemMap(bytes);
  }
  throw new TsvmError('symbols-bad', `the symbol file is ${identity.what}`, { next: giveAnother });
}

/** Debian ships a line of text in place of a System.map. */
export function isPlaceholder(file: Uint8Array): boolean {
  return file.length < 512 && /The real System\.map is in/.test(new TextDecoder('latin1').decode(file));
}

async function parseSymbolElf(bytes: Uint8Array): Promise<ElfImage> {
  try {
    return await parseElf(bytes);
  } catch (error) {
    if (!(error instanceof TsvmError)) throw error;
    throw new TsvmError('symbols-bad', `the symbol file is no usable ELF file: ${error.message}`, error.details);
  }
}

/**
 * The symbols of an ELF image; empty when it is stripped.
 * @throws TsvmError symbols-bad
 */
export function symbolsOfElf(image: ElfImage): SymbolTable {
  const ranges = image.segments.map(({ vaddr, memsz }) => ({ start: vaddr, end: vaddr + memsz }));
  const isArm = image.machine === EM_ARM;
  return new SymbolTable(
    image.symbols().flatMap((symbol) => elfEntry(symbol, isArm)),
    ranges,
  );
}

/** Ranks: functions before objects before labels; global before weak before local; fewer underscores first. */
function elfEntry(symbol: ElfSymbol, isArm: boolean): SymbolEntry[] {
  const kind = [STT_FUNC, STT_OBJECT, STT_NOTYPE].indexOf(symbol.type);
  // Sections and files are no addresses; names with $ are assembler labels and ARM's mapping symbols.
  if (kind < 0 || symbol.section === SHN_UNDEF || symbol.section === SHN_ABS || symbol.name.startsWith('$')) return [];
  const binding = symbol.binding === STB_LOCAL ? 2 : symbol.binding === STB_WEAK ? 1 : 0;
  // Bit 0 of an ARM function says that it is T32.
  const address = isArm && symbol.type === STT_FUNC ? symbol.value - (symbol.value & 1) : symbol.value;
  return [{ name: symbol.name, address, rank: rank(kind, binding, symbol.name) }];
}

function rank(kind: number, binding: number, name: string): number {
  return kind * 100 + binding * 10 + /^_*/.exec(name)![0].length;
}

// A line of nm or /proc/kallsyms; an undefined symbol has blanks for its address.
const mapLine = /^([0-9a-f]{8}|[0-9a-f]{16}|)\s+([A-Za-z?])\s(\S+)(\s+\[\S+\])?\s*$/i;
const textTypes = new Set(['T', 't', 'W', 'w']);

function parseSystemMap(bytes: Uint8Array): SymbolTable {
  const entries: SymbolEntry[] = [];
  const lines = new TextDecoder('latin1').decode(bytes).split('\n');
  if (lines.length > MAX_SYMBOLS) throw badMap(`${lines.length} lines; tsvm reads at most ${MAX_SYMBOLS}`);
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const match = line.length > MAX_SYMBOL_NAME + 64 ? null : mapLine.exec(line);
    if (!match) throw badMap(`line ${i + 1} is not "address type name"`);
    const [, digits, type, name] = match as unknown as [string, string, string, string];
    const address = mapAddress(digits);
    // Absolute and undefined symbols are no addresses of the program.
    if (address === undefined || type === 'A' || type === 'a' || type === 'U') continue;
    entries.push(mapSymbol(address, type, name));
  }
  if (entries.length === 0) throw badMap('it names no address');
  const addresses = entries.map((entry) => entry.address).sort((left, right) => left - right);
  return new SymbolTable(entries, [{ start: addresses[0]!, end: addresses.at(-1)! + 1 }]);
}

/** A symbol as nm and kallsyms name its kind: one letter, a capital for global ones. */
export function mapSymbol(address: number, type: string, name: string): SymbolEntry {
  const kind = textTypes.has(type) ? 0 : 1;
  const binding = type === 'W' || type === 'V' ? 1 : type === type.toUpperCase() ? 0 : 2;
  return { name: printable(name), address, rank: rank(kind, binding, name) };
}

/** Sixteen digits are a 64-bit address: two's complement, as in boot/elf.ts. */
function mapAddress(digits: string): number | undefined {
  if (digits === '') return undefined;
  const value = BigInt(`0x${digits}`);
  const address = Number(digits.length === 16 ? BigInt.asIntN(64, value) : value);
  return Number.isSafeInteger(address) ? address : undefined;
}

/** Names end up on terminals. */
function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?');
}

function badMap(problem: string): TsvmError {
  return new TsvmError('symbols-bad', `System.map: ${problem}`, { next: giveAnother });
}
