// Colour: only where a person looks at a terminal that has columns.
import { expect, test } from 'vitest';
import { isInteractive, plainStyle, styleFor, wantsColour } from '../../../src/cli/style.ts';

const terminal = { isTTY: true, columns: 80 };

test('a terminal with columns is coloured', async () => {
  expect(wantsColour(terminal, {})).toBe(true);
  expect((await styleFor(terminal, {})).bad('x')).toBe('\x1b[31mx\x1b[39m');
});

test.each([
  ['a pipe', { isTTY: false, columns: 80 }, {}],
  ['a terminal of 0 columns', { isTTY: true, columns: 0 }, {}],
  ['a terminal of unknown width', { isTTY: true }, {}],
  ['NO_COLOR', terminal, { NO_COLOR: '1' }],
  ['CI', terminal, { CI: 'true' }],
  ['a dumb terminal', terminal, { TERM: 'dumb' }],
  ['FORCE_COLOR into a pipe', { isTTY: false }, { FORCE_COLOR: '3' }],
])('%s is not', async (_what, stream, env) => {
  expect(wantsColour(stream, env)).toBe(false);
  expect(await styleFor(stream, env)).toBe(plainStyle);
});

test('NO_COLOR leaves progress alone, an empty one says nothing', () => {
  expect(isInteractive(terminal, { NO_COLOR: '1' })).toBe(true);
  expect(wantsColour(terminal, { NO_COLOR: '' })).toBe(true);
  expect(wantsColour(terminal, { CI: 'false' })).toBe(true);
});
