// The program that a gdb without a file reads over its connection, by which it knows byte order and symbols.
import { describe, expect, it } from 'vitest';
import { symbolFile } from '../../../../src/debug/gdb/symbol-file.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';
import { GdbClient, settled } from '../../../support/debug/gdb-client.ts';

const hexText = (text: string): string => Buffer.from(text).toString('hex');
/** An ELF file of 52 + 40 + 8 bytes: a header, a symbol table's section header, and something. */
const KERNEL = Uint8Array.from({ length: 100 }, (_, index) => index);
KERNEL.set([0x7f, 0x45, 0x4c, 0x46, 1, 1]);
new DataView(KERNEL.buffer).setUint32(32, 52, true);
new DataView(KERNEL.buffer).setUint16(48, 1, true);
new DataView(KERNEL.buffer).setUint32(56, 2, true);

async function connected(kernel: () => Promise<Uint8Array | null>): Promise<(data: string) => Promise<string>> {
  const target = new FakeTarget({ symbols: { start: 0x8000_0400 } });
  const gdb = new GdbClient(target, { kernel });
  await settled();
  return async (data) => (await gdb.ask(data))!;
}

describe('the program file', () => {
  it('is named, opened, measured, read and closed', async () => {
    const ask = await connected(async () => KERNEL);
    expect(await ask('qXfer:exec-file:read:1:0,100')).toBe('l/fake.elf');
    expect(await ask('vFile:setfs:0')).toBe('F0');
    expect(await ask(`vFile:open:${hexText('/fake.elf')},0,0`)).toBe('F1');
    const stat = await ask('vFile:fstat:1');
    expect(stat).toHaveLength('F40;'.length + 64);
    expect(Buffer.from(stat.slice(4), 'latin1').readBigUInt64BE(28)).toBe(100n);
    expect(await ask('vFile:pread:1,10,20')).toBe(`F10;${String.fromCharCode(...KERNEL.subarray(32, 48))}`);
    expect(await ask('vFile:pread:1,10,5f')).toBe(`F5;${String.fromCharCode(...KERNEL.subarray(95))}`);
    expect(await ask('vFile:pread:1,10,64')).toBe('F0;');
    expect(await ask('vFile:close:1')).toBe('F0');
  });

  it('is the only one', async () => {
    const ask = await connected(async () => KERNEL);
    for (const path of ['/etc/passwd', '/fake.elf/../etc/passwd', '', '/fake.elf\0', 'fake.elf'])
      expect(await ask(`vFile:open:${hexText(path)},0,0`)).toBe('F-1,2');
    expect(await ask(`vFile:open:${hexText('/fake.elf')},601,1b6`)).toBe('F-1,1e');
    for (const operation of ['pread:1,1,0', 'fstat:1', 'close:1', 'pread:0,1,0'])
      expect(await ask(`vFile:${operation}`)).toBe('F-1,9');
    for (const operation of ['unlink:2f', 'pwrite:1,0,x', 'readlink:2f', '', ':'])
      expect(await ask(`vFile:${operation}`)).toBe('');
    for (const operation of ['open:', 'open:0,0,0', 'open:2f', 'open:xx,0,0'])
      expect(await ask(`vFile:${operation}`)).toBe('F-1,16');
  });

  it.each([
    ['there is none', null],
    ['it is no ELF file', Uint8Array.from({ length: 100 }, () => 1)],
    ['it has no symbols', KERNEL.with(56, 1)],
    ['it breaks off', KERNEL.subarray(0, 91)],
  ])('is made of the symbols that are known where %s', async (_why, kernel) => {
    const ask = await connected(async () => kernel);
    expect(await ask(`vFile:open:${hexText('/fake.elf')},0,0`)).toBe('F1');
    expect(await ask('vFile:pread:1,400,0')).toMatch(/^F[\da-f]+;\x7fELF.*\0start\0.*\.symtab\0/s);
  });

  it('cannot be opened when there is something wrong with it', async () => {
    const ask = await connected(() => Promise.reject(new TsvmError('not-found', 'gone')));
    expect(await ask(`vFile:open:${hexText('/fake.elf')},0,0`)).toBe('E16');
  });
});

/** Name, address and size of every symbol of an ELF32 file but the empty one. */
function symbolsIn(file: Uint8Array, little: boolean): [string, number, number][] {
  const view = new DataView(file.buffer);
  const sections = Array.from({ length: view.getUint16(48, little) }, (_, index) => {
    const at = view.getUint32(32, little) + index * view.getUint16(46, little);
    const [type, offset, size, link] = [4, 16, 20, 24].map((field) => view.getUint32(at + field, little));
    return { type: type!, offset: offset!, size: size!, link: link! };
  });
  const table = sections.find(({ type }) => type === 2)!;
  const names = sections[table.link]!;
  expect(names.type).toBe(3);
  return Array.from({ length: table.size / 16 - 1 }, (_, index) => {
    const at = table.offset + 16 * (index + 1);
    const from = names.offset + view.getUint32(at, little);
    const name = Buffer.from(file.subarray(from, file.indexOf(0, from))).toString();
    return [name, view.getUint32(at + 4, little), view.getUint32(at + 8, little)];
  });
}

describe('the file made of symbols', () => {
  it.each([
    ['mips', 'little', 8],
    ['mips', 'big', 8],
    ['arm', 'little', 40],
  ] as const)('is an ELF file of %s, %s-endian', (architecture, endianness, machine) => {
    const target = new FakeTarget({
      architecture,
      endianness,
      symbols: { start_kernel: 0x8000_1000, start: 0x8000_0400, panic: 0x8000_2000 },
    });
    const file = symbolFile(target)!;
    const view = new DataView(file.buffer);
    const little = endianness === 'little';
    expect(file[5]).toBe(little ? 1 : 2);
    expect(view.getUint16(18, little)).toBe(machine);
    expect(view.getUint32(24, little)).toBe(0x8000_0400);
    expect(symbolsIn(file, little)).toEqual([
      ['start', 0x8000_0400, 0xc00],
      ['start_kernel', 0x8000_1000, 0x1000],
      ['panic', 0x8000_2000, 4],
    ]);
  });

  it('is one without symbols too', () => {
    expect(symbolFile(new FakeTarget())).not.toBeNull();
  });

  it('leaves out names that no kernel has', () => {
    const file = symbolFile(new FakeTarget({ symbols: { start: 0x8000_0400, ['x'.repeat(2000)]: 0x8000_0500 } }))!;
    expect(file.length).toBeLessThan(500);
  });
});
