import { expect, it } from 'vitest';
import { buildCommandLine, COMMAND_LINE_SIZE } from '../../../src/boot/cmdline.ts';

it('puts the board part first, so that the user wins', () => {
  expect(buildCommandLine(['mem=64M@0', 'console=hvc0'], ['console=ttyS0', 'quiet'], 4096)).toBe(
    'mem=64M@0 console=hvc0 console=ttyS0 quiet',
  );
});

it('joins with single blanks and drops empty parts', () => {
  expect(buildCommandLine([' a '], ['', '  ', 'b c '], 4096)).toBe('a b c');
  expect(buildCommandLine([], [], 1)).toBe('');
});

it('takes exactly what the kernel takes, in bytes', () => {
  const limit = COMMAND_LINE_SIZE.mips;
  expect(buildCommandLine([], ['x'.repeat(limit - 1)], limit)).toHaveLength(limit - 1);
  expect(() => buildCommandLine(['a'], ['x'.repeat(limit - 2)], limit)).toThrow(/4097 bytes.*takes 4096/);
  expect(() => buildCommandLine([], ['\u00e9'.repeat(limit / 2)], limit)).toThrow(/4097 bytes/);
});

it.each(['a\0b', 'a\nb', '\x1b[2J', 'a\x7f'])('refuses control characters: %j', (part) => {
  expect(() => buildCommandLine([], [part], 4096)).toThrow(/control character 0x/);
});
