// table: exit counters under the kernel's names (arch/mips/kvm/mips.c debugfs_entries, virt/kvm halt statistics, arch/arm/kvm/guest.c; reference MIPS.md
// A11). They count architectural events, the same with any engine, as with dynamic translation off.

export interface StatSpec {
  readonly name: string;
  /** Happens in generated code: counted only while the VM observes its guest (`--stat`). */
  readonly hot: boolean;
  /** Depends on the host, so that two equal runs may differ. */
  readonly host: boolean;
  readonly means: string;
}

const hot = (means: string) => ({ hot: true, host: false, means }) as const;
const always = (means: string) => ({ hot: false, host: false, means }) as const;
const ofHost = (means: string) => ({ hot: false, host: true, means }) as const;

const SPECS = {
  wait: always('WAIT executed; on ARM WFI, and WFE that waits'),
  cache: hot('CACHE executed'),
  signal: ofHost('KVM_RUN came back at its deadline: how often is up to the host'),
  interrupt: always('a host interrupt: the emulated host has none'),
  cop_unusable: hot('coprocessor unusable: every privileged instruction, and FPU instructions'),
  tlbmod: hot('store through a TLB entry that is not dirty, or to a READONLY slot'),
  tlbmiss_ld: hot('load or fetch without a valid TLB entry, or from a page without memory'),
  tlbmiss_st: hot('store without a valid TLB entry, or to a page without memory'),
  addrerr_st: hot('store with an address error, MMIO through host KSEG0/1 among them'),
  addrerr_ld: hot('load or fetch with an address error, MMIO through host KSEG0/1 among them'),
  syscall: hot('SYSCALL'),
  resvd_inst: hot('reserved instruction, RDHWR among them'),
  break_inst: hot('BREAK'),
  trap_inst: hot('conditional trap taken'),
  msa_fpe: hot('MSA floating point exception'),
  fpe: hot('floating point exception'),
  msa_disabled: hot('MSA disabled'),
  flush_dcache: always('data cache flush: the emulated core has no cache'),
  vz_gpsi: hot('VZ: guest privileged sensitive instruction'),
  vz_gsfc: hot('VZ: guest software field change'),
  vz_hc: hot('VZ: hypercall'),
  vz_grr: hot('VZ: guest reserved instruction redirect'),
  vz_gva: hot('VZ: guest virtual address'),
  vz_ghfc: hot('VZ: guest hardware field change'),
  vz_gpa: hot('VZ: guest physical address'),
  vz_resvd: hot('VZ: reserved guest exit'),
  halt_successful_poll: always('host polling before a halt: the emulated host does not poll'),
  halt_attempted_poll: always('host polling before a halt'),
  halt_poll_success_ns: always('host polling before a halt'),
  halt_poll_fail_ns: always('host polling before a halt'),
  halt_poll_invalid: always('host polling before a halt'),
  halt_wakeup: always('a waiting vCPU was woken'),
  hvc_exit_stat: hot('ARM: HVC, a call of PSCI'),
  wfe_exit_stat: hot('ARM: WFE that waits'),
  wfi_exit_stat: hot('ARM: WFI that waits'),
  mmio_exit_user: always('MMIO access that left to user space'),
  mmio_exit_kernel: always('MMIO access served by an in-kernel device, an ioeventfd or the coalesced ring'),
} as const;

export type StatName = keyof typeof SPECS;
/** A counter that is not counted in this VM is null. */
export type VcpuStats = Readonly<Record<StatName, number | null>>;

/** Every counter, in the kernel's order. */
export const STAT_NAMES = Object.keys(SPECS) as readonly StatName[];

/** The counters of a run, all vCPUs together: what would differ between two equal runs is null. */
export function sumStats(all: readonly VcpuStats[]): VcpuStats {
  const sum = (name: StatName): number | null => {
    if (statSpec(name).host) return null;
    return all.reduce<number | null>((total, stats) => {
      const count = stats[name];
      return total === null || count === null ? null : total + count;
    }, 0);
  };
  return Object.fromEntries(STAT_NAMES.map((name) => [name, sum(name)])) as VcpuStats;
}

export function statSpec(name: StatName): StatSpec {
  return { name, ...SPECS[name] };
}
