// The guest agent's archive, read back by a parser of the newc format that shares no code with the writer.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { agentArchive, withArchive } from '../../../../src/boot/agent/archive.ts';
import { agentPrograms } from '../../../../src/boot/agent/programs.ts';

interface CpioFile {
  readonly name: string;
  readonly mode: number;
  readonly links: number;
  readonly inode: number;
  /** Where its header starts. */
  readonly at: number;
  readonly data: Buffer;
}

/** Files of a newc archive, and where the archive ends. Reads as init/initramfs.c does: everything at multiples of 4. */
function readCpio(bytes: Uint8Array): { files: CpioFile[]; end: number } {
  const buffer = Buffer.from(bytes);
  const files: CpioFile[] = [];
  for (let at = 0; ; ) {
    if (at % 4 !== 0 || buffer.toString('latin1', at, at + 6) !== '070701') throw new Error(`no header at ${at}`);
    const field = (n: number): number =>
      Number.parseInt(buffer.toString('latin1', at + 6 + 8 * n, at + 14 + 8 * n), 16);
    const nameEnd = at + 110 + field(11);
    if (buffer[nameEnd - 1] !== 0) throw new Error(`name at ${at} has no NUL`);
    const name = buffer.toString('utf8', at + 110, nameEnd - 1);
    const start = (nameEnd + 3) & ~3;
    const end = (start + field(6) + 3) & ~3;
    if (name === 'TRAILER!!!') return { files, end };
    // User, group, time, devices and checksum say nothing about the host that wrote it.
    expect([2, 3, 5, 7, 8, 9, 10, 12].map(field)).toEqual(Array(8).fill(0));
    files.push({
      name,
      mode: field(1),
      links: field(4),
      inode: field(0),
      at,
      data: buffer.subarray(start, start + field(6)),
    });
    at = end;
  }
}

const programOf = (arch: 'mipsel' | 'mips' | 'arm'): Buffer => Buffer.from(agentPrograms[arch].base64, 'base64');
const rooted = { next: '/init', root: { device: '/dev/vda', mode: 'rw' } } as const;

describe('the archive of the guest agent', () => {
  it('has its folder, the program, and what is next', () => {
    const archive = agentArchive('mipsel', rooted);
    const { files, end } = readCpio(archive);
    expect(end).toBe(archive.length);
    expect(files.map(({ name, mode, links }) => [name, mode.toString(8), links])).toEqual([
      ['.tsvm', '40755', 2],
      ['.tsvm/init', '100755', 1],
      ['.tsvm/next', '100644', 1],
      ['.tsvm/root', '100644', 1],
    ]);
    expect(files.slice(2).map(({ data }) => data.toString())).toEqual(['/init\n', '/dev/vda rw\n']);
    expect(files[1]!.data.equals(programOf('mipsel'))).toBe(true);
    expect(readCpio(agentArchive('arm', rooted)).files[1]!.data.equals(programOf('arm'))).toBe(true);
    expect(new Set(files.map(({ inode }) => inode)).size).toBe(4);
  });

  it('has no file about a root disk when there is none', () => {
    const { files } = readCpio(agentArchive('mips', { next: '/sbin/init', root: null }));
    expect(files.map(({ name }) => name)).toEqual(['.tsvm', '.tsvm/init', '.tsvm/next']);
    expect(files[1]!.data.equals(programOf('mips'))).toBe(true);
  });

  it('leaves the init to the root disk when its path is empty', () => {
    const { files } = readCpio(agentArchive('mipsel', { ...rooted, next: '' }));
    expect(files[2]!.data.toString()).toBe('\n');
  });

  it.each(['', 'a', 'ab', 'abc', 'abcd'])('keeps everything aligned after /%s', (name) => {
    const archive = agentArchive('mipsel', { next: `/${name}`, root: { device: `/dev/${name}x`, mode: 'ro' } });
    const { files } = readCpio(archive);
    expect(files[2]!.data.toString()).toBe(`/${name}\n`);
    expect(files[3]!.data.toString()).toBe(`/dev/${name}x ro\n`);
    expect(archive.length % 4).toBe(0);
  });

  it('has the same bytes every time', () => {
    expect(agentArchive('mipsel', rooted)).toEqual(agentArchive('mipsel', rooted));
  });

  it.each(['init', '/my init', '/a\nb', '/a\0b', `/${'x'.repeat(255)}`])(
    'refuses %j as the path of an init',
    (next) => {
      expect(() => agentArchive('mipsel', { next, root: null })).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );

  it.each(['', 'vda', '/dev/vda rw'])('refuses %j as a root disk', (device) => {
    const root = { device, mode: 'ro' } as const;
    expect(() => agentArchive('mipsel', { next: '/init', root })).toThrow(/root disk/);
  });
});

describe('an initrd with the agent', () => {
  const archive = agentArchive('mipsel', rooted);

  it('starts with the agent, then has the user’s bytes at a multiple of 4', () => {
    for (const initrd of [gzipSync('x'), agentArchive('mips', rooted), Uint8Array.of(1, 2, 3)]) {
      const joined = withArchive(initrd, archive);
      const { end } = readCpio(joined);
      expect(end).toBe(archive.length);
      expect(end % 4).toBe(0);
      expect(Buffer.from(joined.subarray(end)).equals(initrd)).toBe(true);
    }
  });

  it('is the archive alone when the user gives none, and refuses an empty file', () => {
    expect(withArchive(null, archive)).toEqual(archive);
    expect(() => withArchive(new Uint8Array(0), archive)).toThrow(/empty/);
  });
});

describe('the agent’s programs', () => {
  it.each([
    ['mipsel', 1],
    ['mips', 2],
  ] as const)('%s is a small static MIPS executable of its byte order', (arch, byteOrder) => {
    const elf = programOf(arch);
    expect(createHash('sha256').update(elf).digest('hex')).toBe(agentPrograms[arch].sha256);
    expect(elf.length).toBeLessThan(16 * 1024);
    expect([...elf.subarray(0, 6)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 1, byteOrder]);
    const half = (at: number): number => (byteOrder === 1 ? elf.readUInt16LE(at) : elf.readUInt16BE(at));
    const word = (at: number): number => (byteOrder === 1 ? elf.readUInt32LE(at) : elf.readUInt32BE(at));
    // ET_EXEC for EM_MIPS.
    expect([half(16), half(18)]).toEqual([2, 8]);
    // MIPS32 release 1 with the o32 ABI, so that every MIPS32 guest can run it.
    expect((word(36) & 0xf000f000) >>> 0).toBe(0x50001000);
    // No segment asks for an interpreter (PT_INTERP) or is dynamic (PT_DYNAMIC).
    const types = Array.from({ length: half(44) }, (_, n) => word(word(28) + n * half(42)));
    expect(types).toContain(1);
    expect(types).not.toContain(2);
    expect(types).not.toContain(3);
  });
});
