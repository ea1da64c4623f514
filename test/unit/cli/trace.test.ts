// `--trace`, `--trace-instructions` and `--stat` of `tsvm run` against a fake machine: what is asked of it, and what is shown.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatTable } from '../../../src/api/index.ts';
import { renderStatTable } from '../../../src/cli/render.ts';
import { Events } from '../../support/kvm/trace-events.ts';
import { type FakeGuest, OK, tsvm } from './fakes.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-cli-trace-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TRACED: Partial<FakeGuest> = {
  async life(options) {
    new Events(options.trace!).enter().visit(0x400, 8);
    return undefined;
  },
};

describe('--trace', () => {
  test('writes what KVM traces to a file, by the name of which its form is chosen', async () => {
    const [text, json] = [join(folder, 't.txt'), join(folder, 't.json')];
    expect((await tsvm(['run', 'x', '--trace', text], TRACED)).exitCode).toBe(0);
    expect(readFileSync(text, 'utf8')).toContain('kvm_exit: [System Call]PC: 0x00000400');
    expect((await tsvm(['run', 'x', '--trace', json], TRACED)).exitCode).toBe(0);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toContainEqual(
      expect.objectContaining({ name: 'syscall', ph: 'X' }),
    );
  });

  test('is not in the command that repeats the run', async () => {
    const { lines } = await tsvm(['run', 'x', '--trace', join(folder, 'a')], TRACED);
    expect(lines[0]).not.toContain('--trace');
  });

  test('observes nothing when it is not given', async () => {
    const { seen } = await tsvm(['run', 'x']);
    expect([seen.options?.trace, seen.options?.stat]).toEqual([undefined, false]);
  });

  test.runIf(existsSync('/dev/full'))(
    'that cannot be written to the end: the run goes on, its command fails',
    async () => {
      const run = await tsvm(['run', 'x', '--trace', '/dev/full'], {
        async life(options) {
          const events = new Events(options.trace!).enter();
          for (let n = 0; n < 2000; n++) events.visit(0x400, 8);
          return undefined;
        },
      });
      expect(run.exitCode).toBe(125);
      expect(run.stderr).toContain('# ok: guest powered off');
      expect(run.stderr).toMatch(/^tsvm: --trace \/dev\/full: a write failed \(ENOSPC/m);
    },
  );

  test.each([
    ['no folder', ['--trace', '/nonexistent/x'], 125, /cannot be written/],
    ['standard output', ['--trace', '-'], 2, /--trace -: needs a file name/],
    ['the kernel', ['--trace', 'x'], 2, /--trace x: that is the kernel too/],
    ['several runs', ['--trace', 't', '--repeat', '2'], 2, /--trace: this is for one run/],
    ['instructions without a file', ['--trace-instructions', '1..2'], 2, /--trace-instructions 1..2: needs a file/],
    ['no range', ['--trace', 't', '--trace-instructions', '2..1'], 2, /there is nothing in it/],
  ])('is refused before anything runs: %s', async (_what, options, exitCode, why) => {
    const run = await tsvm(['run', 'x', ...options]);
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toMatch(why);
    expect(run.seen.options).toBeNull();
  });

  test('of instructions lets the guest stand at its start, and traces no events', async () => {
    const path = join(folder, 'i.txt');
    const run = await tsvm(['run', 'x', '--trace', path, '--trace-instructions', '1..2']);
    expect(run.seen.options).toMatchObject({ stopAtStart: true });
    expect(run.seen.options?.trace).toBeUndefined();
    // The fake has nothing to be debugged by: then the run is ended.
    expect(run.seen.stops).toHaveLength(1);
  });
});

const TABLE: StatTable = {
  guestTimeNs: 3_412_000_000,
  instructions: 412_885_103,
  lines: [
    { name: 'wait', count: 12, means: 'WAIT executed' },
    { name: 'signal', count: null, means: 'of the host' },
    { name: 'cache', count: 0, means: 'CACHE executed' },
    { name: 'tlbmiss_ld', count: 871_002, means: 'load without a TLB entry' },
  ],
  exits: {
    exits: 889_234,
    guestTimeNs: 3_412_000_000,
    rows: [
      {
        ...{ reason: 'tlbmiss_ld', detail: '', count: 871_002, percent: 97.95, guestTimeNs: 0 },
        sites: [{ pc: 0x80101234, symbol: '__handle_mm_fault+0x2c0', count: 5 }],
      },
      {
        ...{ reason: 'mmio', detail: 'virtio-console QueueNotify', count: 18_220, percent: 2.049, guestTimeNs: 18_220 },
        sites: [{ pc: 0x80101234, symbol: null, count: 5 }],
      },
      { reason: 'cop_unusable', detail: 'wait', count: 12, percent: 0.001, guestTimeNs: 2_000_000_000, sites: [] },
    ],
  },
};

describe('--stat', () => {
  test('shows exits by reason, then the counters that are not 0', () => {
    expect(renderStatTable(TABLE)).toEqual([
      'exits 889,234 in 3.412s guest        count     %  guest time  top site',
      '  tlbmiss_ld                       871,002  98.0           -  __handle_mm_fault+0x2c0',
      '  mmio virtio-console QueueNotify   18,220   2.0   0.000018s  0x80101234',
      '  cop_unusable wait                     12   0.0      2.000s',
      'counters at 3.412s @ 412,885,103',
      '  wait                    12  WAIT executed',
      '  tlbmiss_ld         871,002  load without a TLB entry',
    ]);
  });

  test('keeps the table short: what is rare is summed up', () => {
    const row = TABLE.exits!.rows[1]!;
    const rows = Array.from({ length: 40 }, (_, n) => ({ ...row, detail: `r${n}`, count: 100, percent: 2.5 }));
    const lines = renderStatTable({ ...TABLE, exits: { exits: 4000, guestTimeNs: 1, rows } });
    expect(lines.find((line) => line.includes('other reasons'))).toMatch(
      /^ {2}16 other reasons +1,600 +40\.0 +0\.000292s$/,
    );
  });

  test('of a VM that nobody looked at has its counters only, and says how to have more', () => {
    const lines = [...TABLE.lines.slice(0, 3), { name: 'syscall', count: null, means: '' }];
    expect(renderStatTable({ ...TABLE, lines, exits: null })).toEqual([
      'counters at 3.412s @ 412,885,103 (run --stat counts more)',
      '  wait              12  WAIT executed',
    ]);
  });

  test('of a guest without exits says so', () => {
    const exits = { exits: 0, guestTimeNs: 1_000_000, rows: [] };
    expect(renderStatTable({ ...TABLE, exits })[0]).toBe('no exits in 0.001000s of guest time');
  });

  test('what a guest is called by cannot steer a terminal', () => {
    const row = { ...TABLE.exits!.rows[0]!, sites: [{ pc: 0, symbol: 'a\x1b[2Jb', count: 1 }] };
    expect(renderStatTable({ ...TABLE, exits: { ...TABLE.exits!, rows: [row] } }).join('\n')).not.toContain('\x1b');
  });

  test('of a run stands before its verdict, and in the events', async () => {
    const path = join(folder, 'events');
    const run = await tsvm(['run', 'x', '--stat', '--json', path], { stat: TABLE, verdict: OK });
    expect(run.seen.options).toMatchObject({ stat: true });
    expect(run.lines.slice(2, 4)).toEqual([
      '# exits 889,234 in 3.412s guest        count     %  guest time  top site',
      '#   tlbmiss_ld                       871,002  98.0           -  __handle_mm_fault+0x2c0',
    ]);
    expect(run.lines.at(-1)).toMatch(/^# ok: /);
    const events = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ event: 'verdict', exits: TABLE.exits });
  });
});
