// One virtio device on virtio-mmio with watched ports, and the promises it is held to after every step a guest can take: see `judge`.
import type { ConsoleInput, DeviceState } from '../../../../src/devices/device.ts';
import { VirtioBlk } from '../../../../src/devices/virtio/blk.ts';
import { VirtioConsole } from '../../../../src/devices/virtio/console.ts';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { VirtioMmio } from '../../../../src/devices/virtio/mmio.ts';
import { type BackedRange, type Endianness, GuestMemory } from '../../../../src/memory/guest-memory.ts';
import { FakeLine, FakeLog } from '../fakes.ts';
import { consumes, judge, type Look, PORT_NAME, type Saved, settingOf, usable, type VirtioKind } from './judge.ts';
import { NamedMemory } from './named-memory.ts';
import { waiting } from './rules.ts';
import {
  ARENA,
  Meter,
  STANDARD_RANGES,
  StandingTimer,
  Violation,
  WatchedDisk,
  WatchedMemory,
  WatchedOutput,
} from './watched.ts';

export interface Variant {
  readonly device: VirtioKind;
  readonly legacy: boolean;
  readonly endianness: Endianness;
  /** A read-only disk. */
  readonly readonly: boolean;
}

const OTHER: Look = { kind: 'other' };
const CONFIG: Look = { kind: 'config' };
const CONSOLE_PORTS = 2;
/** More kinds of misbehaviour than a device knows. */
const MAX_LOG_LINES = 30;

const arenas = [new Uint8Array(new SharedArrayBuffer(ARENA)), new Uint8Array(new SharedArrayBuffer(ARENA))] as const;

export class FuzzMachine {
  readonly variant: Variant;
  readonly order: Endianness;
  /** A look at memory that costs nothing and that nobody is told of. */
  readonly plain: GuestMemory;
  readonly irq = new FakeLine();
  readonly log = new FakeLog();
  readonly disk: WatchedDisk;
  readonly outputs: readonly WatchedOutput[];
  timer: StandingTimer;
  /** Did the driver break a rule in this case, as the device saw it? */
  wasBroken = false;
  wasLive = false;
  completed = 0;
  private readonly trace: ((line: string) => void) | null;
  private readonly meter = new Meter();
  /** What the device and honest drivers use. */
  readonly memory: WatchedMemory;
  /** Memory as it was before the step. */
  private readonly before: GuestMemory;
  private mmio: VirtioMmio;
  private console: VirtioConsole | null = null;
  private saved: Saved;
  private readonly maxSizes: readonly number[];
  /** Queues that the driver made ready and did not take back. */
  private readonly live = new Set<number>();
  private readonly named: NamedMemory;
  private readonly touched: number[] = [];
  private inStep = false;
  private writes = 0;
  private structureWritten = false;

  constructor(variant: Variant, trace: ((line: string) => void) | null) {
    this.variant = variant;
    this.trace = trace;
    const { endianness, legacy } = variant;
    this.order = legacy ? endianness : 'little';
    for (const arena of arenas) arena.fill(0);
    this.memory = new WatchedMemory(arenas[0], endianness, this.meter);
    this.memory.setListener({ wrote: (offset, length) => this.wrote(offset, length) });
    this.plain = view(arenas[0], endianness);
    this.before = view(arenas[1], endianness);
    this.named = new NamedMemory(this.plain);
    this.timer = new StandingTimer(this.meter);
    this.disk = new WatchedDisk(this.meter, variant.readonly);
    this.outputs = Array.from({ length: CONSOLE_PORTS }, () => new WatchedOutput(this.meter));
    this.mmio = this.plug();
    this.mmio.reset();
    this.saved = this.look();
    this.maxSizes = this.saved.device.queues.map((_, index) => {
      this.mmio.write(v.VIRTIO_MMIO_QUEUE_SEL, 4, index);
      return this.mmio.read(v.VIRTIO_MMIO_QUEUE_NUM_MAX, 4);
    });
    this.mmio.reset();
  }

  private plug(): VirtioMmio {
    const { device, legacy } = this.variant;
    const context = { memory: this.memory, log: this.log.once, timer: this.timer, irq: this.irq };
    const made =
      device === 'blk'
        ? new VirtioBlk(context, { name: 'virtio-blk0', backend: this.disk })
        : new VirtioConsole(context, {
            ports: this.outputs.map((backend, i) => ({ name: i === 0 ? '' : PORT_NAME, backend })),
          });
    this.console = made instanceof VirtioConsole ? made : null;
    return new VirtioMmio(context, made, { legacy });
  }

  // What a guest can do.

  read(offset: number, length: 1 | 2 | 4): number {
    const value = this.step('', OTHER, () => this.mmio.read(offset, length));
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * length))
      throw new Violation(`read of ${length} at 0x${offset.toString(16)} gave ${value}`);
    if (this.writes > 0) throw new Violation(`a read at 0x${offset.toString(16)} wrote to memory`);
    return value;
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.step(
      `write ${length} at 0x${offset.toString(16)}: 0x${value.toString(16)}`,
      this.meaning(offset, length, value),
      () => this.mmio.write(offset, length, value),
    );
  }

  /** Let guest time pass; every event is a step of its own. */
  advance(ns: number): void {
    this.timer.advance(ns, (callback) => this.step(`event at ${this.timer.now}`, OTHER, callback));
  }

  /** A store of the guest's own; bytes outside RAM go nowhere. */
  poke(gpa: number, bytes: 2 | 4, value: number): void {
    this.trace?.(`  memory 0x${gpa.toString(16)}, ${bytes} bytes: 0x${value.toString(16)}`);
    if (!this.plain.contains(gpa, bytes)) return;
    if (bytes === 2) this.memory.writeU16(gpa, value & 0xffff, this.order);
    else this.memory.writeU32(gpa, value >>> 0, this.order);
  }

  pokeBytes(gpa: number, bytes: Uint8Array): void {
    this.trace?.(`  memory 0x${gpa.toString(16)}: ${bytes.length} bytes`);
    if (this.plain.contains(gpa, bytes.length)) this.memory.write(gpa, bytes);
  }

  // What comes from outside.

  input(port: number, bytes: Uint8Array): void {
    if (this.console) this.step(`input of ${bytes.length} to port ${port}`, OTHER, () => this.port(port).input(bytes));
  }

  room(port: number): void {
    const room = this.step(`room of port ${port}?`, OTHER, () => (this.console ? this.port(port).room() : 0));
    if (!Number.isInteger(room) || room < 0) throw new Violation(`room ${room}`);
    if (this.writes > 0) throw new Violation('asking for room wrote to memory');
  }

  resize(columns: number, rows: number): void {
    this.step(`resize to ${columns} x ${rows}`, OTHER, () => this.console?.resize(columns, rows));
  }

  slots(ranges: readonly BackedRange[]): void {
    this.trace?.(`slots: ${ranges.map(({ gpa, size }) => `0x${gpa.toString(16)}+0x${size.toString(16)}`).join(' ')}`);
    this.sync();
    for (const memory of [this.memory, this.plain, this.before]) memory.setRanges(ranges);
    this.named.slotsChanged();
  }

  /** Save the device, and put a fresh one that takes the state in its place. */
  swap(): void {
    const state = JSON.parse(JSON.stringify(this.mmio.saveState())) as DeviceState;
    this.timer = new StandingTimer(this.meter, this.timer.now);
    this.mmio = this.plug();
    this.mmio.restoreState(state);
  }

  /** Everything that two runs of one case must end with. */
  fingerprint(): string {
    const { bytes } = this.disk;
    const outputs = this.outputs.map(({ count, hash }) => `${count} ${hash}`);
    return `${JSON.stringify(this.mmio.saveState())} irq ${this.irq.level} output ${outputs} memory ${hashOf(arenas[0])} disk ${hashOf(bytes)}`;
  }

  get broken(): boolean {
    return this.saved.device.broken;
  }

  /** Run time until nothing is due. */
  settle(): void {
    for (let next = this.timer.next; next !== null; next = this.timer.next) this.advance(next);
  }

  /**
   * Notify every queue and let time pass: then what the driver made available was completed, unless the device asked for a reset.
   */
  serveAll(): void {
    let overwritten = false;
    for (let queue = 0; queue < this.queueCount; queue++) {
      this.write(v.VIRTIO_MMIO_QUEUE_NOTIFY, 4, queue);
      overwritten ||= this.structureWritten;
      for (let next = this.timer.next; next !== null; next = this.timer.next) {
        this.advance(next);
        overwritten ||= this.structureWritten;
      }
    }
    // Rings that lie in each other: what was served last may have made something available where nobody looks again.
    if (overwritten) return;
    const setting = settingOf({ legacy: this.variant.legacy, memory: this.plain }, this.saved);
    this.saved.device.queues.forEach((queue, index) => {
      if (!usable(this.variant, this.saved, index) || !consumes(this.variant.device, index)) return;
      const left = waiting(setting, queue);
      if (left !== 0) throw new Violation(`queue ${index} still has ${left} waiting, and no reset was asked for`);
      if (queue.usedIdx !== queue.lastAvail)
        throw new Violation(`queue ${index}: ${queue.lastAvail} chains taken and ${queue.usedIdx} given back`);
    });
  }

  get queueCount(): number {
    return this.maxSizes.length;
  }

  /** All of RAM is as it was, but for what was seen being written. */
  checkMemory(): void {
    this.sync();
    if (Buffer.compare(arenas[0], arenas[1]) !== 0) {
      const at = arenas[0].findIndex((byte, i) => byte !== arenas[1][i]);
      throw new Violation(`memory changed at 0x${at.toString(16)} of the arena and nobody was told`);
    }
  }

  private port(index: number): ConsoleInput {
    return this.console!.port(index);
  }

  private meaning(offset: number, length: number, value: number): Look {
    if (offset >= v.VIRTIO_MMIO_CONFIG) return CONFIG;
    if (length !== 4) return OTHER;
    const queue = this.saved.registers.QueueSel;
    const { legacy } = this.variant;
    if (offset === v.VIRTIO_MMIO_STATUS && value === 0) return { kind: 'reset' };
    if (offset === v.VIRTIO_MMIO_INTERRUPT_ACK) return { kind: 'acknowledge' };
    if (offset === v.VIRTIO_MMIO_QUEUE_NOTIFY) return { kind: 'notify', queue: value };
    if (offset === (legacy ? v.VIRTIO_MMIO_QUEUE_PFN : v.VIRTIO_MMIO_QUEUE_READY))
      return { kind: 'enable', queue, value };
    return OTHER;
  }

  /** Which queues the driver has handed over, by what it writes. */
  private note(look: Look): void {
    if (look.kind === 'reset') for (const queue of [...this.live]) this.forget(queue);
    if (look.kind !== 'enable') return;
    // QueueReady 1 of a ready queue changes nothing; QueuePFN moves it.
    if (this.variant.legacy || !(look.value & 1)) this.forget(look.queue);
    if (this.variant.legacy ? look.value !== 0 : look.value & 1) this.live.add(look.queue);
  }

  /** Nothing of this queue may be touched from now on. */
  private forget(queue: number): void {
    this.live.delete(queue);
    this.named.forget(queue);
  }

  private step<T>(what: string, look: Look, work: () => T): T {
    if (what !== '') this.trace?.(what);
    this.note(look);
    this.sync();
    this.nameBuffers();
    const allowed = this.live.size > 0 && !this.saved.device.broken;
    this.disk.allowed = allowed;
    // An emergency write needs no queue.
    for (const output of this.outputs) output.allowed = allowed || look.kind === 'config';
    this.meter.newStep();
    this.writes = 0;
    this.structureWritten = false;
    this.inStep = true;
    let result: T;
    try {
      result = work();
    } catch (error) {
      throw error instanceof Violation ? error : new Violation(`${what}: threw ${(error as Error).stack}`);
    } finally {
      this.inStep = false;
    }
    if (this.meter.broken) throw this.meter.broken;
    this.judge(look);
    return result;
  }

  private judge(look: Look): void {
    const { before, irq, maxSizes, writes, structureWritten } = this;
    const { device: kind, legacy } = this.variant;
    const old = this.saved;
    this.saved = this.look();
    judge({
      kind,
      legacy,
      look,
      before: old,
      after: this.saved,
      memory: before,
      memoryNow: this.plain,
      maxSizes,
      irq: irq.level,
      writes,
      structureWritten,
    });
    const { lines } = this.log;
    if (lines.length > MAX_LOG_LINES || new Set(lines).size !== lines.length)
      throw new Violation(`said the same twice, or too much:\n${lines.join('\n')}`);
    this.saved.device.queues.forEach(({ size, usedIdx }, index) => {
      const was = old.device.queues[index]!;
      if (size > 0 && was.size > 0 && look.kind !== 'enable') this.completed += (usedIdx - was.usedIdx) & 0xffff;
      if (usable(this.variant, this.saved, index)) this.wasLive = true;
    });
    if (this.saved.device.broken) this.wasBroken = true;
  }

  private look(): Saved {
    return this.mmio.saveState() as unknown as Saved;
  }

  private nameBuffers(): void {
    const { queues } = this.saved.device;
    const ready = [...this.live].filter((index) => (queues[index]?.size ?? 0) > 0);
    const setting = settingOf({ legacy: this.variant.legacy, memory: this.plain }, this.saved);
    this.named.look(
      ready.map((index) => [index, queues[index]!]),
      setting,
    );
  }

  /** GuestMemory tells of a write, `offset` in the arena. */
  private wrote(offset: number, length: number): void {
    this.touched.push(offset, length);
    if (!this.inStep) return;
    this.writes++;
    if (!this.named.has(offset, length))
      this.meter.violation(`wrote ${length} bytes at 0x${offset.toString(16)} of the arena, which nothing named`);
    if (!this.named.isStructure(offset, length)) return;
    this.structureWritten = true;
    this.nameBuffers();
  }

  /** Bring the picture of memory up to date. */
  private sync(): void {
    for (let i = 0; i < this.touched.length; i += 2) {
      const from = this.touched[i]! & ~3;
      const to = (this.touched[i]! + this.touched[i + 1]! + 3) & ~3;
      arenas[1].set(arenas[0].subarray(from, to), from);
    }
    this.touched.length = 0;
  }
}

function view(arena: Uint8Array, endianness: Endianness): GuestMemory {
  const memory = new GuestMemory(arena.buffer, arena.byteOffset, arena.length, endianness);
  memory.setRanges(STANDARD_RANGES);
  return memory;
}

function hashOf(bytes: Uint8Array): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  let hash = 0;
  for (const word of words) hash = (Math.imul(hash, 0x01000193) ^ word) | 0;
  return hash;
}
