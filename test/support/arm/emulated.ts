// tsvm's side of the ARM instruction oracle: runs records on the emulated core, through the KVM contract alone. The guest is in user mode; every
// vector drops the exclusive monitor's reservation and jumps to itself, so that every record ends there, at the deadline at the latest. The MMU is on: nothing but
// the arena is mapped for user mode (short descriptors, one table for each of two megabytes).
import { armv7 } from '../../../src/arch/arm/index.ts';
import { createKvm } from '../../../src/cpu/exec/kvm.ts';
import {
  KVM_REG_ARM_ABT,
  KVM_REG_ARM_CP15_32,
  KVM_REG_ARM_CP15_64,
  KVM_REG_ARM_CPSR,
  KVM_REG_ARM_D,
  KVM_REG_ARM_FPEXC,
  KVM_REG_ARM_FPSCR,
  KVM_REG_ARM_PC,
  KVM_REG_ARM_R,
  KVM_REG_ARM_SVC,
  KVM_REG_ARM_UND,
  KVM_VM_ARM_SVC,
} from '../../../src/kvm/arm.ts';
import type { Vcpu, VmClock } from '../../../src/kvm/contract.ts';
import type { GuestMemory } from '../../../src/memory/guest-memory.ts';
import {
  ARENA_BASE,
  ARENA_WORDS,
  type ArmRecord,
  type ArmResult,
  CODE_WORDS,
  FILLER,
  pristineArena,
  type Stop,
  THUMB,
  WINDOW_BASE,
  WINDOW_WORD,
  WINDOW_WORDS,
} from './machine.ts';

const RAM_BASE = 0x50000000;
const RAM_BYTES = 0x200000;
const NS_PER_INSTRUCTION = 10;
/** Far more than a record, its exception and the way to the spin take. */
const MOST_INSTRUCTIONS = 200;

/** Page tables: the first level, and those of the megabytes of the vectors and of the arena. */
const FIRST_LEVEL = RAM_BASE;
const VECTOR_TABLE = RAM_BASE + 0x4000;
const ARENA_TABLE = RAM_BASE + 0x4400;
const VECTORS = RAM_BASE + 0x8000;
const MEGABYTE = 20;
const PAGE = 12;
const COARSE = 1;
/** A small page of normal write-back memory, for everybody or for the kernel alone. */
const SMALL_PAGE = 2 | (1 << 6) | (1 << 3) | (1 << 2);
const FOR_ALL = 3 << 4;
const FOR_KERNEL = 1 << 4;
const NEVER_EXECUTED = 1;
/** End of the arena's code. */
const CODE_END = ARENA_BASE + 4 * CODE_WORDS;

const HANDLERS = VECTORS + 0x40;
const HANDLER_BYTES = 8;
const CLREX = 0xf57ff01f;
const SELF_BRANCH = 0xeafffffe;
const branch = (from: number, to: number): number => (0xea000000 | (((to - from - 8) >> 2) & 0xffffff)) >>> 0;
const VECTOR = { UNDEFINED: 1, CALL: 2, PREFETCH: 3, DATA: 4 } as const;

const SCTLR = KVM_REG_ARM_CP15_32(0, 1, 0, 0);
const CPACR = KVM_REG_ARM_CP15_32(0, 1, 0, 2);
const TTBR0 = KVM_REG_ARM_CP15_64(0, 2);
const TTBCR = KVM_REG_ARM_CP15_32(0, 2, 0, 2);
const DACR = KVM_REG_ARM_CP15_32(0, 3, 0, 0);
const DFSR = KVM_REG_ARM_CP15_32(0, 5, 0, 0);
const IFSR = KVM_REG_ARM_CP15_32(0, 5, 0, 1);
const DFAR = KVM_REG_ARM_CP15_32(0, 6, 0, 0);
const VBAR = KVM_REG_ARM_CP15_32(0, 12, 0, 0);
/** SCTLR.M, what an ARMv7 kernel sets beside it (U, XP, branch prediction and caches), and SW: SWP is there. */
const MMU_ON = 0x00c51c05n;
const FPEXC_EN = 0x40000000n;
/** Full access to coprocessors 10 and 11. */
const FP_FOR_ALL = 0x00f00000n;

/** Fault status of an alignment fault and of a debug event. */
const STATUS = 0x40f;
const ALIGNMENT = 1;
const DEBUG_EVENT = 2;

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

export class EmulatedMachine {
  private readonly memory: GuestMemory;
  private readonly clock: VmClock;
  private readonly vcpu: Vcpu;
  private readonly pristine = pristineArena();
  private readonly arena = new Uint32Array(ARENA_WORDS);

  constructor() {
    const vm = createKvm(armv7, {
      arenaSize: RAM_BYTES,
      endianness: 'little',
      maxVcpus: 1,
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: 1,
      paravirtHypercalls: false,
    }).createVm(KVM_VM_ARM_SVC);
    this.memory = vm.memory;
    this.clock = vm.clock;
    vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: RAM_BASE, memorySize: RAM_BYTES, userspaceAddr: 0 });
    this.vcpu = vm.createVcpu(0);
    this.mapPages();
    this.putVectors();
    this.memory.write(ARENA_BASE, bytesOf(this.pristine));
    const registers: readonly (readonly [id: bigint, value: bigint])[] = [
      [CPACR, FP_FOR_ALL],
      [KVM_REG_ARM_FPEXC, FPEXC_EN],
      [TTBCR, 0n],
      [TTBR0, BigInt(FIRST_LEVEL)],
      [DACR, 1n],
      [VBAR, BigInt(VECTORS)],
      [SCTLR, MMU_ON],
    ];
    for (const [id, value] of registers) this.vcpu.setOneReg(id, value);
  }

  private mapPages(): void {
    this.put(FIRST_LEVEL + 4 * (VECTORS >>> MEGABYTE), VECTOR_TABLE | COARSE);
    this.put(FIRST_LEVEL + 4 * (ARENA_BASE >>> MEGABYTE), ARENA_TABLE | COARSE);
    const index = (address: number): number => (address >>> PAGE) & 0xff;
    this.put(VECTOR_TABLE + 4 * index(VECTORS), VECTORS | SMALL_PAGE | FOR_KERNEL);
    for (let page = ARENA_BASE; page < ARENA_BASE + 4 * ARENA_WORDS; page += 1 << PAGE)
      this.put(ARENA_TABLE + 4 * index(page), page | SMALL_PAGE | FOR_ALL | (page < CODE_END ? 0 : NEVER_EXECUTED));
  }

  private putVectors(): void {
    for (let n = 0; n < 8; n++) {
      const handler = HANDLERS + HANDLER_BYTES * n;
      this.put(VECTORS + 4 * n, branch(VECTORS + 4 * n, handler));
      this.put(handler, CLREX);
      this.put(handler + 4, SELF_BRANCH);
    }
  }

  run(record: ArmRecord): ArmResult {
    this.memory.write(record.pc, new Uint8Array(Uint16Array.from(record.code).buffer));
    const result = this.runCode(record);
    this.memory.write(record.pc & -4, bytesOf(new Uint32Array((record.code.length + 3) >> 1).fill(FILLER)));
    return result;
  }

  private runCode(record: ArmRecord): ArmResult {
    const { vcpu, memory } = this;
    memory.write(WINDOW_BASE, bytesOf(record.window));
    record.r.forEach((value, i) => {
      vcpu.setOneReg(KVM_REG_ARM_R(i), BigInt(value));
    });
    record.d.forEach((value, i) => {
      vcpu.setOneReg(KVM_REG_ARM_D(i), value);
    });
    vcpu.setOneReg(KVM_REG_ARM_FPSCR, BigInt(record.fpscr));
    vcpu.setOneReg(KVM_REG_ARM_CPSR, BigInt(record.cpsr));
    vcpu.setOneReg(KVM_REG_ARM_PC, BigInt(record.pc));
    const deadline = this.clock.now + MOST_INSTRUCTIONS * NS_PER_INSTRUCTION;
    let ended = vcpu.enter(deadline);
    while (ended !== 0 && vcpu.yielded) ended = vcpu.enter(deadline);
    const at = this.read(KVM_REG_ARM_PC) - HANDLERS - 4;
    const inHandler = ended !== 0 && at >= 0 && at < 8 * HANDLER_BYTES && at % HANDLER_BYTES === 0;
    return this.result(record, inHandler ? at / HANDLER_BYTES : ended === 0 ? -1 : 0);
  }

  /** `vector` is 0 at the deadline, and -1 when the guest left to user space. */
  private result(record: ArmRecord, vector: number): ArmResult {
    const { vcpu } = this;
    const undefinedMode = vector === VECTOR.UNDEFINED;
    const abort = vector === VECTOR.PREFETCH || vector === VECTOR.DATA;
    const bank = undefinedMode ? KVM_REG_ARM_UND : abort ? KVM_REG_ARM_ABT : KVM_REG_ARM_SVC;
    const taken = vector > 0;
    const cpsr = this.read(taken ? bank.spsr : KVM_REG_ARM_CPSR);
    const stop = this.stopOf(vector);
    const ahead = undefinedMode && (cpsr & THUMB) !== 0 ? 2 : vector === VECTOR.DATA ? 8 : 4;
    const r = Uint32Array.from({ length: 15 }, (_, i) => this.read(KVM_REG_ARM_R(i)));
    const d = BigUint64Array.from({ length: 32 }, (_, i) => vcpu.getOneReg(KVM_REG_ARM_D(i)));
    return {
      stop,
      pc: taken ? (this.read(bank.lr) - ahead) >>> 0 : this.read(KVM_REG_ARM_PC),
      address: stop === 'access' || stop === 'alignment' ? this.read(DFAR) : 0,
      cpsr,
      fpscr: this.read(KVM_REG_ARM_FPSCR),
      r,
      d,
      ...this.collectMemory(record),
    };
  }

  private stopOf(vector: number): Stop {
    switch (vector) {
      case -1:
        return 'other';
      case 0:
        return 'endless';
      case VECTOR.UNDEFINED:
        return 'undefined';
      case VECTOR.CALL:
        return 'call';
      case VECTOR.PREFETCH:
        return (this.read(IFSR) & STATUS) === DEBUG_EVENT ? 'breakpoint' : 'fetch';
      case VECTOR.DATA:
        return (this.read(DFSR) & STATUS) === ALIGNMENT ? 'alignment' : 'access';
      default:
        return 'other';
    }
  }

  /** The window and the stray words; afterwards the arena is as the record found it. */
  private collectMemory(record: ArmRecord): Pick<ArmResult, 'window' | 'strays'> {
    const { arena, pristine, memory } = this;
    memory.read(ARENA_BASE, bytesOf(arena));
    const window = arena.slice(WINDOW_WORD, WINDOW_WORD + WINDOW_WORDS);
    const before = pristine.slice();
    new Uint16Array(before.buffer, record.pc - ARENA_BASE, record.code.length).set(record.code);
    before.set(window, WINDOW_WORD);
    let [count, first, hash] = [0, 0, 0x811c9dc5];
    if (Buffer.compare(bytesOf(arena), bytesOf(before)) !== 0)
      for (let i = 0; i < ARENA_WORDS; i++) {
        if (arena[i] === before[i]) continue;
        const address = ARENA_BASE + 4 * i;
        if (count++ === 0) first = address;
        hash = Math.imul(Math.imul(hash ^ address, 0x01000193) ^ arena[i]!, 0x01000193);
        this.put(address, before[i]!);
      }
    memory.write(WINDOW_BASE, bytesOf(pristine.subarray(WINDOW_WORD, WINDOW_WORD + WINDOW_WORDS)));
    return { window, strays: [count, first, hash >>> 0] };
  }

  private read(id: bigint): number {
    return Number(BigInt.asUintN(32, this.vcpu.getOneReg(id)));
  }

  private put(address: number, word: number): void {
    this.memory.writeU32(address, word >>> 0, 'little');
  }
}
