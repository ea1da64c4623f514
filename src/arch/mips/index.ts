// The MIPS32 release 2 architecture as the emulated core takes it: one program for both machine types, which differ in data.
import type { ArchitectureDefinition } from '../../cpu/isa/architecture.ts';
import { Cap, KVM_VM_MIPS_AUTO, KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ } from '../../kvm/constants.ts';
import { HELPERS, MipsCore } from './core.ts';
import { mipsSyntax } from './debug.ts';
import { MipsEmitter } from './emitter.ts';
import { EVENTS } from './events.ts';
import { EXCEPTION_ROUTINES, RESERVED_INSTRUCTION } from './exceptions.ts';
import { fpuFunctions } from './fpu/functions.ts';
import { FPU_BANKS } from './fpu/registers.ts';
import { ARITHMETIC_ROWS } from './insns/arithmetic.ts';
import { CONTROL_ROWS } from './insns/control.ts';
import { FPU_ROWS } from './insns/fpu.ts';
import { FPU_MOVE_ROWS, fpuMemoryRows } from './insns/fpu-moves.ts';
import { MEMORY_ROWS, unalignedRows } from './insns/memory.ts';
import { PAIRS } from './insns/pairs.ts';
import { SYSTEM_ROWS } from './insns/system.ts';
import { CPU_MODELS, cpuModel } from './models.ts';
import { BANKS, TLB_BANKS } from './registers.ts';
import { TLB_ROUTINES } from './tlb.ts';

export type { VmType } from '../../cpu/isa/architecture.ts';

const NOP = 0;

const VM_TYPES = new Map([
  [KVM_VM_MIPS_AUTO, 'trap-and-emulate'],
  [KVM_VM_MIPS_TE, 'trap-and-emulate'],
  [KVM_VM_MIPS_VZ, 'vz'],
] as const);
/** CHECK_EXTENSION on a host with this CPU. */
function capabilities(model: string): readonly (readonly [number, number])[] {
  return [
    [Cap.MIPS_TE, 1],
    [Cap.MIPS_VZ, 1],
    [Cap.MIPS_FPU, cpuModel(model).fir === 0 ? 0 : 1],
  ];
}

/** BEQ rs,rs,. / BGEZ $0,. / BLEZ $0,. / J . */
function isSelfJump(word: number, offset: number, pc?: number): boolean {
  const opcode = word >>> 26;
  if (opcode === 2) {
    const index = word & 0x3ffffff;
    if (pc !== undefined) return index === ((pc >>> 2) & 0x3ffffff);
    return (index & 0x3ff) === offset >>> 2;
  }
  if ((word & 0xffff) !== 0xffff) return false;
  const rs = (word >>> 21) & 31;
  const rt = (word >>> 16) & 31;
  return (
    (opcode === 4 && rs === rt) || (opcode === 1 && rs === 0 && rt === 1) || (opcode === 6 && rs === 0 && rt === 0)
  );
}

/** MIPS of one byte order. */
export function mips32(endianness: 'little' | 'big'): ArchitectureDefinition {
  return {
    name: endianness === 'little' ? 'mipsel' : 'mips',
    vmTypes: VM_TYPES,
    cpuModels: CPU_MODELS.map(({ name }) => name),
    capabilities,
    rows: [
      ...ARITHMETIC_ROWS,
      ...CONTROL_ROWS,
      ...MEMORY_ROWS,
      ...unalignedRows[endianness],
      ...FPU_ROWS,
      ...FPU_MOVE_ROWS,
      ...fpuMemoryRows[endianness],
      ...SYSTEM_ROWS,
    ],
    delaySlots: true,
    interworking: false,
    accessRules: null,
    selfJumpLength: 2,
    pairs: PAIRS,
    syntax: mipsSyntax,
    banks: [...BANKS, ...FPU_BANKS, ...TLB_BANKS],
    routines: [...EXCEPTION_ROUTINES, ...TLB_ROUTINES],
    functions: fpuFunctions,
    helpers: HELPERS,
    events: EVENTS,
    privileges: 2,
    reservedInstruction: RESERVED_INSTRUCTION,
    raise: 'raise',
    translate: 'translate',
    recordFault: 'recordFault',
    linkRegister: { bank: 'gpr', index: 31 },
    nop: NOP,
    isSelfJump,
    createEmitter: (banks, observing) => new MipsEmitter(banks, observing),
    createModel: (services, options) => new MipsCore(services, options),
  };
}
