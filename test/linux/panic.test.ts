// Panics, oopses and forgeries of real kernels on board malta, by the library: Linux 5.10 for trap-and-emulate guests, and Debian's
// 6.1, which unpacks and relocates itself.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelFault, StartVmOptions, Verdict } from '../../src/api/index.ts';
import { startVm } from '../../src/api/index.ts';
import { parseElf } from '../../src/boot/elf.ts';
import { kallsymsOfElf } from '../../src/boot/kallsyms.ts';
import { unpackKernel } from '../../src/boot/kernel-image.ts';
import { gunzip } from '../../src/host/gunzip.ts';
import { fileOf, type Need, whyMissing } from '../support/linux/guests.ts';

interface Ran {
  readonly verdict: Verdict;
  readonly told: readonly KernelFault[];
  readonly console: string;
}

async function run(options: StartVmOptions, typed: string | null = null): Promise<Ran> {
  const told: KernelFault[] = [];
  let line = typed;
  let console = '';
  const vm = await startVm({
    input: typed === null ? 'none' : 'api',
    onFault: (fault) => told.push(fault),
    onConsole: (bytes) => {
      console += Buffer.from(bytes).toString('latin1');
      if (line === null || !console.includes('/ # ')) return;
      vm.send(`${line}\n`);
      // Then nobody waits for more, and idle time is skipped.
      vm.closeInput();
      line = null;
    },
    ...options,
  });
  const verdict = await vm.wait();
  return { verdict, told, console };
}

const chain = ({ backtrace }: KernelFault): string => backtrace.map(({ name }) => name).join(' <- ');

function isHere(...needs: Need[]): boolean {
  const reason = whyMissing(needs);
  if (reason !== null) console.warn(`skipped: ${reason}`);
  return reason === null;
}

describe.runIf(isHere('te-kernel', 'te-symbols', 'guest-initrd'))('Linux 5.10, trap-and-emulate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-panic-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const vmlinux = join(folder, 'vmlinux');
  /** The same kernel without tables of its own. */
  const nameless = join(folder, 'nameless');
  const initrd = fileOf('guest-initrd');
  let sysCallTable = 0;

  beforeAll(async () => {
    const { bytes } = await unpackKernel(readFileSync(fileOf('te-kernel')), gunzip);
    writeFileSync(vmlinux, bytes);
    const kernel = Buffer.from(bytes);
    kernel[kernel.indexOf('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\0') + 10] = 0x78;
    writeFileSync(nameless, kernel);
    sysCallTable = kallsymsOfElf(await parseElf(bytes))!.find('sys_call_table')!;
  });

  const boot = (options: Partial<StartVmOptions> = {}): Promise<Ran> =>
    run({ kernel: vmlinux, limit: '15s', ...options });

  /** Commands of a shell, one after the other. */
  const shell = (commands: readonly string[], options: Partial<StartVmOptions> = {}): Promise<Ran> =>
    run({ kernel: vmlinux, limit: '15s', initrd, params: 'sh=1', ...options }, commands.join('; '));

  /** sethostname(2) becomes a call to nowhere. */
  const breakIt = (): string => `busybox devmem 0x${(sysCallTable - 0x4000_0000 + 4 * 74).toString(16)} 32 16`;

  describe('without a root file system', () => {
    it.each([
      ['as it is', '', '---[ end Kernel panic'],
      ['quiet', 'quiet', '---[ end Kernel panic'],
      ['rebooting later', 'panic=5', 'Rebooting in 5 seconds..'],
      ['rebooting at once', 'panic=-1', 'Kernel panic - not syncing: VFS'],
      ['without a word', 'loglevel=0', ''],
      ['without a word, rebooting', 'loglevel=0 panic=-1', ''],
    ])('panics, %s', async (_what, params, printed) => {
      const { verdict, told, console } = await boot({ params });
      expect(verdict).toMatchObject({
        kind: 'panic',
        exitCode: 100,
        summary: 'VFS: Unable to mount root fs on unknown-block(0,0)',
        details: params.includes('-1') ? ['then: guest asked for a reboot'] : [],
      });
      expect(told).toEqual(verdict.faults);
      expect(chain(told[0]!)).toBe('panic <- mount_block_root <- prepare_namespace <- kernel_init');
      expect(told[0]!.likely).toBe('no --initrd and no --disk were given, and the command line has no root=');
      expect(console).toContain(printed);
    });

    it('panics at the same instruction every time', async () => {
      const [first, second] = [await boot(), await boot({ timeout: '100s' })].map(({ verdict }) => verdict);
      expect(second!.instructions).toBe(first!.instructions);
      expect(second!.stateHash).toBe(first!.stateHash);
      expect(second!.faults).toEqual(first!.faults);
    });

    it.each(['', 'panic=-1', 'loglevel=0', 'loglevel=0 panic=-1'])(
      'panics without symbols too (%s)',
      async (params) => {
        const { verdict } = await boot({ kernel: nameless, params, limit: '2s' });
        expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100 });
        if (!params.includes('loglevel')) expect(verdict.summary).toMatch(/^VFS: Unable to mount/);
        expect(verdict.faults[0]!.backtrace.every(({ name }) => name === null)).toBe(true);
      },
    );

    it('is named by the System.map of a kernel without tables', async () => {
      const { verdict } = await boot({ kernel: nameless, symbols: fileOf('te-symbols') });
      expect(chain(verdict.faults[0]!)).toBe('panic <- mount_block_root <- prepare_namespace <- kernel_init');
    });
  });

  it('panics when the first program ends', async () => {
    const { verdict } = await boot({ initrd, params: 'rdinit=/bin/date' });
    expect(verdict).toMatchObject({ exitCode: 100, summary: 'Attempted to kill init! exitcode=0x00000000' });
    expect(chain(verdict.faults[0]!)).toBe('panic <- do_exit <- do_group_exit <- sys_exit_group');
    expect(verdict.faults[0]!.likely).toMatch(/exited with code 0;/);
  });

  it('panics when the first program is not there', async () => {
    const { verdict } = await boot({ initrd, params: 'rdinit=/bin/nothing' });
    expect(verdict).toMatchObject({ exitCode: 100, summary: expect.stringMatching(/^VFS: Unable to mount root/) });
    expect(verdict.faults[0]!.likely).toBe('rdinit=/bin/nothing is not in the initrd, or may not be executed');
  });

  it('panics with too little memory', async () => {
    const { verdict } = await boot({ memory: '8M' });
    expect(verdict).toMatchObject({ exitCode: 100, summary: 'System is deadlocked on memory' });
    expect(chain(verdict.faults[0]!)).toMatch(/^panic <- out_of_memory <- .* <- kernel_init$/);
    expect(verdict.faults[0]!.likely).toMatch(/8M of RAM/);
  });

  describe('an oops', () => {
    it('is noted, the run goes on, and ends 100', async () => {
      const { verdict, told, console } = await shell([
        breakIt(),
        'busybox hostname x',
        'echo still here',
        'poweroff -f',
      ]);
      expect(console).toMatch(/^still here/m);
      expect(verdict).toMatchObject({ kind: 'oops', exitCode: 100, details: ['then: guest powered off'] });
      expect(verdict.summary).toMatch(/^Oops: CPU 0 Unable to handle kernel paging request .* 00000010/);
      expect(told).toHaveLength(1);
      expect(told[0]!.backtrace.map(({ name, address }) => name ?? address)).toEqual(['die', 'do_page_fault', 0x10]);
    });

    it('stops the run with --on-oops stop', async () => {
      const { verdict, console } = await shell([breakIt(), 'busybox hostname x', 'echo still here', 'poweroff -f'], {
        onOops: 'stop',
      });
      expect(verdict).toMatchObject({ kind: 'oops', exitCode: 100, details: [] });
      expect(console).toMatch(/---\[ end trace [0-9a-f]+ \]---\r?\n$/);
    });

    it('leads to a panic when the kernel was told so', async () => {
      const { verdict } = await shell(['echo 1 > /proc/sys/kernel/panic_on_oops', breakIt(), 'busybox hostname x']);
      expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'Fatal exception' });
      expect(verdict.faults.map(({ kind }) => kind)).toEqual(['oops', 'panic']);
    });
  });

  describe('a program that prints what a panic prints', () => {
    const text = 'Kernel panic - not syncing: forged';
    const forgeries: readonly (readonly [string, readonly string[]])[] = [
      ['and loops', [`echo "${text}"`, 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done']],
      ['and sleeps', [`echo "${text}"`, 'sleep 5']],
      ['in pieces', ['printf "Kernel panic "; printf "- not syncing: x\\n"; sleep 3']],
      ['with its end', [`printf "${text}\\n---[ end ${text} ]---\\nRebooting in 5 seconds..\\n"`]],
      ['through the kernel log', [`echo "<0>${text}" > /dev/kmsg`, 'sleep 3']],
      ['with an oops', ['echo "Oops[#1]:"; echo "<0>---[ end trace 0 ]---" > /dev/kmsg']],
      ['and has the kernel work for long', [`echo "${text}"`, 'dd if=/dev/zero of=/dev/null bs=64M count=8']],
    ];

    it.each(forgeries)('%s ends as it ends', async (_what, lines) => {
      for (const kernel of [vmlinux, nameless]) {
        const { verdict, told, console } = await shell([...lines, 'poweroff -f'], { kernel, onOops: 'stop' });
        expect(console).toMatch(/Kernel panic - not syncing: |Oops\[#1\]:/);
        expect(verdict).toMatchObject({ kind: 'power-off', exitCode: 0, faults: [] });
        expect(told).toEqual([]);
      }
    });

    it('and reboots has rebooted', async () => {
      const { verdict } = await shell([`echo "${text}"`, 'reboot -f'], { kernel: nameless });
      expect(verdict).toMatchObject({ kind: 'reboot', exitCode: 102 });
    });

    it('does not put words into the mouth of the panic that comes after it', async () => {
      const { verdict } = await shell([
        `echo "${text}"`,
        'echo 1 > /proc/sys/kernel/panic_on_oops',
        breakIt(),
        'busybox hostname x',
      ]);
      expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'Fatal exception' });
    });
  });
});

describe.runIf(isHere('4kc-kernel', 'guest-initrd'))("Debian's 6.1", () => {
  it('panics by sysrq, named by the tables that it has unpacked and relocated', async () => {
    const options = { kernel: fileOf('4kc-kernel'), initrd: fileOf('guest-initrd'), params: 'sh=1', limit: '100s' };
    const { verdict } = await run(options, 'echo "Kernel panic - not syncing: forged"; echo c > /proc/sysrq-trigger');
    expect(verdict).toMatchObject({ kind: 'panic', exitCode: 100, summary: 'sysrq triggered crash' });
    expect(chain(verdict.faults[0]!)).toMatch(
      /^panic <- sysrq_handle_crash <- __handle_sysrq <- write_sysrq_trigger <- /,
    );
  });
});
