// Standard input for a verb that talks with a running VM: a terminal in raw mode, a pipe or a file. However the verb ends, the terminal is as before.
import { onEndingSignal } from '../../host/signals.ts';
import { type StdinStream, stdinKind, streamStdin, ttyStdin } from '../../host/stdin.ts';
import { enterRawMode, type RawTerminal } from '../../host/terminal.ts';

export interface KeyboardListener {
  bytes(bytes: Uint8Array): void;
  /** The pipe or file is at its end, or the terminal went away. */
  end(): void;
  /** The process is told to end: SIGTERM and the like; the terminal is restored. */
  signal(name: string): void;
}

export interface Keyboard {
  /** Is it a terminal? Then every key comes as it is typed. */
  readonly isTerminal: boolean;
  /** Begin to listen. */
  open(listener: KeyboardListener): OpenKeyboard;
}

export interface OpenKeyboard {
  /** Read no more until `release`. */
  hold(): void;
  release(): void;
  /** Put the terminal back. Again does nothing. */
  close(): void;
}

/** @throws TsvmError io when standard input is a directory */
export function keyboard(): Keyboard {
  const kind = stdinKind();
  return { isTerminal: kind === 'tty', open: (listener) => openKeyboard(kind === 'tty', kind === 'none', listener) };
}

function openKeyboard(isTerminal: boolean, isEmpty: boolean, listener: KeyboardListener): OpenKeyboard {
  const terminal: RawTerminal | null = isTerminal ? enterRawMode(ttyStdin()) : null;
  const stream: StdinStream | null = isEmpty ? null : streamStdin(listener);
  if (isEmpty) queueMicrotask(() => listener.end());
  const close = (): void => {
    ignoreSignals();
    stream?.close();
    terminal?.restore();
  };
  const ignoreSignals = onEndingSignal((name) => {
    close();
    listener.signal(name);
  });
  return { hold: () => stream?.hold(), release: () => stream?.release(), close };
}
