// Trace events for tests, in the order in which KVM says them; a place is instruction count and vCPU, ten guest nanoseconds an instruction.
import { KVM_TRACE_EXIT_SIGNAL, KVM_TRACE_EXIT_WAIT, type TraceEvent, type TraceSink } from '../../../src/kvm/trace.ts';

const NS = 10;

export class Events {
  private readonly sink: TraceSink;
  vcpu = 0;
  instructions = 0;
  /** Guest time that was skipped. */
  idle = 0;

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  get now(): number {
    return this.instructions * NS + this.idle;
  }

  say(...events: TraceEvent[]): this {
    const { vcpu, instructions, now } = this;
    for (const event of events) this.sink.trace({ vcpu, instructions, now }, event);
    return this;
  }

  run(instructions: number): this {
    this.instructions += instructions;
    return this;
  }

  skip(ns: number): this {
    this.idle += ns;
    return this;
  }

  enter(pc = 0): this {
    return this.say({ event: 'kvm_enter', pc });
  }

  /** KVM_RUN comes back at its deadline. */
  deadline(pc = 0): this {
    return this.say({ event: 'kvm_exit', pc, reason: KVM_TRACE_EXIT_SIGNAL }, ...OUT(pc, 10, -4));
  }

  /** An exit that KVM handles within one instruction. */
  visit(pc: number, reason: number, ...done: TraceEvent[]): this {
    return this.say({ event: 'kvm_exit', pc, reason }, ...done)
      .run(1)
      .say({ event: 'kvm_reenter', pc: pc + 4 });
  }

  /** A store to a device that user space serves. */
  store(pc: number, gpa: number): this {
    const mmio: TraceEvent = { event: 'kvm_mmio', type: 2, len: 4, gpa, val: 1 };
    return this.say({ event: 'kvm_exit', pc, reason: 5 }, mmio)
      .run(1)
      .say(...OUT(pc + 4, 6, 0))
      .enter(pc + 4);
  }

  /** A load, likewise: the instruction leaves, and runs again with its answer. */
  load(pc: number, gpa: number): this {
    const read = (type: number, val: number): TraceEvent => ({ event: 'kvm_mmio', type, len: 4, gpa, val });
    return this.say({ event: 'kvm_exit', pc, reason: 4 }, read(0, 0), ...OUT(pc, 6, 0))
      .say(read(1, 7))
      .run(1)
      .enter(pc + 4);
  }

  /** WAIT that waits until somebody enters the guest again. */
  wait(pc: number): this {
    return this.say({ event: 'kvm_exit', pc, reason: 11 })
      .run(1)
      .say({ event: 'kvm_exit', pc: pc + 4, reason: KVM_TRACE_EXIT_WAIT }, ...OUT(pc + 4, 10, -4));
  }
}

export const OUT = (pc: number, reason: number, errno: number): TraceEvent[] => [
  { event: 'kvm_out', pc },
  { event: 'kvm_userspace_exit', reason, errno },
];
