// The record of a run (vmm/run-record.ts) where it meets the host: what the run's header says, whether a record fits what it is replayed on, and the
// options that run it again.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { sha256Hex } from '../host/hash.ts';
import { TsvmError } from '../util/errors.ts';
import type { VmConfig } from '../vmm/config.ts';
import { optionsOf, parseRecord, type RunHeader, type RunRecord } from '../vmm/run-record.ts';
import type { StartVmOptions } from './types.ts';

/** The files of a run, as they were read. */
export interface RunImages {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array | null;
}

export function headerOf(config: VmConfig, machine: string, { kernel, initrd }: RunImages): RunHeader {
  return {
    config,
    machine,
    kernel: sha256Hex(kernel),
    initrd: initrd && sha256Hex(initrd),
    disks: config.disks.map(({ path }) => diskFacts(path)),
    cwd: process.cwd(),
  };
}

/** Zeroes where nothing can be told. */
function diskFacts(path: string): DiskFacts {
  try {
    const { size, mtimeMs } = statSync(path);
    return { size, mtimeMs };
  } catch {
    return { size: 0, mtimeMs: 0 };
  }
}

/** What a run's result depends on besides its images and disks. */
const DECISIVE: readonly (keyof VmConfig)[] = [
  ...(['memory', 'cpus', 'params', 'console', 'seed', 'rtc', 'limit', 'nsPerInstruction'] as const),
  ...(['virtio', 'virtioTransport', 'cpuModel', 'boot', 'onOops', 'exitLine', 'agent'] as const),
];

/** How the machine that is started differs from that of the run that `recorded` is of, in words; empty: it is the same. */
export function differences(recorded: RunHeader, started: RunHeader): string[] {
  const options = DECISIVE.filter((key) => (recorded.config[key] ?? null) !== (started.config[key] ?? null));
  const machine = recorded.machine === started.machine ? [] : ['machine'];
  const count = Math.max(recorded.disks.length, started.disks.length);
  const disks = Array.from({ length: count }, (_, n) => n)
    .filter((n) => !sameDisk(recorded.disks[n], started.disks[n]) || isReadOnly(recorded, n) !== isReadOnly(started, n))
    .map((n) => `disk ${n}`);
  return [...machine, ...options, ...disks];
}

type DiskFacts = RunHeader['disks'][number];

function sameDisk(a: DiskFacts | undefined, b: DiskFacts | undefined): boolean {
  return a?.size === b?.size && a?.mtimeMs === b?.mtimeMs;
}

function isReadOnly({ config }: RunHeader, n: number): boolean {
  return config.disks[n]?.mode === 'ro';
}

/** A record, and how its run is started again. */
export interface RecordedRun extends RunRecord {
  readonly options: StartVmOptions;
}

/**
 * Options that run a recorded run again. Its disks are not written to. `name`: what errors call it, when it is not the only one.
 * @throws TsvmError usage when the record is damaged
 */
export function recordedRun(text: string, name?: string): RecordedRun {
  try {
    const record = parseRecord(text);
    const { header } = record;
    const options = optionsOf(header, (path) => resolve(header.cwd, path));
    return { ...record, options: { ...options, replay: text } };
  } catch (error) {
    throw name === undefined ? error : aboutJournal(name, error);
  }
}

export const WHAT_TO_REPLAY = 'give a file that --journal wrote';

/** The error with the name of the journal that it is about; other errors stay as they are. */
export function aboutJournal(name: string, error: unknown): unknown {
  if (!(error instanceof TsvmError)) return error;
  const line = /^journal (line (\d+) .*)$/.exec(error.message);
  if (line === null) return error;
  const what = line[2] === '1' ? 'not a journal of tsvm' : 'a damaged journal';
  const { next = WHAT_TO_REPLAY } = error.details;
  return new TsvmError('usage', `${name}: ${what} (${line[1]})`, { next });
}

/** Disks whose bytes, which are not in the record, are others now than when the run began; a line each. */
export function changedDisks({ config, disks, cwd }: RunHeader): string[] {
  return config.disks
    .filter(({ path }, n) => !sameDisk(disks[n], diskFacts(resolve(cwd, path))))
    .map(({ path }) => `${path}: the disk has changed since the run was recorded`);
}

/** Disks that the run began with an overlay on, which is not used again; a line each. */
export function leftOverlays({ config }: RunHeader): string[] {
  return config.disks.flatMap(({ path, overlay }) =>
    overlay === null ? [] : `${path}: the overlay ${overlay} is left out; the run is the same if it was empty then`,
  );
}

/** Is what is about to run what the record is of? @throws TsvmError usage when a file has changed, so that it cannot be */
export function requireSameImages(recorded: RunHeader, started: RunHeader): void {
  const changed = (['kernel', 'initrd'] as const).find((image) => recorded[image] !== started[image]);
  if (changed === undefined) return;
  const path = changed === 'kernel' ? recorded.config.kernel : recorded.config.initrd;
  throw new TsvmError('usage', `${path}: the ${changed} has changed since the run was recorded`, {
    next: 'put the same file there, or run it anew',
  });
}
