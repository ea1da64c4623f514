// What a disk must keep, checked from outside: content, modes, writers, and kills in the middle of writing. Each check returns
// what was wrong. For scripts/check-disk.ts, which runs them at full size, and disk.test.ts, which runs a slice.
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BLOCK,
  chooser,
  fileSha256,
  imageRecords,
  judgeRecords,
  printedRecords,
  streamDigest,
} from './disk-content.ts';
import {
  judgeRun,
  lastFlushed,
  MACHINES,
  type Machine,
  machineName,
  type Running,
  runDiskGuest,
  startDiskGuest,
} from './disk-guest.ts';

export interface CheckResult {
  readonly name: string;
  /** What was wrong; empty when nothing was. */
  readonly problems: readonly string[];
  /** For the report. */
  readonly note: string;
}

/** Where checks run: the launcher (a bin/tsvm.js) and a folder for images. */
export interface Place {
  readonly launcher: string;
  readonly scratch: string;
}

const MIB = 2 ** 20;
/** After an error of the host or of a file in use (UX: exit codes). */
const EXIT_TSVM_FAILED = 125;
const lockOf = (path: string): string => `${path}.tsvm-lock`;

/** A new image of `size` bytes; not all zero, so that a base that is written shows. */
function newImage(place: Place, name: string, size: number): string {
  const path = join(place.scratch, name);
  writeFileSync(path, 'an image of the disk checks\n'.repeat(100));
  truncateSync(path, size);
  return path;
}

export interface StreamOptions {
  readonly machine: Machine;
  /** Bytes, a multiple of 64 KiB. */
  readonly size: number;
  readonly seed: number;
  /** `disk.irq` and others, and `,random` after the command. */
  readonly order?: 'random';
  readonly flags?: string;
  /** Write through a kept copy-on-write overlay. */
  readonly overlay: boolean;
}

/** The guest writes, flushes and verifies a stream; the host has the same bytes. */
export async function checkStream(place: Place, options: StreamOptions): Promise<CheckResult> {
  const { machine, size, seed, overlay, flags = '' } = options;
  const name = `stream: ${size / MIB} MB, ${machineName(machine)}, ${overlay ? ':cow=OVERLAY' : 'raw'}${
    options.order ? ', in random order' : ''
  }${flags && `, ${flags}`}`;
  const image = newImage(place, 'stream.img', size);
  const before = fileSha256(image);
  const kept = join(place.scratch, 'stream.cow');
  const disk = overlay ? `${image}:cow=${kept}` : image;
  const wanted = streamDigest(size, seed);
  const run = (command: string, value: string) =>
    runDiskGuest(place.launcher, machine, { command: `${command} ${flags}`.trimEnd(), disks: [value] });
  const order = options.order ? `,${options.order}` : '';
  const started = performance.now();
  const written = await run(`write,${size},${seed},${8 * MIB}${order}`, disk);
  const verified = await run(`verify,${size},${seed}`, disk);
  const seconds = (performance.now() - started) / 1000;
  const problems = [
    ...judgeRun('write', written, 0, [`write: ${size} bytes`, `checksum ${wanted.checksum}`]),
    ...judgeRun('verify', verified, 0, [`verify: all ${size} bytes as written, checksum ${wanted.checksum}`]),
  ];
  const after = fileSha256(image);
  if (overlay) {
    if (after !== before) problems.push(`the base was written: sha256 ${after}, before ${before}`);
    problems.push(
      ...judgeRun('verify of the base', await run(`verify,${size},${seed}`, `${image}:ro`), 10, ['differs']),
    );
  } else if (after !== wanted.sha256) {
    problems.push(`sha256 of the image ${after}, of the stream ${wanted.sha256}`);
  }
  for (const path of [image, kept]) {
    if (existsSync(lockOf(path))) problems.push(`the lock file stayed: ${lockOf(path)}`);
    rmSync(path, { force: true });
  }
  const what = overlay ? `base unchanged, checksum ${wanted.checksum}` : `sha256 ${wanted.sha256}`;
  return { name, problems, note: `${what}, ${seconds.toFixed(1)} s` };
}

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  /** Bytes of the ring of records, a multiple of 1 MiB. */
  readonly size: number;
  readonly overlay: boolean;
}

/**
 * Start the guest that writes records, kill tsvm -9 at a pseudo-random moment, judge the image; again and again on one image,
 * so that every start but the first finds the lock of a killed process and the records of the runs before.
 */
export async function checkKills(place: Place, options: KillOptions): Promise<CheckResult> {
  const { kills, seed, size, overlay } = options;
  const image = newImage(place, 'kill.img', size);
  const kept = join(place.scratch, 'kill.cow');
  const disk = overlay ? `${image}:cow=${kept}` : image;
  const lock = lockOf(overlay ? kept : image);
  const before = fileSha256(image);
  const choose = chooser(seed);
  const problems: string[] = [];
  let flushed = 0;
  let lost = 0;
  let torn = 0;
  let staleLocks = 0;
  let early = 0;
  let between = 0;
  /** What the ring holds. */
  const records = async (machine: Machine): Promise<number[]> => {
    if (!overlay) return imageRecords(image, size, seed);
    const listed = await runDiskGuest(place.launcher, machine, { command: `records,${size},${seed}`, disks: [disk] });
    problems.push(...judgeRun('records', listed, 0, ['records: highest']));
    return printedRecords(listed.stdout, size / BLOCK);
  };
  let highest = 0;
  for (let kill = 1; kill <= kills && problems.length === 0; kill++) {
    const machine = MACHINES[choose(MACHINES.length)]!;
    const running = startDiskGuest(place.launcher, machine, { command: `kill,${size},${seed}`, disks: [disk] });
    const killed = await killLater(running, choose);
    const { stdout } = killed;
    if (existsSync(lock)) staleLocks++;
    if (killed.exitCode !== null) problems.push(...judgeRun(`kill ${kill}: it ended by itself`, killed, -1, []));
    const found = /^found (\d+)\r?\n/m.exec(stdout);
    if (found && Number(found[1]) !== highest)
      problems.push(`kill ${kill}: the guest found ${found[1]}, on the host the highest was ${highest}`);
    if (!found) early++;
    flushed = Math.max(flushed, lastFlushed(stdout));
    const judged = judgeRecords(await records(machine), flushed);
    lost += judged.lost.length;
    torn += judged.torn;
    if (judged.highest > Math.max(flushed, highest)) between++;
    highest = judged.highest;
    if (judged.lost.length > 0)
      problems.push(
        `kill ${kill} (${machineName(machine)}): flushed ${flushed}, lost ${judged.lost.length}: ${judged.lost.slice(0, 9).join(' ')}`,
      );
  }
  const last = await runDiskGuest(place.launcher, MACHINES[0]!, { command: `kill,${size},${seed},500`, disks: [disk] });
  problems.push(...judgeRun('after the kills', last, 0, [`found ${highest}`, 'kill: wrote 500 records']));
  if (existsSync(lock)) problems.push('the lock file stayed after the last run, which ended well');
  const end = judgeRecords(await records(MACHINES[0]!), lastFlushed(last.stdout));
  if (end.lost.length + end.torn > 0) problems.push(`at the end: ${end.lost.length} lost, ${end.torn} torn`);
  if (overlay && fileSha256(image) !== before) problems.push('the base was written');
  for (const path of [image, kept]) rmSync(path, { force: true });
  return {
    name: `kill: ${kills} kills, ${overlay ? ':cow=OVERLAY' : 'raw'}, ring of ${size / MIB} MB, seed ${seed}`,
    problems,
    note:
      `${flushed} records flushed, ${lost} lost; ${between} kills after more was written than was said to be flushed, ${torn} such records torn; ` +
      `${early} kills before the guest wrote; ${staleLocks} stale locks taken over`,
  };
}

/** Kill -9 at a moment of the seed's choice: after so many flushes and some time more, or at any time from the start. */
async function killLater(running: Running, choose: (n: number) => number) {
  if (choose(8) === 0) {
    await sleep(choose(600));
  } else {
    const flushes = 1 + choose(40);
    await running.printed(new RegExp(`(flushed \\d+\\s+){${flushes}}`));
    await sleep(choose(choose(2) === 0 ? 20 : 500));
  }
  running.kill();
  return running.ended;
}

const sleep = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** `:cow` and `:ro` never write to the image. */
export async function checkUnwritten(place: Place, machine: Machine, mode: 'cow' | 'ro'): Promise<CheckResult> {
  const image = newImage(place, 'mode.img', 4 * MIB);
  const before = { sha256: fileSha256(image), modified: statSync(image).mtimeMs };
  const commands = mode === 'cow' ? [`write,${4 * MIB},1,0`, 'requests', 'sweep,1,300'] : ['requests'];
  const problems: string[] = [];
  for (const command of commands) {
    const finished = await runDiskGuest(place.launcher, machine, { command, disks: [`${image}:${mode}`] });
    problems.push(...judgeRun(command, finished, 0, []));
  }
  if (mode === 'ro') {
    const written = await runDiskGuest(place.launcher, machine, {
      command: `write,${4 * MIB},1,0`,
      disks: [`${image}:ro`],
    });
    problems.push(...judgeRun('write', written, 12, ['failed with status 1']));
  }
  if (fileSha256(image) !== before.sha256) problems.push('the image has changed');
  if (statSync(image).mtimeMs !== before.modified) problems.push('the image was written to');
  if (existsSync(lockOf(image))) problems.push('a lock file stayed');
  rmSync(image);
  return {
    name: `modes: :${mode} leaves the image alone, ${machineName(machine)}`,
    problems,
    note: commands.join('; '),
  };
}

/** A second writer is refused, and the first does not notice. */
export async function checkTwoWriters(place: Place, machine: Machine): Promise<CheckResult> {
  const size = 4 * MIB;
  const image = newImage(place, 'writers.img', size);
  const problems: string[] = [];
  const command = `kill,${size},1`;
  const first = startDiskGuest(place.launcher, machine, { command, disks: [image] });
  if (!(await first.printed('flushed'))) problems.push('the first writer did not begin');
  const lock = existsSync(lockOf(image)) ? readFileSync(lockOf(image), 'utf8') : '';
  if (!lock.includes(String(first.pid))) problems.push(`the lock does not name process ${first.pid}: ${lock}`);
  const second = await runDiskGuest(place.launcher, machine, { command, disks: [image] });
  problems.push(...judgeRun('second writer', second, EXIT_TSVM_FAILED, []));
  if (!second.stderr.includes(`${image}: in use by process ${first.pid}`))
    problems.push(`the second writer was told: ${second.stderr.trim()}`);
  if (second.stdout !== '') problems.push(`the second writer's guest ran: ${second.stdout.slice(0, 80)}`);
  const beside = await runDiskGuest(place.launcher, machine, { command: 'identify', disks: [`${image}:cow`] });
  problems.push(...judgeRun('a reader beside the writer', beside, 0, ['identify: 1 disks']));
  const seen = lastFlushed(first.stdout());
  if (!(await first.printed(new RegExp(`flushed ${seen}\\s+flushed`)))) problems.push('the first writer did not go on');
  first.kill();
  const { stdout } = await first.ended;
  const judged = judgeRecords(imageRecords(image, size, 1), lastFlushed(stdout));
  if (judged.lost.length > 0) problems.push(`the first writer lost ${judged.lost.length} records`);
  rmSync(image);
  rmSync(lockOf(image), { force: true });
  return { name: `modes: two writers, ${machineName(machine)}`, problems, note: `exit code ${second.exitCode}` };
}

export interface RequestsOptions {
  readonly machine: Machine;
  /** Which disks get every request and error: 0 is raw, 1 `:ro`, 2 `:cow`. */
  readonly on: readonly number[];
  /** Random requests of each of four sweeps with other features; 0 is no sweep. */
  readonly random: number;
}

/** Every request and error, and random ones, with three disks present. */
export async function checkRequests(place: Place, { machine, on, random }: RequestsOptions): Promise<CheckResult> {
  const images = ['one.img', 'two.img', 'three.img'].map((name) => newImage(place, name, 4 * MIB));
  const disks = images.map((image, n) => `${image}${['', ':ro', ':cow'][n]}`);
  const sweeps = ['', ' disk.irq', ' disk.irq disk.event disk.indirect', ' disk.indirect'];
  const runs: [string, RegExp][] = [
    ['identify', /identify: 3 disks/],
    ...on.map((n): [string, RegExp] => [`requests disk.n=${n}`, /requests: \d+ checks, 0 failed/]),
    ...(random > 0 ? sweeps : []).map((flags, i): [string, RegExp] => [
      `sweep,${i + 1},${random} disk.n=${(i % 2) * 2}${flags}`,
      / 0 failed/,
    ]),
  ];
  const problems: string[] = [];
  const counts: number[] = [];
  for (const [command, text] of runs) {
    const finished = await runDiskGuest(place.launcher, machine, { command, disks });
    problems.push(...judgeRun(command, finished, 0, [text]));
    counts.push(Number(/requests: (\d+) checks/.exec(finished.stdout)?.[1] ?? 0));
  }
  for (const path of images) rmSync(path);
  const checks = counts.reduce((sum, count) => sum + count, 0);
  return {
    name: `requests: ${machineName(machine)}`,
    problems,
    note: `${checks} checks in the guest, ${random > 0 ? sweeps.length * random : 0} random requests`,
  };
}
