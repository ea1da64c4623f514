// `tsvm stop`: end running VMs, as `lkvm stop` does.
import { NoAnswer } from '../../api/control/client.ts';
import { printable } from '../../util/format.ts';
import type { CommandSpec } from '../command.ts';
import { addAllOption, addJsonOption, addNameOption, choiceOf, chosenVms } from '../control/choose.ts';
import { eachVm } from '../control/each-vm.ts';

const EPILOGUE = `
The run ends where it is, as Ctrl-a x ends it: its exit code is 130, and all it has said is kept. The guest is not asked; let it shut down by itself
where its disks matter, such as with tsvm input -n NAME poweroff. tsvm stop is done when the run has ended.

Examples:
  tsvm stop vm0
  tsvm stop -a`;

/** Wall milliseconds that a run may take to end. */
const END_MS = 10_000;

export const stopCommand: CommandSpec = {
  name: 'stop',
  args: '[name]',
  summary: 'end a running VM',
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addAllOption(command);
    addJsonOption(command);
  },
  async run(cli, [name], options) {
    const vms = await chosenVms(choiceOf('stop', name, options), cli.env);
    return eachVm(cli, vms, options.json === true, async (client) => {
      // It may be over before it has answered.
      await client.ask({ request: 'stop', reason: 'stopped by tsvm stop' }).catch((error: unknown) => {
        if (!client.ended) throw error;
      });
      await within(END_MS, client.closed);
      const { summary = 'ended', exitCode = null } = client.ended ?? {};
      return { text: `${client.name} ended: ${printable(summary)}`, facts: { summary, exitCode } };
    });
  },
};

async function within(ms: number, end: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(`has not ended within ${ms / 1000} s`)), ms);
  });
  await Promise.race([end, late]).finally(() => clearTimeout(timer));
}
