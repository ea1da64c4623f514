// Who is at the other end of a board's console devices: the run's standard output at that of the `--console`, who attaches at each of the others.
import type { CharBackend } from '../devices/device.ts';
import type { SerialPl011 } from '../devices/serial-pl011.ts';
import type { BoardConsole, BoardContext } from './board.ts';

/**
 * Where the row called `row` puts out what the guest says there. `console`: its `--console` word, if it has one; `early`: it shows what earlycon says
 * before the machine's console, which has another driver, is there.
 */
export function consoleBackend(
  { console, consoleOutput, otherConsole }: BoardContext,
  row: string,
  { console: kind, early = false }: { console?: string; early?: boolean },
): CharBackend {
  if (kind === console) return consoleOutput;
  const own = otherConsole(row);
  if (!early) return own;
  return {
    write: (bytes) => {
      consoleOutput.write(bytes);
      own.write(bytes);
    },
  };
}

/** A serial line does not know how large the terminal at its end is. */
export function serialConsole(device: Pick<SerialPl011, 'room' | 'input' | 'inputBreak'>): BoardConsole {
  return {
    room: () => device.room(),
    input: (bytes) => device.input(bytes),
    inputBreak: () => device.inputBreak(),
    resize: () => {},
  };
}
