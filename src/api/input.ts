// Console input of a run: opens what StartVmOptions.input names and connects it to the VM.
import { type EscapeAction, EscapeKeys } from '../host/escape.ts';
import { pullStdin, type StdinStream, stdinKind, streamStdin, ttyStdin } from '../host/stdin.ts';
import { enterRawMode, type RawTerminal } from '../host/terminal.ts';
import { TsvmError } from '../util/errors.ts';
import type { PullSource } from '../vmm/console-feed.ts';
import type { InputKind, JournalEvent } from '../vmm/journal.ts';
import type { JournalText } from '../vmm/journal-text.ts';
import type { ConsoleInputOption } from './types.ts';

/** What the VM is told of its input before it starts. */
export interface InputPlan {
  readonly kind: 'tty' | 'pipe' | 'api' | 'pulled' | 'none';
  readonly pull: PullSource | null;
}

/** Decide what input is, and refuse what does not fit a journal. Throws TsvmError usage, io. */
export function planInput(option: ConsoleInputOption, replay: JournalText | null): InputPlan {
  if (replay?.journal.input === 'pulled' && replay.pulled) return { kind: 'pulled', pull: pullBytes(replay.pulled) };
  const plan = planLive(option);
  if (replay?.journal.input !== 'pulled') return replay ? { kind: 'none', pull: null } : plan;
  if (plan.kind !== 'pulled')
    throw new TsvmError('usage', 'the journal was recorded with console input from a file', {
      next: 'give the same file on standard input: --replay JOURNAL < FILE',
    });
  return plan;
}

/** The input that a record of the run is to say. */
export function recordedInput({ kind }: InputPlan, replay: JournalText | null): InputKind {
  if (replay) return replay.journal.input;
  if (kind === 'pulled' || kind === 'none') return kind;
  return 'live';
}

function planLive(option: ConsoleInputOption): InputPlan {
  if (option === 'api' || option === 'none') return { kind: option, pull: null };
  if (option !== 'stdin') return { kind: 'pulled', pull: pullBytes(option) };
  const kind = stdinKind();
  return kind === 'file' ? { kind: 'pulled', pull: pullStdin() } : { kind, pull: null };
}

export interface InputEvents {
  arrive(event: JournalEvent): void;
  action(action: EscapeAction): void;
  /** The terminal hung up: nobody can type or read any more, which is no end of input. */
  terminalGone(): void;
  /** Who has taken the terminal from guest and escape keys; null: nobody. */
  takenBy(): ((bytes: Uint8Array) => void) | null;
  /** Live bytes waiting for the guest are too many: the source is held until release(). */
  readonly mustHold: () => boolean;
}

export interface OpenInput {
  release(): void;
  /** Stop reading and put the terminal back. */
  close(): void;
}

/** Start reading live input; nothing is opened for `api`, `pulled` and `none`. */
export function openInput(plan: InputPlan, events: InputEvents): OpenInput {
  if (plan.kind !== 'tty' && plan.kind !== 'pipe') return { release() {}, close() {} };
  const terminal: RawTerminal | null = plan.kind === 'tty' ? enterRawMode(ttyStdin()) : null;
  const keys = plan.kind === 'tty' ? new EscapeKeys() : null;
  const stream: StdinStream = streamStdin({
    bytes: (typed) => {
      const taker = events.takenBy();
      if (taker) {
        taker(typed);
        return;
      }
      const { bytes, actions } = keys ? keys.feed(typed) : { bytes: typed, actions: [] };
      if (bytes.length > 0) events.arrive({ type: 'console', bytes });
      for (const action of actions) events.action(action);
      if (events.mustHold()) stream.hold();
    },
    end: () => (keys ? events.terminalGone() : events.arrive({ type: 'end-of-input' })),
  });
  return {
    release: () => stream.release(),
    close: () => {
      stream.close();
      terminal?.restore();
    },
  };
}

function pullBytes(bytes: Uint8Array): PullSource {
  let at = 0;
  return {
    read: (max) => {
      const piece = bytes.subarray(at, at + max);
      at += piece.length;
      return piece;
    },
  };
}
