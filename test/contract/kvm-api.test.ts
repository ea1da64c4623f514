// table: the KVM contract, section by section of reference KVM-API.md, as a table of contents: every capability's answer, every call's errors. What the
// calls do is in the neighbours: kvm-run, kvm-mmio, kvm-slots, kvm-readonly, kvm-sync-mmu, kvm-dirty-log*, kvm-coalesced-mmio, kvm-ioeventfd*,
// kvm-registers, kvm-interrupts, kvm-irqchip, kvm-in-kernel-devices, kvm-fpu-msa, kvm-stats*, kvm-trace.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../src/arch/mips/index.ts';
import { createKvm, type EmulatedVm } from '../../src/cpu/exec/kvm.ts';
import {
  Cap,
  ExitReason,
  exitReasonName,
  KVM_API_VERSION,
  KVM_VM_MIPS_AUTO,
  KVM_VM_MIPS_TE,
  KVM_VM_MIPS_VZ,
  KVM_MEM_LOG_DIRTY_PAGES as LOG,
  KVM_MEM_READONLY as READONLY,
} from '../../src/kvm/constants.ts';
import type { MemoryRegion, Vcpu } from '../../src/kvm/contract.ts';
import { KvmError } from '../../src/kvm/errors.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { KVM_REG_MIPS_COUNT_CTL, KVM_REG_MIPS_COUNT_HZ } from '../../src/kvm/mips.ts';
import { RecordingIrqchip } from '../support/kvm/devices.ts';
import { errnoOf, Guest } from '../support/kvm/guest.ts';

const ARENA = 0x40000;
const PAGE = 0x1000;
const system = (maxVcpus = 8) =>
  createKvm(mips32('little'), {
    arenaSize: ARENA,
    endianness: 'little',
    maxVcpus,
    nsPerInstruction: 10,
    seed: 1,
    paravirtHypercalls: false,
  });
const newVm = (maxVcpus?: number): EmulatedVm => system(maxVcpus).createVm(KVM_VM_MIPS_TE);

describe('1: the system', () => {
  it('KVM_GET_API_VERSION answers 12', () => {
    expect([system().getApiVersion(), KVM_API_VERSION]).toEqual([12, 12]);
  });

  it('KVM_GET_VCPU_MMAP_SIZE: a page of kvm_run and a page of the coalesced MMIO ring', () => {
    expect(system().getVcpuMmapSize()).toBe(8192);
  });

  it.each([
    ['AUTO', KVM_VM_MIPS_AUTO, 'success'],
    ['TE', KVM_VM_MIPS_TE, 'success'],
    ['VZ', KVM_VM_MIPS_VZ, 'success'],
    ['3, which is no type', 3, 'EINVAL'],
    ['-1', -1, 'EINVAL'],
    ['no number', Number.NaN, 'EINVAL'],
  ])('KVM_CREATE_VM of machine type %s: %s', (_what, type, result) => {
    expect(errnoOf(() => system().createVm(type))).toBe(result);
  });

  it('two VMs share no memory, no clock and no ring', () => {
    const [one, other] = [new Guest(), new Guest()];
    one.vm.memory.writeU32(0x1000, 1, 'little');
    one.vm.clock.skipTo(1000);
    expect(other.vm.memory.readU32(0x1000, 'little')).toBe(0);
    expect(other.vm.clock.now).toBe(0);
    expect(other.vm.coalescedMmioRing).not.toBe(one.vm.coalescedMmioRing);
  });
});

describe('2: exit reasons have the numbers of linux/kvm.h', () => {
  it.each([
    ['UNKNOWN', 0],
    ['EXCEPTION', 1],
    ['IO', 2],
    ['HYPERCALL', 3],
    ['DEBUG', 4],
    ['HLT', 5],
    ['MMIO', 6],
    ['IRQ_WINDOW_OPEN', 7],
    ['SHUTDOWN', 8],
    ['FAIL_ENTRY', 9],
    ['INTR', 10],
    ['DCR', 15],
    ['INTERNAL_ERROR', 17],
    ['SYSTEM_EVENT', 24],
  ] as const)('%s is %d', (name, number) => {
    expect(ExitReason[name]).toBe(number);
    expect(exitReasonName(number)).toBe(name);
  });
});

describe('12: KVM_CHECK_EXTENSION of a host with both machine types', () => {
  it.each([
    ['IRQCHIP', 0, 0],
    ['USER_MEMORY', 3, 1],
    ['NR_VCPUS', 9, 8],
    ['NR_MEMSLOTS', 10, 16],
    ['MP_STATE', 14, 0],
    ['COALESCED_MMIO', 15, 1], // the page of the ring
    ['SYNC_MMU', 16, 1],
    ['DESTROY_MEMORY_REGION_WORKS', 21, 1],
    ['SET_GUEST_DEBUG', 23, 0],
    ['JOIN_MEMORY_REGIONS_WORKS', 30, 1],
    ['IRQFD', 32, 0],
    ['IOEVENTFD', 36, 1],
    ['INTERNAL_ERROR_DATA', 40, 1],
    ['ENABLE_CAP', 54, 1],
    ['MAX_VCPUS', 66, 8],
    ['ONE_REG', 70, 1],
    ['READONLY_MEM', 81, 1],
    ['DEVICE_CTRL', 89, 0],
    ['ENABLE_CAP_VM', 98, 1],
    ['CHECK_EXTENSION_VM', 105, 1],
    ['MIPS_FPU', 111, 1],
    ['MIPS_MSA', 112, 0],
    ['IOEVENTFD_ANY_LENGTH', 122, 1],
    ['MAX_VCPU_ID', 128, 8],
    ['IMMEDIATE_EXIT', 136, 1],
    ['MIPS_VZ', 137, 1],
    ['MIPS_TE', 138, 1],
    ['MIPS_64BIT', 139, 0],
    ['MANUAL_DIRTY_LOG_PROTECT2', 168, 1],
  ] as const)('%s (%d) answers %d, on the system and on the VM', (name, number, answer) => {
    expect(Cap[name]).toBe(number);
    expect([system().checkExtension(number), newVm().checkExtension(number)]).toEqual([answer, answer]);
  });

  it('what is not in the table answers 0: other architectures, port I/O, numbers that are none', () => {
    const others = [
      1,
      2,
      7,
      26,
      28,
      29,
      53,
      58,
      62,
      83,
      87,
      88,
      102,
      166,
      174,
      177,
      9999,
      -1,
      2 ** 31,
      0.5,
      Number.NaN,
    ];
    for (const cap of others)
      expect([cap, system().checkExtension(cap), newVm().checkExtension(cap)]).toEqual([cap, 0, 0]);
  });

  it('IRQCHIP answers 1 on a VM that has the model of one, and still 0 on the system', () => {
    const vm = newVm();
    vm.provideIrqchip({ base: 0x10000000, order: 'little', device: new RecordingIrqchip() });
    expect([vm.checkExtension(Cap.IRQCHIP), system().checkExtension(Cap.IRQCHIP)]).toEqual([1, 0]);
  });

  it('a VM made for fewer vCPUs says so', () => {
    for (const cap of [Cap.NR_VCPUS, Cap.MAX_VCPUS, Cap.MAX_VCPU_ID]) expect(newVm(2).checkExtension(cap)).toBe(2);
  });
});

describe('11: KVM_CREATE_VCPU', () => {
  it('makes up to 8, in any order', () => {
    const vm = newVm();
    for (const id of [7, 0, 3, 1, 2, 6, 5, 4]) expect(vm.createVcpu(id).id).toBe(id);
    expect(errnoOf(() => vm.createVcpu(8))).toBe('EINVAL');
  });

  it.each([8, 9, 255, 2 ** 32, -1, 0.5, Number.NaN])('refuses id %d with EINVAL', (id) => {
    expect(errnoOf(() => newVm().createVcpu(id))).toBe('EINVAL');
  });

  it('refuses an id that the VM was not made for with EINVAL, and more than 8 even when it was', () => {
    expect(errnoOf(() => newVm(2).createVcpu(2))).toBe('EINVAL');
    expect(errnoOf(() => newVm(64).createVcpu(8))).toBe('EINVAL');
    expect(newVm(64).checkExtension(Cap.MAX_VCPUS)).toBe(8);
  });

  it('refuses the same id twice with EEXIST', () => {
    const vm = newVm();
    vm.createVcpu(1);
    expect(errnoOf(() => vm.createVcpu(1))).toBe('EEXIST');
  });

  it('says in words what it refused, and has the Linux number', () => {
    try {
      newVm().createVcpu(8);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(KvmError);
      expect((error as KvmError).number).toBe(22);
      expect((error as KvmError).message).toContain('KVM_CREATE_VCPU: EINVAL');
    }
  });
});

/** A VM with slot 1 (2 pages at 0, no log), slot 2 (70 pages of backing at 1 MiB, logging), a vCPU, an ioeventfd and a zone. */
const fd = new EventFd();
const DOORBELL = { addr: 0x10000000, len: 4, datamatch: 0n, flags: 0, fd };
const ZONE = { addr: 0x11000000, size: 0x100, pio: 0 };
function furnished(): { vm: EmulatedVm; vcpu: Vcpu } {
  const vm = newVm();
  vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: 0, memorySize: 2 * PAGE, userspaceAddr: 0 });
  vm.setUserMemoryRegion({
    slot: 2,
    flags: LOG,
    guestPhysAddr: 0x100000,
    memorySize: 3 * PAGE,
    userspaceAddr: 2 * PAGE,
  });
  vm.ioeventfd(DOORBELL);
  vm.registerCoalescedMmio(ZONE);
  return { vm, vcpu: vm.createVcpu(0) };
}

type Case = readonly [what: string, call: (machine: { vm: EmulatedVm; vcpu: Vcpu }) => unknown, result: string];
const table = (section: string, cases: readonly Case[]): void => {
  describe(section, () => {
    it.each(cases.map(([what, call, result]) => [what, result, call] as const))('%s: %s', (_what, result, call) => {
      const machine = furnished();
      expect(errnoOf(() => call(machine))).toBe(result);
    });
  });
};

const slot = (change: Partial<MemoryRegion>): Case[1] => {
  const region = { slot: 3, flags: 0, guestPhysAddr: 0x200000, memorySize: PAGE, userspaceAddr: 0 };
  return ({ vm }) => vm.setUserMemoryRegion({ ...region, ...change });
};
const slot1 = (change: Partial<MemoryRegion>): Case[1] =>
  slot({ slot: 1, guestPhysAddr: 0, memorySize: 2 * PAGE, ...change });

table('3: KVM_SET_USER_MEMORY_REGION', [
  ['a new slot', slot({}), 'success'],
  ['a flag that is none', slot({ flags: 4 }), 'EINVAL'],
  ['an address inside a page', slot({ guestPhysAddr: 0x200800 }), 'EINVAL'],
  ['a size inside a page', slot({ memorySize: 0x800 }), 'EINVAL'],
  ['a backing inside a page', slot({ userspaceAddr: 0x10 }), 'EINVAL'],
  ['a backing that user space does not have', slot({ userspaceAddr: ARENA }), 'EINVAL'],
  ['a range that wraps', slot({ guestPhysAddr: 2 ** 53 - PAGE, memorySize: 2 * PAGE }), 'EINVAL'],
  ['slot 15', slot({ slot: 15 }), 'success'],
  ['slot 16', slot({ slot: 16 }), 'EINVAL'],
  ['address space 1', slot({ slot: 0x10003 }), 'EINVAL'],
  ['2^31 pages', slot({ guestPhysAddr: 2 ** 44, memorySize: 2 ** 31 * PAGE }), 'EINVAL'],
  ['deleting a slot', slot1({ memorySize: 0 }), 'success'],
  ['deleting an empty slot', slot({ memorySize: 0 }), 'EINVAL'],
  ['another backing of a slot', slot1({ userspaceAddr: PAGE }), 'EINVAL'],
  ['another size of a slot', slot1({ memorySize: PAGE }), 'EINVAL'],
  ['READONLY for a slot that was not', slot1({ flags: READONLY }), 'EINVAL'],
  ['a move', slot1({ guestPhysAddr: 0x300000 }), 'success'],
  ['LOG_DIRTY_PAGES for a slot that did not log', slot1({ flags: LOG }), 'success'],
  ['the same again', slot1({}), 'success'],
  ['a new slot over another one', slot({ guestPhysAddr: PAGE }), 'EEXIST'],
  ['a move over another one', slot1({ guestPhysAddr: 0x102000 }), 'EEXIST'],
]);

const get =
  (number: number, bytes = 8): Case[1] =>
  ({ vm }) =>
    vm.getDirtyLog(number, new Uint8Array(bytes));
const clear = (number: number, firstPage: number, numPages: number, bytes = 8): Case[1] => {
  return ({ vm }) => vm.clearDirtyLog({ slot: number, firstPage, numPages, bitmap: new Uint8Array(bytes) });
};
const enable = (options: bigint, flags = 0): Case[1] => {
  return ({ vm }) => vm.enableCap(Cap.MANUAL_DIRTY_LOG_PROTECT2, flags, [options]);
};
table('4: the dirty log', [
  ['GET', get(2), 'success'],
  ['GET of slot 16', get(16), 'EINVAL'],
  ['GET of address space 1', get(0x10002), 'EINVAL'],
  ['GET of a slot that is not there', get(3), 'ENOENT'],
  ['GET of a slot that does not log', get(1), 'ENOENT'],
  ['GET into too little', get(2, 7), 'EFAULT'],
  ['CLEAR of a whole slot', clear(2, 0, 3), 'success'],
  ['CLEAR of slot 16', clear(16, 0, 3), 'EINVAL'],
  ['CLEAR of a slot that is not there', clear(3, 0, 3), 'ENOENT'],
  ['CLEAR of a slot that does not log', clear(1, 0, 2), 'ENOENT'],
  ['CLEAR from page 1', clear(2, 1, 2), 'EINVAL'],
  ['CLEAR of 2 of 3 pages', clear(2, 0, 2), 'EINVAL'],
  ['CLEAR of 4 of 3 pages', clear(2, 0, 4), 'EINVAL'],
  ['CLEAR from page 64 of 3', clear(2, 64, 0), 'EINVAL'],
  ['CLEAR from too little', clear(2, 0, 3, 7), 'EFAULT'],
  ['ENABLE_CAP: manual protect', enable(1n), 'success'],
  ['ENABLE_CAP: manual protect, initially set', enable(3n), 'success'],
  ['ENABLE_CAP: off', enable(0n), 'success'],
  ['ENABLE_CAP: initially set alone', enable(2n), 'EINVAL'],
  ['ENABLE_CAP: an unknown bit', enable(5n), 'EINVAL'],
  ['ENABLE_CAP with flags', enable(1n, 1), 'EINVAL'],
  ['ENABLE_CAP of another capability', ({ vm }) => vm.enableCap(Cap.MIPS_FPU, 0, [0n]), 'EINVAL'],
]);

table('5: coalesced MMIO', [
  ['REGISTER', ({ vm }) => vm.registerCoalescedMmio(ZONE), 'success'],
  ['REGISTER of ports', ({ vm }) => vm.registerCoalescedMmio({ ...ZONE, pio: 1 }), 'success'],
  ['REGISTER with pio 2', ({ vm }) => vm.registerCoalescedMmio({ ...ZONE, pio: 2 }), 'EINVAL'],
  ['UNREGISTER', ({ vm }) => vm.unregisterCoalescedMmio(ZONE), 'success'],
  ['UNREGISTER of nothing', ({ vm }) => vm.unregisterCoalescedMmio({ ...ZONE, addr: 0 }), 'success'],
  ['UNREGISTER with pio 2', ({ vm }) => vm.unregisterCoalescedMmio({ ...ZONE, pio: 2 }), 'EINVAL'],
]);

const ioeventfd =
  (change: object): Case[1] =>
  ({ vm }) =>
    vm.ioeventfd({ ...DOORBELL, ...change });
table('6: KVM_IOEVENTFD', [
  ['one more', ioeventfd({ addr: 0x20000000 }), 'success'],
  ['of any length', ioeventfd({ addr: 0x20000000, len: 0 }), 'success'],
  ['of length 3', ioeventfd({ addr: 0x20000000, len: 3 }), 'EINVAL'],
  ['of any length with DATAMATCH', ioeventfd({ addr: 0x20000000, len: 0, flags: 1 }), 'EINVAL'],
  ['that wraps', ioeventfd({ addr: 2 ** 53, len: 8 }), 'EINVAL'],
  ['with an unknown flag', ioeventfd({ addr: 0x20000000, flags: 0x20 }), 'EINVAL'],
  ['that collides', ioeventfd({}), 'EEXIST'],
  ['DEASSIGN', ioeventfd({ flags: 4 }), 'success'],
  ['DEASSIGN of what is not there', ioeventfd({ flags: 4, len: 2 }), 'ENOENT'],
  ['DEASSIGN of another eventfd', ioeventfd({ flags: 4, fd: new EventFd() }), 'ENOENT'],
]);

table('7: ONE_REG', [
  ['GET of an unknown id', ({ vcpu }) => vcpu.getOneReg(0n), 'EINVAL'],
  ['SET of an unknown id', ({ vcpu }) => vcpu.setOneReg(0x7020000000010008n, 0n), 'EINVAL'],
  ['COUNT_CTL: a bit beside DC', ({ vcpu }) => vcpu.setOneReg(KVM_REG_MIPS_COUNT_CTL, 2n), 'EINVAL'],
  ['COUNT_HZ of 0', ({ vcpu }) => vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, 0n), 'EINVAL'],
  ['an FPU register', ({ vcpu }) => vcpu.getOneReg(0x7030000000030000n), 'EINVAL'],
  ['an MSA register', ({ vcpu }) => vcpu.setOneReg(0x7040000000030000n, 0n), 'EINVAL'],
  ['ENABLE_CAP of the FPU', ({ vcpu }) => vcpu.enableCap(Cap.MIPS_FPU, 0, [0n]), 'success'],
  ['ENABLE_CAP of MSA', ({ vcpu }) => vcpu.enableCap(Cap.MIPS_MSA, 0, [0n]), 'EINVAL'],
]);

table('8: interrupts', [
  ['INTERRUPT 2 of this vCPU', ({ vcpu }) => vcpu.interrupt({ cpu: -1, irq: 2 }), 'success'],
  ['INTERRUPT -6', ({ vcpu }) => vcpu.interrupt({ cpu: 0, irq: -6 }), 'success'],
  ['INTERRUPT 5', ({ vcpu }) => vcpu.interrupt({ cpu: -1, irq: 5 }), 'EINVAL'],
  ['INTERRUPT 0', ({ vcpu }) => vcpu.interrupt({ cpu: -1, irq: 0 }), 'EINVAL'],
  ['INTERRUPT of a vCPU that is not there', ({ vcpu }) => vcpu.interrupt({ cpu: 1, irq: 2 }), 'EINVAL'],
  ['CREATE_IRQCHIP without a model', ({ vm }) => vm.createIrqchip(), 'ENOTTY'],
  ['IRQ_LINE without an interrupt controller', ({ vm }) => vm.irqLine({ irq: 9, level: 1 }), 'ENXIO'],
]);

table('9, 10 and 13: what a MIPS vCPU refuses', [
  ['GET_MP_STATE', ({ vcpu }) => vcpu.getMpState(), 'ENOTTY'],
  ['SET_MP_STATE', ({ vcpu }) => vcpu.setMpState(0), 'ENOTTY'],
  ['SET_GUEST_DEBUG', ({ vcpu }) => vcpu.setGuestDebug(1), 'ENOTTY'],
]);

describe('13: KVM_TRANSLATE of a MIPS vCPU', () => {
  it('succeeds and leaves the record as it was', () => {
    const { vcpu } = furnished();
    for (const linearAddress of [0x40000000n, 0n, 0xffffffff_c0000000n]) {
      const record = { linearAddress, physicalAddress: 0x123n, valid: true, writeable: false, usermode: true };
      vcpu.translate(record);
      expect(record).toEqual({ linearAddress, physicalAddress: 0x123n, valid: true, writeable: false, usermode: true });
    }
  });
});

describe('13: calls that MIPS does not have', () => {
  it.each(['getSregs', 'setSregs', 'getFpu', 'setFpu'])('vcpu.%s (ENOTTY in the kernel) is not offered', (name) => {
    expect(furnished().vcpu).not.toHaveProperty(name);
  });

  it.each(['irqfd', 'createDevice', 'signalMsi', 'setGsiRouting', 'createPit2'])('vm.%s is not offered', (name) => {
    expect(furnished().vm).not.toHaveProperty(name);
  });
});
