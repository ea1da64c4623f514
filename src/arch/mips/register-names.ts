// table: the registers of a MIPS guest by name, as KVM's ONE_REG has them (names: System V ABI's MIPS supplement, MIPS32 Volume III).
import {
  KVM_REG_MIPS_COUNT_CTL,
  KVM_REG_MIPS_COUNT_HZ,
  KVM_REG_MIPS_COUNT_RESUME,
  KVM_REG_MIPS_CP0_32,
  KVM_REG_MIPS_CP0_64,
  KVM_REG_MIPS_FCR_CSR,
  KVM_REG_MIPS_FCR_IR,
  KVM_REG_MIPS_FPR_32,
  KVM_REG_MIPS_FPR_64,
  KVM_REG_MIPS_HI,
  KVM_REG_MIPS_LO,
  KVM_REG_MIPS_PC,
  KVM_REG_MIPS_R,
} from '../../kvm/mips.ts';
import { GPR_NAMES } from './debug.ts';

/** Coprocessor 0, in the order of the manual. */
export const CP0_NAMES: Readonly<Record<string, readonly [rd: number, sel: number]>> = {
  index: [0, 0],
  random: [1, 0],
  entrylo0: [2, 0],
  entrylo1: [3, 0],
  context: [4, 0],
  userlocal: [4, 2],
  pagemask: [5, 0],
  pagegrain: [5, 1],
  wired: [6, 0],
  hwrena: [7, 0],
  badvaddr: [8, 0],
  badinstr: [8, 1],
  badinstrp: [8, 2],
  count: [9, 0],
  entryhi: [10, 0],
  compare: [11, 0],
  status: [12, 0],
  intctl: [12, 1],
  cause: [13, 0],
  epc: [14, 0],
  prid: [15, 0],
  ebase: [15, 1],
  config: [16, 0],
  config1: [16, 1],
  config2: [16, 2],
  config3: [16, 3],
  config4: [16, 4],
  config5: [16, 5],
  config6: [16, 6],
  config7: [16, 7],
  errorepc: [30, 0],
  kscratch1: [31, 2],
  kscratch2: [31, 3],
  kscratch3: [31, 4],
  kscratch4: [31, 5],
  kscratch5: [31, 6],
  kscratch6: [31, 7],
};

/** Every name of a register of 32 bits, each register once. */
export const REGISTER_NAMES: readonly string[] = [
  ...GPR_NAMES,
  ...['hi', 'lo', 'pc', 'fcsr', 'fir'],
  ...Array.from({ length: 32 }, (_, n) => `f${n}`),
  ...Object.keys(CP0_NAMES),
];

const OTHERS: Readonly<Record<string, readonly bigint[]>> = {
  pc: [KVM_REG_MIPS_PC],
  hi: [KVM_REG_MIPS_HI],
  lo: [KVM_REG_MIPS_LO],
  fcsr: [KVM_REG_MIPS_FCR_CSR],
  fir: [KVM_REG_MIPS_FCR_IR],
  count_ctl: [KVM_REG_MIPS_COUNT_CTL],
  count_resume: [KVM_REG_MIPS_COUNT_RESUME],
  count_hz: [KVM_REG_MIPS_COUNT_HZ],
};

/** What `name` may mean, in the order in which a vCPU is asked whether it has it: KVM keeps some CP0 registers as 32 bits, some as 64. */
export function registerIds(name: string): readonly bigint[] {
  const lower = name.toLowerCase();
  const number = GPR_NAMES.includes(lower) ? GPR_NAMES.indexOf(lower) : numberOf(/^r(\d+)$/, lower, 31);
  if (number !== undefined) return [KVM_REG_MIPS_R(number)];
  const fpr = numberOf(/^f(\d+)$/, lower, 31);
  if (fpr !== undefined) return [KVM_REG_MIPS_FPR_32(fpr)];
  const double = numberOf(/^d(\d+)$/, lower, 31);
  if (double !== undefined) return [KVM_REG_MIPS_FPR_64(double)];
  const cp0 = Object.hasOwn(CP0_NAMES, lower) ? CP0_NAMES[lower] : undefined;
  if (cp0) return [KVM_REG_MIPS_CP0_32(...cp0), KVM_REG_MIPS_CP0_64(...cp0)];
  return Object.hasOwn(OTHERS, lower) ? OTHERS[lower]! : [];
}

function numberOf(pattern: RegExp, name: string, last: number): number | undefined {
  const number = Number(pattern.exec(name)?.[1] ?? Number.NaN);
  return number <= last ? number : undefined;
}
