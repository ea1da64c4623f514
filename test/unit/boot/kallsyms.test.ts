import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../src/boot/decompress.ts';
import { parseElf } from '../../../src/boot/elf.ts';
import { findKallsyms, type Kallsyms, kallsymsOfElf } from '../../../src/boot/kallsyms.ts';
import { parseSymbols } from '../../../src/boot/symbols.ts';
import { gunzip } from '../../../src/host/gunzip.ts';
import { makeElf } from '../../support/boot/make-elf.ts';
import { type KallsymsLayout, makeKallsyms, someSymbols } from '../../support/boot/make-kallsyms.ts';
import { Random } from '../../support/boot/random.ts';

const BASE = 0x4010_0400;
const LAYOUTS: readonly KallsymsLayout[] = ['relative', 'absolute', 'seqs', 'after'];

function find(bytes: Uint8Array, endianness: 'little' | 'big' = 'little'): Kallsyms[] {
  const areas = [{ start: 0, end: bytes.length }];
  return [...findKallsyms({ endianness, areas, read: (at, length) => bytes.subarray(at, at + length) })];
}

/** Somewhere in memory, with other things around. */
function inMemory(bytes: Uint8Array, at = 0x3104): Uint8Array {
  const memory = new Uint8Array(at + bytes.length + 0x2000).map((_, i) => (i * 7) & 0xff);
  memory.set(bytes, at);
  return memory;
}

describe('kallsyms', () => {
  it.each(LAYOUTS.flatMap((layout) => (['little', 'big'] as const).map((order) => [layout, order] as const)))(
    'in the layout %s, %s-endian',
    (layout, endianness) => {
      const made = makeKallsyms(someSymbols(1000, BASE), { layout, endianness });
      const [found, ...more] = find(inMemory(made.bytes), endianness);
      expect(more).toHaveLength(0);
      expect(found).toMatchObject({ lowest: BASE, highest: BASE + 999 * 16, foundAt: 0x3104 + made.at.tokenTable });
      expect(found!.table.size).toBe(1000);
      expect(found!.table.find('panic')).toBe(BASE + 1600);
      expect(found!.table.find('function_999')).toBe(BASE + 999 * 16);
      expect(found!.table.lookup(BASE + 1605)).toEqual({ name: 'panic', offset: 5 });
      expect(found!.table.lookup(BASE + 1000 * 16)).toBeUndefined();
    },
  );

  it('reads names longer than 127 tokens, as 6.1 writes them', () => {
    const long = 'q'.repeat(300);
    const symbols = [...someSymbols(400, BASE), { address: BASE + 0x8000, type: 'T', name: long }];
    const made = makeKallsyms(symbols, { layout: 'relative', endianness: 'little' });
    expect(find(made.bytes)[0]!.table.find(long)).toBe(BASE + 0x8000);
  });

  it('gives both tables of a kernel that has relocated itself', () => {
    const [old, live] = [BASE, BASE + 0x100_0000].map((base) =>
      makeKallsyms(someSymbols(600, base), { layout: 'relative', endianness: 'little' }),
    );
    const memory = inMemory(inMemory(live!.bytes), 0x20_0000);
    memory.set(old!.bytes, 0x1000);
    expect(find(memory).map(({ lowest }) => lowest)).toEqual([BASE, BASE + 0x100_0000]);
  });

  it('finds a table that crosses two reads', () => {
    const made = makeKallsyms(someSymbols(600, BASE), { layout: 'relative', endianness: 'little' });
    const digits = made.at.tokenTable + made.bytes.subarray(made.at.tokenTable).indexOf(0x30);
    for (const before of [1, 10, 19]) {
      const memory = inMemory(made.bytes, (1 << 20) - digits - before + ((digits + before) % 4));
      expect(find(memory)).toHaveLength(1);
    }
  });

  it.each([
    ['numSyms', 1021],
    ['names', 0x15],
    ['markers', 1],
    ['tokenTable', 0],
    ['tokenIndex', 2],
  ] as const)('refuses a table with wrong %s', (part, value) => {
    const made = makeKallsyms(someSymbols(1000, BASE), { layout: 'relative', endianness: 'little' });
    const bytes = made.bytes.slice();
    bytes[made.at[part]] = value;
    expect(find(bytes)).toHaveLength(0);
  });

  it('refuses addresses that do not ascend, or lie in the first page', () => {
    const symbols = someSymbols(1000, BASE);
    const swapped = [...symbols.slice(0, 500), { ...symbols[500]!, address: BASE + 16 }, ...symbols.slice(501)];
    expect(find(makeKallsyms(swapped, { layout: 'relative', endianness: 'little' }).bytes)).toEqual([]);
    expect(find(makeKallsyms(someSymbols(1000, 0x10), { layout: 'relative', endianness: 'little' }).bytes)).toEqual([]);
  });

  it('survives memory that is cut off anywhere', () => {
    const { bytes } = makeKallsyms(someSymbols(300, BASE), { layout: 'relative', endianness: 'little' });
    for (let length = 0; length < bytes.length; length += 37) expect(find(bytes.subarray(0, length))).toEqual([]);
    for (let start = 4; start < bytes.length; start += 37) expect(find(bytes.slice(start))).toEqual([]);
  });

  it('survives damage: what is found is whole', () => {
    const made = makeKallsyms(someSymbols(300, BASE), { layout: 'after', endianness: 'little' });
    const random = new Random(1);
    for (let round = 0; round < 300; round++) {
      const bytes = made.bytes.slice();
      for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)] = random.below(256);
      for (const { table } of find(bytes)) expect(table.size).toBeGreaterThan(290);
    }
  });

  it('gives up on memory made to keep it busy', () => {
    const { bytes, at } = makeKallsyms(someSymbols(300, BASE), { layout: 'relative', endianness: 'little' });
    const tokens = bytes.subarray(at.tokenTable);
    // Token tables behind endless arrays that look like markers.
    const memory = new Uint8Array(4 << 20);
    const view = new DataView(memory.buffer);
    for (let i = 0; i < 3 << 20; i += 8) view.setUint32(i + 4, 600, true);
    for (let i = 0; i < 60; i++) memory.set(tokens, (3 << 20) + i * 0x1000);
    const start = performance.now();
    expect(find(memory)).toHaveLength(0);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('are found in an image that has them, in the segment of its code', async () => {
    const symbols = someSymbols(600, 0x4010_0000);
    const { bytes } = makeKallsyms(symbols, { layout: 'relative', endianness: 'big' });
    const elf = (vaddr: bigint): Uint8Array =>
      makeElf({ class: 32, order: 'big', entry: vaddr, segments: [{ vaddr, data: bytes }] }).bytes;
    // The symbols must be around the table: these are not.
    expect(kallsymsOfElf(await parseElf(elf(0x4020_0000n)))).toBeNull();
    const spread = symbols.map((symbol, i) => ({ ...symbol, address: symbol.address + 0x1000 * i }));
    const around = makeKallsyms(spread, { layout: 'relative', endianness: 'big' });
    const image = makeElf({
      class: 32,
      order: 'big',
      entry: 0x4010_0000n,
      segments: [{ vaddr: 0x4010_0000n, data: around.bytes }],
    });
    expect(kallsymsOfElf(await parseElf(image.bytes))?.find('panic')).toBe(spread[100]!.address);
  });
});

/** Kernels that a developer's machine has beside the project; the project stands without them. */
const guests = resolve(import.meta.dirname, '../../../../shared/guests');
const here = existsSync(resolve(guests, 'te-mipsel-16k.vmlinux.xz'));
if (!here) console.warn(`skipped: the tables of real kernels, for ${guests} is not there`);
describe.runIf(here)('the tables of real kernels', () => {
  it.each(['te-mipsel-16k', 'armv7-lpae'])('%s: every function of its System.map', async (name) => {
    const file = readFileSync(resolve(guests, `${name}.vmlinux.xz`));
    const unpacked = await decompress(file, { limit: 1 << 28, what: 'kernel', code: 'image-bad-header', gunzip });
    const table = kallsymsOfElf(await parseElf(unpacked.bytes))!;
    const map = readFileSync(resolve(guests, `${name}.System.map.xz`));
    const { bytes } = await decompress(map, { limit: 1 << 28, what: 'map', code: 'symbols-bad', gunzip });
    const functions = [
      ...Buffer.from(bytes)
        .toString('latin1')
        .matchAll(/^(\w{8}) [Tt] (\S+)$/gm),
    ];
    const missing = functions.filter(([, address]) => table.lookup(Number.parseInt(address!, 16))?.offset !== 0);
    // Exit code of built-in modules, and what lies before _stext, is left out by the kernel itself.
    expect(missing.length).toBeLessThan(functions.length / 200);
    expect(table.find('panic')).toBe((await parseSymbols(map, gunzip)).find('panic'));
  });
});
