// The guest's stops and runs as one gdb sees them (appendix E.3): what it is told when the guest comes to stand, and who has stopped it. Others stop it and
// let it go on too: the debug shell, the end of the run.

import type { DebugTarget, Resume, Stop } from '../target.ts';
import type { GdbBreakpoints } from './breakpoints.ts';
import { hexByte } from './packets.ts';
import type { GdbRegisters } from './registers.ts';

const SIGINT = 2;
const SIGTRAP = 5;
/** The guest stands and gdb has not asked for it: somebody else has. */
const SIGNAL_0 = 0;

/** gdb has no number for what went wrong; these are its manual's examples, and errno's. */
export const ERROR_RUNS = 'E01';
export const ERROR_INVALID = 'E16';

export class GuestRun {
  /** The vCPU that registers and memory are asked of. */
  general: number;
  private readonly target: DebugTarget;
  private readonly breakpoints: GdbBreakpoints;
  private readonly registers: GdbRegisters;
  private readonly tell: (stopReply: string) => void;
  private readonly unsubscribe: () => void;
  /** gdb waits for a stop reply. */
  private waiting = false;
  /** It does not want to wait any longer. */
  private interrupted = false;
  /** The guest stands on account of gdb: it goes on when gdb goes. */
  private held: boolean;
  /** Until the guest stands that was asked to, or somebody lets it go on. */
  private pausing: Promise<void> | null = null;
  private over = false;
  /** Number of the last resume, so that what is said late of an earlier one is not taken for it. */
  private turn = 0;

  /** `held`: the guest stands because it was to wait for gdb. `tell` is called with every stop reply that gdb waits for. */
  constructor(
    target: DebugTarget,
    breakpoints: GdbBreakpoints,
    registers: GdbRegisters,
    held: boolean,
    tell: (stopReply: string) => void,
  ) {
    this.target = target;
    this.breakpoints = breakpoints;
    this.registers = registers;
    this.held = held && target.stopped !== null;
    this.tell = tell;
    this.general = target.stoppedCpu;
    this.unsubscribe = target.subscribe((event) => {
      if (event.event === 'stopped') this.came(event.stop);
      else {
        this.pausing = null;
        if (!this.waiting) this.held = false;
      }
    });
  }

  /** Resolves when the guest stands; gdb has connected, or asks how it stands while somebody else lets it run. */
  async hold(): Promise<void> {
    if (this.target.stopped || this.over) return;
    this.held = true;
    await this.pause();
    this.general = this.target.stoppedCpu;
  }

  /** How the guest stands; of one that has ended too: it can still be looked at. */
  stopReply(): string {
    const { stopped } = this.target;
    if (!stopped) return ERROR_RUNS;
    return stopped.kind === 'ended' ? this.standing(SIGNAL_0, '') : this.replyTo(stopped, SIGTRAP);
  }

  /** Let it go on. The answer, or null: it comes as a stop reply. */
  resume(how: Resume): string | null {
    const { stopped } = this.target;
    if (stopped?.kind === 'ended') return this.replyTo(stopped, SIGNAL_0);
    if (this.waiting) return ERROR_RUNS;
    this.waiting = true;
    this.interrupted = false;
    const turn = ++this.turn;
    if (stopped) {
      const mine = (): boolean => this.turn === turn;
      // Both say it: the promise of a stop, and the event that everybody hears.
      this.started(how).then(
        (stop) => mine() && this.came(stop),
        () => mine() && this.refused(),
      );
    }
    // Somebody else lets it run: it cannot be stepped before it stands.
    else if (how.kind !== 'continue') void this.pause();
    return null;
  }

  private async started(how: Resume): Promise<Stop> {
    return this.target.resume(how);
  }

  /** Ctrl-C. Means nothing while gdb waits for no stop. */
  interrupt(): void {
    if (!this.waiting) return;
    this.interrupted = true;
    void this.pause();
  }

  /** End the run. */
  kill(): void {
    this.held = false;
    this.target.kill('killed by gdb');
  }

  /** gdb has gone: its breakpoints go, and the guest goes on if it stands on account of gdb. `wasGdb`: it was one, which has said something. */
  release(wasGdb: boolean): void {
    if (this.over) return;
    this.over = true;
    this.unsubscribe();
    this.breakpoints.clear();
    if (this.held && wasGdb) this.letGo();
  }

  private letGo(): void {
    const { stopped } = this.target;
    if (stopped && stopped.kind !== 'ended') this.started({ kind: 'continue' }).catch(() => {});
  }

  /** Ask it to stand, once. */
  private pause(): Promise<void> {
    this.pausing ??= this.paused();
    return this.pausing;
  }

  private async paused(): Promise<void> {
    try {
      await this.target.pause();
    } catch {
      // The run has ended, and says so itself.
    }
    this.pausing = null;
    // gdb went away meanwhile.
    if (this.over && this.target.stopped?.kind === 'paused') this.letGo();
  }

  private came(stop: Stop): void {
    if (!this.waiting) return;
    this.waiting = false;
    const { own } = this.breakpoints.reason(stop);
    this.held = own || stop.kind === 'step' || (stop.kind === 'paused' && this.interrupted);
    this.general = this.target.stoppedCpu;
    this.tell(this.replyTo(stop, this.interrupted ? SIGINT : SIGNAL_0));
    this.interrupted = false;
  }

  private refused(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.tell(ERROR_INVALID);
  }

  /** `paused`: the signal of a stop that nothing in the guest has brought about. */
  private replyTo(stop: Stop, paused: number): string {
    if (stop.kind === 'ended') return `W${hexByte(stop.exitCode & 0xff)}`;
    const outside = stop.kind === 'paused' || stop.kind === 'instructions';
    return this.standing(outside ? paused : SIGTRAP, this.breakpoints.reason(stop).text);
  }

  private standing(signal: number, reason: string): string {
    const { stopped, stoppedCpu } = this.target;
    // Somebody may have let it go on before gdb could be told.
    const pc = stopped ? this.registers.pc(this.target.cpu(stoppedCpu)) : '';
    return `T${hexByte(signal)}${reason}thread:${(stoppedCpu + 1).toString(16)};${pc}`;
  }
}
