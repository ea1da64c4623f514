// The debug shell's commands for a Linux guest, and `dump`.
import { describe, expect, it } from 'vitest';
import { DebugShell } from '../../../../src/debug/shell/shell.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { FakeLinux, FakeRing } from './fake-linux.ts';

interface Written {
  path: string;
  size: number;
}

function shellOf(linux: FakeLinux): { shell: DebugShell; written: Written[] } {
  const written: Written[] = [];
  const write = (path: string, chunks: Iterable<Uint8Array>): void => {
    if (path.startsWith('/nowhere')) throw new TsvmError('io', `${path}: no such folder`);
    written.push({ path, size: [...chunks].reduce((sum, { length }) => sum + length, 0) });
  };
  const read = (): Uint8Array => new Uint8Array(0);
  return { shell: new DebugShell(linux.target(), { files: { read, write } }), written };
}

describe('dmesg', () => {
  it('shows the last lines of the log', async () => {
    const linux = new FakeLinux('big');
    const ring = new FakeRing(linux);
    for (const text of ['one', 'two', 'three']) ring.print(text);
    const { shell } = shellOf(linux);
    expect(await shell.execute('dmesg 2')).toMatchObject({
      ok: true,
      output: '[    0.000000] two\n[    0.000000] three\n',
    });
  });

  it('says in parentheses why there is nothing', async () => {
    const { shell } = shellOf(new FakeLinux('little'));
    const { ok, output } = await shell.execute('dmesg');
    expect(ok).toBe(true);
    expect(output).toMatch(/^\(no kernel log: .*\)\n$/);
  });
});

it.each(['ps', 'lsmod'])('%s says in parentheses why there is nothing', async (command) => {
  const { shell } = shellOf(new FakeLinux('little'));
  const { ok, output } = await shell.execute(command);
  expect(ok).toBe(true);
  expect(output).toMatch(/^\(no (processes|modules): .*\)\n$/);
});

describe('dump', () => {
  it('writes the core file and says how large it is', async () => {
    const { shell, written } = shellOf(new FakeLinux('little'));
    expect((await shell.execute('dump guest.core')).output).toBe('wrote guest.core: 528,384 bytes\n');
    expect(written).toEqual([{ path: 'guest.core', size: 528_384 }]);
  });

  it('wants a file, and says what is wrong with it', async () => {
    const { shell } = shellOf(new FakeLinux('little'));
    expect((await shell.execute('dump')).output).toContain('a file is missing');
    const { ok, output } = await shell.execute('dump /nowhere/guest.core');
    expect(ok).toBe(false);
    expect(output).toContain('no such folder');
  });
});
