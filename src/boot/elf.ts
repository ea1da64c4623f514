// ELF executables: parsed and checked as hostile input, and copied into guest memory (System V gABI, "Program Loading").
// Addresses are JavaScript numbers: unsigned in ELF32; in ELF64 the two's complement value, so that a sign-extended MIPS address
// such as 0xffffffff80010000 is exactly -0x7fff0000. An ELF64 address that is no safe integer that way is refused.
import type { Endianness, GuestMemory } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import { ET_CORE, ET_DYN, ET_EXEC, ET_REL, machineName, PT_INTERP, PT_LOAD } from './elf-constants.ts';
import { type ElfClass, hexOf, type RawElf, type RawProgramHeader } from './elf-fields.ts';
import { readHeaders } from './elf-headers.ts';
import { type ElfSymbol, readSymbols } from './elf-symbols.ts';
import type { AddressRange } from './placement.ts';

export interface ElfSegment {
  /** Number of its program header. */
  readonly index: number;
  readonly vaddr: number;
  readonly paddr: number;
  /** Bytes in the file, at most `memsz`; the rest of memory is zero. */
  readonly filesz: number;
  readonly memsz: number;
  /** PF_R | PF_W | PF_X. */
  readonly flags: number;
  /** The `filesz` bytes: a view of the file, not a copy. */
  readonly data: Uint8Array;
}

export interface ElfImage {
  readonly class: ElfClass;
  readonly endianness: Endianness;
  /** EM_* number. */
  readonly machine: number;
  /** ET_EXEC or ET_DYN. */
  readonly type: number;
  readonly entry: number;
  /** e_flags, unsigned. */
  readonly flags: number;
  /** Every PT_LOAD segment that occupies memory, in file order; they do not overlap. */
  readonly segments: readonly ElfSegment[];
  readonly sectionNames: readonly string[];
  /** Read at the first call. @throws TsvmError symbols-bad */
  symbols(): readonly ElfSymbol[];
}

/**
 * Where a machine puts a segment: the guest-physical address of a link address, or undefined when the machine's fixed
 * mapping has none. MIPS boards use `vaddr`; boards that load before the MMU is on use `paddr`.
 */
export type ToPhysical = (vaddr: number, paddr: number) => number | undefined;

export interface LoadedImage {
  /** As linked (virtual). */
  readonly entry: number;
  /** Guest-physical ranges taken, in ascending order. */
  readonly loaded: readonly AddressRange[];
  /** Lowest guest-physical address loaded. */
  readonly lowest: number;
  /** First guest-physical address after the image, bss included. */
  readonly highest: number;
}

const cutShort = 'the file is cut short: copy or build it again';
const damaged = 'the file is damaged: copy or build it again';

/**
 * Parse an ELF executable of either class and byte order. `bytes` stay untouched and are kept by the image.
 * @throws TsvmError not-runnable, image-truncated, image-bad-header, image-overlap, image-outside-ram
 */
export async function parseElf(bytes: Uint8Array): Promise<ElfImage> {
  const raw = await readHeaders(bytes);
  checkType(raw);
  const segments = raw.programs.flatMap((header, index) =>
    header.type === PT_LOAD && header.memsz + header.filesz > 0n ? [checkSegment(bytes, raw, header, index)] : [],
  );
  if (segments.length === 0)
    throw new TsvmError('not-runnable', 'the ELF file has no PT_LOAD segment: there is nothing to load', {
      next: 'link it into an executable first',
    });
  checkOverlap(segments, (segment) => segment.vaddr, 'virtual');
  const entry = toAddress(raw.entry, raw.elfClass, 'the entry point');
  if (!segments.some((segment) => entry >= segment.vaddr && entry - segment.vaddr < segment.memsz))
    throw new TsvmError(
      'image-bad-header',
      `the entry point ${hexOf(raw.entry)} is in no segment (${list(segments)})`,
      {
        cause: 'e_entry does not belong to this program, or the linker script has no ENTRY',
        next: 'link it with its entry symbol: -e SYMBOL or ENTRY(SYMBOL)',
      },
    );
  let symbols: readonly ElfSymbol[] | undefined;
  return {
    class: raw.elfClass,
    endianness: raw.endianness,
    machine: raw.machine,
    type: raw.type,
    entry,
    flags: raw.flags,
    segments,
    sectionNames: raw.sections.map((section) => section.name),
    symbols() {
      symbols ??= readSymbols(bytes, raw);
      return symbols;
    },
  };
}

/** What a board can run. */
export interface WantedMachine {
  /** The board's name, for the message. */
  readonly board: string;
  /** EM_* number. */
  readonly machine: number;
  readonly class: ElfClass;
  /** Absent when the board takes both. */
  readonly endianness?: Endianness;
}

/**
 * Hold an image to what a board runs.
 * @throws TsvmError image-wrong-machine
 */
export function requireMachine(image: ElfImage, wanted: WantedMachine): void {
  const fits =
    image.machine === wanted.machine &&
    image.class === wanted.class &&
    (wanted.endianness === undefined || image.endianness === wanted.endianness);
  if (fits) return;
  const order = wanted.endianness === undefined ? '' : ` ${wanted.endianness}-endian`;
  throw new TsvmError(
    'image-wrong-machine',
    `this is ELF${image.class} ${machineName(image.machine)} ${image.endianness}-endian; ` +
      `${wanted.board} runs ELF${wanted.class} ${machineName(wanted.machine)}${order}`,
    { next: 'give a kernel built for that machine, or another --machine (see `tsvm machines`)' },
  );
}

/**
 * Copy every segment to its place in guest memory and zero its bss. Nothing is written unless all of it fits.
 * @throws TsvmError image-outside-ram, image-too-large, image-overlap
 */
export function loadElf(image: ElfImage, memory: GuestMemory, toPhysical: ToPhysical): LoadedImage {
  const placed = image.segments.map((segment) => ({ ...segment, start: place(segment, memory, toPhysical) }));
  checkOverlap(placed, (segment) => segment.start, 'physical');
  for (const segment of placed) {
    memory.write(segment.start, segment.data);
    memory.fill(segment.start + segment.filesz, 0, segment.memsz - segment.filesz);
  }
  const loaded = placed
    .map(({ start, memsz }) => ({ start, end: start + memsz }))
    .sort((left, right) => left.start - right.start);
  return { entry: image.entry, loaded, lowest: loaded[0]!.start, highest: loaded.at(-1)!.end };
}

function checkType(raw: RawElf): void {
  if (raw.type === ET_REL)
    throw new TsvmError('not-runnable', 'this is a relocatable object file, not an executable', {
      next: 'link it into an executable first',
    });
  if (raw.type === ET_CORE)
    throw new TsvmError('not-runnable', 'this is a core dump, not an executable', { next: 'give the kernel itself' });
  if (raw.type !== ET_EXEC && raw.type !== ET_DYN)
    throw new TsvmError('image-bad-header', `e_type at file offset 0x10 is ${raw.type}, not 2 (EXEC) or 3 (DYN)`, {
      next: damaged,
    });
  if (raw.programs.some((header) => header.type === PT_INTERP))
    throw new TsvmError('not-runnable', 'this is a dynamically linked program of an operating system, not a kernel', {
      next: 'give a kernel; a program runs inside a guest, from its initrd',
    });
}

function checkSegment(bytes: Uint8Array, raw: RawElf, header: RawProgramHeader, index: number): ElfSegment {
  const { offset, vaddr, filesz, memsz } = header;
  const where = `segment ${index} (program header at file offset ${hexOf(header.at)})`;
  if (filesz > memsz)
    throw new TsvmError(
      'image-bad-header',
      `${where}: ${hexOf(filesz)} bytes in the file but only ${hexOf(memsz)} in memory`,
      { next: damaged },
    );
  if (filesz > 0n && offset + filesz > BigInt(bytes.length))
    throw new TsvmError(
      'image-truncated',
      `${where}: its bytes lie at file offset ${hexOf(offset)}-${hexOf(offset + filesz)}, the file ends at ${hexOf(bytes.length)}`,
      { next: cutShort },
    );
  if (vaddr + memsz > 1n << BigInt(raw.elfClass))
    throw new TsvmError(
      'image-bad-header',
      `${where}: ${hexOf(vaddr)} + ${hexOf(memsz)} goes past the end of the ${raw.elfClass}-bit address space`,
      { next: damaged },
    );
  const start = toAddress(vaddr, raw.elfClass, where);
  if (memsz > BigInt(Number.MAX_SAFE_INTEGER) || !Number.isSafeInteger(start + Number(memsz)))
    throw new TsvmError('image-too-large', `${where}: ${hexOf(memsz)} bytes of memory`, { next: damaged });
  const from = filesz > 0n ? Number(offset) : 0;
  return {
    index,
    vaddr: start,
    paddr: toAddress(header.paddr, raw.elfClass, where),
    filesz: Number(filesz),
    memsz: Number(memsz),
    flags: header.flags,
    data: new Uint8Array(bytes.buffer, bytes.byteOffset + from, Number(filesz)),
  };
}

function toAddress(value: bigint, elfClass: ElfClass, what: string): number {
  const address = Number(elfClass === 64 ? BigInt.asIntN(64, value) : value);
  if (!Number.isSafeInteger(address))
    throw new TsvmError('image-outside-ram', `${what}: no machine of tsvm has memory at ${hexOf(value)}`, {
      next: 'link the kernel at an address of the machine you want (see `tsvm machines`)',
    });
  return address;
}

/** Segments may touch, not overlap; `address` picks the address space that is meant. */
function checkOverlap<T extends ElfSegment>(
  segments: readonly T[],
  address: (segment: T) => number,
  space: string,
): void {
  const sorted = [...segments].sort((left, right) => address(left) - address(right));
  for (const [i, segment] of sorted.entries()) {
    const previous = sorted[i - 1];
    if (previous && address(segment) - address(previous) < previous.memsz)
      throw new TsvmError(
        'image-overlap',
        `segments ${previous.index} and ${segment.index} overlap in ${space} memory: ` +
          `${span(address(previous), previous.memsz)} and ${span(address(segment), segment.memsz)}`,
        { next: 'check the linker script: every segment needs memory of its own' },
      );
  }
}

/** The guest-physical start of a segment that is wholly in RAM. */
function place(segment: ElfSegment, memory: GuestMemory, toPhysical: ToPhysical): number {
  const { vaddr, paddr, memsz, index } = segment;
  const start = toPhysical(vaddr, paddr);
  const ram = memory.getRanges().map((range) => span(range.gpa, range.size));
  const where = `segment ${index} (${span(vaddr, memsz)})`;
  if (start === undefined)
    throw new TsvmError('image-outside-ram', `${where}: this machine maps no RAM at ${addressText(vaddr)}`, {
      cause: 'the program is linked for another machine, or is a user program',
      next: 'link the kernel at an address of this machine, or choose another --machine',
    });
  const last = toPhysical(vaddr + memsz - 1, paddr + memsz - 1);
  if (last === start + memsz - 1 && memory.contains(start, memsz)) return start;
  if (!memory.contains(start, 1))
    throw new TsvmError(
      'image-outside-ram',
      `${where}: physical ${addressText(start)} is outside RAM (${ram.join(', ')})`,
      { next: 'give the guest more memory (-m), or link the kernel lower' },
    );
  throw new TsvmError(
    'image-too-large',
    `${where}: ${hexOf(memsz)} bytes from physical ${addressText(start)} do not fit in RAM (${ram.join(', ')})`,
    { next: 'give the guest more memory: -m SIZE' },
  );
}

/** An address of boot/elf.ts as people write it: unsigned, at least eight digits. */
function addressText(address: number): string {
  const unsigned = address < 0 ? BigInt.asUintN(64, BigInt(address)) : address;
  return `0x${unsigned.toString(16).padStart(8, '0')}`;
}

function span(start: number, size: number): string {
  return `${addressText(start)}-${addressText(start + size)}`;
}

function list(segments: readonly ElfSegment[]): string {
  const shown = segments.slice(0, 4).map((segment) => span(segment.vaddr, segment.memsz));
  return segments.length > shown.length ? `${shown.join(', ')}, ...` : shown.join(', ');
}
