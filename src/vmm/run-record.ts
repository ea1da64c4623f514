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

/** What a journal's header says of its run; null when that is nothing of use. */
export function runOf(run: unknown): RunHeader | null {
  const header = run as Partial<RunHeader> | null | undefined;
  const known =
    typeof header?.config?.kernel === 'string' &&
    Array.isArray(header.config.disks) &&
    Array.isArray(header.disks) &&
    typeof header.machine === 'string' &&
    typeof header.cwd === 'string';
  return known ? (header as RunHeader) : null;
}

/** Read a record. @throws TsvmError usage when it is damaged, or a journal without a run */
export function parseRecord(text: string): RunRecord {
  const { journal, run, pulled, end } = parseJournal(text);
  const header = runOf(run);
  if (!header)
    throw new TsvmError('usage', 'journal line 1 does not say which run it belongs to', {
      next: 'tsvm run ... KERNEL --replay FILE, with the options of that run',
    });
  const ended = typeof end === 'object' && end !== null && 'stateHash' in end ? (end as RunEnd) : null;
  return { header, journal, pulled, end: ended };
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
