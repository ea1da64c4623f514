// Coalesced MMIO (reference KVM-API.md 2 and 5; virt/kvm/coalesced_mmio.c): stores wholly inside a zone go to a ring that user space empties when
// it likes, instead of leaving one by one.
import { describe, expect, it } from 'vitest';
import { KVM_COALESCED_MMIO_MAX } from '../../src/kvm/coalesced-mmio.ts';
import { Cap, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { Random } from '../support/boot/random.ts';
import { CODE, errnoOf, Guest, type GuestOptions, MMIO, MMIO_PHYSICAL, mapPage } from '../support/kvm/guest.ts';
import { addiu, b, label, li, lw, nop, s0, spin, sw, swl, t0, t1 } from '../support/kvm/mips-words.ts';
import { HIGH, HIGH_VA, PAGE, setSlot } from '../support/kvm/slots.ts';
import { drain, exits, prepare, run, type SeenStore, type Store, seen } from '../support/kvm/stores.ts';

const EINTR = -4;
const ZONE = { addr: MMIO_PHYSICAL + 0x100, size: 0x40, pio: 0 };
const ZONE_VA = MMIO + 0x100;

function coalescing(options: GuestOptions = {}): Guest {
  const guest = new Guest(options);
  guest.vm.registerCoalescedMmio(ZONE);
  return guest;
}

const word = (va: number, value = 0x12345678): Store => ({ va, length: 4, value });
const words = (count: number, from = 0): Store[] => Array.from({ length: count }, (_, n) => word(ZONE_VA, from + n));
/** The values that a list of word stores carried. */
const values = (stores: readonly SeenStore[]): number[] =>
  stores.map(({ data }) => new DataView(Uint8Array.from(data).buffer).getUint32(0, true));

describe('the ring', () => {
  it('is a page of 24-byte entries after 8 bytes of header: 170 of them; CHECK_EXTENSION says it is page 1', () => {
    const { vm } = new Guest();
    expect(KVM_COALESCED_MMIO_MAX).toBe(170);
    expect(vm.coalescedMmioRing.entries.length).toBe(170);
    expect([vm.coalescedMmioRing.first, vm.coalescedMmioRing.last]).toEqual([0, 0]);
    expect(vm.checkExtension(Cap.COALESCED_MMIO)).toBe(1);
  });

  it('takes a store inside a zone: address, length, data, pio 0; the guest goes on without an exit', () => {
    const guest = coalescing();
    prepare(guest, [word(ZONE_VA + 8)]);
    expect(guest.enter(6)).toBe(EINTR);
    const ring = guest.vm.coalescedMmioRing;
    expect([ring.first, ring.last]).toEqual([0, 1]);
    const { physAddr, len, pio, data } = ring.entries[0]!;
    expect([physAddr, len, pio, [...data.subarray(0, 4)]]).toEqual([ZONE.addr + 8, 4, 0, [0x78, 0x56, 0x34, 0x12]]);
    expect([guest.instructions, guest.pc]).toEqual([5, CODE + 20]);
  });

  it.each(['little', 'big'] as const)('keeps order, sizes and guest byte order: %s endian', (endianness) => {
    const guest = coalescing({ endianness });
    const stores: Store[] = [
      { va: ZONE_VA, length: 1, value: 0x81 },
      { va: ZONE_VA + 2, length: 2, value: 0x8291 },
      { va: ZONE_VA + 0x3c, length: 4, value: 0xa1b2c3d4 },
      { va: ZONE_VA + 0x3f, length: 1, value: 0xff },
    ];
    expect(run(guest, stores)).toEqual([]);
    expect(drain(guest)).toEqual(stores.map((store) => seen(guest, store)));
  });

  it('is one per VM: stores of all vCPUs go into it in the order in which they happened', () => {
    const guest = coalescing({ vcpus: 2 });
    guest.load([label('again'), sw(s0, 0, t1), addiu(s0, s0, 1), b('again'), nop]);
    for (const [id, vcpu] of guest.vcpus.entries()) {
      guest.setGpr(t1, ZONE_VA, vcpu);
      guest.setGpr(s0, 100 * id, vcpu);
    }
    for (let turn = 0; turn < 6; turn++) guest.enter(4, guest.vcpus[turn % 2]);
    expect(values(drain(guest))).toEqual([0, 100, 1, 101, 2, 102]);
  });

  it('holds 169 entries: one always stays free, and the 170th store leaves', () => {
    const guest = coalescing();
    prepare(guest, words(171));
    expect(guest.enter(100_000)).toBe(0);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: ZONE.addr, len: 4, isWrite: true });
    expect(guest.vcpu.run.mmio.data[0]).toBe(169);
    // User space empties the ring before it serves the exit.
    expect(values(drain(guest))).toEqual(Array.from({ length: 169 }, (_, n) => n));
    expect(guest.enter(100_000)).toBe(EINTR);
    expect(values(drain(guest))).toEqual([170]);
  });

  it('that stays full makes every store leave', () => {
    const guest = coalescing();
    expect(values(run(guest, words(174)))).toEqual([169, 170, 171, 172, 173]);
    expect(guest.vm.coalescedMmioRing.last).toBe(169);
  });

  it('has room for as many as user space took out', () => {
    const guest = coalescing();
    run(guest, words(169));
    guest.vm.coalescedMmioRing.first = 3;
    expect(values(run(guest, words(5, 1000)))).toEqual([1003, 1004]);
    expect(values(drain(guest)).slice(-3)).toEqual([1000, 1001, 1002]);
    expect(guest.vm.coalescedMmioRing.first).toBe(2);
  });

  it.each([170, 171, 0xffffffff, -1, 0.5, Number.NaN])('with `last` out of range (%d) makes stores leave', (last) => {
    const guest = coalescing();
    guest.vm.coalescedMmioRing.last = last;
    expect(values(run(guest, words(2)))).toEqual([0, 1]);
    expect(guest.vm.coalescedMmioRing.last).toBe(last);
    guest.vm.coalescedMmioRing.last = 0;
    expect(run(guest, words(2))).toEqual([]);
  });

  it.each([170, 0xffffffff, -1, Number.NaN])('with `first` out of range (%d) does the guest no harm', (first) => {
    const guest = coalescing();
    guest.vm.coalescedMmioRing.first = first;
    const left = run(guest, words(400));
    expect(guest.gpr(t0)).toBe(399);
    expect(left.length).toBeLessThanOrEqual(400);
    expect(guest.vm.coalescedMmioRing.last).toBeLessThan(170);
  });

  it('wraps: random stores and random emptying, and user space sees every store once, in order', () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const guest = coalescing({ endianness: seed === 2 ? 'big' : 'little' });
      const expected: SeenStore[] = [];
      const got: SeenStore[] = [];
      let [coalesced, left] = [0, 0];
      for (let round = 0; round < 60; round++) {
        const stores = Array.from({ length: 1 + random.below(60) }, (): Store => {
          const length = random.pick([1, 2, 4] as const);
          const at = random.below(12) === 0 ? ZONE_VA - 0x40 : ZONE_VA;
          const mask = length === 4 ? -1 : (1 << (8 * length)) - 1;
          return { va: at + length * random.below(0x40 / length), length, value: (random.u32() & mask) >>> 0 };
        });
        expected.push(...stores.map((store) => seen(guest, store)));
        prepare(guest, stores);
        while (guest.enter(100_000) === 0) {
          got.push(...drain(guest));
          const { physAddr, len, data } = guest.vcpu.run.mmio;
          got.push({ physAddr, len, data: [...data.subarray(0, len)] });
          left++;
        }
        coalesced += (guest.vm.coalescedMmioRing.last - guest.vm.coalescedMmioRing.first + 170) % 170;
        if (random.below(4) === 0) got.push(...drain(guest));
      }
      got.push(...drain(guest));
      expect(got).toEqual(expected);
      expect(coalesced).toBeGreaterThan(500);
      expect(left).toBeGreaterThan(50);
    }
  });
});

describe('a zone', () => {
  it.each([
    ['its first byte', 0, 1, 'ring'],
    ['its last byte', 0x3f, 1, 'ring'],
    ['its last word', 0x3c, 4, 'ring'],
    ['the byte before', -1, 1, 'exit'],
    ['the byte after', 0x40, 1, 'exit'],
    ['the word after', 0x40, 4, 'exit'],
  ] as const)('takes what lies wholly inside: %s', (_what, offset, length, where) => {
    const guest = coalescing();
    const left = run(guest, [{ va: ZONE_VA + offset, length, value: 1 }]);
    expect([left.length, drain(guest).length]).toEqual(where === 'ring' ? [0, 1] : [1, 0]);
  });

  it('does not take a store that only begins, or only ends, in it', () => {
    const guest = new Guest();
    guest.vm.registerCoalescedMmio({ addr: MMIO_PHYSICAL + 0x102, size: 4, pio: 0 });
    expect(run(guest, [word(ZONE_VA), word(ZONE_VA + 4)])).toHaveLength(2);
    expect(run(guest, [{ va: ZONE_VA + 2, length: 2, value: 1 }])).toEqual([]);
    expect(drain(guest)).toHaveLength(1);
  });

  it('takes no loads', () => {
    const guest = coalescing();
    guest.load([li(t1, ZONE_VA), lw(t0, 0, t1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: ZONE.addr, isWrite: false });
    expect(drain(guest)).toEqual([]);
  });

  it('takes the pieces of SWL, the same bytes that would have left', () => {
    const stored = (guest: Guest): Uint8Array => {
      const bytes = new Uint8Array(8);
      guest.load([li(t1, ZONE_VA), li(t0, 0x12345678), swl(t0, 2, t1), ...spin]);
      for (const { physAddr, data } of [...exits(guest), ...drain(guest)]) bytes.set(data, physAddr - ZONE.addr);
      return bytes;
    };
    const guest = coalescing();
    expect(stored(guest)).toEqual(stored(new Guest()));
    expect(guest.vm.coalescedMmioRing.first).toBeGreaterThan(0);
  });

  it('is guest-physical: it takes stores through KSEG0 and the TLB as well', () => {
    const guest = new Guest();
    guest.vm.registerCoalescedMmio({ addr: 0x12000000, size: PAGE, pio: 0 });
    guest.load([
      mapPage(0x60004000, 0x12000000),
      li(t1, 0x60004010),
      sw(t0, 0, t1),
      li(t1, 0x52000020),
      sw(t0, 0, t1),
      ...spin,
    ]);
    expect(exits(guest)).toEqual([]);
    expect(drain(guest).map(({ physAddr }) => physAddr)).toEqual([0x12000010, 0x12000020]);
  });

  it('takes stores to a READONLY slot that it covers, and none to memory that can be written', () => {
    const guest = new Guest();
    setSlot(guest, { flags: KVM_MEM_READONLY });
    guest.vm.registerCoalescedMmio({ addr: 0, size: HIGH + PAGE, pio: 0 });
    expect(run(guest, [word(0x40100000), word(HIGH_VA), word(HIGH_VA + PAGE)]).map(({ physAddr }) => physAddr)).toEqual(
      [HIGH + PAGE],
    );
    expect(drain(guest).map(({ physAddr }) => physAddr)).toEqual([HIGH]);
    expect(guest.word(0x40100000)).toBe(0x12345678);
  });

  it('may be registered twice, or overlap another: a store is taken once', () => {
    const guest = coalescing();
    guest.vm.registerCoalescedMmio(ZONE);
    guest.vm.registerCoalescedMmio({ ...ZONE, addr: ZONE.addr + 0x20 });
    run(guest, [word(ZONE_VA + 0x20)]);
    expect(drain(guest)).toHaveLength(1);
  });

  it('of size 0 takes nothing', () => {
    const guest = new Guest();
    guest.vm.registerCoalescedMmio({ ...ZONE, size: 0 });
    expect(run(guest, [{ va: ZONE_VA, length: 1, value: 1 }])).toHaveLength(1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, -1])(
    'at an address that is none (%d) takes nothing there is',
    (addr) => {
      const guest = new Guest();
      expect(['success', 'EINVAL']).toContain(errnoOf(() => guest.vm.registerCoalescedMmio({ addr, size: 4, pio: 0 })));
      expect(run(guest, [word(ZONE_VA)])).toHaveLength(1);
    },
  );

  it('of port I/O is accepted, and takes no MMIO', () => {
    const guest = new Guest();
    expect(errnoOf(() => guest.vm.registerCoalescedMmio({ ...ZONE, pio: 1 }))).toBe('success');
    expect(run(guest, [word(ZONE_VA)])).toHaveLength(1);
    expect(errnoOf(() => guest.vm.unregisterCoalescedMmio({ ...ZONE, pio: 1 }))).toBe('success');
  });

  it.each([2, -1, 0xffffffff, 0.5, Number.NaN])(
    'with pio %d is refused with EINVAL, registering and unregistering',
    (pio) => {
      const { vm } = coalescing();
      expect(errnoOf(() => vm.registerCoalescedMmio({ ...ZONE, pio }))).toBe('EINVAL');
      expect(errnoOf(() => vm.unregisterCoalescedMmio({ ...ZONE, pio }))).toBe('EINVAL');
    },
  );
});

describe('KVM_UNREGISTER_COALESCED_MMIO', () => {
  const taken = (guest: Guest): number => {
    run(guest, [word(ZONE_VA)]);
    return drain(guest).length;
  };

  it.each([
    ['the zone itself', ZONE, 0],
    ['its first byte', { ...ZONE, size: 1 }, 0],
    ['some of its inside', { ...ZONE, addr: ZONE.addr + 0x20, size: 8 }, 0],
    ['more than the zone', { ...ZONE, size: 0x41 }, 1],
    ['more on the other side', { ...ZONE, addr: ZONE.addr - 1, size: 0x41 }, 1],
    ['half of it and half of its neighbour', { ...ZONE, addr: ZONE.addr + 0x20 }, 1],
    ['somewhere else', { ...ZONE, addr: 0 }, 1],
    ['the same of port I/O', { ...ZONE, pio: 1 }, 1],
  ])('removes the zones that contain what it is given: %s', (_what, zone, left) => {
    const guest = coalescing();
    expect(errnoOf(() => guest.vm.unregisterCoalescedMmio(zone))).toBe('success');
    expect(taken(guest)).toBe(left);
  });

  it('removes all of them, and says nothing when there is none', () => {
    const guest = coalescing();
    guest.vm.registerCoalescedMmio(ZONE);
    guest.vm.registerCoalescedMmio({ ...ZONE, addr: 0, size: 0x20000000 });
    guest.vm.unregisterCoalescedMmio(ZONE);
    expect(taken(guest)).toBe(0);
    expect(errnoOf(() => guest.vm.unregisterCoalescedMmio(ZONE))).toBe('success');
  });

  it('leaves what is in the ring', () => {
    const guest = coalescing();
    run(guest, [word(ZONE_VA, 5)]);
    guest.vm.unregisterCoalescedMmio(ZONE);
    expect(values(drain(guest))).toEqual([5]);
  });
});
