// What debuggers want of a run: breakpoints, watchpoints, steps. Asked by the runner between two KVM_RUNs. Nothing of it reaches the guest or its
// schedule: a run with stops is instruction by instruction the run without.
import type { Breakpoint, BreakpointSpec, DebugEvent, Resume, Stop } from '../kvm/debug.ts';
import { TsvmError } from '../util/errors.ts';
import type { DataHit, Machine, PlaceHit } from './machine.ts';

/** Most breakpoints and watchpoints. */
const MOST = 1024;
/** Longest watched range in bytes. */
const LONGEST = 1 << 20;

interface Entry {
  readonly id: number;
  readonly spec: BreakpointSpec;
  hits: number;
}

/** Where a vCPU stands: the address, and how many instructions all vCPUs had retired then. */
interface Place {
  readonly cpu: number;
  readonly instructions: number;
  readonly pc: number;
}
const NOWHERE: Place = { cpu: -1, instructions: -1, pc: -1 };

interface Asked {
  readonly place: Place;
  readonly accesses: number;
  readonly newTo: number;
  readonly stopped: Set<number>;
}

type Hit = { readonly kind: 'execution'; readonly at: PlaceHit } | { readonly kind: 'data'; readonly at: DataHit };
type DebuggedMachine = Pick<Machine, 'clock' | 'debug' | 'kernelAbi' | 'vcpus'>;

export class Debugger {
  private readonly machine: DebuggedMachine;
  private entries: Entry[] = [];
  private nextId = 1;
  private plan: Resume = { kind: 'continue' };
  private stepsLeft = 0;
  /** What a vCPU has come to and was not decided on yet. */
  private pending: Hit | null = null;
  /** The instruction where the guest has stood: that it is executed is no hit. */
  private passed: Place = NOWHERE;
  /**
   * The instruction that was decided on for accesses of its: of the first `accesses` of those that touch what is watched only entries from id `newTo` on are asked
   * when it runs again, and of the others all but those that have stopped it. (It makes the same accesses each time.)
   */
  private asked: Asked = { place: NOWHERE, accesses: 0, newTo: 0, stopped: new Set() };
  private standing: Stop | null = null;
  private lastCpu = 0;
  private waiting: ((stop: Stop) => void)[] = [];
  private readonly listeners = new Set<(event: DebugEvent) => void>();

  constructor(machine: DebuggedMachine) {
    this.machine = machine;
  }

  /** How the guest stands; null while it runs. */
  get stopped(): Stop | null {
    return this.standing;
  }

  /** The vCPU that has stopped it. */
  get stoppedCpu(): number {
    return this.lastCpu;
  }

  // Breakpoints

  get breakpoints(): readonly Breakpoint[] {
    return this.entries;
  }

  /** @throws TsvmError usage */
  add(spec: BreakpointSpec): Breakpoint {
    if (this.entries.length === MOST) throw new TsvmError('usage', `there are ${MOST} breakpoints already`);
    if (!Number.isSafeInteger(spec.address) || spec.address < 0)
      throw new TsvmError('usage', `${spec.address}: not an address`);
    if (spec.kind === 'data' && !(spec.length >= 1 && spec.length <= LONGEST))
      throw new TsvmError('usage', `${spec.length}: a watchpoint has 1 to ${LONGEST} bytes`);
    const entry = { id: this.nextId++, spec, hits: 0 };
    this.entries.push(entry);
    try {
      this.watch(spec.kind);
    } catch (error) {
      this.remove(entry.id);
      throw error;
    }
    return entry;
  }

  remove(id: number): boolean {
    const entry = this.entries.find((candidate) => candidate.id === id);
    if (!entry) return false;
    this.entries = this.entries.filter((candidate) => candidate !== entry);
    if (entry.spec.kind === 'data') this.asked = { ...this.asked, accesses: 0 }; // those that are left have other numbers
    this.watch(entry.spec.kind);
    return true;
  }

  private watch(kind: BreakpointSpec['kind']): void {
    const { debug } = this.machine;
    const of = this.entries.flatMap(({ spec }) => (spec.kind === kind ? [spec] : []));
    if (kind === 'execution') {
      const places = { physical: [] as number[], virtual: [] as number[] };
      for (const { space, address } of of) places[space].push(address);
      debug.watchPlaces(places, (at) => this.comes({ kind: 'execution', at }));
      return;
    }
    const data = of.flatMap((spec) =>
      spec.kind === 'data'
        ? [
            {
              address: spec.address,
              length: spec.length,
              virtual: spec.space === 'virtual',
              reads: spec.access !== 'write',
              writes: spec.access !== 'read',
            },
          ]
        : [],
    );
    if (!debug.watchData(data, (at) => this.comes({ kind: 'data', at })))
      throw new TsvmError('usage', 'data cannot be watched while two engines are compared', {
        next: 'run it without --engine lockstep',
      });
  }

  /** A vCPU is about to do what is watched: is it to stand before that? Decided on by `due`, when the vCPU has come back. */
  private comes(hit: Hit): boolean {
    if (hit.kind === 'execution' && this.isHere(this.passed, hit.at.cpu)) return false;
    if (hit.kind === 'data' && !this.entries.some((entry) => this.concerns(entry, hit))) return false;
    this.pending ??= hit;
    return true;
  }

  // The runner's

  /** Has the run of `cpu` begun at that place? (An interrupt leads elsewhere at the same count.) */
  private isHere({ instructions, pc, ...place }: Place, cpu: number): boolean {
    const { clock, debug } = this.machine;
    return cpu === place.cpu && clock.instructions === instructions && debug.pc(cpu) === pc;
  }

  /** Is it there, and has it not been asked of this access yet? */
  private concerns({ id, spec }: Entry, hit: Hit): boolean {
    if (!isAt(spec, hit)) return false;
    const { place, accesses, newTo, stopped } = this.asked;
    if (hit.kind === 'execution' || !this.isHere(place, hit.at.cpu)) return true;
    return hit.at.ordinal <= accesses ? id >= newTo : !stopped.has(id);
  }

  private here(cpu: number): Place {
    const { clock, debug } = this.machine;
    return { cpu, instructions: clock.instructions, pc: debug.pc(cpu) };
  }

  private plans(cpu: number): boolean {
    const { plan } = this;
    return (plan.kind === 'step' || plan.kind === 'range') && plan.cpu === cpu;
  }

  /** Is `cpu` to come back after one step? */
  steps(cpu: number): boolean {
    return this.isHere(this.passed, cpu) || this.isHere(this.asked.place, cpu) || this.plans(cpu);
  }

  /** `cpu` has come back from KVM_RUN, before which `before` instructions were retired. */
  ran(cpu: number, before: number): void {
    if (this.plans(cpu) && this.machine.clock.instructions > before) this.stepsLeft--;
  }

  /** Guest instant to run to at most. */
  get deadline(): number {
    if (this.pending) return Number.NEGATIVE_INFINITY;
    if (this.plan.kind !== 'instructions') return Number.POSITIVE_INFINITY;
    const { instructions, now, nsPerInstruction } = this.machine.clock;
    return now + (this.plan.at - instructions) * nsPerInstruction;
  }

  /** Why the guest is to stand here; null: it goes on. */
  due(): Stop | null {
    const hit = this.pending;
    this.pending = null;
    const stop = hit ? this.decide(hit) : null;
    if (stop) return stop;
    const { plan } = this;
    if (plan.kind === 'instructions')
      return this.machine.clock.instructions >= plan.at ? { kind: 'instructions' } : null;
    if (plan.kind === 'continue' || this.stepsLeft > 0) return null;
    if (plan.kind === 'range') {
      const { pc } = this.machine.kernelAbi.registers(this.machine.vcpus[plan.cpu]!);
      if (pc >= plan.start && pc < plan.end) {
        this.stepsLeft = 1;
        return null;
      }
    }
    return { kind: 'step', cpu: plan.cpu };
  }

  private decide(hit: Hit): Stop | null {
    const { cpu } = hit.at;
    const concerned = this.entries.filter((entry) => this.concerns(entry, hit));
    this.passed = this.here(cpu);
    if (hit.kind === 'data') this.decides(hit.at);
    for (const entry of concerned) {
      if ((entry.spec.cpu ?? cpu) !== cpu) continue;
      const stop = stopOf(entry.id, hit, this.passed.pc);
      // A condition may look at the guest, which stands.
      this.standing = stop;
      const isWanted = holds(entry.spec, stop);
      this.standing = null;
      if (!isWanted) continue;
      entry.hits++;
      this.asked.stopped.add(entry.id);
      if (entry.spec.once) this.remove(entry.id);
      return stop;
    }
    return null;
  }

  /** All that concerns the access which `cpu` is about to make is asked now. */
  private decides({ cpu, ordinal }: DataHit): void {
    const again = this.isHere(this.asked.place, cpu);
    this.asked = {
      place: this.passed,
      accesses: Math.max(ordinal, again ? this.asked.accesses : 0),
      newTo: this.nextId,
      stopped: again ? this.asked.stopped : new Set(),
    };
  }

  // Standing and going on

  /** The guest stands now. */
  stands(stop: Stop): void {
    this.standing = stop;
    this.plan = { kind: 'continue' };
    if ('cpu' in stop) this.lastCpu = stop.cpu;
    for (const resolve of this.waiting.splice(0)) resolve(stop);
    this.tell({ event: 'stopped', stop });
  }

  /** It is to go on. @throws TsvmError usage when it cannot */
  goesOn(how: Resume): void {
    const { clock, vcpus } = this.machine;
    if ('cpu' in how && !vcpus[how.cpu]) throw new TsvmError('usage', `there is no cpu${how.cpu}`);
    if (how.kind === 'instructions' && !(how.at > clock.instructions))
      throw new TsvmError('usage', `the guest has retired ${clock.instructions} instructions: it cannot go back`, {
        next: 'start it again (`tsvm replay` for a recorded run) and stop it earlier',
      });
    if (how.kind === 'instructions') requireCount(how.at);
    if (how.kind === 'step') requireCount(how.count ?? 1);
    this.plan = how;
    this.stepsLeft = how.kind === 'step' ? Math.max(1, how.count ?? 1) : 1;
    this.passed = this.here(this.lastCpu);
    this.standing = null;
    this.tell({ event: 'resumed' });
  }

  /** The next stop. */
  next(): Promise<Stop> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  subscribe(listener: (event: DebugEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(event: DebugEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** @throws TsvmError usage */
function requireCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1)
    throw new TsvmError('usage', `${count}: not a number of instructions`, { next: 'give a whole number from 1 on' });
}

function isAt(spec: BreakpointSpec, hit: Hit): boolean {
  if (hit.kind === 'execution')
    return spec.kind === 'execution' && spec.address === (spec.space === 'virtual' ? hit.at.pc : hit.at.physical);
  const { address, physical, length, isWrite } = hit.at;
  if (spec.kind !== 'data' || spec.access === (isWrite ? 'read' : 'write')) return false;
  const at = spec.space === 'virtual' ? address : physical;
  return at < spec.address + spec.length && spec.address < at + length;
}

function stopOf(id: number, hit: Hit, pc: number): Stop {
  const { cpu } = hit.at;
  if (hit.kind === 'execution') return { kind: 'breakpoint', id, cpu, pc };
  const { address, physical, length, value, isWrite } = hit.at;
  return { kind: 'watchpoint', id, cpu, pc, access: isWrite ? 'write' : 'read', address, physical, length, value };
}

/** A condition that cannot be told stops the guest, so that whoever gave it sees it. */
function holds(spec: BreakpointSpec, stop: Stop): boolean {
  try {
    return spec.condition?.(stop) ?? true;
  } catch {
    return true;
  }
}
