import { describe, expect, it } from 'vitest';
import { RegisterBlock } from '../../../src/devices/registers.ts';
import { SavedState } from '../../../src/devices/state.ts';
import { TsvmError } from '../../../src/util/errors.ts';

function uart() {
  const said: string[] = [];
  const sent: number[] = [];
  let popped = 0;
  const block = new RegisterBlock<'LCR' | 'DLL' | 'ID'>(
    [
      { name: 'LCR', offset: 3, width: 1, access: 'rw', reset: 0x9a, mask: 0x7f },
      { name: 'DLL', offset: 4, access: 'rw', reset: 0 },
      { name: 'RBR', offset: 0, width: 1, access: 'r', read: () => ++popped, peek: () => popped + 1 },
      { name: 'THR', offset: 8, width: 2, access: 'w', write: (value) => sent.push(value) },
      { name: 'ID', offset: 12, access: 'r', reset: 0xfeedface },
    ],
    (what) => said.push(what),
  );
  return { block, said, sent };
}

describe('a register block', () => {
  it('starts with the declared reset values', () => {
    const { block } = uart();
    expect([block.read(3, 1), block.read(4, 4), block.read(12, 4)]).toEqual([0x9a, 0, 0xfeedface]);
  });

  it('stores only the writable bits', () => {
    const { block } = uart();
    block.write(3, 1, 0x0f);
    expect(block.read(3, 1)).toBe(0x8f);
  });

  it('keeps a 32-bit value unsigned', () => {
    const { block } = uart();
    block.write(4, 4, 0xdeadbeef);
    expect(block.read(4, 4)).toBe(0xdeadbeef);
  });

  it('answers an access wider than the register, and drops the bits above it', () => {
    const { block, sent } = uart();
    block.write(3, 4, 0x12345678);
    block.write(8, 4, 0x12345678);
    expect(block.read(3, 4)).toBe(0xf8);
    expect(sent).toEqual([0x5678]);
  });

  it('ignores and reports what no register takes', () => {
    const { block, said } = uart();
    block.write(12, 4, 1);
    block.write(5, 1, 1);
    expect(block.read(4, 2)).toBe(0);
    expect(block.read(8, 2)).toBe(0);
    expect(block.read(4, 4)).toBe(0);
    expect(block.read(12, 4)).toBe(0xfeedface);
    expect(said).toEqual([
      'write of 4 at offset 0xc: ID is r, 4 bytes',
      'write of 1 at offset 0x5: no register there',
      'read of 2 at offset 0x4: DLL is rw, 4 bytes',
      'read of 2 at offset 0x8: THR is w, 2 bytes',
    ]);
  });

  it('shows the debugger values without the side effects of a read', () => {
    const { block } = uart();
    expect(block.views()).toEqual(block.views());
    expect(block.views().find(({ name }) => name === 'RBR')?.value).toBe(1);
    expect(block.read(0, 1)).toBe(1);
    expect(block.views().map(({ name }) => name)).toEqual(['LCR', 'DLL', 'RBR', 'ID']);
  });

  it('saves its fields, and restores or resets them', () => {
    const { block } = uart();
    block.write(3, 1, 5);
    block.write(4, 4, 0x80000000);
    const saved = JSON.parse(JSON.stringify(block.save()));
    expect(saved).toEqual({ LCR: 0x85, DLL: 0x80000000, ID: 0xfeedface });
    const other = uart().block;
    other.restore(new SavedState('uart', saved));
    expect(other.save()).toEqual(saved);
    other.reset();
    expect(other.save()).toEqual(uart().block.save());
  });

  it.each([
    [{ LCR: 256, DLL: 0, ID: 0 }, 'LCR'],
    [{ LCR: 1, DLL: -1, ID: 0 }, 'DLL'],
    [{ LCR: 1, DLL: 0, ID: 'x' }, 'ID'],
    [{ LCR: 1, DLL: 0 }, 'ID'],
  ])('refuses the saved state %j, and takes none of it', (state, key) => {
    const { block } = uart();
    const before = block.save();
    expect(() => block.restore(new SavedState('uart', state))).toThrow(TsvmError);
    expect(() => block.restore(new SavedState('uart', state))).toThrow(key);
    expect(block.save()).toEqual(before);
  });

  it.each([
    [
      'declared twice',
      [
        { name: 'A', offset: 0 },
        { name: 'A', offset: 4 },
      ],
    ],
    [
      'overlaps',
      [
        { name: 'A', offset: 0 },
        { name: 'B', offset: 2, width: 1 as const },
      ],
    ],
    ['aligned', [{ name: 'A', offset: 2 }]],
  ])('refuses a declaration that is wrong: %s', (why, specs) => {
    const full = specs.map((spec) => ({ ...spec, access: 'rw' as const, reset: 0 }));
    expect(() => new RegisterBlock<string>(full, () => {})).toThrow(why);
  });

  it('refuses a register that nothing stands behind', () => {
    expect(() => new RegisterBlock([{ name: 'A', offset: 0, access: 'r' }], () => {})).toThrow('neither');
  });
});

describe('saved state', () => {
  it.each([null, 1, 'x', [], undefined])('is an object, not %j', (state) => {
    expect(() => new SavedState('uart', state)).toThrow('saved state of uart is not an object');
  });

  it('names device and key of what does not fit', () => {
    const saved = new SavedState('uart', { n: 1.5, b: 1, o: [], list: [{}, 1], long: [{}, {}, {}] });
    expect(() => saved.integer('n', 9)).toThrow('saved state of uart: n is not an integer from 0 to 9');
    expect(() => saved.boolean('b')).toThrow('b is not true or false');
    expect(() => saved.object('o')).toThrow('uart.o is not an object');
    expect(() => saved.objects('list', 2)).toThrow('uart.list[1] is not an object');
    expect(() => saved.objects('long', 2)).toThrow('long is not a list of at most 2');
    expect(() => saved.objects('nothing', 2)).toThrow('nothing is not a list');
  });
});
