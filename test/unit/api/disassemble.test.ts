import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disassemble } from '../../../src/api/disassemble.ts';
import { makeElf } from '../../support/boot/make-elf.ts';

const GUEST = 'guests/bin/bench-te-el.elf';
const BIG = 'guests/bin/bench-te-eb.elf';
/** The guests are stripped. */
const MAP = '40100000 T _start\n40100028 T begin\n';

let folder = '';
let symbols = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-disasm-'));
  symbols = join(folder, 'System.map');
  writeFileSync(symbols, MAP);
  writeFileSync(join(folder, 'text'), 'no program');
});
afterAll(() => rmSync(folder, { recursive: true }));

const lines = async (where: string, more: object = {}, kernel = GUEST): Promise<string[]> =>
  (await disassemble({ kernel, where, symbols, ...more })).trimEnd().split('\n');

describe('disassembly', () => {
  it('shows a symbol whole, under its name', async () => {
    const whole = await lines('_start');
    expect(whole[0]).toBe('_start:');
    expect(whole[1]).toMatch(/^0x40100000 {2}[0-9a-f]{8} {2}[a-z]/);
    expect(whole).toHaveLength(11);
  });

  it('shows one instruction at an address, and ranges', async () => {
    const code = (await lines('_start')).slice(1);
    expect((await lines('0x40100004')).at(-1)).toBe(code[1]);
    expect((await lines('_start+4')).at(-1)).toBe(code[1]);
    expect((await lines('_start..+3')).slice(1)).toEqual(code.slice(0, 3));
    expect((await lines('_start..0x40100008')).slice(1)).toEqual(code.slice(0, 2));
  });

  it('reads words in their byte order', async () => {
    const text = (all: readonly string[]): string[] => all.slice(1).map((line) => line.split('  ')[2]!.split(' ')[0]!);
    expect(text(await lines('_start..+8', {}, BIG))).toEqual(text(await lines('_start..+8')));
  });

  it('shows the row, its fields and its operations, as they are and in compiled code', async () => {
    const text = (await lines('_start..+16', { operations: true })).join('\n');
    expect(text).toMatch(/ {4}row "[0-9 a-z:]+" \w+=\d+/);
    expect(text).toMatch(/gpr\[rt\] := /);
    expect(text).toMatch(/ {4}compiled:\n {6}gpr\[\d+\] := /);
  });

  it("shows the interpreter's handler as WebAssembly", async () => {
    const text = (await lines('_start..+1', { wasm: true })).join('\n');
    expect(text).toMatch(/ {4};; \w+ "[0-9 a-z:]+", little endian, near/);
    expect(text).toContain('local.get $ip');
    expect(text).toContain('(;gpr;)');
  });

  it('explores the region that would be compiled, with its function', async () => {
    const loop = '0x401004a0';
    const text = (await lines(loop, { region: true })).join('\n');
    expect(text).toMatch(/^region of \d+ blocks, \d+ instructions\nblock 0 at /);
    expect(text).toContain('(entry, loop header, ');
    expect(text).toContain('-> not taken: block ');
    expect(text).toMatch(/\nloops\n {2}loop, header \d+, entered at /);
    expect(text).not.toContain('local.get');
    const code = (await lines(loop, { region: true, wasm: true })).join('\n');
    expect(code).toMatch(/\nfunction, \d+ bytes\n/);
    expect(code).toContain('local.get $left');
    expect(code).toMatch(/local\.set \$gpr\[\d+\]/);
  });
});

describe('disassembly refuses', () => {
  it.each([
    ['nosuch', 'nosuch: guests/bin/bench-te-el.elf has no such symbol', 'give an address such as 0x40100000'],
    ['_start+0x3', '0x40100003 is no multiple of 4', 'try: 0x40100000'],
    ['0x10', '0x00000010: there is no code in', 'give an address in there'],
    ['_start..0x40100000', 'ends at 0x40100000, before it begins', '+N'],
    ['_start..+0', 'before it begins', '+N'],
    ['_start..+99999999', '99999999 instructions are too many', '65536'],
    ['a..b..c', 'not a place', 'FROM..TO'],
    ['', "'': not a place", 'SYMBOL'],
    ['_start..', 'not a place', 'FROM..+8'],
  ])('%j', async (where, message, next) => {
    await expect(disassemble({ kernel: GUEST, where, symbols })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message) as string,
      details: { next: expect.stringContaining(next) as string },
    });
  });

  it('a symbol of a stripped program', async () => {
    await expect(disassemble({ kernel: GUEST, where: '_start' })).rejects.toMatchObject({
      code: 'usage',
      details: { cause: 'the file is stripped', next: expect.stringContaining('--symbols FILE') as string },
    });
  });

  it('what is no program', async () => {
    await expect(disassemble({ kernel: join(folder, 'text'), where: '0x0' })).rejects.toMatchObject({
      code: 'not-runnable',
    });
    await expect(disassemble({ kernel: join(folder, 'none'), where: '0x0' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

/** A function of each instruction set, and a constant; the code is what llvm-mc makes of the comments. */
const ARM_CODE = [
  ...[0xd4, 0xd4, 0x64, 0x28], // (data); cmp r0, #100
  ...[0xcc, 0xbf, 0x08, 0x44], // ite gt; addgt r0, r1
  ...[0x42, 0x1a, 0x50, 0xf8], // suble r2, r0, r1; ldr r4, [r0], #4
  ...[0x04, 0x4b, 0x70, 0x47], //; bx lr
  ...[0x78, 0x56, 0x34, 0x12], // .word 0x12345678
  ...[0x01, 0x00, 0x80, 0xe2], // add r0, r0, #1
  ...[0x1e, 0xff, 0x2f, 0xe1], // bx lr
  ...[0xfe, 0xe7], // b .
];
const FUNC = { info: 0x12 };
const MAPPING = { info: 0 };

describe('disassembly of ARM', () => {
  let kernel = '';
  let stripped = '';
  beforeAll(() => {
    const spec = {
      class: 32,
      order: 'little',
      machine: 40,
      flags: 0x05000000,
      entry: 0x8001_0003n,
      segments: [{ vaddr: 0x8001_0000n, data: Uint8Array.from(ARM_CODE) }],
    } as const;
    const symbols = [
      { name: '$d', value: 0x8001_0000n, ...MAPPING },
      { name: 'narrow', value: 0x8001_0003n, ...FUNC },
      { name: '$t.1', value: 0x8001_0002n, ...MAPPING },
      { name: '$d.2', value: 0x8001_0010n, ...MAPPING },
      { name: 'wide', value: 0x8001_0014n, ...FUNC },
      { name: '$a', value: 0x8001_0014n, ...MAPPING },
      { name: 'end', value: 0x8001_001dn, ...FUNC },
    ];
    kernel = join(folder, 'arm.elf');
    stripped = join(folder, 'stripped.elf');
    writeFileSync(kernel, makeElf({ ...spec, segments: [...spec.segments], symbols }).bytes);
    writeFileSync(stripped, makeElf({ ...spec, segments: [...spec.segments], stripped: true }).bytes);
  });
  const arm = async (where: string, more: object = {}, file = kernel): Promise<string[]> =>
    (await disassemble({ kernel: file, where, ...more })).trimEnd().split('\n');
  const texts = async (where: string, file = kernel): Promise<string[]> =>
    (await arm(where, {}, file)).map((line) => line.replace(/^0x800100(..) {2}([0-9a-f]{4,8}) +/, '$1 $2 '));

  it('reads what a symbol says: halfwords with their IT block, words, data', async () => {
    expect(await texts('narrow')).toEqual([
      'narrow:',
      '02 2864 cmp r0, #100',
      '04 bfcc ite gt',
      '06 4408 addgt r0, r1',
      '08 1a42 suble r2, r0, r1',
      '0a f8504b04 ldr r4, [r0], #4',
      '0e 4770 bx lr',
      '10 12345678 .word 0x12345678',
    ]);
    expect(await texts('wide')).toEqual(['wide:', '14 e2800001 add r0, r0, #1', '18 e12fff1e bx lr']);
    expect(await texts('end')).toEqual(['end:', '1c e7fe b 0x8001001c']);
    expect(await texts('0x80010000')).toEqual(['00 d4d4 .short 0xd4d4']);
  });

  it('counts and ends where instructions do', async () => {
    expect((await texts('narrow+6..+2')).slice(1)).toEqual(['08 1a42 subs r2, r0, r1', '0a f8504b04 ldr r4, [r0], #4']); // no block is seen
    expect((await texts('0x8001000e..wide')).slice(1)).toEqual(['0e 4770 bx lr', '10 12345678 .word 0x12345678']);
    expect(await texts('0x8001000e..+4')).toContain('18 e12fff1e bx lr');
  });

  it('reads T32 at odd addresses, and all of a program without symbols that begins with it', async () => {
    expect((await texts('0x80010019'))[1]).toMatch(/^18 ff1ee12f/);
    expect(await texts('0x80010002..+2', stripped)).toEqual(['02 2864 cmp r0, #100', '04 bfcc ite gt']);
    await expect(arm('0x80010016')).rejects.toThrow('0x80010016 is no multiple of 4');
  });

  it('shows rows, handlers and regions of either set', async () => {
    const ops = (await arm('narrow+2..+2', { operations: true })).join('\n');
    expect(ops).toMatch(/addgt r0, r1\n {4}row ".*"(.*\n)* {4}compiled:\n {6}gpr\[0\] := select\(add\(/);
    expect((await arm('0x8001000a', { wasm: true })).join('\n')).toMatch(/ {4};; ldr\S* ".*", little endian, near/);
    const region = (await arm('narrow', { region: true, wasm: true })).join('\n');
    expect(region).toMatch(
      /^region of 1 blocks, 6 instructions\nblock 0 at 0x80010002 <narrow> \(entry, 6 counted\)\n/,
    );
    expect(region).toMatch(/ {2}0x80010006 {2}4408 {6}addgt r0, r1\n/);
    expect((await arm('wide', { region: true }))[0]).toBe('region of 1 blocks, 2 instructions');
    expect((await arm('end', { region: true }))[0]).toMatch(/^no region begins at 0x8001001c <end>/);
  });
});
