import { describe, expect, it } from 'vitest';
import { mips32 } from '../../../../src/arch/mips/index.ts';
import { printStatements } from '../../../../src/cpu/emit/printer.ts';
import { buildStatements } from '../../../../src/cpu/exec/handlers.ts';
import { STATE_BASE } from '../../../../src/cpu/exec/layout.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';

const architecture = mips32('little');
const { banks } = layOutBanks(architecture.banks, STATE_BASE);
const textOf = (mnemonic: string): string[] =>
  printStatements(
    buildStatements(architecture, banks, architecture.rows.find((row) => row.mnemonic === mnemonic)!, {}),
  );

describe('the operations of a row as text', () => {
  it.each([
    ['addu', ['gpr[rd] := add(gpr[rs], gpr[rt])']],
    ['lh', ['r0 := load16 signed [add(gpr[base], offset)]', 'gpr[rt] := r0']],
    ['sw', ['store32 [add(gpr[base], offset)] := gpr[rt]']],
    ['bnel', ['branch likely if ne(gpr[rs], gpr[rt]) to pc + 4 + target']],
    ['j', ["branch delayed to word index of the slot's 256 MiB"]],
    ['jalr', ['branch delayed to gpr[rs], link gpr[rd]']],
  ])('%s', (mnemonic, lines) => {
    expect(textOf(mnemonic)).toEqual(lines);
  });

  it('gives a value that is used twice a line of its own', () => {
    const lines = textOf('add');
    const [sum] = lines;
    expect(sum).toMatch(/^t0 = add\(gpr\[rs\], gpr\[rt\]\)$/);
    expect(lines.at(-1)).toBe('gpr[rd] := t0');
  });

  it('indents what happens on a condition', () => {
    const lines = textOf('teq');
    expect(lines[0]).toBe('when eq(gpr[rs], gpr[rt]) {');
    expect(lines.slice(1, -1).every((line) => line.startsWith('  '))).toBe(true);
    expect(lines.at(-1)).toBe('}');
  });

  it('can write every row', () => {
    for (const row of architecture.rows) {
      const steering = Object.fromEntries(
        row.pattern.fields.filter(({ steers }) => steers).map(({ name }) => [name, 0]),
      );
      const text = printStatements(buildStatements(architecture, banks, row, steering)).join('\n');
      expect(text, row.mnemonic).not.toMatch(/undefined|of nothing/);
    }
  });
});
