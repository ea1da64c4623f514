// Why an instruction was refused or raised an exception itself: reserved words, coprocessors, traps, overflow, floating point (MIPS32 Volume II-A;
// Volume III: 6.2; break codes: Linux arch/mips/include/uapi/asm/break.h).
import { hex } from '../../../util/bits.ts';
import { FCSR } from '../fpu/registers.ts';
import { CONFIG1_FP, CP0, EXC, STATUS } from '../registers.ts';
import { unitOf } from './exceptions.ts';
import { floatOperands } from './floats.ts';
import { hasSlot } from './flow.ts';
import { lineName, linesOf } from './mode.ts';
import { breakCode, holds, overflowing, trapOf } from './operands.ts';
import { register32, statusOf } from './registers.ts';
import { describeReserved } from './reserved.ts';
import { type Explanation, gprName, registerIs, registerNow, type Scene } from './scene.ts';

const V0 = 2;
const ARGUMENTS = [4, 5, 6, 7];
/** First number of Linux's o32 system calls, and of the other ABIs'. */
const O32_FIRST = 4000;
const O32_LAST = 4999;

/** Codes of BREAK and conditional traps that compilers and Linux agree on. */
const CODES: Readonly<Record<number, readonly [cause: string, detail: string]>> = {
  0: ['a breakpoint in the program', 'code 0: what __builtin_trap() and debuggers put in'],
  5: ["a debugger's single step", 'code 5: SSTEPBP'],
  6: ['arithmetic overflow', 'code 6: a check that the compiler or a program put in'],
  7: ['division by zero', 'code 7: the check that compilers put behind a division'],
  12: ["Linux's BUG()", 'code 12: BRK_BUG, of BUG() and of a BUG_ON() whose condition held'],
  514: ['an emulated delay slot of Linux', 'code 514: BRK_MEMU'],
  1023: ['overflow of a multiplication', 'code 1023: MULOVF'],
};

/** What is not an access to memory. */
export function explainInstruction(scene: Scene): Explanation {
  switch (scene.code) {
    case EXC.Int:
      return interrupt(scene);
    case EXC.Sys:
      return systemCall(scene);
    case EXC.Bp:
      return scene.word === null ? {} : byCode(breakCode(scene.word));
    case EXC.RI:
      return reserved(scene);
    case EXC.CpU:
      return unusable(scene);
    case EXC.Ov:
      return overflow(scene);
    case EXC.Tr:
      return trapped(scene);
    case EXC.FPE:
      return floatingPoint(scene);
    default:
      return {};
  }
}

function interrupt({ cpu, isLatest }: Scene): Explanation {
  const lines = isLatest ? linesOf(statusOf(cpu) & register32(cpu, 'cause')) : [];
  if (lines.length === 0) return { fact: isLatest ? 'nothing is pending any more' : undefined };
  return { about: lines.map(lineName).join(', '), fact: 'pending and enabled in Status.IM' };
}

function systemCall(scene: Scene): Explanation {
  if (!scene.isLatest) return {};
  const number = registerNow(scene, V0);
  const isLinux = number >= O32_FIRST && number <= O32_LAST;
  return {
    operands: [V0, ...ARGUMENTS].map((register) => registerIs(register, registerNow(scene, register))),
    fact: isLinux ? `number ${number}: Linux o32 system call ${number - O32_FIRST}` : undefined,
  };
}

function byCode(code: number): Explanation {
  const known = CODES[code];
  if (!known) return { about: `code ${code}` };
  return { about: `code ${code}`, cause: known[0], details: [known[1]] };
}

function reserved(scene: Scene): Explanation {
  const { word, exception } = scene;
  if (word === null) return {};
  const about = hex(word >>> 0);
  if (exception.inSlot && hasSlot(word))
    return {
      about,
      cause: 'a branch in a delay slot',
      details: ['what that does is unpredictable; here it is refused'],
    };
  return { about, ...describeReserved(scene, word) };
}

function unusable(scene: Scene): Explanation {
  const { cpu, exception, fromUser } = scene;
  const unit = unitOf(exception);
  if (unit === 0)
    return {
      fact: 'user mode, Status.CU0 = 0',
      cause: 'a privileged instruction in user mode',
      details: ['coprocessor 0 is for the kernel: system registers, TLB, ERET, WAIT, CACHE'],
    };
  if (unit !== 1)
    return {
      fact: `there is no coprocessor ${unit}`,
      cause: 'an instruction for another CPU',
      details: [
        "coprocessor 2 has vendors' extensions (Cavium, Loongson); MIPS release 6 has branches at these opcodes",
      ],
    };
  if ((cpu.bank('cp0', CP0.CONFIG1) & CONFIG1_FP) === 0)
    return {
      fact: 'Config1.FP = 0',
      cause: "this machine's CPU has no FPU",
      details: [
        'build the program with -msoft-float, or take a machine with an FPU (malta, with a CPU model such as 24Kf)',
      ],
    };
  if (scene.isLatest && (statusOf(cpu) & STATUS.CU1) !== 0)
    return {
      fact: 'Status.CU1 = 1 now',
      cause: 'the FPU has been enabled since',
      details: ['a kernel does so at its first use'],
    };
  const details = fromUser
    ? ['a kernel enables it when a program first uses it']
    : ['floating point in code that has not enabled it (a kernel: compiled without -msoft-float?)'];
  return { fact: 'Status.CU1 = 0', cause: 'the FPU is not enabled', details };
}

function overflow(scene: Scene): Explanation {
  const operation = scene.word === null ? null : overflowing(scene.word);
  if (!operation) return {};
  const { sign, rs, rt, immediate } = operation;
  const [a, b] = [registerNow(scene, rs) | 0, rt === null ? immediate : registerNow(scene, rt) | 0];
  const operands = [`${gprName(rs)} = ${a}`, ...(rt === null ? [] : [`${gprName(rt)} = ${b}`])];
  const result = sign === '+' ? a + b : a - b;
  const cause = 'signed overflow';
  const details = ['ADD, ADDI and SUB trap; compilers take ADDU, ADDIU and SUBU unless told -ftrapv'];
  if ((result | 0) === result) return { cause, details: ['the operands have been changed since', ...details] };
  const term = b < 0 ? `(${b})` : `${b}`;
  return { operands, fact: `${a} ${sign} ${term} = ${result} does not fit into 32 bits`, cause, details };
}

function trapped(scene: Scene): Explanation {
  const trap = scene.word === null ? null : trapOf(scene.word);
  if (!trap) return {};
  const { rs, rt, comparison, isSigned, immediate, code } = trap;
  const [a, b] = [registerNow(scene, rs), rt === null ? immediate : registerNow(scene, rt)];
  const second = rt === null ? String(immediate) : operandName(rt);
  const how = comparison.length === 2 && comparison !== '>=' ? '' : isSigned ? ' (signed)' : ' (unsigned)';
  const condition = `${operandName(rs)} ${comparison} ${second}${how}`;
  const isStill = holds(trap, a, b);
  const known = code === null || code === 0 ? { about: undefined } : byCode(code);
  const registers = rt === null ? [rs] : [...new Set([rs, rt])];
  const named = registers.filter((register) => register !== 0);
  return {
    ...known,
    operands: isStill ? named.map((register) => registerIs(register, registerNow(scene, register))) : [],
    fact: isStill ? `${condition} holds` : `${condition} held (the operands have been changed since)`,
    cause: known.cause ?? "a check of the program's that failed",
  };
}

const operandName = (register: number): string => (register === 0 ? '0' : gprName(register));

/** Bits of FCSR.Cause from bit 0 on. */
const FLOAT_CAUSES = ['inexact result', 'underflow', 'overflow', 'division by zero', 'invalid operation'];
const UNIMPLEMENTED = 'an operation that the FPU leaves to software';

function floatingPoint(scene: Scene): Explanation {
  const { cpu, word, isLatest } = scene;
  const fcsr = register32(cpu, 'fcsr');
  const enabled = (fcsr >>> FCSR.CAUSE_SHIFT) & (fcsr >>> FCSR.ENABLES_SHIFT) & 0x1f;
  const causes = FLOAT_CAUSES.filter((_, bit) => (enabled & (1 << bit)) !== 0);
  const operands = word === null ? [] : floatOperands(cpu, word);
  if (isLatest && (fcsr & FCSR.CAUSE_E) !== 0)
    return { operands, about: 'unimplemented operation', cause: UNIMPLEMENTED };
  if (causes.length === 0 || !isLatest) return { operands, fact: 'FCSR has been changed since' };
  return {
    ...{
      about: causes.join(', '),
      operands,
      fact: `FCSR = ${hex(fcsr)}, Cause and Enables both have ${causes.join(', ')}`,
    },
    cause: 'a floating-point exception that the program has enabled',
  };
}
