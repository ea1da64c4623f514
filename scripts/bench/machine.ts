// On what the bench ran: without it no figure can be compared.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
  /** The commit of the working tree, which need not be what --tsvm names; null outside git. */
  readonly commit: string | null;
  /** Of the minute before the first run. */
  readonly load: number;
}

export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
    commit: commit(),
    load: loadNow(),
  };
}

/** Runnable processes, the mean of the last minute. Above about 0.1 before a bench the machine is not quiet. */
export const loadNow = (): number => loadavg()[0]!;

function commit(): string | null {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}

export const machineLine = (facts: MachineFacts): string =>
  `${facts.cores} x ${facts.cpu}, ${facts.memoryGiB} GiB, ${facts.os}, Node ${facts.node}, commit ${facts.commit ?? 'unknown'}, load ${facts.load.toFixed(2)}`;
