// Somebody who operates VMs from terminals: the built `tsvm` on the path of tmux windows, with a runtime folder of their own, and the verbs from outside.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tmux } from './tmux.ts';

/** Wall seconds until something that was told to end has ended. */
const END_PATIENCE = 60;

export interface Answered {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `tsvm list --json` says of a VM. */
interface Listed {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  readonly guestTimeNs: number;
  readonly instructions: number;
}

/** The shell of a window waits for a command. */
export const AT_PROMPT = /host\$$/;

/** In a run's environment: an error that nobody catches when it gets SIGUSR2, as a mistake of ours would be. */
export const CRASH_ON_SIGUSR2 = `NODE_OPTIONS='--import "data:text/javascript,process.on(%22SIGUSR2%22,()=>{throw%20new%20Error(%22a%20mistake%22)})"'`;

export class Operation {
  /** Where the windows' shells are. */
  readonly folder = mkdtempSync(join(tmpdir(), 'tsvm-operate-'));
  readonly tmux: Tmux;
  private readonly runtime = join(this.folder, 'run');
  private readonly env: Record<string, string>;

  /** `launcher`: a bin/tsvm.js. `files`: what is in the folder, by name, of files that are elsewhere. */
  constructor(launcher: string, files: Readonly<Record<string, string>>) {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'tsvm'), `#!/bin/sh\nexec ${process.execPath} ${launcher} "$@"\n`);
    chmodSync(join(bin, 'tsvm'), 0o755);
    for (const [name, path] of Object.entries(files)) symlinkSync(path, join(this.folder, name));
    writeFileSync(join(this.folder, '.prompt'), "PS1='host$ '\n");
    this.env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: this.folder,
      LANG: 'C.UTF-8',
      ENV: join(this.folder, '.prompt'),
      TSVM_RUNTIME_DIR: this.runtime,
      TSVM_RUNS: '',
    };
    this.tmux = new Tmux({ folder: this.folder, env: this.env });
  }

  /** A verb, with pipes and not at a terminal. */
  tsvm(...args: string[]): Promise<Answered> {
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: this.env, maxBuffer: 1 << 26 };
      execFile('tsvm', args, options, (error, stdout, stderr) =>
        resolve({ exitCode: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
  }

  async list(): Promise<Listed[]> {
    return JSON.parse((await this.tsvm('list', '--json')).stdout);
  }

  /** The VM of this name. @throws when it is not running */
  async vm(name: string): Promise<Listed> {
    const found = (await this.list()).find((vm) => vm.name === name);
    if (!found) throw new Error(`${name} is not running`);
    return found;
  }

  async kill(name: string, signal: NodeJS.Signals): Promise<void> {
    process.kill((await this.vm(name)).pid, signal);
  }

  /** What is in the runtime folder. */
  sockets(): string[] {
    return readdirSync(this.runtime);
  }

  /** Wait until no process has this number. @throws when it stays */
  async gone(pid: number): Promise<void> {
    for (const end = performance.now() + END_PATIENCE * 1000; isProcess(pid); await sleep(50))
      if (performance.now() > end) throw new Error(`process ${pid} has not ended within ${END_PATIENCE} s`);
  }

  async close(): Promise<void> {
    await this.tmux.close();
    rmSync(this.folder, { recursive: true, maxRetries: 5 });
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
