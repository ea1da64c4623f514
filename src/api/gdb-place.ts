// Where `--gdb` says that gdb finds a VM.
import { TsvmError } from '../util/errors.ts';

export type GdbPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const LOOPBACK = '127.0.0.1';
/** gdb's users expect it there. */
const DEFAULT_PORT = 1234;
/**
 * `--gdb`'s value: nothing (port 1234), `PORT`, `:PORT`, `HOST:PORT`, `[ADDRESS]:PORT`, or a path, which has a `/`. Port 0: one that is free.
 * @throws TsvmError usage
 */
export function parseGdbPlace(text: string): GdbPlace {
  if (text.includes('/')) return { kind: 'unix', path: text };
  const match = /^(?:(?:\[([\da-fA-F:.]+)\]|([\w.-]*)):)?(\d{0,5})$/.exec(text);
  const port = match?.[3] ? Number(match[3]) : DEFAULT_PORT;
  if (!match || port > 0xffff || (text.endsWith(':') && text !== ':'))
    throw new TsvmError('usage', `--gdb ${text}: neither a port nor a path`, {
      next: 'give PORT, HOST:PORT, or the path of a Unix socket with a / in it',
    });
  return { kind: 'tcp', host: match[1] || match[2] || LOOPBACK, port };
}
