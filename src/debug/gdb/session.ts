// One gdb's connection ("Debugging with GDB", appendix E): bytes in, bytes out. Packets are answered in their order; acknowledgements until gdb does without.
// What comes may be hostile: nothing of it throws, and nothing of it is kept without bound.
import { TsvmError } from '../../util/errors.ts';
import type { DebugTarget } from '../target.ts';
import { GdbBreakpoints } from './breakpoints.ts';
import { type Answer, GdbCommands } from './commands.ts';
import { ProgramFile } from './files.ts';
import { ERROR_INVALID, ERROR_RUNS, GuestRun } from './guest-run.ts';
import { GdbMemory } from './memory.ts';
import { ACCEPTED, BROKEN, PacketReader, packet } from './packets.ts';
import { GdbQueries, PACKET_SIZE } from './queries.ts';
import { GdbRegisters } from './registers.ts';
import { hasSymbols, symbolFile } from './symbol-file.ts';

export interface GdbMonitor {
  /** Run a line; what it has said. */
  execute(line: string): Promise<string>;
  /** Ctrl-C while a line runs. */
  interrupt(): void;
}

export interface GdbSessionOptions {
  readonly target: DebugTarget;
  /** To gdb. */
  readonly send: (bytes: Uint8Array) => void;
  /** The debug shell behind gdb's `monitor`. */
  readonly monitor: GdbMonitor;
  /** End the connection, once what was sent is out; closed() may be called then. */
  readonly close: () => void;
  /** Does the guest stand because it waits for gdb? It goes on when gdb leaves then. */
  readonly held?: boolean;
  /** The kernel's file, unpacked, for a gdb that was given none; null: there is none. Asked once, when gdb asks. */
  readonly kernel?: () => Promise<Uint8Array | null>;
  /** Told of what may not happen: an error that is no TsvmError. gdb gets an error and the session goes on. */
  readonly onBug?: (error: unknown) => void;
}

/** What waits while an answer is on its way: packets, and Ctrl-C at its place among them. */
type Waiting = { readonly packet: string } | 'interrupt';

/** More than gdb ever has on its way: it waits for each answer. */
const MAX_WAITING = 64;
const NOTHING = new Uint8Array(0);

/** The guest stands from gdb's first packet on, as long as gdb does not let it go on. */
export class GdbSession {
  private readonly options: GdbSessionOptions;
  private readonly reader: PacketReader;
  private readonly run: GuestRun;
  private readonly commands: GdbCommands;
  private readonly waiting: Waiting[] = [];
  /** An answer is on its way. */
  private busy = false;
  private acknowledges = true;
  private over = false;
  private spoke = false;
  private last: Uint8Array = NOTHING;

  constructor(options: GdbSessionOptions) {
    this.options = options;
    const { target, monitor, held = false } = options;
    const registers = new GdbRegisters(target);
    const breakpoints = new GdbBreakpoints(target, registers);
    const say = (data: string): void => this.reply(data);
    const run = new GuestRun(target, breakpoints, registers, held, say);
    const memory = new GdbMemory(target, PACKET_SIZE / 2 - 8);
    const program = new ProgramFile(target.kernel, PACKET_SIZE - 32, () => this.kernel());
    const noAcks = (): void => {
      this.acknowledges = false;
    };
    const queries = new GdbQueries({ target, run, breakpoints, memory, program, monitor, say, noAcks });
    const leave = (answer: string | null): void => {
      if (answer !== null) this.reply(answer);
      this.closed();
      options.close();
    };
    this.run = run;
    this.commands = new GdbCommands({ target, run, registers, breakpoints, memory, program, queries, leave });
    this.reader = new PacketReader({
      packet: (data) => this.take(data),
      refused: (why) => this.refused(why),
      interrupt: () => this.interrupt(),
      again: () => this.acknowledges && this.options.send(this.last),
    });
  }

  /** Has gdb said something that makes sense? Until then the guest runs: who has connected may be anybody. */
  get hasSpoken(): boolean {
    return this.spoke;
  }

  /** Bytes from gdb, as they come. */
  receive(bytes: Uint8Array): void {
    if (!this.over) this.reader.add(bytes);
  }

  /** gdb has gone, or has to: its breakpoints are removed, and a guest that stands on its account goes on. */
  closed(): void {
    this.over = true;
    this.waiting.length = 0;
    this.run.release(this.spoke);
  }

  private take(data: string): void {
    if (this.over) return;
    if (this.acknowledges) this.options.send(ACCEPTED);
    if (!this.spoke) {
      this.spoke = true;
      // Whatever it asks first, it means a guest that stands.
      this.busy = true;
      void this.answered(this.run.hold().then(() => null));
    }
    this.enqueue({ packet: data });
  }

  private refused(why: 'checksum' | 'length'): void {
    if (this.over) return;
    // One that is too long does not get shorter when it comes again. Without acknowledgements gdb would wait for an answer.
    if (this.acknowledges && why === 'checksum') this.options.send(BROKEN);
    else {
      if (this.acknowledges) this.options.send(ACCEPTED);
      this.reply(ERROR_INVALID);
    }
  }

  private interrupt(): void {
    if (this.over) return;
    // A command of the debug shell may be what lets it run, and waits for it to stand.
    if (this.busy) this.options.monitor.interrupt();
    // Twice is not more.
    if (this.waiting.at(-1) !== 'interrupt') this.enqueue('interrupt');
  }

  private enqueue(item: Waiting): void {
    if (this.waiting.length === MAX_WAITING) {
      this.closed();
      this.options.close();
      return;
    }
    this.waiting.push(item);
    this.serve();
  }

  private serve(): void {
    while (!this.busy && !this.over) {
      const item = this.waiting.shift();
      if (item === undefined) return;
      if (item === 'interrupt') this.run.interrupt();
      else {
        const answer = this.answer(item.packet);
        if (answer instanceof Promise) {
          this.busy = true;
          void this.answered(answer);
        } else if (answer !== null) this.reply(answer);
      }
    }
  }

  private async answered(answer: Promise<string | null>): Promise<void> {
    let text: string | null;
    try {
      text = await answer;
    } catch (error) {
      text = this.failure(error);
    }
    this.busy = false;
    if (text !== null) this.reply(text);
    this.serve();
  }

  private answer(data: string): Answer {
    try {
      return this.commands.answer(data);
    } catch (error) {
      return this.failure(error);
    }
  }

  /** What the target refuses: most of it because the guest runs, for somebody else has let it. */
  private failure(error: unknown): string {
    if (!(error instanceof TsvmError)) this.options.onBug?.(error);
    return this.options.target.stopped ? ERROR_INVALID : ERROR_RUNS;
  }

  private reply(data: string): void {
    if (this.over) return;
    this.last = packet(data);
    this.options.send(this.last);
  }

  /** The file itself when it has symbols; else one that has those that the target knows of. */
  private async kernel(): Promise<Uint8Array> {
    const { kernel, target } = this.options;
    const file = (await kernel?.()) ?? NOTHING;
    return hasSymbols(file) ? file : (symbolFile(target) ?? file);
  }
}
