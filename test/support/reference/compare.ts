// Runs one program on the reference machine and on the emulated core, in lockstep at random deadlines, and says where they part.
import { mips32 } from '../../../src/arch/mips/index.ts';
import type { RegionTuning } from '../../../src/cpu/exec/core-options.ts';
import { createKvm, type EmulatedVm } from '../../../src/cpu/exec/kvm.ts';
import { Cap, ExitReason, KVM_VM_MIPS_TE } from '../../../src/kvm/constants.ts';
import type { Vcpu } from '../../../src/kvm/contract.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../../src/kvm/mips.ts';
import { hex } from '../../../src/util/bits.ts';
import { Random } from '../oracle/random.ts';
import { type Ended, type Mmio, ReferenceMachine } from './machine.ts';
import { BOOT_BYTES, BOOT_PAGE, type GuestProgram, RAM_BYTES } from './programs.ts';

const NS_PER_INSTRUCTION = 10;
const KSEG0 = 0x40000000;
const KSEG23 = 0x60000000;
const HOST_KSEG0 = 0x80000000;
const CP0_ENTRYHI = 8 * 10;
const EBASE = KSEG0;
const SEED = 7;
const MAX_EXITS = 10_000;

/** Something both sides are told between two enters. */
type Outside =
  | { readonly kind: 'interrupt'; readonly irq: number }
  | { readonly kind: 'write'; readonly physical: number; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

/** MMIO with answers that depend on nothing but the address and how many accesses came before. */
class RecordedMmio implements Mmio {
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

function bytesOf(words: Uint32Array, endianness: 'little' | 'big'): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, endianness === 'little');
  });
  return bytes;
}

const sign = (value: number): bigint => BigInt.asUintN(64, BigInt(value | 0));

/** The machine under test, driven through the KVM contract. */
class Tested {
  readonly vm: EmulatedVm;
  readonly vcpu: Vcpu;
  readonly mmio = new RecordedMmio();
  private readonly endianness: 'little' | 'big';

  constructor(program: GuestProgram, regions?: RegionTuning) {
    this.endianness = program.endianness;
    this.vm = createKvm(mips32(program.endianness), {
      arenaSize: RAM_BYTES + BOOT_BYTES,
      endianness: program.endianness,
      maxVcpus: 1,
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: SEED,
      paravirtHypercalls: false,
      ...(regions && { regions }),
    }).createVm(KVM_VM_MIPS_TE);
    const { vm } = this;
    vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM_BYTES, userspaceAddr: 0 });
    vm.setUserMemoryRegion({
      slot: 1,
      flags: 0,
      guestPhysAddr: BOOT_PAGE,
      memorySize: BOOT_BYTES,
      userspaceAddr: RAM_BYTES,
    });
    vm.memory.write(0, bytesOf(program.ram, program.endianness));
    vm.memory.write(BOOT_PAGE, bytesOf(program.boot, program.endianness));
    this.vcpu = vm.createVcpu(0);
    this.vcpu.setRegs({ gpr: program.gpr.map(sign), hi: sign(program.hi), lo: sign(program.lo), pc: sign(program.pc) });
  }

  /** Enter until something other than MMIO comes up. */
  enter(deadline: number): Ended {
    const { run } = this.vcpu;
    for (let exits = 0; exits < MAX_EXITS; exits++) {
      if (this.vcpu.enter(deadline) !== 0) {
        if (this.vcpu.waiting !== 'none') return this.vcpu.waiting;
        if (this.vm.clock.now >= deadline) return 'deadline';
        continue; // it yielded
      }
      if (run.exitReason === ExitReason.INTERNAL_ERROR) return 'internal error';
      if (run.exitReason === ExitReason.SHUTDOWN) return 'shutdown';
      if (run.exitReason !== ExitReason.MMIO) throw new Error(`unexpected exit ${run.exitReason}`);
      this.answer();
    }
    throw new Error('MMIO without end');
  }

  private answer(): void {
    const { physAddr, len, isWrite, data } = this.vcpu.run.mmio;
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

  /** Every register bank, in declared order, as bytes; and the pc before them. */
  banks(): Uint8Array[] {
    const parts: Uint8Array[] = [];
    this.vm.hashState((bytes) => parts.push(bytes.slice()));
    return parts;
  }
}

/** Do two different TLB entries match this address? The manual leaves open what happens then. */
function matchesTwice({ banks, state }: ReferenceMachine, address: number): boolean {
  const mapped = address < KSEG0 || (address >= KSEG23 && address < HOST_KSEG0);
  if (!mapped) return false;
  const words = (name: string): Uint32Array => new Uint32Array(state, banks[name]!.offset, banks[name]!.count);
  const [hi, mask, lo0, lo1] = [words('tlbHi'), words('tlbMask'), words('tlbLo0'), words('tlbLo1')];
  const asid = words('cp0')[CP0_ENTRYHI]! & 0xff;
  const found: number[] = [];
  for (let i = 0; i < hi.length; i++) {
    if (((hi[i]! ^ address) & ~(mask[i]! | 0x1fff)) !== 0) continue;
    if ((lo0[i]! & lo1[i]! & 1) !== 0 || (hi[i]! & 0xff) === asid) found.push(i);
  }
  return found.some((i) => [hi, mask, lo0, lo1].some((part) => part[i] !== part[found[0]!]));
}

/** One program on both machines. */
export class Lockstep {
  private readonly program: GuestProgram;
  private readonly tested: Tested;
  private readonly reference: ReferenceMachine;
  private readonly mmio = new RecordedMmio();
  private readonly ram: Uint8Array;
  private readonly boot: Uint8Array;

  /** With `observed`, the core counts and traces its exits meanwhile: that must make no difference. */
  constructor(program: GuestProgram, observed = false, regions?: RegionTuning) {
    this.program = program;
    this.tested = new Tested(program, regions);
    if (observed) this.tested.vm.observe({ stats: true, trace: { trace: () => {} } });
    this.ram = bytesOf(program.ram, program.endianness);
    this.boot = bytesOf(program.boot, program.endianness);
    this.reference = new ReferenceMachine(mips32(program.endianness), {
      endianness: program.endianness,
      ram: [
        { base: 0, bytes: this.ram },
        { base: BOOT_PAGE, bytes: this.boot },
      ],
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: SEED,
      mmio: this.mmio,
      isUndefined: matchesTwice,
    });
    this.setBoth(KVM_REG_MIPS_CP0_64(15, 1), EBASE);
    if (program.fpu) {
      this.tested.vcpu.enableCap(Cap.MIPS_FPU, 0, []);
      this.reference.model.enableCap!(Cap.MIPS_FPU);
      this.setBoth(KVM_REG_MIPS_CP0_32(16, 1), 1);
    }
    this.setBoth(KVM_REG_MIPS_CP0_32(12, 0), program.status);
    for (const [i, value] of program.gpr.entries()) this.setReference(i, value);
    this.setReference(32, program.hi);
    this.setReference(33, program.lo);
    this.reference.pc = program.pc;
  }

  /** Run once, to `instructions` from the start; the differences, or none. */
  runTo(instructions: number): string[] {
    return this.step(instructions * NS_PER_INSTRUCTION).found;
  }

  /** Run `enters` times with random deadlines up to `longest` instructions; the differences, or none. */
  run(enters: number, longest: number): string[] {
    const random = new Random(this.program.seed, 2);
    for (let n = 0; n < enters; n++) {
      const deadline = this.reference.now + NS_PER_INSTRUCTION * (1 + random.below(longest));
      const outside = this.outside(random);
      this.tell(outside);
      const before = this.where();
      const { ended, found } = this.step(deadline);
      if (found.length > 0)
        return [`seed ${this.program.seed} ${this.program.endianness}, enter ${n} from ${before}`, ...found];
      if (ended === 'wait' || ended === 'spin') this.wake();
      else if (ended !== 'deadline') return [];
    }
    return [];
  }

  get instructions(): number {
    return this.reference.instructions;
  }

  private step(deadline: number): { ended: Ended; found: string[] } {
    const ended = this.reference.enter(deadline);
    if (ended === 'undefined') return { ended, found: [] };
    let got: string;
    try {
      got = this.tested.enter(deadline);
    } catch (thrown) {
      got = `thrown: ${(thrown as Error).message}`;
    }
    const found = this.differences();
    if (ended !== got) found.unshift(`ended: expected ${ended}, got ${got}`);
    return { ended, found };
  }

  private where(): string {
    return `pc ${hex(this.reference.pc)} at ${this.reference.instructions}`;
  }

  private outside(random: Random): Outside {
    const dice = random.below(20);
    if (dice < 2) return { kind: 'interrupt', irq: random.pick([2, 3, 4, -2, -3, -4]) };
    if (dice === 2) {
      const physical = random.below(RAM_BYTES - 8);
      return {
        kind: 'write',
        physical,
        bytes: Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
      };
    }
    return { kind: 'nothing' };
  }

  private tell(outside: Outside): void {
    if (outside.kind === 'interrupt') {
      this.tested.vcpu.interrupt({ cpu: -1, irq: outside.irq });
      this.reference.model.setInterrupt(Math.abs(outside.irq), outside.irq > 0);
    } else if (outside.kind === 'write') {
      this.tested.vm.memory.write(outside.physical, outside.bytes);
      this.reference.writeFromOutside(outside.physical, outside.bytes);
    }
  }

  /** After a WAIT or in a spin: skip to the timer, or raise a line. */
  private wake(): void {
    const { wakeAt } = this.tested.vcpu;
    if (Number.isFinite(wakeAt)) {
      this.tested.vm.clock.skipTo(wakeAt);
      this.reference.skipTo(wakeAt);
      return;
    }
    this.tell({ kind: 'interrupt', irq: 2 });
    this.setBoth(KVM_REG_MIPS_CP0_32(12, 0), 0xff01);
  }

  private setBoth(id: bigint, value: number): void {
    this.tested.vcpu.setOneReg(id, sign(value));
    this.reference.model
      .oneRegs()
      .find((register) => register.id === id)!
      .set(sign(value));
  }

  /** Register `index` in ONE_REG order: 0-31, hi, lo. */
  private setReference(index: number, value: number): void {
    this.reference.model.oneRegs()[index]!.set(sign(value));
  }

  private differences(): string[] {
    const { reference, tested, program } = this;
    const found: string[] = [];
    const compare = (what: string, expected: number, got: number): void => {
      if (expected !== got) found.push(`${what}: expected ${hex(expected)}, got ${hex(got)}`);
    };
    compare('instructions', reference.instructions, tested.vm.clock.instructions);
    compare('now', reference.now, tested.vm.clock.now);
    reference.model.normalise();
    const [pc, ...banks] = tested.banks();
    compare('pc', reference.pc, new Uint32Array(pc!.buffer)[0]!);
    const specs = Object.values(reference.banks).filter((bank) => !bank.scratch);
    specs.forEach((bank, i) => {
      const expected = new Uint32Array(reference.state, bank.offset, (bank.count * bank.size) / 4);
      const got = new Uint32Array(banks[i]!.buffer);
      expected.forEach((value, word) => {
        compare(`${bank.name}[${word}]`, value, got[word]!);
      });
    });
    this.compareRam(0, this.ram, found);
    this.compareRam(BOOT_PAGE, this.boot, found);
    const last = Math.max(this.mmio.log.length, tested.mmio.log.length) - 1;
    for (let i = 0; i <= last && found.length < 20; i++)
      if (this.mmio.log[i] !== tested.mmio.log[i])
        found.push(`MMIO ${i}: expected ${this.mmio.log[i]}, got ${tested.mmio.log[i]}`);
    if (found.length > 0) found.push(`endianness ${program.endianness}`);
    return found;
  }

  private compareRam(base: number, expected: Uint8Array, found: string[]): void {
    const got = new Uint8Array(expected.length);
    this.tested.vm.memory.read(base, got);
    if (Buffer.compare(got, expected) === 0) return;
    for (let i = 0; i < got.length; i++)
      if (got[i] !== expected[i])
        found.push(`RAM ${hex(base + i)}: expected ${hex(expected[i]!, 2)}, got ${hex(got[i]!, 2)}`);
  }
}
