// The record of a run (vmm/run-record.ts) where it meets the host: what the run's header says, whether a record fits what it is replayed on, and the
// options that run it again.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { sha256Hex } from '../host/hash.ts';
import { TsvmError } from '../util/errors.ts';
import type { VmConfig } from '../vmm/config.ts';
import { optionsOf, parseRecord, type RunEnd, type RunHeader } from '../vmm/run-record.ts';
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

function diskFacts(path: string): RunHeader['disks'][number] {
  const { size = 0, mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return { size, mtimeMs };
}

/** What a run's result depends on besides its files. */
const DECISIVE: readonly (keyof VmConfig)[] = [
  ...(['memory', 'cpus', 'params', 'console', 'seed', 'rtc', 'limit', 'nsPerInstruction'] as const),
  ...(['virtio', 'virtioTransport', 'cpuModel', 'onOops', 'exitLine', 'agent'] as const),
];

/** How the machine that is started differs from that of the run that `recorded` is of, in words; empty: it is the same. */
export function differences(recorded: RunHeader, started: RunHeader): string[] {
  const options = DECISIVE.filter((key) => recorded.config[key] !== started.config[key]);
  const machine = recorded.machine === started.machine ? [] : ['machine'];
  const disks = recorded.disks.flatMap(({ size, mtimeMs }, n) => {
    const now = started.disks[n];
    return now && now.size === size && now.mtimeMs === mtimeMs ? [] : [`disk ${n}`];
  });
  return [...machine, ...options, ...disks];
}

/** How a recorded run is started again. */
export interface RecordedRun {
  readonly options: StartVmOptions;
  readonly header: RunHeader;
  /** How it ended; null: the record does not say, for tsvm was killed. */
  readonly end: RunEnd | null;
}

/**
 * Options that run a recorded run again. Its disks are not written to.
 * @throws TsvmError usage when the record is damaged
 */
export function recordedRun(text: string): RecordedRun {
  const { header, end } = parseRecord(text);
  const options = optionsOf(header, (path) => resolve(header.cwd, path));
  return { options: { ...options, replay: text }, header, end };
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
