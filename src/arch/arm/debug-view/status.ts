// What the trap code of an abort says, in words, and how Hyp mode's syndrome reads (ARM DDI 0406C: B3.13, tables B3-23, B3-24).
import { FS, STATUS } from '../mmu/words.ts';
import { ABORT } from '../registers.ts';
import { HSR_EC_SHIFT } from '../syndrome.ts';
import { isSet } from './state.ts';

export type FaultKind =
  | 'translation fault'
  | 'access flag fault'
  | 'domain fault'
  | 'permission fault'
  | 'alignment fault'
  | 'external abort'
  | 'external abort on walk'
  | 'debug event'
  | 'fault of unknown status';

const SHORT: readonly (readonly [kind: FaultKind, statuses: readonly number[]])[] = [
  ['translation fault', FS.TRANSLATION],
  ['access flag fault', FS.ACCESS_FLAG],
  ['domain fault', FS.DOMAIN],
  ['permission fault', FS.PERMISSION],
  ['external abort on walk', FS.EXTERNAL_ON_WALK],
  ['external abort', [FS.EXTERNAL]],
  ['alignment fault', [1]],
  ['debug event', [2]],
];
const LONG: readonly (readonly [kind: FaultKind, from: number])[] = [
  ['translation fault', STATUS.TRANSLATION],
  ['access flag fault', STATUS.ACCESS_FLAG],
  ['permission fault', STATUS.PERMISSION],
  ['external abort', STATUS.EXTERNAL],
  ['external abort on walk', STATUS.EXTERNAL_ON_WALK],
];
const LONG_ALIGNMENT = 0x21;
const LONG_DEBUG = 0x22;
const LEVELS = 3;

export interface FaultStatus {
  readonly kind: FaultKind;
  /** 0 where there is none. */
  readonly level: number;
  readonly stage2: boolean;
  /** In the second stage, for a table of the first. */
  readonly forTable: boolean;
  /** `stage 2 permission fault, level 3`. */
  readonly text: string;
}

/** Of a trap code of an abort. */
export function faultStatus(trap: number): FaultStatus {
  const stage2 = isSet(trap, ABORT.STAGE2);
  const forTable = isSet(trap, ABORT.S1PTW);
  const number = (trap >>> ABORT.STATUS_SHIFT) & 0x3f;
  const [kind, level] = isSet(trap, ABORT.LONG) ? longKind(number) : shortKind(number & 0x1f);
  const where = stage2 ? 'stage 2 ' : '';
  const depth = level > 0 ? `, level ${level}` : '';
  return {
    kind,
    level,
    stage2,
    forTable,
    text: `${where}${kind}${depth}${forTable ? ', for a table of stage 1' : ''}`,
  };
}

function longKind(status: number): readonly [FaultKind, number] {
  if (status === LONG_ALIGNMENT) return ['alignment fault', 0];
  if (status === LONG_DEBUG) return ['debug event', 0];
  for (const [kind, from] of LONG) if (status >= from && status <= from + LEVELS) return [kind, status - from];
  return ['fault of unknown status', 0];
}

function shortKind(status: number): readonly [FaultKind, number] {
  for (const [kind, statuses] of SHORT) {
    const at = statuses.indexOf(status);
    if (at >= 0) return [kind, statuses.length > 1 ? at + 1 : 0];
  }
  return ['fault of unknown status', 0];
}

/** HSR.EC in words. */
const CLASSES: ReadonlyMap<number, string> = new Map([
  [0x00, 'unknown reason (undefined instruction)'],
  [0x01, 'WFI or WFE'],
  [0x03, 'MCR or MRC to CP15'],
  [0x04, 'MCRR or MRRC to CP15'],
  [0x05, 'MCR or MRC to CP14'],
  [0x06, 'LDC or STC to CP14'],
  [0x07, 'access to CP10 or CP11 (HCPTR)'],
  [0x08, 'VMRS'],
  [0x0a, 'BXJ'],
  [0x0c, 'MRRC to CP14'],
  [0x11, 'SVC'],
  [0x12, 'HVC'],
  [0x13, 'SMC'],
  [0x20, 'prefetch abort from PL1 or PL0'],
  [0x21, 'prefetch abort in Hyp mode'],
  [0x24, 'data abort from PL1 or PL0'],
  [0x25, 'data abort in Hyp mode'],
]);
const SIZES = ['byte', 'halfword', 'word', 'reserved'] as const;

export function classText(ec: number): string {
  return CLASSES.get(ec) ?? `reserved class 0x${ec.toString(16)}`;
}

/** `EC 0x24 (data abort from PL1 or PL0), IL=1, ISV=1 store of word r0, status 0x06`. */
export function syndromeText(hsr: number): string {
  const ec = hsr >>> HSR_EC_SHIFT;
  const bit = (at: number): number => (hsr >>> at) & 1;
  const parts = [`EC 0x${ec.toString(16).padStart(2, '0')} (${classText(ec)})`, `IL=${bit(25)}`];
  if (ec === 0x24 || ec === 0x25) {
    const what = `${SIZES[(hsr >>> 22) & 3]}${bit(21) ? ', sign-extended' : ''}, r${(hsr >>> 16) & 15}`;
    parts.push(bit(24) ? `ISV=1 (${bit(6) ? 'store' : 'load'} of ${what})` : 'ISV=0', `WnR=${bit(6)}`);
    if (bit(8)) parts.push('CM=1');
  }
  if ((ec & 0x3a) === 0x20) {
    if (bit(7)) parts.push('S1PTW=1');
    parts.push(`status 0x${(hsr & 0x3f).toString(16).padStart(2, '0')}`);
  } else parts.push(`ISS 0x${(hsr & 0x1ffffff).toString(16).padStart(7, '0')}`);
  return parts.join(', ');
}
