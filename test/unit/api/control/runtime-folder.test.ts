// Where control sockets are, and that nobody else may have a hand in it.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  isVmName,
  openRuntimeFolder,
  runtimeFolder,
  socketNames,
  socketPath,
} from '../../../../src/api/control/runtime-folder.ts';

let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tsvm-folder-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('the folder', () => {
  test('is named by the environment, else in /tmp by the user', () => {
    expect(runtimeFolder({ TSVM_RUNTIME_DIR: '/a', XDG_RUNTIME_DIR: '/run/user/0' })).toBe('/a');
    expect(runtimeFolder({ XDG_RUNTIME_DIR: '/run/user/0' })).toBe('/run/user/0/tsvm');
    expect(runtimeFolder({ XDG_RUNTIME_DIR: 'relative' })).toBe(`/tmp/tsvm-${process.getuid!()}`);
    expect(runtimeFolder({})).toBe(`/tmp/tsvm-${process.getuid!()}`);
    expect(runtimeFolder({ TSVM_RUNTIME_DIR: '' })).toBe(null);
  });

  test('is made for its owner alone, with what it lies in', () => {
    const folder = join(scratch, 'a/b');
    openRuntimeFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(() => openRuntimeFolder(folder)).not.toThrow();
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      'others may read',
      (folder) => mkdirSync(folder, 0o700) ?? chmodSync(folder, 0o755),
      /others may use it \(mode 755\)/,
    ],
    ['others may write', (folder) => mkdirSync(folder) ?? chmodSync(folder, 0o702), /others may use it/],
    ['is a link', (folder) => symlinkSync(scratch, folder), /symbolic link/],
    ['is a file', (folder) => writeFileSync(folder, ''), /no folder/],
  ])('that %s is refused, and what it has is not looked at', (_what, make, why) => {
    const folder = join(scratch, 'folder');
    make(folder);
    expect(() => openRuntimeFolder(folder)).toThrow(why);
    expect(() => socketNames(folder)).toThrow(why);
  });

  test('that cannot be made is refused', () => {
    writeFileSync(join(scratch, 'file'), '');
    expect(() => openRuntimeFolder(join(scratch, 'file/folder'))).toThrow(/cannot be made/);
  });

  test('has no sockets when it is not there, and none but NAME.sock', () => {
    expect(socketNames(join(scratch, 'nothing'))).toEqual([]);
    for (const file of ['vm1.sock', 'vm0.sock', 'vm0.sock.12.stale', '.sock', 'note.txt', '-x.sock'])
      writeFileSync(join(scratch, file), '');
    expect(socketNames(scratch)).toEqual(['vm0', 'vm1']);
  });

  test('gives a socket its path, if an address has room for it', () => {
    expect(socketPath('/run/tsvm', 'vm0')).toBe('/run/tsvm/vm0.sock');
    const deep = `/${'x'.repeat(96)}`;
    expect(socketPath(deep, 'vm0')).toHaveLength(106);
    expect(() => socketPath(deep, 'vm012')).toThrow(/too long for a socket \(108 bytes, at most 107\)/);
    expect(() => socketPath(`/${'ä'.repeat(50)}`, 'vm0')).toThrow(/too long/);
  });

  test('knows names as --name does', () => {
    expect(['vm0', 'guest-12', 'a.b_c-D'].every(isVmName)).toBe(true);
    expect(['', '.', '../x', 'a/b', '-a', 'a b', 'x'.repeat(65)].some(isVmName)).toBe(false);
  });
});
