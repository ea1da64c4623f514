// How a line of the debug shell is cut into words.
import { expect, it } from 'vitest';
import { cutWords, escaped, unescaped } from '../../../../src/debug/shell/words.ts';

const texts = (line: string): string[] => cutWords(line).map(({ text }) => text);
const decoded = (text: string): string => new TextDecoder('latin1').decode(unescaped(text));

it('blanks part words, except in quotes and parentheses', () => {
  expect(texts('mem read $sp+8 4 w')).toEqual(['mem', 'read', '$sp+8', '4', 'w']);
  expect(texts('  break  f if ( a == 1 )x  ')).toEqual(['break', 'f', 'if', '( a == 1 )x']);
  expect(texts('input "ls  /proc" x')).toEqual(['input', 'ls  /proc', 'x']);
  expect(texts("echo 'it\\'s'")).toEqual(['echo', "it\\'s"]);
  expect(texts('')).toEqual([]);
});

it('what is not closed reaches to the end', () => {
  expect(texts('echo "a b')).toEqual(['echo', 'a b']);
  expect(texts('echo "a b\\')).toEqual(['echo', 'a b\\']);
  expect(texts('p (1 + 2')).toEqual(['p', '(1 + 2']);
  expect(texts('p 1) 2')).toEqual(['p', '1)', '2']);
});

it('words know where they stand', () => {
  const line = 'x "a b"  c';
  expect(cutWords(line).map(({ start, end }) => line.slice(start, end))).toEqual(['x', '"a b"', 'c']);
});

it('escapes are C’s', () => {
  expect(decoded('a\\n\\r\\t\\e\\0\\x41\\\\\\"')).toBe('a\n\r\t\x1b\0A\\"');
  expect(decoded('\\x4')).toBe('x4');
  expect(decoded('end\\')).toBe('end\\');
  expect([...unescaped('\\xff\\x00é')]).toEqual([0xff, 0, 0xc3, 0xa9]);
});

it('bytes are escaped as ASCII, and are the same again from between quotes', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = escaped(bytes);
  expect(text).toMatch(/^[\x20-\x7e]*$/);
  const [word, ...more] = cutWords(`"${text}"`);
  expect(more).toEqual([]);
  expect(unescaped(word!.text)).toEqual(bytes);
  expect(escaped(new TextEncoder().encode('a\n\t"\\\x1bé'))).toBe('a\\n\\t\\"\\\\\\x1b\\xc3\\xa9');
});
