// A guest's visits to KVM, put together from trace events: from kvm_exit to the instant at which the guest goes on. What came between says what the visit
// was for: the register of kvm_hwr, the address of kvm_mmio, WAIT. KVM_RUN coming back at the host's deadlines is no visit; nor does it cut one.
import {
  KVM_TRACE_EXIT_ARM_IRQ,
  KVM_TRACE_EXIT_CACHE,
  KVM_TRACE_EXIT_GEXCCODE_BASE,
  KVM_TRACE_EXIT_SIGNAL,
  KVM_TRACE_EXIT_WAIT,
  KVM_TRACE_MMIO_WRITE,
  type TraceEvent,
  type TracePlace,
  type TraceSink,
} from '../../kvm/trace.ts';

/** VZ: GuestCtl0.GExcCode says more. */
const GUEST_EXIT = 27;

/** What a visit was for, beyond its reason. */
export type VisitFor =
  | { readonly what: 'hwr'; readonly op: string; readonly reg: number }
  | { readonly what: 'mmio'; readonly gpa: number; readonly isWrite: boolean; readonly length: number }
  | { readonly what: 'wait'; readonly isWfe: boolean | null }
  | { readonly what: 'cache' };

export interface ExitVisit {
  readonly vcpu: number;
  readonly pc: number;
  /** kvm_exit's; of VZ the one that says more. */
  readonly reason: number;
  readonly purpose: VisitFor | null;
  /** Instruction count at which it began. */
  readonly instructions: number;
  /** Guest nanoseconds. */
  readonly beganAt: number;
  readonly endedAt: number;
}

type Open = { -readonly [Key in Exclude<keyof ExitVisit, 'endedAt'>]: ExitVisit[Key] };

interface State {
  open: Open | null;
  /** The guest was entered while it waits; whether it goes on, the next event says. */
  entered: { readonly now: number; readonly instructions: number } | null;
}

export class VisitTracker implements TraceSink {
  private readonly onVisit: (visit: ExitVisit) => void;
  private readonly states = new Map<number, State>();

  constructor(onVisit: (visit: ExitVisit) => void) {
    this.onVisit = onVisit;
  }

  trace(place: TracePlace, event: TraceEvent): void {
    const state = this.stateOf(place.vcpu);
    this.settle(state, place, event);
    switch (event.event) {
      case 'kvm_exit':
        this.exit(state, place, event.pc, event.reason);
        return;
      case 'kvm_hwr':
        if (state.open) state.open.purpose = { what: 'hwr', op: event.op, reg: event.reg };
        return;
      case 'kvm_mmio':
        // An instruction with several accesses is named after its first one.
        if (state.open && state.open.purpose?.what !== 'mmio')
          state.open.purpose = {
            what: 'mmio',
            gpa: event.gpa,
            isWrite: event.type === KVM_TRACE_MMIO_WRITE,
            length: event.len,
          };
        return;
      case 'kvm_wfx':
        if (state.open) state.open.purpose = { what: 'wait', isWfe: event.isWfe };
        return;
      case 'kvm_reenter':
        this.close(state, place.now);
        return;
      case 'kvm_enter':
      case 'kvm_entry':
        if (state.open?.purpose?.what === 'wait') state.entered = place;
        else this.close(state, place.now);
        return;
      default: // says nothing of visits
    }
  }

  /** The visits that have not ended, as if they did at guest instant `now`. */
  pending(now: number): ExitVisit[] {
    const visits = [...this.states.values()].map(({ open, entered }) => open && ended(open, entered?.now ?? now));
    return visits.filter((visit) => visit !== null);
  }

  private stateOf(vcpu: number): State {
    let state = this.states.get(vcpu);
    if (!state) {
      state = { open: null, entered: null };
      this.states.set(vcpu, state);
    }
    return state;
  }

  /** Did the guest go on when it was entered, or did KVM_RUN find it still waiting and come back at once? */
  private settle(state: State, place: TracePlace, event: TraceEvent): void {
    const { entered } = state;
    if (!entered) return;
    state.entered = null;
    const cameBack = event.event === 'kvm_out' || event.event === 'kvm_userspace_exit' || isDeadline(event);
    if (cameBack && place.instructions === entered.instructions) return;
    this.close(state, entered.now);
  }

  private exit(state: State, place: TracePlace, pc: number, reason: number): void {
    const { open } = state;
    if (reason === KVM_TRACE_EXIT_SIGNAL || reason === KVM_TRACE_EXIT_ARM_IRQ) {
      // The guest would go on, if the host let it.
      if (open?.purpose?.what !== 'wait' && !isUnanswered(open)) this.close(state, place.now);
      return;
    }
    if (open && reason === KVM_TRACE_EXIT_WAIT) {
      open.purpose = { what: 'wait', isWfe: null };
      return;
    }
    if (open && reason === KVM_TRACE_EXIT_CACHE) {
      open.purpose = { what: 'cache' };
      return;
    }
    if (open?.reason === GUEST_EXIT && reason >= KVM_TRACE_EXIT_GEXCCODE_BASE) {
      open.reason = reason;
      return;
    }
    this.close(state, place.now);
    const { vcpu, instructions, now } = place;
    state.open = { vcpu, pc, reason, purpose: null, instructions, beganAt: now };
  }

  private close(state: State, now: number): void {
    const { open } = state;
    state.open = null;
    state.entered = null;
    if (open) this.onVisit(ended(open, now));
  }
}

const ended = (open: Open, now: number): ExitVisit => ({ ...open, endedAt: Math.max(now, open.beganAt) });

const isDeadline = (event: TraceEvent): boolean =>
  event.event === 'kvm_exit' && (event.reason === KVM_TRACE_EXIT_SIGNAL || event.reason === KVM_TRACE_EXIT_ARM_IRQ);

/** A read that user space has not answered yet: the instruction runs again. */
const isUnanswered = (open: Open | null): boolean => open?.purpose?.what === 'mmio' && !open.purpose.isWrite;
