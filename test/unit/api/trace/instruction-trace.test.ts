// Instructions of a range (src/api/trace/instruction-trace.ts), on guests of guests/bin: they are what the guest executes there, and tracing changes
// nothing of how it ends.
import { describe, expect, it } from 'vitest';
import { type RunningVm, type StartVmOptions, startVm, type Verdict } from '../../../../src/api/index.ts';
import { parseInstructionRange } from '../../../../src/api/trace/instruction-range.ts';
import { requireTraceable, traceInstructions } from '../../../../src/api/trace/instruction-trace.ts';
import type { TracedInstruction } from '../../../../src/api/trace/trace-file.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';

const MIPS = 'guests/bin/hello-te-el.elf';
const SMP = 'guests/bin/smp-te-el.elf';
const ARM = 'guests/bin/hello-arm.elf';

interface Traced {
  readonly why: string | null;
  readonly instructions: readonly TracedInstruction[];
  readonly verdict: Verdict;
}

async function traced(kernel: string, range: string, options: Partial<StartVmOptions> = {}): Promise<Traced> {
  const vm = await startVm({ kernel, limit: '1s', stopAtStart: true, ...options });
  const instructions: TracedInstruction[] = [];
  const target = await vm.debugTarget();
  const why = await traceInstructions(target, parseInstructionRange(range, target.symbols), {
    instruction: (instruction) => instructions.push(instruction),
  });
  return { why, instructions, verdict: await vm.wait() };
}

async function untraced(kernel: string, options: Partial<StartVmOptions> = {}): Promise<string> {
  const vm: RunningVm = await startVm({ kernel, limit: '1s', ...options });
  return (await vm.wait()).stateHash;
}

describe('instructions from one count to another', () => {
  it('come one by one with what they changed; a branch and its slot are one', async () => {
    const { why, instructions, verdict } = await traced(MIPS, '3..20');
    expect(why).toBeNull();
    const counts = instructions.map(({ place }) => place.instructions);
    expect(counts).toEqual([3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19]);
    const [first] = instructions;
    expect(first).toMatchObject({ pc: 0x4010000c, text: 'mtc0 $zero, $12, 0', place: { vcpu: 0, now: 30 } });
    expect(first!.changed).toEqual([{ name: 'status', value: '0x00000000' }]);
    expect(verdict.stateHash).toBe(await untraced(MIPS));
  });

  it('of several vCPUs are of the one that executes them, and @cpuN leaves the others out', async () => {
    const all = await traced(SMP, '2000..2030', { cpus: 2 });
    expect(all.instructions.length).toBeGreaterThan(10);
    const one = await traced(SMP, '2000..2030@cpu0', { cpus: 2 });
    expect(one.instructions).toEqual(all.instructions.filter(({ place }) => place.vcpu === 0));
  });

  it('of ARM', async () => {
    const { instructions, verdict } = await traced(ARM, '0..5');
    expect(instructions.map(({ place }) => place.instructions)).toEqual([0, 1, 2, 3, 4]);
    expect(instructions[0]!.pc).toBe(0x80008020);
    expect(verdict.stateHash).toBe(await untraced(ARM));
  });

  it('that the guest does not come to are none', async () => {
    const { why, instructions, verdict } = await traced(MIPS, '900000000..900000001');
    expect([why, instructions, verdict.kind]).toEqual([null, [], 'guest-exit']);
  });
});

describe('instructions between two addresses', () => {
  it('come each time that they are executed', async () => {
    const { why, instructions, verdict } = await traced(MIPS, '0x40100000..0x40100030');
    expect(why).toBeNull();
    // Straight on, with a branch that is not taken and its slot.
    expect(instructions.map(({ pc }) => pc - 0x40100000)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 36, 40, 44]);
    expect(verdict.stateHash).toBe(await untraced(MIPS));
  });

  it('that are never executed are none', async () => {
    expect((await traced(MIPS, '0x40100800..0x40100804@cpu0')).verdict.kind).toBe('guest-exit');
  });
});

describe('a range that cannot be traced', () => {
  it('is refused: too many addresses, a vCPU that is not there', () => {
    const target = new FakeTarget({ cpus: 2 });
    const range = (text: string) => () => requireTraceable(target, parseInstructionRange(text, null));
    expect(range('0x80000000..0x80001000')).toThrow(/4096 bytes are too many: at most 2048/);
    expect(range('0x80000000..0x80000800')).not.toThrow();
    expect(range('0..10@cpu2')).toThrow('there is no cpu2: the machine has 2');
  });
});

describe('a guest that somebody else stops', () => {
  it('is left to them', async () => {
    const target = new FakeTarget();
    const tracing = traceInstructions(target, parseInstructionRange('20000..20010', null), { instruction() {} });
    await Promise.resolve();
    expect(target.resumes).toEqual([{ kind: 'instructions', at: 20000 }]);
    target.clock.instructions = 20_000;
    target.stop({ kind: 'instructions' });
    await new Promise(setImmediate);
    target.stop({ kind: 'paused' });
    expect(await tracing).toBe('the guest was stopped by a debugger');
    expect(target.stopped).toEqual({ kind: 'paused' });
  });
});
