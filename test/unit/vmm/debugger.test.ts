// What debuggers want of a run, asked between two KVM_RUNs (src/vmm/debugger.ts): decided on a machine that only says where it stands.
import { beforeEach, describe, expect, it } from 'vitest';
import type { BreakpointSpec, DebugEvent, Stop } from '../../../src/kvm/debug.ts';
import { Debugger } from '../../../src/vmm/debugger.ts';
import type { DataHit, MachineDebug, PlaceHit, WatchedBytes } from '../../../src/vmm/machine.ts';

const clock = { instructions: 100, now: 1000, nsPerInstruction: 10, skipTo() {} };
let places: Parameters<MachineDebug['watchPlaces']>[0];
let comes: (at: PlaceHit) => boolean;
let data: readonly WatchedBytes[];
let accesses: (at: DataHit) => boolean;
let takesData: boolean;
let pc: number;
let guest: Debugger;

beforeEach(() => {
  clock.instructions = 100;
  takesData = true;
  pc = 0x1000;
  const debug: MachineDebug = {
    vcpu: () => ({ bank: () => 0, translate: () => ({ outcome: 'nothing' }), exceptions: () => [] }),
    pc: () => pc,
    watchPlaces: (wanted, hit) => {
      places = wanted;
      comes = hit;
    },
    watchData: (wanted, hit) => {
      if (!takesData) return false;
      data = wanted;
      accesses = hit;
      return true;
    },
  };
  const kernelAbi = { registers: () => ({ pc, sp: 0, ra: 0 }) };
  guest = new Debugger({ clock, debug, kernelAbi, vcpus: [{}, {}] } as unknown as ConstructorParameters<
    typeof Debugger
  >[0]);
  guest.stands({ kind: 'paused' });
});

const at = (address: number, more: Partial<BreakpointSpec> = {}): BreakpointSpec =>
  ({ kind: 'execution', space: 'virtual', address, ...more }) as BreakpointSpec;
const watch = (address: number, length: number, access: 'read' | 'write' | 'access'): BreakpointSpec => ({
  kind: 'data',
  space: 'virtual',
  address,
  length,
  access,
});
/** A vCPU comes to an instruction; the stop that comes of it. */
function arrive(address: number, cpu = 0, physical = address): Stop | null {
  clock.instructions += 7;
  pc = address;
  return comes({ cpu, pc: address, physical }) ? guest.due() : null;
}
function access(address: number, isWrite: boolean, length = 4): Stop | null {
  clock.instructions += 7;
  const hit = { cpu: 0, address, physical: address + 0x100000, length, isWrite, value: isWrite ? 5 : null, ordinal: 1 };
  return accesses(hit) ? guest.due() : null;
}

describe('a breakpoint', () => {
  it('has the machine watch its address, and stops there', () => {
    const { id } = guest.add(at(0x2000));
    guest.add(at(0x3000, { space: 'physical' }));
    expect(places).toEqual({ virtual: [0x2000], physical: [0x3000] });
    guest.goesOn({ kind: 'continue' });
    expect(arrive(0x2000)).toEqual({ kind: 'breakpoint', id, cpu: 0, pc: 0x2000 });
    expect(arrive(0x9000, 1, 0x3000)).toMatchObject({ kind: 'breakpoint', cpu: 1 });
    expect(guest.remove(id)).toBe(true);
    expect(places).toEqual({ virtual: [], physical: [0x3000] });
  });

  it('does not stop again where the guest has stood, but does when that comes again', () => {
    guest.add(at(0x2000));
    guest.goesOn({ kind: 'continue' });
    guest.stands(arrive(0x2000)!);
    guest.goesOn({ kind: 'continue' });
    expect(comes({ cpu: 0, pc: 0x2000, physical: 0x2000 })).toBe(false);
    expect(arrive(0x2000)).not.toBeNull();
  });

  it('of one vCPU, once, or with a condition is one only then', () => {
    guest.add(at(0x2000, { cpu: 1, once: true }));
    let wanted = false;
    const seen: (Stop | null)[] = [];
    const condition = (): boolean => {
      seen.push(guest.stopped);
      return wanted;
    };
    guest.add(at(0x4000, { condition }));
    guest.goesOn({ kind: 'continue' });
    expect(arrive(0x2000, 0)).toBeNull();
    expect(arrive(0x2000, 1)).not.toBeNull();
    expect(arrive(0x2000, 1)).toBeNull();
    expect(arrive(0x4000)).toBeNull();
    expect(guest.stopped).toBeNull();
    wanted = true;
    expect(arrive(0x4000)).not.toBeNull();
    expect(seen).toEqual([expect.objectContaining({ kind: 'breakpoint' }), expect.objectContaining({ pc: 0x4000 })]);
  });

  it('is refused for what is no address and no length, and beyond so many', () => {
    for (const spec of [at(-4), at(Number.NaN), at(1.5), watch(0, 0, 'read'), watch(0, 2 ** 40, 'read')])
      expect(() => guest.add(spec)).toThrow();
    for (let n = 0; n < 1024; n++) guest.add(at(4 * n));
    expect(() => guest.add(at(0))).toThrow(/1024/);
    expect(guest.breakpoints).toHaveLength(1024);
  });
});

describe('a watchpoint', () => {
  it('stops reads, writes or both, of any of its bytes', () => {
    guest.add(watch(0x2002, 3, 'write'));
    const { id } = guest.add(watch(0x3000, 1, 'access'));
    expect(data.map(({ address, length, reads, writes }) => [address, length, reads, writes])).toEqual([
      [0x2002, 3, false, true],
      [0x3000, 1, true, true],
    ]);
    guest.goesOn({ kind: 'continue' });
    expect(access(0x2000, false)).toBeNull();
    expect(access(0x2000, true)).toMatchObject({ kind: 'watchpoint', access: 'write', value: 5, pc: 0x1000 });
    expect(access(0x2005, true, 1)).toBeNull();
    expect(access(0x3000, false, 1)).toMatchObject({ id, access: 'read', value: null, physical: 0x103000 });
  });

  it('that is added where the guest stands sees the access of that very instruction; older ones have seen it', () => {
    const first = guest.add(watch(0x2000, 4, 'write'));
    guest.goesOn({ kind: 'continue' });
    const hit = { cpu: 0, address: 0x2000, physical: 0, length: 4, isWrite: true, value: 1, ordinal: 1 };
    expect(accesses(hit)).toBe(true);
    guest.stands(guest.due()!);
    guest.goesOn({ kind: 'continue' });
    expect(guest.steps(0)).toBe(true);
    expect(accesses(hit)).toBe(false);
    guest.stands({ kind: 'paused' });
    const second = guest.add(watch(0x2000, 4, 'write'));
    const no = guest.add({ ...watch(0x2000, 4, 'write'), condition: () => false });
    guest.goesOn({ kind: 'continue' });
    expect(accesses(hit)).toBe(true);
    expect(guest.due()).toMatchObject({ kind: 'watchpoint', id: second.id });
    expect(accesses(hit)).toBe(false);
    guest.remove(second.id); // those that are left are counted anew
    expect(accesses(hit)).toBe(true);
    expect(guest.due()).toBeNull();
    expect([first.hits, second.hits, no.hits]).toEqual([1, 1, 0]);
    pc = 0x80; // an interrupt at the same count
    expect(accesses(hit)).toBe(true);
  });

  it('asks each access of an instruction that makes several, and is stopped by each entry once', () => {
    const word = (address: number, value: number): boolean =>
      accesses({ cpu: 0, address, physical: 0, length: 4, isWrite: true, value, ordinal: (address - 0x2000) / 4 + 1 });
    const isFive = (stop: Stop): boolean => stop.kind === 'watchpoint' && stop.value === 5;
    const entry = guest.add({ ...watch(0x2000, 16, 'write'), condition: isFive });
    guest.goesOn({ kind: 'continue' });
    expect(word(0x2000, 4)).toBe(true);
    expect(guest.due()).toBeNull();
    expect([word(0x2000, 4), word(0x2004, 5)]).toEqual([false, true]);
    expect(guest.due()).toMatchObject({ kind: 'watchpoint', address: 0x2004 });
    expect([word(0x2000, 4), word(0x2004, 5), word(0x2008, 5)]).toEqual([false, false, false]);
    expect(entry.hits).toBe(1);
  });

  it('that the engine cannot watch leaves nothing behind', () => {
    takesData = false;
    expect(() => guest.add(watch(0x2000, 4, 'write'))).toThrow(/lockstep|compared/);
    expect(guest.breakpoints).toEqual([]);
  });
});

describe('a step', () => {
  it('ends when the vCPU has done so many, whatever others do meanwhile', () => {
    guest.goesOn({ kind: 'step', cpu: 1, count: 2 });
    expect([guest.steps(0), guest.steps(1)]).toEqual([true, true]); // cpu 0 passes where it has stood
    clock.instructions = 150;
    expect([guest.steps(0), guest.steps(1)]).toEqual([false, true]);
    guest.ran(0, 100);
    guest.ran(1, 150); // came back without a step
    expect(guest.due()).toBeNull();
    guest.ran(1, 149);
    expect(guest.due()).toBeNull();
    guest.ran(1, 149);
    expect(guest.due()).toEqual({ kind: 'step', cpu: 1 });
  });

  it('through a range goes on while the pc is in it', () => {
    guest.goesOn({ kind: 'range', cpu: 0, start: 0x1000, end: 0x1008 });
    for (const [now, stop] of [
      [0x1004, null],
      [0x1000, null],
      [0x1008, { kind: 'step', cpu: 0 }],
    ] as const) {
      pc = now;
      clock.instructions++;
      guest.ran(0, clock.instructions - 1);
      expect(guest.due()).toEqual(stop);
    }
  });

  it('to an instruction count has the instant of that as its deadline', () => {
    guest.goesOn({ kind: 'instructions', at: 160 });
    expect(guest.deadline).toBe(1000 + 600);
    expect(guest.due()).toBeNull();
    clock.instructions = 161;
    expect(guest.due()).toEqual({ kind: 'instructions' });
    guest.stands({ kind: 'instructions' });
    expect(() => guest.goesOn({ kind: 'instructions', at: 161 })).toThrow(/cannot go back/);
    expect(() => guest.goesOn({ kind: 'step', cpu: 2 })).toThrow(/no cpu2/);
    expect(guest.stopped).toEqual({ kind: 'instructions' });
  });
});

describe('those who debug', () => {
  it('all hear of every stop and resume, until they leave', async () => {
    const heard: DebugEvent[] = [];
    const leave = guest.subscribe((event) => heard.push(event));
    const [first, second] = [guest.next(), guest.next()];
    guest.goesOn({ kind: 'continue' });
    guest.stands({ kind: 'step', cpu: 1 });
    expect(await Promise.all([first, second])).toEqual([
      { kind: 'step', cpu: 1 },
      { kind: 'step', cpu: 1 },
    ]);
    expect(guest.stoppedCpu).toBe(1);
    leave();
    guest.goesOn({ kind: 'continue' });
    expect(heard.map(({ event }) => event)).toEqual(['resumed', 'stopped']);
  });
});
