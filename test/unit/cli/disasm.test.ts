import { describe, expect, test } from 'vitest';
import { tsvm } from './fakes.ts';

const GUEST = 'guests/bin/bench-te-el.elf';

describe('disasm', () => {
  test('writes the listing to standard output', async () => {
    const { exitCode, stdout, stderr } = await tsvm(['disasm', GUEST, '0x40100000..+2']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^0x40100000 {2}[0-9a-f]{8} {2}.*\n0x40100004 {2}[0-9a-f]{8} {2}.*\n$/);
  });

  test.each([
    ['--ops', 'row "'],
    ['--wasm', 'local.get $ip'],
    ['--region', 'loops\n'],
  ])('%s shows more', async (option, text) => {
    const { exitCode, stdout } = await tsvm(['disasm', GUEST, '0x401004a0', option]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(text);
  });

  test.each<[string[], number, string, string]>([
    [['disasm'], 2, 'no kernel was given', 'tsvm disasm KERNEL SYMBOL'],
    [['disasm', GUEST], 2, 'no place was given', 'tsvm help disasm'],
    [['disasm', GUEST, 'main', 'x'], 2, 'one argument too many: x', 'tsvm help disasm'],
    [['disasm', GUEST, 'main', '--opps'], 2, 'unknown option --opps', 'did you mean --ops?'],
    [['disasm', GUEST, 'nowhere'], 2, 'nowhere: guests/bin/bench-te-el.elf has no such symbol', '0x40100000'],
    [['disasm', 'none.elf', 'main'], 127, 'none.elf', 'check the path'],
  ])('%j fails', async (argv, code, what, next) => {
    const run = await tsvm(argv);
    expect(run.exitCode).toBe(code);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain(what);
    expect(run.stderr).toContain(next);
  });
});
