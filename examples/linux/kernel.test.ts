// The kernel from outside: how it ends, what it does when it is damaged, and its symbols, memory and registers while it runs.
import type { TestVm } from 'tsvm/test';
import { atPrompt, fromReset, portOf, withVariables } from './guest.ts';

// How it ends.

atPrompt('powers off when told to', {}, async (m) => {
  m.send('poweroff -f\n');
  const verdict = await m.end();
  m.expect([verdict.kind, verdict.exitCode]).toEqual(['power-off', 0]);
  m.expect(m.console.kernel).toContain('reboot: Power down');
});

atPrompt('reboots when told to', {}, async (m) => {
  m.send('reboot -f\n');
  const verdict = await m.end();
  m.expect([verdict.kind, verdict.exitCode]).toEqual(['reboot', 102]);
});

atPrompt('stands still for ever when halted', {}, async (m) => {
  m.send('halt -f\n');
  const verdict = await m.end();
  m.expect([verdict.kind, verdict.exitCode]).toEqual(['hang', 103]);
  m.expect(m.console.kernel).toContain('reboot: System halted');
});

fromReset('waits at a prompt until the limit, when nobody types', { limit: '3s' }, async (m) => {
  const verdict = await m.end();
  m.expect([verdict.kind, verdict.exitCode]).toEqual(['guest-time-limit', 104]);
  m.expect(m.console.program).toContain('/ # ');
});

// How it fails.

fromReset('panics without a root file system', { initrd: undefined, faults: 'allow' }, async (m) => {
  const verdict = await m.end();
  m.expect([verdict.kind, verdict.exitCode]).toEqual(['panic', 100]);
  m.expect(verdict.summary).toContain('VFS: Unable to mount root fs');
});

fromReset(
  'panics when init exits',
  { agent: false, params: 'rdinit=/bin/grep -- x /nothing', faults: 'allow' },
  async (m) => {
    const verdict = await m.end();
    m.expect([verdict.kind, verdict.summary]).toEqual(['panic', 'Attempted to kill init! exitcode=0x00000200']);
  },
);

atPrompt('panics instead of killing, when told so', { memory: '48M', faults: 'allow' }, async (m) => {
  await m.sh('echo 1 > /proc/sys/vm/panic_on_oom', { check: true });
  m.send('tail /dev/zero\n');
  const verdict = await m.end();
  m.expect(verdict.kind).toBe('panic');
  m.expect(verdict.summary).toContain('panic_on_oom');
});

/** Make sethostname(2) store to address 0. */
function breakSethostname(m: TestVm): void {
  for (const [n, word] of portOf(m).storeToNull.entries()) m.writeWord(`sys_sethostname+${4 * n}`, word);
}

atPrompt('survives an oops in a system call, tainted', { faults: 'allow' }, async (m) => {
  breakSethostname(m);
  m.expect((await m.sh('hostname broken')).signal).toBe(11);
  await m.waitFor(portOf(m).badAddress);
  m.expect((await m.sh('cat /proc/sys/kernel/tainted')).text).toBe('128');
  const { faults } = await m.stop();
  m.expect(faults.map((fault) => fault.kind)).toEqual(['oops']);
  m.expect(faults[0]?.backtrace.map((frame) => frame.name)).toContain('sys_sethostname');
});

atPrompt('turns an oops into a panic, when told so', { faults: 'allow' }, async (m) => {
  await m.sh('echo 1 > /proc/sys/kernel/panic_on_oops', { check: true });
  breakSethostname(m);
  m.send('hostname broken\n');
  m.expect((await m.end()).summary).toContain('Fatal exception');
});

// What can be seen and changed from outside.

fromReset('prints nothing before start_kernel', {}, async (m) => {
  await m.until('start_kernel');
  m.expect(m.console.text).toBe('');
  await m.waitFor('Linux version');
});

atPrompt('has its banner in memory as it is in /proc/version', withVariables, async (m) => {
  const banner = (await m.sh('cat /proc/version')).stdout;
  m.expect(Buffer.from(m.read('linux_banner', banner.length)).toString()).toBe(banner);
});

atPrompt('names its functions where they are', {}, async (m) => {
  const { stdout } = await m.sh("grep ' T do_exit$' /proc/kallsyms", { check: true });
  m.send('true | true\n');
  await m.until('do_exit');
  m.expect(m.register('pc')).toBe(Number.parseInt(stdout, 16));
});

atPrompt('ticks a hundred times a second while it works', withVariables, async (m) => {
  m.send('while :; do :; done\n');
  await m.runFor('100ms');
  const before = m.readWord('jiffies');
  await m.runFor('1s');
  m.expect(m.readWord('jiffies') - before).toBe(100);
});

atPrompt('passes the exit code of a process to do_exit', {}, async (m) => {
  m.send('sh -c "exit 7"; echo status $?\n');
  await m.until('do_exit');
  const { argument } = portOf(m);
  m.expect(m.register(argument)).toBe(7 << 8);
  m.setRegister(argument, 9 << 8);
  await m.waitFor('status 9\n');
});

atPrompt('takes a new value of a variable at once', withVariables, async (m) => {
  m.writeWord('panic_timeout', 77);
  m.expect((await m.sh('cat /proc/sys/kernel/panic')).text).toBe('77');
  await m.sh('echo 5 > /proc/sys/kernel/panic', { check: true });
  m.expect(m.readWord('panic_timeout')).toBe(5);
});

atPrompt('logs a thousand messages, each of them once and in order', {}, async (m) => {
  await m.sh(
    'echo on > /proc/sys/kernel/printk_devkmsg; for i in $(seq 1000); do echo "<1>message $i." > /dev/kmsg; done',
    { check: true },
  );
  const numbers = [...m.console.kernel.matchAll(/ message (\d+)\.$/gm)].map(([, number]) => Number(number));
  m.expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});
