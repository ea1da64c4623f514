// Scripts and a real Linux: commands by the guest agent, a console on which kernel and programs talk at the same time, disks, buses, and one run
// whatever executes it.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ScriptedVm, type ScriptOptions, scriptVm, startVm, WaitFailed } from '../../src/api/index.ts';
import { fileOf, type Need, toolPath, whyMissing } from '../support/linux/guests.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvm-script-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const PROMPT = '/ # ';
const MIB = 1 << 20;

let running: ScriptedVm[] = [];
afterEach(async () => {
  for (const m of running) await m.stop();
  running = [];
});

/** Linux 5.10 for trap-and-emulate guests, with a shell on its console. */
async function linux(options: Partial<ScriptOptions> = {}): Promise<ScriptedVm> {
  const initrd = fileOf('tools-initrd');
  const m = await scriptVm({ kernel: fileOf('te-kernel'), initrd, params: 'sh=1', limit: '5m', ...options });
  running.push(m);
  return m;
}

/** What a promise is rejected with; it must be. */
async function failure(promise: Promise<unknown>): Promise<WaitFailed> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WaitFailed);
  return error as WaitFailed;
}

/** An ext4 with busybox, whose init starts a shell. */
function makeRootDisk(image: string, busybox: 'busybox' | 'armhf-busybox'): void {
  const root = `${image}.root`;
  for (const folder of ['bin', 'sbin', 'dev', 'proc', 'sys']) mkdirSync(join(root, folder), { recursive: true });
  cpSync(fileOf(busybox), join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const name of ['sh', 'mount', 'echo', 'cat', 'sync', 'poweroff', 'ls'])
    symlinkSync('busybox', join(root, 'bin', name));
  const init = '#!/bin/sh\nmount -t proc proc /proc\necho ON THE DISK\nexec /bin/sh\n';
  writeFileSync(join(root, 'sbin/init'), init, { mode: 0o755 });
  execFileSync(toolPath('mke2fs')!, ['-q', '-t', 'ext4', '-d', root, image, '16M']);
}

function isHere(...needs: Need[]): boolean {
  const reason = whyMissing(needs);
  if (reason !== null) console.warn(`skipped: ${reason}`);
  return reason === null;
}

it.runIf(process.env.CI)('has all its kernels in continuous integration', () => {
  expect(
    whyMissing([
      ...(['te-kernel', 'te-symbols', 'tools-initrd', 'busybox', '4kc-kernel', '4kc-modules', 'mke2fs'] as const),
      ...(['lpae-vmlinux', 'armhf-tools-initrd', 'armhf-busybox'] as const),
      ...(['armmp-kernel', 'armmp-modules', 'armmp-lpae-kernel', 'armmp-lpae-modules'] as const),
    ]),
  ).toBe(null);
});

describe.runIf(isHere('te-kernel', 'te-symbols', 'tools-initrd', 'busybox'))('a script', () => {
  describe('runs commands', () => {
    let m: ScriptedVm;
    beforeAll(async () => {
      m = await linux();
      await m.waitFor(PROMPT);
      running = [];
    });
    afterAll(async () => {
      await m.stop();
    });

    it.each([
      ['true', 0],
      ['false', 1],
      ['exit 42', 42],
      ['exit 255', 255],
      ['nothing-of-this-name', 127],
    ])('that end: %s', async (command, status) => {
      expect(await m.sh(command)).toMatchObject({ status, signal: null, ok: status === 0 });
    });

    it.each([
      ['kill -9 $$', 9],
      ['kill -TERM $$', 15],
      ['kill -SEGV $$', 11],
    ])('that a signal ends: %s', async (command, signal) => {
      expect(await m.sh(command)).toMatchObject({ status: null, signal, ok: false });
    });

    it('with both streams apart, and what they read', async () => {
      const { stdout, stderr } = await m.sh('cat; echo out; echo err >&2; cat', { input: 'grün\n' });
      expect([stdout, stderr]).toEqual(['grün\nout\n', 'err\n']);
      expect(String(await m.sh('wc -c', { input: new Uint8Array(MIB) }))).toBe(String(MIB));
    });

    it('that put out much on both at once', async () => {
      const { stdout, stderr } = await m.sh(
        'dd if=/dev/zero bs=64k count=16 & dd if=/dev/zero bs=64k count=8 >&2; wait',
      );
      expect(stdout.length).toBe(MIB);
      expect(stderr.replace(/[^\0]/g, '').length).toBe(MIB / 2);
    });

    it('that read nothing of what they get', async () => {
      expect(await m.sh('exit 3', { input: new Uint8Array(MIB) })).toMatchObject({ status: 3 });
      expect(await m.sh('head -c 5', { input: 'x'.repeat(MIB) })).toMatchObject({ stdout: 'xxxxx' });
    });

    it('that leave something behind, which is not waited for', async () => {
      expect(await m.sh('sleep 1000 & echo $!')).toMatchObject({ ok: true });
      expect((await m.sh('ps | grep -c "[s]leep 1000"')).text).toBe('1');
    });

    it('that go on for ever: they are killed, and the next one runs', async () => {
      for (const endless of [
        'sleep 1000000',
        'while :; do :; done',
        'trap "" TERM INT; while :; do sleep 1; done',
        'yes',
      ]) {
        const before = m.vm.clock.guestTimeNs;
        const failed = await failure(m.sh(endless, { within: '0.5s' }));
        expect(failed).toMatchObject({ why: 'time', verdict: null });
        expect(failed.message).toMatch(/^sh ".*": it did not come within 0\.5s of guest time \(at .*\)\n/);
        expect(m.vm.clock.guestTimeNs - before).toBeLessThan(1e9);
      }
      expect((await m.sh('ps | grep -c "[s]leep 1000000\\|[w]hile :\\|[y]es"')).text).toBe('0');
    });

    it('and says which one failed, with what it said', async () => {
      const failed = await failure(m.sh('echo "no\x1b[31m luck" >&2; exit 4', { check: true }));
      expect(failed.message.split('\n').slice(1)).toEqual(['  standard error:', '  | no\\x1b[31m luck']);
      expect(failed.message).toMatch(/^sh ".*": it ended with status 4\n/);
      expect((await failure(m.sh('kill -9 $$', { check: true }))).message).toContain('signal 9 ended it');
    });

    it('but none that cannot be asked for', async () => {
      await expect(m.sh('echo \0')).rejects.toMatchObject({ code: 'usage' });
      await expect(m.sh('cat', { input: new Uint8Array(16 * MIB) })).rejects.toThrow('at most 16 MiB');
      expect((await failure(m.sh(`: ${'x'.repeat(600_000)}`))).message).toContain('executing /bin/sh (errno 7)');
    });

    it('beside what is on the console', async () => {
      m.send('for i in 1 2 3; do echo "round $i"; sleep 1; done; echo DO""NE\n');
      await m.waitFor('round 1');
      expect((await m.sh('echo to the console > /dev/console; sleep 1; echo to the script')).text).toBe(
        'to the script',
      );
      await m.waitFor('to the console');
      await m.waitFor('DONE');
      expect(m.console.text).not.toContain('to the script');
    });

    it('until its shell is not there any more', async () => {
      await m.sh('mv /bin/sh /bin/moved', { check: true });
      const failed = await failure(m.sh('true'));
      expect(failed).toMatchObject({ why: 'status' });
      expect(failed.message).toContain('executing /bin/sh (errno 2)');
      m.send('mv /bin/moved /bin/sh; echo BA""CK\n');
      await m.waitFor('BACK');
      expect(await m.sh('true')).toMatchObject({ ok: true });
    });
  });

  it('says what is missing when there is no virtio-console', async () => {
    const m = await linux({ params: 'sh=1 initcall_blacklist=virtio_console_init' });
    const failed = await failure(m.sh('true', { within: '5s' }));
    expect(failed.message).toContain('no guest agent has answered (the guest needs procfs, sysfs and virtio-console');
    expect(failed.message).toContain(`  | ${PROMPT}`);
  });

  it('is told how the guest has ended under a command', async () => {
    const m = await linux({ symbols: fileOf('te-symbols'), params: 'sh=1 oops=panic' });
    await m.waitFor(PROMPT);
    m.writeWord('sys_call_table+296', 16); // sethostname(2), number 74, is a call to nowhere
    const failed = await failure(m.sh('hostname x'));
    expect(failed).toMatchObject({
      why: 'ended',
      verdict: { kind: 'panic', summary: 'Fatal exception', exitCode: 100 },
    });
    expect(failed.message).toMatch(/^sh "hostname x": the run ended before: Fatal exception \(panic, exit 100\)\n/);
  });

  it('is told that nobody answers any more', async () => {
    const m = await linux();
    await m.waitFor(PROMPT);
    for (const command of ['kill -9 $PPID', 'true'])
      expect(await failure(m.sh(command, { within: '1s' }))).toMatchObject({ why: 'time', verdict: null });
    m.send('exit\n');
    expect(await failure(m.sh('true'))).toMatchObject({ why: 'ended', verdict: { kind: 'power-off' } });
  });

  it('finds every marker that a program prints character by character among ten thousand lines of the kernel', async () => {
    const m = await linux();
    await m.waitFor(PROMPT);
    const noise = 'i=0; while [ $i -lt 10000 ]; do echo "<4>noise $i" > /dev/kmsg; i=$((i+1)); done';
    const marker = 'for c in M A R K E R - $n; do printf $c; busybox usleep 1000; done; echo';
    m.send(`(${noise}) & for n in 1 2 3 4 5 6 7 8 9 10; do ${marker}; done; wait; echo ALL""OVER\n`);
    for (let n = 1; n <= 10; n++) {
      const found = await m.waitFor(`MARKER-${n}\n`);
      expect(found.in).toBe('program');
      if (n > 1) expect(found.before).toBe('');
    }
    await m.waitFor('ALLOVER');
    // Printk has cut them indeed, and nothing of it is lost.
    expect(m.console.text).not.toContain('MARKER-5');
    expect(m.console.kernel.match(/\] noise \d+\n/g)).toHaveLength(10_000);
    expect(m.console.program).not.toContain('noise 1');
  });

  it.each([
    {},
    { console: 'virtio' },
    { virtioTransport: 'mmio' },
    { console: 'virtio', virtioTransport: 'mmio' },
    { console: 'virtio', virtio: 'legacy' },
    { console: 'virtio', virtio: 'modern' },
    { console: 'virtio', virtio: 'legacy', virtioTransport: 'mmio' },
    { console: 'virtio', virtio: 'modern', virtioTransport: 'mmio' },
  ] as const)('has console and commands on any bus: %j', async (options) => {
    const m = await linux(options);
    await m.waitFor(PROMPT);
    m.send('echo on $(tty) $((40 + 2))\n');
    const [found, { stdout }] = [await m.waitFor(/on (\S*) 42\n/), await m.sh('cat /proc/cmdline; echo err >&2')];
    expect(stdout).toContain(`console=${'console' in options ? 'hvc0' : 'ttyS0'} `);
    expect(found.before).toContain('$((40 + 2))');
    m.send('poweroff -f\n');
    expect(await m.end()).toMatchObject({ kind: 'power-off', exitCode: 0 });
  });

  it('is one run in both engines, however long it thinks, and from its journal alone', async () => {
    const options = {
      kernel: fileOf('te-kernel'),
      initrd: fileOf('tools-initrd'),
      symbols: fileOf('te-symbols'),
      params: 'sh=1',
    };
    const results = [];
    let journal = '';
    for (const [engine, thinks] of [
      ['regions', 0],
      ['interpreter', 20],
    ] as const) {
      const think = (): Promise<void> => new Promise((done) => setTimeout(done, thinks));
      const m = await linux({ ...options, engine });
      await m.waitFor(PROMPT);
      await m.sh('echo one > /tmp/a');
      await think();
      m.send('cat /tmp/a\n');
      await m.waitFor('one\n');
      m.send('uname -s\n');
      await m.until('sys_newuname');
      await think();
      // struct uts_namespace: a reference count, then the name of the system.
      m.write('init_uts_ns+4', 'Script\0');
      await m.waitFor('Script\n');
      const read = await m.sh('cat | sha256sum; uname -s', { input: 'x'.repeat(100_000) });
      await think();
      m.send('poweroff -f\n');
      const { kind, instructions, stateHash, runId } = await m.end();
      results.push({ kind, instructions, stateHash, runId, read: read.stdout, console: m.console.text });
      journal = m.vm.journal();
    }
    expect(results[0]).toMatchObject({ kind: 'power-off', read: expect.stringMatching(/^[0-9a-f]{64} +-\nScript\n$/) });
    expect(results[1]).toEqual(results[0]);
    const vm = await startVm({ ...options, agent: true, limit: '5m', replay: journal });
    const { instructions, stateHash, runId } = results[0]!;
    expect(await vm.wait()).toMatchObject({ kind: 'power-off', instructions, stateHash, runId });
  });

  describe.runIf(isHere('mke2fs'))('without an initrd', () => {
    const image = join(scratch, 'root.img');
    beforeAll(() => makeRootDisk(image, 'busybox'));

    it('has its root on a disk', async () => {
      const m = await linux({ initrd: undefined, agent: true, disks: [`${image}:cow`], params: '' });
      await m.waitFor('ON THE DISK');
      await m.waitFor(PROMPT);
      expect((await m.sh('mount', { check: true })).stdout).toMatch(/^\/dev\/(vda|root) on \/ type ext4 \(rw,/m);
      await m.sh('echo kept > /file; sync', { check: true });
      m.send('cat /file\n');
      await m.waitFor('kept\n');
    });

    it('has its root on one that cannot be written, with an init of its choice', async () => {
      const m = await linux({ initrd: undefined, agent: true, disks: [`${image}:ro`], params: 'init=/bin/sh' });
      const { status, stderr } = await m.sh('echo lost > /file');
      expect([status, stderr]).toEqual([1, expect.stringContaining('Read-only file system')]);
      await m.waitFor(PROMPT);
      expect(m.console.text).not.toContain('ON THE DISK');
    });
  });
});

describe.runIf(isHere('4kc-kernel', '4kc-modules', 'tools-initrd'))(
  "Debian's 4kc-malta, where virtio is a module",
  () => {
    const kernel = (): string => fileOf('4kc-kernel');

    it('has the agent as soon as its init has loaded that', async () => {
      const initrd = join(scratch, '4kc.cpio.gz');
      writeFileSync(initrd, Buffer.concat([readFileSync(fileOf('tools-initrd')), readFileSync(fileOf('4kc-modules'))]));
      const m = await linux({ kernel: kernel(), initrd });
      await expect(m.until('start_kernel')).rejects.toThrow('start_kernel: no such symbol is known'); // still packed
      expect((await m.sh('uname -r; lsmod')).stdout).toMatch(/^6\.1\.\S+-4kc-malta\n(.*\n)*virtio_console /);
      m.send('uname -r\n');
      await m.until('sys_newuname');
      expect(m.register('pc')).toBe(m.vm.addressOf('sys_newuname'));
    });
  },
);

/** Our ARM kernel, whose programs are T32 code. */
const onArm = (options: Partial<ScriptOptions> = {}): Promise<ScriptedVm> =>
  linux({ kernel: fileOf('lpae-vmlinux'), initrd: fileOf('armhf-tools-initrd'), ...options });

describe.runIf(isHere('lpae-vmlinux', 'armhf-tools-initrd'))('a script on ARM', () => {
  it('runs commands, looks at symbols and registers, and is told of an oops and a panic', async () => {
    const m = await onArm({ memory: '64M' });
    await m.waitFor(PROMPT);
    const { stdout, stderr } = await m.sh('cat; echo err >&2; uname -m', { input: 'grün\n' });
    expect([stdout, stderr]).toEqual(['grün\narmv7l\n', 'err\n']);
    expect((await m.sh('kill -SEGV $$')).signal).toBe(11);
    expect(String(await m.sh('wc -c', { input: new Uint8Array(MIB) }))).toBe(String(MIB));
    await failure(m.sh('while :; do :; done', { within: '0.1s' }));
    const banner = (await m.sh('cat /proc/version')).stdout;
    expect(Buffer.from(m.read('linux_banner', banner.length)).toString()).toBe(banner);
    m.send('sh -c "exit 7"; echo status $?\n');
    await m.until('do_exit');
    expect(m.register('pc')).toBe(m.vm.addressOf('do_exit'));
    expect(m.register('r0')).toBe(7 << 8);
    // The kernel's stack and its caller: SVC mode has its own.
    expect([m.register('sp') >>> 28, m.register('lr') >>> 28, m.register('cpsr') & 0x1f]).toEqual([12, 12, 0x13]);
    expect(m.register('sp')).toBe(m.register('sp_svc'));
    expect(m.register('sp_usr') >>> 28).toBeLessThan(12);
    m.setRegister('r0', 9 << 8);
    await m.waitFor('status 9\n');
    for (const [n, word] of [0xe3a00000, 0xe5800000].entries()) m.writeWord(`sys_sethostname+${4 * n}`, word); // to address 0
    expect((await m.sh('hostname x')).signal).toBe(11);
    await m.sh('echo 1 > /proc/sys/kernel/panic_on_oops', { check: true });
    const ended = await failure(m.sh('hostname x'));
    expect(ended.verdict).toMatchObject({ kind: 'panic', summary: 'Fatal exception', exitCode: 100 });
    const { faults } = ended.verdict!;
    expect(faults.map(({ kind }) => kind)).toEqual(['oops', 'oops', 'panic']);
    for (const { backtrace } of faults) expect(backtrace.map(({ name }) => name)).toContain('sys_sethostname');
  });

  it.each([1, 2])('is told that nothing goes on any more, with %i CPUs', async (cpus) => {
    const m = await onArm({ cpus });
    await m.waitFor(PROMPT);
    m.send('halt -f\n');
    expect(await m.end()).toMatchObject({ kind: 'hang', exitCode: 103 });
  });

  it.each([
    { console: 'pl011', boot: 'svc' },
    { console: 'virtio', virtioTransport: 'pci', cpus: 2 },
    { console: 'virtio', virtioTransport: 'mmio', virtio: 'legacy' },
    { virtioTransport: 'pci', virtio: 'modern' },
  ] as const)('has console and commands on any bus: %j', async (options) => {
    const m = await onArm(options);
    await m.waitFor(PROMPT);
    m.send('echo on $(tty) $((40 + 2))\n');
    const [found, { stdout }] = [await m.waitFor(/on (\S*) 42\n/), await m.sh('cat /proc/cmdline')];
    const tty = { pl011: 'ttyAMA0', virtio: 'hvc0', serial: 'ttyS0' }[options.console ?? 'serial'];
    expect(stdout).toContain(`console=${tty} `);
    expect(found.before).toContain('$((40 + 2))');
    m.send('poweroff -f\n');
    expect(await m.end()).toMatchObject({ kind: 'power-off', exitCode: 0 });
  });

  it('is one run in both engines, and from its journal alone', async () => {
    const results = [];
    let journal = '';
    for (const engine of ['regions', 'interpreter'] as const) {
      const m = await onArm({ engine, cpus: 2, seed: 7 });
      await m.waitFor(PROMPT);
      m.send('uname -s\n');
      await m.until('sys_newuname');
      m.write('init_uts_ns+4', 'Script\0');
      await m.waitFor('Script\n');
      const read = await m.sh('cat | sha256sum; uname -s', { input: 'x'.repeat(100_000) });
      m.send('poweroff -f\n');
      const { kind, instructions, stateHash, runId } = await m.end();
      results.push({ kind, instructions, stateHash, runId, read: read.stdout, console: m.console.text });
      journal = m.vm.journal();
    }
    expect(results[0]).toMatchObject({ kind: 'power-off', read: expect.stringMatching(/^[0-9a-f]{64} +-\nScript\n$/) });
    expect(results[1]).toEqual(results[0]);
    const { instructions, stateHash, runId } = results[0]!;
    const options = { kernel: fileOf('lpae-vmlinux'), initrd: fileOf('armhf-tools-initrd'), params: 'sh=1' };
    const vm = await startVm({ ...options, cpus: 2, seed: 7, agent: true, limit: '5m', replay: journal });
    expect(await vm.wait()).toMatchObject({ kind: 'power-off', instructions, stateHash, runId });
  });

  it.runIf(isHere('mke2fs', 'armhf-busybox'))('has its root on a disk, without an initrd', async () => {
    const image = join(scratch, 'arm-root.img');
    makeRootDisk(image, 'armhf-busybox');
    const m = await onArm({ initrd: undefined, agent: true, disks: [`${image}:cow`], params: '' });
    await m.waitFor('ON THE DISK');
    await m.waitFor(PROMPT);
    expect((await m.sh('mount', { check: true })).stdout).toMatch(/^\/dev\/(vda|root) on \/ type ext4 \(rw,/m);
  });
});

describe.runIf(isHere('armmp-kernel', 'armmp-modules', 'armmp-lpae-kernel', 'armmp-lpae-modules'))(
  "Debian's ARM kernels, where virtio is a module",
  () => {
    it.each(['armmp', 'armmp-lpae'] as const)('%s has the agent as soon as its init has loaded that', async (name) => {
      const initrd = join(scratch, `${name}.cpio.gz`);
      const parts = [fileOf('armhf-tools-initrd'), fileOf(`${name}-modules`)];
      writeFileSync(initrd, Buffer.concat(parts.map((path) => readFileSync(path))));
      const m = await onArm({ kernel: fileOf(`${name}-kernel`), initrd });
      expect((await m.sh('uname -r; lsmod')).stdout).toMatch(
        new RegExp(`^6\\.1\\.\\S+-${name}\\n(.*\\n)*virtio_console `),
      );
      m.send('uname -r\n');
      await m.until('sys_newuname');
      expect(m.register('pc')).toBe(m.vm.addressOf('sys_newuname'));
    });
  },
);
