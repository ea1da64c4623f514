// A machine that runs one random ARM program after another, each from power-on, through the KVM contract.
import { armv7 } from '../../../src/arch/arm/index.ts';
import { CP15, MODE, MODE_BANK } from '../../../src/arch/arm/registers.ts';
import type { Core } from '../../../src/cpu/exec/core.ts';
import type { EngineName, RegionTuning } from '../../../src/cpu/exec/core-options.ts';
import { createKvm, type EmulatedVm } from '../../../src/cpu/exec/kvm.ts';
import { KVM_VM_ARM_HYP, KVM_VM_ARM_SVC } from '../../../src/kvm/arm.ts';
import { ExitReason, KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/constants.ts';
import type { Vcpu } from '../../../src/kvm/contract.ts';
import type { InKernelIrqchip } from '../../../src/kvm/in-kernel-device.ts';
import { hex } from '../../../src/util/bits.ts';
import type { Visible } from '../reference/tested.ts';
import { ACKNOWLEDGE, MMIO_PHYSICAL, RAM_BYTES, STACK_BYTES } from './places.ts';
import type { ArmProgram, MachineKind } from './program.ts';

export const NS_PER_INSTRUCTION = 10;
export const VCPUS = 2;
const MAX_EXITS = 20_000;
const LINE = 256;
/** KVM_INTERRUPT's numbers. */
const [IRQ, FIQ] = [1, 2];
/** Private lines of the physical and the virtual timer. */
const LINES: Readonly<Record<number, number>> = { 30: IRQ, 27: FIQ };

export type Ended = 'deadline' | 'internal error' | 'shutdown' | 'system event';

/** Something that all machines are told between two enters. */
export type Outside =
  | { readonly kind: 'interrupt'; readonly vcpu: number; readonly irq: number }
  | { readonly kind: 'write'; readonly physical: number; readonly bytes: Uint8Array }
  | { readonly kind: 'slots'; readonly dirtyLog: boolean }
  | { readonly kind: 'nothing' };

export interface MachineOptions {
  readonly engine: EngineName;
  readonly regions?: RegionTuning;
}

export class ArmMachine {
  readonly vm: EmulatedVm;
  readonly vcpus: readonly Vcpu[];
  readonly core: Core;
  readonly log: string[] = [];
  /** Most instructions of one KVM_RUN. */
  slice: () => number = () => Number.POSITIVE_INFINITY;
  private readonly old = new Uint8Array(RAM_BYTES);
  /** The lines that are high: of the timers, and of the host. */
  private readonly levels = Array.from({ length: VCPUS }, () => ({ timer: 0, host: 0 }));

  constructor(kind: MachineKind, { engine, regions }: MachineOptions) {
    this.vm = createKvm(armv7, {
      arenaSize: RAM_BYTES,
      endianness: 'little',
      maxVcpus: VCPUS,
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: 1,
      paravirtHypercalls: false,
      engine,
      ...(regions && { regions }),
    }).createVm(kind === 'hyp' ? KVM_VM_ARM_HYP : KVM_VM_ARM_SVC);
    this.core = Reflect.get(this.vm, 'core') as Core; // power-on has no call in KVM
    this.setSlots(0);
    this.vcpus = Array.from({ length: VCPUS }, (_, id) => this.vm.createVcpu(id));
    const irqchip: InKernelIrqchip = {
      name: 'lines',
      size: 0,
      read: () => 0,
      write: () => {},
      setLine: () => false,
      setPrivateLine: (vcpu, line, level) => {
        const irq = LINES[line];
        if (irq !== undefined) this.setLine(vcpu, 'timer', irq, level);
      },
    };
    this.core.irqchip = irqchip;
  }

  /** RAM, with slot flags. */
  private setSlots(flags: number): void {
    const ram = { slot: 0, flags, guestPhysAddr: 0, memorySize: RAM_BYTES, userspaceAddr: 0 };
    this.vm.setUserMemoryRegion(ram);
  }

  private setLine(vcpu: number, of: 'timer' | 'host', irq: number, level: boolean): void {
    const levels = this.levels[vcpu]!;
    const before = levels.timer | levels.host;
    levels[of] = level ? levels[of] | irq : levels[of] & ~irq;
    const now = levels.timer | levels.host;
    if ((now ^ before) & irq) this.core.setInterrupt(vcpu, irq, level);
  }

  /** Power-on, with this program. */
  load(program: ArmProgram): void {
    const { core, log } = this;
    Object.assign(core.clock, { count: 0, idle: 0 });
    core.tlb.dropAll();
    this.put(program.ram);
    for (const levels of this.levels) Object.assign(levels, { timer: 0, host: 0 });
    for (const vcpu of this.vcpus) this.start(vcpu, program);
    // Registers have been written that decide which tables are used.
    core.tlb.dropAll();
    core.schedule(0);
    log.length = 0;
  }

  private start(vcpu: Vcpu, program: ArmProgram): void {
    const { core } = this;
    core.schedule(vcpu.id);
    const { banks, i32 } = core;
    const at = (bank: string, index = 0): number => (banks[bank]!.offset >>> 2) + index;
    i32[at('lines')] = 0;
    i32[at('sevs')] = 0;
    i32.fill(0, at('cp15'), at('cp15') + banks.cp15!.count);
    core.model.reset(vcpu.id);
    vcpu.setRegs({ gpr: program.gpr.map(BigInt), hi: 0n, lo: 0n, pc: BigInt(program.pcs[vcpu.id]!) });
    for (const [name, value] of Object.entries(program.cp15)) i32[at('cp15', CP15[name as keyof typeof CP15])] = value;
    // Each vCPU has its half of the stacks.
    const stackOf = (mode: number): number => program.stacks[mode]! - vcpu.id * (STACK_BYTES / 2);
    for (let mode = 0; mode < program.stacks.length; mode++) i32[at('bankedSp', mode)] = stackOf(mode);
    for (let i = 0; i < 10; i++) i32[at('bankedHigh', i)] = program.gpr[8 + (i % 5)]!;
    program.doubles.forEach((value, i) => {
      core.i64[(banks.d!.offset >>> 3) + i] = BigInt.asIntN(64, value);
    });
    i32[at('fpexc')] = 1 << 30;
    i32[at('fpscr')] = program.fpscr;
    i32[at('cpsr')] = program.cpsr;
    i32[at('power')] = 1;
    i32[at('gpr', 13)] = stackOf(bankOf(program.cpsr));
  }

  /** Write the lines that are not so already. */
  private put(bytes: Uint8Array): void {
    this.vm.memory.read(0, this.old);
    for (let at = 0; at < bytes.length; at += LINE) {
      const line = bytes.subarray(at, at + LINE);
      if (Buffer.compare(line, this.old.subarray(at, at + LINE)) !== 0) this.vm.memory.write(at, line);
    }
  }

  tell(outside: Outside): void {
    if (outside.kind === 'interrupt') this.setLine(outside.vcpu, 'host', Math.abs(outside.irq), outside.irq > 0);
    else if (outside.kind === 'write') this.vm.memory.write(outside.physical, outside.bytes);
    else if (outside.kind === 'slots') this.setSlots(outside.dirtyLog ? KVM_MEM_LOG_DIRTY_PAGES : 0);
  }

  /** Run a vCPU to an instant; waits are skipped to their end, or to the instant. */
  runTo(instant: number, id = 0): Ended {
    const { vm } = this;
    const vcpu = this.vcpus[id]!;
    const { run } = vcpu;
    for (let exits = 0; exits < MAX_EXITS; exits++) {
      const { now } = vm.clock;
      if (now >= instant) return 'deadline';
      const deadline = Math.min(instant, now + this.slice() * NS_PER_INSTRUCTION);
      if (vcpu.enter(deadline) !== 0) {
        if (vcpu.waiting !== 'none') vm.clock.skipTo(Math.min(vcpu.wakeAt, instant));
        continue;
      }
      if (run.exitReason === ExitReason.INTERNAL_ERROR) return 'internal error';
      if (run.exitReason === ExitReason.SHUTDOWN) return 'shutdown';
      if (run.exitReason === ExitReason.SYSTEM_EVENT) return 'system event';
      if (run.exitReason !== ExitReason.MMIO) throw new Error(`unexpected exit ${run.exitReason}`);
      this.answer(vcpu);
    }
    throw new Error('no end of exits');
  }

  private answer(vcpu: Vcpu): void {
    const { physAddr, len, isWrite, data } = vcpu.run.mmio;
    const { log } = this;
    if (!isWrite) {
      const value = Math.imul(physAddr ^ (log.length * 0x1234567), 0x9e3779b1);
      for (let i = 0; i < len; i++) data[i] = value >>> (8 * i);
      log.push(`read ${hex(physAddr)} ${len}`);
      return;
    }
    log.push(`write ${hex(physAddr)} ${len} ${[...data.subarray(0, len)]}`);
    if (physAddr !== MMIO_PHYSICAL + ACKNOWLEDGE) return;
    this.setLine(vcpu.id, 'host', IRQ, false);
    this.setLine(vcpu.id, 'host', FIQ, false);
  }

  /** What a vCPU can see, RAM excepted: a copy. Equal forms are made one, which may bring a timer up to date: to be asked once. */
  look(vcpu: number): Visible {
    const { core } = this;
    core.activate(vcpu);
    core.model.normalise();
    return {
      instructions: core.clock.instructions,
      now: core.clock.now,
      pc: core.pc,
      banks: core.banks,
      words: core.u32.slice(0, core.program.stateEnd >>> 2),
    };
  }

  get arena(): Buffer {
    return Buffer.from(this.core.i32.buffer, this.core.arena, RAM_BYTES);
  }
}

const BANKS = new Map<number, number>([
  [MODE.USR, MODE_BANK.USR],
  [MODE.SYS, MODE_BANK.USR],
  [MODE.FIQ, MODE_BANK.FIQ],
  [MODE.IRQ, MODE_BANK.IRQ],
  [MODE.SVC, MODE_BANK.SVC],
  [MODE.ABT, MODE_BANK.ABT],
  [MODE.UND, MODE_BANK.UND],
  [MODE.HYP, MODE_BANK.HYP],
]);
const bankOf = (cpsr: number): number => BANKS.get(cpsr & 0x1f)!;
