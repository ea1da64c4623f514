// A VZ guest of a few instructions: ordinary segments, its own CP0 and TLB, one of the CPU models that KVM can show it.
import { expect } from 'vitest';
import { Guest, type GuestOptions } from './guest.ts';
import { type Line, mfc0, mtc0, spin, t0, t1 } from './mips-words.ts';

/** Unmapped segments: cached and uncached, both at guest-physical 0 to 0x1FFFFFFF. */
const KSEG0 = 0x80000000;
const KSEG1 = 0xa0000000;
/** Guest virtual addresses in KSEG0. */
export const CODE = KSEG0 + 0x10000;
export const DATA = KSEG0 + 0x20000;
/** Handlers while Status.BEV is clear. */
export const REFILL_VECTOR = KSEG0;
export const GENERAL_VECTOR = KSEG0 + 0x180;
export const INTERRUPT_VECTOR = KSEG0 + 0x200;
/** Beyond the memory at 0. */
export const DEVICE_PHYSICAL = 0x10000000;
export const DEVICE = KSEG1 + DEVICE_PHYSICAL;

export const CPU_MODELS = ['24Kf', '24Kc', '74Kf', '74Kc'] as const;

export type VzOptions = Omit<GuestOptions, 'machine'>;
type Register = readonly [rd: number, sel: number];

export const vzGuest = (options: VzOptions = {}): Guest => new Guest({ ...options, machine: 'vz' });

/** A guest that ran `code`, as many words as there are, from CODE with t0 = `value`. */
export function ran(
  code: readonly Line[],
  value = 0xffffffff,
  prepare: (guest: Guest) => void = () => {},
  options: VzOptions = {},
): Guest {
  const guest = vzGuest(options);
  guest.load([...code, ...spin]);
  guest.setGpr(t0, value);
  prepare(guest);
  guest.enter(code.length);
  expect(guest.pc).toBe(CODE + 4 * code.length);
  return guest;
}

/** What MFC0 reads after MTC0 wrote `value`. */
export const written = (to: Register, value = 0xffffffff, prepare?: (guest: Guest) => void): number =>
  ran([mtc0(t0, to), mfc0(t1, to)], value, prepare).gpr(t1);

/** A guest whose code and handlers spin when they are through, 1000 instructions later. */
export function settled(code: Line, prepare: (guest: Guest) => void = () => {}, options: VzOptions = {}): Guest {
  const guest = vzGuest(options);
  guest.load([code, ...spin]);
  for (const vector of [REFILL_VECTOR, GENERAL_VECTOR]) guest.load(spin, vector);
  prepare(guest);
  guest.enter(1000);
  return guest;
}
