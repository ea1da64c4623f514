// A journal as text: JSON, one object a line. A header first, then what entered, each with its instant; bytes that were pulled stand between, without
// one. What comes from a file may be hostile.
import { TsvmError } from '../util/errors.ts';
import type { InputKind, Journal, JournalEntry, JournalEvent } from './journal.ts';

const VERSION = 1;
const MAX_INPUT = 1 << 20;

/** The first line of the text; `run`: what else is known of the run (run-record.ts). */
export function journalHeader(input: InputKind, run?: object): string {
  return JSON.stringify({ journal: VERSION, input, ...(run === undefined ? {} : { run }) });
}

/** The line of an entry. */
export function journalLine({ instructions, at, event }: JournalEntry): string {
  return JSON.stringify({
    instructions,
    at,
    ...event,
    ...('bytes' in event ? { bytes: toBase64(event.bytes) } : {}),
  });
}

/** The journal as JSON lines, a header first. */
export function formatJournal({ input, entries }: Journal): string {
  return `${[journalHeader(input), ...entries.map(journalLine)].join('\n')}\n`;
}

/** A journal, and what else stands in its text. */
export interface JournalText {
  readonly journal: Journal;
  /** The header's word about the run; anything at all. */
  readonly run: unknown;
  /** Bytes that were pulled; null: they are not in the text. */
  readonly pulled: Uint8Array | null;
  /** The last line's word about the end; anything at all. */
  readonly end: unknown;
}

/** Read JSON lines back. A last line that was being written when tsvm was killed is left out. Throws TsvmError 'usage' naming the line. */
export function parseJournal(text: string): JournalText {
  const all = text.split('\n');
  const lines = (all.length > 1 && isCut(all.at(-1)!) ? all.slice(0, -1) : all).filter((line) => line.trim() !== '');
  const header = lines[0] === undefined ? undefined : parseLine(lines[0], 1);
  if (header?.journal !== VERSION) throw bad(1, `is not the first line of a journal of version ${VERSION}`);
  const { input, run } = header;
  if (input !== 'live' && input !== 'pulled' && input !== 'none') throw bad(1, 'has an unknown input');
  const entries: JournalEntry[] = [];
  let pulled: number[] | null = run === undefined ? null : [];
  let end: unknown;
  for (const [index, line] of lines.slice(1).entries()) {
    const number = index + 2;
    const fields = parseLine(line, number);
    if (end !== undefined) throw bad(number, 'comes after the end');
    if ('end' in fields) end = fields.end;
    else if ('pulled' in fields) {
      if (fields.pulled === null) pulled = null;
      else for (const byte of fromBase64(string(fields, 'pulled', number), number)) pulled?.push(byte);
    } else {
      const entry = parseEntry(fields, number);
      const previous = entries.at(-1);
      if (previous && (entry.at < previous.at || entry.instructions < previous.instructions))
        throw bad(number, 'goes back in time');
      entries.push(entry);
    }
  }
  return { journal: { input, entries }, run, pulled: pulled && Uint8Array.from(pulled), end };
}

function parseLine(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad(number, 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(number, 'is not an object');
  return value as Record<string, unknown>;
}

/** Is this the beginning of a line, as far as it came? */
function isCut(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

function parseEntry(fields: Record<string, unknown>, line: number): JournalEntry {
  return {
    instructions: natural(fields, 'instructions', line, Number.MAX_SAFE_INTEGER),
    at: natural(fields, 'at', line, Number.MAX_SAFE_INTEGER),
    event: parseEvent(fields, line),
  };
}

function parseEvent(fields: Record<string, unknown>, line: number): JournalEvent {
  switch (fields.type) {
    case 'console':
      return { type: 'console', bytes: fromBase64(string(fields, 'bytes', line), line), ...consoleOf(fields, line) };
    case 'agent':
      return { type: 'agent', bytes: fromBase64(string(fields, 'bytes', line), line) };
    case 'memory':
      return {
        type: 'memory',
        address: natural(fields, 'address', line, Number.MAX_SAFE_INTEGER),
        bytes: fromBase64(string(fields, 'bytes', line), line),
      };
    case 'register':
      return {
        type: 'register',
        cpu: natural(fields, 'cpu', line, 0xff),
        name: string(fields, 'name', line),
        value: natural(fields, 'value', line, 0xffffffff),
        ...(fields.high === undefined ? {} : { high: natural(fields, 'high', line, 0xffffffff) }),
      };
    case 'break':
      return { type: 'break', ...consoleOf(fields, line) };
    case 'end-of-input':
      return { type: 'end-of-input' };
    case 'resize':
      return {
        type: 'resize',
        columns: natural(fields, 'columns', line, 0xffff),
        rows: natural(fields, 'rows', line, 0xffff),
        ...consoleOf(fields, line),
      };
    case 'stop': {
      const cause = fields.cause;
      if (cause !== 'interrupted' && cause !== 'wall-time-limit') throw bad(line, 'has an unknown cause');
      return { type: 'stop', cause, reason: string(fields, 'reason', line) };
    }
    default:
      throw bad(line, 'has an unknown type');
  }
}

/** Which console an event is for; nothing, as in its line, when that is the machine's own. */
function consoleOf(fields: Record<string, unknown>, line: number): { readonly console?: string } {
  return fields.console === undefined ? {} : { console: string(fields, 'console', line) };
}

function natural(fields: Record<string, unknown>, key: string, line: number, max: number): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max)
    throw bad(line, `has no whole number in range as ${key}`);
  return value;
}

function string(fields: Record<string, unknown>, key: string, line: number): string {
  const value = fields[key];
  if (typeof value !== 'string') throw bad(line, `has no string as ${key}`);
  return value;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(text: string, line: number): Uint8Array {
  if (text.length > MAX_INPUT * 2) throw bad(line, 'has too many bytes at once');
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw bad(line, 'has bytes that are not base64');
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function bad(line: number, why: string): TsvmError {
  return new TsvmError('usage', `journal line ${line} ${why}`);
}
