// table: numbers of the KVM userspace contract (Linux include/uapi/linux/kvm.h, arch/mips/include/uapi/asm/kvm.h).
// Names are the kernel's.

export const KVM_API_VERSION = 12;

/** KVM_EXIT_*: why KVM_RUN returned (struct kvm_run.exit_reason). */
export const ExitReason = {
  UNKNOWN: 0,
  EXCEPTION: 1,
  IO: 2,
  HYPERCALL: 3,
  DEBUG: 4,
  HLT: 5,
  MMIO: 6,
  IRQ_WINDOW_OPEN: 7,
  SHUTDOWN: 8,
  FAIL_ENTRY: 9,
  INTR: 10,
  DCR: 15,
  INTERNAL_ERROR: 17,
  SYSTEM_EVENT: 24,
} as const;
export type ExitReason = (typeof ExitReason)[keyof typeof ExitReason];

/** The name of an exit reason, for messages. */
export function exitReasonName(reason: number): string {
  return Object.entries(ExitReason).find(([, value]) => value === reason)?.[0] ?? `exit reason ${reason}`;
}

export const KVM_INTERNAL_ERROR_EMULATION = 1;

export const KVM_SYSTEM_EVENT_SHUTDOWN = 1;
export const KVM_SYSTEM_EVENT_RESET = 2;
export const KVM_SYSTEM_EVENT_CRASH = 3;

/** KVM_CREATE_VM machine types on MIPS. */
export const KVM_VM_MIPS_AUTO = 0;
export const KVM_VM_MIPS_VZ = 1;
export const KVM_VM_MIPS_TE = 2;

/** KVM_SET_USER_MEMORY_REGION flags. */
export const KVM_MEM_LOG_DIRTY_PAGES = 1 << 0;
export const KVM_MEM_READONLY = 1 << 1;

/** KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args[0]. */
export const KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE = 1n << 0n;
export const KVM_DIRTY_LOG_INITIALLY_SET = 1n << 1n;

/** KVM_IOEVENTFD flags. */
export const KVM_IOEVENTFD_FLAG_DATAMATCH = 1 << 0;
export const KVM_IOEVENTFD_FLAG_PIO = 1 << 1;
export const KVM_IOEVENTFD_FLAG_DEASSIGN = 1 << 2;
export const KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY = 1 << 3;
/** Bit 4 is KVM's own (fast MMIO); it is not refused. */
export const KVM_IOEVENTFD_VALID_FLAG_MASK = 0x1f;

/** KVM_CAP_*: capability numbers for CHECK_EXTENSION. */
export const Cap = {
  IRQCHIP: 0,
  USER_MEMORY: 3,
  NR_VCPUS: 9,
  NR_MEMSLOTS: 10,
  MP_STATE: 14,
  COALESCED_MMIO: 15,
  SYNC_MMU: 16,
  DESTROY_MEMORY_REGION_WORKS: 21,
  SET_GUEST_DEBUG: 23,
  JOIN_MEMORY_REGIONS_WORKS: 30,
  IRQFD: 32,
  IOEVENTFD: 36,
  INTERNAL_ERROR_DATA: 40,
  ENABLE_CAP: 54,
  MAX_VCPUS: 66,
  ONE_REG: 70,
  READONLY_MEM: 81,
  DEVICE_CTRL: 89,
  ENABLE_CAP_VM: 98,
  CHECK_EXTENSION_VM: 105,
  MIPS_FPU: 111,
  MIPS_MSA: 112,
  IOEVENTFD_ANY_LENGTH: 122,
  MAX_VCPU_ID: 128,
  IMMEDIATE_EXIT: 136,
  MIPS_VZ: 137,
  MIPS_TE: 138,
  MIPS_64BIT: 139,
  MANUAL_DIRTY_LOG_PROTECT2: 168,
} as const;

/** errno names a KVM call fails with, and their Linux numbers (KVM_RUN returns the negated number). */
export const Errno = {
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  EAGAIN: 11,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ENOTTY: 25,
  ENXIO: 6,
  EOPNOTSUPP: 95,
} as const;
export type ErrnoName = keyof typeof Errno;

/** KVM_HC_MIPS_*: hypercall numbers (Linux include/uapi/linux/kvm_para.h). */
export const KVM_HC_MIPS_GET_CLOCK_FREQ = 6;
export const KVM_HC_MIPS_EXIT_VM = 7;
export const KVM_HC_MIPS_CONSOLE_OUTPUT = 8;
/** What mainline KVM answers to a hypercall it does not know. */
export const KVM_ENOSYS = -1000;
