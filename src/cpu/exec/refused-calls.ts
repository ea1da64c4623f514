// The vCPU calls that no architecture here takes, as arch/mips/kvm/mips.c refuses them. (Debuggers do without KVM_SET_GUEST_DEBUG: host-watch.ts.)
import type { KvmTranslation } from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';

export abstract class RefusedCalls {
  /** Succeeds, and leaves the record as it was. */
  translate(_translation: KvmTranslation): void {}

  getMpState(): number {
    throw new KvmError('ENOTTY', 'KVM_GET_MP_STATE', 'this architecture has none');
  }

  setMpState(_state: number): void {
    throw new KvmError('ENOTTY', 'KVM_SET_MP_STATE', 'this architecture has none');
  }

  setGuestDebug(_control: number): void {
    throw new KvmError('ENOTTY', 'KVM_SET_GUEST_DEBUG', 'this architecture has none');
  }
}
