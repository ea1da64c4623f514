// What a region is made of: the loop around hot code, or what follows it, up to other compiled code.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../../../../src/arch/mips/index.ts';
import { STATE_BASE } from '../../../../../src/cpu/exec/layout.ts';
import { InstructionExpander } from '../../../../../src/cpu/exec/region/instruction.ts';
import { selectFlow } from '../../../../../src/cpu/exec/region/select.ts';
import { Decoders } from '../../../../../src/cpu/isa/decoder.ts';
import { layOutBanks } from '../../../../../src/cpu/isa/register-file.ts';
import {
  addiu,
  assemble,
  b,
  beq,
  bne,
  jr,
  type Line,
  nop,
  ra,
  t0,
  t1,
  zero,
} from '../../../../support/kvm/mips-words.ts';

const AT = 0x40010000;

interface Asked {
  /** Labels, or the beginning of the code. */
  readonly pc?: string;
  readonly root?: string;
  readonly onwards?: boolean;
  /** Where other compiled code begins. */
  readonly compiled?: readonly string[];
}

/** Addresses of the blocks selected, as offsets; and those of the entries. */
function select(
  source: Line,
  { pc, root, onwards = false, compiled = [] }: Asked,
): { blocks: number[]; entries: number[]; loops: boolean } {
  const { words, labels } = assemble(AT, source);
  const architecture = mips32('little');
  const { banks } = layOutBanks(architecture.banks, STATE_BASE);
  const expander = new InstructionExpander(architecture, banks, new Decoders(architecture.rows, false));
  const addressOf = (label: string | undefined): number => (label === undefined ? AT : labels.get(label)!);
  const elsewhere = new Set(compiled.map(addressOf));
  const at = (address: number) => {
    const word = words[(address - AT) / 4];
    return word === undefined ? undefined : expander.expand(word, address);
  };
  const hot = addressOf(pc);
  const flow = selectFlow(
    { at, after: (address) => address + 4, mayLead: () => true },
    () => [],
    { pc: hot, root: root === undefined ? hot : addressOf(root), innermost: false, onwards },
    banks,
    (address) => elsewhere.has(address),
  );
  const offsets = (blocks: readonly { pc: number }[]): number[] => blocks.map((block) => block.pc - AT);
  return { blocks: offsets(flow.blocks), entries: offsets(flow.entries), loops: flow.loops };
}

/** Ten instructions in a row, a loop of four around "round", and a return. */
const CODE: Line = [
  [addiu(t0, t0, 1), addiu(t0, t0, 2), beq(t0, zero, 'end'), nop, { label: 'round' }],
  [addiu(t1, t1, 1), bne(t1, t0, 'round'), nop, { label: 'after' }, addiu(t0, t0, 3), { label: 'end' }, jr(ra), nop],
];

describe('a region', () => {
  it('of code in a loop is the loop', () => {
    expect(select(CODE, { pc: 'round' })).toEqual({ blocks: [0x10], entries: [0x10], loops: true });
  });

  it('of other code is what follows, its loops being entries as well', () => {
    expect(select(CODE, {})).toEqual({ blocks: [0, 0x10, 0x20, 0x1c], entries: [0, 0x10], loops: false });
  });

  it('of other code ends where other compiled code begins, also in the middle of straight code', () => {
    expect(select(CODE, { compiled: ['round', 'end'] })).toEqual({ blocks: [0], entries: [0], loops: false });
    expect(select(CODE, { pc: 'after', onwards: true, compiled: ['end'] })).toEqual({
      blocks: [0x1c],
      entries: [0x1c],
      loops: false,
    });
  });

  it('of a loop may have other compiled code in it, unless only what is new is wanted', () => {
    const code: Line = [
      [{ label: 'round' }, addiu(t0, t0, 1), { label: 'middle' }, addiu(t1, t1, 1), bne(t0, t1, 'round'), nop],
      [b('round'), nop],
    ];
    const compiled = ['middle'];
    expect(select(code, { compiled }).loops).toBe(true);
    expect(select(code, { compiled, onwards: true })).toEqual({ blocks: [0], entries: [0], loops: false });
  });

  it('may begin where compiled code begins', () => {
    expect(select(CODE, { onwards: true, compiled: ['round', 'end'] }).blocks).toEqual([0]);
    expect(select(CODE, { pc: 'after', onwards: true, compiled: ['after'] }).blocks).toEqual([0x1c]);
  });
});
