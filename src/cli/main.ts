// The command line: finds the verb, runs it, and is the only place that decides the exit code and ends the process.
import { closeSync, fstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { CommanderError } from 'commander';
import { TsvmError } from '../util/errors.ts';
import type { Cli, CommandSpec } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { EXIT_USAGE, isImpatient, READER_PATIENCE, renderError, reportError } from './errors.ts';
import { buildProgram, helpText, unknownVerb, usageError } from './program.ts';
import { StderrLines } from './stderr.ts';
import { styleFor } from './style.ts';
import { optimiseJavaScriptLater } from './v8.ts';

/** Run the process's own command line and end the process with its exit code. */
export async function main(): Promise<void> {
  optimiseJavaScriptLater();
  const argv = process.argv.slice(2);
  const cli = await processCli();
  const debug = wantsDebug(argv);
  // A reader that left is no reason to fail; the verb that needs to know listens for itself.
  cli.stdout.on('error', () => {});
  const fatal = (error: unknown): void => {
    const report = reportError(error);
    cli.said.lines(renderError(report, cli.said.style, cli.said.columns, debug));
    void leave(cli, report.exitCode, READER_PATIENCE);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  const exitCode = await commandLine(argv, cli, COMMANDS);
  await leave(cli, exitCode, isImpatient(exitCode) ? READER_PATIENCE : undefined);
}

/** Run one command line; resolves to its exit code, and never rejects. */
export async function commandLine(
  argv: readonly string[],
  surroundings: Omit<Cli, 'help'>,
  commands: readonly CommandSpec[],
): Promise<number> {
  let exitCode = 0;
  const cli: Cli = { ...surroundings, help: (verb) => helpText(program, commands, verb) };
  const program = buildProgram(commands, cli, async (spec, args, options) => {
    exitCode = await spec.run(cli, args, options);
  });
  const [verb] = argv;
  try {
    if (verb === undefined) {
      cli.said.lines(cli.help().trimEnd());
      return EXIT_USAGE;
    }
    if (!verb.startsWith('-') && !commands.some((spec) => spec.name === verb)) {
      throw unknownVerb(verb, commands, isFile(verb));
    }
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    const cause = error instanceof CommanderError ? usageError(error, verb, program) : error;
    if (cause === null) return 0;
    const report = reportError(cause);
    cli.said.lines(renderError(report, cli.said.style, cli.said.columns, wantsDebug(argv)));
    return report.exitCode;
  }
}

function wantsDebug(argv: readonly string[]): boolean {
  return argv.includes('--debug');
}

/** Everything said goes out before the process ends: pipes are asynchronous in Node. */
async function leave(cli: Pick<Cli, 'stdout' | 'stderr'>, exitCode: number, patience?: number): Promise<never> {
  const flushed = Promise.all(
    [cli.stdout, cli.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
  if (patience === undefined) await flushed;
  else await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, patience))]);
  releaseHungUpTerminals();
  process.exit(exitCode);
}

/** Standard descriptors that were terminals at the start. */
const TERMINALS = [0, 1, 2].filter((fd) => isatty(fd));

/**
 * At exit Node restores the settings of its terminals, and aborts when one that has hung up (SIGHUP) refuses, which would
 * hide our exit code. A descriptor that is closed is left alone.
 */
function releaseHungUpTerminals(): void {
  for (const fd of TERMINALS) if (!isatty(fd)) closeSync(fd);
}

async function processCli(): Promise<Omit<Cli, 'help'>> {
  const { stdout, stderr, env } = process;
  return {
    stdout,
    stderr,
    said: new StderrLines(stderr, await styleFor(stderr, env)),
    env,
    sameTerminal: stdout.isTTY === true && stderr.isTTY === true && fstatSync(1).rdev === fstatSync(2).rdev,
    stdinFile: redirectedFrom(),
    version: packageVersion(),
    loadApi: () => import('../api/index.ts'),
  };
}

/** The file behind standard input, such as the one after `<` or /dev/null, where /proc can tell. */
function redirectedFrom(): string | null {
  try {
    const stdin = fstatSync(0);
    const path = readlinkSync('/proc/self/fd/0');
    const named = statSync(path);
    const replayable = stdin.isFile() || path === '/dev/null';
    return replayable && named.ino === stdin.ino && named.dev === stdin.dev ? path : null;
  } catch {
    // Closed, deleted, or no /proc: then the command is shown without it.
    return null;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version?: unknown };
  if (typeof version !== 'string') throw new TsvmError('internal', 'package.json has no version');
  return version;
}
