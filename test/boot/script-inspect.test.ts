// A script looks into a guest that stands still, and changes it: memory, registers, code; until an address. What it changes is in the journal, what it
// looks at leaves no trace.
import { describe, expect, it } from 'vitest';
import { type ScriptedVm, type ScriptOptions, scriptVm, startVm, type Verdict } from '../../src/api/index.ts';
import { guest } from './cli-support.ts';

type Kernel = Pick<ScriptOptions, 'kernel' | 'memory' | 'cpus' | 'params' | 'console'>;
const ENGINES = ['regions', 'interpreter', 'lockstep'] as const;
const ENDIANS = ['el', 'eb'] as const;

const verdicts = (name: string): Kernel => ({ kernel: guest(`verdicts/${name}`), memory: '16M' });
/** Panics, then prints a dot after the other for ever. */
const dots = verdicts('panic-prints-on-el');
const panics = (endian: string): Kernel => verdicts(`panic-plain-${endian}`);

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/\0.*$/s, '');

/** What two runs have in common when they are one. */
function sameIn({ kind, exitCode, summary, instructions, guestTimeNs, stateHash }: Verdict): object {
  return { kind, exitCode, summary, instructions, guestTimeNs, stateHash };
}

/** Where the next instructions are, by address. */
async function visited(m: ScriptedVm, instructions: number): Promise<number[]> {
  const places = new Set<number>();
  for (let n = 0; n < instructions; n++) {
    places.add(m.register('pc'));
    await m.runTo(m.vm.clock.instructions + 1);
  }
  return [...places].toSorted((a, b) => a - b);
}

/** The run that `act` makes of a guest, in every engine, and from its journal alone: all must be one. Returns it. */
async function inEveryWay(kernel: Kernel, act: (m: ScriptedVm) => Promise<unknown>): Promise<Verdict> {
  let first: { readonly verdict: Verdict; readonly journal: string; readonly console: string } | null = null;
  for (const engine of ENGINES) {
    const m = await scriptVm({ ...kernel, engine });
    await act(m);
    const verdict = await m.end();
    first ??= { verdict, journal: m.vm.journal(), console: m.console.text };
    expect(sameIn(verdict), engine).toEqual(sameIn(first.verdict));
    expect(m.console.text, engine).toBe(first.console);
  }
  const { verdict, journal } = first!;
  for (const engine of ENGINES) {
    const vm = await startVm({ ...kernel, engine, replay: journal });
    expect(sameIn(await vm.wait()), `${engine}, from the journal`).toEqual(sameIn(verdict));
  }
  return verdict;
}

describe('a script that looks', () => {
  it.each(ENDIANS)('sees what a function is called with (%s)', async (endian) => {
    const m = await scriptVm(panics(endian));
    await m.until('panic');
    expect(m.register('pc')).toBe(m.vm.addressOf('panic'));
    expect(text(m.read(m.register('a0'), 80))).toMatch(/^VFS: Unable to mount root fs/);
    expect(m.readWord('panic')).toBe(m.readWord({ physical: m.register('pc') - 0x40000000 }));
    expect(m.register('r4')).toBe(m.register('a0'));
    await m.stop();
  });

  it('stops before an address again and again, and changes nothing by that', async () => {
    const stopAt = 400_000;
    const plain = await scriptVm(dots);
    await plain.runTo(stopAt);
    for (const engine of ENGINES) {
      const m = await scriptVm({ ...dots, engine });
      const places: number[] = [];
      for (let n = 0; n < 200; n++) {
        await m.until('console_write');
        expect(m.register('pc')).toBe(m.vm.addressOf('console_write'));
        places.push(m.vm.clock.instructions);
      }
      expect(new Set(places).size).toBe(200);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(places.at(-1)).toBeLessThan(stopAt);
      await m.runTo(stopAt);
      expect(m.console.text).toBe(plain.console.text);
      const [looked, not] = [await m.stop(), plain.vm.clock];
      expect(looked.instructions).toBe(not.instructions);
      expect(sameIn(looked), engine).toEqual(sameIn(await plain.stop()));
    }
  });

  it('stops at the first time that a hot loop comes by, compiled as it is', async () => {
    const m = await scriptVm({ ...dots, engine: 'regions' });
    await m.runTo(3_000_000);
    const { instructions } = m.vm.clock;
    await m.until('console_write');
    const round = m.vm.clock.instructions;
    await m.until('console_write');
    expect(round - instructions).toBeLessThan(2 * (m.vm.clock.instructions - round));
    expect((await m.stop()).compiled?.regions).toBeGreaterThan(0);
  });

  it('is not stopped by an instruction in a delay slot, which belongs to its branch', async () => {
    // A loop of three instructions at last, the third in the slot of the second.
    const m = await scriptVm(verdicts('panic-silent-spins-el'));
    await m.runFor('10ms');
    const [first, branch, ...more] = await visited(m, 12);
    expect([branch, more]).toEqual([first! + 4, []]);
    await m.until(first!);
    await m.until(branch!);
    expect(m.register('pc')).toBe(branch);
    await expect(m.until(branch! + 4, { within: '1ms' })).rejects.toMatchObject({ why: 'time' });
    await m.stop();
  });

  it('may look at what is left when the run is over, and change it no more', async () => {
    const m = await scriptVm(panics('el'));
    const { stateHash } = await m.end();
    expect(m.register('pc')).toBeGreaterThan(0x40000000);
    expect(m.readWord('panic')).not.toBe(0);
    expect(() => m.writeWord('panic', 0)).toThrow('the run is over');
    expect(() => m.setRegister('pc', 0)).toThrow('the run is over');
    expect((await m.vm.wait()).stateHash).toBe(stateHash);
  });
});

describe('a script that changes', () => {
  it.each(ENDIANS)('memory: the guest goes on with what is there now (%s)', async (endian) => {
    const verdict = await inEveryWay(panics(endian), async (m) => {
      await m.until('panic');
      m.write(m.register('a0'), 'written by a script\0');
      m.write(m.register('a0') + 8, new Uint8Array(0));
    });
    expect(verdict).toMatchObject({ kind: 'panic', summary: 'written by a script' });
  });

  it.each(ENDIANS)('registers: the guest goes on where it is told to (%s)', async (endian) => {
    const verdict = await inEveryWay(panics(endian), async (m) => {
      await m.until('mount_root');
      m.setRegister('a0', 42);
      m.setRegister('zero', 1);
      expect(m.register('zero')).toBe(0);
      m.setRegister('pc', m.vm.addressOf('guest_exit')!);
      expect(m.register('pc')).toBe(m.vm.addressOf('guest_exit'));
    });
    expect(verdict).toMatchObject({ kind: 'guest-exit', exitCode: 42 });
  });

  it('code that is hot and compiled: the next time it is the new one', async () => {
    const verdict = await inEveryWay(verdicts('spin-three-el'), async (m) => {
      await m.runTo(1_000_000);
      const [, branch] = await visited(m, 6);
      m.writeWord(branch!, 0); // NOP: it falls out of its loop, and returns a code
    });
    expect(verdict).toMatchObject({ kind: 'guest-exit', exitCode: 98 });
  });

  it('much memory at once, which its journal can still carry', async () => {
    const much = new Uint8Array(3 << 20).map((_, n) => n % 251);
    await inEveryWay(panics('el'), async (m) => {
      await m.runTo(100);
      m.write({ physical: 0x40_0000 }, much);
      expect(Buffer.compare(m.read({ physical: 0x40_0000 }, much.length), much)).toBe(0);
    });
  });

  it('in the order in which it says so, with what it types', async () => {
    await inEveryWay({ kernel: guest('echo-te-el'), memory: '16M' }, async (m) => {
      await m.waitFor('exit N');
      m.send('one\n');
      m.setRegister('k0', 1);
      m.send('exit 5\n');
      m.setRegister('k0', 2);
      const events = m.vm.journalEntries().map(({ event }) => event.type);
      expect(events).toEqual(['console', 'register', 'console', 'register']);
      await m.waitFor('one');
    });
  });

  it('is refused while the guest runs, and where there is nothing to change', async () => {
    const m = await scriptVm(panics('el'));
    const running = m.runTo(1000);
    expect(() => m.readWord('panic')).toThrow('the guest does not stand still');
    expect(() => m.setRegister('pc', 0)).toThrow('the guest does not stand still');
    await running;
    const refused: (readonly [wrong: () => unknown, why: string])[] = [
      [() => m.read('nowhere', 4), 'nowhere: no such symbol is known'],
      [() => m.read('panic+x', 4), 'panic+x: no such symbol is known'],
      [() => m.read(0x1000, 4), '0x00001000 is not in an unmapped segment'],
      [() => m.read({ physical: 16 << 20 }, 1), 'no RAM at physical 0x01000000+0x1'],
      [() => m.read({ physical: (16 << 20) - 2 }, 4), 'no RAM at physical 0x00fffffe+0x4'],
      [() => m.read({ physical: 0 }, 1e10), 'not a number of bytes'],
      [() => m.write({ physical: -1 }, 'x'), 'no RAM'],
      [() => m.register('nothing'), 'cpu0 has no register called "nothing"'],
      [() => m.setRegister('pc', 0, 1), 'there is no cpu1'],
    ];
    for (const [wrong, why] of refused) expect(wrong).toThrow(why);
    await expect(m.until('nowhere')).rejects.toThrow('nowhere: no such symbol');
    await expect(m.until(0x1000)).rejects.toThrow('not in an unmapped segment');
    await expect(m.runTo(Number.NaN)).rejects.toThrow('not a number');
    expect(m.vm.journalEntries()).toEqual([]);
    await m.stop();
  });
});

describe('a script', () => {
  it('that throws while it is asked whether to go on has failed by itself: the guest has not', async () => {
    const m = await scriptVm(dots);
    const mine = new Error('mine');
    const condition = (): boolean => {
      if (m.console.text.endsWith('...')) throw mine;
      return false;
    };
    await expect(m.runUntil(condition)).rejects.toBe(mine);
    await m.waitFor('....');
    expect((await m.stop()).kind).not.toBe('tsvm-failed');
  });

  it('that waits for the end does not wait for ever', async () => {
    const spins = verdicts('spin-three-el');
    const m = await scriptVm(spins);
    await expect(m.end({ within: '10ms' })).rejects.toMatchObject({ why: 'time' });
    expect(m.vm.clock.guestTimeNs).toBeLessThan(11e6);
    await m.stop();
    const limited = await scriptVm({ ...spins, limit: '10ms' });
    expect(await limited.end()).toMatchObject({ kind: 'guest-time-limit', exitCode: 104 });
  });

  it('that types very much at once can be repeated from its journal', async () => {
    const typed = 'x'.repeat(3 << 20);
    const kernel = { kernel: guest('echo-te-el'), memory: '16M' };
    const m = await scriptVm(kernel);
    m.send(typed);
    await m.waitFor('xxxx');
    const { stateHash, instructions } = await m.stop();
    const again = await startVm({ ...kernel, replay: m.vm.journal() });
    expect(await again.wait()).toMatchObject({ kind: 'interrupted', stateHash, instructions });
  });
});

describe('two vCPUs', () => {
  const both = (endian: string): Kernel => ({ ...verdicts(`smp-panic-${endian}`), cpus: 2 });

  it.each(ENDIANS)('stop where either comes to the address (%s)', async (endian) => {
    const m = await scriptVm(both(endian));
    await m.until('second_panics');
    const at = [0, 1].map((cpu) => m.register('pc', cpu) === m.vm.addressOf('second_panics'));
    expect(at).toEqual([false, true]);
    await m.stop();
  });

  it('are changed one by one', async () => {
    const verdict = await inEveryWay(both('el'), async (m) => {
      await m.until('second_panics');
      const other = m.register('a0', 0);
      m.setRegister('a0', 44, 1);
      m.setRegister('pc', m.vm.addressOf('guest_exit')!, 1);
      expect(m.register('a0', 0)).toBe(other);
    });
    expect(verdict).toMatchObject({ kind: 'guest-exit', exitCode: 44 });
  });

  it('keep their schedule, whoever is stopped how often', async () => {
    const smp: Kernel = { kernel: guest('smp-te-el'), memory: '16M', cpus: 2, params: 'test=order' };
    const run = async (look: (m: ScriptedVm) => Promise<void>): Promise<readonly [object, string]> => {
      const m = await scriptVm(smp);
      await m.runTo(1_000_000);
      await look(m);
      return [sameIn(await m.end()), m.console.text];
    };
    const plain = await run(async () => {});
    const looked = await run(async (m) => {
      for (let n = 0; n < 100; n++) {
        await m.until(m.register('pc', n % 2), { within: '10ms' }).catch(() => {});
        m.read({ physical: 0x10_0000 }, 4096);
      }
    });
    expect(looked).toEqual(plain);
  });
});
