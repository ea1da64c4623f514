// `trace`: what KVM would trace, filtered; the last events are kept and shown on demand.
import type { TraceEvent } from '../../../kvm/trace.ts';
import { hex } from '../../../util/bits.ts';
import { grouped, printable } from '../../../util/format.ts';
import type { Arguments, ShellCommand } from '../command.ts';
import { completePlace } from '../completion.ts';
import type { ShellSession } from '../session.ts';
import { DEFAULT_KEPT, MOST_KEPT, type TraceFilter } from '../trace-ring.ts';

/** Every kind of event, by name: a new one is missing here until it compiles. */
const EVENTS: Readonly<Record<TraceEvent['event'], true>> = {
  kvm_enter: true,
  kvm_reenter: true,
  kvm_out: true,
  kvm_exit: true,
  kvm_hwr: true,
  kvm_aux: true,
  kvm_asid_change: true,
  kvm_userspace_exit: true,
  kvm_mmio: true,
  kvm_set_irq: true,
  kvm_entry: true,
  kvm_irq_line: true,
  kvm_hvc: true,
  kvm_wfx: true,
};
const EVENT_NAMES = Object.keys(EVENTS) as readonly TraceEvent['event'][];
const DEFAULT_SHOWN = 20;

/** `kvm_exit mmio cpu 0 pc FROM..TO last N` */
function takeFilter(session: ShellSession, args: Arguments): { filter: TraceFilter; size: number } {
  const events: TraceEvent['event'][] = [];
  let cpu: number | null = null;
  let range: TraceFilter['range'] = null;
  let size = DEFAULT_KEPT;
  for (let word = args.take(); word !== undefined; word = args.take()) {
    const event = EVENT_NAMES.find((name) => name === word || name === `kvm_${word}`);
    if (event) events.push(event);
    else if (word === 'cpu') cpu = args.number(args.need('a cpu'), 'a cpu', 0, session.target.cpus - 1);
    else if (word === 'last') size = args.count('a number of events', DEFAULT_KEPT, MOST_KEPT);
    else if (word === 'pc') range = takeRange(session, args);
    else throw args.refuse(`${printable(word)} is no event: ${EVENT_NAMES.map((name) => name.slice(4)).join(' ')}`);
  }
  return { filter: { events, cpu, range }, size };
}

function takeRange(session: ShellSession, args: Arguments): { start: number; end: number } {
  const [from, to, more] = args.need('a range').split('..');
  if (!from || !to || more !== undefined) throw args.refuse('a range is FROM..TO, which ends before TO');
  return { start: session.evaluate(from).address, end: session.evaluate(to).address };
}

function status(session: ShellSession): string {
  const { on, seen, filter } = session.trace;
  const parts = [
    ...(filter.events.length === 0 ? ['all events'] : filter.events),
    ...(filter.cpu === null ? [] : [`cpu ${filter.cpu}`]),
    ...(filter.range === null ? [] : [`pc ${hex(filter.range.start)}..${hex(filter.range.end)}`]),
  ];
  return `trace is ${on ? `on: ${parts.join(' ')}` : 'off'}; ${grouped(seen)} events`;
}

export const traceCommand: ShellCommand = {
  name: 'trace',
  family: 'machine',
  usage: 'trace on [EVENT...] [cpu N] [pc FROM..TO] [last N] | off | show [N] | clear',
  summary: "trace KVM's events; show the last ones",
  help: [
    `Events: ${EVENT_NAMES.map((name) => name.slice(4)).join(' ')}, with or without kvm_ before them.`,
    `The last ${grouped(DEFAULT_KEPT)} that pass the filter are kept, or as many as \`last\` says. The guest is slower meanwhile, and does the same.`,
  ],
  examples: [
    'trace on',
    'trace on exit mmio cpu 0 last 5000',
    'trace on exit pc _stext.._etext',
    'trace show 50',
    'trace off',
  ],
  complete: (session, before, word) => {
    if (before.length === 0) return ['on', 'off', 'show', 'clear'];
    if (before.at(-1) === 'pc') return completePlace(session, word);
    return [...EVENT_NAMES, ...EVENT_NAMES.map((name) => name.slice(4)), 'cpu', 'pc', 'last'];
  },
  run(session, args) {
    const { trace } = session;
    const what = args.takeIf('on', 'off', 'show', 'clear');
    if (what === undefined) {
      args.done();
      return [status(session)];
    }
    if (what === 'on') {
      const { filter, size } = takeFilter(session, args);
      trace.start(filter, size);
      session.observe();
      return [status(session)];
    }
    if (what === 'show') {
      const most = args.count('a number of events', DEFAULT_SHOWN, MOST_KEPT);
      args.done();
      const lines = trace.lines(most).map(printable);
      return lines.length === 0 ? [status(session)] : lines;
    }
    args.done();
    if (what === 'clear') trace.clear();
    else {
      trace.on = false;
      session.observe();
    }
    return [status(session)];
  },
};
