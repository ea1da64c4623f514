// What board arm-virt puts into memory, and what its CPUs start with (Linux, Documentation/arm/booting; reference ARM.md 1 and 9).
import { writeFdt } from '../boot/fdt.ts';
import { loadInitrd } from '../boot/initrd.ts';
import { armEntryRegisters, armInitrdPlan, loadArmFdt, loadArmImage } from '../boot/linux-arm.ts';
import { armTree } from './arm-virt-fdt.ts';
import type { BootRegister, LoadContext, LoadedGuest, Segment } from './board.ts';

const BOARD = 'arm-virt';

export const RAM_BASE = 0x8000_0000;
/** Linux's linear mapping with a split at 3 GiB, as far as it reaches with Linux's own room for vmalloc. */
export const KERNEL_SEGMENT: Segment = {
  name: 'kernel mapping',
  base: 0xc000_0000,
  size: 0x3000_0000,
  physical: RAM_BASE,
};
/** Where programs are before they switch the MMU on, and those that never do. */
export const RAM_SEGMENT: Segment = { name: 'low RAM', base: RAM_BASE, size: 0x1000_0000, physical: RAM_BASE };

const MPIDR_AFFINITY = 0xff_ffff;

export function loadArm(context: LoadContext): LoadedGuest {
  const { memory, kernel: file, image, cpus, devices } = context;
  const ram = context.ram[0]!;
  const boot = image.boot!;
  const kernel = loadArmImage(file, memory, ram, BOARD);
  const initrd = context.initrd ? loadInitrd(context.initrd, memory, armInitrdPlan(kernel, ram)) : null;
  const nodes = devices.flatMap(({ fdt }) => (fdt ? [fdt] : []));
  const shown = devices.find((row) => row.console === context.console)?.fdt;
  const first = nodes.find(({ name }) => name.startsWith('serial@'))!;
  const deviceTree = writeFdt(
    armTree({
      boot,
      commandLine: context.commandLine([]),
      ram: context.ram,
      initrd,
      affinities: Array.from({ length: cpus }, (_, cpu) => context.register(cpu, 'mpidr') & MPIDR_AFFINITY),
      devices: nodes,
      stdout: shown?.name.startsWith('serial@') ? shown.name : first.name,
    }),
  );
  const fdt = loadArmFdt(deviceTree, memory, { ram, kernel, initrd });
  const { pc, ...others } = armEntryRegisters(kernel, fdt.start, boot);
  const registers: BootRegister[] = [...Object.entries(others), ['pc', pc]];
  return { entry: kernel.entry, deviceTree, registers: (cpu) => (cpu === 0 ? registers : []) };
}
