// ONE_REG ids and machine types of KVM/ARM, 32 bits (Linux 4.9 arch/arm/include/uapi/asm/kvm.h; reference ARM.md).

/** KVM_CREATE_VM: KVM's own guest, which sees no Hyp mode; and tsvm's bare machine, which begins there. */
export const KVM_VM_ARM_SVC = 0;
export const KVM_VM_ARM_HYP = 1;

const KVM_REG_ARM = 0x4000000000000000n;
const SIZE_U32 = 0x0020000000000000n;
const SIZE_U64 = 0x0030000000000000n;
const COPROC_SHIFT = 16n;
const CORE = 0x10n << COPROC_SHIFT;
const VFP = 0x12n << COPROC_SHIFT;
const CP15 = 15n << COPROC_SHIFT;

const core = (word: number): bigint => KVM_REG_ARM | SIZE_U32 | CORE | BigInt(word);

/** Words of struct kvm_regs: usr_regs is struct pt_regs, then the banked registers. */
export const KVM_REG_ARM_R = (index: number): bigint => core(index);
export const KVM_REG_ARM_PC = core(15);
export const KVM_REG_ARM_CPSR = core(16);
/** SP, LR and SPSR of a mode. */
export const KVM_REG_ARM_SVC = { sp: core(18), lr: core(19), spsr: core(20) } as const;
export const KVM_REG_ARM_ABT = { sp: core(21), lr: core(22), spsr: core(23) } as const;
export const KVM_REG_ARM_UND = { sp: core(24), lr: core(25), spsr: core(26) } as const;
export const KVM_REG_ARM_IRQ = { sp: core(27), lr: core(28), spsr: core(29) } as const;
/** Not KVM's, whose guests have no Hyp mode. */
export const KVM_REG_ARM_HYP = { sp: core(38), elr: core(39), spsr: core(40) } as const;
/** R8 to R14 of FIQ, and its SPSR as number 15. */
export const KVM_REG_ARM_FIQ = (index: number): bigint => core(30 + index - 8);

/** A 32-bit CP15 register. */
export const KVM_REG_ARM_CP15_32 = (opc1: number, crn: number, crm: number, opc2: number): bigint =>
  KVM_REG_ARM | SIZE_U32 | CP15 | BigInt((crn << 11) | (opc1 << 3) | (crm << 7) | opc2);
/** A 64-bit CP15 register. */
export const KVM_REG_ARM_CP15_64 = (opc1: number, crm: number): bigint =>
  KVM_REG_ARM | SIZE_U64 | CP15 | BigInt((opc1 << 3) | (crm << 7));

/** D0 to D31, and control registers of the VFP by the number that VMRS has for them shifted as KVM has it. */
export const KVM_REG_ARM_D = (index: number): bigint => KVM_REG_ARM | SIZE_U64 | VFP | BigInt(index);
export const KVM_REG_ARM_FPEXC = KVM_REG_ARM | SIZE_U32 | VFP | 0x1008n;
export const KVM_REG_ARM_FPSCR = KVM_REG_ARM | SIZE_U32 | VFP | 0x1001n;
