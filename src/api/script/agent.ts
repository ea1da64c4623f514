// The host's end of the guest agent's port (agent/README.md has the frames): what a command has put out, and how it ended. What comes from the
// guest may be hostile.

/** What a command in the guest came to. */
export class ShellResult {
  readonly command: string;
  /** Exit status, 0 to 255; null when a signal ended it. */
  readonly status: number | null;
  /** Number of the signal that ended it, or null. */
  readonly signal: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: string, waitStatus: number, stdout: string, stderr: string) {
    const signal = waitStatus & 0x7f;
    this.command = command;
    this.status = signal === 0 ? (waitStatus >>> 8) & 0xff : null;
    this.signal = signal === 0 ? null : signal;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Did it end with status 0? */
  get ok(): boolean {
    return this.status === 0;
  }

  /** Standard output without the line ends at its end, as a shell's $(...) has it. */
  get text(): string {
    return this.stdout.replace(/\n+$/, '');
  }

  toString(): string {
    return this.text;
  }
}

/** What came of a command: its result, or why there is none. */
export type CommandOutcome = { readonly result: ShellResult } | { readonly failed: string };

const VERSION = 1;
const HEADER = 5;
/** Longest payload that an agent sends. */
const MAX_PAYLOAD = 0x10000;
/** Bytes of a command and its input that an agent takes. */
export const MAX_COMMAND = (16 << 20) - 8;
/** Bytes of one command's output that are kept. */
const MAX_OUTPUT = 64 << 20;
const letter = (text: string): number => text.charCodeAt(0);

const FIRST_SIZE = 4096;

/** Output in one piece, for it may come byte by byte. */
class Collected {
  private data = new Uint8Array(FIRST_SIZE);
  private length = 0;

  /** False: it is too much. */
  add(bytes: Uint8Array): boolean {
    const length = this.length + bytes.length;
    if (length > MAX_OUTPUT) return false;
    if (length > this.data.length) {
      const larger = new Uint8Array(Math.max(2 * this.data.length, length));
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(bytes, this.length);
    this.length = length;
    return true;
  }

  get text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.data.subarray(0, this.length));
  }
}

export class Agent {
  /** Has the agent said that it is there? */
  ready = false;
  /** What is wrong with it, for good; null: nothing. */
  broken: string | null = null;
  private buffer = new Uint8Array(0);
  private lastId = 0;
  private running: { id: number; command: string; stdout: Collected; stderr: Collected } | null = null;
  private outcome: CommandOutcome | null = null;

  /** Is a command on its way? */
  get busy(): boolean {
    return this.running !== null;
  }

  /** The frame that starts a command. */
  run(command: string, input: Uint8Array): Uint8Array {
    const id = ++this.lastId;
    this.running = { id, command, stdout: new Collected(), stderr: new Collected() };
    this.outcome = null;
    return frame('R', id, new TextEncoder().encode(`${command}\0`), input);
  }

  /** The frame that ends the command that is on its way. */
  kill(): Uint8Array {
    return frame('K', this.lastId);
  }

  /** What came of the last command, once. */
  takeOutcome(): CommandOutcome | null {
    const { outcome } = this;
    this.outcome = null;
    return outcome;
  }

  /** Is there something to look at: an outcome, the agent's greeting, or its failure? */
  get settled(): boolean {
    return this.broken !== null || (this.ready && !this.busy);
  }

  /** The agent's bytes, as they come. */
  add(bytes: Uint8Array): void {
    if (this.broken !== null) return;
    const all = new Uint8Array(this.buffer.length + bytes.length);
    all.set(this.buffer);
    all.set(bytes, this.buffer.length);
    let at = 0;
    while (this.broken === null && all.length - at >= HEADER) {
      const length = new DataView(all.buffer, at + 1).getUint32(0, true);
      if (length > MAX_PAYLOAD) {
        this.broken = `it sent a frame of ${length} bytes`;
        return;
      }
      if (all.length - at - HEADER < length) break;
      this.frame(all[at]!, all.subarray(at + HEADER, at + HEADER + length));
      at += HEADER + length;
    }
    this.buffer = all.slice(at);
  }

  private frame(type: number, payload: Uint8Array): void {
    const { running } = this;
    if (type === letter('H')) {
      if (payload[0] === VERSION) this.ready = true;
      else this.broken = `it speaks version ${payload[0] ?? 'unknown'}, not ${VERSION}`;
      // The one that ran it is gone.
      if (running) this.outcome = { failed: 'the guest agent has begun anew' };
      this.running = null;
      return;
    }
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    if (!running || payload.length < 4 || view.getUint32(0, true) !== running.id) return;
    const rest = payload.subarray(4);
    if (type === letter('O') || type === letter('E')) {
      const stream = type === letter('O') ? running.stdout : running.stderr;
      if (!stream.add(rest))
        this.broken = `a command has put out more than ${MAX_OUTPUT >> 20} MiB: ${running.command}`;
    } else if (rest.length >= 4 && (type === letter('X') || type === letter('F'))) {
      this.running = null;
      const number = view.getUint32(4, true);
      this.outcome =
        type === letter('X')
          ? { result: new ShellResult(running.command, number, running.stdout.text, running.stderr.text) }
          : { failed: `${new TextDecoder().decode(rest.subarray(4))} (errno ${number})` };
    }
  }
}

function frame(type: string, id: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const length = 4 + payload.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(HEADER + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = letter(type);
  view.setUint32(1, length, true);
  view.setUint32(HEADER, id, true);
  let at = HEADER + 4;
  for (const part of payload) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
