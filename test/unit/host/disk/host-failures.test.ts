// What the host's file system may do to a disk: failures, partial transfers, no hard links.
import * as fs from 'node:fs';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { lockImage } from '../../../../src/host/disk/lock.ts';
import { positionedFile } from '../../../../src/host/disk/positioned-file.ts';

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const watched = ['readSync', 'writeSync', 'fdatasyncSync', 'linkSync', 'renameSync'] as const;
  return { ...real, ...Object.fromEntries(watched.map((name) => [name, vi.fn(real[name] as () => void)])) };
});

const folder = mkdtempSync(join(tmpdir(), 'tsvm-host-'));
afterEach(() => {
  vi.clearAllMocks();
});
afterAll(() => rmSync(folder, { recursive: true }));

const refusedWith = (code: string) => () => {
  throw Object.assign(new Error(`${code}: refused`), { code });
};

function open() {
  const path = join(folder, 'image');
  writeFileSync(path, 'abcdefgh');
  return { path, file: positionedFile(fs.openSync(path, 'r+'), 'disk.img') };
}

describe('a file of the host', () => {
  it('is read and written whole, however the host cuts the transfers', () => {
    const { path, file } = open();
    const real = vi.mocked(fs.writeSync).getMockImplementation()! as (...args: unknown[]) => number;
    vi.mocked(fs.writeSync).mockImplementation(((
      fd: number,
      bytes: Uint8Array,
      from: number,
      count: number,
      at: number,
    ) => real(fd, bytes, from, Math.min(count, 2), at)) as never);
    file.write(1, new TextEncoder().encode('BCDEF'));
    expect(readFileSync(path, 'utf8')).toBe('aBCDEFgh');
    expect(fs.writeSync).toHaveBeenCalledTimes(3);
    const realRead = vi.mocked(fs.readSync).getMockImplementation()! as (...args: unknown[]) => number;
    vi.mocked(fs.readSync).mockImplementation(((
      fd: number,
      bytes: Uint8Array,
      from: number,
      count: number,
      at: number,
    ) => realRead(fd, bytes, from, Math.min(count, 3), at)) as never);
    const into = new Uint8Array(10);
    expect(file.read(0, into)).toBe(8);
    expect(new TextDecoder().decode(into)).toBe('aBCDEFgh\0\0');
    file.close();
  });

  it.each([
    ['a read', fs.readSync, (file: ReturnType<typeof positionedFile>) => file.read(0, new Uint8Array(1))],
    ['a write', fs.writeSync, (file: ReturnType<typeof positionedFile>) => file.write(0, new Uint8Array(1))],
    ['a flush', fs.fdatasyncSync, (file: ReturnType<typeof positionedFile>) => file.sync()],
  ] as const)('whose medium fails says that %s failed, and why', (what, call, use) => {
    const { file } = open();
    vi.mocked(call as () => void).mockImplementationOnce(refusedWith('EIO'));
    expect(() => use(file)).toThrow(
      expect.objectContaining({ code: 'io', message: `disk.img: ${what} failed (EIO: refused)` }),
    );
    file.close();
  });

  it('that once could not be flushed is never said to be flushed again', () => {
    const { file } = open();
    file.sync();
    vi.mocked(fs.fdatasyncSync).mockImplementationOnce(refusedWith('EIO'));
    for (let i = 0; i < 3; i++) expect(() => file.sync()).toThrow('disk.img: a flush failed (EIO: refused)');
    expect(fs.fdatasyncSync).toHaveBeenCalledTimes(2);
    file.close();
  });
});

describe('the lock of a dead process', () => {
  it('that may not be replaced says so, and nothing is left beside it', () => {
    const image = join(folder, 'sticky');
    const lock = `${image}.tsvm-lock`;
    const held = lockImage(image);
    const own = JSON.parse(readFileSync(lock, 'utf8'));
    held.release();
    writeFileSync(lock, JSON.stringify({ ...own, pid: 2 ** 22 + 1, start: '5' }));
    vi.mocked(fs.renameSync).mockImplementationOnce(refusedWith('EPERM'));
    expect(() => lockImage(image)).toThrow(
      `${image}: cannot be locked, as no file can be made in ${folder} (permission denied)`,
    );
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('sticky'))).toEqual(['sticky.tsvm-lock']);
  });
});

describe('a lock on a file system without hard links', () => {
  it('keeps two writers apart all the same', () => {
    vi.mocked(fs.linkSync).mockImplementation(refusedWith('EPERM'));
    const image = join(folder, 'no-links');
    const lock = lockImage(image);
    expect(() => lockImage(image)).toThrow(`${image}: in use by process ${process.pid}`);
    lock.release();
    const dead = JSON.stringify({ pid: 2 ** 22 + 1, start: '1', host: '', machine: '', boot: '', namespace: '' });
    writeFileSync(`${image}.tsvm-lock`, dead);
    expect(() => lockImage(image)).toThrow(/which cannot be seen from here/);
    fs.rmSync(`${image}.tsvm-lock`);
    lockImage(image).release();
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('no-links'))).toEqual([]);
  });
});
