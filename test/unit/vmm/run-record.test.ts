// What is kept of a run: what a record says, and what is not taken for one.
import { describe, expect, it } from 'vitest';
import { parseVmConfig } from '../../../src/vmm/config.ts';
import { journalLine, parseJournal } from '../../../src/vmm/journal-text.ts';
import {
  optionsOf,
  parseRecord,
  type RunHeader,
  recordEnd,
  recordHeader,
  recordPulled,
  runOf,
} from '../../../src/vmm/run-record.ts';
import { OK } from '../cli/fakes.ts';

const header: RunHeader = {
  config: parseVmConfig({
    kernel: 'vmlinux',
    initrd: 'initrd.gz',
    symbols: '/sys/System.map',
    memory: '64M',
    cpus: 2,
    limit: '1500ms',
    timeout: '5s',
    name: 'vm0',
    disks: ['a.img', 'b.img:ro', 'c.img:cow=kept', 'odd:ro:rw'],
  }),
  machine: 'mips-paravirt',
  kernel: '00',
  initrd: '11',
  disks: [1, 2, 3, 4].map((size) => ({ size, mtimeMs: 1.5 })),
  cwd: '/work',
};

const typed = { instructions: 5, at: 70, event: { type: 'console', bytes: Uint8Array.of(104, 105) } } as const;
const lines = [recordHeader('live', header), journalLine(typed), recordEnd(OK)];

describe('a record', () => {
  it('says of its run what it was given, what entered, and how it ended', () => {
    const record = parseRecord(`${lines.join('\n')}\n`);
    expect(record.header).toEqual(header);
    expect(record.journal).toEqual({ input: 'live', entries: [typed] });
    const { kind, exitCode, summary, instructions, guestTimeNs, stateHash, runId } = OK;
    expect(record.end).toEqual({ kind, exitCode, summary, instructions, guestTimeNs, stateHash, runId });
  });

  it('of a killed run has no end, nor the line that was being written', () => {
    for (const cut of ['', lines[2]!.slice(0, 20), lines[1]!.slice(0, -1)]) {
      const record = parseRecord(`${lines[0]}\n${lines[1]}\n${cut}`);
      expect(record).toMatchObject({ end: null, journal: { entries: [typed] } });
    }
    expect(() => parseRecord(`${lines[0]}\n${lines[1]!.slice(0, -1)}\n${lines[2]}\n`)).toThrow(
      'journal line 2 is not JSON',
    );
  });

  it('has the bytes that came out of a file, unless they were too many', () => {
    const pulled = [Uint8Array.of(1, 2), Uint8Array.of(3)].map(recordPulled);
    expect(parseRecord([lines[0], ...pulled].join('\n')).pulled).toEqual(Uint8Array.of(1, 2, 3));
    expect(parseRecord([lines[0], ...pulled, recordPulled(null)].join('\n')).pulled).toBeNull();
  });

  it('ends with its end', () => {
    expect(() => parseRecord([lines[0], lines[2], lines[1]].join('\n'))).toThrow('journal line 3 comes after the end');
  });

  const changed = (change: (run: Record<string, unknown>, config: Record<string, unknown>) => void): string => {
    const first = JSON.parse(lines[0]!) as { run: Record<string, unknown> & { config: Record<string, unknown> } };
    change(first.run, first.run.config);
    return JSON.stringify(first);
  };
  it.each<[string, string]>([
    ['no run', '{"journal":1,"input":"live"}'],
    ['a run that is a number', '{"journal":1,"input":"live","run":1}'],
    ['an option of another kind', changed((_, config) => Object.assign(config, { params: 5 }))],
    ['an option that is missing', changed((_, config) => delete config.memory)],
    ['an option that only a later tsvm knows', changed((_, config) => Object.assign(config, { balloon: true }))],
    ['what is no option at all', changed((_, config) => Object.assign(config, { onConsole: 'x' }))],
    ['an inherited name', changed((_, config) => Object.assign(config, { toString: 1 }))],
    [
      'a disk without a path',
      changed((_, config) => Object.assign(config, { disks: [{ mode: 'rw', overlay: null }] })),
    ],
    ['a disk of an unknown mode', changed((_, config) => Object.assign(config, { disks: [{ path: 'a', mode: 'x' }] }))],
    ['disks that are null', changed((run) => Object.assign(run, { disks: [null] }))],
    ['no folder', changed((run) => delete run.cwd)],
  ])('with %s is refused', (_what, first) => {
    expect(runOf((JSON.parse(first) as { run?: unknown }).run)).toBeNull();
    expect(() => parseRecord(first)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^journal line 1 does not /) }),
    );
  });

  it.each(['null', '1', '{}', '{"kind":"power-off","exitCode":"0"}'])('with the end %s is refused', (end) => {
    expect(() => parseRecord(`${lines[0]}\n{"end":${end}}\n`)).toThrow(
      expect.objectContaining({ code: 'usage', message: 'journal line 2 says that the run has ended, and not how' }),
    );
  });

  it('without a run is a journal all the same', () => {
    expect(parseJournal('{"journal":1,"input":"none"}\n')).toMatchObject({
      run: undefined,
      end: undefined,
      pulled: null,
    });
  });
});

describe('the options that run it again', () => {
  const options = optionsOf(header, (path) => `/then/${path}`);

  it('make the same machine, from where its files were', () => {
    const again = parseVmConfig(options);
    expect(again).toMatchObject({ memory: 64 << 20, cpus: 2, limit: 1_500_000_000, machine: 'mips-paravirt' });
    expect(again.kernel).toBe('/then/vmlinux');
    expect(again.initrd).toBe('/then/initrd.gz');
    expect(again.symbols).toBe('/then//sys/System.map');
  });

  it('write to no disk and no overlay', () => {
    const again = parseVmConfig(options);
    expect(again.disks).toEqual([
      { path: '/then/a.img', mode: 'cow', overlay: null },
      { path: '/then/b.img', mode: 'ro', overlay: null },
      { path: '/then/c.img', mode: 'cow', overlay: null },
      { path: '/then/odd:ro', mode: 'cow', overlay: null },
    ]);
  });

  it('leave out what is of the host: the wall-clock limit, which is in the journal, and the name', () => {
    expect(parseVmConfig(options)).toMatchObject({ timeout: null, name: null });
  });
});
