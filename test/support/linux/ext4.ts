// ext4 images made and judged by the host's e2fsprogs, and the file that the guest's job `disk` writes, made again here.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolPath } from './guests.ts';

const MIB = 2 ** 20;

function run(tool: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(toolPath(tool)!, args, { encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}`.trim() };
}

/** A new ext4 image of so many MiB, with the files of a folder. */
export function makeExt4(path: string, mebibytes: number, folder?: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, '');
  truncateSync(path, mebibytes * MIB);
  const { status, output } = run('mke2fs', ['-q', '-t', 'ext4', ...(folder === undefined ? [] : ['-d', folder]), path]);
  if (status !== 0) throw new Error(`mke2fs: ${output}`);
}

/** What `e2fsck -fn` finds wrong; empty when the file system is clean. */
export function ext4Problems(path: string): string[] {
  const { status, output } = run('e2fsck', ['-fn', path]);
  return status === 0 ? [] : [`e2fsck -fn ended with ${status}: ${output}`];
}

/** SHA-256 of a file in an image, as the host's debugfs reads it. */
export function ext4FileSha256(image: string, file: string, scratch: string): string {
  const copy = join(scratch, 'dumped');
  rmSync(copy, { force: true });
  const { output } = run('debugfs', ['-R', `dump ${file} ${copy}`, image]);
  try {
    return createHash('sha256').update(readFileSync(copy)).digest('hex');
  } catch {
    throw new Error(`debugfs: ${output}`);
  } finally {
    rmSync(copy, { force: true });
  }
}

/** SHA-256 of what scripts/linux-initramfs/jobs.sh writes: "piece N", a newline and busybox, again and again, cut to size. */
export function piecesSha256(busybox: string, mebibytes: number): string {
  const body = readFileSync(busybox);
  const hash = createHash('sha256');
  for (let left = mebibytes * MIB, n = 1; left > 0; n++) {
    const piece = Buffer.concat([Buffer.from(`piece ${n}\n`), body]).subarray(0, left);
    hash.update(piece);
    left -= piece.length;
  }
  return hash.digest('hex');
}

/** SHA-256 of a file so many times. */
export function repeatedSha256(file: string, times: number): string {
  const body = readFileSync(file);
  const hash = createHash('sha256');
  for (let n = 0; n < times; n++) hash.update(body);
  return hash.digest('hex');
}
