// A run that can be observed: what was asked for when it started (--stat, --trace), and whoever comes later.
import type { TraceSink } from '../../kvm/trace.ts';
import type { ListedArchitecture } from '../../vmm/emulated-code.ts';
import type { Machine } from '../../vmm/machine.ts';
import type { StatTable } from '../stats.ts';
import { ExitProfile } from './exit-profile.ts';
import { mmioNames } from './mmio-names.ts';
import { mnemonics } from './mnemonics.ts';
import { collectStat } from './stat.ts';
import { type Watch, Watchers } from './watchers.ts';

export interface ObservedRun {
  /** Observe the guest beside whoever else does. Returns how to end it. Between two KVM_RUNs; no effect on the guest. */
  watch(watch: Watch): () => void;
  /** See collectStat; `runs`: it neither stands nor has ended. `symbolize`: `name+0x10`, or null. */
  stat(forMs: number, runs: boolean, symbolize: (address: number) => string | null): Promise<StatTable>;
}

type ObservedMachine = Pick<Machine, 'observe' | 'vcpus' | 'clock' | 'windows' | 'devices' | 'memory' | 'toPhysical'>;

/** `sleep` resolves after so many host milliseconds; `architecture` is the CPU, for reading the code that exits. */
export function observedRun(
  machine: ObservedMachine,
  {
    stat = false,
    trace = null,
  }: { readonly stat?: boolean | undefined; readonly trace?: TraceSink | null | undefined },
  sleep: (ms: number) => Promise<void>,
  architecture: ListedArchitecture | null = null,
): ObservedRun {
  const watchers = new Watchers((watch) => machine.observe(watch));
  const profile = stat ? new ExitProfile() : null;
  profile?.begin(machine.clock.now);
  if (profile) watchers.add({ stats: true, trace: profile });
  if (trace) watchers.add({ stats: false, trace });
  const mnemonic = architecture ? mnemonics(machine, architecture) : () => null;
  const watch = (mine: Watch): (() => void) => watchers.add(mine);
  return {
    watch,
    stat: (forMs, runs, symbolize) => {
      const source = {
        get clock() {
          return { instructions: machine.clock.instructions, guestTimeNs: machine.clock.now };
        },
        runs,
        stats: () => machine.vcpus.map((vcpu) => vcpu.stats()),
        watch,
        names: () => ({
          symbolize,
          mnemonic,
          mmio: mmioNames(
            machine.windows(),
            // A window is called as its device calls itself, or as the board calls that.
            machine.devices.flatMap(({ name, device }) =>
              [...new Set([device.name, name])].map((called) => ({
                name: called,
                registers: () => device.registers(),
              })),
            ),
          ),
        }),
        profile,
      };
      return collectStat(source, forMs, sleep);
    },
  };
}
