// dmesg out of guest memory: rings as 5.10 and 6.0 have them, the log before 5.10, in both byte orders, also damaged and forged ones.
import { describe, expect, it } from 'vitest';
import { readKernelLog } from '../../../../src/debug/linux/kernel-log.ts';
import { TsvmError } from '../../../../src/util/errors.ts';
import { Random } from '../../../support/boot/random.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';
import { FakeLinux, FakeRing, KSEG0, type RingKind } from './fake-linux.ts';

const ENDIANS = ['little', 'big'] as const;
const KINDS: readonly (readonly ['little' | 'big', RingKind])[] = ENDIANS.flatMap((endian) => [
  [endian, 20] as const,
  [endian, 24] as const,
]);

describe.each(KINDS)('the ring of a %s-endian kernel with its text ring at %i', (endian, kind) => {
  it('is shown as dmesg shows it', () => {
    const linux = new FakeLinux(endian);
    const ring = new FakeRing(linux, { kind });
    ring.print('Linux version 5.10');
    ring.print('Memory policy:\twriteback', { seconds: 1.25 });
    ring.print('first\nsecond', { seconds: 12345.000001 });
    expect(readKernelLog(linux.target())).toEqual({
      lines: [
        '[    0.000000] Linux version 5.10',
        '[    1.250000] Memory policy:\twriteback',
        '[12345.000001] first',
        '[12345.000001] second',
      ],
    });
  });

  it('is found without a symbol for it', () => {
    const linux = new FakeLinux(endian);
    new FakeRing(linux, { kind }).print('hello');
    expect(readKernelLog(linux.target(['_text', 'start_kernel'])).lines).toEqual(['[    0.000000] hello']);
  });

  it('is what is left of it when it has gone round', () => {
    const linux = new FakeLinux(endian);
    const ring = new FakeRing(linux, { kind, countBits: 5, sizeBits: 10 });
    const text = (n: number): string => `message ${n} ${'x'.repeat(n % 23)}`;
    for (let n = 0; n < 500; n++) ring.print(text(n), { seconds: n });
    const { lines, note } = readKernelLog(linux.target());
    expect(lines.length).toBeGreaterThan(20);
    const first = 500 - lines.length;
    expect(lines).toEqual(lines.map((_, n) => `[${String(first + n).padStart(5)}.000000] ${text(first + n)}`));
    expect(note).toBe(`older records that have been overwritten: ${first}`);
  });
});

describe.each(ENDIANS)('a record of a %s-endian kernel', (endian) => {
  it('may be without text', () => {
    const linux = new FakeLinux(endian);
    const ring = new FakeRing(linux);
    ring.print('');
    ring.print('after');
    expect(readKernelLog(linux.target()).lines).toEqual(['[    0.000000] ', '[    0.000000] after']);
  });

  it('counts when it may still be added to, and not while it is being written', () => {
    const linux = new FakeLinux(endian);
    const ring = new FakeRing(linux);
    ring.print('half a', { state: 'committed' });
    ring.print('not yet', { state: 'reserved' });
    const { lines, note } = readKernelLog(linux.target());
    expect(lines).toEqual(['[    0.000000] half a']);
    expect(note).toBe('records that are being written, or damaged: 1');
  });

  it('cannot steer a terminal', () => {
    const linux = new FakeLinux(endian);
    new FakeRing(linux).print('\x1b[2Jgone');
    expect(readKernelLog(linux.target()).lines).toEqual(['[    0.000000] \\x1b[2Jgone']);
  });

  it('is left out when its text belongs to another', () => {
    const linux = new FakeLinux(endian);
    const ring = new FakeRing(linux);
    ring.print('mine');
    ring.print('other');
    linux.word(ring.data, 77);
    const { lines, note } = readKernelLog(linux.target());
    expect(lines).toEqual(['[    0.000000] other']);
    expect(note).toContain('damaged');
  });
});

describe.each(ENDIANS)('VMCOREINFO of a %s-endian kernel', (endian) => {
  /** A ring of one record, with members elsewhere than in any layout that is known. */
  function strangeRing(): FakeLinux {
    const linux = new FakeLinux(endian);
    const [ring, descs, infos, data, pointer] = [64, 16 * 32, 32 * 32, 1024, 4].map((size) => linux.reserve(size, 8));
    linux.word(ring!, 10, data!, 0, 0, 0, 5, descs!, infos!, 0, 0);
    linux.word(ring! + 8, 12, 0);
    linux.word(descs! + 4, (2 << 30) >>> 0, 0, 12);
    linux.long(infos! + 16, 2_500_000_000n);
    linux.half(infos! + 28, 5);
    linux.word(data!, 0);
    linux.text(data! + 4, 'hello');
    linux.word(pointer!, ring!);
    const offsets = {
      'printk_ringbuffer.desc_ring': 20,
      'printk_ringbuffer.text_data_ring': 0,
      'prb_desc_ring.count_bits': 0,
      'prb_desc_ring.descs': 4,
      'prb_desc_ring.infos': 8,
      'prb_desc_ring.head_id': 12,
      'prb_desc_ring.tail_id': 16,
      'prb_desc.state_var': 4,
      'prb_desc.text_blk_lpos': 8,
      'prb_data_blk_lpos.begin': 0,
      'prb_data_blk_lpos.next': 4,
      'prb_data_ring.size_bits': 0,
      'prb_data_ring.data': 4,
      'prb_data_ring.head_lpos': 8,
      'prb_data_ring.tail_lpos': 12,
      'printk_info.seq': 0,
      'printk_info.ts_nsec': 16,
      'printk_info.text_len': 28,
    };
    const info = linux.reserve(0x1000, 0x1000);
    const lines = [
      'OSRELEASE=9.9',
      `SYMBOL(prb)=${pointer!.toString(16)}`,
      'SIZE(prb_desc)=16',
      'SIZE(printk_info)=32',
      ...Object.entries(offsets).map(([member, offset]) => `OFFSET(${member})=${offset}`),
    ];
    linux.text(info, `${lines.join('\n')}\n`);
    return linux;
  }

  it('says where everything is, without any symbol', () => {
    expect(readKernelLog(strangeRing().target([])).lines).toEqual(['[    2.500000] hello']);
  });
});

describe.each(ENDIANS)('the log of a %s-endian kernel before 5.10', (endian) => {
  const NEWLINE = 2;
  const CONTINUES = 8;

  function oldLog(
    records: readonly { text: string; at: number; flags: number }[],
    first: number,
    next: number,
  ): FakeLinux {
    const linux = new FakeLinux(endian);
    const buffer = linux.reserve(256);
    for (const { text, at, flags } of records) {
      linux.long(buffer + at, 1_000_000_000n);
      linux.half(buffer + at + 8, Math.ceil((16 + text.length) / 4) * 4);
      linux.half(buffer + at + 10, text.length);
      linux.memory[buffer + at + 15 - KSEG0] = endian === 'little' ? flags | (6 << 5) : (flags << 3) | 6;
      linux.text(buffer + at + 16, text);
    }
    const values = { log_buf: buffer, log_buf_len: 256, log_first_idx: first, log_next_idx: next };
    for (const [name, value] of Object.entries(values)) {
      const address = linux.reserve(4);
      linux.word(address, value);
      linux.symbol(name, address);
    }
    return linux;
  }

  it('goes on at its start where the rest was too short', () => {
    const linux = oldLog(
      [
        { text: 'new', at: 0, flags: NEWLINE },
        { text: 'old one', at: 200, flags: NEWLINE },
      ],
      200,
      20,
    );
    expect(readKernelLog(linux.target())).toEqual({ lines: ['[    1.000000] old one', '[    1.000000] new'] });
  });

  it('joins what was printed in pieces', () => {
    const linux = oldLog(
      [
        { text: 'one, ', at: 0, flags: 0 },
        { text: 'two', at: 24, flags: NEWLINE | CONTINUES },
        { text: 'three', at: 44, flags: NEWLINE },
      ],
      0,
      68,
    );
    expect(readKernelLog(linux.target()).lines).toEqual(['[    1.000000] one, two', '[    1.000000] three']);
  });

  it('ends where it is damaged', () => {
    const linux = oldLog([{ text: 'good', at: 0, flags: NEWLINE }], 0, 100);
    linux.half(linux.wordAt(linux.target().symbols.find('log_buf')!) + 20 + 8, 0xfff0);
    expect(readKernelLog(linux.target()).lines).toEqual(['[    1.000000] good']);
  });
});

describe('a guest without a log', () => {
  it('is said to be no Linux when nothing says that it is', () => {
    const { lines, note } = readKernelLog(new FakeTarget());
    expect(lines).toEqual([]);
    expect(note).toContain('does not look like Linux');
  });

  it('is told from one that has said nothing yet', () => {
    const linux = new FakeLinux('little');
    new FakeRing(linux);
    expect(readKernelLog(linux.target())).toEqual({ lines: [], note: 'the kernel has said nothing yet' });
  });

  it('cannot be asked while it runs', () => {
    const linux = new FakeLinux('little');
    const target = linux.target();
    void target.resume({ kind: 'continue' });
    expect(() => readKernelLog(target)).toThrow(TsvmError);
  });
});

describe('a forged ring', () => {
  it('whose texts are each other is cut', () => {
    const COUNT = 0x8000;
    const LENGTH = 0xf000;
    const linux = new FakeLinux('little', { ram: 4 << 20 });
    linux.reserve(0x3b_0000);
    const { address } = new FakeRing(linux);
    const [descs, infos, data] = [KSEG0, KSEG0 + 12 * COUNT, KSEG0 + 0x34_0000];
    linux.word(address, 15, descs, infos, COUNT - 1, 0, 19, data, 4 * COUNT, 0);
    linux.memory.fill(0, 0, 100 * COUNT);
    for (let id = 0; id < COUNT; id++) {
      linux.word(descs + 12 * id, (id | (2 << 30)) >>> 0, 4 * id, 4 * id + 4 + LENGTH);
      linux.half(infos + 88 * id + 16, LENGTH);
      linux.word(data + 4 * id, id);
    }
    const { lines, note } = readKernelLog(linux.target());
    expect(lines.length).toBeLessThan(1000);
    expect(note).toMatch(/^older records that are left out: \d+$/);
  });

  it.each(ENDIANS)('of random words says something or nothing (%s)', (endian) => {
    const random = new Random(0x5eed);
    for (let round = 0; round < 80; round++) {
      const linux = new FakeLinux(endian, { ram: 0x1_8000 });
      const ring = new FakeRing(linux, { countBits: 5, sizeBits: 10 });
      for (let n = 0; n < 40; n++) ring.print(`message ${n}`);
      const areas = [ring.address, ring.descs, ring.infos, ring.data];
      for (let n = 0; n < 20; n++) {
        const area = random.pick(areas);
        const value = random.below(3) === 0 ? area + random.below(0x2000) : random.u32();
        linux.word(area + 4 * random.below(40), value);
      }
      for (const line of readKernelLog(linux.target()).lines) expect(line).toMatch(/^\[ *\d+\.\d{6}\] /);
    }
  });
});
