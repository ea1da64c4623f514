// table: trace events as the kernel's trace output shows them: ftrace's line, and of each event the text of its TP_printk (arch/mips/kvm/trace.h,
// arch/arm/kvm/trace.h, virt/kvm/arm/trace.h, include/trace/events/kvm.h), so that what reads a kernel's trace reads this. Each line ends with
// `@N`, the instructions retired by then.
import { ExitReason, exitReasonName } from './constants.ts';
import {
  KVM_TRACE_COP0,
  KVM_TRACE_EXIT_ARM_IRQ,
  KVM_TRACE_EXIT_ARM_TRAP_BASE,
  KVM_TRACE_EXIT_CACHE,
  KVM_TRACE_EXIT_GEXCCODE_BASE,
  KVM_TRACE_EXIT_SIGNAL,
  KVM_TRACE_EXIT_WAIT,
  KVM_TRACE_HWR,
  type TraceEvent,
  type TracePlace,
} from './trace.ts';

interface ReasonName {
  /** The kernel's, in traces. */
  readonly traced: string;
  /** The exit counter that counts it (stats.ts), or what would be one. */
  readonly counter: string;
}

const reason = (traced: string, counter: string): ReasonName => ({ traced, counter });
const gexc = (code: number): number => KVM_TRACE_EXIT_GEXCCODE_BASE + code;
const hsr = (ec: number): number => KVM_TRACE_EXIT_ARM_TRAP_BASE + ec;

const REASONS: ReadonlyMap<number, ReasonName> = new Map([
  [0, reason('Interrupt', 'interrupt')],
  [1, reason('TLB Mod', 'tlbmod')],
  [2, reason('TLB Miss (LD)', 'tlbmiss_ld')],
  [3, reason('TLB Miss (ST)', 'tlbmiss_st')],
  [4, reason('Address Error (LD)', 'addrerr_ld')],
  [5, reason('Address Err (ST)', 'addrerr_st')],
  [8, reason('System Call', 'syscall')],
  [9, reason('Break Inst', 'break_inst')],
  [10, reason('Reserved Inst', 'resvd_inst')],
  [11, reason('COP0/1 Unusable', 'cop_unusable')],
  [13, reason('Trap Inst', 'trap_inst')],
  [14, reason('MSA FPE', 'msa_fpe')],
  [15, reason('FPE', 'fpe')],
  [21, reason('MSA Disabled', 'msa_disabled')],
  [27, reason('Guest Exit', 'vz')],
  [KVM_TRACE_EXIT_WAIT, reason('WAIT', 'wait')],
  [KVM_TRACE_EXIT_CACHE, reason('CACHE', 'cache')],
  [KVM_TRACE_EXIT_SIGNAL, reason('Signal', 'signal')],
  [gexc(0), reason('GPSI', 'vz_gpsi')],
  [gexc(1), reason('GSFC', 'vz_gsfc')],
  [gexc(2), reason('HC', 'vz_hc')],
  [gexc(3), reason('GRR', 'vz_grr')],
  [gexc(8), reason('GVA', 'vz_gva')],
  [gexc(9), reason('GHFC', 'vz_ghfc')],
  [gexc(10), reason('GPA', 'vz_gpa')],
  [KVM_TRACE_EXIT_ARM_IRQ, reason('IRQ', 'signal')],
  [hsr(0x00), reason('Unknown', 'unknown')],
  [hsr(0x01), reason('WFI', 'wfx')],
  [hsr(0x03), reason('CP15_32', 'cp15')],
  [hsr(0x04), reason('CP15_64', 'cp15')],
  [hsr(0x05), reason('CP14_MR', 'cp14')],
  [hsr(0x06), reason('CP14_LS', 'cp14')],
  [hsr(0x07), reason('CP_0_13', 'vfp')],
  [hsr(0x08), reason('CP10_ID', 'vfp')],
  [hsr(0x0a), reason('BXJ', 'bxj')],
  [hsr(0x0c), reason('CP14_64', 'cp14')],
  [hsr(0x11), reason('SVC_HYP', 'svc')],
  [hsr(0x12), reason('HVC', 'hvc')],
  [hsr(0x13), reason('SMC', 'smc')],
  [hsr(0x20), reason('IABT', 'iabt')],
  [hsr(0x21), reason('IABT_HYP', 'iabt')],
  [hsr(0x24), reason('DABT', 'dabt')],
  [hsr(0x25), reason('DABT_HYP', 'dabt')],
]);

/** The exit counter that stands for a kvm_exit's reason: `tlbmiss_ld`. */
export function exitCounterName(code: number): string {
  return REASONS.get(code)?.counter ?? `reason ${code}`;
}

const cop0 = KVM_TRACE_COP0;
const hwr = KVM_TRACE_HWR;
const HWR_REGISTERS: ReadonlyMap<number, string> = new Map([
  [cop0(0, 0), 'Index'],
  [cop0(2, 0), 'EntryLo0'],
  [cop0(3, 0), 'EntryLo1'],
  [cop0(4, 0), 'Context'],
  [cop0(4, 2), 'UserLocal'],
  [cop0(5, 0), 'PageMask'],
  [cop0(6, 0), 'Wired'],
  [cop0(7, 0), 'HWREna'],
  [cop0(8, 0), 'BadVAddr'],
  [cop0(9, 0), 'Count'],
  [cop0(10, 0), 'EntryHi'],
  [cop0(11, 0), 'Compare'],
  [cop0(12, 0), 'Status'],
  [cop0(12, 1), 'IntCtl'],
  [cop0(12, 2), 'SRSCtl'],
  [cop0(13, 0), 'Cause'],
  [cop0(14, 0), 'EPC'],
  [cop0(15, 0), 'PRId'],
  [cop0(15, 1), 'EBase'],
  [cop0(16, 0), 'Config'],
  [cop0(16, 1), 'Config1'],
  [cop0(16, 2), 'Config2'],
  [cop0(16, 3), 'Config3'],
  [cop0(16, 4), 'Config4'],
  [cop0(16, 5), 'Config5'],
  [cop0(16, 7), 'Config7'],
  [cop0(17, 1), 'MAAR'],
  [cop0(17, 2), 'MAARI'],
  [cop0(26, 0), 'ECC'],
  [cop0(30, 0), 'ErrorEPC'],
  [cop0(31, 2), 'KScratch1'],
  [cop0(31, 3), 'KScratch2'],
  [cop0(31, 4), 'KScratch3'],
  [cop0(31, 5), 'KScratch4'],
  [cop0(31, 6), 'KScratch5'],
  [cop0(31, 7), 'KScratch6'],
  [hwr(0, 0), 'CPUNum'],
  [hwr(1, 0), 'SYNCI_Step'],
  [hwr(2, 0), 'CC'],
  [hwr(3, 0), 'CCRes'],
  [hwr(29, 0), 'ULR'],
]);

/** kvm_hwr's register: `Compare`; one that the kernel has no name for as a hexadecimal number, as there. */
export function hwrRegisterName(reg: number): string {
  return HWR_REGISTERS.get(reg) ?? `0x${reg.toString(16)}`;
}

const MMIO_TYPES = ['unsatisfied-read', 'read', 'write'];
const IRQ_TYPES = ['CPU', 'VGIC SPI', 'VGIC PPI'];
const EINTR = 4;

/** `%08lx`. */
const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const bare = (value: number): string => value.toString(16);

function exitText(code: number, pc: number): string {
  const { traced } = REASONS.get(code) ?? { traced: `0x${bare(code)}` };
  if (code < KVM_TRACE_EXIT_ARM_IRQ) return `[${traced}]PC: 0x${word(pc)}`;
  const trap = code >= KVM_TRACE_EXIT_ARM_TRAP_BASE;
  const ec = trap ? code - KVM_TRACE_EXIT_ARM_TRAP_BASE : 0;
  const [kind, name] = trap ? ['TRAP', traced] : ['IRQ', 'Unknown'];
  return `${kind}: HSR_EC: 0x${bare(ec).padStart(4, '0')} (${name}), PC: 0x${word(pc)}`;
}

function userspaceExitText(code: number, errno: number): string {
  if (errno < 0) return `reason ${-errno === EINTR ? 'restart' : 'error'} (${-errno})`;
  const known = (Object.values(ExitReason) as number[]).includes(code);
  return `reason ${known ? `KVM_EXIT_${exitReasonName(code)}` : `0x${bare(code)}`} (${code})`;
}

/** What the kernel prints of an event after its name. */
export function eventText(event: TraceEvent): string {
  switch (event.event) {
    case 'kvm_enter':
    case 'kvm_reenter':
    case 'kvm_out':
    case 'kvm_entry':
      return `PC: 0x${word(event.pc)}`;
    case 'kvm_exit':
      return exitText(event.reason, event.pc);
    case 'kvm_hwr': {
      const { op, reg, val } = event;
      const space = reg >> 8 === 0 ? 'COP0' : 'HWR';
      return `${op} ${hwrRegisterName(reg)} (${space}:${(reg >> 3) & 0x1f}:${reg & 7}) 0x${word(val)}`;
    }
    case 'kvm_aux':
      return `${event.op} ${event.state} PC: 0x${word(event.pc)}`;
    case 'kvm_asid_change':
      return `PC: 0x${word(event.pc)} old: 0x${bare(event.old).padStart(2, '0')} new: 0x${bare(event.new).padStart(2, '0')}`;
    case 'kvm_userspace_exit':
      return userspaceExitText(event.reason, event.errno);
    case 'kvm_mmio': {
      const { type, len, gpa, val } = event;
      return `mmio ${MMIO_TYPES[type] ?? type} len ${len} gpa 0x${bare(gpa)} val 0x${bare(val)}`;
    }
    case 'kvm_set_irq':
      return `gsi ${event.gsi} level ${event.level} source 0`;
    case 'kvm_irq_line': {
      const { type, vcpu, num, level } = event;
      const kind = IRQ_TYPES[type] ?? 'UNKNOWN';
      return `Inject ${kind} interrupt (${type}), vcpu->idx: ${vcpu}, num: ${num}, level: ${level}`;
    }
    case 'kvm_hvc':
      return `HVC at 0x${word(event.pc)} (r0: 0x${word(event.r0)}, imm: 0x${bare(event.imm)})`;
    case 'kvm_wfx':
      return `guest executed wf${event.isWfe ? 'e' : 'i'} at: 0x${word(event.pc)}`;
  }
}

/** Guest nanoseconds as ftrace's time stamp. */
function seconds(ns: number): string {
  const whole = Math.floor(ns / 1e9);
  const rest = Math.floor(ns % 1e9);
  return `${whole.toString().padStart(5)}.${rest.toString().padStart(9, '0')}`;
}

/** The columns that all lines of a trace begin with: task and its number, CPU, time stamp. Each vCPU is a task on a CPU of its own. */
export function tracePlaceText({ vcpu, now }: Pick<TracePlace, 'vcpu' | 'now'>): string {
  return `${`tsvm-${vcpu + 1}`.padStart(12)} [${vcpu.toString().padStart(3, '0')}] ${seconds(now)}`;
}

/** `      tsvm-1 [000]     0.123456780: kvm_exit: [System Call]PC: 0x80101234  @12345678`. */
export function traceLine(place: TracePlace, event: TraceEvent): string {
  return `${tracePlaceText(place)}: ${event.event}: ${eventText(event)}  @${place.instructions}`;
}

/** What stands above a trace. */
export const TRACE_HEADER = [
  '# tracer: nop',
  '#',
  '#   TASK-PID  CPU#     TIMESTAMP  FUNCTION',
  '#        | |    |          |         |',
].join('\n');
