// The receiver of a PL011 (ARM DDI 0183, sections 2.4.2 and 2.8): a FIFO of 16 characters, each with the errors it came with, or one holding
// register when the FIFOs are off, and the time-out that announces characters which nobody fetches.
import type { DeviceState, GuestTimer } from './device.ts';
import { OneShot } from './one-shot.ts';
import { DR_OE } from './pl011-registers.ts';
import type { SavedState } from './state.ts';

const DEPTH = 16;
/** A character and its break, parity and framing errors. */
const ENTRY_MASK = 0x7ff;

export interface Pl011ReceiverOptions {
  readonly timer: GuestTimer;
  /** Guest nanoseconds without a new character until a time-out. */
  readonly silence: () => number;
  readonly timedOut: () => void;
}

export class Pl011Receiver {
  private readonly timer: GuestTimer;
  private readonly silence: () => number;
  private readonly timeout: OneShot;
  /** As UARTDR shows them, without OE. */
  private entries: number[] = [];
  private fifoOn = false;
  /** A character was lost, and none was taken since. */
  private overrun = false;

  constructor(options: Pl011ReceiverOptions) {
    this.timer = options.timer;
    this.silence = options.silence;
    this.timeout = new OneShot(options.timer, options.timedOut);
  }

  get room(): number {
    return this.depth - this.entries.length;
  }

  get count(): number {
    return this.entries.length;
  }

  /** UARTDR: the oldest character and its errors, 0 when there is none. */
  get first(): number {
    return (this.entries[0] ?? 0) | (this.overrun ? DR_OE : 0);
  }

  reset(): void {
    this.overrun = false;
    this.enableFifo(false);
  }

  /** Turning the FIFO on or off empties it. */
  enableFifo(on: boolean): void {
    this.fifoOn = on;
    this.entries = [];
    this.timeout.set(undefined);
  }

  /** A character arrives, with the error bits of UARTDR. False: there was no room, and it is lost. */
  push(character: number): boolean {
    this.overrun = this.room === 0;
    if (!this.overrun) this.entries.push(character);
    this.restartTimeout();
    return !this.overrun;
  }

  /** The guest reads UARTDR. */
  take(): number {
    const { first } = this;
    this.entries.shift();
    if (this.entries.length === 0) this.timeout.set(undefined);
    return first;
  }

  /** A new time of silence begins, when there is something to announce. */
  restartTimeout(): void {
    this.timeout.set(this.entries.length > 0 ? Math.ceil(this.timer.now) + this.silence() : undefined);
  }

  save(): DeviceState {
    const { entries, fifoOn, overrun } = this;
    const { at } = this.timeout;
    return { entries: [...entries], fifoOn, overrun, timeoutAt: at === undefined ? [] : [at] };
  }

  restore(saved: SavedState): void {
    this.fifoOn = saved.boolean('fifoOn');
    this.entries = saved.integers('entries', this.depth, ENTRY_MASK);
    this.overrun = saved.boolean('overrun');
    this.timeout.set(saved.integers('timeoutAt', 1, Number.MAX_SAFE_INTEGER)[0]);
  }

  private get depth(): number {
    return this.fifoOn ? DEPTH : 1;
  }
}
