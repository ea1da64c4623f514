// The line that ends a run, among everything else that is on a console.
import { describe, expect, it } from 'vitest';
import { ExitLine } from '../../../src/vmm/exit-line.ts';

function codeOf(text: string, word = 'TEST-EXIT'): number | null {
  let code: number | null = null;
  const line = new ExitLine(word, (told) => {
    code = told;
  });
  for (const byte of Buffer.from(text)) line.consoleOutput(Uint8Array.of(byte));
  return code;
}

describe('an exit line', () => {
  it.each([
    ['complete', 'TEST-EXIT 42\n', 42],
    ['with CR LF', 'hello\r\nTEST-EXIT 0\r\n', 0],
    ['negative', 'TEST-EXIT -1\n', -1],
    ['not complete yet', 'TEST-EXIT 42', null],
    ['typed at a prompt', '# echo TEST-EXIT 42\n', null],
    ['with more behind it', 'TEST-EXIT 42 or so\n', null],
    ['another word', 'TEST-EXITS 42\n', null],
    ['printed by the kernel', '[    1.000000] TEST-EXIT 42\n', null],
  ])('%s', (_, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('is a word, not a pattern', () => {
    expect(codeOf('axb 1\n', 'a.b')).toBeNull();
    expect(codeOf('(a|b)* 7\n', '(a|b)*')).toBe(7);
  });

  it('is found wherever the kernel cuts it', () => {
    const line = 'TEST-EXIT 42\r\n';
    for (let cut = 0; cut <= line.length; cut++)
      expect(codeOf(`${line.slice(0, cut)}[   12.000001] usb: noise\r\n${line.slice(cut)}`)).toBe(42);
  });
});
