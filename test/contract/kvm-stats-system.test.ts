// Counters and traces of a whole guest (test/support/kvm/guest-system.ts): they are what its own counters and its code say, the same whatever the
// slices of KVM_RUN, and observing changes nothing in the guest.
import { describe, expect, it } from 'vitest';
import type { VcpuStats } from '../../src/kvm/stats.ts';
import type { TraceEvent, TracePlace } from '../../src/kvm/trace.ts';
import { DATA, Guest, NS } from '../support/kvm/guest.ts';
import { GUEST_SYSTEM } from '../support/kvm/guest-system.ts';

type Observe = 'nothing' | 'stats' | 'traces' | 'both' | 'now and then';

function newGuest(): Guest {
  const guest = new Guest({ seed: 7 });
  for (const [at, code] of GUEST_SYSTEM) guest.load(code, at);
  return guest;
}

/** Run to the instant `end` in slices of `slice` instructions; the device answers with the count at which it is asked. */
function runTo(guest: Guest, end: number, slice: number): void {
  const { vm, vcpu } = guest;
  while (vm.clock.now < end) {
    const deadline = Math.min(end, vm.clock.now + slice * NS);
    if (vcpu.enter(deadline) === 0) {
      const { mmio } = vcpu.run;
      if (!mmio.isWrite) new DataView(mmio.data.buffer).setUint32(0, guest.instructions, true);
    } else if (vcpu.waiting === 'wait') vm.clock.skipTo(Math.min(vcpu.wakeAt, deadline));
  }
}

interface End {
  readonly hash: string;
  readonly stats: VcpuStats;
  readonly events: readonly (TraceEvent & TracePlace)[];
}

function run(observe: Observe, slice: number, instructions = 60_000): End {
  const guest = newGuest();
  const events: (TraceEvent & TracePlace)[] = [];
  const trace = { trace: (place: TracePlace, event: TraceEvent) => events.push({ ...event, ...place }) };
  const on = (what: Observe): void =>
    guest.vm.observe({
      stats: what === 'stats' || what === 'both',
      trace: what === 'traces' || what === 'both' ? trace : null,
    });
  if (observe !== 'now and then') on(observe);
  const steps = 12;
  for (let step = 1; step <= steps; step++) {
    if (observe === 'now and then') on((['both', 'nothing', 'stats', 'traces'] as const)[step % 4]!);
    runTo(guest, (step * instructions * NS) / steps, slice);
  }
  return { hash: guest.hash(), stats: guest.vcpu.stats(), events };
}

describe('observing', () => {
  it('changes nothing in the guest: one state hash with counters, traces, both, neither, and turned on and off', () => {
    const { hash } = run('nothing', 5000);
    for (const observe of ['stats', 'traces', 'both', 'now and then'] as const)
      expect([observe, run(observe, 5000).hash]).toEqual([observe, hash]);
  });

  it('changes nothing either when the guest is stepped', () => {
    const { hash } = run('nothing', 5000, 12_000);
    for (const observe of ['stats', 'both', 'now and then'] as const)
      expect([observe, run(observe, 1, 12_000).hash]).toEqual([observe, hash]);
  });

  it('counts the same whatever the slices, and while traces are on', () => {
    const architectural = ({ signal: _, ...stats }: VcpuStats) => stats;
    const expected = architectural(run('stats', 1_000_000).stats);
    for (const slice of [1, 7, 1000])
      expect([slice, architectural(run('stats', slice).stats)]).toEqual([slice, expected]);
    expect(architectural(run('both', 333).stats)).toEqual(expected);
  });

  it('always keeps the counters that cost nothing', () => {
    const { stats } = run('nothing', 1000);
    const observed = run('stats', 1000).stats;
    for (const name of ['wait', 'mmio_exit_user', 'halt_wakeup'] as const) {
      expect(stats[name]).toBe(observed[name]);
      expect(stats[name]).toBeGreaterThan(0);
    }
  });
});

describe('what is counted', () => {
  it('is what the guest counts by itself, and what its code is made of', () => {
    const guest = newGuest();
    guest.vm.observe({ stats: true, trace: null });
    runTo(guest, 100_000 * NS, 1_000_000);
    // To the end of the handler it may be in.
    for (let steps = 0; guest.pc >= 0x40000000 && steps < 1000; steps++) runTo(guest, guest.vm.clock.now + NS, 1);
    expect(guest.pc).toBeLessThan(0x40000000);
    const [refills, calls, ticks, faults] = [0, 4, 8, 12].map((at) => guest.word(DATA + at)) as [
      number,
      number,
      number,
      number,
    ];
    const stats = guest.vcpu.stats();
    expect(Math.min(refills, calls, ticks, faults)).toBeGreaterThan(20);

    expect(stats.syscall).toBe(calls);
    expect(stats.tlbmiss_ld! + stats.tlbmiss_st!).toBe(refills);
    // A system call makes two device loads and one store. Faults of the user program come in threes: an address error in a slot, a BREAK,
    // an overflow (which no counter has).
    const addressErrors = stats.addrerr_ld! - 2 * calls;
    const overflows = faults - addressErrors - stats.break_inst!;
    expect(addressErrors).toBeGreaterThanOrEqual(stats.break_inst!);
    expect(stats.break_inst).toBeGreaterThanOrEqual(overflows);
    expect(addressErrors - overflows).toBeLessThanOrEqual(1);
    expect(stats.addrerr_st).toBe(calls);
    expect([stats.mmio_exit_user, stats.mmio_exit_kernel]).toEqual([3 * calls, 0]);
    // Privileged instructions: of the boot code, of each refill, tick, call (WAIT now and then) and fault.
    expect(stats.cop_unusable).toBe(5 + 5 * refills + 6 * ticks + 4 * calls + stats.wait! + 5 * faults);
    expect(stats.wait).toBeGreaterThan(5);
    expect(stats.wait).toBeLessThan(calls);
    const none = ['cache', 'tlbmod', 'resvd_inst', 'trap_inst', 'fpe', 'msa_fpe', 'msa_disabled'] as const;
    expect(none.map((name) => stats[name])).toEqual(none.map(() => 0));
  });
});

describe('traces', () => {
  it('hold one kvm_exit per event that is counted, under its reason', () => {
    const { stats, events } = run('both', 1_000_000);
    const exits = (reason: number): number =>
      events.filter((event) => event.event === 'kvm_exit' && event.reason === reason).length;
    expect(exits(2)).toBe(stats.tlbmiss_ld);
    expect(exits(3)).toBe(stats.tlbmiss_st);
    expect(exits(4)).toBe(stats.addrerr_ld);
    expect(exits(5)).toBe(stats.addrerr_st);
    expect(exits(8)).toBe(stats.syscall);
    expect(exits(11)).toBe(stats.cop_unusable);
    expect(exits(32)).toBe(stats.wait);
    expect(exits(34)).toBe(stats.signal);
  });

  it('but for KVM_RUN itself are the same whatever the slices, each at its own instruction and instant', () => {
    const inGuest = ({ events }: End) =>
      events.filter(
        ({ event, ...rest }) =>
          !['kvm_enter', 'kvm_out', 'kvm_reenter', 'kvm_userspace_exit'].includes(event) &&
          !('reason' in rest && rest.reason === 34),
      );
    const expected = inGuest(run('traces', 1_000_000, 20_000));
    expect(expected.length).toBeGreaterThan(1000);
    for (const slice of [1, 7, 1000]) expect(inGuest(run('traces', slice, 20_000))).toEqual(expected);
  });
});
