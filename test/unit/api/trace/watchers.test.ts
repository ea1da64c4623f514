// Several observers of one guest (src/api/trace/watchers.ts) and what is asked of it at any time (observed-run.ts, stat.ts).
import { describe, expect, it } from 'vitest';
import { collectStat, type StatSource } from '../../../../src/api/trace/stat.ts';
import { type Watch, Watchers } from '../../../../src/api/trace/watchers.ts';
import { STAT_NAMES, type VcpuStats } from '../../../../src/kvm/stats.ts';
import type { TraceSink } from '../../../../src/kvm/trace.ts';
import { Events } from '../../../support/kvm/trace-events.ts';

/** A machine that says what it was told last. */
function machine() {
  const told: Watch[] = [];
  const watchers = new Watchers((watch) => told.push(watch));
  const last = (): Watch => told.at(-1)!;
  return { told, watchers, last };
}

const counter = (): TraceSink & { events: number } => ({
  events: 0,
  trace() {
    this.events++;
  },
});

describe('observers of a guest', () => {
  it('come and go: the machine observes what one of them wants, and nothing when none is left', () => {
    const { told, watchers, last } = machine();
    const sink = counter();
    const endStats = watchers.add({ stats: true, trace: null });
    expect(last()).toEqual({ stats: true, trace: null });
    const endTrace = watchers.add({ stats: false, trace: sink });
    expect(last()).toEqual({ stats: true, trace: sink });
    endStats();
    expect(last()).toEqual({ stats: false, trace: sink });
    endTrace();
    expect(last()).toEqual({ stats: false, trace: null });
    endTrace();
    expect(told).toHaveLength(4);
  });

  it('see the same events', () => {
    const { watchers, last } = machine();
    const [a, b] = [counter(), counter()];
    watchers.add({ stats: false, trace: a });
    const end = watchers.add({ stats: false, trace: b });
    new Events(last().trace!).enter().visit(0, 8);
    end();
    new Events(last().trace!).enter();
    expect([a.events, b.events]).toEqual([4, 3]);
  });
});

describe('statistics of a running VM', () => {
  const stats = Object.fromEntries(STAT_NAMES.map((name) => [name, name === 'wait' ? 3 : null])) as VcpuStats;

  function source(changes: Partial<StatSource> = {}): { source: StatSource; watchers: ReturnType<typeof machine> } {
    const watchers = machine();
    const clock = { instructions: 100, guestTimeNs: 1000 };
    const names = { symbolize: () => null, mmio: () => null, mnemonic: () => null };
    const all: StatSource = {
      ...{ clock, runs: true, profile: null, stats: () => [stats, stats], names: () => names },
      watch: (watch) => watchers.watchers.add(watch),
      ...changes,
    };
    return { source: all, watchers };
  }

  it('are its counters, and the exits of a while during which it is observed', async () => {
    const { source: running, watchers } = source();
    const slept: number[] = [];
    const table = await collectStat(running, 250, async (ms) => {
      slept.push(ms);
      expect(watchers.last().stats).toBe(true);
      new Events(watchers.last().trace!).enter().visit(0, 8);
    });
    expect(slept).toEqual([250]);
    expect(watchers.last()).toEqual({ stats: false, trace: null });
    expect(table).toMatchObject({ guestTimeNs: 1000, instructions: 100, exits: { exits: 1 } });
    expect(table.lines.find(({ name }) => name === 'wait')).toMatchObject({ count: 6 });
    expect(table.lines.find(({ name }) => name === 'syscall')).toMatchObject({ count: null });
  });

  it('are only its counters when it stands, or nobody wants to wait', async () => {
    const never = (): Promise<void> => Promise.reject(new Error('nothing to wait for'));
    for (const [changes, ms] of [
      [{ runs: false }, 1000],
      [{}, 0],
    ] as const) {
      const { source: vm, watchers } = source(changes);
      expect((await collectStat(vm, ms, never)).exits).toBeNull();
      expect(watchers.told).toEqual([]);
    }
  });

  it('end observing also when waiting fails, and wait a minute at most', async () => {
    const { source: vm, watchers } = source();
    await expect(collectStat(vm, 1e9, (ms) => Promise.reject(new Error(`${ms}`)))).rejects.toThrow('60000');
    expect(watchers.last()).toEqual({ stats: false, trace: null });
  });
});
