// A debug shell over a made-up guest, for the tests of its commands.
import type { ShellCommand } from '../../../../src/debug/shell/command.ts';
import { DebugShell } from '../../../../src/debug/shell/shell.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { FakeTarget, type FakeTargetOptions } from '../../../support/debug/fake-target.ts';

const SYMBOLS = { start: 0x8000_0400, do_timer: 0x8000_0500, jiffies: 0x8000_1000, buffer: 0x8000_2000 };

export class AShell {
  readonly target: FakeTarget;
  readonly shell: DebugShell;
  readonly files = new Map<string, Uint8Array>();
  readonly notices: string[] = [];

  constructor(options: FakeTargetOptions = {}, commands: readonly ShellCommand[] = []) {
    this.target = new FakeTarget({ symbols: SYMBOLS, ...options });
    const { files } = this;
    this.shell = new DebugShell(this.target, {
      files: {
        read(path) {
          const found = files.get(path);
          if (!found) throw new TsvmError('not-found', `${path}: there is no such file`);
          return found;
        },
        write: (path, chunks) => files.set(path, Uint8Array.from([...chunks].flatMap((chunk) => [...chunk]))),
      },
      commands,
    });
    this.shell.onNotice((text) => this.notices.push(text));
  }

  /** Lines of a command that is carried out. */
  async does(line: string): Promise<string[]> {
    const { output, ok } = await this.shell.execute(line);
    if (!ok) throw new Error(`${line}: ${output}`);
    return output.split('\n').slice(0, -1);
  }

  /** Lines of a command that is refused. */
  async refuses(line: string): Promise<string[]> {
    const { output, ok } = await this.shell.execute(line);
    if (ok) throw new Error(`${line} was taken: ${output}`);
    return output.split('\n').slice(0, -1);
  }

  /** Give a command that lets the guest run, and return once it does. */
  async running(line: string): Promise<{ readonly lines: Promise<string[]> }> {
    const lines = this.does(line);
    await this.settled();
    return { lines };
  }

  /** What is under way has gone as far as it can without the guest. */
  async settled(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }
}
