// Boot and console: from reset to a shell that can be talked to.
import { atPrompt, fromReset, portOf } from './guest.ts';

fromReset('reaches a shell within two seconds, without a warning', {}, async (m) => {
  await m.waitFor('/ # ', { within: '2s' });
  m.expect.noOops();
  m.expect(/WARNING:|BUG:|Call Trace:/.test(m.console.kernel)).toBe(false);
});

fromReset('says in its first line which kernel it is, as uname does later', {}, async (m) => {
  const { groups } = await m.waitFor(/Linux version (\S+) /);
  await m.waitFor('/ # ');
  m.expect((await m.sh('uname -r')).text).toBe(groups[0]);
});

fromReset('brings up console and clock before it starts init', {}, async (m) => {
  await m.waitFor('console [ttyS0] enabled');
  await m.waitFor(portOf(m).rtcDriver);
  const { before } = await m.waitFor('as init process');
  m.expect(before).toContain('Freeing unused kernel memory');
});

atPrompt(
  'gets the command line it was given, and init what the kernel does not know',
  { params: 'sh=1 answer=42' },
  async (m) => {
    m.expect((await m.sh('cat /proc/cmdline')).text).toMatch(/ answer=42$/);
    m.expect((await m.sh("tr '\\0' '\\n' < /proc/1/environ")).text.split('\n')).toContain('answer=42');
  },
);

atPrompt('finds the memory it was given', { memory: '64M' }, async (m) => {
  const { stdout } = await m.sh('grep MemTotal /proc/meminfo');
  const kib = Number(/(\d+) kB/.exec(stdout)?.[1]);
  m.expect(kib).toBeLessThan(64 * 1024);
  m.expect(kib).toBeGreaterThan(56 * 1024);
});

atPrompt('can have its console on virtio', { console: 'virtio' }, async (m) => {
  m.expect((await m.sh('cat /proc/consoles')).text).toMatch(/^hvc0 /);
  m.send('echo $((6 * 7))\n');
  await m.waitFor('\n42\n');
});

atPrompt('prints nothing once it has read that it is to be quiet', { params: 'sh=1 quiet' }, async (m) => {
  const timed = m.console.lines.filter((line) => line.from === 'kernel' && !line.text.startsWith('[    0.000000]'));
  m.expect(timed).toEqual([]);
  m.expect((await m.sh('dmesg')).text).toContain('Linux version');
});

atPrompt('obeys what is typed on the console', {}, async (m) => {
  m.send('echo $((6 * 7))\n');
  const { groups } = await m.waitFor(/^(\d+)\n/m);
  m.expect(groups[0]).toBe('42');
});

atPrompt('gives the terminal back after Ctrl-C', {}, async (m) => {
  m.send('setsid cttyhack sh\n'); // the shell that init starts has no controlling terminal
  await m.waitFor('/ # ');
  m.send('sleep 1000; echo slept $?\n');
  await m.runFor('100ms');
  m.send('\x03');
  await m.waitFor('/ # ', { within: '1s' });
  m.send('echo status $?\n');
  await m.waitFor('status 130\n');
});

atPrompt('erases a character with backspace', {}, async (m) => {
  m.send('echo ax\x7fb\n');
  await m.waitFor('\nab\n');
});

atPrompt('prints kernel messages between the lines of a program, and loses none of either', {}, async (m) => {
  m.send('for i in 1 2 3 4 5; do printf "par"; echo "<1>noise $i" > /dev/kmsg; printf "tial $i\\n"; done\n');
  await m.waitFor('partial 5\n');
  for (const i of [1, 2, 3, 4, 5]) {
    m.expect(m.console.program).toContain(`partial ${i}\n`);
    m.expect(m.console.kernel).toContain(`noise ${i}\n`);
  }
});

atPrompt('keeps messages below the console log level off the console', {}, async (m) => {
  await m.sh('dmesg -n 4; echo "<4>a warning" > /dev/kmsg; echo "<3>an error" > /dev/kmsg', { check: true });
  m.expect(m.console.kernel).toContain('an error');
  m.expect(m.console.kernel.includes('a warning')).toBe(false);
  m.expect((await m.sh('dmesg')).text).toContain('a warning');
});
