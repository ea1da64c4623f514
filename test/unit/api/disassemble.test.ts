import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disassemble } from '../../../src/api/disassemble.ts';

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
