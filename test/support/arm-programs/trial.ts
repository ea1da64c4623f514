// Random ARM programs on four machines: the interpreter in one run, in slices of some instructions, regions compiled as early as possible, and both
// engines in lockstep. The machines are used again and again: what an engine has made of one program must not be seen by the next.
import { Random } from '../oracle/random.ts';
import type { Visible } from '../reference/tested.ts';
import { differencesOf, logDifferences, memoryDifferences } from '../reference/visible.ts';
import { ArmMachine, NS_PER_INSTRUCTION, type Outside, VCPUS } from './machine.ts';
import { CODE, RAM_BYTES } from './places.ts';
import { type ArmProgram, type MachineKind, makeArmProgram } from './program.ts';

const FIRST_LOOKS = [1, 2, 3, 5, 8, 13, 20, 30, 50, 100];
const MOST_COMPILED = [1, 2, 2, 3, 5];
const NEVER = Number.POSITIVE_INFINITY;
const LONG = 100_000;

/** What all machines are told, and how far they then run. */
export interface Leg {
  readonly outside: Outside;
  readonly vcpu: number;
  readonly instant: number;
}

interface Tuning {
  hot: number;
  sampledRun: number;
  left: number;
  batch: number;
  patience: number;
}

export interface ArmTrial {
  readonly differences: readonly string[];
  /** Instructions of all machines together. */
  readonly instructions: number;
  readonly compiled: number;
}

/** A machine, and when its engine compiles. */
class Side {
  readonly name: string;
  readonly machine: ArmMachine;
  private readonly tuning: Tuning | null;
  private most = 0;
  private random = new Random(0, 0);

  constructor(name: string, kind: MachineKind, engine: 'interpreter' | 'regions' | 'lockstep') {
    this.name = name;
    this.tuning = engine === 'interpreter' ? null : { hot: 1, sampledRun: LONG, left: 1, batch: 1, patience: 1 };
    this.machine = new ArmMachine(kind, { engine, ...(this.tuning && { regions: this.tuning }) });
  }

  get compiled(): number {
    return this.machine.core.regions?.stats.compiled ?? 0;
  }

  begin(program: ArmProgram): void {
    const { tuning, machine } = this;
    machine.load(program);
    const random = new Random(program.seed, 13);
    this.random = random;
    if (!tuning) return;
    tuning.batch = random.pick([1, 1, 2, 3]);
    tuning.patience = 1 + random.below(3);
    this.most = this.compiled + random.pick(MOST_COMPILED);
  }

  /** What the host may do without the guest noticing. */
  private disturb(): void {
    const { machine, random } = this;
    const { vm, core } = machine;
    const dice = random.below(3);
    if (dice === 0) core.tlb.dropAll();
    else if (dice === 1) {
      const places = Array.from({ length: 6 }, () => CODE + 2 * random.below(0x400));
      vm.watch.execution(places, () => false);
    } else vm.watch.execution([], () => false);
  }

  /** What the engine does up to the next deadline: it looks, and compiles what it finds when the guest is in its program now. */
  private drive(): void {
    const { tuning, machine, random } = this;
    if (!tuning) return;
    if (random.chance(3)) this.disturb();
    const { core } = machine;
    const inProgram = (core.pc & (RAM_BYTES - 1)) >= CODE || random.chance(15);
    tuning.hot = inProgram && this.compiled < this.most ? 1 : NEVER;
    const interval = random.pick([LONG, LONG, 7, 40]);
    Object.assign(core.regions!, { interval, nextLook: core.clock.instructions + random.pick(FIRST_LOOKS) });
  }

  /** Run as the first machine has run; what is different then. */
  differences(first: Side, expected: readonly Visible[], ended: string, { instant, vcpu }: Leg): string[] {
    this.drive();
    const got = this.runTo(instant, vcpu);
    const { machine } = this;
    return [
      ...(got === ended ? [] : [`ended: expected ${ended}, got ${got}`]),
      ...expected.flatMap((each, id) => differencesOf(each, machine.look(id)).map((text) => `cpu${id} ${text}`)),
      ...logDifferences(first.machine.log, machine.log),
      ...memoryDifferences(0, first.machine.arena, machine.arena),
    ];
  }

  runTo(instant: number, vcpu: number): string {
    try {
      return this.machine.runTo(instant, vcpu);
    } catch (thrown) {
      return `thrown: ${(thrown as Error).stack}`;
    }
  }
}

/** The machines of one kind. */
class Sides {
  private readonly first: Side;
  private readonly others: readonly Side[];

  constructor(kind: MachineKind) {
    this.first = new Side('interpreter', kind, 'interpreter');
    this.others = [
      new Side('slices', kind, 'interpreter'),
      new Side('regions', kind, 'regions'),
      new Side('lockstep', kind, 'lockstep'),
    ];
  }

  run(program: ArmProgram, legs: readonly Leg[]): ArmTrial {
    const { first, others } = this;
    const before = this.compiled;
    const sides = [first, ...others];
    for (const side of sides) side.begin(program);
    const slices = new Random(program.seed, 14);
    others[0]!.machine.slice = () => 1 + slices.below(12);
    let found: string[] = [];
    for (const [n, leg] of legs.entries()) {
      const { outside, instant, vcpu } = leg;
      first.machine.core.activate(vcpu);
      const from = first.machine.core.pc;
      for (const side of sides) side.machine.tell(outside);
      const ended = first.runTo(instant, vcpu);
      const expected = Array.from({ length: VCPUS }, (_, id) => first.machine.look(id));
      for (const side of others) {
        const here = side.differences(first, expected, ended, leg);
        if (here.length > 0)
          found.push(`leg ${n}, cpu${vcpu} from pc ${from.toString(16)}, ${side.name}:`, ...here.slice(0, 8));
      }
      if (ended.startsWith('thrown')) found.push(ended);
      if (ended !== 'deadline' || found.length > 0) break;
    }
    const instructions = sides.reduce((sum, { machine }) => sum + machine.vm.clock.instructions, 0);
    if (found.length > 0) found = [`${program.kind}, start ${program.pcs.map((pc) => pc.toString(16))}`, ...found];
    return { differences: found, instructions, compiled: this.compiled - before };
  }

  private get compiled(): number {
    return this.others.reduce((sum, side) => sum + side.compiled, 0);
  }
}

/** How the program of a seed is run. */
function legsOf(seed: number): Leg[] {
  const random = new Random(seed, 12);
  let instant = 0;
  const vcpus = random.chance(30) ? VCPUS : 1;
  return Array.from({ length: 4 + random.below(6) }, () => {
    instant += NS_PER_INSTRUCTION * (1 + random.below(random.pick([12, 40, 200, 600])));
    return { outside: randomOutside(random, vcpus), vcpu: random.below(vcpus), instant };
  });
}

function randomOutside(random: Random, vcpus: number): Outside {
  const dice = random.below(32);
  if (dice < 5) return { kind: 'interrupt', vcpu: random.below(vcpus), irq: random.pick([1, 2, 1, -1, -2]) };
  if (dice === 7) return { kind: 'slots', dirtyLog: random.chance(70) };
  if (dice > 7) return { kind: 'nothing' };
  const physical = random.chance(70) ? CODE + random.below(0x3000) : random.below(RAM_BYTES - 8);
  const bytes = Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256));
  return { kind: 'write', physical, bytes };
}

/** Machines of both kinds. */
export class ArmStand {
  private readonly sides = new Map<MachineKind, Sides>();

  /** Run the program of a seed. */
  run(seed: number, legs = legsOf(seed)): ArmTrial {
    const program = makeArmProgram(seed);
    let sides = this.sides.get(program.kind);
    if (!sides) {
      sides = new Sides(program.kind);
      this.sides.set(program.kind, sides);
    }
    return sides.run(program, legs);
  }
}
