// The PL011, ARM's PrimeCell UART (ARM DDI 0183; Linux's driver is drivers/tty/serial/amba-pl011.c), with a terminal at its other end that is
// always there. Its revision is 1: the last ones have FIFOs of 32 characters.
//
// What the guest writes is out at once, because a baud rate would only make a guest wait for a line that does not exist: the transmit FIFO is
// empty whenever somebody looks, and each character raises the transmit interrupt. It is so from the first instruction, whatever UARTCR says,
// as an earlycon sets nothing up.
//
// The terminal waits until the guest listens, so that nothing typed early goes where a driver empties the FIFO. A guest listens that turned
// the receiver on and after that enabled its interrupts or raised RTS or DTR, or that reads UARTFR again and again. (Linux enables the
// interrupts, turns the receiver on, empties the FIFO, and enables the interrupts again.)
import type { CharBackend, ConsoleInput, DeviceContext, DeviceState, IrqLine, MmioDevice } from './device.ts';
import { Pl011Receiver } from './pl011-receiver.ts';
import * as u from './pl011-registers.ts';
import { apbRead, apbWrite, identification, PRIMECELL_SIZE } from './primecell.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from './registers.ts';
import { SavedState } from './state.ts';

/** UARTIFLS[5:3]: characters from which on the receive interrupt asks; the reserved values are taken as the highest. */
const RX_LEVELS = [2, 4, 8, 12, 14, 14, 14, 14] as const;
const SECOND = 1_000_000_000;
/** Bit times of silence until a receive time-out. */
const TIMEOUT_BITS = 32;
/** Of a guest that sets no divisor. */
const DEFAULT_BAUD = 9600;
/** IBRD and FBRD together: 64ths. */
const DIVISOR_MASK = 0x3fffff;
/** So many reads of UARTFR with nothing in between but characters read are a guest that waits for input. */
const FR_POLLS = 4;

export interface SerialPl011Options {
  /** Instance name, such as `serial0`. */
  readonly name: string;
  readonly backend: CharBackend;
  /** UARTCLK in Hz; 24 MHz when left out. */
  readonly clock?: number;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

export class SerialPl011 implements MmioDevice, ConsoleInput {
  readonly name: string;
  readonly size = PRIMECELL_SIZE;
  private readonly irq: IrqLine;
  private readonly backend: CharBackend;
  private readonly clock: number;
  private readonly receiver: Pl011Receiver;
  private readonly block: RegisterBlock;
  /** IBRD and FBRD as they were when UARTLCR_H was last written: until then they do not count. */
  private divisor = 0;
  /** The interrupts of the receiver were enabled while it was on. */
  private opened = false;
  /** Reads of UARTFR in a row, up to FR_POLLS. */
  private polls = 0;
  private level = false;

  constructor(context: Pick<DeviceContext, 'irq' | 'timer'>, options: SerialPl011Options) {
    const { name, backend, clock = 24_000_000, misuse = () => {} } = options;
    if (!Number.isInteger(clock) || clock < 1) throw new RangeError(`${name}: a clock of ${clock} Hz`);
    this.name = name;
    this.irq = context.irq;
    this.backend = backend;
    this.clock = clock;
    this.receiver = new Pl011Receiver({
      timer: context.timer,
      silence: () => this.silenceNs,
      timedOut: () => {
        this.raise(u.INT_RT);
        this.drive();
      },
    });
    this.block = new RegisterBlock(this.declare(), misuse);
  }

  /** Characters the receiver takes now. */
  room(): number {
    return this.guestListens && !this.loopback ? this.receiver.room : 0;
  }

  input(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.room());
    for (const byte of taken) this.receive(byte);
    this.drive();
    return taken.length;
  }

  /** A break on the line. False when the receiver does not take it now. */
  inputBreak(): boolean {
    if (this.room() === 0) return false;
    this.receive(u.DR_BE);
    this.drive();
    return true;
  }

  read(offset: number, length: 1 | 2 | 4): number {
    if (offset === u.UARTFR) this.polls = Math.min(this.polls + 1, FR_POLLS);
    else if (offset !== u.UARTDR) this.polls = 0;
    const value = apbRead(this.block, offset, length);
    this.drive();
    return value;
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.polls = 0;
    apbWrite(this.block, offset, length, value);
    this.drive();
  }

  reset(): void {
    this.block.reset();
    this.receiver.reset();
    this.divisor = 0;
    this.opened = false;
    this.polls = 0;
    this.drive();
  }

  registers(): readonly SizedRegisterView[] {
    return this.block.views();
  }

  saveState(): DeviceState {
    const { divisor, opened, polls, level } = this;
    return { divisor, opened, polls, level, registers: this.block.save(), receiver: this.receiver.save() };
  }

  /** Does not drive the interrupt line; what it ends in restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.divisor = saved.integer('divisor', DIVISOR_MASK);
    this.opened = saved.boolean('opened');
    this.polls = saved.integer('polls', FR_POLLS);
    this.level = saved.boolean('level');
    this.block.restore(saved.object('registers'));
    this.receiver.restore(saved.object('receiver'));
  }

  private declare(): RegisterSpec<string>[] {
    const stored = (name: string, offset: number, mask: number, reset = 0): RegisterSpec<string> => ({
      ...{ name, offset, mask, reset },
      access: 'rw',
    });
    return [
      {
        ...{ name: 'dr', offset: u.UARTDR, access: 'rw' },
        read: () => this.take(),
        peek: () => this.receiver.first,
        write: (value) => this.transmit(value & 0xff),
      },
      // UARTRSR when read; whatever is written to UARTECR clears the errors.
      { name: 'rsr', offset: 0x004, access: 'rw', reset: 0, write: () => this.block.set('rsr', 0) },
      { name: 'fr', offset: u.UARTFR, access: 'r', read: () => this.flags },
      stored('ilpr', 0x020, 0xff),
      stored('ibrd', 0x024, 0xffff),
      stored('fbrd', 0x028, 0x3f),
      { ...stored('lcr_h', 0x02c, u.LCR_H_MASK), write: (value) => this.writeLcrH(value & u.LCR_H_MASK) },
      { ...stored('cr', 0x030, u.CR_MASK, u.CR_RXE | u.CR_TXE), write: (value) => this.writeCr(value & u.CR_MASK) },
      {
        ...stored('ifls', 0x034, u.IFLS_MASK, u.IFLS_HALF_FULL),
        write: (value) => this.writeIfls(value & u.IFLS_MASK),
      },
      { ...stored('imsc', 0x038, u.INT_MASK), write: (value) => this.writeImsc(value & u.INT_MASK) },
      { name: 'ris', offset: 0x03c, access: 'r', reset: 0 },
      { name: 'mis', offset: 0x040, access: 'r', read: () => this.masked },
      { name: 'icr', offset: 0x044, access: 'w', write: (value) => this.clear(value) },
      // No DMA controller is there to be asked.
      stored('dmacr', 0x048, 0x7),
      ...identification(0x011, 1),
    ];
  }

  private take(): number {
    const value = this.receiver.take();
    this.block.set('rsr', (this.block.get('rsr') & u.RSR_OE) | ((value >>> 8) & ~u.RSR_OE));
    this.fewer();
    return value;
  }

  private transmit(byte: number): void {
    // While a break is sent nothing else gets through.
    if (!(this.block.get('lcr_h') & u.LCR_H_BRK)) {
      if (!this.loopback) this.backend.write(Uint8Array.of(byte));
      else if (this.receiverOn) this.receive(byte);
    }
    this.raise(u.INT_TX);
  }

  /** A character, with the error bits of UARTDR, at the receiver's end of the line. */
  private receive(character: number): void {
    if (!this.receiver.push(character)) {
      this.block.set('rsr', this.block.get('rsr') | u.RSR_OE);
      this.raise(u.INT_OE);
      return;
    }
    if (character & u.DR_BE) this.raise(u.INT_BE);
    if (this.receiver.count >= this.trigger) this.raise(u.INT_RX);
  }

  /** Characters went, or the trigger level rose. */
  private fewer(): void {
    if (this.receiver.count < this.trigger) this.lower(u.INT_RX);
    if (this.receiver.count === 0) this.lower(u.INT_RT);
  }

  private writeLcrH(value: number): void {
    const changed = value ^ this.block.get('lcr_h');
    this.block.set('lcr_h', value);
    this.divisor = 64 * this.block.get('ibrd') + this.block.get('fbrd');
    if (changed & u.LCR_H_FEN) this.receiver.enableFifo((value & u.LCR_H_FEN) !== 0);
    this.fewer();
    // In loopback a break comes back.
    if (changed & value & u.LCR_H_BRK && this.loopback && this.receiverOn) this.receive(u.DR_BE);
  }

  /** In loopback the modem outputs are the modem inputs, and each input that changes asks for an interrupt. */
  private writeCr(value: number): void {
    const changed = u.modemLines(this.block.get('cr')) ^ u.modemLines(value);
    this.block.set('cr', value);
    for (const [line, interrupt] of u.MODEM_INTERRUPTS) if (changed & line) this.raise(interrupt);
  }

  private writeIfls(value: number): void {
    const below = this.receiver.count < this.trigger;
    this.block.set('ifls', value);
    if (below && this.receiver.count >= this.trigger) this.raise(u.INT_RX);
    this.fewer();
  }

  private writeImsc(value: number): void {
    this.block.set('imsc', value);
    this.opened = (value & (u.INT_RX | u.INT_RT)) !== 0 && (this.opened || this.receiverOn);
  }

  private clear(interrupts: number): void {
    this.lower(interrupts);
    // Who clears the time-out and leaves characters is told of them again.
    if (interrupts & u.INT_RT) this.receiver.restartTimeout();
  }

  private raise(interrupts: number): void {
    this.block.set('ris', this.block.get('ris') | interrupts);
  }

  private lower(interrupts: number): void {
    this.block.set('ris', this.block.get('ris') & ~interrupts);
  }

  private get guestListens(): boolean {
    const interrupts = (this.block.get('imsc') & (u.INT_RX | u.INT_RT)) !== 0;
    const raised = (this.block.get('cr') & (u.CR_RTS | u.CR_DTR)) !== 0;
    return (this.receiverOn && interrupts && (this.opened || raised)) || this.polls === FR_POLLS;
  }

  private get receiverOn(): boolean {
    return (~this.block.get('cr') & (u.CR_UARTEN | u.CR_RXE)) === 0;
  }

  private get loopback(): boolean {
    return (this.block.get('cr') & u.CR_LBE) !== 0;
  }

  private get trigger(): number {
    return this.block.get('lcr_h') & u.LCR_H_FEN ? RX_LEVELS[(this.block.get('ifls') & u.IFLS_MASK) >>> 3]! : 1;
  }

  private get flags(): number {
    const { room, count } = this.receiver;
    return (
      u.FR_TXFE | u.modemLines(this.block.get('cr')) | (room === 0 ? u.FR_RXFF : 0) | (count === 0 ? u.FR_RXFE : 0)
    );
  }

  private get masked(): number {
    return this.block.get('ris') & this.block.get('imsc');
  }

  /** UARTCLK divided by IBRD + FBRD / 64 is 16 times the baud rate. */
  private get silenceNs(): number {
    const clocksPerBit = this.divisor < 64 ? this.clock / DEFAULT_BAUD : this.divisor / 4;
    return Math.ceil(((TIMEOUT_BITS * clocksPerBit) / this.clock) * SECOND);
  }

  private drive(): void {
    const level = this.masked !== 0;
    if (level === this.level) return;
    this.level = level;
    this.irq.set(level);
  }
}
