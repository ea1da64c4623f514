import { describe, expect, it } from 'vitest';
import { parseZImage } from '../../../src/boot/zimage.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { makeZImage } from '../../support/boot/make-zimage.ts';
import { Random } from '../../support/boot/random.ts';

const sizes = { kernel: 0x50_0000, bss: 0x2_0000, textOffset: 0x20_8000, heap: 0x1_0000 };

describe('the header of a zImage', () => {
  it('tells the byte order of the kernel and where it is linked', () => {
    expect(parseZImage(makeZImage({ length: 0x1000 }))).toEqual({ endianness: 'little', start: 0, sizes: null });
    expect(parseZImage(makeZImage({ length: 0x1000, start: 0x8000_8000 })).start).toBe(0x8000_8000);
  });

  it.each([
    ['by its mark', { order: 'big' }],
    ['by a header that is all big-endian', { oldBigEndian: true, order: 'big' }],
  ] as const)('tells a big-endian kernel %s', (_how, spec) => {
    expect(parseZImage(makeZImage({ length: 0x1000, ...spec })).endianness).toBe('big');
  });

  it('leads to the sizes of the kernel, past tags it does not know', () => {
    expect(parseZImage(makeZImage({ length: 0x1000, sizes })).sizes).toEqual(sizes);
    expect(parseZImage(makeZImage({ length: 0x1000, sizes, order: 'big' })).sizes).toEqual(sizes);
  });

  it('may be followed by a device tree', () => {
    expect(parseZImage(makeZImage({ length: 0x1000, end: 0xf00, sizes })).sizes).toEqual(sizes);
  });

  it('is refused when the file is shorter than it says, or it says nothing', () => {
    const refused = (spec: Parameters<typeof makeZImage>[0], code: string) =>
      expect(() => parseZImage(makeZImage(spec))).toThrow(expect.objectContaining({ code }));
    refused({ length: 0x30 }, 'image-truncated');
    refused({ length: 0x1000, end: 0x1001 }, 'image-truncated');
    refused({ length: 0x1000, start: 0x8000, end: 0x8000 }, 'image-bad-header');
    refused({ length: 0x1000, start: 0x8000, end: 0x10 }, 'image-bad-header');
  });

  it('has no sizes when its table leads out of the file or is cut short', () => {
    const whole = makeZImage({ length: 0x1000, sizes });
    const patched = (at: number, ...values: number[]) => {
      const bytes = whole.slice();
      for (const [i, value] of values.entries()) new DataView(bytes.buffer).setUint32(at + 4 * i, value, true);
      return parseZImage(bytes).sizes;
    };
    expect(patched(0x34, 0)).toBeNull();
    expect(patched(0x38, 0xffff_fffe)).toBeNull();
    expect(patched(0x38, 0xffe)).toBeNull();
    expect(patched(0x100, 0)).toBeNull();
    // A tag of one word is none; a tag of two words at its second word would lead on.
    expect(patched(0x100, 1, 2)).toBeNull();
    expect(patched(0x100, 0xffff_ffff)).toBeNull();
    expect(patched(0x10c, 3)).toBeNull();
    expect(patched(0x114, 0xffff_fff0)).toBeNull();
    expect(parseZImage(makeZImage({ length: 0x11f, sizes })).sizes).toBeNull();
  });

  it('never makes trouble, whatever its bytes', () => {
    const random = new Random(7);
    for (let i = 0; i < 2000; i++) {
      const bytes = makeZImage({ length: 0x180, sizes }).slice(0, 0x28 + random.below(0x158));
      for (let n = 0; n < 4; n++) bytes[0x28 + random.below(bytes.length - 0x28 || 1)] = random.below(256);
      try {
        parseZImage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TsvmError);
      }
    }
  });
});
