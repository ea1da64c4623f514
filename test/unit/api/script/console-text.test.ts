// What a script sees of a console: line ends as `\n`, and everything once.
import { describe, expect, it } from 'vitest';
import { ConsoleText } from '../../../../src/api/script/console-text.ts';

function consoleOf(...pieces: string[]): ConsoleText {
  const console = new ConsoleText();
  for (const piece of pieces) console.add(Buffer.from(piece, 'latin1'));
  return console;
}

describe('a console as text', () => {
  it('has \\n for CR LF, wherever the bytes are cut, and keeps other CRs', () => {
    expect(consoleOf('one\r\ntwo\r', '\nthree\r', '\r\n10%\r20%\r', 'x').text).toBe('one\ntwo\nthree\n10%\r20%\rx');
  });

  it('decodes UTF-8 that arrives byte by byte, and marks what is none', () => {
    const console = new ConsoleText();
    for (const byte of Buffer.from('grün €')) console.add(Uint8Array.of(byte));
    console.add(Uint8Array.of(0xff));
    expect(console.text).toBe('grün €\ufffd');
  });

  it('keeps the bytes exactly', () => {
    const console = consoleOf('a\r\n', '\xff\0');
    expect([...console.bytes]).toEqual([0x61, 0x0d, 0x0a, 0xff, 0]);
  });

  it('does not keep the caller’s array', () => {
    const bytes = Buffer.from('old');
    const console = new ConsoleText();
    console.add(bytes);
    bytes.fill(0);
    expect(Buffer.from(console.bytes).toString()).toBe('old');
  });
});

describe('finding', () => {
  it('reads on from what was found before', () => {
    const console = consoleOf('# ls\nfile\n# ');
    expect(console.find('# ')).toEqual({ text: '# ', groups: [], before: '' });
    expect(console.find('# ')).toEqual({ text: '# ', groups: [], before: 'ls\nfile\n' });
    expect(console.find('# ')).toBeNull();
    expect(console.unread).toBe('');
  });

  it('gives the groups of a regular expression, whatever its flags', () => {
    const console = consoleOf('uptime=1 uptime=23 ');
    const uptime = /uptime=(\d+)(!)? /g;
    expect(console.find(uptime)).toEqual({ text: 'uptime=1 ', groups: ['1', undefined], before: '' });
    expect(console.find(uptime)?.groups[0]).toBe('23');
    expect(uptime.lastIndex).toBe(0);
  });

  it('notices what comes in pieces, and only what was not read', () => {
    const console = consoleOf('log', 'in: ');
    expect(console.hasCome('login: ')).toBe(true);
    console.find('login: ');
    expect(console.hasCome('login: ')).toBe(false);
    console.add(Buffer.from('log'));
    expect(console.hasCome('login: ')).toBe(false);
    console.add(Buffer.from('in: '));
    expect(console.hasCome(/log.*: $/)).toBe(true);
  });

  it('finds at its leisure what is too far back to be noticed', () => {
    const console = consoleOf('begin', '.'.repeat(10_000), 'end');
    expect(console.hasCome(/begin.*end/)).toBe(false);
    expect(console.find(/begin(.*)end/)?.groups[0]).toHaveLength(10_000);
  });
});
