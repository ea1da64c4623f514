// GuestMemory: bytes in guest order whatever the guest's endianness and wherever slots lie, and nothing but its own error for
// numbers that a guest or a user may think up.
import { describe, expect, it } from 'vitest';
import { type Endianness, GuestMemory, GuestMemoryError } from '../../../src/memory/guest-memory.ts';

const PAGE = 0x1000;
const ENDIANNESSES = ['little', 'big'] as const;
/** A range that starts where the other ends, backed elsewhere, and one far away. */
const LOW = { gpa: 0x10000, size: 2 * PAGE, offset: 4 * PAGE, readonly: false };
const NEXT = { gpa: 0x12000, size: PAGE, offset: PAGE, readonly: true };
const FAR = { gpa: 0xfffff000, size: PAGE, offset: 7 * PAGE, readonly: false };
const SEAM = NEXT.gpa;
const END = NEXT.gpa + NEXT.size;

function memory(endianness: Endianness = 'little'): GuestMemory {
  const guest = new GuestMemory(new ArrayBuffer(10 * PAGE), PAGE, 8 * PAGE, endianness);
  guest.setRanges([FAR, NEXT, LOW]);
  return guest;
}

const sequence = (length: number): Uint8Array => Uint8Array.from({ length }, (_, n) => (n * 7 + 3) & 0xff);

describe.each(ENDIANNESSES)('guest memory of a %s-endian guest', (endianness) => {
  it('gives back bytes as written, at any alignment and length, across ranges', () => {
    const guest = memory(endianness);
    for (let at = SEAM - 9; at < SEAM + 5; at++) {
      for (const length of [0, 1, 2, 3, 4, 5, 8, 13]) {
        const written = sequence(length);
        const read = new Uint8Array(length);
        guest.write(at, written);
        guest.read(at, read);
        expect(read).toEqual(written);
        for (let n = 0; n < length; n++) expect(guest.readU8(at + n)).toBe(written[n]);
      }
    }
  });

  it('composes halfwords, words and doublewords of bytes in the order asked for, at any alignment', () => {
    const guest = memory(endianness);
    guest.write(SEAM - 16, sequence(32));
    const view = new DataView(sequence(32).buffer);
    for (const order of ENDIANNESSES) {
      const little = order === 'little';
      for (let n = 0; n < 24; n++) {
        const gpa = SEAM - 16 + n;
        expect(guest.readU16(gpa, order)).toBe(view.getUint16(n, little));
        expect(guest.readU32(gpa, order)).toBe(view.getUint32(n, little));
        expect(guest.readU64(gpa, order)).toBe(view.getBigUint64(n, little));
      }
    }
  });

  it('takes halfwords, words and doublewords apart the same way', () => {
    const guest = memory(endianness);
    for (const order of ENDIANNESSES) {
      const little = order === 'little';
      for (let n = 0; n < 12; n++) {
        const expected = new DataView(new ArrayBuffer(64));
        expected.setUint16(n, 0xa1b2, little);
        expected.setUint32(n + 17, 0x81828384, little);
        expected.setBigUint64(n + 34, 0x9192939495969798n, little);
        guest.fill(LOW.gpa, 0, 64);
        guest.writeU16(LOW.gpa + n, 0xa1b2, order);
        guest.writeU32(LOW.gpa + n + 17, 0x81828384, order);
        guest.writeU64(LOW.gpa + n + 34, 0x9192939495969798n, order);
        const bytes = new Uint8Array(64);
        guest.read(LOW.gpa, bytes);
        expect(bytes).toEqual(new Uint8Array(expected.buffer));
      }
    }
  });

  it('fills exactly the bytes asked for', () => {
    const guest = memory(endianness);
    guest.fill(SEAM - 3, 0xaa, 7);
    const bytes = new Uint8Array(11);
    guest.read(SEAM - 5, bytes);
    expect([...bytes]).toEqual([0, 0, ...new Array(7).fill(0xaa), 0, 0]);
  });

  it('keeps an aligned word in host order, as the engines load it', () => {
    const buffer = new ArrayBuffer(PAGE);
    const guest = new GuestMemory(buffer, 0, PAGE, endianness);
    guest.setRanges([{ gpa: 0, size: PAGE, offset: 0, readonly: false }]);
    guest.writeU32(8, 0x12345678, endianness);
    expect(new DataView(buffer).getUint32(8, true)).toBe(0x12345678);
  });

  it('shows its pages in guest order, and knows which are zero', () => {
    const guest = memory(endianness);
    expect(guest.isZeroPage(LOW.offset)).toBe(true);
    guest.write(LOW.gpa + 5, Uint8Array.of(1, 2, 3));
    const page = new Uint8Array(PAGE);
    guest.readArena(LOW.offset, page);
    expect([...page.subarray(4, 9)]).toEqual([0, 1, 2, 3, 0]);
    expect(guest.isZeroPage(LOW.offset)).toBe(false);
    expect(guest.isZeroPage(LOW.offset + PAGE)).toBe(true);
    guest.fill(LOW.gpa, 0, PAGE);
    expect(guest.isZeroPage(LOW.offset)).toBe(true);
  });
});

describe('ranges', () => {
  it('are found by address and listed in order', () => {
    const guest = memory();
    expect(guest.getRanges().map(({ gpa }) => gpa)).toEqual([LOW.gpa, NEXT.gpa, FAR.gpa]);
    expect(guest.find(SEAM - 1)).toEqual(LOW);
    expect(guest.find(SEAM)).toEqual(NEXT);
    expect(guest.find(0xffffffff)).toEqual(FAR);
    for (const gpa of [0, LOW.gpa - 1, END, 0x100000000]) expect(guest.find(gpa)).toBeUndefined();
  });

  it('that touch are one memory; a READONLY one is memory too', () => {
    const guest = memory();
    expect(guest.contains(LOW.gpa, 3 * PAGE)).toBe(true);
    expect(guest.contains(LOW.gpa, 3 * PAGE + 1)).toBe(false);
    guest.writeU32(SEAM, 5, 'little');
    expect(guest.readU32(SEAM, 'little')).toBe(5);
  });

  it('may change: the backing stays, the addresses move', () => {
    const guest = memory();
    guest.writeU32(LOW.gpa, 77, 'little');
    guest.setRanges([{ ...LOW, gpa: 0 }]);
    expect(guest.readU32(0, 'little')).toBe(77);
    expect(guest.contains(LOW.gpa, 1)).toBe(false);
  });
});

describe('an access that is not wholly in RAM', () => {
  it.each([
    ['below', LOW.gpa - 1, 2],
    ['past the end', END - 2, 4],
    ['nowhere', 0x40000000, 1],
    ['past 4 GiB', 0xfffffffe, 4],
    ['negative', -4, 4],
    ['over everything', 0, 2 ** 31],
  ])('%s throws GuestMemoryError and writes nothing', (_what, gpa, length) => {
    const guest = memory();
    const before = new Uint8Array(3 * PAGE);
    guest.fill(LOW.gpa, 0x5a, 3 * PAGE);
    expect(guest.contains(gpa, length)).toBe(false);
    expect(() => guest.fill(gpa, 1, length)).toThrow(GuestMemoryError);
    if (length <= 4) {
      expect(() => guest.read(gpa, new Uint8Array(length))).toThrow(GuestMemoryError);
      expect(() => guest.write(gpa, new Uint8Array(length))).toThrow(GuestMemoryError);
    }
    guest.read(LOW.gpa, before);
    expect(before).toEqual(new Uint8Array(3 * PAGE).fill(0x5a));
  });

  it('says so for every width, aligned or not, and leaves no half of a value behind', () => {
    const guest = memory();
    for (const order of ENDIANNESSES) {
      for (const [width, at] of [
        [2, END - 1],
        [4, END - 3],
        [4, END - 2],
        [8, END - 4],
        [8, END - 7],
      ] as const) {
        const write = {
          2: () => guest.writeU16(at, 0xffff, order),
          4: () => guest.writeU32(at, 0xffffffff, order),
          8: () => guest.writeU64(at, 0xffffffffffffffffn, order),
        };
        const read = {
          2: () => guest.readU16(at, order),
          4: () => guest.readU32(at, order),
          8: () => guest.readU64(at, order),
        };
        expect(write[width]).toThrow(GuestMemoryError);
        expect(read[width]).toThrow(GuestMemoryError);
        const left = new Uint8Array(END - at);
        guest.read(at, left);
        expect([width, ...left]).toEqual([width, ...new Array(END - at).fill(0)]);
      }
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, -0.5, 2 ** 64])(
    'the number %d crashes nothing',
    (hostile) => {
      const guest = memory();
      expect(guest.contains(hostile, 4)).toBe(false);
      expect(guest.contains(LOW.gpa, hostile)).toBe(false);
      expect(guest.find(hostile)).toBeUndefined();
      expect(() => guest.readU8(hostile)).toThrow(GuestMemoryError);
      expect(() => guest.writeU32(hostile, 1, 'little')).toThrow(GuestMemoryError);
      expect(() => guest.fill(LOW.gpa, 0, hostile)).toThrow(GuestMemoryError);
      expect(() => guest.read(hostile, new Uint8Array(4))).toThrow(GuestMemoryError);
    },
  );

  it('of no bytes is fine anywhere', () => {
    expect(() => memory().write(0x40000000, new Uint8Array(0))).not.toThrow();
  });
});

describe('the listener', () => {
  it('hears of every write in arena terms, part by part, and of no read', () => {
    const guest = memory();
    const heard: [number, number][] = [];
    guest.setListener({ wrote: (offset, length) => heard.push([offset, length]) });
    guest.readU32(LOW.gpa, 'little');
    guest.writeU8(LOW.gpa + 1, 1);
    guest.writeU32(LOW.gpa + 8, 1, 'little');
    guest.write(SEAM - 2, new Uint8Array(5));
    guest.fill(FAR.gpa, 1, 16);
    expect(heard).toEqual([
      [LOW.offset + 1, 1],
      [LOW.offset + 8, 4],
      [LOW.offset + 2 * PAGE - 2, 2],
      [NEXT.offset, 3],
      [FAR.offset, 16],
    ]);
  });

  it('hears nothing of a refused write', () => {
    const guest = memory();
    const heard: number[] = [];
    guest.setListener({ wrote: (offset) => heard.push(offset) });
    expect(() => guest.write(END - 2, new Uint8Array(4))).toThrow(GuestMemoryError);
    expect(() => guest.writeU64(END - 4, 1n, 'little')).toThrow(GuestMemoryError);
    expect(heard).toEqual([]);
  });
});
