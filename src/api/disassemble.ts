// A kernel's code as people read it: which file, which place, and what of it. The reading of instructions is the emulated core's.

import type { CpuOf } from '../boards/board.ts';
import { chooseBoard } from '../boards/choose.ts';
import { BOARDS } from '../boards/index.ts';
import { type ArmCode, armCodeOf } from '../boot/arm-code.ts';
import { type ElfImage, parseElf } from '../boot/elf.ts';
import { EM_ARM } from '../boot/elf-constants.ts';
import { unpackKernel } from '../boot/kernel-image.ts';
import type { SymbolTable } from '../boot/symbols.ts';
import { readImage } from '../host/file.ts';
import { gunzip } from '../host/gunzip.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import { silentLog } from '../util/log.ts';
import { CodeListing, thumbSize } from '../vmm/emulated-code.ts';
import { findSymbols } from './symbols.ts';

export interface DisassembleOptions {
  /** An ELF file, as it is or compressed. */
  readonly kernel: string;
  /** ELF or System.map with the symbols of a stripped kernel. */
  readonly symbols?: string | undefined;
  /**
   * `PLACE`, `PLACE..PLACE` (the second one is not shown) or `PLACE..+N` (N instructions). A place is an address in hexadecimal, a symbol, or
   * `symbol+0x10`. A symbol alone means all of it, any other place one instruction. On ARM an odd address means T32 instructions.
   */
  readonly where: string;
  /** Show the rows that instructions are, and what they do. */
  readonly operations?: boolean | undefined;
  /** Show WebAssembly text. */
  readonly wasm?: boolean | undefined;
  /** Show the region that would be compiled from the place, instead of instructions. */
  readonly region?: boolean | undefined;
}

/** Most instructions in one answer. */
const MOST_INSTRUCTIONS = 65536;
const ADDRESS = /^0x[0-9a-f]{1,8}$/i;
const SUM = /^(.+)\+(0x[0-9a-f]{1,8}|\d{1,9})$/i;

/** The text. @throws TsvmError usage, not-found, not-runnable, image-*, symbols-bad, io */
export async function disassemble(options: DisassembleOptions): Promise<string> {
  const { kernel, symbols = null } = options;
  const image = await openImage(kernel);
  const found = await findSymbols({ kernel, symbols }, { kind: 'elf', elf: image }, silentLog);
  const words = new CodeWords(image);
  const { start, end } = findRange(options.where, { file: kernel, words, table: found.kernel?.table ?? null });
  if ((end - start) / 4 > MOST_INSTRUCTIONS) throw tooMany(options.where, Math.floor((end - start) / 4));
  if (!words.has(start)) throw nothingThere(hex(start), kernel, words);
  await found.load();
  const listing = new CodeListing(
    {
      architecture: await architectureOf(image, kernel),
      endianness: image.endianness,
      wordAt: (address) => words.at(address),
      halfwordAt: (address) => words.halfwordAt(address),
      kindAt: words.kindAt,
      symbolize: (address) => found.symbolize(address),
    },
    { operations: options.operations ?? false, wasm: options.wasm ?? false },
  );
  return options.region ? listing.region(words.pcOf(start)) : listing.instructions(start, end);
}

async function openImage(path: string): Promise<ElfImage> {
  const file = await readImage('kernel', path);
  try {
    const { bytes } = await unpackKernel(file, gunzip);
    return await parseElf(bytes);
  } catch (error) {
    throw error instanceof TsvmError ? new TsvmError(error.code, `${path}: ${error.message}`, error.details) : error;
  }
}

/** Any program of the CPU will do, also one that no machine would start. */
async function architectureOf(image: ElfImage, path: string): Promise<ReturnType<CpuOf>> {
  const board = BOARDS.find(({ images }) =>
    images.some(({ machine, class: bits }) => machine === image.machine && bits === image.class),
  );
  if (board) return (await board.loadArchitecture())(image.endianness);
  try {
    const chosen = chooseBoard(BOARDS, { kind: 'elf', elf: image }, { machine: null, boot: null });
    return (await chosen.board.loadArchitecture())(image.endianness);
  } catch (error) {
    throw error instanceof TsvmError ? new TsvmError(error.code, `${path}: ${error.message}`, error.details) : error;
  }
}

/** The code of an image's segments. An odd address asks for T32 instructions, whatever the image says. */
class CodeWords {
  /** Are there two instruction sets? */
  readonly isArm: boolean;
  readonly kindAt: (address: number) => ArmCode;
  private readonly image: ElfImage;

  constructor(image: ElfImage) {
    this.image = image;
    this.isArm = image.machine === EM_ARM;
    this.kindAt = this.isArm ? armCodeOf(image) : () => 'words';
  }

  at(address: number): number | undefined {
    return (address & 3) === 0 ? this.view(address, 4)?.getUint32(0, this.little) : undefined;
  }

  halfwordAt(address: number): number | undefined {
    return (address & 1) === 0 ? this.view(address, 2)?.getUint16(0, this.little) : undefined;
  }

  has(address: number): boolean {
    return this.at(address) !== undefined || (this.isArm && this.halfwordAt(address - (address & 1)) !== undefined);
  }

  private get little(): boolean {
    return this.image.endianness === 'little';
  }

  private view(address: number, bytes: number): DataView | undefined {
    const segment = this.image.segments.find(
      ({ vaddr, filesz }) => address >= vaddr && address + bytes <= vaddr + filesz,
    );
    return segment && new DataView(segment.data.buffer, segment.data.byteOffset + address - segment.vaddr, bytes);
  }

  /** The address of an instruction with bit 0 set when it is T32. */
  pcOf(address: number): number {
    return (address & 1) === 0 && this.kindAt(address) === 'halfwords' ? address + 1 : address;
  }

  /** Where what follows the instruction at `address` stands; an odd address leads to an odd one. */
  after(address: number): number {
    if (this.pcOf(address) % 2 === 0) {
      const isHalf = this.kindAt(address) === 'data' && this.kindAt(address + 2) !== 'data';
      return address + (address % 4 === 0 && !isHalf ? 4 : 2);
    }
    return address + thumbSize(this.halfwordAt(address - (address & 1)) ?? 0);
  }

  /** First address after the segment that holds `address`. */
  endOf(address: number): number {
    const segment = this.image.segments.find(({ vaddr, filesz }) => address >= vaddr && address < vaddr + filesz);
    return segment ? segment.vaddr + segment.filesz : address;
  }

  /** An address that has a word. */
  get first(): number {
    return this.image.entry;
  }

  get ranges(): string {
    return this.image.segments
      .filter(({ filesz }) => filesz > 0)
      .map(({ vaddr, filesz }) => `${hex(vaddr)}-${hex(vaddr + filesz - 1)}`)
      .join(', ');
  }
}

interface Program {
  readonly file: string;
  readonly words: CodeWords;
  readonly table: SymbolTable | null;
}

function findRange(where: string, program: Program): { start: number; end: number } {
  const [first = '', last, ...more] = where.split('..');
  if (more.length > 0 || first === '' || last === '')
    throw new TsvmError('usage', `${where || "''"}: not a place`, {
      next: 'try: SYMBOL, 0xADDRESS, FROM..TO or FROM..+8',
    });
  const start = findPlace(first, program);
  if (last === undefined) {
    const whole = !ADDRESS.test(first) && program.table?.find(first) !== undefined;
    if (whole) return { start, end: endOfSymbol(start, program) };
    const after = program.words.after(start);
    return { start, end: after - (start & 1) };
  }
  const count = /^\+(\d+)$/.exec(last);
  const to = count ? endOfCount(start, Number(count[1]), where, program) : findPlace(last, program);
  const end = program.words.isArm ? to - (to & 1) : to;
  if (end <= start)
    throw new TsvmError('usage', `${where}: ends at ${hex(end)}, before it begins`, {
      next: 'the end is an address behind the first, or +N for N instructions',
    });
  return { start, end };
}

function findPlace(text: string, { table, file, words }: Program): number {
  const address = addressOf(text, table);
  if (address === undefined)
    throw new TsvmError('usage', `${text}: ${file} has no such symbol`, {
      ...(table ? {} : { cause: 'the file is stripped' }),
      next: `give an address such as ${hex(words.first)}${table ? '' : ', or the symbols with --symbols FILE'}`,
    });
  const isPlace = (address & 3) === 0 || (words.isArm && words.pcOf(address) % 2 === 1);
  if (!isPlace && !(words.isArm && words.kindAt(address) === 'data'))
    throw new TsvmError('usage', `${text}: ${hex(address)} is no multiple of 4`, {
      cause: 'instructions are words at addresses that are',
      next: `try: ${hex(address - (address & 3))}${words.isArm ? `, or ${hex(address + 1)} for what is T32` : ''}`,
    });
  return address;
}

function addressOf(text: string, table: SymbolTable | null): number | undefined {
  if (ADDRESS.test(text)) return Number(text);
  const known = table?.find(text);
  if (known !== undefined) return known;
  const sum = SUM.exec(text);
  const base = sum && table?.find(sum[1]!);
  return sum === null || base === undefined || base === null ? undefined : base + Number(sum[2]);
}

/** Where the next symbol begins. */
function endOfSymbol(start: number, { table, words }: Program): number {
  const name = table?.lookup(start)?.name;
  const limit = words.endOf(start);
  const step = words.isArm ? 2 : 4;
  let end = start + step;
  while (end < limit && table?.lookup(end)?.name === name) end += step;
  return end;
}

function endOfCount(start: number, count: number, where: string, { words }: Program): number {
  if (count > MOST_INSTRUCTIONS) throw tooMany(where, count);
  let end = start;
  for (let n = 0; n < count; n++) end = words.after(end);
  return end;
}

function tooMany(where: string, count: number): TsvmError {
  return new TsvmError('usage', `${where}: ${count} instructions are too many`, {
    next: `ask for at most ${MOST_INSTRUCTIONS} at once`,
  });
}

function nothingThere(text: string, file: string, words: CodeWords): TsvmError {
  return new TsvmError('usage', `${text}: there is no code in ${file}`, {
    cause: `the file has ${words.ranges}`,
    next: 'give an address in there, or a symbol',
  });
}
