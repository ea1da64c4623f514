// The kernel's log from 3.5 to 5.9: records of their own lengths behind each other in log_buf (kernel/printk/printk.c, struct printk_log).
import type { KernelMemory } from './kernel-memory.ts';
import type { LogRecord } from './log-line.ts';
import type { VmCoreInfo } from './vmcoreinfo.ts';

/** Byte offsets in struct printk_log. */
const LOG = { TIME: 0, LENGTH: 8, TEXT_LENGTH: 10, FLAGS: 15 } as const;
/** Its bytes without CONFIG_PRINTK_CALLER. */
const HEADER = 16;
/** With it: a word more. */
const LONG_HEADER = 20;
/** In the five lower bits of the flags, as the compiler counts them. */
const NEWLINE = 2;
const CONTINUES = 8;
const LARGEST = 64 << 20;
const MOST_RECORDS = 1 << 20;

/** Undefined: there is no such log, or it is damaged from its start. */
export function readOldLog(memory: KernelMemory, info: VmCoreInfo | null): LogRecord[] | undefined {
  const value = (name: string): number | undefined => {
    const address = info?.symbol(name) ?? memory.symbols.find(name);
    return address === undefined ? undefined : memory.u32(address);
  };
  const [buffer, size] = [value('log_buf'), value('log_buf_len')];
  const [first, next] = [value('log_first_idx'), value('log_next_idx')];
  if (buffer === undefined || size === undefined || first === undefined || next === undefined) return undefined;
  if (size > LARGEST || first >= size || next > size || !memory.has(buffer, size)) return undefined;
  const told = info?.size('printk_log');
  const header = told === LONG_HEADER ? LONG_HEADER : HEADER;
  const records: { time: bigint; text: Uint8Array; isOpen: boolean }[] = [];
  let at = first;
  for (let n = 0; n < MOST_RECORDS && (at !== next || n === 0); n++) {
    const length = at + header <= size ? (memory.u16(buffer + at + LOG.LENGTH) ?? 0) : 0;
    if (length === 0) {
      // The rest of the buffer is too short for the record that came next: it is at the start.
      if (at === 0) break;
      at = 0;
      continue;
    }
    const textLength = memory.u16(buffer + at + LOG.TEXT_LENGTH) ?? 0;
    if (length < header + textLength || at + length > size) break;
    const text = memory.read(buffer + at + header, textLength);
    const flagsByte = memory.u8(buffer + at + LOG.FLAGS) ?? 0;
    const flags = memory.endianness === 'little' ? flagsByte & 0x1f : flagsByte >>> 3;
    const last = records.at(-1);
    const isOpen = (flags & NEWLINE) === 0;
    if (last?.isOpen && (flags & CONTINUES) !== 0)
      records[records.length - 1] = { ...last, text: joined(last.text, text), isOpen };
    else records.push({ time: memory.u64(buffer + at + LOG.TIME) ?? 0n, text, isOpen });
    at += length;
  }
  return first !== next && records.length === 0 ? undefined : records;
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
