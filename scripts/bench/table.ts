// The bench's results as text.
import type { ContenderName } from './contenders.ts';
import type { RowResult, StartResult } from './measure.ts';
import { geometricMean } from './statistics.ts';

export interface GroupMean {
  readonly group: string;
  readonly rows: readonly string[];
  /** Geometric means; a peer without a ratio in one of the rows has none. */
  readonly ratios: Partial<Record<ContenderName, number>>;
}

/** Of each group with more than one row, in their order. */
export function groupMeans(results: readonly RowResult[]): GroupMean[] {
  const groups = [...new Set(results.map(({ group }) => group))];
  return groups.flatMap((group) => {
    const rows = results.filter((result) => result.group === group);
    if (rows.length < 2) return [];
    const ratios: Partial<Record<ContenderName, number>> = {};
    for (const peer of ['qemu', 'qemu-icount'] as const) {
      const all = rows.map((row) => row.ratios[peer] ?? null).filter((value) => value !== null);
      if (all.length === rows.length) ratios[peer] = geometricMean(all);
    }
    return [{ group, rows: rows.map(({ name }) => name), ratios }];
  });
}

interface Column {
  readonly head: string;
  readonly width: number;
  cell(result: RowResult): string;
}

const number = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? '-' : value.toFixed(digits);
const MIB = 1 << 20;
const peak = (bytes: number | null | undefined): string => number(bytes && bytes / MIB, 0);

const seconds = (head: string, contender: ContenderName): Column => ({
  head,
  width: 8,
  cell: ({ costs }) => number(costs[contender]?.cpuSeconds, 2),
});
const ratioColumn = (head: string, peer: ContenderName): Column => ({
  head,
  width: 7,
  cell: ({ ratios }) => number(ratios[peer], 2),
});

const COLUMNS: readonly Column[] = [
  { head: 'scales', width: 17, cell: ({ scales }) => scales?.join('..') ?? 'whole' },
  { head: 'M insn', width: 8, cell: ({ instructions }) => number(instructions && instructions / 1e6, 0) },
  { head: 'ns/insn', width: 8, cell: ({ nsPerInstruction }) => number(nsPerInstruction, 2) },
  { head: 'M/s', width: 6, cell: ({ nsPerInstruction }) => number(nsPerInstruction && 1000 / nsPerInstruction, 0) },
  seconds('tsvm', 'tsvm'),
  { head: '±%', width: 4, cell: ({ costs }) => number(costs.tsvm?.spread && costs.tsvm.spread * 100, 0) },
  { head: 'wall', width: 7, cell: ({ costs }) => number(costs.tsvm?.wallSeconds, 2) },
  seconds('qemu', 'qemu'),
  seconds('icount', 'qemu-icount'),
  ratioColumn('/qemu', 'qemu'),
  ratioColumn('/icount', 'qemu-icount'),
  { head: 'MiB', width: 5, cell: ({ costs }) => peak(costs.tsvm?.peakBytes) },
  { head: 'qemu', width: 5, cell: ({ costs }) => peak(costs.qemu?.peakBytes) },
  { head: 'modules', width: 8, cell: ({ modules }) => (modules === null ? '' : String(modules)) },
  { head: 'regions', width: 8, cell: ({ regions }) => (regions === null ? '' : String(regions)) },
];
const NAME_WIDTH = 16;

const padded = (cells: readonly string[]): string =>
  COLUMNS.map(({ width }, i) => cells[i]!.padStart(width))
    .join(' ')
    .trimEnd();

export const heading = (): string => `${'bench'.padEnd(NAME_WIDTH)}${padded(COLUMNS.map(({ head }) => head))}`;

export const resultLine = (result: RowResult): string =>
  `${result.name.padEnd(NAME_WIDTH)}${padded(COLUMNS.map((column) => column.cell(result)))}`;

/** A group's mean under the columns of the ratios. */
export function meanLine({ group, rows, ratios }: GroupMean): string {
  const cells = COLUMNS.map(({ head }) => {
    if (head === '/qemu') return number(ratios.qemu, 2);
    return head === '/icount' ? number(ratios['qemu-icount'], 2) : '';
  });
  return `${`= ${group}`.padEnd(NAME_WIDTH)}${padded(cells)}   geometric mean of ${rows.join(', ')}`;
}

export const startLine = ({ name, beyond, toFirstByte, emptyNode, runs }: StartResult): string =>
  `${name.padEnd(NAME_WIDTH)}${beyond.toFixed(0)} ms: a guest's first byte after ${toFirstByte.toFixed(0)} ms of wall time, an empty Node process ends after ` +
  `${emptyNode.toFixed(0)} ms; medians of ${runs}`;

/** Peak memory against the guest's RAM, all of it touched. */
export function residentLines({ name: row, costs }: RowResult, guestMiB: number): string[] {
  return Object.entries(costs).flatMap(([name, { peakBytes }]) =>
    peakBytes === null
      ? []
      : [
          `${row.padEnd(NAME_WIDTH)}${name}: peak ${peak(peakBytes)} MiB = guest RAM ${guestMiB} + ${number(peakBytes / MIB - guestMiB, 0)} MiB`,
        ],
  );
}

export const LEGEND = `Costs are CPU seconds, user and system, of all threads: V8's compilers and Node's start are in them. A row with scales is the difference of
two runs, so that start and boot cancel out; a whole row is one run from start to power-off. Ratios are a peer's seconds per second of tsvm for the
same guest work: above 1, tsvm is faster. M insn: guest instructions of that work, as tsvm counts them. MiB: peak resident memory of the larger run.`;
