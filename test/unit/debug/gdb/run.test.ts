// The guest's runs and stops as gdb sees them, and who else lets it run.
import { describe, expect, it } from 'vitest';
import type { GdbSessionOptions } from '../../../../src/debug/gdb/session.ts';
import { FakeTarget, type FakeTargetOptions } from '../../../support/debug/fake-target.ts';
import { GdbClient, settled } from '../../../support/debug/gdb-client.ts';

interface Connected {
  target: FakeTarget;
  gdb: GdbClient;
  ask: (data: string) => Promise<string | undefined>;
}

async function connected(
  options: FakeTargetOptions = {},
  session: Partial<GdbSessionOptions> = { held: true },
): Promise<Connected> {
  const target = new FakeTarget(options);
  const gdb = new GdbClient(target, session);
  await greeted(gdb);
  return { target, gdb, ask: (data) => gdb.ask(data) };
}

/** gdb's first words. */
async function greeted(gdb: GdbClient): Promise<void> {
  gdb.send('qSupported');
  await settled();
  gdb.take();
}

/** A guest that runs, by itself, when gdb comes. */
async function toRunning(options: FakeTargetOptions = {}): Promise<Connected> {
  const target = new FakeTarget(options);
  void target.resume({ kind: 'continue' });
  target.resumes.length = 0;
  const gdb = new GdbClient(target);
  await greeted(gdb);
  return { target, gdb, ask: (data) => gdb.ask(data) };
}

/** `number:value;` of the pc in stop replies: 34 in the made-up MIPS, little-endian. */
const PC = '22:00040080;';
const hexText = (text: string): string => Buffer.from(text).toString('hex');

describe('a gdb that connects', () => {
  it('finds the guest standing', async () => {
    const { target, ask } = await toRunning();
    expect(target.stopped).toEqual({ kind: 'paused' });
    expect(await ask('?')).toBe(`T05thread:1;${PC}`);
  });

  it('finds it standing only when it has said something', async () => {
    const target = new FakeTarget();
    void target.resume({ kind: 'continue' });
    const anybody = new GdbClient(target);
    anybody.session.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n$x#00\x03'));
    await settled();
    expect(target.stopped).toBeNull();
    expect(anybody.session.hasSpoken).toBe(false);
    expect(await anybody.ask('?')).toBe(`T05thread:1;${PC}`);
    expect(anybody.session.hasSpoken).toBe(true);
  });

  it('does not let a guest go on that waits for a gdb, when it was none', async () => {
    const target = new FakeTarget();
    const anybody = new GdbClient(target, { held: true });
    anybody.session.receive(Buffer.from('+\n'));
    anybody.session.closed();
    expect(target.stopped).not.toBeNull();
    expect(target.subscribers).toBe(0);
  });

  it('waits for it to stand', async () => {
    const target = new FakeTarget();
    void target.resume({ kind: 'continue' });
    target.pausesAtOnce = false;
    const gdb = new GdbClient(target);
    gdb.send('?', 'p0');
    await settled();
    expect(gdb.packets).toEqual([]);
    target.stop({ kind: 'paused' });
    await settled();
    expect(gdb.packets).toEqual([`T05thread:1;${PC}`, '00000000']);
  });

  it('can look at a guest that has ended, and learns that when it lets it go on', async () => {
    const { target, ask } = await connected();
    target.kill('panic');
    expect(await ask('?')).toBe(`T00thread:1;${PC}`);
    expect(await ask('m80000000,1')).toBe('00');
    expect(await ask('vCont;c')).toBe('W82');
    expect(await ask('c')).toBe('W82');
  });
});

describe('a guest that gdb lets go on', () => {
  it.each([
    ['vCont;c', { kind: 'continue' }],
    ['vCont;C05:1;c', { kind: 'continue' }],
    ['vCont;s:1', { kind: 'step', cpu: 0 }],
    ['vCont;s:2;c', { kind: 'step', cpu: 1 }],
    ['vCont;c:1;s:2', { kind: 'step', cpu: 1 }],
    ['vCont;S00:2;c:-1', { kind: 'step', cpu: 1 }],
    ['vCont;s', { kind: 'step', cpu: 0 }],
    ['vCont;t:1;c', { kind: 'continue' }],
    ['vCont;r80000400,80000410:2', { kind: 'range', cpu: 1, start: 0x8000_0400, end: 0x8000_0410 }],
    ['vCont;r80000400,80000400:1;c', { kind: 'step', cpu: 0 }],
    ['c', { kind: 'continue' }],
    ['C05', { kind: 'continue' }],
    ['s', { kind: 'step', cpu: 0 }],
    ['S05', { kind: 'step', cpu: 0 }],
  ])('by %s', async (data, how) => {
    const { target, ask } = await connected({ cpus: 2 });
    expect(await ask(data)).toBeUndefined();
    expect(target.resumes).toEqual([how]);
  });

  it.each(['vCont;', 'vCont;x', 'vCont;c:3', 'vCont;r1', 'vCont;r2,g:1', 'vCont;Cxx', 'vCont;s:p1.1', 'cg', 'S05;x'])(
    'does not by %s',
    async (data) => {
      const { target, ask } = await connected({ cpus: 2 });
      expect(await ask(data)).toBe('E16');
      expect(target.resumes).toEqual([]);
    },
  );

  it('goes on elsewhere', async () => {
    const { target, gdb, ask } = await connected();
    expect(await ask('s80001000')).toBeUndefined();
    target.stop({ kind: 'step', cpu: 0 });
    gdb.send('C05;ffffffff80002000');
    expect(target.writes).toEqual(['cpu0 pc = 0x80001000', 'cpu0 pc = 0x80002000']);
  });

  it('steps the thread of Hc', async () => {
    const { target, ask } = await connected({ cpus: 2 });
    expect(await ask('Hc2')).toBe('OK');
    await ask('s');
    target.stop({ kind: 'step', cpu: 1 });
    expect(await ask('Hc-1')).toBe('OK');
    await ask('Hg1');
    await ask('s');
    expect(target.resumes).toEqual([
      { kind: 'step', cpu: 1 },
      { kind: 'step', cpu: 0 },
    ]);
  });

  it('tells of a step, once, and the thread that it was is the selected one', async () => {
    const { target, gdb, ask } = await connected({ cpus: 2 });
    gdb.send('vCont;s:2');
    target.stop({ kind: 'step', cpu: 1 });
    await settled();
    expect(gdb.take()).toEqual([`T05thread:2;${PC}`]);
    expect(await ask('qC')).toBe('QC2');
  });

  it('tells of its end', async () => {
    const { target, gdb } = await connected();
    gdb.send('c');
    target.stop({ kind: 'ended', summary: 'panic', exitCode: 100 });
    await settled();
    expect(gdb.take()).toEqual(['W64']);
  });

  it('stops at Ctrl-C', async () => {
    const { target, gdb } = await connected();
    gdb.send('c');
    gdb.interrupt();
    await settled();
    expect(target.stopped).toEqual({ kind: 'paused' });
    expect(gdb.take()).toEqual([`T02thread:1;${PC}`]);
    // It stands: nothing more to say.
    gdb.interrupt();
    await settled();
    expect(gdb.take()).toEqual([]);
  });

  it('is asked to stop once by however many Ctrl-C, and again when somebody else has let it go on', async () => {
    const { target, gdb } = await connected();
    const asked: string[] = [];
    target.pausesAtOnce = false;
    const pause = target.pause.bind(target);
    target.pause = () => {
      asked.push('pause');
      return pause();
    };
    gdb.send('c');
    gdb.interrupt();
    gdb.interrupt();
    expect(asked).toHaveLength(1);
    target.stop({ kind: 'paused' });
    gdb.send('c');
    gdb.interrupt();
    expect(asked).toHaveLength(2);
    expect(gdb.take()).toEqual([`T02thread:1;${PC}`]);
  });

  it('stops at a Ctrl-C that came in one piece with its resume', async () => {
    const { target, gdb } = await toRunning();
    gdb.session.receive(Buffer.from('$c#63\x03'));
    await settled();
    expect(gdb.take()).toEqual([`T02thread:1;${PC}`]);
    expect(target.resumes).toHaveLength(1);
  });

  it('answers an error to what needs a standing one', async () => {
    const { gdb, ask } = await connected();
    gdb.send('c');
    for (const data of [
      'g',
      'p0',
      'm80000000,4',
      'M80000000,1:00',
      'P0=00000000',
      'G00000000',
      'c',
      'vCont;s:1',
      'qCRC:80000000,4',
    ])
      expect(await ask(data), data).toBe('E01');
    expect(await ask('qThreadExtraInfo,1')).toBe('');
    expect(await ask('qXfer:threads:read::0,1000')).toContain('<thread id="1" core="0" name="cpu0"></thread>');
    expect(gdb.bugs).toEqual([]);
  });

  it('says so when the target does not let it go on', async () => {
    const { target, gdb } = await connected();
    target.resume = () => Promise.reject(new Error('no'));
    gdb.send('c');
    await settled();
    expect(gdb.take()).toEqual(['E16']);
  });

  it('is stopped by vCont;t', async () => {
    const { ask } = await connected();
    expect(await ask('vCont;t')).toBe(`T05thread:1;${PC}`);
  });
});

describe('when others stop the guest and let it go on', () => {
  it('gdb hears of a stop that it waits for', async () => {
    const { target, gdb } = await connected();
    gdb.send('c');
    await target.pause();
    await settled();
    expect(gdb.take()).toEqual([`T00thread:1;${PC}`]);
  });

  it('gdb hears of a stop that is over before it can be told', async () => {
    const target = new FakeTarget();
    // Who hears of it first lets the guest go on at once.
    target.subscribe(({ event }) => {
      if (event === 'stopped') void target.resume({ kind: 'continue' });
    });
    const gdb = new GdbClient(target);
    gdb.send('c');
    await settled();
    target.stop({ kind: 'paused' });
    await settled();
    expect(gdb.take()).toEqual(['T00thread:1;']);
    expect(gdb.bugs).toEqual([]);
  });

  it("gdb hears of somebody else's breakpoint as of a trap", async () => {
    const { target, gdb } = await connected();
    gdb.send('qSupported:swbreak+;hwbreak+');
    target.addBreakpoint({ kind: 'execution', address: 0x8000_0400, space: 'virtual' });
    gdb.take();
    gdb.send('c');
    target.arrive(0, 0x8000_0400);
    await settled();
    expect(gdb.take()).toEqual([`T05thread:1;${PC}`]);
  });

  it('gdb asks in vain of a guest that runs, until it stands', async () => {
    const { target, gdb, ask } = await connected();
    void target.resume({ kind: 'continue' });
    expect(await ask('p0')).toBe('E01');
    await target.pause();
    expect(await ask('p0')).toBe('00000000');
    // It waited for nothing.
    expect(gdb.take()).toEqual(['E01', '00000000']);
  });

  it('gdb joins a run that it did not begin', async () => {
    const { target, gdb, ask } = await connected();
    void target.resume({ kind: 'continue' });
    expect(await ask('vCont;c')).toBeUndefined();
    expect(target.resumes).toHaveLength(1);
    target.stop({ kind: 'instructions' });
    await settled();
    expect(gdb.take()).toEqual([`T00thread:1;${PC}`]);
  });

  it('a step stops the guest instead', async () => {
    const { target, gdb } = await connected();
    void target.resume({ kind: 'continue' });
    gdb.send('vCont;s:1');
    await settled();
    expect(target.stopped).toEqual({ kind: 'paused' });
    expect(gdb.take()).toEqual([`T00thread:1;${PC}`]);
  });

  it('how it stands is asked of a standing guest', async () => {
    const { target, ask } = await connected();
    void target.resume({ kind: 'continue' });
    expect(await ask('?')).toBe(`T05thread:1;${PC}`);
    expect(target.stopped).toEqual({ kind: 'paused' });
  });

  it('Ctrl-C stops a guest that a command of the shell lets run', async () => {
    const target = new FakeTarget();
    const gdb = new GdbClient(target, {
      monitor: {
        execute: async () => `stopped: ${(await target.resume({ kind: 'continue' })).kind}`,
        interrupt: () => void target.pause(),
      },
    });
    await settled();
    gdb.send(`qRcmd,${hexText('continue')}`);
    await settled();
    expect(gdb.take()).toEqual([]);
    gdb.interrupt();
    await settled();
    expect(gdb.take()).toEqual([`O${hexText('stopped: paused\n')}`, 'OK']);
  });
});

describe('a gdb that leaves', () => {
  it.each([
    ['by detaching', 'D'],
    ['by detaching from its process', 'D;1'],
  ])('%s lets a guest go on that waited for it', async (_how, data) => {
    const { target, gdb, ask } = await connected();
    expect(await ask('Z0,80000400,4')).toBe('OK');
    expect(await ask('Z2,80001000,4')).toBe('OK');
    expect(await ask(data)).toBe('OK');
    expect(target.breakpoints()).toEqual([]);
    expect(target.resumes).toEqual([{ kind: 'continue' }]);
    expect(gdb.closes).toBe(1);
    expect(target.subscribers).toBe(0);
    // Nothing more is said to it.
    gdb.send('qC');
    await target.pause();
    expect(gdb.take().at(-1)).toBe('OK');
  });

  it('by a closed connection lets a guest go on that it has stopped', async () => {
    const { target, gdb } = await toRunning();
    gdb.send('Z1,80000400,4');
    gdb.session.closed();
    gdb.session.closed();
    expect(target.breakpoints()).toEqual([]);
    expect(target.resumes).toEqual([{ kind: 'continue' }]);
    expect(target.subscribers).toBe(0);
  });

  it('leaves a guest standing that somebody else has stopped', async () => {
    const { target, gdb } = await connected({}, {});
    gdb.session.closed();
    expect(target.resumes).toEqual([]);
  });

  it('leaves a guest standing that somebody else has stopped meanwhile', async () => {
    const { target, gdb } = await toRunning();
    gdb.send('c');
    await target.pause();
    gdb.session.closed();
    expect(target.resumes).toHaveLength(1);
  });

  it('lets a guest go on that its breakpoint, step or Ctrl-C has stopped', async () => {
    for (const stop of [
      (target: FakeTarget) => target.arrive(0, 0x8000_0400),
      (target: FakeTarget) => target.stop({ kind: 'step', cpu: 0 }),
      (_target: FakeTarget, gdb: GdbClient) => gdb.interrupt(),
    ]) {
      const { target, gdb } = await connected({}, {});
      gdb.send('Z0,80000400,4', 'c');
      stop(target, gdb);
      await settled();
      expect(target.stopped).not.toBeNull();
      gdb.session.closed();
      expect(target.resumes).toHaveLength(2);
    }
  });

  it('lets a guest go on that comes to stand only after it has left', async () => {
    const { target, gdb } = await connected();
    gdb.send('c');
    target.pausesAtOnce = false;
    gdb.interrupt();
    gdb.session.closed();
    target.stop({ kind: 'paused' });
    await settled();
    expect(target.stopped).toBeNull();
    expect(target.resumes).toHaveLength(2);
  });

  it('leaves a running guest running', async () => {
    const { target, gdb } = await connected();
    gdb.send('c');
    gdb.session.closed();
    expect(target.resumes).toHaveLength(1);
    expect(target.stopped).toBeNull();
  });

  it('leaves a guest that has ended alone', async () => {
    const { target, gdb } = await connected();
    target.kill('x');
    gdb.session.closed();
    expect(target.resumes).toEqual([]);
  });

  it('kills the guest when it says so', async () => {
    for (const [data, answers, closes] of [
      ['k', [], 1],
      ['vKill;1', ['OK'], 0],
    ] as const) {
      const { target, gdb } = await connected();
      gdb.send(data);
      await settled();
      expect(target.killed).toEqual(['killed by gdb']);
      expect(gdb.take()).toEqual(answers);
      expect(gdb.closes).toBe(closes);
      expect(target.resumes).toEqual([]);
    }
  });
});

describe('a target that breaks its own rules', () => {
  it('is reported, and gdb gets an error', async () => {
    const { target, gdb, ask } = await connected();
    target.readVirtual = () => {
      throw new RangeError('bug');
    };
    expect(await ask('m80000000,4')).toBe('E16');
    expect(gdb.bugs).toEqual([new RangeError('bug')]);
    expect(await ask('qC')).toBe('QC1');
  });
});
