import { linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type NamedFile, refuseSameFile } from '../../../src/cli/named-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-named-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string): string => join(folder, name);
writeFileSync(path('vmlinux'), 'kernel');
symlinkSync(path('vmlinux'), path('symlink'));
linkSync(path('vmlinux'), path('hard-link'));

const kernel: NamedFile = { role: 'the kernel', path: path('vmlinux'), written: false };
const output = (name: string, role = '--json'): NamedFile => ({ role, path: path(name), written: true });

describe('a file that tsvm writes', () => {
  test.each(['vmlinux', 'symlink', 'hard-link', `../${folder.split('/').at(-1)}/vmlinux`])(
    'may not be the kernel by the name %s',
    (name) => {
      expect(() => refuseSameFile([kernel, output(name)])).toThrow(/that is the kernel too/);
      expect(readFileSync(path('vmlinux'), 'utf8')).toBe('kernel');
    },
  );

  test('may not be another one that is written, though neither exists yet', () => {
    expect(() => refuseSameFile([kernel, output('new'), output('new', '--journal')])).toThrow(/--journal too/);
  });

  test('may be a file of its own; files that are only read may be one', () => {
    refuseSameFile([kernel, { ...kernel, role: '--symbols' }, output('events'), output('journal', '--journal')]);
  });

  test('may be /dev/null', () => {
    refuseSameFile([kernel, { role: '--json', path: '/dev/null', written: true }]);
  });
});
