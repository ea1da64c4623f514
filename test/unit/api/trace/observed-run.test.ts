// Exits of real guests by reason (src/api/trace/observed-run.ts): what the profile counts is what KVM's counters count, the guest does not notice, and a
// running VM can be looked at for a while.
import { expect, it } from 'vitest';
import { type RunningVm, type StartVmOptions, startVm } from '../../../../src/api/index.ts';
import { TraceFile } from '../../../../src/api/trace/trace-file.ts';

const TIMER = 'guests/bin/timer-te-el.elf';
const HANG = 'guests/bin/bench-te-el.elf';
const ARM = 'guests/bin/smp-arm.elf';

const start = (kernel: string, options: Partial<StartVmOptions> = {}): Promise<RunningVm> =>
  startVm({ kernel, limit: '300ms', ...options });

it.each([
  ['MIPS', TIMER, 1],
  ['MIPS, two vCPUs', 'guests/bin/smp-te-eb.elf', 2],
  ['ARM, two vCPUs', ARM, 2],
])('the profile and the counters of a run agree, and the guest does not notice (%s)', async (_what, kernel, cpus) => {
  const plain = await (await start(kernel, { cpus })).wait();
  const vm = await start(kernel, { cpus, stat: true });
  const verdict = await vm.wait();
  expect([verdict.stateHash, verdict.instructions]).toEqual([plain.stateHash, plain.instructions]);
  const { exits, lines, guestTimeNs } = await vm.stat();
  const counted = (name: string): number => lines.find((line) => line.name === name)!.count ?? 0;
  const profiled = (reason: string): number =>
    exits!.rows.filter((row) => row.reason === reason).reduce((sum, { count }) => sum + count, 0);
  expect(guestTimeNs).toBe(verdict.guestTimeNs);
  expect(profiled('mmio')).toBe(counted('mmio_exit_user') + counted('mmio_exit_kernel'));
  for (const name of ['cop_unusable', 'syscall', 'tlbmod', 'resvd_inst'])
    expect([name, profiled(name)]).toEqual([name, counted(name)]);
  expect(profiled('wfx')).toBe(counted('wfi_exit_stat') + counted('wfe_exit_stat'));
  expect(profiled('hvc')).toBe(counted('hvc_exit_stat'));
  expect(exits!.rows.every(({ sites, count }) => sites[0]!.count <= count)).toBe(true);
  expect(exits!.exits).toBe(exits!.rows.reduce((sum, { count }) => sum + count, 0));
  expect(exits!.exits).toBeGreaterThan(10);
});

it('what a guest waits is the time of its WAITs', async () => {
  const vm = await start(TIMER, { stat: true });
  await vm.wait();
  const { exits } = await vm.stat();
  const wait = exits!.rows.find(({ detail }) => detail === 'wait')!;
  expect(wait.guestTimeNs).toBeGreaterThan(1_000_000);
  expect(exits!.rows.filter(({ guestTimeNs }) => guestTimeNs > wait.guestTimeNs)).toEqual([]);
});

it('a running VM is looked at for a while, beside its trace; one that stands or has ended has its counters', async () => {
  const file = new TraceFile('/dev/null');
  let traced = 0;
  const vm = await start(HANG, {
    limit: '100s',
    trace: {
      trace: (place, event) => {
        traced++;
        file.trace(place, event);
      },
    },
  });
  const table = await vm.stat(20);
  expect(table.exits).not.toBeNull();
  expect(table.exits!.guestTimeNs).toBeGreaterThan(0);
  const seen = traced;
  expect(seen).toBeGreaterThan(0);
  await vm.pause();
  const standing = await vm.stat(20);
  expect(standing.exits).toBeNull();
  expect(standing.instructions).toBeGreaterThanOrEqual(table.instructions);
  vm.resume();
  vm.stop('enough');
  await vm.wait();
  file.close();
  expect((await vm.stat(20)).exits).toBeNull();
});
