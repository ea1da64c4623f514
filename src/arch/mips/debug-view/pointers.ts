// What a bad pointer looks like: NULL with an offset, an error number, what kernels fill freed memory with, text (Linux: include/linux/err.h, poison.h,
// include/uapi/asm-generic/errno-base.h). Guesses from a value alone; each says what it is made of.
import { hex } from '../../../util/bits.ts';

/** The pages at 0 are never mapped: what is in the first one is NULL and an offset. */
const NULL_PAGE = 0x1000;
const MAX_ERRNO = 4095;
/** How far from a poison value an access may be, when its base is not known. */
const NEAR = 0x1000;

/** What is wrong with a pointer: a few words, and more lines. */
export interface Suspicion {
  readonly cause: string;
  readonly details: readonly string[];
}

const ERRNO: Readonly<Record<number, string>> = {
  ...{
    1: 'EPERM',
    2: 'ENOENT',
    4: 'EINTR',
    5: 'EIO',
    6: 'ENXIO',
    9: 'EBADF',
    11: 'EAGAIN',
    12: 'ENOMEM',
    13: 'EACCES',
  },
  ...{ 14: 'EFAULT', 16: 'EBUSY', 17: 'EEXIST', 19: 'ENODEV', 20: 'ENOTDIR', 21: 'EISDIR', 22: 'EINVAL', 28: 'ENOSPC' },
  ...{ 38: 'ENOSYS', 110: 'ETIMEDOUT' },
};

const POISON: readonly (readonly [value: number, what: string, cause: string])[] = [
  [0x6b6b6b6b, 'what Linux fills freed memory with', 'use after free'],
  [0x5a5a5a5a, 'what Linux fills memory with that was never written', 'use of uninitialised memory'],
  [0xa5a5a5a5, 'the end of what Linux fills freed memory with', 'use after free'],
  [0xbbbbbbbb, 'what Linux puts behind freed memory', 'access out of bounds'],
  [0xcccccccc, 'what Linux fills freed init memory with', 'use after free'],
  [0xaaaaaaaa, 'what Linux fills freed pages with', 'use after free'],
  [0x00000100, "Linux's LIST_POISON1", 'use of a list entry that was deleted'],
  [0x00000122, "Linux's LIST_POISON2", 'use of a list entry that was deleted'],
  [0x00000200, "Linux's LIST_POISON2", 'use of a list entry that was deleted'],
  [0xdeadbeef, 'what programs mark dead memory with', 'use of memory that was given up'],
];

/** What a pointer of this value may be; undefined: nothing that is known. `name` is the register that has it, or null. */
export function suspectValue(value: number, name: string | null, isBigEndian: boolean): Suspicion | undefined {
  const it = name === null ? hex(value) : `${name} = ${hex(value)}`;
  const poison = POISON.find(([pattern]) => pattern === value);
  if (poison) return { cause: poison[2], details: [`${it} is ${poison[1]}`] };
  const error = 0x100000000 - value;
  if (error <= MAX_ERRNO) {
    const errno = ERRNO[error] === undefined ? '' : ` (${ERRNO[error]})`;
    return {
      cause: 'an error number was used as a pointer',
      details: [`${it} is -${error}${errno}: an ERR_PTR, or the -1 of a failed call, that nobody looked at`],
    };
  }
  const text = asText(value, isBigEndian);
  if (text === undefined) return undefined;
  return {
    cause: 'a pointer that was overwritten by text',
    details: [`${it} is the text ${JSON.stringify(text)} in memory: a string was copied over it`],
  };
}

/** The same of an address whose base is not known. */
export function suspectAddress(address: number, isBigEndian: boolean): Suspicion | undefined {
  if (address < NULL_PAGE)
    return { cause: 'NULL dereference', details: [`${hex(address)} is in the first page: NULL and an offset`] };
  const near = POISON.find(([pattern]) => pattern >= NULL_PAGE && Math.abs(address - pattern) < NEAR);
  return suspectValue(near ? near[0] : address, null, isBigEndian);
}

/** Four characters in memory's order, letters and digits most of them; undefined when it is no text. */
export function asText(value: number, isBigEndian: boolean): string | undefined {
  const shifts = isBigEndian ? [24, 16, 8, 0] : [0, 8, 16, 24];
  const codes = shifts.map((shift) => (value >>> shift) & 0xff);
  const text = String.fromCharCode(...codes);
  return /^[\x20-\x7e]{4}$/.test(text) && text.replace(/[^A-Za-z0-9 ]/g, '').length >= 3 ? text : undefined;
}
