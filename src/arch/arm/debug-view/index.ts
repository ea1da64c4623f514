// What a debugger shows of an ARM vCPU (ARM DDI 0406C): registers by name, translations, exceptions explained.
import type { DebugView } from '../../../cpu/isa/debug-view.ts';
import { MODE } from '../registers.ts';
import { exceptionName, explain, isFault } from './explain.ts';
import { flowOf } from './flow.ts';
import { GDB } from './gdb.ts';
import { findRegister, GROUPS, placeOf, readRegister, registersOf } from './registers.ts';
import { describeInterrupts, describeMode, modeOf, pcOf, registerOfMode } from './state.ts';
import { walk } from './walk.ts';

const SP = 13;

export const armDebugView: DebugView = {
  name: 'arm',
  groups: GROUPS,
  registers: registersOf,
  find: findRegister,
  read: readRegister,
  place: placeOf,
  pc: pcOf,
  stackPointer: (cpu) => registerOfMode(cpu, SP, modeOf(cpu)),
  blockState: (cpu) => cpu.bank('it', 0),
  mode: describeMode,
  inUserMode: (cpu) => modeOf(cpu) === MODE.USR,
  walk,
  tlb: () => ['no TLB is modelled: translations are those of the tables (`walk ADDR` shows one, step by step)'],
  interrupts: describeInterrupts,
  isFault,
  exceptionName,
  explain,
  flow: flowOf,
  gdb: GDB,
};
