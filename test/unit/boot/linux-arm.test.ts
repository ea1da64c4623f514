import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EM_ARM } from '../../../src/boot/elf-constants.ts';
import { loadInitrd } from '../../../src/boot/initrd.ts';
import { parseKernel, unpackKernel } from '../../../src/boot/kernel-image.ts';
import {
  type ArmKernel,
  armEntryRegisters,
  armInitrdPlan,
  FDT_AREA_SIZE,
  loadArmFdt,
  loadArmImage,
} from '../../../src/boot/linux-arm.ts';
import type { AddressRange } from '../../../src/boot/placement.ts';
import { gunzip } from '../../../src/host/gunzip.ts';
import type { GuestMemory } from '../../../src/memory/guest-memory.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { makeRam, readBytes } from '../../support/boot/guest-ram.ts';
import { type ElfSpec, makeElf } from '../../support/boot/make-elf.ts';
import { makeZImage } from '../../support/boot/make-zimage.ts';
import { Random } from '../../support/boot/random.ts';

const MIB = 0x10_0000;
const BASE = 0x8000_0000;
const BOARD = 'arm-virt';
/** An ARM instruction that is no format's magic: mov r0, r0. */
const flatFile = (length: number) => Uint8Array.from({ length }, (_, i) => [0, 0, 0xa0, 0xe1][i & 3]!);
const parse = (bytes: Uint8Array) => parseKernel(bytes, ['elf', 'zImage', 'flat']);
const ramOf = (size: number) => ({ base: BASE, size });

async function load(bytes: Uint8Array, size = 64 * MIB): Promise<{ kernel: ArmKernel; memory: GuestMemory }> {
  const memory = makeRam(size, 'little', BASE);
  return { kernel: loadArmImage(await parse(bytes), memory, ramOf(size), BOARD), memory };
}

/** A kernel laid out as Linux's: text, a template of the vectors whose virtual address is far away, data with bss. */
const linux = (changes: Partial<ElfSpec> = {}): Uint8Array =>
  makeElf({
    class: 32,
    order: 'little',
    machine: EM_ARM,
    flags: 0x0500_0200,
    entry: 0xc000_8000n,
    segments: [
      { vaddr: 0xc000_8000n, data: flatFile(0x100) },
      { vaddr: 0xffff_0000n, paddr: 0xc000_9000n, data: Uint8Array.of(1, 2, 3, 4) },
      { vaddr: 0xc000_a000n, data: Uint8Array.of(5, 6), bss: 0x1ffe },
    ],
    ...changes,
  }).bytes;

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a vmlinux', () => {
  it('is moved from 0xc0000000 to the start of RAM by its physical addresses', async () => {
    const { kernel, memory } = await load(linux());
    expect(kernel.entry).toBe(BASE + 0x8000);
    expect(readBytes(memory, BASE + 0x8000, 4)).toEqual([0, 0, 0xa0, 0xe1]);
    expect(readBytes(memory, BASE + 0x9000, 4)).toEqual([1, 2, 3, 4]);
    expect(kernel.highest).toBe(BASE + 0xc000);
    // Its first-level tables lie below it.
    expect(kernel.taken[0]).toEqual({ start: BASE, end: BASE + 0x8000 });
  });

  it('has its entry in the segment that holds it, not at the lowest address', async () => {
    const segments = [
      { vaddr: 0xffff_0000n, paddr: 0xc010_0000n, data: flatFile(0x40) },
      { vaddr: 0xc000_8000n, data: flatFile(0x40) },
    ];
    expect((await load(linux({ entry: 0xffff_0020n, segments }))).kernel.entry).toBe(BASE + 0x10_0020);
  });

  it('that is linked for the machine itself stays where it is', async () => {
    const segments = [{ vaddr: 0x8010_0000n, data: flatFile(16) }];
    const { kernel, memory } = await load(linux({ entry: 0x8010_0004n, segments }));
    expect(kernel).toMatchObject({ entry: 0x8010_0004, highest: 0x8010_0010 });
    expect(readBytes(memory, 0x8010_0002, 2)).toEqual([0xa0, 0xe1]);
  });

  it('of another PAGE_OFFSET that is no RAM here is refused', async () => {
    const segments = [{ vaddr: 0x4000_8000n, data: flatFile(16) }];
    await expect(load(linux({ entry: 0x4000_8000n, segments }))).rejects.toThrow(
      refused('image-outside-ram', /0x40008000 is outside RAM/),
    );
  });

  it('that is larger than RAM is refused', async () => {
    const segments = [{ vaddr: 0xc000_8000n, data: flatFile(16), bss: 4 * MIB }];
    await expect(load(linux({ segments }), 4 * MIB)).rejects.toThrow(refused('image-too-large', /do not fit in RAM/));
  });

  it('that is no ARM program is refused', async () => {
    await expect(load(linux({ machine: 8 }))).rejects.toThrow(refused('image-wrong-machine', /MIPS/));
    await expect(load(linux({ class: 64 }))).rejects.toThrow(refused('image-wrong-machine', /ELF64/));
  });

  it('is BE-8 when it is big-endian', async () => {
    await expect(load(linux({ order: 'big' }))).rejects.toThrow(refused('image-wrong-machine', /BE-32/));
    expect((await load(linux({ order: 'big', flags: 0x0580_0200 }))).kernel.entry).toBe(BASE + 0x8000);
  });

  it('enters ARM or Thumb code, and nothing between', async () => {
    const thumb = (await load(linux({ entry: 0xc000_8005n }))).kernel;
    expect(armEntryRegisters(thumb, 0, 'svc')).toMatchObject({ pc: BASE + 0x8004, cpsr: 0x1f3 });
    await expect(load(linux({ entry: 0xc000_8002n }))).rejects.toThrow(refused('image-bad-header', /0xc0008002/));
  });
});

describe('a zImage', () => {
  const sizes = { kernel: 5 * MIB, bss: 3 * MIB, textOffset: 0x8000, heap: 0x1_0000 };

  it('goes to RAM + 0x8000, with what is appended to it', async () => {
    const bytes = makeZImage({ length: 0x1000, end: 0xf00, sizes });
    const { kernel, memory } = await load(bytes);
    expect(kernel.entry).toBe(BASE + 0x8000);
    expect(readBytes(memory, BASE + 0x8000, 0x1000)).toEqual([...bytes]);
  });

  it('takes RAM for the unpacked kernel and its bss', async () => {
    const { kernel } = await load(makeZImage({ length: 0x1000, sizes }));
    expect(kernel.highest).toBe(BASE + 0x8000 + 8 * MIB);
    expect(kernel.taken).toEqual([{ start: BASE, end: kernel.highest }]);
  });

  it('takes RAM for itself behind the kernel, where it moves to unpack', async () => {
    const { kernel } = await load(makeZImage({ length: 2 * MIB, sizes: { ...sizes, bss: 0x1000 } }));
    const unpacked = BASE + 0x8000 + 5 * MIB;
    expect(kernel.highest).toBeGreaterThanOrEqual(unpacked + 2 * MIB + 0x1_0000);
    expect(kernel.highest).toBeLessThan(unpacked + 2 * MIB + 0x8_0000);
  });

  it('that does not tell its sizes takes five times its own', async () => {
    const { kernel } = await load(makeZImage({ length: 2 * MIB }));
    expect(kernel.highest).toBeGreaterThanOrEqual(BASE + 10 * MIB);
    expect(kernel.highest).toBeLessThan(BASE + 11 * MIB);
  });

  it('whose kernel is larger than RAM is refused, and nothing is written', async () => {
    const memory = makeRam(8 * MIB, 'little', BASE);
    const image = await parse(makeZImage({ length: 0x1000, sizes: { ...sizes, kernel: 0xffff_fff0 } }));
    expect(() => loadArmImage(image, memory, ramOf(8 * MIB), BOARD)).toThrow(
      refused('image-too-large', /the zImage \(4096/),
    );
    expect(readBytes(memory, BASE + 0x8000, 4)).toEqual([0, 0, 0, 0]);
  });

  it('that is linked to a place of its own runs only there', async () => {
    expect((await load(makeZImage({ length: 0x1000, start: BASE + 0x8000 }))).kernel.entry).toBe(BASE + 0x8000);
    await expect(load(makeZImage({ length: 0x1000, start: 0x6001_0000 }))).rejects.toThrow(
      refused('image-outside-ram', /only at 0x60010000/),
    );
  });
});

describe('a flat file', () => {
  it('goes to RAM + 0x8000, with room for a bss', async () => {
    const { kernel, memory } = await load(flatFile(0x2000), 4 * MIB);
    expect(kernel).toMatchObject({ entry: BASE + 0x8000, highest: BASE + 0xa000 + MIB });
    expect(readBytes(memory, BASE + 0x9ffc, 5)).toEqual([0, 0, 0xa0, 0xe1, 0]);
  });

  it('may be as short as one branch to itself', async () => {
    const { memory } = await load(Uint8Array.of(0xfe, 0xff, 0xff, 0xea));
    expect(readBytes(memory, BASE + 0x8000, 4)).toEqual([0xfe, 0xff, 0xff, 0xea]);
  });

  it.each([
    ['a text file', new TextEncoder().encode('hello, wörld\n'), 'not-runnable', /a text file/],
    ['an empty file', new Uint8Array(0), 'not-runnable', /an empty file/],
    [
      'an AArch64 Image',
      Uint8Array.from({ length: 64 }, (_, i) => (i < 56 ? 0 : 'ARM\x64'.charCodeAt(i - 56) || 0)),
      'not-runnable',
      /AArch64/,
    ],
    ['half an instruction', Uint8Array.of(0xa0, 0xe1), 'image-truncated', /no instruction/],
    ['what RAM does not hold', flatFile(4 * MIB), 'image-too-large', /the kernel \(4194304 bytes\)/],
  ])('is not %s', async (_what, bytes, code, message) => {
    await expect(load(bytes, 4 * MIB)).rejects.toThrow(refused(code, message));
  });
});

describe('device tree and initrd', () => {
  /** Everything in its place, as a board does it. */
  async function place(kernelBytes: Uint8Array, initrdSize: number | null, size: number, fdtSize = 0x1234) {
    const { kernel, memory } = await load(kernelBytes, size);
    const ram = ramOf(size);
    const initrd =
      initrdSize === null
        ? null
        : loadInitrd(new Uint8Array(initrdSize).fill(0x17), memory, armInitrdPlan(kernel, ram));
    const fdt = loadArmFdt(new Uint8Array(fdtSize).fill(0xfd), memory, { ram, kernel, initrd });
    return { kernel, memory, initrd, fdt };
  }
  const apart = (ranges: readonly AddressRange[]) =>
    [...ranges].sort((a, b) => a.start - b.start).every(({ start }, i, all) => i === 0 || all[i - 1]!.end <= start);

  it('lie as high as they fit in RAM, the tree at 2 MiB below the initrd', async () => {
    const { initrd, fdt } = await place(linux(), 0x12345, 64 * MIB);
    expect(initrd).toEqual({ start: BASE + 64 * MIB - 0x2_0000, end: BASE + 64 * MIB - 0x2_0000 + 0x12345 });
    expect(fdt).toEqual({ start: BASE + 62 * MIB, end: BASE + 62 * MIB + FDT_AREA_SIZE });
  });

  it('stay below 256 MiB of RAM', async () => {
    const { initrd, fdt } = await place(linux(), 3 * MIB, 320 * MIB);
    expect(initrd).toEqual({ start: BASE + 253 * MIB, end: BASE + 256 * MIB });
    expect(fdt.start).toBe(BASE + 252 * MIB);
    expect((await place(linux(), null, 320 * MIB)).fdt.start).toBe(BASE + 254 * MIB);
  });

  it('the tree is followed by zeros to the end of its area', async () => {
    const { kernel, memory } = await load(linux(), 8 * MIB);
    memory.fill(BASE + 6 * MIB, 0xee, 2 * MIB);
    const fdt = loadArmFdt(new Uint8Array(0x1234).fill(0xfd), memory, { ram: ramOf(8 * MIB), kernel, initrd: null });
    expect(readBytes(memory, fdt.start + 0x1232, 4)).toEqual([0xfd, 0xfd, 0, 0]);
    expect(readBytes(memory, fdt.end - 1, 2)).toEqual([0, 0xee]);
  });

  it('the smallest RAM has the kernel in its first 2 MiB and the tree in the next', async () => {
    expect((await place(linux(), null, 2 * MIB + FDT_AREA_SIZE)).fdt.start).toBe(BASE + 2 * MIB);
    await expect(place(linux(), null, 2 * MIB)).rejects.toThrow(
      refused('image-too-large', /between the kernel's end at 0x8000c000 and the end of low RAM at 0x80200000/),
    );
  });

  it('an initrd that leaves no place for the tree is named', async () => {
    await expect(place(linux(), 6 * MIB, 8 * MIB)).rejects.toThrow(
      refused('image-too-large', /and the initrd at 0x80200000/),
    );
    expect((await place(linux(), 6 * MIB - FDT_AREA_SIZE, 8 * MIB)).fdt.start).toBe(BASE + 2 * MIB);
  });

  it('a tree larger than its area is refused', async () => {
    await expect(place(linux(), null, 8 * MIB, FDT_AREA_SIZE + 1)).rejects.toThrow(refused('image-too-large', /65537/));
    expect((await place(linux(), null, 8 * MIB, FDT_AREA_SIZE)).fdt.start).toBe(BASE + 6 * MIB);
  });

  it('nothing overlaps, whatever the sizes', async () => {
    const random = new Random(7);
    let placed = 0;
    for (let i = 0; i < 60; i++) {
      const length = 0x200 + random.below(MIB);
      const sizes = { kernel: random.below(6 * MIB), bss: random.below(2 * MIB), textOffset: 0x8000, heap: 0x1_0000 };
      const bytes = random.pick([flatFile(length), makeZImage({ length }), makeZImage({ length, sizes })]);
      const size = (3 + random.below(13)) * MIB;
      try {
        const { kernel, initrd, fdt } = await place(bytes, 1 + random.below(5 * MIB), size);
        expect(apart([...kernel.taken, initrd!, fdt])).toBe(true);
        expect(Math.max(initrd!.end, fdt.end)).toBeLessThanOrEqual(BASE + size);
        expect(fdt.end).toBeLessThanOrEqual(initrd!.start);
        placed++;
      } catch (error) {
        if (!(error instanceof TsvmError)) throw error;
        expect(error.code).toBe('image-too-large');
      }
    }
    expect(placed).toBeGreaterThan(15);
  });
});

it.each([
  ['hyp', 0x1da],
  ['svc', 0x1d3],
] as const)('entered in %s, the kernel finds a device tree and no interrupts', (mode, cpsr) => {
  const kernel: ArmKernel = { entry: BASE + 0x8000, taken: [], highest: BASE + 0x9000 };
  expect(armEntryRegisters(kernel, 0x83e0_0000, mode)).toEqual({
    r0: 0,
    r1: 0xffff_ffff,
    r2: 0x83e0_0000,
    pc: BASE + 0x8000,
    cpsr,
  });
});

it('500 damaged kernels load or are refused by name', async () => {
  const random = new Random(21);
  const sizes = { kernel: 0x8000, bss: 0x1000, textOffset: 0x8000, heap: 0x1000 };
  const seeds = [linux(), makeZImage({ length: 0x400, sizes }), flatFile(0x400)];
  const results = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const bytes = random.pick(seeds).slice();
    for (let n = 1 + random.below(3); n > 0; n--)
      bytes[random.below(Math.min(bytes.length, 0x150))] = random.pick([0, 0x80, 0xff, random.below(256)]);
    try {
      const { kernel } = await load(bytes, 2 * MIB);
      expect(kernel.highest).toBeLessThanOrEqual(BASE + 2 * MIB);
      results.add('loaded');
    } catch (error) {
      if (!(error instanceof TsvmError)) throw error;
      results.add(error.code);
    }
  }
  expect(results).toContain('loaded');
  expect(results).toContain('image-truncated');
  expect(results).not.toContain('internal');
});

/** Kernels that a developer's machine has beside the project; the project stands without them. */
const guests = resolve(import.meta.dirname, '../../../../shared/guests');
const here = existsSync(resolve(guests, 'armv7-lpae.zImage'));
if (!here) console.warn(`skipped: the real ARM kernels, for ${guests} is not there`);
describe.runIf(here)('Linux 5.10 for ARMv7 with LPAE', () => {
  it('vmlinux: entry and end of bss as in its System.map', async () => {
    const { bytes } = await unpackKernel(readFileSync(resolve(guests, 'armv7-lpae.vmlinux.xz')), gunzip);
    const { kernel, memory } = await load(bytes);
    expect(kernel).toMatchObject({ entry: BASE + 0x8000, highest: BASE + 0x4b_61e4 });
    // The vectors' template, linked at 0xffff0000, follows the unwind tables.
    expect(readBytes(memory, BASE + 0x43_5000, 4)).not.toEqual([0, 0, 0, 0]);
  });

  it('zImage: the sizes in its table are those of the vmlinux', async () => {
    const bytes = readFileSync(resolve(guests, 'armv7-lpae.zImage'));
    const image = await parse(bytes);
    expect(image).toMatchObject({
      kind: 'zImage',
      zImage: {
        endianness: 'little',
        start: 0,
        sizes: { kernel: 0x49_1cc0, bss: 0x1_c524, textOffset: 0x8000, heap: 0x1_0000 },
      },
    });
    const { kernel } = await load(bytes);
    expect(kernel.highest).toBeGreaterThan(BASE + 0x4b_61e4 + bytes.length);
  });
});
