// The debug shell at a terminal and in scripts, with a shell that is made up.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { historyFile } from '../../../../src/cli/debug/history-file.ts';
import { runShellOnTerminal, runShellScript, type ShellTerminal } from '../../../../src/cli/debug/terminal-shell.ts';
import type { ShellCompletion, ShellPort, ShellReply } from '../../../../src/debug/shell/port.ts';
import { ATerminal } from './a-terminal.ts';

class FakeShell implements ShellPort {
  readonly lines: string[] = [];
  interrupts = 0;
  notify: (text: string) => void = () => {};
  /** Ends the line `wait`. */
  end: () => void = () => {};

  execute(line: string): Promise<ShellReply> {
    this.lines.push(line);
    if (line === 'wait')
      return new Promise((resolve) => {
        this.end = () => resolve({ output: 'waited\n', ok: true });
      });
    if (line === 'quit') return Promise.resolve({ output: '', ok: true, quit: true });
    if (line === 'lost') return Promise.reject(new Error('the connection was lost'));
    if (line.startsWith('bad')) return Promise.resolve({ output: 'error: bad\n', ok: false });
    return Promise.resolve({ output: line === '' ? '' : `did ${line}\n`, ok: true });
  }

  complete(line: string, cursor: number): Promise<ShellCompletion> {
    const from = line.lastIndexOf(' ', cursor - 1) + 1;
    return Promise.resolve({ from, candidates: ['start', 'start_kernel', 'stop'] });
  }

  prompt(): Promise<string> {
    return Promise.resolve('(tsvm) ');
  }

  interrupt(): void {
    this.interrupts++;
    this.end();
  }

  onNotice(listener: (text: string) => void): () => void {
    this.notify = listener;
    return () => {
      this.notify = () => {};
    };
  }
}

class Sitting {
  readonly shell = new FakeShell();
  readonly screen: ATerminal;
  readonly done: Promise<void>;
  over = false;
  guest = '';
  private listener: (bytes: Uint8Array | null) => void = () => {};
  private changed: () => void = () => {};

  constructor(options: Parameters<typeof runShellOnTerminal>[2] = {}, withGuest = false, columns = 40) {
    const screen = new ATerminal(columns);
    this.screen = screen;
    const terminal: ShellTerminal = {
      columns: () => screen.columns,
      write: (text) => screen.write(text),
      keys: (listener) => {
        this.listener = listener;
        return () => {
          this.listener = () => {};
        };
      },
      resized: (listener) => {
        this.changed = listener;
        return () => {
          this.changed = () => {};
        };
      },
    };
    if (withGuest)
      terminal.running = (bytes) => {
        this.guest += new TextDecoder().decode(bytes);
      };
    this.done = runShellOnTerminal(terminal, this.shell, options).finally(() => {
      this.over = true;
    });
    this.done.catch(() => {});
  }

  async types(text: string): Promise<this> {
    await this.settled();
    this.listener(new TextEncoder().encode(text));
    await this.settled();
    return this;
  }

  async resize(columns: number): Promise<void> {
    this.screen.columns = columns;
    this.changed();
    await this.settled();
  }

  async hangUp(): Promise<void> {
    await this.settled();
    this.listener(null);
    await this.settled();
  }

  async settled(): Promise<void> {
    for (let i = 0; i < 200; i++) await Promise.resolve();
  }
}

describe('at a terminal', () => {
  it('lines are run and their output is shown', async () => {
    const sitting = await new Sitting().types('regs\rbt\r');
    expect(sitting.shell.lines).toEqual(['regs', 'bt']);
    expect(sitting.screen.lines).toEqual(['(tsvm) regs', 'did regs', '(tsvm) bt', 'did bt', '(tsvm)']);
    expect(sitting.screen.pasteMode).toBe(true);
  });

  it('quit and Ctrl-D leave, and the terminal is as it was', async () => {
    for (const keys of ['quit\r', '\x04']) {
      const sitting = await new Sitting().types(keys);
      expect(sitting.over).toBe(true);
      expect(sitting.shell.lines).toEqual(['quit']);
      expect(sitting.screen.lines).toEqual(['(tsvm) quit']);
      expect(sitting.screen.pasteMode).toBe(false);
      expect(sitting.screen.cursor).toEqual([1, 0]);
    }
  });

  it('Ctrl-C gives up a line', async () => {
    const sitting = await new Sitting().types('reg\x03bt\r');
    expect(sitting.shell.lines).toEqual(['bt']);
    expect(sitting.screen.lines).toEqual(['(tsvm) reg^C', '(tsvm) bt', 'did bt', '(tsvm)']);
  });

  it('Ctrl-C stops what runs; what was typed before it is forgotten, and after it kept', async () => {
    const sitting = await new Sitting().types('wait\r');
    await sitting.types('no');
    await sitting.types('no\x03bt\r');
    expect(sitting.shell.interrupts).toBe(1);
    expect(sitting.shell.lines).toEqual(['wait', 'bt']);
    expect(sitting.screen.lines).toEqual(['(tsvm) wait', 'waited', '(tsvm) bt', 'did bt', '(tsvm)']);
  });

  it('what is typed meanwhile goes to the guest where there is one to take it', async () => {
    const sitting = await new Sitting({}, true).types('wait\r');
    await sitting.types('ls\r');
    expect(sitting.guest).toBe('ls\r');
    await sitting.types('\x03');
    await sitting.types('bt\r');
    expect(sitting.guest).toBe('ls\r');
    expect(sitting.shell.lines).toEqual(['wait', 'bt']);
  });

  it('Tab completes, and shows what there is when it cannot', async () => {
    const sitting = await new Sitting().types('break s\t');
    expect(sitting.screen.lines).toEqual(['(tsvm) break st']);
    await sitting.types('a\t\t');
    expect(sitting.screen.lines).toEqual(['(tsvm) break start', 'start         start_kernel', '(tsvm) break start']);
    await sitting.types('_\t\r');
    expect(sitting.shell.lines).toEqual(['break start_kernel ']);
  });

  it('a notice stands above the line that is being typed', async () => {
    const sitting = await new Sitting().types('print 1');
    sitting.shell.notify('breakpoint 1 at start\n');
    expect(sitting.screen.lines).toEqual(['breakpoint 1 at start', '(tsvm) print 1']);
    await sitting.types('\r');
    expect(sitting.shell.lines).toEqual(['print 1']);
  });

  it('Ctrl-L clears the screen, and the line stays', async () => {
    const sitting = await new Sitting().types('regs\rbt\x0c');
    expect(sitting.screen.lines).toEqual(['(tsvm) bt']);
  });

  it('the line is drawn for the width that the terminal has now', async () => {
    const sitting = await new Sitting({}, false, 80).types('print 0x1234567890');
    await sitting.resize(10);
    expect(sitting.screen.lines.slice(-3)).toEqual(['(tsvm) pri', 'nt 0x12345', '67890']);
    await sitting.types('\x01X');
    expect(sitting.screen.lines.slice(-3)).toEqual(['(tsvm) Xpr', 'int 0x1234', '567890']);
  });

  it('lines to begin with are run first, and may end it', async () => {
    const sitting = new Sitting({ begin: ['pause'] });
    await sitting.types('bt\r');
    expect(sitting.screen.lines).toEqual(['(tsvm) pause', 'did pause', '(tsvm) bt', 'did bt', '(tsvm)']);
    const short = new Sitting({ begin: ['quit', 'bt'] });
    await short.settled();
    expect([short.over, short.shell.lines]).toEqual([true, ['quit']]);
  });

  it('ends when the terminal goes away, also while a line runs', async () => {
    const idle = new Sitting();
    await idle.hangUp();
    expect(idle.over).toBe(true);
    const busy = await new Sitting().types('wait\r');
    await busy.hangUp();
    expect([busy.over, busy.shell.interrupts]).toEqual([true, 1]);
  });

  it('ends with what the shell failed with', async () => {
    const sitting = await new Sitting().types('lost\r');
    await expect(sitting.done).rejects.toThrow('the connection was lost');
    expect(sitting.screen.pasteMode).toBe(false);
  });

  it('remembers lines from the last session', async () => {
    const added: string[] = [];
    const history = { load: () => ['old'], add: (line: string) => added.push(line) };
    const sitting = await new Sitting({ history }).types('new\r\x1b[A\x1b[A\r');
    expect(sitting.shell.lines).toEqual(['new', 'old']);
    expect(added).toEqual(['new', 'old']);
  });
});

describe('a script', () => {
  const run = async (text: string): Promise<{ ok: boolean; output: string; lines: string[] }> => {
    const shell = new FakeShell();
    let output = '';
    const ok = await runShellScript(text, shell, (part) => {
      output += part;
    });
    return { ok, output, lines: shell.lines };
  };

  it('reads as if it had been typed', async () => {
    expect(await run('# look\nregs\n\n  bt  \r\n')).toEqual({
      ok: true,
      output: '(tsvm) regs\ndid regs\n(tsvm) bt\ndid bt\n',
      lines: ['regs', 'bt'],
    });
  });

  it('ends at the first line that fails, unless that begins with -', async () => {
    expect(await run('- bad one\nbad two\nregs')).toEqual({
      ok: false,
      output: '(tsvm) - bad one\nerror: bad\n(tsvm) bad two\nerror: bad\n',
      lines: ['bad one', 'bad two'],
    });
  });

  it('ends well when it quits', async () => {
    expect(await run('quit\nregs')).toEqual({ ok: true, output: '(tsvm) quit\n', lines: ['quit'] });
  });
});

describe('the file of the history', () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'tsvm-history-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  };

  it('keeps lines between sessions, for the owner only', () => {
    const XDG_STATE_HOME = folder();
    const first = historyFile({ XDG_STATE_HOME });
    expect(first.load()).toEqual([]);
    first.add('regs');
    first.add('bt');
    expect(historyFile({ XDG_STATE_HOME }).load()).toEqual(['regs', 'bt']);
    expect(statSync(join(XDG_STATE_HOME, 'tsvm', 'debug-history')).mode & 0o777).toBe(0o600);
  });

  it('does not grow for ever', () => {
    const XDG_STATE_HOME = folder();
    const store = historyFile({ XDG_STATE_HOME });
    store.load();
    const path = join(XDG_STATE_HOME, 'tsvm', 'debug-history');
    writeFileSync(path, Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join(''));
    expect(historyFile({ XDG_STATE_HOME }).load()).toHaveLength(1000);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1001);
  });

  it('is left out where there can be none', () => {
    const XDG_STATE_HOME = join(folder(), 'file');
    writeFileSync(XDG_STATE_HOME, '');
    const store = historyFile({ XDG_STATE_HOME });
    expect(store.load()).toEqual([]);
    store.add('regs');
    expect(store.load()).toEqual([]);
  });
});
