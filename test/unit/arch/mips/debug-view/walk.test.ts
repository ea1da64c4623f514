// The walk of an address, step by step, comes to what the CPU's own translation comes to; and each step says what decided.
import { describe, expect, it } from 'vitest';
import { mipsDebugView as view } from '../../../../../src/arch/mips/debug-view/index.ts';
import { CP0 } from '../../../../../src/arch/mips/registers.ts';
import type { DebugAccess, Walk } from '../../../../../src/cpu/isa/debug-view.ts';
import { Random } from '../../../../support/boot/random.ts';
import { Guest, type GuestOptions } from '../../../../support/kvm/guest.ts';
import { DebuggedGuest } from './debugged-guest.ts';

const KERNEL = 0;
const USER = 0x10;
const [EXL, ERL] = [2, 4];
const [V, D, G] = [2, 4, 1];

interface Entry {
  readonly hi: number;
  readonly lo0: number;
  readonly lo1: number;
  readonly mask?: number;
}

const machine = (options: GuestOptions = {}): DebuggedGuest => new DebuggedGuest(new Guest(options));

function writeEntry(cpu: DebuggedGuest, index: number, { hi, lo0, lo1, mask = 0 }: Entry): void {
  const asid = cpu.bank('cp0', CP0.ENTRYHI);
  cpu.setBank('cp0', CP0.ENTRYHI, hi);
  cpu.setBank('cp0', CP0.ENTRYLO0, lo0);
  cpu.setBank('cp0', CP0.ENTRYLO1, lo1);
  cpu.setBank('cp0', CP0.PAGEMASK, mask);
  cpu.core.routine('tlbWrite', index, 0);
  cpu.setBank('cp0', CP0.ENTRYHI, asid);
}

function setMode(cpu: DebuggedGuest, status: number, asid = 0): void {
  cpu.setBank('cp0', CP0.STATUS, status);
  cpu.setBank('cp0', CP0.ENTRYHI, asid);
}

const lo = (physical: number, flags: number): number => (physical >>> 6) | flags;
const texts = ({ steps }: Walk): string[] => steps.map(({ what, text }) => `${what}: ${text}`);

describe('a walk and the translation', () => {
  const machines: readonly GuestOptions[] = [
    { machine: 'trap-and-emulate' },
    { machine: 'vz' },
    { machine: 'trap-and-emulate', endianness: 'big' },
  ];

  it.each(machines)('agree in 4000 random states: %o', (options) => {
    const random = new Random(8);
    const cpu = machine(options);
    const outcomes = new Map<string, number>();
    const pick = <T>(values: readonly T[]): T => random.pick(values);
    const masks = [0, 0, 0, 0x6000, 0x1e000, 0x1fffe000, 0xa000];
    const page = (): number => pick([random.below(64) << 13, random.u32() & 0xffffe000, 0x60000000, 0xc0000000]) >>> 0;
    const bits = (): number => random.u32() >>> 0;
    const pages: number[] = [];
    for (let state = 0; state < 400; state++) {
      for (let n = 0; n < 4; n++) {
        const hi = (page() | random.below(4)) >>> 0;
        pages.push(hi);
        const flags = (): number => pick([0, V, V | D, V | D | G, V | G]);
        const frame = (): number => random.below(0x100000) << 6;
        writeEntry(cpu, random.below(64), {
          ...{ hi, lo0: frame() | flags(), lo1: frame() | flags(), mask: pick(masks) },
        });
      }
      setMode(cpu, pick([KERNEL, USER, USER, USER | EXL, ERL, USER | ERL]), random.below(4));
      for (let n = 0; n < 10; n++) {
        const near = (pick(pages.slice(-200)) & ~0xfff) + random.below(0x4000);
        const address = pick([bits(), near, near, near, random.below(0x1000), bits() | 0x40000000]) >>> 0;
        const access = pick<DebugAccess>(['read', 'write', 'fetch']);
        const { translation, fault } = view.walk(cpu, address, access);
        expect({ address, translation }).toEqual({ address, translation: cpu.translate(address, access) });
        expect(fault !== undefined).toBe(translation.outcome === 'fault' || translation.outcome === 'nothing');
        const kind = translation.outcome === 'fault' ? `trap ${translation.trap}` : translation.outcome;
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      }
    }
    // Refill and invalid on both, modified, address errors, and the way through.
    const wanted = ['trap 1', 'trap 2', 'trap 3', 'trap 4', 'trap 5', 'trap 65538', 'trap 65539', 'physical'];
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(wanted));
    for (const kind of wanted) expect(outcomes.get(kind)).toBeGreaterThan(5);
  });

  it('agree on the ends of every segment', () => {
    for (const options of machines) {
      const cpu = machine(options);
      for (const status of [KERNEL, USER, ERL]) {
        setMode(cpu, status);
        for (let edge = 0; edge <= 0x100000000; edge += 0x20000000)
          for (const address of [edge - 1, edge].filter((at) => at >= 0 && at < 0x100000000))
            for (const access of ['read', 'write', 'fetch'] as const)
              expect(view.walk(cpu, address, access).translation).toEqual(cpu.translate(address, access));
      }
    }
  });
});

describe('the steps of a walk', () => {
  it('name segment, entry, page and memory', () => {
    const cpu = machine();
    writeEntry(cpu, 12, { hi: 0x00400003, lo0: lo(0x80000, V | D | (3 << 3)), lo1: lo(0x91000, V | (2 << 3)) });
    setMode(cpu, KERNEL, 3);
    expect(texts(view.walk(cpu, 0x00400010, 'write'))).toEqual([
      'segment: useg, mapped',
      'tlb: entry 12: 0x00400000-0x00401fff asid 0x03, 4 KiB pages',
      'even page: 0x00080000 writable, cached',
      'physical: 0x00080010, RAM',
    ]);
    const odd = view.walk(cpu, 0x00401ffc, 'write');
    expect(texts(odd).at(-1)).toBe('odd page: 0x00091000 read-only, uncached');
    expect(odd.fault).toBe('the odd page of TLB entry 12 is not writable (D = 0)');
  });

  it('say which entry has the page for another address space', () => {
    const cpu = machine();
    writeEntry(cpu, 5, { hi: 0x00400012, lo0: lo(0x80000, V | D), lo1: 0 });
    setMode(cpu, USER, 0x11);
    const { steps, fault } = view.walk(cpu, 0x00400000, 'read');
    expect(fault).toBe('no matching TLB entry (refill)');
    expect(steps.slice(1).map(({ text }) => text)).toEqual([
      'no entry of 64 matches asid 0x11',
      'entry 5: 0x00400000-0x00401fff asid 0x12, 4 KiB pages: has the page, for another address space',
    ]);
  });

  it('tell of a second entry that matches', () => {
    const cpu = machine();
    for (const index of [3, 9])
      writeEntry(cpu, index, { hi: 0x00400000, lo0: lo(0x80000 + index * 0x1000, V), lo1: 0 });
    setMode(cpu, KERNEL);
    const { steps, translation } = view.walk(cpu, 0x00400000, 'read');
    expect(translation).toEqual({ outcome: 'physical', physical: 0x83000 });
    expect(steps.map(({ text }) => text).join()).toContain('entry 9 matches as well');
  });

  it('end at the segment for a user program in kernel memory', () => {
    const cpu = machine({ machine: 'vz' });
    setMode(cpu, USER);
    expect(view.walk(cpu, 0x80001000, 'fetch')).toEqual({
      steps: [{ what: 'segment', text: 'kseg0, unmapped, cached, kernel only' }],
      translation: { outcome: 'fault', trap: 4 },
      fault: 'user mode may not access kseg0 (address error)',
    });
  });

  it('say that there is no RAM', () => {
    const cpu = machine({ machine: 'vz' });
    setMode(cpu, KERNEL);
    expect(texts(view.walk(cpu, 0xb0000000, 'read')).at(-1)).toBe('physical: 0x10000000, no RAM: a device, or nothing');
  });

  it('are the same for a negative address, which is the unsigned one', () => {
    const cpu = machine({ machine: 'vz' });
    expect(view.walk(cpu, 0xa0000100 | 0, 'read')).toEqual(view.walk(cpu, 0xa0000100, 'read'));
  });
});

describe('the list of TLB entries', () => {
  it('has those with a valid page', () => {
    const cpu = machine();
    writeEntry(cpu, 1, { hi: 0x00400003, lo0: lo(0x80000, V | D), lo1: 0 });
    writeEntry(cpu, 2, { hi: 0x00800000, lo0: lo(0x100000, V | G), lo1: lo(0x140000, V | D | G), mask: 0x7e000 });
    writeEntry(cpu, 3, { hi: 0x00402003, lo0: lo(0x80000, D), lo1: 0 });
    expect(view.tlb(cpu)).toEqual([
      'entry 1: 0x00400000-0x00401fff asid 0x03, 4 KiB pages; even 0x00080000 writable, cached; odd not valid (EntryLo 0x00000000)',
      'entry 2: 0x00800000-0x0087ffff global, 256 KiB pages; even 0x00100000 read-only, cached; odd 0x00140000 writable, cached',
    ]);
  });

  it('says that there are none', () => {
    expect(view.tlb(machine())).toEqual(['no valid entry among 64']);
  });
});
