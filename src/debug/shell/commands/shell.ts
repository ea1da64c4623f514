// Commands of the shell itself: help, echo, source, input, detach, quit.
import { TsvmError } from '../../../util/errors.ts';
import { grouped, printable } from '../../../util/format.ts';
import { FAMILIES, type ShellCommand } from '../command.ts';
import { commandNamed } from '../lookup.ts';
import type { ShellSession } from '../session.ts';
import { table } from '../text.ts';
import { unescaped } from '../words.ts';

function overview(session: ShellSession): string[] {
  const lines = FAMILIES.flatMap((family) => {
    const commands = session.commands.filter((command) => command.family === family);
    if (commands.length === 0) return [];
    return [family, ...table(commands.map(({ name, summary }) => [`  ${name}`, summary]))];
  });
  return [
    ...lines,
    "help COMMAND says more. Names may be shortened; gdb's names work too. Ctrl-C stops what runs.",
    'PLACE, ADDR, VALUE and EXPR are expressions: help print. An empty line goes on with step, next, mem read, x, disassemble.',
  ];
}

const helpCommand: ShellCommand = {
  name: 'help',
  aliases: ['h', '?', 'info'],
  family: 'shell',
  usage: 'help [COMMAND]',
  summary: 'list the commands, or explain one',
  examples: ['help', 'help break'],
  needs: 'any',
  complete: (session) => session.commands.map(({ name }) => name),
  run(session, args) {
    const word = args.take();
    if (word === undefined) return overview(session);
    const command = commandNamed(session.commands, word);
    const aliases = command.aliases ?? [];
    return [
      `${command.name}: ${command.summary}`,
      `usage: ${command.usage}`,
      ...(aliases.length === 0 ? [] : [`also: ${aliases.join(' ')}`]),
      ...(command.help ?? []),
      'examples:',
      ...command.examples.map((example) => `  ${example}`),
    ];
  },
};

const echoCommand: ShellCommand = {
  name: 'echo',
  family: 'shell',
  usage: 'echo TEXT',
  summary: 'show a text, for scripts',
  examples: ['echo --- after boot'],
  needs: 'any',
  run: (_session, args) => [printable(args.rest())],
};

/** Scripts in scripts. */
const MAX_SOURCES = 8;
const MOST_LINES = 100_000;

const sourceCommand: ShellCommand = {
  name: 'source',
  aliases: ['.'],
  family: 'shell',
  usage: 'source FILE',
  summary: 'run the lines of a file; it ends at the first that fails, unless that begins with -',
  examples: ['source boot.tsvm'],
  needs: 'any',
  async run(session, args) {
    const file = args.need('a file');
    args.done();
    const lines = new TextDecoder().decode(session.files.read(file)).split('\n');
    if (lines.length > MOST_LINES) throw args.refuse(`${printable(file)} has more than ${grouped(MOST_LINES)} lines`);
    if (session.sources >= MAX_SOURCES) throw args.refuse(`files that source files, ${MAX_SOURCES} deep`);
    session.sources++;
    try {
      return await sourced(session, file, lines);
    } finally {
      session.sources--;
    }
  },
};

async function sourced(session: ShellSession, file: string, lines: readonly string[]): Promise<string[]> {
  const output: string[] = [];
  for (const [i, line] of lines.entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const reply = await session.runLine(text.replace(/^-\s*/, ''));
    output.push(...reply.output.split('\n').slice(0, -1));
    if (session.leave !== null) return output;
    if (session.interrupted || (!reply.ok && !text.startsWith('-')))
      throw new TsvmError('usage', [`${printable(file)}:${i + 1}: ${printable(text)}`, ...output].join('\n'));
  }
  return output;
}

const inputCommand: ShellCommand = {
  name: 'input',
  aliases: ['type', 'send'],
  family: 'machine',
  usage: 'input [-n] TEXT',
  summary: "type TEXT and Enter on the guest's console; -n: without Enter",
  help: [
    '\\n \\t \\r \\e and \\x1b mean what they mean in C; quotes keep blanks. It is in the journal. The guest reads it when it runs.',
  ],
  examples: ['input ls /proc', 'input -n \\x03'],
  needs: 'any',
  run(session, args) {
    const bare = args.takeIf('-n') !== undefined;
    const text = args.nextIsQuoted ? args.take()! : args.rest();
    args.done();
    const bytes = unescaped(bare ? text : `${text}\\n`);
    if (bytes.length === 0) throw args.refuse('there is nothing to type');
    if (!session.target.sendInput(bytes))
      throw new TsvmError('usage', 'the guest takes no input: a replay has its own', {
        next: 'run the command of the first line without --replay',
      });
    return [`sent ${bytes.length} byte${bytes.length === 1 ? '' : 's'}`];
  },
};

const detachCommand: ShellCommand = {
  name: 'detach',
  family: 'shell',
  usage: 'detach',
  summary: 'let the guest go on, and leave the shell',
  help: ['Breakpoints of this session go.'],
  examples: ['detach'],
  needs: 'any',
  run(session, args) {
    args.done();
    session.leave = 'running';
    return [];
  },
};

const quitCommand: ShellCommand = {
  name: 'quit',
  aliases: ['q', 'exit', 'bye'],
  family: 'shell',
  usage: 'quit [paused]',
  summary: 'leave the shell; the guest is as it was when the shell came: running, or standing',
  help: ['paused: it stands. Breakpoints of this session go. `kill` ends the run.'],
  examples: ['quit', 'quit paused'],
  needs: 'any',
  complete: () => ['paused'],
  run(session, args) {
    const paused = args.takeIf('paused');
    args.done();
    session.leave = paused ? 'standing' : 'found';
    return [];
  },
};

export const shellCommands: readonly ShellCommand[] = [
  helpCommand,
  echoCommand,
  sourceCommand,
  inputCommand,
  detachCommand,
  quitCommand,
];
