// KVM_IOEVENTFD (reference KVM-API.md 6; virt/kvm/eventfd.c): a guest store that matches is swallowed and signals an eventfd. Which
// ioeventfds collide, and how they are taken away: kvm-ioeventfd-collisions.test.ts.
import { describe, expect, it } from 'vitest';
import {
  Cap,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
  KVM_MEM_READONLY,
} from '../../src/kvm/constants.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { DOORBELL, DOORBELL_VA, guestWith, outcome, setDoorbell as set, word } from '../support/kvm/doorbell.ts';
import { CODE, Guest, MMIO_PHYSICAL, mapPage } from '../support/kvm/guest.ts';
import { b, label, li, lw, nop, spin, sw, t0, t1 } from '../support/kvm/mips-words.ts';
import { HIGH, HIGH_VA, setSlot } from '../support/kvm/slots.ts';
import { drain, exits, prepare, run } from '../support/kvm/stores.ts';

const EINTR = -4;
const DATAMATCH = KVM_IOEVENTFD_FLAG_DATAMATCH;

describe('KVM_IOEVENTFD', () => {
  it('is there, with any length: CHECK_EXTENSION', () => {
    const { vm } = new Guest();
    expect([vm.checkExtension(Cap.IOEVENTFD), vm.checkExtension(Cap.IOEVENTFD_ANY_LENGTH)]).toEqual([1, 1]);
  });

  it.each([
    ['a length of 3', { len: 3 }],
    ['a length of 16', { len: 16 }],
    ['a negative length', { len: -1 }],
    ['a length that is no number', { len: Number.NaN }],
    ['a range that wraps', { addr: 2 ** 53, len: 8 }],
    ['a negative address', { addr: -4 }],
    ['an unknown flag', { flags: 0x20 }],
    ['an unknown flag beside a known one', { flags: 0x40 | DATAMATCH }],
    ['flags that are no 32-bit number', { flags: 2 ** 32 }],
    ['no length with DATAMATCH', { len: 0, flags: DATAMATCH }],
  ])('refuses %s with EINVAL', (_what, change) => {
    const guest = new Guest();
    expect(set(guest, new EventFd(), change)).toBe('EINVAL');
    expect(run(guest, [word()])).toHaveLength(1);
  });

  it.each([0, 1, 2, 4, 8])('takes length %d', (len) => {
    expect(set(new Guest(), new EventFd(), { len })).toBe('success');
  });

  it('takes one at address 0, and one that is not aligned', () => {
    expect(set(new Guest(), new EventFd(), { addr: 0 })).toBe('success');
    expect(set(new Guest(), new EventFd(), { addr: DOORBELL + 1 })).toBe('success');
  });
});

describe('a store that matches', () => {
  it('signals once and does not leave; the guest goes on', () => {
    const { guest, fd } = guestWith();
    prepare(guest, [word(7)]);
    expect(guest.enter(6)).toBe(EINTR);
    expect([fd.read(), fd.read(), guest.pc, guest.instructions]).toEqual([1, 0, CODE + 20, 5]);
  });

  it('signals while it is being executed, not later', () => {
    const guest = new Guest();
    const instants: number[] = [];
    set(guest, new EventFd(() => instants.push(guest.instructions)));
    prepare(guest, [word(), word()]);
    guest.enter(4);
    expect(instants).toHaveLength(0);
    guest.enter(1);
    expect(instants).toHaveLength(1);
    guest.enter(100);
    expect(instants).toHaveLength(2);
  });

  it('adds up until it is read', () => {
    expect(outcome(guestWith(), [word(), word(), word()])).toEqual([3, 0]);
  });

  it('in a delay slot, through KSEG0 and through the TLB', () => {
    const guest = new Guest();
    const fd = new EventFd();
    set(guest, fd, { addr: 0x12000050 });
    guest.load([
      mapPage(0x60004000, 0x12000000),
      li(t1, 0x60004050),
      sw(t0, 0, t1),
      li(t1, 0x52000050),
      b('on'),
      sw(t0, 0, t1),
      nop,
      label('on'),
      ...spin,
    ]);
    expect(exits(guest)).toEqual([]);
    expect(fd.read()).toBe(2);
  });

  it('to a READONLY slot does not leave; to memory it is memory', () => {
    const guest = new Guest();
    const [readonly, ram] = [new EventFd(), new EventFd()];
    setSlot(guest, { flags: KVM_MEM_READONLY });
    set(guest, readonly, { addr: HIGH + 8 });
    set(guest, ram, { addr: 0x100000 });
    expect(run(guest, [word(1, HIGH_VA + 8), word(2, 0x40100000)])).toEqual([]);
    expect([readonly.read(), ram.read(), guest.word(HIGH_VA + 8), guest.word(0x40100000)]).toEqual([1, 0, 0, 2]);
  });

  it('from any vCPU', () => {
    const { guest, fd } = guestWith({}, { vcpus: 3 });
    guest.load([li(t1, DOORBELL_VA), sw(t0, 0, t1), ...spin]);
    for (const vcpu of guest.vcpus) expect(guest.enter(100, vcpu)).toBe(EINTR);
    expect(fd.read()).toBe(3);
  });

  it('leaves the guest in the state in which an exit would have left it', () => {
    const { guest } = guestWith();
    const other = new Guest();
    run(guest, [word()]);
    run(other, [word()]);
    expect(guest.hash()).toBe(other.hash());
  });
});

describe('what matches', () => {
  it.each([
    ['another address', { va: DOORBELL_VA + 4, length: 4 }],
    ['a shorter store', { va: DOORBELL_VA, length: 2 }],
    ['a store inside it', { va: DOORBELL_VA + 2, length: 2 }],
  ] as const)('not %s: it leaves', (_what, store) => {
    expect(outcome(guestWith(), [{ ...store, value: 0 }])).toEqual([0, 1]);
  });

  it('not a store that is longer', () => {
    expect(outcome(guestWith({ len: 1 }), [word()])).toEqual([0, 1]);
  });

  it('not a load', () => {
    const { guest, fd } = guestWith();
    guest.load([li(t1, DOORBELL_VA), lw(t0, 0, t1), ...spin]);
    expect([guest.enter(100), guest.vcpu.run.mmio.isWrite, fd.read()]).toEqual([0, false, 0]);
  });

  it('length 0: a store of any length at that address, and at no other', () => {
    const lengths = [1, 2, 4] as const;
    expect(
      outcome(
        guestWith({ len: 0 }),
        lengths.map((length) => ({ va: DOORBELL_VA, length, value: 1 })),
      ),
    ).toEqual([3, 0]);
    expect(outcome(guestWith({ len: 0 }), [{ va: DOORBELL_VA + 1, length: 1, value: 1 }])).toEqual([0, 1]);
  });

  it('length 8: no store of this guest', () => {
    expect(outcome(guestWith({ len: 8 }), [word()])).toEqual([0, 1]);
  });

  it('without DATAMATCH any value', () => {
    expect(outcome(guestWith({ datamatch: 5n }), [word(5), word(6)])).toEqual([2, 0]);
  });

  it.each([
    [1, 0x80n, 0x80, 0x81],
    [2, 0x8001n, 0x8001, 0x0180],
    [4, 0xfedcba98n, 0xfedcba98, 0x98badcfe],
  ] as const)(
    'with DATAMATCH of %d bytes only the value, in either byte order of the guest',
    (length, datamatch, value, other) => {
      for (const endianness of ['little', 'big'] as const) {
        const doorbells = guestWith({ len: length, datamatch, flags: DATAMATCH }, { endianness });
        const stores = [value, other].map((stored) => ({ va: DOORBELL_VA, length, value: stored }));
        expect(outcome(doorbells, stores)).toEqual([1, 1]);
      }
    },
  );

  it('with DATAMATCH all 64 bits of the value: what a store cannot say never matches', () => {
    expect(outcome(guestWith({ len: 4, datamatch: 0x1_0000_0005n, flags: DATAMATCH }), [word(5)])).toEqual([0, 1]);
    const byte = guestWith({ len: 1, datamatch: 0x105n, flags: DATAMATCH });
    expect(outcome(byte, [{ va: DOORBELL_VA, length: 1, value: 5 }])).toEqual([0, 1]);
  });

  it('one of several with different values at one address', () => {
    const guest = new Guest();
    const fds = [0n, 1n, 2n].map((datamatch) => {
      const fd = new EventFd();
      expect(set(guest, fd, { datamatch, flags: DATAMATCH })).toBe('success');
      return fd;
    });
    expect(run(guest, [word(1), word(2), word(1), word(3)])).toHaveLength(1);
    expect(fds.map((fd) => fd.read())).toEqual([0, 2, 1]);
  });

  it('not MMIO at all, for a port or a virtio-ccw notification: those are other buses', () => {
    for (const flags of [KVM_IOEVENTFD_FLAG_PIO, KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY])
      expect(outcome(guestWith({ flags }), [word()])).toEqual([0, 1]);
  });

  it('before coalesced zones are looked at', () => {
    const doorbells = guestWith({ flags: DATAMATCH, datamatch: 1n });
    const { guest, fd } = doorbells;
    guest.vm.registerCoalescedMmio({ addr: MMIO_PHYSICAL, size: 0x1000, pio: 0 });
    run(guest, [word(1), word(2), word(1)]);
    expect([fd.read(), drain(guest).map(({ data }) => data[0])]).toEqual([2, [2]]);
  });
});
