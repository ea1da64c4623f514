// Finding free guest-physical memory for what the loader adds beside the kernel: initrd and boot arguments.
import type { GuestMemory } from '../memory/guest-memory.ts';

/** Guest-physical range; `end` is the first address after it. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

export interface Placement {
  readonly size: number;
  /** A power of two. */
  readonly align: number;
  /** Lowest start. */
  readonly from: number;
  /** The range must end at or before this. */
  readonly to: number;
  /** Which place when there are several; `low` when left out. */
  readonly where?: 'low' | 'high';
}

/** The lowest or highest place in RAM that is aligned, inside `from`-`to` and free of `taken`; undefined when there is none. */
export function findFree(
  memory: GuestMemory,
  taken: readonly AddressRange[],
  { size, align, from, to, where = 'low' }: Placement,
): AddressRange | undefined {
  const up = (address: number) => Math.ceil(address / align) * align;
  const down = (address: number) => Math.floor(address / align) * align;
  const ranges = memory.getRanges();
  // A place can only touch a limit, an end of RAM or something taken.
  const starts =
    where === 'low'
      ? [from, ...ranges.map(({ gpa }) => gpa), ...taken.map(({ end }) => end)].map(up)
      : [to, ...ranges.map((range) => range.gpa + range.size), ...taken.map(({ start }) => start)].map((end) =>
          down(end - size),
        );
  return starts
    .map((start) => ({ start, end: start + size }))
    .filter(({ start, end }) => start >= from && end <= to && memory.contains(start, size))
    .filter(({ start, end }) => !taken.some((range) => start < range.end && range.start < end))
    .sort((left, right) => (where === 'low' ? left.start - right.start : right.start - left.start))[0];
}
