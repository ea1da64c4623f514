// What is kept of a run so that it can be run again to the bit: a journal whose header names everything else the result depends on, and whose last
// line says how it ended. Written while the run goes on: a killed run leaves what had entered.
import { TsvmError } from '../util/errors.ts';
import { DEFAULT_RTC, formatDisk, formatDuration, type VmConfig, type VmConfigInput } from './config.ts';
import type { InputKind, Journal } from './journal.ts';
import { journalHeader, parseJournal, toBase64 } from './journal-text.ts';
import type { Verdict } from './verdict.ts';

/** What a journal's header says of its run. */
export interface RunHeader {
  readonly config: VmConfig;
  /** The machine that was chosen. */
  readonly machine: string;
  /** SHA-256 in hexadecimal of the files as they were read; null: there was none. */
  readonly kernel: string;
  readonly initrd: string | null;
  /** As they were when the run began; their bytes are not kept. */
  readonly disks: readonly { readonly size: number; readonly mtimeMs: number }[];
  /** Where relative paths begin. */
  readonly cwd: string;
}

/** How the run ended. */
export type RunEnd = Pick<
  Verdict,
  'kind' | 'exitCode' | 'summary' | 'instructions' | 'guestTimeNs' | 'stateHash' | 'runId'
>;

export interface RunRecord {
  readonly header: RunHeader;
  readonly journal: Journal;
  /** Console input that the guest took out of a file; null: it is not kept. */
  readonly pulled: Uint8Array | null;
  /** Null: the run was killed. */
  readonly end: RunEnd | null;
}

export const recordHeader = (input: InputKind, run: RunHeader): string => journalHeader(input, run);

/** Bytes that the guest has pulled; null: no more are kept. */
export const recordPulled = (bytes: Uint8Array | null): string =>
  JSON.stringify({ pulled: bytes === null ? null : toBase64(bytes) });

export function recordEnd(verdict: Verdict): string {
  const { kind, exitCode, summary, instructions, guestTimeNs, stateHash, runId } = verdict;
  const end: RunEnd = { kind, exitCode, summary, instructions, guestTimeNs, stateHash, runId };
  return JSON.stringify({ end });
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || isText(value);
const isNumber: Check = (value) => typeof value === 'number' && value >= 0;
const isNumberOrNull: Check = (value) => value === null || isNumber(value);
const isFlag: Check = (value) => typeof value === 'boolean';
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const fieldsOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([key, check]) => check((value as Record<string, unknown>)[key]));

/** What each option is, in the least: which values it may have is parseVmConfig's to say. */
const CONFIG: Readonly<Record<keyof VmConfig, Check>> = {
  kernel: isText,
  initrd: isTextOrNull,
  memory: isNumber,
  cpus: isNumber,
  params: isText,
  name: isTextOrNull,
  machine: isTextOrNull,
  console: isTextOrNull,
  seed: isNumber,
  rtc: isText,
  limit: isNumberOrNull,
  timeout: isNumberOrNull,
  nsPerInstruction: isNumber,
  engine: isText,
  symbols: isTextOrNull,
  debugMmio: isFlag,
  loglevel: isText,
  virtio: isTextOrNull,
  virtioTransport: isTextOrNull,
  cpuModel: isTextOrNull,
  // Younger than the format.
  boot: (boot) => boot === undefined || isTextOrNull(boot),
  onOops: isText,
  exitLine: isTextOrNull,
  agent: isFlag,
  disks: listOf(
    fieldsOf({ path: isText, mode: (mode) => mode === 'rw' || mode === 'ro' || mode === 'cow', overlay: isTextOrNull }),
  ),
};

const isHeader = fieldsOf({
  // An option that is not known here would be left out, and the run another one.
  config: (config) =>
    fieldsOf(CONFIG)(config) && Object.keys(config as object).every((key) => Object.hasOwn(CONFIG, key)),
  machine: isText,
  kernel: isText,
  initrd: isTextOrNull,
  disks: listOf(fieldsOf({ size: isNumber, mtimeMs: isNumber })),
  cwd: isText,
});

const isEnd = fieldsOf({
  kind: isText,
  exitCode: isNumber,
  summary: isText,
  instructions: isNumber,
  guestTimeNs: isNumber,
  stateHash: isText,
  runId: isText,
});

/** What a journal's header says of its run; null when that is nothing of use. */
export function runOf(run: unknown): RunHeader | null {
  return isHeader(run) ? (run as RunHeader) : null;
}

/** Read a record. @throws TsvmError usage when it is damaged, or a journal without a run */
export function parseRecord(text: string): RunRecord {
  const { journal, run, pulled, end } = parseJournal(text);
  const header = runOf(run);
  if (!header)
    throw new TsvmError(
      'usage',
      run === undefined
        ? 'journal line 1 does not say which run it belongs to'
        : 'journal line 1 does not describe a run that this tsvm knows how to start',
      { next: 'tsvm run ... KERNEL --replay FILE, with the options of that run' },
    );
  if (end !== undefined && !isEnd(end)) {
    const last = text.trimEnd().split('\n').length;
    throw new TsvmError('usage', `journal line ${last} says that the run has ended, and not how`);
  }
  return { header, journal, pulled, end: (end as RunEnd | undefined) ?? null };
}

/**
 * The options that make the same machine again. Nothing is written to a disk of the user's: what was writable is copy-on-write now. There is no
 * wall-clock limit: where one ended the run, the journal does.
 */
export function optionsOf({ config, machine }: RunHeader, resolvePath: (path: string) => string): VmConfigInput {
  const { limit, timeout: _, disks, initrd, symbols, name: __, rtc, ...same } = config;
  const some = Object.fromEntries(Object.entries(same).filter(([, value]) => value !== null));
  const path = (text: string | null): string | undefined => (text === null ? undefined : resolvePath(text));
  return {
    ...some,
    machine,
    // Not every machine has a clock to set.
    ...(rtc === DEFAULT_RTC ? {} : { rtc }),
    kernel: resolvePath(config.kernel),
    initrd: path(initrd),
    symbols: path(symbols),
    limit: limit === null ? undefined : formatDuration(limit),
    disks: disks.map((disk) =>
      formatDisk({ path: resolvePath(disk.path), mode: disk.mode === 'ro' ? 'ro' : 'cow', overlay: null }),
    ),
  };
}
