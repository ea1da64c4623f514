// Where a kernel sees its memory, asked of machines with different translations.
import { describe, expect, it } from 'vitest';
import { findLinearMap, physicalOf, virtualOf } from '../../../../src/debug/linux/linear-map.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';

const PAGE = 0x1000;
const RAM = 0x80_0000;

/** RAM at 0, seen from `virtual` on as far as `size`; the fake's own kseg0 stays. */
function machine(architecture: 'mips' | 'arm', virtual: number, size: number, options: object = {}): FakeTarget {
  const target = new FakeTarget({ architecture, ram: RAM, ...options });
  for (let at = 0; at < size; at += PAGE) target.pages.set((virtual + at) / PAGE, at / PAGE);
  return target;
}

describe('a MIPS machine', () => {
  it('has its memory in kseg0', () => {
    expect(findLinearMap(machine('mips', 0, 0))).toEqual({ offset: 0x8000_0000, end: 0x2000_0000, cpu: 0 });
  });

  it('has it from 0x40000000 on when the kernel is a trap-and-emulate guest', () => {
    const target = machine('mips', 0x4000_0000, RAM, { entry: 0x4000_0400 });
    expect(findLinearMap(target)).toEqual({ offset: 0x4000_0000, end: 0x2000_0000, cpu: 0 });
  });
});

describe('an ARM machine', () => {
  it('has its memory where the symbols of its kernel lead', () => {
    const target = machine('arm', 0xb000_0000, RAM, { symbols: { _text: 0xb000_8000 } });
    expect(findLinearMap(target)).toEqual({ offset: 0xb000_0000, end: RAM, cpu: 0 });
  });

  it('has it where the usual places prove right, without symbols', () => {
    expect(findLinearMap(machine('arm', 0xc000_0000, RAM))?.offset).toBe(0xc000_0000);
  });

  it('has low memory only, up to where the map ends', () => {
    const target = machine('arm', 0xc000_0000, 0x50_0000);
    expect(findLinearMap(target)).toEqual({ offset: 0xc000_0000, end: 0x50_0000, cpu: 0 });
  });

  it('has none when no address leads to RAM', () => {
    const target = machine('arm', 0, 0);
    target.physical = () => null;
    expect(findLinearMap(target)).toBeNull();
  });

  it('is asked by a vCPU that has its MMU on', () => {
    const target = machine('arm', 0, 0, { cpus: 2, symbols: { _text: 0xc000_8000 } });
    target.physical = (cpu, address) => (cpu === 1 && address >= 0xc000_0000 ? address - 0xc000_0000 : null);
    expect(findLinearMap(target)).toEqual({ offset: 0xc000_0000, end: RAM, cpu: 1 });
  });
});

it('an address leads through the map both ways', () => {
  const map = { offset: 0x4000_0000, end: 0x9000_0000, cpu: 0 };
  expect(virtualOf(map, 0x8000_1000)).toBe(0xc000_1000);
  expect(physicalOf(map, 0xc000_1000)).toBe(0x8000_1000);
  expect(virtualOf(map, 0x9000_0000)).toBeNull();
  expect(physicalOf(map, 0xe000_0000)).toBeNull();
});
