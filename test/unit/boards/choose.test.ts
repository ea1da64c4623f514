import { describe, expect, it } from 'vitest';
import { chooseBoard, chooseTransport } from '../../../src/boards/choose.ts';
import { BOARDS } from '../../../src/boards/index.ts';
import { malta } from '../../../src/boards/malta.ts';
import { mipsParavirt } from '../../../src/boards/mips-paravirt.ts';
import { parseElf } from '../../../src/boot/elf.ts';
import type { KernelFile } from '../../../src/boot/kernel-image.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { type ElfSpec, makeElf } from '../../support/boot/make-elf.ts';

const EM_PPC = 20;

async function choose(change: Partial<ElfSpec> = {}, machine: string | null = null, boot: 'svc' | null = null) {
  const entry = change.entry ?? 0x40100000n;
  const { bytes } = makeElf({
    class: 32,
    order: 'little',
    machine: 8,
    flags: 0x70001001,
    entry,
    segments: [{ vaddr: entry, data: new Uint8Array(16) }],
    ...change,
  });
  const image = await parseElf(bytes);
  try {
    return chooseBoard(BOARDS, { kind: 'elf', elf: image }, { machine, boot }).board.name;
  } catch (error) {
    if (error instanceof TsvmError) return error;
    throw error;
  }
}

describe('the board for an image', () => {
  it('is chosen by the ELF', async () => {
    expect(await choose()).toBe('mips-paravirt');
    expect(await choose({ order: 'big' })).toBe('mips-paravirt');
    expect(await choose({ flags: 0x50001000 })).toBe('mips-paravirt');
  });

  it('is malta for ordinary kernels, and for trap-and-emulate ones that carry its device tree', async () => {
    expect(await choose({ entry: 0x80100000n })).toBe('malta');
    const data = new TextEncoder().encode('\0\0mmti,mti,malta\0MIPS Malta\0');
    expect(await choose({ segments: [{ vaddr: 0x40100000n, data }] })).toBe('malta');
  });

  it('can be named', async () => {
    expect(await choose({}, 'mips-paravirt')).toBe('mips-paravirt');
    expect(await choose({}, 'malta')).toBe('malta');
  });

  it.each([
    ['another CPU', { machine: EM_PPC }, null, 'not-runnable', 'PowerPC'],
    ['another class', { class: 64, entry: 0x40100000n } as const, null, 'not-runnable', 'ELF64'],
    ['MIPS64 code', { flags: 0x80000000 }, null, 'not-runnable', 'e_flags 0x80000000'],
    ['an ordinary kernel at 0x80100000', { entry: 0x80100000n }, 'mips-paravirt', 'not-runnable', '0x80100000'],
    ['a user program at 0x00400000', { entry: 0x400000n }, 'mips-paravirt', 'not-runnable', '0x00400000'],
    ['another CPU than the named machine has', { machine: EM_PPC }, 'mips-paravirt', 'image-wrong-machine', 'PowerPC'],
    ['a machine that does not exist', {}, 'pdp11', 'usage', 'pdp11'],
  ])('is refused for %s', async (_what, change, machine, code, named) => {
    const refusal = await choose(change, machine);
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(named) });
    const { message, details } = refusal as TsvmError;
    expect(`${message} ${details.next}`).toContain('mips-paravirt');
  });
});

describe('the transport of virtio devices', () => {
  const image = async (text: string): Promise<KernelFile> => ({
    kind: 'elf',
    elf: await parseElf(
      makeElf({
        class: 32,
        order: 'little',
        machine: 8,
        flags: 0x70001001,
        entry: 0x80100000n,
        segments: [{ vaddr: 0x80100000n, data: new TextEncoder().encode(text) }],
      }).bytes,
    ),
  });

  it('is the first of the board for a kernel that cannot be looked into', async () => {
    expect(chooseTransport(malta, await image('compressed'), null)).toBe('pci');
    expect(chooseTransport(mipsParavirt, await image('compressed'), null)).toBe('mmio');
  });

  it('is what the kernel has a driver for, PCI when it has both', async () => {
    expect(chooseTransport(malta, await image('..virtio_mmio.device..'), null)).toBe('mmio');
    expect(chooseTransport(malta, await image('..virtio_mmio.device..virtio-pci..'), null)).toBe('pci');
  });

  it('is what was asked for, when the board has it', async () => {
    expect(chooseTransport(malta, await image('virtio-pci'), 'mmio')).toBe('mmio');
    const elf = await image('none');
    expect(() => chooseTransport(mipsParavirt, elf, 'pci')).toThrow('mips-paravirt has none');
  });
});
