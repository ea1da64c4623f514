// What a script sees of a console: three readings of one text. What programs print and what the kernel prints are read apart, so that a line
// that printk has cut in two is found all the same (vmm/console-streams.ts); and everything as it came. Line ends are `\n`; the bytes are kept as they are.
import { ConsoleStreams } from '../../vmm/console-streams.ts';
import { Reading } from './reading.ts';

/** What was found. */
export interface Found {
  /** What matched. */
  readonly text: string;
  /** Groups of a regular expression. */
  readonly groups: readonly (string | undefined)[];
  /** What had come since the last thing found, in the reading in which it was found. */
  readonly before: string;
  /** Was it found in what programs print, in the kernel's lines, or in both together as they came? */
  readonly in: 'program' | 'kernel' | 'console';
}

/** A complete line, put together: what printk has cut is in one piece. */
export interface ConsoleLine {
  readonly from: 'program' | 'kernel';
  /** Without its line end; a kernel's begins with the time stamp. */
  readonly text: string;
}

const FIRST_SIZE = 4096;

export class ConsoleText {
  private readonly all = new Reading();
  private readonly programs = new Reading();
  private readonly kernels = new Reading();
  private readonly streams: ConsoleStreams;
  private data = new Uint8Array(FIRST_SIZE);
  private length = 0;
  /** Complete lines, in the order in which they became complete. */
  readonly lines: ConsoleLine[] = [];
  private readonly parts = { program: '', kernel: '' };
  /** Characters that the streams have handed out. */
  private decided = 0;

  constructor() {
    this.streams = new ConsoleStreams({
      piece: (from, text) => {
        if (from === 'program') this.programs.add(text, this.decided);
        else if (from === 'kernel') this.kernels.add(text, this.decided);
        if (from !== 'nobody') this.assemble(from, text);
        this.decided += text.length;
      },
    });
  }

  private assemble(from: ConsoleLine['from'], text: string): void {
    const lines = text.split('\n');
    lines[0] = this.parts[from] + lines[0]!;
    this.parts[from] = lines.pop()!;
    for (const line of lines) this.lines.push({ from, text: line });
  }

  /** What of `from` has no line end yet. */
  partial(from: ConsoleLine['from']): string {
    return this.parts[from];
  }

  /** The bytes are copied. */
  add(bytes: Uint8Array): void {
    this.keep(bytes);
    const at = this.all.length;
    this.all.add(this.streams.write(bytes), at);
  }

  /** Everything so far. */
  get text(): string {
    return this.all.text;
  }

  /** What programs have printed, without the kernel's lines. */
  get program(): string {
    return this.programs.text;
  }

  /** The kernel's lines, with their time stamps; the last one may not be complete. */
  get kernel(): string {
    return this.kernels.text;
  }

  /** What was not read yet. */
  get unread(): string {
    return this.all.unread;
  }

  /** Exactly what the guest has put out. */
  get bytes(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  /** Has `what` come with what was added last? */
  hasCome(what: string | RegExp): boolean {
    return this.programs.hasCome(what) || this.kernels.hasCome(what) || this.all.hasCome(what);
  }

  /**
   * `what` where it is complete first in what was not read yet, which is read then: of the reading it was found in up to its end, of the
   * others as far as they had come then; but a line of a program that is not complete when a kernel line is found stays unread. Null when it is not there.
   */
  find(what: string | RegExp): Found | null {
    const readings = [
      { in: 'program', reading: this.programs },
      { in: 'kernel', reading: this.kernels },
      { in: 'console', reading: this.all },
    ] as const;
    let first: { in: Found['in']; reading: Reading; match: NonNullable<ReturnType<Reading['look']>> } | null = null;
    for (const candidate of readings) {
      const match = candidate.reading.look(what);
      if (match && (!first || match.endsAt < first.match.endsAt)) first = { ...candidate, match };
    }
    if (!first) return null;
    const { startsAt, endsAt, text, groups } = first.match;
    const before = first.reading.readTo(endsAt, text);
    if (first.in === 'program') this.kernels.skipTo(startsAt);
    else if (first.in === 'kernel') this.programs.skipToLineAt(startsAt);
    else {
      this.kernels.skipTo(endsAt);
      this.programs.skipTo(endsAt);
    }
    if (first.in !== 'console') this.all.skipTo(endsAt);
    return { text, groups, before, in: first.in };
  }

  private keep(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.data.length) {
      const larger = new Uint8Array(Math.max(2 * this.data.length, length));
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(bytes, this.length);
    this.length = length;
  }
}
