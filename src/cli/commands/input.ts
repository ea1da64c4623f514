// `tsvm input`: type something at a running VM's console.
import { Option } from 'commander';
import { ControlClient, NoAnswer } from '../../api/control/client.ts';
import { type Keyboard, keyboard } from '../../api/control/keyboard.ts';
import type { OnConsole } from '../../api/control/protocol.ts';
import { TsvmError } from '../../util/errors.ts';
import type { Cli, CommandSpec } from '../command.ts';
import {
  addAllOption,
  addConsoleOption,
  addJsonOption,
  addNameOption,
  type Choice,
  choiceOf,
  chosenVm,
  chosenVms,
  consoleOf,
} from '../control/choose.ts';
import { EXIT_NO_ANSWER, eachVm, noAnswer } from '../control/each-vm.ts';
import { EXIT_INTERRUPTED } from '../errors.ts';

const ENTER = 0x0d;
const CTRL_D = 0x04;
/** Bytes of a request, so that its line is not too long. */
const PIECE = 0x8000;
/** Wall milliseconds after which it is said that the guest takes nothing. */
const NOTE_MS = 2000;

const EPILOGUE = `
The words are typed with blanks between them and Enter behind them; without words it is standard input, byte for byte. All of it is in the journal
of the run, which can be replayed.

Examples:
  tsvm input -n vm0 ls -l /
  tsvm input -a poweroff -f
  tsvm input -n vm0 --eof
  tsvm input -n vm0 --console uart1 ls
  tsvm input -n vm0 < script.sh`;

export const inputCommand: CommandSpec = {
  name: 'input',
  args: '[text...]',
  summary: "type something at a running VM's console",
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addAllOption(command);
    addJsonOption(command);
    addConsoleOption(command);
    // `ls -l` is no option of ours.
    command.allowUnknownOption();
    command.addOption(new Option('--no-enter', 'no Enter behind the words'));
    command.addOption(new Option('--eof', 'Ctrl-D at the end, which ends the input of a program at a terminal'));
  },
  async run(cli, words, options) {
    const choice = choiceOf('input', undefined, options);
    const given = words.filter((word) => word !== undefined);
    const end = options.eof === true ? [CTRL_D] : [];
    if (given.length === 0 && (choice.all || options.json === true))
      throw new TsvmError('usage', 'input: standard input is typed at one VM, and nothing is printed', {
        next: 'give words, or leave out -a and --json',
      });
    if (given.length === 0) return typeAll(cli, choice, keyboard(), end, consoleOf(options));
    const enter = options.enter === false ? [] : [ENTER];
    const bytes = Uint8Array.from([...new TextEncoder().encode(given.join(' ')), ...enter, ...end]);
    const on = consoleOf(options);
    if (!choice.all && options.json !== true) return typeAll(cli, choice, null, [...bytes], on);
    return eachVm(cli, await chosenVms(choice, cli.env), options.json === true, async (client) => {
      await type(cli, client, bytes, on);
      return { text: '', facts: { typed: bytes.length } };
    });
  },
};

/** All of `source`, if there is one, and then `end`. Resolves to the exit code. @throws TsvmError usage */
export async function typeAll(
  cli: Cli,
  choice: Choice,
  source: Keyboard | null,
  end: readonly number[],
  on: OnConsole = {},
): Promise<number> {
  if (source?.isTerminal && end.length === 0)
    throw new TsvmError('usage', 'input: no text was given, and standard input is a terminal', {
      next: 'give words or a pipe, or talk with the guest: tsvm attach',
    });
  const { name, path } = await chosenVm(choice, cli.env);
  try {
    const client = await ControlClient.connect(name, path);
    try {
      const done = source === null || source.isTerminal || (await typePiped(cli, client, source, on));
      if (done) await type(cli, client, Uint8Array.from(end), on);
      return done ? 0 : EXIT_INTERRUPTED;
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    cli.said.lines(`${cli.said.style.bad('tsvm:')} ${noAnswer(name, error.message)}`);
    return EXIT_NO_ANSWER;
  }
}

/** False: it was interrupted. The source is held while the guest takes nothing. */
function typePiped(cli: Cli, client: ControlClient, source: Keyboard, on: OnConsole): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let typed: Promise<void> = Promise.resolve();
    const open = source.open({
      bytes: (bytes) => {
        open.hold();
        typed = typed.then(() => type(cli, client, bytes, on)).then(() => open.release());
        typed.catch((error: unknown) => {
          open.close();
          reject(error);
        });
      },
      end: () => {
        open.close();
        typed.then(() => resolve(true), reject);
      },
      signal: () => resolve(false),
    });
  });
}

async function type(cli: Cli, client: ControlClient, bytes: Uint8Array, on: OnConsole): Promise<void> {
  const note = setTimeout(
    () => cli.said.log('warning', `${client.name} does not take its input; waiting (is it paused?)`),
    NOTE_MS,
  );
  try {
    for (let at = 0; at < bytes.length; at += PIECE)
      await client.ask({ request: 'input', bytes: bytes.subarray(at, at + PIECE), ...on }, null);
  } finally {
    clearTimeout(note);
  }
}
