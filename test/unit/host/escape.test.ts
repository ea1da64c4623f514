import { describe, expect, it } from 'vitest';
import { EscapeKeys } from '../../../src/host/escape.ts';

/** What the guest gets and what is done, for keys typed in these pieces; ^A is Ctrl-a. */
function type(...pieces: string[]) {
  const keys = new EscapeKeys();
  const actions: string[] = [];
  let guest = '';
  for (const piece of pieces) {
    const escaped = keys.feed(Buffer.from(piece.replaceAll('^A', '\x01'), 'latin1'));
    guest += Buffer.from(escaped.bytes).toString('latin1');
    actions.push(...escaped.actions);
  }
  return [guest.replaceAll('\x01', '^A'), actions];
}

describe('the escape key', () => {
  it.each([
    ['passes everything else', ['ls\r\x03\xff'], 'ls\r\x03\xff', []],
    ['Ctrl-a x quits', ['^Ax'], '', ['quit']],
    ['nothing follows a quit', ['a^Axb^Ah'], 'a', ['quit']],
    ['Ctrl-a h helps and the rest goes on', ['a^Ahb'], 'ab', ['help']],
    ['Ctrl-a c is the debug shell', ['^Ac'], '', ['debug']],
    ['Ctrl-a Ctrl-a is a literal Ctrl-a', ['^A^A'], '^A', []],
    ['a literal Ctrl-a does not escape what follows', ['^A^Ax'], '^Ax', []],
    ['after any other key the key alone goes through', ['^Az'], 'z', []],
    ['the two keys may come apart', ['^A', 'x'], '', ['quit']],
    ['several in one piece', ['^Ah^Ah^A'], '', ['help', 'help']],
  ])('%s', (_what, pieces, guest, actions) => {
    expect(type(...pieces)).toEqual([guest, actions]);
  });
});
