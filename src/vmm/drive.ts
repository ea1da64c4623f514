// Driving a VM from a script: the guest runs only while the script waits for something of it, and stands still at the very instruction at which
// that came. So what the script does next enters at an instant that the guest alone has set, and a scripted run is as deterministic as others.
import type { VmClock } from '../kvm/contract.ts';
import { TsvmError } from '../util/errors.ts';

/** What a script waits for; whichever comes first. */
export interface DriveTarget {
  /** Told of console bytes as they are written, at that instruction. The bytes are not its to keep. */
  readonly onOutput?: ((bytes: Uint8Array) => void) | undefined;
  /** Told of the guest agent's bytes in the same way. */
  readonly onAgent?: ((bytes: Uint8Array) => void) | undefined;
  /** Asked after either: is this it? */
  readonly until?: (() => boolean) | undefined;
  /**
   * Stand before a vCPU runs the instruction at this address (of an unmapped segment); not before the one it stands before already, nor before one in
   * a delay slot.
   */
  readonly execution?: number | undefined;
  /** Guest instant in nanoseconds. */
  readonly time?: number | undefined;
  /** Instructions retired by all vCPUs together. */
  readonly instructions?: number | undefined;
}

/**
 * Why the guest stands still: `until` has said so; a vCPU is at `execution`; `time` or `instructions` were reached; `waiting`: more than time is waited for, but
 * nothing is armed in the guest, and only what the script does can go on; `ended`: the run is over.
 */
export type DriveEnd = 'found' | 'execution' | 'time' | 'instructions' | 'waiting' | 'ended';

interface Drive {
  readonly target: DriveTarget;
  readonly resolve: (end: DriveEnd) => void;
}

export class DriveWatch {
  private readonly clock: VmClock;
  private drive: Drive | null = null;
  private seen: 'found' | 'execution' | null = null;
  /** Instructions retired when the guest was last held before one. */
  private heldBefore = -1;
  private over = false;

  constructor(clock: VmClock) {
    this.clock = clock;
  }

  /** Is the guest to run? */
  get active(): boolean {
    return this.drive !== null;
  }

  /** Run to the target. Resolves when the guest stands still. Throws TsvmError 'usage' for no number, or when another one is waited for. */
  begin(target: DriveTarget): Promise<DriveEnd> {
    for (const what of ['time', 'instructions'] as const)
      if (Number.isNaN(target[what] ?? 0)) throw new TsvmError('usage', `the ${what} to run to is not a number`);
    if (this.drive)
      throw new TsvmError('usage', 'the guest is being waited for already', {
        next: 'await each waitFor, runFor, runTo, end or drive before the next',
      });
    if (this.over) return Promise.resolve('ended');
    this.seen = null;
    return new Promise((resolve) => {
      this.drive = { target, resolve };
    });
  }

  /** The guest put out bytes. */
  consoleOutput(bytes: Uint8Array): void {
    this.drive?.target.onOutput?.(bytes);
    this.ask();
  }

  /** The guest agent did. */
  agentOutput(bytes: Uint8Array): void {
    this.drive?.target.onAgent?.(bytes);
    this.ask();
  }

  /** A vCPU is about to run the instruction at `execution`. True: it is not to run now. */
  executes(): boolean {
    const { instructions } = this.clock;
    if (!this.drive || instructions === this.heldBefore) return false;
    this.heldBefore = instructions;
    this.seen = 'execution';
    return true;
  }

  private ask(): void {
    if (this.drive?.target.until?.()) this.seen = 'found';
  }

  /** Is only the passing of time waited for? */
  get forTimeOnly(): boolean {
    const { time, instructions, until, execution } = this.drive?.target ?? {};
    return time !== undefined && instructions === undefined && until === undefined && execution === undefined;
  }

  /** Guest instant to which idle time may be skipped; no instructions pass in it. */
  get wakeAt(): number {
    return this.drive?.target.time ?? Number.POSITIVE_INFINITY;
  }

  /** Guest instant to run to at most; past when the guest must stand still now. */
  get deadline(): number {
    if (this.seen) return Number.NEGATIVE_INFINITY;
    const instructions = this.drive?.target.instructions;
    if (instructions === undefined) return this.wakeAt;
    return Math.min(
      this.wakeAt,
      this.clock.now + (instructions - this.clock.instructions) * this.clock.nsPerInstruction,
    );
  }

  /** Why the guest stands still here, or null when it goes on. */
  get due(): DriveEnd | null {
    if (!this.drive) return null;
    const { time, instructions } = this.drive.target;
    if (this.seen) return this.seen;
    if (instructions !== undefined && this.clock.instructions >= instructions) return 'instructions';
    return time !== undefined && this.clock.now >= time ? 'time' : null;
  }

  /** The guest stands still. */
  end(why: DriveEnd): void {
    const { drive } = this;
    this.drive = null;
    if (why === 'ended') this.over = true;
    drive?.resolve(why);
  }
}
