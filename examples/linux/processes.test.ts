// Processes: starting, ending, signals, pipes, scheduling, limits and namespaces, as a shell sees them.
import { createHash } from 'node:crypto';
import { atPrompt, portOf } from './guest.ts';

atPrompt("gives a command's status, output and errors apart", {}, async (m) => {
  const { status, stdout, stderr } = await m.sh('echo out; echo err >&2; exit 7');
  m.expect([status, stdout, stderr]).toEqual([7, 'out\n', 'err\n']);
});

atPrompt('names the signal that killed a command', {}, async (m) => {
  const { status, signal } = await m.sh('kill -SEGV $$');
  m.expect([status, signal]).toEqual([null, 11]);
  m.expect.noOops();
});

atPrompt('lets a shell handle SIGTERM', {}, async (m) => {
  const { status, text } = await m.sh('trap "echo caught; exit 3" TERM; kill $$; sleep 1; echo missed');
  m.expect([status, text]).toEqual([3, 'caught']);
});

atPrompt('kills a writer with SIGPIPE when its reader is gone', {}, async (m) => {
  m.expect((await m.sh('(yes; echo $? >&2) | head -n 1')).stderr).toBe('141\n');
});

atPrompt('carries a quarter of a megabyte through three pipes unharmed', {}, async (m) => {
  const bytes = Buffer.alloc(256 * 1024, 'not a multiple of a page');
  const { stdout } = await m.sh('cat | cat | sha256sum', { input: bytes, check: true });
  m.expect(stdout.slice(0, 64)).toBe(createHash('sha256').update(bytes).digest('hex'));
});

atPrompt('starts and reaps a hundred children', {}, async (m) => {
  const { text } = await m.sh(
    'for i in $(seq 100); do (exit $i) & wait $! || s=$((s + $?)); done; echo $s; grep -l "State:.Z" /proc/[0-9]*/status',
  );
  m.expect(text).toBe('5050');
});

atPrompt('gives orphans to init', {}, async (m) => {
  const { text } = await m.sh(
    'pid=$(sh -c "sleep 100 > /dev/null & echo \\$!"); grep PPid /proc/$pid/status; kill $pid',
  );
  m.expect(text).toBe('PPid:\t1');
});

atPrompt('sleeps for two seconds by its own clock', {}, async (m) => {
  const { stdout } = await m.sh('cut -d" " -f1 /proc/uptime; sleep 2; cut -d" " -f1 /proc/uptime');
  const [before = 0, after = 0] = stdout.split('\n').map(Number);
  m.expect(after - before).toBeGreaterThan(1.99);
  m.expect(after - before).toBeLessThan(2.1);
});

atPrompt('gives a nice process what the other one leaves', {}, async (m) => {
  const script = `
    sh -c 'while :; do :; done' & keen=$!
    sh -c 'while :; do :; done' & nice=$!
    renice -n 19 -p $nice
    sleep 2
    cut -d' ' -f14 /proc/$keen/stat /proc/$nice/stat
    kill $keen $nice`;
  const [keen = 0, nice = 0] = (await m.sh(script)).text.split('\n').map(Number);
  m.expect(keen / nice).toBeGreaterThan(20);
  m.expect(nice).toBeGreaterThan(0);
});

atPrompt('ends a process that has used up its CPU time', {}, async (m) => {
  m.expect((await m.sh('ulimit -S -t 1; while :; do :; done', { within: '3s' })).signal).toBe(portOf(m).SIGXCPU);
});

atPrompt('refuses a process more memory than its limit', {}, async (m) => {
  const { status, stderr } = await m.sh('ulimit -v 16384; dd if=/dev/zero of=/dev/null bs=32M count=1');
  m.expect(status).toBe(1);
  m.expect(stderr).toMatch(/memory/);
});

atPrompt('puts stacks at random addresses, unless told not to', {}, async (m) => {
  const stack = 'grep stack /proc/self/maps';
  const random = (await m.sh(`${stack}; ${stack}`)).text.split('\n');
  m.expect(random[0] === random[1]).toBe(false);
  const fixed = (await m.sh(`echo 0 > /proc/sys/kernel/randomize_va_space; ${stack}; ${stack}`)).text.split('\n');
  m.expect(fixed[0]).toBe(fixed[1]);
});

atPrompt('counts processes from one in a new PID namespace', { needs: '/proc/self/ns/pid' }, async (m) => {
  const { text } = await m.sh("unshare -p -f -m sh -c 'mount -t proc proc /proc; echo $$; ls -d /proc/[0-9]*'");
  m.expect(text).toBe('1\n/proc/1');
});

atPrompt('keeps a host name inside its UTS namespace', { needs: '/proc/self/ns/uts' }, async (m) => {
  await m.sh('hostname outside', { check: true });
  m.expect((await m.sh('unshare -u sh -c "hostname inside; hostname"; hostname')).text).toBe('inside\noutside');
});
