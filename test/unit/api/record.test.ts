// A record where it meets the host: what is run again by it, what is refused, what is warned of; and records that somebody has tampered with.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptVm, startVm } from '../../../src/api/index.ts';
import { aboutJournal, changedDisks, differences, leftOverlays, recordedRun } from '../../../src/api/record.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { mutateRecord } from '../../support/vmm/mutate-record.ts';
import { guestFile, type Recorded, recordEcho, recordRun, recordScript, runAgain } from '../../support/vmm/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Run a record again; what of its verdict must be as it was. */
async function replayed({ text, verdict }: Recorded, changes: object = {}): Promise<void> {
  const again = await runAgain({ ...recordedRun(text).options, ...changes });
  const { kind, exitCode, instructions, guestTimeNs, stateHash, runId } = verdict;
  expect(again).toMatchObject({ kind, exitCode, instructions, guestTimeNs, stateHash, runId });
}

describe('a run is run again by its record', () => {
  it('with what was typed', async () => {
    const run = await recordEcho('hello\nexit 21\n');
    expect(run.verdict.exitCode).toBe(21);
    await replayed(run);
  });

  it('with what came out of a file, which is in the record', async () => {
    const run = await recordRun('echo-te-el', { input: new TextEncoder().encode(`${'line\n'.repeat(500)}quit\n`) });
    expect(run.verdict.exitCode).toBe(0);
    await replayed(run);
  });

  it('with what a script has sent, waited for, and written to memory and registers', async () => {
    const run = await recordScript('echo-te-el', async (m) => {
      m.send('one\n');
      await m.waitFor('one');
      m.write({ physical: 0x100000 }, 'tampered');
      await m.runFor('1ms');
      m.send('two\nquit');
      m.setRegister('v0', 0x1234);
      await m.runTo(m.vm.clock.instructions + 17);
    });
    const types = recordedRun(run.text).journal.entries.map(({ event }) => event.type);
    expect(types).toEqual(['console', 'memory', 'console', 'register', 'stop']);
    await replayed(run);
  });

  it.each(['interpreter', 'regions', 'lockstep'])('by %s', async (engine) => {
    await replayed(await recordEcho('hello\nexit 21\n'), { engine });
  });

  it('that was stopped, at the very instruction', async () => {
    const run = await recordScript('smp-te-el', (m) => m.runTo(1_234_567), { cpus: 4, params: 'test=order', seed: 3 });
    expect(run.verdict.kind).toBe('interrupted');
    await replayed(run);
  });

  it('that a limit of guest time ended', async () => {
    const run = await recordRun('timer-te-el', { limit: '1500us' });
    expect(run.verdict.kind).toBe('guest-time-limit');
    await replayed(run);
  });

  it('of which all was lost but the beginning, as far as that goes', async () => {
    const { text } = await recordEcho('hello\nexit 21\n');
    const [header = '', typed = ''] = text.split('\n');
    const { options, end } = recordedRun(`${header}\n${typed}\n`);
    expect(end).toBeNull();
    expect(await runAgain(options)).toMatchObject({ exitCode: 21 });
    expect(await runAgain(recordedRun(header).options)).toMatchObject({ kind: 'hang' });
  });

  it('in another folder', async () => {
    mkdirSync(join(folder, 'deep'));
    copyFileSync(guestFile('echo-te-el'), join(folder, 'deep', 'echo.elf'));
    const before = process.cwd();
    process.chdir(join(folder, 'deep'));
    let run: Recorded;
    try {
      run = await recordEcho('quit\n', { kernel: 'echo.elf' });
    } finally {
      process.chdir(before);
    }
    await replayed(run);
    rmSync(join(folder, 'deep', 'echo.elf'));
    await expect(runAgain(recordedRun(run.text).options)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('and cannot be changed while it is', async () => {
    const { text } = await recordEcho('hello\nexit 21\n');
    const m = await scriptVm(recordedRun(text).options);
    expect(() => m.write({ physical: 0 }, 'x')).toThrow('a run that is replayed cannot be changed');
    expect((await m.end()).exitCode).toBe(21);
  });
});

describe('what is not as it was', () => {
  it('in the kernel or the initrd is an error', async () => {
    const kernel = join(folder, 'kernel.elf');
    copyFileSync(guestFile('echo-te-el'), kernel);
    const initrd = join(folder, 'initrd');
    writeFileSync(initrd, 'one');
    const { text } = await recordEcho('quit\n', { kernel, initrd, agent: false });
    writeFileSync(initrd, 'two');
    await expect(runAgain(recordedRun(text).options)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/initrd: the initrd has changed since the run was recorded$/),
    });
    writeFileSync(initrd, 'one');
    expect(await runAgain(recordedRun(text).options)).toMatchObject({ exitCode: 0 });
    copyFileSync(guestFile('hello-te-el'), kernel);
    await expect(runAgain({ kernel, replay: text })).rejects.toThrow('the kernel has changed');
  });

  it('in the options or the disks is named, and the run goes on', async () => {
    const disk = join(folder, 'disk.img');
    writeFileSync(disk, new Uint8Array(0x10000));
    const { text } = await recordEcho('quit\n', { disk: `${disk}:cow` });
    const said: string[] = [];
    const log = { log: (_level: string, message: string) => void said.push(message) };
    const options = recordedRun(text).options;
    await runAgain({ ...options, log });
    expect(said).toEqual([]);
    utimesSync(disk, 1, 1);
    await runAgain({ ...options, memory: '32M', seed: 2, params: 'other', log });
    expect(said).toEqual(['the journal is of another run: memory, params, seed, disk 0 differ']);
  });

  it('is found in both directions: a disk more, a disk less, a disk that is read-only now', async () => {
    const disk = join(folder, 'two.img');
    writeFileSync(disk, new Uint8Array(0x10000));
    const header = async (disks: string[]) => recordedRun((await recordEcho('quit\n', { disks })).text).header;
    const [none, cow, ro] = await Promise.all([[], [`${disk}:cow`], [`${disk}:ro`]].map(header));
    expect(differences(none!, cow!)).toEqual(['disk 0']);
    expect(differences(cow!, none!)).toEqual(['disk 0']);
    expect(differences(cow!, ro!)).toEqual(['disk 0']);
    expect(differences(cow!, cow!)).toEqual([]);
  });

  it('in the bytes of a disk is seen without a run, and so is an overlay that is left out', async () => {
    const disk = join(folder, 'three.img');
    writeFileSync(disk, new Uint8Array(0x10000));
    const { text } = await recordEcho('quit\n', { disk: `${disk}:cow=${join(folder, 'overlay')}` });
    const { header } = recordedRun(text);
    expect(changedDisks(header)).toEqual([]);
    expect(leftOverlays(header)).toEqual([
      expect.stringContaining(`the overlay ${join(folder, 'overlay')} is left out`),
    ]);
    rmSync(disk);
    expect(changedDisks(header)).toEqual([`${disk}: the disk has changed since the run was recorded`]);
  });
});

describe('an error of a journal', () => {
  it('has the name of the file', () => {
    expect(() => recordedRun('# README', 'README.md')).toThrow('README.md: not a journal of tsvm (line 1 is not JSON)');
    expect(() => recordedRun('{"journal":1,"input":"none"}\nx\n', 'j')).toThrow(
      'j: a damaged journal (line 2 is not JSON)',
    );
    const other = new TsvmError('io', 'read error');
    expect(aboutJournal('j', other)).toBe(other);
  });

  it('without a run says how it is replayed', () => {
    const bare = '{"journal":1,"input":"none"}\n';
    expect(() => recordedRun(bare)).toThrow(
      expect.objectContaining({ details: { next: 'tsvm run ... KERNEL --replay FILE, with the options of that run' } }),
    );
  });
});

describe('a record that somebody has tampered with', () => {
  let records: string[] = [];
  beforeAll(async () => {
    const disk = join(folder, 'fuzzed.img');
    writeFileSync(disk, new Uint8Array(0x10000));
    const scripted = await recordScript(
      'echo-te-el',
      async (m) => {
        m.send('one\n');
        await m.waitFor('one');
        m.write({ physical: 0x100000 }, 'tampered');
        m.setRegister('v0', 0x1234);
        await m.runFor('1ms');
      },
      { disk: `${disk}:cow`, limit: '1s', name: 'vm0', rtc: '2024-02-02' },
    );
    const pulled = await recordRun('echo-te-el', { input: new TextEncoder().encode('hello\nquit\n') });
    records = [scripted.text, pulled.text, (await recordEcho('hello\nexit 21\n')).text];
  });

  /** `run`: what begins to run must also come to an end. */
  const attack = async (first: number, count: number, run: boolean): Promise<{ refused: number; ran: number }> => {
    const outcome = { refused: 0, ran: 0 };
    for (let seed = first; seed < first + count; seed++) {
      const text = mutateRecord(records[seed % records.length]!, seed);
      try {
        const { options } = recordedRun(text);
        if (!run) continue;
        const vm = await startVm({ ...options, memory: '16M', engine: 'interpreter', timeout: '2s' });
        const { kind, summary } = await vm.wait();
        expect(['tsvm-failed', 'engines-differ', 'wall-time-limit'], `seed ${seed}: ${summary}`).not.toContain(kind);
        outcome.ran++;
      } catch (error) {
        // What is refused is refused in words; anything else is a fault of ours.
        if (!(error instanceof TsvmError) || error.code === 'internal')
          throw new Error(`seed ${seed}: ${text}`, { cause: error });
        outcome.refused++;
      }
    }
    return outcome;
  };

  it('is refused in words, or is a record: 4,000 of them', async () => {
    const { refused } = await attack(0, 4000, false);
    expect(refused).toBeGreaterThan(1000);
  });

  it('is refused in words, or runs to an end: 250 of them', async () => {
    const { refused, ran } = await attack(10_000, 250, true);
    expect(refused).toBeGreaterThan(50);
    expect(ran).toBeGreaterThan(50);
  });
});
