// VMs operated from terminals, as somebody does who has several: Linux on MIPS, Linux on two ARM vCPUs and a big-endian guest run side by side in windows of
// tmux; the verbs are typed, keys are pressed, screens are read. However a run ends, its terminal is as it was before.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildPackage, guest } from '../boot/cli-support.ts';
import { fileOf, type Need, whyMissing } from '../support/linux/guests.ts';
import { AT_PROMPT, CRASH_ON_SIGUSR2, Operation } from '../support/tmux/operation.ts';
import { type Pane, tmuxMissing } from '../support/tmux/tmux.ts';

/** A guest's busybox waits for a command. */
const GUEST_PROMPT = /\/ #$/;
const ECHO_READY = 'echo: type "quit", or "exit N"';
const DEBUG_PROMPT = /\(tsvm( cpu\d)?\)$/;
/** The modes of a terminal that a shell has, and that of one whose every key is a guest's. */
const COOKED = ['echo', 'icanon', 'isig'];
const RAW = ['-echo', '-icanon', '-isig'];

async function isHere(...needs: Need[]): Promise<boolean> {
  const reason = (await tmuxMissing()) ?? whyMissing(needs);
  if (reason === null) return true;
  if (process.env.CI) throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return false;
}

const launcher = (await isHere()) ? join(buildPackage(), 'bin/tsvm.js') : '';

describe.runIf(await isHere('te-kernel', 'guest-initrd', 'lpae-zimage', 'armhf-guest-initrd'))(
  'three VMs at once',
  () => {
    let operation: Operation;
    let mips: Pane;
    let arm: Pane;
    let echo: Pane;
    /** Where the verbs are typed. */
    let host: Pane;
    const modes = new Map<Pane, string>();

    beforeAll(async () => {
      operation = new Operation(launcher, {
        vmlinux: fileOf('te-kernel'),
        'mips.cpio.gz': fileOf('guest-initrd'),
        zImage: fileOf('lpae-zimage'),
        'arm.cpio.gz': fileOf('armhf-guest-initrd'),
        'echo.elf': guest('echo-te-eb'),
      });
      const { tmux } = operation;
      [mips, arm, echo, host] = [
        await tmux.open('mips'),
        await tmux.open('arm'),
        await tmux.open('echo'),
        await tmux.open('host'),
      ];
      for (const pane of [mips, arm, echo, host]) {
        await pane.waitFor(AT_PROMPT);
        modes.set(pane, await pane.modes());
      }
      await Promise.all([
        mips.line('tsvm run vmlinux -i mips.cpio.gz -p sh=1 --name mips', GUEST_PROMPT),
        arm.line('tsvm run zImage -i arm.cpio.gz -p sh=1 -c 2 --name arm', GUEST_PROMPT),
        echo.line('tsvm run echo.elf --name echo', ECHO_READY),
      ]);
    });
    afterAll(() => operation?.close());

    it('lists them', async () => {
      const listed = await host.line('tsvm list', AT_PROMPT);
      expect(listed).toMatch(/^NAME +PID +STATE +MACHINE +CPUS +MEMORY +GUEST TIME +KERNEL$/m);
      expect(listed).toMatch(/^arm +\d+ +running +arm-virt +2 +128M +\d+\.\d+s +zImage$/m);
      expect(listed).toMatch(/^echo +\d+ +running +mips-paravirt +1 +128M +\d+\.\d+s +echo\.elf$/m);
      expect(listed).toMatch(/^mips +\d+ +running +malta +1 +128M +\d+\.\d+s +vmlinux$/m);
    });

    it('pauses one, and the others go on', async () => {
      expect(await host.line('tsvm pause arm', AT_PROMPT)).toMatch(/^arm paused +\d+\.\d+s @ [\d,]+$/m);
      const { instructions } = await operation.vm('arm');
      await arm.line('uname -m');
      expect(await mips.line('uname -m', /^mips$/m)).not.toBe('');
      await echo.line('still here', /^still here$/m);
      expect(await host.line('tsvm list', AT_PROMPT)).toMatch(/^arm +\d+ +paused .*\n(echo|mips) +\d+ +running /m);
      expect(await operation.vm('arm')).toMatchObject({ state: 'paused', instructions });
      expect(await arm.shown()).toMatch(GUEST_PROMPT);
    });

    it('resumes it, and what was typed meanwhile is its', async () => {
      await arm.acting(() => host.line('tsvm resume arm', /^arm running /m), /^armv7l$/m);
      expect(await arm.line('nproc', /^2$/m)).not.toBe('');
    });

    it('says what makes one exit', async () => {
      expect(await host.line('tsvm stat mips --for 2s', AT_PROMPT)).toMatch(/^mips:\nexits [\d,]+ in \d+\.\d+s/m);
    });

    it('types for one', async () => {
      await mips.acting(() => operation.tsvm('input', '-n', 'mips', 'echo $((6 * 7))'), /^42$/m);
    });

    it('attaches a second terminal', async () => {
      await mips.line('echo from the first$((1))', /^from the first1\n\/ #$/m);
      // It shows what was before.
      const recent = await host.line('tsvm attach mips', /^from the first1\n(.*\n)*\/ #/m);
      expect(recent).toContain('# attached to mips (Ctrl-a d detaches, Ctrl-a h helps)');
      expect(await host.has(...RAW)).toEqual(RAW);
      // Both see what either types, and nothing but that reaches the guest.
      await mips.acting(
        () => host.line('echo from the second$((2))', /^from the second2\n\/ #$/m),
        /^from the second2\n/m,
      );
      await host.acting(
        () => mips.line('echo again the first$((3))', /^again the first3\n\/ #$/m),
        /^again the first3\n/m,
      );
    });

    it('is ended from no attached terminal', async () => {
      await host.press(['C-a', 'x'], '# Ctrl-a d detaches; the run is ended by: tsvm stop mips');
      await host.line('', GUEST_PROMPT);
    });

    it('detaches, and the first terminal goes on', async () => {
      await host.press(['C-a', 'd'], AT_PROMPT);
      expect(await host.modes()).toBe(modes.get(host));
      await mips.line('echo alone$((4))', /^alone4\n\/ #$/m);
    });

    describe('Ctrl-a c on the terminal of a run', () => {
      it('opens the debug shell, and the guest stands', async () => {
        const shown = await mips.press(['C-a', 'c'], DEBUG_PROMPT);
        expect(shown).toMatch(/^\(tsvm running\) pause\npaused, cpu0 @[\d,]+ \d+\.\d+s\n => 0x[0-9a-f]{8} /m);
        expect(await operation.vm('mips')).toMatchObject({ state: 'paused' });
      });

      it('completes by Tab', async () => {
        await mips.type('break sys_newun');
        await mips.press(['Tab'], /\(tsvm\) break sys_newuname$/);
        expect(await mips.press(['Enter'], DEBUG_PROMPT)).toMatch(/^breakpoint \d+ at 0x[0-9a-f]{8} sys_newuname$/m);
        await mips.type('wa');
        expect(await mips.press(['Tab'], /^walk +watch$/m)).toMatch(/\(tsvm\) wa$/m);
        await mips.press(['C-u'], DEBUG_PROMPT);
      });

      it('stops the guest where it was told to, by what is typed there', async () => {
        await mips.line('continue');
        const shown = await mips.line('uname -r', DEBUG_PROMPT);
        expect(shown).toMatch(
          /^breakpoint \d+ at sys_newuname, cpu0 @[\d,]+ \d+\.\d+s\n\*=> 0x[0-9a-f]{8} sys_newuname /m,
        );
        expect(await mips.line('bt', DEBUG_PROMPT)).toMatch(/^#0 +0x[0-9a-f]{8} sys_newuname$/m);
      });

      it('has what was typed before by Up', async () => {
        await mips.press(['Up', 'Up', 'Up'], /\(tsvm\) break sys_newuname$/);
        await mips.press(['Down', 'Down'], /\(tsvm\) bt$/);
        await mips.press(['C-u'], DEBUG_PROMPT);
      });

      it('stops a continue by Ctrl-C', async () => {
        await mips.line('delete', DEBUG_PROMPT);
        await mips.line('continue', GUEST_PROMPT);
        expect(await mips.press(['C-c'], DEBUG_PROMPT)).toMatch(/paused, cpu0 @[\d,]+ \d+\.\d+s\n => 0x/);
      });

      it('is left, and the guest is at its shell', async () => {
        await mips.line('quit');
        await mips.line('echo back$((5))', /^back5\n\/ #$/m);
        expect(await operation.vm('mips')).toMatchObject({ state: 'running' });
      });
    });

    it('opens the shell of a running VM from another terminal, too', async () => {
      const shown = await host.line('tsvm debug arm', DEBUG_PROMPT);
      expect(shown).toContain('paused, cpu');
      expect(await host.line('cpus', DEBUG_PROMPT)).toMatch(/cpu0.*\n(.*\n)*.*cpu1/);
      await host.press(['C-d'], AT_PROMPT);
      expect(await host.modes()).toBe(modes.get(host));
      await arm.line('echo on$((6))', /^on6\n\/ #$/m);
    });

    it('is typed at by nobody but who types', async () => {
      // What its shell has asked of the first terminal (where is the cursor?) is in what was before: another terminal that is attached does not answer it.
      await mips.line('cat -v');
      const third = await operation.tmux.open('third');
      await third.waitFor(AT_PROMPT);
      await third.line('tsvm attach mips', 'cat -v');
      await mips.acting(() => third.line('all$', /^all\$$/m), /^all\$/m);
      expect(await mips.line('of it', /^of it\nof it$/m)).not.toContain('^[');
      expect(await third.shown()).not.toContain('^[');
      await third.press(['C-a', 'd'], AT_PROMPT);
      await mips.press(['C-u', 'C-d'], GUEST_PROMPT);
    });

    it('stops them all, and leaves nothing', async () => {
      const listed = await operation.list();
      const stopped = await host.line('tsvm stop -a', AT_PROMPT);
      for (const pane of [mips, arm, echo]) {
        expect(stopped).toContain(`${pane.name} ended: stopped by tsvm stop`);
        expect(await pane.waitFor(AT_PROMPT)).toMatch(
          /# INTERRUPTED at .*: stopped by tsvm stop\n(#.*\n)*# exit 130\n/,
        );
        expect(await pane.modes()).toBe(modes.get(pane));
      }
      for (const { pid } of listed) await operation.gone(pid);
      expect(operation.sockets()).toEqual([]);
      expect(await operation.list()).toEqual([]);
    });
  },
);

describe.runIf(await isHere('4kc-kernel', 'guest-initrd'))('SysRq of a Debian kernel', () => {
  it('is pressed from another terminal', async () => {
    const operation = new Operation(launcher, { vmlinux: fileOf('4kc-kernel'), cpio: fileOf('guest-initrd') });
    try {
      const pane = await operation.tmux.open('debian');
      await pane.waitFor(AT_PROMPT);
      await pane.line('tsvm run vmlinux -i cpio -p sh=1 --name debian', GUEST_PROMPT);
      await pane.acting(() => operation.tsvm('debug', 'debian', '--sysrq', 'h'), 'sysrq: HELP : ');
      await pane.acting(() => operation.tsvm('debug', '-n', 'debian', '-s', 's'), 'sysrq: Emergency Sync');
      await pane.line('echo on$((1))', /^on1\n\/ #$/m);
      expect((await operation.tsvm('stop', '-a')).exitCode).toBe(0);
    } finally {
      await operation.close();
    }
  });
});

describe.runIf(await isHere())('the terminal of a run', () => {
  let operation: Operation;
  let pane: Pane;
  let second: Pane;
  let before: string;

  beforeAll(() => {
    operation = new Operation(launcher, { 'echo.elf': guest('echo-te-eb') });
  });
  afterAll(() => operation?.close());

  beforeEach(async () => {
    pane = await operation.tmux.open('echo');
    second = await operation.tmux.open('second');
    await pane.waitFor(AT_PROMPT);
    await second.waitFor(AT_PROMPT);
    before = await pane.modes();
    expect(await pane.has(...COOKED)).toEqual(COOKED);
  });
  afterEach(async () => {
    await operation.tsvm('stop', '-a');
    await pane.hangUp();
    await second.hangUp();
  });

  /** Runs it in the window; resolves to its process. */
  async function run(prefix = ''): Promise<number> {
    await pane.line(`${prefix}tsvm run echo.elf --name echo`, ECHO_READY);
    expect(await pane.has(...RAW)).toEqual(RAW);
    return (await operation.vm('echo')).pid;
  }

  /** `end` ends the run; everything is as before. Returns what is shown since. */
  async function endsWell(pid: number, end: () => Promise<unknown>): Promise<string> {
    const shown = await pane.acting(end, AT_PROMPT);
    await operation.gone(pid);
    expect(await pane.modes()).toBe(before);
    expect(operation.sockets()).toEqual([]);
    return shown;
  }

  /** As one does where Enter is no line's end. */
  async function makeSane(): Promise<void> {
    await pane.type('reset');
    await pane.press(['C-j']);
    await pane.waitForModes(COOKED);
    await pane.line('', AT_PROMPT);
  }

  const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

  it('is as before after Ctrl-a x', async () => {
    const pid = await run();
    expect(await endsWell(pid, () => pane.press(['C-a', 'x']))).toContain('# exit 130');
  });

  it.each(SIGNALS)('is as before after %s', async (signal) => {
    const pid = await run();
    expect(await endsWell(pid, () => operation.kill('echo', signal))).toMatch(
      /interrupted by SIG\w+\n(.*\n)*# exit 130/,
    );
  });

  it('is as before after an error that nobody expected', async () => {
    const pid = await run(`${CRASH_ON_SIGUSR2} `);
    const shown = await endsWell(pid, () => operation.kill('echo', 'SIGUSR2'));
    expect(shown).toContain('internal error: a mistake');
    expect(shown).toContain('exit 125');
  });

  it.each([...SIGNALS, 'SIGUSR2'] as const)('is as before after %s in the debug shell', async (signal) => {
    const pid = await run(`${CRASH_ON_SIGUSR2} `);
    await pane.press(['C-a', 'c'], DEBUG_PROMPT);
    await endsWell(pid, () => operation.kill('echo', signal));
    // Nor is what is pasted put between marks: they are the shell's.
    await pane.line('cat -v');
    await operation.tmux.command('set-buffer', 'pasted');
    await pane.acting(() => pane.paste(), /^pasted$/m);
    await pane.press(['C-c'], AT_PROMPT);
  });

  it('is as before after a stop and a continuation', async () => {
    const pid = await run();
    await pane.acting(() => operation.kill('echo', 'SIGSTOP'), /Stopped/);
    await makeSane();
    await pane.line('fg');
    await pane.line('again', /^again$/m);
    expect(await pane.has(...RAW)).toEqual(RAW);
    await endsWell(pid, () => pane.line('quit'));
  });

  it('takes the run with it when it hangs up', async () => {
    await second.line('tsvm run echo.elf --name gone', ECHO_READY);
    const { pid } = await operation.vm('gone');
    await second.hangUp();
    await operation.gone(pid);
    expect(operation.sockets()).toEqual([]);
  });

  it('is set right by reset after SIGKILL, and the name is free again', async () => {
    const pid = await run();
    await pane.acting(() => operation.kill('echo', 'SIGKILL'), /Killed/);
    await operation.gone(pid);
    expect(operation.sockets()).toEqual(['echo.sock']);
    await makeSane();
    before = await pane.modes();
    expect(await operation.list()).toEqual([]);
    expect(operation.sockets()).toEqual([]);
    await endsWell(await run(), () => pane.line('quit'));
  });

  it('needs nobody to clear a killed run away', async () => {
    const killed = await run();
    await pane.acting(() => operation.kill('echo', 'SIGKILL'), /Killed/);
    await operation.gone(killed);
    await makeSane();
    before = await pane.modes();
    const pid = await run();
    expect((await operation.list()).map(({ name }) => name)).toEqual(['echo']);
    await endsWell(pid, () => pane.line('quit'));
  });

  describe('that is attached', () => {
    /** Attaches in the second window. */
    async function attach(): Promise<void> {
      await second.line('tsvm attach echo', ECHO_READY);
      expect(await second.has(...RAW)).toEqual(RAW);
    }

    it.each([
      ['the run is stopped', () => operation.tsvm('stop', 'echo'), '# echo ended: stopped by tsvm stop'],
      ['the guest ends', () => pane.line('quit'), '# echo ended: '],
      ['its own Ctrl-a d', () => second.press(['C-a', 'd']), '# detached from echo'],
    ] as const)('is as before after %s', async (_name, end, said) => {
      const modes = await second.modes();
      const pid = await run();
      await attach();
      expect(await second.acting(end, AT_PROMPT)).toContain(said);
      expect(await second.modes()).toBe(modes);
      // So is that of the run.
      await operation.tsvm('stop', '-a');
      await operation.gone(pid);
      expect(await pane.modes()).toBe(before);
      expect(operation.sockets()).toEqual([]);
    });

    it('is as before after the run is killed', async () => {
      const modes = await second.modes();
      await run();
      await attach();
      const shown = await second.acting(() => operation.kill('echo', 'SIGKILL'), AT_PROMPT);
      expect(shown).toContain('# echo: the connection is lost');
      expect(await second.modes()).toBe(modes);
    });
  });
});
