// The core file of a made-up machine, read back as the gABI and Linux's headers say.
import { describe, expect, it } from 'vitest';
import { coreFile } from '../../../../src/debug/core-file/core-file.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';

const ENDIANS = ['little', 'big'] as const;
const PAGE = 0x1000;

interface Load {
  readonly virtual: number;
  readonly physical: number;
  readonly bytes: Uint8Array;
}

interface Note {
  readonly name: string;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** An ELF32 core file, with words in the order that it says. */
class Core {
  readonly bytes: Uint8Array;
  readonly little: boolean;
  private readonly view: DataView;

  constructor(chunks: Iterable<Uint8Array>) {
    this.bytes = Buffer.concat([...chunks]);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    expect([...this.bytes.subarray(0, 5)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 1]);
    this.little = this.bytes[5] === 1;
  }

  u16(at: number): number {
    return this.view.getUint16(at, this.little);
  }

  u32(at: number): number {
    return this.view.getUint32(at, this.little);
  }

  words(bytes: Uint8Array): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length / 4 }, (_, n) => view.getUint32(4 * n, this.little));
  }

  private headers(type: number): number[] {
    const all = Array.from({ length: this.u16(44) }, (_, n) => this.u32(28) + n * this.u16(42));
    return all.filter((at) => this.u32(at) === type);
  }

  private contents(header: number): Uint8Array {
    expect(this.u32(header + 4) + this.u32(header + 16)).toBeLessThanOrEqual(this.bytes.length);
    return this.bytes.subarray(this.u32(header + 4), this.u32(header + 4) + this.u32(header + 16));
  }

  get loads(): Load[] {
    return this.headers(1).map((at) => {
      expect(this.u32(at + 20)).toBe(this.u32(at + 16));
      return { virtual: this.u32(at + 8), physical: this.u32(at + 12), bytes: this.contents(at) };
    });
  }

  get notes(): Note[] {
    const [header] = this.headers(4);
    const notes: Note[] = [];
    const end = this.u32(header! + 4) + this.u32(header! + 16);
    for (let at = this.u32(header! + 4); at < end; ) {
      const [nameSize, size, type] = [this.u32(at), this.u32(at + 4), this.u32(at + 8)];
      const name = new TextDecoder().decode(this.bytes.subarray(at + 12, at + 12 + nameSize - 1));
      const from = at + 12 + Math.ceil(nameSize / 4) * 4;
      notes.push({ name, type, bytes: this.bytes.subarray(from, from + size) });
      at = from + Math.ceil(size / 4) * 4;
    }
    return notes;
  }
}

/** Memory of which each word says where it is. */
function fill(target: FakeTarget): void {
  for (let at = 0; at < target.memory.length; at += 4) target.putWord(0x8000_0000 + at, at);
}

describe.each(ENDIANS)('the core file of a %s-endian MIPS machine', (endianness) => {
  const target = new FakeTarget({ endianness, cpus: 2, ram: 0x2_3000 });
  fill(target);
  for (const [cpu, vcpu] of target.vcpus.entries()) {
    for (let n = 0; n < 32; n++) vcpu.set(`r${n}`, 0x100 * cpu + n);
    vcpu.set('r29', 0x8000_2000);
    vcpu.set('pc', 0x8000_0400 + cpu);
    for (const [n, name] of ['lo', 'hi', 'badvaddr', 'status', 'cause'].entries())
      vcpu.set(name, 0xf000_0000 + 0x100 * cpu + n);
  }
  const core = new Core(coreFile(target));

  it('says what it is', () => {
    expect(core.little).toBe(endianness === 'little');
    expect([core.u16(16), core.u16(18), core.u32(20)]).toEqual([4, 8, 1]);
    // o32, mips32r2: by these gdb knows the ABI.
    expect(core.u32(36)).toBe(0x7000_1000);
  });

  it('has the registers of every vCPU where elf_gregset_t has them', () => {
    const { notes } = core;
    expect(notes.map(({ name, type, bytes }) => [name, type, bytes.length])).toEqual([
      ['CORE', 1, 256],
      ['CORE', 1, 256],
    ]);
    for (const [cpu, { bytes }] of notes.entries()) {
      const words = core.words(bytes);
      expect(words[6]).toBe(cpu + 1);
      const registers = words.slice(18, 18 + 45);
      const general = Array.from({ length: 32 }, (_, n) => (n === 29 ? 0x8000_2000 : 0x100 * cpu + n));
      expect(registers.slice(6, 38)).toEqual(general);
      const named = (n: number): number => 0xf000_0000 + 0x100 * cpu + n;
      expect(registers.slice(38)).toEqual([named(0), named(1), 0x8000_0400 + cpu, named(2), named(3), named(4), 0]);
    }
  });

  it('has all RAM by both of its addresses', () => {
    const [load, ...more] = core.loads;
    expect(more).toEqual([]);
    expect([load!.virtual, load!.physical]).toEqual([0x8000_0000, 0]);
    expect(Buffer.compare(load!.bytes, target.memory)).toBe(0);
  });
});

describe('the core file of an ARM machine', () => {
  function machine(): FakeTarget {
    const target = new FakeTarget({ architecture: 'arm', ram: 0x1_0000, symbols: { _text: 0xc000_1000 } });
    for (let page = 0; page < 12; page++) target.pages.set(0xc_0000 + page, page);
    fill(target);
    target.vcpus[0]!.set('pc', 0xc000_1234);
    target.vcpus[0]!.set('sp', 0xc000_3000);
    return target;
  }

  it('has r0 to r15 and cpsr where struct pt_regs has them', () => {
    const target = machine();
    const [vcpu] = target.vcpus;
    for (let n = 0; n < 13; n++) vcpu!.set(`r${n}`, n);
    vcpu!.set('lr', 0xc000_5555);
    vcpu!.set('cpsr', 0x33);
    const core = new Core(coreFile(target));
    expect([core.u16(18), core.u32(36)]).toEqual([40, 0x0500_0000]);
    const [{ bytes }] = core.notes as [Note];
    expect(bytes).toHaveLength(148);
    const registers = core.words(bytes).slice(18, 18 + 18);
    const numbered = Array.from({ length: 13 }, (_, n) => n);
    // The pc without the bit by which the engine says T32.
    expect(registers).toEqual([...numbered, 0xc000_3000, 0xc000_5555, 0xc000_1234, 0x33, 0xffff_ffff]);
  });

  it('has low memory where the kernel sees it, and high memory nowhere', () => {
    const { loads } = new Core(coreFile(highMemory()));
    expect(loads.map(({ virtual, physical, bytes }) => [virtual, physical, bytes.length])).toEqual([
      [0xc000_0000, 0, 0x10_0000],
      [0xffff_ffff, 0x10_0000, 0x10_0000],
    ]);
  });

  function highMemory(): FakeTarget {
    const target = new FakeTarget({ architecture: 'arm', ram: 0x20_0000, symbols: { _text: 0xc000_1000 } });
    for (let page = 0; page < 0x100; page++) target.pages.set(0xc_0000 + page, page);
    for (const name of ['pc', 'sp']) target.vcpus[0]!.set(name, 0xc000_2000);
    return target;
  }

  it('has the pages of a stack and of code that are seen elsewhere', () => {
    const target = machine();
    // A stack in vmalloc memory, its two pages apart in RAM; a module.
    target.pages.set(0xf_0800, 5).set(0xf_0801, 9).set(0xb_f000, 7);
    target.vcpus[0]!.set('sp', 0xf080_0ff0);
    target.vcpus[0]!.set('pc', 0xbf00_0100);
    const [ram, ...pages] = new Core(coreFile(target)).loads;
    expect(ram!.virtual).toBe(0xc000_0000);
    expect(pages.map(({ virtual, physical }) => [virtual, physical])).toEqual([
      [0xbf00_0000, 7 * PAGE],
      [0xf080_0000, 5 * PAGE],
      [0xf080_1000, 9 * PAGE],
    ]);
    expect(Buffer.compare(pages[1]!.bytes, target.memory.subarray(5 * PAGE, 6 * PAGE))).toBe(0);
  });

  it('has RAM by its physical addresses when no translation shows it', () => {
    const target = machine();
    target.physical = () => null;
    expect(new Core(coreFile(target)).loads.map(({ virtual, physical }) => [virtual, physical])).toEqual([[0, 0]]);
  });
});

describe('what the kernel says of itself', () => {
  it('is in it, for crash', () => {
    const target = new FakeTarget();
    const text = 'OSRELEASE=5.10.0\nPAGESIZE=4096\nSYMBOL(_stext)=80001000\n';
    target.memory.set(new TextEncoder().encode(text), 0x3000);
    const note = new Core(coreFile(target)).notes.find(({ name }) => name === 'VMCOREINFO');
    expect(note?.type).toBe(0);
    expect(new TextDecoder().decode(note?.bytes)).toBe(text);
  });
});

describe('the file comes in pieces', () => {
  it('of no more than 64 KiB of memory', () => {
    const lengths = [...coreFile(new FakeTarget({ ram: 0x2_3000 }))].map(({ length }) => length);
    expect(lengths).toEqual([PAGE, 0x1_0000, 0x1_0000, 0x3000]);
  });

  it('of memory that is read when they are asked for', () => {
    const target = new FakeTarget({ ram: 0x2_0000 });
    const pieces = coreFile(target);
    pieces.next();
    void target.resume({ kind: 'continue' });
    expect(() => pieces.next()).toThrow(TsvmError);
  });

  it('and is refused when it would be too large', () => {
    const target = new FakeTarget();
    target.memoryMap = () => [{ base: 0, size: 2 ** 32, kind: 'ram', name: 'ram' }];
    expect(() => coreFile(target).next()).toThrow(/less than 4 GiB/);
  });
});
