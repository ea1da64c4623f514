// Commands for memory: mem reads, writes and searches it, x is gdb's, save and load keep ranges in files.
import { hex } from '../../../util/bits.ts';
import { TsvmError } from '../../../util/errors.ts';
import { grouped, printable } from '../../../util/format.ts';
import type { Arguments, ShellCommand } from '../command.ts';
import { completePlace } from '../completion.ts';
import type { Place } from '../expression.ts';
import { listing } from '../listing.ts';
import type { ShellSession } from '../session.ts';
import { ascii, bytesOf, digits, numberIn } from '../text.ts';
import { escaped, unescaped } from '../words.ts';

type Size = 1 | 2 | 4;
const SIZES: Readonly<Record<string, Size>> = { b: 1, h: 2, w: 4 };

const LINE_BYTES = 16;
const DEFAULT_BYTES = 64;
/** Units shown at once. */
const MOST_SHOWN = 0x1_0000;
const PAGE = 0x1000;
const CHUNK = 0x1_0000;
const MOST_SAVED = 0x4000_0000;
const MOST_FOUND = 100;
const MOST_TEXT = 4096;
const END = 0x1_0000_0000;

const further = ({ address, space }: Place, bytes: number): Place => ({ address: (address + bytes) >>> 0, space });

/** Where a place is, before a line of its memory. */
function label(session: ShellSession, { address, space }: Place): string {
  if (space === 'physical') return `phys:${hex(address)}`;
  return session.named(address);
}

function notReadable(session: ShellSession, place: Place): TsvmError {
  return new TsvmError('usage', `no memory can be read at ${session.placeText(place)}`, {
    next: place.space === 'virtual' ? `walk ${hex(place.address)} says why` : 'map shows what there is',
  });
}

type Shown = (value: number, size: Size) => string;
const inHex: Shown = (value, size) => digits(value, 8 * size);

/** `count` units of memory as lines; where memory ends is said. @throws TsvmError when not even the first can be read */
function dump(session: ShellSession, place: Place, count: number, size: Size, show: Shown = inHex): string[] {
  const length = count * size;
  const read = session.read(place, length);
  const bytes = read.subarray(0, read.length - (read.length % size));
  if (bytes.length === 0) throw notReadable(session, place);
  const labels: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) labels.push(label(session, further(place, at)));
  const width = Math.max(...labels.map((text) => text.length));
  const lines = labels.map((text, i) => {
    const part = bytes.subarray(i * LINE_BYTES, (i + 1) * LINE_BYTES);
    const values: string[] = [];
    for (let at = 0; at < part.length; at += size)
      values.push(show(numberIn(part.subarray(at, at + size), session.target.endianness), size));
    const line = `${text.padEnd(width)}  ${values.join(' ')}`;
    return size === 1 && show === inHex ? `${line.padEnd(width + 1 + 3 * LINE_BYTES)}  ${ascii(part)}` : line;
  });
  session.lastShown = further(place, bytes.length);
  if (bytes.length === length) return lines;
  return [...lines, `${label(session, further(place, bytes.length))}: not readable`];
}

function takeSize(args: Arguments): Size | undefined {
  const letter = args.takeIf('b', 'h', 'w');
  return letter === undefined ? undefined : SIZES[letter];
}

function readMemory(session: ShellSession, args: Arguments): string[] {
  const word = args.take();
  const place = word === undefined ? session.lastShown : session.evaluate(word);
  if (!place) throw args.refuse('an address is missing');
  const early = takeSize(args);
  const count = args.next === undefined ? undefined : args.count('a count', 0, MOST_SHOWN);
  const size = early ?? takeSize(args) ?? 4;
  args.done();
  const units = count ?? DEFAULT_BYTES / size;
  const lines = dump(session, place, units, size);
  const letter = Object.keys(SIZES).find((name) => SIZES[name] === size);
  session.repeat = `mem read ${next(session)} ${units} ${letter}`;
  return lines;
}

/** Where a repeated command goes on, as an expression. */
function next(session: ShellSession): string {
  const { address, space } = session.lastShown!;
  return `${space === 'physical' ? 'phys:' : ''}${hex(address)}`;
}

/** Bytes given as a text in quotes, or as values of one size. */
function takeBytes(session: ShellSession, args: Arguments): Uint8Array {
  if (args.nextIsQuoted) return unescaped(args.take()!);
  const words: string[] = [];
  let size: Size | undefined;
  while (args.next !== undefined && size === undefined) {
    size = takeSize(args);
    if (size === undefined) words.push(args.take()!);
  }
  if (words.length === 0) throw args.refuse('a value is missing');
  const unit = size ?? 4;
  const limit = 2 ** (8 * unit);
  return Uint8Array.from(
    words.flatMap((word) => {
      const { address: value } = session.evaluate(word);
      if (value >= limit && value < END - limit / 2)
        throw args.refuse(`${printable(word)} has more than ${unit} bytes`);
      return [...bytesOf(value, unit, session.target.endianness)];
    }),
  );
}

function writeMemory(session: ShellSession, args: Arguments): string[] {
  const place = session.evaluate(args.need('an address'));
  const bytes = takeBytes(session, args);
  args.done();
  session.write(place, bytes);
  return [`wrote ${bytes.length} byte${bytes.length === 1 ? '' : 's'} at ${session.placeText(place)}`];
}

/** Where `pattern` begins in [place, place + length), memory that cannot be read left out. */
function* found(session: ShellSession, place: Place, length: number, pattern: Uint8Array): Generator<number> {
  const end = Math.min(place.address + length, END);
  let at = place.address;
  while (at < end) {
    const bytes = session.read({ ...place, address: at }, Math.min(CHUNK, end - at));
    for (let i = indexOf(bytes, pattern, 0); i >= 0; i = indexOf(bytes, pattern, i + 1)) yield at + i;
    if (bytes.length < pattern.length) at = (Math.floor((at + bytes.length) / PAGE) + 1) * PAGE;
    else at += bytes.length - (at + bytes.length < end ? pattern.length - 1 : 0);
  }
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(pattern[0]!, from); at >= 0; at = bytes.indexOf(pattern[0]!, at + 1)) {
    if (at + pattern.length > bytes.length) return -1;
    if (pattern.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function searchMemory(session: ShellSession, args: Arguments): string[] {
  const place = session.evaluate(args.need('an address'));
  const length = args.size('a length', END);
  const pattern = takeBytes(session, args);
  args.done();
  if (pattern.length === 0) throw args.refuse('there is nothing to search for');
  if (pattern.length > CHUNK / 2) throw args.refuse('the pattern is too long');
  const lines: string[] = [];
  for (const address of found(session, place, length, pattern)) {
    if (lines.length === MOST_FOUND) return [...lines, `and more: search on from ${hex(address)}`];
    lines.push(label(session, { ...place, address }));
  }
  return lines.length === 0 ? ['not found'] : lines;
}

const PARTS = { read: readMemory, write: writeMemory, search: searchMemory } as const;

const memCommand: ShellCommand = {
  name: 'mem',
  aliases: ['memory', 'm'],
  family: 'memory',
  usage: 'mem read [ADDR [COUNT] [b|h|w]] | mem write ADDR VALUE... [b|h|w] | mem search ADDR LENGTH VALUE... [b|h|w]',
  summary: 'read, write or search memory',
  help: [
    'Addresses are virtual, as the selected vCPU has them, whatever its rights; phys:ADDR is physical. b, h, w: bytes, halfwords, words (the default).',
    'Instead of values there may be a text in quotes: "text\\n". Devices are never read. An empty line after `mem read` reads on.',
    'LENGTH is in bytes, or with K, M or G behind it.',
  ],
  examples: [
    'mem read $sp 16',
    'mem read phys:0x400 32 b',
    'mem write jiffies 0 1',
    'mem write $a0 "hello\\0"',
    'mem search _stext 8M "Linux version"',
  ],
  complete: (session, before, word) => {
    if (before.length === 0) return Object.keys(PARTS);
    return before.length === 1 ? completePlace(session, word) : ['b', 'h', 'w'];
  },
  run(session, args) {
    const part = args.takeIf('read', 'write', 'search');
    if (part === undefined) throw args.refuse(`${printable(args.next ?? 'what')}: read, write or search?`);
    return PARTS[part](session, args);
  },
};

/** The text up to a NUL. */
function textAt(session: ShellSession, place: Place): string[] {
  const bytes = session.read(place, MOST_TEXT);
  if (bytes.length === 0) throw notReadable(session, place);
  const end = bytes.indexOf(0);
  const text = escaped(end < 0 ? bytes : bytes.subarray(0, end));
  session.lastShown = further(place, end < 0 ? bytes.length : end + 1);
  return [`${label(session, place)}  "${text}"${end < 0 ? '...' : ''}`];
}

const FORMATS: Readonly<Record<string, Shown>> = {
  x: inHex,
  u: String,
  d: (value, size) => String(value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value),
  t: (value, size) => value.toString(2).padStart(8 * size, '0'),
};

const xCommand: ShellCommand = {
  name: 'x',
  family: 'memory',
  usage: 'x[/[COUNT][x|u|d|t|i|s][b|h|w]] [ADDR]',
  summary: "gdb's x: memory as numbers, i instructions, s text",
  help: ['A text is shown as `mem write` takes it: \\n, \\t, \\", \\x1b; every byte beyond ASCII by its number.'],
  examples: ['x/4wx $sp', 'x/8i $pc', 'x/s linux_banner'],
  complete: (session, _before, word) => completePlace(session, word),
  run(session, args) {
    const [, count = '1', letters] = /^(\d*)([xudtisbhw]*)$/.exec(args.format) ?? [];
    if (letters === undefined) throw args.refuse(`/${printable(args.format)} is no format`);
    const word = args.rest();
    const place = word === '' ? session.lastShown : session.evaluate(word);
    if (!place) throw args.refuse('an address is missing');
    const units = count === '' ? 1 : args.number(count, 'a count', 1, MOST_SHOWN);
    const lines = xLines(session, args, place, units, letters);
    session.repeat = `x/${args.format} ${next(session)}`;
    return lines;
  },
};

function xLines(session: ShellSession, args: Arguments, place: Place, units: number, letters: string): string[] {
  if (letters.includes('s')) {
    const lines: string[] = [];
    for (let at: Place = place; lines.length < units; at = session.lastShown!) lines.push(...textAt(session, at));
    return lines;
  }
  if (letters.includes('i')) {
    if (place.space === 'physical') throw args.refuse('instructions are read at virtual addresses only');
    const from = session.inThumb ? (place.address | 1) >>> 0 : place.address;
    const last = session.instructions(from, units).at(-1);
    if (!last) throw notReadable(session, place);
    const lines = listing(session, from, units);
    session.lastShown = { address: (last.address + last.size) >>> 0, space: 'virtual' };
    return lines;
  }
  const size = SIZES[[...letters].find((letter) => letter in SIZES) ?? 'w']!;
  const shown = FORMATS[[...letters].find((letter) => letter in FORMATS) ?? 'x']!;
  return dump(session, place, units, size, shown);
}

const saveCommand: ShellCommand = {
  name: 'save',
  family: 'memory',
  usage: 'save FILE ADDR LENGTH',
  summary: 'write memory into a file',
  help: ['LENGTH is in bytes, or with K, M or G behind it.'],
  examples: ['save ram.bin phys:0 128M', 'save stack.bin $sp 256'],
  complete: (session, before, word) => (before.length === 1 ? completePlace(session, word) : []),
  run(session, args) {
    const file = args.need('a file');
    const place = session.evaluate(args.need('an address'));
    const length = args.size('a length', MOST_SAVED);
    args.done();
    let readable = 0;
    for (const chunk of chunks(session, place, length)) readable += chunk.length;
    if (readable < length) throw notReadable(session, further(place, readable));
    session.files.write(file, chunks(session, place, length));
    return [`saved ${grouped(length)} bytes from ${session.placeText(place)} in ${printable(file)}`];
  },
};

/** Memory in pieces, up to where it cannot be read. */
function* chunks(session: ShellSession, place: Place, length: number): Generator<Uint8Array> {
  for (let done = 0; done < length; ) {
    const chunk = session.read(further(place, done), Math.min(CHUNK, length - done));
    if (chunk.length === 0) return;
    yield chunk;
    done += chunk.length;
  }
}

const loadCommand: ShellCommand = {
  name: 'load',
  aliases: ['restore'],
  family: 'memory',
  usage: 'load FILE ADDR',
  summary: 'write a file into memory',
  help: ['What is written is in the journal.'],
  examples: ['load stack.bin $sp'],
  complete: (session, before, word) => (before.length === 1 ? completePlace(session, word) : []),
  run(session, args) {
    const file = args.need('a file');
    const place = session.evaluate(args.need('an address'));
    args.done();
    const bytes = session.files.read(file);
    session.write(place, bytes);
    return [`loaded ${grouped(bytes.length)} bytes of ${printable(file)} at ${session.placeText(place)}`];
  },
};

export const memoryCommands: readonly ShellCommand[] = [memCommand, xCommand, saveCommand, loadCommand];
