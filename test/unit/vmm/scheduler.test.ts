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
    expect(scheduler.idleState()).toEqual({ wakeAt: 500, spinning: 1, waiting: 2 });
  });
});
