import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-stdin-'));
afterAll(() => rmSync(folder, { recursive: true }));

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const script = join(folder, 'kind.ts');
writeFileSync(
  script,
  `import { pullStdin, stdinKind } from '${root}/src/host/stdin.ts';
async function main(): Promise<void> {
  const kind = stdinKind();
  const pull = pullStdin();
  const text = kind === 'file' ? [2, 100, 100].map((max) => Buffer.from(pull.read(max)).toString()).join('|') : '';
  console.log(kind + ' ' + text);
}
main().catch((error) => console.log(error.code + ': ' + error.message));`,
);

function kind(stdin: number | 'pipe' | 'ignore'): string {
  const tsx = join(root, 'node_modules/.bin/tsx');
  const { stdout, stderr } = spawnSync(tsx, [script], { stdio: [stdin, 'pipe', 'pipe'], encoding: 'utf8' });
  return stdout.trim() || stderr;
}

describe('standard input', () => {
  it('is a file that can be pulled piece by piece', () => {
    const path = join(folder, 'input');
    writeFileSync(path, 'hello');
    expect(kind(openSync(path, 'r'))).toBe('file he|llo|');
  });

  it('is none when it is /dev/null, and a pipe when it is one', () => {
    expect(kind('ignore')).toBe('none');
    expect(kind('pipe')).toBe('pipe');
  });

  it('is refused when it is a directory', () => {
    expect(kind(openSync(folder, 'r'))).toBe('io: standard input is a directory');
  });
});
