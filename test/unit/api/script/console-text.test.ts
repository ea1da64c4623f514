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
    expect(console.find('# ')).toEqual({ text: '# ', groups: [], before: '', in: 'program' });
    expect(console.find('# ')).toEqual({ text: '# ', groups: [], before: 'ls\nfile\n', in: 'program' });
    expect(console.find('# ')).toBeNull();
    expect(console.unread).toBe('');
  });

  it('gives the groups of a regular expression, whatever its flags', () => {
    const console = consoleOf('uptime=1 uptime=23 ');
    const uptime = /uptime=(\d+)(!)? /g;
    expect(console.find(uptime)).toEqual({ text: 'uptime=1 ', groups: ['1', undefined], before: '', in: 'program' });
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

const NOISE = '[    1.234567] printk: noise\r\n';

describe('what programs print and what the kernel prints', () => {
  it('are told apart wherever printk cuts a line', () => {
    const line = 'GUEST-READY on 1 cpu\r\n';
    for (let cut = 0; cut <= line.length; cut++) {
      const console = consoleOf(...(line.slice(0, cut) + NOISE + line.slice(cut)));
      expect(console.find('GUEST-READY on 1 cpu'), `cut at ${cut}`).toMatchObject({ in: 'program', before: '' });
      expect(console.program).toBe('GUEST-READY on 1 cpu\n');
      expect(console.kernel).toBe('[    1.234567] printk: noise\n');
    }
  });

  it('are found while they come, at the last character of what is waited for', () => {
    const console = new ConsoleText();
    const came = [...`MAR${NOISE}KER\n`].findIndex((character) => {
      console.add(Buffer.from(character));
      return console.hasCome('MARKER');
    });
    expect(came).toBe(3 + NOISE.length + 2);
  });

  it.each([
    ['a time stamp with a thread', '[    0.000000][    T1] hello\n', '', '[    0.000000][    T1] hello\n'],
    ['a time stamp with a cpu', 'a[12345.000001][ C0] hello\nb', 'ab', '[12345.000001][ C0] hello\n'],
    ['two lines', 'a[ 0.000001] x\n[ 0.000002] y\nb', 'ab', '[ 0.000001] x\n[ 0.000002] y\n'],
    ['a prompt in brackets', '[root@host ~]# ', '[root@host ~]# ', ''],
    ['a number that is no time', '[1.5] [ 12 ] [0.0000001] x', '[1.5] [ 12 ] [0.0000001] x', ''],
    ['a bracket before a stamp', '[[    1.000000] x\ny', '[y', '[    1.000000] x\n'],
    ['no blank after the stamp', '[    1.000000]x', '[    1.000000]x', ''],
    ['digits without end', `[${'1'.repeat(100)}`, `[${'1'.repeat(100)}`, ''],
  ])('by the time stamp: %s', (_, text, program, kernel) => {
    for (const console of [consoleOf(text), consoleOf(...text)]) {
      expect(console.program).toBe(program);
      expect(console.kernel).toBe(kernel);
    }
  });

  it('are told apart where printk cuts a character in two', () => {
    const line = Buffer.from('grün 5 € \u{1f600}\n');
    const noise = Buffer.from('[    1.234567] prünk: noise\r\n');
    for (let cut = 0; cut <= line.length; cut++) {
      const bytes = Buffer.concat([line.subarray(0, cut), noise, line.subarray(cut)]);
      for (const size of [1, 3, bytes.length]) {
        const console = new ConsoleText();
        for (let at = 0; at < bytes.length; at += size) console.add(bytes.subarray(at, at + size));
        const how = `cut at ${cut}, ${size} bytes at a time`;
        expect(console.program, how).toBe('grün 5 € \u{1f600}\n');
        expect(console.kernel, how).toBe('[    1.234567] prünk: noise\n');
        expect([...console.text].sort(), how).toEqual([...console.program, ...console.kernel].sort());
        expect(console.find('€ \u{1f600}'), how).toMatchObject({ in: 'program', before: 'grün 5 ' });
      }
    }
  });

  it('keep half a character that is none, before what is no time stamp', () => {
    const bytes = [0xe2, 0x82, 0x5b, 0x31, 0x5d, 0xc3, 0xff, 0xf0, 0x9f, 0x5b];
    const whole = new ConsoleText();
    whole.add(Uint8Array.from(bytes));
    const byByte = new ConsoleText();
    for (const byte of bytes) byByte.add(Uint8Array.of(byte));
    for (const console of [whole, byByte]) {
      expect(console.text).toBe('\ufffd[1]\ufffd\ufffd');
      console.add(Buffer.from('x'));
      expect(console.text).toBe('\ufffd[1]\ufffd\ufffd\ufffd[x');
      expect(console.program).toBe(console.text);
    }
  });

  it('are found where they are, whatever comes in whatever pieces', () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const words = ['ab', '\n', '\r\n', '\r', '[', '[    1.000000] k\r\n', '[    2.5', '€', '\ufeff', ' ', ']'];
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(Array.from({ length: 12 }, () => words[random(words.length)]!).join(''));
      const console = new ConsoleText();
      const whole = new ConsoleText();
      whole.add(bytes);
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + random(5);
        console.add(bytes.subarray(at, at + size));
        at += size;
      }
      const how = JSON.stringify(bytes.toString());
      expect([console.text, console.program, console.kernel], how).toEqual([whole.text, whole.program, whole.kernel]);
      expect(console.lines, how).toEqual(whole.lines);
      for (const what of ['ab', /k\n/, 'b\n', '€', /\[/, 'ab']) {
        const [found, there] = [console.find(what), whole.find(what)];
        expect(found, how).toEqual(there);
        const reading = found && { program: console.program, kernel: console.kernel, console: console.text }[found.in];
        if (found) expect(reading, how).toContain(found.text);
      }
    }
  });

  it('are read on from where either was found', () => {
    const console = consoleOf('old [ 1.000000] link up\n$ up\nhalf [ 2.000000] link up\nline\n$ ');
    expect(console.find('$ up\n')).toMatchObject({ in: 'program' });
    // The kernel's first line came before what was found, and is read.
    expect(console.find('link up')).toMatchObject({ in: 'kernel', before: '[ 2.000000] ' });
    expect(console.find('link up')).toBeNull();
    // The line that was being printed then is not.
    expect(console.find('half line')).toMatchObject({ in: 'program', before: '' });
    expect(console.find('$ ')).toMatchObject({ before: '\n' });
  });

  it('are found in both together as they came', () => {
    const console = consoleOf('# reboot\n[ 3.000000] reboot: Power down\n');
    expect(console.find(/# reboot\n.*Power down/)).toMatchObject({ in: 'console' });
    expect(console.unread).toBe('\n');
  });

  it('is undecided about what may become a time stamp, and finds it as it came', () => {
    const console = consoleOf('ask [');
    expect(console.program).toBe('ask ');
    expect(console.find('[')).toMatchObject({ in: 'console' });
  });
});
