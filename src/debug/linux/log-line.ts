// A kernel message as `dmesg` shows it (kernel/printk/printk.c, print_time): `[    1.126769] Freeing unused kernel memory: 224K`.
import { printable } from '../../util/format.ts';

/** A record of the kernel's log. */
export interface LogRecord {
  /** Nanoseconds since boot. */
  readonly time: bigint;
  readonly text: Uint8Array;
}

const UTF8 = new TextDecoder();

/** One line for each line of the text, safe for a terminal. */
export function logLines({ time, text }: LogRecord): string[] {
  const seconds = String(time / 1_000_000_000n).padStart(5);
  const micros = String((time % 1_000_000_000n) / 1000n).padStart(6, '0');
  return UTF8.decode(text)
    .split('\n')
    .map((line) => `[${seconds}.${micros}] ${line.split('\t').map(printable).join('\t')}`);
}
