// Walks of the long-descriptor format, step by step: of the PL1&0 regime, of Hyp mode, and of the second stage (ARM DDI 0406C: B3.6).
import { hex } from '../../../util/bits.ts';
import { STATUS } from '../mmu/words.ts';
import { CP15, HCR, SCTLR } from '../registers.ts';
import { longMemoryType, secondMemoryType } from './memory-type.ts';
import { cp15, cp15Address, isSet } from './state.ts';
import {
  address40,
  descriptorAt,
  type Found,
  isRefused,
  longFault,
  type Refused,
  type Rights,
  refusal,
  rightsText,
  type Stage,
  type Walking,
} from './walking.ts';

const UPPER = { XN: 1 << 22, PXN: 1 << 21 };
/** Of table descriptors, for what is below. */
const TABLE = { READ_ONLY: 1 << 30, NO_USER: 1 << 29, XN: 1 << 28, PXN: 1 << 27 };
const LOWER = { VALID: 1, TABLE: 2, USER: 1 << 6, READ_ONLY: 1 << 7, AF: 1 << 10, NG: 1 << 11 };
const HAP = { READ: 1 << 6, WRITE: 1 << 7 };
const TTBCR = { EPD0: 1 << 7, T1SZ_SHIFT: 16, EPD1: 1 << 23 };
const VTCR_SL0_SHIFT = 6;
const PAGE = 0x1000;
const ADDRESS_HIGH = 0xff;
const WORD = 0x1_0000_0000;
const SIZES = ['', '1 GiB', '2 MiB', '4 KiB'] as const;

/** Address bits below what the entries of a level choose. */
const shiftOf = (level: number): number => 39 - 9 * level;

/** Where a walk begins. */
interface Start {
  readonly level: number;
  readonly table: number;
  /** The address in the table's range. */
  readonly input: number;
}

interface Regime {
  readonly stage2: boolean;
  /** In the second stage: for a table of the first one. */
  readonly forTable: boolean;
  /** The register with the byte order of tables, WXN and UWXN. */
  readonly control: number;
  /** Place of MAIR0 or HMAIR0. */
  readonly mair: number;
  /** Do table addresses go through the second stage? */
  readonly staged: boolean;
  readonly hyp: boolean;
  /** Before `level 1` in what the steps are called. */
  readonly prefix: string;
}

const PL1: Omit<Regime, 'staged'> = {
  ...{ stage2: false, forTable: false, control: CP15.SCTLR, mair: CP15.PRRR, hyp: false, prefix: '' },
};
const HYP: Regime = { ...PL1, control: CP15.HSCTLR, mair: CP15.HMAIR0, staged: false, hyp: true };

/** The first stage of the PL1&0 regime. */
export function walkLong(walk: Walking): Stage {
  const { cpu, address, steps } = walk;
  const regime = { ...PL1, staged: isSet(cp15(cpu, CP15.HCR), HCR.VM) };
  const ttbcr = cp15(cpu, CP15.TTBCR);
  const size0 = ttbcr & 7;
  const size1 = (ttbcr >>> TTBCR.T1SZ_SHIFT) & 7;
  const inLow = address < 2 ** (32 - size0);
  const upper = size1 === 0 ? !inLow : address >= WORD - 2 ** (32 - size1);
  const name = upper ? 'TTBR1' : 'TTBR0';
  const ranges = `T0SZ=${size0}, T1SZ=${size1}`;
  const none = (why: string): Refused => {
    steps.push({ what: 'stage 1', text: `long descriptors, ${ranges}: ${why}` });
    return longFault(STATUS.TRANSLATION + 1, false, false, `translation fault, level 1: ${why}`);
  };
  if (!upper && !inLow) return none('the address is in the range of neither TTBR0 nor TTBR1');
  if (isSet(ttbcr, upper ? TTBCR.EPD1 : TTBCR.EPD0)) return none(`walks of ${name} are off (TTBCR.EPD)`);
  const base = cp15Address(cpu, upper ? CP15.TTBR1 : CP15.TTBR0);
  steps.push({ what: 'stage 1', text: `long descriptors, ${ranges}: ${name} ${address40(base)}` });
  return walkLevels(walk, regime, firstStageStart(address, upper ? size1 : size0, base));
}

/** Hyp mode's regime. */
export function walkHyp(walk: Walking): Stage {
  const { cpu, address, steps } = walk;
  const size = cp15(cpu, CP15.HTCR) & 7;
  const base = cp15Address(cpu, CP15.HTTBR);
  steps.push({ what: 'Hyp', text: `long descriptors, T0SZ=${size}: HTTBR ${address40(base)}` });
  if (address >= 2 ** (32 - size))
    return longFault(
      STATUS.TRANSLATION + 1,
      false,
      false,
      'translation fault, level 1: the address is out of HTCR.T0SZ',
    );
  return walkLevels(walk, HYP, firstStageStart(address, size, base));
}

function firstStageStart(address: number, size: number, base: number): Start {
  const level = size < 2 ? 1 : 2;
  return { level, table: alignedDown(base, (level === 2 ? 14 : 5) - size), input: address % 2 ** (32 - size) };
}

const alignedDown = (address: number, bits: number): number => address - (address % 2 ** bits);

/** The second stage for an intermediate address; `forTable`: of a table of the first stage. */
export function walkSecond(walk: Walking, ipa: number, forTable: boolean): Stage {
  const { cpu, steps } = walk;
  const vtcr = cp15(cpu, CP15.VTCR);
  const size = ((vtcr & 15) ^ 8) - 8;
  const sl0 = (vtcr >>> VTCR_SL0_SHIFT) & 3;
  const base = cp15Address(cpu, CP15.VTTBR);
  const prefix = forTable ? 'table stage 2 ' : 'stage 2 ';
  const regime = { ...HYP, stage2: true, forTable, prefix };
  const what = prefix.trimEnd();
  const text = `IPA ${address40(ipa)}, T0SZ=${size}, SL0=${sl0}: VTTBR ${address40(base)}`;
  steps.push({ what, text });
  const none = (why: string): Refused =>
    longFault(STATUS.TRANSLATION + 1, true, forTable, `stage 2 translation fault, level 1: ${why}`);
  if (sl0 >= 2) return none('VTCR.SL0 has a value that is reserved');
  if (sl0 === 1 ? size > 1 : size < -2) return none('VTCR.T0SZ and SL0 do not go together');
  if (ipa >= 2 ** (32 - size)) return none('the IPA is out of VTCR.T0SZ');
  const level = sl0 === 1 ? 1 : 2;
  return walkLevels(walk, regime, { level, table: alignedDown(base, (sl0 === 1 ? 5 : 14) - size), input: ipa });
}

function walkLevels(walk: Walking, regime: Regime, start: Start): Stage {
  const { cpu, steps } = walk;
  const { stage2, forTable, prefix } = regime;
  const control = cp15(cpu, regime.control);
  const kind = stage2 ? 'stage 2 ' : '';
  let tables = 0;
  let { level, table } = start;
  let index = Math.floor(start.input / 2 ** shiftOf(level));
  for (;;) {
    const found = descriptorOf(walk, regime, table + 8 * index, level, isSet(control, SCTLR.EE));
    if (isRefused(found)) return found;
    const { word, upper, at } = found;
    const step = (text: string): void => {
      const raw = `${address40(at)}: ${hex(upper)}_${hex(word).slice(2)}`;
      steps.push({ what: `${prefix}level ${level}`, text: `${raw} ${text}` });
    };
    const fail = (status: number, name: string, why: string): Refused =>
      longFault(status + level, stage2, forTable, `${kind}${name}, level ${level}${why && `: ${why}`}`);
    const isTable = isSet(word, LOWER.TABLE);
    if (!isSet(word, LOWER.VALID) || (level === 3 && !isTable)) {
      step('invalid');
      return fail(STATUS.TRANSLATION, 'translation fault', `the descriptor at ${address40(at)} is invalid`);
    }
    const target = (upper & ADDRESS_HIGH) * WORD + (word - (word % PAGE));
    if (level < 3 && isTable) {
      step(`table ${address40(target)}${tableText(stage2 ? 0 : upper)}`);
      tables |= upper;
      table = target;
      level++;
      index = Math.floor(start.input / 2 ** shiftOf(level)) % 512;
      continue;
    }
    const bits = shiftOf(level);
    const output = alignedDown(target, bits) + (start.input % 2 ** bits);
    const described = `${level === 3 ? 'page' : 'block'} of ${SIZES[level]} at ${address40(alignedDown(target, bits))}`;
    const refused = stage2
      ? secondLeaf(walk, regime, word, upper, (text) => step(`${described}, ${text}`))
      : firstLeaf(walk, regime, { word, upper, tables, control }, (text) => step(`${described}, ${text}`));
    if (!isSet(word, LOWER.AF)) return fail(STATUS.ACCESS_FLAG, 'access flag fault', 'AF=0');
    if (refused !== null) return fail(STATUS.PERMISSION, 'permission fault', refused);
    return { output };
  }
}

/** The descriptor at `address`, through the second stage where the regime has it so. */
function descriptorOf(walk: Walking, regime: Regime, address: number, level: number, bigEndian: boolean): Found {
  let at = address;
  if (regime.staged) {
    const second = walkSecond(walk, alignedDown(address, 12), true);
    if (isRefused(second)) return second;
    at = alignedDown(second.output, 12) + (address % PAGE);
  }
  const descriptor = descriptorAt(walk.cpu, at, 2, bigEndian);
  if (descriptor) return { ...descriptor, at };
  walk.steps.push({ what: `${regime.prefix}level ${level}`, text: `${address40(at)}: there is no memory` });
  const kind = regime.stage2 ? 'stage 2 ' : '';
  const fault = `${kind}external abort on walk, level ${level}: no memory at ${address40(at)}, where the table should be`;
  return longFault(STATUS.EXTERNAL_ON_WALK + level, regime.stage2, regime.forTable, fault);
}

/** The bits of a table descriptor that restrict what is below. */
function tableText(upper: number): string {
  const names = [
    [TABLE.READ_ONLY, 'read-only'],
    [TABLE.NO_USER, 'no PL0'],
    [TABLE.XN, 'XN'],
    [TABLE.PXN, 'PXN'],
  ] as const;
  const said = names.filter(([bit]) => isSet(upper, bit)).map(([, name]) => name);
  return said.length > 0 ? `, below it: ${said.join(', ')}` : '';
}

/** What tables above have taken from a page's AP. */
function byTables(tables: number): string {
  const readOnly = isSet(tables, TABLE.READ_ONLY) ? 1 : 0;
  const noUser = isSet(tables, TABLE.NO_USER) ? 1 : 0;
  return readOnly + noUser > 0 ? ` with APTable=${readOnly}${noUser}` : '';
}

interface FirstLeaf {
  readonly word: number;
  readonly upper: number;
  /** The upper words of the tables before it, all in one. */
  readonly tables: number;
  readonly control: number;
}

/** Why a page or block of the first stage does not permit the access, or null. */
function firstLeaf(walk: Walking, regime: Regime, leaf: FirstLeaf, say: (text: string) => void): string | null {
  const { word, upper, tables, control } = leaf;
  const readOnly = isSet(word, LOWER.READ_ONLY) || isSet(tables, TABLE.READ_ONLY);
  const user = isSet(word, LOWER.USER) && !isSet(tables, TABLE.NO_USER);
  const { hyp } = regime;
  const rights: Rights = {
    ap: hyp ? (readOnly ? 5 : 1) : (readOnly ? 4 : 0) | (user ? 2 : 0) | 1,
    xn: isSet(upper, UPPER.XN) || isSet(tables, TABLE.XN),
    pxn: !hyp && (isSet(upper, UPPER.PXN) || isSet(tables, TABLE.PXN)),
    text: `AP[2:1]=${(word >>> 7) & 1}${(word >>> 6) & 1}${byTables(hyp ? tables & ~TABLE.NO_USER : tables)}`,
  };
  const memory = longMemoryType(walk.cpu, regime.mair, (word >>> 2) & 7, (word >>> 8) & 3);
  const global = hyp || !isSet(word, LOWER.NG) ? '' : ', not global';
  const shown = hyp
    ? `${rights.text} (${readOnly ? 'read-only' : 'rw'})${rights.xn ? ', XN' : ''}`
    : rightsText(rights);
  say(`${shown}, AF=${isSet(word, LOWER.AF) ? 1 : 0}, ${memory}${global}`);
  if (!hyp) return refusal(walk, rights, control);
  // Pages of Hyp mode have what PL1 has elsewhere.
  return refusal({ ...walk, user: false }, rights, control & SCTLR.WXN)?.replaceAll('PL1', 'PL2') ?? null;
}

/** Of the second stage. */
function secondLeaf(
  walk: Walking,
  { forTable }: Regime,
  word: number,
  upper: number,
  say: (text: string) => void,
): string | null {
  const { access, cpu } = walk;
  const rights = `${isSet(word, HAP.READ) ? 'r' : ''}${isSet(word, HAP.WRITE) ? 'w' : ''}` || 'none';
  const hap = `HAP=${(word >>> 7) & 1}${(word >>> 6) & 1}`;
  const xn = isSet(upper, UPPER.XN);
  const type = secondMemoryType((word >>> 2) & 15, (word >>> 8) & 3);
  say(`${hap} (${rights})${xn ? ', XN' : ''}, AF=${isSet(word, LOWER.AF) ? 1 : 0}, ${type}`);
  if (forTable) {
    if (!isSet(word, HAP.READ)) return `the table of stage 1 is there, ${hap} gives ${rights}`;
    const isDevice = (word & 0x30) === 0;
    return isDevice && isSet(cp15(cpu, CP15.HCR), HCR.PTW) ? 'a table of stage 1 in device memory (HCR.PTW)' : null;
  }
  if (!isSet(word, access === 'write' ? HAP.WRITE : HAP.READ)) return `${access}, ${hap} gives ${rights}`;
  return access === 'fetch' && xn ? 'execute-never (XN)' : null;
}
