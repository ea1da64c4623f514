import { describe, expect, it } from 'vitest';
import { type ContenderName, qemu, tsvm } from '../../../scripts/bench/contenders.ts';
import type { RowResult } from '../../../scripts/bench/measure.ts';
import { parseOptions } from '../../../scripts/bench/options.ts';
import { ROWS } from '../../../scripts/bench/rows.ts';
import { isSelected, missingFor, quickScales, SELECTABLE } from '../../../scripts/bench/selection.ts';
import { groupMeans, heading, resultLine } from '../../../scripts/bench/table.ts';

const paths = {
  kernel: 'vmlinux',
  peerKernel: 'zImage',
  initrd: 'initrd',
  ownPrograms: 'initrd',
  benchProgram: 'initrd',
  disk: 'disk.img',
  loops: 'te.elf',
  peerLoops: 'malta.elf',
  hello: 'hello.elf',
};
const here = (path: string) => ({ path });
const inputs = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, here(path)])) as Record<
  keyof typeof paths,
  { path: string }
>;

describe('rows of the bench', () => {
  it('have names of their own, and scales that differ', () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
    expect(ROWS.filter(({ scales }) => scales && scales[0] >= scales[1])).toEqual([]);
    expect(ROWS.map(({ scales }) => quickScales(scales)).filter((scales) => scales && scales[0] >= scales[1])).toEqual(
      [],
    );
  });

  it('give every monitor the same guest', () => {
    const row = ROWS.find(({ name }) => name === 'blk-random')!;
    const run = row.guest(paths, 7);
    const launcher = '/nowhere/bin/tsvm.js';
    const ours = tsvm({ launcher, from: '/nowhere', engine: undefined, scratch: '/nowhere' }).command(run).join(' ');
    const theirs = qemu('7.2', '0').command(run).join(' ');
    for (const command of [ours, theirs]) {
      expect(command).toContain('rdinit=/tsvm-bench/init.sh job=random:7');
      expect(command).toContain('disk.img');
      expect(command).toContain(' 256');
    }
    expect(ours).not.toContain('--engine');
    expect(theirs).toContain('-icount shift=0');
  });

  it('give QEMU the machine that tsvm is, with its kernel', () => {
    const of = (name: string): string =>
      qemu('7.2', null)
        .command(ROWS.find((row) => row.name === name)!.guest(paths, 1))
        .join(' ');
    expect(of('boot')).toMatch(/^qemu-system-mipsel .*-kernel zImage .*console=ttyS0/);
    expect(of('arm-boot')).toMatch(/^qemu-system-arm -M virt,virtualization=on .*-kernel zImage .*console=ttyAMA0/);
  });

  it('are left out with the reason when something they need is not there', () => {
    const without = { ...inputs, benchProgram: { missing: 'no bin/bench' } };
    const reasons = ROWS.map(({ needs }) => missingFor(needs, without));
    expect(new Set(reasons)).toEqual(new Set(['no bin/bench', null]));
    expect(ROWS.filter(({ needs }) => missingFor(needs, inputs) !== null)).toEqual([]);
  });
});

describe('the command line of the bench', () => {
  it('takes rows, groups and machines', () => {
    const { only } = parseOptions(['--only', 'memory,int']);
    const taken = ROWS.filter(({ name, group }) => isSelected(only, name, group)).map(({ name }) => name);
    expect(taken.toSorted()).toEqual(['int', 'mem', 'tlb']);
    expect(ROWS.every(({ name, group }) => isSelected([], name, group))).toBe(true);
    const arm = ROWS.filter(({ name, group, machine }) => isSelected(['arm-virt'], name, group, machine));
    expect(arm.length).toBeGreaterThan(20);
    expect(arm.every(({ name }) => name.startsWith('arm-'))).toBe(true);
  });

  it('measures once when in a hurry, unless told', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, quick: true, icount: '0', engine: undefined });
    expect(parseOptions(['--quick', '--rounds', '5', '--no-icount'])).toMatchObject({ rounds: 5, icount: null });
  });

  it.each([
    [['--rounds', '0'], '--rounds 0'],
    [['--only', 'speed'], SELECTABLE.join(' ')],
    [['--icount', '11'], '--icount 11'],
    [['--fast'], '--fast'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe('the table', () => {
  const result = (name: string, ratios: Partial<Record<ContenderName, number | null>>): RowResult => ({
    name,
    group: 'memory',
    scales: [1, 9],
    costs: {
      tsvm: { cpuSeconds: 1.5, wallSeconds: 1.25, spread: null, cpuSamples: [1.5], peakBytes: 100 << 20 },
    },
    ratios,
    instructions: 3e9,
    nsPerInstruction: 0.5,
    modules: null,
    regions: 17,
    failures: {},
  });

  it('shows instructions, their speed and what is counted, in columns', () => {
    const line = resultLine(result('mem', { qemu: 2 }));
    expect(line.trim().split(/\s+/)).toEqual([
      'mem',
      '1..9',
      '3000',
      '0.50',
      '2000',
      '1.50',
      '-',
      '1.25',
      '-',
      '-',
      '2.00',
      '-',
      '100',
      '-',
      '17',
    ]);
    expect(line.length).toBe(heading().length);
  });

  it('gives a group its mean, and none where a ratio is missing', () => {
    const rows = [result('mem', { qemu: 2, 'qemu-icount': 3 }), result('tlb', { qemu: 8, 'qemu-icount': null })];
    expect(groupMeans(rows)).toEqual([{ group: 'memory', rows: ['mem', 'tlb'], ratios: { qemu: expect.closeTo(4) } }]);
    expect(groupMeans(rows.slice(0, 1))).toEqual([]);
  });
});
