// The files that the debug shell reads and writes (src/cli/control/shell-files.ts).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shellFiles } from '../../../../src/cli/control/shell-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a file that is written', () => {
  it('has its pieces one after the other, and holes where they are zero, also at the end', () => {
    writeFileSync(join(folder, 'core'), 'what was there before is gone');
    const zeroes = new Uint8Array(1 << 16);
    shellFiles(folder).write('core', [
      Uint8Array.of(1, 2),
      ...Array<Uint8Array>(64).fill(zeroes),
      Uint8Array.of(3),
      zeroes,
    ]);
    const { size, blocks } = statSync(join(folder, 'core'));
    expect(size).toBe(2 + 64 * 65536 + 1 + 65536);
    expect(blocks * 512).toBeLessThan(1 << 20);
    const bytes = readFileSync(join(folder, 'core'));
    expect([bytes[0], bytes[1], bytes[2], bytes[2 + 64 * 65536]]).toEqual([1, 2, 0, 3]);
  });

  it('is a regular one: a pipe would hold the guest', () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(() => shellFiles(folder).write('pipe', [])).toThrow(/pipe: cannot be written \(it is not a regular file\)/);
    expect(() => shellFiles(folder).read('pipe')).toThrow(/not a regular file/);
    expect(() => shellFiles(folder).write('none/core', [])).toThrow(/none\/core: cannot be written/);
  });
});
