import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../src/boot/decompress.ts';
import { unpackKernel } from '../../../src/boot/kernel-image.ts';
import { gunzip } from '../../../src/host/gunzip.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { bigXz, bigZstd, framesZstd, helloXz, helloZstd } from '../../support/boot/compressed-samples.ts';
import { Random } from '../../support/boot/random.ts';

const options = { limit: 1 << 20, what: 'the symbol file', code: 'symbols-bad', gunzip } as const;
const text = '40100000 T hello\n40100010 T world\n';
const plain = new TextEncoder().encode(text);
const unpack = async (bytes: Uint8Array) => (await decompress(bytes, options)).bytes;
const unpackText = async (bytes: Uint8Array) => new TextDecoder().decode(await unpack(bytes));
const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

const samples = [
  ['gzip', gzipSync(plain)],
  ['xz', helloXz()],
  ['zstd', helloZstd()],
] as const;

describe('decompression by magic', () => {
  it('returns other bytes as they are', async () => {
    expect(await decompress(plain, options)).toEqual({ bytes: plain, compression: null, ignored: 0 });
    expect(await unpack(plain)).toBe(plain);
  });

  it.each(samples)('unpacks %s', async (kind, bytes) => {
    const { bytes: unpacked, compression, ignored } = await decompress(bytes, options);
    expect(new TextDecoder().decode(unpacked)).toBe(text);
    expect({ compression, ignored }).toEqual({ compression: kind, ignored: 0 });
  });

  it.each([
    ['gzip', gzipSync(new Uint8Array(options.limit + 1))],
    ['gzip in two members', joined(gzipSync(new Uint8Array(options.limit)), gzipSync('x'))],
    ['xz', bigXz()],
    ['zstd', bigZstd()],
  ])('stops %s at the limit', async (_kind, bytes) => {
    await expect(unpack(bytes)).rejects.toThrow('the symbol file unpacks to more than 1048576 bytes');
    for (const [, good] of samples) expect(await unpackText(good), 'the next file still unpacks').toBe(text);
  });

  it('unpacks to exactly the limit', async () => {
    expect((await unpack(gzipSync(new Uint8Array(options.limit)))).length).toBe(options.limit);
  });

  it.each(samples)('refuses every cut of a %s file', async (kind, bytes) => {
    for (let length = 6; length < bytes.length; length++) {
      const failure = unpack(bytes.subarray(0, length));
      await expect(failure).rejects.toMatchObject({ code: 'symbols-bad' });
      await expect(failure).rejects.toThrow(`does not unpack as ${kind}`);
    }
  });

  it.each(samples)(
    'finds every damaged byte behind the header of a %s file, or what it holds is the same',
    async (_kind, bytes) => {
      let refused = 0;
      for (let at = 10; at < bytes.length; at++) {
        const damaged = Uint8Array.from(bytes);
        damaged[at]! ^= 0xff;
        await unpackText(damaged).then(
          (unpacked) => expect(unpacked).toBe(text),
          (error: unknown) => {
            if (!(error instanceof TsvmError)) throw error;
            expect(error.details.cause).toBeTruthy();
            refused++;
          },
        );
      }
      expect(refused).toBeGreaterThan(30);
    },
  );

  it.each(samples)('survives 200 damaged %s files', async (_kind, bytes) => {
    const random = new Random(5);
    let refused = 0;
    for (let i = 0; i < 200; i++) {
      const damaged = Uint8Array.from(bytes);
      for (let n = 1 + random.below(4); n > 0; n--) damaged[random.below(damaged.length)]! ^= 1 << random.below(8);
      await unpack(damaged).catch((error: unknown) => {
        if (!(error instanceof TsvmError)) throw error;
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe('what follows the compressed data', () => {
  const junk = new TextEncoder().encode('\x01junk');
  const zeros = new Uint8Array(512);

  it.each(samples)('%s: one more of it is unpacked after it, a cut one is refused', async (_kind, bytes) => {
    expect(await unpackText(joined(bytes, bytes))).toBe(text + text);
    await expect(unpack(joined(bytes, bytes.subarray(0, bytes.length - 5)))).rejects.toMatchObject({
      code: 'symbols-bad',
    });
  });

  it('gzip: zeros are padding, anything else is ignored and counted', async () => {
    const bytes = gzipSync(plain);
    expect(await decompress(joined(bytes, zeros), options)).toMatchObject({ ignored: 0 });
    const unpacked = await decompress(joined(bytes, junk), options);
    expect(new TextDecoder().decode(unpacked.bytes)).toBe(text);
    expect(unpacked.ignored).toBe(junk.length);
  });

  it('xz: zeros in fours are padding, anything else is an error', async () => {
    expect(await unpackText(joined(helloXz(), zeros, helloXz()))).toBe(text + text);
    await expect(unpack(joined(helloXz(), zeros.subarray(0, 3)))).rejects.toMatchObject({ code: 'symbols-bad' });
    await expect(unpack(joined(helloXz(), junk))).rejects.toMatchObject({ code: 'symbols-bad' });
  });

  it('zstd: skippable frames are skipped, anything else is an error', async () => {
    expect(await unpackText(framesZstd())).toBe(`40100000 T hello\n${text}`);
    for (const rest of [zeros, junk])
      await expect(unpack(joined(helloZstd(), rest))).rejects.toMatchObject({ code: 'symbols-bad' });
  });
});

describe('gzip headers', () => {
  const empty = gzipSync('');
  const member = gzipSync(plain);
  const withFields = (flags: number, ...fields: number[]) =>
    joined(
      member.subarray(0, 3),
      Uint8Array.of(flags),
      member.subarray(4, 10),
      Uint8Array.from(fields),
      member.subarray(10),
    );

  it.each([
    ['an extra field', 4, [3, 0, 1, 2, 3]],
    ['a name and a comment', 0x18, [0x61, 0, 0x62, 0x63, 0]],
    ['a header check', 2, [0, 0]],
  ])('with %s', async (_what, flags, fields) => {
    expect(await unpackText(withFields(flags, ...fields))).toBe(text);
  });

  it.each([
    ['reserved flags', withFields(0x20), /reserved/],
    ['a name without end', withFields(8).subarray(0, 12).fill(1, 10), /within a header/],
    ['an extra field past the end', withFields(4, 0xff, 0xff), /within a header/],
    ['another method', Uint8Array.from(member, (byte, i) => (i === 2 ? 7 : byte)), /method 7/],
    ['too many members', joined(...Array.from({ length: 16_385 }, () => empty)), /16384 members/],
  ])('refuses %s', async (_what, bytes, words) => {
    const error = await unpack(bytes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'symbols-bad', details: { cause: expect.stringMatching(words) } });
  });
});

describe('a kernel', () => {
  it('is unpacked, and is not runnable when damaged', async () => {
    expect((await unpackKernel(helloXz(), gunzip)).compression).toBe('xz');
    const failure = unpackKernel(helloXz().subarray(0, 60), gunzip);
    await expect(failure).rejects.toMatchObject({ code: 'not-runnable' });
    await expect(failure).rejects.toThrow(/^the kernel does not unpack as xz/);
  });
});
