// The size of the window that shows a guest's console.
import type { Cli } from '../command.ts';

/** Tells `resize` the size now and whenever it changes. Returns how to stop. */
export function followWindowSize(
  { stdout, stderr }: Pick<Cli, 'stdout' | 'stderr'>,
  resize: (columns: number, rows: number) => void,
): () => void {
  const window = stdout.isTTY === true ? stdout : stderr;
  const resized = (): void => {
    const { columns = 0, rows = 0 } = window;
    if (columns > 0 && rows > 0) resize(columns, rows);
  };
  resized();
  window.on('resize', resized);
  return () => window.off('resize', resized);
}
