import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { lockImage, writerOf } from '../../../../src/host/disk/lock.ts';
import type { TsvmError } from '../../../../src/util/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-lock-'));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

const newImage = () => join(mkdtempSync(join(folder, 'image-')), 'disk.img');
const beside = (image: string) => readdirSync(dirname(image));
const lockOf = (image: string) => `${image}.tsvm-lock`;

function refusal(image: string): TsvmError {
  try {
    lockImage(image);
  } catch (error) {
    return error as TsvmError;
  }
  throw new Error('locked');
}

/** The text of a lock that this process holds. */
function ownText(): Record<string, unknown> {
  const image = newImage();
  const lock = lockImage(image);
  const text = JSON.parse(readFileSync(lockOf(image), 'utf8'));
  lock.release();
  return text;
}

/** A process that has started up; `run` lets it try for its locks. */
async function racer(where: string, rounds: number) {
  const script = fileURLToPath(new URL('../../../support/disk/lock-racer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, where, String(rounds)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return {
    child,
    run: async (start: number): Promise<{ won: number[]; odd: string[] }> => {
      child.stdin.write(`${start}\n`);
      return JSON.parse((await lines.next()).value);
    },
  };
}

describe('the lock beside an image', () => {
  it('says who holds it, and is gone when it is given back', () => {
    const image = newImage();
    const lock = lockImage(image);
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    expect(JSON.parse(readFileSync(lockOf(image), 'utf8'))).toMatchObject({ pid: process.pid, start });
    expect(writerOf(image)).toBe(process.pid);
    lock.release();
    lock.release();
    expect(writerOf(image)).toBeNull();
    expect(beside(image)).toEqual([]);
  });

  it('names the machine, but does not give its id away', () => {
    const id = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : '';
    const { machine } = ownText();
    expect(machine).toMatch(id === '' ? /^$/ : /^[0-9a-f]{32}$/);
    if (id !== '') expect(machine).not.toBe(id);
    expect(ownText().machine).toBe(machine);
  });

  it('is refused to everybody else, this process too, with what to do', () => {
    const image = newImage();
    const lock = lockImage(image);
    expect(refusal(image)).toMatchObject({
      code: 'io',
      message: `${image}: in use by process ${process.pid}`,
      details: { next: expect.stringContaining(':cow') },
    });
    lock.release();
    lockImage(image).release();
  });

  it('is not taken from somebody who took it over when it is given back late', () => {
    const image = newImage();
    const lock = lockImage(image);
    writeFileSync(lockOf(image), JSON.stringify({ ...ownText(), pid: 1 }));
    lock.release();
    expect(existsSync(lockOf(image))).toBe(true);
    rmSync(lockOf(image));
  });

  it.each([
    ['whose process is gone', { pid: 2 ** 22 + 1 }],
    ['whose process id is another process now', { start: '1' }],
    ['from before the host was booted', { boot: '00000000-0000-0000-0000-000000000000' }],
  ])('%s is taken over, and nothing else is left behind', (_what, change) => {
    const image = newImage();
    writeFileSync(lockOf(image), JSON.stringify({ ...ownText(), ...change }));
    // A process that ended in the middle of its own attempt leaves such files.
    const dead = JSON.stringify({ ...ownText(), pid: 2 ** 22 + 2 });
    writeFileSync(`${lockOf(image)}.new-4194306-1-1`, dead);
    expect(writerOf(image)).toBeNull();
    const lock = lockImage(image);
    expect(writerOf(image)).toBe(process.pid);
    expect(beside(image)).toEqual(['disk.img.tsvm-lock']);
    lock.release();
  });

  it('is taken over also when somebody died in the middle of taking it over', () => {
    const image = newImage();
    const dead = (n: number) => ({ ...ownText(), pid: 2 ** 22 + n, start: '5' });
    const { boot } = ownText();
    writeFileSync(lockOf(image), JSON.stringify(dead(1)));
    const claim = (n: number) => `${lockOf(image)}.${String(boot).slice(0, 8)}-${2 ** 22 + n}-5`;
    writeFileSync(claim(1), JSON.stringify(dead(2)));
    writeFileSync(claim(2), JSON.stringify(dead(3)));
    const lock = lockImage(image);
    lock.release();
    expect(beside(image)).toEqual([]);
  });

  it.each([
    ['of another machine', { host: 'elsewhere' }, /process \d+ of elsewhere, which cannot be seen from here/],
    [
      'of another machine with the same name',
      { machine: 'f'.repeat(32), boot: '00000000-0000-0000-0000-000000000000' },
      /process \d+ of another machine named .+, which cannot be seen from here/,
    ],
    ['of another container', { namespace: 'pid:[1]' }, /cannot be seen from here/],
  ])('%s is left alone: nobody can tell whether its process is gone', (_what, change, message) => {
    const image = newImage();
    writeFileSync(lockOf(image), JSON.stringify({ ...ownText(), ...change }));
    const error = refusal(image);
    expect(error.message).toMatch(message);
    expect(error.details.next).toContain(lockOf(image));
    expect(writerOf(image)).toBe(process.pid);
    rmSync(lockOf(image));
  });

  it.each([
    '',
    'hello',
    '{"pid":-1}',
    '{"pid":5e9,"start":"1","host":"","machine":"","boot":"","namespace":""}',
    '{"pid":1,"start":"x","host":"","machine":"","boot":"","namespace":""}',
    '{"pid":1,"start":"1","host":"","machine":5,"boot":"","namespace":""}',
    'null',
  ])('with %j in it is damaged, and never taken', (text) => {
    const image = newImage();
    writeFileSync(lockOf(image), text);
    expect(refusal(image)).toMatchObject({ code: 'io', message: expect.stringContaining('damaged') });
    expect(beside(image)).toHaveLength(1);
    rmSync(lockOf(image));
  });

  it.each<[string, (lock: string) => void]>([
    ['a FIFO', (lock) => execFileSync('mkfifo', [lock])],
    ['a link to an endless device', (lock) => symlinkSync('/dev/zero', lock)],
    ['a link to nothing', (lock) => symlinkSync('nothing', lock)],
    ['a directory', (lock) => mkdirSync(lock)],
    [
      'a file of 3 GiB',
      (lock) => {
        writeFileSync(lock, '');
        truncateSync(lock, 3 * 2 ** 30);
      },
    ],
  ])('that is %s is damaged: nobody waits for it, and no more than a lock is read', (_what, make) => {
    const image = newImage();
    make(lockOf(image));
    expect(refusal(image)).toMatchObject({ code: 'io', message: expect.stringContaining('damaged') });
    expect(writerOf(image)).toBeNull();
    expect(beside(image)).toHaveLength(1);
    rmSync(lockOf(image), { recursive: true });
  });

  it('that cannot be written says so, with the way around', () => {
    const image = join(folder, 'no such folder', 'image');
    expect(refusal(image)).toMatchObject({
      code: 'io',
      message: `${image}: cannot be locked, as no file can be made in ${join(folder, 'no such folder')} (it is gone)`,
      details: { next: `use it without writing to it: ${image}:ro or ${image}:cow` },
    });
    expect(() => lockImage(image, 'overlay')).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ next: expect.stringMatching(/^give an overlay in/) }),
      }),
    );
  });

  it('of a killed process is taken over', async () => {
    const where = mkdtempSync(join(folder, 'kill-'));
    const { child, run } = await racer(where, 1);
    expect(await run(0)).toEqual({ won: [0], odd: [] });
    const image = join(where, '0');
    expect(refusal(image).message).toBe(`${image}: in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
    lockImage(image).release();
    rmSync(where, { recursive: true });
  });

  it('is won by exactly one of several processes that start at once, whether it is free, stale, or a claim on it is stale', async () => {
    const where = mkdtempSync(join(folder, 'race-'));
    const rounds = 60;
    const dead = (n: number) => ({ ...ownText(), pid: 2 ** 22 + n, start: '5' });
    const { boot } = ownText();
    for (let round = 0; round < rounds; round++) {
      if (round % 3 === 0) continue;
      const lock = lockOf(join(where, String(round)));
      writeFileSync(lock, JSON.stringify(dead(1)));
      if (round % 3 === 2)
        writeFileSync(`${lock}.${String(boot).slice(0, 8)}-${2 ** 22 + 1}-5`, JSON.stringify(dead(2)));
    }
    const racers = await Promise.all([1, 2, 3, 4].map(() => racer(where, rounds)));
    const start = Date.now() + 20;
    const results = await Promise.all(racers.map(({ run }) => run(start)));
    expect(results.flatMap(({ odd }) => odd)).toEqual([]);
    const won = results.flatMap((result) => result.won).sort((a, b) => a - b);
    expect(won).toEqual(Array.from({ length: rounds }, (_, round) => round));
    expect(readdirSync(where).sort()).toEqual(won.map((round) => `${round}.tsvm-lock`).sort());
    expect(results.filter((result) => result.won.length > 0).length).toBeGreaterThan(1);
  }, 30_000);
});
