// GCC's torture programs: the tenth that CI runs, in the guest and under qemu-user; and the parts of scripts/torture that judge.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { compareEndings } from '../../scripts/torture/compare.ts';
import { selects, tclList, wishesOf } from '../../scripts/torture/directives.ts';
import { readConsole } from '../../scripts/torture/guest.ts';
import { runUnderQemu } from '../../scripts/torture/qemu.ts';
import { buildPackage } from '../boot/cli-support.ts';

const root = resolve(import.meta.dirname, '../..');

describe('directives of the torture programs', () => {
  it('splits Tcl lists into words, quotes and braces', () => {
    expect(tclList('dg-skip-if "a b" { ! { x-*-* y } } ""')).toEqual(['dg-skip-if', 'a b', ' ! { x-*-* y } ', '']);
  });

  it.each([
    ['mips*-*-linux*', true],
    ['avr-*-* mipsel-*-*', true],
    ['avr-*-*', false],
    ['! { i?86-*-* x86_64-*-* }', true],
    ['! alloca', false],
    ['int32plus && { ! int128 }', true],
    ['dfp || vxworks_kernel', false],
  ])('selector %s: %s', (selector, holds) => expect(selects(selector)).toBe(holds));

  it.each([
    ['/* { dg-options "-fwrapv -w" } */', ['-fwrapv', '-w']],
    ['// { dg-options "-O" { target mips*-*-* } }\nint x[] = { 1 };', ['-O']],
    ['/* { dg-options "-mno-mmx" { target { x86_64-*-* i?86-*-* } } } */', []],
    ['/* { dg-require-stack-size "8*100" }\n   { dg-additional-options "-fpic" { target fpic } } */', ['-fpic']],
  ])('options of %s', (source, options) => {
    expect(wishesOf(source, '', '-O2')).toEqual({ options, skip: null });
  });

  it('takes options of a .x file that stand under no condition', () => {
    const tcl = 'if { [x] } {\n    lappend additional_flags "-a"\n}\nlappend additional_flags "-b" "-c"\nreturn 0\n';
    expect(wishesOf('', tcl, '-O0').options).toEqual(['-b', '-c']);
  });

  it.each([
    ['/* { dg-require-effective-target int128 } */', 'needs int128'],
    ['/* { dg-skip-if "no" { *-*-* } { "-O2" } } */', 'no { *-*-* }'],
    ['/* { dg-skip-if "no" { *-*-* } { "-O1" } } */', null],
    ['/* { dg-skip-if "no" { *-*-* } { "*" } { "-O2" } } */', null],
    ['/* { dg-skip-if "no" { avr-*-* } } */', null],
  ])('%s: %s', (source, skip) => expect(wishesOf(source, '', '-O2').skip).toBe(skip));

  it('refuses what it does not know', () => {
    expect(() => wishesOf('/* { dg-new-thing } */', '', '-O2')).toThrow('unknown directive dg-new-thing');
    expect(() => wishesOf('/* { dg-require-effective-target moon } */', '', '-O2')).toThrow('effective target moon');
  });
});

describe('what the guest said', () => {
  const line = (name: string, how = 'exit 0'): string => `TORTURE ${name} ${how} stdout 3 0a0b0c0d\r\n`;

  it('is read from its console, among other lines', () => {
    const text = `noise\r\n${line('a.O0')}[ 1.0] oops\r\n${line('b.O0', 'signal 11')}\r\nTORTURE-END 2\r\n`;
    expect(readConsole(text)).toEqual({
      complete: true,
      endings: new Map([
        ['a.O0', 'exit 0 stdout 3 0a0b0c0d'],
        ['b.O0', 'signal 11 stdout 3 0a0b0c0d'],
      ]),
    });
  });

  it('is incomplete without the end, or with a line that something broke', () => {
    expect(readConsole(line('a.O0')).complete).toBe(false);
    expect(readConsole(`${line('a.O0')}TORTURE b.O0 ex[ 2.0] oops\r\nTORTURE-END 2\r\n`).complete).toBe(false);
  });

  const qemu = 'exit 0 stdout 3 0a0b0c0d';

  it.each([
    ['another exit code', 'exit 1 stdout 3 0a0b0c0d'],
    ['a signal', 'signal 11 stdout 3 0a0b0c0d'],
    ['other output', 'exit 0 stdout 3 0a0b0c0e'],
  ])('differs by %s', (_what, guest) => {
    expect(compareEndings(new Map([['a.O0', guest]]), new Map([['a.O0', qemu]]))).toEqual([
      { name: 'a.O0', guest, qemu, why: null },
    ]);
  });

  it('fails where it is missing, and where both ran out of time', () => {
    const late = 'timeout 0 stdout 0 00000000';
    const expected = new Map([
      ['a.O0', qemu],
      ['b.O0', late],
      ['c.O0', qemu],
    ]);
    const guest = new Map([
      ['b.O0', late],
      ['c.O0', qemu],
    ]);
    expect(compareEndings(guest, expected).map(({ name, guest, why }) => [name, guest, why])).toEqual([
      ['a.O0', 'not run', null],
      ['b.O0', late, null],
    ]);
  });

  it('may differ by explanation only in the way explained', () => {
    const judge = (guest: string): boolean =>
      compareEndings(new Map([['20101011-1.O2', guest]]), new Map([['20101011-1.O2', 'signal 5 stdout 0 0']]))[0]!
        .why !== null;
    expect(judge('exit 0 stdout 0 00000000')).toBe(true);
    expect(judge('signal 4 stdout 0 00000000')).toBe(false);
  });
});

describe('the programs', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tsvm-torture-test-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const sources = spawnSync(join(root, 'scripts/torture/sources.sh'), { encoding: 'utf8' });
  const here = sources.status === 0 || process.env.CI !== undefined;
  if (!here) console.warn(`skipped: the torture programs: ${sources.stderr.trimEnd().split('\n').at(-1)}`);

  it.runIf(here).each([
    ['with a code', 'int main() { write(1, "123456789", 9); return 3; }', 'exit 3 stdout 9 cbf43926'],
    ['by a signal', 'int main() { abort(); }', 'signal 6 stdout 0 00000000'],
    ['out of time', 'int main() { for (;;) pause(); }', 'timeout 0 stdout 0 00000000'],
  ])('end under qemu-user %s', async (_how, source, ending) => {
    const program = join(scratch, 'program');
    writeFileSync(`${program}.c`, source);
    execFileSync('mipsel-linux-gnu-gcc-12', ['-w', '-static', '-o', program, `${program}.c`]);
    expect(await runUnderQemu(program, 'program', scratch, 2)).toBe(ending);
  });

  it.runIf(here)('of the fixed tenth end alike in the guest', async () => {
    const args = ['--no-install', 'tsx', 'scripts/torture.ts', '--tenth', '--package', buildPackage()];
    const { stdout } = await promisify(execFile)('npx', args, { cwd: root, maxBuffer: 2 ** 26 });
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('330 passed, 0 failed');
  });
});
