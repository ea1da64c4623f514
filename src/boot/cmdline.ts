// The guest kernel's command line: the board's words, then the user's (-p), as kvmtool joins them; later words win in Linux.
import { TsvmError } from '../util/errors.ts';

/** Linux's COMMAND_LINE_SIZE, in bytes with the final NUL (arch/*\/include/uapi/asm/setup.h). */
export const COMMAND_LINE_SIZE = { mips: 4096, arm: 1024, powerpc: 2048 } as const;

/**
 * Join the parts with single blanks; empty parts vanish.
 * @param limit bytes in UTF-8, final NUL included
 * @throws TsvmError usage: a control character, or too long
 */
export function buildCommandLine(board: readonly string[], user: readonly string[], limit: number): string {
  for (const part of user) rejectControlCharacters(part);
  const line = [...board, ...user]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');
  const length = new TextEncoder().encode(line).length + 1;
  if (length > limit)
    throw new TsvmError(
      'usage',
      `the kernel command line is ${length} bytes with its final NUL; this guest's kernel takes ${limit}`,
      { next: `shorten -p by at least ${length - limit} bytes` },
    );
  return line;
}

function rejectControlCharacters(part: string): void {
  for (let at = 0; at < part.length; at++) {
    const code = part.charCodeAt(at);
    if (code < 0x20 || code === 0x7f)
      throw new TsvmError(
        'usage',
        `-p has the control character 0x${code.toString(16).padStart(2, '0')} at position ${at}`,
        { next: 'separate kernel parameters with blanks; quote a value that has blanks with "..."' },
      );
  }
}
