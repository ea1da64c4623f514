// table: the registers of an ARM guest by name, as KVM's ONE_REG has them (names: ARM DDI 0406C, B3 and B4).
import {
  KVM_REG_ARM_ABT,
  KVM_REG_ARM_CP15_32,
  KVM_REG_ARM_CPSR,
  KVM_REG_ARM_D,
  KVM_REG_ARM_FIQ,
  KVM_REG_ARM_FPEXC,
  KVM_REG_ARM_FPSCR,
  KVM_REG_ARM_HYP,
  KVM_REG_ARM_IRQ,
  KVM_REG_ARM_PC,
  KVM_REG_ARM_R,
  KVM_REG_ARM_SVC,
  KVM_REG_ARM_UND,
} from '../../kvm/arm.ts';

/** opc1, CRn, CRm, opc2. */
const CP15_NAMES: Readonly<Record<string, readonly [opc1: number, crn: number, crm: number, opc2: number]>> = {
  midr: [0, 0, 0, 0],
  mpidr: [0, 0, 0, 5],
  csselr: [2, 0, 0, 0],
  sctlr: [0, 1, 0, 0],
  actlr: [0, 1, 0, 1],
  cpacr: [0, 1, 0, 2],
  ttbr0: [0, 2, 0, 0],
  ttbr1: [0, 2, 0, 1],
  ttbcr: [0, 2, 0, 2],
  dacr: [0, 3, 0, 0],
  dfsr: [0, 5, 0, 0],
  ifsr: [0, 5, 0, 1],
  adfsr: [0, 5, 1, 0],
  aifsr: [0, 5, 1, 1],
  dfar: [0, 6, 0, 0],
  ifar: [0, 6, 0, 2],
  prrr: [0, 10, 2, 0],
  nmrr: [0, 10, 2, 1],
  amair0: [0, 10, 3, 0],
  amair1: [0, 10, 3, 1],
  vbar: [0, 12, 0, 0],
  contextidr: [0, 13, 0, 1],
  tpidrurw: [0, 13, 0, 2],
  tpidruro: [0, 13, 0, 3],
  tpidrprw: [0, 13, 0, 4],
  cntkctl: [0, 14, 1, 0],
  vmpidr: [4, 0, 0, 5],
  hsctlr: [4, 1, 0, 0],
  hcr: [4, 1, 1, 0],
  hsr: [4, 5, 2, 0],
  hdfar: [4, 6, 0, 0],
  hifar: [4, 6, 0, 2],
  hpfar: [4, 6, 0, 4],
  hvbar: [4, 12, 0, 0],
};

const OTHERS: Readonly<Record<string, bigint>> = {
  pc: KVM_REG_ARM_PC,
  cpsr: KVM_REG_ARM_CPSR,
  sp_usr: KVM_REG_ARM_R(13),
  lr_usr: KVM_REG_ARM_R(14),
  sp_svc: KVM_REG_ARM_SVC.sp,
  lr_svc: KVM_REG_ARM_SVC.lr,
  spsr_svc: KVM_REG_ARM_SVC.spsr,
  sp_abt: KVM_REG_ARM_ABT.sp,
  lr_abt: KVM_REG_ARM_ABT.lr,
  spsr_abt: KVM_REG_ARM_ABT.spsr,
  sp_und: KVM_REG_ARM_UND.sp,
  lr_und: KVM_REG_ARM_UND.lr,
  spsr_und: KVM_REG_ARM_UND.spsr,
  sp_irq: KVM_REG_ARM_IRQ.sp,
  lr_irq: KVM_REG_ARM_IRQ.lr,
  spsr_irq: KVM_REG_ARM_IRQ.spsr,
  sp_fiq: KVM_REG_ARM_FIQ(13),
  lr_fiq: KVM_REG_ARM_FIQ(14),
  spsr_fiq: KVM_REG_ARM_FIQ(15),
  sp_hyp: KVM_REG_ARM_HYP.sp,
  elr_hyp: KVM_REG_ARM_HYP.elr,
  spsr_hyp: KVM_REG_ARM_HYP.spsr,
  fpscr: KVM_REG_ARM_FPSCR,
  fpexc: KVM_REG_ARM_FPEXC,
};

/** Other names of core registers. */
const ALIASES: Readonly<Record<string, number>> = { fp: 11, ip: 12, sp: 13, lr: 14 };

const LAST_LOW = 12;
const D_REGISTERS = 32;

/** Every name, each register once. */
export const REGISTER_NAMES: readonly string[] = [
  ...Array.from({ length: LAST_LOW + 1 }, (_, n) => `r${n}`),
  ...Object.keys(OTHERS),
  ...Object.keys(CP15_NAMES),
  ...Array.from({ length: D_REGISTERS }, (_, n) => `d${n}`),
];

/** Number of a core register by its name: `r0`, `sp`; undefined for other names. */
export function coreRegister(name: string): number | undefined {
  const lower = name.toLowerCase();
  const number = Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : Number(/^r(\d{1,2})$/.exec(lower)?.[1] ?? Number.NaN);
  return number !== undefined && number <= 15 ? number : undefined;
}

/** What `name` may mean; core registers are those of User mode, as KVM has them. */
export function registerIds(name: string): readonly bigint[] {
  const lower = name.toLowerCase();
  if (Object.hasOwn(OTHERS, lower)) return [OTHERS[lower]!];
  if (Object.hasOwn(CP15_NAMES, lower)) return [KVM_REG_ARM_CP15_32(...CP15_NAMES[lower]!)];
  const core = coreRegister(lower);
  if (core !== undefined) return [KVM_REG_ARM_R(core)];
  const double = Number(/^d(\d{1,2})$/.exec(lower)?.[1] ?? Number.NaN);
  return double < D_REGISTERS ? [KVM_REG_ARM_D(double)] : [];
}
