// A kernel's own symbol table, found by its structure: what scripts/kallsyms writes into .rodata of every Linux kernel with
// CONFIG_KALLSYMS, so that stripped kernels have names. Layouts of 32-bit kernels 4.x to 6.x (scripts/kallsyms.c, kernel/kallsyms.c):
// [addresses | offsets, relative_base] num_syms names markers [seqs] token_table token_index, or, from 6.4, the addresses
// after token_index. Nothing is trusted: a table counts only when every part of it agrees with every other.
import type { Endianness } from '../memory/guest-memory.ts';
import type { ElfImage } from './elf.ts';
import { MAX_SYMBOL_NAME } from './elf-symbols.ts';
import type { AddressRange } from './placement.ts';
import { mapSymbol, type SymbolEntry, SymbolTable } from './symbols.ts';

/** Bytes to look into, by address; the address is whatever the caller counts in. */
export interface KallsymsSource {
  readonly endianness: Endianness;
  /** Where tables may be; parts that are all zero need not be listed. */
  readonly areas: readonly AddressRange[];
  /** As many bytes from `address` as there are, at most `length`. */
  read(address: number, length: number): Uint8Array;
}

export interface Kallsyms {
  readonly table: SymbolTable;
  /** Where kallsyms_token_table lies, in the source's addresses. */
  readonly foundAt: number;
  /** Lowest and highest symbol, as linked. */
  readonly lowest: number;
  readonly highest: number;
}

/** What is left of MAX_STEPS. */
interface Budget {
  steps: number;
}

const TOKENS = 256;
const SYMBOLS_PER_MARKER = 256;
/** Digits occur in every kernel's symbols, so their tokens are themselves: "0\0" to "9\0" in a row. */
const DIGIT_TOKENS = new TextEncoder().encode('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\0');
const FIRST_DIGIT = 0x30;
const CHUNK = 1 << 20;
/** A large kernel's names and addresses are 4 MB; this is what is looked through on either side of the token table. */
const WINDOW = 8 << 20;
const MAX_SYMBOLS = 1 << 18;
const MIN_SYMBOLS = SYMBOLS_PER_MARKER + 1;
/** Shortest and longest 256 names in a row. */
const MIN_BLOCK = 2 * SYMBOLS_PER_MARKER;
const MAX_BLOCK = 160 * SYMBOLS_PER_MARKER;
/** Most damaged or forged tables that are looked at more closely, and most places in them where names could begin. */
const MAX_CANDIDATES = 64;
const MAX_STEPS = 4_000_000;

/** Every table of the source, in the order of the areas. */
export function* findKallsyms(source: KallsymsSource): Generator<Kallsyms> {
  let candidates = 0;
  const budget = { steps: MAX_STEPS };
  for (const area of source.areas)
    for (const at of digitTokens(source, area)) {
      if (++candidates > MAX_CANDIDATES) return;
      const found = parseAround(source, at, budget);
      if (found) yield found;
    }
}

/** The tables in a kernel's own image, when they are there uncompressed. */
export function kallsymsOfElf(image: ElfImage): SymbolTable | null {
  if (image.class !== 32) return null;
  const areas = image.segments.map(({ vaddr, filesz }) => ({ start: vaddr, end: vaddr + filesz }));
  const read = (address: number, length: number): Uint8Array => {
    const segment = image.segments.find(({ vaddr, filesz }) => address >= vaddr && address < vaddr + filesz)!;
    return segment.data.subarray(address - segment.vaddr, address - segment.vaddr + length);
  };
  for (const { table, foundAt, lowest, highest } of findKallsyms({ endianness: image.endianness, areas, read }))
    if (foundAt > lowest && foundAt < highest) return table;
  return null;
}

/** Addresses of the digits' tokens. */
function* digitTokens(source: KallsymsSource, { start, end }: AddressRange): Generator<number> {
  const size = DIGIT_TOKENS.length;
  for (let at = start; at < end; at += CHUNK) {
    const bytes = source.read(at, Math.min(end - at, CHUNK + size - 1));
    // Horspool: how far the pattern may move by the byte under its last position.
    for (let i = 0; i + size <= bytes.length; ) {
      const last = bytes[i + size - 1]!;
      if (last === 0 && matches(bytes, i)) yield at + i;
      i += last === 0 ? 2 : last >= FIRST_DIGIT && last <= FIRST_DIGIT + 9 ? size - 1 - 2 * (last - FIRST_DIGIT) : size;
    }
  }
}

function matches(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < DIGIT_TOKENS.length; i++) if (bytes[at + i] !== DIGIT_TOKENS[i]) return false;
  return true;
}

/** The bytes around a token table, with numbers in the guest's order. Positions are relative to the window. */
class Window {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly little: boolean;

  constructor(bytes: Uint8Array, endianness: Endianness) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.little = endianness === 'little';
  }

  /** 0xffffffff where there is nothing. */
  u32(at: number): number {
    return at >= 0 && at + 4 <= this.bytes.length ? this.view.getUint32(at, this.little) : 0xffffffff;
  }

  u16(at: number): number {
    return at >= 0 && at + 2 <= this.bytes.length ? this.view.getUint16(at, this.little) : 0xffff;
  }
}

function parseAround(source: KallsymsSource, digits: number, budget: Budget): Kallsyms | undefined {
  const area = source.areas.find(({ start, end }) => digits >= start && digits < end)!;
  const from = Math.max(area.start, digits - WINDOW) & ~7;
  const start = from < area.start ? area.start : from;
  const window = new Window(source.read(start, digits - start + WINDOW), source.endianness);
  const tokens = readTokens(window, digits - start);
  if (!tokens) return undefined;
  for (const markers of markerArrays(window, tokens.start)) {
    const names = findNames(window, markers, tokens.texts, budget);
    if (!names) continue;
    const addresses =
      addressesBefore(window, names.countAt, names.texts.length) ??
      addressesAfter(window, align(tokens.end), names.texts.length);
    if (!addresses) continue;
    return kallsymsOf(names.texts, addresses, start + tokens.start);
  }
  return undefined;
}

function kallsymsOf(names: readonly string[], addresses: readonly number[], foundAt: number): Kallsyms {
  const entries: SymbolEntry[] = names.map((name, i) => mapSymbol(addresses[i]!, name[0]!, name.slice(1)));
  const lowest = addresses[0]!;
  const highest = addresses.at(-1)!;
  return { table: new SymbolTable(entries, [{ start: lowest, end: highest + 1 }]), foundAt, lowest, highest };
}

interface Tokens {
  readonly start: number;
  /** After kallsyms_token_index. */
  readonly end: number;
  readonly texts: readonly string[];
}

/** kallsyms_token_table and kallsyms_token_index; the index says where the table begins and proves it. */
function readTokens(window: Window, digits: number): Tokens | undefined {
  let end = digits;
  for (let token = FIRST_DIGIT; token < TOKENS; token++) {
    const nul = window.bytes.indexOf(0, end);
    if (nul < 0 || nul - end > MAX_SYMBOL_NAME) return undefined;
    end = nul + 1;
  }
  for (const alignment of [4, 8, 2]) {
    const index = align(end, alignment);
    const start = digits - window.u16(index + 2 * FIRST_DIGIT);
    const texts = tokenTexts(window, start, index);
    if (texts) return { start, end: index + 2 * TOKENS, texts };
  }
  return undefined;
}

function tokenTexts(window: Window, start: number, index: number): string[] | undefined {
  const texts: string[] = [];
  let at = start;
  for (let token = 0; token < TOKENS; token++) {
    if (at < 0 || window.u16(index + 2 * token) !== at - start) return undefined;
    const nul = window.bytes.indexOf(0, at);
    if (nul < 0 || nul >= index) return undefined;
    texts.push(latin1(window.bytes.subarray(at, nul)));
    at = nul + 1;
  }
  return texts;
}

/**
 * Positions and contents of what may be kallsyms_markers: 0 and then ascending, before the token table (directly, or before the
 * three bytes per symbol of kallsyms_seqs_of_names that 6.2 has there), nearest first.
 */
function* markerArrays(window: Window, tokensAt: number): Generator<{ at: number; values: number[] }> {
  const lowest = Math.max(0, tokensAt - 3 * MAX_SYMBOLS - (MAX_SYMBOLS / SYMBOLS_PER_MARKER) * 4);
  for (let at = (tokensAt & ~3) - 8; at >= lowest; at -= 4) {
    if (window.u32(at) !== 0) continue;
    const values = [0];
    for (let next = at + 4; next < tokensAt; next += 4) {
      const value = window.u32(next);
      const block = value - values.at(-1)!;
      if (block < MIN_BLOCK || block > MAX_BLOCK) break;
      values.push(value);
    }
    if (values.length > 1) yield { at, values };
  }
}

/** kallsyms_num_syms and kallsyms_names: the count, and as many names, that end where the markers begin. */
function findNames(
  window: Window,
  markers: { readonly at: number; readonly values: readonly number[] },
  tokens: readonly string[],
  budget: Budget,
): { texts: string[]; countAt: number } | undefined {
  const lowest = Math.max(4, markers.at - markers.values.at(-1)! - MAX_BLOCK);
  for (let start = markers.at - MIN_BLOCK; start >= lowest; start -= 4) {
    if (--budget.steps < 0) return undefined;
    const count = window.u32(start - 4);
    if (count < MIN_SYMBOLS || count > MAX_SYMBOLS) continue;
    const blocks = Math.ceil(count / SYMBOLS_PER_MARKER);
    const last = markers.values[blocks - 1];
    if (last === undefined || start + last >= markers.at) continue;
    const texts = readNames(window, start, count, markers, tokens);
    if (texts) return { texts, countAt: start - 4 };
  }
  return undefined;
}

function readNames(
  window: Window,
  start: number,
  count: number,
  markers: { readonly at: number; readonly values: readonly number[] },
  tokens: readonly string[],
): string[] | undefined {
  const { bytes } = window;
  const texts: string[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (i % SYMBOLS_PER_MARKER === 0 && at - start !== markers.values[i / SYMBOLS_PER_MARKER]) return undefined;
    let length = bytes[at++]!;
    // From 6.1 long names have a second length byte; before, no length reaches 128.
    if ((length & 0x80) !== 0) length = (length & 0x7f) | (bytes[at++]! << 7);
    if (length === 0 || at + length > markers.at) return undefined;
    let text = '';
    for (let end = at + length; at < end; at++) text += tokens[bytes[at]!]!;
    if (text.length < 2 || text.length > MAX_SYMBOL_NAME || !/^[A-Za-z?][\x21-\x7e]+$/.test(text)) return undefined;
    texts.push(text);
  }
  return markers.at - at < 8 && bytes.subarray(at, markers.at).every((byte) => byte === 0) ? texts : undefined;
}

/** kallsyms_offsets with kallsyms_relative_base, or kallsyms_addresses, that end where the count is. */
function addressesBefore(window: Window, countAt: number, count: number): number[] | undefined {
  return (
    relative(window, countAt - 4 - 4 * count, count, window.u32(countAt - 4)) ??
    ascending(window, countAt - 4 * count, count, 0)
  );
}

function addressesAfter(window: Window, at: number, count: number): number[] | undefined {
  return relative(window, at, count, window.u32(at + 4 * count)) ?? ascending(window, at, count, 0);
}

/** Offsets from the lowest symbol, whose own is 0. */
function relative(window: Window, at: number, count: number, base: number): number[] | undefined {
  return window.u32(at) === 0 ? ascending(window, at, count, base) : undefined;
}

/** `count` ascending words plus `base`, as addresses; undefined when they are none. */
function ascending(window: Window, at: number, count: number, base: number): number[] | undefined {
  if (at < 0) return undefined;
  const addresses: number[] = [];
  let before = 0;
  for (let i = 0; i < count; i++) {
    const address = base + window.u32(at + 4 * i);
    if (address < before || address > 0xffffffff) return undefined;
    addresses.push(address);
    before = address;
  }
  // Kernels are not linked into the first pages, and their symbols are not all at one place.
  return addresses[0]! >= 0x1000 && addresses.at(-1)! > addresses[0]! ? addresses : undefined;
}

function align(at: number, to = 4): number {
  return Math.ceil(at / to) * to;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
