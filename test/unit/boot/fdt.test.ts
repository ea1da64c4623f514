import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { writeFdt } from '../../../src/boot/fdt.ts';
import { type FdtNode, fdtReg } from '../../../src/util/fdt-node.ts';
import { cellsOf, nodeAt, readFdt } from '../../support/boot/read-fdt.ts';

/** A machine like kvmtool's for ARM, with one device that hangs on two others by phandle. */
const machine: FdtNode = {
  name: '',
  properties: {
    'interrupt-parent': [{ phandle: 'gic' }],
    compatible: ['linux,dummy-virt'],
    '#address-cells': [2],
    '#size-cells': [2],
  },
  children: [
    { name: 'chosen', properties: { bootargs: ['console=ttyS0 é'], 'stdout-path': ['serial0'] } },
    { name: 'memory@80000000', properties: { device_type: ['memory'], reg: fdtReg([0x8000_0000, 0x1_0000_0000]) } },
    {
      name: 'cpus',
      properties: { '#address-cells': [1], '#size-cells': [0] },
      children: [
        { name: 'cpu@0', properties: { device_type: ['cpu'], compatible: ['arm,cortex-a15'], reg: [0] } },
        { name: 'cpu@1', properties: { device_type: ['cpu'], compatible: ['arm,cortex-a15'], reg: [1] } },
      ],
    },
    { name: 'unused', label: 'nobody', properties: {} },
    {
      name: 'apb-pclk',
      label: 'clock',
      properties: { compatible: ['fixed-clock'], '#clock-cells': [0], 'clock-frequency': [24_000_000] },
    },
    {
      name: 'intc@3fffd000',
      label: 'gic',
      properties: {
        compatible: ['arm,cortex-a15-gic', 'arm,cortex-a9-gic'],
        '#address-cells': [0],
        '#interrupt-cells': [3],
        'interrupt-controller': [],
        reg: fdtReg([0x3fff_d000, 0x1000], [0x3fff_b000, 0x2000]),
      },
    },
    {
      name: 'uart@9000000',
      properties: {
        compatible: ['arm,pl011', 'arm,primecell'],
        reg: [0n, 0x1000n],
        interrupts: [0, 1, 4],
        clocks: [{ phandle: 'clock' }, { phandle: 'clock' }],
        'local-mac-address': [Uint8Array.of(2, 0, 0, 0, 0, 1)],
      },
    },
  ],
};

const withRoot = (properties: FdtNode['properties'], children: readonly FdtNode[] = []): FdtNode => ({
  name: '',
  properties,
  children,
});

describe('a flattened device tree', () => {
  it('is of version 17, readable by version 16', () => {
    const blob = writeFdt(machine, { bootCpu: 1 });
    expect(readFdt(blob).header).toMatchObject({ version: 17, last_comp_version: 16, boot_cpuid_phys: 1 });
    expect(blob.length).toBeLessThan(0x1_0000);
  });

  it('holds every node and property, in order', () => {
    const fdt = readFdt(writeFdt(machine));
    expect(fdt.root.children.map(({ name }) => name)).toEqual(machine.children!.map(({ name }) => name));
    expect([...nodeAt(fdt, 'cpus/cpu@1').properties.keys()]).toEqual(['device_type', 'compatible', 'reg']);
    expect(cellsOf(nodeAt(fdt, 'cpus/cpu@1'), 'reg')).toEqual([1]);
  });

  it('encodes cells, 64-bit values, strings, lists of strings, bytes and nothing', () => {
    const fdt = readFdt(writeFdt(machine));
    const text = (path: string, name: string) => new TextDecoder().decode(nodeAt(fdt, path).properties.get(name));
    expect(cellsOf(nodeAt(fdt, 'memory@80000000'), 'reg')).toEqual([0, 0x8000_0000, 1, 0]);
    expect(cellsOf(nodeAt(fdt, 'uart@9000000'), 'interrupts')).toEqual([0, 1, 4]);
    expect(text('chosen', 'bootargs')).toBe('console=ttyS0 é\0');
    expect(text('intc@3fffd000', 'compatible')).toBe('arm,cortex-a15-gic\0arm,cortex-a9-gic\0');
    expect(nodeAt(fdt, 'intc@3fffd000').properties.get('interrupt-controller')).toHaveLength(0);
    expect([...nodeAt(fdt, 'uart@9000000').properties.get('local-mac-address')!]).toEqual([2, 0, 0, 0, 0, 1]);
  });

  it('gives a phandle to the nodes that are referred to, and to no others', () => {
    const fdt = readFdt(writeFdt(machine));
    expect(cellsOf(nodeAt(fdt, 'apb-pclk'), 'phandle')).toEqual([1]);
    expect(cellsOf(nodeAt(fdt, 'intc@3fffd000'), 'phandle')).toEqual([2]);
    expect(cellsOf(fdt.root, 'interrupt-parent')).toEqual([2]);
    expect(cellsOf(nodeAt(fdt, 'uart@9000000'), 'clocks')).toEqual([1, 1]);
    expect(nodeAt(fdt, 'unused').properties.has('phandle')).toBe(false);
  });

  it('shares the name of a property in the strings block', () => {
    const blob = writeFdt(machine);
    const { header } = readFdt(blob);
    const names = new TextDecoder().decode(blob.subarray(header.off_dt_strings)).split('\0');
    expect(names.filter((name) => name === 'compatible')).toHaveLength(1);
  });

  it('lists reserved memory', () => {
    const reservations = [
      { address: 0, size: 0x1000 },
      { address: 0x1_2345_6000, size: 0x2_0000 },
    ];
    expect(readFdt(writeFdt(machine, { reservations })).reservations).toEqual([
      [0n, 0x1000n],
      [0x1_2345_6000n, 0x2_0000n],
    ]);
    expect(readFdt(writeFdt(machine)).reservations).toEqual([]);
  });

  it('is the same bytes for the same tree', () => {
    expect(writeFdt(structuredClone(machine))).toEqual(writeFdt(machine));
  });

  it('grows with its tree', () => {
    const children = Array.from({ length: 500 }, (_, i) => ({ name: `n@${i}`, properties: { reg: [i] } }));
    const fdt = readFdt(writeFdt(withRoot({}, children)));
    expect(fdt.root.children.map((node) => cellsOf(node, 'reg')[0])).toEqual(children.map((_, i) => i));
  });
});

describe('a tree that the format cannot hold is refused:', () => {
  const leaf = (name: string, label?: string): FdtNode => ({ name, properties: {}, ...(label && { label }) });
  const loop: { name: string; properties: FdtNode['properties']; children: FdtNode[] } = {
    name: 'loop',
    properties: {},
    children: [],
  };
  loop.children.push(loop);

  it.each<[problem: string, root: FdtNode, message: RegExp]>([
    ['a root with a name', leaf('root'), /the root has the name root/],
    ['a node without a name', withRoot({}, [leaf('')]), /no node can be called/],
    ['a node name with a slash', withRoot({}, [leaf('a/b')]), /no node can be called a\/b/],
    ['a node name that is too long', withRoot({}, [leaf(`n${'o'.repeat(31)}`)]), /no node can be called no+$/],
    ['two siblings of one name', withRoot({}, [leaf('a@0'), leaf('a@0')]), /two nodes are called a@0/],
    ['a property name that is too long', withRoot({ ['p'.repeat(32)]: [] }), /no property can be called p+$/],
    ['a property name with a blank', withRoot({ 'a b': [] }), /no property can be called a b/],
    ['a phandle of its own', withRoot({ phandle: [1] }), /no property can be called phandle/],
    ['a cell that is too large', withRoot({ reg: [2 ** 32] }), /\/:reg: 4294967296 is no 32-bit cell/],
    ['a negative cell', withRoot({ reg: [-1] }), /-1 is no 32-bit cell/],
    ['a fraction', withRoot({ reg: [0.5] }), /0.5 is no 32-bit cell/],
    ['a value of 65 bits', withRoot({ reg: [1n << 64n] }), /has no 64 bits/],
    ['a string with a NUL', withRoot({ model: ['a\0b'] }), /a NUL inside/],
    ['a reference to no node', withRoot({ clocks: [{ phandle: 'x' }] }), /no node has the label x/],
    ['a label twice', withRoot({}, [leaf('a', 'l'), leaf('b', 'l')]), /\/b: the label l is used twice/],
    ['a tree inside itself', withRoot({}, [loop]), /deeper than 32 nodes/],
  ])('%s', (_problem, root, message) => {
    expect(() => writeFdt(root)).toThrow(
      expect.objectContaining({ code: 'internal', message: expect.stringMatching(message) }),
    );
  });

  it('a reservation without a size', () => {
    expect(() => writeFdt(machine, { reservations: [{ address: 0x1000, size: 0 }] })).toThrow(/0 bytes at 4096/);
  });
});

it('dtc reads it back without a warning', (context) => {
  const dtc = (args: string[], input: Uint8Array | string) => spawnSync('dtc', args, { input });
  if (dtc(['--version'], '').error) context.skip('dtc is not installed (package device-tree-compiler)');
  const blob = writeFdt(machine, { reservations: [{ address: 0x8000_0000, size: 0x1000 }] });
  const { status, stdout, stderr } = dtc(['-I', 'dtb', '-O', 'dts', '-'], blob);
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  const source = stdout.toString();
  expect(source).toContain('/memreserve/\t0x0000000080000000 0x0000000000001000;');
  // Versions of dtc differ in how they show a list.
  expect(source).toMatch(/compatible = "arm,cortex-a15-gic(", "|\\0)arm,cortex-a9-gic";/);
  expect(source).toContain('interrupt-controller;');
  expect(source).toContain('clocks = <0x01 0x01>;');
  // Compiled again it is the same tree.
  const again = dtc(['-I', 'dts', '-O', 'dtb', '-'], stdout);
  expect(readFdt(new Uint8Array(again.stdout)).root).toEqual(readFdt(blob).root);
});
