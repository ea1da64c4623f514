// A hostile guest on the PCI of a Malta: it writes any configuration register, puts windows over everything, moves the host bridge's own,
// and stores wherever something might be. What is promised after every step: nothing throws, the bridge's registers and the ISA
// ports stay in reach, identities stay, ISA lines are what configuration space says, and a saved and restored machine goes on as the first.
import type { Device, DeviceState } from '../../../../src/devices/device.ts';
import { VirtioBlk } from '../../../../src/devices/virtio/blk.ts';
import { VirtioConsole } from '../../../../src/devices/virtio/console.ts';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { VirtioPci, type VirtioPciInterface } from '../../../../src/devices/virtio/pci.ts';
import type { BusTarget } from '../../../../src/memory/bus.ts';
import type { Endianness, GuestMemory } from '../../../../src/memory/guest-memory.ts';
import { FakeBackend, FakeDisk, FakeLog, ram } from '../fakes.ts';
import { IO_BASE, MaltaPci } from '../malta-pci.ts';
import { VirtioDriver } from '../virtio-driver.ts';
import { VirtioOnPci } from '../virtio-on-pci.ts';
import type { CaseResult } from './case.ts';
import type { Choice } from './choice.ts';
import { Choice as Choices } from './choice.ts';
import { Violation } from './watched.ts';

type Width = 1 | 2 | 4;
const WIDTHS = [1, 2, 4] as const;
const RAM = 0x40000;
const CONSOLE = 18;
const DISKS = 19;
const FUNCTIONS = [
  [0, 0],
  [10, 0],
  [10, 1],
  [10, 3],
  [CONSOLE, 0],
  [DISKS, 0],
  [DISKS, 1],
] as const;
const SOMEWHERE = [...FUNCTIONS, [5, 0], [31, 7], [10, 2], [0, 5]] as const;
const CONFIG = [0x04, 0x04, 0x10, 0x10, 0x14, 0x18, 0x20, 0x20, 0x20, 0x24, 0x3c, 0x40, 0x60, 0x80, 0x68, 0xb0];
const DECODE = [0x48, 0x50, 0x58, 0x60, 0x68, 0x80, 0x88, 0xf0, 0xf8, 0x100, 0xc00, 0xc18, 0xcf8, 0xcfc];
/** Where windows are, were, or would do harm. */
const PLACES = [
  0, 0x20, 0x3f8, 0x3f0, 0x1000, 0x1004, 0x2000, 0x10000000, 0x12000000, 0x14000000, 0x17ffc000, 0x18000000, 0x180003f8,
  0x18001000, 0x18200000, 0x1bdffffc, 0x1be00000, 0x1be00c00, 0x1be00cfc, 0x1be01000, 0x20000000, 0xfffff000,
  0xfffffffc,
];
const DECODE_VALUES = [
  0, 1, 0x3f, 0x40, 0x5e, 0x7f, 0x80, 0xa0, 0xc0, 0xc1, 0xdf, 0xe0, 0x100, 0x7ff, 0x7fff, 0xffffffff,
];

interface Plan {
  readonly kind: VirtioPciInterface;
  readonly endianness: Endianness;
  readonly actions: number;
  readonly seed: number;
}

/** What outlives a save and restore. */
interface Outside {
  readonly memory: GuestMemory;
  readonly disks: readonly FakeDisk[];
  readonly backend: FakeBackend;
  readonly log: FakeLog;
}

class Machine extends MaltaPci {
  readonly console: VirtioConsole;
  readonly devices: readonly Device[];
  readonly ports: BusTarget = { name: 'isa ports', size: 8, read: () => 0x5a, write: () => {} };
  readonly outside: Outside;

  constructor(plan: Plan, outside: Outside) {
    super(plan.endianness);
    this.outside = outside;
    const { memory, log } = outside;
    const context = { memory, log: log.once, timer: this.timer };
    this.io.add(0x3f8, this.ports, 'little');
    this.console = new VirtioConsole(context, { ports: [{ name: '', backend: outside.backend }] });
    const console = new VirtioPci(this.console, { interface: plan.kind });
    this.pci.add(CONSOLE, 0, console.function);
    const disks = outside.disks.map((backend, i) => {
      const blk = new VirtioBlk(context, { name: `virtio-blk${i}`, backend });
      const device = new VirtioPci(blk, { interface: plan.kind, interruptPin: i as 0 | 1 });
      this.pci.add(DISKS, i, device.function);
      return device;
    });
    this.devices = [this.gt, this.piix4, console, ...disks];
  }

  states(): DeviceState[] {
    return this.devices.map((device) => device.saveState());
  }

  reset(): void {
    for (const device of this.devices) device.reset();
    this.powerOffs = 0;
  }

  /** A machine that goes on where this one is. */
  swapped(plan: Plan): Machine {
    const states = JSON.parse(JSON.stringify(this.states())) as DeviceState[];
    const next = new Machine(plan, this.outside);
    next.timer.now = this.timer.now;
    next.powerOffs = this.powerOffs;
    next.isa.push(...this.isa);
    next.devices.forEach((device, i) => {
      device.restoreState(states[i]!);
    });
    return next;
  }
}

/** Throws Violation. */
export function runPciCase(choice: Choice, trace: ((line: string) => void) | null): CaseResult {
  const plan: Plan = {
    kind: choice.pick(['legacy', 'transitional', 'modern'] as const),
    endianness: choice.pick(['little', 'big'] as const),
    actions: 20 + choice.below(60),
    seed: choice.below(2 ** 31),
  };
  const twice = choice.oneIn(3);
  const first = play(plan, null, trace);
  if (twice) {
    const swapAt = choice.below(plan.actions);
    trace?.(`again, saved and restored before action ${swapAt}`);
    const second = play(plan, swapAt, trace);
    if (second.end !== first.end)
      throw new Violation(
        `saved and restored before action ${swapAt}, it ends otherwise:\n${first.end}\n${second.end}`,
      );
  }
  return {
    title: `pci, ${plan.kind} virtio, ${plan.endianness}-endian guest`,
    kind: 'registers',
    outcome: first.live ? 'served' : 'never live',
    completed: 0,
    lines: first.lines,
    twice,
  };
}

function play(plan: Plan, swapAt: number | null, trace: ((line: string) => void) | null) {
  const choice = new Choices(plan.seed);
  const outside: Outside = {
    memory: ram(RAM, plan.endianness),
    disks: [new FakeDisk(), new FakeDisk()],
    backend: new FakeBackend(),
    log: new FakeLog(),
  };
  let m = new Machine(plan, outside);
  let live = false;
  for (let i = 0; i < plan.actions; i++) {
    if (i === swapAt) m = m.swapped(plan);
    try {
      live = act(m, plan, choice, trace) || live;
      check(m);
    } catch (error) {
      throw error instanceof Violation ? error : new Violation(`threw ${(error as Error).stack}`);
    }
  }
  const end = JSON.stringify([m.states(), levels(m), m.powerOffs, outside.backend.text, sum(outside)]);
  checkWorksAgain(m, plan);
  return { end, live, lines: outside.log.lines };
}

/** One thing a guest, or the world, does. True when it brought the console up. */
function act(m: Machine, plan: Plan, choice: Choice, trace: ((line: string) => void) | null): boolean {
  const dice = choice.below(100);
  if (dice < 30) configWrite(m, choice, trace);
  else if (dice < 45) {
    const offset = choice.oneIn(6) ? 4 * choice.below(0x400) : choice.pick(DECODE);
    const value = choice.oneIn(3) ? choice.pick(PLACES) : choice.pick(DECODE_VALUES);
    trace?.(`gt 0x${offset.toString(16)}: 0x${value.toString(16)}`);
    m.gt.write(offset, choice.oneIn(10) ? choice.pick(WIDTHS) : 4, value);
  } else if (dice < 80) access(m, choice, trace);
  else if (dice < 84) m.timer.pass(choice.pick([0, 1000, 30_000, 1_000_000]));
  else if (dice < 88) m.console.port(0).input(choice.bytes(choice.below(40)));
  else if (dice < 90) m.console.resize(choice.below(200), choice.below(80));
  else if (dice < 92) m.reset();
  else if (dice < 97) return start(m, plan, choice, trace);
  else for (const device of m.devices) device.registers();
  return false;
}

function configWrite(m: Machine, choice: Choice, trace: ((line: string) => void) | null): void {
  const [device, number] = choice.oneIn(8) ? choice.pick(SOMEWHERE) : choice.pick(FUNCTIONS);
  const register = choice.oneIn(4) ? choice.below(256) : choice.pick(CONFIG);
  const command = register === 4 && !choice.oneIn(4);
  const value = command
    ? choice.pick([0, 1, 2, 3, 7, 0xf, 0x407, 0xffff])
    : choice.pick([...PLACES, 0xffffffff, choice.below(2 ** 32)]);
  trace?.(`config ${device}.${number} 0x${register.toString(16)}: 0x${value.toString(16)}`);
  if (choice.oneIn(2)) m.configWrite(device, number, register, value);
  else m.pci.writeConfig(choice.oneIn(9) ? 1 : 0, device, number, register, choice.pick(WIDTHS), value);
  const read = m.pci.readConfig(0, device, number, choice.below(256), 4);
  if (!Number.isInteger(read) || read < 0 || read > 0xffffffff) throw new Violation(`configuration reads ${read}`);
}

/** A load or store of the CPU, or of somebody on the bus. */
function access(m: Machine, choice: Choice, trace: ((line: string) => void) | null): void {
  const length = choice.pick(WIDTHS);
  const bars = FUNCTIONS.flatMap(([device, number]) =>
    [0x10, 0x20].map((bar) => (m.pci.readConfig(0, device, number, bar, 4) & ~0xf) >>> 0),
  );
  const base = choice.oneIn(2) ? choice.pick(PLACES) : choice.pick(bars) + choice.pick([0, 0, 0x1000, 0x2000, 0x3000]);
  const offset = choice.oneIn(3)
    ? choice.below(0x100) - 4
    : choice.pick([0, 0, 4, 8, 0x0e, 0x10, 0x12, 0x13, 0x14, 0x16, 0x1c]);
  const address = Math.max(0, base + offset);
  const way = choice.below(4);
  const value = choice.pick([0, 1, 2, 4, 7, 0xf, 0x2000, 0xffffffff, choice.below(2 ** 32)]);
  trace?.(`access ${way} of ${length} at 0x${address.toString(16)}: 0x${value.toString(16)}`);
  const space = choice.pick([m.io, m.memory]);
  let read: number | undefined;
  if (way === 0) m.store(address, length, value);
  else if (way === 1) read = m.load(address, length);
  else if (way === 2) space.store(address, length, value % 2 ** (8 * length));
  else read = space.load(address, length);
  if (read !== undefined && (!Number.isInteger(read) || read < 0 || read >= 2 ** (8 * length)))
    throw new Violation(`a read of ${length} at 0x${address.toString(16)} gave ${read}`);
}

/** An honest driver in the middle of it; it may not be let through. */
function start(m: Machine, plan: Plan, choice: Choice, trace: ((line: string) => void) | null): boolean {
  const legacy = plan.kind === 'legacy' || (plan.kind === 'transitional' && choice.oneIn(2));
  trace?.(`a ${legacy ? 'legacy' : 'modern'} driver starts`);
  const { mmio } = new VirtioOnPci(m.pci, CONSOLE, { legacy });
  if (mmio.read(v.VIRTIO_MMIO_QUEUE_NUM_MAX, 4) !== 64) return false;
  const driver = new VirtioDriver(mmio, m.outside.memory);
  if (!driver.negotiate(v.VIRTIO_CONSOLE_F_SIZE)) return false;
  driver.start(v.VIRTIO_CONSOLE_F_SIZE, 2, 64);
  const before = m.outside.backend.text.length;
  driver.queues[1]!.send('live');
  driver.queues[0]!.post([{ room: 8 }]);
  driver.queues[0]!.notify();
  return m.outside.backend.text.length > before;
}

function check(m: Machine): void {
  const isd = m.gt.registers().find(({ name }) => name === 'ISD')!.value;
  if (m.system.find(isd * 0x200000)?.target !== m.gt) throw new Violation('the bridge is out of reach');
  if (m.io.find(0x3f8)?.target !== m.ports) throw new Violation('the ISA ports are hidden');
  const ids = FUNCTIONS.map(([device, number]) => m.pci.readConfig(0, device, number, 0, 2));
  if (ids.join() !== [0x11ab, 0x8086, 0x8086, 0x8086, 0x1af4, 0x1af4, 0x1af4].join())
    throw new Violation(`the functions are ${ids}`);
  if (m.powerOffs > 1) throw new Violation('powered off twice');
  const expected = expectedLines(m);
  const now = levels(m);
  if (now !== expected) throw new Violation(`ISA lines 0x${now.toString(16)} are up, not 0x${expected.toString(16)}`);
}

/** ISA lines as configuration space says: who asks, how slots are wired, where PIRQs are routed. */
function expectedLines(m: Machine): number {
  let lines = 0;
  for (const [device, number] of FUNCTIONS) {
    const read = (register: number, width: Width): number => m.pci.readConfig(0, device, number, register, width);
    const pin = read(0x3d, 1);
    if (pin === 0 || !(read(6, 2) & 0x8) || read(4, 2) & 0x400) continue;
    const route = m.pci.readConfig(0, 10, 0, 0x60 + ((device + pin + 1) & 3), 1);
    if (!(route & 0x80)) lines |= (1 << (route & 0xf)) & 0xdef8;
  }
  return lines;
}

/** ISA lines as they were driven. */
function levels(m: Machine): number {
  let lines = 0;
  for (const change of m.isa) {
    const [line, to] = change.split(' ');
    const bit = 1 << Number(line);
    if (((lines & bit) !== 0) === (to === 'up')) throw new Violation(`line ${change} again`);
    lines ^= bit;
  }
  return lines;
}

/** After a reset the machine is as it was made, and a driver is served. */
function checkWorksAgain(m: Machine, plan: Plan): void {
  // The terminal is not the guest's to reset.
  m.console.resize(80, 24);
  m.reset();
  check(m);
  const fresh = new Machine(plan, m.outside);
  if (JSON.stringify(m.states()) !== JSON.stringify(fresh.states())) throw new Violation('a reset left something');
  if (m.load(IO_BASE + 0x3f8, 1) !== 0x5a) throw new Violation('the ISA ports are out of reach after a reset');
  const { mmio } = new VirtioOnPci(m.pci, CONSOLE, { legacy: plan.kind === 'legacy' });
  const text = m.outside.backend.text.length;
  new VirtioDriver(mmio, m.outside.memory).start(0n, 2, 64).queues[1]!.send('still here');
  if (m.outside.backend.text.slice(text) !== 'still here')
    throw new Violation('after a reset output does not come out');
}

function sum({ memory, disks }: Outside): number {
  const bytes = new Uint8Array(RAM);
  memory.read(0, bytes);
  let hash = 0;
  for (const all of [bytes, ...disks.map((disk) => disk.bytes)])
    for (const byte of all) hash = (Math.imul(hash, 0x01000193) ^ byte) | 0;
  return hash;
}
