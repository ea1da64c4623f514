// Which command a line means: by name, alias or a beginning that only one name has; `info THING` and `show THING` are gdb's way to say it.
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import { nearest } from '../../util/words.ts';
import type { ShellCommand } from './command.ts';

/** gdb's `info` topics that have another name here. */
const TOPICS: Readonly<Record<string, string>> = {
  registers: 'regs',
  'all-registers': 'regs all',
  watchpoints: 'breakpoints',
  threads: 'cpus',
  frame: 'bt',
  line: 'symbol',
  mem: 'map',
  mtree: 'map',
  r: 'regs',
  b: 'breakpoints',
};

/** What changes the guest and cannot be taken back has to be said whole: `in` is gdb's info to many. */
const WHOLE: ReadonlySet<string> = new Set(['input', 'kill', 'load']);

/** gdb's watchpoints by kind of access, as the line that they mean here. */
export function withoutAccess(line: string): string {
  const [, kind, rest] = /^([ra])watch\s+(\S.*)$/s.exec(line) ?? [];
  if (rest === undefined) return line;
  const more = rest.search(/\s(?:if|cpu|once|==)(?:\s|$)/);
  const place = more < 0 ? rest : rest.slice(0, more);
  return `watch ${place} ${kind === 'r' ? 'read' : 'access'}${more < 0 ? '' : rest.slice(more)}`;
}

/** `info registers pc` as the line that it means here. */
export function withoutInfo(line: string): string {
  const [, what] = /^(?:info|show|i)\s+(\S.*)$/s.exec(line) ?? [];
  if (what === undefined) return line;
  const [, topic, rest] = /^([A-Za-z][\w-]*)(.*)$/s.exec(what) ?? [];
  // A number or a register: what is there?
  if (topic === undefined) return `symbol ${what}`;
  return `${Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : topic}${rest}`;
}

/** @throws TsvmError usage: no command, or several, are meant */
export function commandNamed(commands: readonly ShellCommand[], word: string): ShellCommand {
  const exact = commands.find(({ name }) => name === word) ?? commands.find(({ aliases }) => aliases?.includes(word));
  if (exact) return exact;
  const begin = commands.filter(({ name }) => name.startsWith(word) && !WHOLE.has(name));
  if (begin.length === 1) return begin[0]!;
  if (begin.length > 1)
    throw new TsvmError('usage', `${printable(word)} may mean ${begin.map(({ name }) => name).join(', ')}`);
  const like = nearest(
    word,
    commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  );
  throw new TsvmError('usage', `there is no command ${printable(word)}`, {
    next: like === undefined ? 'help lists them' : `did you mean ${like}?`,
  });
}
