// Stops of a running guest (src/vmm/debugger.ts, src/api/debug-target.ts): breakpoints, watchpoints, steps, going to an instruction count. Whatever a debugger
// does but for writing, the run is the run without it: same count, same state, with any engine and schedule.
import { describe, expect, it } from 'vitest';
import { type RunningVm, type StartVmOptions, startVm } from '../../src/api/index.ts';
import type { DebugTarget, Stop } from '../../src/debug/target.ts';

const guest = (name: string): string => `guests/bin/${name}.elf`;

async function stopped(options: StartVmOptions): Promise<{ vm: RunningVm; target: DebugTarget }> {
  const vm = await startVm({ ...options, stopAtStart: true });
  const target = await vm.debugTarget();
  expect(target.stopped).toEqual({ kind: 'paused' });
  return { vm, target };
}

async function ended(vm: RunningVm): Promise<readonly [instructions: number, state: string, exitCode: number]> {
  const { instructions, stateHash, exitCode } = await vm.wait();
  return [instructions, stateHash, exitCode];
}

const plainly = async (options: StartVmOptions) => ended(await startVm(options));
const pc = (target: DebugTarget, cpu = 0): number => target.view.pc(target.cpu(cpu));

const RUNS: readonly (readonly [name: string, options: StartVmOptions])[] = [
  ['MIPS, little endian', { kernel: guest('hello-te-el') }],
  ['MIPS, big endian, interpreted', { kernel: guest('hello-te-eb'), engine: 'interpreter' }],
  ['ARM in Hyp mode', { kernel: guest('hello-arm') }],
  ['four ARM vCPUs', { kernel: guest('smp-arm'), cpus: 4 }],
];

describe.each(RUNS)('a debugged guest (%s)', (_name, options) => {
  it('comes to the same count and state, whatever it is stopped at', async () => {
    const { vm, target } = await stopped(options);
    for (let n = 0; n < 300; n++) await target.resume({ kind: 'step', cpu: n % 7 === 0 ? target.cpus - 1 : 0 });
    const here = pc(target);
    const stackPage = target.view.stackPointer(target.cpu(0)) & ~0xfff;
    let asked = 0;
    const never = (): boolean => {
      asked++;
      return false;
    };
    target.addBreakpoint({ kind: 'execution', space: 'virtual', address: (here & ~1) >>> 0, condition: never });
    const stack = {
      kind: 'data',
      space: 'virtual',
      address: stackPage >>> 0,
      length: 0x1000,
      access: 'access',
    } as const;
    const watch = target.addBreakpoint({ ...stack, condition: never });
    await target.resume({ kind: 'instructions', at: target.clock.instructions + 5000 });
    target.removeBreakpoint(watch.id);
    for (let n = 0; n < 20; n++) {
      await target.resume({ kind: 'instructions', at: target.clock.instructions + 37 });
      await target.resume({ kind: 'range', cpu: 0, start: pc(target), end: pc(target) + 16 });
    }
    const more = target.addBreakpoint({ ...stack, access: 'write', once: true });
    void target.resume({ kind: 'continue' });
    await Promise.race([vm.wait(), target.pause()]);
    target.removeBreakpoint(more.id);
    if (target.stopped?.kind !== 'ended') void target.resume({ kind: 'continue' });
    expect(await ended(vm)).toEqual(await plainly(options));
    expect(asked).toBeGreaterThan(0);
    expect(vm.journalEntries()).toEqual([]);
    expect(target.stopped).toMatchObject({ kind: 'ended' });
  });
});

describe('a breakpoint', () => {
  const options = { kernel: guest('hello-te-el') };

  it('stops before its instruction each time the guest comes there, and counts that', async () => {
    const { vm, target } = await stopped(options);
    for (let n = 0; n < 40; n++) await target.resume({ kind: 'step', cpu: 0 });
    const loop = await revisited(target);
    const breakpoint = target.addBreakpoint({ kind: 'execution', space: 'virtual', address: loop });
    for (let n = 1; n <= 3; n++) {
      const stop = await target.resume({ kind: 'continue' });
      expect(stop).toEqual({ kind: 'breakpoint', id: breakpoint.id, cpu: 0, pc: loop });
      expect(pc(target)).toBe(loop);
      expect(target.breakpoints()).toEqual([breakpoint]);
      expect(breakpoint.hits).toBe(n);
    }
    expect(target.removeBreakpoint(breakpoint.id)).toBe(true);
    expect(target.removeBreakpoint(breakpoint.id)).toBe(false);
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'ended', exitCode: 0 });
    await vm.wait();
  });

  it('that is there once is gone then; physical and virtual ones stop at the same place', async () => {
    const { vm, target } = await stopped(options);
    for (let n = 0; n < 40; n++) await target.resume({ kind: 'step', cpu: 0 });
    const loop = await revisited(target);
    target.addBreakpoint({ kind: 'execution', space: 'physical', address: loop & 0x1fffffff, once: true });
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint', pc: loop });
    expect(target.breakpoints()).toEqual([]);
    vm.stop();
    await vm.wait();
  });

  it('with a condition is decided by what the guest has in its registers there', async () => {
    const { vm, target } = await stopped(options);
    for (let n = 0; n < 40; n++) await target.resume({ kind: 'step', cpu: 0 });
    const loop = await revisited(target);
    const t0 = (): bigint => target.view.read(target.cpu(0), target.view.find(target.cpu(0), 't0')!);
    const seen = new Set<bigint>();
    const condition = (): boolean => seen.add(t0()).size === 5;
    const { id } = target.addBreakpoint({ kind: 'execution', space: 'virtual', address: loop, condition });
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint', id });
    expect(seen.size).toBe(5);
    expect(target.breakpoints()[0]!.hits).toBe(1);
    vm.stop();
    await vm.wait();
  });

  it('with a condition that throws stops, so that it is seen', async () => {
    const { vm, target } = await stopped(options);
    const condition = (): boolean => {
      throw new Error('no such register');
    };
    target.addBreakpoint({ kind: 'execution', space: 'virtual', address: pc(target) + 8, condition });
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint' });
    vm.stop();
    await vm.wait();
  });

  /** An address that the guest comes to often from here on. */
  async function revisited(target: DebugTarget): Promise<number> {
    const seen = new Map<number, number>();
    for (;;) {
      await target.resume({ kind: 'step', cpu: 0 });
      const times = (seen.get(pc(target)) ?? 0) + 1;
      if (times === 4) return pc(target);
      seen.set(pc(target), times);
    }
  }
});

describe('a watchpoint', () => {
  it.each(['hello-te-eb', 'smp-arm'])('tells a store of %s before it happens, and what it stores', async (name) => {
    const { vm, target } = await stopped({ kernel: guest(name) });
    // Early code has no stack yet.
    while (target.view.stackPointer(target.cpu(0)) === 0 || target.view.mode(target.cpu(0)).startsWith('hyp'))
      await target.resume({ kind: 'instructions', at: target.clock.instructions + 100 });
    const address = (target.view.stackPointer(target.cpu(0)) & ~0xff) >>> 0;
    target.addBreakpoint({ kind: 'data', space: 'virtual', address: address - 0x800, length: 0x900, access: 'write' });
    const stop = (await target.resume({ kind: 'continue' })) as Extract<Stop, { kind: 'watchpoint' }>;
    expect(stop).toMatchObject({ kind: 'watchpoint', cpu: 0, access: 'write' });
    const before = target.clock.instructions;
    await target.resume({ kind: 'step', cpu: 0 });
    expect(target.clock.instructions).toBeGreaterThan(before);
    const stored = target.readVirtual(0, stop.address, stop.length);
    if (target.endianness === 'little') stored.reverse();
    expect(stored.reduce((sum, byte) => sum * 256 + byte, 0)).toBe(stop.value);
    vm.stop();
    await vm.wait();
  });

  it('that is added before the instruction which makes the access sees it; one that has stopped there does not again', async () => {
    const { vm, target } = await stopped({ kernel: guest('smp-te-el') });
    const isLoad = (): boolean => /^sw /.test(target.disassemble(0, pc(target), 1)[0]!.text);
    while (!isLoad()) await target.resume({ kind: 'step', cpu: 0 });
    const at = pc(target);
    const all = { kind: 'data', space: 'virtual', address: 0x40000000, length: 1 << 20, access: 'write' } as const;
    const [low, high] = [target.addBreakpoint(all), target.addBreakpoint({ ...all, address: 0x40100000 })];
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'watchpoint', pc: at });
    const next = await target.resume({ kind: 'continue' });
    expect(next).toMatchObject({ kind: 'watchpoint' });
    expect(low.hits + high.hits).toBe(2);
    expect(target.clock.instructions).toBeGreaterThan(1);
    vm.stop();
    await vm.wait();
  });

  it('is refused where two engines are compared', async () => {
    const { vm, target } = await stopped({ kernel: guest('hello-te-el'), engine: 'lockstep' });
    const spec = { kind: 'data', space: 'virtual', address: 0x40100000, length: 4, access: 'read' } as const;
    expect(() => target.addBreakpoint(spec)).toThrow(/lockstep|compared/);
    expect(target.breakpoints()).toEqual([]);
    vm.stop();
    await vm.wait();
  });
});

describe('a guest that stands', () => {
  it('is written to through the journal, which a replay repeats', async () => {
    const options = { kernel: guest('hello-te-el') };
    const { vm, target } = await stopped(options);
    await target.resume({ kind: 'instructions', at: 400 });
    target.writeRegister(0, 's7', 0x12345678n);
    target.writeVirtual(0, 0x40001ffe, Uint8Array.of(1, 2, 3, 4));
    expect(target.view.read(target.cpu(0), target.view.find(target.cpu(0), 's7')!)).toBe(0x12345678n);
    expect([...target.readPhysical(0x1ffe, 4)!]).toEqual([1, 2, 3, 4]);
    void target.resume({ kind: 'continue' });
    const first = await ended(vm);
    expect(first).not.toEqual(await plainly(options));
    expect(vm.journalEntries().map(({ event }) => event.type)).toEqual(['register', 'memory', 'memory']); // two pages
    expect(await plainly({ ...options, replay: vm.journal() })).toEqual(first);
  });

  it('cannot go back, nor be asked for what it has not', async () => {
    const { vm, target } = await stopped({ kernel: guest('hello-te-el') });
    await target.resume({ kind: 'instructions', at: 100 });
    await expect(target.resume({ kind: 'instructions', at: 100 })).rejects.toThrow(/cannot go back/);
    await expect(target.resume({ kind: 'step', cpu: 1 })).rejects.toThrow(/no cpu1/);
    await expect(target.resume({ kind: 'step', cpu: 0, count: Number.NaN })).rejects.toThrow(/NaN: not a number of/);
    await expect(target.resume({ kind: 'instructions', at: 1e300 })).rejects.toThrow(/not a number of instructions/);
    expect(() => target.readVirtual(0, 0x40100000, -1)).toThrow(/not a number of bytes/);
    expect(() => target.readVirtual(0, 0x40100000, 2 ** 53)).toThrow(/not a number of bytes/);
    expect(() => target.writeRegister(0, 'cpsr', 0n)).toThrow(/no register/);
    expect(() => target.writePhysical(0x1fffffff, Uint8Array.of(1, 2))).toThrow(/no RAM/);
    expect(target.readPhysical(0x7fffffff, 2)).toBeNull();
    expect(target.readVirtual(0, 0x1000, 16)).toHaveLength(0);
    expect(target.stopped).toMatchObject({ kind: 'instructions' });
    vm.stop();
    await vm.wait();
  });

  it('may be looked at when it has ended, but not changed', async () => {
    const { vm, target } = await stopped({ kernel: guest('hello-te-el') });
    await target.resume({ kind: 'continue' });
    await vm.wait();
    expect(pc(target)).toBeGreaterThan(0x40100000);
    expect(() => target.writeRegister(0, 's7', 1n)).toThrow(/over/);
    await expect(target.resume({ kind: 'continue' })).rejects.toThrow(/over/);
    expect(await target.pause()).toMatchObject({ kind: 'ended' });
  });

  it('refuses what needs it to stand while it runs', async () => {
    const { vm, target } = await stopped({ kernel: guest('echo-te-el'), input: 'api' });
    const stop = target.resume({ kind: 'continue' });
    expect(() => target.cpu(0)).toThrow(/runs/);
    await expect(target.resume({ kind: 'continue' })).rejects.toThrow(/runs/);
    expect(await target.pause()).toEqual({ kind: 'paused' });
    expect(await stop).toEqual({ kind: 'paused' });
    vm.stop();
    await vm.wait();
  });
});
