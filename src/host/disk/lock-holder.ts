// Who holds a lock, as its file says it, and whether that process is still there.
import { createHmac } from 'node:crypto';
import { closeSync, constants, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from '../error-code.ts';

/** Bytes that are read of a lock file, and more than one has. */
const MAX_TEXT = 4096;
const MAX_PID = 0x7fffffff;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Who holds a lock: enough to tell whether that process is still there. */
export interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, or `-` where there is no /proc. */
  readonly start: string;
  /** Its name; two machines may have the same. */
  readonly host: string;
  /** Tells them apart: 32 hex digits, or empty where the system has no machine id. */
  readonly machine: string;
  readonly boot: string;
  /** Where `pid` means something. */
  readonly namespace: string;
}

type Life = 'alive' | 'dead' | 'unknown';

export function thisProcess(): Holder {
  const { pid } = process;
  const start = statOf(pid)?.start ?? '-';
  return { pid, start, host: hostname(), machine: machineName(), boot: bootId(), namespace: pidNamespace() };
}

export function textOf(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** Null for a text that tsvm did not write. */
export function parseHolder(text: string): Holder | null {
  try {
    const { pid, start, host, machine, boot, namespace } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isInteger(pid) || (pid as number) <= 0 || (pid as number) > MAX_PID || !/^(\d+|-)$/.test(String(start)))
      return null;
    if (typeof host !== 'string' || typeof machine !== 'string' || typeof namespace !== 'string') return null;
    if (!/^[\w-]*$/.test(String(boot))) return null;
    return { pid: pid as number, start: String(start), host, machine, boot: String(boot), namespace };
  } catch {
    return null;
  }
}

export function lifeOf(holder: Holder): Life {
  if (holder.host !== hostname() || holder.machine !== machineName()) return 'unknown';
  if (holder.boot !== bootId()) return 'dead';
  if (holder.namespace !== pidNamespace()) return 'unknown';
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return 'dead';
  }
  const stat = statOf(holder.pid);
  if (!stat) return 'alive';
  // A zombie has closed its files.
  return stat.start === holder.start && !'ZX'.includes(stat.state) ? 'alive' : 'dead';
}

/** State and start time of a process, or null where that cannot be read. */
function statOf(pid: number): { state: string; start: string } | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is a name in parentheses, in which anything may stand.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? null : { state, start };
}

/** The machine that a holder is on, in words. */
export function hostOf({ host, machine }: Holder): string {
  return host === hostname() && machine !== machineName() ? `another machine named ${host}` : host;
}

/**
 * The machine id of machine-id(5), hashed for this use, since it is to be kept to the machine: a lock file lies where others
 * may read it.
 */
function machineName(): string {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    return id === '' ? '' : createHmac('sha256', id).update('tsvm image lock').digest('hex').slice(0, 32);
  } catch {
    return '';
  }
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/**
 * Null: there is no such file. Empty: it cannot be read. Whatever lies there, a FIFO, an endless device, a link to one: this
 * neither waits nor reads for long.
 */
export function readText(path: string): string | null {
  try {
    const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    try {
      const bytes = new Uint8Array(MAX_TEXT);
      let length = 0;
      for (let count = 1; count > 0; length += count) count = readSync(fd, bytes, length, MAX_TEXT - length, null);
      return new TextDecoder().decode(bytes.subarray(0, length));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : '';
  }
}
