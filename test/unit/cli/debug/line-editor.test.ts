// A line being typed: what keys do to it, and how a terminal shows it.
import { describe, expect, it } from 'vitest';
import { History } from '../../../../src/cli/debug/history.ts';
import { KeyDecoder } from '../../../../src/cli/debug/keys.ts';
import { type EditorEvent, LineEditor } from '../../../../src/cli/debug/line-editor.ts';
import { ATerminal } from './a-terminal.ts';

class Typist {
  readonly history: History;
  readonly editor: LineEditor;
  readonly terminal: ATerminal;
  events: EditorEvent[] = [];
  private readonly decoder = new KeyDecoder();

  constructor(lines: readonly string[] = [], columns = 80) {
    this.history = new History();
    for (const line of lines) this.history.add(line);
    this.editor = new LineEditor(this.history);
    this.editor.prompt = '(tsvm) ';
    this.editor.next();
    this.terminal = new ATerminal(columns);
    this.show();
  }

  types(text: string): this {
    for (const key of this.decoder.decode(new TextEncoder().encode(text))) {
      const event = this.editor.press(key);
      if (event) this.events.push(event);
      this.show();
    }
    return this;
  }

  /** The row of the cursor without the prompt, | for the cursor. */
  get shown(): string {
    return this.terminal.marked.replace('(tsvm) ', '');
  }

  /** Prompt and text, as an editor that has only this line would draw them. */
  get screenText(): string {
    const other = new ATerminal(100_000);
    other.write(this.editor.draw(100_000));
    const [line = ''] = other.lines;
    this.editor.draw(this.terminal.columns);
    return line;
  }

  show(): void {
    this.terminal.write(this.editor.draw(this.terminal.columns));
  }
}

const HOME = '\x01';
const END = '\x05';
const LEFT = '\x1b[D';
const UP = '\x1b[A';
const DOWN = '\x1b[B';
const RIGHT = '\x1b[C';
const SEARCH = '\x12';

describe('editing', () => {
  it.each([
    ['abc', 'abc|'],
    [`abc${LEFT}X`, 'abX|c'],
    [`abc${HOME}X`, 'X|abc'],
    [`abc${HOME}X${END}Y`, 'XabcY|'],
    [`abc${LEFT}\x7f`, 'a|c'],
    [`abc${HOME}\x04`, '|bc'],
    [`abc${HOME}\x1b[3~`, '|bc'],
    ['one two  three\x17', 'one two  |'],
    ['one two  \x17', 'one |'],
    ['mem read $sp\x1b\x7f', 'mem read $|'],
    ['one two\x1bb\x1bbX\x1bfY', 'XoneY| two'],
    [`one two${HOME}\x1bd`, '| two'],
    [`one two${LEFT}${LEFT}\x0b`, 'one t|'],
    [`one two${LEFT}${LEFT}\x15`, '|wo'],
    [`one${HOME}\x0btwo\x19\x19`, 'twooneone|'],
    ['ab\x14', 'ba|'],
    [`abc${LEFT}${LEFT}\x14`, 'ba|c'],
    ['\x1b[1;5D\x1b[1;5C', '|'],
    ['a語b', 'a語b|'],
    [`a語b${LEFT}${LEFT}X`, 'aX|語b'],
    ['e\u0301\x7f', '|'],
    ['👩‍👩‍👧x\x7f\x7f', '|'],
  ])('%j', (keys, expected) => {
    expect(new Typist().types(keys).shown).toBe(expected);
  });

  it('says when a line is ready, given up or at its end', () => {
    const typist = new Typist().types('regs\r');
    expect(typist.events).toEqual([{ kind: 'line', text: 'regs' }]);
    expect(new Typist().types('re\x03').events).toEqual([{ kind: 'interrupt' }]);
    expect(new Typist().types('\x04').events).toEqual([{ kind: 'end' }]);
    expect(new Typist().types('a\x04').events).toEqual([{ kind: 'bell' }]);
    expect(new Typist().types('\x0c').events).toEqual([{ kind: 'clear' }]);
    expect(new Typist().types('\x7f\x1b[D\x19\x14').events).toEqual(Array(4).fill({ kind: 'bell' }));
  });

  it('has an end', () => {
    const typist = new Typist();
    typist.editor.press({ kind: 'text', text: 'x'.repeat(4000) });
    expect(typist.editor.press({ kind: 'text', text: 'y'.repeat(97) })).toEqual({ kind: 'bell' });
    expect(typist.editor.press({ kind: 'text', text: 'y'.repeat(96) })).toBeNull();
  });
});

describe('history', () => {
  it('goes back and forth, and keeps the line that was begun', () => {
    const typist = new Typist(['one', 'two']);
    expect(typist.types(`thr${UP}`).shown).toBe('two|');
    expect(typist.types(UP).shown).toBe('one|');
    expect(typist.types(UP).events).toEqual([{ kind: 'bell' }]);
    expect(typist.types(DOWN).shown).toBe('two|');
    expect(typist.types(DOWN).shown).toBe('thr|');
    expect(typist.types('\x1b<').shown).toBe('one|');
    expect(typist.types('\x1b>').shown).toBe('thr|');
  });

  it('keeps what was entered, once, and not what begins with a blank', () => {
    const history = new History();
    for (const line of ['a', 'a', '', '  ', ' secret', 'b', 'a']) history.add(line);
    expect([history.at(0), history.at(1), history.at(2), history.length]).toEqual(['a', 'b', 'a', 3]);
    for (let i = 0; i < 2000; i++) history.add(`line ${i}`);
    expect([history.length, history.at(0)]).toEqual([1000, 'line 1000']);
  });

  it('is searched backwards', () => {
    const lines = ['break panic', 'mem read $sp', 'break start'];
    const typist = new Typist(lines).types(`${SEARCH}br`);
    expect(typist.shown).toBe('(search: br) |break start');
    expect(typist.types(SEARCH).shown).toBe('(search: br) |break panic');
    typist.types(SEARCH);
    expect(typist.events).toEqual([{ kind: 'bell' }]);
    expect(typist.shown).toBe('(search: br) |break panic');
    expect(typist.types(RIGHT).shown).toBe('b|reak panic');
    expect(typist.types(DOWN).shown).toBe('mem read $sp|');
  });

  it('a search that finds nothing says so, and is given up with the line as it was', () => {
    const typist = new Typist(['break']).types(`abc${LEFT}${SEARCH}zz`);
    expect(typist.shown).toBe('(not found: zz) ab|c');
    expect(typist.types('\x07').shown).toBe('ab|c');
    expect(new Typist(['regs']).types(`${SEARCH}re\r`).events).toEqual([{ kind: 'line', text: 'regs' }]);
    expect(new Typist(['regs']).types(`${SEARCH}rex\x7f`).shown).toBe('(search: re) |regs');
  });
});

describe('completion', () => {
  it('asks with the place of the cursor, in UTF-16', () => {
    expect(new Typist().types(`😀 re x${LEFT}${LEFT}\t`).events).toEqual([
      { kind: 'complete', line: '😀 re x', cursor: 5 },
    ]);
  });

  it('adds what all candidates have in common, and a blank behind the only one', () => {
    const typist = new Typist().types('break do_');
    expect(typist.editor.offer({ from: 6, candidates: ['do_timer', 'do_tick'] })).toEqual([]);
    typist.show();
    expect(typist.shown).toBe('break do_ti|');
    expect(typist.editor.offer({ from: 6, candidates: ['do_timer', 'do_tick'] })).toEqual(['do_timer', 'do_tick']);
    typist.types('m');
    expect(typist.editor.offer({ from: 6, candidates: ['do_timer'] })).toEqual([]);
    typist.show();
    expect(typist.shown).toBe('break do_timer |');
    expect(typist.editor.offer({ from: 15, candidates: [] })).toEqual([]);
  });
});

describe('a paste', () => {
  it('is one line, and further ones that each wait for their own Enter', () => {
    const typist = new Typist().types('\x1b[200~one\r\ntwo\x1b[2J\n\nthree\x1b[201~');
    expect(typist.shown).toBe('one|');
    expect(typist.events).toEqual([]);
    typist.types('\r');
    typist.editor.next();
    typist.show();
    expect(typist.shown).toBe('two[2J|');
    typist.editor.next();
    typist.types('\x03');
    typist.editor.next();
    typist.show();
    expect(typist.shown).toBe('|');
  });
});

describe('the terminal', () => {
  it('shows a line over several rows, whatever is typed where', () => {
    for (const columns of [10, 11, 12, 20]) {
      const typist = new Typist([], columns);
      const text = 'abcdefghijklm語opqrstuvwxyz語語';
      for (const character of text) typist.types(character);
      expect(typist.terminal.lines.join('').replaceAll(' ', '')).toBe(`(tsvm)${text}`);
      typist.types(HOME);
      expect(typist.terminal.cursor).toEqual([0, 7]);
      typist.types('X');
      expect(typist.terminal.lines.join('').replaceAll(' ', '')).toBe(`(tsvm)X${text}`);
      typist.types(`${END}\x15`);
      expect(typist.terminal.lines).toEqual(['(tsvm)']);
    }
  });

  it('puts the cursor into the next row when one is just full', () => {
    const typist = new Typist([], 10).types('abc');
    expect(typist.terminal.cursor).toEqual([1, 0]);
    expect(typist.types('d').terminal.cursor).toEqual([1, 1]);
    expect(typist.types('\x7f').terminal.lines).toEqual(['(tsvm) abc']);
    typist.types(`${HOME}`);
    typist.terminal.write(typist.editor.leave(10));
    expect(typist.terminal.cursor).toEqual([1, 0]);
  });

  it('can be left below the line from anywhere in it', () => {
    const typist = new Typist([], 10).types('abcdefghijklmno');
    typist.types(HOME);
    typist.terminal.write(`${typist.editor.leave(10)}output`);
    expect(typist.terminal.lines).toEqual(['(tsvm) abc', 'defghijklm', 'no', 'output']);
  });

  it('is cleared of the line for something else', () => {
    const typist = new Typist([], 10).types('abcdefghijklmno');
    typist.terminal.write(`${typist.editor.erase(10)}notice\r\n`);
    typist.show();
    expect(typist.terminal.lines).toEqual(['notice', '(tsvm) abc', 'defghijklm', 'no']);
  });

  it.each([7, 8, 13, 40])('shows the line as it is after any keys, %i columns wide', (columns) => {
    const KEYS = [
      ...['a', 'b ', '語', 'e\u0301', '😀', '$sp', 'mem read '],
      ...[
        '\x01',
        '\x02',
        '\x04',
        '\x05',
        '\x06',
        '\x0b',
        '\x0e',
        '\x10',
        '\x12',
        '\x14',
        '\x15',
        '\x17',
        '\x19',
        '\x7f',
        '\x07',
      ],
      ...[LEFT, RIGHT, UP, DOWN, '\x1bb', '\x1bf', '\x1bd', '\x1b\x7f', '\x1b[3~', '\x1b[200~x y\x1b[201~'],
    ];
    const typist = new Typist(['regs', 'mem read $sp 語語語語 16 w', 'break start_kernel if $a0 == 3'], columns);
    let state = columns;
    for (let i = 0; i < 3000; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      typist.types(KEYS[Math.floor((state / 2 ** 32) * KEYS.length)]!);
      const whole = new ATerminal(columns);
      whole.write(typist.screenText);
      expect(typist.terminal.lines).toEqual(whole.lines);
      expect(typist.terminal.lines.length).toBeLessThan(1000);
      if (typist.screenText.length > 300) typist.types(`\x07${END}\x15`);
    }
  });
});
