// An exception, and what an explanation of it looks at: the instruction, the registers as they may still be, the mode it came from.
import type { DebuggedCpu, ExplainContext, TakenException } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { GPR_NAMES } from '../debug.ts';
import { CP0, STATUS } from '../registers.ts';
import { accessOf, codeOf, isMemoryException } from './exceptions.ts';
import { hasSlot } from './flow.ts';
import { general, isTrapAndEmulate, register32, statusOf } from './registers.ts';
import { walk } from './translation.ts';

const CONFIG_BE = 1 << 15;

export interface Scene {
  readonly cpu: DebuggedCpu;
  readonly exception: TakenException;
  readonly code: number;
  /** Are the system registers still those of this exception? */
  readonly isLatest: boolean;
  readonly context: ExplainContext;
  /** The instruction; null where there was none to be executed, or none can be read. */
  readonly word: number | null;
  readonly text: string | null;
  /** Did it come from user mode? A guess from where the code is when the registers do not tell any more. */
  readonly fromUser: boolean;
  /** Was it taken inside of another exception's handler? */
  readonly isNested: boolean;
  readonly isBigEndian: boolean;
}

/** An explanation, before it is put into lines. */
export interface Explanation {
  /** What `title` has behind the exception's name. */
  readonly about?: string | undefined;
  /** What is behind the instruction's text: `a0 = 0x00000000`. */
  readonly operands?: readonly string[];
  /** What is so, in one line; the cause is appended. */
  readonly fact?: string | undefined;
  /** The likely cause, in a few words. */
  readonly cause?: string | undefined;
  readonly details?: readonly string[];
}

export function sceneOf(
  cpu: DebuggedCpu,
  exception: TakenException,
  isLatest: boolean,
  context: ExplainContext,
): Scene {
  const isNested = isLatest && !isFirstLevel(cpu, exception);
  const isFetchFault = isMemoryException(exception) && accessOf(exception) === 'fetch';
  const word = isFetchFault ? null : context.word(exception.pc);
  return {
    ...{ cpu, exception, isLatest, context, isNested, word, code: codeOf(exception) },
    text: isFetchFault ? null : context.instruction(exception.pc),
    fromUser: cameFromUser(cpu, exception, isLatest, isNested),
    isBigEndian: (cpu.bank('cp0', CP0.CONFIG) & CONFIG_BE) !== 0,
  };
}

/** EPC is written when Status.EXL was 0 only. */
function isFirstLevel(cpu: DebuggedCpu, { pc, inSlot }: TakenException): boolean {
  return cpu.bank('cp0', CP0.EPC) >>> 0 === (pc - (inSlot ? 4 : 0)) >>> 0;
}

function cameFromUser(cpu: DebuggedCpu, { pc }: TakenException, isLatest: boolean, isNested: boolean): boolean {
  const status = statusOf(cpu);
  // Handlers clear UM together with EXL.
  if (isLatest && (status & STATUS.EXL) !== 0) return !isNested && (status & (STATUS.UM | STATUS.ERL)) === STATUS.UM;
  return pc >>> 0 < (isTrapAndEmulate(cpu) ? 0x40000000 : 0x80000000);
}

export const gprName = (number: number): string => GPR_NAMES[number]!;

/** `a0 = 0x00000010`. */
export const registerIs = (number: number, value: number): string => `${gprName(number)} = ${hex(value >>> 0)}`;

/** The register as it is now. */
export const registerNow = ({ cpu }: Scene, number: number): number => general(cpu, number);

/** `0x40100010 main+0x10`, with a name where there is one. */
export function place({ context }: Scene, address: number): string {
  const symbol = context.symbolize(address >>> 0);
  return symbol === null ? hex(address >>> 0) : `${hex(address >>> 0)} ${symbol}`;
}

/** The instruction at `address` with its place: `jalr $t9 at 0x40100010 main+0x10`; null where there is none. */
export function instructionAt(scene: Scene, address: number): string | null {
  const text = scene.context.instruction(address >>> 0);
  return text === null ? null : `\`${text}\` at ${place(scene, address)}`;
}

/** The call or jump whose delay slot is in front of `address`, if there is one. */
export function branchBefore({ context }: Scene, address: number): number | null {
  const word = (address & 3) === 0 ? context.word((address - 8) >>> 0) : null;
  return word !== null && hasSlot(word) ? (address - 8) >>> 0 : null;
}

/** Where the vCPU has gone for it, when it is not code in memory: a line about that. */
export function handlerProblem(scene: Scene): string | null {
  const { cpu, isLatest } = scene;
  if (!isLatest) return null;
  const isBev = (statusOf(cpu) & STATUS.BEV) !== 0;
  const base = isBev ? cpu.bank('bootVector', 0) : (register32(cpu, 'ebase') & 0xfffff000) >>> 0;
  // As the exception has it: in kernel mode, whatever the mode is by now.
  const { translation } = walk(cpu, base, 'fetch', false);
  if (translation.outcome === 'physical' && cpu.physicalWord(translation.physical) !== undefined) return null;
  const where = isBev ? 'Status.BEV = 1: the handler is in the boot ROM' : 'the handlers are by EBase';
  return `${where}, at ${hex(base)}, where there is no memory`;
}
