// `tsvm help [command]`.
import type { CommandSpec } from '../command.ts';

export const helpCommand: CommandSpec = {
  name: 'help',
  args: '[command]',
  summary: 'print help, for one command or for all',
  async run(cli, [verb]) {
    cli.stdout.write(cli.help(verb));
    return 0;
  },
};
