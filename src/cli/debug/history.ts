// Lines that were typed before, the oldest first.

/** Where a history lives between sessions. */
export interface HistoryStore {
  load(): readonly string[];
  add(line: string): void;
}

/** Lines that are kept. */
export const MAX_HISTORY = 1000;

export class History {
  private readonly lines: string[];
  private readonly store: HistoryStore | null;

  constructor(store: HistoryStore | null = null) {
    this.store = store;
    this.lines = store === null ? [] : [...store.load()].slice(-MAX_HISTORY);
  }

  get length(): number {
    return this.lines.length;
  }

  at(index: number): string | undefined {
    return this.lines[index];
  }

  /** Keep a line. Not an empty one, one that begins with a blank, or the same again. */
  add(line: string): void {
    if (line.trim() === '' || line.startsWith(' ') || line === this.lines.at(-1)) return;
    this.lines.push(line);
    if (this.lines.length > MAX_HISTORY) this.lines.shift();
    this.store?.add(line);
  }

  /** The youngest line at or before `from` that has `text` in it; -1: none. */
  search(text: string, from: number): number {
    for (let i = Math.min(from, this.lines.length - 1); i >= 0; i--) if (this.lines[i]!.includes(text)) return i;
    return -1;
  }
}
