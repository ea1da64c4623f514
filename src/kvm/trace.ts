// KVM trace events with the kernel's fields (arch/mips/kvm/trace.h, arch/arm/kvm/trace.h, include/trace/events/kvm.h; reference MIPS.md A12, ARM.md 4),
// to a sink.

/** kvm_exit reasons beyond the exception codes 0 to 31. */
export const KVM_TRACE_EXIT_WAIT = 32;
export const KVM_TRACE_EXIT_CACHE = 33;
export const KVM_TRACE_EXIT_SIGNAL = 34;
/** VZ: plus GuestCtl0.GExcCode. */
export const KVM_TRACE_EXIT_GEXCCODE_BASE = 64;

/**
 * KVM/ARM: no trap, an interrupt of the host; and a trap, plus the exception class in HSR. (The kernel's event has the two in fields of their own; here one
 * number says it, and whose it is.)
 */
export const KVM_TRACE_EXIT_ARM_IRQ = 0x100;
export const KVM_TRACE_EXIT_ARM_TRAP_BASE = 0x140;

/** kvm_mmio types. */
export const KVM_TRACE_MMIO_READ_UNSATISFIED = 0;
export const KVM_TRACE_MMIO_READ = 1;
export const KVM_TRACE_MMIO_WRITE = 2;

export type HwrOperation = 'MFC0' | 'MTC0' | 'RDHWR';

/** `reg` of kvm_hwr: a CP0 register, or, for RDHWR, a hardware register. */
export const KVM_TRACE_COP0 = (rd: number, sel: number): number => (rd << 3) | sel;
export const KVM_TRACE_HWR = (rd: number, sel: number): number => 0x100 | (rd << 3) | sel;

export type TraceEvent =
  /** KVM_RUN enters the guest; after an exit that KVM handles itself; KVM_RUN returns. */
  | { readonly event: 'kvm_enter' | 'kvm_reenter' | 'kvm_out'; readonly pc: number }
  | { readonly event: 'kvm_exit'; readonly pc: number; readonly reason: number }
  | { readonly event: 'kvm_hwr'; readonly op: HwrOperation; readonly reg: number; readonly val: number }
  | {
      readonly event: 'kvm_aux';
      readonly pc: number;
      readonly op: 'restore' | 'save' | 'enable' | 'disable' | 'discard';
      readonly state: 'FPU' | 'MSA' | 'FPU & MSA';
    }
  | { readonly event: 'kvm_asid_change'; readonly pc: number; readonly old: number; readonly new: number }
  | { readonly event: 'kvm_userspace_exit'; readonly reason: number; readonly errno: number }
  | {
      readonly event: 'kvm_mmio';
      readonly type: number;
      readonly len: number;
      readonly gpa: number;
      readonly val: number;
    }
  | { readonly event: 'kvm_set_irq'; readonly gsi: number; readonly level: number }
  /** KVM/ARM's words: KVM_RUN enters the guest, or goes on after an exit. */
  | { readonly event: 'kvm_entry'; readonly pc: number }
  /** KVM_IRQ_LINE: `type` is 0 for a CPU's line, 1 for an SPI, 2 for a PPI. */
  | {
      readonly event: 'kvm_irq_line';
      readonly type: number;
      readonly vcpu: number;
      readonly num: number;
      readonly level: number;
    }
  | { readonly event: 'kvm_hvc'; readonly pc: number; readonly r0: number; readonly imm: number }
  | { readonly event: 'kvm_wfx'; readonly pc: number; readonly isWfe: boolean };

/** When and where an event happened. */
export interface TracePlace {
  readonly vcpu: number;
  /** Instructions retired by all vCPUs together. */
  readonly instructions: number;
  /** Guest nanoseconds. */
  readonly now: number;
}

export interface TraceSink {
  trace(place: TracePlace, event: TraceEvent): void;
}
