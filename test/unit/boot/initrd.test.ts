import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { describeInitrd, loadInitrd } from '../../../src/boot/initrd.ts';
import { makeRam, readBytes } from '../../support/boot/guest-ram.ts';

const plan = { taken: [{ start: 0x1_0000, end: 0x3_0001 }], from: 0x3_0001, to: 0x2000_0000 };

describe('placing an initrd', () => {
  it('lies page-aligned above the kernel', () => {
    const memory = makeRam(0x10_0000, 'big');
    expect(loadInitrd(Uint8Array.of(1, 2, 3), memory, plan)).toEqual({ start: 0x4_0000, end: 0x4_0003 });
    expect(readBytes(memory, 0x4_0000, 4)).toEqual([1, 2, 3, 0]);
  });

  it('goes round what else is loaded', () => {
    const taken = [...plan.taken, { start: 0x4_1000, end: 0x4_2000 }];
    expect(loadInitrd(new Uint8Array(0x2000), makeRam(0x10_0000), { ...plan, taken }).start).toBe(0x5_0000);
  });

  it('may end exactly at the end of RAM, or at the limit', () => {
    const memory = makeRam(0x10_0000);
    expect(loadInitrd(new Uint8Array(0xc_0000), memory, plan).end).toBe(0x10_0000);
    expect(() => loadInitrd(new Uint8Array(0xc_0001), memory, plan)).toThrow(/does not fit.*0x00030001/);
    expect(() => loadInitrd(new Uint8Array(2), memory, { ...plan, to: 0x4_0001 })).toThrow(
      expect.objectContaining({ code: 'image-too-large' }),
    );
  });

  it('refuses an empty file', () => {
    expect(() => loadInitrd(new Uint8Array(0), makeRam(0x1000), plan)).toThrow(/empty/);
  });
});

it.each([
  ['gzip-compressed', gzipSync('x')],
  ['cpio archive', new TextEncoder().encode('070701000')],
  ['xz-compressed', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)],
  ['unknown format', Uint8Array.of(0, 1, 2)],
])('calls it %s', (words, bytes) => {
  expect(describeInitrd(bytes)).toBe(words);
});
