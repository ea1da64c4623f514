// The debug shell as its users see it: a terminal, a script, a socket's other end, gdb's `monitor`. Everything is asynchronous, so that the shell may be
// in another process.

export interface ShellReply {
  /** Lines, each with its newline; plain text without colour, host time or host addresses. Text from the guest has been made safe for a terminal. */
  readonly output: string;
  /** False: the command was refused or has failed; `output` says why. */
  readonly ok: boolean;
  /** The session is over: `detach`, `quit`. */
  readonly quit?: boolean;
}

export interface ShellCompletion {
  /** Where the word that candidates replace begins; it ends at the cursor. */
  readonly from: number;
  /** Whole words, sorted. */
  readonly candidates: readonly string[];
}

export interface ShellPort {
  /**
   * Run one line; an empty one goes on with what the last one began (step, read further). One at a time: the next line waits for this one. Never rejects
   * for what the line or the guest did.
   */
  execute(line: string): Promise<ShellReply>;
  /** `cursor`: UTF-16 units from the start of `line`. */
  complete(line: string, cursor: number): Promise<ShellCompletion>;
  /** What to show before a line is typed. */
  prompt(): Promise<string>;
  /** Ctrl-C: stop what the current line does, and the guest if that line has let it run. */
  interrupt(): void;
  /** Be told of what happens by itself, in whole lines: the guest stops while no line waits for it. Returns how to unsubscribe. */
  onNotice?(listener: (text: string) => void): () => void;
}

/** Files of the shell's user; paths are as he wrote them. They throw TsvmError. */
export interface ShellFiles {
  read(path: string): Uint8Array;
  write(path: string, chunks: Iterable<Uint8Array>): void;
}
