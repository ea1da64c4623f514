// Bytes of a terminal as keys.
import { describe, expect, it } from 'vitest';
import { type Key, KeyDecoder } from '../../../../src/cli/debug/keys.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const words = (keys: readonly Key[]): string[] =>
  keys.map((key) => (key.kind === 'key' ? key.name : key.kind === 'text' ? `"${key.text}"` : `paste "${key.text}"`));
const decoded = (text: string): string[] => words(new KeyDecoder().decode(bytes(text)));

describe('keys', () => {
  it.each([
    ['regs\r', ['"regs"', 'enter']],
    ['a\n\tb\x7f\x08', ['"a"', 'enter', 'tab', '"b"', 'backspace', 'backspace']],
    ['\x01\x03\x04\x12\x1f', ['ctrl-a', 'ctrl-c', 'ctrl-d', 'ctrl-r', 'ctrl-\x7f']],
    ['\x1b[A\x1b[B\x1b[C\x1b[D', ['up', 'down', 'right', 'left']],
    ['\x1bOA\x1bOH\x1bOF', ['up', 'home', 'end']],
    ['\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[3~', ['home', 'end', 'home', 'end', 'delete']],
    ['\x1b[1;5C\x1b[1;3D\x1b[1;2C', ['alt-right', 'alt-left', 'right']],
    ['\x1bb\x1bf\x1b\x7f\x1b<', ['alt-b', 'alt-f', 'alt-backspace', 'alt-<']],
    ['é😀語', ['"é😀語"']],
    ['\x1b[200~a\r\nb\x1b[31m\x1b[201~c', ['paste "a\r\nb\x1b[31m"', '"c"']],
    // What nobody knows is left out.
    ['\x1b[99~\x1b[?1;2c\x1b[M\x1bOx|', ['"|"']],
    ['\x1b\r', ['enter']],
    ['\x1b\x1b[A', ['up']],
    ['\x1b[12\rx', ['enter', '"x"']],
    ['a\u009b\u202eb', ['"ab"']],
  ])('%j', (text, expected) => {
    expect(decoded(text)).toEqual(expected);
  });

  it('may come cut anywhere', () => {
    const text = 'é😀\x1b[1;5Cx\x1b[200~語\x1b[201~\x1bOA\x01';
    const all = bytes(text);
    const joined = (chunks: Uint8Array[]): string => {
      const decoder = new KeyDecoder();
      return chunks
        .flatMap((chunk) => words(decoder.decode(chunk)))
        .join(' ')
        .replaceAll('" "', '');
    };
    const whole = joined([all]);
    for (let at = 0; at <= all.length; at++) expect(joined([all.subarray(0, at), all.subarray(at)])).toBe(whole);
    expect(joined([...all].map((byte) => Uint8Array.of(byte)))).toBe(whole);
  });

  it('bytes that are no UTF-8, sequences and pastes without an end, are survived', () => {
    const decoder = new KeyDecoder();
    expect(words(decoder.decode(Uint8Array.of(0xff, 0x61, 0xc3, 0x01)))).toEqual(['"a"', 'ctrl-a']);
    expect(words(decoder.decode(bytes(`\x1b[${'1'.repeat(100_000)}Ax`)))).toEqual(['"x"']);
    decoder.decode(bytes(`\x1b[200~${'y'.repeat(100_000)}`));
    const [pasted, after] = decoder.decode(bytes('zz\x1b[201~!'));
    expect(pasted?.kind === 'paste' && pasted.text.length).toBeLessThanOrEqual(65_536);
    expect(after).toEqual({ kind: 'text', text: '!' });
  });
});
