// The journal: everything from outside enters at a stated instruction count, is written down, and can be fed back.
// Same command + same journal = same bytes, same count, same state hash. Its text: journal-text.ts.

/** What came from outside. `console` is the name of a console device; left out: the machine's own console. */
export type JournalEvent =
  | { readonly type: 'console'; readonly bytes: Uint8Array; readonly console?: string }
  /** A break on the console's line, behind the bytes that came before. */
  | { readonly type: 'break'; readonly console?: string }
  /** For the guest agent. */
  | { readonly type: 'agent'; readonly bytes: Uint8Array }
  /** The outside source of console input ended. */
  | { readonly type: 'end-of-input' }
  /** A script has written to guest memory, at a guest-physical address. */
  | { readonly type: 'memory'; readonly address: number; readonly bytes: Uint8Array }
  /** A script or a debugger has set a register: its lower 32 bits, and `high` the upper ones of one that has them. */
  | {
      readonly type: 'register';
      readonly cpu: number;
      readonly name: string;
      readonly value: number;
      readonly high?: number;
    }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number; readonly console?: string }
  | { readonly type: 'stop'; readonly cause: StopCause; readonly reason: string };

export type StopCause = 'interrupted' | 'wall-time-limit';

/** An event and where it entered. */
export interface JournalEntry {
  /** Instructions retired by all vCPUs together. */
  readonly instructions: number;
  /** The guest instant in nanoseconds (differs from the count by the idle time skipped). */
  readonly at: number;
  readonly event: JournalEvent;
}

/** Where console input came from: live (tty, pipe, API; it is in the journal), pulled (a file; it is not), or nowhere. */
export type InputKind = 'live' | 'pulled' | 'none';

export interface Journal {
  readonly input: InputKind;
  readonly entries: readonly JournalEntry[];
}

/** Keeps what entered in this run. */
export class JournalRecorder {
  private readonly recorded: JournalEntry[] = [];
  private readonly told: (entry: JournalEntry) => void;

  /** `told`: of each entry, when it enters. */
  constructor(told: (entry: JournalEntry) => void) {
    this.told = told;
  }

  add(entry: JournalEntry): void {
    this.recorded.push(entry);
    this.told(entry);
  }

  get entries(): readonly JournalEntry[] {
    return this.recorded;
  }
}

/** Feeds a recorded journal back, in order. */
export class JournalReplay {
  private readonly entries: readonly JournalEntry[];
  private position = 0;

  constructor(entries: readonly JournalEntry[]) {
    this.entries = entries;
  }

  /** Guest instant of the next entry, or Infinity. */
  get nextAt(): number {
    return this.entries[this.position]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The next entry, if its instant has come. */
  takeDue(now: number): JournalEntry | undefined {
    const entry = this.entries[this.position];
    if (!entry || entry.at > now) return undefined;
    this.position++;
    return entry;
  }
}
