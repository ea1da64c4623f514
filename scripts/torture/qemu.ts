// One side of the comparison: the programs under qemu-user on this machine.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export const QEMU = 'qemu-mipsel';
export const QEMU_CPU = '24Kf';

/** How a program ended, as scripts/torture/init.c says it: `exit|signal|timeout NUMBER stdout BYTES CRC32`. */
export type Ending = string;

let qemu: string | undefined;

/** Run `program` with no input, no environment, a fresh folder below `scratch`, no core file, and `seconds` of wall time. */
export function runUnderQemu(program: string, name: string, scratch: string, seconds: number): Promise<Ending> {
  qemu ??= execFileSync('bash', ['-c', `command -v ${QEMU}`], { encoding: 'utf8' }).trim();
  const cwd = mkdtempSync(join(scratch, 'here-'));
  const limits = 'ulimit -c 0; ulimit -s 8192; exec "$@"';
  const child = spawn('/bin/sh', ['-c', limits, 'sh', qemu, '-cpu', QEMU_CPU, '-0', name, program], {
    cwd,
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  let late = false;
  let bytes = 0;
  let sum = 0;
  const endGroup = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // The group is empty: nothing was left behind.
    }
  };
  const timer = setTimeout(() => {
    late = true;
    endGroup();
  }, seconds * 1000);
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    sum = crc32(chunk, sum);
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', endGroup);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      rmSync(cwd, { recursive: true, force: true });
      const how = late ? 'timeout 0' : signal === null ? `exit ${code}` : `signal ${constants.signals[signal]}`;
      done(`${how} stdout ${bytes} ${sum.toString(16).padStart(8, '0')}`);
    });
  });
}
