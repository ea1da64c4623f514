// The control channel of a virtio-console with VIRTIO_CONSOLE_F_MULTIPORT (virtio 1.2 section 5.3.6.2): which ports there are, what they are
// called, and who has them open. A small state machine over messages; console.ts moves them through the queues.
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import {
  VIRTIO_CONSOLE_CONSOLE_PORT,
  VIRTIO_CONSOLE_DEVICE_READY,
  VIRTIO_CONSOLE_PORT_ADD,
  VIRTIO_CONSOLE_PORT_NAME,
  VIRTIO_CONSOLE_PORT_OPEN,
  VIRTIO_CONSOLE_PORT_READY,
  VIRTIO_CONSOLE_RESIZE,
} from './constants.ts';

/** struct virtio_console_control. */
export interface ControlMessage {
  readonly id: number;
  readonly event: number;
  readonly value: number;
}

export interface ControlledPort {
  readonly name: string;
  readonly console: boolean;
}

/** The messages that a device sends, at most one of each kind waiting per port: a driver that asks without end costs nothing. */
const SENT = [
  VIRTIO_CONSOLE_PORT_ADD,
  VIRTIO_CONSOLE_CONSOLE_PORT,
  VIRTIO_CONSOLE_PORT_NAME,
  VIRTIO_CONSOLE_PORT_OPEN,
  VIRTIO_CONSOLE_RESIZE,
];

export class ConsoleControl {
  private readonly ports: readonly ControlledPort[];
  private readonly size: () => readonly [number, number];
  private queue: { id: number; event: number }[] = [];
  private ready: boolean[];
  private open: boolean[];

  /** `size` gives the two numbers of a RESIZE message in the order they are sent. */
  constructor(ports: readonly ControlledPort[], size: () => readonly [number, number]) {
    this.ports = ports;
    this.size = size;
    this.ready = ports.map(() => false);
    this.open = ports.map(() => false);
  }

  reset(): void {
    this.queue = [];
    this.ready.fill(false);
    this.open.fill(false);
  }

  /** Messages that wait for a buffer. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Has the guest opened the port? */
  isOpen(port: number): boolean {
    return this.open[port] === true;
  }

  /** A message from the driver. False when it is none that drivers send. */
  receive({ id, event, value }: ControlMessage): boolean {
    if (event === VIRTIO_CONSOLE_DEVICE_READY) {
      if (value === 1) for (let port = 0; port < this.ports.length; port++) this.send(port, VIRTIO_CONSOLE_PORT_ADD);
      return true;
    }
    const port = this.ports[id];
    if (!port) return false;
    if (event === VIRTIO_CONSOLE_PORT_READY) {
      this.ready[id] = value === 1;
      if (value === 1) this.introduce(id, port);
      return true;
    }
    if (event === VIRTIO_CONSOLE_PORT_OPEN) {
      this.open[id] = value === 1;
      return true;
    }
    return false;
  }

  /** The terminal size changed. */
  resized(): void {
    this.ports.forEach((port, id) => {
      if (port.console && this.ready[id]) this.send(id, VIRTIO_CONSOLE_RESIZE);
    });
  }

  /** Take the next waiting message, as bytes for the guest; there must be one. */
  next(little: boolean): Uint8Array {
    const { id, event } = this.queue.shift()!;
    const size = event === VIRTIO_CONSOLE_RESIZE ? this.size() : [];
    const name = event === VIRTIO_CONSOLE_PORT_NAME ? new TextEncoder().encode(this.ports[id]!.name) : [];
    const bytes = new Uint8Array(8 + 2 * size.length + name.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, id, little);
    view.setUint16(4, event, little);
    view.setUint16(6, 1, little);
    size.forEach((value, i) => {
      view.setUint16(8 + 2 * i, value, little);
    });
    bytes.set(name, 8 + 2 * size.length);
    return bytes;
  }

  save(): DeviceState {
    return {
      queue: this.queue.map((message) => ({ ...message })),
      ports: this.ports.map((_, id) => ({ ready: this.ready[id]!, open: this.open[id]! })),
    };
  }

  restore(saved: SavedState): void {
    const ports = saved.objects('ports', this.ports.length);
    if (ports.length !== this.ports.length) throw saved.bad('ports', `a list of ${this.ports.length}`);
    this.ready = ports.map((port) => port.boolean('ready'));
    this.open = ports.map((port) => port.boolean('open'));
    this.queue = saved.objects('queue', SENT.length * this.ports.length).map((message) => {
      const event = message.integer('event', VIRTIO_CONSOLE_PORT_NAME);
      if (!SENT.includes(event)) throw message.bad('event', 'one that a device sends');
      return { id: message.integer('id', this.ports.length - 1), event };
    });
  }

  /** What a port is, once the driver is ready to hear it; the host's end of it is always open. */
  private introduce(id: number, port: ControlledPort): void {
    if (port.console) this.send(id, VIRTIO_CONSOLE_CONSOLE_PORT);
    if (port.name !== '') this.send(id, VIRTIO_CONSOLE_PORT_NAME);
    if (port.console) this.send(id, VIRTIO_CONSOLE_RESIZE);
    this.send(id, VIRTIO_CONSOLE_PORT_OPEN);
  }

  private send(id: number, event: number): void {
    if (!this.queue.some((waiting) => waiting.id === id && waiting.event === event)) this.queue.push({ id, event });
  }
}
