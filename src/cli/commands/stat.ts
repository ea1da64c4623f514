// `tsvm stat`: what makes running VMs exit to KVM.
import { Option } from 'commander';
import { parseDuration } from '../../api/command-line.ts';
import { NoAnswer, PATIENCE_MS } from '../../api/control/client.ts';
import type { StatTable } from '../../api/index.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { CommandSpec } from '../command.ts';
import { addAllOption, addJsonOption, addNameOption, choiceOf, chosenVms } from '../control/choose.ts';
import { eachVm } from '../control/each-vm.ts';
import { renderStatTable } from '../render.ts';

const DEFAULT_FOR = '1s';
const LONGEST_MS = 60_000;

const EPILOGUE = `
A VM that was not started with --stat is looked at for a while (--for), which makes it slower meanwhile and changes nothing in the guest; of one with
--stat everything is known from its start.

Examples:
  tsvm stat vm0
  tsvm stat -a --for 5s --json`;

export const statCommand: CommandSpec = {
  name: 'stat',
  args: '[name]',
  summary: "show a running VM's exits to KVM",
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addAllOption(command);
    addJsonOption(command);
    command.addOption(
      new Option('--for <time>', 'look so long, up to 60s; 0s: only at what is counted anyway').default(DEFAULT_FOR),
    );
  },
  async run(cli, [name], options) {
    const ms = lookFor(typeof options.for === 'string' ? options.for : DEFAULT_FOR);
    const vms = await chosenVms(choiceOf('stat', name, options), cli.env);
    return eachVm(cli, vms, options.json === true, async (client) => {
      const { stat } = await client.ask({ request: 'stat', ms }, ms + PATIENCE_MS);
      if (typeof stat !== 'object' || stat === null) throw new NoAnswer('it says nothing of its exits');
      const lines = renderStatTable(stat as StatTable);
      return { text: [`${printable(client.name)}:`, ...lines].join('\n'), facts: { ...stat } };
    });
  },
};

/** Host milliseconds. @throws TsvmError usage */
function lookFor(text: string): number {
  const ms = /^0+[a-z]*$/.test(text) ? 0 : parseDuration('for', text, 1e6);
  if (ms <= LONGEST_MS) return ms;
  throw new TsvmError('usage', `--for ${text}: too long`, { next: 'give at most 60s' });
}
