// A fixed slice of mutated virtqueues: whatever a driver leaves in its rings, the console neither throws nor hangs, does a bounded amount
// of work, and serves the next driver that resets it.
import { describe, expect, it } from 'vitest';
import * as v from '../../src/devices/virtio/constants.ts';
import { ConsoleMachine, INTERFACES } from '../support/devices/console-machine.ts';
import { random } from '../support/devices/fakes.ts';
import type { VirtioDriver } from '../support/devices/virtio-driver.ts';

const ROUNDS = 1000;
const QUEUES = 6;
const SIZE = 8;
const FEATURES = [0n, v.VIRTIO_F_EVENT_IDX, v.VIRTIO_F_INDIRECT_DESC, v.VIRTIO_F_EVENT_IDX | v.VIRTIO_F_INDIRECT_DESC];

/** Values that break things more often than random ones. */
const EDGES = [0, 1, 2, 3, 7, 8, 15, 16, 0x7fff, 0x8000, 0xffff, 0x100000, 0x7fffffff, 0x80000000, 0xffffffff];

describe.each(INTERFACES)('mutated virtqueues, $title', ({ legacy, endianness }) => {
  it(`survives ${ROUNDS} of them`, () => {
    const m = new ConsoleMachine({ legacy, endianness, ports: ['', 'second'] });
    const next = random(legacy ? 11 : 22);
    const pick = <T>(from: readonly T[]): T => from[next() % from.length]!;
    let broken = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const driver = m.driver().start(v.VIRTIO_CONSOLE_F_MULTIPORT | pick(FEATURES), QUEUES, SIZE);
      fill(driver, next);
      for (let i = next() % 6; i >= 0; i--) mutate(driver, next, pick);
      for (let i = 0; i < 8; i++) {
        const action = next() % 10;
        if (action < 6) pick(driver.queues).notify();
        else if (action === 6) m.console.port(next() & 1).input(new Uint8Array(next() % 300));
        else if (action === 7) m.console.port(next() & 1).room();
        else if (action === 8) m.console.resize(next() % 200, 24);
        else driver.set(pick([v.VIRTIO_MMIO_QUEUE_PFN, v.VIRTIO_MMIO_QUEUE_READY, v.VIRTIO_MMIO_STATUS]), next() & 3);
      }
      if (driver.needsReset) broken++;
      for (const backend of m.backends) backend.pieces.length = 0;
    }
    // The slice must keep reaching the error paths as well as the good ones.
    if (!legacy) expect(broken).toBeGreaterThan(ROUNDS / 10);
    expect(broken).toBeLessThan(ROUNDS);
    m.driver().start().queues[1]!.send('still here');
    expect(m.output).toBe('still here');
    expect(m.log.lines.length).toBeLessThan(40);
  });
});

/** A valid start: some chains in every queue, direct and (when negotiated) indirect. */
function fill(driver: VirtioDriver, next: () => number): void {
  for (const queue of driver.queues)
    for (let chains = next() % 3; chains >= 0; chains--) {
      const indirect = (driver.features & v.VIRTIO_F_INDIRECT_DESC) !== 0n && (next() & 1) === 0;
      const parts = Array.from({ length: 1 + (next() % 3) }, () =>
        queue.index % 2 === 0
          ? { room: 16 + (next() % 64) }
          : { bytes: Uint8Array.of(next(), 0, 0, 0, next() % 8, 0, 1, 0) },
      );
      queue.post(parts, indirect);
    }
}

/** Overwrite one field of a descriptor, an available ring entry or index, or a word anywhere near the rings. */
function mutate(driver: VirtioDriver, next: () => number, pick: <T>(from: readonly T[]) => T): void {
  const { memory, order } = driver;
  const queue = pick(driver.queues);
  const value = next() & 1 ? pick(EDGES) : next();
  const slot = queue.desc + 16 * (next() % SIZE);
  const kind = next() % 7;
  if (kind === 0) memory.writeU32(slot + (next() & 4), value, order);
  else if (kind === 1) memory.writeU32(slot + 8, value, order);
  else if (kind === 2) memory.writeU16(slot + 12, value & 7, order);
  else if (kind === 3) memory.writeU16(slot + 14, value & 0xf, order);
  else if (kind === 4) memory.writeU16(queue.avail + 4 + 2 * (next() % SIZE), value & 0xffff, order);
  else if (kind === 5) memory.writeU16(queue.avail + 2, next() & 1 ? next() % (2 * SIZE) : value & 0xffff, order);
  else memory.writeU32(queue.desc + (next() % 0x2000), value, order);
}
