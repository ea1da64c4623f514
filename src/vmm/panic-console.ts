// The guest's console as lines, for telling what its kernel says. printk puts time stamps before its lines, and may begin one behind
// what a program left unfinished.

/** What opens the line of every Linux panic (kernel/panic.c). */
export const PANIC_TEXT = 'Kernel panic - not syncing:';

/** Longest line that is kept whole; of longer ones the end counts. */
const MAX_LINE = 4096;
/** Lines kept for the likely cause. */
const KEPT_LINES = 64;

export interface ConsoleListener {
  /** The panic text is on a console; its line may not be complete. */
  panicText(): void;
  /** A line is complete: what the kernel printed on it, without its time stamp. */
  line(text: string): void;
}

export class ConsoleLines {
  private readonly listener: ConsoleListener;
  private partial = '';
  private kept: string[] = [];

  constructor(listener: ConsoleListener) {
    this.listener = listener;
  }

  /** The last lines, oldest first. */
  get recent(): readonly string[] {
    return this.kept;
  }

  /** The line that has no end yet. */
  get unfinished(): string {
    return this.partial;
  }

  write(bytes: Uint8Array): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      this.append(bytes.subarray(from, end));
      this.endLine();
      from = end + 1;
    }
    this.append(bytes.subarray(from));
  }

  private append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const searchFrom = Math.max(0, this.partial.length - PANIC_TEXT.length + 1);
    this.partial += latin1(bytes);
    if (isPanicLine(this.partial, searchFrom)) this.listener.panicText();
    if (this.partial.length > MAX_LINE) this.partial = this.partial.slice(-MAX_LINE);
  }

  private endLine(): void {
    const text = this.partial.replace(/\r+$/, '');
    this.partial = '';
    const line = withoutTimeStamp(text);
    this.kept.push(line);
    if (this.kept.length > KEPT_LINES) this.kept.shift();
    this.listener.line(line);
  }
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x2000) text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  return text;
}

/** Not the line that ends a panic, which repeats the text. */
function isPanicLine(text: string, from: number): boolean {
  const at = text.indexOf(PANIC_TEXT, from);
  return at >= 0 && !text.slice(0, at).endsWith('[ end ');
}

/** `[    1.234567] text`, `[    1.234567][    T1] text` */
const TIME_STAMP = /\[ *\d+\.\d{6}\](?:\[ *[CT]\d+\])? /;

function withoutTimeStamp(line: string): string {
  const stamp = TIME_STAMP.exec(line);
  return stamp ? line.slice(stamp.index + stamp[0].length) : line;
}

/** The message of a panic line, or null. */
export function panicMessage(line: string): string | null {
  const at = line.indexOf(PANIC_TEXT);
  if (at < 0 || !isPanicLine(line, 0)) return null;
  return line.slice(at + PANIC_TEXT.length).trim();
}

/** Is this the last line of a panic: its end, or what it prints before it waits for a reboot? */
export function endsPanic(line: string): boolean {
  return line.startsWith(`---[ end ${PANIC_TEXT}`) || /^Rebooting in \d+ seconds\.\./.test(line);
}

/** The first line of an oops: `Oops[#1]:`, `Kernel bug detected[#1]:`. */
export function endsOops(line: string): boolean {
  return /^---\[ end trace /.test(line);
}
