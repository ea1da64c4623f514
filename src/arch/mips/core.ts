// The TypeScript part of the MIPS core, for both machine types: rare helpers, timer, interrupt lines, hypercalls (reference MIPS.md A5-A8, A10,
// C; MIPS32 Volume III). Address translation is in tlb.ts.
import type { Access, CoreModel, CoreServices, ModelOptions, OneReg } from '../../cpu/isa/architecture.ts';
import {
  Cap,
  KVM_ENOSYS,
  KVM_HC_MIPS_CONSOLE_OUTPUT,
  KVM_HC_MIPS_EXIT_VM,
  KVM_HC_MIPS_GET_CLOCK_FREQ,
} from '../../kvm/constants.ts';
import { UNSUPPORTED } from './emitter.ts';
import { deviceAccessReason, reportEvent, reportExit } from './events.ts';
import { MipsFpu } from './fpu/state.ts';
import { MipsMmu, misaligned } from './mmu.ts';
import { type CpuModel, cpuModel, hasFr } from './models.ts';
import { oneRegs } from './one-reg.ts';
import { CAUSE, CP0, EXC, privilegeOf, STATUS } from './registers.ts';
import { DEFAULT_COUNT_HZ, hwrenaMask, type MachineState, machineOf, statusMask } from './state.ts';
import { MipsTimer } from './timer.ts';
import { reportVzEvent } from './vz-events.ts';

/** Helper names, in the order of their numbers. */
export const HELPERS = [
  'countDisabled',
  'errorLevelChanged',
  'fpuModeChanged',
  'tlbRead',
  'unusualPageMask',
  'hypercall',
  'pause',
  'unsupported',
] as const;

export class MipsCore implements CoreModel {
  readonly timer: MipsTimer;
  readonly fpu: MipsFpu;
  private readonly mmu: MipsMmu;
  private readonly machine: MachineState;
  readonly model: CpuModel;
  private readonly services: CoreServices;
  private readonly options: ModelOptions;
  private readonly i32: Int32Array;
  private readonly gpr: number;
  private readonly cp0: number;
  private readonly waiting: number;
  private readonly registers: readonly OneReg[];

  constructor(services: CoreServices, options: ModelOptions) {
    this.services = services;
    this.options = options;
    this.i32 = services.i32;
    this.timer = new MipsTimer(services);
    const { vmType } = options;
    this.mmu = new MipsMmu(services, vmType);
    this.fpu = new MipsFpu(services);
    this.machine = machineOf(vmType);
    this.model = cpuModel(options.cpuModel);
    const word = (bank: string): number => services.banks[bank]!.offset >> 2;
    this.gpr = word('gpr');
    this.cp0 = word('cp0');
    this.waiting = word('waiting');
    this.registers = oneRegs(services, this, this.machine);
  }

  reset(id: number): void {
    const { banks } = this.services;
    for (const bank of Object.values(banks)) {
      const words = (bank.count + (bank.zero ? 1 : 0)) * (bank.size / 4);
      this.i32.fill(0, bank.offset >> 2, (bank.offset >> 2) + words);
    }
    const { machine, model } = this;
    const cp0Mask = banks.cp0Mask!.offset >> 2;
    for (const [index, value] of machine.resetValues(model, id, this.options.bigEndian))
      this.i32[this.cp0 + index] = value;
    this.i32.fill(machine.mtc0Default, cp0Mask, cp0Mask + banks.cp0Mask!.count);
    for (const [index, mask] of machine.mtc0Masks) this.i32[cp0Mask + index] = mask;
    this.configChanged();
    this.i32[banks.bootVector!.offset >> 2] = machine.bootVector;
    this.i32[banks.trapAndEmulate!.offset >> 2] = this.options.vmType === 'trap-and-emulate' ? 1 : 0;
    this.i32[banks.seed!.offset >> 2] = this.options.seed;
    this.mmu.reset();
    this.timer.reset(DEFAULT_COUNT_HZ);
    this.fpu.reset(model.fir);
  }

  /** A configuration register changed: what the guest may write in HWREna and Status follows. */
  configChanged(): void {
    const { banks } = this.services;
    this.i32[(banks.cp0Mask!.offset >> 2) + CP0.HWRENA] = hwrenaMask(this.i32[this.cp0 + CP0.CONFIG3]!);
    this.i32[banks.statusMask!.offset >> 2] = statusMask(
      this.machine,
      this.i32[this.cp0 + CP0.CONFIG1]!,
      hasFr(this.model),
    );
    this.fpu.modeChanged();
  }

  resetPc(): number {
    return this.machine.resetPc;
  }

  normalise(): void {
    const now = this.services.now();
    this.timer.update(now);
    this.timer.rebase(now);
    this.fpu.settle();
  }

  misaligned(access: Access): number {
    return misaligned(access);
  }

  privilege(): number {
    return privilegeOf(this.status());
  }

  // Helpers of rows

  event(number: number, a: number, b: number): void {
    if (this.options.vmType === 'vz') reportVzEvent(this.services, number, a, b);
    else reportEvent(this.services, number, a, b);
  }

  deviceAccess(access: Access, why: 'segment' | 'no memory' | 'readonly'): void {
    const { observer } = this.services;
    reportExit(observer, deviceAccessReason(access, why), observer.exitPc);
  }

  helper(number: number, a: number, _b: number): number {
    switch (HELPERS[number]) {
      case 'countDisabled':
        this.timer.setRunning((this.cause() & CAUSE.DC) === 0 && !this.countStoppedByKvm(), this.services.now());
        this.services.cut();
        return 0;
      case 'errorLevelChanged': // KUSEG is mapped or not
        this.services.dropMapped('all');
        return 0;
      case 'fpuModeChanged':
        this.fpu.modeChanged();
        return 0;
      case 'tlbRead':
        this.mmu.readEntry();
        return 0;
      case 'unusualPageMask':
        this.mmu.unusualPageMask(a);
        return 0;
      case 'hypercall':
        return this.hypercall(a);
      case 'pause':
        this.services.yieldNow();
        return 0;
      case 'unsupported':
        this.services.unemulated(`${this.options.vmType} KVM does not emulate ${UNSUPPORTED[a]}`);
        return 0;
      default:
        throw new Error(`no MIPS helper ${number}`);
    }
  }

  private hypercall(code: number): number {
    if (code !== 0) {
      this.services.unemulated(`HYPCALL with code ${code}`);
      return 0;
    }
    const nr = this.i32[this.gpr + 2]! >>> 0;
    if (!this.options.paravirtHypercalls) return KVM_ENOSYS;
    switch (nr) {
      case KVM_HC_MIPS_GET_CLOCK_FREQ:
        return this.timer.frequency;
      case KVM_HC_MIPS_EXIT_VM:
        this.services.shutdown();
        return 0;
      case KVM_HC_MIPS_CONSOLE_OUTPUT:
        return this.services.hypercall() ? this.services.hypercallResult : 0;
      default:
        return KVM_ENOSYS;
    }
  }

  // Time and interrupts

  /** Is Count stopped by user space (COUNT_CTL.DC)? */
  countStoppedByKvm(): boolean {
    return (this.i32[this.services.banks.countCtl!.offset >> 2]! & 1) !== 0;
  }

  updateTimers(now: number): void {
    this.timer.update(now);
  }

  timerDeadline(): number {
    return this.timer.deadline();
  }

  interrupt(): number {
    const status = this.status();
    if ((status & (STATUS.IE | STATUS.EXL | STATUS.ERL)) !== STATUS.IE) return -1;
    return (status & this.cause() & CAUSE.IP) !== 0 ? EXC.Int : -1;
  }

  isWaiting(): boolean {
    return this.i32[this.waiting] !== 0;
  }

  wakeable(): boolean {
    return (this.status() & STATUS.IM) !== 0;
  }

  wake(): void {
    if (this.pending()) this.i32[this.waiting] = 0;
  }

  /** WAIT ends on an interrupt that Status.IM lets through, whatever IE says (Config7.WII). */
  pending(): boolean {
    return (this.status() & this.cause() & CAUSE.IP) !== 0;
  }

  timerWakes(spinning: boolean): boolean {
    if (this.timer.deadline() === Number.POSITIVE_INFINITY) return false;
    return (this.status() & CAUSE.IP7) !== 0 && (!spinning || this.interruptible());
  }

  interruptible(): boolean {
    const status = this.status();
    return (status & (STATUS.IE | STATUS.EXL | STATUS.ERL)) === STATUS.IE && (status & STATUS.IM) !== 0;
  }

  /** The numbers of Cause.IP bits. */
  hasInterrupt(irq: number): boolean {
    return irq === 2 || irq === 3 || irq === 4 || irq === 6;
  }

  setInterrupt(irq: number, raise: boolean): void {
    // VZ KVM raises lines by priority, and only a Loongson has one for IP6: KVM_INTERRUPT takes the number, and nothing happens.
    if (irq === 6 && this.options.vmType === 'vz') return;
    const bit = 1 << (8 + irq);
    if (raise) this.i32[this.cp0 + CP0.CAUSE]! |= bit;
    else this.i32[this.cp0 + CP0.CAUSE]! &= ~bit;
  }

  /** KVM_CAP_MIPS_FPU: user space may give the guest an FPU (Config1.FP). */
  enableCap(cap: number): boolean {
    if (cap !== Cap.MIPS_FPU) return false;
    this.fpu.enable();
    return true;
  }

  oneRegs(): readonly OneReg[] {
    return this.registers;
  }

  private status(): number {
    return this.i32[this.cp0 + CP0.STATUS]!;
  }

  private cause(): number {
    return this.i32[this.cp0 + CP0.CAUSE]!;
  }
}
