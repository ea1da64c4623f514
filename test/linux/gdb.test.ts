// gdb-multiarch with real kernels, given nothing but where to connect: breakpoints from before the MMU is on, backtraces, watchpoints, system registers by
// name, vCPUs as threads, Ctrl-C; and a kernel that goes on to its shell as if nothing had been.
import { describe, expect, it, type TestContext } from 'vitest';
import { startVm } from '../../src/api/index.ts';
import { debugged, gdbMissing } from '../support/gdb/debugged.ts';
import { fileOf, type Need, whyMissing } from '../support/linux/guests.ts';

const PATIENCE = 900_000;
/** What init says when it is up. */
const READY = 'GUEST-READY';

const print = (name: string, ...values: string[]): string =>
  `printf "${name}=${values.map(() => '%x').join(' ')}\\n", ${values.join(', ')}`;

/** Skips the test, with the reason, when something is not here. */
function need(context: TestContext, ...needs: readonly Need[]): void {
  const reason = gdbMissing() ?? whyMissing(needs);
  if (reason === null) return;
  if (process.env.CI) expect.fail(reason);
  console.warn(`skipped: ${context.task.name}: ${reason}`);
  context.skip(reason);
}

/** gdb's words for a value that grows by one at a time. */
function steps(said: string): [number, number][] {
  return [...said.matchAll(/Old value = (-?\d+)\nNew value = (-?\d+)/g)].map(([, from, to]) => [
    Number(from),
    Number(to),
  ]);
}

describe('gdb and a trap-and-emulate kernel', () => {
  const options = () => ({ kernel: fileOf('te-kernel'), initrd: fileOf('guest-initrd'), params: 'console=ttyS0' });

  it('follows it from its entry to its first process, and lets it go on', { timeout: PATIENCE }, async (context) => {
    need(context, 'te-kernel', 'guest-initrd');
    const { said, printed, console } = await debugged({
      ...options(),
      until: READY,
      script: [
        'show endian',
        'break start_kernel',
        'continue',
        'backtrace',
        'stepi 5',
        print('status', '$status & 1'),
        print('prid', '$prid'),
        'delete',
        'tbreak kernel_init',
        'continue',
        'backtrace',
        'watch *(int*)&jiffies',
        ...Array(3).fill('continue'),
        'delete',
        // Evaluated by the stub: do_timer is called every 10 ms.
        'break do_timer if *(int*)&jiffies >= -29980',
        'continue',
        'finish',
        'delete',
        'monitor bt',
        'info registers epc entryhi config1',
        'detach',
      ],
    });
    expect(said).toContain('currently little endian');
    expect(said).toMatch(/Breakpoint 1, 0x\w+ in start_kernel \(\)\n#0 {2}0x\w+ in start_kernel/);
    expect(printed).toEqual(['status=0', 'prid=19300']);
    expect(said).toMatch(/#0 {2}0x\w+ in kernel_init \(\)\n#1 {2}0x\w+ in ret_from_kernel_thread/);
    expect(steps(said)).toEqual([
      [-29992, -29991],
      [-29991, -29990],
      [-29990, -29989],
    ]);
    expect(said).toMatch(/Breakpoint 4, 0x\w+ in do_timer \(\)\n0x\w+ in tick_\w+/);
    expect(said).toMatch(/#0 .*tick_\w+\+/);
    expect(said).toMatch(/epc: 0x4/);
    expect(console).toContain(READY);
  });

  it('leaves it as it would be without', { timeout: PATIENCE }, async (context) => {
    need(context, 'te-kernel', 'guest-initrd');
    const plain = await (await startVm(options())).wait();
    const { verdict } = await debugged({
      ...options(),
      script: [
        'break start_kernel',
        'continue',
        'info all-registers',
        'delete',
        'watch *(int*)&jiffies',
        ...Array(20).fill('continue'),
        'delete',
        'break do_timer if *(int*)&jiffies == -29900',
        'continue',
        'stepi 100',
        'x/200xw $sp',
        'detach',
      ],
    });
    expect(verdict.summary).toBe(plain.summary);
    expect([verdict.instructions, verdict.stateHash]).toEqual([plain.instructions, plain.stateHash]);
  });

  it('stops it by Ctrl-C wherever it is', { timeout: PATIENCE }, async (context) => {
    need(context, 'te-kernel', 'guest-initrd');
    const { said, console } = await debugged({
      ...options(),
      attachAt: 'Memory:',
      interrupts: true,
      until: READY,
      script: ['backtrace 1', 'continue', 'backtrace', 'info threads', 'disconnect'],
    });
    expect(said).toContain('Program received signal SIGINT');
    expect(said).toContain('Thread 1 "cpu0" (');
    expect(console).toContain(READY);
  });
});

describe('gdb and an ARM kernel', () => {
  const options = () => ({
    kernel: fileOf('lpae-zimage'),
    initrd: fileOf('armhf-guest-initrd'),
    cpus: 2,
  });

  it('follows two vCPUs from the decompressor to the first process', { timeout: PATIENCE }, async (context) => {
    need(context, 'lpae-zimage', 'armhf-guest-initrd');
    const { said, printed, console } = await debugged({
      ...options(),
      until: READY,
      script: [
        print('entry', '$pc', '$cpsr & 0x1f', '$sctlr & 1'),
        'info threads',
        // Long before there is a mapping of it.
        'break start_kernel',
        'continue',
        'backtrace',
        print('kernel', '$cpsr & 0x1f', '$sctlr & 1'),
        'delete',
        'tbreak kernel_init',
        'continue',
        'backtrace',
        'tbreak secondary_start_kernel',
        'continue',
        'info threads',
        'thread apply all backtrace 2',
        'watch *(int*)&jiffies',
        ...Array(2).fill('continue'),
        'delete',
        'break do_timer if *(int*)&jiffies == -29990',
        'continue',
        'finish',
        'delete',
        'monitor bt',
        'detach',
      ],
    });
    expect(printed).toEqual(['entry=80008000 1a 0', 'kernel=13 1']);
    expect(said).toContain('* 1    Thread 1 "cpu0" (hyp A32, MMU off');
    expect(said).toMatch(/Thread 1 "cpu0" hit Breakpoint 1, 0xc\w+ in start_kernel \(\)\n#0 {2}0xc\w+ in start_kernel/);
    expect(said).toMatch(/Thread 2 "cpu1" hit Temporary breakpoint 3, 0xc\w+ in secondary_start_kernel/);
    expect(said).toMatch(/\* 2 {4}Thread 2 .*in secondary_start_kernel/);
    expect(said).toMatch(/#0 .*in kernel_init \(\)\n#1 .*in ret_from_fork/);
    expect(steps(said)).toHaveLength(2);
    for (const [from, to] of steps(said)) expect(to).toBe(from + 1);
    expect(said).toMatch(/Thread \d "cpu\d" hit Breakpoint \d, 0x\w+ in do_timer \(\)\n0x\w+ in tick_\w+/);
    expect(console).toContain(`${READY} armv7l 2`);
  });
});
