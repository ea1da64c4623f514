// lsmod out of guest memory.
import { describe, expect, it } from 'vitest';
import { listModules } from '../../../../src/debug/linux/modules.ts';
import { FakeLinux } from './fake-linux.ts';

/** struct module: state, list, name, and somewhere its struct module_layout. */
const [LIST, NAME, LAYOUT] = [4, 12, 0xc0];

interface FakeModule {
  readonly name: string;
  readonly state?: number;
  readonly size?: number;
}

function put(linux: FakeLinux, modules: readonly FakeModule[]): number[] {
  const head = linux.reserve(8);
  linux.symbol('modules', head);
  const addresses = modules.map(({ name, state = 0, size }) => {
    const base = linux.reserve(0x3000, 0x1000);
    const module = base + 0x2000;
    linux.word(module, state);
    linux.text(module + NAME, name);
    if (size !== undefined) linux.word(module + LAYOUT, base, size, 0x1000, 0x1800, 0x2000);
    return module;
  });
  linux.list(
    head,
    addresses.map((module) => module + LIST),
  );
  return addresses;
}

describe.each(['little', 'big'] as const)('modules of a %s-endian kernel', (endian) => {
  it('are shown with size, state and address', () => {
    const linux = new FakeLinux(endian);
    const [first, second] = put(linux, [
      { name: 'virtio_blk', size: 0x2800, state: 1 },
      { name: 'virtio_mmio', size: 0x2400 },
    ]);
    const base = (module: number): string => `0x${(module - 0x2000).toString(16)}`;
    expect(listModules(linux.target())).toEqual({
      lines: [
        'MODULE        SIZE  STATE    ADDRESS',
        `virtio_blk   10240  Loading  ${base(first!)}`,
        `virtio_mmio   9216  Live     ${base(second!)}`,
      ],
    });
  });

  it('are shown without what is not certain', () => {
    const linux = new FakeLinux(endian);
    put(linux, [{ name: 'later_kernel' }]);
    const { lines, note } = listModules(linux.target());
    expect(lines[1]).toBe('later_kernel     ?  Live   ?');
    expect(note).toBe('not certain where this kernel keeps sizes and addresses');
  });

  it('may be none', () => {
    const linux = new FakeLinux(endian);
    put(linux, []);
    expect(listModules(linux.target())).toEqual({ lines: [], note: 'no modules are loaded' });
  });

  it('end where their list is damaged', () => {
    const linux = new FakeLinux(endian);
    const modules = put(linux, [{ name: 'good' }, { name: 'bad' }, { name: 'behind' }]);
    linux.text(modules[1]! + NAME, '\x1b[2J');
    const { lines, note } = listModules(linux.target());
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['MODULE', 'good']);
    expect(note).toContain('damaged behind the last of these: a member is not what it should be');
  });
});

it('a kernel that knows no modules says so', () => {
  expect(listModules(new FakeLinux('little').target()).note).toContain('built without them');
});
