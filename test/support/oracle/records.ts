// The seeded generator of instruction records: record `index` of `seed` is the same on every machine and does not depend on
// the records before it. docs/evidence/random-instructions.md says what 200,000 of them showed.
import type { Endianness } from '../../../src/memory/guest-memory.ts';
import { Draft } from './draft.ts';
import {
  addLinkedPair,
  addUnalignedPair,
  BRANCH_MAKERS,
  type Maker,
  PLAIN_MAKERS,
  REGISTER_MAKERS,
  reservedWord,
} from './encodings.ts';
import { type InstructionRecord, MAX_WORDS } from './machine.ts';
import { Random } from './random.ts';

function add(d: Draft, makers: readonly Maker[]): void {
  const maker = d.random.pick(makers);
  d.add(maker.name, maker.make(d));
}

function addBranch(d: Draft): void {
  const maker = d.random.pick(BRANCH_MAKERS);
  const word = maker.make(d);
  d.add(maker.name, word);
  // The slot runs twice when the branch goes to it; nothing whose second run depends on memory may stand there then.
  add(d, d.targetsOwnSlot ? REGISTER_MAKERS : PLAIN_MAKERS);
}

function addChain(d: Draft): void {
  const length = 2 + d.random.below(MAX_WORDS - 1);
  for (let n = 1; n < length; n++) add(d, REGISTER_MAKERS);
  add(d, PLAIN_MAKERS);
}

/** Record `index` of `seed`. LWL/LWR pairs are the only thing that depends on the byte order. */
function makeRecord(seed: number, index: number, endianness: Endianness): InstructionRecord {
  const d = new Draft(new Random(seed, index));
  const kind = d.random.below(100);
  const hasDelaySlot = kind >= 56 && kind < 82;
  if (kind < 56) add(d, PLAIN_MAKERS);
  else if (hasDelaySlot) addBranch(d);
  else if (kind < 90) addChain(d);
  else if (kind < 94) addLinkedPair(d);
  else if (kind < 97) addUnalignedPair(d, endianness === 'big');
  else d.add('reserved', reservedWord(d));
  return {
    seed,
    index,
    name: d.names.join(' '),
    pc: Draft.addressOf(d.start),
    words: d.words,
    gpr: d.gpr,
    hi: d.hi,
    lo: d.lo,
    window: d.window,
    hasDelaySlot,
    ignoreHiLo: d.ignoreHiLo,
    linkRegister: d.linkRegister,
  };
}

/** Records `first` .. `first + count - 1`. */
export function makeRecords(seed: number, first: number, count: number, endianness: Endianness): InstructionRecord[] {
  return Array.from({ length: count }, (_, n) => makeRecord(seed, first + n, endianness));
}
