// A machine with ARM vCPUs and memory at 0, and the words of the instructions that system tests are made of.
import { armv7 } from '../../../../src/arch/arm/index.ts';
import { CONTROL_A32_ROWS } from '../../../../src/arch/arm/insns/control-a32.ts';
import { CONTROL_T32_ROWS } from '../../../../src/arch/arm/insns/control-t32.ts';
import { MEMORY_A32_ROWS } from '../../../../src/arch/arm/insns/memory-a32.ts';
import { MEMORY_T32_ROWS } from '../../../../src/arch/arm/insns/memory-t32.ts';
import { PROCESSING_A32_ROWS } from '../../../../src/arch/arm/insns/processing-a32.ts';
import { PROCESSING_T32_ROWS } from '../../../../src/arch/arm/insns/processing-t32.ts';
import { SYSTEM_A32_ROWS } from '../../../../src/arch/arm/insns/system-a32.ts';
import { SYSTEM_T32_ROWS } from '../../../../src/arch/arm/insns/system-t32.ts';
import type { Core } from '../../../../src/cpu/exec/core.ts';
import { createKvm } from '../../../../src/cpu/exec/kvm.ts';
import type { EmulatedVcpu } from '../../../../src/cpu/exec/vcpu.ts';
import { Gic } from '../../../../src/devices/irqchip/gic.ts';
import { KVM_REG_ARM_CP15_32, KVM_REG_ARM_CP15_64, KVM_REG_ARM_R } from '../../../../src/kvm/arm.ts';

import type { InKernelDevice } from '../../../../src/kvm/in-kernel-device.ts';

const MEMORY_BYTES = 0x100000;
export const GIC = 0x10000000;

/** Without what other tests are about. */
const DEFINITION = {
  ...armv7,
  name: 'arm, system',
  rows: [
    ...[...PROCESSING_A32_ROWS, ...MEMORY_A32_ROWS, ...CONTROL_A32_ROWS, ...SYSTEM_A32_ROWS],
    ...[...PROCESSING_T32_ROWS, ...MEMORY_T32_ROWS, ...CONTROL_T32_ROWS, ...SYSTEM_T32_ROWS],
  ],
};

const PC = 15;
const CPSR = 16;

export class SystemMachine {
  readonly vm;
  readonly vcpus: EmulatedVcpu[];
  private chosen: EmulatedVcpu | undefined;

  private readonly core: Core;

  /** Levels of private lines, in the order of their changes. */
  readonly lines: (readonly [vcpu: number, line: number, level: boolean])[] = [];

  constructor(kind: 'svc' | 'hyp', vcpus = 1, memoryBytes = MEMORY_BYTES, withGic = false) {
    this.vm = createKvm(DEFINITION, {
      engine: 'interpreter',
      arenaSize: memoryBytes,
      endianness: 'little',
      maxVcpus: vcpus,
      nsPerInstruction: 16,
      seed: 0,
      paravirtHypercalls: false,
    }).createVm(kind === 'svc' ? 0 : 1);
    this.vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: memoryBytes, userspaceAddr: 0 });
    this.core = Reflect.get(this.vm, 'core') as Core; // power-on and the CPU's lines have no call in KVM
    if (withGic) this.addGic(vcpus);
    else {
      const device = {
        ...{ name: 'lines', size: 0x1000, read: () => 0, write: () => {}, setLine: () => true },
        setPrivateLine: (vcpu: number, line: number, level: boolean): void => {
          this.lines.push([vcpu, line, level]);
        },
      };
      this.vm.provideIrqchip({ base: GIC, order: 'little', device });
    }
    this.vm.createIrqchip();
    this.vcpus = Array.from({ length: vcpus }, (_, id) => this.vm.createVcpu(id));
  }

  /** A GICv2: distributor, CPU interface, hypervisor's interface and virtual CPU interface, 8 KiB each. */
  private addGic(cpus: number): void {
    const line = (n: number) => (cpu: number) => ({
      set: (level: boolean) => this.core.setInterrupt(cpu, n, level),
    });
    const virtual = { irq: line(3), fiq: line(4) };
    const gic = new Gic({ cpus, interrupts: 64, irq: line(1), fiq: line(2), virtual, misuse: () => {} });
    const { distributor, cpuInterface, virtualization } = gic;
    const inKernel = ({ name, size, read, write }: InKernelDevice, device: object): InKernelDevice => ({
      ...{ name, size },
      read: (...args) => read.apply(device, args),
      write: (...args) => write.apply(device, args),
    });
    const device = {
      ...inKernel(distributor, distributor),
      setLine: (irq: number, level: boolean) => gic.setLine(irq, level),
      setPrivateLine: (vcpu: number, irq: number, level: boolean) => void gic.setPpi(vcpu, irq, level),
      canRaise: (vcpu: number, line: number) => line !== 2 || gic.mayUseFiq(vcpu),
    };
    this.vm.provideIrqchip({ base: GIC, order: 'little', device });
    const others = [cpuInterface, virtualization!.hypervisor, virtualization!.cpuInterface];
    for (const [n, window] of others.entries())
      this.vm.addInKernelDevice({ base: GIC + 0x2000 * (n + 1), order: 'little', device: inKernel(window, window) });
  }

  get vcpu(): EmulatedVcpu {
    return this.chosen ?? this.vcpus[0]!;
  }

  /** What follows is about this vCPU. */
  on(vcpu: EmulatedVcpu): this {
    this.chosen = vcpu;
    return this;
  }

  /** Switch it on, without a reset. */
  power(): this {
    const { core } = this;
    core.activate(this.vcpus.indexOf(this.vcpu));
    core.i32[core.banks.power!.offset >>> 2] = 1;
    return this;
  }

  code(address: number, words: readonly number[]): this {
    for (const [i, word] of words.entries()) this.vm.memory.writeU32(address + 4 * i, word >>> 0, 'little');
    return this;
  }

  halfwords(address: number, words: readonly number[]): this {
    for (const [i, word] of words.entries())
      this.vm.memory.write(address + 2 * i, Uint8Array.of(word & 0xff, word >>> 8));
    return this;
  }

  word(address: number): number {
    return this.vm.memory.readU32(address, 'little');
  }

  /** A word of struct kvm_regs. */
  reg(number: number): number {
    return Number(this.vcpu.getOneReg(KVM_REG_ARM_R(number)));
  }

  setReg(number: number, value: number): this {
    this.vcpu.setOneReg(KVM_REG_ARM_R(number), BigInt(value >>> 0));
    return this;
  }

  get pc(): number {
    return this.reg(PC);
  }

  get cpsr(): number {
    return this.reg(CPSR);
  }

  /** Start at `pc` with this CPSR. */
  at(pc: number, cpsr: number): this {
    return this.setReg(CPSR, cpsr).setReg(PC, pc);
  }

  cp15(opc1: number, crn: number, crm: number, opc2: number): number {
    return Number(this.vcpu.getOneReg(KVM_REG_ARM_CP15_32(opc1, crn, crm, opc2)));
  }

  setCp15(opc1: number, crn: number, crm: number, opc2: number, value: number): this {
    this.vcpu.setOneReg(KVM_REG_ARM_CP15_32(opc1, crn, crm, opc2), BigInt(value >>> 0));
    return this;
  }

  cp15Pair(opc1: number, crm: number): bigint {
    return this.vcpu.getOneReg(KVM_REG_ARM_CP15_64(opc1, crm));
  }

  setCp15Pair(opc1: number, crm: number, value: bigint): this {
    this.vcpu.setOneReg(KVM_REG_ARM_CP15_64(opc1, crm), value);
    return this;
  }

  /** So many instructions more. */
  run(count: number): this {
    this.vcpu.enter(this.vm.clock.now + 16 * count);
    return this;
  }
}

const AL = 0xe0000000;
const coprocessor = (
  isRead: boolean,
  p: number,
  opc1: number,
  rt: number,
  crn: number,
  crm: number,
  opc2: number,
): number =>
  (AL |
    0x0e000010 |
    (opc1 << 21) |
    (Number(isRead) << 20) |
    (crn << 16) |
    (rt << 12) |
    (p << 8) |
    (opc2 << 5) |
    crm) >>>
  0;
const coprocessor64 = (isRead: boolean, p: number, opc1: number, rt: number, rt2: number, crm: number): number =>
  (AL | 0x0c400000 | (Number(isRead) << 20) | (rt2 << 16) | (rt << 12) | (p << 8) | (opc1 << 4) | crm) >>> 0;

type Access32 = (opc1: number, rt: number, crn: number, crm: number, opc2: number) => number;
export const mrc: Access32 = (...access) => coprocessor(true, 15, ...access);
export const mcr: Access32 = (...access) => coprocessor(false, 15, ...access);
export const mrc14: Access32 = (...access) => coprocessor(true, 14, ...access);
export const mcr14: Access32 = (...access) => coprocessor(false, 14, ...access);
export const mrrc = (opc1: number, rt: number, rt2: number, crm: number): number =>
  coprocessor64(true, 15, opc1, rt, rt2, crm);
export const mcrr = (opc1: number, rt: number, rt2: number, crm: number): number =>
  coprocessor64(false, 15, opc1, rt, rt2, crm);
export const mrs = (rd: number, spsr = false): number => (AL | 0x010f0000 | (spsr ? 1 << 22 : 0) | (rd << 12)) >>> 0;
export const msr = (mask: number, rn: number, spsr = false): number =>
  (AL | 0x0120f000 | (spsr ? 1 << 22 : 0) | (mask << 16) | rn) >>> 0;
export const mov = (rd: number, imm8: number): number => (AL | 0x03a00000 | (rd << 12) | imm8) >>> 0;
export const SVC = (imm: number): number => (0xef000000 | imm) >>> 0;
export const HVC = (imm: number): number => (0xe1400070 | ((imm >> 4) << 8) | (imm & 15)) >>> 0;
export const SMC = 0xe1600070;
export const ERET = 0xe160006e;
export const MOVS_PC_LR = 0xe1b0f00e;
export const SUBS_PC_LR_4 = 0xe25ef004;
export const WFI = 0xe320f003;
export const WFE = 0xe320f002;
export const SEV = 0xe320f004;
export const SELF = 0xeafffffe;
export const UDF = 0xe7f000f0;
export const NOP = 0xe320f000;

/** Modes with A, I and F set, and without. */
export const MASKED = { SVC: 0x1d3, HYP: 0x1da, FIQ: 0x1d1, SYS: 0x1df } as const;
export const USR = 0x10;
