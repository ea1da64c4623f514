import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../../src/boot/elf.ts';
import { parseSymbols as parse, symbolsOfElf } from '../../../src/boot/symbols.ts';
import { gunzip } from '../../../src/host/gunzip.ts';
import { helloXz, helloZstd } from '../../support/boot/compressed-samples.ts';
import { makeElf } from '../../support/boot/make-elf.ts';

const text = (lines: string) => new TextEncoder().encode(lines);
const parseSymbols = (file: Uint8Array) => parse(file, gunzip);

const systemMap = text(`00000024 A cpu_suspend_size
40100000 T _text
40100400 T __kernel_entry
40100400 T _stext
40100430 t init
40100500 t init
40100600 W weak_name
40100600 T strong_name
         U outside
40200000 D jiffies
406f1d00 B _end
`);

describe('System.map', () => {
  it('names an address by the nearest symbol below it', async () => {
    const symbols = await parseSymbols(systemMap);
    expect(symbols.lookup(0x4010_0000)).toEqual({ name: '_text', offset: 0 });
    expect(symbols.lookup(0x4010_042c)).toEqual({ name: '_stext', offset: 0x2c });
    expect(symbols.lookup(0x4010_0430)).toEqual({ name: 'init', offset: 0 });
    expect(symbols.lookup(0x4010_0600)).toEqual({ name: 'strong_name', offset: 0 });
    expect(symbols.lookup(0x406f_1d00)).toEqual({ name: '_end', offset: 0 });
  });

  it('lists names by their beginning, in order, so many at most', async () => {
    const table = await parseSymbols(
      new TextEncoder().encode('80001000 T do_one\n80001010 T do_two\n80001020 T other\n80001030 T do_a\n'),
    );
    expect(table.names('do_', 9)).toEqual(['do_a', 'do_one', 'do_two']);
    expect(table.names('do_', 2)).toEqual(['do_a', 'do_one']);
    expect(table.names('x', 9)).toEqual([]);
  });

  it('names nothing outside the program', async () => {
    const symbols = await parseSymbols(systemMap);
    expect(symbols.lookup(0x400f_ffff)).toBeUndefined();
    expect(symbols.lookup(0x406f_1d01)).toBeUndefined();
    expect(symbols.lookup(Number.NaN)).toBeUndefined();
  });

  it('finds names: the lowest address of several, none of absolute or undefined ones', async () => {
    const symbols = await parseSymbols(systemMap);
    expect(symbols.find('init')).toBe(0x4010_0430);
    expect(symbols.find('__kernel_entry')).toBe(0x4010_0400);
    expect(symbols.find('cpu_suspend_size')).toBeUndefined();
    expect(symbols.find('outside')).toBeUndefined();
    expect(symbols.size).toBe(8);
  });

  it('reads 64-bit addresses as the ELF loader does, and lines of kallsyms', async () => {
    const symbols = await parseSymbols(text('ffffffff80010000 T _text\nffffffff80020000 t helper\t[module]\n'));
    expect(symbols.find('_text')).toBe(-0x7fff_0000);
    expect(symbols.lookup(-0x7fff_0000 + 4)).toEqual({ name: '_text', offset: 4 });
    expect(symbols.find('helper')).toBe(-0x7ffe_0000);
  });

  it.each([
    ['a line that is none', '40100000 T _text\nhello world\n', /line 2/],
    ['an endless line', `40100000 T ${'x'.repeat(100_000)}\n`, /line 1/],
    ['only absolute symbols', '00000024 A size\n', /names no address/],
  ])('refuses %s', async (_what, lines, words) => {
    const failure = parseSymbols(text(lines));
    await expect(failure).rejects.toMatchObject({ code: 'symbols-bad' });
    await expect(failure).rejects.toThrow(words);
  });

  it('makes names safe for a terminal', async () => {
    const bytes = text('40100000 T a~b\n');
    bytes[12] = 0x9b;
    expect((await parseSymbols(bytes)).lookup(0x4010_0000)?.name).toBe('a?b');
  });
});

describe('ELF symbols', () => {
  const elf = makeElf({
    class: 32,
    order: 'big',
    entry: 0x4000_1000n,
    segments: [
      { vaddr: 0x4000_1000n, data: new Uint8Array(0x100) },
      { vaddr: 0x4000_2000n, data: new Uint8Array(0x100) },
    ],
    symbols: [
      { name: 'label', value: 0x4000_1000n, info: 0x10 },
      { name: '_start', value: 0x4000_1000n },
      { name: '$a', value: 0x4000_1010n, info: 0 },
      { name: 'undefined', value: 0x4000_1020n, section: 0 },
      { name: 'file.c', value: 0n, info: 4 },
      { name: '_etext', value: 0x4000_1100n, info: 0x10 },
      { name: 'data', value: 0x4000_2010n, info: 0x11 },
    ],
  });

  it('prefers functions, and stays inside the segment', async () => {
    const symbols = symbolsOfElf(await parseElf(elf.bytes));
    expect(symbols.lookup(0x4000_1044)).toEqual({ name: '_start', offset: 0x44 });
    expect(symbols.lookup(0x4000_1100)).toBeUndefined();
    expect(symbols.lookup(0x4000_2000)).toBeUndefined();
    expect(symbols.lookup(0x4000_20ff)).toEqual({ name: 'data', offset: 0xef });
    expect(symbols.find('_etext')).toBe(0x4000_1100);
    expect(symbols.find('undefined')).toBeUndefined();
    expect(symbols.size).toBe(4);
  });

  it('of ARM are where their code is, T32 functions too', async () => {
    const { bytes } = makeElf({
      ...{ class: 32, order: 'little', machine: 40, entry: 0x8000n },
      segments: [{ vaddr: 0x8000n, data: new Uint8Array(16) }],
      symbols: [
        { name: 'wide', value: 0x8000n },
        { name: 'narrow', value: 0x8005n },
        { name: 'byte', value: 0x8009n, info: 0x11 },
        { name: '$t', value: 0x8004n, info: 0 },
      ],
    });
    const symbols = symbolsOfElf(await parseElf(bytes));
    expect(['wide', 'narrow', 'byte', '$t'].map((name) => symbols.find(name))).toEqual([
      ...[0x8000, 0x8004, 0x8009, undefined],
    ]);
    expect(symbols.lookup(0x8004)).toEqual({ name: 'narrow', offset: 0 });
  });

  it('come from a symbol file too, and damage in it is a symbol error', async () => {
    expect((await parseSymbols(elf.bytes)).find('data')).toBe(0x4000_2010);
    await expect(parseSymbols(elf.with('e_shoff', 0xffff_fff0n))).rejects.toMatchObject({ code: 'symbols-bad' });
    await expect(parseSymbols(elf.with('sh2_link', 9n))).rejects.toMatchObject({ code: 'symbols-bad' });
  });
});

describe('compressed symbol files', () => {
  it('gzip', async () => {
    expect((await parseSymbols(gzipSync(systemMap))).find('jiffies')).toBe(0x4020_0000);
  });

  it('xz', async () => {
    expect((await parseSymbols(helloXz())).find('hello')).toBe(0x4010_0000);
  });

  it('zstd', async () => {
    expect((await parseSymbols(helloZstd())).find('hello')).toBe(0x4010_0000);
  });

  it('refuses what is none of them', async () => {
    await expect(parseSymbols(Uint8Array.of(0x02, 0x21, 0x4c, 0x18))).rejects.toThrow(/lz4/);
    await expect(parseSymbols(new Uint8Array(0))).rejects.toThrow(/empty/);
  });
});

/** Kernels that a developer's machine has beside the project; the project stands without them. */
const linux = resolve(import.meta.dirname, '../../../../shared/guests/te-mipsel-16k.System.map.xz');
if (!existsSync(linux)) console.warn(`skipped: the System.map of a real kernel, for ${linux} is not there`);
describe.runIf(existsSync(linux))('the System.map of a real kernel', () => {
  it('has its symbols', async () => {
    const symbols = await parseSymbols(readFileSync(linux));
    expect(symbols.size).toBeGreaterThan(20_000);
    expect(symbols.find('_text')).toBe(0x4010_0000);
    expect(symbols.lookup(0x406f_1cf9)).toEqual({ name: 'fw_argc', offset: 1 });
  });
});
