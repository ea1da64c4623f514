// `tsvm debug`: the debug shell, on a VM that is running or on a kernel that stands at its entry.
import { readFileSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ControlClient, NoAnswer } from '../../api/control/client.ts';
import { type Keyboard, keyboard } from '../../api/control/keyboard.ts';
import { type LiveVm, liveVms } from '../../api/control/live-vms.ts';
import { sysrqKey } from '../../api/control/protocol.ts';
import { TsvmError } from '../../util/errors.ts';
import type { Cli, CommandSpec } from '../command.ts';
import { endOf } from '../control/attached-terminal.ts';
import { choiceOf, chosenVm, chosenVms, consoleOf } from '../control/choose.ts';
import { ConsoleKeys } from '../control/console-keys.ts';
import { EXIT_NO_ANSWER, eachVm, noAnswer } from '../control/each-vm.ts';
import { RemoteShell } from '../control/remote-shell.ts';
import { runShellScript } from '../debug/terminal-shell.ts';
import { EXIT_INTERRUPTED } from '../errors.ts';
import { refuseSameFile } from '../named-files.ts';
import { OneRun } from '../one-run.ts';
import { addRunOptions, type ParsedOptions, runRequest } from '../options.ts';
import { namedFiles, withEvents } from './run.ts';

const EXIT_FAIL = 1;
const MOST_SCRIPT = 1 << 20;
/** Options that are not those of run. */
const OF_DEBUG: ReadonlySet<string> = new Set(['command', 'exec', 'sysrq', 'n', 'all', 'console']);

const EPILOGUE = `
TARGET is a VM that is running (tsvm list), or a kernel: that one is run as by tsvm run, with its options, and stands at its first instruction; the
guest has the terminal when the shell is left. Without TARGET it is the only VM that is running. In the shell, help lists its commands; on the
terminal of a run Ctrl-a c opens it. While a command lets the guest run, Ctrl-C makes it stand.

Commands come from -e, --exec, or a pipe instead of a terminal: each is shown with what it says. The first that fails is the last one (exit 1), unless
its line begins with -. When they are at their end a running VM is as it was before, and a kernel's run is ended, unless the last was quit.

Examples:
  tsvm debug vmlinux
  tsvm debug vmlinux -e 'break start_kernel' -e continue -e bt
  tsvm debug vm0 --exec script.txt
  tsvm debug -n vm0 --sysrq t
  tsvm debug -n vm0 --sysrq t --console uart1`;

export const debugCommand: CommandSpec = {
  name: 'debug',
  args: '[target]',
  summary: 'look into a guest and steer it: a running VM, or a kernel from its start',
  epilogue: EPILOGUE,
  addOptions(command: Command) {
    const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
    command.addOption(new Option('-e, --command <line>', 'run a command of the shell').argParser(repeated));
    command.addOption(new Option('--exec <file>', 'run the commands in a file; - is standard input'));
    command.addOption(
      new Option(
        '-s, --sysrq <key>',
        "press a key of Linux' magic SysRq on a running VM's console (another one: --console NAME)",
      ),
    );
    command.addOption(new Option('-n <vm>', 'a VM that is running'));
    command.addOption(new Option('-a, --all', 'with --sysrq: every VM that is running'));
    addRunOptions(command);
  },
  async run(cli, [target], options) {
    if (options.all === true) return sysrqEverywhere(cli, target, options);
    const named = typeof options.n === 'string' ? options.n : undefined;
    const kernel = typeof options.kernel === 'string' ? options.kernel : undefined;
    const bare = named ?? (kernel === undefined ? target : undefined);
    if (named !== undefined || (target === undefined && kernel === undefined)) {
      const vm = await chosenVm(choiceOf('debug', named ?? target, {}), cli.env);
      return withLiveVm(cli, vm, options);
    }
    const running = await liveVms(cli.env);
    const found = running.find(({ name }) => name === bare);
    if (found) return withLiveVm(cli, found, options);
    if (bare !== undefined && statSync(bare, { throwIfNoEntry: false }) === undefined)
      throw new TsvmError('usage', `${bare}: neither a running VM nor a kernel`, {
        cause: running.length === 0 ? 'no VM is running' : `running: ${running.map(({ name }) => name).join(', ')}`,
        next: 'give the name of a running VM, or the file of a kernel',
      });
    return debugKernel(cli, target, options);
  },
};

/** @throws TsvmError usage, io */
async function debugKernel(cli: Cli, kernel: string | undefined, options: ParsedOptions): Promise<number> {
  if (options.sysrq !== undefined) throw new TsvmError('usage', 'debug: --sysrq is for a VM that is running');
  const request = runRequest(kernel, options);
  if (request.seeds !== null || request.repeat > 1)
    throw new TsvmError('usage', 'debug: --repeat and a range of seeds are for tsvm run');
  refuseSameFile(namedFiles(request));
  const source = keyboard();
  const script = await scriptOf(options, source);
  const usesStdin = script !== null && (options.exec === '-' || isPiped(options, source));
  const input = script === null ? 'api' : usesStdin ? 'none' : 'stdin';
  const debugging = { script, keyboard: script === null ? source : null, input } as const;
  return withEvents(cli, request, (events) => new OneRun(cli, request, events, { debugging }).toTheEnd());
}

/** @throws TsvmError usage */
async function sysrqEverywhere(cli: Cli, target: string | undefined, options: ParsedOptions): Promise<number> {
  if (typeof options.sysrq !== 'string')
    throw new TsvmError('usage', 'debug: -a is for --sysrq: a shell looks into one VM');
  const key = sysrqKey(options.sysrq);
  const given = target ?? (typeof options.n === 'string' ? options.n : undefined);
  const vms = await chosenVms(choiceOf('debug', given, { all: true }), cli.env);
  return eachVm(cli, vms, false, async (client) => {
    await client.ask({ request: 'sysrq', key, ...consoleOf(options) });
    return { text: '', facts: {} };
  });
}

/** What a VM that runs already has. @throws TsvmError usage */
function refuseRunOptions(name: string, options: ParsedOptions): void {
  const [odd] = Object.entries(options).filter(([key, value]) => value !== undefined && !OF_DEBUG.has(key));
  if (!odd) return;
  const flag = odd[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new TsvmError('usage', `debug: --${flag} is for a kernel that is started, and ${name} is running`, {
    next: 'leave it out',
  });
}

async function withLiveVm(cli: Cli, { name, path }: LiveVm, options: ParsedOptions): Promise<number> {
  refuseRunOptions(name, options);
  const sysrq = typeof options.sysrq === 'string' ? sysrqKey(options.sysrq) : null;
  const source = keyboard();
  const script = sysrq === null ? await scriptOf(options, source) : null;
  try {
    const client = await ControlClient.connect(name, path);
    try {
      if (sysrq === null) return await debugLive(cli, client, script, source);
      await client.ask({ request: 'sysrq', key: sysrq, ...consoleOf(options) });
      return 0;
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    cli.said.lines(`${cli.said.style.bad('tsvm:')} ${noAnswer(name, error.message)}`);
    return EXIT_NO_ANSWER;
  }
}

/** The shell of a running VM: by a script, or at the terminal. */
export async function debugLive(
  cli: Cli,
  client: ControlClient,
  script: string | null,
  source: Keyboard,
): Promise<number> {
  if (script !== null) {
    const shell = await RemoteShell.open(client, process.cwd());
    const ok = await runShellScript(script, shell, (text) => void cli.stdout.write(text));
    await shell.close();
    return ok ? 0 : EXIT_FAIL;
  }
  let exitCode = 0;
  const keys = new ConsoleKeys(cli, {
    // There is no console here that keys could be for.
    send: () => {},
    openShell: () => RemoteShell.open(client, process.cwd()),
    act: () => {},
  });
  const open = source.open({
    bytes: (bytes) => keys.typed(bytes),
    end: () => keys.end(),
    signal: () => {
      exitCode = EXIT_INTERRUPTED;
      keys.end();
    },
  });
  let left = false;
  void client.closed.then(() => {
    if (left) return;
    cli.said.lines(cli.said.style.dim(endOf(client)));
    exitCode = client.ended ? 0 : EXIT_NO_ANSWER;
    keys.end();
  });
  await keys.debug(['pause']);
  left = true;
  open.close();
  return exitCode;
}

function isPiped({ command, exec }: ParsedOptions, source: Keyboard): boolean {
  return command === undefined && exec === undefined && !source.isTerminal;
}

/** The commands, a line each; null: they are typed. @throws TsvmError io */
async function scriptOf(options: ParsedOptions, source: Keyboard): Promise<string | null> {
  const { command, exec } = options;
  const lines = Array.isArray(command) ? (command as readonly string[]).join('\n') : '';
  if (exec === '-' || isPiped(options, source)) return `${await allOf(source)}\n${lines}`;
  if (typeof exec === 'string') return `${readScript(exec)}\n${lines}`;
  return command === undefined ? null : lines;
}

function readScript(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, MOST_SCRIPT);
  } catch (error) {
    throw new TsvmError('io', `--exec ${path}: cannot be read (${(error as Error).message})`, {
      next: 'give a file with a command on each line, or - for standard input',
    });
  }
}

/** All of standard input. */
function allOf(source: Keyboard): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    let length = 0;
    const open = source.open({
      bytes: (bytes) => {
        length += bytes.length;
        if (length <= MOST_SCRIPT) pieces.push(bytes);
      },
      end: () => {
        open.close();
        resolve(Buffer.concat(pieces).toString());
      },
      signal: () => reject(new TsvmError('io', 'debug: interrupted while reading the commands')),
    });
  });
}
