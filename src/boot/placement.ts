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
}

/** The lowest place in RAM that is aligned, inside `from`-`to` and free of `taken`; undefined when there is none. */
export function findFree(
  memory: GuestMemory,
  taken: readonly AddressRange[],
  { size, align, from, to }: Placement,
): AddressRange | undefined {
  const up = (address: number) => Math.ceil(address / align) * align;
  // A place can only begin at the limit, at the start of RAM or right after something taken.
  const starts = [from, ...memory.getRanges().map((range) => range.gpa), ...taken.map((range) => range.end)];
  return starts
    .map((start) => ({ start: up(start), end: up(start) + size }))
    .filter(({ start, end }) => start >= from && end <= to && memory.contains(start, size))
    .filter(({ start, end }) => !taken.some((range) => start < range.end && range.start < end))
    .sort((left, right) => left.start - right.start)[0];
}
