// Which ioeventfds collide (EEXIST), how they are taken away (DEASSIGN, ENOENT), and both at random against a model of virt/kvm/eventfd.c
// (reference KVM-API.md 6).
import { describe, expect, it } from 'vitest';
import {
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} from '../../src/kvm/constants.ts';
import type { IoEventFd } from '../../src/kvm/contract.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { Random } from '../support/boot/random.ts';
import { DOORBELL, DOORBELL_VA, guestWith, outcome, setDoorbell as set, word } from '../support/kvm/doorbell.ts';
import { Guest } from '../support/kvm/guest.ts';
import { run, type Store } from '../support/kvm/stores.ts';

const DATAMATCH = KVM_IOEVENTFD_FLAG_DATAMATCH;
const DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN;
const BUSES = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;

describe('a collision is refused with EEXIST', () => {
  it.each([
    ['the same again', {}, {}, 'EEXIST'],
    ['any length beside a length', {}, { len: 0 }, 'EEXIST'],
    ['a length beside any length', { len: 0 }, {}, 'EEXIST'],
    ['a value beside any value', {}, { flags: DATAMATCH }, 'EEXIST'],
    ['any value beside a value', { flags: DATAMATCH }, {}, 'EEXIST'],
    ['the same value', { flags: DATAMATCH, datamatch: 5n }, { flags: DATAMATCH, datamatch: 5n }, 'EEXIST'],
    ['any length beside a value', { flags: DATAMATCH, datamatch: 5n }, { len: 0 }, 'EEXIST'],
    ['another value', { flags: DATAMATCH, datamatch: 5n }, { flags: DATAMATCH, datamatch: 6n }, 'success'],
    ['another length', {}, { len: 2 }, 'success'],
    ['another address', {}, { addr: DOORBELL + 4 }, 'success'],
    ['an address inside it', {}, { addr: DOORBELL + 2, len: 2 }, 'success'],
    ['another bus', {}, { flags: KVM_IOEVENTFD_FLAG_PIO }, 'success'],
    ['the same bus, which is not MMIO', { flags: KVM_IOEVENTFD_FLAG_PIO }, { flags: KVM_IOEVENTFD_FLAG_PIO }, 'EEXIST'],
  ])('%s', (_what, first, second, result) => {
    const { guest } = guestWith(first);
    expect(set(guest, new EventFd(), second)).toBe(result);
  });

  it('and leaves the one that was there', () => {
    const doorbells = guestWith();
    const refused = new EventFd();
    set(doorbells.guest, refused);
    expect([outcome(doorbells, [word()]), refused.read()]).toEqual([[1, 0], 0]);
  });

  it('even with the same eventfd', () => {
    const { guest, fd } = guestWith();
    expect(set(guest, fd)).toBe('EEXIST');
  });
});

describe('DEASSIGN', () => {
  it('takes away the one that is wholly the same; the store leaves again', () => {
    const doorbells = guestWith();
    expect(set(doorbells.guest, doorbells.fd, { flags: DEASSIGN })).toBe('success');
    expect(outcome(doorbells, [word()])).toEqual([0, 1]);
    expect(set(doorbells.guest, doorbells.fd, { flags: DEASSIGN })).toBe('ENOENT');
    expect(set(doorbells.guest, doorbells.fd)).toBe('success');
  });

  it.each<[string, Partial<IoEventFd>]>([
    ['another address', { addr: DOORBELL + 4 }],
    ['another length', { len: 2 }],
    ['any length', { len: 0 }],
    ['a length that none can have', { len: 3 }],
    ['a value', { flags: DATAMATCH }],
    ['another bus', { flags: KVM_IOEVENTFD_FLAG_PIO }],
  ])('with %s finds nothing: ENOENT', (_what, change) => {
    const doorbells = guestWith();
    expect(set(doorbells.guest, doorbells.fd, { ...change, flags: (change.flags ?? 0) | DEASSIGN })).toBe('ENOENT');
    expect(outcome(doorbells, [word()])).toEqual([1, 0]);
  });

  it('with another eventfd finds nothing', () => {
    const doorbells = guestWith();
    expect(set(doorbells.guest, new EventFd(), { flags: DEASSIGN })).toBe('ENOENT');
    expect(outcome(doorbells, [word()])).toEqual([1, 0]);
  });

  it('with DATAMATCH compares the value, without it does not', () => {
    const { guest, fd } = guestWith({ flags: DATAMATCH, datamatch: 5n });
    expect(set(guest, fd, { flags: DATAMATCH | DEASSIGN, datamatch: 6n })).toBe('ENOENT');
    expect(set(guest, fd, { flags: DEASSIGN, datamatch: 5n })).toBe('ENOENT');
    expect(set(guest, fd, { flags: DATAMATCH | DEASSIGN, datamatch: 5n })).toBe('success');
    const wildcard = guestWith({ datamatch: 5n });
    expect(set(wildcard.guest, wildcard.fd, { flags: DEASSIGN, datamatch: 6n })).toBe('success');
  });

  it('takes away one of any length, both ways it was known', () => {
    const doorbells = guestWith({ len: 0 });
    expect(set(doorbells.guest, doorbells.fd, { len: 0, flags: DEASSIGN })).toBe('success');
    expect(outcome(doorbells, [word()])).toEqual([0, 1]);
    expect(set(doorbells.guest, new EventFd())).toBe('success');
  });
});

describe('random ioeventfds and random stores', () => {
  /** ioeventfd_check_collision. */
  const collides = (a: IoEventFd, b: IoEventFd): boolean => {
    if ((a.flags & BUSES) !== (b.flags & BUSES) || a.addr !== b.addr) return false;
    if (a.len === 0 || b.len === 0) return true;
    const valued = (a.flags & b.flags & DATAMATCH) !== 0;
    return a.len === b.len && (!valued || a.datamatch === b.datamatch);
  };
  /** What kvm_deassign_ioeventfd_idx compares. */
  const same = (a: IoEventFd, b: IoEventFd): boolean =>
    a.fd === b.fd &&
    a.addr === b.addr &&
    a.len === b.len &&
    (a.flags & (BUSES | DATAMATCH)) === (b.flags & (BUSES | DATAMATCH)) &&
    ((a.flags & DATAMATCH) === 0 || a.datamatch === b.datamatch);
  /** ioeventfd_in_range, on the MMIO bus. */
  const matches = (a: IoEventFd, { va, length, value }: Store): boolean =>
    (a.flags & BUSES) === 0 &&
    a.addr === (va & 0x1fffffff) &&
    (a.len === 0 || (a.len === length && ((a.flags & DATAMATCH) === 0 || a.datamatch === BigInt(value))));

  it.each([1, 2, 3, 4])('seed %d: refused, found, signalled and left as a list says', (seed) => {
    const random = new Random(seed);
    const guest = new Guest({ endianness: seed % 2 === 0 ? 'big' : 'little' });
    const fds = Array.from({ length: 5 }, () => new EventFd());
    let assigned: IoEventFd[] = [];
    const outcomes = { success: 0, EEXIST: 0, ENOENT: 0, signalled: 0, left: 0 };
    const some = (): IoEventFd => {
      const len = random.pick([0, 1, 2, 4, 4, 4, 8]);
      const valued = len !== 0 && random.below(3) > 0 ? DATAMATCH : 0;
      const bus = random.pick([0, 0, 0, 0, KVM_IOEVENTFD_FLAG_PIO, KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY]);
      const addr = DOORBELL + 4 * random.below(3);
      return { addr, len, datamatch: BigInt(random.below(3)), flags: valued | bus, fd: random.pick(fds) };
    };
    const check = (ioeventfd: IoEventFd, expected: 'success' | 'EEXIST' | 'ENOENT'): void => {
      expect(set(guest, ioeventfd.fd, ioeventfd)).toBe(expected);
      outcomes[expected]++;
    };
    for (let round = 0; round < 600; round++) {
      const what = random.below(3);
      if (what === 0) {
        const one = some();
        const free = !assigned.some((other) => collides(one, other));
        check(one, free ? 'success' : 'EEXIST');
        if (free) assigned.push(one);
      } else if (what === 1) {
        // Often one that is there, perhaps with another value.
        const known = assigned.length > 0 && random.below(2) === 0 ? random.pick(assigned) : some();
        const one = { ...known, datamatch: random.below(4) === 0 ? 99n : known.datamatch };
        const found = assigned.find((other) => same(one, other));
        check({ ...one, flags: one.flags | DEASSIGN }, found ? 'success' : 'ENOENT');
        assigned = assigned.filter((other) => other !== found);
      } else {
        const stores = Array.from({ length: 8 }, (): Store => {
          const length = random.pick([1, 2, 4, 4] as const);
          return { va: DOORBELL_VA + 4 * random.below(3), length, value: random.below(3) };
        });
        const takers = stores.map((store) => assigned.filter((one) => matches(one, store)).map(({ fd }) => fd));
        const left = run(guest, stores);
        expect(left).toHaveLength(takers.filter((list) => list.length === 0).length);
        expect(fds.map((fd) => fd.read())).toEqual(fds.map((fd) => takers.filter(([taker]) => taker === fd).length));
        outcomes.left += left.length;
        outcomes.signalled += stores.length - left.length;
      }
    }
    for (const times of Object.values(outcomes)) expect(times).toBeGreaterThan(30);
  });
});
