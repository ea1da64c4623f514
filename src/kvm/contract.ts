// The KVM contract as objects: system, VM and vCPU "file descriptors" with the ioctls as methods
// (Linux Documentation/virt/kvm/api.rst). Calls that fail throw KvmError with an errno name; enter() is the hot call and
// returns numbers instead.
import type { KvmRun } from './run.ts';

/** struct kvm_userspace_memory_region. */
export interface MemoryRegion {
  readonly slot: number;
  /** KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY. */
  readonly flags: number;
  /** Guest-physical address, page-aligned. */
  readonly guestPhysAddr: number;
  /** Bytes, page-aligned; 0 deletes the slot. */
  readonly memorySize: number;
  /** Where the backing lies: a page-aligned byte offset into the VM's host memory (GuestMemory's arena). */
  readonly userspaceAddr: number;
}

/** struct kvm_mips_interrupt: irq 2, 3, 4, 6 raise the line, negative lowers it; cpu -1 means this vCPU. */
export interface KvmInterrupt {
  readonly cpu: number;
  readonly irq: number;
}

/** struct kvm_regs of MIPS: general registers, hi, lo and pc. 32-bit guests show sign-extended values. */
export interface KvmRegs {
  readonly gpr: bigint[];
  hi: bigint;
  lo: bigint;
  pc: bigint;
}

export interface Kvm {
  /** KVM_GET_API_VERSION: 12. */
  getApiVersion(): number;
  /** KVM_CREATE_VM. EINVAL for a machine type this architecture does not have. */
  createVm(type: number): Vm;
  /** KVM_CHECK_EXTENSION: 0 or a positive answer. */
  checkExtension(cap: number): number;
}

export interface Vm {
  checkExtension(cap: number): number;
  /** KVM_CREATE_VCPU. EINVAL out of range, EEXIST twice. */
  createVcpu(id: number): Vcpu;
  /** KVM_SET_USER_MEMORY_REGION. EINVAL, EEXIST as in api.rst; legal while vCPUs run. */
  setUserMemoryRegion(region: MemoryRegion): void;
}

/** Why a vCPU does not want to run now. */
export type VcpuWait = 'none' | 'wait' | 'spin';

export interface Vcpu {
  readonly id: number;
  readonly run: KvmRun;
  /**
   * KVM_RUN, bounded: runs at most to the guest instant `deadline` (see VmClock; the step that crosses it completes,
   * a branch and its delay slot being one step). Returns 0 when run.exitReason says why, -EINTR (-4) at the deadline, when the guest waits
   * (see `waiting`) and for immediate exit.
   */
  enter(deadline: number): number;
  /**
   * After -EINTR: 'wait' when the guest executed WAIT and nothing is pending, 'spin' when it branches to itself for ever
   * with interrupts unable to arrive, else 'none'. `wakeAt` is the next guest instant at which the vCPU's own timer wakes it, or
   * Infinity.
   */
  readonly waiting: VcpuWait;
  readonly wakeAt: number;
  /** Would it run when entered now (not waiting, or an interrupt that ends the wait is pending)? */
  readonly runnable: boolean;
  getRegs(): KvmRegs;
  setRegs(regs: KvmRegs): void;
  /** KVM_GET_REG_LIST: all ONE_REG ids of this vCPU. */
  getRegList(): bigint[];
  /** KVM_GET_ONE_REG / KVM_SET_ONE_REG. Unknown ids: EINVAL on MIPS. */
  getOneReg(id: bigint): bigint;
  setOneReg(id: bigint, value: bigint): void;
  /** KVM_INTERRUPT. EINVAL for an irq the architecture does not take. */
  interrupt(interrupt: KvmInterrupt): void;
  /** KVM_ENABLE_CAP on the vCPU. */
  enableCap(cap: number, flags: number, args: readonly bigint[]): void;
}

/**
 * Guest time: one number per VM. `instructions` counts what all vCPUs retired (plus one per exception taken, interrupts excepted), `now` is nanoseconds:
 * instructions x nsPerInstruction + idle time skipped. Instants and deadlines are `now` values.
 */
export interface VmClock {
  readonly instructions: number;
  readonly now: number;
  readonly nsPerInstruction: number;
  /** Skip idle guest time to `instant` (ignored when it lies in the past). */
  skipTo(instant: number): void;
}
