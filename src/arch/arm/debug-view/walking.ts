// What the walks of both table formats share: who asks, what a stage comes to, rights in words (ARM DDI 0406C: B3.7, B3.13).
import type { DebugAccess, DebuggedCpu, WalkStep } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { ABORT, SCTLR } from '../registers.ts';
import { isSet } from './state.ts';

/** One walk: the access, and the steps that it has made. */
export interface Walking {
  readonly cpu: DebuggedCpu;
  readonly address: number;
  readonly access: DebugAccess;
  /** With the rights of User mode. */
  readonly user: boolean;
  readonly steps: WalkStep[];
}

/** A fault: what its trap code has besides the kind of access, and what it is in words. */
export interface Refused {
  readonly parts: number;
  readonly fault: string;
}

/** What a stage comes to: an output address of 40 bits, or a fault. */
export type Stage = { readonly output: number } | Refused;

/** A descriptor, or why there is none. */
export type Found = { readonly word: number; readonly upper: number; readonly at: number } | Refused;

export const isRefused = (stage: Stage | Found): stage is Refused => 'fault' in stage;

const WORD = 0x1_0000_0000;

/** Addresses of up to 40 bits. */
export const address40 = (address: number): string => hex(address, address < WORD ? 8 : 10);

/** The words of a descriptor that `words` (1 or 2) make, by the byte order of the tables; null outside of memory. */
export function descriptorAt(
  cpu: DebuggedCpu,
  at: number,
  words: 1 | 2,
  bigEndian: boolean,
): { readonly word: number; readonly upper: number } | null {
  if (at >= WORD) return null;
  const first = cpu.physicalWord(at);
  const second = words === 2 ? cpu.physicalWord(at + 4) : 0;
  if (first === undefined || second === undefined) return null;
  if (!bigEndian) return { word: first >>> 0, upper: second >>> 0 };
  return words === 1 ? { word: swapped(first), upper: 0 } : { word: swapped(second), upper: swapped(first) };
}

const swapped = (word: number): number =>
  (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;

/** What a page or block of the first stage permits. */
export interface Rights {
  /** AP[2:0] of the short format, which the long one's are put into: 001, 011, 101, 111. */
  readonly ap: number;
  readonly xn: boolean;
  /** PL1 must not execute it. */
  readonly pxn: boolean;
  /** How the format writes AP. */
  readonly text: string;
}

/** Rights of PL1 and PL0 by AP[2:0]. */
const PL1 = ['', 'rw', 'rw', 'rw', '', 'r', 'r', 'r'] as const;
const PL0 = ['', '', 'r', 'rw', '', '', 'r', 'r'] as const;
const orNone = (rights: string): string => rights || 'none';

/** `AP=101 (PL1 r, PL0 none), XN`. */
export function rightsText({ ap, xn, pxn, text }: Rights): string {
  const never = `${xn ? ', XN' : ''}${pxn ? ', PXN' : ''}`;
  return `${text} (PL1 ${orNone(PL1[ap]!)}, PL0 ${orNone(PL0[ap]!)})${never}`;
}

/** Why the access is not permitted, by `control` (SCTLR or HSCTLR); null: it is. Hyp mode's pages have PL1's rights here. */
export function refusal({ access, user }: Walking, rights: Rights, control: number): string | null {
  const { ap, text } = rights;
  const mine = (user ? PL0 : PL1)[ap]!;
  const who = user ? 'PL0' : 'PL1';
  if (access === 'write') return mine.includes('w') ? null : `${who} write, ${text} gives ${who} ${orNone(mine)}`;
  if (!mine.includes('r')) return `${who} ${access}, ${text} gives ${who} ${orNone(mine)}`;
  if (access === 'read') return null;
  if (rights.xn) return 'execute-never (XN)';
  if (isSet(control, SCTLR.WXN) && mine.includes('w')) return 'writable memory is not executable (WXN)';
  if (user) return null;
  if (rights.pxn) return 'PL1 must not execute it (PXN)';
  return isSet(control, SCTLR.UWXN) && PL0[ap]!.includes('w') ? 'PL1 must not execute what PL0 can write (UWXN)' : null;
}

/** A fault of the long format. */
export function longFault(status: number, stage2: boolean, s1ptw: boolean, fault: string): Refused {
  const parts = (stage2 ? ABORT.STAGE2 : 0) | (s1ptw ? ABORT.S1PTW : 0);
  return { parts: (status << ABORT.STATUS_SHIFT) | ABORT.LONG | parts, fault };
}

/** A fault of the short format. */
export function shortFault(status: number, domain: number, fault: string): Refused {
  return { parts: (status << ABORT.STATUS_SHIFT) | (domain << ABORT.DOMAIN_SHIFT), fault };
}
