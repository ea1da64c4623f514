// `tsvm machines`: the boards that run here, with their memory maps.
import type { MachineDescription } from '../../api/index.ts';
import { hex } from '../../util/bits.ts';
import type { CommandSpec } from '../command.ts';

export const machinesCommand: CommandSpec = {
  name: 'machines',
  args: '',
  summary: 'list the machines that guests can run on',
  async run(cli) {
    const { describeMachines } = await cli.loadApi();
    cli.stdout.write(`${describeMachines().map(renderMachine).join('\n\n')}\n`);
    return 0;
  },
};

function renderMachine(machine: MachineDescription): string {
  const cpus = machine.maxCpus === 1 ? '1 cpu' : `1 to ${machine.maxCpus} cpus`;
  const memory = `up to ${Math.floor(machine.maxMemory / 2 ** 20)} MiB`;
  const widest = Math.max(...machine.devices.map((device) => device.name.length));
  const devices = machine.devices.map((device) => {
    const range = `${hex(device.address)}-${hex(device.address + device.size - 1)}`;
    const irq = device.irq === null ? '' : `  irq ${device.irq}`;
    const when = device.disks === 0 ? '' : `  with ${device.disks === 1 ? 'a --disk' : `${device.disks} --disk`}`;
    return `  ${device.name.padEnd(widest)}  ${range}${irq}${when}`;
  });
  return [
    `${machine.name}: ${machine.summary}`,
    `  ${machine.architecture}, ${cpus}, ${memory}, console ${machine.consoles.join(' or ')}`,
    ...devices,
  ].join('\n');
}
