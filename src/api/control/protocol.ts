// What is said over a control socket: JSON objects, one on a line, both ways. The server begins with a hello. A client sends requests,
//   {"id":1,"request":"pause"}  ->  {"id":1,"ok":true,"info":{...}}  or  {"id":1,"ok":false,"error":{"code":...,"message":...,"next":...}}
// answered in their order, but for `execute`, which is answered when the command is done. What nobody has asked for has an `event`: output of the
// console (to those who are attached), notices of the debug shell, and the end of the run. Bytes are base64. Lines of clients are hostile until they are parsed.
import { TsvmError } from '../../util/errors.ts';
import { MAX_STAT_MS } from '../trace/stat.ts';
import type { VmEnd } from './controlled-vm.ts';

/** Changes when a client of an older version would not understand. */
export const CONTROL_VERSION = 2;
/** Bytes of a request. */
export const MOST_REQUEST = 64 << 10;
/** Bytes of a reply: the longest is what a command of the debug shell has put out. */
export const MOST_REPLY = 32 << 20;
/** Of what a command has put out, characters. */
export const MOST_OUTPUT = 4 << 20;
/** Bytes of the console's output that are kept for whoever attaches later. */
export const MOST_RECENT = 16 << 10;

/** The server's first line. */
export interface Hello {
  /** Its version. */
  readonly tsvm: string;
  readonly control: number;
  /** Of the VM. */
  readonly name: string;
}

/** Which console is meant, by the name of its device; left out: the machine's own. */
export interface OnConsole {
  readonly console?: string;
}

export type ControlRequest =
  | { readonly request: 'info' | 'pause' | 'resume' | 'detach' | 'interrupt' | 'leave' }
  | { readonly request: 'stop'; readonly reason: string }
  /** The exits, after looking at them for so many host milliseconds. */
  | { readonly request: 'stat'; readonly ms: number }
  /** Console input. */
  | ({ readonly request: 'input'; readonly bytes: Uint8Array } & OnConsole)
  /** A key of Linux' magic SysRq. */
  | ({ readonly request: 'sysrq'; readonly key: string } & OnConsole)
  | ({ readonly request: 'resize'; readonly columns: number; readonly rows: number } & OnConsole)
  /** Get the console's output from now on, instead of that of the one before, and up to `recent` bytes of what it was before. */
  | ({ readonly request: 'attach'; readonly recent: number } & OnConsole)
  /** Open the debug shell; its files are relative to `folder`. */
  | { readonly request: 'shell'; readonly folder: string }
  /** A command for the shell. */
  | { readonly request: 'execute'; readonly line: string }
  | { readonly request: 'complete'; readonly line: string; readonly cursor: number };

export type ControlEvent =
  | { readonly event: 'output'; readonly data: string }
  /** Of the debug shell, by itself: whole lines. */
  | { readonly event: 'notice'; readonly text: string }
  | ({ readonly event: 'ended' } & VmEnd);

export type RequestId = string | number | null;

/** A JSON object, of which nothing else is known. */
export type Fields = Readonly<Record<string, unknown>>;

const LONGEST_ID = 64;
const LONGEST_REASON = 200;
const MOST_CHARACTERS = 0xffff;

const PARSERS: Readonly<Record<ControlRequest['request'], (fields: Fields) => ControlRequest>> = {
  info: () => ({ request: 'info' }),
  pause: () => ({ request: 'pause' }),
  resume: () => ({ request: 'resume' }),
  stat: (fields) => ({ request: 'stat', ms: count(fields, 'ms', MAX_STAT_MS, 0) }),
  detach: () => ({ request: 'detach' }),
  interrupt: () => ({ request: 'interrupt' }),
  leave: () => ({ request: 'leave' }),
  stop: (fields) => ({ request: 'stop', reason: text(fields, 'reason', '').slice(0, LONGEST_REASON) }),
  input: (fields) => ({ request: 'input', bytes: bytes(fields), ...consoleOf(fields) }),
  sysrq: (fields) => ({ request: 'sysrq', key: sysrqKey(text(fields, 'key')), ...consoleOf(fields) }),
  resize: (fields) => ({
    request: 'resize',
    columns: count(fields, 'columns', MOST_CHARACTERS),
    rows: count(fields, 'rows', MOST_CHARACTERS),
    ...consoleOf(fields),
  }),
  attach: (fields) => ({ request: 'attach', recent: count(fields, 'recent', MOST_RECENT, 0), ...consoleOf(fields) }),
  shell: (fields) => ({ request: 'shell', folder: text(fields, 'folder', '.') }),
  execute: (fields) => ({ request: 'execute', line: text(fields, 'line') }),
  complete: (fields) => {
    const line = text(fields, 'line');
    return { request: 'complete', line, cursor: count(fields, 'cursor', line.length, line.length) };
  },
};

/** A line as a JSON object. @throws TsvmError usage */
export function parseLine(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw wrong('this is no JSON', 'send one object on a line, such as {"id":1,"request":"info"}');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('this is no object', 'send one such as {"id":1,"request":"info"}');
  return value as Fields;
}

/** What the reply is to be known by. */
export function idOf({ id }: Fields): RequestId {
  if (typeof id === 'string') return id.slice(0, LONGEST_ID);
  return typeof id === 'number' ? id : null;
}

/** @throws TsvmError usage, with what is wrong */
export function parseRequest(fields: Fields): ControlRequest {
  const name = text(fields, 'request');
  if (!Object.hasOwn(PARSERS, name))
    throw wrong(`there is no request "${name.slice(0, LONGEST_ID)}"`, `there are ${Object.keys(PARSERS).join(', ')}`);
  return PARSERS[name as ControlRequest['request']](fields);
}

export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export function decodeBytes(data: string): Uint8Array {
  return new Uint8Array(Buffer.from(data, 'base64'));
}

function text(fields: Fields, key: string, unless?: string): string {
  const value = fields[key] ?? unless;
  if (typeof value === 'string') return value;
  throw wrong(`"${key}" must be a string`);
}

function consoleOf(fields: Fields): OnConsole {
  return fields.console === undefined ? {} : { console: text(fields, 'console').slice(0, LONGEST_ID) };
}

function count(fields: Fields, key: string, most: number, unless?: number): number {
  const value = fields[key] ?? unless;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw wrong(`"${key}" must be a whole number up to ${most}`);
}

/** As `data`, in base64, or as `text`. */
function bytes(fields: Fields): Uint8Array {
  if (fields.text !== undefined) return new TextEncoder().encode(text(fields, 'text'));
  return decodeBytes(text(fields, 'data'));
}

/** Linux looks at one character: a letter or a digit, `?` for its help, and a few signs. @throws TsvmError usage */
export function sysrqKey(key: string): string {
  if (/^[!-~]$/.test(key)) return key;
  throw new TsvmError('usage', `sysrq ${key.slice(0, LONGEST_ID)}: not a key`, {
    next: 'give one character, such as t for the tasks, or h for the help of the kernel',
  });
}

function wrong(message: string, next?: string): TsvmError {
  return new TsvmError('usage', message, next === undefined ? {} : { next });
}
