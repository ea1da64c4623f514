// A fake of the KVM contract: vCPUs that play a program of steps, with a clock, memory and interrupts that behave as the
// contract says (exits finish at the next enter, deadlines stop between instructions). For testing what stands on the contract.
import { Errno, ExitReason } from '../../../src/kvm/constants.ts';
import type {
  IrqLevel,
  KvmInterrupt,
  KvmRegs,
  MemoryRegion,
  Vcpu,
  VcpuWait,
  VmClock,
} from '../../../src/kvm/contract.ts';
import type { InKernelIrqchip, InKernelWindow } from '../../../src/kvm/in-kernel-device.ts';
import { KVM_REG_MIPS_PC, KVM_REG_MIPS_R } from '../../../src/kvm/mips.ts';
import { createKvmRun } from '../../../src/kvm/run.ts';
import { STAT_NAMES, statSpec, type VcpuStats } from '../../../src/kvm/stats.ts';
import { GuestMemory } from '../../../src/memory/guest-memory.ts';
import type { CreateVmOptions, EmulatedVm } from '../../../src/vmm/compose.ts';

/** One thing a fake guest does. */
export type Step =
  /** Retire so many instructions. */
  | { readonly run: number }
  | { readonly read: number; readonly len?: number }
  | { readonly write: number; readonly data: readonly number[] }
  | { readonly hypercall: number; readonly args: readonly number[] }
  /** WAIT, with a timer of its own after so many ns of guest time, or none. */
  | { readonly wait: number }
  | { readonly spin: true }
  /** Leaves the quantum early, as a core does that raised something for another vCPU. */
  | { readonly yield: true }
  | { readonly shutdown: number | null }
  | { readonly systemEvent: number }
  | { readonly internalError: string }
  | { readonly exit: number };

/** What a step gave: the bytes of a read, the answer of a hypercall. */
export interface StepResult {
  readonly data: readonly number[];
  readonly ret: number;
}

export type GuestProgram = (cpu: FakeVcpu) => Generator<Step, void, StepResult>;

export class FakeClock implements VmClock {
  instructions = 0;
  skipped = 0;
  readonly nsPerInstruction: number;

  constructor(nsPerInstruction = 10) {
    this.nsPerInstruction = nsPerInstruction;
  }

  get now(): number {
    return this.instructions * this.nsPerInstruction + this.skipped;
  }

  skipTo(instant: number): void {
    this.skipped += Math.max(0, instant - this.now);
  }
}

const NOTHING: StepResult = { data: [], ret: 0 };

export class FakeVcpu implements Vcpu {
  readonly id: number;
  readonly run = createKvmRun();
  readonly clock: FakeClock;
  /** Lines that are raised now, and every KVM_INTERRUPT call. */
  readonly lines = new Set<number>();
  readonly interrupts: number[] = [];
  readonly oneRegs = new Map<bigint, bigint>();
  /** Bounds that enter() was given. */
  entries = 0;
  waiting: VcpuWait = 'none';
  deaf = false;
  yielded = false;
  wakeAt = Number.POSITIVE_INFINITY;
  private regs: KvmRegs = { gpr: Array.from({ length: 32 }, () => 0n), hi: 0n, lo: 0n, pc: 0x40000000n };
  private readonly steps: Generator<Step, void, StepResult>;
  private step: Step | null = null;
  private left = 0;
  private pending = false;

  constructor(id: number, clock: FakeClock, program: GuestProgram) {
    this.id = id;
    this.clock = clock;
    this.steps = program(this);
  }

  get runnable(): boolean {
    return (
      this.waiting === 'none' || (this.waiting === 'wait' && (this.lines.size > 0 || this.clock.now >= this.wakeAt))
    );
  }

  enter(deadline: number): number {
    this.entries++;
    this.yielded = false;
    if (this.pending) this.finish(this.answer());
    if (this.run.immediateExit) return -Errno.EINTR;
    for (;;) {
      if (this.waiting !== 'none') {
        if (!this.runnable) return this.interrupted();
        this.waiting = 'none';
        this.wakeAt = Number.POSITIVE_INFINITY;
      }
      if (this.clock.now >= deadline) return this.interrupted();
      this.step ??= this.next(NOTHING);
      const result = this.perform(this.step, deadline);
      if (result !== null) return result;
    }
  }

  getRegs(): KvmRegs {
    return { ...this.regs, gpr: [...this.regs.gpr] };
  }

  setRegs(regs: KvmRegs): void {
    this.regs = { ...regs, gpr: [...regs.gpr] };
  }

  getRegList(): bigint[] {
    return [...this.oneRegs.keys()];
  }

  getOneReg(id: bigint): bigint {
    return this.oneRegs.get(id) ?? 0n;
  }

  setOneReg(id: bigint, value: bigint): void {
    const { gpr } = this.regs;
    const register = gpr.findIndex((_, n) => id === KVM_REG_MIPS_R(n));
    if (register >= 0) gpr[register] = value;
    if (id === KVM_REG_MIPS_PC) this.regs.pc = value;
    this.oneRegs.set(id, value);
  }

  interrupt({ irq }: KvmInterrupt): void {
    this.interrupts.push(irq);
    if (irq > 0) this.lines.add(irq);
    else this.lines.delete(-irq);
  }

  // What the machine has no business with.

  enableCap(): void {}
  translate(): void {}
  getMpState(): number {
    return 0;
  }
  setMpState(): void {}
  setGuestDebug(): void {}

  stats(): VcpuStats {
    const counts = STAT_NAMES.map((name) => [name, statSpec(name).hot ? null : 0]);
    return Object.fromEntries(counts) as VcpuStats;
  }

  private next(result: StepResult): Step {
    const { value, done } = this.steps.next(result);
    const step: Step = done || !value ? { shutdown: null } : value;
    this.left = 'run' in step ? step.run : 1;
    return step;
  }

  private answer(): StepResult {
    const { mmio, hypercall } = this.run;
    return { data: [...mmio.data.subarray(0, mmio.len)], ret: hypercall.ret };
  }

  private finish(result: StepResult): void {
    this.clock.instructions++;
    this.pending = false;
    this.step = this.next(result);
  }

  private interrupted(): number {
    this.run.exitReason = ExitReason.INTR;
    return -Errno.EINTR;
  }

  private leave(reason: ExitReason, pending: boolean): number {
    this.run.exitReason = reason;
    this.pending = pending;
    return 0;
  }

  /** Null when the guest goes on. */
  private perform(step: Step, deadline: number): number | null {
    const { run, clock } = this;
    if ('run' in step) {
      const room = Math.ceil((deadline - clock.now) / clock.nsPerInstruction);
      const done = Math.min(this.left, room);
      clock.instructions += done;
      this.left -= done;
      if (this.left === 0) this.step = this.next(NOTHING);
      return null;
    }
    if ('read' in step) {
      Object.assign(run.mmio, { physAddr: step.read, len: step.len ?? 4, isWrite: false });
      run.mmio.data.fill(0xee);
      return this.leave(ExitReason.MMIO, true);
    }
    if ('write' in step) {
      Object.assign(run.mmio, { physAddr: step.write, len: step.data.length, isWrite: true });
      run.mmio.data.set(step.data);
      return this.leave(ExitReason.MMIO, true);
    }
    if ('hypercall' in step) {
      Object.assign(run.hypercall, { nr: step.hypercall, ret: 0 });
      for (let i = 0; i < 6; i++) run.hypercall.args[i] = step.args[i] ?? 0;
      return this.leave(ExitReason.HYPERCALL, true);
    }
    if ('wait' in step || 'spin' in step || 'yield' in step) {
      clock.instructions++;
      if ('wait' in step) {
        this.waiting = 'wait';
        this.wakeAt = clock.now + step.wait;
      } else if ('spin' in step) this.waiting = 'spin';
      else this.yielded = true;
      this.step = this.next(NOTHING);
      return this.interrupted();
    }
    if ('shutdown' in step) {
      const a = step.shutdown === null ? [99n, 0n] : [BigInt(step.shutdown), 0x7473766dn];
      this.regs.gpr.splice(4, 2, ...a);
      return this.leave(ExitReason.SHUTDOWN, false);
    }
    if ('systemEvent' in step) {
      run.systemEvent.type = step.systemEvent;
      return this.leave(ExitReason.SYSTEM_EVENT, false);
    }
    if ('internalError' in step) {
      Object.assign(run.internal, {
        suberror: 1,
        pc: 0x40001234,
        instruction: 0x1234abcd,
        message: step.internalError,
      });
      return this.leave(ExitReason.INTERNAL_ERROR, false);
    }
    return this.leave(step.exit as ExitReason, false);
  }
}

/** A VM of fake vCPUs: `programs[i]` is what vCPU i does (the last one for all further ones). */
export class FakeVm implements EmulatedVm {
  readonly memory: GuestMemory;
  readonly clock: FakeClock;
  readonly options: CreateVmOptions;
  readonly regions: MemoryRegion[] = [];
  readonly vcpus: FakeVcpu[] = [];
  irqchip: InKernelIrqchip | null = null;
  private readonly programs: readonly GuestProgram[];

  constructor(options: CreateVmOptions, programs: readonly GuestProgram[]) {
    this.options = options;
    this.programs = programs;
    this.clock = new FakeClock(options.nsPerInstruction);
    this.memory = new GuestMemory(new ArrayBuffer(options.arenaSize), 0, options.arenaSize, options.endianness);
  }

  readonly watch = { userModeSeen: false, execution() {}, watchData: () => true, forgetUserMode() {} };

  debugPort(): ReturnType<EmulatedVm['debugPort']> {
    return { pc: 0, bank: () => 0, translate: () => ({ outcome: 'nothing' }), exceptions: () => [] };
  }

  readonly compiledCode = null;

  checkExtension(): number {
    return 0;
  }

  createVcpu(id: number): FakeVcpu {
    const vcpu = new FakeVcpu(id, this.clock, this.programs[Math.min(id, this.programs.length - 1)]!);
    this.vcpus.push(vcpu);
    return vcpu;
  }

  provideIrqchip({ device }: InKernelWindow<InKernelIrqchip>): void {
    this.irqchip = device;
  }

  createIrqchip(): void {}

  addInKernelDevice(): void {}

  irqLine({ irq, level }: IrqLevel): void {
    this.irqchip?.setLine(irq, level !== 0);
  }

  observe(): void {}

  setUserMemoryRegion(region: MemoryRegion): void {
    this.regions.push(region);
    this.memory.setRanges(
      this.regions.map(({ guestPhysAddr, memorySize, userspaceAddr }) => ({
        gpa: guestPhysAddr,
        size: memorySize,
        offset: userspaceAddr,
        readonly: false,
      })),
    );
  }

  hashState(update: (bytes: Uint8Array) => void): void {
    const text = new TextEncoder();
    for (const vcpu of this.vcpus) update(text.encode(String(vcpu.getRegs().gpr)));
    const page = new Uint8Array(4096);
    for (const { gpa, size, offset } of this.memory.getRanges())
      for (let at = 0; at < size; at += page.length) {
        if (this.memory.isZeroPage(offset + at)) continue;
        this.memory.readArena(offset + at, page);
        update(text.encode(String(gpa + at)));
        update(page);
      }
  }
}
