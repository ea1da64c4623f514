// What the tests of Count and of its control by KVM share: a guest that does nothing, at one instruction per tick of 100 MHz.
import { CP0_CAUSE, CP0_COMPARE, CP0_COUNT, Guest, IP7, TI } from './guest.ts';
import { b, label, nop } from './mips-words.ts';

export const CAUSE_DC = 1 << 27;
export const TICKS_PER_SECOND = 100_000_000;

/** Does nothing for ever, one instruction per tick. */
export const idle = [label('idle'), nop, nop, b('idle'), nop];

export function idleGuest(compare = 0): Guest {
  const guest = new Guest();
  guest.load(idle);
  guest.vcpu.setOneReg(CP0_COMPARE, BigInt(compare));
  return guest;
}
export const count = (guest: Guest): number => guest.cp0(CP0_COUNT);
/** The timer's interrupt bits in Cause. */
export const pending = (guest: Guest): number => guest.cp0(CP0_CAUSE) & (TI | IP7);
