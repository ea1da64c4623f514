// What an ARM guest makes KVM do, in the words of its exit counters and trace events (arch/arm/kvm/{guest,handle_exit,trace.h}; reference ARM.md 4):
// device accesses come as data aborts, WFI and WFE that would wait are trapped, HVC calls PSCI. Of the bare machine that begins in Hyp mode the same
// is told, with SMC for PSCI. What KVM traps of CP15 and CP14 for its own sake (TVM, TAC, TIDCP, set/way) is not told: it changes nothing here.
import type { CoreObserver, CoreServices } from '../../cpu/isa/architecture.ts';
import {
  KVM_TRACE_EXIT_ARM_IRQ,
  KVM_TRACE_EXIT_ARM_TRAP_BASE,
  KVM_TRACE_EXIT_SIGNAL,
  KVM_TRACE_EXIT_WAIT,
  type TraceEvent,
} from '../../kvm/trace.ts';
import { TRAP } from './registers.ts';
import { HSR_EC } from './syndrome.ts';

/** Event names, in the order of their numbers. */
export const EVENTS = ['wfi', 'wfe', 'firmware'] as const;

/** KVM_ARM_IRQ_TYPE_SPI and _PPI: boards name a line of the GIC by its number, of which the first SPI is this. */
const IRQ_TYPE = { SPI: 1, PPI: 2 } as const;
const FIRST_SPI = 32;

const trapped = (ec: number): number => KVM_TRACE_EXIT_ARM_TRAP_BASE + ec;
const even = (pc: number): number => (pc & ~1) >>> 0;

/** Tell the observer what event `number` means. */
export function reportEvent(
  { observer, banks, i32 }: Pick<CoreServices, 'observer' | 'banks' | 'i32'>,
  number: number,
  a: number,
  b: number,
): void {
  const waits = (isWfe: boolean): void => {
    const pc = even(observer.exitPc);
    observer.count(isWfe ? 'wfe_exit_stat' : 'wfi_exit_stat');
    observer.exit(pc, trapped(HSR_EC.WFX));
    observer.trace({ event: 'kvm_wfx', pc, isWfe });
  };
  switch (EVENTS[number]) {
    case 'wfi':
      if (a !== 0) waits(false);
      return;
    case 'wfe':
      waits(true);
      return;
    case 'firmware': {
      const pc = even(b);
      const isHvc = (a & 0xf) === TRAP.HVC;
      if (isHvc) observer.count('hvc_exit_stat');
      observer.exit(pc, trapped(isHvc ? HSR_EC.HVC : HSR_EC.SMC));
      const r0 = i32[banks.gpr!.offset >> 2]! >>> 0;
      if (isHvc) observer.trace({ event: 'kvm_hvc', pc, r0, imm: (a >>> 4) & 0xffff });
      return;
    }
    default:
      throw new Error(`no ARM event ${number}`);
  }
}

/** A data access goes to a device. */
export function reportDeviceAccess(observer: CoreObserver): void {
  observer.exit(even(observer.exitPc), trapped(HSR_EC.DATA_ABORT));
}

/** What KVM/ARM calls an event of the engine's; null: it has none. */
export function kvmWords(event: TraceEvent): TraceEvent | null {
  switch (event.event) {
    case 'kvm_enter':
    case 'kvm_reenter':
      return { event: 'kvm_entry', pc: even(event.pc) };
    case 'kvm_out':
      return null;
    case 'kvm_exit':
      if (event.reason === KVM_TRACE_EXIT_WAIT) return null; // the instruction has told it
      if (event.reason !== KVM_TRACE_EXIT_SIGNAL) return event;
      return { event: 'kvm_exit', pc: even(event.pc), reason: KVM_TRACE_EXIT_ARM_IRQ };
    case 'kvm_set_irq': {
      const { gsi, level } = event;
      const type = gsi < FIRST_SPI ? IRQ_TYPE.PPI : IRQ_TYPE.SPI;
      return { event: 'kvm_irq_line', type, vcpu: 0, num: gsi, level };
    }
    default:
      return event;
  }
}
