// The walk of the short-descriptor format, step by step (ARM DDI 0406C: B3.5).
import { hex } from '../../../util/bits.ts';
import { FS } from '../mmu/words.ts';
import { CP15, HCR, SCTLR } from '../registers.ts';
import { shortMemoryType } from './memory-type.ts';
import { cp15, isSet } from './state.ts';
import { walkSecond } from './walk-long.ts';
import {
  address40,
  descriptorAt,
  type Found,
  isRefused,
  type Refused,
  type Rights,
  refusal,
  rightsText,
  type Stage,
  shortFault,
  type Walking,
} from './walking.ts';

const TTBCR = { N: 7, PD0: 1 << 4, PD1: 1 << 5 };
const SUPERSECTION = 1 << 18;
const ROLES = ['no access', 'client', 'reserved', 'manager'] as const;
const CLIENT = 1;
const MANAGER = 3;
const PAGE = 0x1000;
const WORD = 0x1_0000_0000;
const TABLE = 1;

const bit = (word: number, at: number): number => (word >>> at) & 1;
const field = (word: number, at: number, mask: number): number => (word >>> at) & mask;

/** What a page or section says. */
interface Leaf {
  readonly what: string;
  readonly output: number;
  readonly rights: Rights;
  /** TEX:C:B. */
  readonly region: number;
  readonly shared: boolean;
  readonly notGlobal: boolean;
  /** Supersections have none. */
  readonly domain: number;
  readonly level: 1 | 2;
}

/** The first stage of the PL1&0 regime. */
export function walkShort(walk: Walking): Stage {
  const { cpu, address, steps } = walk;
  const ttbcr = cp15(cpu, CP15.TTBCR);
  const n = ttbcr & TTBCR.N;
  const upper = address >= 2 ** (32 - n);
  const name = upper ? 'TTBR1' : 'TTBR0';
  const base = cp15(cpu, upper ? CP15.TTBR1 : CP15.TTBR0);
  const split = n === 0 ? '' : `TTBCR.N=${n}, `;
  steps.push({ what: 'stage 1', text: `short descriptors, ${split}${name} ${hex(base)}` });
  if (isSet(ttbcr, upper ? TTBCR.PD1 : TTBCR.PD0))
    return fail('translation fault', FS.TRANSLATION, 1, 0, `walks of ${name} are off (TTBCR.PD${upper ? 1 : 0})`);
  const bound = 2 ** (14 - (upper ? 0 : n));
  // The engine takes all of the address's bits 31:20: those above TTBCR.N's range are 0 here.
  const first = descriptorOf(walk, base - (base % bound) + 4 * (address >>> 20), 1, 0);
  if (isRefused(first)) return first;
  if ((first.word & 3) === 0) return invalid(walk, first, 1, 0);
  if ((first.word & 3) !== TABLE) return leafOf(walk, first, sectionOf(walk, first.word));

  const domain = field(first.word, 5, 15);
  const table = first.word - (first.word % 0x400);
  const role = roleText(walk, domain);
  const pxn = bit(first.word, 2) === 1;
  step(walk, first, 1, `table ${hex(table)}, domain ${domain} (${role})${pxn ? ', PXN' : ''}`);
  const second = descriptorOf(walk, table + 4 * field(address, 12, 0xff), 2, domain);
  if (isRefused(second)) return second;
  if ((second.word & 3) === 0) return invalid(walk, second, 2, domain);
  return leafOf(walk, second, pageOf(walk, second.word, domain, pxn));
}

function fail(name: string, status: readonly [number, number], level: 1 | 2, domain: number, why: string): Refused {
  const what = level === 1 ? 'level 1 (section)' : 'level 2 (page)';
  return shortFault(status[level - 1]!, domain, `${name}, ${what}: ${why}`);
}

function step({ steps }: Walking, { at, word }: { at: number; word: number }, level: number, text: string): void {
  steps.push({ what: `level ${level}`, text: `${address40(at)}: ${hex(word)} ${text}` });
}

function invalid(walk: Walking, found: { at: number; word: number }, level: 1 | 2, domain: number): Refused {
  step(walk, found, level, 'invalid');
  const why = `the descriptor at ${address40(found.at)} is invalid (${hex(found.word)})`;
  return fail('translation fault', FS.TRANSLATION, level, domain, why);
}

/** The descriptor at `address`, through the second stage when that is on. */
function descriptorOf(walk: Walking, address: number, level: 1 | 2, domain: number): Found {
  const { cpu } = walk;
  let at = address;
  if (isSet(cp15(cpu, CP15.HCR), HCR.VM)) {
    const second = walkSecond(walk, address - (address % PAGE), true);
    if (isRefused(second)) return second;
    at = second.output - (second.output % PAGE) + (address % PAGE);
  }
  const descriptor = descriptorAt(cpu, at, 1, isSet(cp15(cpu, CP15.SCTLR), SCTLR.EE));
  if (descriptor) return { ...descriptor, at };
  walk.steps.push({ what: `level ${level}`, text: `${address40(at)}: there is no memory` });
  const why = `no memory at ${address40(at)}, where the table should be`;
  return fail('external abort on walk', FS.EXTERNAL_ON_WALK, level, domain, why);
}

function sectionOf({ address }: Walking, word: number): Leaf {
  const isSuper = isSet(word, SUPERSECTION);
  const high = isSuper ? field(word, 20, 15) + 16 * field(word, 5, 15) : 0;
  const size = isSuper ? 0x1000000 : 0x100000;
  const base = high * WORD + (word - (word % size));
  return {
    what: `${isSuper ? 'supersection of 16 MiB' : 'section of 1 MiB'} at ${address40(base)}`,
    output: base + (address % size),
    rights: rightsOf(field(word, 10, 3) | (bit(word, 15) << 2), bit(word, 4) === 1, bit(word, 0) === 1),
    region: field(word, 2, 3) | (field(word, 12, 7) << 2),
    shared: bit(word, 16) === 1,
    notGlobal: bit(word, 17) === 1,
    domain: isSuper ? 0 : field(word, 5, 15),
    level: 1,
  };
}

function pageOf({ address }: Walking, word: number, domain: number, pxn: boolean): Leaf {
  const isSmall = isSet(word, 2);
  const size = isSmall ? PAGE : 0x10000;
  const base = word - (word % size);
  const tex = field(word, isSmall ? 6 : 12, 7);
  return {
    what: `${isSmall ? 'small page of 4 KiB' : 'large page of 64 KiB'} at ${hex(base)}`,
    output: base + (address % size),
    rights: rightsOf(field(word, 4, 3) | (bit(word, 9) << 2), bit(word, isSmall ? 0 : 15) === 1, pxn),
    region: field(word, 2, 3) | (tex << 2),
    shared: bit(word, 10) === 1,
    notGlobal: bit(word, 11) === 1,
    domain,
    level: 2,
  };
}

function rightsOf(ap: number, xn: boolean, pxn: boolean): Rights {
  return { ap, xn, pxn, text: `AP=${ap.toString(2).padStart(3, '0')}` };
}

const roleOf = ({ cpu }: Walking, domain: number): number => field(cp15(cpu, CP15.DACR), 2 * domain, 3);
const roleText = (walk: Walking, domain: number): string => ROLES[roleOf(walk, domain)]!;

function leafOf(walk: Walking, found: { at: number; word: number }, leaf: Leaf): Stage {
  const { cpu } = walk;
  const { rights, domain, level } = leaf;
  const control = cp15(cpu, CP15.SCTLR);
  const role = roleOf(walk, domain);
  const memory = shortMemoryType(cpu, leaf.region, leaf.shared);
  const global = leaf.notGlobal ? ', not global' : '';
  const domainText = `domain ${domain} (${ROLES[role]})`;
  step(walk, found, level, `${leaf.what}, ${domainText}, ${rightsText(rights)}, ${memory}${global}`);
  if (isSet(control, SCTLR.AFE) && (rights.ap & 1) === 0)
    return fail('access flag fault', FS.ACCESS_FLAG, level, domain, 'AP[0], the access flag, is 0 (SCTLR.AFE)');
  if (role === MANAGER) return { output: leaf.output };
  if (role !== CLIENT)
    return fail(
      'domain fault',
      FS.DOMAIN,
      level,
      domain,
      `DACR ${hex(cp15(cpu, CP15.DACR))} gives domain ${domain} ${ROLES[role]}`,
    );
  const why = refusal(walk, rights, control);
  return why === null ? { output: leaf.output } : fail('permission fault', FS.PERMISSION, level, domain, why);
}
