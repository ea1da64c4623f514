import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../src/boot/decompress.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { Random } from '../../support/boot/random.ts';
import { bigXz, helloXz } from '../../support/boot/xz-sample.ts';

const options = { limit: 1 << 20, what: 'the symbol file', code: 'symbols-bad' } as const;
const plain = new TextEncoder().encode('40100000 T hello\n40100010 T world\n');

describe('decompression by magic', () => {
  it('returns other bytes as they are', async () => {
    expect(await decompress(plain, options)).toBe(plain);
  });

  it.each([
    ['gzip', gzipSync(plain)],
    ['xz', helloXz()],
  ])('unpacks %s', async (_kind, bytes) => {
    expect(await decompress(bytes, options)).toEqual(plain);
  });

  it.each([
    ['gzip', gzipSync(new Uint8Array(options.limit + 1))],
    ['xz', bigXz()],
  ])('stops %s at the limit', async (_kind, bytes) => {
    await expect(decompress(bytes, options)).rejects.toThrow(/more than 1048576 bytes/);
    await expect(decompress(helloXz(), options), 'the next file still unpacks').resolves.toEqual(plain);
  });

  it.each([
    ['gzip', gzipSync(plain)],
    ['xz', helloXz()],
  ])('refuses every cut of a %s file', async (kind, bytes) => {
    for (let length = 6; length < bytes.length; length++) {
      const failure = decompress(bytes.subarray(0, length), options);
      await expect(failure).rejects.toMatchObject({ code: 'symbols-bad' });
      await expect(failure).rejects.toThrow(`does not unpack as ${kind}`);
    }
  });

  it.each([
    ['gzip', gzipSync(plain)],
    ['xz', helloXz()],
  ])('survives 200 damaged %s files', async (_kind, bytes) => {
    const random = new Random(5);
    let refused = 0;
    for (let i = 0; i < 200; i++) {
      const damaged = Uint8Array.from(bytes);
      for (let n = 1 + random.below(4); n > 0; n--) damaged[random.below(damaged.length)]! ^= 1 << random.below(8);
      await decompress(damaged, options).catch((error: unknown) => {
        if (!(error instanceof TsvmError)) throw error;
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(100);
  });
});
