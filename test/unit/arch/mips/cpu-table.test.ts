// docs/cpu-models.md is what scripts/cpu-table.ts makes of the data today, and its --check would say so if it were not.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const PAGE = join(ROOT, 'docs/cpu-models.md');
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-cpu-table-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function check(file: string): { status: number | null; stderr: string } {
  const args = ['--import', 'tsx', join(ROOT, 'scripts/cpu-table.ts'), '--check', file];
  return spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
}

describe('the table of CPU models', () => {
  it('is current', () => {
    expect(check(PAGE)).toMatchObject({ status: 0, stderr: '' });
  });

  it('with another value, or missing, is found out of date', () => {
    const stale = join(scratch, 'stale.md');
    writeFileSync(stale, readFileSync(PAGE, 'utf8').replace('0x00019700', '0x00019701'));
    expect(check(stale)).toMatchObject({ status: 1, stderr: expect.stringContaining('out of date') });
    expect(check(join(scratch, 'missing.md')).status).toBe(1);
  });
});
