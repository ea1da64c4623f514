// tsvm's side of the instruction oracle: runs instruction records on the emulated core, through the KVM contract alone. The guest is
// in kernel mode with a jump to itself at both exception vectors, so that every record ends in a proven spin there.
import { mips32 } from '../../../src/arch/mips/index.ts';
import { createKvm } from '../../../src/cpu/exec/kvm.ts';
import { KVM_VM_MIPS_TE } from '../../../src/kvm/constants.ts';
import type { Vcpu, VmClock } from '../../../src/kvm/contract.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../../src/kvm/mips.ts';
import type { Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';
import {
  BREAK_WORD,
  CODE_BASE,
  CODE_WORDS,
  type InstructionMachine,
  type InstructionRecord,
  type RecordResult,
  type Stop,
  WINDOW_BASE,
  WINDOW_BYTES,
} from './machine.ts';

const RAM_BYTES = 0x200000;
const NS_PER_INSTRUCTION = 10;
/** Far more than a record, its exception and the way to the spin take. */
const MOST_INSTRUCTIONS = 100;

const EBASE = 0x40000000;
const REFILL_VECTOR = EBASE;
const GENERAL_VECTOR = EBASE + 0x180;
/** BEQ $0, $0, . */
const SELF_BRANCH = 0x1000ffff;
const NOP = 0;

const CP0_BADVADDR = KVM_REG_MIPS_CP0_64(8, 0);
export const CP0_STATUS = KVM_REG_MIPS_CP0_32(12, 0);
const CP0_CAUSE = KVM_REG_MIPS_CP0_32(13, 0);
const CP0_EPC = KVM_REG_MIPS_CP0_64(14, 0);
const CP0_EBASE = KVM_REG_MIPS_CP0_64(15, 1);

/** Cause.ExcCode. */
const STOPS: ReadonlyMap<number, Stop> = new Map([
  [4, 'address-error'],
  [5, 'address-error'],
  [9, 'break'],
  [10, 'reserved'],
  [12, 'overflow'],
  [13, 'trap'],
  [15, 'floating-point'],
]);

/** Physical address of a KSEG0 address of a trap-and-emulate guest. */
const physical = (va: number): number => va & 0x1fffffff;
export const word = (register: bigint): number => Number(BigInt.asUintN(32, register));
const register = (value: number): bigint => BigInt.asUintN(64, BigInt(value | 0));

export class EmulatedMachine implements InstructionMachine {
  private readonly endianness: Endianness;
  private readonly memory: GuestMemory;
  private readonly clock: VmClock;
  protected readonly vcpu: Vcpu;

  constructor(endianness: Endianness, cpuModel?: string) {
    this.endianness = endianness;
    const vm = createKvm(mips32(endianness), {
      arenaSize: RAM_BYTES,
      endianness,
      maxVcpus: 1,
      nsPerInstruction: NS_PER_INSTRUCTION,
      seed: 1,
      paravirtHypercalls: false,
      ...(cpuModel === undefined ? {} : { cpuModel }),
    }).createVm(KVM_VM_MIPS_TE);
    this.memory = vm.memory;
    this.clock = vm.clock;
    vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM_BYTES, userspaceAddr: 0 });
    this.vcpu = vm.createVcpu(0);
    this.vcpu.setOneReg(CP0_EBASE, register(EBASE));
    for (const vector of [REFILL_VECTOR, GENERAL_VECTOR]) {
      this.put(vector, SELF_BRANCH);
      this.put(vector + 4, NOP);
    }
    for (let n = 0; n < CODE_WORDS; n++) this.put(CODE_BASE + 4 * n, BREAK_WORD);
  }

  run(record: InstructionRecord): RecordResult {
    const { vcpu, memory } = this;
    for (const [n, instruction] of record.words.entries()) this.put(record.pc + 4 * n, instruction);
    memory.write(physical(WINDOW_BASE), record.window);
    vcpu.setOneReg(CP0_STATUS, 0n);
    vcpu.setOneReg(CP0_CAUSE, 0n);
    this.prepare(record);
    vcpu.setRegs({
      gpr: Array.from(record.gpr, register),
      hi: register(record.hi),
      lo: register(record.lo),
      pc: register(record.pc),
    });
    const ended = vcpu.enter(this.clock.now + MOST_INSTRUCTIONS * NS_PER_INSTRUCTION);
    const result = this.result(ended);
    for (const n of record.words.keys()) this.put(record.pc + 4 * n, BREAK_WORD);
    return result;
  }

  /** Set what a record has beside the integer state. */
  protected prepare(_record: InstructionRecord): void {}

  private result(ended: number): RecordResult {
    const { vcpu, memory } = this;
    const regs = vcpu.getRegs();
    const cause = word(vcpu.getOneReg(CP0_CAUSE));
    const atVector = ended !== 0 && vcpu.waiting === 'spin' && word(regs.pc) === GENERAL_VECTOR;
    const stop = atVector ? (STOPS.get((cause >>> 2) & 31) ?? 'other') : 'other';
    const window = new Uint8Array(WINDOW_BYTES);
    memory.read(physical(WINDOW_BASE), window);
    return {
      stop,
      pc: word(vcpu.getOneReg(CP0_EPC)),
      badAddress: stop === 'address-error' ? word(vcpu.getOneReg(CP0_BADVADDR)) : 0,
      gpr: Uint32Array.from(regs.gpr, word),
      hi: word(regs.hi),
      lo: word(regs.lo),
      window,
    };
  }

  private put(va: number, instruction: number): void {
    this.memory.writeU32(physical(va), instruction, this.endianness);
  }
}
