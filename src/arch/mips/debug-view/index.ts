// What debuggers show of a MIPS vCPU, trap-and-emulate and VZ: registers by name, translation step by step, exceptions explained.
import type { DebugView } from '../../../cpu/isa/debug-view.ts';
import { exceptionName, isFault } from './exceptions.ts';
import { explain } from './explain.ts';
import { flowOf } from './flow.ts';
import { GDB } from './gdb.ts';
import { interruptLines, modeText } from './mode.ts';
import {
  findRegister,
  GROUPS,
  general,
  inUserMode,
  placeOf,
  readRegister,
  register32,
  registersOf,
  SP,
} from './registers.ts';
import { tlbLines } from './tlb.ts';
import { walk } from './translation.ts';

export const mipsDebugView: DebugView = {
  name: 'mips',
  groups: GROUPS,
  registers: registersOf,
  find: findRegister,
  read: readRegister,
  place: placeOf,
  pc: (cpu) => register32(cpu, 'pc'),
  stackPointer: (cpu) => general(cpu, SP),
  blockState: () => 0,
  mode: modeText,
  inUserMode,
  walk: (cpu, address, access) => walk(cpu, address, access),
  tlb: tlbLines,
  interrupts: interruptLines,
  isFault,
  exceptionName,
  explain,
  flow: flowOf,
  gdb: GDB,
};
