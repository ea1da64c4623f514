// `tsvm list`: the VMs that are running, as `lkvm list` has it.
import { askInfo } from '../../api/control/live-vms.ts';
import { printableJson } from '../../util/format.ts';
import type { CommandSpec } from '../command.ts';
import { addAllOption, addJsonOption, addNameOption, choiceOf, chosenVms } from '../control/choose.ts';
import { EXIT_NO_ANSWER, noAnswer } from '../control/each-vm.ts';
import { renderList } from '../control/render-vms.ts';

const EPILOGUE = `
A run is listed from the moment it has its name (--name, else guest-PID) until it has ended. Its socket, which only its user can reach, is in
$TSVM_RUNTIME_DIR, else $XDG_RUNTIME_DIR/tsvm, else /tmp/tsvm-UID. Sockets that killed runs have left are removed. With --json the consoles of each are
listed, too, the one of tsvm run first.

Examples:
  tsvm list
  tsvm list --json | jq '.[].name'`;

export const listCommand: CommandSpec = {
  name: 'list',
  args: '',
  summary: 'list the VMs that are running',
  epilogue: EPILOGUE,
  addOptions(command) {
    addNameOption(command);
    addAllOption(command);
    addJsonOption(command);
  },
  async run(cli, _args, options) {
    const choice = choiceOf('list', undefined, options);
    const vms = await chosenVms(choice.name === null ? { ...choice, all: true } : choice, cli.env);
    const answers = await Promise.all(vms.map(askInfo));
    const listed = vms.map(({ name }, n) => {
      const answer = answers[n]!;
      return typeof answer === 'string' ? { name, failure: answer } : answer;
    });
    const silent = listed.filter((vm) => 'failure' in vm);
    if (options.json === true) {
      const objects = listed.map((vm, n) => ({
        ...('failure' in vm ? { name: vm.name, ok: false, error: vm.failure } : { ok: true, ...vm }),
        socket: vms[n]!.path,
      }));
      cli.stdout.write(`${printableJson(objects)}\n`);
    } else cli.stdout.write(`${renderList(listed)}\n`);
    for (const { name, failure } of silent) cli.said.lines(`${cli.said.style.bad('tsvm:')} ${noAnswer(name, failure)}`);
    return silent.length === 0 ? 0 : EXIT_NO_ANSWER;
  },
};
