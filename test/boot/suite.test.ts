// `tsvm test` as a user runs it: files in processes of their own, a report, an exit code.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPackage, type Finished, guest, runPiped } from './cli-support.ts';

let built = '';
beforeAll(() => {
  built = buildPackage();
}, 60_000);

/** A folder with these test files; `ECHO` in them is the options of the echo guest. */
function suite(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-suite-'));
  const options = JSON.stringify({ kernel: guest('echo-te-el'), memory: '16M' });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), `import { test } from 'tsvm/test';\n${text.replaceAll('ECHO', options)}`);
  }
  return folder;
}

const tsvmTest = (...args: string[]): Promise<Finished> => runPiped(built, ['test', ...args]);

const PASSES = `test('passes', ECHO, async (m) => { m.send('hi\\n'); await m.waitFor('hi'); });`;
const FAILS = `
test('fails', ECHO, async (m) => {
  m.send('hello\\n');
  const { before }: { before: string } = await m.waitFor('hello');
  m.expect(before).toBe('nothing');
});`;

describe('tsvm test', () => {
  it('passes, in TypeScript and JavaScript, in folders', async () => {
    const folder = suite({ 'a.test.ts': PASSES, 'deep/b.test.mjs': PASSES, 'not-a-test.ts': 'nonsense(' });
    const done = await tsvmTest(folder);
    expect(done.exitCode, done.stdout + done.stderr).toBe(0);
    expect(done.stdout).toContain('2 passed');
  });

  it('fails with what was expected, where, and the command', async () => {
    const done = await tsvmTest(suite({ 'a.test.ts': PASSES + FAILS }));
    expect(done.exitCode).toBe(1);
    expect(done.stdout).toContain('fails');
    expect(done.stdout).toMatch(/a\.test\.ts:6:\d+/);
    expect(done.stdout).toContain('tsvm run --machine mips-paravirt');
    expect(done.stdout).toMatch(/1 passed.*1 failed|1 failed.*1 passed/s);
  });

  it('is the same whatever runs beside it', async () => {
    const files = Object.fromEntries([1, 2, 3, 4].map((n) => [`t${n}.test.ts`, PASSES + FAILS]));
    const runs = await Promise.all(['1', '4'].map((jobs) => tsvmTest(suite(files), '-j', jobs, '--report', 'json')));
    const hashes = runs.map(({ stdout }) => [...stdout.matchAll(/"stateHash":"(\w+)"/g)].map((match) => match[1]));
    expect(hashes[0]).toHaveLength(8);
    expect(hashes[1]).toEqual(hashes[0]);
    expect(new Set(hashes[0]).size).toBe(2); // one a test
  });

  it('takes the tests of a filter, and shards that together are the suite', async () => {
    const many = Array.from(
      { length: 12 },
      (_, n) => `test('number ${n}', ECHO, async (m) => { await m.runFor('1us'); });`,
    );
    const folder = suite({ 'a.test.ts': many.join('\n') });
    const names = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await tsvmTest(folder, '--report', 'json', ...args);
      return [...stdout.matchAll(/"name":"(number \d+)"/g)].map((match) => match[1]!);
    };
    expect(await names('-t', '1$')).toEqual(['number 1', 'number 11']);
    const shards = await Promise.all(['1/3', '2/3', '3/3'].map((shard) => names('--shard', shard)));
    expect(shards.flat().sort()).toEqual(many.map((_, n) => `number ${n}`).sort());
    expect(shards.every((shard) => shard.length < many.length)).toBe(true);
  });

  it('tells files that do not load, end by themselves, or wait for nothing', async () => {
    const done = await tsvmTest(
      suite({
        'syntax.test.ts': 'const a: = 1;',
        'throws.test.ts': `throw new Error('no good');`,
        'exits.test.ts': `test('x', ECHO, async () => { process.exit(0); });`,
        'never.test.ts': `test('x', ECHO, () => new Promise(() => {}));`,
        'fine.test.ts': PASSES,
      }),
    );
    expect(done.exitCode).toBe(1);
    for (const text of [
      'syntax.test.ts',
      'no good',
      'exits.test.ts',
      'waits for something that nothing will bring',
      '1 passed',
    ])
      expect(done.stdout).toContain(text);
  });

  it('reads the KTAP that a guest prints', async () => {
    const prints = (lines: string) => `
test('${lines.length}', ECHO, async (m) => {
  m.send(${JSON.stringify(lines)});
  await m.waitFor('the end');
  m.expect.ktapOk();
});`;
    const good = 'KTAP version 1\n1..2\nok 1 first\nok 2 second # SKIP no such thing\nthe end\n';
    const done = await tsvmTest(
      suite({
        'a.test.ts':
          prints(good) + prints(good.replace('ok 2', '[    1.5] noise\nnot ok 2').replace(' # SKIP no such thing', '')),
      }),
    );
    expect(done.exitCode, done.stdout).toBe(1);
    expect(done.stdout).toContain('1 failed, 1 passed');
    expect(done.stdout).toContain('KTAP: 1 failed, 1 passed, 0 missing of 2');
    expect(done.stdout).toContain('| second');
  });

  it('fails a test whose VM cannot start', async () => {
    const folder = suite({ 'a.test.ts': `test('missing', { kernel: '/nowhere/vmlinux' }, async () => {});` });
    const done = await tsvmTest(folder);
    expect(done.exitCode).toBe(1);
    expect(done.stdout).toContain('/nowhere/vmlinux: no such file');
  });

  it('shows what test files print, on standard error, and waits for nothing that they leave behind', async () => {
    const done = await tsvmTest(
      suite({ 'a.test.ts': `console.log('loaded'); setInterval(() => {}, 1000); ${PASSES}` }),
    );
    expect(done).toMatchObject({ exitCode: 0, stderr: 'loaded\n' });
    expect(done.stdout).not.toContain('loaded');
  });

  it('writes reports to files', async () => {
    const folder = suite({ 'a.test.ts': PASSES + FAILS });
    const junit = join(folder, 'out.xml');
    const done = await tsvmTest(folder, '--report', `junit=${junit}`, '--report', 'tap');
    expect(done.stdout).toMatch(/^TAP version 13\n/);
    expect(readFileSync(junit, 'utf8')).toContain('<testcase');
  });

  it('says what is wrong with its own words', async () => {
    const said = async (...args: string[]): Promise<readonly [number | null, string]> => {
      const { exitCode, stderr } = await tsvmTest(...args);
      return [exitCode, stderr];
    };
    expect(await said('/nowhere')).toEqual([127, expect.stringContaining('/nowhere: no such file')]);
    expect(await said('.', '-j', '0')).toEqual([2, expect.stringContaining('--jobs 0')]);
    expect(await said('.', '--shard', '3/2')).toEqual([2, expect.stringContaining('--shard 3/2')]);
    expect(await said('.', '--report', 'nice')).toEqual([2, expect.stringContaining('pretty')]);
    expect(await said('.', '-t', '(')).toEqual([2, expect.stringContaining('-t (')]);
    const empty = await tsvmTest(suite({}));
    expect(empty.exitCode).toBe(2);
  });
});
