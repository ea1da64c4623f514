// The core against the reference evaluator (test/support/reference), in lockstep: after every KVM_RUN with a deadline, every register
// bank, the pc, the instruction count, guest time, all RAM and all MMIO accesses must be equal.
import { describe, expect, it } from 'vitest';
import { EAGER, Lockstep, type LockstepOptions } from '../support/reference/compare.ts';
import { type HandmadeOptions, handmade, type Source } from '../support/reference/handmade.ts';
import { makeProgram } from '../support/reference/programs.ts';
import { Stand } from '../support/reference/trial.ts';

const PROGRAMS = 80;
/** Deadlines per program, and how far they lie ahead at most, in instructions. */
const RUNS: readonly (LockstepOptions & { how: string; enters: number; longest: number })[] = [
  { how: 'interpreted', enters: 8, longest: 200 },
  { how: 'interpreted', enters: 30, longest: 12 },
  { how: 'observed', enters: 30, longest: 12, observed: true },
  { how: 'compiled', enters: 8, longest: 200, regions: EAGER },
];
/** Programs with loops and calls; scripts/differential.ts runs more. */
const FLOW_PROGRAMS = 400;

describe.each(['little', 'big'] as const)('random programs, %s endian', (endianness) => {
  it.each(RUNS)('run as in the reference, $how, $enters times up to $longest instructions', (run) => {
    const { enters, longest } = run;
    const reports: string[] = [];
    let instructions = 0;
    for (let seed = 0; seed < PROGRAMS && reports.length < 3; seed++) {
      const lockstep = new Lockstep(makeProgram(seed, endianness), run);
      const differences = lockstep.run(enters, longest);
      instructions += lockstep.instructions;
      if (differences.length > 0) reports.push(differences.slice(0, 12).join('\n  '));
    }
    expect(reports.join('\n')).toBe('');
    expect(instructions).toBeGreaterThan((PROGRAMS * enters * longest) / 4);
  });

  it('with loops and calls run alike in the reference, the interpreter and as regions', () => {
    const stand = new Stand(endianness);
    const reports: string[] = [];
    let compiled = 0;
    for (let seed = 0; seed < FLOW_PROGRAMS && reports.length < 3; seed++) {
      const result = stand.run(seed);
      compiled += result.compiled;
      if (result.differences.length > 0) reports.push(result.differences.slice(0, 12).join('\n  '));
    }
    expect(reports.join('\n')).toBe('');
    expect(compiled).toBeGreaterThan(FLOW_PROGRAMS);
  });
});

/** Exception vectors that stop: a jump to itself. */
const STOP = ['b .+0', 'nop'];
const VECTORS: Source = [
  [0x000, STOP],
  [0x180, STOP],
];
/** Register numbers. */
const T0 = 8;
const T2 = 10;
const T3 = 11;

/** How handmade programs are run: plainly, and compiled when first seen, with the first look after so many instructions. */
const WAYS: readonly LockstepOptions[] = [
  {},
  ...[1, 2, 4].map((sampledRun) => ({ regions: { ...EAGER, sampledRun } })),
];

/** Differences of a program of these lines, with deadlines at every instant up to `instructions`. */
function differences(source: Source, options: HandmadeOptions = {}, instructions = 32): string[] {
  const program = handmade([...VECTORS, ...source], options);
  for (const way of WAYS) {
    const lockstep = new Lockstep(program, way);
    // From the last instant down: the first run compiles what the others enter.
    for (let length = instructions; length > 0; length--) {
      lockstep.restart();
      const found = lockstep.runTo(length);
      if (found.length > 0) return [JSON.stringify(way), ...found];
    }
  }
  return [];
}

/** Instructions at 0x1000 that map the page pair of virtual address 0 through TLB entry 0 to physical page 0x1000 and up. */
const MAP_USER_PAGES = [
  'mtc0 $zero, $0, 0',
  'mtc0 $zero, $10, 0',
  'li $t1, 0x6', // page 0: physical 0, dirty, valid
  'mtc0 $t1, $2, 0',
  'li $t1, 0x46', // page 1: physical 0x1000
  'mtc0 $t1, $3, 0',
  'tlbwi',
];

describe('programs by hand', () => {
  it('take a self-jump in a delay slot as a reserved instruction', () => {
    expect(differences([[0x1000, ['b .+12', 'b .+0', 'nop']]])).toEqual([]);
  });

  it('fetch in user mode right after MTC0 Status leaves the kernel', () => {
    expect(differences([[0x1000, ['li $t1, 16', 'mtc0 $t1, $12, 0', 'li $t2, 1', 'li $t3, 2']]])).toEqual([]);
  });

  it('survive a self-jump right after MTC0 Status leaves the kernel', () => {
    expect(differences([[0x1000, ['li $t1, 16', 'mtc0 $t1, $12, 0', 'b .+0', 'nop']]])).toEqual([]);
  });

  it('leave the kernel by MTC0 Status in a delay slot', () => {
    expect(differences([[0x1000, ['li $t1, 16', 'b .+8', 'mtc0 $t1, $12, 0', 'li $t2, 1']]])).toEqual([]);
  });

  it('fetch through the new entry after TLBWI replaces the page that runs', () => {
    const source: Source = [
      [0x1000, [...MAP_USER_PAGES, 'li $t1, 0x1100', 'jr $t1', 'nop']],
      // At virtual 0x1100: page 1 becomes physical 0x2000.
      [0x1100, ['li $t1, 0x86', 'mtc0 $t1, $3, 0', 'tlbwi', 'li $t2, 1', 'li $t3, 1']],
      [0x2100, ['nop', 'nop', 'nop', 'li $t2, 2', 'li $t3, 2']],
    ];
    expect(differences(source)).toEqual([]);
  });

  it('miss after MTC0 EntryHi changes the address space that runs', () => {
    const source: Source = [
      [0x1000, [...MAP_USER_PAGES, 'li $t1, 0x1100', 'jr $t1', 'nop']],
      [0x1100, ['li $t1, 5', 'mtc0 $t1, $10, 0', 'li $t2, 1', 'li $t3, 1']],
    ];
    expect(differences(source)).toEqual([]);
  });

  it('see a store into the slot of a self-jump when that lies on the next 256-byte line', () => {
    const addiuT2 = ['lui $t1, 0x254a', 'ori $t1, $t1, 1'];
    const source: Source = [
      // Decode the line of the jump, make its slot "addiu $t2, $t2, 1", and go there.
      [0x1000, [...addiuT2, 'b .+236', 'nop']],
      [0x10f4, ['b .+20', 'nop', 'b .+0', 'nop']],
      [0x1108, ['sw $t1, 0x1100($t0)', 'b .-16', 'nop']],
    ];
    expect(differences(source, { gpr: { [T0]: 0x40000000 } })).toEqual([]);
  });

  it('raise the timer interrupt at the deadline of a spin that cannot take it', () => {
    const source: Source = [[0x1000, ['mtc0 $zero, $9, 0', 'li $t1, 20', 'mtc0 $t1, $11, 0', 'b .+0', 'nop']]];
    expect(differences(source)).toEqual([]);
  });

  it('restart a linking branch whose slot reads MMIO', () => {
    const taken = ['lui $t0, 0x8000', 'bgezal $zero, .+16', 'lw $ra, 0($t0)', 'nop', 'nop'];
    const nullified = ['bltzall $zero, .+8', 'lw $t1, 4($t0)', 'bltzall $t2, .+12', 'lw $t1, 8($t0)'];
    expect(differences([[0x1000, [...taken, ...nullified]]], { gpr: { [T2]: -5 } })).toEqual([]);
  });

  it('store into their own delay slot and into the instruction after a store', () => {
    const source: Source = [
      [0x1000, ['lw $t1, 0x2000($t0)', 'sw $t1, 0x1008($t0)', 'nop', 'sw $t1, 0x1014($t0)', 'b .+12', 'nop']],
      [0x2000, ['addiu $t2, $t2, 1']],
    ];
    expect(differences(source, { gpr: { [T0]: 0x40000000 } })).toEqual([]);
  });

  it('keep their operands when they store into their own 256-byte line', () => {
    const source: Source = [
      [0x1000, ['ll $t1, 0x1040($t0)', 'sc $t2, 0x1040($t0)', 'swl $t3, 0x1045($t0)', 'swr $t3, 0x1046($t0)']],
      [0x1010, ['sb $t3, 0x1010($t0)', 'li $t1, 7']],
    ];
    expect(differences(source, { gpr: { [T0]: 0x40000000, [T2]: 5, [T3]: 0x01234567 } })).toEqual([]);
    expect(differences(source, { endianness: 'big', gpr: { [T0]: 0x40000000, [T2]: 5, [T3]: 0x01234567 } })).toEqual(
      [],
    );
  });

  it.each([0x1ff4, 0x1ff8, 0x1ffc])('branch, nullify and fault across the page end from %i', (at) => {
    const source: Source = [
      [at, ['bnel $t2, $zero, .+12', 'lw $t1, 1($t0)', 'beql $t2, $zero, .+8', 'bgezal $zero, .+8', 'nop']],
    ];
    for (const t2 of [0, 1])
      expect(differences(source, { pc: 0x40000000 + at, gpr: { [T0]: 0x40002000, [T2]: t2 } })).toEqual([]);
  });

  it('fault on the fetch of a delay slot on the next page', () => {
    // Virtual 0x1000 is mapped, 0x2000 is not.
    const source: Source = [
      [0x1000, [...MAP_USER_PAGES, 'li $t1, 0x1ff8', 'jr $t1', 'nop']],
      [0x1ff8, ['nop', 'jalr $t2, $t1', 'nop']],
    ];
    expect(differences(source)).toEqual([]);
  });
});
