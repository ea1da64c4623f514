// Breakpoints and watchpoints of the debug shell.
import { describe, expect, it } from 'vitest';
import { AShell } from './a-shell.ts';

describe('break', () => {
  it('says where it is, and lists it', async () => {
    const guest = new AShell({ cpus: 2 });
    expect(await guest.does('break do_timer')).toEqual(['breakpoint 1 at 0x80000500 do_timer']);
    expect(await guest.does('b phys:0x404 once cpu 1')).toEqual(['breakpoint 2 at physical 0x00000404 cpu 1 once']);
    expect(await guest.does('tbreak start+8 if $a0 == 3')).toEqual([
      'breakpoint 3 at 0x80000408 start+0x8 if $a0 == 3 once',
    ]);
    expect(await guest.does('break')).toEqual(['breakpoint 4 at 0x80000400 start']);
    expect(await guest.does('break 0x00400000')).toEqual(['breakpoint 5 at 0x00400000, where nothing is mapped now']);
    expect(await guest.does('breakpoints')).toEqual([
      '1  break  0x80000500 do_timer                    0 hits',
      '2  break  physical 0x00000404 cpu 1 once         0 hits',
      '3  break  0x80000408 start+0x8 if $a0 == 3 once  0 hits',
      '4  break  0x80000400 start                       0 hits',
      '5  break  0x00400000                             0 hits',
    ]);
  });

  it('takes its conditions in this order or behind the expression', async () => {
    const guest = new AShell({ cpus: 2 });
    await guest.does('break start if $a0 == 3 cpu 1 once');
    await guest.does('break start cpu 1 once if $a0 == 3');
    expect(guest.target.breakpoints().map(({ spec }) => [spec.cpu, spec.once])).toEqual([
      [1, true],
      [1, true],
    ]);
    expect((await guest.does('breakpoints'))[0]).toBe('1  break  0x80000400 start if $a0 == 3 cpu 1 once  0 hits');
  });

  it('asks its condition of the vCPU that comes there', async () => {
    const guest = new AShell({ cpus: 2 });
    await guest.does('break do_timer if $a0 == 3 && *jiffies > 1');
    guest.target.vcpus[0]!.set('r4', 3);
    guest.target.vcpus[1]!.set('r4', 3);
    const { lines } = await guest.running('continue');
    expect(guest.target.arrive(0, 0x8000_0500)).toBe(false);
    guest.target.putWord(0x8000_1000, 2);
    guest.target.vcpus[0]!.set('r4', 4);
    expect(guest.target.arrive(0, 0x8000_0500)).toBe(false);
    expect(guest.target.arrive(1, 0x8000_0500)).toBe(true);
    expect((await lines)[0]).toBe('breakpoint 1 at do_timer, cpu1 @12,345 0.000123s');
  });

  it('stops where its condition cannot be computed, and says why', async () => {
    const guest = new AShell();
    // What it reads need not be there when it is set.
    await guest.does('break do_timer if *$a0 == 1');
    const { lines } = await guest.running('continue');
    guest.target.vcpus[0]!.set('r4', 16);
    expect(guest.target.arrive(0, 0x8000_0500)).toBe(true);
    expect((await lines).slice(0, 2)).toEqual([
      'breakpoint 1 at do_timer, cpu0 @12,345 0.000123s',
      '  its condition cannot be computed: no memory can be read at 0x00000010',
    ]);
  });

  it.each([
    ['break do_timr', 'error: no symbol do_timr; did you mean do_timer?'],
    ['break start if $a0 ==', 'error: the expression ends too early'],
    ['break start if 0 && nosuch == 1', 'error: no symbol nosuch'],
    ['watch start 4 if $nosuch == 1', 'error: this cpu has no register $nosuch'],
    ['break start when 1', 'error: break: when is too much'],
    ['break start cpu 7', 'error: break: 7: a cpu is a number from 0 to 0'],
    ['break start + 4', 'error: break: + is too much; an expression with blanks goes into parentheses'],
  ])('refuses %s', async (line, expected) => {
    const guest = new AShell();
    expect((await guest.refuses(line))[0]).toBe(expected);
    expect(guest.target.breakpoints()).toEqual([]);
  });

  it('takes an address as gdb writes it', async () => {
    const guest = new AShell();
    expect(await guest.does('b *0x80000500')).toEqual(['breakpoint 1 at 0x80000500 do_timer']);
  });

  it('on ARM means the same place in both instruction sets', async () => {
    const guest = new AShell({ architecture: 'arm' });
    await guest.does('break start+1');
    expect(guest.target.breakpoints()[0]?.spec.address).toBe(0x8000_0400);
  });
});

describe('watch', () => {
  it('tells a write when it is done, with the value before and after', async () => {
    const guest = new AShell();
    guest.target.putWord(0x8000_1000, 7);
    guest.target.texts.set(0x8000_0400, 'sw $v0, 0($a0)');
    expect(await guest.does('watch jiffies')).toEqual(['watchpoint 1 at 0x80001000 jiffies, 4 bytes, write']);
    const { lines } = await guest.running('continue');
    guest.target.touch(0, 'write', 0x8000_1000, 4, 8);
    await guest.settled();
    guest.target.putWord(0x8000_1000, 8);
    guest.target.vcpus[0]!.set('pc', 0x8000_0404);
    guest.target.stop({ kind: 'step', cpu: 0 });
    expect(await lines).toEqual([
      'watchpoint 1: write of 4 bytes at 0x80001000 jiffies, 0x00000007 -> 0x00000008, cpu0 @12,345 0.000123s',
      '  by 0x80000400 start: sw $v0, 0($a0)',
      ' => 0x80000404 start+0x4  00000000  .word 0x00000000',
    ]);
    expect(guest.target.resumes).toEqual([{ kind: 'continue' }, { kind: 'step', cpu: 0 }]);
  });

  it('tells a read, by bytes in the guest’s order', async () => {
    const guest = new AShell({ endianness: 'big' });
    guest.target.putWord(0x8000_1000, 0x1122_3344);
    await guest.does('watch phys:0x1000 16 read');
    const { lines } = await guest.running('continue');
    guest.target.touch(0, 'read', 0x8000_1000, 2);
    await guest.settled();
    guest.target.stop({ kind: 'step', cpu: 0 });
    expect((await lines)[0]).toBe(
      'watchpoint 1: read of 2 bytes at 0x80001000 jiffies, 0x1122, cpu0 @12,345 0.000123s',
    );
  });

  it.each([
    ['little', 4, 0x8000_1000, 3, true],
    ['little', 4, 0x8000_1000, 4, false],
    ['little', 1, 0x8000_1000, 3, true],
    ['little', 1, 0x8000_1001, 1, false],
    ['big', 1, 0x8000_1003, 3, true],
    ['big', 1, 0x8000_1000, 3, false],
    ['little', 2, 0x8000_0fff, 0x0300, true],
    ['big', 2, 0x8000_1002, 3, true],
    ['little', 8, 0x8000_1000, 2 ** 33 + 3, true],
    ['big', 8, 0x8000_0ffc, 2 ** 33 + 3, true],
  ] as const)(
    'by value, in %s-endian memory: %i bytes at %i become %i',
    async (endianness, length, at, value, stops) => {
      const guest = new AShell({ endianness });
      await guest.does('watch jiffies 4 write == 3');
      await guest.does('continue &');
      expect(guest.target.touch(0, 'write', at, length, value)).toBe(stops);
    },
  );

  it('goes on with what its step ran into', async () => {
    const guest = new AShell();
    await guest.does('watch jiffies');
    await guest.does('break do_timer');
    const { lines } = await guest.running('continue');
    guest.target.touch(0, 'write', 0x8000_1000, 4, 8);
    await guest.settled();
    guest.target.arrive(0, 0x8000_0500);
    expect((await lines).slice(2)).toEqual([
      'breakpoint 2 at do_timer, cpu0 @12,345 0.000123s',
      '*=> 0x80000500 do_timer  00000000  .word 0x00000000',
    ]);
  });

  it('is only told, and nothing stepped, where nobody waits for it', async () => {
    const guest = new AShell();
    await guest.does('watch jiffies access');
    await guest.does('continue &');
    guest.target.touch(0, 'write', 0x8000_1000, 4, 8);
    expect(guest.notices[0]).toContain('watchpoint 1: write of 4 bytes at 0x80001000 jiffies, not done yet, cpu0');
    expect(guest.target.resumes).toHaveLength(1);
  });

  it('refuses what it cannot compare', async () => {
    const guest = new AShell();
    expect((await guest.refuses('watch jiffies 8 == 1'))[0]).toBe('error: watch: only up to 4 bytes can be compared');
  });
});

describe('delete', () => {
  it('removes by number, or those of this session; others’ stay', async () => {
    const guest = new AShell();
    guest.target.addBreakpoint({ kind: 'execution', address: 16, space: 'virtual', condition: () => true });
    await guest.does('break start');
    await guest.does('break do_timer');
    expect((await guest.does('info breakpoints'))[0]).toContain('if (a condition of another debugger)');
    expect(await guest.does('delete 2')).toEqual(['deleted 2']);
    expect(await guest.does('delete')).toEqual(['deleted 3']);
    expect(guest.target.breakpoints().map(({ id }) => id)).toEqual([1]);
    expect(await guest.does('delete')).toEqual(['there is nothing to delete']);
    expect(await guest.refuses('delete 9')).toEqual(['error: there is no breakpoint 9', '  breakpoints lists them']);
    expect(await guest.does('delete all')).toEqual(['deleted 1']);
    expect(await guest.does('breakpoints')).toEqual(['no breakpoints']);
  });
});
