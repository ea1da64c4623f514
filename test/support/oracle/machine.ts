// The instruction oracle's common ground: what an instruction record is, what running one yields, and how two results are
// compared. qemu-user.ts (the outside reference) and emulated.ts (tsvm's core) both run records.
//
// Map (the same virtual addresses on both sides; runner.c repeats them): the code area is two pages of BREAK with the
// record's words put at its pc; the window is 64 bytes of data across a page boundary. A record runs from its pc until
// the first exception, which is the BREAK around it when nothing else goes wrong.
import { hex } from '../../../src/util/bits.ts';

export const CODE_BASE = 0x40100000;
export const CODE_WORDS = 2048;
export const WINDOW_BASE = 0x40102fe0;
export const WINDOW_BYTES = 64;
/** Words in a record at most. */
export const MAX_WORDS = 4;
/** BREAK 0, the filling of the code area. */
export const BREAK_WORD = 0x0000000d;

/** One instruction, or a short sequence (branch and delay slot, LL and SC ...), and the state it starts in. */
export interface InstructionRecord {
  readonly seed: number;
  readonly index: number;
  /** Mnemonics, joined by blanks. */
  readonly name: string;
  /** Virtual address of the first word, in the code area. */
  readonly pc: number;
  readonly words: readonly number[];
  /** r0-r31, unsigned; r0 is 0. */
  readonly gpr: Uint32Array;
  readonly hi: number;
  readonly lo: number;
  readonly window: Uint8Array;
  /** The first word is a branch or jump and the second its delay slot. */
  readonly hasDelaySlot: boolean;
  /** HI and LO are UNPREDICTABLE afterwards (MUL). */
  readonly ignoreHiLo: boolean;
  /**
   * A linking branch's register: when the delay slot faults, qemu-user has already written it and tsvm has not (the
   * branch restarts, so the architecture allows both). 0 for none.
   */
  readonly linkRegister: number;
}

/** What ended a record: the BREAK around it, or an exception of its own. */
export type Stop = 'break' | 'overflow' | 'floating-point' | 'trap' | 'address-error' | 'reserved' | 'other';

export interface RecordResult {
  readonly stop: Stop;
  /** EPC: the faulting instruction, or the branch when that was in its delay slot. */
  readonly pc: number;
  /** BadVAddr of an address error, else 0. */
  readonly badAddress: number;
  readonly gpr: Uint32Array;
  readonly hi: number;
  readonly lo: number;
  readonly window: Uint8Array;
}

/** Something that executes records. */
export interface InstructionMachine {
  run(record: InstructionRecord): RecordResult;
}

/** The differences between two results of one record, one line each; empty when they agree. */
export function compareResults(record: InstructionRecord, expected: RecordResult, got: RecordResult): string[] {
  const differences: string[] = [];
  const compare = (what: string, want: number, have: number): void => {
    if (want >>> 0 !== have >>> 0) differences.push(`${what}: expected ${hex(want)}, got ${hex(have)}`);
  };
  if (expected.stop !== got.stop) differences.push(`stop: expected ${expected.stop}, got ${got.stop}`);
  compare('pc', expected.pc, got.pc);
  compare('bad address', expected.badAddress, got.badAddress);
  const slotFault = record.hasDelaySlot && expected.stop !== 'break';
  for (let i = 0; i < 32; i++) {
    if (slotFault && i !== 0 && i === record.linkRegister) continue;
    compare(`r${i}`, expected.gpr[i]!, got.gpr[i]!);
  }
  if (!record.ignoreHiLo) {
    compare('hi', expected.hi, got.hi);
    compare('lo', expected.lo, got.lo);
  }
  for (let i = 0; i < WINDOW_BYTES; i++) compare(`window[${i}]`, expected.window[i]!, got.window[i]!);
  return differences;
}

/** A record in words, for a failure report: mnemonics, encoding and the whole starting state. */
export function describeRecord(record: InstructionRecord): string {
  const registers = [...record.gpr].map((value, i) => `r${i}=${hex(value)}`);
  const rows: string[] = [];
  for (let i = 0; i < 32; i += 8) rows.push(`  ${registers.slice(i, i + 8).join(' ')}`);
  return [
    `record ${record.index} of seed ${record.seed}: ${record.name}`,
    ...record.words.map((word, i) => `  ${hex(record.pc + 4 * i)}: .word ${hex(word)}`),
    ...rows,
    `  hi=${hex(record.hi)} lo=${hex(record.lo)} window at ${hex(WINDOW_BASE)}: ${Buffer.from(record.window).toString('hex')}`,
  ].join('\n');
}
