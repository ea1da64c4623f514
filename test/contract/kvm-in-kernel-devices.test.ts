// Devices that KVM serves itself (src/kvm/in-kernel-device.ts): their MMIO does not leave; what they do to interrupt lines, memory and the VM
// takes effect at the next instruction. The interrupt controller among them: kvm-irqchip.test.ts; the end of the
// system: kvm-system-event.test.ts.
import { describe, expect, it } from 'vitest';
import { ExitReason, KVM_MEM_LOG_DIRTY_PAGES } from '../../src/kvm/constants.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { type DeviceActions, RecordingDevice } from '../support/kvm/devices.ts';
import {
  CODE,
  errnoOf,
  Guest,
  type GuestOptions,
  MMIO,
  MMIO_PHYSICAL,
  mapPage,
  physical,
} from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  jal,
  type Line,
  label,
  lb,
  lbu,
  lh,
  lhu,
  li,
  lw,
  lwl,
  lwr,
  nop,
  ra,
  s0,
  s1,
  sb,
  sh,
  spin,
  sw,
  t0,
  t1,
} from '../support/kvm/mips-words.ts';
import { getDirty, HIGH, HIGH_VA, PAGE, setSlot } from '../support/kvm/slots.ts';
import { drain } from '../support/kvm/stores.ts';

const EINTR = -4;

interface Machine {
  readonly guest: Guest;
  readonly device: RecordingDevice;
}

/** A guest with a device of 0x100 bytes at MMIO, whose registers have the guest's byte order; t1 leads there. */
function machine(actions: DeviceActions = {}, options: GuestOptions & { order?: 'little' | 'big' } = {}): Machine {
  const guest = new Guest(options);
  const device = new RecordingDevice({ size: 0x100, ...actions });
  guest.vm.addInKernelDevice({ base: MMIO_PHYSICAL, order: options.order ?? guest.endianness, device });
  for (const vcpu of guest.vcpus) guest.setGpr(t1, MMIO, vcpu);
  return { guest, device };
}

/** Runs `code` to its end without an exit. */
function execute({ guest }: Machine, ...code: Line[]): Guest {
  guest.load([code, ...spin]);
  guest.pc = CODE;
  expect(guest.enter(1000)).toBe(EINTR);
  expect(guest.vcpu.waiting).toBe('spin');
  return guest;
}

describe('an access to an in-kernel device', () => {
  it('does not leave: a load has its value, a store arrives, each once and counted once', () => {
    const m = machine({ read: () => 0x12345678 });
    const guest = execute(m, lw(t0, 8, t1), sw(t0, 0x10, t1), addiu(s0, s0, 1));
    expect([guest.gpr(t0), guest.gpr(s0), guest.instructions]).toEqual([0x12345678, 1, 3]);
    expect(m.device.accesses).toEqual([
      { kind: 'read', offset: 8, length: 4, value: 0x12345678, vcpu: 0 },
      { kind: 'write', offset: 0x10, length: 4, value: 0x12345678, vcpu: 0 },
    ]);
  });

  it.each([
    ['LB', lb(t0, 4, t1), 0xffffff80],
    ['LBU', lbu(t0, 4, t1), 0x80],
    ['LH', lh(t0, 4, t1), 0xffff8180],
    ['LHU', lhu(t0, 4, t1), 0x8180],
    ['LW', lw(t0, 4, t1), 0x83828180],
  ])('%s extends what the device answers', (_name, code, value) => {
    const m = machine({ read: () => value });
    expect(execute(m, code).gpr(t0)).toBe(value);
  });

  it('SB, SH and SW write the low bytes of their register, unsigned', () => {
    const m = machine();
    m.guest.setGpr(t0, 0x89abcdef);
    execute(m, sb(t0, 1, t1), sh(t0, 2, t1), sw(t0, 4, t1));
    expect(m.device.accesses.map(({ offset, length, value }) => [offset, length, value])).toEqual([
      [1, 1, 0xef],
      [2, 2, 0xcdef],
      [4, 4, 0x89abcdef],
    ]);
  });

  it('LWL and LWR read a whole word and merge', () => {
    const m = machine({ read: () => 0x44332211 });
    m.guest.setGpr(t0, 0xaabbccdd);
    const guest = execute(m, lwr(t0, 1, t1));
    expect(guest.gpr(t0)).toBe(0xaa443322);
    guest.setGpr(t0, 0xaabbccdd);
    expect(execute(m, lwl(t0, 1, t1)).gpr(t0)).toBe(0x2211ccdd);
    expect(m.device.accesses.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 4],
      [0, 4],
    ]);
  });

  it.each([
    ['little', 'little', 0x11223344],
    ['little', 'big', 0x44332211],
    ['big', 'little', 0x44332211],
    ['big', 'big', 0x11223344],
  ] as const)('a %s-endian guest and %s-endian registers: bytes keep their places', (endianness, order, other) => {
    const m = machine({ read: () => 0x11223344 }, { endianness, order });
    const guest = execute(m, lw(t0, 0, t1), sw(t0, 4, t1));
    expect(guest.gpr(t0)).toBe(other);
    expect(m.device.accesses[1]!.value).toBe(0x11223344);
    guest.setGpr(t0, 0xa1b2);
    execute(m, sh(t0, 8, t1), sb(t0, 8, t1));
    expect(m.device.accesses.slice(2).map(({ value }) => value)).toEqual([
      order === endianness ? 0xa1b2 : 0xb2a1,
      0xb2,
    ]);
  });

  it('in a delay slot happens once', () => {
    const m = machine({ read: () => 7 });
    const guest = execute(m, jal('on'), lw(t0, 0, t1), nop, label('on'), b('end'), sw(t0, 4, t1), nop, label('end'));
    expect([guest.gpr(t0), guest.gpr(ra), guest.instructions]).toEqual([7, CODE + 8, 4]);
    expect(m.device.accesses).toHaveLength(2);
  });

  it('in the first instruction of a page never run before happens once', () => {
    const m = machine({ read: () => 7 });
    const at = CODE + PAGE;
    m.guest.load([lw(t0, 0, t1), ...spin], at);
    execute(m, li(s0, at), (0x08 | (s0 << 21)) >>> 0, nop);
    expect(m.device.accesses).toHaveLength(1);
  });

  it('is made by the vCPU that runs', () => {
    const { guest, device } = machine({ read: (_offset, vcpu) => 100 + vcpu }, { vcpus: 3 });
    guest.load([lw(t0, 0, t1), sw(t0, 4, t1), ...spin]);
    for (const vcpu of [...guest.vcpus].reverse()) guest.enter(10, vcpu);
    expect(guest.vcpus.map((vcpu) => guest.gpr(t0, vcpu))).toEqual([100, 101, 102]);
    expect(device.accesses.map(({ vcpu }) => vcpu)).toEqual([2, 2, 1, 1, 0, 0]);
  });

  it('happens at its own instant', () => {
    const instants: number[] = [];
    const m: Machine = machine({ write: () => instants.push(m.guest.vm.clock.now) });
    m.guest.load([sw(t0, 0, t1), ...spin]);
    m.guest.enter(5);
    expect(instants).toHaveLength(1);
    expect(instants[0]).toBeLessThanOrEqual(10);
  });

  it('by whatever address: KSEG0, the TLB', () => {
    const { guest, device } = machine();
    guest.load([
      mapPage(0x60004000, MMIO_PHYSICAL),
      li(t1, 0x60004010),
      sw(t0, 0, t1),
      li(t1, 0x50000020),
      sw(t0, 0, t1),
      ...spin,
    ]);
    expect(guest.enter(1000)).toBe(EINTR);
    expect(device.accesses.map(({ offset }) => offset)).toEqual([0x10, 0x20]);
  });

  it('leaves the guest in the state that the exit would have left', () => {
    const code: Line = [lw(t0, 0, t1), sw(t0, 4, t1), addiu(s0, t0, 1), ...spin];
    const { guest } = machine({ read: () => 9 });
    const other = new Guest();
    other.setGpr(t1, MMIO);
    for (const each of [guest, other]) each.load(code);
    guest.enter(100);
    while (other.enter(100) === 0) other.vcpu.run.mmio.data.set([9, 0, 0, 0]);
    expect(guest.hash()).toBe(other.hash());
  });
});

describe('where an in-kernel device is', () => {
  it.each([
    ['before it', -4],
    ['after it', 0x100],
  ])('an access %s leaves as before', (_where, offset) => {
    const { guest, device } = machine();
    guest.load([sw(t0, offset, t1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect([guest.vcpu.run.exitReason, device.accesses.length]).toEqual([ExitReason.MMIO, 0]);
  });

  it.each([
    ['store', sw(t0, 0x100, t1)],
    ['load', lw(t0, 0x100, t1)],
  ])('a %s that is only partly inside is not its', (_what, code) => {
    const { guest, device } = machine({ size: 0x102 });
    guest.load([code, ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect(device.accesses).toEqual([]);
  });

  it('two may be neighbours, none may overlap another: EEXIST', () => {
    const { guest, device } = machine();
    const add = (base: number, size: number) =>
      errnoOf(() => guest.vm.addInKernelDevice({ base, order: 'little', device: new RecordingDevice({ size }) }));
    expect(add(MMIO_PHYSICAL - 0x100, 0x100)).toBe('success');
    expect(add(MMIO_PHYSICAL + 0x100, 0x100)).toBe('success');
    for (const [base, size] of [
      [MMIO_PHYSICAL, 4],
      [MMIO_PHYSICAL + 0xff, 1],
      [MMIO_PHYSICAL - 0x200, 0x1000],
    ] as const)
      expect(add(base, size)).toBe('EEXIST');
    execute({ guest, device }, sw(t0, 0, t1));
    expect(device.accesses).toHaveLength(1);
  });

  it('memory comes before it, and an ioeventfd and a coalesced zone after it', () => {
    const { guest, device } = machine();
    const fd = new EventFd();
    guest.vm.ioeventfd({ addr: MMIO_PHYSICAL, len: 4, datamatch: 0n, flags: 0, fd });
    guest.vm.ioeventfd({ addr: MMIO_PHYSICAL + 0x100, len: 4, datamatch: 0n, flags: 0, fd });
    guest.vm.registerCoalescedMmio({ addr: MMIO_PHYSICAL, size: 0x1000, pio: 0 });
    execute({ guest, device }, sw(t0, 0, t1), sw(t0, 0x100, t1), sw(t0, 0x200, t1));
    expect(device.accesses.map(({ offset }) => offset)).toEqual([0]);
    expect([fd.read(), drain(guest).map(({ physAddr }) => physAddr)]).toEqual([1, [MMIO_PHYSICAL + 0x200]]);
    setSlot(guest, { guestPhysAddr: MMIO_PHYSICAL });
    guest.setGpr(t1, 0x50000000);
    execute({ guest, device }, sw(t0, 0, t1));
    expect(device.accesses).toHaveLength(1);
  });
});

describe('while it serves a store, a device may', () => {
  it('write guest memory: the next instruction sees it, data and code', () => {
    const m: Machine = machine({
      write: () => {
        m.guest.vm.memory.writeU32(HIGH, 0x77, 'little');
        m.guest.vm.memory.writeU32(physical(CODE) + 12, addiu(s1, s1, 50), 'little');
      },
    });
    setSlot(m.guest, { flags: KVM_MEM_LOG_DIRTY_PAGES });
    m.guest.setGpr(t0, HIGH_VA);
    const guest = execute(m, lw(s0, 0, t0), sw(t0, 0, t1), lw(s0, 0, t0), addiu(s1, s1, 1));
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x77, 50]);
    expect(getDirty(guest)).toEqual([0]);
  });

  it('take memory away and put other memory there', () => {
    const m: Machine = machine({
      write: (_offset, value) => {
        setSlot(m.guest, { memorySize: 0 });
        setSlot(m.guest, { userspaceAddr: 0x200000 + value * PAGE });
      },
    });
    for (const n of [2, 0]) {
      setSlot(m.guest, { memorySize: 0 });
      setSlot(m.guest, { userspaceAddr: 0x200000 + n * PAGE });
      m.guest.vm.memory.writeU32(HIGH, 0x100 + n, 'little');
    }
    m.guest.setGpr(t0, HIGH_VA);
    m.guest.setGpr(ra, 2);
    const guest = execute(m, lw(s0, 0, t0), sw(ra, 0, t1), lw(s1, 0, t0));
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x100, 0x102]);
  });

  it('give the dirty log: the store after it is in the next one', () => {
    const logs: number[][] = [];
    const m: Machine = machine({ write: () => logs.push(getDirty(m.guest)) });
    setSlot(m.guest, { flags: KVM_MEM_LOG_DIRTY_PAGES });
    m.guest.setGpr(t0, HIGH_VA);
    execute(m, sw(t0, 0, t0), sw(t0, 0, t1), sw(t0, 4, t0), sw(t0, 0, t1), sw(t0, 0, t1));
    expect(logs).toEqual([[0], [0], []]);
  });
});
