// A driven VM runs only while a script waits for something of the guest, and stands still at the very instruction at which that came.
import { describe, expect, it } from 'vitest';
import { type DriveTarget, DriveWatch } from '../../../src/vmm/drive.ts';
import type { JournalEvent } from '../../../src/vmm/journal.ts';
import { formatJournal, parseJournal } from '../../../src/vmm/journal-text.ts';
import { FakeClock, type GuestProgram, type Step, type StepResult } from '../../support/vmm/fake-kvm.ts';
import { CONSOLE, FakeHost, print, type TestVm, testVm } from '../../support/vmm/fake-machine.ts';

const ROOM = { write: CONSOLE + 4, data: [16, 0, 0, 0] };
const DRIVEN = { driven: true, sourceOpen: true };

/** Prints a dot, computing 1,000 instructions before each, until it gets input; then powers off. */
function* dots(): Generator<Step, void, StepResult> {
  yield ROOM;
  for (;;) {
    yield { run: 1000 };
    yield* print('.');
    const { data } = yield { read: CONSOLE + 8 };
    if (data[3] !== 0xff) return;
  }
}

/** Until a character has come so many times. */
function sees(character: string, times = 1): DriveTarget {
  let left = times;
  return {
    onOutput: (bytes) => {
      for (const byte of bytes) if (byte === character.charCodeAt(0)) left--;
    },
    until: () => left <= 0,
  };
}

const send = (test: TestVm, text: string): void => {
  test.vm.arrive({ type: 'console', bytes: Buffer.from(text) });
};

describe('a driven VM', () => {
  it('does nothing before it is driven', async () => {
    const test = testVm([dots], DRIVEN);
    void test.vm.start();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(test.vm.clock.instructions).toBe(0);
    test.vm.arrive({ type: 'stop', cause: 'interrupted', reason: 'enough' });
    expect((await test.vm.start()).kind).toBe('interrupted');
  });

  it('stands still at the instruction that put out what was waited for, the output handed over', async () => {
    const counts = new Set<number>();
    // However often the host's clock ends slices and runs of the core.
    for (const msPerLook of [0.01, 0.5, 4, 40]) {
      const host = new FakeHost();
      host.msPerLook = () => msPerLook;
      const test = testVm([dots], DRIVEN, host);
      void test.vm.start();
      expect(await test.vm.drive(sees('.', 3))).toBe('found');
      expect(test.text()).toBe('...');
      counts.add(test.vm.clock.instructions);
    }
    expect(counts.size).toBe(1);
  });

  it('takes what is sent where it stands, so that a replay is the same run', async () => {
    const test = testVm([dots], DRIVEN);
    const verdict = test.vm.start();
    await test.vm.drive(sees('.', 5));
    const { instructions } = test.vm.clock;
    send(test, 'x');
    expect(await test.vm.drive({})).toBe('ended');
    expect(test.vm.journal.entries.map((entry) => entry.instructions)).toEqual([instructions]);
    const again = testVm([dots], { replay: parseJournal(formatJournal(test.vm.journal)).journal });
    expect(await again.vm.start()).toMatchObject({
      stateHash: (await verdict).stateHash,
      instructions: (await verdict).instructions,
    });
    expect(again.text()).toBe(test.text());
  });

  it('stops at an instruction count and at a guest instant', async () => {
    const test = testVm([dots], DRIVEN);
    void test.vm.start();
    expect(await test.vm.drive({ instructions: 4321 })).toBe('instructions');
    expect(test.vm.clock.instructions).toBe(4321);
    expect(await test.vm.drive({ time: 50_000, ...sees('x') })).toBe('time');
    expect(test.vm.clock.guestTimeNs).toBe(50_000);
    expect(await test.vm.drive({ instructions: 1 })).toBe('instructions');
    expect(test.vm.clock.guestTimeNs).toBe(50_000);
  });

  it('skips the time in which the guest sleeps, up to the instant that is waited for', async () => {
    const host = new FakeHost();
    const sleeper: GuestProgram = function* () {
      yield { wait: 60e9 };
      yield* print('up');
    };
    const test = testVm([sleeper], DRIVEN, host);
    void test.vm.start();
    expect(await test.vm.drive({ time: 10e9 })).toBe('time');
    expect(test.vm.clock.guestTimeNs).toBe(10e9);
    expect(await test.vm.drive(sees('p'))).toBe('found');
    expect(test.vm.clock.guestTimeNs).toBeGreaterThanOrEqual(60e9);
    expect(host.slept).toBe(0);
  });

  it('does not count the time in which the guest sleeps as instructions', async () => {
    const sleeper: GuestProgram = function* () {
      yield { run: 100 };
      yield { wait: 60e9 };
      yield { run: 100 };
    };
    const test = testVm([sleeper], DRIVEN);
    void test.vm.start();
    await test.vm.drive({ instructions: 101 }); // WAIT is one
    // One more, after a minute that is skipped at once and not 10 ns at a time.
    expect(await test.vm.drive({ instructions: 102 })).toBe('instructions');
    expect(test.vm.clock).toMatchObject({ instructions: 102 });
    expect(test.vm.clock.guestTimeNs).toBeGreaterThanOrEqual(60e9);
  });

  it('says when the guest waits for the script, which may go on; without input to come that is a hang', async () => {
    const waits: GuestProgram = function* () {
      yield ROOM;
      for (;;) {
        yield { wait: Number.POSITIVE_INFINITY };
        const { data } = yield { read: CONSOLE + 8 };
        yield* print(String.fromCharCode(data[0]!));
      }
    };
    const test = testVm([waits], DRIVEN);
    const verdict = test.vm.start();
    expect(await test.vm.drive(sees('a'))).toBe('waiting');
    // Time alone passes all the same.
    expect(await test.vm.drive({ time: 5e9 })).toBe('time');
    expect(test.vm.clock.guestTimeNs).toBe(5e9);
    send(test, 'a');
    expect(await test.vm.drive(sees('a'))).toBe('found');
    test.vm.arrive({ type: 'end-of-input' });
    expect(await test.vm.drive(sees('b'))).toBe('ended');
    expect(await verdict).toMatchObject({ kind: 'hang', exitCode: 103 });
  });

  it('ends at the limit and by a power-off, and says so to whoever waits, also afterwards', async () => {
    const limited = testVm([dots], { ...DRIVEN, limit: 100_000 });
    const verdict = limited.vm.start();
    expect(await limited.vm.drive({ time: 1e9 })).toBe('ended');
    expect((await verdict).kind).toBe('guest-time-limit');
    expect(await limited.vm.drive({ time: 2e9 })).toBe('ended');
  });

  it('is waited for once at a time', async () => {
    const test = testVm([dots], DRIVEN);
    void test.vm.start();
    const first = test.vm.drive({ instructions: 100 });
    expect(() => test.vm.drive({ instructions: 200 })).toThrow('being waited for');
    expect(await first).toBe('instructions');
  });

  it('ends at the wall-clock limit while the script does nothing', async () => {
    const test = testVm([dots], { ...DRIVEN, timeout: 500 });
    expect((await test.vm.start()).kind).toBe('wall-time-limit');
  });
});

describe('what a script changes', () => {
  const RAM_AT = 0x40000000;
  /** Prints the byte at address 0x100 of its memory, over and over, until it gets input. */
  const shows: GuestProgram = function* () {
    yield ROOM;
    for (;;) {
      yield { run: 100 };
      yield* print(String.fromCharCode(shown.machine.memory.readU8(0x100) || 46));
      const { data } = yield { read: CONSOLE + 8 };
      if (data[3] !== 0xff) return;
    }
  };
  let shown: TestVm;
  const write = (byte: string): void => shown.vm.change({ type: 'memory', address: 0x100, bytes: Buffer.from(byte) });

  it('enters where the guest stands, after what was sent before, and a replay is the same run', async () => {
    shown = testVm([shows], DRIVEN);
    const verdict = shown.vm.start();
    await shown.vm.drive(sees('.', 3));
    const { instructions } = shown.vm.clock;
    write('a');
    await shown.vm.drive(sees('a', 2));
    send(shown, 'x');
    write('b');
    expect(await shown.vm.drive({})).toBe('ended');
    const entries = shown.vm.journal.entries.map(({ event }) => event.type);
    expect(entries).toEqual(['memory', 'console', 'memory']);
    expect(shown.vm.journal.entries[0]).toMatchObject({ instructions });
    const [text, { stateHash }] = [shown.text(), await verdict];
    expect(text).toBe('...aa');
    expect(shown.machine.memory.readU8(0x100)).toBe('b'.charCodeAt(0));
    shown = testVm([shows], { replay: parseJournal(formatJournal(shown.vm.journal)).journal });
    expect((await shown.vm.start()).stateHash).toBe(stateHash);
    expect(shown.text()).toBe(text);
  });

  it('is refused in a replay', () => {
    shown = testVm([shows], { ...DRIVEN, replay: { input: 'live', entries: [] } });
    expect(() => write('a')).toThrow('a run that is replayed cannot be changed');
  });

  it('is refused by a machine that has nothing of the kind, before it runs', () => {
    const replay = (event: JournalEvent): (() => TestVm) => {
      const entries = [{ instructions: 5, at: 50, event }];
      return () => testVm([dots], { replay: { input: 'live', entries } });
    };
    const bytes = new Uint8Array(4);
    expect(replay({ type: 'memory', address: 2 ** 40, bytes })).toThrow(
      'the journal, at instruction 5: there is no RAM',
    );
    expect(replay({ type: 'register', cpu: 3, name: 'pc', value: 0 })).toThrow('there is no cpu3');
    expect(replay({ type: 'agent', bytes })).toThrow('there is no guest agent');
  });

  it('waits for no address that nothing is ever executed at, and to no number that is none', async () => {
    shown = testVm([dots], DRIVEN);
    expect(() => shown.vm.drive({ execution: 0x1000 })).toThrow('not in an unmapped segment');
    expect(() => shown.vm.drive({ execution: RAM_AT + 0x0800_0000 })).toThrow('no RAM');
    expect(() => shown.vm.drive({ time: Number.NaN })).toThrow('the time to run to is not a number');
    expect(() => shown.vm.drive({ instructions: Number.NaN })).toThrow('the instructions to run to is not a number');
    // None of them is being waited for.
    void shown.vm.start();
    expect(await shown.vm.drive({ execution: RAM_AT, instructions: 10 })).toBe('instructions');
    expect(shown.machine.watched.addresses).toEqual([RAM_AT]);
    expect(await shown.vm.drive({ instructions: 20 })).toBe('instructions');
    expect(shown.machine.watched.addresses).toEqual([]);
  });
});

describe('standing before an instruction', () => {
  it('is for every time that it is about to run, and not again for the one that is stood before', () => {
    const clock = new FakeClock();
    const watch = new DriveWatch(clock);
    const runs = (): boolean => !watch.executes();
    expect(runs()).toBe(true); // nobody drives
    void watch.begin({ execution: 4 });
    expect([runs(), watch.due, watch.deadline]).toEqual([false, 'execution', Number.NEGATIVE_INFINITY]);
    watch.end('execution');
    void watch.begin({ execution: 4, time: 70 });
    expect([runs(), watch.due, watch.deadline]).toEqual([true, null, 70]);
    clock.instructions = 5;
    expect([runs(), watch.due]).toEqual([false, 'execution']);
    watch.end('execution');
    clock.instructions = 8;
    expect(runs()).toBe(true);
  });
});

describe('a VM that is not driven', () => {
  it('cannot be', () => {
    expect(() => testVm([dots]).vm.drive({})).toThrow('runs by itself');
  });
});
