// ONE_REG ids of KVM/MIPS (Linux arch/mips/include/uapi/asm/kvm.h, arch/mips/include/asm/kvm_host.h 29-82).

const KVM_REG_MIPS = 0x7000000000000000n;
const SIZE_U32 = 0x0020000000000000n;
const SIZE_U64 = 0x0030000000000000n;
const SIZE_U128 = 0x0040000000000000n;

const gp = (index: number): bigint => KVM_REG_MIPS | SIZE_U64 | BigInt(index);
const cp0 = (size: bigint, rd: number, sel: number): bigint => KVM_REG_MIPS | size | 0x10000n | BigInt(8 * rd + sel);
const fpu = (size: bigint, index: number): bigint => KVM_REG_MIPS | size | 0x30000n | BigInt(index);
const kvmReg = (index: number): bigint => KVM_REG_MIPS | SIZE_U64 | 0x20000n | BigInt(index);

/** r0-r31. */
export const KVM_REG_MIPS_R = (index: number): bigint => gp(index);
export const KVM_REG_MIPS_HI = gp(32);
export const KVM_REG_MIPS_LO = gp(33);
export const KVM_REG_MIPS_PC = gp(34);
/** A 32-bit CP0 register id. */
export const KVM_REG_MIPS_CP0_32 = (rd: number, sel: number): bigint => cp0(SIZE_U32, rd, sel);
/** A 64-bit (native width) CP0 register id. */
export const KVM_REG_MIPS_CP0_64 = (rd: number, sel: number): bigint => cp0(SIZE_U64, rd, sel);
export const KVM_REG_MIPS_COUNT_CTL = kvmReg(0);
export const KVM_REG_MIPS_COUNT_RESUME = kvmReg(1);
export const KVM_REG_MIPS_COUNT_HZ = kvmReg(2);
/** FPU and MSA registers: there while the vCPU has KVM_CAP_MIPS_FPU or KVM_CAP_MIPS_MSA enabled. */
export const KVM_REG_MIPS_FPR_32 = (index: number): bigint => fpu(SIZE_U32, index);
export const KVM_REG_MIPS_FPR_64 = (index: number): bigint => fpu(SIZE_U64, index);
export const KVM_REG_MIPS_VEC_128 = (index: number): bigint => fpu(SIZE_U128, index);
export const KVM_REG_MIPS_FCR_IR = fpu(SIZE_U32, 0x100);
export const KVM_REG_MIPS_FCR_CSR = fpu(SIZE_U32, 0x11f);
export const KVM_REG_MIPS_MSA_IR = fpu(SIZE_U32, 0x200);
export const KVM_REG_MIPS_MSA_CSR = fpu(SIZE_U32, 0x201);
