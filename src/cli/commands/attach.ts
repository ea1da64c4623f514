// `tsvm attach`: a second terminal on a running VM's console.
import { ControlClient, NoAnswer } from '../../api/control/client.ts';
import { keyboard } from '../../api/control/keyboard.ts';
import type { CommandSpec } from '../command.ts';
import { AttachedTerminal } from '../control/attached-terminal.ts';
import { addConsoleOption, addNameOption, choiceOf, chosenVm, consoleOf } from '../control/choose.ts';
import { EXIT_NO_ANSWER, noAnswer } from '../control/each-vm.ts';

const EPILOGUE = `
Standard output is the guest's console from now on, and a little from before. What is typed goes to the guest, from every terminal that is attached; on
a terminal Ctrl-a d detaches and Ctrl-a h helps. A pipe or file on standard input is typed, and the console is shown until the VM ends.

--console names another console of the machine by its device: serial lines that the guest can use beside the console of tsvm run, such as uart1 of malta
or pl011 of arm-virt. What is said there is shown nowhere else; what is typed there is in the journal.

Examples:
  tsvm attach vm0
  tsvm attach vm0 --console uart1
  tsvm attach vm0 < /dev/null | grep -m1 login:`;

export const attachCommand: CommandSpec = {
  name: 'attach',
  args: '[name]',
  summary: "show a running VM's console here, and type at it",
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addConsoleOption(command);
  },
  async run(cli, [bare], options) {
    const { name, path } = await chosenVm(choiceOf('attach', bare, options), cli.env);
    const input = keyboard();
    try {
      const client = await ControlClient.connect(name, path);
      try {
        return await new AttachedTerminal(cli, client, input, consoleOf(options)).toTheEnd();
      } finally {
        client.close();
      }
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      cli.said.lines(`${cli.said.style.bad('tsvm:')} ${noAnswer(name, error.message)}`);
      return EXIT_NO_ANSWER;
    }
  },
};
