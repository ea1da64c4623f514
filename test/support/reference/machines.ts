// The two kinds of MIPS guest that KVM has, as random programs and the reference see them: where segments lie.
import { KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ } from '../../../src/kvm/constants.ts';

export type MachineName = 'trap-and-emulate' | 'vz';

export interface MachineSpec {
  /** KVM_CREATE_VM's type. */
  readonly type: number;
  /** Unmapped, for the kernel; exception vectors are at its start. */
  readonly kseg0: number;
  /** Mapped, for the kernel. */
  readonly kseg2: number;
  /** First address behind KSEG2, and the first behind kuseg. */
  readonly kseg2End: number;
  readonly kusegEnd: number;
  /** Where devices answer. */
  readonly mmio: number;
}

export const MACHINES: Readonly<Record<MachineName, MachineSpec>> = {
  'trap-and-emulate': {
    type: KVM_VM_MIPS_TE,
    kseg0: 0x40000000,
    kseg2: 0x60000000,
    kseg2End: 0x80000000,
    kusegEnd: 0x40000000,
    mmio: 0x80000000,
  },
  vz: {
    type: KVM_VM_MIPS_VZ,
    kseg0: 0x80000000,
    kseg2: 0xc0000000,
    kseg2End: 0x100000000,
    kusegEnd: 0x80000000,
    mmio: 0xb0000000,
  },
};
