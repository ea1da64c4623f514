// Floating-point records on tsvm's core, through the KVM contract: the FPU is given to the guest by KVM_CAP_MIPS_FPU and Config1.FP.
import { Cap } from '../../../../src/kvm/constants.ts';
import {
  KVM_REG_MIPS_CP0_32,
  KVM_REG_MIPS_FCR_CSR,
  KVM_REG_MIPS_FPR_32,
  KVM_REG_MIPS_FPR_64,
} from '../../../../src/kvm/mips.ts';
import type { Endianness } from '../../../../src/memory/guest-memory.ts';
import { CP0_STATUS, EmulatedMachine, word } from '../emulated.ts';
import type { InstructionRecord, RecordResult } from '../machine.ts';
import { FPR_WORDS, type FpuRecord, type FpuResult } from './machine.ts';

const CU1 = 1 << 29;
const FR = 1 << 26;
const CP0_CONFIG1 = KVM_REG_MIPS_CP0_32(16, 1);
const REGISTERS = 32;

export class EmulatedFpuMachine extends EmulatedMachine {
  constructor(endianness: Endianness, cpuModel?: string) {
    super(endianness, cpuModel);
    this.vcpu.enableCap(Cap.MIPS_FPU, 0, []);
    this.vcpu.setOneReg(CP0_CONFIG1, 1n);
  }

  protected override prepare(record: InstructionRecord): void {
    const { fr, fcsr, fpr } = record as FpuRecord;
    const { vcpu } = this;
    vcpu.setOneReg(CP0_STATUS, BigInt(CU1 | (fr ? FR : 0)));
    for (let n = 0; n < REGISTERS; n++) {
      if (fr) vcpu.setOneReg(KVM_REG_MIPS_FPR_64(n), (BigInt(fpr[2 * n + 1]!) << 32n) | BigInt(fpr[2 * n]!));
      else vcpu.setOneReg(KVM_REG_MIPS_FPR_32(n), BigInt(fpr[2 * n - (n & 1)]!));
    }
    vcpu.setOneReg(KVM_REG_MIPS_FCR_CSR, BigInt(fcsr));
  }

  override run(record: InstructionRecord): RecordResult {
    const { fr, fpr: before } = record as FpuRecord;
    const result = super.run(record);
    const { vcpu } = this;
    const fpr = before.slice(0, FPR_WORDS);
    for (let n = 0; n < REGISTERS; n++) {
      if (fr) {
        const bits = vcpu.getOneReg(KVM_REG_MIPS_FPR_64(n));
        fpr[2 * n] = word(bits);
        fpr[2 * n + 1] = Number(bits >> 32n);
      } else fpr[2 * n - (n & 1)] = word(vcpu.getOneReg(KVM_REG_MIPS_FPR_32(n)));
    }
    const all: FpuResult = { ...result, fcsr: word(vcpu.getOneReg(KVM_REG_MIPS_FCR_CSR)), fpr };
    return all;
  }

  runFpu(record: FpuRecord): FpuResult {
    return this.run(record) as FpuResult;
  }
}
