// What a guest was doing when a limit ended its run: its last instructions, one by one, and when it spoke last. For whoever asks why it never came to
// an end; nothing here reaches the guest.
import type { VmClock } from '../kvm/contract.ts';

/** Instructions before a limit that are looked at one by one, on all vCPUs together. */
export const LAST_INSTRUCTIONS = 4096;
/** A loop has gone round at least so often in them. */
const ROUNDS = 4;
/** Places that are told of a vCPU. */
const MAX_PLACES = 64;

/** A vCPU's last instructions. */
export interface CpuProgress {
  readonly cpu: number;
  /** How many were looked at; a branch and its delay slot are one. */
  readonly instructions: number;
  /** Are they one loop: no other place was visited? */
  readonly loops: boolean;
  /** Different places. */
  readonly places: number;
  /** The lowest and the highest of them: guest virtual addresses. */
  readonly from: number;
  readonly to: number;
  /** The places most often visited first, with how often. */
  readonly most: readonly (readonly [pc: number, times: number])[];
}

/** How a guest spent its time up to a limit. */
export interface ProgressNote {
  /** Guest instant at which it put out something on its console last; null: never. */
  readonly lastOutputNs: number | null;
  /** Guest time in which no vCPU ran. */
  readonly idleNs: number;
  /** Of each vCPU that ran at last. */
  readonly cpus: readonly CpuProgress[];
}

export class ProgressWatch {
  private readonly clock: VmClock;
  private lastOutputNs: number | null = null;
  private readonly visited = new Map<number, number[]>();

  constructor(clock: VmClock) {
    this.clock = clock;
  }

  consoleOutput(): void {
    this.lastOutputNs = this.clock.now;
  }

  /** vCPU `cpu` is about to run the instruction at `pc`, and only that. */
  step(cpu: number, pc: number): void {
    const pcs = this.visited.get(cpu);
    if (pcs) pcs.push(pc);
    else this.visited.set(cpu, [pc]);
  }

  get note(): ProgressNote {
    const { now, instructions, nsPerInstruction } = this.clock;
    return {
      lastOutputNs: this.lastOutputNs,
      idleNs: now - instructions * nsPerInstruction,
      cpus: [...this.visited].sort(([a], [b]) => a - b).map(([cpu, pcs]) => progressOf(cpu, pcs)),
    };
  }
}

function progressOf(cpu: number, pcs: readonly number[]): CpuProgress {
  const times = new Map<number, number>();
  for (const pc of pcs) times.set(pc, (times.get(pc) ?? 0) + 1);
  const places = [...times.keys()];
  const most = [...times].sort(([a, often], [b, oftener]) => oftener - often || a - b).slice(0, MAX_PLACES);
  return {
    cpu,
    instructions: pcs.length,
    loops: pcs.length >= ROUNDS * places.length,
    places: places.length,
    from: Math.min(...places),
    to: Math.max(...places),
    most,
  };
}
