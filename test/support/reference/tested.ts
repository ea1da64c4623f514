// The machine under test, driven through the KVM contract: a VM that runs one program after another, each from power-on.
import { mips32 } from '../../../src/arch/mips/index.ts';
import type { Core } from '../../../src/cpu/exec/core.ts';
import type { EngineName, RegionTuning } from '../../../src/cpu/exec/core-options.ts';
import { createKvm, type EmulatedVm } from '../../../src/cpu/exec/kvm.ts';
import { SITE } from '../../../src/cpu/exec/layout.ts';
import { Cap, ExitReason } from '../../../src/kvm/constants.ts';
import type { Vcpu } from '../../../src/kvm/contract.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../../src/kvm/mips.ts';
import { hex } from '../../../src/util/bits.ts';
import type { Ended, Mmio } from './machine.ts';
import { MACHINES, type MachineName, type MachineSpec } from './machines.ts';
import { BOOT_BYTES, BOOT_PAGE, type Endianness, type GuestProgram, RAM_BYTES } from './programs.ts';

export const NS_PER_INSTRUCTION = 10;
export const SEED = 7;
const MAX_EXITS = 10_000;
const LINE = 256;
const OFTEN = 1_000_000;

export const CP0_STATUS = KVM_REG_MIPS_CP0_32(12, 0);
export const CP0_EBASE = KVM_REG_MIPS_CP0_64(15, 1);
export const CP0_CONFIG1 = KVM_REG_MIPS_CP0_32(16, 1);

/** Something that all machines are told between two enters. */
export type Outside =
  | { readonly kind: 'interrupt'; readonly irq: number }
  | { readonly kind: 'write'; readonly physical: number; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

/** MMIO with answers that depend on nothing but the address and how many accesses came before. */
export class RecordedMmio implements Mmio {
  readonly log: string[] = [];

  read(physical: number, length: number): number {
    const value = Math.imul(physical ^ (this.log.length * 0x1234567), 0x9e3779b1) >>> (32 - 8 * length);
    this.log.push(`read ${hex(physical)} ${length}`);
    return value;
  }

  write(physical: number, length: number, value: number): void {
    const low = length === 4 ? value >>> 0 : value & ((1 << (8 * length)) - 1);
    this.log.push(`write ${hex(physical)} ${length} ${hex(low)}`);
  }
}

/** A register value as KVM shows it. */
export const sign = (value: number): bigint => BigInt.asUintN(64, BigInt(value | 0));

/** Words in the guest's byte order. */
export function bytesOf(
  words: Uint32Array,
  endianness: Endianness,
  into = new Uint8Array(words.length * 4),
): Uint8Array {
  const view = new DataView(into.buffer, into.byteOffset);
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, endianness === 'little');
  return into;
}

export interface TestedOptions {
  /** Default: trap-and-emulate. */
  readonly machine?: MachineName;
  readonly engine?: EngineName;
  readonly regions?: RegionTuning;
  readonly vcpus?: number;
}

export class TestedMachine {
  readonly endianness: Endianness;
  readonly vm: EmulatedVm;
  readonly vcpus: readonly Vcpu[];
  readonly mmio = new RecordedMmio();
  readonly core: Core;
  private readonly bytes = new Uint8Array(RAM_BYTES);
  private readonly old = new Uint8Array(RAM_BYTES);
  private readonly tuning: RegionTuning | undefined;
  private readonly spec: MachineSpec;

  constructor(endianness: Endianness, options: TestedOptions = {}) {
    const { vcpus = 1, machine = 'trap-and-emulate', ...engine } = options;
    this.spec = MACHINES[machine];
    this.endianness = endianness;
    this.tuning = engine.regions;
    this.vm = createKvm(mips32(endianness), {
      arenaSize: RAM_BYTES + BOOT_BYTES,
      endianness,
      maxVcpus: vcpus,
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: SEED,
      paravirtHypercalls: false,
      ...engine,
    }).createVm(this.spec.type);
    this.core = Reflect.get(this.vm, 'core') as Core; // power-on has no call in KVM
    this.setSlots(0);
    this.vcpus = Array.from({ length: vcpus }, (_, id) => this.vm.createVcpu(id));
  }

  get vcpu(): Vcpu {
    return this.vcpus[0]!;
  }

  /** RAM, with slot flags. */
  setSlots(flags: number): void {
    const ram = { slot: 0, flags, guestPhysAddr: 0, memorySize: RAM_BYTES, userspaceAddr: 0 };
    this.vm.setUserMemoryRegion(ram);
    const boot = { slot: 1, flags, guestPhysAddr: BOOT_PAGE, memorySize: BOOT_BYTES, userspaceAddr: RAM_BYTES };
    this.vm.setUserMemoryRegion(boot);
  }

  /** Power-on, with this program. What the engine has made of the one before goes by its code being overwritten, as after DMA. */
  load(program: GuestProgram): void {
    const { core } = this;
    Object.assign(core.clock, { count: 0, idle: 0 });
    const interval = this.tuning?.sampledRun;
    if (core.regions && interval !== undefined) Object.assign(core.regions, { interval, nextLook: interval });
    core.tlb.dropAll();
    this.put(0, bytesOf(program.ram, this.endianness, this.bytes));
    this.put(BOOT_PAGE, bytesOf(program.boot, this.endianness));
    for (const vcpu of this.vcpus) {
      core.schedule(vcpu.id);
      core.model.reset(vcpu.id);
      this.start(vcpu, program);
    }
    core.schedule(0);
    this.mmio.log.length = 0;
  }

  /** Write the lines that are not so already: the same program again finds its code compiled. */
  private put(base: number, bytes: Uint8Array): void {
    const old = this.old.subarray(0, bytes.length);
    this.vm.memory.read(base, old);
    for (let at = 0; at < bytes.length; at += LINE) {
      const line = bytes.subarray(at, at + LINE);
      if (Buffer.compare(line, old.subarray(at, at + LINE)) !== 0) this.vm.memory.write(base + at, line);
    }
  }

  private start(vcpu: Vcpu, program: GuestProgram): void {
    vcpu.setRegs({ gpr: program.gpr.map(sign), hi: sign(program.hi), lo: sign(program.lo), pc: sign(program.pc) });
    vcpu.setOneReg(CP0_EBASE, sign(this.spec.kseg0));
    if (program.fpu) {
      vcpu.enableCap(Cap.MIPS_FPU, 0, []);
      vcpu.setOneReg(CP0_CONFIG1, 1n);
    }
    vcpu.setOneReg(CP0_STATUS, sign(program.status));
  }

  /** Let the engine think that every indirect jump has left its region often: it compiles them with the targets seen so far. */
  hurryJumps(): void {
    const { regions, i32 } = this.core;
    if (!regions) return;
    const sites = Reflect.get(regions, 'sites') as {
      readonly list: readonly { readonly address: number; attempts: number }[];
      turn: number;
    };
    const { list } = sites;
    sites.turn = Math.max(0, list.length - 3); // the newest ones are looked at first
    for (const site of list) {
      i32[(site.address + SITE.COUNT) >>> 2] = OFTEN;
      site.attempts = 0;
    }
  }

  tell(outside: Outside): void {
    if (outside.kind === 'interrupt') this.vcpu.interrupt({ cpu: -1, irq: outside.irq });
    else if (outside.kind === 'write') this.vm.memory.write(outside.physical, outside.bytes);
  }

  /** Enter until something other than MMIO comes up. */
  enter(deadline: number, vcpu: Vcpu = this.vcpu): Ended {
    const { run } = vcpu;
    for (let exits = 0; exits < MAX_EXITS; exits++) {
      if (vcpu.enter(deadline) !== 0) {
        if (vcpu.waiting !== 'none') return vcpu.waiting;
        if (this.vm.clock.now >= deadline) return 'deadline';
        continue; // it yielded
      }
      if (run.exitReason === ExitReason.INTERNAL_ERROR) return 'internal error';
      if (run.exitReason === ExitReason.SHUTDOWN) return 'shutdown';
      if (run.exitReason !== ExitReason.MMIO) throw new Error(`unexpected exit ${run.exitReason}`);
      this.answer(vcpu);
    }
    throw new Error('MMIO without end');
  }

  private answer({ run }: Vcpu): void {
    const { physAddr, len, isWrite, data } = run.mmio;
    const place = (i: number): number => (this.endianness === 'little' ? i : len - 1 - i);
    if (isWrite) {
      let value = 0;
      for (let i = 0; i < len; i++) value |= data[place(i)]! << (8 * i);
      this.mmio.write(physAddr, len, value);
      return;
    }
    const value = this.mmio.read(physAddr, len);
    for (let i = 0; i < len; i++) data[place(i)] = value >>> (8 * i);
  }

  /** Instructions, guest time, pc, registers: a copy of what the guest can see of a vCPU, RAM excepted. Equal forms are made one. */
  look(vcpu: number): Visible {
    const { core } = this;
    core.activate(vcpu);
    core.model.normalise();
    return {
      instructions: core.clock.instructions,
      now: core.clock.now,
      pc: core.pc,
      banks: core.banks,
      words: core.u32,
    };
  }

  /** RAM in the guest's byte order, into `into`. */
  readRam(base: number, into: Uint8Array): void {
    this.vm.memory.read(base, into);
  }

  /** All memory as the core keeps it: equal to another machine's of the same byte order when the guests' are. */
  get arena(): Buffer {
    return Buffer.from(this.core.i32.buffer, this.core.arena, RAM_BYTES + BOOT_BYTES);
  }
}

/** What the guest can see. `words` holds the banks at their offsets. */
export interface Visible {
  readonly instructions: number;
  readonly now: number;
  readonly pc: number;
  readonly banks: Core['banks'];
  readonly words: Uint32Array;
}
