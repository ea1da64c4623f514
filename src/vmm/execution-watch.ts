// Several who want to hear of executions, of one core that tells one listener.

/** vCPU `cpu` is about to run the instruction at `pc`: is its KVM_RUN to come back before it? */
type Hit = (cpu: number, pc: number) => boolean;
/** As the core says it: with the guest-physical address. */
type CoreHit = (cpu: number, pc: number, physical: number) => boolean;

/** Where somebody watches; a virtual address is one in every address space. */
export interface WatchedPlaces {
  readonly physical: readonly number[];
  readonly virtual: readonly number[];
}

interface Watcher {
  /** Behind addresses of unmapped segments; guest-physical; virtual. */
  readonly unmapped: ReadonlySet<number>;
  readonly physical: ReadonlySet<number>;
  readonly virtual: ReadonlySet<number>;
  readonly hit: CoreHit;
}

export interface ExecutionWatches {
  /** `addresses` are of unmapped segments. */
  watchExecution(who: string, addresses: readonly number[], hit: Hit): void;
  watchPlaces(who: string, places: WatchedPlaces, hit: CoreHit): void;
}

/**
 * `toPhysical`: of an unmapped-segment address, else undefined. `watch`: the core's, which replaces what was watched before; it takes and tells
 * guest-physical and virtual addresses as machine.ts and cpu/exec/host-watch.ts say.
 */
export function executionWatches(
  toPhysical: (address: number) => number | undefined,
  watch: (physical: readonly number[], hit: CoreHit, virtual: readonly number[]) => void,
): ExecutionWatches {
  const watchers = new Map<string, Watcher>();
  const set = (who: string, watcher: Watcher): void => {
    // Who has come first stays so, also while he watches nothing.
    watchers.set(who, watcher);
    const all = [...watchers.values()];
    watch(
      all.flatMap(({ unmapped, physical }) => [...unmapped, ...physical]),
      (cpu, pc, at) => {
        const behind = toPhysical(pc);
        // Those who come after one that wants to stop are asked when the guest goes on, as it is then.
        for (const { unmapped, physical, virtual, hit } of watchers.values()) {
          const isThere = (behind !== undefined && unmapped.has(behind)) || physical.has(at) || virtual.has(pc);
          if (isThere && hit(cpu, pc, at)) return true;
        }
        return false;
      },
      all.flatMap(({ virtual }) => [...virtual]),
    );
  };
  return {
    watchExecution: (who, addresses, hit) => {
      const unmapped = addresses.map(toPhysical).filter((address) => address !== undefined);
      set(who, { unmapped: new Set(unmapped), physical: new Set(), virtual: new Set(), hit });
    },
    watchPlaces: (who, { physical, virtual }, hit) =>
      set(who, { unmapped: new Set(), physical: new Set(physical), virtual: new Set(virtual), hit }),
  };
}
