// The instructions of a range, one by one, as a vCPU executes them: for --trace-instructions. The guest is stepped there, and runs at full speed before and
// behind; nothing of it changes what the guest does. A branch and its delay slot are one step, and one line.
import type { DebuggedCpu, RegisterDescription } from '../../cpu/isa/debug-view.ts';
import type { DebugTarget, Stop } from '../../debug/target.ts';
import { TsvmError } from '../../util/errors.ts';
import type { InstructionRange } from './instruction-range.ts';
import type { TracedInstruction } from './trace-file.ts';

/** Addresses of a range by address: each has a breakpoint of its own. */
const MOST_PLACES = 512;
/** What changes with time alone. */
const CLOCKS = /^(pc|count|random|pmccntr|cnt[a-z]*(ct|tval))$/;

export interface InstructionSink {
  instruction(instruction: TracedInstruction): void;
}

const stepOf = (target: Pick<DebugTarget, 'view'>): number => (target.view.name === 'arm' ? 2 : 4);

/** @throws TsvmError usage for a range that cannot be traced */
export function requireTraceable(
  target: Pick<DebugTarget, 'view' | 'cpus'>,
  { kind, from, to, cpu }: InstructionRange,
): void {
  if (cpu !== null && cpu >= target.cpus)
    throw new TsvmError('usage', `--trace-instructions: there is no cpu${cpu}: the machine has ${target.cpus}`);
  const most = MOST_PLACES * stepOf(target);
  if (kind === 'addresses' && to - from > most)
    throw new TsvmError('usage', `--trace-instructions: ${to - from} bytes are too many: at most ${most}`, {
      next: 'trace by instruction counts: FROM..TO without 0x',
    });
}

/**
 * Trace them; the guest stands before the first instruction, or at least before the range. Resolves when the last one was executed or the guest has ended;
 * else the guest runs on. Null: all of it was traced; a text: why not.
 * @throws TsvmError usage for a range that cannot be traced
 */
export async function traceInstructions(
  target: DebugTarget,
  range: InstructionRange,
  sink: InstructionSink,
): Promise<string | null> {
  requireTraceable(target, range);
  const tracer = new Tracer(target, range, sink);
  return range.kind === 'instructions' ? tracer.byCount() : tracer.byAddress();
}

/** The registers of a vCPU before an instruction, and where it stands. */
interface Before {
  readonly cpu: number;
  readonly pc: number;
  readonly instructions: number;
  readonly now: number;
  readonly text: string;
  readonly values: readonly bigint[];
}

class Tracer {
  private readonly target: DebugTarget;
  private readonly range: InstructionRange;
  private readonly sink: InstructionSink;
  private readonly registers = new Map<number, readonly RegisterDescription[]>();

  constructor(target: DebugTarget, range: InstructionRange, sink: InstructionSink) {
    this.target = target;
    this.range = range;
    this.sink = sink;
  }

  /** Instruction by instruction from one count to another, whichever vCPU it is. */
  async byCount(): Promise<string | null> {
    const { target } = this;
    const { from, to, cpu } = this.range;
    const cpus = Array.from({ length: target.cpus }, (_, id) => id).filter((id) => cpu === null || id === cpu);
    let stop: Stop = target.stopped ?? (await target.pause());
    if (target.clock.instructions < from && stop.kind !== 'ended')
      stop = await target.resume({ kind: 'instructions', at: from });
    if (target.clock.instructions > from && stop.kind !== 'ended')
      return this.leave(stop, 'the range was over already');
    while (stop.kind !== 'ended' && target.clock.instructions < to) {
      const all = cpus.map((id) => this.look(id));
      stop = await target.resume({ kind: 'instructions', at: target.clock.instructions + 1 });
      // Which of several vCPUs it was, its pc says; a jump to itself among them is not seen.
      for (const before of all) if (target.cpus === 1 || this.pc(before.cpu) !== before.pc) this.tell(before);
      if (stop.kind !== 'instructions' && stop.kind !== 'ended') return 'the guest was stopped by a debugger';
    }
    return this.leave(stop, null);
  }

  /** Whatever is executed between two addresses, each time. */
  async byAddress(): Promise<string | null> {
    const { target } = this;
    const ours = this.addBreakpoints();
    let stop: Stop = target.stopped ?? (await target.pause());
    try {
      // Where it stands is no hit.
      let inside = this.inside(0) ? 0 : null;
      for (;;) {
        if (stop.kind === 'ended') return null;
        if (inside === null) {
          stop = await target.resume({ kind: 'continue' });
        } else {
          const before = this.look(inside);
          stop = await target.resume({ kind: 'step', cpu: inside });
          // A breakpoint of another vCPU comes before this one's step is done: then it stands here again later.
          if (stop.kind === 'step' || stop.kind === 'ended') this.tell(before);
        }
        if (stop.kind === 'step') inside = this.inside(stop.cpu) ? stop.cpu : null;
        else if (stop.kind === 'breakpoint' && ours.has(stop.id)) inside = stop.cpu;
        else if (stop.kind !== 'ended') return 'the guest was stopped by a debugger';
      }
    } finally {
      for (const id of ours) target.removeBreakpoint(id);
    }
  }

  private addBreakpoints(): Set<number> {
    const { target } = this;
    const { from, to, cpu } = this.range;
    const size = stepOf(target);
    const first = from - (from % size);
    const places = Math.ceil((to - first) / size);
    const only = cpu === null ? {} : { cpu };
    return new Set(
      Array.from({ length: places }, (_, n) => {
        const address = first + n * size;
        return target.addBreakpoint({ kind: 'execution', space: 'virtual', address, ...only }).id;
      }),
    );
  }

  private inside(cpu: number): boolean {
    const at = (this.pc(cpu) & ~1) >>> 0;
    return at >= this.range.from && at < this.range.to && (this.range.cpu ?? cpu) === cpu;
  }

  /** The end of the range: the guest goes on, unless a debugger holds it. */
  private leave(stop: Stop, why: string | null): string | null {
    if (stop.kind !== 'ended') void this.target.resume({ kind: 'continue' }).catch(() => {});
    return why;
  }

  private pc(cpu: number): number {
    return this.target.view.pc(this.target.cpu(cpu)) >>> 0;
  }

  private look(id: number): Before {
    const { target } = this;
    const { view } = target;
    const cpu = target.cpu(id);
    const pc = view.pc(cpu) >>> 0;
    const [listed] = target.disassemble(id, pc, 1, view.blockState(cpu));
    const { instructions, guestTimeNs } = target.clock;
    return {
      cpu: id,
      pc,
      instructions,
      now: guestTimeNs,
      text: listed?.text ?? '(not readable)',
      values: this.registersOf(cpu).map((register) => view.read(cpu, register)),
    };
  }

  private tell(before: Before): void {
    const { target, sink } = this;
    const cpu = target.cpu(before.cpu);
    const changed = this.registersOf(cpu).flatMap((register, n) => {
      const value = target.view.read(cpu, register);
      const digits = register.bits / 4;
      return value === before.values[n]
        ? []
        : [{ name: register.name, value: `0x${value.toString(16).padStart(digits, '0')}` }];
    });
    const address = (before.pc & ~1) >>> 0;
    const named = target.symbols.lookup(address);
    const offset = named && named.offset > 0 ? `+0x${named.offset.toString(16)}` : '';
    sink.instruction({
      place: { vcpu: before.cpu, instructions: before.instructions, now: before.now },
      pc: address,
      text: before.text,
      symbol: named ? `${named.name}${offset}` : null,
      changed,
    });
  }

  /** Every register that says something: not those that time changes. */
  private registersOf(cpu: DebuggedCpu): readonly RegisterDescription[] {
    let known = this.registers.get(cpu.id);
    if (!known) {
      known = this.target.view.registers(cpu).filter(({ name }) => !CLOCKS.test(name));
      this.registers.set(cpu.id, known);
    }
    return known;
  }
}
