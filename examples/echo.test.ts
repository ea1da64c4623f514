// A suite over a guest of this repository: tsvm test examples
import { test } from 'tsvm/test';

const echo = { kernel: 'guests/bin/echo-te-el.elf', memory: '16M' };

test('echoes a line', echo, async (m) => {
  m.send('hello\n');
  const { before } = await m.waitFor('hello\n');
  m.expect(before).toContain('type "quit"');
});

test('ends with the code it is asked for', echo, async (m) => {
  m.send('exit 42\n');
  const verdict = await m.end();
  m.expect(verdict.exitCode).toBe(42);
});

test('does nothing as long as nobody types', echo, async (m) => {
  await m.runFor('10s');
  m.expect(m.console.text).toBe('echo: type "quit", or "exit N"\n');
});
