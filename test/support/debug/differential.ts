// Random programs (test/support/reference, test/support/arm-programs) run plainly, and under a debugger that stops, steps, watches and looks at
// random (src/vmm/debugger.ts over src/cpu/exec/host-watch.ts and debug-port.ts): after every leg all registers, RAM, MMIO accesses, time and counts
// must be equal, and breakpoints must have stopped the guest each time it came to them and at no other time.
import type { Core } from '../../../src/cpu/exec/core.ts';
import type { EmulatedVm } from '../../../src/cpu/exec/kvm.ts';
import type { Vcpu } from '../../../src/kvm/contract.ts';
import type { BreakpointSpec, Resume, Stop } from '../../../src/kvm/debug.ts';
import { Debugger } from '../../../src/vmm/debugger.ts';
import type { DataHit, PlaceHit } from '../../../src/vmm/machine.ts';
import { ArmMachine, VCPUS } from '../arm-programs/machine.ts';
import { CODE, CODE_END, DATA, RAM_BYTES, STACKS } from '../arm-programs/places.ts';
import { type MachineKind, makeArmProgram } from '../arm-programs/program.ts';
import { Random } from '../oracle/random.ts';
import { makeFlowProgram } from '../reference/flow/program.ts';
import { MACHINES, type MachineName } from '../reference/machines.ts';
import { RAM_BYTES as MIPS_RAM_BYTES } from '../reference/programs.ts';
import { TestedMachine, type Visible } from '../reference/tested.ts';
import { differencesOf, logDifferences, memoryDifferences } from '../reference/visible.ts';

const NS = 10;
const LONG = 100_000;
/** Enters without any progress after which a guest counts as stuck. */
const MOST_STILL = 400;
const MOST_EXITS = 100;
const TUNING = { hot: 1, sampledRun: LONG, left: 1, batch: 1, patience: 1 };
const FIRST_LOOKS = [1, 2, 3, 5, 8, 13, 20, 30, 50, 100];

type Engine = 'interpreter' | 'regions';

/** Where a guest stood: which vCPU, at how many instructions, before which. */
type Place = readonly [cpu: number, instructions: number, pc: number, of: 'execution' | 'data', breakpoint: number];

/** A machine of either architecture, as this test drives it. */
interface Subject {
  readonly vm: EmulatedVm;
  readonly core: Core;
  readonly log: readonly string[];
  readonly arena: Buffer;
  load(seed: number): void;
  /** Put something between the driver and the vCPUs. */
  wrap(around: (vcpu: Vcpu) => Vcpu): void;
  /** Something comes from outside: an interrupt line, or DMA. */
  tell(outside: Outside): void;
  run(instant: number, cpu: number): string;
  look(cpu: number): Visible;
  /** A virtual address of the program's: of code, or of data. */
  place(random: Random, of: 'code' | 'data'): number;
  readonly ramBytes: number;
}

type Outside =
  | { readonly kind: 'interrupt'; readonly vcpu: number; readonly irq: number }
  | { readonly kind: 'write'; readonly physical: number; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

class ArmSubject implements Subject {
  readonly ramBytes = RAM_BYTES;
  private readonly machine: ArmMachine;

  constructor(kind: MachineKind, engine: Engine) {
    this.machine = new ArmMachine(kind, { engine, ...(engine === 'regions' && { regions: TUNING }) });
  }

  get vm(): EmulatedVm {
    return this.machine.vm;
  }
  get core(): Core {
    return this.machine.core;
  }
  get log(): readonly string[] {
    return this.machine.log;
  }
  get arena(): Buffer {
    return this.machine.arena;
  }
  load(seed: number): void {
    this.machine.load(makeArmProgram(seed));
  }
  wrap(around: (vcpu: Vcpu) => Vcpu): void {
    const vcpus = this.machine.vcpus as Vcpu[];
    for (const [id, vcpu] of vcpus.entries()) vcpus[id] = around(vcpu);
  }
  tell(outside: Outside): void {
    this.machine.tell(outside);
  }
  run(instant: number, cpu: number): string {
    return this.machine.runTo(instant, cpu);
  }
  look(cpu: number): Visible {
    return this.machine.look(cpu);
  }
  place(random: Random, of: 'code' | 'data'): number {
    if (of === 'code') return CODE + 2 * random.below(random.chance(70) ? 0x400 : (CODE_END - CODE) / 2);
    const base = random.pick([DATA, DATA, STACKS, STACKS, CODE, 0xc00]);
    return base + random.below(0x1800);
  }
}

class MipsSubject implements Subject {
  readonly ramBytes = MIPS_RAM_BYTES;
  private readonly machine: TestedMachine;
  private readonly endianness: 'little' | 'big';
  private readonly name: MachineName;
  private vcpus: Vcpu[];

  constructor(endianness: 'little' | 'big', name: MachineName, engine: Engine) {
    this.endianness = endianness;
    this.name = name;
    const how = engine === 'regions' ? { regions: TUNING } : { engine };
    this.machine = new TestedMachine(endianness, { machine: name, vcpus: VCPUS, ...how });
    this.vcpus = [...this.machine.vcpus];
  }

  get vm(): EmulatedVm {
    return this.machine.vm;
  }
  get core(): Core {
    return this.machine.core;
  }
  get log(): readonly string[] {
    return this.machine.mmio.log;
  }
  get arena(): Buffer {
    return this.machine.arena;
  }
  load(seed: number): void {
    this.machine.load(makeFlowProgram(seed, this.endianness, this.name));
  }
  wrap(around: (vcpu: Vcpu) => Vcpu): void {
    this.vcpus = this.vcpus.map(around);
  }
  tell(outside: Outside): void {
    if (outside.kind === 'interrupt') {
      const irq = Math.abs(outside.irq) + 1; // 2 and 3
      this.machine.tell({ kind: 'interrupt', irq: outside.irq < 0 ? -irq : irq });
    } else this.machine.tell(outside);
  }
  run(instant: number, cpu: number): string {
    const { vm } = this.machine;
    for (let rounds = 0; rounds < 200; rounds++) {
      const vcpu = this.vcpus[cpu]!;
      const ended = this.machine.enter(instant, vcpu);
      if ((ended !== 'wait' && ended !== 'spin') || vm.clock.now >= instant) return ended;
      vm.clock.skipTo(Math.min(vcpu.wakeAt, instant));
      if (vm.clock.now >= instant) return 'deadline';
    }
    return 'rounds';
  }
  look(cpu: number): Visible {
    const seen = this.machine.look(cpu);
    return { ...seen, words: seen.words.slice(0, this.core.program.stateEnd >>> 2) };
  }
  place(random: Random, of: 'code' | 'data'): number {
    const { kseg0 } = MACHINES[this.name];
    if (of === 'code') return kseg0 + 0x1000 + 4 * random.below(0x180);
    return random.pick([kseg0, kseg0, 0]) + random.below(random.chance(50) ? 0x4000 : MIPS_RAM_BYTES);
  }
}

/** Runs a machine's vCPUs as src/vmm/runner.ts does, with a debugger. */
abstract class Driver {
  readonly subject: Subject;
  readonly stops: Place[] = [];
  private program = 0;
  private still = 0;
  private lastCount = -1;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /** `now`: guest instant; the latest to run to, at most `deadline`. */
  protected abstract chunkEnd(cpu: number): number;
  /** It has come back; `before` instructions were retired when it began. */
  protected abstract cameBack(cpu: number, before: number, pcBefore: number): void;

  attach(): void {
    this.subject.wrap((vcpu) => this.wrapped(vcpu));
  }

  /** From power-on. */
  begin(): void {
    this.program++;
    this.stops.length = 0;
    this.still = 0;
    this.lastCount = -1;
  }

  protected get clock(): EmulatedVm['clock'] {
    return this.subject.vm.clock;
  }

  private wrapped(real: Vcpu): Vcpu {
    let program = -1;
    let isMid = false;
    let end = 0;
    let before = 0;
    let pcBefore = 0;
    const enter = (deadline: number): number => {
      const { core } = this.subject;
      if (!isMid || program !== this.program) {
        program = this.program;
        real.enter(Number.NEGATIVE_INFINITY); // takes the interrupts of this instant
        core.activate(real.id);
        pcBefore = core.pc;
        before = this.clock.instructions;
        end = this.chunkEnd(real.id);
      }
      const result = real.enter(Math.min(deadline, this.limitOf(end)));
      isMid = result === 0;
      if (!isMid) {
        this.notStuck();
        this.cameBack(real.id, before, pcBefore);
      }
      return result;
    };
    return Object.create(real, { enter: { value: enter } }) as Vcpu;
  }

  protected limitOf(end: number): number {
    return end;
  }

  private notStuck(): void {
    const { now } = this.clock;
    this.still = now === this.lastCount ? this.still + 1 : 0;
    this.lastCount = now;
    if (this.still > MOST_STILL) throw new Error(`the guest does not get on at instant ${now}`);
  }
}

/** Conditions that tell the words of one instruction apart, and the bytes. */
const isOdd = (stop: Stop): boolean => stop.kind === 'watchpoint' && (stop.address & 4) !== 0;
const isWhole = (stop: Stop): boolean => stop.kind === 'watchpoint' && stop.length === 4;

/** An access that the guest made, and by which instruction. */
interface Access {
  readonly cpu: number;
  readonly instructions: number;
  readonly address: number;
  readonly length: number;
  readonly isWrite: boolean;
}

/** One instruction at a time: where does the guest come, and what does it access? */
class Walker extends Driver {
  readonly accesses: Access[] = [];
  private isFetched = false;

  override begin(): void {
    super.begin();
    this.accesses.length = 0;
  }

  /** Write down accesses to RAM from now on, or no longer. */
  note(on: boolean): void {
    const { vm, ramBytes } = this.subject;
    const ram = { address: 0, length: ramBytes, virtual: false, reads: true, writes: true };
    vm.watch.watchData(on ? [ram] : [], ({ cpu, address, length, isWrite }) => {
      this.accesses.push({ cpu, instructions: this.clock.instructions, address, length, isWrite });
      return false;
    });
  }

  protected chunkEnd(cpu: number): number {
    const port = this.subject.vm.debugPort(cpu);
    // A fetch that faults is no instruction.
    this.isFetched = port.translate(port.pc & ~1, 'fetch').outcome === 'physical';
    return this.clock.now + NS;
  }

  protected cameBack(cpu: number, before: number, pcBefore: number): void {
    if (this.isFetched && this.clock.instructions > before) this.stops.push([cpu, before, pcBefore, 'execution', 0]);
  }
}

/** A debugger that does what comes to its mind; or, `isExact`, that has some breakpoints and nothing else. */
class Meddler extends Driver {
  private debugger: Debugger;
  private random = new Random(0, 0);
  private isExact = false;
  private accessed: readonly Access[] = [];
  /** How often it stood. */
  stands = 0;

  constructor(subject: Subject) {
    super(subject);
    this.debugger = this.newDebugger();
  }

  private newDebugger(): Debugger {
    const { vm, core } = this.subject;
    const pcOf = (id: number): number => vm.debugPort(id).pc;
    const machine = {
      clock: vm.clock,
      vcpus: [{ id: 0 }, { id: 1 }],
      kernelAbi: { registers: ({ id }: { id: number }) => ({ pc: pcOf(id) & ~1 }) },
      debug: {
        vcpu: (id: number) => vm.debugPort(id),
        pc: pcOf,
        watchPlaces: (
          { physical, virtual }: { physical: readonly number[]; virtual: readonly number[] },
          hit: (at: PlaceHit) => boolean,
        ) => {
          const places = [new Set(physical), new Set(virtual)] as const;
          const told = (cpu: number, pc: number, at: number): boolean =>
            (places[0].has(at) || places[1].has(pc)) && hit({ cpu, pc, physical: at });
          vm.watch.execution(physical, told, virtual);
        },
        watchData: (data: Parameters<EmulatedVm['watch']['watchData']>[0], hit: (at: DataHit) => boolean) =>
          vm.watch.watchData(data, hit),
      },
    };
    void core;
    return new Debugger(machine as unknown as ConstructorParameters<typeof Debugger>[0]);
  }

  override begin(): void {
    super.begin();
    for (const { id } of [...this.debugger.breakpoints]) this.debugger.remove(id);
    this.debugger = this.newDebugger();
  }

  /** `accessed`: what the program will access. */
  start(seed: number, breakpoints: readonly BreakpointSpec[] | null, accessed: readonly Access[]): void {
    this.begin();
    this.accessed = accessed;
    this.random = new Random(seed, 31);
    this.isExact = breakpoints !== null;
    this.stands = 0;
    for (const spec of breakpoints ?? []) this.debugger.add(spec);
    if (!this.isExact) this.stand({ kind: 'paused' });
  }

  /** Between two legs: somebody pauses it. */
  interlude(): void {
    if (!this.isExact && this.random.chance(30)) this.stand({ kind: 'paused' });
  }

  protected chunkEnd(cpu: number): number {
    return this.debugger.steps(cpu) ? this.clock.now + NS : Number.POSITIVE_INFINITY;
  }

  protected override limitOf(end: number): number {
    return Math.min(end, this.debugger.deadline);
  }

  protected cameBack(cpu: number, before: number): void {
    this.debugger.ran(cpu, before);
    const stop = this.debugger.due();
    if (stop) this.stand(stop);
  }

  private stand(stop: Stop): void {
    this.stands++;
    const { debugger: debug, random } = this;
    if ('pc' in stop)
      this.stops.push([
        stop.cpu,
        this.clock.instructions,
        stop.pc,
        stop.kind === 'breakpoint' ? 'execution' : 'data',
        stop.id,
      ]);
    debug.stands(stop);
    if (this.isExact) {
      debug.goesOn({ kind: 'continue' });
      return;
    }
    for (let looks = random.below(3); looks > 0; looks--) this.lookAt(random.below(VCPUS));
    for (let changes = random.below(3); changes > 0; changes--) this.changeBreakpoints();
    if (random.chance(3)) this.subject.vm.observe({ stats: random.chance(50), trace: null });
    for (let looks = random.below(2); looks > 0; looks--) this.lookAt(random.below(VCPUS));
    debug.goesOn(this.plan());
  }

  private plan(): Resume {
    const { random } = this;
    const { instructions } = this.clock;
    const cpu = random.below(VCPUS);
    const dice = random.below(10);
    if (dice < 4) return { kind: 'continue' };
    if (dice < 7) return { kind: 'step', cpu, count: 1 + random.below(5) };
    if (dice < 8) return { kind: 'instructions', at: instructions + 1 + random.below(60) };
    const pc = this.subject.vm.debugPort(cpu).pc & ~1;
    return { kind: 'range', cpu, start: pc, end: pc + 4 + random.below(40) };
  }

  /** What a debugger shows. */
  private lookAt(cpu: number): void {
    const { random, subject } = this;
    const { vm, core } = subject;
    const port = vm.debugPort(cpu);
    const address = random.chance(50) ? port.pc : subject.place(random, random.chance(50) ? 'code' : 'data');
    for (const access of ['read', 'write', 'fetch'] as const) port.translate(address >>> 0, access, random.chance(30));
    for (const name of Object.keys(core.banks)) port.bank(name, random.below(40));
    port.exceptions();
    const vcpu = (Reflect.get(vm, 'vcpus') as Vcpu[])[cpu]!;
    vcpu.getRegs();
    for (const id of vcpu.getRegList())
      try {
        vcpu.getOneReg(id);
      } catch {
        // Listed and not given.
      }
    vm.memory.read(random.below(subject.ramBytes - 64), new Uint8Array(64));
  }

  private changeBreakpoints(): void {
    const { debugger: debug, random } = this;
    const { breakpoints } = debug;
    if (breakpoints.length > 6 || (breakpoints.length > 0 && random.chance(30))) {
      debug.remove(random.pick(breakpoints).id);
      return;
    }
    debug.add(this.randomBreakpoint());
  }

  /** Where the guest may have its data: around what it has in a register, mostly. */
  private dataPlace(): number {
    const { random, subject } = this;
    const base = subject.vm.debugPort(random.below(VCPUS)).bank('gpr', random.below(32));
    if (random.chance(15)) return subject.place(random, 'data');
    const soon = this.accessed.filter(({ instructions }) => instructions === this.clock.instructions);
    if (soon.length > 0 && random.chance(50)) return random.pick(soon).address;
    if (this.accessed.length > 0 && random.chance(80)) return random.pick(this.accessed).address;
    return (base + random.pick([0, 0, 0, -4, 4, -16, 16]) + random.below(4)) >>> 0;
  }

  private randomBreakpoint(): BreakpointSpec {
    const { random, subject } = this;
    const isData = random.chance(50);
    const here = subject.vm.debugPort(random.below(VCPUS)).pc & ~1;
    const near = here + 2 * random.below(12);
    const at = isData
      ? this.dataPlace()
      : random.chance(60)
        ? near
        : random.chance(20)
          ? here & ~0xfff
          : subject.place(random, 'code');
    const space = random.chance(70) ? ('virtual' as const) : ('physical' as const);
    const address = space === 'virtual' ? at >>> 0 : at & (subject.ramBytes - 1);
    const answer = random.below(4);
    const condition = (): boolean => {
      if (answer === 3) throw new Error('a condition that cannot be told');
      return answer === 1 || this.random.chance(answer === 0 ? 0 : 30);
    };
    const options = {
      address,
      space,
      once: random.chance(20),
      ...(random.chance(20) && { cpu: random.below(VCPUS) }),
      ...(random.chance(60) && { condition }),
    };
    if (!isData) return { ...options, kind: 'execution' };
    const length = random.pick([1, 2, 4, 4, 16, 256, 0x1000, 0x3000]);
    return { ...options, kind: 'data', length, access: random.pick(['read', 'write', 'access'] as const) };
  }
}

/** What all machines of a program are told, and how far they run then. */
interface Leg {
  readonly outside: Outside;
  readonly cpu: number;
  readonly length: number;
}

export interface DebugTrial {
  readonly differences: readonly string[];
  /** Instructions of all machines together, and stops. */
  readonly instructions: number;
  readonly stops: number;
}

/** The machines of one kind: one that runs plainly, one that is walked through, and two that are debugged. */
class Sides {
  private readonly plain: Subject;
  private readonly walker: Walker;
  private readonly meddlers: readonly (readonly [name: string, meddler: Meddler])[];

  constructor(make: (engine: Engine) => Subject) {
    this.plain = make('interpreter');
    this.walker = new Walker(make('interpreter'));
    this.walker.attach();
    this.meddlers = (['interpreter', 'regions'] as const).map((engine) => {
      const meddler = new Meddler(make(engine));
      meddler.attach();
      return [engine, meddler] as const;
    });
  }

  run(seed: number): DebugTrial {
    const random = new Random(seed, 32);
    const isExact = random.chance(40);
    const legs = legsOf(random, this.plain.ramBytes);
    const { plain, walker, meddlers } = this;
    const subjects = [plain, walker.subject, ...meddlers.map(([, { subject }]) => subject)];
    for (const subject of subjects) powerOn(subject, seed);
    const visited = this.visited(seed, legs);
    const breakpoints = isExact ? this.breakpoints(random, visited) : null;
    const accessed = [...this.walker.accesses];
    walker.begin();
    for (const [, meddler] of meddlers) meddler.start(seed, breakpoints, accessed);
    const found: string[] = [];
    let stops = 0;
    try {
      for (const [n, leg] of legs.entries()) {
        const ended = this.runLeg(n, leg, isExact, found);
        if (ended !== 'deadline' || found.length > 0) break;
      }
      if (isExact && found.length === 0) this.compareStops(breakpoints!, found);
    } catch (error) {
      found.push(`thrown: ${(error as Error).stack}`);
    }
    for (const [, meddler] of meddlers) {
      stops += meddler.stands;
      meddler.begin();
    }
    const instructions = subjects.reduce((sum, { vm }) => sum + vm.clock.instructions, 0);
    return { differences: found, instructions, stops };
  }

  private runLeg(n: number, { outside, cpu, length }: Leg, isExact: boolean, found: string[]): string {
    const { plain, walker, meddlers } = this;
    const instant = plain.vm.clock.now + length * NS;
    plain.tell(outside);
    const ended = plain.run(instant, cpu);
    const expected = Array.from({ length: VCPUS }, (_, id) => plain.look(id));
    const others: [string, Subject, () => void][] = meddlers.map(([name, meddler]) => [
      name,
      meddler.subject,
      () => meddler.interlude(),
    ]);
    if (isExact) others.push(['walked', walker.subject, () => {}]);
    for (const [name, subject, before] of others) {
      subject.tell(outside);
      before();
      if (subject.core.regions) hurry(subject.core, n);
      const got = subject.run(instant, cpu);
      const here = [
        ...(got === ended ? [] : [`ended: expected ${ended}, got ${got}`]),
        ...expected.flatMap((each, id) => differencesOf(each, subject.look(id)).map((text) => `cpu${id} ${text}`)),
        ...logDifferences(plain.log as string[], subject.log as string[]),
        ...memoryDifferences(0, plain.arena, subject.arena),
      ];
      if (here.length > 0) found.push(`leg ${n}, cpu${cpu}, ${name}:`, ...here.slice(0, 8));
    }
    return ended;
  }

  /** Where the guest comes; the walker is as before then. */
  private visited(seed: number, legs: readonly Leg[]): readonly number[] {
    const { walker } = this;
    walker.begin();
    walker.note(true);
    for (const { outside, cpu, length } of legs) {
      walker.subject.tell(outside);
      if (walker.subject.run(walker.subject.vm.clock.now + length * NS, cpu) !== 'deadline') break;
    }
    const places = [...new Set(walker.stops.map(([, , pc]) => (pc & ~1) >>> 0))];
    powerOn(walker.subject, seed);
    return places;
  }

  private breakpoints(random: Random, visited: readonly number[]): BreakpointSpec[] {
    const { accesses } = this.walker;
    return Array.from({ length: 1 + random.below(8) }, () => {
      if (accesses.length > 0 && random.chance(30)) {
        const { address } = random.pick(accesses);
        const length = random.pick([1, 2, 4, 64]);
        const access = random.pick(['read', 'write', 'access'] as const);
        const condition = random.chance(50) && random.pick([isOdd, isWhole]);
        return { kind: 'data', space: 'virtual', address, length, access, ...(condition && { condition }) };
      }
      const at = visited.length === 0 || random.chance(10) ? this.plain.place(random, 'code') : random.pick(visited);
      const space = random.chance(70) ? ('virtual' as const) : ('physical' as const);
      const address = space === 'virtual' ? at >>> 0 : at & (this.plain.ramBytes - 1);
      return { kind: 'execution', space, address };
    });
  }

  /** Virtual breakpoints and watchpoints stop each time, and nothing else does. Physical ones are not looked for here. */
  private compareStops(breakpoints: readonly BreakpointSpec[], found: string[]): void {
    const { walker } = this;
    const virtual = new Set<number>();
    for (const { kind, space, address } of breakpoints)
      if (kind === 'execution' && space === 'virtual') virtual.add(address);
    const watched = breakpoints.filter((spec) => spec.kind === 'data');
    const touches = ({ address, length, isWrite }: Access): boolean =>
      watched.some(
        (spec) =>
          spec.access !== (isWrite ? 'read' : 'write') &&
          address < spec.address + spec.length &&
          spec.address < address + length &&
          (spec.condition?.({ kind: 'watchpoint', address, length } as Stop) ?? true),
      );
    const text = ([cpu, at]: readonly [number, number, ...unknown[]]): string => `cpu${cpu} ${at}`;
    const executions = walker.stops.filter(([, , pc]) => virtual.has((pc & ~1) >>> 0)).map(text);
    const accesses = walker.accesses.filter(touches).map(({ cpu, instructions }) => text([cpu, instructions]));
    for (const [name, meddler] of this.meddlers)
      for (const [kind, all] of [
        ['execution', executions],
        ['data', accesses],
      ] as const) {
        const expected = new Set(all);
        const stops = meddler.stops.filter(
          ([, , pc, of]) => of === kind && (kind === 'data' || virtual.has((pc & ~1) >>> 0)),
        );
        const got = new Set(stops.map(text));
        const lost = [...expected].filter((at) => !got.has(at));
        // The last instruction of a program may be one that has no end.
        const more = [...got].filter((at) => !expected.has(at) && !at.endsWith(` ${this.plain.vm.clock.instructions}`));
        if (lost.length > 0)
          found.push(`${name}: ${lost.length} of ${expected.size} ${kind} stops lost: ${lost.slice(0, 5)}`);
        if (more.length > 0) found.push(`${name}: ${more.length} ${kind} stops too many: ${more.slice(0, 5)}`);
        // Several watchpoints may be met by one instruction, by its several accesses.
        const told = new Set(stops.map((stop) => `${text(stop)} ${stop[4]}`));
        if (told.size !== stops.length) found.push(`${name}: ${kind} stops told twice`);
      }
  }
}

/** With this program, and nothing left of what the one before wanted of a device. */
function powerOn(subject: Subject, seed: number): void {
  for (const vcpu of Reflect.get(subject.vm, 'vcpus') as Vcpu[])
    for (let exits = 0; exits < MOST_EXITS && vcpu.enter(Number.NEGATIVE_INFINITY) === 0; exits++);
  subject.load(seed);
}

/** The engine looks soon, and compiles what it finds. */
function hurry(core: Core, n: number): void {
  const nextLook = core.clock.instructions + FIRST_LOOKS[n % FIRST_LOOKS.length]!;
  Object.assign(core.regions!, { interval: n % 2 === 0 ? LONG : 40, nextLook });
}

function legsOf(random: Random, ramBytes: number): Leg[] {
  const vcpus = random.chance(30) ? VCPUS : 1;
  return Array.from({ length: 3 + random.below(4) }, () => ({
    outside: outsideOf(random, vcpus, ramBytes),
    cpu: random.below(vcpus),
    length: 1 + random.below(random.pick([12, 40, 200, 600])),
  }));
}

function outsideOf(random: Random, vcpus: number, ramBytes: number): Outside {
  const dice = random.below(30);
  if (dice < 5) return { kind: 'interrupt', vcpu: random.below(vcpus), irq: random.pick([1, 2, 1, -1, -2]) };
  if (dice > 6) return { kind: 'nothing' };
  const physical = random.chance(70) ? 0x1000 + random.below(0x600) : random.below(ramBytes - 8);
  return { kind: 'write', physical, bytes: Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)) };
}

export type DebuggedGuest = 'arm' | 'mips-little' | 'mips-big';

/** Machines of one architecture and byte order, made when they are needed. */
export class DebugStand {
  private readonly guest: DebuggedGuest;
  private readonly sides = new Map<string, Sides>();

  constructor(guest: DebuggedGuest) {
    this.guest = guest;
  }

  /** Run the program of a seed. */
  run(seed: number): DebugTrial {
    if (this.guest === 'arm') {
      const { kind } = makeArmProgram(seed);
      return this.of(kind, (engine) => new ArmSubject(kind, engine)).run(seed);
    }
    const endianness = this.guest === 'mips-little' ? 'little' : 'big';
    const name: MachineName = (seed >>> 1) % 3 === 0 ? 'vz' : 'trap-and-emulate';
    return this.of(name, (engine) => new MipsSubject(endianness, name, engine)).run(seed);
  }

  private of(kind: string, make: (engine: Engine) => Subject): Sides {
    const known = this.sides.get(kind);
    if (known) return known;
    const sides = new Sides(make);
    this.sides.set(kind, sides);
    return sides;
  }
}
