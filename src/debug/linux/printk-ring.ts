// The kernel's log since 5.10: a ring of descriptors, a ring of texts (kernel/printk/printk_ringbuffer.h, struct printk_ringbuffer) as 32-bit
// kernels lay them out; offsets from the kernel's own VMCOREINFO where it has one. A ring counts only when its parts agree.
import type { KernelMemory } from './kernel-memory.ts';
import type { LogRecord } from './log-line.ts';
import type { VmCoreInfo } from './vmcoreinfo.ts';

/** Byte offsets; `descs` to `tailId` and `sizeBits` to `tailLpos` from the ring's start. */
interface RingLayout {
  readonly countBits: number;
  readonly descs: number;
  readonly infos: number;
  readonly headId: number;
  readonly tailId: number;
  readonly sizeBits: number;
  readonly data: number;
  readonly headLpos: number;
  readonly tailLpos: number;
  readonly descSize: number;
  readonly state: number;
  readonly begin: number;
  readonly next: number;
  readonly infoSize: number;
  readonly seq: number;
  readonly time: number;
  readonly textLength: number;
}

interface Ring {
  readonly layout: RingLayout;
  readonly count: number;
  readonly descs: number;
  readonly infos: number;
  readonly headId: number;
  readonly tailId: number;
  readonly dataSize: number;
  readonly data: number;
}

export interface RingContents {
  readonly records: readonly LogRecord[];
  /** Records that were there before the first of these and have been overwritten. */
  readonly lost: bigint;
  /** Records that were being written, or are damaged. */
  readonly unreadable: number;
  /** Older records that are not here because these are enough. */
  readonly left: number;
}

/** struct printk_ringbuffer from 5.10 on; 6.0 put last_finalized_id (later last_finalized_seq) behind the descriptor ring. */
const LAYOUTS: readonly RingLayout[] = [20, 24].map((text) => ({
  countBits: 0,
  descs: 4,
  infos: 8,
  headId: 12,
  tailId: 16,
  sizeBits: text,
  data: text + 4,
  headLpos: text + 8,
  tailLpos: text + 12,
  descSize: 12,
  state: 0,
  begin: 4,
  next: 8,
  infoSize: 88,
  seq: 0,
  time: 8,
  textLength: 16,
}));

/** Bytes of a struct printk_ringbuffer that matter. */
const RING_SIZE = 40;
/** Descriptors and bytes as powers of two: log_buf_len is 2^12 at least, and one descriptor stands for 2^5 bytes. */
const COUNT_BITS = { least: 5, most: 20 };
const SIZE_BITS = { least: 10, most: 26 };
const ID_MASK = 0x3fff_ffff;
/** What a descriptor's state says in its two upper bits: the text is complete, or may still be added to. */
const COMMITTED = 1;
const FINALIZED = 2;
/** A block is its descriptor's id and the text. */
const BLOCK_HEADER = 4;
/** All texts together, so that a forged ring cannot ask for more. */
const MOST_TEXT = 4 << 20;
/** Empty ones that a search looks into: a kernel that has said nothing yet has one. */
const MOST_CANDIDATES = 16;

/** The ring at `address`; undefined when there is none. */
export function readRing(memory: KernelMemory, address: number, info: VmCoreInfo | null): RingContents | undefined {
  const ring = ringAt(memory, address, info);
  return ring && contentsOf(memory, ring);
}

/** Look for a ring in the kernel's static data, for kernels whose symbols name functions only. */
export function searchRing(memory: KernelMemory): RingContents | undefined {
  let candidates = 0;
  for (const { address, bytes } of memory.image()) {
    const words = memory.words(bytes);
    for (let n = 0; n + 2 < words.length; n++) {
      const bits = words[n]!;
      // Two pointers into low memory behind a small number: most words are no such.
      if (bits < COUNT_BITS.least || bits > COUNT_BITS.most) continue;
      if (words[n + 1]! < 0x4000_0000 || words[n + 2]! < 0x4000_0000) continue;
      const ring = ringAt(memory, address + 4 * n, null);
      if (!ring) continue;
      const found = contentsOf(memory, ring);
      if (found.records.length > 0) return found;
      if (++candidates === MOST_CANDIDATES) return undefined;
    }
  }
  return undefined;
}

function ringAt(memory: KernelMemory, address: number, info: VmCoreInfo | null): Ring | undefined {
  const told = info && toldLayout(info);
  for (const layout of told ? [told] : LAYOUTS) {
    const ring = ringWith(memory, address, layout);
    if (ring) return ring;
  }
  return undefined;
}

function toldLayout(info: VmCoreInfo): RingLayout | undefined {
  const at = (struct: string, member: string): number => info.offset(`${struct}.${member}`) ?? Number.NaN;
  const desc = at('printk_ringbuffer', 'desc_ring');
  const text = at('printk_ringbuffer', 'text_data_ring');
  const lpos = at('prb_desc', 'text_blk_lpos');
  const layout: RingLayout = {
    countBits: desc + at('prb_desc_ring', 'count_bits'),
    descs: desc + at('prb_desc_ring', 'descs'),
    infos: desc + at('prb_desc_ring', 'infos'),
    headId: desc + at('prb_desc_ring', 'head_id'),
    tailId: desc + at('prb_desc_ring', 'tail_id'),
    sizeBits: text + at('prb_data_ring', 'size_bits'),
    data: text + at('prb_data_ring', 'data'),
    headLpos: text + at('prb_data_ring', 'head_lpos'),
    tailLpos: text + at('prb_data_ring', 'tail_lpos'),
    descSize: info.size('prb_desc') ?? Number.NaN,
    state: at('prb_desc', 'state_var'),
    begin: lpos + at('prb_data_blk_lpos', 'begin'),
    next: lpos + at('prb_data_blk_lpos', 'next'),
    infoSize: info.size('printk_info') ?? Number.NaN,
    seq: at('printk_info', 'seq'),
    time: at('printk_info', 'ts_nsec'),
    textLength: at('printk_info', 'text_len'),
  };
  return Object.values(layout).every(Number.isInteger) ? layout : undefined;
}

function ringWith(memory: KernelMemory, address: number, layout: RingLayout): Ring | undefined {
  if (!memory.has(address, RING_SIZE)) return undefined;
  const word = (offset: number): number => memory.u32(address + offset) ?? 0;
  const countBits = word(layout.countBits);
  const sizeBits = word(layout.sizeBits);
  if (countBits < COUNT_BITS.least || countBits > COUNT_BITS.most) return undefined;
  if (sizeBits < SIZE_BITS.least || sizeBits > SIZE_BITS.most) return undefined;
  const ring = {
    layout,
    count: 2 ** countBits,
    descs: word(layout.descs),
    infos: word(layout.infos),
    headId: word(layout.headId),
    tailId: word(layout.tailId),
    dataSize: 2 ** sizeBits,
    data: word(layout.data),
  };
  const used = (word(layout.headLpos) - word(layout.tailLpos)) >>> 0;
  const agrees =
    ring.headId <= ID_MASK &&
    ring.tailId <= ID_MASK &&
    distance(ring.tailId, ring.headId) < ring.count &&
    used <= ring.dataSize &&
    memory.has(ring.descs, ring.count * layout.descSize) &&
    memory.has(ring.infos, ring.count * layout.infoSize) &&
    memory.has(ring.data, ring.dataSize);
  return agrees ? ring : undefined;
}

function distance(from: number, to: number): number {
  return (to - from) & ID_MASK;
}

function contentsOf(memory: KernelMemory, ring: Ring): RingContents {
  const records: LogRecord[] = [];
  let lost = 0n;
  let unreadable = 0;
  let room = MOST_TEXT;
  // From the newest on, so that a cut takes the oldest.
  let n = distance(ring.tailId, ring.headId);
  for (; n >= 0 && room > 0; n--) {
    const id = (ring.tailId + n) & ID_MASK;
    const record = recordOf(memory, ring, id);
    if (record === 'free') continue;
    if (record === 'unreadable') {
      unreadable++;
      continue;
    }
    records.push(record);
    lost = record.sequence;
    room -= record.text.length + 1;
  }
  return { records: records.reverse(), lost, unreadable, left: n + 1 };
}

function recordOf(
  memory: KernelMemory,
  { layout, descs, infos, count, data, dataSize }: Ring,
  id: number,
): (LogRecord & { readonly sequence: bigint }) | 'free' | 'unreadable' {
  const desc = descs + (id % count) * layout.descSize;
  const info = infos + (id % count) * layout.infoSize;
  const state = memory.u32(desc + layout.state);
  const [begin, next] = [memory.u32(desc + layout.begin), memory.u32(desc + layout.next)];
  const [time, sequence] = [memory.u64(info + layout.time), memory.u64(info + layout.seq)];
  const length = memory.u16(info + layout.textLength);
  if (state === undefined || begin === undefined || next === undefined) return 'unreadable';
  if (time === undefined || sequence === undefined || length === undefined) return 'unreadable';
  const kind = state >>> 30;
  if (kind !== COMMITTED && kind !== FINALIZED) return kind === 0 ? 'unreadable' : 'free';
  if ((state & ID_MASK) !== id) return 'unreadable';
  // Odd positions: no text, because there is none or because there was no room for it.
  if (begin % 2 !== 0 && next % 2 !== 0) return { time, sequence, text: new Uint8Array(0) };
  const block = blockAt(begin, next, dataSize);
  if (!block || memory.u32(data + block.at) !== id) return 'unreadable';
  const text = memory.read(data + block.at + BLOCK_HEADER, Math.min(length, block.size - BLOCK_HEADER));
  return { time, sequence, text };
}

/** Where a block is: between its logical positions or, when these are on two laps of the ring, at the ring's start. */
function blockAt(begin: number, next: number, size: number): { at: number; size: number } | undefined {
  const isWrapped = Math.floor(begin / size) !== Math.floor(next / size) && next % size !== 0;
  const at = isWrapped ? 0 : begin % size;
  const bytes = isWrapped ? next % size : (next - begin) >>> 0;
  const fits = bytes > BLOCK_HEADER && at + bytes <= size && (next - begin) >>> 0 <= 2 * size;
  return fits ? { at, size: bytes } : undefined;
}
