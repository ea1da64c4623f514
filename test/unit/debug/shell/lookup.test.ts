// Which command a line means (src/debug/shell/lookup.ts).
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../../src/debug/shell/commands/index.ts';
import { commandNamed, withoutAccess } from '../../../../src/debug/shell/lookup.ts';

describe('a command that cannot be taken back', () => {
  it.each(['in', 'inp', 'ki', 'kil', 'loa'])('is not meant by %s', (word) => {
    expect(() => commandNamed(COMMANDS, word)).toThrow();
  });

  it('is meant when it is said whole', () => {
    for (const name of ['input', 'kill', 'load']) expect(commandNamed(COMMANDS, name).name).toBe(name);
    expect(commandNamed(COMMANDS, 'disas').name).toBe('disassemble');
  });
});

describe("gdb's watchpoints by kind", () => {
  it.each([
    ['rwatch jiffies', 'watch jiffies read'],
    ['awatch 0x1000 16 if $a0 == 1', 'watch 0x1000 16 access if $a0 == 1'],
    ['rwatch x == 4 once', 'watch x read == 4 once'],
    ['watch x', 'watch x'],
    ['rwatch', 'rwatch'],
  ])('%s is %s', (line, meant) => expect(withoutAccess(line)).toBe(meant));
});
