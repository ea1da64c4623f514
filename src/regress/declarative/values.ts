// Values of a test file that are more than text: what the options of a VM take, durations, addresses, patterns, bytes.
import { parseVmConfig, TsvmError, type VmConfigInput } from '../../api/index.ts';
import { integer, mismatch, type Reader, text } from './reader.ts';
import { PlacedError } from './yaml.ts';

/** An option of a VM, as text in the command line's syntax: `memory: 64` is 64 MiB, as `-m 64` is. */
export function option(key: keyof VmConfigInput): Reader<string> {
  return (node, name) => {
    const value = text(node, name);
    const wrong = wrongOption({ [key]: value });
    if (wrong) throw new PlacedError(node.place, `${name}: ${wrong.message}`, ...wrong.next);
    return value;
  };
}

/** What parseVmConfig says against options, without its name for them; null: nothing. */
function wrongOption(options: Partial<VmConfigInput>): { message: string; next: readonly string[] } | null {
  try {
    parseVmConfig({ kernel: 'kernel', ...options });
    return null;
  } catch (error) {
    if (!(error instanceof TsvmError)) throw error;
    const { next } = error.details;
    return { message: error.message.replace(/^--[\w-]+:? /, ''), next: next === undefined ? [] : [next] };
  }
}

/** Guest time. */
export const duration: Reader<string> = (node, name) => {
  const value = text(node, name);
  if (wrongOption({ limit: value })) throw mismatch(node, name, 'a guest time such as 10s, 500ms or 2m');
  return value;
};

/** A guest virtual address: a symbol, `symbol+0x10`, or a number. */
export const address: Reader<string | number> = (node, name) => {
  const value = text(node, name);
  if (/^-?[0-9]/.test(value)) return integer(0, 0xffffffff)(node, name);
  if (value === '') throw mismatch(node, name, 'a symbol or an address');
  return value;
};

/** 32 bits, which may be meant as a signed number. */
export const word: Reader<number> = (node, name) => integer(-0x80000000, 0xffffffff)(node, name) >>> 0;

/** Pairs of hexadecimal digits, with or without blanks between them. */
export const hexBytes: Reader<Uint8Array> = (node, name) => {
  const digits = text(node, name).replaceAll(/\s/g, '');
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits))
    throw mismatch(node, name, 'pairs of hexadecimal digits such as "de ad be ef"');
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
};

/** A regular expression as it is written in JavaScript. */
const LITERAL = /^\/((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)$/;
const FLAGS = /^[imsuv]*$/;

/** `/pattern/flags`, and nothing else. */
export const pattern: Reader<RegExp> = (node, name) => {
  const found = asPattern(text(node, name));
  if (!found) throw mismatch(node, name, 'a regular expression such as /v[0-9]+/i, its slashes inside as \\/');
  try {
    return new RegExp(found.source, found.flags);
  } catch (error) {
    throw new PlacedError(node.place, `${name}: ${(error as Error).message}`);
  }
};

/** Text that is looked for. */
export const lookedFor: Reader<string> = (node, name) => {
  const value = text(node, name);
  if (value === '') throw mismatch(node, name, 'text with something in it');
  return value;
};

/** Text, or /pattern/flags. */
export const textOrPattern: Reader<string | RegExp> = (node, name) =>
  asPattern(text(node, name)) ? pattern(node, name) : lookedFor(node, name);

/** What a program has put out, exactly or by /pattern/flags. Line ends at its end do not count. */
export const output: Reader<string | RegExp> = (node, name) => {
  const value = text(node, name);
  return asPattern(value) ? pattern(node, name) : value.replace(/\n+$/, '');
};

function asPattern(value: string): { readonly source: string; readonly flags: string } | null {
  const [, source, flags] = LITERAL.exec(value) ?? [];
  return source !== undefined && flags !== undefined && FLAGS.test(flags) ? { source, flags } : null;
}
