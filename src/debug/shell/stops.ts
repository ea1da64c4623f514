// The guest let run by a command, and what is said when it stands again: the reason, when it was, and the instruction that comes next.
import { hex } from '../../util/bits.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { Breakpoint, BreakpointSpec, Resume, Stop } from '../target.ts';
import { listing } from './listing.ts';
import type { ShellSession } from './session.ts';
import { digits, moment, numberIn } from './text.ts';

type Watched = Extract<Stop, { kind: 'watchpoint' }>;

/** Watchpoints that may follow on each other's step. */
const MAX_FOLLOWING = 16;
const MAX_VALUE_BYTES = 8;

/**
 * Let the guest run until it stands; the vCPU that stopped it is selected. Ctrl-C pauses it.
 * @throws TsvmError usage when it runs already or has ended
 */
export async function letRun(session: ShellSession, how: Resume): Promise<Stop> {
  const { target } = session;
  if (!target.stopped) throw new TsvmError('usage', 'the guest runs already', { next: 'pause' });
  session.requireNotInterrupted();
  session.waits = true;
  try {
    const stop = await target.resume(how);
    if ('cpu' in stop) session.selected = stop.cpu;
    return stop;
  } finally {
    session.waits = false;
  }
}

/** Wait until a guest that runs stands; the vCPU that stopped it is selected. Ctrl-C pauses it. */
export async function nextStop(session: ShellSession): Promise<Stop> {
  const { target } = session;
  session.requireNotInterrupted();
  session.waits = true;
  let unsubscribe = (): void => {};
  try {
    const stop = await new Promise<Stop>((resolve) => {
      unsubscribe = target.subscribe((event) => {
        if (event.event === 'stopped') resolve(event.stop);
      });
    });
    if ('cpu' in stop) session.selected = stop.cpu;
    return stop;
  } finally {
    unsubscribe();
    session.waits = false;
  }
}

/** Let it run to a breakpoint that is only for this. `reached`: it was that one that stopped it. */
export async function runTo(session: ShellSession, spec: BreakpointSpec): Promise<{ stop: Stop; reached: boolean }> {
  const { target } = session;
  const { id } = target.addBreakpoint(spec);
  try {
    const stop = await letRun(session, { kind: 'continue' });
    return { stop, reached: stop.kind === 'breakpoint' && stop.id === id };
  } finally {
    target.removeBreakpoint(id);
  }
}

/** What is said of a stop. An access that was watched for is carried out first, so that its effect can be told. */
export async function reported(session: ShellSession, stop: Stop, following = 0): Promise<string[]> {
  if (stop.kind !== 'watchpoint' || following >= MAX_FOLLOWING || session.interrupted) return described(session, stop);
  const { target } = session;
  const before = accessed(session, stop);
  const by = instructionText(session, stop);
  const next = await letRun(session, { kind: 'step', cpu: stop.cpu });
  const after = stop.access === 'write' ? ` -> ${accessed(session, stop)}` : '';
  const head = `${watchText(session, stop)}, ${before}${after}, ${moment(target, stop.cpu)}`;
  return [head, by, ...(await reported(session, next, following + 1))];
}

/** What is said of a stop, when nothing more may happen. */
export function described(session: ShellSession, stop: Stop): string[] {
  const { target } = session;
  if (stop.kind === 'ended') {
    const { summary, exitCode } = stop;
    return [`the guest has ended: ${printable(summary)}, exit ${exitCode}, ${moment(target, null)}`];
  }
  const here = standsAt(session);
  if (stop.kind === 'step') return here;
  if (stop.kind === 'paused') return [`paused, ${moment(target, session.selected)}`, ...here];
  if (stop.kind === 'instructions') return [`reached ${moment(target, null)}`, ...here];
  const failure = session.own.get(stop.id)?.failure ?? null;
  const why = failure === null ? [] : [`  its condition cannot be computed: ${failure}`];
  const what =
    stop.kind === 'breakpoint'
      ? `breakpoint ${stop.id} at ${named(session, stop.pc)}`
      : `${watchText(session, stop)}, not done yet`;
  return [`${what}, ${moment(target, stop.cpu)}`, ...why, ...here];
}

/** The instruction that the selected vCPU executes next. */
export function standsAt(session: ShellSession): string[] {
  const { pc } = session;
  const lines = listing(session, pc, 1);
  return lines.length === 0 ? [` => ${session.named(pc)}  not readable`] : lines;
}

/** The number that a watched place is compared by: with the write that is about to happen in it. */
export function watchedValue(session: ShellSession, spec: BreakpointSpec, stop: Watched): number | undefined {
  if (spec.kind !== 'data') return undefined;
  const { endianness } = session.target;
  const bytes = session.read(spec, spec.length, stop.cpu);
  if (bytes.length < spec.length) return undefined;
  if (stop.value !== null) {
    const at = spec.space === 'physical' ? stop.physical : stop.address;
    for (let i = 0; i < stop.length; i++) {
      const place = at + i - spec.address;
      const shift = endianness === 'little' ? i : stop.length - 1 - i;
      // Not by shifts: an access may be of 8 bytes.
      if (place >= 0 && place < bytes.length) bytes[place] = Math.floor(stop.value / 256 ** shift) % 256;
    }
  }
  return numberIn(bytes, endianness);
}

/** `watchpoint 2 at jiffies: write of 4 bytes at 0x80401000` */
function watchText(session: ShellSession, { id, access, address, length }: Watched): string {
  const plural = length === 1 ? '' : 's';
  const symbol = session.symbolize(address);
  const at = symbol === null ? hex(address) : `${hex(address)} ${symbol}`;
  return `watchpoint ${id}: ${access} of ${length} byte${plural} at ${at}`;
}

/** What stands where a watched access goes. */
function accessed(session: ShellSession, { cpu, address, length }: Watched): string {
  const bytes = session.target.readVirtual(cpu, address, Math.min(length, MAX_VALUE_BYTES));
  if (bytes.length < Math.min(length, MAX_VALUE_BYTES)) return 'not readable';
  const ordered = session.target.endianness === 'big' ? bytes : bytes.slice().reverse();
  return `0x${Array.from(ordered, (byte) => digits(byte, 8)).join('')}${length > MAX_VALUE_BYTES ? '...' : ''}`;
}

function instructionText(session: ShellSession, { cpu, pc }: Watched): string {
  session.selected = cpu;
  const text = session.instructions(pc, 1)[0]?.text ?? 'not readable';
  return `  by ${session.named(session.addressOf(pc))}: ${printable(text)}`;
}

const named = (session: ShellSession, pc: number): string => {
  const address = session.addressOf(pc);
  return session.symbolize(address) ?? hex(address);
};

/** `0x80101230 do_timer if $a0 == 3 cpu 0 once`, `0x80401000 jiffies, 4 bytes, write` */
export function breakpointText(session: ShellSession, { id, spec }: Breakpoint): string {
  const condition = session.own.get(id)?.condition ?? (spec.condition ? 'if (a condition of another debugger)' : '');
  const watched = spec.kind === 'data' ? `, ${spec.length} byte${spec.length === 1 ? '' : 's'}, ${spec.access}` : '';
  const parts = [
    `${session.placeText(spec)}${watched}`,
    condition,
    spec.cpu === undefined ? '' : `cpu ${spec.cpu}`,
    spec.once ? 'once' : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}
