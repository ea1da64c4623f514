// What the host may do to a VM between two enters without the guest noticing more than a broken reservation.
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/constants.ts';
import type { Random } from '../oracle/random.ts';
import { RAM_BYTES } from './programs.ts';
import type { TestedMachine } from './tested.ts';

const PAGES = RAM_BYTES / 4096;
/** A dirty bitmap is given in units of 64 pages. */
const BITMAP = 8;

/**
 * One thing at random: a dirty log on, off or read, for both; for the machine with regions a watch set, tables dropped, observation on and
 * off.
 */
export function disturb(interpreter: TestedMachine, regions: TestedMachine, random: Random): void {
  const { vm, core } = regions;
  const dice = random.below(20);
  if (dice < 12) {
    // Reservations go with the slots.
    for (const machine of [interpreter, regions]) machine.setSlots(dice < 3 ? 0 : KVM_MEM_LOG_DIRTY_PAGES);
    if (dice > 8) vm.getDirtyLog(0, new Uint8Array(BITMAP));
  } else if (dice < 16) {
    const places = Array.from({ length: 4 }, () => 0x1000 + 4 * random.below((PAGES * 1024) / 16));
    vm.watch.execution(places, () => false);
  } else if (dice < 19) core.tlb.dropAll();
  else {
    vm.observe({ stats: true, trace: null });
    vm.observe({ stats: false, trace: null });
  }
}
