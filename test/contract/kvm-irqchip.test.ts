// KVM_CREATE_IRQCHIP, KVM_IRQ_LINE, and interrupts that in-kernel devices raise (reference KVM-API.md 1, 8 and 12; src/kvm/contract.ts, enter).
import { describe, expect, it } from 'vitest';
import { Cap, ExitReason } from '../../src/kvm/constants.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { type DeviceActions, RecordingDevice, RecordingIrqchip } from '../support/kvm/devices.ts';
import {
  CODE,
  CP0_CAUSE,
  CP0_EPC,
  CP0_STATUS,
  errnoOf,
  GENERAL_VECTOR,
  Guest,
  IE,
  IP2,
  MMIO,
  MMIO_PHYSICAL,
} from '../support/kvm/guest.ts';
import { addiu, b, type Line, label, lw, nop, s0, s1, spin, sw, t0, t1, wait } from '../support/kvm/mips-words.ts';

const EINTR = -4;

/** A guest with the model of an interrupt controller at MMIO; t1 leads there, s1 counts interrupts. */
function machine(actions: DeviceActions = {}, vcpus = 1): { guest: Guest; irqchip: RecordingIrqchip } {
  const guest = new Guest({ vcpus });
  const irqchip = new RecordingIrqchip(actions);
  guest.vm.provideIrqchip({ base: MMIO_PHYSICAL, order: 'little', device: irqchip });
  guest.load([addiu(s1, s1, 1), ...spin], GENERAL_VECTOR);
  for (const vcpu of guest.vcpus) guest.setGpr(t1, MMIO, vcpu);
  return { guest, irqchip };
}

describe('KVM_CREATE_IRQCHIP', () => {
  it('of a VM without a model of one is ENOTTY, as on trap-and-emulate MIPS; CHECK_EXTENSION says 0', () => {
    const { vm } = new Guest();
    expect(vm.checkExtension(Cap.IRQCHIP)).toBe(0);
    expect(errnoOf(() => vm.createIrqchip())).toBe('ENOTTY');
  });

  it('of a VM with one: CHECK_EXTENSION on that VM says 1, before and after; a second one is EEXIST', () => {
    const { vm } = machine().guest;
    expect(vm.checkExtension(Cap.IRQCHIP)).toBe(1);
    expect(errnoOf(() => vm.createIrqchip())).toBe('success');
    expect(errnoOf(() => vm.createIrqchip())).toBe('EEXIST');
    expect(vm.checkExtension(Cap.IRQCHIP)).toBe(1);
  });

  it('switches it on: before, its window is MMIO that leaves', () => {
    const { guest, irqchip } = machine();
    guest.load([sw(t0, 0x10, t1), sw(t0, 0x10, t1), ...spin]);
    expect([guest.enter(100), guest.vcpu.run.exitReason]).toEqual([0, ExitReason.MMIO]);
    expect(irqchip.accesses).toEqual([]);
    guest.vm.createIrqchip();
    expect(guest.enter(100)).toBe(EINTR);
    expect(irqchip.accesses.map(({ offset }) => offset)).toEqual([0x10]);
  });

  it('does not create one where another device lies', () => {
    const { guest } = machine();
    guest.vm.addInKernelDevice({ base: MMIO_PHYSICAL + 0x800, order: 'little', device: new RecordingDevice() });
    expect(errnoOf(() => guest.vm.createIrqchip())).toBe('EEXIST');
    expect(errnoOf(() => guest.vm.irqLine({ irq: 9, level: 1 }))).toBe('ENXIO');
  });
});

describe('KVM_IRQ_LINE', () => {
  it('without an interrupt controller is ENXIO: no model, or not created yet', () => {
    expect(errnoOf(() => new Guest().vm.irqLine({ irq: 9, level: 1 }))).toBe('ENXIO');
    expect(errnoOf(() => machine().guest.vm.irqLine({ irq: 9, level: 1 }))).toBe('ENXIO');
  });

  it('sets its input lines; any level but 0 is high', () => {
    const { guest, irqchip } = machine();
    guest.vm.createIrqchip();
    for (const [irq, level] of [
      [9, 1],
      [63, 2],
      [12, 0],
    ] as const)
      guest.vm.irqLine({ irq, level });
    expect([...irqchip.lines]).toEqual([
      [9, true],
      [63, true],
      [12, false],
    ]);
  });

  it('of a line that it does not have is EINVAL', () => {
    const { guest, irqchip } = machine();
    guest.vm.createIrqchip();
    for (const irq of [64, 1000]) expect(errnoOf(() => guest.vm.irqLine({ irq, level: 1 }))).toBe('EINVAL');
    expect(irqchip.lines.size).toBe(0);
  });
});

describe('an in-kernel device that raises a line', () => {
  /** A store of v to MMIO + 4 * cpu raises (v = 1) or lowers (v = 0) IP2 of that vCPU. */
  function lines(code: Line, vcpus = 2): Guest {
    const { guest } = machine(
      {
        write: (offset, value) => guest.vcpus[0]!.interrupt({ cpu: offset / 4, irq: value ? 2 : -2 }),
        read: (offset) => {
          guest.vcpus[0]!.interrupt({ cpu: offset / 4, irq: 2 });
          return 5;
        },
      },
      vcpus,
    );
    guest.vm.createIrqchip();
    guest.load([code, ...spin]);
    for (const vcpu of guest.vcpus) {
      vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE));
      guest.setGpr(t0, 1, vcpu);
    }
    return guest;
  }
  const cause = (guest: Guest, id: number): number => guest.cp0(CP0_CAUSE, guest.vcpus[id]) & IP2;
  const loop = [label('again'), addiu(s0, s0, 1), b('again'), nop];

  it('of another vCPU ends enter() with -EINTR right after that instruction, not at the deadline', () => {
    const guest = lines([nop, sw(t0, 4, t1), addiu(s0, s0, 1), loop]);
    expect(guest.enter(1000)).toBe(EINTR);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTR);
    expect([guest.instructions, guest.pc, guest.gpr(s0)]).toEqual([2, CODE + 8, 0]);
    expect([guest.vcpu.waiting, guest.vcpu.runnable]).toEqual(['none', true]);
    expect([cause(guest, 0), cause(guest, 1)]).toEqual([0, IP2]);
    // Entered again it goes on to its deadline, and the other vCPU takes its interrupt.
    expect(guest.enter(4)).toBe(EINTR);
    expect(guest.instructions).toBe(6);
    guest.enter(1, guest.vcpus[1]);
    expect([guest.gpr(s1, guest.vcpus[1]), guest.gpr(s1)]).toEqual([1, 0]);
  });

  it('of another vCPU in a delay slot ends it at the target of the branch', () => {
    const guest = lines([b('on'), sw(t0, 4, t1), nop, label('on'), loop]);
    guest.enter(1000);
    expect([guest.instructions, guest.pc]).toEqual([2, CODE + 12]);
  });

  it('of another vCPU by a load ends it after the load', () => {
    const guest = lines([lw(s0, 4, t1), addiu(s0, s0, 1), loop]);
    guest.enter(1000);
    expect([guest.instructions, guest.pc, guest.gpr(s0), cause(guest, 1)]).toEqual([1, CODE + 4, 5, IP2]);
  });

  it('of another vCPU wakes it when it waits', () => {
    const guest = lines([wait, sw(t0, 4, t1), loop]);
    const other = guest.vcpus[1]!;
    guest.enter(100, other);
    expect([other.waiting, other.runnable]).toEqual(['wait', false]);
    guest.pc = CODE + 4;
    guest.enter(100);
    expect([other.runnable, guest.instructions]).toEqual([true, 2]);
  });

  it('that lowers one goes on', () => {
    const guest = lines([sw(0, 4, t1), loop]);
    guest.vcpus[1]!.interrupt({ cpu: -1, irq: 2 });
    expect(guest.enter(31)).toBe(EINTR);
    expect([guest.instructions, guest.gpr(s0), cause(guest, 1)]).toEqual([31, 10, 0]);
  });

  it('of the vCPU that runs: it takes the interrupt before the next instruction, and goes on', () => {
    const guest = lines([nop, sw(t0, 0, t1), addiu(s0, s0, 1)]);
    expect(guest.enter(3)).toBe(EINTR);
    expect([guest.gpr(s1), guest.gpr(s0), guest.cp0(CP0_EPC), guest.exceptionCode]).toEqual([1, 0, CODE + 8, 0]);
    expect(guest.instructions).toBe(3);
  });

  it('of the vCPU that runs, in a delay slot: EPC is the target', () => {
    const guest = lines([b('on'), sw(t0, 0, t1), nop, label('on'), addiu(s0, s0, 1)]);
    guest.enter(3);
    expect([guest.gpr(s1), guest.gpr(s0), guest.cp0(CP0_EPC)]).toEqual([1, 0, CODE + 12]);
    expect(guest.cp0(CP0_CAUSE) >>> 31).toBe(0);
  });

  it('of the vCPU that runs, masked: it stays pending and nothing ends', () => {
    const guest = lines([sw(t0, 0, t1), loop]);
    guest.vcpu.setOneReg(CP0_STATUS, 0n);
    guest.enter(31);
    expect([guest.gpr(s0), cause(guest, 0)]).toEqual([10, IP2]);
  });

  it('of the vCPU that runs and lowers it at once: it never happened', () => {
    const guest = machine().guest;
    guest.vm.addInKernelDevice({
      base: MMIO_PHYSICAL + 0x1000,
      order: 'little',
      device: new RecordingDevice({
        write: () => {
          guest.vcpu.interrupt({ cpu: -1, irq: 2 });
          guest.vcpu.interrupt({ cpu: -1, irq: -2 });
        },
      }),
    });
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE));
    guest.load([sw(t0, 0x1000, t1), addiu(s0, s0, 1), ...spin]);
    guest.enter(2);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([1, 0]);
  });

  it('or the listener of an ioeventfd that does: the same', () => {
    const { guest } = machine({}, 2);
    const fd = new EventFd(() => guest.vcpu.interrupt({ cpu: 1, irq: 2 }));
    guest.vm.ioeventfd({ addr: MMIO_PHYSICAL, len: 4, datamatch: 0n, flags: 0, fd });
    guest.load([nop, sw(t0, 0, t1), loop]);
    expect(guest.enter(1000)).toBe(EINTR);
    expect([guest.instructions, guest.pc, cause(guest, 1)]).toEqual([2, CODE + 8, IP2]);
  });

  it('of two vCPUs at once: both have it', () => {
    const write = (): void => {
      for (const cpu of [0, 1, 2]) guest.vcpu.interrupt({ cpu, irq: 3 });
    };
    const { guest } = machine({ write }, 3);
    guest.vm.createIrqchip();
    guest.load([sw(t0, 0, t1), ...spin]);
    guest.enter(100);
    expect(guest.vcpus.map((vcpu) => guest.cp0(CP0_CAUSE, vcpu) & 0xff00)).toEqual([0x800, 0x800, 0x800]);
    expect(guest.instructions).toBe(1);
  });

  it('tells that vCPU once: the next enter() is not cut short', () => {
    const guest = lines([sw(t0, 4, t1), loop]);
    guest.enter(1000);
    expect(guest.instructions).toBe(1);
    guest.enter(30);
    expect(guest.instructions).toBe(31);
  });

  it('at the very deadline is the same -EINTR', () => {
    const guest = lines([sw(t0, 4, t1), loop]);
    expect(guest.enter(1)).toBe(EINTR);
    guest.enter(30);
    expect(guest.instructions).toBe(31);
  });

  it('is the same whatever the slices', () => {
    const run = (slice: number): string => {
      const guest = lines([label('top'), sw(t0, 4, t1), addiu(s0, s0, 1), sw(0, 4, t1), b('top'), nop]);
      guest.vcpus[1]!.setOneReg(CP0_STATUS, 0n);
      while (guest.instructions < 500) guest.enter(Math.min(slice, 500 - guest.instructions));
      return guest.hash();
    };
    expect([run(1), run(7)]).toEqual([run(1000), run(1000)]);
  });
});
