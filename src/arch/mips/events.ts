// What a trap-and-emulate guest makes KVM do, in the words of its exit counters and trace events (arch/mips/kvm/{mips,emulate}.c, trace.h;
// reference MIPS.md A11, A12): every privileged instruction traps as "coprocessor unusable", RDHWR as a reserved instruction, and
// guest exceptions come by under their own codes.
import { Access, type CoreObserver, type CoreServices } from '../../cpu/isa/architecture.ts';
import type { StatName } from '../../kvm/stats.ts';
import { type HwrOperation, KVM_TRACE_COP0, KVM_TRACE_EXIT_CACHE, KVM_TRACE_HWR } from '../../kvm/trace.ts';
import { EXC } from './registers.ts';

/** Event names, in the order of their numbers. */
export const EVENTS = ['exit', 'exception', 'mfc0', 'mtc0', 'rdhwr', 'asidChange', 'hypcall'] as const;

/** Counters by exception code, and by KVM's own exit reasons. */
const STAT_OF: ReadonlyMap<number, StatName> = new Map([
  [EXC.Mod, 'tlbmod'],
  [EXC.TLBL, 'tlbmiss_ld'],
  [EXC.TLBS, 'tlbmiss_st'],
  [EXC.AdEL, 'addrerr_ld'],
  [EXC.AdES, 'addrerr_st'],
  [EXC.Sys, 'syscall'],
  [EXC.Bp, 'break_inst'],
  [EXC.RI, 'resvd_inst'],
  [EXC.CpU, 'cop_unusable'],
  [EXC.Tr, 'trap_inst'],
  [EXC.FPE, 'fpe'],
  [KVM_TRACE_EXIT_CACHE, 'cache'],
]);

/** Tell the observer what event `number` means. */
export function reportEvent(
  { observer, hypercallAnswered }: Pick<CoreServices, 'observer' | 'hypercallAnswered'>,
  number: number,
  a: number,
  b: number,
): void {
  const hwr = (op: HwrOperation, reg: number): void => observer.trace({ event: 'kvm_hwr', op, reg, val: b >>> 0 });
  switch (EVENTS[number]) {
    case 'exit':
      reportExit(observer, a, observer.exitPc);
      return;
    case 'exception':
      reportExit(observer, a, b);
      return;
    case 'mfc0':
      hwr('MFC0', KVM_TRACE_COP0(a >> 3, a & 7));
      return;
    case 'mtc0':
      hwr('MTC0', KVM_TRACE_COP0(a >> 3, a & 7));
      return;
    case 'rdhwr':
      hwr('RDHWR', KVM_TRACE_HWR(a, 0));
      return;
    case 'asidChange':
      observer.asidChanged(a & 0xff, b & 0xff);
      return;
    case 'hypcall':
      if (!hypercallAnswered) reportExit(observer, EXC.CpU, observer.exitPc); // once, not again with its answer
      return;
    default:
      throw new Error(`no MIPS event ${number}`);
  }
}

/** An exit with an exception code or one of KVM's own reasons at `pc`. Interrupts that the guest takes are no exits. */
export function reportExit(observer: CoreObserver, reason: number, pc: number): void {
  const stat = STAT_OF.get(reason);
  if (!stat) return;
  observer.count(stat);
  observer.exit(pc, reason);
}

/** The exception code by which a host CPU would come out of a guest's access to a device. */
export function deviceAccessReason(access: Access, why: 'segment' | 'no memory' | 'readonly'): number {
  if (why === 'readonly') return EXC.Mod;
  const write = access === Access.WRITE;
  if (why === 'segment') return write ? EXC.AdES : EXC.AdEL;
  return write ? EXC.TLBS : EXC.TLBL;
}
