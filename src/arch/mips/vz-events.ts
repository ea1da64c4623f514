// What a VZ guest makes KVM do (arch/mips/kvm/vz.c; reference MIPS.md C4). Such a guest has its own CP0 and TLB, so most of what traps under trap-and-emulate
// runs without KVM: left are accesses to what the guest's CP0 does not have (GPSI), changes of fields that KVM polices (GSFC), hypercalls, and
// device accesses. The guest owns the hardware timer, as KVM lets it while it runs: Count and Compare do not exit.
//
// Redirected exceptions (GRR) and translation exits of the guest's own (GVA, GPA) need root controls that KVM leaves off: they do not happen.
import type { CoreServices } from '../../cpu/isa/architecture.ts';
import type { StatName } from '../../kvm/stats.ts';
import {
  KVM_TRACE_COP0,
  KVM_TRACE_EXIT_CACHE,
  KVM_TRACE_EXIT_GEXCCODE_BASE,
  KVM_TRACE_EXIT_WAIT,
} from '../../kvm/trace.ts';
import { EVENTS } from './events.ts';
import { CAUSE, CP0, STATUS } from './registers.ts';

/** GuestCtl0.GExcCode. */
const GEXC = { GPSI: 0, GSFC: 1, HC: 2 } as const;
const STAT_OF: Readonly<Record<number, StatName>> = {
  [GEXC.GPSI]: 'vz_gpsi',
  [GEXC.GSFC]: 'vz_gsfc',
  [GEXC.HC]: 'vz_hc',
};

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
  cp0(17, 1), // MAAR
  cp0(17, 2), // MAARI
  CP0.ERRCTL,
]);

/** Fields whose change KVM has to hear of. */
const POLICED: ReadonlyMap<number, number> = new Map([
  [CP0.STATUS, STATUS.CU1 | STATUS.FR],
  [CP0.CAUSE, CAUSE.DC | CAUSE.IV],
  [CP0.INTCTL, 0x3e0], // vector spacing
  [CP0.CONFIG5, 0xffffffff],
]);

/** CACHE operations 0 to 3 go by index. */
const isIndexOperation = (op: number): boolean => op >> 2 < 4;

/** Tell the observer what event `number` means. */
export function reportVzEvent(
  { observer, hypercallAnswered, banks, i32 }: CoreServices,
  number: number,
  a: number,
  b: number,
): void {
  const exit = (code: number): void => {
    observer.count(STAT_OF[code]!);
    observer.exit(observer.exitPc, KVM_TRACE_EXIT_GEXCCODE_BASE + code);
  };
  const register = (op: 'MFC0' | 'MTC0'): void => {
    observer.trace({ event: 'kvm_hwr', op, reg: KVM_TRACE_COP0(a >> 3, a & 7), val: b >>> 0 });
  };
  switch (EVENTS[number]) {
    case 'mfc0':
      if (!SENSITIVE.has(a)) return;
      exit(GEXC.GPSI);
      register('MFC0');
      return;
    case 'mtc0': {
      const changed = i32[(banks.cp0!.offset >> 2) + a]! ^ b;
      const policed = (changed & (POLICED.get(a) ?? 0)) !== 0;
      if (!policed && !SENSITIVE.has(a)) return;
      exit(policed ? GEXC.GSFC : GEXC.GPSI);
      register('MTC0');
      return;
    }
    case 'exit':
      if (a === KVM_TRACE_EXIT_WAIT) exit(GEXC.GPSI);
      if (a !== KVM_TRACE_EXIT_CACHE || !isIndexOperation(b)) return;
      exit(GEXC.GPSI);
      observer.count('cache');
      return;
    case 'hypcall':
      if (!hypercallAnswered) exit(GEXC.HC);
      return;
    default: // the guest's own affair
  }
}
