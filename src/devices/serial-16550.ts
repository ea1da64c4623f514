// A 16550A serial port (National PC16550D data sheet; Linux's driver is drivers/tty/serial/8250/8250_port.c) with a terminal at its other
// end that is always there.
//
// The transmitter is always ready: what the guest writes is out at once, because a baud rate would only make a guest wait for a line that does
// not exist. So the divisor and the character format are held for the guest to read back, and count only for the time after which
// characters below the trigger level are announced. The transmitter's interrupt has its edges all the same.
//
// The terminal waits until the guest listens, so that nothing typed early goes where a driver that sets up its port clears the FIFOs. A guest
// listens that raised RTS and OUT2 and enabled the receiver's interrupt, or that reads LSR again and again: as the transmitter is always
// ready, it can only be waiting for input. (RTS alone does not say it, Linux's earlycon raises it; nor do RTS and the interrupt,
// its autoconfig tries all interrupts.)
import { ByteWindow } from './byte-window.ts';
import type {
  CharBackend,
  ConsoleInput,
  Device,
  DeviceContext,
  DeviceState,
  DeviceWindow,
  IrqLine,
  RegisterView,
} from './device.ts';
import { SerialReceiver, silenceNs } from './serial-receiver.ts';
import * as u from './serial-registers.ts';
import { SavedState } from './state.ts';

/** A guest that sets no divisor gets 9600 baud of a PC's clock. */
const POWER_ON_DIVISOR = 12;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;
/** What a driver raises when its port is open. */
const OPEN = u.MCR_RTS | u.MCR_OUT2;
/** So many reads of LSR with nothing in between but characters read are a guest that waits for input. */
const LSR_POLLS = 4;

export interface Serial16550Options {
  /** Instance name, such as `serial0`. */
  readonly name: string;
  readonly backend: CharBackend;
  /** Bytes from one register to the next, 1 to 16; 1 when left out. The window has 8 of them. */
  readonly stride?: number;
  /** Input clock in Hz; a PC's 1843200 when left out. */
  readonly clock?: number;
  /** MCR's OUT2 opens the interrupt line, as on PC cards; false when left out. */
  readonly out2Gate?: boolean;
  /** The terminal waits until the guest listens; true when left out. */
  readonly waitForGuest?: boolean;
}

export class Serial16550 implements Device, ConsoleInput {
  readonly name: string;
  readonly window: DeviceWindow;
  private readonly irq: IrqLine;
  private readonly backend: CharBackend;
  private readonly clock: number;
  private readonly out2Gate: boolean;
  private readonly waitForGuest: boolean;
  private readonly receiver: SerialReceiver;
  private divisor = POWER_ON_DIVISOR;
  private ier = 0;
  private fcr = 0;
  private lcr = 0;
  private mcr = 0;
  private scr = 0;
  /** What changed on the modem lines since the guest read MSR. */
  private deltas = 0;
  /** The transmitter became empty, and the guest has not heard of it. */
  private thrEmpty = false;
  /** Reads of LSR in a row, up to LSR_POLLS. */
  private polls = 0;
  private level = false;

  constructor(context: Pick<DeviceContext, 'irq' | 'timer'>, options: Serial16550Options) {
    const { name, backend, stride = 1, clock = 1_843_200, out2Gate = false, waitForGuest = true } = options;
    if (!Number.isInteger(stride) || stride < 1 || stride > 16)
      throw new RangeError(`${name}: a stride of ${stride} is not 1 to 16`);
    if (!Number.isInteger(clock) || clock < 1) throw new RangeError(`${name}: a clock of ${clock} Hz`);
    this.name = name;
    this.irq = context.irq;
    this.backend = backend;
    this.clock = clock;
    this.out2Gate = out2Gate;
    this.waitForGuest = waitForGuest;
    this.receiver = new SerialReceiver({
      timer: context.timer,
      silence: () => silenceNs(this.divisor, this.lcr, this.clock),
      timedOut: () => this.drive(),
    });
    // A register is a byte: what a wider access finds behind it, if there is room, is nothing.
    this.window = new ByteWindow(name, 8 * stride, {
      read: (offset) => (offset % stride === 0 ? this.read(offset / stride) : 0),
      write: (offset, value) => {
        if (offset % stride === 0) this.write(offset / stride, value);
      },
    });
  }

  /** Characters the receiver takes now. */
  room(): number {
    return !this.loopback && (!this.waitForGuest || this.guestListens) ? this.receiver.room : 0;
  }

  input(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.room());
    for (const byte of taken) this.receiver.push(byte, 0);
    this.drive();
    return taken.length;
  }

  /** A break on the line. False when the receiver does not take it now. */
  inputBreak(): boolean {
    if (this.room() === 0) return false;
    this.receiver.push(0, u.LSR_BI | u.LSR_FE);
    this.drive();
    return true;
  }

  reset(): void {
    this.receiver.reset();
    this.divisor = POWER_ON_DIVISOR;
    this.ier = 0;
    this.fcr = 0;
    this.lcr = 0;
    this.mcr = 0;
    this.scr = 0;
    this.deltas = 0;
    this.thrEmpty = false;
    this.polls = 0;
    this.drive();
  }

  registers(): readonly RegisterView[] {
    const { ier, iir, lcr, mcr, lsr, msr, scr } = this;
    const bytes = Object.entries({ rbr: this.receiver.first, ier, iir, lcr, mcr, lsr, msr, scr });
    return [
      ...bytes.map(([name, value], offset) => ({ name, offset, value })),
      { name: 'dll', offset: 0, value: this.divisor & 0xff },
      { name: 'dlm', offset: 1, value: this.divisor >>> 8 },
    ];
  }

  saveState(): DeviceState {
    const { divisor, ier, fcr, lcr, mcr, scr, deltas, thrEmpty, polls, level } = this;
    return { divisor, ier, fcr, lcr, mcr, scr, deltas, thrEmpty, polls, level, receiver: this.receiver.save() };
  }

  /** Does not drive the interrupt line; what it ends in restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.divisor = saved.integer('divisor', 0xffff);
    this.ier = saved.integer('ier', u.IER_MASK);
    this.fcr = saved.integer('fcr', 0xff);
    this.lcr = saved.integer('lcr', 0xff);
    this.mcr = saved.integer('mcr', u.MCR_MASK);
    this.scr = saved.integer('scr', 0xff);
    this.deltas = saved.integer('deltas', 0x0f);
    this.thrEmpty = saved.boolean('thrEmpty');
    this.polls = saved.integer('polls', LSR_POLLS);
    this.level = saved.boolean('level');
    this.receiver.restore(saved.object('receiver'));
  }

  private read(register: number): number {
    const value = this.value(register);
    if (register === u.LSR) this.polls = Math.min(this.polls + 1, LSR_POLLS);
    else if (register !== u.RBR) this.polls = 0;
    switch (register) {
      case u.RBR:
        if (!(this.lcr & u.LCR_DLAB)) this.receiver.take();
        break;
      case u.IIR:
        // Reading it is what answers the transmitter's interrupt.
        if ((value & u.IIR_ID) === u.IIR_THRE) this.thrEmpty = false;
        break;
      case u.LSR:
        this.receiver.statusRead();
        break;
      case u.MSR:
        this.deltas = 0;
    }
    this.drive();
    return value;
  }

  private value(register: number): number {
    const divisorAccess = (this.lcr & u.LCR_DLAB) !== 0;
    switch (register) {
      case u.RBR:
        return divisorAccess ? this.divisor & 0xff : this.receiver.first;
      case u.IER:
        return divisorAccess ? this.divisor >>> 8 : this.ier;
      case u.IIR:
        return this.iir;
      case u.LCR:
        return this.lcr;
      case u.MCR:
        return this.mcr;
      case u.LSR:
        return this.lsr;
      case u.MSR:
        return this.msr;
      default:
        return this.scr;
    }
  }

  private write(register: number, value: number): void {
    const divisorAccess = (this.lcr & u.LCR_DLAB) !== 0;
    this.polls = 0;
    if (register === u.RBR && divisorAccess) this.divisor = (this.divisor & 0xff00) | value;
    else if (register === u.RBR) this.transmit(value);
    else if (register === u.IER && divisorAccess) this.divisor = (value << 8) | (this.divisor & 0xff);
    else if (register === u.IER) {
      // The transmitter is empty whenever its interrupt is switched on.
      if (value & ~this.ier & u.IER_THRI) this.thrEmpty = true;
      this.ier = value & u.IER_MASK;
    } else if (register === u.FCR) this.writeFcr(value);
    else if (register === u.LCR) this.steer(this.mcr, value);
    else if (register === u.MCR) this.steer(value & u.MCR_MASK, this.lcr);
    else if (register === u.SCR) this.scr = value;
    this.drive();
  }

  private transmit(byte: number): void {
    // Full for no time at all: the interrupt line falls and rises.
    this.thrEmpty = false;
    this.drive();
    this.thrEmpty = true;
    // While a break is sent nothing else gets through.
    if (this.lcr & u.LCR_BREAK) return;
    if (this.loopback) this.receiver.push(byte, 0);
    else this.backend.write(Uint8Array.of(byte));
  }

  private writeFcr(value: number): void {
    const on = (value & u.FCR_ENABLE) !== 0;
    if (on !== this.fifosOn) this.receiver.enableFifo(on);
    // Without the enable bit the others are not taken.
    this.fcr = on ? value & u.FCR_KEPT : 0;
    if (on && value & u.FCR_CLEAR_RX) this.receiver.clear();
  }

  /** New MCR and LCR: in loopback the outputs of one are the modem lines, and a break by the other comes back. */
  private steer(mcr: number, lcr: number): void {
    const before = u.modemLines(this.mcr);
    const sentBreak = this.loopback && (this.lcr & u.LCR_BREAK) !== 0;
    this.mcr = mcr;
    this.lcr = lcr;
    const changed = before ^ u.modemLines(this.mcr);
    const ringEnded = changed & before & u.MSR_RI ? u.MSR_TERI : 0;
    this.deltas |= ((changed & ~u.MSR_RI) >>> 4) | ringEnded;
    if (this.loopback && lcr & u.LCR_BREAK && !sentBreak) this.receiver.push(0, u.LSR_BI | u.LSR_FE);
  }

  private get guestListens(): boolean {
    const open = (this.mcr & OPEN) === OPEN && (this.ier & u.IER_RDI) !== 0;
    return open || this.polls === LSR_POLLS;
  }

  private get loopback(): boolean {
    return (this.mcr & u.MCR_LOOP) !== 0;
  }

  private get msr(): number {
    return u.modemLines(this.mcr) | this.deltas;
  }

  private get lsr(): number {
    return u.LSR_THRE | u.LSR_TEMT | this.receiver.status;
  }

  private get fifosOn(): boolean {
    return (this.fcr & u.FCR_ENABLE) !== 0;
  }

  private get iir(): number {
    return this.interrupt | (this.fifosOn ? u.IIR_FIFOS : 0);
  }

  /** The interrupt of highest priority among those enabled. */
  private get interrupt(): number {
    const { ier, receiver } = this;
    const trigger = this.fifosOn ? TRIGGER_LEVELS[this.fcr >>> 6]! : 1;
    if (ier & u.IER_RLSI && receiver.status & u.LSR_ERRORS) return u.IIR_RLSI;
    if (ier & u.IER_RDI && receiver.count >= trigger) return u.IIR_RDI;
    if (ier & u.IER_RDI && receiver.timedOut) return u.IIR_TIMEOUT;
    if (ier & u.IER_THRI && this.thrEmpty) return u.IIR_THRE;
    if (ier & u.IER_MSI && this.deltas !== 0) return u.IIR_MSI;
    return u.IIR_NONE;
  }

  private drive(): void {
    // In loopback the OUT2 pin is not driven.
    const open = !this.out2Gate || (this.mcr & (u.MCR_OUT2 | u.MCR_LOOP)) === u.MCR_OUT2;
    const level = open && this.interrupt !== u.IIR_NONE;
    if (level === this.level) return;
    this.level = level;
    this.irq.set(level);
  }
}
