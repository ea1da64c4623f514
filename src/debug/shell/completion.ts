// What the debug shell offers when a place or a register is being typed.
import type { ShellSession } from './session.ts';

/** Candidates shown at once: more help nobody. */
const MOST = 200;

/** `$` and register names, symbols; also behind an operator or `phys:`. */
export function completePlace(session: ShellSession, word: string): readonly string[] {
  const [, before = '', name = ''] = /^(.*?)(\$?[\w.]*)$/.exec(word) ?? [];
  if (name.startsWith('$')) return completeRegister(session, name.slice(1)).map((found) => `${before}$${found}`);
  if (name === '') return [];
  return session.target.symbols.names(name, MOST).map((symbol) => `${before}${symbol}`);
}

/** Names of registers that begin so. Nothing while the guest runs. */
export function completeRegister(session: ShellSession, name: string): readonly string[] {
  const { target } = session;
  if (!target.stopped) return [];
  return target.view
    .registers(session.cpu)
    .map((register) => register.name)
    .filter((found) => found.startsWith(name.toLowerCase()))
    .slice(0, MOST);
}
