// virtio-console, virtio 1.2 section 5.3: port 0 is the guest's hvc console, further ports are named byte channels. Output goes to each
// port's CharBackend as it is notified; input waits with the caller until the guest has posted buffers for it.
//
// Works with a driver that accepts none of the features: port 0 alone, no size. The terminal size belongs to the host's
// terminal, so it outlives a reset of the device and of the machine.
import type { CharBackend, ConsoleInput, DeviceContext, DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { VirtqueueError } from './chain.ts';
import { ConsoleControl, type ControlMessage } from './console-control.ts';
import {
  VIRTIO_CONSOLE_F_EMERG_WRITE,
  VIRTIO_CONSOLE_F_MULTIPORT,
  VIRTIO_CONSOLE_F_SIZE,
  VIRTIO_ID_CONSOLE,
} from './constants.ts';
import { type ConfigField, VirtioDevice } from './device.ts';

const QUEUE_SIZE = 64;
const MAX_PORTS = 31;
/** Output reaches the backend in pieces of at most this many bytes. */
const PIECE = 64 * 1024;
/** One output chain may hold this much: Linux's largest is a splice of a whole pipe, 1 MiB. It bounds the work of a notification. */
const MAX_OUTPUT_CHAIN = 1024 * 1024;
/** room() stops counting here. */
const MAX_ROOM = 64 * 1024;

const CONTROL_RX = 2;
const CONTROL_TX = 3;

export interface ConsolePortOptions {
  /** What the guest calls the port (VIRTIO_CONSOLE_PORT_NAME); none when empty. */
  readonly name: string;
  readonly backend: CharBackend;
  /** A console (hvc) rather than a byte channel; true for port 0, false for others when left out. */
  readonly console?: boolean;
}

export interface VirtioConsoleOptions {
  /** Port 0 first; 1 to 31 of them. */
  readonly ports: readonly ConsolePortOptions[];
  /** Characters; 80 x 24 when left out. */
  readonly cols?: number;
  readonly rows?: number;
  /** Offer VIRTIO_CONSOLE_F_MULTIPORT; when left out, only if there is more than one port. */
  readonly multiport?: boolean;
  /**
   * Order of the two numbers in a RESIZE message: the specification's (the default), or the swapped one that Linux drivers expected
   * for many years (changed in its commit 5326ab737a47).
   */
  readonly resizeOrder?: 'cols-rows' | 'rows-cols';
}

interface Port {
  readonly index: number;
  readonly name: string;
  readonly backend: CharBackend;
  readonly console: boolean;
  readonly rx: number;
  readonly tx: number;
}

export class VirtioConsole extends VirtioDevice {
  protected readonly configFields: readonly ConfigField[];
  private readonly ports: readonly Port[];
  private readonly multiport: boolean;
  private readonly control: ConsoleControl;
  private cols: number;
  private rows: number;

  constructor(context: Pick<DeviceContext, 'memory' | 'log'>, options: VirtioConsoleOptions) {
    const count = options.ports.length;
    if (count < 1 || count > MAX_PORTS) throw new Error(`virtio-console has ${count} ports, not 1 to ${MAX_PORTS}`);
    const multiport = options.multiport ?? count > 1;
    if (count > 1 && !multiport) throw new Error('virtio-console with more than one port needs multiport');
    super({
      ...context,
      name: 'virtio-console',
      deviceId: VIRTIO_ID_CONSOLE,
      features: VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_EMERG_WRITE | (multiport ? VIRTIO_CONSOLE_F_MULTIPORT : 0n),
      queueSizes: new Array<number>(multiport ? 2 * count + 2 : 2).fill(QUEUE_SIZE),
    });
    this.multiport = multiport;
    this.ports = options.ports.map((port, index) => ({
      index,
      name: port.name,
      backend: port.backend,
      console: port.console ?? index === 0,
      // Queues 2 and 3 are control (5.3.2).
      rx: index === 0 ? 0 : 2 * index + 2,
      tx: index === 0 ? 1 : 2 * index + 3,
    }));
    this.cols = clampSize(options.cols ?? 80);
    this.rows = clampSize(options.rows ?? 24);
    this.control = new ConsoleControl(this.ports, () =>
      options.resizeOrder === 'rows-cols' ? [this.rows, this.cols] : [this.cols, this.rows],
    );
    this.configFields = [
      { name: 'cols', offset: 0, width: 2, read: () => this.cols },
      { name: 'rows', offset: 2, width: 2, read: () => this.rows },
      { name: 'max_nr_ports', offset: 4, width: 4, read: () => this.ports.length },
      // Works before any negotiation (5.3.4): one character, in the low byte.
      {
        name: 'emerg_wr',
        offset: 8,
        width: 4,
        read: () => 0,
        write: (value, touched) => {
          if (touched & 0xff) this.ports[0]!.backend.write(Uint8Array.of(value & 0xff));
        },
      },
    ];
  }

  /** Where input of port `index` goes in. Throws RangeError when there is no such port. */
  port(index: number): ConsoleInput {
    const port = this.ports[index];
    if (!port) throw new RangeError(`virtio-console has no port ${index}`);
    return { room: () => this.room(port), input: (bytes) => this.input(port, bytes) };
  }

  /** The host's terminal has a new size, in characters. The driver hears of it when it asked to. */
  resize(cols: number, rows: number): void {
    const newCols = clampSize(cols);
    const newRows = clampSize(rows);
    if (newCols === this.cols && newRows === this.rows) return;
    this.cols = newCols;
    this.rows = newRows;
    if (this.negotiated(VIRTIO_CONSOLE_F_SIZE)) this.configChanged();
    if (this.negotiated(VIRTIO_CONSOLE_F_MULTIPORT)) {
      this.control.resized();
      this.guard(() => this.sendControl());
    }
  }

  protected queueNotified(index: number): void {
    if (this.multiport && index === CONTROL_TX) this.receiveControl();
    else if (this.multiport && index === CONTROL_RX) this.sendControl();
    else {
      const port = this.ports.find(({ rx, tx }) => rx === index || tx === index)!;
      if (port.tx === index) this.output(port);
      // Buffers for input wait for input(); a bad one is found now, at a known instant, and not by room().
      else if (this.queues[index]!.available() > 0) this.queues[index]!.peek(0);
    }
  }

  protected deviceReset(): void {
    this.control.reset();
  }

  protected saveDevice(): DeviceState {
    return { cols: this.cols, rows: this.rows, control: this.control.save() };
  }

  protected restoreDevice(saved: SavedState): void {
    this.cols = saved.integer('cols', 0xffff);
    this.rows = saved.integer('rows', 0xffff);
    this.control.restore(saved.object('control'));
  }

  private output(port: Port): void {
    const queue = this.queues[port.tx]!;
    // available() bounds the loop by the queue size: what the guest sees completed cannot come back within one notification.
    for (let left = queue.available(); left > 0; left--) {
      const chain = queue.take();
      if (!chain) break;
      if (chain.readableLength > MAX_OUTPUT_CHAIN) throw new VirtqueueError('more than 1 MiB of output in one chain');
      chain.forEachPiece(PIECE, (bytes) => port.backend.write(bytes));
      queue.complete(chain, 0);
    }
    this.interruptQueue(port.tx);
  }

  /** A pure look: changes no state, whatever it finds, because the host may ask at any time. */
  private room(port: Port): number {
    if (!this.accepts(port)) return 0;
    let room = 0;
    try {
      const queue = this.queues[port.rx]!;
      const count = queue.available();
      for (let i = 0; i < count && room < MAX_ROOM; i++) room += queue.peek(i).writableLength;
    } catch (error) {
      // A chain that breaks a rule ends the count; taking it is what gets the driver told.
      if (!(error instanceof VirtqueueError)) throw error;
    }
    return Math.min(room, MAX_ROOM);
  }

  private input(port: Port, bytes: Uint8Array): number {
    if (!this.accepts(port)) return 0;
    let done = 0;
    this.guard(() => {
      const queue = this.queues[port.rx]!;
      for (let left = queue.available(); left > 0 && done < bytes.length; left--) {
        const chain = queue.take();
        if (!chain) break;
        const written = chain.write(bytes.subarray(done));
        done += written;
        queue.complete(chain, written);
      }
      this.interruptQueue(port.rx);
    });
    return done;
  }

  /**
   * Without MULTIPORT there is only port 0, and whether the guest listens cannot be known. With it, a port takes input once the guest has
   * opened it: until then Linux throws away what comes, for a console too.
   */
  private accepts(port: Port): boolean {
    if (!this.usable(port.rx)) return false;
    if (!this.negotiated(VIRTIO_CONSOLE_F_MULTIPORT)) return port.index === 0;
    return this.control.isOpen(port.index);
  }

  private receiveControl(): void {
    const queue = this.queues[CONTROL_TX]!;
    const bytes = new Uint8Array(8);
    for (let left = queue.available(); left > 0; left--) {
      const chain = queue.take();
      if (!chain) break;
      if (chain.readInto(bytes) < bytes.length) this.misuse('control message shorter than its header');
      else if (!this.control.receive(parse(bytes, this.order === 'little')))
        this.misuse('control message that a driver does not send');
      queue.complete(chain, 0);
    }
    this.interruptQueue(CONTROL_TX);
    this.sendControl();
  }

  /** Put waiting control messages into the buffers the guest posted for them. */
  private sendControl(): void {
    if (!this.usable(CONTROL_RX)) return;
    const queue = this.queues[CONTROL_RX]!;
    for (let left = queue.available(); left > 0 && this.control.waiting > 0; left--) {
      const chain = queue.take();
      if (!chain) break;
      const message = this.control.next(this.order === 'little');
      if (chain.writableLength < message.length) throw new VirtqueueError('buffer too small for a control message');
      queue.complete(chain, chain.write(message));
    }
    this.interruptQueue(CONTROL_RX);
  }
}

function clampSize(size: number): number {
  return Math.min(Math.max(Math.trunc(size) || 0, 0), 0xffff);
}

function parse(bytes: Uint8Array, little: boolean): ControlMessage {
  const view = new DataView(bytes.buffer);
  return { id: view.getUint32(0, little), event: view.getUint16(4, little), value: view.getUint16(6, little) };
}
