// The KVM contract implemented by the emulated core: system and VM objects (virt/kvm/kvm_main.c; reference KVM-API.md 1-3, 11, 12).
import { Cap, KVM_API_VERSION, KVM_VM_MIPS_AUTO, KVM_VM_MIPS_TE } from '../../kvm/constants.ts';
import type { Kvm, MemoryRegion, Vm, VmClock } from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Core, type CoreOptions } from './core.ts';
import { programFor } from './program.ts';
import { MEMORY_SLOTS } from './slots.ts';
import { EmulatedVcpu } from './vcpu.ts';

const MAX_VCPUS = 8;
const COALESCED_MMIO_PAGE_OFFSET = 0;

/** Capabilities of the emulated trap-and-emulate host; what is not listed answers 0. */
const CAPABILITIES: ReadonlyMap<number, number> = new Map([
  [Cap.USER_MEMORY, 1],
  [Cap.NR_VCPUS, MAX_VCPUS],
  [Cap.MAX_VCPUS, MAX_VCPUS],
  [Cap.MAX_VCPU_ID, MAX_VCPUS],
  [Cap.NR_MEMSLOTS, MEMORY_SLOTS],
  [Cap.COALESCED_MMIO, COALESCED_MMIO_PAGE_OFFSET],
  [Cap.SYNC_MMU, 1],
  [Cap.DESTROY_MEMORY_REGION_WORKS, 1],
  [Cap.JOIN_MEMORY_REGIONS_WORKS, 1],
  [Cap.INTERNAL_ERROR_DATA, 1],
  [Cap.ONE_REG, 1],
  [Cap.READONLY_MEM, 1],
  [Cap.CHECK_EXTENSION_VM, 1],
  [Cap.IMMEDIATE_EXIT, 1],
  [Cap.MIPS_TE, 1],
]);

/** Capabilities that a VM made for fewer vCPUs answers lower. */
const VCPU_LIMITS: ReadonlySet<number> = new Set([Cap.NR_VCPUS, Cap.MAX_VCPUS, Cap.MAX_VCPU_ID]);

/** The emulated /dev/kvm for one architecture. */
class EmulatedKvm implements Kvm {
  private readonly architecture: ArchitectureDefinition;
  private readonly options: CoreOptions;

  constructor(architecture: ArchitectureDefinition, options: CoreOptions) {
    this.architecture = architecture;
    this.options = options;
  }

  getApiVersion(): number {
    return KVM_API_VERSION;
  }

  createVm(type: number): EmulatedVm {
    if (type !== KVM_VM_MIPS_TE && type !== KVM_VM_MIPS_AUTO)
      throw new KvmError('EINVAL', 'KVM_CREATE_VM', `machine type ${type} is not trap-and-emulate`);
    return new EmulatedVm(this.architecture, this.options, (cap) => this.checkExtension(cap));
  }

  checkExtension(cap: number): number {
    const answer = CAPABILITIES.get(cap) ?? 0;
    return VCPU_LIMITS.has(cap) ? Math.min(answer, this.options.maxVcpus) : answer;
  }
}

export class EmulatedVm implements Vm {
  readonly memory: GuestMemory;
  readonly clock: VmClock;
  readonly checkExtension: (cap: number) => number;
  private readonly core: Core;
  private readonly maxVcpus: number;
  private readonly vcpus: (EmulatedVcpu | undefined)[] = [];

  constructor(architecture: ArchitectureDefinition, options: CoreOptions, checkExtension: (cap: number) => number) {
    this.core = new Core(programFor(architecture, options.endianness === 'big'), options);
    this.memory = this.core.memory;
    this.clock = this.core.clock;
    this.maxVcpus = Math.min(MAX_VCPUS, options.maxVcpus);
    this.checkExtension = checkExtension;
  }

  createVcpu(id: number): EmulatedVcpu {
    if (!Number.isInteger(id) || id < 0 || id >= this.maxVcpus)
      throw new KvmError('EINVAL', 'KVM_CREATE_VCPU', `id ${id} is not below ${this.maxVcpus}`);
    if (this.vcpus[id]) throw new KvmError('EEXIST', 'KVM_CREATE_VCPU', `vCPU ${id} exists`);
    const vcpu = new EmulatedVcpu(id, this.core, (other) => this.vcpus[other]);
    this.vcpus[id] = vcpu;
    return vcpu;
  }

  setUserMemoryRegion(region: MemoryRegion): void {
    if (!this.core.slots.set(region)) return;
    this.memory.setRanges(this.core.slots.ranges());
    this.core.tlb.dropAll();
  }

  /** Everything architectural: vCPUs, guest time, every non-zero RAM page with its address. */
  hashState(update: (bytes: Uint8Array) => void): void {
    for (const vcpu of this.vcpus) if (vcpu) this.core.hashVcpu(vcpu.id, update);
    update(new Uint8Array(new Float64Array([this.clock.instructions, this.clock.now]).buffer));
    this.core.hashMemory(update);
  }
}

/** The emulated /dev/kvm. */
export function createKvm(architecture: ArchitectureDefinition, options: CoreOptions): EmulatedKvm {
  return new EmulatedKvm(architecture, options);
}
