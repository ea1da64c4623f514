// Which rows run, and how much of each.
import { MACHINES, type Machine } from './contenders.ts';
import type { Input, Inputs } from './inputs.ts';
import { ROWS, type Row } from './rows.ts';

/** The row that is not a guest's work, by machine: how long until a guest runs. */
export const STARTS: Readonly<Record<Machine, string>> = { malta: 'start', 'arm-virt': 'arm-start' };

/** Names of rows, groups and machines, as --only takes them. */
export const SELECTABLE: readonly string[] = [
  ...new Set([...MACHINES, ...ROWS.flatMap(({ group, name }) => [group, name]), ...Object.values(STARTS)]),
];

/** Whether --only, empty for everything, takes a row. */
export const isSelected = (only: readonly string[], ...names: readonly string[]): boolean =>
  only.length === 0 || names.some((name) => only.includes(name));

/** Why a row that needs these cannot run, or null. */
export function missingFor(needs: Row['needs'], inputs: Inputs): string | null {
  const without = needs.map((name): Input => inputs[name]).find((input) => 'missing' in input);
  return without && 'missing' in without ? without.missing : null;
}

/** About a quarter of the work between two scales. */
export function quickScales(scales: Row['scales']): Row['scales'] {
  return scales && [scales[0], scales[0] + Math.ceil((scales[1] - scales[0]) / 4)];
}
