// The KVM contract as objects: system, VM and vCPU "file descriptors" with the ioctls as methods
// (Linux Documentation/virt/kvm/api.rst). Calls that fail throw KvmError with an errno name; enter() is the hot call and
// returns numbers instead.
import type { CoalescedMmioRing } from './coalesced-mmio.ts';
import type { EventFd } from './eventfd.ts';
import type { KvmRun } from './run.ts';
import type { VcpuStats } from './stats.ts';

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

/** struct kvm_clear_dirty_log: bit i of `bitmap` is page `firstPage` + i of the slot. */
export interface DirtyLogRange {
  /** Bits 15:0 the slot, 31:16 the address space (0). */
  readonly slot: number;
  readonly firstPage: number;
  readonly numPages: number;
  /** At least numPages bits, rounded up to whole 64-bit words; page i is bit i % 8 of byte i / 8. */
  readonly bitmap: Uint8Array;
}

/** struct kvm_coalesced_mmio_zone. */
export interface CoalescedMmioZone {
  readonly addr: number;
  /** Bytes. */
  readonly size: number;
  /** 1 for port I/O, where the architecture has it. */
  readonly pio: number;
}

/** struct kvm_ioeventfd. */
export interface IoEventFd {
  /** Compared with the value stored when KVM_IOEVENTFD_FLAG_DATAMATCH is set. */
  readonly datamatch: bigint;
  readonly addr: number;
  /** 0 (any length), 1, 2, 4 or 8. */
  readonly len: number;
  readonly fd: EventFd;
  /** KVM_IOEVENTFD_FLAG_*. */
  readonly flags: number;
}

/** struct kvm_irq_level. */
export interface IrqLevel {
  /** Input line of the in-kernel interrupt controller. */
  readonly irq: number;
  readonly level: number;
}

/** struct kvm_translation: `linearAddress` in, the rest out. */
export interface KvmTranslation {
  readonly linearAddress: bigint;
  physicalAddress: bigint;
  valid: boolean;
  writeable: boolean;
  usermode: boolean;
}

export interface Kvm {
  /** KVM_GET_API_VERSION: 12. */
  getApiVersion(): number;
  /** KVM_GET_VCPU_MMAP_SIZE: bytes of kvm_run and of the coalesced MMIO ring. */
  getVcpuMmapSize(): number;
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
  /**
   * KVM_GET_DIRTY_LOG: one bit per page of the slot, page i in bit i % 8 of byte i / 8. What is given is forgotten, unless manual protect
   * is on. EINVAL (no such slot number), ENOENT (no slot there, or it does not log), EFAULT (`bitmap` holds less than the pages, rounded up
   * to 64).
   */
  getDirtyLog(slot: number, bitmap: Uint8Array): void;
  /** KVM_CLEAR_DIRTY_LOG: forget the pages whose bits are set. EINVAL, ENOENT, EFAULT. */
  clearDirtyLog(range: DirtyLogRange): void;
  /** KVM_ENABLE_CAP on the VM: KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2. EINVAL for anything else. */
  enableCap(cap: number, flags: number, args: readonly bigint[]): void;
  /** KVM_REGISTER_COALESCED_MMIO: stores wholly inside the zone go to the ring instead of leaving. EINVAL when pio is not 0 or 1. */
  registerCoalescedMmio(zone: CoalescedMmioZone): void;
  /** KVM_UNREGISTER_COALESCED_MMIO: every registered zone that wholly contains this one goes. EINVAL when pio is not 0 or 1. */
  unregisterCoalescedMmio(zone: CoalescedMmioZone): void;
  /** The ring that KVM shows behind every vCPU's kvm_run; user space empties it before it serves an exit. */
  readonly coalescedMmioRing: CoalescedMmioRing;
  /** KVM_IOEVENTFD: a matching store is swallowed and signals `fd`. EINVAL, EEXIST (collision), ENOENT (nothing to deassign). */
  ioeventfd(ioeventfd: IoEventFd): void;
  /** KVM_CREATE_IRQCHIP: ENOTTY where the VM has no model of one, EEXIST twice. */
  createIrqchip(): void;
  /** KVM_IRQ_LINE: ENXIO without an in-kernel interrupt controller, EINVAL for a line it does not have. */
  irqLine(line: IrqLevel): void;
}

/** Why a vCPU does not want to run now. */
export type VcpuWait = 'none' | 'wait' | 'spin';

export interface Vcpu {
  readonly id: number;
  readonly run: KvmRun;
  /**
   * KVM_RUN, bounded: runs at most to the guest instant `deadline` (see VmClock; the step that crosses it completes,
   * a branch and its delay slot being one step). Returns 0 when run.exitReason says why, -EINTR (-4) at the deadline, when the guest waits
   * (see `waiting`), when an in-kernel device raised an interrupt for another vCPU, when the guest yields (PAUSE), and for immediate exit.
   */
  enter(deadline: number): number;
  /**
   * After -EINTR: 'wait' when the guest executed WAIT and nothing is pending, 'spin' when it branches to itself for ever
   * with interrupts unable to arrive, else 'none'. `wakeAt` is the next guest instant at which the vCPU's own timer wakes it, or
   * Infinity.
   */
  readonly waiting: VcpuWait;
  readonly wakeAt: number;
  /** Does it wait with every interrupt masked, so that nothing will ever wake it? */
  readonly deaf: boolean;
  /** After -EINTR: did it come back so that another vCPU runs (a raised interrupt, PAUSE)? */
  readonly yielded: boolean;
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
  /** KVM_ENABLE_CAP on the vCPU: EINVAL for a capability that CHECK_EXTENSION answers 0, or that cannot be enabled. */
  enableCap(cap: number, flags: number, args: readonly bigint[]): void;
  /** KVM_TRANSLATE. On MIPS it succeeds and leaves the record as it was. */
  translate(translation: KvmTranslation): void;
  /** KVM_GET_MP_STATE and KVM_SET_MP_STATE. ENOTTY on MIPS. */
  getMpState(): number;
  setMpState(state: number): void;
  /** KVM_SET_GUEST_DEBUG. ENOTTY on MIPS. */
  setGuestDebug(control: number): void;
  /** Exit counters; null: not counted in this VM. */
  stats(): VcpuStats;
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
