// Several who want to hear of executions, of one core that tells one listener.
import type { Machine } from './machine.ts';

type Hit = (cpu: number, pc: number) => boolean;

/**
 * `toPhysical`: of an unmapped-segment address, else undefined. `watch`: the core's, which replaces what was watched before; it takes and tells
 * guest-physical and virtual addresses as machine.ts and cpu/exec/host-watch.ts say.
 */
export function executionWatch(
  toPhysical: (address: number) => number | undefined,
  watch: (physical: readonly number[], hit: Hit) => void,
): Machine['watchExecution'] {
  const watchers = new Map<string, { readonly addresses: ReadonlySet<number>; readonly hit: Hit }>();
  return (who, addresses, hit) => {
    const physical = addresses.map(toPhysical).filter((address) => address !== undefined);
    // Who has come first stays so, also while he watches nothing.
    watchers.set(who, { addresses: new Set(physical), hit });
    watch(
      [...watchers.values()].flatMap((watcher) => [...watcher.addresses]),
      (cpu, pc) => {
        const at = toPhysical(pc);
        if (at === undefined) return false;
        // Those who come after one that wants to stop are asked when the guest goes on, as it is then.
        for (const watcher of watchers.values()) if (watcher.addresses.has(at) && watcher.hit(cpu, pc)) return true;
        return false;
      },
    );
  };
}
