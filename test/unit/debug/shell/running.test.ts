// How the debug shell lets a guest run, and what it says when the guest stands again.
import { describe, expect, it } from 'vitest';
import { DebugShell } from '../../../../src/debug/shell/shell.ts';
import { AShell } from './a-shell.ts';

const TRAP_REFILL = 2;
const JAL = 0x0c00_0140;

describe('continue', () => {
  it('ends with the reason, the moment and the instruction that comes next', async () => {
    const guest = new AShell();
    guest.target.texts.set(0x8000_0500, 'lw $v0, 16($a0)');
    await guest.does('break do_timer');
    const { lines } = await guest.running('continue');
    guest.target.arrive(0, 0x8000_0500);
    expect(await lines).toEqual([
      'breakpoint 1 at do_timer, cpu0 @12,345 0.000123s',
      '*=> 0x80000500 do_timer  00000000  lw $v0, 16($a0)',
    ]);
    expect(guest.target.resumes).toEqual([{ kind: 'continue' }]);
  });

  it('selects the vCPU that stopped the guest', async () => {
    const guest = new AShell({ cpus: 2 });
    await guest.does('break do_timer');
    const { lines } = await guest.running('c');
    guest.target.arrive(1, 0x8000_0500);
    expect((await lines)[0]).toBe('breakpoint 1 at do_timer, cpu1 @12,345 0.000123s');
    expect(await guest.does('cpu')).toEqual(['cpu1, kernel', '*=> 0x80000500 do_timer  00000000  .word 0x00000000']);
  });

  it('is stopped by Ctrl-C', async () => {
    const guest = new AShell();
    const { lines } = await guest.running('continue');
    guest.shell.interrupt();
    expect((await lines)[0]).toBe('paused, cpu0 @12,345 0.000123s');
  });

  it('tells the end of the guest', async () => {
    const guest = new AShell();
    const { lines } = await guest.running('continue');
    guest.target.stop({ kind: 'ended', summary: 'panic: \x1b[2J', exitCode: 100 });
    expect(await lines).toEqual(['the guest has ended: panic: \\x1b[2J, exit 100, @12,345 0.000123s']);
    expect((await guest.refuses('continue &'))[0]).toContain('the guest has ended');
    expect(await guest.refuses('continue')).toEqual(['error: the guest has ended', '  pause the guest first']);
  });

  it('with & the prompt comes back, and the stop is told when it comes', async () => {
    const guest = new AShell();
    await guest.does('break do_timer');
    expect(await guest.does('continue &')).toEqual(['running']);
    expect(await guest.shell.prompt()).toBe('(tsvm running) ');
    guest.target.arrive(0, 0x8000_0500);
    expect(guest.notices).toEqual([
      'breakpoint 1 at do_timer, cpu0 @12,345 0.000123s\n*=> 0x80000500 do_timer  00000000  .word 0x00000000\n',
    ]);
    expect(await guest.shell.prompt()).toBe('(tsvm) ');
  });

  it('lines wait for each other', async () => {
    const guest = new AShell();
    const { lines } = await guest.running('continue');
    const after = guest.does('print 1');
    guest.target.stop({ kind: 'paused' });
    expect((await lines)[0]).toContain('paused');
    expect(await after).toEqual(['0x00000001 (1)']);
  });
});

describe('a guest that runs', () => {
  it('stands for the moment of a command that looks, unnoticed, and goes on', async () => {
    const guest = new AShell();
    await guest.does('continue &');
    expect((await guest.does('bt'))[0]).toBe('#0   0x80000400 start');
    expect(guest.target.stopped).toBeNull();
    expect(guest.target.resumes).toHaveLength(2);
    expect(guest.notices).toEqual([]);
  });

  it('stays where a breakpoint stops it in that moment, and that is told', async () => {
    const guest = new AShell();
    await guest.does('break do_timer');
    await guest.does('continue &');
    guest.target.pausesAtOnce = false;
    const lines = guest.does('regs pc');
    await guest.settled();
    guest.target.arrive(0, 0x8000_0500);
    expect(await lines).toEqual([
      'breakpoint 1 at do_timer, cpu0 @12,345 0.000123s',
      '*=> 0x80000500 do_timer  00000000  .word 0x00000000',
      'pc  0x80000500  do_timer',
    ]);
    expect(guest.target.stopped?.kind).toBe('breakpoint');
  });

  it('is waited for by continue, until it stands', async () => {
    const guest = new AShell({ cpus: 2 });
    await guest.does('break do_timer');
    await guest.does('continue &');
    expect(await guest.does('continue &')).toEqual(['it runs already']);
    const { lines } = await guest.running('continue');
    guest.target.arrive(1, 0x8000_0500);
    expect(await lines).toEqual([
      'it ran already: waited for its next stop',
      'breakpoint 1 at do_timer, cpu1 @12,345 0.000123s',
      '*=> 0x80000500 do_timer  00000000  .word 0x00000000',
    ]);
    expect(guest.target.resumes).toEqual([{ kind: 'continue' }]);
    expect(guest.notices).toEqual([]);
    expect((await guest.does('cpu'))[0]).toBe('cpu1, kernel');
  });

  it('is stopped by Ctrl-C of who waits for it, and its end is told', async () => {
    const guest = new AShell();
    const { subscribers } = guest.target;
    await guest.does('continue &');
    const first = await guest.running('continue');
    guest.shell.interrupt();
    expect((await first.lines)[1]).toBe('paused, cpu0 @12,345 0.000123s');
    expect(guest.target.subscribers).toBe(subscribers);
    await guest.does('continue &');
    const second = await guest.running('c');
    guest.target.stop({ kind: 'ended', summary: 'halted', exitCode: 0 });
    expect((await second.lines)[1]).toBe('the guest has ended: halted, exit 0, @12,345 0.000123s');
  });

  it('is not stepped', async () => {
    const guest = new AShell();
    await guest.does('continue &');
    expect(await guest.refuses('step')).toEqual([
      'error: step: the guest runs',
      '  pause, or Ctrl-C where it was let run',
    ]);
    expect((await guest.does('pause'))[0]).toBe('paused, cpu0 @12,345 0.000123s');
    expect((await guest.does('pause'))[0]).toBe('it stands already, cpu0 @12,345 0.000123s');
    expect(guest.notices).toEqual([]);
  });
});

describe('step', () => {
  it('shows only what comes next; an empty line steps again', async () => {
    const guest = new AShell();
    const first = await guest.running('step 3');
    guest.target.vcpus[0]!.set('pc', 0x8000_0404);
    guest.target.stop({ kind: 'step', cpu: 0 });
    expect(await first.lines).toEqual([' => 0x80000404 start+0x4  00000000  .word 0x00000000']);
    const again = await guest.running('');
    guest.target.stop({ kind: 'step', cpu: 0 });
    await again.lines;
    expect(guest.target.resumes).toEqual([
      { kind: 'step', cpu: 0, count: 3 },
      { kind: 'step', cpu: 0, count: 1 },
    ]);
  });

  it('says that an exception was taken', async () => {
    const guest = new AShell();
    const { lines } = await guest.running('si');
    const [cpu] = guest.target.vcpus;
    cpu!.set('pc', 0x8000_0180);
    cpu!.taken = [{ trap: TRAP_REFILL, pc: 0x8000_0400, inSlot: false, address: 16, now: 123 }];
    guest.target.stop({ kind: 'step', cpu: 0 });
    expect((await lines)[0]).toBe('cpu0 took an exception: TLB refill on load at 0x80000400 start');
  });

  it('steps the selected vCPU', async () => {
    const guest = new AShell({ cpus: 2 });
    await guest.does('cpu 1');
    const { lines } = await guest.running('s');
    guest.target.stop({ kind: 'step', cpu: 1 });
    await lines;
    expect(guest.target.resumes).toEqual([{ kind: 'step', cpu: 1, count: 1 }]);
    expect(await guest.refuses('cpu 2')).toEqual(['error: cpu: 2: a cpu is a number from 0 to 1', '  usage: cpu [N]']);
  });
});

describe('next', () => {
  it('runs a call until it is back behind its delay slot, on the same vCPU and no deeper', async () => {
    const guest = new AShell({ cpus: 2 });
    const [first, second] = guest.target.vcpus;
    first!.set('r29', 0x8000_3000);
    second!.set('r29', 0x8000_4000);
    guest.target.putWord(0x8000_0400, JAL);
    const { lines } = await guest.running('next');
    first!.set('r29', 0x8000_2ff0);
    expect(guest.target.arrive(0, 0x8000_0408)).toBe(false);
    expect(guest.target.arrive(1, 0x8000_0408)).toBe(false);
    first!.set('r29', 0x8000_3000);
    expect(guest.target.arrive(0, 0x8000_0408)).toBe(true);
    expect(await lines).toEqual([' => 0x80000408 start+0x8  00000000  .word 0x00000000']);
    expect(guest.target.breakpoints()).toEqual([]);
  });

  it('steps anything else, and ends early at a breakpoint', async () => {
    const guest = new AShell();
    await guest.does('break do_timer');
    const { lines } = await guest.running('next 2');
    guest.target.stop({ kind: 'step', cpu: 0 });
    await guest.settled();
    guest.target.arrive(0, 0x8000_0500);
    expect((await lines)[0]).toBe('breakpoint 1 at do_timer, cpu0 @12,345 0.000123s');
    expect(guest.target.resumes.map(({ kind }) => kind)).toEqual(['step', 'step']);
  });

  it('is given up by Ctrl-C', async () => {
    const guest = new AShell();
    guest.target.putWord(0x8000_0400, JAL);
    const { lines } = await guest.running('next');
    guest.shell.interrupt();
    expect((await lines)[0]).toBe('paused, cpu0 @12,345 0.000123s');
    expect(guest.target.breakpoints()).toEqual([]);
  });
});

describe('finish and until', () => {
  it('finish runs to the caller', async () => {
    const guest = new AShell();
    guest.target.calls = { addresses: [0x8000_0510], end: 'start' };
    const { lines } = await guest.running('finish');
    guest.target.arrive(0, 0x8000_0510);
    expect(await lines).toEqual([
      'returned, cpu0 @12,345 0.000123s',
      ' => 0x80000510 do_timer+0x10  00000000  .word 0x00000000',
    ]);
    guest.target.calls = { addresses: [], end: 'lost' };
    expect((await guest.refuses('finish'))[0]).toBe('error: finish: no caller is known here');
  });

  it('finish runs to behind the call, where bt shows the call itself', async () => {
    const guest = new AShell();
    guest.target.calls = { addresses: [0x8000_0510], end: 'start' };
    guest.target.putWord(0x8000_0510, JAL);
    const { lines } = await guest.running('finish');
    expect(guest.target.arrive(0, 0x8000_0510)).toBe(false);
    guest.target.arrive(0, 0x8000_0518);
    expect((await lines)[0]).toBe('returned, cpu0 @12,345 0.000123s');
  });

  it('until runs to a place, virtual or physical', async () => {
    const guest = new AShell({ cpus: 2 });
    const { lines } = await guest.running('until phys:0x500');
    guest.target.arrive(1, 0x8000_0500);
    expect(await lines).toEqual([
      'reached, cpu1 @12,345 0.000123s',
      ' => 0x80000500 do_timer  00000000  .word 0x00000000',
    ]);
    expect(await guest.refuses('until')).toEqual(['error: until: a place is missing', '  usage: until PLACE']);
  });
});

describe('goto', () => {
  it('goes forward to an instruction count', async () => {
    const guest = new AShell();
    const { lines } = await guest.running('goto @20,000');
    guest.target.clock.instructions = 20_000;
    guest.target.stop({ kind: 'instructions' });
    expect((await lines)[0]).toBe('reached @20,000 0.000123s');
    const relative = await guest.running('goto +5');
    guest.target.stop({ kind: 'instructions' });
    await relative.lines;
    expect(guest.target.resumes).toEqual([
      { kind: 'instructions', at: 20_000 },
      { kind: 'instructions', at: 20_005 },
    ]);
    expect((await guest.does('goto @20000'))[0]).toBe('there already, cpu0 @20,000 0.000123s');
  });

  it('says that there is no way back, and what to do', async () => {
    const guest = new AShell();
    expect(await guest.refuses('goto @3')).toEqual([
      'error: goto: the guest is at @12,345 already, and cannot go back to @3',
      '  run it again with the command of its first line, and goto @3 there: it does the same',
    ]);
    expect((await guest.refuses('goto soon'))[0]).toContain('soon: an instruction count is a number');
  });
});

describe('the end of a session', () => {
  it('leaves a guest that it found standing as it stands, and takes its breakpoints away', async () => {
    const guest = new AShell();
    await guest.does('break do_timer');
    expect(await guest.shell.execute('quit')).toEqual({ output: '', ok: true, quit: true });
    expect(guest.target.breakpoints()).toEqual([]);
    expect(guest.target.resumes).toEqual([]);
    expect(guest.target.subscribers).toBe(0);
    expect(await guest.shell.execute('regs')).toEqual({
      output: 'error: this session is over\n',
      ok: false,
      quit: true,
    });
  });

  it('detach lets it go on', async () => {
    const guest = new AShell();
    await guest.shell.execute('detach');
    expect(guest.target.stopped).toBeNull();
  });

  it.each([
    ['quit', false],
    ['quit paused', true],
  ])('a guest that it found running goes on, unless it is to stay: %s', async (line, stays) => {
    const { target } = new AShell();
    void target.resume({ kind: 'continue' });
    const shell = new DebugShell(target, { files: { read: () => new Uint8Array(), write() {} } });
    await shell.execute('pause');
    await shell.execute(line);
    expect(target.stopped !== null).toBe(stays);
  });

  it('kill ends the run', async () => {
    const guest = new AShell();
    expect(await guest.does('kill')).toEqual(['killed']);
    expect(guest.target.killed).toEqual(['ended by the debug shell']);
  });
});
