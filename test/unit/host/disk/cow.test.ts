import { describe, expect, it } from 'vitest';
import { CowDisk } from '../../../../src/host/disk/cow.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { random } from '../../../support/devices/fakes.ts';
import { afterKill, afterPowerCut, CrashFile } from '../../../support/disk/crash-file.ts';

const SECTOR = 512;
const CLUSTER = 4096;

/** Sectors of a base: each full of its own number. */
const baseOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => 0x80 | (i >>> 9));

function open(
  overlay: CrashFile,
  { size = 10 * CLUSTER + 3 * SECTOR, kept = true, base = baseOf(size), baseModified = 0 } = {},
) {
  const baseFile = new CrashFile(base);
  const disk = new CowDisk({
    base: baseFile,
    basePath: 'base.img',
    baseModified,
    size,
    id: 'base.img',
    overlay,
    overlayPath: 'base.cow',
    kept,
  });
  return { disk, baseFile };
}

function contents(disk: CowDisk): Uint8Array {
  const bytes = new Uint8Array(disk.size);
  disk.read(0, bytes);
  return bytes;
}

function refusal(overlay: Uint8Array, size?: number): TsvmError {
  try {
    open(new CrashFile(overlay), { size });
  } catch (error) {
    if (error instanceof TsvmError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('a copy-on-write disk', () => {
  it.each([true, false])(
    'equals a plain array under random reads and writes, kept %s, and leaves its base alone',
    (kept) => {
      const next = random(3);
      const { disk, baseFile } = open(new CrashFile(), { kept });
      const model = baseOf(disk.size);
      const sectors = disk.size / SECTOR;
      for (let i = 0; i < 2000; i++) {
        const from = next() % sectors;
        const count = Math.min(sectors - from, 1 + (next() % 30));
        const bytes = new Uint8Array(count * SECTOR).fill(next());
        const at = from * SECTOR;
        switch (next() % 4) {
          case 0:
            disk.write(at, bytes);
            model.set(bytes, at);
            break;
          case 1:
            disk.writeZeroes(at, bytes.length);
            model.fill(0, at, at + bytes.length);
            break;
          case 2:
            disk.flush();
            break;
          default:
            disk.read(at, bytes);
            expect(Buffer.compare(bytes, model.subarray(at, at + bytes.length))).toBe(0);
        }
      }
      expect(Buffer.compare(contents(disk), model)).toBe(0);
      expect(baseFile.operations).toEqual([]);
    },
  );

  it('is found again by a later run', () => {
    const overlay = new CrashFile();
    const first = open(overlay).disk;
    first.write(5 * SECTOR, new Uint8Array(SECTOR).fill(1));
    first.write(first.size - SECTOR, new Uint8Array(SECTOR).fill(2));
    first.flush();
    const expected = contents(first);
    expect(contents(open(new CrashFile(overlay.bytes)).disk)).toEqual(expected);
  });

  it('keeps what was discarded, and never shows what the base had before', () => {
    const { disk } = open(new CrashFile());
    disk.write(0, new Uint8Array(CLUSTER).fill(1));
    disk.discard();
    expect(contents(disk)[0]).toBe(1);
  });

  it('is not synced when nothing of it is kept', () => {
    const overlay = new CrashFile();
    const { disk } = open(overlay, { kept: false });
    disk.write(0, new Uint8Array(SECTOR));
    disk.flush();
    expect(overlay.operations).not.toContain('sync');
  });

  it('passes on what the host cannot do, and loses nothing that it had', () => {
    const overlay = new CrashFile();
    const { disk, baseFile } = open(overlay);
    const io = expect.objectContaining({ code: 'io' });
    overlay.failing.add('write');
    expect(() => disk.write(0, new Uint8Array(SECTOR).fill(1))).toThrow(io);
    overlay.failing.clear();
    expect(contents(disk)).toEqual(baseOf(disk.size));
    disk.write(0, new Uint8Array(SECTOR).fill(1));
    overlay.failing.add('sync');
    expect(() => disk.flush()).toThrow(io);
    overlay.failing.clear();
    disk.flush();
    expect(contents(open(new CrashFile(overlay.bytes)).disk)[0]).toBe(1);
    baseFile.bytes = baseFile.bytes.subarray(0, 2 * CLUSTER);
    expect(() => disk.read(3 * CLUSTER, new Uint8Array(SECTOR))).toThrow(/base.img: there is nothing at byte 12288/);
    overlay.bytes = overlay.bytes.subarray(0, 2 * CLUSTER);
    expect(() => disk.read(0, new Uint8Array(SECTOR))).toThrow(/base.cow: there is nothing at byte 8192/);
  });

  it('has larger clusters when it is very large', () => {
    const size = 2 ** 42;
    const overlay = new CrashFile();
    const { disk } = open(overlay, { size, base: new Uint8Array(2 ** 20) });
    disk.write(SECTOR, new Uint8Array(SECTOR).fill(5));
    disk.flush();
    expect(new DataView(overlay.bytes.buffer).getUint32(12, true)).toBe(2 ** 17);
    expect(overlay.bytes.length).toBe(4096 + 2 ** 22 + 2 ** 17);
  });
});

describe('an overlay that a crash left behind', () => {
  /** Writes and flushes; notes after each step how far the file had got, and what the disk held then. */
  function scenario() {
    const next = random(11);
    const overlay = new CrashFile();
    const { disk } = open(overlay);
    const steps: { operations: number; contents: Uint8Array; flushed: boolean }[] = [];
    const note = (flushed: boolean) =>
      steps.push({ operations: overlay.operations.length, contents: contents(disk), flushed });
    note(true);
    for (let i = 1; i <= 24; i++) {
      if (i % 6 === 0) disk.flush();
      else {
        const from = next() % (disk.size / SECTOR - 12);
        disk.write(from * SECTOR, new Uint8Array((1 + (next() % 12)) * SECTOR).fill(i));
      }
      note(i % 6 === 0);
    }
    return { operations: overlay.operations, steps };
  }

  const { operations, steps } = scenario();
  const base = baseOf(steps[0]!.contents.length);
  /** What sector may hold after a crash behind `count` operations: what was flushed, or anything written since. */
  function check(disk: CowDisk, count: number): void {
    const flushed = steps.findLastIndex((step) => step.flushed && step.operations <= count);
    const reached = steps.findIndex((step) => step.operations >= count);
    const allowed = steps.slice(Math.max(0, flushed), reached + 1);
    const found = contents(disk);
    for (let at = 0; at < found.length; at += SECTOR) {
      const sector = Buffer.from(found.subarray(at, at + SECTOR));
      const known = allowed.some((step) => sector.equals(step.contents.subarray(at, at + SECTOR)));
      const untouched = flushed < 0 && sector.equals(base.subarray(at, at + SECTOR));
      if (!known && !untouched) throw new Error(`sector ${at / SECTOR} holds ${sector[0]} after operation ${count}`);
    }
  }

  it('has all that was flushed when tsvm is killed after any operation', () => {
    for (let count = 0; count <= operations.length; count++) check(open(afterKill(operations, count)).disk, count);
  });

  it('has all that was flushed, and no mixture, when the power fails after any operation', () => {
    const next = random(5);
    for (let count = 0; count <= operations.length; count++)
      for (let i = 0; i < 8; i++) check(open(afterPowerCut(operations, count, next)).disk, count);
  });

  it('is begun anew when it was not begun to the end, and is never shorter than its bitmap afterwards', () => {
    const begun = operations.slice(0, steps[0]!.operations);
    const next = random(23);
    for (let count = 0; count <= begun.length; count++)
      for (let i = 0; i < 20; i++) {
        const overlay = afterPowerCut(begun, count, next);
        const { disk } = open(overlay);
        expect(overlay.size()).toBeGreaterThanOrEqual(2 * 4096);
        disk.write(0, new Uint8Array(SECTOR).fill(1));
        disk.flush();
        expect(contents(open(new CrashFile(overlay.bytes)).disk)[0]).toBe(1);
      }
  });

  it('can be written on after a crash, and brings the rest of a cluster from the base, not from what the crash left', () => {
    const next = random(7);
    for (let count = 0; count <= operations.length; count++) {
      const { disk } = open(afterPowerCut(operations, count, next));
      const expected = contents(disk);
      for (let sector = 1; sector < expected.length / SECTOR; sector += 8) {
        const bytes = new Uint8Array(SECTOR).fill(99);
        disk.write(sector * SECTOR, bytes);
        expected.set(bytes, sector * SECTOR);
      }
      expect(Buffer.compare(contents(disk), expected)).toBe(0);
    }
  });
});

describe('an overlay whose base has another modification time', () => {
  /** Begun and written to at `then`, opened at `now`. */
  function reopened(then: number, now: number): CowDisk {
    const overlay = new CrashFile();
    const { disk } = open(overlay, { baseModified: then });
    expect(disk.notes).toEqual([]);
    disk.write(0, new Uint8Array(SECTOR).fill(7));
    disk.flush();
    return open(new CrashFile(overlay.bytes), { baseModified: now }).disk;
  }
  const TIME = 1_719_190_000_123;

  it('is opened with a note that says what that means, and how to end it', () => {
    const disk = reopened(TIME, TIME + 1);
    expect(disk.notes).toEqual([
      'base.cow: the modification time of base.img has changed since this overlay was begun; if the image was written ' +
        '(not only copied), the guest sees a mixture of old and new: begin a new overlay. If it is the same: ' +
        'touch -d @1719190000.123 base.img',
    ]);
    expect(contents(disk)).toEqual(contents(reopened(TIME, TIME)));
  });

  it.each([
    ['as before', TIME, TIME],
    ['unknown when it was begun', 0, TIME],
    ['unknown now', TIME, 0],
    ['no number', TIME, Number.NaN],
  ])('is opened without a word when that is %s', (_what, then, now) => {
    expect(reopened(then, now).notes).toEqual([]);
  });

  it.each([0.5, Number.NaN, -1, 2 ** 64, Number.POSITIVE_INFINITY])('counts the time %d as unknown', (time) => {
    expect(reopened(time, TIME).notes).toEqual([]);
  });
});

describe('a file that is no overlay of its base', () => {
  const good = (() => {
    const overlay = new CrashFile();
    const { disk } = open(overlay);
    disk.write(0, new Uint8Array(SECTOR));
    disk.write(8 * CLUSTER, new Uint8Array(SECTOR));
    disk.flush();
    return overlay.bytes;
  })();
  /** Only a cluster of the bitmap's second byte. */
  const late = (() => {
    const overlay = new CrashFile();
    const { disk } = open(overlay);
    disk.write(8 * CLUSTER, new Uint8Array(SECTOR));
    disk.flush();
    return overlay.bytes;
  })();
  const changed = (change: (bytes: Uint8Array, view: DataView) => void) => {
    const bytes = good.slice();
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };

  it.each([
    ['another file', () => new TextEncoder().encode('hello, I am a letter to my mother'), /not an overlay of tsvm/],
    ['a raw image of zeroes', () => new Uint8Array(1 << 20), /not an overlay of tsvm/],
    ['a part of a header', () => good.subarray(0, 10), /truncated: 10 of at least 8192 bytes/],
    ['a later version', () => changed((_, view) => view.setUint32(8, 2, true)), /version 2/],
    ['another cluster size', () => changed((_, view) => view.setUint32(12, 1, true)), /header is damaged/],
    ['rubbish behind the header', () => changed((bytes) => bytes.fill(1, 32, 33)), /header is damaged/],
    ['bits beyond the disk', () => changed((bytes) => bytes.fill(0xff, 4096 + 2, 4096 + 3)), /beyond the end/],
    ['bits of clusters that it does not have', () => good.subarray(0, 8192 + 8 * CLUSTER), /truncated/],
    ['the bitmap without the part that says what it has', () => late.subarray(0, 4096 + 1), /truncated/],
    ['only a header', () => good.subarray(0, 4096), /truncated: 4096 of at least 8192 bytes/],
    ['a part of a header that looks whole', () => good.subarray(0, 512), /truncated: 512 of at least 8192 bytes/],
    ['zeroes beyond the place of the first cluster', () => new Uint8Array(8192 + 1), /not an overlay of tsvm/],
    ['zeroes with a byte among them', () => new Uint8Array(8192).fill(1, 8191), /not an overlay of tsvm/],
    ['only a header and a bitmap', () => good.subarray(0, 8192), /truncated/],
  ])('%s is refused as what it is', (_what, bytes, message) => {
    const error = refusal(bytes());
    expect(error).toMatchObject({ code: 'not-runnable', message: expect.stringMatching(message) });
    expect(error.message).toMatch(/^base\.cow: cannot be the overlay: /);
    expect(error.details.next).toBeTruthy();
  });

  it('an overlay of a disk of another size is refused with both sizes', () => {
    const { message } = refusal(good, 20 * CLUSTER);
    expect(message).toContain('42496 bytes');
    expect(message).toContain('base.img has 81920');
  });

  it('never crashes or reads outside, whatever its bytes are', () => {
    const next = random(17);
    for (let i = 0; i < 500; i++) {
      const bytes = good.slice(0, next() & 1 ? good.length : next() % good.length);
      for (let n = next() % 8; n > 0; n--) bytes[next() % (next() & 1 ? 40 : bytes.length)] = next();
      try {
        const { disk } = open(new CrashFile(bytes));
        expect(contents(disk)).toHaveLength(disk.size);
      } catch (error) {
        expect(error).toBeInstanceOf(TsvmError);
      }
    }
  });
});
