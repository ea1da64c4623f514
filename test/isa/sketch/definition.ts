// What a sketched architecture needs besides rows to be expanded, generated and run by the real engine: an architecture definition with
// a flat address space, no timers, no interrupts, and every register reachable through ONE_REG.

import type { Emitter } from '../../../src/cpu/emit/emitter.ts';
import { createKvm } from '../../../src/cpu/exec/kvm.ts';
import type { EmulatedVcpu } from '../../../src/cpu/exec/vcpu.ts';
import {
  type ArchitectureDefinition,
  type CoreModel,
  type CoreServices,
  type OneReg,
  Translated,
} from '../../../src/cpu/isa/architecture.ts';
import type { Row } from '../../../src/cpu/isa/insn.ts';
import type { BankSpec, Banks } from '../../../src/cpu/isa/register-file.ts';
import { KVM_VM_MIPS_TE } from '../../../src/kvm/constants.ts';
import type { Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';

type Helper = (a: number, b: number) => number;

export interface Sketch {
  readonly name: string;
  readonly endianness: Endianness;
  readonly banks: readonly BankSpec[];
  readonly rows: readonly Row[];
  readonly helpers: Readonly<Record<string, Helper>>;
  createEmitter(banks: Banks): Emitter;
}

const CODE = 0x1000;
const MEMORY_BYTES = 0x10000;

/** The definition the engine takes. */
export function definitionOf(sketch: Sketch): ArchitectureDefinition {
  return {
    name: sketch.name,
    vmTypes: new Map([[KVM_VM_MIPS_TE, 'trap-and-emulate']]),
    cpuModels: ['flat'],
    capabilities: () => [],
    rows: sketch.rows,
    delaySlots: true,
    interworking: false,
    accessRules: null,
    selfJumpLength: 2,
    syntax: { aliases: [], print: (_operand, value) => String(value), parse: () => undefined },
    banks: sketch.banks,
    routines: [
      {
        name: 'raise',
        parameters: 3,
        build: (emitter) => {
          const e = emitter as Emitter;
          e.return(e.parameter(1));
        },
      },
      {
        name: 'translate',
        parameters: 2,
        build: (emitter) => {
          const e = emitter as Emitter;
          e.return(e.or(e.and(e.parameter(0), e.const(0xfffff000)), e.const(Translated.PHYSICAL)));
        },
      },
      {
        name: 'recordFault',
        parameters: 2,
        build: (emitter) => {
          const e = emitter as Emitter;
          e.return(e.const(0));
        },
      },
    ],
    helpers: Object.keys(sketch.helpers),
    privileges: 1,
    reservedInstruction: 1,
    raise: 'raise',
    translate: 'translate',
    recordFault: 'recordFault',
    events: [],
    createEmitter: sketch.createEmitter,
    createModel: (services) => new FlatModel(services, Object.values(sketch.helpers)),
    pairs: [],
    isSelfJump: () => false,
    linkRegister: { bank: 'gpr', index: 31 },
    nop: 0,
  };
}

/** ONE_REG id of a sketched register: the bank's position and the index. */
export function registerId(banks: readonly { readonly name: string }[], bank: string, index: number): bigint {
  return BigInt(banks.findIndex(({ name }) => name === bank) * 256 + index);
}

export class FlatModel implements CoreModel {
  private readonly services: CoreServices;
  private readonly helpers: readonly Helper[];

  constructor(services: CoreServices, helpers: readonly Helper[]) {
    this.services = services;
    this.helpers = helpers;
  }

  reset(): void {}
  resetPc(): number {
    return CODE;
  }
  normalise(): void {}
  misaligned(): number {
    return 2;
  }
  helper(number: number, a: number, b: number): number {
    return this.helpers[number]!(a, b);
  }
  privilege(): number {
    return 0;
  }
  updateTimers(): void {}
  timerDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }
  interrupt(): number {
    return -1;
  }
  isWaiting(): boolean {
    return false;
  }
  wakeable(): boolean {
    return true;
  }
  wake(): void {}
  pending(): boolean {
    return false;
  }
  timerWakes(): boolean {
    return false;
  }
  interruptible(): boolean {
    return false;
  }
  hasInterrupt(): boolean {
    return false;
  }
  setInterrupt(): void {}
  event(): void {}
  deviceAccess(): void {}

  oneRegs(): readonly OneReg[] {
    const { banks, i32, i64 } = this.services;
    const all = Object.values(banks);
    return all.flatMap((bank) =>
      Array.from({ length: bank.count }, (_, n): OneReg => {
        const at = bank.offset / bank.size + n;
        const words = bank.width === 64 ? i64 : i32;
        return {
          id: registerId(all, bank.name, n),
          get: () => BigInt.asUintN(bank.width, BigInt(words[at]!)),
          set: (value) => {
            if (bank.width === 64) i64[at] = BigInt.asIntN(64, value);
            else i32[at] = Number(BigInt.asIntN(32, value));
          },
        };
      }),
    );
  }
}

/** A sketched machine with `words` as its code. */
export class SketchMachine {
  readonly memory: GuestMemory;
  private readonly sketch: Sketch;
  private readonly vcpu: EmulatedVcpu;
  private readonly count: number;

  constructor(sketch: Sketch, words: readonly number[]) {
    this.sketch = sketch;
    const { endianness } = sketch;
    const vm = createKvm(definitionOf(sketch), {
      arenaSize: MEMORY_BYTES,
      endianness,
      maxVcpus: 1,
      nsPerInstruction: 1,
      seed: 0,
      paravirtHypercalls: false,
    }).createVm(KVM_VM_MIPS_TE);
    vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: MEMORY_BYTES, userspaceAddr: 0 });
    this.memory = vm.memory;
    this.vcpu = vm.createVcpu(0);
    this.count = words.length;
    for (const [n, word] of words.entries()) vm.memory.writeU32(CODE + 4 * n, word, endianness);
  }

  get(bank: string, index: number): bigint {
    return this.vcpu.getOneReg(registerId(this.sketch.banks, bank, index));
  }

  set(bank: string, index: number, value: bigint): this {
    this.vcpu.setOneReg(registerId(this.sketch.banks, bank, index), value);
    return this;
  }

  run(): this {
    this.vcpu.enter(this.count);
    return this;
  }
}
