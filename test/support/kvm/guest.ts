// A guest of a few instructions on the emulated KVM: RAM at 0, kernel mode, interrupts off, code in KSEG0; a trap-and-emulate guest unless
// its options say otherwise (places in VZ guests: vz-guest.ts). Tests write it with
// mips-words.ts, enter it for a number of instructions, and look at what the contract shows.
import { createHash } from 'node:crypto';
import { mips32 } from '../../../src/arch/mips/index.ts';
import type { EngineName, RegionTuning } from '../../../src/cpu/exec/core-options.ts';
import { createKvm, type EmulatedVm } from '../../../src/cpu/exec/kvm.ts';
import type { EmulatedVcpu } from '../../../src/cpu/exec/vcpu.ts';
import type { ArchitectureDefinition } from '../../../src/cpu/isa/architecture.ts';
import { KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ } from '../../../src/kvm/constants.ts';
import { KvmError } from '../../../src/kvm/errors.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64, KVM_REG_MIPS_PC } from '../../../src/kvm/mips.ts';
import type { Endianness } from '../../../src/memory/guest-memory.ts';
import {
  assemble,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  EPC,
  eret,
  INDEX,
  k0,
  type Line,
  li,
  mtc0,
  STATUS,
  tlbwi,
  zero,
} from './mips-words.ts';

/** Nanoseconds of guest time per instruction: one tick of the 100 MHz Count. */
export const NS = 10;
export const RAM_BYTES = 0x200000;
/** Host memory beyond the first slot, for slots that tests add. */
export const SPARE = RAM_BYTES;
export const SPARE_BYTES = 0x200000;
const ARENA_BYTES = RAM_BYTES + SPARE_BYTES;

/** Guest virtual addresses in KSEG0. */
export const CODE = 0x40010000;
export const DATA = 0x40020000;
/** Host KSEG1: always MMIO, at MMIO_PHYSICAL. */
export const MMIO = 0xb0000000;
export const MMIO_PHYSICAL = 0x10000000;
export const EBASE = 0x40000000;
export const GENERAL_VECTOR = EBASE + 0x180;

export const CP0_COUNT = KVM_REG_MIPS_CP0_32(9, 0);
export const CP0_ENTRYHI = KVM_REG_MIPS_CP0_64(10, 0);
export const CP0_COMPARE = KVM_REG_MIPS_CP0_32(11, 0);
export const CP0_STATUS = KVM_REG_MIPS_CP0_32(12, 0);
export const CP0_CAUSE = KVM_REG_MIPS_CP0_32(13, 0);
export const CP0_EPC = KVM_REG_MIPS_CP0_64(14, 0);
const CP0_EBASE = KVM_REG_MIPS_CP0_64(15, 1);

export const IP2 = 1 << 10;
export const IP7 = 1 << 15;
export const TI = 1 << 30;
export const IE = 1;

export interface GuestOptions {
  /** Host memory of the VM; RAM is its first part. */
  readonly arenaBytes?: number;
  readonly endianness?: Endianness;
  readonly vcpus?: number;
  readonly paravirtHypercalls?: boolean;
  readonly seed?: number;
  readonly machine?: 'trap-and-emulate' | 'vz';
  readonly cpuModel?: string;
  readonly engine?: EngineName;
  readonly regions?: RegionTuning;
  /** Default: MIPS as it is. */
  readonly architecture?: ArchitectureDefinition;
}

const MACHINES = {
  'trap-and-emulate': { type: KVM_VM_MIPS_TE, kseg0: 0x40000000 },
  vz: { type: KVM_VM_MIPS_VZ, kseg0: 0x80000000 },
} as const;

/** Guest-physical address of a KSEG0 address. */
export const physical = (va: number): number => va & 0x1fffffff;
const word = (register: bigint): number => Number(BigInt.asUintN(32, register));
/** A 32-bit value as KVM shows it in a 64-bit register. */
export const register = (value: number): bigint => BigInt.asUintN(64, BigInt(value | 0));

/** The errno a KVM call fails with, or 'success'. */
export function errnoOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof KvmError) return error.errno;
    throw error;
  }
  return 'success';
}

/** Kernel code, 11 words: TLB entry 0 maps the even page `va` to guest-physical `gpa`, valid and dirty, in address space 0 or in all. */
export function mapPage(va: number, gpa: number, space: 'global' | 'space 0' = 'global'): Line {
  const global = space === 'global' ? 1 : 0; // in both halves
  return [
    ...[li(k0, va), mtc0(k0, ENTRYHI), li(k0, (gpa >>> 6) | 6 | global), mtc0(k0, ENTRYLO0)],
    ...[li(k0, global), mtc0(k0, ENTRYLO1), mtc0(zero, INDEX), tlbwi],
  ];
}

/** Kernel code: go to user mode at `va`, a page mapped to `gpa`, with more Status bits. */
export function enterUser(va: number, gpa: number, status = 0): Line {
  return [mapPage(va, gpa), li(k0, 0x12 | status), mtc0(k0, STATUS), li(k0, va), mtc0(k0, EPC), eret];
}

export class Guest {
  readonly endianness: Endianness;
  readonly vm: EmulatedVm;
  readonly vcpus: readonly EmulatedVcpu[];
  /** vCPU 0. */
  readonly vcpu: EmulatedVcpu;
  /** Where load() puts code and vCPUs start: CODE, or its like in the machine's own KSEG0. */
  readonly code: number;

  constructor({
    endianness = 'little',
    vcpus = 1,
    paravirtHypercalls = true,
    seed = 1,
    arenaBytes = ARENA_BYTES,
    machine = 'trap-and-emulate',
    cpuModel = '24Kf',
    architecture = mips32(endianness),
    ...engine
  }: GuestOptions = {}) {
    const { type, kseg0 } = MACHINES[machine];
    this.endianness = endianness;
    this.code = kseg0 + physical(CODE);
    this.vm = createKvm(architecture, {
      arenaSize: arenaBytes,
      endianness,
      maxVcpus: vcpus,
      nsPerInstruction: NS,
      seed,
      paravirtHypercalls,
      cpuModel,
      ...engine,
    }).createVm(type);
    this.vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM_BYTES, userspaceAddr: 0 });
    this.vcpus = Array.from({ length: vcpus }, (_, id) => this.vm.createVcpu(id));
    this.vcpu = this.vcpus[0]!;
    for (const vcpu of this.vcpus) {
      vcpu.setOneReg(CP0_STATUS, 0n);
      vcpu.setOneReg(CP0_EBASE, register(kseg0 + vcpu.id));
      vcpu.setOneReg(KVM_REG_MIPS_PC, register(this.code));
    }
  }

  /** Put code at a KSEG0 address; returns the addresses of its labels. */
  load(source: Line, at: number = this.code): (label: string) => number {
    const { words, labels } = assemble(at, source);
    for (const [n, instruction] of words.entries())
      this.vm.memory.writeU32(physical(at) + 4 * n, instruction, this.endianness);
    return (label) => labels.get(label)!;
  }

  /** KVM_RUN for at most `instructions` of guest time. */
  enter(instructions: number, vcpu: EmulatedVcpu = this.vcpu): number {
    return vcpu.enter(this.vm.clock.now + instructions * NS);
  }

  gpr(index: number, vcpu: EmulatedVcpu = this.vcpu): number {
    return word(vcpu.getRegs().gpr[index]!);
  }

  setGpr(index: number, value: number, vcpu: EmulatedVcpu = this.vcpu): void {
    const regs = vcpu.getRegs();
    regs.gpr[index] = register(value);
    vcpu.setRegs(regs);
  }

  get pc(): number {
    return word(this.vcpu.getRegs().pc);
  }

  set pc(value: number) {
    this.vcpu.setOneReg(KVM_REG_MIPS_PC, register(value));
  }

  get instructions(): number {
    return this.vm.clock.instructions;
  }

  cp0(id: bigint, vcpu: EmulatedVcpu = this.vcpu): number {
    return word(vcpu.getOneReg(id));
  }

  /** Cause.ExcCode. */
  get exceptionCode(): number {
    return (this.cp0(CP0_CAUSE) >>> 2) & 31;
  }

  /** The 32-bit word in memory at a KSEG0 address. */
  word(va: number): number {
    return this.vm.memory.readU32(physical(va), this.endianness);
  }

  /** SHA-256 over all architectural state. */
  hash(): string {
    const hash = createHash('sha256');
    this.vm.hashState((bytes) => hash.update(bytes));
    return hash.digest('hex');
  }
}
