// The debug shell's history between sessions: a file of the user's state (XDG Base Directory Specification), which only he can read. Where there can
// be none, there is none.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../api/run-store.ts';
import type { Env } from '../style.ts';
import { type HistoryStore, MAX_HISTORY } from './history.ts';

const MODE = 0o600;

export function historyFile({ XDG_STATE_HOME }: Env): HistoryStore {
  const state = XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : join(homedir(), '.local', 'state');
  const path = join(state, 'tsvm', 'debug-history');
  let usable = true;
  const attempt = <T>(what: () => T, otherwise: T): T => {
    if (!usable) return otherwise;
    try {
      return what();
    } catch {
      usable = false;
      return otherwise;
    }
  };
  return {
    load: () =>
      attempt(() => {
        makeFolder(dirname(path), 0o700);
        const lines = readIfThere(path)
          .split('\n')
          .filter((line) => line !== '');
        // Grown to twice its size it is written anew.
        const kept = lines.slice(-MAX_HISTORY);
        if (lines.length > 2 * MAX_HISTORY) writeFileSync(path, `${kept.join('\n')}\n`, { mode: MODE });
        return kept;
      }, []),
    add: (line) => attempt(() => appendFileSync(path, `${line}\n`, { mode: MODE }), undefined),
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
