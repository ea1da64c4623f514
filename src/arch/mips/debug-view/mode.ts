// The mode of a MIPS vCPU, and its interrupts (MIPS32 Volume III: 3, 6.1; lines as KVM has them: reference MIPS.md A8).
import type { DebuggedCpu } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { grouped } from '../../../util/format.ts';
import { CAUSE, STATUS } from '../registers.ts';
import { inUserMode, register32, register64, statusOf } from './registers.ts';
import { asidOf } from './tlb.ts';

const IP_SHIFT = 8;
const LINES = 8;
const TIMER_LINE = 7;

/** `kernel, EXL`; `user, asid 0x11`; with what else is unusual. */
export function modeText(cpu: DebuggedCpu): string {
  const status = statusOf(cpu);
  const words = [inUserMode(cpu) ? `user, asid ${hex(asidOf(cpu), 2)}` : 'kernel'];
  if ((status & STATUS.EXL) !== 0) words.push('EXL');
  if ((status & STATUS.ERL) !== 0) words.push('ERL');
  if ((status & STATUS.BEV) !== 0) words.push('BEV');
  if ((status & (STATUS.EXL | STATUS.ERL)) === 0 && (status & STATUS.IE) === 0) words.push('interrupts off');
  if (cpu.bank('waiting', 0) !== 0) words.push('in WAIT');
  return words.join(', ');
}

/** `IP7 (timer)`. */
export function lineName(line: number): string {
  if (line < 2) return `IP${line} (software)`;
  return line === TIMER_LINE ? 'IP7 (timer)' : `IP${line}`;
}

/** Numbers of the lines in a mask of Status.IM or Cause.IP. */
export function linesOf(bits: number): number[] {
  return Array.from({ length: LINES }, (_, line) => line).filter((line) => (bits & (1 << (IP_SHIFT + line))) !== 0);
}

export function interruptLines(cpu: DebuggedCpu): readonly string[] {
  const status = statusOf(cpu);
  const cause = register32(cpu, 'cause');
  const isSet = (bit: number): number => ((status & bit) === 0 ? 0 : 1);
  const isOn = (status & (STATUS.IE | STATUS.EXL | STATUS.ERL)) === STATUS.IE;
  const flags = `IE=${isSet(STATUS.IE)} EXL=${isSet(STATUS.EXL)} ERL=${isSet(STATUS.ERL)}`;
  const names = (bits: number): string => linesOf(bits).map(lineName).join(', ') || 'none';
  const vector = (cause & CAUSE.IV) === 0 ? 'the general vector (0x180)' : 'the interrupt vector (0x200)';
  return [
    `interrupts are ${isOn ? 'on' : 'off'}: ${flags}`,
    `enabled (Status.IM): ${names(status)}`,
    `pending (Cause.IP): ${names(cause)}`,
    `taken ${isOn ? 'now' : 'when on'}: ${names(status & cause)}; at ${vector}`,
    timerLine(cpu, cause),
  ];
}

function timerLine(cpu: DebuggedCpu, cause: number): string {
  const [count, compare] = [register32(cpu, 'count'), register32(cpu, 'compare')];
  const values = `Count ${hex(count)}, Compare ${hex(compare)}`;
  if ((cause & CAUSE.DC) !== 0) return `timer: ${values}, stopped (Cause.DC = 1)`;
  if ((register64(cpu, 'count_ctl') & 1n) !== 0n) return `timer: ${values}, stopped by user space (COUNT_CTL)`;
  const ticks = ((compare - count - 1) >>> 0) + 1;
  const rate = grouped(Number(register64(cpu, 'count_hz')));
  const due = (cause & CAUSE.TI) !== 0 ? 'interrupt pending (Cause.TI), next match' : 'match';
  return `timer: ${values}, ${due} in ${grouped(ticks)} ticks of ${rate} a second`;
}
