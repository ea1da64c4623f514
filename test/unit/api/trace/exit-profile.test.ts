// Visits to KVM and the profile made of them (src/api/trace/visits.ts, exit-profile.ts): the sequences of events are those of test/contract/kvm-trace*.test.ts.
import { describe, expect, it } from 'vitest';
import { type ExitNames, ExitProfile } from '../../../../src/api/trace/exit-profile.ts';
import { type ExitVisit, VisitTracker } from '../../../../src/api/trace/visits.ts';
import {
  KVM_TRACE_COP0,
  KVM_TRACE_EXIT_ARM_IRQ,
  KVM_TRACE_EXIT_ARM_TRAP_BASE,
  KVM_TRACE_EXIT_CACHE,
  KVM_TRACE_EXIT_GEXCCODE_BASE,
  KVM_TRACE_EXIT_WAIT,
} from '../../../../src/kvm/trace.ts';
import { Events, OUT } from '../../../support/kvm/trace-events.ts';

const NAMES: ExitNames = {
  symbolize: (address) => (address < 0x1000 ? `f+0x${address.toString(16)}` : null),
  mmio: (address) => (address < 0x2000 ? `uart0 r${address}` : null),
  mnemonic: (pc) => ({ 16: 'tlbwr', 20: 'eret', 24: 'tlbwr' })[pc] ?? null,
};

function visits(story: (events: Events) => void): ExitVisit[] {
  const all: ExitVisit[] = [];
  const events = new Events(new VisitTracker((visit) => all.push(visit)));
  story(events.enter());
  return all;
}

function table(story: (events: Events) => void) {
  const profile = new ExitProfile();
  const events = new Events(profile);
  story(events.enter());
  return profile.table(events.now, NAMES);
}

const rows = (story: (events: Events) => void) =>
  table(story).rows.map(({ reason, detail, count, guestTimeNs }) => [`${reason} ${detail}`.trim(), count, guestTimeNs]);

describe('a visit to KVM', () => {
  it('lasts from kvm_exit to kvm_reenter, with vCPU, place and guest times', () => {
    expect(
      visits((events) => {
        events.vcpu = 1;
        events.enter().run(5).visit(0x400, 8);
      }),
    ).toEqual([{ vcpu: 1, pc: 0x400, reason: 8, purpose: null, instructions: 5, beganAt: 50, endedAt: 60 }]);
  });

  it('for a CP0 register says which', () => {
    const hwr = { event: 'kvm_hwr', op: 'MTC0', reg: KVM_TRACE_COP0(11, 0), val: 1 } as const;
    const [visit] = visits((events) => events.visit(0, 11, hwr));
    expect(visit?.purpose).toEqual({ what: 'hwr', op: 'MTC0', reg: KVM_TRACE_COP0(11, 0) });
  });

  it('for a device is one visit, also when user space answers in between', () => {
    const all = visits((events) => events.store(0x10, 0x3f8).load(0x20, 0x3fd));
    expect(all.map(({ pc, purpose }) => [pc, purpose])).toEqual([
      [0x10, { what: 'mmio', gpa: 0x3f8, isWrite: true, length: 4 }],
      [0x20, { what: 'mmio', gpa: 0x3fd, isWrite: false, length: 4 }],
    ]);
  });

  it('of WAIT lasts until the guest goes on, however often KVM_RUN looks in between', () => {
    const [visit, ...others] = visits((events) => {
      events.run(3).wait(0x100).skip(1000);
      events
        .enter(0x104)
        .say(...OUT(0x104, 10, -4))
        .skip(500);
      events.enter(0x104).deadline(0x104).skip(300);
      events.enter(0x104).run(7).visit(0x200, 8);
    });
    expect(visit).toMatchObject({ pc: 0x100, reason: 11, purpose: { what: 'wait', isWfe: null }, beganAt: 30 });
    expect(visit!.endedAt).toBe(40 + 1800);
    expect(others.map(({ reason }) => reason)).toEqual([8]);
  });

  it('of WAIT with an interrupt pending ends at once', () => {
    const [visit] = visits((events) => events.visit(0, 11, { event: 'kvm_exit', pc: 4, reason: KVM_TRACE_EXIT_WAIT }));
    expect(visit).toMatchObject({ purpose: { what: 'wait', isWfe: null }, beganAt: 0, endedAt: 10 });
  });

  it('of CACHE is the second reason of one visit', () => {
    const all = visits((events) => events.visit(0, 11, { event: 'kvm_exit', pc: 0, reason: KVM_TRACE_EXIT_CACHE }));
    expect(all.map(({ reason, purpose }) => [reason, purpose])).toEqual([[11, { what: 'cache' }]]);
  });

  it('of a VZ guest has the reason that says more', () => {
    const gpsi = KVM_TRACE_EXIT_GEXCCODE_BASE;
    const all = visits((events) => events.visit(0, 27, { event: 'kvm_exit', pc: 0, reason: gpsi }));
    expect(all.map(({ reason }) => reason)).toEqual([gpsi]);
  });

  it('is not what the host does: deadlines make none, and one in the middle of a visit ends it there', () => {
    expect(visits((events) => events.deadline().enter().run(10).deadline())).toEqual([]);
    const [visit, ...others] = visits((events) => {
      events.say({ event: 'kvm_exit', pc: 0, reason: 8 }).run(1).deadline(0x180);
      events.skip(5000).enter(0x180).run(1);
    });
    expect(visit).toMatchObject({ reason: 8, beganAt: 0, endedAt: 10 });
    expect(others).toEqual([]);
  });

  it("of ARM's comes by kvm_entry, WFI by kvm_wfx", () => {
    const trap = (ec: number) => KVM_TRACE_EXIT_ARM_TRAP_BASE + ec;
    const all = visits((events) => {
      events
        .say({ event: 'kvm_exit', pc: 0, reason: trap(0x12) })
        .run(1)
        .say({ event: 'kvm_entry', pc: 4 });
      events.say({ event: 'kvm_exit', pc: 8, reason: trap(1) }, { event: 'kvm_wfx', pc: 8, isWfe: false }).run(1);
      events.say({ event: 'kvm_userspace_exit', reason: 10, errno: -4 }).skip(100);
      events.say({ event: 'kvm_entry', pc: 12 }).run(4);
      events.say({ event: 'kvm_exit', pc: 16, reason: KVM_TRACE_EXIT_ARM_IRQ });
    });
    expect(all.map(({ reason, purpose, beganAt, endedAt }) => [reason, purpose, endedAt - beganAt])).toEqual([
      [trap(0x12), null, 10],
      [trap(1), { what: 'wait', isWfe: false }, 110],
    ]);
  });

  it('of one vCPU knows nothing of the others', () => {
    const all = visits((events) => {
      events.wait(0x10);
      events.vcpu = 1;
      events.enter().visit(0x20, 8);
    });
    expect(all.map(({ vcpu, reason }) => [vcpu, reason])).toEqual([[1, 8]]);
  });
});

describe('the table of exits', () => {
  it('has reasons with counts, shares and guest time, the most frequent first', () => {
    const story = (events: Events): void => {
      for (let n = 0; n < 3; n++) events.run(9).visit(0x400, 2);
      events.visit(0x500, 8);
    };
    const { exits, guestTimeNs, rows: all } = table(story);
    expect([exits, guestTimeNs]).toEqual([4, 310]);
    expect(all.map(({ reason, count, percent }) => [reason, count, percent])).toEqual([
      ['tlbmiss_ld', 3, 75],
      ['syscall', 1, 25],
    ]);
    expect(rows(story)).toEqual([
      ['tlbmiss_ld', 3, 30],
      ['syscall', 1, 10],
    ]);
  });

  it('names registers, devices and waits', () => {
    const reg = KVM_TRACE_COP0(9, 0);
    expect(
      rows((events) => {
        events.visit(0, 11, { event: 'kvm_hwr', op: 'MFC0', reg, val: 1 });
        events.store(0, 5).load(4, 5).store(0, 0x9000);
        events.wait(8).skip(490).enter().run(1);
      }).sort(),
    ).toEqual([
      ['cop_unusable mfc0 Count', 1, 10],
      ['cop_unusable wait', 1, 500],
      ['mmio 0x9000', 1, 10],
      ['mmio uart0 r5', 2, 20],
    ]);
  });

  it('shows where most of them come from', () => {
    const [row] = table((events) => {
      for (const [pc, times] of [
        [0x100, 2],
        [0x2000, 5],
        [0x104, 1],
        [0x108, 1],
      ] as const)
        for (let n = 0; n < times; n++) events.visit(pc, 2);
    }).rows;
    expect(row!.sites).toEqual([
      { pc: 0x2000, symbol: null, count: 5 },
      { pc: 0x100, symbol: 'f+0x100', count: 2 },
      { pc: 0x104, symbol: 'f+0x104', count: 1 },
    ]);
  });

  it('counts what the guest waits for up to now, and goes on counting', () => {
    const profile = new ExitProfile();
    const events = new Events(profile);
    events.enter().wait(0x10).skip(990);
    const wait = () => profile.table(events.now, NAMES).rows.map(({ count, guestTimeNs }) => [count, guestTimeNs]);
    expect(wait()).toEqual([[1, 1000]]);
    expect(wait()).toEqual([[1, 1000]]);
    events.skip(1000).enter().run(1);
    expect(wait()).toEqual([[1, 2000]]);
  });

  it('tells privileged instructions apart by what stands there', () => {
    const story = (events: Events): void => {
      for (const pc of [16, 20, 24, 24, 0x100]) events.visit(pc, 11);
      for (const pc of [16, 20]) events.visit(pc, 8);
    };
    expect(rows(story)).toEqual([
      ['cop_unusable tlbwr', 3, 30],
      ['syscall', 2, 20],
      ['cop_unusable', 1, 10],
      ['cop_unusable eret', 1, 10],
    ]);
    expect(table(story).rows[0]!.sites.map(({ pc }) => pc)).toEqual([24, 16]);
  });

  it('begins where somebody began to look', () => {
    const profile = new ExitProfile();
    profile.begin(1000);
    expect(profile.table(5000, NAMES)).toEqual({ exits: 0, guestTimeNs: 4000, rows: [] });
  });

  it('stays small whatever addresses a guest touches, and loses no exit', () => {
    const profile = new ExitProfile();
    const events = new Events(profile).enter();
    for (let n = 0; n < 3000; n++) events.store(0x100 + 4 * n, 0x10_0000 + 4 * n);
    const { exits, rows: all } = profile.table(events.now, NAMES);
    expect(exits).toBe(3000);
    expect(all.length).toBeLessThan(1100);
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(3000);
    expect(all[0]).toMatchObject({ reason: 'other', detail: '' });
  });
});
