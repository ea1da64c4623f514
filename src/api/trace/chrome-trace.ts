// KVM trace events in Chrome's Trace Event Format, which chrome://tracing and Perfetto load: the JSON array form, which may lack its end, so that the trace
// of a run that was killed loads too. One process, a thread for each vCPU; visits to KVM are complete events (`X`) of the guest time until the guest
// goes on, device accesses and interrupts are instants (`i`). Times are guest microseconds.

import type { TraceEvent, TracePlace } from '../../kvm/trace.ts';
import { eventText } from '../../kvm/trace-text.ts';
import { hex } from '../../util/bits.ts';
import { detailOf, reasonOf } from './exit-profile.ts';
import type { TracedInstruction, TraceForm } from './trace-file.ts';
import { type ExitVisit, VisitTracker } from './visits.ts';

const PID = 1;

const micros = (ns: number): number => ns / 1000;
/** Threads are numbered from 1: some readers take 0 for "unknown". */
const tid = (vcpu: number): number => vcpu + 1;

export class ChromeTrace implements TraceForm {
  private readonly write: (text: string) => void;
  private readonly visits = new VisitTracker((visit) => this.visit(visit));
  private readonly threads = new Set<number>();
  private empty = true;
  private last = 0;

  constructor(write: (text: string) => void) {
    this.write = write;
    this.entry({ name: 'process_name', ph: 'M', pid: PID, args: { name: 'tsvm' } });
  }

  trace(place: TracePlace, event: TraceEvent): void {
    this.last = place.now;
    this.name(place.vcpu);
    this.visits.trace(place, event);
    switch (event.event) {
      case 'kvm_mmio':
        this.instant(place, event, 'mmio', 't', { gpa: hex(event.gpa), value: hex(event.val), length: event.len });
        return;
      case 'kvm_set_irq':
        this.instant(place, event, 'irq', 'p', { gsi: event.gsi, level: event.level });
        return;
      case 'kvm_irq_line':
        this.instant(place, event, 'irq', 'p', { number: event.num, level: event.level });
        return;
      case 'kvm_userspace_exit':
        this.instant(place, event, 'kvm_run', 't', {});
        return;
      default: // part of a visit
    }
  }

  instruction({ place, pc, text, symbol, changed }: TracedInstruction): void {
    this.name(place.vcpu);
    const registers = Object.fromEntries(changed.map(({ name, value }) => [name, value]));
    const named = symbol === null ? {} : { symbol };
    const args = { pc: hex(pc), ...named, instructions: place.instructions, registers };
    const { vcpu, now } = place;
    this.entry({ name: text, cat: 'instruction', ph: 'i', s: 't', pid: PID, tid: tid(vcpu), ts: micros(now), args });
  }

  end(): void {
    for (const visit of this.visits.pending(this.last)) this.visit(visit);
    this.write('\n]\n');
  }

  private visit(visit: ExitVisit): void {
    const detail = detailOf(visit, { mmio: () => null });
    this.entry({
      name: detail === '' ? reasonOf(visit) : `${reasonOf(visit)} ${detail}`,
      cat: 'exit',
      ph: 'X',
      pid: PID,
      tid: tid(visit.vcpu),
      ts: micros(visit.beganAt),
      dur: micros(visit.endedAt - visit.beganAt),
      args: { pc: hex(visit.pc), instructions: visit.instructions },
    });
  }

  /** `scope`: where it is drawn: `t` in its thread, `p` across the process. */
  private instant(
    { vcpu, now, instructions }: TracePlace,
    event: TraceEvent,
    cat: string,
    scope: 't' | 'p',
    args: Readonly<Record<string, string | number>>,
  ): void {
    const name = `${event.event} ${eventText(event)}`;
    const place = { pid: PID, tid: tid(vcpu), ts: micros(now) };
    this.entry({ name, cat, ph: 'i', s: scope, ...place, args: { ...args, instructions } });
  }

  private name(vcpu: number): void {
    if (this.threads.has(vcpu)) return;
    this.threads.add(vcpu);
    const thread = { pid: PID, tid: tid(vcpu) };
    this.entry({ name: 'thread_name', ph: 'M', ...thread, args: { name: `vcpu${vcpu}` } });
    this.entry({ name: 'thread_sort_index', ph: 'M', ...thread, args: { sort_index: vcpu } });
  }

  private entry(entry: Readonly<Record<string, unknown>>): void {
    this.write(`${this.empty ? '[' : ','}\n${JSON.stringify(entry)}`);
    this.empty = false;
  }
}
