import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isReadable, readImage } from '../../../src/host/file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('reading a file the user names', () => {
  it('gives its bytes', async () => {
    const path = join(folder, 'image');
    writeFileSync(path, Uint8Array.of(1, 2, 3));
    expect([...(await readImage('kernel', path))]).toEqual([1, 2, 3]);
    expect(await isReadable(path)).toBe(true);
    expect(await isReadable(join(folder, 'none'))).toBe(false);
  });

  it('that does not exist is not-found, with path and role', async () => {
    const path = join(folder, 'nothing');
    const refusal = { code: 'not-found', message: expect.stringContaining(`${path}: no such file (initrd)`) };
    await expect(readImage('initrd', path)).rejects.toMatchObject(refusal);
    await expect(readImage('initrd', join(folder, 'image', 'below'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that is a directory, a FIFO or a device is not-runnable, and is not waited for', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const path of [folder, fifo, '/dev/zero'])
      await expect(readImage('kernel', path)).rejects.toMatchObject({ code: 'not-runnable' });
  });
});
