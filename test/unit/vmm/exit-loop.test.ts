import { describe, expect, it } from 'vitest';
import {
  ExitReason,
  KVM_SYSTEM_EVENT_CRASH,
  KVM_SYSTEM_EVENT_RESET,
  KVM_SYSTEM_EVENT_SHUTDOWN,
} from '../../../src/kvm/constants.ts';
import { type ExitServices, runVcpu, settle } from '../../../src/vmm/exit-loop.ts';
import { FakeClock, FakeVcpu, type Step } from '../../support/vmm/fake-kvm.ts';

function services(change: Partial<ExitServices> = {}): ExitServices {
  return { deadline: () => Number.POSITIVE_INFINITY, mmio() {}, hypercall() {}, explain: () => null, ...change };
}

function play(...steps: Step[]) {
  return runVcpu(
    new FakeVcpu(0, new FakeClock(), function* () {
      yield* steps;
    }),
    services(),
  );
}

describe('the KVM_RUN loop', () => {
  it('serves an MMIO read and the guest gets the answer at the next enter', () => {
    let loaded: readonly number[] = [];
    const vcpu = new FakeVcpu(0, new FakeClock(), function* () {
      loaded = (yield { read: 0x12000004, len: 2 }).data;
    });
    runVcpu(vcpu, services({ mmio: (access) => access.data.set([0x34, 0x12]) }));
    expect(loaded).toEqual([0x34, 0x12]);
  });

  it('serves a hypercall and the guest gets ret', () => {
    let answer = 0;
    const vcpu = new FakeVcpu(0, new FakeClock(), function* () {
      answer = (yield { hypercall: 42, args: [1, 2] }).ret;
    });
    runVcpu(
      vcpu,
      services({
        hypercall: (call) => {
          call.ret = call.nr + call.args[1]!;
        },
      }),
    );
    expect(answer).toBe(44);
  });

  it('returns nothing at the deadline and asks for it again after every exit', () => {
    const clock = new FakeClock();
    const vcpu = new FakeVcpu(0, clock, function* () {
      yield { write: 0x1000, data: [1] };
      yield { run: 1000 };
    });
    const deadlines = [5000, 300];
    expect(runVcpu(vcpu, services({ deadline: () => deadlines.shift()! }))).toBeNull();
    expect(clock.now).toBe(300);
  });

  it('finishes the pending access, and only that, when the deadline is past', () => {
    const clock = new FakeClock();
    let deadline = 5000;
    const vcpu = new FakeVcpu(0, clock, function* () {
      yield { write: 0x1000, data: [1] };
      yield { run: 1000 };
    });
    const mmio = () => {
      deadline = Number.NEGATIVE_INFINITY;
    };
    expect(runVcpu(vcpu, services({ deadline: () => deadline, mmio }))).toBeNull();
    expect(clock.instructions).toBe(1);
  });

  it('settles a vCPU without running it on', () => {
    const clock = new FakeClock();
    const vcpu = new FakeVcpu(0, clock, function* () {
      yield { read: 0x1000 };
      yield { read: 0x2000 };
    });
    const read: number[] = [];
    vcpu.enter(5000);
    settle(vcpu, services({ mmio: ({ physAddr }) => read.push(physAddr) }));
    expect([clock.instructions, read, vcpu.run.immediateExit]).toEqual([1, [], false]);
  });

  it('ends well at a shutdown, whatever a0 holds', () => {
    expect(play({ shutdown: null })).toMatchObject({ kind: 'power-off', exitCode: 0 });
  });

  it.each([
    [0, 0],
    [10, 10],
    [99, 99],
    [1, 1],
    [9, 1],
    [100, 1],
    [-1, 1],
    [0x7fffffff, 1],
  ])('ends with guest code %i as exit code %i, the number in words', (code, exitCode) => {
    expect(play({ shutdown: code })).toMatchObject({
      kind: 'guest-exit',
      exitCode,
      summary: expect.stringContaining(` ${code}`),
    });
  });

  it.each([
    [KVM_SYSTEM_EVENT_SHUTDOWN, 'power-off', 0],
    [KVM_SYSTEM_EVENT_RESET, 'reboot', 102],
    [KVM_SYSTEM_EVENT_CRASH, 'panic', 100],
  ])('ends at system event %i as %s', (systemEvent, kind, exitCode) => {
    expect(play({ systemEvent })).toMatchObject({ kind, exitCode });
  });

  it('ends 101 at what cannot be emulated, with the instruction and the pc', () => {
    const over = play({ internalError: 'CACHE index store tag' });
    expect(over).toMatchObject({
      kind: 'reset',
      exitCode: 101,
      summary: expect.stringContaining('CACHE index store tag'),
    });
    expect(over?.details).toEqual(['instruction 0x1234abcd at pc 0x40001234']);
  });

  it.each([ExitReason.IRQ_WINDOW_OPEN, ExitReason.INTR])('goes on after exit reason %i', (exit) => {
    let left = false;
    const vcpu = new FakeVcpu(0, new FakeClock(), function* () {
      yield { exit };
    });
    const enter = vcpu.enter.bind(vcpu);
    vcpu.enter = (deadline) => {
      if (left) return -4;
      left = true;
      return enter(deadline);
    };
    expect(runVcpu(vcpu, services())).toBeNull();
  });

  it.each([ExitReason.FAIL_ENTRY, ExitReason.UNKNOWN, 4711])('calls exit reason %i a failure of tsvm', (exit) => {
    expect(play({ exit })).toMatchObject({ kind: 'tsvm-failed', exitCode: 125 });
  });

  it('calls an errno other than EINTR a failure of tsvm', () => {
    const vcpu = new FakeVcpu(1, new FakeClock(), function* () {});
    vcpu.enter = () => -8;
    expect(runVcpu(vcpu, services())).toMatchObject({ kind: 'tsvm-failed', summary: 'KVM_RUN on cpu1 failed with -8' });
  });
});
