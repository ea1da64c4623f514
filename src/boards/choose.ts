// Which board runs a kernel: the file decides, or `--machine` does and the file must fit.
import { type ElfImage, requireMachine } from '../boot/elf.ts';
import { machineName } from '../boot/elf-constants.ts';
import { type KernelFile, type KernelFormat, piecesOf } from '../boot/kernel-image.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { Board, BoardImage, BootMode, VirtioTransportName } from './board.ts';

export interface Choice {
  readonly board: Board;
  /** As which of the board's images. */
  readonly as: BoardImage;
}

/** What the user said about the machine; null: nothing. */
export interface Wanted {
  /** Its name. */
  readonly machine: string | null;
  readonly boot: BootMode | null;
}

/** The formats in which a kernel may come: those of the named machine, else those that tell their machine. */
export function kernelFormats(boards: readonly Board[], machine: string | null): readonly KernelFormat[] {
  const named = boards.find(({ name }) => name === machine);
  return named ? named.formats : boards.flatMap(({ formats }) => formats).filter((format) => format !== 'flat');
}

/**
 * The board for `kernel`: the one that is asked for; else the first that runs it and finds its mark in it, or has none.
 * @throws TsvmError usage (no such machine, or it has no such way to boot), image-wrong-machine, not-runnable
 */
export function chooseBoard(boards: readonly Board[], kernel: KernelFile, wanted: Wanted): Choice {
  const { board, as } = boardFor(boards, kernel, wanted.machine);
  if (wanted.boot === null) return { board, as };
  const asked = board.images.find(({ boot }) => boot === wanted.boot);
  if (!asked)
    throw new TsvmError('usage', `--boot ${wanted.boot}: ${board.name} has no such mode`, {
      next: 'leave it out, or choose another --machine',
    });
  return { board, as: asked };
}

function boardFor(boards: readonly Board[], kernel: KernelFile, name: string | null): Choice {
  if (name !== null) {
    const board = boards.find((candidate) => candidate.name === name);
    if (!board)
      throw new TsvmError('usage', `--machine ${name}: there is no such machine`, {
        next: `one of ${boards.map((candidate) => candidate.name).join(', ')} (see \`tsvm machines\`)`,
      });
    return kernel.kind === 'elf' ? fitting(board, kernel.elf) : firstOf(board, kernel);
  }
  if (kernel.kind !== 'elf') {
    const board = boards.find(({ formats }) => formats.includes(kernel.kind));
    if (!board) throw new TsvmError('not-runnable', `no machine here runs a ${kernel.kind}`);
    return firstOf(board, kernel);
  }
  const image = kernel.elf;
  const choices = boards.flatMap((board) => board.images.map((as): Choice => ({ board, as })));
  const sameCpu = choices.filter(({ as }) => image.machine === as.machine && image.class === as.class);
  if (sameCpu.length === 0)
    throw new TsvmError(
      'not-runnable',
      `no machine here runs ELF${image.class} ${machineName(image.machine)} ${image.endianness}-endian`,
      { next: `tsvm runs: ${describeAll(choices)}` },
    );
  const fit = sameCpu.filter((choice) => whyNot(choice, image) === undefined);
  return (
    fit.find(({ as }) => as.mark !== undefined && hasText(kernel, as.mark)) ??
    fit.find(({ as }) => as.mark === undefined) ??
    refuse(sameCpu, image)
  );
}

/** A board takes a file of such a format as its first image. */
function firstOf(board: Board, { kind }: KernelFile): Choice {
  const [as] = board.images;
  if (!as || !board.formats.includes(kind))
    throw new TsvmError('internal', `board ${board.name} was handed a ${kind}, which it does not load`);
  return { board, as };
}

/** Linux built with VIRTIO_MMIO_CMDLINE_DEVICES takes this word, and Linux with virtio on PCI has a driver of this name. */
const LINUX_MMIO_WORD = 'virtio_mmio.device';
const LINUX_PCI_DRIVER = 'virtio-pci';

/**
 * What virtio devices are put on: what was asked for, else what a kernel that can be looked into has a driver for, else the board's first.
 * @throws TsvmError usage (the board does not have it)
 */
export function chooseTransport(
  board: Board,
  kernel: KernelFile,
  wanted: VirtioTransportName | null,
): VirtioTransportName {
  const { transports } = board;
  if (wanted !== null && !transports.includes(wanted))
    throw new TsvmError('usage', `--virtio-transport ${wanted}: ${board.name} has none`, {
      next: `one of ${transports.join(', ')}`,
    });
  if (wanted !== null) return wanted;
  const onlyMmio =
    transports.includes('mmio') && !hasText(kernel, LINUX_PCI_DRIVER) && hasText(kernel, LINUX_MMIO_WORD);
  return onlyMmio ? 'mmio' : transports[0]!;
}

/** What a board runs, in a few words. */
function describe({ board, as }: Choice): string {
  const where = as.segment === null ? '' : ` linked at ${hex(as.segment.base)}`;
  return `${board.cpu} ELF${where} (${as.kind}, machine ${board.name})`;
}

/** Each once; that an image has several ways to boot is not told. */
function describeAll(choices: readonly Choice[]): string {
  return choices
    .filter(({ board, as }) => as.boot === undefined || as === board.images[0])
    .map(describe)
    .join('; ');
}

function fitting(board: Board, image: ElfImage): Choice {
  const [first] = board.images;
  if (first) requireMachine(image, { board: board.name, machine: first.machine, class: first.class });
  const choices = board.images.map((as): Choice => ({ board, as }));
  return choices.find((choice) => whyNot(choice, image) === undefined) ?? refuse(choices, image);
}

function refuse(choices: readonly Choice[], image: ElfImage): never {
  throw new TsvmError('not-runnable', whyNot(choices[0]!, image) ?? 'the ELF is for no machine here', {
    next: `tsvm runs: ${describeAll(choices)}`,
  });
}

function whyNot({ board, as: { flags, segment } }: Choice, image: ElfImage): string | undefined {
  const set = (image.flags & flags.mask) >>> 0;
  if (!flags.values.includes(set))
    return `the ELF is for another instruction set (e_flags ${hex(image.flags)}); ${board.name} has ${board.cpu}`;
  if (segment === null) return undefined;
  if (image.entry < segment.base || image.entry - segment.base >= segment.size)
    return (
      `the ELF starts at ${hex(image.entry)}; ${board.name} runs kernels in its ${segment.name}, ` +
      `${hex(segment.base)}-${hex(segment.base + segment.size - 1)}`
    );
  return undefined;
}

/** Is `text` anywhere in what is loaded? */
function hasText(kernel: KernelFile, text: string): boolean {
  const wanted = new TextEncoder().encode(text);
  return piecesOf(kernel).some((data) => {
    for (let at = data.indexOf(wanted[0]!); at >= 0; at = data.indexOf(wanted[0]!, at + 1))
      if (wanted.every((byte, i) => data[at + i] === byte)) return true;
    return false;
  });
}
