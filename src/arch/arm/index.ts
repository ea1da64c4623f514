// The ARMv7-A architecture with the virtualization extensions as the emulated core takes it (ARM DDI 0406C).
import type { ArchitectureDefinition } from '../../cpu/isa/architecture.ts';
import { COMPARISON_FLAGS } from './comparison.ts';
import { ArmCore, HELPERS } from './core.ts';
import { armSyntax } from './debug.ts';
import { ArmEmitter } from './emitter.ts';
import { EVENTS, kvmWords } from './events.ts';
import { EXCEPTION_ROUTINES } from './exceptions.ts';
import { armFunctions } from './functions.ts';
import { CONTROL_A32_ROWS } from './insns/control-a32.ts';
import { CONTROL_T32_ROWS } from './insns/control-t32.ts';
import { MEMORY_A32_ROWS } from './insns/memory-a32.ts';
import { MEMORY_T32_ROWS } from './insns/memory-t32.ts';
import { PROCESSING_A32_ROWS } from './insns/processing-a32.ts';
import { PROCESSING_T32_ROWS } from './insns/processing-t32.ts';
import { SIMD_ROWS } from './insns/simd.ts';
import { SYSTEM_A32_ROWS } from './insns/system-a32.ts';
import { SYSTEM_T32_ROWS } from './insns/system-t32.ts';
import { VFP_ROWS } from './insns/vfp.ts';
import { BANKS, TABLES, TRAP } from './registers.ts';

/** KVM_CREATE_VM: 0 is KVM's guest; 1 is ours. */
const KVM_VM_ARM_SVC = 0;
const KVM_VM_ARM_HYP = 1;

const A32_SELF_BRANCH = 0xeafffffe | 0;
const T32_SELF_BRANCH = 0xe7fe;

export const armv7: ArchitectureDefinition = {
  name: 'arm',
  vmTypes: new Map([
    [KVM_VM_ARM_SVC, 'arm-svc'],
    [KVM_VM_ARM_HYP, 'arm-hyp'],
  ]),
  cpuModels: ['cortex-a15'],
  capabilities: () => [],
  rows: [
    ...PROCESSING_A32_ROWS,
    ...MEMORY_A32_ROWS,
    ...CONTROL_A32_ROWS,
    ...SYSTEM_A32_ROWS,
    ...PROCESSING_T32_ROWS,
    ...MEMORY_T32_ROWS,
    ...CONTROL_T32_ROWS,
    ...SYSTEM_T32_ROWS,
    ...VFP_ROWS,
    ...SIMD_ROWS,
  ],
  delaySlots: false,
  interworking: true,
  pairs: [],
  syntax: armSyntax,
  banks: BANKS,
  routines: EXCEPTION_ROUTINES,
  functions: armFunctions,
  helpers: HELPERS,
  events: EVENTS,
  kvmWords,
  comparisonFlags: COMPARISON_FLAGS,
  privileges: TABLES.COUNT,
  reservedInstruction: TRAP.UNDEFINED,
  raise: 'raise',
  translate: 'translate',
  recordFault: 'recordFault',
  accessRules: 'accessRules',
  linkRegister: { bank: 'gpr', index: 14 },
  selfJumpLength: 1,
  nop: 0,
  isSelfJump: (word, _offset, pc) =>
    ((pc ?? 0) & 1) === 0 ? word === A32_SELF_BRANCH : (word & 0xffff) === T32_SELF_BRANCH,
  createEmitter: (banks, observing) => new ArmEmitter(banks, observing),
  createModel: (services, options) => new ArmCore(services, options),
};
