// An ioeventfd at one address, as contract tests use it.
import { expect } from 'vitest';
import type { IoEventFd } from '../../../src/kvm/contract.ts';
import { EventFd } from '../../../src/kvm/eventfd.ts';
import { errnoOf, Guest, type GuestOptions, MMIO, MMIO_PHYSICAL } from './guest.ts';
import { run, type Store } from './stores.ts';

export const DOORBELL = MMIO_PHYSICAL + 0x50;
export const DOORBELL_VA = MMIO + 0x50;

/** KVM_IOEVENTFD of four bytes at DOORBELL, any value, changed by `change`: 'success' or its errno. */
export const setDoorbell = (guest: Guest, fd: EventFd, change: Partial<IoEventFd> = {}): string =>
  errnoOf(() => guest.vm.ioeventfd({ addr: DOORBELL, len: 4, datamatch: 0n, flags: 0, fd, ...change }));

/** A store of a word. */
export const word = (value = 0, va = DOORBELL_VA): Store => ({ va, length: 4, value });

export interface GuestWithDoorbell {
  readonly guest: Guest;
  readonly fd: EventFd;
}

export function guestWith(change: Partial<IoEventFd> = {}, options: GuestOptions = {}): GuestWithDoorbell {
  const guest = new Guest(options);
  const fd = new EventFd();
  expect(setDoorbell(guest, fd, change)).toBe('success');
  return { guest, fd };
}

/** How often these stores signalled it, and how many of them left. */
export function outcome({ guest, fd }: GuestWithDoorbell, stores: readonly Store[]): [number, number] {
  const left = run(guest, stores).length;
  return [fd.read(), left];
}
