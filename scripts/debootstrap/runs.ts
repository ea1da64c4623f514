// One run of the second stage: by tsvm with an engine, or by QEMU, on a copy of the image; what it printed and what it cost.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TIME_FORMAT, type Times, timesOf } from '../bench/outputs.ts';

/** `qemu`, or an engine of tsvm. */
export type RunnerName = 'regions' | 'interpreter' | 'lockstep' | 'qemu';

export interface Inputs {
  /** A bin/tsvm.js. */
  readonly launcher: string;
  /** Uncompressed, since QEMU takes no other. */
  readonly kernel: string;
  readonly seed: number;
  /** A folder for logs, and for the image while it runs. */
  readonly folder: string;
  /** Wall seconds a run may take. */
  readonly patience: number;
}

/** What tsvm's verdict says of a run. */
export interface Account {
  readonly kind: string;
  readonly instructions: number;
  readonly guestTimeNs: number;
  readonly stateHash: string;
}

export interface Finished extends Times {
  readonly runner: RunnerName;
  readonly exitCode: number | null;
  /** Without carriage returns. */
  readonly console: string;
  /** null for QEMU, which counts nothing, and for a run without a verdict. */
  readonly account: Account | null;
}

const MEMORY_MIB = 512;
const PARAMS = 'root=/dev/vda rw init=/second-stage';
/** A T&E guest's clock begins here by default; QEMU's is told to, so that both write the same dates into files. */
const QEMU_RTC = 'base=2024-01-01T00:00:00,clock=vm';

function commandOf(runner: RunnerName, image: string, events: string, { launcher, kernel, seed }: Inputs): string[] {
  if (runner !== 'qemu')
    return [
      ...[process.execPath, launcher, 'run', '--engine', runner, '--seed', String(seed), '--json', events],
      ...['--mem', `${MEMORY_MIB}M`, '--console', 'serial', '--disk', image, '--params', PARAMS, kernel],
    ];
  return [
    ...['qemu-system-mipsel', '-M', 'malta', '-cpu', '24Kf', '-m', String(MEMORY_MIB), '-rtc', QEMU_RTC],
    ...['-nographic', '-no-reboot', '-vga', 'none', '-net', 'none', '-kernel', kernel],
    ...['-drive', `if=none,id=disk,format=raw,file=${image}`, '-device', 'virtio-blk-pci,drive=disk'],
    ...['-append', `console=ttyS0 ${PARAMS}`],
  ];
}

/** @throws Error when it does not end in time */
export async function runOn(image: string, runner: RunnerName, inputs: Inputs): Promise<Finished> {
  const [events, log] = [join(inputs.folder, `${runner}.jsonl`), join(inputs.folder, `${runner}.console`)];
  const script = `TIMEFORMAT='${TIME_FORMAT}'; time timeout --signal=KILL ${inputs.patience} "$@"`;
  const command = commandOf(runner, image, events, inputs);
  const child = spawn('bash', ['-c', script, 'second-stage', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const file = createWriteStream(log);
  child.stdout.pipe(file);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [exitCode]: (number | null)[] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ]);
  if (!file.closed) await once(file, 'close');
  if (exitCode === KILLED) throw new Error(`${runner} did not end in ${inputs.patience} s; its console: ${log}`);
  return {
    ...timesOf(said),
    runner,
    exitCode: exitCode ?? null,
    console: readFileSync(log, 'latin1').replaceAll('\r', ''),
    account: existsSync(events) ? verdictOf(readFileSync(events, 'utf8')) : null,
  };
}

/** timeout(1) that had to send SIGKILL. */
const KILLED = 137;

function verdictOf(events: string): Account | null {
  const line = events.split('\n').find((each) => each.includes('"event":"verdict"'));
  return line === undefined ? null : (JSON.parse(line) as Account);
}

/** SHA-256 of a file of any size. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
