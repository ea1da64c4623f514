// One case of the device fuzzer: a seed and an index give a device, a driver and what they do to each other; it ends as one of a few
// outcomes or as a Violation.

import type { MmioDevice } from '../../../../src/devices/device.ts';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { VirtioDriver } from '../virtio-driver.ts';
import { Choice } from './choice.ts';
import { HostileDriver } from './hostile-driver.ts';
import { runIrqchipCase } from './irqchip.ts';
import { runIsaCase } from './isa.ts';
import { FuzzMachine, type Variant } from './machine.ts';
import { runPciCase } from './pci.ts';
import { STANDARD_RANGES, Violation } from './watched.ts';

export const FUZZED = ['console', 'blk', 'irqchip', 'pci', 'isa'] as const;
export type Fuzzed = (typeof FUZZED)[number];

/** What a case is about: spoiled rings of a device that runs, or registers in any order. */
export type CaseKind = 'rings' | 'registers';

/** `served`: all went on to the end. `stopped`: a rule was broken, and the device stopped until its reset. `never live`: no queue came up. */
export type Outcome = 'served' | 'stopped' | 'never live';

export interface CaseResult {
  readonly title: string;
  readonly kind: CaseKind;
  readonly outcome: Outcome;
  /** Chains that the device gave back. */
  readonly completed: number;
  /** The lines that were logged. */
  readonly lines: readonly string[];
  /** Run a second time with the device saved and restored in the middle. */
  readonly twice: boolean;
}

/** Run case `index` of `seed`. Throws Violation. `trace` hears of every step. */
export function runCase(
  device: Fuzzed,
  seed: number,
  index: number,
  trace: ((line: string) => void) | null = null,
): CaseResult {
  const choice = new Choice(seed, index);
  if (device === 'irqchip') return runIrqchipCase(choice, trace);
  if (device === 'pci') return runPciCase(choice, trace);
  if (device === 'isa') return runIsaCase(choice, trace);
  const variant: Variant = {
    device,
    legacy: choice.oneIn(2),
    endianness: choice.pick(['little', 'big'] as const),
    readonly: device === 'blk' && choice.oneIn(4),
  };
  const plan: Plan = {
    variant,
    kind: choice.oneIn(3) ? 'registers' : 'rings',
    actions: 6 + choice.below(24),
    seed: choice.below(2 ** 31),
  };
  const twice = choice.oneIn(4);
  const first = play(plan, null, trace);
  if (twice) {
    const swapAt = choice.below(plan.actions);
    trace?.(`again, with the device saved and restored before action ${swapAt}`);
    const second = play(plan, swapAt, trace);
    if (second.end !== first.end)
      throw new Violation(
        `saved and restored before action ${swapAt}, it ends otherwise:\n${first.end}\n${second.end}`,
      );
  }
  const { outcome, completed, lines } = first;
  return { title: titleOf(variant), kind: plan.kind, outcome, completed, lines, twice };
}

interface Plan {
  readonly variant: Variant;
  readonly kind: CaseKind;
  readonly actions: number;
  readonly seed: number;
}

interface Played {
  /** All that the case ended with, before the last reset. */
  readonly end: string;
  readonly outcome: Outcome;
  readonly completed: number;
  readonly lines: readonly string[];
}

function play(plan: Plan, swapAt: number | null, trace: ((line: string) => void) | null): Played {
  const { variant, kind, actions, seed } = plan;
  const m = new FuzzMachine(variant, trace);
  const choice = new Choice(seed);
  const driver = new HostileDriver(m, choice);
  trace?.(`${titleOf(variant)}: ${kind}`);
  if (kind === 'rings' || !choice.oneIn(3)) driver.start(choice.oneIn(5));
  for (let chains = choice.below(6); chains > 0; chains--) driver.post();
  if (kind === 'rings' && !choice.oneIn(3)) for (let count = 1 + choice.below(4); count > 0; count--) driver.spoil();
  for (let i = 0; i < actions; i++) {
    if (i === swapAt) m.swap();
    act(m, driver, choice, kind);
  }
  m.serveAll();
  m.checkMemory();
  const played: Played = {
    end: m.fingerprint(),
    outcome: m.wasBroken ? 'stopped' : m.wasLive ? 'served' : 'never live',
    completed: m.completed,
    lines: [...m.log.lines],
  };
  m.slots(STANDARD_RANGES);
  m.disk.failing = false;
  driver.reset();
  m.advance(1_000_000_000);
  m.checkMemory();
  checkWorksAgain(m);
  return played;
}

function act(m: FuzzMachine, driver: HostileDriver, choice: Choice, kind: CaseKind): void {
  const dice = choice.below(100);
  if (kind === 'registers' && dice < 60) driver.register();
  else if (dice < 30) driver.notify();
  else if (dice < 50) driver.post();
  else if (dice < 62) m.advance(choice.pick([0, 1, 1000, 19_999, 20_000, 21_000, 100_000, m.timer.next ?? 0]));
  else if (dice < 70) driver.spoil();
  else if (dice < 82) outside(m, choice);
  else if (dice < 86) driver.acknowledge();
  else if (dice < 90) driver.register();
  else if (dice < 92) driver.move();
  else if (dice < 96) driver.slots();
  else {
    driver.reset();
    if (choice.oneIn(2)) driver.start(choice.oneIn(4));
  }
}

/** What the host does meanwhile. */
function outside(m: FuzzMachine, choice: Choice): void {
  const dice = choice.below(16);
  if (m.variant.device === 'blk') m.disk.failing = dice < 4;
  else if (dice < 4) m.room(choice.below(2));
  else if (dice < 7) m.resize(choice.below(200), choice.pick([0, 24, 50, 70000]));
  else m.input(choice.below(2), choice.bytes(choice.pick([0, 1, 5, 40, 300])));
}

/** After a reset the device serves a driver that keeps the rules. */
function checkWorksAgain(m: FuzzMachine): void {
  const device = { read: m.read.bind(m), write: m.write.bind(m) } as MmioDevice;
  const driver = new VirtioDriver(device, m.memory).start(0n, m.variant.device === 'blk' ? 1 : 2);
  if (m.variant.device === 'console') {
    driver.queues[1]!.send('still here');
    if (m.outputs[0]!.last !== 'still here') throw new Violation('after a reset output does not come out');
    driver.queues[0]!.post([{ room: 3 }, { room: 30 }]);
    m.input(0, Uint8Array.of(1, 2, 3, 4, 5));
    const [used] = driver.queues[0]!.collect();
    if (used?.bytes.join() !== '1,2,3,4,5') throw new Violation('after a reset input does not arrive');
  } else {
    const data = Uint8Array.from({ length: 512 }, (_, i) => i ^ 0x5a);
    const expected = m.variant.readonly ? m.disk.bytes.slice(3 * 512, 4 * 512) : data;
    if (!m.variant.readonly) checkRequest(m, driver, v.VIRTIO_BLK_T_OUT, { bytes: data });
    const read = checkRequest(m, driver, v.VIRTIO_BLK_T_IN, { room: 512 });
    if (Buffer.compare(read.subarray(0, 512), expected) !== 0)
      throw new Violation('after a reset the disk reads other bytes');
  }
  m.checkMemory();
}

function checkRequest(
  m: FuzzMachine,
  driver: VirtioDriver,
  type: number,
  data: { bytes: Uint8Array } | { room: number },
): Uint8Array {
  const header = new DataView(new ArrayBuffer(16));
  header.setUint32(0, type, driver.order === 'little');
  header.setBigUint64(8, 3n, driver.order === 'little');
  const queue = driver.queues[0]!;
  queue.post([{ bytes: new Uint8Array(header.buffer) }, data, { room: 1 }]);
  queue.notify();
  m.settle();
  const [used] = queue.collect();
  if (used?.bytes.at(-1) !== v.VIRTIO_BLK_S_OK) throw new Violation(`after a reset request ${type} is not served`);
  return used.bytes;
}

function titleOf({ device, legacy, endianness, readonly }: Variant): string {
  return `${device}${readonly ? ' (read-only)' : ''}, ${legacy ? 'legacy' : 'modern'}, ${endianness}-endian guest`;
}
