import { describe, expect, it } from 'vitest';
import { MEAN_QUANTUM_INSTRUCTIONS, Scheduler } from '../../../src/vmm/scheduler.ts';
import { FakeClock, FakeVcpu } from '../../support/vmm/fake-kvm.ts';

const NS = 10;

function vcpus(count: number): FakeVcpu[] {
  const clock = new FakeClock(NS);
  return Array.from({ length: count }, (_, id) => new FakeVcpu(id, clock, function* () {}));
}

/** Who runs from when, if everybody always uses its whole quantum. */
function schedule(count: number, seed: number, turns: number): [number, number][] {
  const scheduler = new Scheduler(vcpus(count), NS, seed);
  const turnsTaken: [number, number][] = [];
  let now = 0;
  for (let turn = 0; turn < turns; turn++) {
    turnsTaken.push([scheduler.pick(now)!.id, now]);
    now = scheduler.deadline;
  }
  return turnsTaken;
}

describe('the scheduler', () => {
  it('goes round the vCPUs, each for about its mean quantum', () => {
    const turns = schedule(3, 1, 300);
    const ids = turns.map(([id]) => id);
    for (let i = 1; i < ids.length; i++) expect(ids[i]).toBe((ids[i - 1]! + 1) % 3);
    const lengths = turns.slice(1).map(([, at], i) => (at - turns[i]![1]) / NS);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(MEAN_QUANTUM_INSTRUCTIONS / 2);
    expect(Math.max(...lengths)).toBeLessThan(MEAN_QUANTUM_INSTRUCTIONS * 1.5);
    expect(new Set(lengths).size).toBeGreaterThan(100);
  });

  it('is decided by the seed alone', () => {
    expect(schedule(4, 7, 50)).toEqual(schedule(4, 7, 50));
    expect(schedule(4, 7, 50)).not.toEqual(schedule(4, 8, 50));
  });

  it('keeps the running vCPU until its quantum ends, however often it is asked', () => {
    const cpus = vcpus(2);
    const scheduler = new Scheduler(cpus, NS, 3);
    const first = scheduler.pick(0);
    const end = scheduler.deadline;
    for (let now = 0; now < end; now += end / 16) expect(scheduler.pick(now)).toBe(first);
    expect(scheduler.deadline).toBe(end);
    expect(scheduler.pick(end)).not.toBe(first);
  });

  it('passes over vCPUs that wait, and says null without a change when all do', () => {
    const cpus = vcpus(3);
    const scheduler = new Scheduler(cpus, NS, 1);
    const twin = new Scheduler(cpus, NS, 1);
    for (const cpu of cpus) cpu.waiting = 'wait';
    for (let i = 0; i < 10; i++) expect(scheduler.pick(i)).toBeNull();
    cpus[1]!.waiting = 'none';
    expect(scheduler.pick(20)!.id).toBe(1);
    expect(twin.pick(20)!.id).toBe(1);
    expect(scheduler.deadline).toBe(twin.deadline);
  });

  it('ends the quantum when an interrupt is raised for another vCPU, not for the running one', () => {
    const scheduler = new Scheduler(vcpus(2), NS, 1);
    const running = scheduler.pick(0)!.id;
    const end = scheduler.deadline;
    scheduler.interruptRaised(running);
    expect(scheduler.deadline).toBe(end);
    scheduler.interruptRaised(1 - running);
    expect(scheduler.deadline).toBe(Number.NEGATIVE_INFINITY);
    expect(scheduler.pick(1)!.id).toBe(1 - running);
    expect(scheduler.deadline).toBeGreaterThan(1);
  });

  it('tries a vCPU that spins with interrupts off once per instant', () => {
    const [spinner] = vcpus(1);
    const scheduler = new Scheduler([spinner!], NS, 1);
    scheduler.pick(0);
    spinner!.waiting = 'spin';
    scheduler.spins(spinner!, 70);
    expect(scheduler.pick(70)).toBeNull();
    expect(scheduler.pick(71)).toBe(spinner);
  });

  it('takes up its round after the running vCPU when that was kicked, whoever was interrupted', () => {
    const scheduler = new Scheduler(vcpus(4), NS, 1);
    const first = scheduler.pick(0)!.id;
    scheduler.interruptRaised((first + 3) % 4);
    expect(scheduler.pick(1)!.id).toBe((first + 1) % 4);
  });

  it('ends a quantum at an interrupt that came while nobody could run', () => {
    const cpus = vcpus(2);
    const scheduler = new Scheduler(cpus, NS, 1);
    const first = scheduler.pick(0) as FakeVcpu;
    const other = cpus[1 - first.id]!;
    first.waiting = 'wait';
    other.waiting = 'wait';
    expect(scheduler.pick(10)).toBeNull();
    scheduler.interruptRaised(other.id);
    first.waiting = 'none';
    other.waiting = 'none';
    expect(scheduler.pick(10)).toBe(other);
    expect(scheduler.deadline).toBeGreaterThan(10);
  });

  it('gives a lone vCPU no quantum end', () => {
    const scheduler = new Scheduler(vcpus(1), NS, 1);
    scheduler.pick(0);
    expect(scheduler.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('finds the earliest timer of those that wait', () => {
    const cpus = vcpus(3);
    const scheduler = new Scheduler(cpus, NS, 1);
    for (const cpu of cpus) cpu.waiting = 'wait';
    cpus[2]!.wakeAt = 500;
    cpus[0]!.waiting = 'spin';
    cpus[1]!.deaf = true;
    expect(scheduler.idleState()).toEqual({ wakeAt: 500, spinning: 1, waiting: 2, deaf: 1 });
  });
});

/** Instructions that each vCPU got, and the longest that one waited for its turn while it could run. */
interface Shares {
  readonly got: readonly number[];
  readonly longestWait: readonly number[];
}

/**
 * Runs `count` vCPUs for `turns` turns; `sender`, if there is one, raises an interrupt for the next vCPU after so many
 * instructions of each of its turns, and `sleeper` leaves its turns early by WAIT, to be ready again at its next one.
 */
function share(
  count: number,
  seed: number,
  turns: number,
  behaviour: { readonly sender?: number; readonly sleeper?: number; readonly after?: number } = {},
): Shares {
  const { sender = -1, sleeper = -1, after = 100 } = behaviour;
  const scheduler = new Scheduler(vcpus(count), NS, seed);
  const got = Array.from({ length: count }, () => 0);
  const longestWait = [...got];
  const lastRan = [...got];
  let now = 0;
  for (let turn = 0; turn < turns; turn++) {
    const { id } = scheduler.pick(now)!;
    longestWait[id] = Math.max(longestWait[id]!, (now - lastRan[id]!) / NS);
    const ends = id === sender || id === sleeper ? Math.min(scheduler.deadline, now + after * NS) : scheduler.deadline;
    got[id]! += (ends - now) / NS;
    now = ends;
    lastRan[id] = now;
    if (id === sender && ends < scheduler.deadline) scheduler.interruptRaised((id + 1) % count);
    if (id === sleeper && ends < scheduler.deadline) scheduler.yielded();
  }
  return { got, longestWait };
}

const LONGEST_QUANTUM = MEAN_QUANTUM_INSTRUCTIONS * 1.5;
const COUNTS = [2, 3, 4, 5, 6, 7, 8];

describe('the scheduler over long runs', () => {
  it.each(COUNTS)('gives each of %i busy vCPUs its share', (count) => {
    for (const seed of [1, 2, 12345]) {
      const { got } = share(count, seed, count * 2000);
      const fair = got.reduce((sum, one) => sum + one, 0) / count;
      for (const one of got) expect(Math.abs(one / fair - 1)).toBeLessThan(0.03);
    }
  });

  it.each(COUNTS)('lets none of %i vCPUs wait longer than the others need for one quantum each', (count) => {
    for (const seed of [1, 2, 12345]) {
      const { longestWait } = share(count, seed, count * 2000);
      expect(Math.max(...longestWait)).toBeLessThan((count - 1) * LONGEST_QUANTUM);
    }
  });

  it('favours nobody and starves nobody when one vCPU sends interrupts all the time', () => {
    for (const count of COUNTS.slice(1))
      for (let sender = 0; sender < count; sender += 3) {
        const { got, longestWait } = share(count, 9, count * 2000, { sender });
        const others = got.filter((_, id) => id !== sender);
        const fair = others.reduce((sum, one) => sum + one, 0) / others.length;
        for (const one of others) expect(Math.abs(one / fair - 1)).toBeLessThan(0.03);
        // It gives up the rest of each of its own turns, and has as many turns as any other.
        expect(got[sender]).toBe(2000 * 100);
        expect(Math.max(...longestWait)).toBeLessThan((count - 1) * LONGEST_QUANTUM);
      }
  });

  it('gives what a waiting vCPU leaves to the others alike', () => {
    const { got } = share(5, 4, 10_000, { sleeper: 2, after: 10 });
    const others = got.filter((_, id) => id !== 2);
    expect(Math.max(...others) / Math.min(...others)).toBeLessThan(1.05);
    expect(got[2]).toBe(2000 * 10);
  });

  it('has a schedule of its own for every seed', () => {
    for (const count of COUNTS) {
      const schedules = new Set(Array.from({ length: 1000 }, (_, seed) => JSON.stringify(schedule(count, seed, 8))));
      expect(schedules.size, `${count} vCPUs`).toBe(1000);
    }
  });

  it('starts with each vCPU under some seed', () => {
    for (const count of COUNTS)
      expect(new Set(Array.from({ length: 200 }, (_, seed) => schedule(count, seed, 1)[0]![0])).size).toBe(count);
  });
});
