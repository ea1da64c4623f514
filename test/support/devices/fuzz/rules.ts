// The rules of split virtqueues (virtio 1.2 section 2.7) a second time, written apart from src/devices/virtio: what a fuzzed device is judged
// by. Nothing here is clever, and nothing changes memory.
import {
  VIRTQ_DESC_F_INDIRECT,
  VIRTQ_DESC_F_NEXT,
  VIRTQ_DESC_F_WRITE,
} from '../../../../src/devices/virtio/constants.ts';
import type { Endianness, GuestMemory } from '../../../../src/memory/guest-memory.ts';

/** One queue as the device's saved state has it. */
export interface QueueFacts {
  readonly size: number;
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
  readonly lastAvail: number;
  readonly usedIdx: number;
  readonly asked: number;
}

/** How queues are read at the moment. */
export interface Setting {
  readonly memory: GuestMemory;
  readonly order: Endianness;
  readonly indirect: boolean;
  readonly eventIdx: boolean;
}

/** Bytes of a chain that keeps the rules. */
export interface Lengths {
  readonly readable: number;
  readonly writable: number;
}

export interface Piece {
  readonly gpa: number;
  readonly length: number;
}

/** The longest chain in an indirect table that tsvm takes. */
const LONGEST_INDIRECT = 1024;

function descriptor({ memory, order }: Setting, at: number): Piece & { flags: number; next: number } {
  const [high, low] = order === 'little' ? [at + 4, at] : [at, at + 4];
  return {
    gpa: memory.readU32(high, order) * 2 ** 32 + memory.readU32(low, order),
    length: memory.readU32(at + 8, order),
    flags: memory.readU16(at + 12, order),
    next: memory.readU16(at + 14, order),
  };
}

/** The three parts of a queue, the used ring last. */
function ringAreas({ size, desc, driver, device }: QueueFacts, eventIdx: boolean): [Piece, Piece, Piece] {
  const event = eventIdx ? 2 : 0;
  return [
    { gpa: desc, length: 16 * size },
    { gpa: driver, length: 4 + 2 * size + event },
    { gpa: device, length: 4 + 8 * size + event },
  ];
}

/** Why a queue cannot lie there, or null. */
export function placeRule(setting: Setting, queue: QueueFacts, maxSize: number): string | null {
  const { size, desc, driver, device } = queue;
  if (![1, 2, 4, 8, 16, 32, 64, 128, 256].includes(size) || size > maxSize) return 'size';
  if (desc % 16 || driver % 2 || device % 4) return 'alignment';
  return ringsRule(setting, queue);
}

function ringsRule({ memory, eventIdx }: Setting, queue: QueueFacts): string | null {
  return ringAreas(queue, eventIdx).every(({ gpa, length }) => memory.contains(gpa, length))
    ? null
    : 'rings outside RAM';
}

/** The chain from descriptor `head`, or the rule that it breaks. */
export function chainFrom(setting: Setting, queue: QueueFacts, head: number): Lengths | string {
  let table = { gpa: queue.desc, entries: queue.size, longest: queue.size, indirect: false };
  const seen = new Set<number>();
  const bytes = { readable: 0, writable: 0 };
  for (let index = head; ; ) {
    if (index >= table.entries) return 'index beyond the table';
    if (seen.has(index) || seen.size >= table.longest) return 'loop';
    seen.add(index);
    const { gpa, length, flags, next } = descriptor(setting, table.gpa + 16 * index);
    if (flags & VIRTQ_DESC_F_INDIRECT) {
      if (!setting.indirect || table.indirect || flags & VIRTQ_DESC_F_NEXT) return 'misplaced indirect descriptor';
      if (length < 16 || length & 15 || !setting.memory.contains(gpa, length)) return 'bad indirect table';
      table = { gpa, entries: length / 16, longest: LONGEST_INDIRECT, indirect: true };
      seen.clear();
      index = 0;
      continue;
    }
    if (flags & VIRTQ_DESC_F_WRITE) bytes.writable += length;
    else if (bytes.writable > 0) return 'readable after writable';
    else bytes.readable += length;
    if (length > 0 && !setting.memory.contains(gpa, length)) return 'buffer outside RAM';
    if (!(flags & VIRTQ_DESC_F_NEXT)) return bytes;
    index = next;
  }
}

/** How many chains wait, or the rule that the rings break. */
export function waiting(setting: Setting, queue: QueueFacts): number | string {
  const outside = ringsRule(setting, queue);
  if (outside) return outside;
  const count = (setting.memory.readU16(queue.driver + 2, setting.order) - queue.lastAvail) & 0xffff;
  return count > queue.size ? 'available index too far ahead' : count;
}

/**
 * The first rule broken by the rings or by the first `most` waiting chains, or null. `also` is a rule of the device's own for the
 * chain that is `i` places on.
 */
export function brokenRule(
  setting: Setting,
  queue: QueueFacts,
  most: number,
  also: (chain: Lengths, i: number) => string | null,
): string | null {
  const count = waiting(setting, queue);
  if (typeof count === 'string') return count;
  for (let i = 0; i < Math.min(count, most); i++) {
    const slot = (queue.lastAvail + i) % queue.size;
    const chain = chainFrom(setting, queue, setting.memory.readU16(queue.driver + 4 + 2 * slot, setting.order));
    const rule = typeof chain === 'string' ? chain : also(chain, i);
    if (rule !== null) return rule;
  }
  return null;
}

/**
 * What the driver's tables name at this moment: `structures` are read by the device to find its way, `writable` is all it may write (the used
 * ring and every device-writable buffer, whether a chain leads there or not).
 */
export function named(setting: Setting, queue: QueueFacts): { structures: Piece[]; writable: Piece[] } {
  const { memory, eventIdx } = setting;
  const [desc, avail, used] = ringAreas(queue, eventIdx);
  const structures = [desc, avail];
  const writable = [used];
  if (!memory.contains(desc.gpa, desc.length)) return { structures, writable };
  const scan = (gpa: number, entries: number, inside: boolean): void => {
    for (let i = 0; i < entries; i++) {
      const { gpa: at, length, flags } = descriptor(setting, gpa + 16 * i);
      if (length === 0 || !memory.contains(at, length)) continue;
      if (flags & VIRTQ_DESC_F_INDIRECT) {
        if (inside || !setting.indirect) continue;
        const known = structures.some((table) => table.gpa === at && table.length === length);
        structures.push({ gpa: at, length });
        if (!known) scan(at, length >>> 4, true);
      } else if (flags & VIRTQ_DESC_F_WRITE) writable.push({ gpa: at, length });
    }
  };
  scan(queue.desc, queue.size, false);
  return { structures, writable };
}

/** Must the driver be interrupted for what was completed between `before` and `after`? (2.7.7, 2.7.10) */
export function interruptRule(setting: Setting, before: QueueFacts, after: QueueFacts): boolean {
  const { memory, order } = setting;
  if (!setting.eventIdx) return (memory.readU16(after.driver, order) & 1) === 0;
  const event = memory.readU16(after.driver + 4 + 2 * after.size, order);
  return ((after.usedIdx - event - 1) & 0xffff) < ((after.usedIdx - before.asked) & 0xffff);
}
