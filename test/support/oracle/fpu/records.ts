// The seeded generator of floating-point records: record `index` of `seed` is the same on every machine.
import { Draft } from '../draft.ts';
import { MAX_WORDS } from '../machine.ts';
import { Random } from '../random.ts';
import { FpuDraft } from './draft.ts';
import {
  ARITHMETIC_MAKERS,
  BRANCH_MAKERS,
  COMPARE_MAKERS,
  CONTROL_MAKERS,
  CONVERSION_MAKERS,
  type FpuMaker,
  MEMORY_MAKERS,
  MOVE_MAKERS,
} from './encodings.ts';
import type { FpuRecord } from './machine.ts';

/** Keeps these streams apart from those of integer records. */
const STREAM = 0x40000000;

function add(d: FpuDraft, makers: readonly FpuMaker[]): void {
  const maker = d.base.random.pick(makers);
  d.base.add(maker.name, maker.make(d));
}

const anyOf = (d: FpuDraft): readonly FpuMaker[] => {
  const dice = d.base.random.below(100);
  if (dice < 52) return ARITHMETIC_MAKERS;
  if (dice < 72) return CONVERSION_MAKERS;
  if (dice < 86) return COMPARE_MAKERS;
  if (dice < 93) return MOVE_MAKERS;
  return dice < 98 ? MEMORY_MAKERS : CONTROL_MAKERS;
};
/** Runs twice without harm: when a branch goes to its own slot. */
const REPEATABLE = [...MOVE_MAKERS, ...COMPARE_MAKERS];

/** One instruction; a chain; or a comparison with what uses it, and what reads Cause. */
function makeFpuRecord(seed: number, index: number): FpuRecord {
  const d = new FpuDraft(new Random(seed, STREAM + index));
  const { random } = d.base;
  const kind = random.below(100);
  let hasDelaySlot = false;
  if (kind < 65) add(d, anyOf(d));
  else if (kind < 80) {
    const length = 2 + random.below(MAX_WORDS - 1);
    for (let n = 0; n < length; n++) add(d, anyOf(d));
  } else if (kind < 88) {
    hasDelaySlot = true;
    add(d, BRANCH_MAKERS);
    add(d, d.base.targetsOwnSlot ? REPEATABLE : anyOf(d));
  } else {
    add(d, anyOf(d));
    add(d, MOVE_MAKERS);
  }
  const { base } = d;
  return {
    seed,
    index,
    name: base.names.join(' '),
    pc: Draft.addressOf(base.start),
    words: base.words,
    gpr: base.gpr,
    hi: base.hi,
    lo: base.lo,
    window: base.window,
    hasDelaySlot,
    ignoreHiLo: false,
    linkRegister: 0,
    fr: d.fr,
    fcsr: d.fcsr,
    fpr: d.words,
  };
}

export function makeFpuRecords(seed: number, first: number, count: number): FpuRecord[] {
  return Array.from({ length: count }, (_, n) => makeFpuRecord(seed, first + n));
}
