// The file of --trace (src/api/trace/trace-file.ts, chrome-trace.ts): its two forms, and what becomes of it when the host cannot write.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TracedInstruction, TraceFile } from '../../../../src/api/trace/trace-file.ts';
import { KVM_TRACE_COP0, type TraceSink } from '../../../../src/kvm/trace.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { Events } from '../../../support/kvm/trace-events.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-trace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const LOAD: TracedInstruction = {
  place: { vcpu: 1, instructions: 1234, now: 12_340 },
  pc: 0x80101234,
  text: 'lw $v0, 16($a0)',
  symbol: 'schedule+0x10',
  changed: [{ name: 'v0', value: '0x00000001' }],
};

function story(sink: TraceSink): void {
  const events = new Events(sink);
  events.enter(0x400).run(10);
  events.visit(0x428, 11, { event: 'kvm_hwr', op: 'MFC0', reg: KVM_TRACE_COP0(9, 0), val: 11 });
  events.run(4).load(0x500, 0x3f8);
  events.say({ event: 'kvm_set_irq', gsi: 4, level: 1 });
  events.wait(0x600).skip(5000).enter(0x604).run(1);
  events.vcpu = 1;
  events.enter(0x400).run(1).visit(0x404, 8);
}

function written(name: string, tell: (file: TraceFile) => void = story): string {
  const path = join(folder, name);
  const file = new TraceFile(path);
  tell(file);
  file.close();
  expect(file.error).toBeNull();
  return readFileSync(path, 'utf8');
}

describe('as text', () => {
  it('is what the kernel prints, below a header', () => {
    const lines = written('trace.txt').split('\n');
    expect(lines[0]).toBe('# tracer: nop');
    expect(lines.filter((line) => line !== '' && !line.startsWith('#')).slice(0, 4)).toEqual([
      '      tsvm-1 [000]     0.000000000: kvm_enter: PC: 0x00000400  @0',
      '      tsvm-1 [000]     0.000000100: kvm_exit: [COP0/1 Unusable]PC: 0x00000428  @10',
      '      tsvm-1 [000]     0.000000100: kvm_hwr: MFC0 Count (COP0:9:0) 0x0000000b  @10',
      '      tsvm-1 [000]     0.000000110: kvm_reenter: PC: 0x0000042c  @11',
    ]);
    expect(lines.at(-1)).toBe('');
  });

  it('shows instructions as the last ones of a failed test are shown', () => {
    const lines = written('trace', (file) => file.instruction(LOAD)).split('\n');
    expect(lines.at(-2)).toBe('@1234  cpu1  0x80101234  lw $v0, 16($a0)  <schedule+0x10>  v0=0x00000001');
  });
});

interface Entry {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly s?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

describe('as Chrome trace events', () => {
  const entries = (name = 'trace.json', tell?: (file: TraceFile) => void): Entry[] => JSON.parse(written(name, tell));

  it("holds the format's rules: an array of events with phase and process; times in microseconds, durations not negative, instants with a scope", () => {
    const all = entries('TRACE.JSON');
    for (const entry of all) {
      expect(['M', 'X', 'i']).toContain(entry.ph);
      expect([typeof entry.name, entry.pid]).toEqual(['string', 1]);
      if (entry.ph !== 'M') expect([Number.isFinite(entry.ts), Number.isInteger(entry.tid)]).toEqual([true, true]);
      if (entry.ph === 'X') expect(entry.dur).toBeGreaterThanOrEqual(0);
      if (entry.ph === 'i') expect(['t', 'p']).toContain(entry.s);
    }
  });

  it('has one process and a thread for each vCPU', () => {
    const names = entries().filter(({ ph, name }) => ph === 'M' && name !== 'thread_sort_index');
    expect(names.map(({ name, tid, args }) => [name, tid, args.name])).toEqual([
      ['process_name', undefined, 'tsvm'],
      ['thread_name', 1, 'vcpu0'],
      ['thread_name', 2, 'vcpu1'],
    ]);
  });

  it('has exits as durations of guest time, side by side in each thread', () => {
    const exits = entries()
      .filter(({ ph }) => ph === 'X')
      .sort((a, b) => a.ts! - b.ts!);
    expect(exits.map(({ name, tid, ts, dur, cat }) => [name, tid, ts, dur, cat])).toEqual([
      ['cop_unusable mfc0 Count', 1, 0.1, 0.01, 'exit'],
      ['mmio 0x3f8', 1, 0.15, 0.01, 'exit'],
      ['cop_unusable wait', 1, 0.16, 5.01, 'exit'],
      ['syscall', 2, 5.19, 0.01, 'exit'],
    ]);
    expect(exits[0]!.args).toEqual({ pc: '0x00000428', instructions: 10 });
  });

  it('has device accesses and interrupts as instants', () => {
    const instants = entries().filter(({ ph, cat }) => ph === 'i' && cat !== 'kvm_run');
    expect(instants.map(({ name, cat, ts, s }) => [name, cat, ts, s])).toEqual([
      ['kvm_mmio mmio unsatisfied-read len 4 gpa 0x3f8 val 0x0', 'mmio', 0.15, 't'],
      ['kvm_mmio mmio read len 4 gpa 0x3f8 val 0x7', 'mmio', 0.15, 't'],
      ['kvm_set_irq gsi 4 level 1 source 0', 'irq', 0.16, 'p'],
    ]);
  });

  it('has instructions as instants with the registers they changed', () => {
    const entry = entries('i.json', (file) => file.instruction(LOAD)).at(-1)!;
    expect(entry).toEqual({
      ...{ name: 'lw $v0, 16($a0)', cat: 'instruction', ph: 'i', s: 't', pid: 1, tid: 2, ts: 12.34 },
      args: { pc: '0x80101234', symbol: 'schedule+0x10', instructions: 1234, registers: { v0: '0x00000001' } },
    });
  });

  it('ends what the guest was in when the run ended', () => {
    const wait = entries('w.json', (file) => new Events(file).enter().wait(0).skip(90).enter()).find(
      ({ ph }) => ph === 'X',
    );
    expect(wait).toMatchObject({ name: 'cop_unusable wait', ts: 0, dur: 0.1 });
  });

  it('is well-formed JSON when nothing happened, and when a run was killed but for the last bracket', () => {
    expect(entries('empty.json', () => {})).toHaveLength(1);
    const path = join(folder, 'killed.json');
    const file = new TraceFile(path);
    for (let n = 0; n < 1000; n++) story(file);
    const text = readFileSync(path, 'utf8');
    file.close();
    expect(text.length).toBeGreaterThan(0x10000);
    // Written whole chunks at a time: up to the last whole event, and a bracket, it reads.
    expect(JSON.parse(`${text.slice(0, text.lastIndexOf(',\n'))}]`).length).toBeGreaterThan(100);
  });
});

describe('the file', () => {
  it('that cannot be opened is an error before the run', () => {
    expect(() => new TraceFile(join(folder, 'none', 'x'))).toThrow(TsvmError);
    expect(() => new TraceFile(join(folder, 'none', 'x'))).toThrow(/--trace .*none.*: cannot be written/);
  });

  it('keeps what it held until there is something new', () => {
    const path = join(folder, 'old');
    writeFileSync(path, 'old\n');
    const file = new TraceFile(path);
    expect(readFileSync(path, 'utf8')).toBe('old\n');
    file.close();
    expect(readFileSync(path, 'utf8')).not.toContain('old');
  });

  it.runIf(existsSync('/dev/full'))('on a full disk: the run goes on, and the error says so once it is over', () => {
    const file = new TraceFile('/dev/full');
    for (let n = 0; n < 1000; n++) story(file);
    file.close();
    file.close();
    expect(file.error).toMatchObject({ code: 'io' });
    expect(file.error!.message).toMatch(/^--trace \/dev\/full: a write failed \(ENOSPC/);
    expect(file.error!.details.next).toMatch(/make room/);
  });
});
