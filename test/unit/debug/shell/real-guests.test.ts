// The debug shell on real guests, of both architectures and byte orders: what was seen by hand stays so. Running a guest under the shell does not
// change what it comes to.
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RunningVm, type StartVmOptions, startVm } from '../../../../src/api/index.ts';
import { DebugShell } from '../../../../src/debug/shell/shell.ts';

const BIN = resolve(import.meta.dirname, '../../../../guests/bin');

class Session {
  readonly vm: RunningVm;
  readonly shell: DebugShell;

  constructor(vm: RunningVm, shell: DebugShell) {
    this.vm = vm;
    this.shell = shell;
  }

  async does(line: string): Promise<string[]> {
    const { output, ok } = await this.shell.execute(line);
    if (!ok) throw new Error(`${line}: ${output}`);
    return output.split('\n').slice(0, -1);
  }
}

type GuestOptions = Pick<StartVmOptions, 'params' | 'cpus' | 'boot' | 'memory'>;

async function started(elf: string, options: GuestOptions = {}): Promise<Session> {
  const vm = await startVm({ kernel: join(BIN, elf), stopAtStart: true, onConsole() {}, ...options });
  const target = await vm.debugTarget();
  await target.pause();
  const shell = new DebugShell(target, { files: { read: () => new Uint8Array(), write() {} } });
  onTestFinished(async () => {
    await shell.close();
    vm.stop('the test is over');
    await vm.wait();
  });
  return new Session(vm, shell);
}

/** What the guest comes to when nobody looks. */
async function undisturbed(elf: string, options: GuestOptions = {}) {
  const vm = await startVm({ kernel: join(BIN, elf), onConsole() {}, ...options });
  const { stateHash, instructions, exitCode } = await vm.wait();
  return { stateHash, instructions, exitCode };
}

describe.each(['fault-zoo-te-el.elf', 'fault-zoo-te-eb.elf', 'fault-zoo-malta-el.elf', 'fault-zoo-malta-eb.elf'])(
  '%s',
  (elf) => {
    it('is stopped, stepped and explained, and comes to the same end', { timeout: 60_000 }, async () => {
      const expected = await undisturbed(elf, { params: 'fault=1' });
      const guest = await started(elf, { params: 'fault=1' });
      expect((await guest.does('pause'))[1]).toMatch(/^ => 0x[0-9a-f]{8} _start {2}/);
      await guest.does('break null_load');
      await guest.does('tbreak main if $a0 == 12345');
      expect((await guest.does('tbreak main'))[0]).toMatch(/^breakpoint 3 at 0x[0-9a-f]{8} main once$/);
      const [reason, next] = await guest.does('continue');
      expect(reason).toMatch(/^breakpoint 3 at main, cpu0 @[\d,]+ \d\.\d{6}s$/);
      expect(next).toMatch(/^\*=> 0x[0-9a-f]{8} main {2}[0-9a-f]{8} {2}addiu \$sp, \$sp, -\d+$/);
      // Step over the whole prologue up to a call, and over that.
      const seen: string[] = [];
      while (!seen.at(-1)?.includes(' jal ')) seen.push((await guest.does('next'))[0]!);
      const call = await guest.does('regs pc');
      const behind = (await guest.does('print $pc + 8'))[0]!.slice(0, 10);
      expect((await guest.does('next')).at(-1)).toContain(`=> ${behind} main+`);
      expect(call[0]).toContain('main+');
      expect((await guest.does('continue'))[0]).toMatch(/^breakpoint 1 at null_load,/);
      expect((await guest.does('bt'))[1]).toContain(' main+');
      expect((await guest.does('goto +1'))[0]).toMatch(/^reached @/);
      expect((await guest.does('regs a0'))[0]).toBe('a0  0x00000000');
      const taken = await guest.does('step');
      expect(taken[0]).toMatch(/^cpu0 took an exception: TLB refill on load at 0x[0-9a-f]{8} null_load\+0x4$/);
      expect((await guest.does('why')).slice(0, 3)).toEqual([
        expect.stringMatching(/^cpu0 \d\.\d{6}s {2}TLB refill on load, 0x00000010, pc 0x[0-9a-f]{8} null_load\+0x4$/),
        '  lw $v0, 16($a0)   a0 = 0x00000000',
        expect.stringContaining('NULL dereference'),
      ]);
      expect((await guest.does('walk 0x10')).at(-1)).toContain('guest exception: no matching TLB entry');
      expect((await guest.does('continue'))[0]).toContain(`exit ${expected.exitCode}, @`);
      const { stateHash, instructions } = await guest.vm.wait();
      expect({ stateHash, instructions }).toEqual({
        stateHash: expected.stateHash,
        instructions: expected.instructions,
      });
      // It can still be looked at.
      expect((await guest.does('why list'))[0]).toContain('TLB refill on load');
      expect((await guest.shell.execute('step')).output).toMatch(/^error: the run is over/);
    });

    it('a watched place is told with its values; devices, queues and counters are shown', {
      timeout: 60_000,
    }, async () => {
      const guest = await started(elf, { params: 'fault=1' });
      await guest.does('tbreak main');
      await guest.does('stats on');
      await guest.does('trace on exit last 10');
      await guest.does('continue');
      await guest.does('watch $sp-4 4 write');
      const [head, by, next] = await guest.does('continue');
      expect(head).toMatch(
        /^watchpoint 2: write of 4 bytes at 0x[0-9a-f]{8}( \S+)?, 0x[0-9a-f]{8} -> 0x[0-9a-f]{8}, cpu0 @/,
      );
      expect(by).toMatch(/^ {2}by 0x[0-9a-f]{8} main\+0x4: sw \$ra, \d+\(\$sp\)$/);
      expect(next).toContain('main+0x8');
      const ra = (await guest.does('print $ra'))[0]!.slice(0, 10);
      expect(head).toContain(`-> ${ra},`);
      expect((await guest.does('devices')).length).toBeGreaterThan(1);
      for (const line of await guest.does('map'))
        expect(line).toMatch(/^0x[0-9a-f]{8}\.\.0x[0-9a-f]{8} {2}(ram|device)/);
      expect((await guest.does('stats all')).length).toBeGreaterThan(30);
      await guest.does('trace show');
      await guest.does('irq');
      await guest.does('tlb');
      await guest.does('virtqueues');
      await guest.does('regs all');
    });
  },
);

describe('fault-zoo-arm.elf', () => {
  it('is stopped in both instruction sets, and explained', async () => {
    const guest = await started('fault-zoo-arm.elf', { params: 'fault=2', boot: 'svc', memory: '64M' });
    expect(await guest.does('cpu')).toEqual([
      'cpu0, svc A32, MMU off, IRQ off',
      expect.stringMatching(/^ => 0x80008020 _start {2}[0-9a-f]{8} {2}ldr sp, /),
    ]);
    // By their physical address and by name, before the MMU is on.
    await guest.does('break fault_2');
    await guest.does('tbreak phys:_start+8');
    expect((await guest.does('continue'))[0]).toMatch(/^breakpoint 2 at _start\+0x8, /);
    expect((await guest.does('continue'))[0]).toMatch(/^breakpoint 1 at fault_2, /);
    for (let i = 0; i < 20 && !(await guest.does('cpu'))[0]!.includes('T32'); i++) await guest.does('step');
    // Instructions of both lengths, from where it stands on.
    expect((await guest.does('disassemble')).map((line) => line.slice(0, 4))).toEqual([
      ' => ',
      ...Array(7).fill('    '),
    ]);
    expect((await guest.does('disassemble fault_2 1 arm'))[0]).toMatch(/^\*/);
    expect((await guest.does('continue'))[0]).toContain('the guest has ended');
    expect((await guest.does('why')).slice(0, 2)).toEqual([
      expect.stringMatching(/^cpu0 \d\.\d{6}s {2}data abort on store, 0x00000004, pc 0x[0-9a-f]{8} fault_2\+0x14$/),
      '  str r2, [r3, #4]   r2 = 0x8020007e, r3 = 0x00000000',
    ]);
    expect((await guest.does('cpu'))[0]).toBe('cpu0, abt A32, MMU on, IRQ off');
    expect((await guest.does('walk 4 write')).at(-1)).toContain('translation fault, level 1');
    await guest.does('regs all');
  });
});

describe.each(['smp-te-el.elf', 'smp-arm.elf'])('%s', (elf) => {
  it('with several vCPUs, watched, stepped and traced, comes to the same end', { timeout: 60_000 }, async () => {
    const expected = await undisturbed(elf, { cpus: 2 });
    const guest = await started(elf, { cpus: 2 });
    await guest.does('goto +100,000');
    expect(await guest.does('cpus')).toHaveLength(3);
    await guest.does('trace on last 50');
    for (const id of [0, 1]) {
      await guest.does(`cpu ${id}`);
      await guest.does('step 20');
      await guest.does('next 20');
      const { output } = await guest.shell.execute('regs pc');
      await guest.does(`tbreak ${/0x[0-9a-f]{8}/.exec(output)![0]} cpu ${id} if 0`);
      await guest.does('watch $sp-64 64 access once');
      await guest.does('goto +1000');
    }
    await guest.does('delete');
    await guest.does('trace off');
    await guest.does('continue &');
    await guest.does('bt');
    await guest.does('regs');
    await guest.shell.execute('detach');
    const { stateHash, instructions, exitCode } = await guest.vm.wait();
    expect({ stateHash, instructions, exitCode }).toEqual(expected);
  });
});
