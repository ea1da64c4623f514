import { describe, expect, it } from 'vitest';
import { loadElf, parseElf, requireMachine } from '../../../src/boot/elf.ts';
import { EM_ARM, EM_MIPS, PF_R, PF_W, PF_X } from '../../../src/boot/elf-constants.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { ksegPhysical, makeRam, readBytes, tePhysical } from '../../support/boot/guest-ram.ts';
import { type ElfSpec, makeElf } from '../../support/boot/make-elf.ts';

const classes = [32, 64] as const;
const orders = ['little', 'big'] as const;
const everyKind = classes.flatMap((elfClass) => orders.map((order) => [elfClass, order] as const));

function kernel(changes: Partial<ElfSpec> = {}): ElfSpec {
  return {
    class: 32,
    order: 'little',
    entry: 0x4010_0004n,
    segments: [
      { vaddr: 0x4010_0000n, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), flags: PF_R | PF_X },
      { vaddr: 0x4010_1000n, data: Uint8Array.of(9, 10), bss: 6, flags: PF_R | PF_W },
    ],
    symbols: [{ name: 'start', value: 0x4010_0004n, size: 4 }],
    ...changes,
  };
}

/** The TsvmError a promise or function ends in. */
async function refusal(attempt: () => unknown): Promise<TsvmError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof TsvmError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const parsing = (bytes: Uint8Array) => refusal(() => parseElf(bytes));

describe('parsing an ELF kernel', () => {
  it.each(everyKind)('reads headers, segments and symbols of ELF%d, %s-endian', async (elfClass, order) => {
    const { bytes } = makeElf(kernel({ class: elfClass, order }));
    const image = await parseElf(bytes);
    expect(image).toMatchObject({
      class: elfClass,
      endianness: order,
      machine: EM_MIPS,
      type: 2,
      entry: 0x4010_0004,
      flags: 0x7000_1001,
      sectionNames: ['', '.text', '.symtab', '.strtab', '.shstrtab'],
      segments: [
        { index: 0, vaddr: 0x4010_0000, paddr: 0x4010_0000, filesz: 8, memsz: 8, flags: 5 },
        { index: 1, vaddr: 0x4010_1000, paddr: 0x4010_1000, filesz: 2, memsz: 8, flags: 6 },
      ],
    });
    expect([...image.segments[0]!.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(image.symbols()).toEqual([{ name: 'start', value: 0x4010_0004, size: 4, type: 2, binding: 1, section: 1 }]);
  });

  it('leaves the file as it was', async () => {
    const { bytes } = makeElf(kernel({ class: 64 }));
    const before = bytes.slice();
    (await parseElf(bytes)).symbols();
    expect(bytes).toEqual(before);
  });

  it('reads a stripped file, and one inside a larger buffer', async () => {
    const { bytes } = makeElf(kernel({ stripped: true }));
    const larger = new Uint8Array(bytes.length + 100).fill(0xee);
    larger.set(bytes, 33);
    const image = await parseElf(larger.subarray(33, 33 + bytes.length));
    expect(image.sectionNames).toEqual([]);
    expect(image.symbols()).toEqual([]);
    expect([...image.segments[1]!.data]).toEqual([9, 10]);
  });

  it('keeps sign-extended MIPS64 addresses exact', async () => {
    const base = 0xffff_ffff_8001_0000n;
    const spec = kernel({ class: 64, order: 'big', entry: base + 4n });
    spec.segments = [{ vaddr: base, data: new Uint8Array(8) }];
    spec.symbols = [{ name: 'kernel_entry', value: base + 4n }];
    const image = await parseElf(makeElf(spec).bytes);
    expect(image.entry).toBe(-0x7fff_0000 + 4);
    expect(image.symbols()[0]!.value).toBe(-0x7fff_0000 + 4);
    const loaded = loadElf(image, makeRam(0x20000, 'big'), ksegPhysical);
    expect(loaded).toMatchObject({ lowest: 0x10000, highest: 0x10008 });
  });

  it('ignores segments that are not PT_LOAD or take no memory', async () => {
    const spec = kernel();
    spec.segments.push(
      { vaddr: 0n, data: Uint8Array.of(1), type: 4 },
      { vaddr: 0x4010_0000n, data: new Uint8Array(0) },
    );
    expect((await parseElf(makeElf(spec).bytes)).segments).toHaveLength(2);
  });
});

describe('refusing what is not a runnable ELF file', () => {
  const at = (offset: number, ...bytes: number[]) => {
    const file = new Uint8Array(1024).fill(0x80);
    file.set(bytes, offset);
    return file;
  };
  it.each([
    ['an empty file', new Uint8Array(0), /empty/],
    ['gzip', at(0, 0x1f, 0x8b, 8), /gzip/],
    ['xz', at(0, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), /xz/],
    [
      'an ARM64 Image with an EFI stub',
      (() => {
        const image = at(56, 0x41, 0x52, 0x4d, 0x64);
        image.set([0x4d, 0x5a]);
        return image;
      })(),
      /AArch64 Linux Image/,
    ],
    ['an ARM zImage', at(0x24, 0x18, 0x28, 0x6f, 0x01), /zImage/],
    ['an x86 bzImage', at(0x202, 0x48, 0x64, 0x72, 0x53), /bzImage/],
    ['a uImage', at(0, 0x27, 0x05, 0x19, 0x56), /uImage/],
    ['a script', new TextEncoder().encode('#!/bin/sh\n'), /a script/],
    ['a text file', new TextEncoder().encode('hello\n'), /text/],
    ['noise', at(0, 0, 1, 2), /none of the formats/],
  ])('says what %s is', async (_what, bytes, words) => {
    const error = await parsing(bytes);
    expect(error.code).toBe('not-runnable');
    expect(error.message).toMatch(words);
    expect(error.details.next).toBeTruthy();
  });

  it.each([
    ['a relocatable object', kernel({ type: 1 }), 'not-runnable', /relocatable/],
    ['a core dump', kernel({ type: 4 }), 'not-runnable', /core dump/],
    ['an unknown type', kernel({ type: 9 }), 'image-bad-header', /offset 0x10/],
    ['a file with nothing to load', kernel({ segments: [] }), 'not-runnable', /PT_LOAD/],
  ])('refuses %s', async (_what, spec, code, words) => {
    const error = await parsing(makeElf(spec).bytes);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });

  it('refuses a program that wants an operating system', async () => {
    const spec = kernel();
    spec.segments.push({ vaddr: 0x4010_2000n, data: new TextEncoder().encode('/lib/ld.so.1\0'), type: 3 });
    expect(await parsing(makeElf(spec).bytes)).toMatchObject({ code: 'not-runnable' });
  });
});

describe.each(everyKind)('refusing damaged headers of ELF%d, %s-endian', (elfClass, order) => {
  const elf = makeElf(kernel({ class: elfClass, order }));
  const huge = elfClass === 64 ? (1n << 64n) - 1n : 0xffff_ffffn;

  it.each([
    ['e_phoff', huge, 'image-truncated'],
    ['e_shoff', huge, 'image-truncated'],
    ['e_phentsize', 31n, 'image-bad-header'],
    ['e_shentsize', 0n, 'image-bad-header'],
    ['e_phnum', 0xffffn, 'image-bad-header'],
    ['e_shnum', 0xffffn, 'image-bad-header'],
    ['e_shnum', 0xff0n, 'image-truncated'],
    ['e_shstrndx', 5n, 'image-bad-header'],
    ['e_entry', 0x4010_0008n, 'image-bad-header'],
    ['p0_offset', huge, 'image-truncated'],
    ['p0_filesz', 9n, 'image-bad-header'],
    ['p1_memsz', huge, 'image-bad-header'],
    ['p1_vaddr', 0x4010_0007n, 'image-overlap'],
    ['sh1_name', huge & 0xffff_ffffn, 'image-bad-header'],
    ['sh4_offset', huge, 'image-truncated'],
    ['sh4_size', huge, 'image-truncated'],
  ])('%s = %d is %s', async (field, value, code) => {
    const error = await parsing(elf.with(field, value));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/0x[0-9a-f]|\d/);
    expect(error.details.next).toBeTruthy();
  });

  it('every cut of the file is refused', async () => {
    for (let length = 4; length < elf.bytes.length; length++)
      expect((await parsing(elf.bytes.slice(0, length))).code).toBe('image-truncated');
  });

  it.each([
    [4, 3],
    [5, 0],
    [6, 2],
  ])('e_ident[%d] = %d is refused', async (at, value) => {
    const bytes = elf.bytes.slice();
    bytes[at] = value;
    const error = await parsing(bytes);
    expect(error.code).toBe('image-bad-header');
    expect(error.message).toContain(`0x${at}`);
  });

  it.each([
    ['sh2_entsize', 1n],
    ['sh2_offset', huge],
    ['sh2_size', huge],
    ['sh2_link', 77n],
    ['sh2_link', 1n],
    ['sh3_size', 2n],
    ['st0_name', 0xffff_fff0n],
  ])('symbols with %s = %d are refused, the kernel is not', async (field, value) => {
    const image = await parseElf(elf.with(field, value));
    expect(await refusal(() => image.symbols())).toMatchObject({ code: 'symbols-bad' });
  });
});

describe('ELF64 numbers beyond what any machine has', () => {
  const elf = makeElf(kernel({ class: 64 }));
  it.each([
    ['p1_vaddr', 0x9000_0000_0000_1234n, 'image-outside-ram', '0x9000000000001234'],
    ['p1_memsz', 1n << 60n, 'image-too-large', '0x1000000000000000'],
    ['e_entry', 1n << 62n, 'image-outside-ram', '0x4000000000000000'],
  ])('%s = %d is %s', async (field, value, code, shown) => {
    const error = await parsing(elf.with(field, value));
    expect(error.code).toBe(code);
    expect(error.message).toContain(shown);
  });

  it('a file offset that wraps round 2^64 is truncation', async () => {
    expect(await parsing(elf.with('p0_offset', (1n << 64n) - 4n))).toMatchObject({ code: 'image-truncated' });
  });
});

describe('loading a kernel', () => {
  it.each(everyKind)('copies segments and zeroes bss, ELF%d %s-endian', async (elfClass, order) => {
    const memory = makeRam(0x20_0000, order);
    memory.fill(0x10_0000, 0xff, 0x2000);
    const image = await parseElf(makeElf(kernel({ class: elfClass, order })).bytes);
    expect(loadElf(image, memory, tePhysical)).toEqual({
      entry: 0x4010_0004,
      loaded: [
        { start: 0x10_0000, end: 0x10_0008 },
        { start: 0x10_1000, end: 0x10_1008 },
      ],
      lowest: 0x10_0000,
      highest: 0x10_1008,
    });
    expect(readBytes(memory, 0x10_0000, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0xff]);
    expect(readBytes(memory, 0x10_0fff, 10)).toEqual([0xff, 9, 10, 0, 0, 0, 0, 0, 0, 0xff]);
  });

  it('can place by physical address, as before an MMU is on', async () => {
    const spec = kernel({ order: 'big', machine: 20, entry: 0xc000_0000n });
    spec.segments = [{ vaddr: 0xc000_0000n, paddr: 0n, data: Uint8Array.of(7, 8) }];
    const memory = makeRam(0x1000, 'big');
    const loaded = loadElf(await parseElf(makeElf(spec).bytes), memory, (_vaddr, paddr) => paddr);
    expect(loaded).toMatchObject({ entry: 0xc000_0000, lowest: 0, highest: 2 });
    expect(readBytes(memory, 0, 2)).toEqual([7, 8]);
  });

  const loading = async (spec: ElfSpec, ram: number, toPhysical = tePhysical) => {
    const image = await parseElf(makeElf(spec).bytes);
    const memory = makeRam(ram);
    const error = await refusal(() => loadElf(image, memory, toPhysical));
    for (let page = 0; page < ram; page += 4096)
      expect(memory.isZeroPage(page), 'a refused image is not half loaded').toBe(true);
    return error;
  };

  it('refuses a segment at an address the machine does not map', async () => {
    const error = await loading(kernel(), 0x20_0000, ksegPhysical);
    expect(error).toMatchObject({ code: 'image-outside-ram' });
    expect(error.message).toContain('0x40100000');
  });

  it('refuses a segment above RAM, and one that RAM is too small for', async () => {
    expect(await loading(kernel(), 0x8_0000)).toMatchObject({ code: 'image-outside-ram' });
    const spec = kernel();
    spec.segments[1]!.bss = 0x7fff_0000 - 0x4010_1000;
    const error = await loading(spec, 0x20_0000);
    expect(error.code).toBe('image-too-large');
    expect(error.message).toContain('0x00000000-0x00200000');
  });

  it('refuses two link addresses that are one place in RAM', async () => {
    const spec = kernel({ entry: 0x8000_1000n });
    spec.segments = [0x8000_1000n, 0xa000_1004n].map((vaddr) => ({ vaddr, data: new Uint8Array(8).fill(1) }));
    const error = await loading(spec, 0x4000, ksegPhysical);
    expect(error.code).toBe('image-overlap');
    expect(error.message).toContain('physical');
  });

  it('says which machine a kernel is for', async () => {
    const image = await parseElf(makeElf(kernel({ machine: EM_ARM })).bytes);
    const wanted = { board: 'mips-paravirt', machine: EM_MIPS, class: 32 } as const;
    expect(await refusal(() => requireMachine(image, wanted))).toMatchObject({
      code: 'image-wrong-machine',
      message: 'this is ELF32 ARM little-endian; mips-paravirt runs ELF32 MIPS',
    });
    const mips = await parseElf(makeElf(kernel()).bytes);
    requireMachine(mips, wanted);
    expect(await refusal(() => requireMachine(mips, { ...wanted, endianness: 'big' }))).toMatchObject({
      code: 'image-wrong-machine',
    });
  });
});
