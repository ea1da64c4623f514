// What a VZ guest makes KVM do (arch/mips/kvm/vz.c; reference MIPS.md C4). Such a guest has its own CP0 and TLB, so most of what traps under trap-and-emulate
// runs without KVM: left are accesses to what the guest's CP0 does not have (GPSI), changes of fields that KVM polices (GSFC), hypercalls, and
// device accesses. The guest owns the hardware timer, as KVM lets it while Count runs at the host's rate: then only writes of Count exit.
//
// Redirected exceptions (GRR) and translation exits of the guest's own (GVA, GPA) need root controls that KVM leaves off: they do not happen.
import type { CoreServices } from '../../cpu/isa/architecture.ts';
import type { StatName } from '../../kvm/stats.ts';
import {
  KVM_TRACE_COP0,
  KVM_TRACE_EXIT_CACHE,
  KVM_TRACE_EXIT_GEXCCODE_BASE,
  KVM_TRACE_EXIT_WAIT,
  KVM_TRACE_HWR,
} from '../../kvm/trace.ts';
import { EVENTS } from './events.ts';
import { CAUSE, CP0, STATUS } from './registers.ts';
import { DEFAULT_COUNT_HZ } from './state.ts';

/** The root context's ExcCode of a guest exit; GuestCtl0.GExcCode says which. */
const EXC_GE = 27;
/** GuestCtl0.GExcCode. */
const GEXC = { GPSI: 0, GSFC: 1, HC: 2 } as const;
const STAT_OF: Readonly<Record<number, StatName>> = {
  [GEXC.GPSI]: 'vz_gpsi',
  [GEXC.GSFC]: 'vz_gsfc',
  [GEXC.HC]: 'vz_hc',
};

const HWR_CC = 2;

const cp0 = (rd: number, sel: number): number => 8 * rd + sel;

/** Registers that KVM reads and writes for the guest. */
const SENSITIVE: ReadonlySet<number> = new Set([
  CP0.SRSCTL,
  cp0(12, 3), // SRSMap
  CP0.PRID,
  cp0(15, 2), // CDMMBase
  cp0(15, 3), // CMGCRBase
  cp0(16, 6), // Config6
  CP0.CONFIG7,
  CP0.LLADDR,
  CP0.ERRCTL,
]);
/** The timer, which is the guest's own while KVM does not have to keep it in software. */
const TIMER: ReadonlySet<number> = new Set([CP0.COUNT, CP0.COMPARE]);

/** Fields whose change KVM has to hear of; IntCtl.VS and Config5, which it polices too, are not in these CPU models. */
const POLICED: ReadonlyMap<number, number> = new Map([
  [CP0.STATUS, STATUS.CU1 | STATUS.FR],
  [CP0.CAUSE, CAUSE.DC | CAUSE.IV],
]);

/** CACHE operations on tags by index. By address (GuestCtl0.CG) and invalidation by index (GuestCtl0Ext.CGI) are the guest's own. */
const isTagOperation = (op: number): boolean => op >> 2 > 0 && op >> 2 < 4;

/** Tell the observer what event `number` means. */
export function reportVzEvent(
  { observer, hypercallAnswered, banks, i32 }: CoreServices,
  number: number,
  a: number,
  b: number,
): void {
  const exit = (code: number): void => {
    observer.count(STAT_OF[code]!);
    observer.exit(observer.exitPc, EXC_GE);
    observer.exit(observer.exitPc, KVM_TRACE_EXIT_GEXCCODE_BASE + code);
  };
  const register = (op: 'MFC0' | 'MTC0'): void => {
    observer.trace({ event: 'kvm_hwr', op, reg: KVM_TRACE_COP0(a >> 3, a & 7), val: b >>> 0 });
  };
  const softTimer = i32[banks.countRate!.offset >> 2] !== DEFAULT_COUNT_HZ; // stopped, or not at the host's rate
  switch (EVENTS[number]) {
    case 'mfc0':
      if (!SENSITIVE.has(a) && !(softTimer && TIMER.has(a))) return;
      exit(GEXC.GPSI);
      register('MFC0');
      return;
    case 'mtc0': {
      const changed = i32[(banks.cp0!.offset >> 2) + a]! ^ b;
      const policed = (changed & (POLICED.get(a) ?? 0)) !== 0;
      const timer = a === CP0.COUNT || (softTimer && TIMER.has(a));
      if (!policed && !SENSITIVE.has(a) && !timer) return;
      exit(policed ? GEXC.GSFC : GEXC.GPSI);
      register('MTC0');
      return;
    }
    case 'rdhwr':
      if (!softTimer || a !== HWR_CC) return;
      exit(GEXC.GPSI);
      observer.trace({ event: 'kvm_hwr', op: 'RDHWR', reg: KVM_TRACE_HWR(a, 0), val: b >>> 0 });
      return;
    case 'exit':
      if (a === KVM_TRACE_EXIT_WAIT) exit(GEXC.GPSI);
      if (a !== KVM_TRACE_EXIT_CACHE || !isTagOperation(b)) return;
      exit(GEXC.GPSI);
      observer.exit(observer.exitPc, KVM_TRACE_EXIT_CACHE); // but VZ KVM counts no `cache`
      return;
    case 'hypcall':
      if (!hypercallAnswered) exit(GEXC.HC);
      return;
    default: // the guest's own affair
  }
}
