// The last instructions of a run: those that were run, in order, with the registers they set.
import { describe, expect, it } from 'vitest';
import { disassemble, traceTail } from '../../../src/api/index.ts';
import { guestFile, recordEcho, recordRun, recordScript } from '../../support/vmm/records.ts';

interface Row {
  readonly count: number;
  readonly cpu: number;
  readonly pc: number;
  readonly text: string;
}

const rows = (trace: string): Row[] =>
  trace
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, count, cpu, pc, text] = /^@(\d+) {2}cpu(\d) {2}0x([0-9a-f]{8})(.*)$/.exec(line) ?? [];
      return { count: Number(count), cpu: Number(cpu), pc: Number.parseInt(pc ?? '', 16), text: text ?? '' };
    });

describe('the trace of a run', () => {
  it('has its last 200 instructions, each as the kernel has it', async () => {
    const { text, verdict } = await recordEcho('hello\nexit 21\n');
    const trace = rows(await traceTail(text));
    expect(trace.length).toBeGreaterThan(100); // a branch and its slot are one
    expect(trace.length).toBeLessThanOrEqual(201);
    expect(trace[0]!.count).toBeGreaterThanOrEqual(verdict.instructions - 202);
    expect(trace.map(({ count }) => count)).toEqual(trace.map(({ count }) => count).toSorted((a, b) => a - b));
    for (const { pc, text: shown } of trace.slice(0, 20)) {
      const listed = await disassemble({ kernel: guestFile('echo-te-el'), where: `0x${pc.toString(16)}` });
      expect(`0x${pc.toString(16)}${shown}`).toContain(listed.split('\n')[0]!.trim());
    }
  });

  it('says what registers were set to, but for those that time alone changes', async () => {
    const { text } = await recordScript('hello-te-el', (m) => m.runTo(70_000));
    const trace = await traceTail(text);
    expect(trace).toMatch(/addiu \$(\w+), .* {2}\1=0x[0-9a-f]{8}/);
    expect(trace).not.toMatch(/ (count|random|pc)=/);
  });

  it('of several vCPUs says which one it was', async () => {
    const run = await recordScript('smp-te-el', (m) => m.runTo(2_000_000), { cpus: 2, params: 'test=order' });
    expect(new Set(rows(await traceTail(run.text)).map(({ cpu }) => cpu)).size).toBeGreaterThan(0);
  });

  it('is short, or nothing, when the run was', async () => {
    const until = (count: number) => recordScript('hello-te-el', (m) => m.runTo(count));
    const few = rows(await traceTail((await until(20)).text));
    expect(few[0]!.count).toBe(0);
    expect(few.at(-1)!.count).toBeGreaterThanOrEqual(18);
    expect(await traceTail((await until(0)).text)).toBe('nothing was run\n');
  });

  it('of a hang ends where the guest hangs', async () => {
    const { text, verdict } = await recordRun('hang-te-el');
    const trace = rows(await traceTail(text));
    expect(verdict.kind).toBe('hang');
    expect(trace.at(-1)!.text).toMatch(/wait|b /);
  });

  it('of a record without an end, or of none, is refused in words or empty', async () => {
    const { text } = await recordEcho('hello\nexit 21\n');
    const [header] = text.split('\n');
    expect((await traceTail(`${header}\n`)).trim()).toBe('');
    await expect(traceTail('x')).rejects.toMatchObject({ code: 'usage' });
  });
});
