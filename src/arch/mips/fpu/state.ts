// The TypeScript part of the FPU: what follows Status and Config1, and its ONE_REG registers (arch/mips/kvm/mips.c: FPR_32, FPR_64, FCR_IR and
// FCR_CSR; reference KVM-API.md 7.1).
import type { CoreServices, OneReg } from '../../../cpu/isa/architecture.ts';
import { KvmError } from '../../../kvm/errors.ts';
import {
  KVM_REG_MIPS_FCR_CSR,
  KVM_REG_MIPS_FCR_IR,
  KVM_REG_MIPS_FPR_32,
  KVM_REG_MIPS_FPR_64,
} from '../../../kvm/mips.ts';
import { CONFIG1_FP, CP0, STATUS } from '../registers.ts';
import { NEEDS } from './registers.ts';

const REGISTERS = 32;

export class MipsFpu {
  private readonly services: CoreServices;
  private readonly i32: Int32Array;
  private readonly word: (bank: string, index?: number) => number;

  constructor(services: CoreServices) {
    this.services = services;
    this.i32 = services.i32;
    this.word = (bank, index = 0) => (services.banks[bank]!.offset >> 2) + index;
  }

  /** Power-on: `fir` is the CPU model's. */
  reset(fir: number): void {
    this.i32[this.word('fir')] = fir;
    this.modeChanged();
  }

  /** KVM_CAP_MIPS_FPU. */
  enable(): void {
    this.i32[this.word('fpuEnabled')] = 1;
  }

  /** What of Config1 user space may write for that. */
  config1Mask(): number {
    return this.isEnabled() ? CONFIG1_FP : 0;
  }

  /** Status.CU1, Status.FR or Config1.FP changed. */
  modeChanged(): void {
    const status = this.i32[this.word('cp0', CP0.STATUS)]!;
    const usable = this.exists() && (status & STATUS.CU1) !== 0;
    const wide = this.isWide();
    this.i32[this.word('fpuRefuses')] = (usable ? 0 : NEEDS.FPU) | (wide ? 0 : NEEDS.FR);
    for (let n = 0; n < REGISTERS; n++) this.i32[this.word('fpuSingle', n)] = wide ? 2 * n : 2 * n - (n & 1);
  }

  /** Work out FCSR.Cause. */
  settle(): void {
    this.services.routine('fpuSettle');
  }

  private exists(): boolean {
    return (this.i32[this.word('cp0', CP0.CONFIG1)]! & CONFIG1_FP) !== 0;
  }

  private isEnabled(): boolean {
    return this.i32[this.word('fpuEnabled')] !== 0;
  }

  private isWide(): boolean {
    return (this.i32[this.word('cp0', CP0.STATUS)]! & STATUS.FR) !== 0;
  }

  /** In GET_REG_LIST order: listed while user space may give the guest an FPU, there while it has one. */
  oneRegs(): readonly OneReg[] {
    const listed = (): boolean => this.isEnabled();
    const register = (id: bigint, get: () => bigint, set: (value: bigint) => void): OneReg => {
      const there = (call: string): void => {
        if (!this.exists()) throw new KvmError('EINVAL', call, 'the guest has no FPU');
      };
      return {
        id,
        listed,
        get: () => {
          there('KVM_GET_ONE_REG');
          return get();
        },
        set: (value) => {
          there('KVM_SET_ONE_REG');
          set(value);
        },
      };
    };
    const word = (at: () => number) => ({
      get: () => BigInt(this.i32[at()]! >>> 0),
      set: (value: bigint) => {
        this.i32[at()] = Number(BigInt.asIntN(32, value));
      },
    });
    const single = (n: number): OneReg => {
      const { get, set } = word(() => this.word('fprWord', this.i32[this.word('fpuSingle', n)]!));
      return register(KVM_REG_MIPS_FPR_32(n), get, set);
    };
    const double = (n: number): OneReg => {
      const [low, high] = [word(() => this.word('fpr', 2 * n)), word(() => this.word('fpr', 2 * n + 1))];
      const refuse = (call: string): void => {
        if ((n & 1) !== 0 && !this.isWide()) throw new KvmError('EINVAL', call, `no double ${n} with FR=0`);
      };
      const get = (): bigint => {
        refuse('KVM_GET_ONE_REG');
        return (high.get() << 32n) | low.get();
      };
      return register(KVM_REG_MIPS_FPR_64(n), get, (value) => {
        refuse('KVM_SET_ONE_REG');
        low.set(value);
        high.set(value >> 32n);
      });
    };
    const { get: fir } = word(() => this.word('fir'));
    const { get: fcsr, set: setFcsr } = word(() => this.word('fcsr'));
    const settled = <T>(then: () => T): T => {
      this.settle();
      return then();
    };
    return [
      register(KVM_REG_MIPS_FCR_IR, fir, () => {}), // read-only
      register(
        KVM_REG_MIPS_FCR_CSR,
        () => settled(fcsr),
        (value) => settled(() => setFcsr(value)),
      ),
      ...Array.from({ length: REGISTERS }, (_, n) => [single(n), double(n)]).flat(),
    ];
  }
}
