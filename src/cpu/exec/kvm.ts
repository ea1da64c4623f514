// The KVM contract implemented by the emulated core: system and VM objects (virt/kvm/kvm_main.c; reference KVM-API.md 1-3, 11, 12).
import type { CoalescedMmioRing } from '../../kvm/coalesced-mmio.ts';
import {
  Cap,
  KVM_API_VERSION,
  KVM_DIRTY_LOG_INITIALLY_SET,
  KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
} from '../../kvm/constants.ts';
import type {
  CoalescedMmioZone,
  DirtyLogRange,
  IoEventFd,
  IrqLevel,
  Kvm,
  MemoryRegion,
  Vm,
  VmClock,
} from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';
import type { InKernelDevice, InKernelIrqchip, InKernelWindow } from '../../kvm/in-kernel-device.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Core } from './core.ts';
import type { CompiledCode, CoreOptions } from './core-options.ts';
import { DebugPort } from './debug-port.ts';
import type { HostWatch } from './host-watch.ts';
import { PAGE_SIZE } from './layout.ts';
import type { Observation } from './observer.ts';
import { type LoggedSlot, MEMORY_SLOTS } from './slots.ts';
import { hashMemory, hashVcpu } from './state-hash.ts';
import { EmulatedVcpu } from './vcpu.ts';

const MAX_VCPUS = 8;
/** kvm_run has the first page of a vCPU's mapping, the ring of coalesced MMIO the second. */
const COALESCED_MMIO_PAGE_OFFSET = 1;
const VCPU_MMAP_SIZE = 2 * PAGE_SIZE;

/** Capabilities of the emulated host, whatever its architecture; what neither lists answers 0. */
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
  [Cap.IOEVENTFD, 1],
  [Cap.INTERNAL_ERROR_DATA, 1],
  [Cap.ENABLE_CAP, 1],
  [Cap.ONE_REG, 1],
  [Cap.READONLY_MEM, 1],
  [Cap.ENABLE_CAP_VM, 1],
  [Cap.CHECK_EXTENSION_VM, 1],
  [Cap.IOEVENTFD_ANY_LENGTH, 1],
  [Cap.IMMEDIATE_EXIT, 1],
  [Cap.MANUAL_DIRTY_LOG_PROTECT2, 1],
]);

/** Capabilities that a VM made for fewer vCPUs answers lower. */
const VCPU_LIMITS: ReadonlySet<number> = new Set([Cap.NR_VCPUS, Cap.MAX_VCPUS, Cap.MAX_VCPU_ID]);

/** What a host offers its VMs; the machine type comes with KVM_CREATE_VM. */
export type HostOptions = Omit<CoreOptions, 'vmType'>;

/** The emulated /dev/kvm for one architecture. */
class EmulatedKvm implements Kvm {
  private readonly architecture: ArchitectureDefinition;
  private readonly options: HostOptions;

  constructor(architecture: ArchitectureDefinition, options: HostOptions) {
    this.architecture = architecture;
    this.options = options;
  }

  getApiVersion(): number {
    return KVM_API_VERSION;
  }

  getVcpuMmapSize(): number {
    return VCPU_MMAP_SIZE;
  }

  createVm(type: number): EmulatedVm {
    const vmType = this.architecture.vmTypes.get(type);
    if (vmType === undefined) throw new KvmError('EINVAL', 'KVM_CREATE_VM', `there is no machine type ${type}`);
    return new EmulatedVm(this.architecture, { ...this.options, vmType }, (cap) => this.checkExtension(cap));
  }

  checkExtension(cap: number): number {
    const { architecture, options } = this;
    const listed = architecture.capabilities(options.cpuModel ?? architecture.cpuModels[0]!);
    const [, ofArchitecture = 0] = listed.find(([number]) => number === cap) ?? [];
    const answer = CAPABILITIES.get(cap) ?? ofArchitecture;
    return VCPU_LIMITS.has(cap) ? Math.min(answer, this.options.maxVcpus) : answer;
  }
}

export class EmulatedVm implements Vm {
  readonly memory: GuestMemory;
  readonly clock: VmClock;
  readonly coalescedMmioRing: CoalescedMmioRing;
  private readonly systemCapability: (cap: number) => number;
  private irqchipModel: InKernelWindow<InKernelIrqchip> | null = null;
  private irqchip: InKernelIrqchip | null = null;
  private readonly core: Core;
  private readonly maxVcpus: number;
  private readonly vcpus: (EmulatedVcpu | undefined)[] = [];

  constructor(architecture: ArchitectureDefinition, options: CoreOptions, checkExtension: (cap: number) => number) {
    this.core = new Core(architecture, options);
    this.memory = this.core.memory;
    this.clock = this.core.clock;
    this.maxVcpus = Math.min(MAX_VCPUS, options.maxVcpus);
    this.systemCapability = checkExtension;
    this.coalescedMmioRing = this.core.ioBus.ring;
  }

  checkExtension(cap: number): number {
    if (cap === Cap.IRQCHIP) return this.irqchipModel ? 1 : 0;
    return this.systemCapability(cap);
  }

  createVcpu(id: number): EmulatedVcpu {
    if (!Number.isInteger(id) || id < 0 || id >= this.maxVcpus)
      throw new KvmError('EINVAL', 'KVM_CREATE_VCPU', `id ${id} is not below ${this.maxVcpus}`);
    if (this.vcpus[id]) throw new KvmError('EEXIST', 'KVM_CREATE_VCPU', `vCPU ${id} exists`);
    const vcpu = new EmulatedVcpu(
      id,
      this.core,
      (other) => this.vcpus[other],
      (cap) => this.checkExtension(cap),
    );
    this.vcpus[id] = vcpu;
    return vcpu;
  }

  setUserMemoryRegion(region: MemoryRegion): void {
    if (!this.core.slots.set(region)) return;
    this.core.slotsChanged();
  }

  getDirtyLog(slot: number, bitmap: Uint8Array): void {
    const cleaned = this.core.slots.getDirtyLog(slot, bitmap);
    if (cleaned) this.protect(cleaned);
  }

  clearDirtyLog(range: DirtyLogRange): void {
    this.protect(this.core.slots.clearDirtyLog(range));
  }

  private protect({ region, dirty }: LoggedSlot): void {
    this.core.tlb.dropCleanWrites(this.core.arena + region.userspaceAddr, dirty);
  }

  enableCap(cap: number, flags: number, args: readonly bigint[]): void {
    const call = 'KVM_ENABLE_CAP';
    if (cap !== Cap.MANUAL_DIRTY_LOG_PROTECT2)
      throw new KvmError('EINVAL', call, `capability ${cap} cannot be enabled on a VM`);
    const [options = 0n] = args;
    const manual = (options & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE) !== 0n;
    const allowed = manual ? KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET : 0n;
    if (flags !== 0 || (options & ~allowed) !== 0n)
      throw new KvmError('EINVAL', call, `flags ${flags}, args ${options}`);
    this.core.slots.manualProtect = manual;
    this.core.slots.initiallySet = (options & KVM_DIRTY_LOG_INITIALLY_SET) !== 0n;
  }

  registerCoalescedMmio(zone: CoalescedMmioZone): void {
    this.core.ioBus.registerZone(zone);
  }

  unregisterCoalescedMmio(zone: CoalescedMmioZone): void {
    this.core.ioBus.unregisterZone(zone);
  }

  ioeventfd(ioeventfd: IoEventFd): void {
    this.core.ioBus.ioeventfd(ioeventfd);
  }

  /** The model that KVM_CREATE_IRQCHIP switches on. */
  provideIrqchip(window: InKernelWindow<InKernelIrqchip>): void {
    this.irqchipModel = window;
  }

  createIrqchip(): void {
    const call = 'KVM_CREATE_IRQCHIP';
    if (!this.irqchipModel) throw new KvmError('ENOTTY', call, 'this VM has no model of one');
    if (this.irqchip) throw new KvmError('EEXIST', call, `${this.irqchip.name} exists`);
    this.addInKernelDevice(this.irqchipModel);
    this.irqchip = this.irqchipModel.device;
    this.core.irqchip = this.irqchip;
  }

  irqLine({ irq, level }: IrqLevel): void {
    if (!this.irqchip) throw new KvmError('ENXIO', 'KVM_IRQ_LINE', 'there is no in-kernel interrupt controller');
    this.core.observer.trace({ event: 'kvm_set_irq', gsi: irq, level });
    if (!this.irqchip.setLine(irq, level !== 0))
      throw new KvmError('EINVAL', 'KVM_IRQ_LINE', `${this.irqchip.name} has no line ${irq}`);
  }

  /** Serve a window inside the core. Throws KvmError EEXIST when it overlaps another one. */
  addInKernelDevice(window: InKernelWindow<InKernelDevice>): void {
    this.core.ioBus.addDevice(window);
  }

  /** For in-kernel devices, in write(): the running vCPU leaves with KVM_EXIT_SYSTEM_EVENT after this instruction. */
  requestSystemEvent(type: number, flags: number): void {
    this.core.requestSystemEvent(type, flags);
  }

  /** Keep hot counters, trace events; legal between two enters. No guest-visible effect. */
  observe(observation: Observation): void {
    this.core.observe(observation);
  }

  /** What the region compiler has done; null without it. */
  get compiledCode(): CompiledCode | null {
    return this.core.regions?.stats ?? null;
  }

  /** What the host hears of the guest, of no effect on it. Between two enters. */
  get watch(): Pick<HostWatch, 'execution' | 'watchData' | 'userModeSeen' | 'forgetUserMode'> {
    return this.core.watch;
  }

  /** What a debugger may ask of a vCPU. */
  debugPort(vcpu: number): DebugPort {
    return new DebugPort(this.core, vcpu);
  }

  /** Everything architectural: vCPUs, guest time, every non-zero RAM page with its address. */
  hashState(update: (bytes: Uint8Array) => void): void {
    for (const vcpu of this.vcpus) if (vcpu) hashVcpu(this.core, vcpu.id, update);
    update(new Uint8Array(new Float64Array([this.clock.instructions, this.clock.now]).buffer));
    hashMemory(this.memory, update);
  }
}

/** The emulated /dev/kvm. */
export function createKvm(architecture: ArchitectureDefinition, options: HostOptions): EmulatedKvm {
  return new EmulatedKvm(architecture, options);
}
