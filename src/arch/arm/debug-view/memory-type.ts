// Memory attributes of descriptors in words (ARM DDI 0406C: B3.8).
import type { DebuggedCpu } from '../../../cpu/isa/debug-view.ts';
import { CP15, SCTLR } from '../registers.ts';
import { cp15, isSet } from './state.ts';

const POLICIES = ['non-cacheable', 'write-back', 'write-through', 'write-back, no write-allocate'] as const;
const SHARES = ['', ', reserved shareability', ', outer shareable', ', inner shareable'] as const;

const normal = (inner: string, outer: string): string =>
  inner === outer ? `normal ${inner}` : `normal inner ${inner}, outer ${outer}`;
const policies = (inner: number, outer: number): string => normal(POLICIES[inner & 3]!, POLICIES[outer & 3]!);

/** Of half a MAIR field. */
function half(nibble: number): string {
  if (nibble === 4) return 'non-cacheable';
  return nibble >= 8 && nibble < 12 ? 'write-through' : 'write-back';
}

/** A MAIR field. */
function fieldText(field: number): string {
  if (field === 0) return 'strongly-ordered';
  if (field >>> 4 === 0) return 'device';
  return normal(half(field & 15), half(field >>> 4));
}

/** By AttrIndx and SH of a long descriptor; `mair` is the place of MAIR0 or HMAIR0. */
export function longMemoryType(cpu: DebuggedCpu, mair: number, index: number, share: number): string {
  const word = cp15(cpu, mair + (index >>> 2));
  return fieldText((word >>> (8 * (index & 3))) & 0xff) + SHARES[share & 3]!;
}

/** By MemAttr and SH of a descriptor of the second stage. */
export function secondMemoryType(attributes: number, share: number): string {
  if (attributes >>> 2 === 0) return attributes === 0 ? 'strongly-ordered' : 'device';
  const policy = (bits: number): string => ['reserved', 'non-cacheable', 'write-through', 'write-back'][bits & 3]!;
  return normal(policy(attributes), policy(attributes >>> 2)) + SHARES[share & 3]!;
}

/** Of TEX:C:B (5 bits) and S of a short descriptor. */
export function shortMemoryType(cpu: DebuggedCpu, region: number, shared: boolean): string {
  const share = shared ? ', shareable' : '';
  if (isSet(cp15(cpu, CP15.SCTLR), SCTLR.TRE)) {
    const n = region & 7;
    const type = (cp15(cpu, CP15.PRRR) >>> (2 * n)) & 3;
    if (type < 2) return type === 0 ? 'strongly-ordered' : 'device';
    const nmrr = cp15(cpu, CP15.NMRR);
    return policies(nmrr >>> (2 * n), nmrr >>> (2 * n + 16)) + share;
  }
  if ((region & 16) !== 0) return policies(region, region >>> 2) + share;
  switch (region) {
    case 0:
      return 'strongly-ordered';
    case 1:
    case 8:
      return 'device';
    case 2:
      return `normal write-through${share}`;
    case 3:
      return `normal write-back, no write-allocate${share}`;
    case 7:
      return `normal write-back${share}`;
    default: // 4, and what is reserved
      return `normal non-cacheable${share}`;
  }
}
