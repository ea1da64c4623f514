// VmConfig: what a VM is, as plain JSON data. Parsed, defaulted and validated once, here; everybody after this trusts it.
// Sizes follow kvmtool's syntax (lkvm run -m): digits and one of B K M G T P; no unit means MiB.
import type { EngineName } from '../cpu/exec/core-options.ts';
import { TsvmError } from '../util/errors.ts';
import type { LogLevel } from '../util/log.ts';

const MAX_CPUS = 8;
const MAX_DISKS = 8;
export const DEFAULT_MEMORY = '128M';
/** 10 ns per instruction is a 100 MIPS guest, and Count at 100 MHz ticks once per instruction. */
export const DEFAULT_NS_PER_INSTRUCTION = 10;
/** The date a real-time clock starts at unless told, so that two runs are equal. */
export const DEFAULT_RTC = '2024-01-01T00:00:00Z';

export type ConsoleKind = 'virtio' | 'serial' | 'pl011';
export type BootMode = 'hyp' | 'svc';
export type VirtioVersion = 'modern' | 'legacy' | 'transitional';
export type OopsPolicy = 'note' | 'stop';
export type VirtioTransport = 'mmio' | 'pci';

/** A disk: an image, and what may be done with it. */
export interface DiskConfig {
  readonly path: string;
  /** `rw`: written in place. `ro`: never written, and the guest is told. `cow`: never written, what the guest writes goes elsewhere. */
  readonly mode: 'rw' | 'ro' | 'cow';
  /** Where a `cow` disk keeps what was written, for a later run; null: nowhere. */
  readonly overlay: string | null;
}

/** What the user may say; strings as they come from the command line are fine everywhere. */
export interface VmConfigInput {
  /** Path of the kernel image. */
  readonly kernel: string;
  readonly initrd?: string | undefined;
  /** A string in kvmtool's syntax (`64M`, `1G`, `64` = 64 MiB), or a number of bytes. */
  readonly memory?: string | number | undefined;
  /** 1-8. */
  readonly cpus?: string | number | undefined;
  /** Appended to the kernel command line. */
  readonly params?: string | undefined;
  readonly name?: string | undefined;
  /** Machine name; default: the ELF decides. */
  readonly machine?: string | undefined;
  /** Default: the machine's first. */
  readonly console?: string | undefined;
  readonly seed?: string | number | undefined;
  /** `now`, or an ISO 8601 UTC date such as 2024-01-01T00:00:00Z. */
  readonly rtc?: string | undefined;
  /** Guest time, `10s`, `500ms`, `2m`; a bare number is seconds. */
  readonly limit?: string | number | undefined;
  /** Wall time, same syntax. */
  readonly timeout?: string | number | undefined;
  /** Guest nanoseconds one instruction takes, 1-1000. */
  readonly nsPerInstruction?: string | number | undefined;
  /** `regions` (compile hot code), `interpreter`, or `lockstep` (both, compared). No guest-visible effect. */
  readonly engine?: string | undefined;
  /** ELF or System.map. */
  readonly symbols?: string | undefined;
  readonly debugMmio?: boolean | undefined;
  readonly loglevel?: string | undefined;
  /** `modern`, `legacy`, or on PCI `transitional`; default: transitional on PCI, else modern. */
  readonly virtio?: string | undefined;
  /** What an oops does: `note` it and go on, or `stop` there. Either ends 100. */
  readonly onOops?: string | undefined;
  /** Add the guest agent (agent/README.md), by which ScriptedVm.sh() runs commands. For Linux guests. Default false. */
  readonly agent?: boolean | undefined;
  /** A program's line on the console that is this word, a blank and a decimal number ends the run with that code. */
  readonly exitLine?: string | undefined;
  /** `mmio` or `pci`; default: what the machine and the kernel have. */
  readonly virtioTransport?: string | undefined;
  /** In which mode an ARM kernel is entered: `hyp`, or `svc` as a guest of KVM; default: hyp. */
  readonly boot?: string | undefined;
  /** The CPU model, such as 24Kf; default: the machine's. */
  readonly cpuModel?: string | undefined;
  /**
   * A disk image: `FILE` or `FILE:rw`, `FILE:ro`, `FILE:cow` (what the guest writes is gone at the end) or `FILE:cow=OVERLAY` (it is
   * kept there). Only the last suffix counts, so `x:ro:rw` writes to a file named `x:ro`.
   */
  readonly disk?: string | undefined;
  /** Several of them, in order after `disk`; at most 8. */
  readonly disks?: readonly string[] | undefined;
}

/** A validated configuration: plain JSON data, null where nothing was said and the machine decides. */
export interface VmConfig {
  readonly kernel: string;
  readonly initrd: string | null;
  /** Bytes, a multiple of 64 KiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly params: string;
  readonly name: string | null;
  readonly machine: string | null;
  readonly console: ConsoleKind | null;
  /** 0 to 2^32 - 1. */
  readonly seed: number;
  /** ISO 8601 UTC date, or `now` (the API replaces it by the date of the start). */
  readonly rtc: string;
  /** Guest nanoseconds, or null. */
  readonly limit: number | null;
  /** Wall milliseconds, or null. */
  readonly timeout: number | null;
  readonly nsPerInstruction: number;
  readonly engine: EngineName;
  readonly symbols: string | null;
  readonly debugMmio: boolean;
  readonly loglevel: LogLevel;
  readonly virtio: VirtioVersion | null;
  readonly virtioTransport: VirtioTransport | null;
  readonly cpuModel: string | null;
  readonly boot: BootMode | null;
  readonly onOops: OopsPolicy;
  readonly exitLine: string | null;
  readonly agent: boolean;
  readonly disks: readonly DiskConfig[];
}

const ENGINES: readonly EngineName[] = ['regions', 'interpreter', 'lockstep'];
const CONSOLES: readonly ConsoleKind[] = ['virtio', 'serial', 'pl011'];
const BOOT_MODES: readonly BootMode[] = ['hyp', 'svc'];
const VIRTIO_VERSIONS: readonly VirtioVersion[] = ['modern', 'legacy', 'transitional'];
const VIRTIO_TRANSPORTS: readonly VirtioTransport[] = ['mmio', 'pci'];
const ON_OOPS: readonly OopsPolicy[] = ['note', 'stop'];
const LOG_LEVELS: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];
const UNIT_SHIFTS: Readonly<Record<string, number>> = { B: 0, K: 10, M: 20, G: 30, T: 40, P: 50 };
const TIME_UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const MEMORY_STEP = 0x10000;
/** From March 1st of the year 0 to January 1st, 1970. */
const DAYS_TO_1970 = 719468;

/** Validate and default. Throws TsvmError 'usage' that names the option, what was said and what is allowed. */
export function parseVmConfig(input: VmConfigInput): VmConfig {
  if (typeof input.kernel !== 'string' || input.kernel === '')
    throw usage('no kernel was given', 'tsvm run KERNEL, or -k KERNEL');
  return {
    kernel: withoutNul('kernel', input.kernel),
    initrd: optionalPath('initrd', input.initrd),
    memory: memoryBytes(input.memory ?? DEFAULT_MEMORY),
    cpus: integer('cpus', input.cpus ?? 1, 1, MAX_CPUS),
    params: params(input.params ?? ''),
    name: name(input.name),
    machine: optionalPath('machine', input.machine),
    console: input.console === undefined ? null : oneOf('console', input.console, CONSOLES),
    seed: integer('seed', input.seed ?? 1, 0, 0xffffffff),
    rtc: rtcDate(input.rtc ?? DEFAULT_RTC),
    limit: input.limit === undefined ? null : parseDuration('limit', input.limit, 1),
    timeout: input.timeout === undefined ? null : parseDuration('timeout', input.timeout, 1e6),
    nsPerInstruction: integer('ns-per-instruction', input.nsPerInstruction ?? DEFAULT_NS_PER_INSTRUCTION, 1, 1000),
    engine: oneOf('engine', input.engine ?? 'regions', ENGINES),
    symbols: optionalPath('symbols', input.symbols),
    debugMmio: input.debugMmio ?? false,
    loglevel: oneOf('loglevel', input.loglevel ?? 'warning', LOG_LEVELS),
    virtio: input.virtio === undefined ? null : oneOf('virtio', input.virtio, VIRTIO_VERSIONS),
    virtioTransport:
      input.virtioTransport === undefined ? null : oneOf('virtio-transport', input.virtioTransport, VIRTIO_TRANSPORTS),
    cpuModel: optionalPath('cpu-model', input.cpuModel),
    boot: input.boot === undefined ? null : oneOf('boot', input.boot, BOOT_MODES),
    onOops: oneOf('on-oops', input.onOops ?? 'note', ON_OOPS),
    exitLine: exitLine(input.exitLine),
    agent: input.agent ?? false,
    disks: parseDisks(input),
  };
}

/** kvmtool's -m syntax to bytes. Throws TsvmError 'usage'. */
export function parseSize(option: string, text: string): number {
  const match = /^([0-9]+)([BKMGTP]?)$/i.exec(text.trim());
  if (!match) throw usage(`--${option} ${text}: not a size`, 'digits and one of B K M G T P, such as 128M');
  return Number(match[1]) * 2 ** UNIT_SHIFTS[(match[2] || 'M').toUpperCase()]!;
}

/** Bytes in the shortest exact form that parseSize reads back: 128M, 65536K, 1G. */
export function formatSize(bytes: number): string {
  for (const unit of ['G', 'M', 'K'])
    if (bytes % 2 ** UNIT_SHIFTS[unit]! === 0) return `${bytes / 2 ** UNIT_SHIFTS[unit]!}${unit}`;
  return `${bytes}B`;
}

/** Nanoseconds in the shortest exact form that the duration syntax reads back: 10s, 500ms. */
export function formatDuration(ns: number): string {
  for (const unit of ['s', 'ms', 'us'])
    if (ns % TIME_UNITS_NS[unit]! === 0) return `${ns / TIME_UNITS_NS[unit]!}${unit}`;
  return `${ns}ns`;
}

/** What stands between an image and the overlay that is kept. */
const KEPT = ':cow=';
/** What else may stand at the end. */
const SUFFIX = /[:,]ro$|:rw$|:cow$/;

/** The disk syntax to what it means; kvmtool's `,ro` too. `:rw` says nothing new, but ends a name that looks like a suffix. */
export function parseDisk(text: string): DiskConfig {
  const at = text.indexOf(KEPT);
  const suffix = at >= 0 ? text.slice(at) : (SUFFIX.exec(text)?.[0] ?? '');
  const path = text.slice(0, text.length - suffix.length);
  const overlay = at >= 0 ? suffix.slice(KEPT.length) : null;
  if (path === '' || overlay === '')
    throw usage(`--disk ${text}: a file name is missing`, 'FILE, FILE:rw, FILE:ro, FILE:cow or FILE:cow=OVERLAY');
  const mode = at >= 0 || suffix === ':cow' ? 'cow' : suffix.endsWith('ro') ? 'ro' : 'rw';
  return { path: withoutNul('disk', path), mode, overlay: overlay === null ? null : withoutNul('disk', overlay) };
}

/** A disk in the form that parseDisk reads back. */
export function formatDisk({ path, mode, overlay }: DiskConfig): string {
  if (overlay !== null) return path + KEPT + overlay;
  return mode === 'rw' && !SUFFIX.test(path) ? path : `${path}:${mode}`;
}

function parseDisks({ disk, disks = [] }: VmConfigInput): DiskConfig[] {
  const texts = Array.isArray(disks) && disk !== undefined ? [disk, ...disks] : disks;
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== 'string'))
    throw usage(
      'disks: must be a list of strings',
      "such as ['root.img', 'data.img:ro']; one disk alone goes into `disk`",
    );
  if (texts.length > MAX_DISKS) throw usage(`${texts.length} disks: there may be at most ${MAX_DISKS}`);
  return texts.map((text: string) => parseDisk(text));
}

function memoryBytes(value: string | number): number {
  const bytes = typeof value === 'number' ? value : parseSize('mem', value);
  const example = 'such as 128M or 1G';
  if (bytes <= 0) throw usage(`--mem ${value}: must be more than nothing`, example);
  if (!Number.isSafeInteger(bytes)) throw usage(`--mem ${value}: no machine has so much`, example);
  if (bytes % MEMORY_STEP !== 0) throw usage(`--mem ${value}: must be a multiple of 64K`);
  return bytes;
}

/** A duration in units of `unitNs`, rounded up; a bare number is seconds. Throws TsvmError 'usage'. */
export function parseDuration(option: string, value: string | number, unitNs: number): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h)?$/.exec(String(value).trim());
  const ns = match ? Math.round(Number(match[1]) * TIME_UNITS_NS[match[2] ?? 's']!) : Number.NaN;
  if (!Number.isSafeInteger(ns)) throw usage(`--${option} ${value}: not a duration`, 'such as 10s, 500ms or 2m');
  if (ns < unitNs) throw usage(`--${option} ${value}: too short`);
  return Math.ceil(ns / unitNs);
}

function integer(option: string, value: string | number, min: number, max: number): number {
  const number =
    typeof value === 'number' ? value : /^(0x[0-9a-f]+|[0-9]+)$/i.test(value.trim()) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number) || number < min || number > max)
    throw usage(`--${option} ${value}: must be a whole number from ${min} to ${max}`);
  return number;
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw usage(`--${option} ${value}: unknown`, `one of ${allowed.join(', ')}`);
  return found;
}

function optionalPath(option: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (value === '') throw usage(`--${option}: empty`);
  return withoutNul(option, value);
}

function withoutNul(option: string, value: string): string {
  if (value.includes('\0')) throw usage(`--${option}: contains a NUL byte`);
  return value;
}

function params(value: string): string {
  // The command line is one line of a C string; anything else would be cut or split inside the guest.
  for (const character of value)
    if (character < ' ' || character === '\x7f') throw usage('--params: contains a control character');
  return value.trim();
}

function exitLine(value: string | undefined): string | null {
  if (value === undefined) return null;
  if (!/^[!-~]{1,64}$/.test(value))
    throw usage(`--exit-line ${value}: not a word`, 'up to 64 printable characters without a blank, such as TEST-EXIT');
  return value;
}

function name(value: string | undefined): string | null {
  if (value === undefined) return null;
  // It becomes part of a socket's file name.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value))
    throw usage(`--name ${value}: letters, digits, dot, dash and underscore only, at most 64`);
  return value;
}

/** Days of a month of the Gregorian calendar. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function rtcDate(value: string): string {
  if (value === 'now') return value;
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)Z)?$/.exec(value);
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match ?? [];
  const valid =
    match &&
    inRange(month, 1, 12) &&
    inRange(day, 1, daysIn(Number(year), Number(month))) &&
    inRange(hour, 0, 23) &&
    inRange(minute, 0, 59) &&
    inRange(second, 0, 59);
  if (!valid) throw usage(`--rtc ${value}: not a date`, 'now, or a UTC date such as 2024-01-01T00:00:00Z');
  return value.length === 10 ? `${value}T00:00:00Z` : value;
}

/** Seconds since 1970 of an ISO 8601 UTC date to the second, as VmConfig.rtc has it. */
export function rtcSeconds(rtc: string): number {
  const [year, month, day, hour, minute, second] = rtc.match(/\d+/g)!.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // Years from March on, so that the leap day is the last one.
  const y = month < 3 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const days = 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - DAYS_TO_1970;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

function inRange(digits: string | undefined, min: number, max: number): boolean {
  return digits !== undefined && Number(digits) >= min && Number(digits) <= max;
}

function usage(message: string, next?: string): TsvmError {
  return new TsvmError('usage', message, next === undefined ? {} : { next });
}
