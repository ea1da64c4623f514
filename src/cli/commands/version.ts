// `tsvm version`, the same as --version.
import type { CommandSpec } from '../command.ts';

export const versionCommand: CommandSpec = {
  name: 'version',
  args: '',
  summary: 'print the version',
  async run(cli) {
    cli.stdout.write(`${cli.version}\n`);
    return 0;
  },
};
