// The generated programs: what a build puts aside is what a start would generate, and the main switch stays small.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../../../src/arch/mips/index.ts';
import { generateInterpreter, type ProgramVariant } from '../../../../src/cpu/exec/interpreter.ts';
import { STATE_BASE } from '../../../../src/cpu/exec/layout.ts';
import { prebuild, programFor } from '../../../../src/cpu/exec/program.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';

/** Above this V8 leaves the dispatch function in its baseline tier too long (ENGINE). */
const MAX_MAIN_SIZE = 25 * 1024;

describe.each(['little', 'big'] as const)('the %s-endian MIPS program', (endianness) => {
  const architecture = mips32(endianness);
  const bigEndian = endianness === 'big';
  const { banks } = layOutBanks(architecture.banks, STATE_BASE);
  const generate = (variant: ProgramVariant) => generateInterpreter(architecture, banks, bigEndian, variant);

  it('is the same when a build made it', () => {
    const { name, base64 } = prebuild(architecture, bigEndian);
    expect(name).toBe(architecture.name);
    expect(Buffer.from(base64, 'base64').equals(generate('plain').bytes)).toBe(true);
  });

  it.each(['plain', 'observing', 'lockstep'] as const)('keeps its main function small (%s)', (variant) => {
    expect(generate(variant).mainSize).toBeLessThan(MAX_MAIN_SIZE);
  });

  it('is generated once per process, and once more for who observes', () => {
    const program = programFor(architecture, bigEndian, 'plain');
    expect(programFor(architecture, bigEndian, 'plain')).toBe(program);
    expect(programFor(architecture, bigEndian, 'observing')).not.toBe(program);
  });
});
