// The journal: everything from outside enters at a stated instruction count, is written down, and can be fed back.
// Same command + same journal = same bytes, same count, same state hash. One JSON object per line.
import { TsvmError } from '../util/errors.ts';

/** What came from outside. */
export type JournalEvent =
  | { readonly type: 'console'; readonly bytes: Uint8Array }
  /** For the guest agent. */
  | { readonly type: 'agent'; readonly bytes: Uint8Array }
  /** The outside source of console input ended. */
  | { readonly type: 'end-of-input' }
  /** A script has written to guest memory, at a guest-physical address. */
  | { readonly type: 'memory'; readonly address: number; readonly bytes: Uint8Array }
  /** A script has set a register. */
  | { readonly type: 'register'; readonly cpu: number; readonly name: string; readonly value: number }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'stop'; readonly cause: StopCause; readonly reason: string };

export type StopCause = 'interrupted' | 'wall-time-limit';

/** An event and where it entered. */
export interface JournalEntry {
  /** Instructions retired by all vCPUs together. */
  readonly instructions: number;
  /** The guest instant in nanoseconds (differs from the count by the idle time skipped). */
  readonly at: number;
  readonly event: JournalEvent;
}

/** Where console input came from: live (tty, pipe, API; it is in the journal), pulled (a file; it is not), or nowhere. */
export type InputKind = 'live' | 'pulled' | 'none';

export interface Journal {
  readonly input: InputKind;
  readonly entries: readonly JournalEntry[];
}

const VERSION = 1;
const MAX_INPUT = 1 << 20;

/** Keeps what entered in this run. */
export class JournalRecorder {
  private readonly recorded: JournalEntry[] = [];

  add(entry: JournalEntry): void {
    this.recorded.push(entry);
  }

  get entries(): readonly JournalEntry[] {
    return this.recorded;
  }
}

/** Feeds a recorded journal back, in order. */
export class JournalReplay {
  private readonly entries: readonly JournalEntry[];
  private position = 0;

  constructor(entries: readonly JournalEntry[]) {
    this.entries = entries;
  }

  /** Guest instant of the next entry, or Infinity. */
  get nextAt(): number {
    return this.entries[this.position]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The next entry, if its instant has come. */
  takeDue(now: number): JournalEntry | undefined {
    const entry = this.entries[this.position];
    if (!entry || entry.at > now) return undefined;
    this.position++;
    return entry;
  }
}

/** The journal as JSON lines, a header first. */
export function formatJournal({ input, entries }: Journal): string {
  const lines = entries.map(({ instructions, at, event }) =>
    JSON.stringify({
      instructions,
      at,
      ...event,
      ...('bytes' in event ? { bytes: toBase64(event.bytes) } : {}),
    }),
  );
  return `${[JSON.stringify({ journal: VERSION, input }), ...lines].join('\n')}\n`;
}

/** Read JSON lines back. Throws TsvmError 'usage' naming the line. */
export function parseJournal(text: string): Journal {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const header = lines[0] === undefined ? undefined : parseLine(lines[0], 1);
  if (header?.journal !== VERSION) throw bad(1, `is not the first line of a journal of version ${VERSION}`);
  const { input } = header;
  if (input !== 'live' && input !== 'pulled' && input !== 'none') throw bad(1, 'has an unknown input');
  const entries: JournalEntry[] = [];
  for (const [index, line] of lines.slice(1).entries()) {
    const entry = parseEntry(parseLine(line, index + 2), index + 2);
    const previous = entries.at(-1);
    if (previous && (entry.at < previous.at || entry.instructions < previous.instructions))
      throw bad(index + 2, 'goes back in time');
    entries.push(entry);
  }
  return { input, entries };
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
    case 'agent':
      return { type: fields.type, bytes: fromBase64(string(fields, 'bytes', line), line) };
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
      };
    case 'end-of-input':
      return { type: 'end-of-input' };
    case 'resize':
      return {
        type: 'resize',
        columns: natural(fields, 'columns', line, 0xffff),
        rows: natural(fields, 'rows', line, 0xffff),
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

function toBase64(bytes: Uint8Array): string {
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
