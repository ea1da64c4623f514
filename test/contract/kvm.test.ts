// The KVM contract, chapter by chapter (reference KVM-API.md), held against the emulated core: here the system, VM and vCPU objects,
// API version, capabilities and what KVM_CREATE_VM and KVM_CREATE_VCPU refuse. Its neighbours kvm-*.test.ts hold the other chapters.
import { describe, expect, it } from 'vitest';
import { mipsTrapAndEmulate } from '../../src/arch/mips/index.ts';
import { createKvm } from '../../src/cpu/exec/kvm.ts';
import { Cap, KVM_API_VERSION, KVM_VM_MIPS_AUTO, KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ } from '../../src/kvm/constants.ts';
import { KvmError } from '../../src/kvm/errors.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import { errnoOf, Guest } from '../support/kvm/guest.ts';

const kvm = (maxVcpus = 4) =>
  createKvm(mipsTrapAndEmulate('little'), {
    arenaSize: 0x10000,
    endianness: 'little',
    maxVcpus,
    nsPerInstruction: 10,
    seed: 1,
    paravirtHypercalls: false,
  });

describe('the system object', () => {
  it('KVM_GET_API_VERSION answers 12', () => {
    expect(kvm().getApiVersion()).toBe(12);
    expect(KVM_API_VERSION).toBe(12);
  });

  it('KVM_CREATE_VM takes machine types AUTO and TE, and refuses VZ and what is no type with EINVAL', () => {
    expect(errnoOf(() => kvm().createVm(KVM_VM_MIPS_AUTO))).toBe('success');
    expect(errnoOf(() => kvm().createVm(KVM_VM_MIPS_TE))).toBe('success');
    for (const type of [KVM_VM_MIPS_VZ, 3, -1, Number.NaN]) expect(errnoOf(() => kvm().createVm(type))).toBe('EINVAL');
  });

  it('two VMs share no memory and no clock', () => {
    const one = new Guest();
    const other = new Guest();
    one.vm.memory.writeU32(0x1000, 1, 'little');
    one.vm.clock.skipTo(1000);
    expect(other.vm.memory.readU32(0x1000, 'little')).toBe(0);
    expect(other.vm.clock.now).toBe(0);
  });
});

describe('KVM_CHECK_EXTENSION', () => {
  it.each([
    ['USER_MEMORY', 1],
    ['SYNC_MMU', 1],
    ['DESTROY_MEMORY_REGION_WORKS', 1],
    ['JOIN_MEMORY_REGIONS_WORKS', 1],
    ['INTERNAL_ERROR_DATA', 1],
    ['ONE_REG', 1],
    ['READONLY_MEM', 1],
    ['CHECK_EXTENSION_VM', 1],
    ['IMMEDIATE_EXIT', 1],
    ['MIPS_TE', 1],
    ['NR_MEMSLOTS', 16],
    // Not on trap-and-emulate MIPS.
    ['IRQCHIP', 0],
    ['MP_STATE', 0],
    ['SET_GUEST_DEBUG', 0],
    ['IRQFD', 0],
    ['DEVICE_CTRL', 0],
    ['MIPS_VZ', 0],
    ['MIPS_64BIT', 0],
    // The core has neither.
    ['MIPS_FPU', 0],
    ['MIPS_MSA', 0],
  ] as const)('%s answers %d, on the system and on the VM', (name, answer) => {
    expect(kvm().checkExtension(Cap[name])).toBe(answer);
    expect(kvm().createVm(KVM_VM_MIPS_TE).checkExtension(Cap[name])).toBe(answer);
  });

  it('a number that is no capability answers 0', () => {
    for (const cap of [-1, 4095, 2 ** 31, 0.5, Number.NaN]) expect(kvm().checkExtension(cap)).toBe(0);
  });

  it('NR_MEMSLOTS and MAX_VCPU_ID are the first numbers refused', () => {
    const system = kvm(64);
    const vm = system.createVm(KVM_VM_MIPS_TE);
    const slots = vm.checkExtension(Cap.NR_MEMSLOTS);
    const slot = (slot: number) =>
      errnoOf(() => vm.setUserMemoryRegion({ slot, flags: 0, guestPhysAddr: 0, memorySize: 0x1000, userspaceAddr: 0 }));
    expect([slot(slots - 1), slot(slots)]).toEqual(['success', 'EINVAL']);
    const ids = vm.checkExtension(Cap.MAX_VCPU_ID);
    const vcpu = (id: number) => errnoOf(() => vm.createVcpu(id));
    expect([vcpu(ids - 1), vcpu(ids)]).toEqual(['success', 'EINVAL']);
  });

  it('a VM made for fewer vCPUs says so', () => {
    const vm = kvm(2).createVm(KVM_VM_MIPS_TE);
    expect(vm.checkExtension(Cap.MAX_VCPUS)).toBe(2);
    expect(vm.checkExtension(Cap.MAX_VCPU_ID)).toBe(2);
  });
});

describe('KVM_CREATE_VCPU', () => {
  it('refuses an id out of range with EINVAL', () => {
    const vm = kvm(2).createVm(KVM_VM_MIPS_TE);
    for (const id of [2, 255, -1, 0.5, Number.NaN, 2 ** 32]) expect(errnoOf(() => vm.createVcpu(id))).toBe('EINVAL');
  });

  it('refuses the same id twice with EEXIST, and takes ids in any order', () => {
    const vm = kvm(2).createVm(KVM_VM_MIPS_TE);
    expect(vm.createVcpu(1).id).toBe(1);
    expect(errnoOf(() => vm.createVcpu(1))).toBe('EEXIST');
    expect(vm.createVcpu(0).id).toBe(0);
  });

  it('says in words what it refused, and has the Linux number', () => {
    const vm = kvm(1).createVm(KVM_VM_MIPS_TE);
    try {
      vm.createVcpu(7);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(KvmError);
      expect((error as KvmError).number).toBe(22);
      expect((error as KvmError).message).toContain('KVM_CREATE_VCPU: EINVAL');
    }
  });

  it('starts at the trap-and-emulate reset vector with the reset values of MIPS.md A2', () => {
    const vm = kvm().createVm(KVM_VM_MIPS_TE);
    const vcpu = vm.createVcpu(3);
    expect(vcpu.getRegs().pc).toBe(0x5fc00000n);
    expect(vcpu.getRegs().gpr).toEqual(new Array(32).fill(0n));
    const cp0 = (rd: number, sel: number) => vcpu.getOneReg(KVM_REG_MIPS_CP0_32(rd, sel));
    expect(cp0(15, 0)).toBe(0x00019300n); // PRId: 24Kc
    expect(cp0(12, 0)).toBe(0x00400004n); // Status: BEV, ERL
    expect(cp0(12, 1)).toBe(0xfc000000n); // IntCtl: IPTI = IPPCI = 7
    expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_64(15, 1))).toBe(0x40000003n); // EBase with the vCPU id
    expect(cp0(16, 0)).toBe(0x80000483n); // Config: M, release 2, TLB, noncoherent, little endian
    expect(cp0(16, 1) & 0xfe00007fn).toBe(0xfe000000n); // Config1: M, 64 TLB entries, no FPU, no EJTAG
    expect([cp0(16, 2), cp0(16, 3), cp0(16, 4), cp0(16, 5), cp0(16, 7)]).toEqual([
      0x80000000n,
      0x80002000n,
      0x80000000n,
      0n,
      0x80000400n,
    ]);
  });

  it('a big-endian guest has Config.BE set', () => {
    const { vcpu } = new Guest({ endianness: 'big' });
    expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_32(16, 0)) & 0x8000n).toBe(0x8000n);
  });

  it('KVM_ENABLE_CAP refuses the FPU and MSA with EINVAL: the core has none', () => {
    const { vcpu } = new Guest();
    for (const cap of [Cap.MIPS_FPU, Cap.MIPS_MSA, 0]) expect(errnoOf(() => vcpu.enableCap(cap, 0, []))).toBe('EINVAL');
  });
});
