// The receiver of a 16550A (National PC16550D data sheet, sections 8.4 and 8.6): a FIFO of 16 characters, or one buffer when the FIFOs are off,
// the errors that came with the characters, and the time-out that announces a FIFO below its trigger level.
import type { DeviceState, GuestTimer } from './device.ts';
import { OneShot } from './one-shot.ts';
import * as u from './serial-registers.ts';
import type { SavedState } from './state.ts';

const SECOND = 1_000_000_000;
const DEPTH = 16;
/** Characters of silence after which a FIFO below its trigger level is announced. */
const TIMEOUT_CHARACTERS = 4;

export interface SerialReceiverOptions {
  readonly timer: GuestTimer;
  /** Guest nanoseconds of silence until a time-out. */
  readonly silence: () => number;
  readonly timedOut: () => void;
}

export class SerialReceiver {
  private readonly timer: GuestTimer;
  private readonly silence: () => number;
  private readonly timeout: OneShot;
  /** Low byte: the character; bits 15:8: line status bits that are not in `errors` yet. */
  private entries: number[] = [];
  private fifoOn = false;
  /** Line status errors that the guest has not read. */
  private errors = 0;
  /** A time-out came, and no character was read since. */
  private silent = false;

  constructor(options: SerialReceiverOptions) {
    this.timer = options.timer;
    this.silence = options.silence;
    this.timeout = new OneShot(options.timer, () => {
      this.silent = true;
      options.timedOut();
    });
  }

  get room(): number {
    return Math.max(0, this.depth - this.entries.length);
  }

  get count(): number {
    return this.entries.length;
  }

  get timedOut(): boolean {
    return this.silent;
  }

  /** The oldest character, 0 when there is none. */
  get first(): number {
    return (this.entries[0] ?? 0) & 0xff;
  }

  /** The receiver's bits of LSR. */
  get status(): number {
    const errorInFifo = (this.errors & ~u.LSR_OE) !== 0 || this.entries.some((entry) => entry > 0xff);
    return this.errors | (this.entries.length > 0 ? u.LSR_DR : 0) | (this.fifoOn && errorInFifo ? u.LSR_FIFO_ERROR : 0);
  }

  reset(): void {
    this.enableFifo(false);
    this.errors = 0;
  }

  /** Turning the FIFO on or off empties it. */
  enableFifo(on: boolean): void {
    this.fifoOn = on;
    this.clear();
  }

  clear(): void {
    this.entries = [];
    this.silent = false;
    this.restartTimeout();
  }

  /** A character arrives. A full FIFO loses the new one, a full buffer the old one. */
  push(byte: number, errors: number): void {
    if (this.room === 0) {
      this.errors |= u.LSR_OE;
      if (!this.fifoOn) this.entries = [];
    }
    if (this.room > 0) this.entries.push((errors << 8) | byte);
    this.reveal();
    this.restartTimeout();
  }

  /** The guest reads a character. */
  take(): number {
    const { first } = this;
    this.entries.shift();
    this.silent = false;
    this.reveal();
    this.restartTimeout();
    return first;
  }

  /** The guest reads LSR. */
  statusRead(): void {
    this.errors = 0;
  }

  save(): DeviceState {
    const { entries, fifoOn, errors, silent } = this;
    const { at } = this.timeout;
    return { entries: [...entries], fifoOn, errors, silent, timeoutAt: at === undefined ? [] : [at] };
  }

  restore(saved: SavedState): void {
    this.fifoOn = saved.boolean('fifoOn');
    this.entries = saved.integers('entries', this.depth, 0xffff);
    this.errors = saved.integer('errors', 0xff) & u.LSR_ERRORS;
    this.silent = saved.boolean('silent');
    this.timeout.set(saved.integers('timeoutAt', 1, Number.MAX_SAFE_INTEGER)[0]);
  }

  private get depth(): number {
    return this.fifoOn ? DEPTH : 1;
  }

  /** The errors of a character show when it is the oldest. */
  private reveal(): void {
    this.errors |= (this.entries[0] ?? 0) >>> 8;
    if (this.entries.length > 0) this.entries[0] = this.first;
  }

  /** A character came or went: the silence begins anew. */
  private restartTimeout(): void {
    const waits = this.fifoOn && this.entries.length > 0 && !this.silent;
    this.timeout.set(waits ? Math.ceil(this.timer.now) + this.silence() : undefined);
  }
}

/** Guest nanoseconds of silence until a time-out, for a clock in Hz. A divisor of 0 divides by 65536. */
export function silenceNs(divisor: number, lcr: number, clock: number): number {
  // Start bit, 5 to 8 data bits, parity, 1 or 2 stop bits; 16 clocks each.
  const bits = 7 + (lcr & 3) + (lcr & u.LCR_PARITY ? 1 : 0) + (lcr & u.LCR_STOP ? 1 : 0);
  const clocks = 16 * (divisor || 0x10000) * bits * TIMEOUT_CHARACTERS;
  return Math.ceil((clocks / clock) * SECOND);
}
