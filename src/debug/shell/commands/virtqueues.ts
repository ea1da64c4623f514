// `virtqueues`: where a virtio driver put its rings, how far both sides are, and the chains that wait (virtio 1.2 section 2.7). Reads what devices
// save of themselves (devices/virtio/queue.ts), and the rings in guest memory, which may hold anything.
import { hex } from '../../../util/bits.ts';
import { printable } from '../../../util/format.ts';
import type { DebugTarget } from '../../target.ts';
import type { ShellCommand } from '../command.ts';
import { numberIn } from '../text.ts';
import { deviceNamed } from './machine.ts';

interface QueueState {
  readonly size: number;
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
  readonly lastAvail: number;
  readonly usedIdx: number;
}

interface QueuesOfDevice {
  readonly queues: readonly QueueState[];
  /** The rings of a legacy driver are in the guest's order. */
  readonly order: 'little' | 'big';
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const QUEUE_KEYS = ['size', 'desc', 'driver', 'device', 'lastAvail', 'usedIdx'] as const;

function isQueue(value: unknown): value is Readonly<Record<(typeof QUEUE_KEYS)[number], number>> {
  return isRecord(value) && QUEUE_KEYS.every((key) => typeof value[key] === 'number');
}

/** The queues in what a virtio transport saves; null: it is none. */
function queuesIn(state: unknown, target: DebugTarget): QueuesOfDevice | null {
  if (!isRecord(state) || !isRecord(state.device)) return null;
  const { queues } = state.device;
  if (!Array.isArray(queues) || queues.length === 0 || !queues.every(isQueue)) return null;
  return { queues, order: state.legacy === true ? target.endianness : 'little' };
}

const VIRTQ_DESC_F_NEXT = 1;
const VIRTQ_DESC_F_WRITE = 2;
const VIRTQ_DESC_F_INDIRECT = 4;
const VIRTQ_DESC_SIZE = 16;
/** Chains of a queue, and descriptors of a chain, that are shown. */
const MOST_CHAINS = 16;
const MOST_DESCRIPTORS = 32;

class Rings {
  private readonly target: DebugTarget;
  private readonly order: 'little' | 'big';

  constructor(target: DebugTarget, order: 'little' | 'big') {
    this.target = target;
    this.order = order;
  }

  /** `bytes` bytes of guest memory as a number; undefined: no RAM. */
  number(address: number, bytes: number): number | undefined {
    const read = this.target.readPhysical(address, bytes);
    return read === null ? undefined : numberIn(read, this.order);
  }

  summary(index: number, queue: QueueState): string[] {
    if (queue.size === 0) return [`  queue ${index}: not set up`];
    const available = this.number(queue.driver + 2, 2);
    const used = this.number(queue.device + 2, 2);
    const waiting = available === undefined ? 'unknown' : String((available - queue.lastAvail) & 0xffff);
    const inFlight = (queue.lastAvail - queue.usedIdx) & 0xffff;
    const text = (value: number | undefined): string => (value === undefined ? 'not in RAM' : String(value));
    return [
      `  queue ${index}: size ${queue.size}, descriptors ${hex(queue.desc)}, available ${hex(queue.driver)}, used ${hex(queue.device)}`,
      `    available ${text(available)}, taken ${queue.lastAvail}, used ${text(used)}: ${waiting} waiting, ${inFlight} in flight`,
    ];
  }

  /** The chains that the device has not taken. */
  waiting(queue: QueueState): string[] {
    const available = this.number(queue.driver + 2, 2);
    if (queue.size === 0 || available === undefined) return [];
    const count = (available - queue.lastAvail) & 0xffff;
    if (count > queue.size) return [`    the driver is ${count} chains ahead, in a ring of ${queue.size}`];
    const lines: string[] = [];
    for (let i = 0; i < Math.min(count, MOST_CHAINS); i++) {
      const head = this.number(queue.driver + 4 + 2 * ((queue.lastAvail + i) % queue.size), 2);
      lines.push(...this.chain(queue, head));
    }
    return count > MOST_CHAINS ? [...lines, `    and ${count - MOST_CHAINS} chains more`] : lines;
  }

  private chain(queue: QueueState, head: number | undefined): string[] {
    const lines = [`    chain ${head ?? 'not in RAM'}`];
    let index = head;
    for (let i = 0; index !== undefined; i++) {
      if (i === MOST_DESCRIPTORS) return [...lines, '      and more'];
      if (index >= queue.size) return [...lines, `      descriptor ${index} does not exist`];
      const at: number = queue.desc + VIRTQ_DESC_SIZE * index;
      // Addresses are of 64 bits, of which guests of 32 use the lower half.
      const high = this.number(at + (this.order === 'little' ? 4 : 0), 4) ?? 0;
      const low = this.number(at + (this.order === 'little' ? 0 : 4), 4);
      const length = this.number(at + 8, 4);
      const flags = this.number(at + 12, 2);
      if (low === undefined || length === undefined || flags === undefined)
        return [...lines, `      descriptor ${index} is not in RAM`];
      const way = flags & VIRTQ_DESC_F_INDIRECT ? 'table' : flags & VIRTQ_DESC_F_WRITE ? 'to driver' : 'to device';
      lines.push(`      ${String(index).padStart(3)}  ${hex(high * 2 ** 32 + low)}  ${length} bytes ${way}`);
      index = flags & VIRTQ_DESC_F_NEXT ? this.number(at + 14, 2) : undefined;
    }
    return lines;
  }
}

export const virtqueuesCommand: ShellCommand = {
  name: 'virtqueues',
  aliases: ['virtio', 'vq'],
  family: 'machine',
  usage: 'virtqueues [DEVICE]',
  summary: 'virtqueues, and with DEVICE the chains that wait in them',
  help: ['waiting: made available by the driver, not taken by the device. in flight: taken, not given back.'],
  examples: ['virtqueues', 'virtqueues blk0'],
  complete: (session) => (session.target.stopped ? session.target.devices().map(({ name }) => name) : []),
  run(session, args) {
    const name = args.take();
    args.done();
    const { target } = session;
    const devices = name === undefined ? target.devices() : [deviceNamed(session, name)];
    const lines = devices.flatMap((device) => {
      const found = queuesIn(device.state(), target);
      if (!found) return [];
      const rings = new Rings(target, found.order);
      return [
        printable(device.name),
        ...found.queues.flatMap((queue, i) => [
          ...rings.summary(i, queue),
          ...(name === undefined ? [] : rings.waiting(queue)),
        ]),
      ];
    });
    if (lines.length > 0) return lines;
    return [name === undefined ? 'there is no virtio device' : `${printable(devices[0]!.name)} is no virtio device`];
  },
};
