// Which board runs an image: the ELF decides, or `--machine` does and the ELF must fit.
import { type ElfImage, requireMachine } from '../boot/elf.ts';
import { machineName } from '../boot/elf-constants.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { Board, BoardImage, VirtioTransportName } from './board.ts';

export interface Choice {
  readonly board: Board;
  /** As which of the board's images. */
  readonly as: BoardImage;
}

/**
 * The board for `image`: the one called `name`; else the first that runs it and finds its mark in it, or has none.
 * @throws TsvmError usage (no such machine), image-wrong-machine, not-runnable
 */
export function chooseBoard(boards: readonly Board[], image: ElfImage, name: string | null): Choice {
  if (name !== null) {
    const board = boards.find((candidate) => candidate.name === name);
    if (!board)
      throw new TsvmError('usage', `--machine ${name}: there is no such machine`, {
        next: `one of ${boards.map((candidate) => candidate.name).join(', ')} (see \`tsvm machines\`)`,
      });
    return fitting(board, image);
  }
  const choices = boards.flatMap((board) => board.images.map((as): Choice => ({ board, as })));
  const sameCpu = choices.filter(({ as }) => image.machine === as.machine && image.class === as.class);
  if (sameCpu.length === 0)
    throw new TsvmError(
      'not-runnable',
      `no machine here runs ELF${image.class} ${machineName(image.machine)} ${image.endianness}-endian`,
      { next: `tsvm runs: ${choices.map(describe).join('; ')}` },
    );
  const fit = sameCpu.filter((choice) => whyNot(choice, image) === undefined);
  return (
    fit.find(({ as }) => as.mark !== undefined && hasText(image, as.mark)) ??
    fit.find(({ as }) => as.mark === undefined) ??
    refuse(sameCpu, image)
  );
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
  image: ElfImage,
  wanted: VirtioTransportName | null,
): VirtioTransportName {
  const { transports } = board;
  if (wanted !== null && !transports.includes(wanted))
    throw new TsvmError('usage', `--virtio-transport ${wanted}: ${board.name} has none`, {
      next: `one of ${transports.join(', ')}`,
    });
  if (wanted !== null) return wanted;
  const onlyMmio = transports.includes('mmio') && !hasText(image, LINUX_PCI_DRIVER) && hasText(image, LINUX_MMIO_WORD);
  return onlyMmio ? 'mmio' : transports[0]!;
}

/** What a board runs, in a few words. */
function describe({ board, as }: Choice): string {
  return `${board.cpu} ELF linked at ${hex(as.segment.base)} (${as.kind}, machine ${board.name})`;
}

function fitting(board: Board, image: ElfImage): Choice {
  const [first] = board.images;
  if (first) requireMachine(image, { board: board.name, machine: first.machine, class: first.class });
  const choices = board.images.map((as): Choice => ({ board, as }));
  return choices.find((choice) => whyNot(choice, image) === undefined) ?? refuse(choices, image);
}

function refuse(choices: readonly Choice[], image: ElfImage): never {
  throw new TsvmError('not-runnable', whyNot(choices[0]!, image) ?? 'the ELF is for no machine here', {
    next: `tsvm runs: ${choices.map(describe).join('; ')}`,
  });
}

function whyNot({ board, as: { flags, segment } }: Choice, image: ElfImage): string | undefined {
  const set = (image.flags & flags.mask) >>> 0;
  if (!flags.values.includes(set))
    return `the ELF is for another instruction set (e_flags ${hex(image.flags)}); ${board.name} has ${board.cpu}`;
  if (image.entry < segment.base || image.entry - segment.base >= segment.size)
    return (
      `the ELF starts at ${hex(image.entry)}; ${board.name} runs kernels in its ${segment.name}, ` +
      `${hex(segment.base)}-${hex(segment.base + segment.size - 1)}`
    );
  return undefined;
}

/** Is `text` anywhere in what the image loads? */
function hasText(image: ElfImage, text: string): boolean {
  const wanted = new TextEncoder().encode(text);
  return image.segments.some(({ data }) => {
    for (let at = data.indexOf(wanted[0]!); at >= 0; at = data.indexOf(wanted[0]!, at + 1))
      if (wanted.every((byte, i) => data[at + i] === byte)) return true;
    return false;
  });
}
