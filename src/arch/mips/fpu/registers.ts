// table: the floating-point unit's registers (MIPS32 Volume I-A, chapter 5: FIR, FCSR; legacy NaN encoding, no paired single).
import type { BankSpec } from '../../../cpu/isa/register-file.ts';
import { STATUS } from '../registers.ts';

/** Fields of FCSR (FCR31). */
export const FCSR = {
  RM: 3,
  /** Sticky flags; the same five bits as FLAG of softfloat, then enables and Cause. */
  FLAGS_SHIFT: 2,
  ENABLES_SHIFT: 7,
  CAUSE_SHIFT: 12,
  INEXACT_FLAG: 1 << 2,
  FLAGS: 0x7c,
  ENABLES: 0xf80,
  CAUSE: 0x3f000,
  /** Unimplemented Operation, a Cause that is always enabled. */
  CAUSE_E: 1 << 17,
  FS: 1 << 24,
  /** Bits that software can write: condition codes, FS, Cause, enables, flags, RM. */
  WRITABLE: 0xff83ffff | 0,
} as const;

/** The bit of condition code `cc`. */
export const conditionBit = (cc: number): number => (cc === 0 ? 1 << 23 : 1 << (24 + cc));

/** What an instruction needs of the FPU: compared with bank fpuRefuses. */
export const NEEDS = {
  /** The FPU itself. */
  FPU: STATUS.CU1,
  /** 64-bit registers: Status.FR. */
  FR: STATUS.FR,
} as const;

/** Values of bank fpuLast. */
export const LAST = {
  /** Nothing: FCSR.Cause is what it says. */
  SETTLED: 0,
  /** The operation raised an enabled exception; its Cause is in FCSR. */
  TRAPPED: -1,
} as const;

export const FPU_BANKS: readonly BankSpec[] = [
  /** Register n at word 2n (low) and 2n + 1 (high). With FR=0 an even register holds an even-odd pair of singles. */
  { name: 'fpr', count: 32, width: 64 },
  { name: 'fprWord', count: 64, width: 32, scratch: true, viewOf: 'fpr' },
  /** FCSR; its Cause is that of the operation in fpuLast, if there is one. */
  { name: 'fcsr', count: 1, width: 32 },
  /** Word of fprWord that is single n: 2n, or with FR=0 the other half of the even register. Follows Status.FR. */
  { name: 'fpuSingle', count: 32, width: 32, scratch: true },
  /** The NEEDS that are not fulfilled; follows Status and Config1.FP. */
  { name: 'fpuRefuses', count: 1, width: 32, scratch: true },
  { name: 'fir', count: 1, width: 32, scratch: true },
  /** KVM_CAP_MIPS_FPU is enabled. */
  { name: 'fpuEnabled', count: 1, width: 32, scratch: true },
  /** The last operation and its operands, while its Cause is not worked out (LAST). */
  { name: 'fpuLast', count: 1, width: 32, scratch: true },
  { name: 'fpuA', count: 1, width: 64, scratch: true },
  { name: 'fpuB', count: 1, width: 64, scratch: true },
  /** Softfloat's flags. */
  { name: 'fpuFlags', count: 1, width: 32, scratch: true },
];
