// `why` for ARM: what an exception was, by which instruction with which operands, what the tables say, and what it most likely comes from.
import type { ExceptionReport, ExplainContext, TakenException, Walk } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { ABORT, CP15, HCR, MODE, PSR, SCTLR, TRAP } from '../registers.ts';
import { HSR_EC, TRAP_HYP_EC_SHIFT, VIRTUAL_ABORT } from '../syndrome.ts';
import { flowOf } from './flow.ts';
import { type AbortFacts, likelyOfData, likelyOfFetch } from './likely.ts';
import { jumpRegister, memoryOperand, operandValues, touches } from './operands.ts';
import { accessOf, cameInHandler, isAbort, isFirmwareCall, kindOf, type Scene, sceneOf, vectorAt } from './scene.ts';
import { cp15, isSet, modeName } from './state.ts';
import { classText, faultStatus, syndromeText } from './status.ts';
import { type SystemAccess, trappedAccess } from './system-access.ts';
import { undefinedCause } from './undefined.ts';
import { walkAs } from './walk.ts';

const LR = 14;
const SYSTEM_CALL = 7;
const IMMEDIATE_SHIFT = 4;
const IMMEDIATE = 0xffff;
const ISS = 0xfffff;
const EC = 0x3f;
const EC_FLOATING = 7;

const NAMES: ReadonlyMap<number, string> = new Map([
  [TRAP.UNDEFINED, 'undefined instruction'],
  [TRAP.SVC, 'supervisor call'],
  [TRAP.HVC, 'hypervisor call'],
  [TRAP.SMC, 'secure monitor call'],
  [TRAP.BREAKPOINT, 'breakpoint instruction'],
  [TRAP.IRQ, 'IRQ'],
  [TRAP.FIQ, 'FIQ'],
  [TRAP.VIRQ, 'virtual IRQ'],
  [TRAP.VFIQ, 'virtual FIQ'],
]);

const classOf = (trap: number): number => (trap >>> TRAP_HYP_EC_SHIFT) & EC;

/** `data abort on load`, `undefined instruction`, `trap to Hyp mode: WFI or WFE`. */
export function exceptionName({ trap }: TakenException): string {
  if (kindOf(trap) === TRAP.HYP) return `trap to Hyp mode: ${classText(classOf(trap))}`;
  const stage = isSet(trap, ABORT.STAGE2) ? 'stage 2 ' : '';
  if (kindOf(trap) === TRAP.PREFETCH_ABORT) return `${stage}prefetch abort`;
  if (kindOf(trap) !== TRAP.DATA_ABORT) return NAMES.get(kindOf(trap)) ?? `exception ${hex(trap, 1)}`;
  if (isSet(trap, VIRTUAL_ABORT)) return 'virtual asynchronous abort';
  if (isSet(trap, ABORT.MAINTENANCE)) return `${stage}data abort on a maintenance operation`;
  return `${stage}data abort on ${isSet(trap, ABORT.WRITE) ? 'store' : 'load'}`;
}

const FAULTS: ReadonlySet<number> = new Set([
  ...[TRAP.UNDEFINED, TRAP.PREFETCH_ABORT, TRAP.DATA_ABORT, TRAP.BREAKPOINT, TRAP.HYP],
]);

/** Is it one that something went wrong by? A hypervisor's guest that waits is none. */
export function isFault({ trap }: TakenException): boolean {
  return FAULTS.has(kindOf(trap)) && !(kindOf(trap) === TRAP.HYP && classOf(trap) === HSR_EC.WFX);
}

/** The whole report. */
export function explain(
  cpu: Scene['cpu'],
  exception: TakenException,
  isNewest: boolean,
  context: ExplainContext,
): ExceptionReport {
  const scene = sceneOf(cpu, exception, isNewest);
  const report = bodyOf(scene, context);
  const old = scene.isLatest ? [] : ['other exceptions came after it: registers and tables are not as they were'];
  return { title: report.title, lines: [...report.lines, ...fromLines(scene), ...old] };
}

/** From where to where, and the syndrome, when Hyp mode took it. */
function fromLines(scene: Scene): readonly string[] {
  const { cpu, psr, target, exception } = scene;
  if (psr === null || isFirmwareCall(cpu, exception.trap)) return [];
  const set = isSet(psr, PSR.T) ? 'T32' : 'A32';
  const inside = cameInHandler(scene) ? ", inside of another exception's handler" : '';
  const way = `taken from ${modeName(psr)} (${set}) to ${modeName(target)}${inside}`;
  return [target === MODE.HYP ? `${way}; HSR ${hex(cp15(cpu, CP15.HSR))}: ${syndromeText(cp15(cpu, CP15.HSR))}` : way];
}

function bodyOf(scene: Scene, context: ExplainContext): ExceptionReport {
  const { trap } = scene.exception;
  if (isAbort(trap))
    return kindOf(trap) === TRAP.DATA_ABORT ? dataAbort(scene, context) : prefetchAbort(scene, context);
  const title = exceptionName(scene.exception);
  const immediate = (trap >>> IMMEDIATE_SHIFT) & IMMEDIATE;
  if (isFirmwareCall(scene.cpu, trap))
    return { title, lines: [...instructionLines(scene, context), 'answered by the firmware (PSCI)'] };
  switch (kindOf(trap)) {
    case TRAP.UNDEFINED:
    case TRAP.SMC: // of a machine that has no Security Extensions
      return undefinedInstruction(scene, context);
    case TRAP.SVC:
      return {
        title: `${title} #${immediate}`,
        lines: [...instructionLines(scene, context), ...systemCallLine(scene)],
      };
    case TRAP.HVC:
      return { title: `${title} #${immediate}`, lines: instructionLines(scene, context) };
    case TRAP.BREAKPOINT: {
      const likely = 'likely: a breakpoint or assertion in the program that no debugger of the guest handles';
      return { title, lines: [...instructionLines(scene, context), 'a debug event, as a prefetch abort', likely] };
    }
    case TRAP.HYP:
      return hypTrap(scene, context);
    case TRAP.DATA_ABORT:
      return { title, lines: ['the hypervisor asked for it (HCR.VA)'] };
    default:
      return { title, lines: interruptLines(scene, context) };
  }
}

/** The instruction, and what its operands were. */
function instructionLines(scene: Scene, context: ExplainContext, stale = false): string[] {
  const text = context.instruction(scene.exception.pc);
  if (text === null) return ['the instruction cannot be read'];
  if (stale) return [`${text}   (its registers have changed since)`];
  const values = operandValues(text, scene.register);
  return [values === '' ? text : `${text}   ${values}`];
}

/** Linux's convention (EABI). */
function systemCallLine(scene: Scene): readonly string[] {
  const number = scene.register(SYSTEM_CALL);
  return number === null ? [] : [`r7 = ${number >>> 0}: for Linux the number of the system call`];
}

function interruptLines({ exception: { pc } }: Scene, context: ExplainContext): readonly string[] {
  const name = context.symbolize(pc & ~1);
  return [`came before the instruction at ${hex((pc & ~1) >>> 0)}${name === null ? '' : ` ${name}`}`];
}

const UNPRIVILEGED = /^(ldr|str)(s?[bh])?t(eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?(\.w)? /;

/** The walk by the rights of the access; where nobody knows the mode any more, by those that lead to such a fault. */
function walkOf({ cpu, psr, exception }: Scene, address: number, text: string | null): Walk {
  const access = accessOf(exception.trap);
  const asUser = text !== null && UNPRIVILEGED.test(text);
  if (psr !== null) return walkAs(cpu, address, access, psr & PSR.M, asUser);
  const privileged = walkAs(cpu, address, access, MODE.SVC, asUser);
  if (isSameFault(privileged, exception.trap)) return privileged;
  const user = walkAs(cpu, address, access, MODE.USR, false);
  return isSameFault(user, exception.trap) ? user : privileged;
}

function isSameFault({ translation }: Walk, trap: number): boolean {
  return translation.outcome === 'fault' && faultStatus(translation.trap).text === faultStatus(trap).text;
}

/** What the tables say, as far as they still say it. */
function tableLines(scene: Scene, address: number, walk: Walk, text: string | null): string[] {
  const { trap } = scene.exception;
  const status = faultStatus(trap);
  const access = isSet(trap, ABORT.MAINTENANCE) ? 'maintenance operation' : accessOf(trap);
  const asked = `${access} of ${hex(address)}`;
  if (status.kind === 'alignment fault') return [`${asked}: ${alignmentText(scene, address, text)}`];
  const { translation, fault } = walk;
  if (fault === undefined || !isSameFault(walk, trap)) {
    const now = fault ?? `they lead to ${hex('physical' in translation ? translation.physical : 0)}`;
    return [`${asked}: ${status.text}`, `the tables say otherwise by now: ${now}`];
  }
  // A descriptor that is there says more than that it is not the right one.
  const last = walk.steps
    .filter(({ what, text }) => what.includes('level') && !/invalid$|no memory$/.test(text))
    .at(-1);
  const isLeaf = last !== undefined && status.kind !== 'translation fault';
  return [`${asked}: ${fault}`, ...(isLeaf ? [`${last.what}: ${last.text}`] : [])];
}

function alignmentText({ cpu, psr }: Scene, address: number, text: string | null): string {
  const inHyp = psr !== null && (psr & PSR.M) === MODE.HYP;
  const register = inHyp ? 'HSCTLR' : 'SCTLR';
  const isChecked = isSet(cp15(cpu, inHyp ? CP15.HSCTLR : CP15.SCTLR), SCTLR.A);
  const why = isChecked ? `${register}.A=1 wants every access aligned` : 'this instruction wants it always';
  const multiple = alignmentOf(text ?? '');
  const fits = multiple === null || address % multiple === 0;
  return `alignment fault: ${fits ? 'the address is not aligned' : `it is no multiple of ${multiple}`}; ${why}`;
}

/** What an instruction's address is to be a multiple of; null: not known. */
function alignmentOf(text: string): number | null {
  const bits = /\[\w+:(\d+)/.exec(text)?.[1];
  if (bits !== undefined) return Number(bits) / 8;
  if (text.startsWith('v')) return null;
  if (/^(ldr|str)exd/.test(text)) return 8;
  return /^(ldr|str)(ex)?s?h/.test(text) ? 2 : 4;
}

function dataAbort(scene: Scene, context: ExplainContext): ExceptionReport {
  const { exception } = scene;
  const address = exception.address >>> 0;
  const text = context.instruction(exception.pc);
  const operand = text === null ? null : memoryOperand(text, scene.register);
  const fresh = operand !== null && touches(operand, address) ? operand : null;
  const walk = walkOf(scene, address, text);
  const status = faultStatus(exception.trap);
  const facts: AbortFacts = { scene, address, status, walk, context };
  return {
    title: `${exceptionName(exception)}, ${hex(address)}`,
    lines: [
      ...instructionLines(scene, context, operand !== null && fresh === null),
      ...tableLines(scene, address, walk, text),
      `likely: ${likelyOfData(facts, fresh)}`,
    ],
  };
}

/** The call before a return address: `blx r3` with the register that led here; null: no call stands there. */
function callerOf(scene: Scene, address: number, context: ExplainContext): string | null {
  const lr = scene.register(LR);
  if (lr === null || lr === 0) return null;
  const returns = context.symbolize((lr & ~1) >>> 0);
  const at = `lr = ${hex(lr)}${returns === null ? '' : ` ${returns}`}`;
  for (const size of (lr & 1) === 1 ? [2, 4] : [4]) {
    const pc = (lr - size) >>> 0;
    const word = context.word(pc);
    const text = context.instruction(pc);
    if (word === null || text === null) continue;
    const { kind, next } = flowOf(word, pc);
    if (kind !== 'call' || next !== lr >>> 0) continue;
    const number = jumpRegister(text);
    const value = number === null ? null : scene.register(number);
    const led = value !== null && (value & ~1) >>> 0 === (address & ~1) >>> 0;
    return led ? `came by ${text} with ${hex(value >>> 0)}; ${at}` : `${at}, behind ${text}`;
  }
  return at;
}

function vectorText({ register, base }: NonNullable<ReturnType<typeof vectorAt>>): string {
  const where = register === 'SCTLR.V' ? `${hex(base)} (SCTLR.V=1)` : `${register} ${hex(base)}`;
  return `an exception came, and there are no handlers: the vectors are at ${where}; \`why list\` shows what came first`;
}

function prefetchAbort(scene: Scene, context: ExplainContext): ExceptionReport {
  const { exception } = scene;
  const address = exception.address >>> 0;
  const walk = walkOf(scene, address, null);
  const status = faultStatus(exception.trap);
  const from = callerOf(scene, address, context);
  const facts: AbortFacts = { scene, address, status, walk, context };
  const vector = vectorAt(scene, address);
  const isSecondHalf = ((exception.pc ^ address) & ~1) !== 0;
  return {
    title: `${exceptionName(exception)}, ${hex(address)}`,
    lines: [
      ...(isSecondHalf ? [`the second half of the instruction at ${hex((exception.pc & ~1) >>> 0)}`] : []),
      ...tableLines(scene, address, walk, null),
      ...(from === null || vector ? [] : [from]),
      `likely: ${vector ? vectorText(vector) : likelyOfFetch(facts)}`,
    ],
  };
}

function undefinedInstruction(scene: Scene, context: ExplainContext): ExceptionReport {
  const { pc } = scene.exception;
  const word = context.word(pc);
  const title = 'undefined instruction';
  if (word === null) return { title, lines: ['the instruction cannot be read'] };
  const text = context.instruction(pc);
  const digits = word >>> 16 === 0 && (pc & 1) === 1 ? 4 : 8;
  const { cause, likely } = undefinedCause(scene, word, text);
  return {
    title: `${title}, ${hex(word >>> 0, digits)}`,
    lines: [...instructionLines(scene, context), cause, `likely: ${likely}`],
  };
}

const HCR_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(HCR).map(([name, bit]) => [Math.log2(bit), `HCR.${name}`]),
);

function hypTrap(scene: Scene, context: ExplainContext): ExceptionReport {
  const { trap } = scene.exception;
  const ec = classOf(trap);
  const iss = (trap >>> IMMEDIATE_SHIFT) & ISS;
  const lines = instructionLines(scene, context);
  const access = trappedAccess(ec, iss);
  if (access) {
    const cause = `${access.text} is trapped by ${trappedBy(scene, ec, iss, access)}`;
    const likely = 'likely: the hypervisor emulates this register, or keeps it from its guest';
    return { title: `trap to Hyp mode: ${access.text}`, lines: [...lines, cause, likely] };
  }
  const isWfe = (iss & 1) === 1;
  const causes: Readonly<Record<number, readonly [cause: string, likely: string]>> = {
    [HSR_EC.WFX]: [`trapped by HCR.${isWfe ? 'TWE' : 'TWI'}`, 'the hypervisor runs another guest meanwhile'],
    [EC_FLOATING]: ['trapped by HCPTR (TCP10, TASE)', 'the hypervisor gives out the FPU lazily, or not at all'],
    [HSR_EC.SMC]: ['trapped by HCR.TSC', 'the hypervisor answers PSCI calls itself'],
  };
  const [cause, likely] = causes[ec] ?? [`trapped: ${classText(ec)}`, 'a control of the hypervisor'];
  return { title: exceptionName(scene.exception), lines: [...lines, cause, `likely: ${likely}`] };
}

/** The control that traps an access to a system register. */
function trappedBy({ cpu }: Scene, ec: number, iss: number, access: SystemAccess): string {
  const { register, isRead, coprocessor } = access;
  const bit = register ? (isRead ? register.hcrReads : register.hcrWrites) : 0;
  if (bit !== 0 && isSet(cp15(cpu, CP15.HCR), 1 << bit)) return HCR_NAMES.get(bit) ?? 'HCR';
  const number = ec === HSR_EC.CP15 ? (iss >>> 10) & 15 : (iss >>> 1) & 15;
  if (coprocessor === 15 && isSet(cp15(cpu, CP15.HSTR), 1 << number)) return `HSTR.T${number}`;
  return 'HDCR, HSTR, HCPTR or CNTHCTL';
}
