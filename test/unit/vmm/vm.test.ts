import { describe, expect, it } from 'vitest';
import { EnginesDiffer } from '../../../src/kvm/errors.ts';
import { formatJournal, parseJournal } from '../../../src/vmm/journal-text.ts';
import { INPUT_HIGH_WATER } from '../../../src/vmm/vm.ts';
import type { GuestProgram, Step, StepResult } from '../../support/vmm/fake-kvm.ts';
import { CONSOLE, FakeHost, OTHER_CONSOLE, print, testVm } from '../../support/vmm/fake-machine.ts';

const FOREVER = Number.POSITIVE_INFINITY;
const ROOM = { write: CONSOLE + 4, data: [16, 0, 0, 0] };

function guest(...steps: Step[]): GuestProgram {
  return function* () {
    yield* steps;
  };
}

/** Echoes console input until a q comes, computing between bytes; then powers off. */
function echo(): Generator<Step, void, StepResult> {
  return echoOn(CONSOLE);
}

function* echoOn(base: number): Generator<Step, void, StepResult> {
  yield { ...ROOM, write: base + 4 };
  for (;;) {
    yield { wait: FOREVER };
    yield { run: 123 };
    for (;;) {
      const { data } = yield { read: base + 8 };
      if (data[3] === 0xff) break;
      yield { write: base + 4, data: [1, 0, 0, 0] };
      yield { write: base, data: [data[0]!] };
      if (data[0] === 0x71) return;
      yield { run: 5000 };
    }
  }
}

/** Two vCPUs whose interleaving shows in the output. */
function chatter(letter: string): GuestProgram {
  return function* () {
    for (let i = 0; i < 40; i++) {
      yield { run: 20_000 + 1_000 * i };
      yield* print(letter);
    }
    yield { wait: 1_000_000 };
    yield* print(letter.toUpperCase());
    yield { wait: letter === 'a' ? FOREVER : 5_000_000 };
  };
}

describe('how a run ends', () => {
  it('ends well when the guest powers off, with its output and the facts', async () => {
    const test = testVm([
      function* () {
        yield* print('hello');
        yield { run: 95 };
      },
    ]);
    const verdict = await test.vm.start();
    expect(test.text()).toBe('hello');
    expect(verdict).toMatchObject({ kind: 'power-off', exitCode: 0, instructions: 100, guestTimeNs: 1000 });
    expect(verdict.stateHash).toMatch(/^[0-9a-f]{8}$/);
    expect(verdict.runId).toMatch(/^[0-9a-f]{8}$/);
    expect(verdict.vcpus).toEqual([{ cpu: 0, pc: 0x40000000, state: 'running' }]);
  });

  it('is a proven hang, at once, when every vCPU waits and nothing is armed', async () => {
    const test = testVm([guest({ run: 10 }, { wait: FOREVER }), guest({ run: 10 }, { wait: FOREVER })]);
    const verdict = await test.vm.start();
    expect(verdict).toMatchObject({ kind: 'hang', exitCode: 103, instructions: 22 });
    expect(verdict.summary).toBe('all 2 cpus in WAIT, no timer armed, no device request pending');
    expect(verdict.vcpus.map(({ state }) => state)).toEqual(['wait', 'wait']);
    expect(test.host.slept).toBe(0);
  });

  it('is a proven hang when the only vCPU branches to itself with interrupts off, tty or not', async () => {
    const verdict = await testVm([guest({ spin: true })], { sourceOpen: true }).vm.start();
    expect(verdict).toMatchObject({ kind: 'hang', summary: 'the only cpu in a branch to itself with interrupts off' });
  });

  it('is a proven hang when the only vCPU waits with every interrupt masked, whatever timer or source is open', async () => {
    const test = testVm([guest({ run: 10 }, { wait: 5000 })], { sourceOpen: true });
    test.machine.vm.vcpus[0]!.deaf = true;
    expect(await test.vm.start()).toMatchObject({
      kind: 'hang',
      instructions: 11,
      summary: 'the only cpu in WAIT, with every interrupt masked',
    });
  });

  it('is no hang while another vCPU can still wake', async () => {
    const test = testVm([guest({ spin: true }), guest({ wait: 5000 }, { shutdown: 12 })]);
    expect(await test.vm.start()).toMatchObject({ kind: 'guest-exit', exitCode: 12 });
  });

  it('skips idle guest time to the next timer instead of sleeping', async () => {
    const test = testVm([guest({ wait: 3600e9 })]);
    const verdict = await test.vm.start();
    expect(verdict.kind).toBe('power-off');
    expect(verdict.guestTimeNs).toBeGreaterThanOrEqual(3600e9);
    expect(verdict.instructions).toBe(1);
    expect(test.host.slept).toBe(0);
  });

  it('lets a device timer wake a waiting vCPU', async () => {
    const test = testVm([guest({ wait: FOREVER }, { shutdown: 20 })]);
    test.machine.timers.schedule(7000, () => test.machine.vcpus[0]!.interrupt({ cpu: -1, irq: 2 }));
    expect(await test.vm.start()).toMatchObject({ exitCode: 20, guestTimeNs: 7000 });
  });

  it('says once that an idle guest without input goes on for ever', async () => {
    const naps = Array.from({ length: 5 }, () => ({ wait: 200e9 }));
    const test = testVm([guest(...naps, { shutdown: 12 })]);
    await test.vm.start();
    expect(test.messages.filter((message) => message.includes('idle for 10 minutes'))).toHaveLength(1);
    const limited = testVm([guest(...naps, { shutdown: 12 })], { limit: 5000e9 });
    await limited.vm.start();
    expect(limited.messages.join()).not.toContain('idle for');
  });

  it('stops at the guest-time limit, busy or idle', async () => {
    for (const step of [{ run: 1e12 }, { wait: 1e15 }]) {
      const verdict = await testVm([guest(step)], { limit: 1e9 }).vm.start();
      expect(verdict).toMatchObject({ kind: 'guest-time-limit', exitCode: 104, guestTimeNs: 1e9 });
    }
  });

  it('stops at the wall-clock limit, busy or asleep', async () => {
    for (const step of [{ run: 1e15 }, { wait: FOREVER }]) {
      const test = testVm([guest(step)], { timeout: 300, sourceOpen: true });
      const verdict = await test.vm.start();
      expect(verdict).toMatchObject({ kind: 'wall-time-limit', exitCode: 105 });
      expect(verdict.wallMs).toBeLessThan(330);
    }
  });

  it('is interrupted by stop, and what was said before is kept', async () => {
    const test = testVm([
      function* () {
        yield* print('so far');
        yield { run: 1e15 };
      },
    ]);
    test.host.onTurn = () => test.vm.arrive({ type: 'stop', cause: 'interrupted', reason: 'SIGTERM' });
    expect(await test.vm.start()).toMatchObject({ kind: 'interrupted', exitCode: 130, summary: 'SIGTERM' });
    expect(test.text()).toBe('so far');
  });

  it("is tsvm's failure when the core throws", async () => {
    const test = testVm([guest({ run: 1 })]);
    test.machine.vm.vcpus[0]!.enter = () => {
      throw new Error('memory access out of bounds');
    };
    expect(await test.vm.start()).toMatchObject({
      kind: 'tsvm-failed',
      exitCode: 125,
      summary: 'memory access out of bounds',
    });
  });

  it('is a difference between engines when lockstep finds one, with its report', async () => {
    const test = testVm([guest({ run: 1 })]);
    test.machine.vm.vcpus[0]!.enter = () => {
      throw new EnginesDiffer('the engines differ: pc', ['region at 0x40010000'], 'all of it');
    };
    expect(await test.vm.start()).toMatchObject({
      kind: 'engines-differ',
      exitCode: 125,
      summary: 'the engines differ: pc',
      details: ['region at 0x40010000'],
      report: 'all of it',
      stateHash: '',
    });
  });

  it('is not delayed by a core that makes no progress: the wall-clock limit still holds', async () => {
    const test = testVm([guest({ run: 1 })], { timeout: 50 });
    test.machine.vm.vcpus[0]!.enter = () => -4;
    expect((await test.vm.start()).kind).toBe('wall-time-limit');
  });
});

describe('host time', () => {
  it('does not reach the guest: any slice length gives the same bytes, count and hash', async () => {
    const runs = [];
    for (const msPerLook of [0, 0.01, 0.7, 3, 11]) {
      const test = testVm([chatter('a'), chatter('b')]);
      let looks = 0;
      test.host.msPerLook = () => (++looks % 7 === 0 ? msPerLook * 3 : msPerLook);
      let turns = 0;
      test.host.onTurn = () => turns++;
      const { instructions, guestTimeNs, stateHash, runId } = await test.vm.start();
      runs.push({ text: test.text(), instructions, guestTimeNs, stateHash, runId });
      if (msPerLook > 0.1) expect(turns).toBeGreaterThan(5);
    }
    expect(runs[0]!.text).toMatch(/^[ab]{80}AB$|^[ab]{80}BA$/);
    for (const run of runs) expect(run).toEqual(runs[0]);
  });

  it('differs from run to run with the seed', async () => {
    const texts = new Set<string>();
    for (const seed of [1, 2, 3, 4]) {
      const test = testVm([chatter('a'), chatter('b')], { seed });
      await test.vm.start();
      texts.add(test.text());
    }
    expect(texts.size).toBeGreaterThan(1);
  });

  it('is slept, not spun, while an outside source is open and every vCPU waits', async () => {
    const test = testVm([guest({ wait: 2e9 })], { sourceOpen: true });
    const verdict = await test.vm.start();
    expect(verdict.kind).toBe('power-off');
    expect(test.host.slept).toBeGreaterThan(1900);
    expect(test.host.slept).toBeLessThan(2100);
    expect(test.machine.vm.vcpus[0]!.entries).toBeLessThan(5);
  });

  it('stays in step with guest time although host timers fire late', async () => {
    const test = testVm([guest(...Array.from({ length: 100 }, () => ({ wait: 10e6 })))], { sourceOpen: true });
    test.host.msPerLook = () => 0;
    test.host.lateMs = 3;
    expect((await test.vm.start()).guestTimeNs).toBeGreaterThan(1e9);
    expect(test.host.slept).toBeGreaterThan(990);
    expect(test.host.slept).toBeLessThan(1010);
  });

  it('that only a pipe can end is waited for, but not silently', async () => {
    const test = testVm([guest({ wait: FOREVER })], { sourceOpen: true, waitNote: 'only the pipe', timeout: 60_000 });
    await test.vm.start();
    expect(test.messages).toEqual(['warning: only the pipe']);
  });
});

describe('console input', () => {
  it('from a file reaches the guest when it has room, and the end of it proves the hang', async () => {
    let bytes = new TextEncoder().encode('a long line of input\n');
    const read = (max: number) => {
      const piece = bytes.slice(0, max);
      bytes = bytes.slice(max);
      return piece;
    };
    const test = testVm([echo], { pull: { read } });
    expect((await test.vm.start()).kind).toBe('hang');
    expect(test.text()).toBe('a long line of input\n');
  });

  it('from a file counts in the run id', async () => {
    const ids = new Set<string>();
    for (const text of ['q', 'qq']) {
      let done = false;
      const read = () => {
        const bytes = new TextEncoder().encode(done ? '' : text);
        done = true;
        return bytes;
      };
      ids.add((await testVm([echo], { pull: { read } }).vm.start()).runId);
    }
    expect(ids.size).toBe(2);
  });

  it('from outside wakes the guest; after its end a hang can be proven', async () => {
    const test = testVm([echo], { sourceOpen: true });
    const result = test.vm.start();
    for (const text of ['hi ', 'there']) {
      await new Promise((resolve) => setImmediate(resolve));
      test.vm.arrive({ type: 'console', bytes: new TextEncoder().encode(text) });
    }
    test.vm.arrive({ type: 'end-of-input' });
    expect((await result).kind).toBe('hang');
    expect(test.text()).toBe('hi there');
  });

  it('that the guest does not take holds the source, and releases it again', async () => {
    let released = 0;
    const test = testVm(
      [
        function* () {
          yield { run: 1e6 };
          yield { write: CONSOLE + 4, data: [0, 0, 2, 0] };
          yield { run: 1e7 };
        },
      ],
      { sourceOpen: true, onInputRoom: () => released++ },
    );
    test.vm.arrive({ type: 'console', bytes: new Uint8Array(INPUT_HIGH_WATER) });
    expect(test.vm.inputBacklog()).toBe(INPUT_HIGH_WATER);
    await test.vm.start();
    expect(released).toBe(1);
    expect(test.vm.inputBacklog()).toBe(0);
  });

  it('that comes at the instant of a device timer comes after it, live and fed back', async () => {
    for (const replay of [null, parseJournal('{"journal":1,"input":"live"}').journal]) {
      const entry = { type: 'console', bytes: Uint8Array.of(0x71) } as const;
      const test = testVm([echo], {
        sourceOpen: true,
        replay: replay && { ...replay, entries: [{ instructions: 2, at: 5000, event: entry }] },
      });
      const seen: number[] = [];
      test.machine.timers.schedule(5000, () => seen.push(test.machine.fakeConsole.saveState().received.length));
      test.host.onTurn = () => test.vm.arrive(entry);
      await test.vm.start();
      expect(test.vm.journal.entries[0]).toEqual({ instructions: 2, at: 5000, event: entry });
      expect(seen).toEqual([0]);
    }
  });

  it('and the size of the terminal reach the guest', async () => {
    let seen: readonly number[] = [];
    const test = testVm([
      function* () {
        yield { run: 10 };
        seen = (yield { read: CONSOLE + 12 }).data;
      },
    ]);
    test.vm.arrive({ type: 'resize', columns: 132, rows: 43 });
    await test.vm.start();
    expect(seen).toEqual([43, 0, 132, 0]);
  });
});

describe("a console beside the machine's own", () => {
  const onOther = (): Generator<Step, void, StepResult> => echoOn(OTHER_CONSOLE);
  const typed = (text: string) =>
    ({ type: 'console', bytes: new TextEncoder().encode(text), console: 'other' }) as const;

  it('takes input of its own, and is heard by who listens to it', async () => {
    const test = testVm([onOther], { sourceOpen: true });
    let heard = '';
    test.vm.subscribeOutput((bytes) => {
      heard += Buffer.from(bytes).toString();
    }, 'other');
    test.vm.arrive({ type: 'console', bytes: Uint8Array.of(0x71) });
    test.vm.arrive(typed('to the other'));
    test.vm.arrive(typed('q'));
    expect(test.vm.inputBacklog('other')).toBe('to the otherq'.length);
    expect(await test.vm.start()).toMatchObject({ kind: 'power-off' });
    expect({ heard, own: test.text() }).toEqual({ heard: 'to the otherq', own: '' });
    expect([test.vm.inputBacklog(), test.vm.inputBacklog('other')]).toEqual([1, 0]);
  });

  it('makes no other run of it, heard or not, live or fed back', async () => {
    const runs: string[] = [];
    let journal: ReturnType<typeof parseJournal>['journal'] | null = null;
    for (const hears of [true, false, true]) {
      const test = testVm([onOther], { sourceOpen: true, replay: journal });
      if (hears) test.vm.subscribeOutput(() => {}, 'other');
      if (!journal) test.vm.arrive(typed('abcq'));
      const { stateHash, runId, instructions } = await test.vm.start();
      runs.push(`${stateHash} ${runId} ${instructions}`);
      journal = parseJournal(formatJournal(test.vm.journal)).journal;
    }
    expect(new Set(runs).size).toBe(1);
    expect(journal!.entries[0]!.event).toEqual(typed('abcq'));
  });

  it("that is full of input that nobody reads does not hold the source of the machine's own", async () => {
    const test = testVm([echo], { sourceOpen: true });
    test.vm.arrive({ ...typed(''), bytes: new Uint8Array(2 * INPUT_HIGH_WATER) });
    test.vm.arrive({ type: 'console', bytes: new TextEncoder().encode('still q') });
    expect(test.vm.inputBacklog()).toBe(7);
    await test.vm.start();
    expect(test.text()).toBe('still q');
    expect(test.vm.inputBacklog('other')).toBe(2 * INPUT_HIGH_WATER);
  });

  it('ends no run by a panic or an exit line that it says', async () => {
    const said = 'Kernel panic - not syncing: hello\r\nEXIT 7\r\n';
    const test = testVm(
      [
        function* () {
          for (const step of print(said)) yield { ...step, write: OTHER_CONSOLE };
          yield { run: 1000 };
        },
      ],
      { exitLine: 'EXIT' },
    );
    let heard = '';
    const stop = test.vm.subscribeOutput((bytes) => {
      heard += Buffer.from(bytes).toString();
      stop();
    }, 'other');
    expect(await test.vm.start()).toMatchObject({ kind: 'power-off', exitCode: 0 });
    expect(said.startsWith(heard) && heard.length > 0).toBe(true);
  });

  it('that is journaled without being there is refused', () => {
    const replay = {
      input: 'none',
      entries: [{ instructions: 1, at: 10, event: { type: 'break', console: 'x' } }],
    } as const;
    expect(() => testVm([echo], { replay })).toThrow('at instruction 1: there is no console called "x"');
  });
});

describe("who listens to the machine's own console", () => {
  it('hears what standard output gets, until he leaves', async () => {
    const test = testVm([chatter('a')]);
    let heard = '';
    const stop = test.vm.subscribeOutput((bytes) => {
      heard += Buffer.from(bytes).toString();
      if (heard.length > 10) stop();
    });
    await test.vm.start();
    expect(heard.length).toBeGreaterThan(10);
    expect(test.text().startsWith(heard)).toBe(true);
  });
});

describe('a journal fed back', () => {
  /** A live run with input at odd moments of host time, on two vCPUs. */
  async function live(rhythm: number, ending: 'q' | 'end' | 'stop') {
    const host = new FakeHost();
    host.msPerLook = () => rhythm;
    const test = testVm([echo, chatter('b')], { sourceOpen: true }, host);
    const words = [...'some words for the guest'];
    let turns = 0;
    host.onTurn = () => {
      if (++turns % 3 !== 0) return;
      const word = words.shift();
      if (word !== undefined) test.vm.arrive({ type: 'console', bytes: new TextEncoder().encode(word) });
      else if (ending === 'q') test.vm.arrive({ type: 'console', bytes: new TextEncoder().encode('q') });
      else if (ending === 'end') test.vm.arrive({ type: 'end-of-input' });
      else test.vm.arrive({ type: 'stop', cause: 'interrupted', reason: 'enough' });
      if (turns === 9) test.vm.arrive({ type: 'resize', columns: 100, rows: 30 });
    };
    const verdict = await test.vm.start();
    return { verdict, text: test.text(), journal: formatJournal(test.vm.journal) };
  }

  it.each([
    [0.3, 'q'],
    [0.3, 'end'],
    [2, 'stop'],
    [7, 'end'],
  ] as const)('gives the same bytes, count and hash (host rhythm %d ms, ended by %s)', async (rhythm, ending) => {
    const first = await live(rhythm, ending);
    expect(first.text.length).toBeGreaterThan(20);
    for (const msPerLook of [0, 1, 6]) {
      const host = new FakeHost();
      host.msPerLook = () => msPerLook;
      const test = testVm(
        [echo, chatter('b')],
        { sourceOpen: true, replay: parseJournal(first.journal).journal },
        host,
      );
      const again = await test.vm.start();
      expect(test.text()).toBe(first.text);
      expect({ ...again, wallMs: 0 }).toEqual({ ...first.verdict, wallMs: 0 });
      expect(formatJournal(test.vm.journal)).toBe(first.journal);
      expect(host.slept).toBe(0);
    }
  });

  it('refuses live input', async () => {
    const test = testVm([echo], { replay: { input: 'live', entries: [] } });
    expect(test.vm.arrive({ type: 'console', bytes: Uint8Array.of(1) })).toBe(false);
    await test.vm.start();
  });
});

describe('pausing', () => {
  it('holds the guest between two instructions and changes nothing', async () => {
    const straight = await testVm([chatter('a'), chatter('b')]).vm.start();
    const test = testVm([chatter('a'), chatter('b')]);
    const result = test.vm.start();
    await test.vm.pause();
    const { instructions } = test.machine.clock;
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(test.machine.clock.instructions).toBe(instructions);
    test.vm.resume();
    expect((await result).stateHash).toBe(straight.stateHash);
  });

  it('does not keep a stop from ending the run', async () => {
    const test = testVm([guest({ run: 1e15 })]);
    const result = test.vm.start();
    await test.vm.pause();
    test.vm.arrive({ type: 'stop', cause: 'interrupted', reason: 'stopped' });
    expect((await result).kind).toBe('interrupted');
    await test.vm.pause();
  });
});

describe('a slow reader of the console', () => {
  const flood: GuestProgram = function* () {
    for (;;) yield* print('x'.repeat(1000));
  };

  it('holds the guest instead of filling memory', async () => {
    let longest = 0;
    const test = testVm([flood], {
      limit: 4e6,
      onConsole: async (bytes) => {
        longest = Math.max(longest, bytes.length);
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    test.host.msPerLook = () => 0;
    expect((await test.vm.start()).kind).toBe('guest-time-limit');
    expect(longest).toBeLessThanOrEqual(0x40000);
  });

  it('that never reads on does not outlive a stop or the wall-clock limit', async () => {
    const never = () => new Promise<void>(() => {});
    expect((await testVm([flood], { onConsole: never, timeout: 100 }).vm.start()).kind).toBe('wall-time-limit');
    const test = testVm([flood], { onConsole: never });
    setImmediate(() => test.vm.arrive({ type: 'stop', cause: 'interrupted', reason: 'SIGINT' }));
    expect((await test.vm.start()).kind).toBe('interrupted');
  });

  it("that fails ends the run as tsvm's failure", async () => {
    const test = testVm([flood], { onConsole: () => Promise.reject(new Error('disk full')) });
    expect(await test.vm.start()).toMatchObject({ kind: 'tsvm-failed', summary: 'disk full' });
  });
});
