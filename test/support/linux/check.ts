// What the checks of real kernels share: what a check is, the guest that it boots, and how a run is judged.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Boot, type BootOptions, boot, type Place } from './boot.ts';
import { type FileName, fileOf, type Need } from './guests.ts';

export interface CheckResult {
  /** What was wrong; empty when nothing was. */
  readonly problems: readonly string[];
  /** For the report. */
  readonly note: string;
}

export interface Check {
  readonly name: string;
  /** Without these it is skipped. */
  readonly needs: readonly Need[];
  run(place: Place): Promise<CheckResult>;
}

/** A kernel with its initramfs. */
export interface Guest {
  /** Begins the names of its checks, where it is not empty. */
  readonly name: string;
  readonly kernel: FileName;
  /** Put one behind the other. */
  readonly initrd: readonly FileName[];
  /** Of GUEST-READY. */
  readonly machine: 'mips' | 'armv7l';
  /** What `uname -r` says. */
  readonly release: string;
  /** Default 1. */
  readonly cpus?: number;
}

/** Exit codes of the user's manual. */
export const EXIT_PANIC = 100;
export const EXIT_REBOOT = 102;

export const seconds = ({ wallMs, guestTimeNs, instructions }: Boot): string =>
  `${(guestTimeNs / 1e9).toFixed(1)} s of guest time, ${(instructions / 1e6).toFixed(0)} M instructions, ${(wallMs / 1000).toFixed(1)} s`;

/** What is wrong with a run that should have ended with `exitCode` after printing these lines. */
export function judge(ended: Boot, exitCode: number, patterns: readonly RegExp[]): string[] {
  const problems = patterns
    .filter((pattern) => !pattern.test(ended.console))
    .map((pattern) => `the console does not show ${pattern}`);
  if (ended.exitCode !== exitCode)
    problems.unshift(`exit ${ended.exitCode} (${ended.kind}: ${ended.summary}), not ${exitCode}`);
  const broken = /Oops|BUG:|WARNING: CPU|Call Trace/.exec(ended.console);
  if (broken && exitCode !== EXIT_PANIC) problems.push(`the kernel complains: ${broken[0]}`);
  if (problems.length > 0) problems.push(`last lines: ${ended.console.trimEnd().split('\n').slice(-6).join(' | ')}`);
  return problems;
}

/** Initramfs images one behind the other, as one file. */
export function joined(place: Place, files: readonly FileName[]): string {
  if (files.length === 1) return fileOf(files[0]!);
  const path = join(place.scratch, `${files.join('+')}.cpio.gz`);
  if (!existsSync(path)) writeFileSync(path, Buffer.concat(files.map((file) => readFileSync(fileOf(file)))));
  return path;
}

export const needsOf = ({ kernel, initrd }: Guest): Need[] => [kernel, ...initrd];

export const named = ({ name }: Guest, what: string): string => (name === '' ? what : `${name}: ${what}`);

/** The line that tells that user space is there, with all CPUs. */
export const readyLine = ({ machine, cpus = 1 }: Guest): RegExp =>
  new RegExp(`^GUEST-READY ${machine} ${cpus}\\r?$`, 'm');

/** Boot it with its initramfs. */
export function start(place: Place, guest: Guest, more: Partial<BootOptions> = {}): Promise<Boot> {
  const { kernel, initrd, cpus = 1 } = guest;
  return boot(place, {
    kernel: fileOf(kernel),
    ...(initrd.length === 0 ? {} : { initrd: joined(place, initrd) }),
    ...more,
    options: [...(cpus === 1 ? [] : ['--cpus', String(cpus)]), ...(more.options ?? [])],
  });
}

export interface Simple {
  readonly params?: string;
  readonly options?: readonly string[];
  /** Default 0. */
  readonly exitCode?: number;
  /** What the console must show besides GUEST-READY. */
  readonly shows?: readonly RegExp[];
}

/** A boot that ends as it should. */
export function simple(guest: Guest, name: string, { exitCode = 0, shows = [], ...given }: Simple): Check {
  return {
    name: named(guest, name),
    needs: needsOf(guest),
    async run(place) {
      const ended = await start(place, guest, given);
      return { problems: judge(ended, exitCode, [readyLine(guest), ...shows]), note: seconds(ended) };
    },
  };
}
