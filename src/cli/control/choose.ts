// Which running VM a verb is about: -n NAME or NAME, all of them with -a, and the only one when nothing is said.
import { type Command, Option } from 'commander';
import { type LiveVm, liveVms } from '../../api/control/live-vms.ts';
import type { OnConsole } from '../../api/control/protocol.ts';
import { TsvmError } from '../../util/errors.ts';
import { nearest } from '../../util/words.ts';
import type { ParsedOptions } from '../options.ts';
import type { Env } from '../style.ts';

/** How a command line names VMs. */
export interface Choice {
  /** For what to type next. */
  readonly verb: string;
  readonly name: string | null;
  readonly all: boolean;
}

export function addNameOption(command: Command): void {
  command.addOption(new Option('-n, --name <name>', 'the VM (default: the only one that is running)'));
}

export function addConsoleOption(command: Command): void {
  command.addOption(new Option('--console <name>', "one of the machine's other consoles, such as uart1 (list --json)"));
}

/** What --console says. */
export function consoleOf({ console }: ParsedOptions): OnConsole {
  return typeof console === 'string' ? { console } : {};
}

export function addAllOption(command: Command): void {
  command.addOption(new Option('-a, --all', 'every VM that is running'));
}

export function addJsonOption(command: Command): void {
  command.addOption(new Option('--json', 'print a JSON array with an object for each VM'));
}

/** The bare argument and the options. @throws TsvmError usage when they contradict each other */
export function choiceOf(verb: string, bare: string | undefined, options: ParsedOptions): Choice {
  const given = typeof options.name === 'string' ? options.name : undefined;
  const all = options.all === true;
  const name = given ?? bare ?? null;
  if (given !== undefined && bare !== undefined && given !== bare)
    throw new TsvmError('usage', `${verb}: two VMs: --name ${given} and ${bare}`, {
      next: 'name one, or give -a for all',
    });
  if (all && name !== null)
    throw new TsvmError('usage', `${verb}: -a means every VM, and ${name} one of them`, { next: 'leave one out' });
  return { verb, name, all };
}

/** In order of their names; none only with -a. @throws TsvmError usage when there is no such VM, or it is not clear which */
export async function chosenVms(choice: Choice, env: Env): Promise<LiveVm[]> {
  const running = await liveVms(env);
  return choice.all ? running : [choose(choice, running)];
}

/** @throws TsvmError usage when there is no such VM, or it is not clear which */
export async function chosenVm(choice: Choice, env: Env): Promise<LiveVm> {
  return choose(choice, await liveVms(env));
}

function choose({ verb, name }: Choice, running: readonly LiveVm[]): LiveVm {
  const names = running.map((vm) => vm.name);
  const found = name === null && running.length === 1 ? running[0] : running.find((vm) => vm.name === name);
  if (found) return found;
  const cause = names.length === 0 ? 'no VM is running' : `running: ${names.join(', ')}`;
  if (name !== null) {
    const near = nearest(name, names);
    throw new TsvmError('usage', `${name}: no VM of that name is running`, {
      cause,
      next: near === undefined ? 'tsvm list shows those that are' : `did you mean ${near}?`,
    });
  }
  if (names.length === 0)
    throw new TsvmError('usage', `${verb}: no VM is running`, { next: 'start one: tsvm run KERNEL' });
  throw new TsvmError('usage', `${verb}: several VMs are running`, {
    cause,
    next: `say which: tsvm ${verb} -n ${names[0]}`,
  });
}
