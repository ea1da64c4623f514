// Booting a real kernel by the built command line, in pipes, as a script would: what it said, and how it ended.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where checks run: the launcher (a bin/tsvm.js) and a folder for what they make. */
export interface Place {
  readonly launcher: string;
  readonly scratch: string;
}

/** Something to type, once the console has shown `after` since the last was typed. */
export interface Typed {
  readonly after: string;
  readonly send: string;
}

export interface BootOptions {
  readonly kernel: string;
  readonly initrd?: string;
  readonly params?: string;
  /** Further options of `tsvm run`. */
  readonly options?: readonly string[];
  /** Without it standard input is empty. The pipe is closed after the last. */
  readonly typed?: readonly Typed[];
  /** Stop the run (SIGINT) as soon as the console shows this. */
  readonly until?: string;
  /** Wall seconds after which it fails. Default 300. */
  readonly patience?: number;
}

/** The events of --json that checks look at. */
interface Inferred {
  readonly machine: string;
  readonly guestKind: string;
  readonly architecture: string;
  readonly compression: string | null;
}

export interface Boot {
  readonly exitCode: number | null;
  /** The console's bytes, as latin1. */
  readonly console: string;
  readonly consoleSha256: string;
  /** What tsvm said on standard error. */
  readonly said: string;
  readonly inferred: Inferred;
  /** `power-off`, `reboot`, `panic`, ... */
  readonly kind: string;
  readonly summary: string;
  readonly instructions: number;
  readonly guestTimeNs: number;
  readonly wallMs: number;
  readonly stateHash: string;
}

let boots = 0;

/** Throws with the console's last lines when the run gives no verdict. */
export async function boot(place: Place, options: BootOptions): Promise<Boot> {
  const json = join(place.scratch, `events-${process.pid}-${boots++}.jsonl`);
  const { kernel, initrd, params, typed = [], patience = 300 } = options;
  const child = spawn(process.execPath, [
    place.launcher,
    'run',
    ...['--json', json, '--timeout', `${patience}s`],
    ...(initrd === undefined ? [] : ['--initrd', initrd]),
    ...(params === undefined ? [] : ['--params', params]),
    ...(options.options ?? []),
    kernel,
  ]);
  const bytes: Buffer[] = [];
  const hash = createHash('sha256');
  let said = '';
  let fresh = '';
  let stopped = false;
  const waiting = [...typed];
  // The guest may end before it has read everything.
  child.stdin.on('error', () => {});
  if (waiting.length === 0) child.stdin.end();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdout.on('data', (chunk: Buffer) => {
    bytes.push(chunk);
    hash.update(chunk);
    fresh += chunk.toString('latin1');
    if (!stopped && options.until !== undefined && fresh.includes(options.until)) {
      stopped = true; // a second signal would end it without a verdict
      child.kill('SIGINT');
    }
    const next = waiting[0];
    if (next === undefined || !fresh.includes(next.after)) return;
    waiting.shift();
    fresh = '';
    child.stdin.write(next.send);
    if (waiting.length === 0) child.stdin.end();
  });
  const exitCode = await new Promise<number | null>((done) => child.on('close', done));
  const text = Buffer.concat(bytes).toString('latin1');
  const events = readFileSync(json, 'utf8')
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line): { event: string } => JSON.parse(line));
  rmSync(json);
  const found = (event: string): unknown => events.find((entry) => entry.event === event);
  const verdict = found('verdict') as Omit<Boot, 'console' | 'said' | 'inferred'> | undefined;
  if (!verdict) throw new Error(`no verdict (exit ${exitCode}): ${said}\n${text.split('\n').slice(-12).join('\n')}`);
  return {
    ...verdict,
    exitCode,
    console: text,
    consoleSha256: hash.digest('hex'),
    said,
    inferred: found('inferred') as Inferred,
  };
}
