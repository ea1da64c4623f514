// `tsvm pause`: hold a running VM between two instructions, as `lkvm pause` does.
import { infoOf } from '../../api/control/client.ts';
import type { CommandSpec } from '../command.ts';
import { addAllOption, addJsonOption, addNameOption, choiceOf, chosenVms } from '../control/choose.ts';
import { eachVm } from '../control/each-vm.ts';
import { renderState } from '../control/render-vms.ts';

const EPILOGUE = `
The guest stands, and no guest time passes, until \`tsvm resume\`; its result is the same as if it had not. Input waits.

Examples:
  tsvm pause vm0
  tsvm pause -a`;

export const pauseCommand: CommandSpec = {
  name: 'pause',
  args: '[name]',
  summary: 'hold a running VM between two instructions',
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addAllOption(command);
    addJsonOption(command);
  },
  async run(cli, [name], options) {
    const vms = await chosenVms(choiceOf('pause', name, options), cli.env);
    return eachVm(cli, vms, options.json === true, async (client) => {
      const info = infoOf(await client.ask({ request: 'pause' }));
      return { text: renderState(info), facts: { ...info } };
    });
  },
};
