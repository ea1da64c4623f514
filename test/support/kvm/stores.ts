// MMIO stores as a guest makes them and as user space gets them: an exit each, an entry of the coalesced ring, or nothing at all (an
// ioeventfd, an in-kernel device).
import { ExitReason } from '../../../src/kvm/constants.ts';
import type { Guest } from './guest.ts';
import { type Line, li, sb, sh, spin, sw, t0, t1 } from './mips-words.ts';

/** A store of the guest: `va` is its virtual address. */
export interface Store {
  readonly va: number;
  readonly length: 1 | 2 | 4;
  readonly value: number;
}

/** What user space sees of a store. */
export interface SeenStore {
  readonly physAddr: number;
  readonly len: number;
  readonly data: readonly number[];
}

const INSTRUCTION = { 1: sb, 2: sh, 4: sw } as const;

/** Five words that make the store. */
const storeCode = ({ va, length, value }: Store): Line => [li(t1, va), li(t0, value), INSTRUCTION[length](t0, 0, t1)];

/** What user space must see of it. */
export function seen(guest: Guest, { va, length, value }: Store): SeenStore {
  const little = [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff).slice(0, length);
  return {
    physAddr: va & 0x1fffffff,
    len: length,
    data: guest.endianness === 'little' ? little : little.reverse(),
  };
}

/** Take everything out of the ring, oldest first. */
export function drain(guest: Guest): SeenStore[] {
  const ring = guest.vm.coalescedMmioRing;
  const taken: SeenStore[] = [];
  while (ring.first !== ring.last) {
    const { physAddr, len, data } = ring.entries[ring.first]!;
    taken.push({ physAddr, len, data: [...data.subarray(0, len)] });
    ring.first = (ring.first + 1) % ring.entries.length;
  }
  return taken;
}

/** Load the code of `stores` at CODE, ready to run; it ends in a spin. */
export function prepare(guest: Guest, stores: readonly Store[], at = 0x40010000): void {
  guest.load([stores.map(storeCode), ...spin], at);
  guest.pc = at;
}

/** Run what was prepared; the stores that left, in order. */
export function exits(guest: Guest): SeenStore[] {
  const left: SeenStore[] = [];
  while (guest.enter(100_000) === 0) {
    const { exitReason, mmio } = guest.vcpu.run;
    if (exitReason !== ExitReason.MMIO || !mmio.isWrite) throw new Error(`exit ${exitReason}`);
    left.push({ physAddr: mmio.physAddr, len: mmio.len, data: [...mmio.data.subarray(0, mmio.len)] });
  }
  return left;
}

/** Make `stores`; those that left, in order. */
export function run(guest: Guest, stores: readonly Store[]): SeenStore[] {
  prepare(guest, stores);
  return exits(guest);
}
