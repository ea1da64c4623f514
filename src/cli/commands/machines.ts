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
    const places = device.windows.map(
      ({ bus, address, size }) => `${bus === null ? '' : `${bus} `}${hex(address)}-${hex(address + size - 1)}`,
    );
    if (device.pci !== null)
      places.push(`pci 00:${device.pci.device.toString(16).padStart(2, '0')}.${device.pci.number}`);
    const irq = device.irq === null ? '' : `  irq ${device.irq.chip} ${device.irq.line}`;
    const { disks, console, transport } = device.needs;
    const needs = [
      ...(disks === 0 ? [] : [disks === 1 ? 'a --disk' : `${disks} --disk`]),
      ...(console === null ? [] : [`--console ${console}`]),
      ...(transport === null ? [] : [`--virtio-transport ${transport}`]),
    ];
    const when = needs.length === 0 ? '' : `  with ${needs.join(', ')}`;
    return `  ${device.name.padEnd(widest)}  ${places.join(', ')}${irq}${when}`;
  });
  return [
    `${machine.name}: ${machine.summary}`,
    `  ${machine.architecture} (${machine.cpuModels.join(', ')}), ${cpus}, ${memory}, console ${machine.consoles.join(' or ')}`,
    ...devices,
  ].join('\n');
}
