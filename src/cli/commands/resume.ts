// `tsvm resume`: let a paused VM go on, as `lkvm resume` does.
import { infoOf } from '../../api/control/client.ts';
import type { CommandSpec } from '../command.ts';
import { addAllOption, addJsonOption, addNameOption, choiceOf, chosenVms } from '../control/choose.ts';
import { eachVm } from '../control/each-vm.ts';
import { renderState } from '../control/render-vms.ts';

const EPILOGUE = `
It goes on, whoever made it stand: \`tsvm pause\`, a breakpoint, or the debug shell. One that runs goes on running.

Examples:
  tsvm resume vm0
  tsvm resume -a`;

export const resumeCommand: CommandSpec = {
  name: 'resume',
  args: '[name]',
  summary: 'let a paused VM go on',
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addAllOption(command);
    addJsonOption(command);
  },
  async run(cli, [name], options) {
    const vms = await chosenVms(choiceOf('resume', name, options), cli.env);
    return eachVm(cli, vms, options.json === true, async (client) => {
      const info = infoOf(await client.ask({ request: 'resume' }));
      return { text: renderState(info), facts: { ...info } };
    });
  },
};
