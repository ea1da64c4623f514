// ARM Linux kernels: where one goes, and what the first CPU starts with (Linux, Documentation/arm/booting; reference ARM.md 1 and 9).
// A zImage and a flat file go to RAM + 0x8000. A vmlinux is linked at 0xc0000000, which stands for the start of RAM. The initrd lies as high as it
// fits below 256 MiB of RAM, the device tree below it and above all that the kernel takes.
import type { GuestMemory } from '../memory/guest-memory.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import { type ElfImage, loadElf, requireMachine } from './elf.ts';
import { EM_ARM } from './elf-constants.ts';
import type { InitrdPlan } from './initrd.ts';
import type { KernelFile } from './kernel-image.ts';
import { type AddressRange, findFree } from './placement.ts';
import type { ZImage } from './zimage.ts';

/** From the start of RAM to the kernel; first-level tables lie right below it. */
const TEXT_OFFSET = 0x8000;
/** Where Linux maps the start of RAM, and so the link address that stands for it. */
const PAGE_OFFSET = 0xc000_0000;
/** e_flags: data big-endian, code little-endian (ELF for the ARM Architecture). Without it a big-endian file is BE-32, which ARMv7 has not. */
const EF_ARM_BE8 = 0x0080_0000;

/** What is sure to be mapped when the kernel first looks for initrd and device tree. */
const LOW_MEMORY = 0x1000_0000;
/** Room for the device tree, which the guest may fill up, and its alignment: it lies in one section of either page table format. */
export const FDT_AREA_SIZE = 0x1_0000;
const FDT_ALIGN = 0x20_0000;

/** Bytes left free behind a flat file, whose bss nobody knows. */
const FLAT_BSS = 0x10_0000;
/** Most that a zImage without a table of sizes unpacks to, against its own size. */
const MAX_RATIO = 4;
/** The decompressor's code, stack, bss and rounding, beside its heap and the zImage. */
const DECOMPRESSOR_SPACE = 0x2_0000;
const DECOMPRESSOR_HEAP = 0x1_0000;

/** The RAM that a kernel is loaded into, guest-physical; a zImage takes RAM to begin at a multiple of 128 MiB. */
export interface ArmRam {
  readonly base: number;
  /** Bytes. */
  readonly size: number;
}

export interface ArmKernel {
  /** Guest-physical; bit 0 set: Thumb. */
  readonly entry: number;
  /** Guest-physical memory that is the kernel's until it has booted, page tables and decompressor included. */
  readonly taken: readonly AddressRange[];
  /** First guest-physical address after all of it. */
  readonly highest: number;
}

/** Refuse an ELF that no ARMv7 runs. @throws TsvmError image-wrong-machine, image-bad-header */
function checkVmlinux(elf: ElfImage, board: string): void {
  requireMachine(elf, { board, machine: EM_ARM, class: 32 });
  if (elf.endianness === 'big' && (elf.flags & EF_ARM_BE8) === 0)
    throw new TsvmError(
      'image-wrong-machine',
      `this is a BE-32 program (e_flags ${hex(elf.flags)}); ${board} runs BE-8`,
      {
        next: 'link it with --be8',
      },
    );
  if ((elf.entry & 3) === 2)
    throw new TsvmError('image-bad-header', `the entry point ${hex(elf.entry)} is no address of an ARM instruction`, {
      next: 'link it with its entry symbol: -e SYMBOL or ENTRY(SYMBOL)',
    });
}

/**
 * Copy a kernel to its place. Nothing is written unless all that it takes is RAM.
 * @param board its name, for messages
 * @throws TsvmError image-wrong-machine, image-bad-header, image-outside-ram, image-too-large, image-overlap
 */
export function loadArmImage(image: KernelFile, memory: GuestMemory, ram: ArmRam, board: string): ArmKernel {
  if (image.kind === 'elf') {
    checkVmlinux(image.elf, board);
    return loadVmlinux(image.elf, memory, ram);
  }
  const entry = ram.base + TEXT_OFFSET;
  if (image.kind === 'zImage' && image.zImage.start !== 0 && image.zImage.start !== entry)
    throw new TsvmError(
      'image-outside-ram',
      `the zImage runs only at ${hex(image.zImage.start)}; this machine loads it at ${hex(entry)}`,
      { next: 'build the kernel without CONFIG_ZBOOT_ROM' },
    );
  const { length } = image.bytes;
  const highest = image.kind === 'zImage' ? ram.base + zImageReach(image.zImage, length) : entry + length + FLAT_BSS;
  if (!memory.contains(ram.base, entry + length - ram.base) || highest > ram.base + ram.size)
    throw new TsvmError(
      'image-too-large',
      `the ${image.kind === 'flat' ? 'kernel' : 'zImage'} (${length} bytes) takes RAM up to ${hex(highest)}; it ends at ` +
        hex(ram.base + ram.size),
      { next: 'give the guest more memory: -m SIZE' },
    );
  memory.write(entry, image.bytes);
  return { entry, taken: [{ start: ram.base, end: highest }], highest };
}

/**
 * Bytes from the start of RAM to the end of all that a zImage writes: the unpacked kernel with its bss; and, before that, the zImage that has
 * moved out of the kernel's way, with stack and heap.
 */
function zImageReach({ sizes }: ZImage, length: number): number {
  const { kernel, bss, textOffset, heap } = sizes ?? {
    kernel: MAX_RATIO * length,
    bss: FLAT_BSS,
    textOffset: TEXT_OFFSET,
    heap: DECOMPRESSOR_HEAP,
  };
  // The zImage moves only when it is in the way; where it was loaded may reach further.
  const unpacked = Math.max(textOffset + kernel, TEXT_OFFSET + length);
  return Math.max(unpacked + length + heap + DECOMPRESSOR_SPACE, textOffset + kernel + bss);
}

/**
 * A vmlinux by its physical addresses: from 0xc0000000 up they count from the start of RAM; below that (a program that is linked for the machine
 * itself) they are what they say.
 */
function loadVmlinux(elf: ElfImage, memory: GuestMemory, ram: ArmRam): ArmKernel {
  const lowest = Math.min(...elf.segments.map(({ paddr }) => paddr));
  const shift = lowest >= PAGE_OFFSET ? ram.base - PAGE_OFFSET : 0;
  const { loaded, highest } = loadElf(elf, memory, (_vaddr, paddr) => paddr + shift);
  // parseElf has found the entry in a segment.
  const home = elf.segments.find(({ vaddr, memsz }) => elf.entry >= vaddr && elf.entry < vaddr + memsz)!;
  return {
    entry: elf.entry - home.vaddr + home.paddr + shift,
    taken: [{ start: ram.base, end: ram.base + TEXT_OFFSET }, ...loaded],
    highest,
  };
}

/** Where boot/initrd.ts puts the initrd: as high as it fits, the device tree goes below it. */
export function armInitrdPlan({ taken, highest }: ArmKernel, ram: ArmRam): InitrdPlan {
  return { taken, from: highest, to: ram.base + Math.min(ram.size, LOW_MEMORY), where: 'high' };
}

/**
 * Write a device tree to the highest 2 MiB boundary above the kernel and below the initrd.
 * @param initrd where it lies; null when the guest has none
 * @returns the whole area, of which the blob is the beginning and the rest zero
 * @throws TsvmError image-too-large
 */
export function loadArmFdt(
  blob: Uint8Array,
  memory: GuestMemory,
  { ram, kernel, initrd }: { readonly ram: ArmRam; readonly kernel: ArmKernel; readonly initrd: AddressRange | null },
): AddressRange {
  if (blob.length > FDT_AREA_SIZE)
    throw new TsvmError('image-too-large', `the device tree has ${blob.length} bytes, its place ${FDT_AREA_SIZE}`, {
      next: 'give the guest fewer devices, or a shorter -p',
    });
  const { taken, from, to } = armInitrdPlan(kernel, ram);
  const limit = Math.min(to, initrd?.start ?? to);
  const area = findFree(memory, taken, { size: FDT_AREA_SIZE, align: FDT_ALIGN, from, to: limit, where: 'high' });
  if (!area)
    throw new TsvmError(
      'image-too-large',
      `the device tree has no place at a multiple of 2 MiB between the kernel's end at ${hex(from)} and ` +
        `${initrd ? 'the initrd' : 'the end of low RAM'} at ${hex(limit)}`,
      { next: `give the guest more memory (-m SIZE)${initrd ? ', or a smaller initrd' : ''}` },
    );
  memory.write(area.start, blob);
  memory.fill(area.start + blob.length, 0, FDT_AREA_SIZE - blob.length);
  return area;
}

/** The mode in which the kernel is entered: with the virtualization extensions in its hands, or as a guest of KVM. */
export type ArmBootMode = 'hyp' | 'svc';

// CPSR (ARM DDI 0406C, B1.3.3): mode, and asynchronous aborts, IRQ and FIQ masked.
const CPSR_MODE = { hyp: 0x1a, svc: 0x13 } as const;
const CPSR_T = 0x20;
const CPSR_AIF = 0x1c0;
/** "No machine number": the device tree tells. */
const NO_MACHINE = 0xffff_ffff;

export interface ArmEntryRegisters {
  readonly r0: number;
  readonly r1: number;
  readonly r2: number;
  readonly pc: number;
  readonly cpsr: number;
}

/** What the first CPU starts with; every other register is as reset leaves it, MMU and D-cache off. `fdt` is guest-physical. */
export function armEntryRegisters({ entry }: ArmKernel, fdt: number, mode: ArmBootMode): ArmEntryRegisters {
  const thumb = entry & 1;
  return {
    r0: 0,
    r1: NO_MACHINE,
    r2: fdt,
    pc: entry - thumb,
    cpsr: CPSR_MODE[mode] | CPSR_AIF | (thumb ? CPSR_T : 0),
  };
}
