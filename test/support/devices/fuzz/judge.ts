// The promises of a virtio device on virtio-mmio about one step, held against its states before and after it. Rules of rings come from
// rules.ts; what a device type adds to them stands here.
import * as v from '../../../../src/devices/virtio/constants.ts';
import type { GuestMemory } from '../../../../src/memory/guest-memory.ts';
import {
  brokenRule,
  chainFrom,
  interruptRule,
  type Lengths,
  placeRule,
  type QueueFacts,
  type Setting,
  waiting,
} from './rules.ts';
import { Violation } from './watched.ts';

export type VirtioKind = 'console' | 'blk';

/** What a saved state says, as far as it is looked at. */
export interface Saved {
  readonly registers: { readonly InterruptStatus: number; readonly QueueSel: number; readonly GuestPageSize?: number };
  readonly setups: readonly { readonly [key: string]: number }[];
  readonly device: {
    readonly status: number;
    readonly featuresLow: number;
    readonly broken: boolean;
    readonly queues: readonly QueueFacts[];
    readonly device: {
      /** virtio-blk: the request that waits for its instant. */
      readonly inFlight?: readonly {
        readonly head: number;
        readonly readable: readonly Buffer[];
        readonly writable: readonly Buffer[];
      }[];
      /** virtio-console: messages that wait for a buffer. */
      readonly control?: { readonly queue: readonly { readonly event: number }[] };
    };
  };
}

interface Buffer {
  readonly gpa: number;
  readonly length: number;
}

/** What a step is, for what must follow from it. */
export type Look =
  | { readonly kind: 'notify'; readonly queue: number }
  /** QueueReady or QueuePFN written with `value`. */
  | { readonly kind: 'enable'; readonly queue: number; readonly value: number }
  | { readonly kind: 'reset' | 'config' | 'acknowledge' | 'other' };

export interface Step {
  readonly kind: VirtioKind;
  readonly legacy: boolean;
  readonly look: Look;
  readonly before: Saved;
  readonly after: Saved;
  /** Memory as it was before the step. */
  readonly memory: GuestMemory;
  /** Memory as it is now. */
  readonly memoryNow: GuestMemory;
  readonly maxSizes: readonly number[];
  readonly irq: boolean;
  /** How many times the device wrote to memory. */
  readonly writes: number;
  /** The device wrote into a descriptor table or an available ring: the picture from before the step is no longer the whole one. */
  readonly structureWritten: boolean;
}

const MAX_OUTPUT_CHAIN = 1024 * 1024;
const BLK_HEADER = 16;
const CONTROL_RX = 2;
/** The name of port 1 makes the longest message of the control queue. */
export const PORT_NAME = 'second';

/** Throws Violation. */
export function judge(step: Step): void {
  const { before, after, look, legacy } = step;
  const { status, broken } = after.device;
  const pending = after.registers.InterruptStatus;
  if (step.irq !== (pending !== 0)) fail(`interrupt line ${step.irq ? 'high' : 'low'} with InterruptStatus ${pending}`);
  if (((status & v.VIRTIO_CONFIG_S_NEEDS_RESET) !== 0) !== (broken && !legacy))
    fail(`status 0x${status.toString(16)} of a device that is ${broken ? '' : 'not '}stopped`);
  if (look.kind === 'reset') judgeReset(step);
  else if (before.device.broken) judgeStopped(step);
  else if (broken) judgeAlarm(step);
  else judgeWork(step);
}

function judgeReset({ after, writes }: Step): void {
  const { status, broken, queues, device } = after.device;
  if (status !== 0 || broken || after.registers.InterruptStatus !== 0) fail('a reset left status or interrupts');
  if (queues.some(({ size }) => size !== 0)) fail('a reset left a queue ready');
  if (device.inFlight?.length) fail('a reset left a request in flight');
  if (writes > 0) fail('a reset wrote to memory');
}

/** A stopped device takes nothing and says nothing until the reset. */
function judgeStopped({ before, after, look, writes }: Step): void {
  if (!after.device.broken) fail('a stopped device went on without a reset');
  if (writes > 0) fail('a stopped device wrote to memory');
  after.device.queues.forEach((queue, index) => {
    if (look.kind === 'enable' && look.queue === index) return;
    const old = before.device.queues[index]!;
    if (queue.size !== 0 && old.size !== 0 && (queue.lastAvail !== old.lastAvail || queue.usedIdx !== old.usedIdx))
      fail(`a stopped device moved on in queue ${index}`);
  });
}

/** The device stopped in this step: the driver must have broken a rule, and must be told. */
function judgeAlarm(step: Step): void {
  const { after, legacy } = step;
  if (
    !legacy &&
    after.device.status & v.VIRTIO_CONFIG_S_DRIVER_OK &&
    !(after.registers.InterruptStatus & v.VIRTIO_MMIO_INT_CONFIG)
  )
    fail('asked for a reset without a configuration interrupt');
  if (!step.structureWritten && !someRuleBroken(step)) fail('asked for a reset and no rule was broken');
}

function someRuleBroken(step: Step): boolean {
  const { before, after, look, memory } = step;
  const setting = settingOf(step, after);
  if (look.kind === 'enable') return placeRule(setting, placeOf(step, look), step.maxSizes[look.queue] ?? 0) !== null;
  const lost = before.device.device.inFlight?.some(({ readable, writable }) =>
    [...readable, ...writable].some(({ gpa, length }) => !memory.contains(gpa, length)),
  );
  if (lost) return true;
  return before.device.queues.some(
    (queue, index) =>
      queue.size > 0 && brokenRule(setting, queue, queue.size, (chain, i) => ownRule(step, index, chain, i)) !== null,
  );
}

/** All went well: what had to be done was done, and nothing that had to be refused. */
function judgeWork(step: Step): void {
  const { before, after, look } = step;
  if (look.kind === 'enable') {
    if (!after.device.queues[look.queue]?.size) return;
    const rule = before.device.queues[look.queue]?.size
      ? null
      : placeRule(settingOf(step, after), after.device.queues[look.queue]!, step.maxSizes[look.queue]!);
    if (rule) fail(`queue ${look.queue} went live in spite of: ${rule}`);
    return;
  }
  if (step.structureWritten) return;
  if (look.kind === 'notify') judgeNotified(step, look.queue);
  judgeInterrupts(step);
  judgeUsed(step);
}

function judgeNotified(step: Step, index: number): void {
  const { before, after, kind } = step;
  const queue = before.device.queues[index];
  if (!queue || !usable(step, before, index)) return;
  const setting = settingOf(step, before);
  const count = waiting(setting, queue);
  const busy = (before.device.device.inFlight?.length ?? 0) > 0;
  const messages = before.device.device.control?.queue.length ?? 0;
  const looks =
    kind === 'blk' ? (busy ? 0 : 1) : index === CONTROL_RX ? messages : consumes(kind, index) ? queue.size : 1;
  if (looks === 0) return;
  const rule = brokenRule(setting, queue, looks, (chain, i) => ownRule(step, index, chain, i));
  if (rule) fail(`notified of queue ${index} and did not ask for a reset in spite of: ${rule}`);
  const now = after.device.queues[index]!;
  const taken = (now.lastAvail - queue.lastAvail) & 0xffff;
  const given = (now.usedIdx - queue.usedIdx) & 0xffff;
  const event = queue.device + 4 + 8 * queue.size;
  if (
    setting.eventIdx &&
    taken > 0 &&
    index !== CONTROL_RX &&
    step.memoryNow.readU16(event, setting.order) !== now.lastAvail
  )
    fail(`queue ${index}: took ${taken} chains and does not say of which it wants to hear next`);
  if (kind === 'blk') {
    if (taken !== Math.min(looks, Number(count)) || given !== 0)
      fail(`took ${taken} of ${count} requests and gave ${given} back`);
  } else {
    const expected = index === CONTROL_RX ? Math.min(looks, Number(count)) : consumes(kind, index) ? count : 0;
    if (taken !== given || taken !== expected)
      fail(`queue ${index}: took ${taken} of ${count} chains and gave ${given} back`);
  }
}

/**
 * The used ring says which chain was given back last, and not more than could be written into it. Only when one queue moved: rings of two
 * may lie in each other.
 */
function judgeUsed(step: Step): void {
  const { before, after, memory, memoryNow } = step;
  const moved = after.device.queues.flatMap((queue, index) => {
    const old = before.device.queues[index]!;
    return queue.size > 0 && old.size > 0 && queue.usedIdx !== old.usedIdx ? [{ queue, index }] : [];
  });
  const [only, ...others] = moved;
  if (!only || others.length > 0) return;
  const { queue, index } = only;
  const setting = settingOf(step, before);
  const { order } = setting;
  const last = (queue.usedIdx - 1) & 0xffff;
  const at = queue.device + 4 + 8 * (last % queue.size);
  const head = memoryNow.readU32(at, order);
  const length = memoryNow.readU32(at + 4, order);
  if (memoryNow.readU16(queue.device + 2, order) !== queue.usedIdx) fail(`queue ${index}: a wrong used index`);
  const [inFlight] = before.device.device.inFlight ?? [];
  // Devices here give chains back in the order they took them.
  const expected = inFlight?.head ?? memory.readU16(queue.driver + 4 + 2 * (last % queue.size), order);
  if (head !== expected) fail(`queue ${index}: gave back chain ${head}, not ${expected}`);
  const chain = inFlight ? null : chainFrom(setting, queue, head);
  const room = inFlight
    ? inFlight.writable.reduce((sum, buffer) => sum + buffer.length, 0)
    : typeof chain === 'object'
      ? chain!.writable
      : 0;
  if (length > room) fail(`queue ${index}: says that ${length} bytes were written into ${room}`);
}

/** Used-buffer interrupts: when and only when they are due. */
function judgeInterrupts(step: Step): void {
  const { before, after, look } = step;
  let due = false;
  let completed = false;
  after.device.queues.forEach((queue, index) => {
    const old = before.device.queues[index]!;
    if (queue.size === 0 || queue.size !== old.size || queue.usedIdx === old.usedIdx) return;
    completed = true;
    if (interruptRule(settingOf(step, before), old, queue)) due = true;
  });
  const was = before.registers.InterruptStatus & v.VIRTIO_MMIO_INT_VRING;
  const is = after.registers.InterruptStatus & v.VIRTIO_MMIO_INT_VRING;
  if (due && !is) fail('completed something the driver wants to hear of, and did not interrupt');
  if (!due && is && !was)
    fail(completed ? 'interrupted a driver that did not want to hear' : 'interrupted for nothing');
  if (was && !is && look.kind !== 'acknowledge') fail('an interrupt went away by itself');
}

/** Does the device take what is in the queue by itself (rather than keep it until it has something to say)? */
export function consumes(kind: VirtioKind, index: number): boolean {
  return kind === 'blk' || index % 2 === 1;
}

export function usable(step: Pick<Step, 'legacy'>, { device }: Saved, index: number): boolean {
  const live = step.legacy || (device.status & v.VIRTIO_CONFIG_S_DRIVER_OK) !== 0;
  return live && !device.broken && (device.queues[index]?.size ?? 0) > 0;
}

export function settingOf(step: Pick<Step, 'legacy' | 'memory'>, { device }: Saved): Setting {
  return {
    memory: step.memory,
    order: step.legacy ? step.memory.endianness : 'little',
    indirect: (device.featuresLow & Number(v.VIRTIO_F_INDIRECT_DESC)) !== 0,
    eventIdx: (device.featuresLow & Number(v.VIRTIO_F_EVENT_IDX)) !== 0,
  };
}

/** Rules that a device type adds for the chain that is `i` places on in a queue. */
function ownRule(step: Step, index: number, { readable, writable }: Lengths, i: number): string | null {
  if (step.kind === 'blk') return readable < BLK_HEADER || writable < 1 ? 'no whole block request' : null;
  if (index === CONTROL_RX) {
    const { look, before } = step;
    const exact = look.kind === 'notify' && look.queue === CONTROL_RX;
    // Otherwise there may be messages that did not wait before the step.
    const least = exact ? messageLength(before.device.device.control?.queue[i]?.event) : 8 + PORT_NAME.length;
    return writable < least ? 'buffer too small for a control message' : null;
  }
  return index % 2 === 1 && index !== CONTROL_RX + 1 && readable > MAX_OUTPUT_CHAIN ? 'too much output' : null;
}

function messageLength(event: number | undefined): number {
  if (event === undefined) return 0;
  return 8 + (event === v.VIRTIO_CONSOLE_RESIZE ? 4 : event === v.VIRTIO_CONSOLE_PORT_NAME ? PORT_NAME.length : 0);
}

/** Where the driver asked the selected queue to be. */
function placeOf({ before, legacy }: Step, { queue, value }: { queue: number; value: number }): QueueFacts {
  const setup = before.setups[queue]!;
  const size = setup.num!;
  const indices = { lastAvail: 0, usedIdx: 0, asked: 0 };
  const address = (part: string): number => setup[`${part}High`]! * 2 ** 32 + setup[`${part}Low`]!;
  if (!legacy) return { size, desc: address('desc'), driver: address('driver'), device: address('device'), ...indices };
  // 2.7.2: the three parts follow one another, the used ring from the next multiple of QueueAlign.
  const desc = value * before.registers.GuestPageSize!;
  const driver = desc + 16 * size;
  const end = driver + 6 + 2 * size;
  const align = setup.align || 1;
  return { size, desc, driver, device: end + ((align - (end % align)) % align), ...indices };
}

function fail(what: string): never {
  throw new Violation(what);
}
