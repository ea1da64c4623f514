// Running VMs as text: the table of `tsvm list`, and one VM on a line.
import type { VmInfo } from '../../api/control/controlled-vm.ts';
import { guestSeconds, instant, printable } from '../../util/format.ts';

const COLUMNS = ['NAME', 'PID', 'STATE', 'MACHINE', 'CPUS', 'MEMORY', 'GUEST TIME', 'KERNEL'] as const;
/** These are numbers. */
const RIGHT = new Set<string>(['PID', 'CPUS', 'MEMORY', 'GUEST TIME']);

/** What is known of a VM: its facts, or only that it does not say them. */
export type Listed = VmInfo | { readonly name: string; readonly failure: string };

export function renderList(vms: readonly Listed[]): string {
  const rows = [COLUMNS, ...vms.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          RIGHT.has(COLUMNS[column]!) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cells(vm: Listed): string[] {
  if ('failure' in vm) return [vm.name, '-', 'no answer', '-', '-', '-', '-', printable(vm.failure)];
  const { name, pid, state, machine, cpus, memory, guestTimeNs, kernel } = vm;
  const facts = [`${pid}`, state, printable(machine), `${cpus}`, sizeOf(memory), guestSeconds(guestTimeNs)];
  return [printable(name), ...facts, printable(kernel)];
}

/** `128M`, as --mem takes it. */
function sizeOf(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}M` : `${Math.ceil(bytes / 1024)}K`;
}

/** `vm0 paused   3.412s @ 412,885,103` */
export function renderState(info: VmInfo): string {
  return `${printable(info.name)} ${info.state}   ${instant(info)}`;
}
