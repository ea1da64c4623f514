// Which board runs an image: the ELF decides, or `--machine` does and the ELF must fit.
import { type ElfImage, requireMachine } from '../boot/elf.ts';
import { machineName } from '../boot/elf-constants.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { Board } from './board.ts';

/**
 * The board for `image`: the one called `name`, or the first that runs it.
 * @throws TsvmError usage (no such machine), image-wrong-machine, not-runnable
 */
export function chooseBoard(boards: readonly Board[], image: ElfImage, name: string | null): Board {
  if (name !== null) {
    const board = boards.find((candidate) => candidate.name === name);
    if (!board)
      throw new TsvmError('usage', `--machine ${name}: there is no such machine`, {
        next: `one of ${boards.map((candidate) => candidate.name).join(', ')} (see \`tsvm machines\`)`,
      });
    requireFit(board, image);
    return board;
  }
  const sameCpu = boards.filter(
    ({ image: wanted }) => image.machine === wanted.machine && image.class === wanted.class,
  );
  const board = sameCpu.find((candidate) => whyNot(candidate, image) === undefined) ?? sameCpu[0];
  if (!board)
    throw new TsvmError(
      'not-runnable',
      `no machine here runs ELF${image.class} ${machineName(image.machine)} ${image.endianness}-endian`,
      { next: `tsvm runs: ${boards.map(describe).join('; ')}` },
    );
  requireFit(board, image);
  return board;
}

/** What a board runs, in a few words. */
function describe(board: Board): string {
  const { kind, segment } = board.image;
  return `${board.cpu} ELF linked at ${hex(segment.base)} (${kind}, machine ${board.name})`;
}

function requireFit(board: Board, image: ElfImage): void {
  requireMachine(image, { board: board.name, machine: board.image.machine, class: board.image.class });
  const why = whyNot(board, image);
  if (why !== undefined) throw new TsvmError('not-runnable', why, { next: `tsvm runs: ${describe(board)}` });
}

function whyNot(board: Board, image: ElfImage): string | undefined {
  const { flags, segment } = board.image;
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
