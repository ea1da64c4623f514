// The verbs as a commander program that never writes or exits by itself, and commander's complaints in our own form.
import { Command, type CommanderError } from 'commander';
import { quoteWord } from '../api/command-line.ts';
import { TsvmError } from '../util/errors.ts';
import { nearest } from '../util/words.ts';
import type { Cli, CommandSpec } from './command.ts';
import type { ParsedOptions } from './options.ts';

const EPILOGUE = `
Exit codes: 0 ended well, 1 failed, 2 bad usage, 10-99 the guest's own, 100 panic, 101 reset, 102 reboot,
103 proven hang, 104 guest-time limit, 105 wall-clock limit, 125 tsvm failed, 126 image not runnable,
127 image not found, 130 interrupted.`;

/** `onResult` receives the exit code of the verb that ran. */
export function buildProgram(
  commands: readonly CommandSpec[],
  cli: Pick<Cli, 'stdout' | 'version'>,
  act: (spec: CommandSpec, args: readonly (string | undefined)[], options: ParsedOptions) => Promise<void>,
): Command {
  const program = new Command('tsvm')
    .description(
      'A virtual machine monitor over an emulated core: boots MIPS kernels anywhere, the same way every time.',
    )
    .helpCommand(false)
    .version(cli.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void cli.stdout.write(text), writeErr: () => {} })
    .addHelpText('after', EPILOGUE);
  for (const spec of commands) {
    const command = program
      .command(spec.args === '' ? spec.name : `${spec.name} ${spec.args}`)
      .description(spec.summary)
      .helpOption('-h, --help', 'print this help');
    spec.addOptions?.(command);
    if (spec.epilogue !== undefined) command.addHelpText('after', spec.epilogue);
    command.action(async (...given: unknown[]) => {
      const names = command.registeredArguments.length;
      // A variadic argument is a list.
      await act(spec, given.slice(0, names).flat() as (string | undefined)[], command.opts<ParsedOptions>());
    });
  }
  return program;
}

/** The help of a verb or, without one, of tsvm. */
export function helpText(program: Command, commands: readonly CommandSpec[], verb?: string): string {
  const command = verb === undefined ? program : program.commands.find((candidate) => candidate.name() === verb);
  if (!command) throw unknownVerb(verb ?? '', commands, false);
  const spec = commands.find((candidate) => candidate.name === verb);
  return `${command.helpInformation()}${spec === undefined ? EPILOGUE : (spec.epilogue ?? '')}\n`;
}

/** A verb that does not exist; `isFile` says that there is a file of that name, which somebody may want to boot. */
export function unknownVerb(verb: string, commands: readonly CommandSpec[], isFile: boolean): TsvmError {
  const names = commands.map((spec) => spec.name);
  if (isFile) {
    return new TsvmError('usage', `${verb}: not a command, but a file`, {
      cause: 'a kernel is booted by the verb run',
      next: `try: tsvm run ${quoteWord(verb)}`,
    });
  }
  const near = nearest(verb, names);
  return new TsvmError('usage', `${verb}: there is no such command`, {
    cause: `the commands are ${names.join(', ')}`,
    next: near === undefined ? 'try: tsvm help' : `try: tsvm ${near}`,
  });
}

/** Commander's complaint as a usage error, or null when it only wanted to say that help or version was printed. */
export function usageError(error: CommanderError, verb: string | undefined, program: Command): TsvmError | null {
  if (error.exitCode === 0) return null;
  const command = program.commands.find((candidate) => candidate.name() === verb);
  const help = command === undefined ? 'tsvm help' : `tsvm help ${command.name()}`;
  const place = command === undefined ? '' : `${command.name()}: `;
  const [first = ''] = error.message.replace(/^error: /, '').split('\n');
  switch (error.code) {
    case 'commander.unknownOption': {
      const word = /'(.*)'/.exec(first)?.[1] ?? '';
      const known = (command ?? program).options.flatMap((option) => (option.long ? [option.long] : []));
      const near = nearest(word.split('=')[0]!, known);
      return new TsvmError('usage', `${place}unknown option ${word}`, {
        next: near === undefined ? `try: ${help}` : `did you mean ${near}? ${help} lists all`,
      });
    }
    case 'commander.excessArguments':
      return new TsvmError('usage', `${place}one argument too many: ${excess(command ?? program)}`, {
        ...(verb === 'run' ? { cause: 'the bare argument is the kernel; words for it go after --params' } : {}),
        next: `try: ${help}`,
      });
    case 'commander.optionMissingArgument':
      return new TsvmError('usage', first.replace(/^option '(.*)' argument missing$/, '$1: the value is missing'), {
        next: `try: ${help}`,
      });
    default:
      return new TsvmError('usage', first, { next: `try: ${help}` });
  }
}

function excess(command: Command): string {
  return command.args.slice(command.registeredArguments.length).join(' ');
}
