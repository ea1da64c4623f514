import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { blockDeviceSize } from '../../../../src/host/disk/block-device.ts';
import { type DiskRequest, type OpenDisk, openDisk } from '../../../../src/host/disk/open.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

const KIB = 1024;
let folder = '';
let opened: OpenDisk[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-disk-'));
});
afterEach(() => {
  for (const disk of opened) disk.close();
  opened = [];
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function image(name = 'disk.img', size = 64 * KIB): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(size).fill(1));
  return path;
}

function open(path: string, mode: DiskRequest['mode'] = 'rw', overlay: string | null = null): OpenDisk {
  const disk = openDisk({ path, mode, overlay });
  opened.push(disk);
  return disk;
}

function refusal(...request: Parameters<typeof open>): TsvmError {
  try {
    open(...request);
  } catch (error) {
    if (error instanceof TsvmError) return error;
    throw error;
  }
  throw new Error('opened');
}

const sector = (disk: OpenDisk, at = 0) => {
  const bytes = new Uint8Array(512);
  disk.backend.read(at, bytes);
  return bytes[0];
};
const two = new Uint8Array(512).fill(2);

describe('a raw image', () => {
  it('is written in place, and locked while it is open', () => {
    const path = image();
    const disk = open(path);
    expect(disk).toMatchObject({ notes: [], backend: { size: 64 * KIB, readonly: false, id: 'disk.img' } });
    disk.backend.write(512, two);
    disk.backend.writeZeroes(1024, 512);
    disk.backend.discard(0, 512);
    disk.backend.flush();
    expect([0, 512, 1024, 1536].map((at) => sector(disk, at))).toEqual([1, 2, 0, 1]);
    expect([...readFileSync(path).subarray(510, 514)]).toEqual([1, 1, 2, 2]);
    expect(readdirSync(folder)).toEqual(['disk.img', 'disk.img.tsvm-lock']);
    disk.close();
    disk.close();
    expect(readdirSync(folder)).toEqual(['disk.img']);
  });

  it('is one image by every name that leads to it', () => {
    const path = image();
    symlinkSync(path, join(folder, 'link'));
    const disk = open(join(folder, 'link'));
    expect(disk.backend.id).toBe('disk.img');
    expect(refusal(path).message).toBe(`${path}: in use by process ${process.pid}`);
    disk.close();
    expect(open(path).identity).toBe(disk.identity);
  });

  it('is never written as :ro, and needs no lock', () => {
    const path = image();
    const disk = open(path, 'ro');
    expect(disk.backend.readonly).toBe(true);
    expect(readdirSync(folder)).toEqual(['disk.img']);
    expect(() => disk.backend.write(0, two)).toThrow(TsvmError);
    disk.backend.flush();
    expect(sector(open(path, 'ro'))).toBe(1);
  });

  it('that is written by somebody else is read with a warning', () => {
    const path = image();
    open(path);
    for (const mode of ['ro', 'cow'] as const)
      expect(open(path, mode).notes).toEqual([
        `${path}: process ${process.pid} writes to it now; this guest may see half of a change`,
      ]);
  });

  it('whose length is no multiple of a sector is served without the rest', () => {
    const path = image('odd.img', 1124);
    const disk = open(path);
    expect(disk.backend.size).toBe(1024);
    expect(disk.notes).toEqual([
      `${path}: its last 100 bytes are less than a sector of 512; the guest does not see them`,
    ]);
  });

  it('that is cut while it is open gives an error, never old bytes', () => {
    const path = image();
    const disk = open(path);
    truncateSync(path, 1000);
    expect(() => sector(disk, 512)).toThrow(
      expect.objectContaining({ code: 'io', message: expect.stringContaining(path) }),
    );
    expect(sector(disk, 0)).toBe(1);
  });

  it('that is closed is never touched again, whoever has its descriptor now', () => {
    const disk = open(image());
    disk.close();
    const other = openSync(image('other'), 'r+');
    expect(() => disk.backend.read(0, new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'io' }));
    expect(() => disk.backend.write(0, two)).toThrow(expect.objectContaining({ code: 'io' }));
    closeSync(other);
    expect(readFileSync(join(folder, 'other'))[0]).toBe(1);
    expect(() => disk.backend.flush()).toThrow(expect.objectContaining({ code: 'io' }));
  });
});

describe('a copy-on-write image', () => {
  it('is not changed, and what is written is gone at the end', () => {
    const path = image();
    vi.stubEnv('TMPDIR', join(folder, 'tmp'));
    mkdirSync(join(folder, 'tmp'));
    const disk = open(path, 'cow');
    disk.backend.write(512, two);
    disk.backend.flush();
    expect([sector(disk), sector(disk, 512)]).toEqual([1, 2]);
    expect(readFileSync(path).every((byte) => byte === 1)).toBe(true);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    disk.close();
    expect(sector(open(path, 'cow'), 512)).toBe(1);
    expect(readdirSync(folder)).toEqual(['disk.img', 'tmp']);
  });

  it('keeps what is written in its overlay, flushed or not, when it is closed', () => {
    const path = image();
    const overlay = join(folder, 'over.cow');
    const first = open(path, 'cow', overlay);
    first.backend.write(512, two);
    expect(readdirSync(folder)).toEqual(['disk.img', 'over.cow', 'over.cow.tsvm-lock']);
    expect(refusal(path, 'cow', overlay).message).toContain(`${overlay}: in use by process ${process.pid}`);
    first.close();
    const second = open(path, 'cow', overlay);
    expect([sector(second), sector(second, 512)]).toEqual([1, 2]);
    second.close();
    expect(readFileSync(path).every((byte) => byte === 1)).toBe(true);
    expect(readdirSync(folder)).toEqual(['disk.img', 'over.cow']);
  });

  it('warns when its base was written since its overlay was begun, until the base is as old as it was', () => {
    const path = image();
    const overlay = join(folder, 'over.cow');
    utimesSync(path, 1_719_190_000.123, 1_719_190_000.123);
    open(path, 'cow', overlay).close();
    const again = () => {
      const disk = open(path, 'cow', overlay);
      disk.close();
      return disk.notes;
    };
    expect(again()).toEqual([]);
    const raw = open(path);
    raw.backend.write(0, two);
    raw.close();
    const note = again()[0]!;
    expect(note).toContain(`${overlay}: the modification time of ${path} has changed`);
    execFileSync('sh', ['-c', /touch .*/.exec(note)![0]]);
    expect(again()).toEqual([]);
  });

  it('has one overlay by every name that leads to it, also when a link led to nothing before', () => {
    const path = image();
    const link = join(folder, 'link.cow');
    symlinkSync('over.cow', link);
    open(path, 'cow', link);
    expect(readdirSync(folder)).toContain('over.cow.tsvm-lock');
    for (const name of [link, join(folder, 'over.cow')])
      expect(refusal(path, 'cow', name).message).toContain(`in use by process ${process.pid}`);
  });

  it('with an overlay is refused while its base is written', () => {
    const path = image();
    open(path);
    expect(refusal(path, 'cow', join(folder, 'over.cow'))).toMatchObject({
      code: 'io',
      message: `${path}: process ${process.pid} writes to it now`,
    });
    expect(existsSync(join(folder, 'over.cow'))).toBe(false);
  });

  it('refuses an overlay of another image, and leaves it as it is', () => {
    const overlay = join(folder, 'over.cow');
    open(image('small.img', 8 * KIB), 'cow', overlay).close();
    const before = readFileSync(overlay);
    expect(refusal(image(), 'cow', overlay)).toMatchObject({ code: 'not-runnable' });
    expect(refusal(image(), 'cow', image('other.img')).message).toContain('not an overlay of tsvm');
    expect(readFileSync(overlay).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('does not let its overlay be written as if that were an image, and warns of reading it as one', () => {
    const overlay = join(folder, 'over.cow');
    open(image(), 'cow', overlay).close();
    const before = readFileSync(overlay);
    const what = `${overlay}: this is an overlay of tsvm, not a disk image`;
    expect(refusal(overlay)).toMatchObject({
      code: 'not-runnable',
      message: `${what}; writing to it would destroy it`,
      details: { next: `-d IMAGE:cow=${overlay}` },
    });
    for (const [mode, over] of [
      ['ro', null],
      ['cow', null],
      ['cow', join(folder, 'second.cow')],
    ] as const)
      expect(open(overlay, mode, over).notes).toEqual([expect.stringContaining(`${what}; the guest sees`)]);
    expect(readFileSync(overlay).equals(before)).toBe(true);
    expect(existsSync(`${overlay}.tsvm-lock`)).toBe(false);
  });

  it('is not its own overlay, by whatever name', () => {
    const path = join(folder, 'zeroes.img');
    writeFileSync(path, new Uint8Array(4 * KIB));
    const link = join(folder, 'hard.img');
    linkSync(path, link);
    for (const overlay of [path, link])
      expect(refusal(path, 'cow', overlay)).toMatchObject({
        code: 'not-runnable',
        message: `${overlay}: cannot be an overlay: it is the image itself`,
      });
    expect(readFileSync(path).every((byte) => byte === 0)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['hard.img', 'zeroes.img']);
  });

  it('says what to do when there is no place for what is written', () => {
    vi.stubEnv('TMPDIR', join(folder, 'nowhere'));
    expect(refusal(image(), 'cow')).toMatchObject({
      code: 'io',
      details: { next: expect.stringContaining('TMPDIR') },
    });
  });
});

describe('what is no disk', () => {
  const at = (name: string): string => join(folder, name);
  const link = (target: string, name: string): string => {
    symlinkSync(target, at(name));
    return at(name);
  };
  const fifo = (): string => {
    execFileSync('mkfifo', [at('fifo')]);
    return at('fifo');
  };
  it.each<[string, () => string, string, RegExp]>([
    ['a missing file', () => at('none'), 'not-found', /no such file \(disk\)/],
    ['a file below a file', () => join(image(), 'x'), 'not-found', /no such file/],
    ['a link to nowhere', () => link('none', 'dangling'), 'not-found', /no such file/],
    ['a directory', () => folder, 'not-runnable', /it is a directory/],
    ['a FIFO', fifo, 'not-runnable', /it is a FIFO/],
    ['a character device', () => '/dev/null', 'not-runnable', /it is a character device/],
    ['an empty file', () => image('empty', 0), 'not-runnable', /not even one sector/],
    ['a file of 511 bytes', () => image('short', 511), 'not-runnable', /not even one sector/],
    ['links in a circle', () => link('loop', 'loop'), 'not-runnable', /circle/],
    ['a name that is too long', () => at('x'.repeat(300)), 'not-runnable', /too long/],
  ])('%s is refused as what it is, whatever it is to be used for', (_what, make, code, message) => {
    const path = make();
    for (const mode of ['rw', 'ro', 'cow'] as const) {
      const error = refusal(path, mode);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(error.message.startsWith(`${path}: `)).toBe(true);
    }
    expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it('a socket is refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
    expect(refusal(at('socket'))).toMatchObject({ code: 'not-runnable', message: expect.stringMatching(/socket/) });
    await new Promise((resolve) => server.close(resolve));
  });

  it.each<[string, () => string, string]>([
    ['a directory', () => folder, 'not-runnable'],
    ['a FIFO', fifo, 'not-runnable'],
  ])('an overlay that is %s is refused', (_what, make, code) => {
    expect(refusal(image(), 'cow', make())).toMatchObject({ code, message: expect.stringContaining('overlay') });
    expect(readdirSync(folder).filter((name) => name.includes('lock'))).toEqual([]);
  });

  it.each<[string, DiskRequest['mode'], string, string]>([
    [':RO', 'rw', ':RO', '":RO" is no way to use an image'],
    [':readonly', 'rw', ':readonly', '":readonly" is no way to use an image'],
    [',cow', 'rw', ',cow', '",cow" is no way to use an image'],
    [',cow=/x/over', 'rw', ',cow=/x/over', '",cow=/x/over" is no way to use an image'],
    [':rw', 'ro', ':rw:ro', '":rw" and ":ro" cannot both stand there'],
  ])('an image followed by %s (and then %s) says what may follow it', (words, mode, said, why) => {
    const path = image();
    expect(refusal(path + words, mode)).toMatchObject({
      code: 'usage',
      message: `--disk ${path}${said}: ${why}`,
      details: { next: `one of these: ${path}:rw, ${path}:ro, ${path}:cow or ${path}:cow=OVERLAY` },
    });
  });

  it.each(['x:RO', 'a:b.img', 'disk.img/x:RO'])(
    '%s is a missing file when nothing is there without its end',
    (name) => {
      image();
      expect(refusal(at(name))).toMatchObject({ code: 'not-found', message: `${at(name)}: no such file (disk)` });
    },
  );

  it.each([
    ['x:ro', 'ro'],
    ['x,ro', 'ro'],
    ['x:rw', 'rw'],
    ['x:cow', 'cow'],
  ] as const)('a file whose own name is %s is found by saying more', (name, mode) => {
    const path = image(name);
    expect(refusal(at('x'), mode)).toMatchObject({
      code: 'not-found',
      details: {
        cause: `there is a file whose own name is ${path}`,
        next: expect.stringContaining(`${path}:rw, ${path}:ro`),
      },
    });
  });

  it('an overlay in a folder that is not there says how to make the folder', () => {
    expect(refusal(image(), 'cow', at('none/over'))).toMatchObject({
      code: 'io',
      message: `${at('none/over')}: cannot be made (overlay): the folder ${at('none')} does not exist`,
      details: { next: `mkdir -p ${at('none')}` },
    });
    expect(refusal(image(), 'cow', join(image(), 'a/over'))).toMatchObject({ code: 'not-found' });
    expect(refusal(image(), 'cow', link('none/over', 'dangling'))).toMatchObject({ code: 'not-found' });
  });

  it.skipIf(process.getuid?.() === 0)('a file that may not be written says how to use it nevertheless', () => {
    const path = image();
    execFileSync('chmod', ['444', path]);
    expect(refusal(path)).toMatchObject({ code: 'not-runnable', details: { next: expect.stringContaining(':ro') } });
    expect(sector(open(path, 'ro'))).toBe(1);
  });
});

it.each([
  'process.exit(3)',
  "throw new Error('x')",
  "process.on('SIGTERM', () => process.exit(3)); process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 5000)",
])('everything is put away when the process ends by %s', (end) => {
  const path = image();
  const overlay = join(folder, 'over.cow');
  const module = fileURLToPath(new URL('../../../../src/host/disk/open.ts', import.meta.url));
  const script = `import { openDisk } from ${JSON.stringify(module)};
      openDisk({ path: ${JSON.stringify(path)}, mode: 'cow', overlay: ${JSON.stringify(overlay)} })
        .backend.write(0, new Uint8Array(512).fill(2));
      ${end};`;
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  expect(status).not.toBe(0);
  expect(readdirSync(folder)).toEqual(['disk.img', 'over.cow']);
  expect(sector(open(path, 'cow', overlay))).toBe(2);
});

describe('the size of a block device', () => {
  it('is what sysfs says for its number', () => {
    const sysfs = join(folder, 'dev/block/259:1048577');
    mkdirSync(sysfs, { recursive: true });
    writeFileSync(join(sysfs, 'size'), '2048\n');
    // makedev(259, 1048577)
    expect(blockDeviceSize('/dev/x', 0x1000_1_03_01, folder)).toBe(2048 * 512);
  });

  it('that nobody tells is an error', () => {
    expect(() => blockDeviceSize('/dev/x', 0x801, folder)).toThrow(/size of this block device is unknown/);
  });
});

describe('a block device that somebody has for himself', () => {
  it('is refused to a writer and as the base of an overlay, and warned of to readers', ({ skip }) => {
    const { status, stdout } = spawnSync('losetup', ['--find', '--show', image()], { encoding: 'utf8' });
    if (status !== 0) skip('no loop devices here');
    const device = stdout.trim();
    try {
      const free = open(device, 'ro');
      expect([free.backend.size, free.notes]).toEqual([64 * KIB, []]);
      const holder = open(device);
      expect(refusal(device)).toMatchObject({
        code: 'io',
        message: `${device}: in use (mounted, or another program has it)`,
      });
      for (const mode of ['ro', 'cow'] as const)
        expect(open(device, mode).notes).toEqual([expect.stringContaining('half of a change')]);
      expect(refusal(device, 'cow', join(folder, 'over.cow'))).toMatchObject({
        code: 'io',
        message: `${device}: it is mounted, or another program has it`,
      });
      expect(existsSync(join(folder, 'over.cow'))).toBe(false);
      holder.close();
      open(device, 'cow', join(folder, 'over.cow'));
    } finally {
      for (const disk of opened) disk.close();
      spawnSync('losetup', ['--detach', device]);
    }
  });
});
