// Everybody who observes one VM's guest: --trace, --stat, `tsvm stat`, the debug shell. Each comes and goes on its own; the VM observes while one of
// them is there, and nothing is paid when none is.
import type { TraceEvent, TracePlace, TraceSink } from '../../kvm/trace.ts';

/** What one of them wants: the hot exit counters, and trace events. */
export interface Watch {
  readonly stats: boolean;
  readonly trace: TraceSink | null;
}

export class Watchers {
  private readonly observe: (watch: Watch) => void;
  private readonly all = new Set<Watch>();

  /** `observe` is the machine's: legal between two KVM_RUNs. */
  constructor(observe: (watch: Watch) => void) {
    this.observe = observe;
  }

  /** Begin. Returns how to end it; both only while the guest stands. */
  add(watch: Watch): () => void {
    const mine = { ...watch };
    this.all.add(mine);
    this.apply();
    return () => {
      if (this.all.delete(mine)) this.apply();
    };
  }

  private apply(): void {
    const sinks = [...this.all].flatMap(({ trace }) => (trace ? [trace] : []));
    const stats = [...this.all].some((watch) => watch.stats);
    this.observe({ stats, trace: sinks.length > 1 ? new Fork(sinks) : (sinks[0] ?? null) });
  }
}

class Fork implements TraceSink {
  private readonly sinks: readonly TraceSink[];

  constructor(sinks: readonly TraceSink[]) {
    this.sinks = sinks;
  }

  trace(place: TracePlace, event: TraceEvent): void {
    for (const sink of this.sinks) sink.trace(place, event);
  }
}
