// Random programs with control flow on three machines: the reference evaluator, the interpreter, and regions compiled as early as possible.
// The machines are used again and again: what an engine has made of one program must not be seen by the next.
//
// A program runs in two or three parts: all machines together for some hundred instructions; the interpreter and the regions on, for
// some thousand; then, for some programs, two vCPUs of both from the start.
import { hex } from '../../../src/util/bits.ts';
import { Random } from '../oracle/random.ts';
import { makeFlowProgram } from './flow/program.ts';
import { JudgedReference } from './judged.ts';
import type { Ended } from './machine.ts';
import type { MachineName } from './machines.ts';
import { disturb } from './noise.ts';
import { BOOT_PAGE, type Endianness, type GuestProgram, RAM_BYTES } from './programs.ts';
import { CP0_STATUS, NS_PER_INSTRUCTION, type Outside, sign, TestedMachine } from './tested.ts';
import { differencesOf, logDifferences, memoryDifferences } from './visible.ts';

/** The engine looks at the guest after so many instructions. */
const FIRST_LOOKS = [1, 2, 3, 5, 8, 13, 20, 30, 50, 100];
const VCPUS = 2;

/** Compiling costs most: some programs do little of it. */
const MOST_COMPILED = [1, 2, 2, 3, Number.POSITIVE_INFINITY];
const NEVER = Number.POSITIVE_INFINITY;
const LONG = 100_000;
/** Where programs begin in memory, behind the exception handlers. */
const FIRST_CODE = 0x1000;

/** When regions are compiled: changed from program to program. */
interface Tuning {
  hot: number;
  sampledRun: number;
  left: number;
  batch: number;
  patience: number;
}

interface Enter {
  readonly outside: Outside;
  /** Instructions ahead. */
  readonly length: number;
  readonly vcpu: number;
}

export interface TrialResult {
  readonly differences: readonly string[];
  /** Instructions of all machines together. */
  readonly instructions: number;
  readonly compiled: number;
}

/** The three machines of one kind and byte order. */
class Trio {
  private readonly endianness: Endianness;
  private readonly machine: MachineName;
  private readonly reference: JudgedReference;
  private readonly interpreter: TestedMachine;
  private readonly regions: TestedMachine;
  private readonly tuning: Tuning = { hot: 1, left: 1, sampledRun: LONG, batch: 1, patience: 1 };
  private readonly ram = new Uint8Array(RAM_BYTES);
  private instructions = 0;
  private mostCompiled = 0;

  constructor(endianness: Endianness, machine: MachineName) {
    this.endianness = endianness;
    this.machine = machine;
    this.reference = new JudgedReference(endianness, machine);
    this.interpreter = new TestedMachine(endianness, { machine, engine: 'interpreter', vcpus: VCPUS });
    this.regions = new TestedMachine(endianness, { machine, regions: this.tuning, vcpus: VCPUS });
  }

  /** Run the program of a seed. */
  run(seed: number): TrialResult {
    const random = new Random(seed, 6);
    const program = makeFlowProgram(seed, this.endianness, this.machine);
    const before = this.compiled;
    this.instructions = 0;
    this.tuning.batch = random.pick([1, 1, 2, 3]);
    this.tuning.patience = 1 + random.below(3);
    this.mostCompiled = before + random.pick(MOST_COMPILED);
    const found = this.together(program, random);
    if (found.length === 0 && random.chance(30)) found.push(...this.twoVcpus(program, random));
    if (found.length > 0)
      found.unshift(
        `seed ${seed} ${this.endianness} ${this.machine}, ${JSON.stringify(this.tuning)}`,
        `start ${hex(program.pc)}`,
      );
    return { differences: found, instructions: this.instructions, compiled: this.compiled - before };
  }

  private get compiled(): number {
    return this.regions.core.regions!.stats.compiled;
  }

  /**
   * What the engine does up to the next deadline: it looks once, somewhere, and compiles what it finds there when the guest is in its program now. (Left
   * alone it would find exception handlers, mostly.)
   */
  private drive(random: Random): void {
    const { core } = this.regions;
    const inProgram = (core.pc & (RAM_BYTES - 1)) >= FIRST_CODE || random.chance(15);
    this.tuning.hot = inProgram && this.compiled < this.mostCompiled ? 1 : NEVER;
    Object.assign(core.regions!, {
      interval: LONG,
      nextLook: core.clock.instructions + random.pick(FIRST_LOOKS),
    });
    if (random.chance(20)) this.regions.hurryJumps();
  }

  private load(program: GuestProgram): void {
    for (const machine of [this.interpreter, this.regions]) machine.load(program);
  }

  private together(program: GuestProgram, random: Random): string[] {
    const { reference } = this;
    this.load(program);
    reference.load(program);
    const short = random.chance(40);
    for (let n = short ? 10 : 5; n > 0; n--) {
      const enter = { outside: this.outside(random), length: 1 + random.below(short ? 12 : 80), vcpu: 0 };
      const { ended, found } = this.judged(enter, random);
      if (found.length > 0 || !this.goesOn(ended, 0)) return found;
    }
    this.instructions += 3 * reference.machine.instructions;
    return this.further(random);
  }

  /** Without the reference; it is asked only when there is a difference. */
  private further(random: Random): string[] {
    const enters: Enter[] = [];
    for (let n = 4; n > 0; n--) {
      const enter = {
        outside: this.outside(random),
        length: 1 + random.below(random.chance(50) ? 150 : 1500),
        vcpu: 0,
      };
      if (random.chance(4)) disturb(this.interpreter, this.regions, random);
      enters.push(enter);
      const { ended, found } = this.compared(enter, random);
      if (found.length > 0) return this.isUndefined(enters) ? [] : [`after ${enters.length} enters`, ...found];
      if (!this.goesOn(ended, 0)) break;
    }
    this.instructions += 2 * (this.interpreter.vm.clock.instructions - this.reference.machine.instructions);
    return [];
  }

  /** Did the program do what the manual leaves open, before the engines parted? */
  private isUndefined(enters: readonly Enter[]): boolean {
    for (const { outside, length } of enters) {
      this.reference.tell(outside);
      const ended = this.reference.enter(this.reference.machine.now + length * NS_PER_INSTRUCTION);
      if (ended === 'undefined') return true;
      if (ended === 'wait' || ended === 'spin') return false;
    }
    return false;
  }

  private twoVcpus(program: GuestProgram, random: Random): string[] {
    this.load(program);
    for (let n = 8; n > 0; n--) {
      const vcpu = random.below(VCPUS);
      const enter = { outside: this.outside(random), length: 1 + random.below(600), vcpu };
      const { ended, found } = this.compared(enter, random);
      if (found.length > 0) return ['two vCPUs', ...found];
      if (!this.goesOn(ended, vcpu)) break;
    }
    this.instructions += 2 * this.interpreter.vm.clock.instructions;
    return [];
  }

  private outside(random: Random): Outside {
    const dice = random.below(40);
    if (dice < 4) return { kind: 'interrupt', irq: random.pick([2, 3, 4, -2, -3, -4, -2, -3, -4]) };
    if (dice > 5) return { kind: 'nothing' };
    // DMA, among the code mostly.
    const physical = random.chance(70) ? 0x1000 + random.below(0x600) : random.below(RAM_BYTES - 8);
    const bytes = Uint8Array.from({ length: 1 + random.below(8) }, () => (random.chance(50) ? 0 : random.below(256)));
    return { kind: 'write', physical, bytes };
  }

  private judged({ outside, length }: Enter, random: Random): { ended: Ended; found: string[] } {
    this.drive(random);
    const { reference, interpreter, regions } = this;
    const deadline = reference.machine.now + length * NS_PER_INSTRUCTION;
    for (const machine of [reference, interpreter, regions]) machine.tell(outside);
    const ended = reference.enter(deadline);
    if (ended === 'undefined') return { ended, found: [] };
    const expected = reference.look();
    const found: string[] = [];
    const machines = { interpreter, regions };
    for (const [name, machine] of Object.entries(machines)) {
      const got = enterOf(machine, deadline, 0);
      if (got !== ended) found.push(`${name} ended: expected ${ended}, got ${got}`);
      const here = [
        ...differencesOf(expected, machine.look(0)),
        ...logDifferences(reference.mmio.log, machine.mmio.log),
      ];
      found.push(...here.map((text) => `${name} ${text}`));
    }
    // Of memory, the interpreter's is compared with the reference, the regions' with the interpreter's.
    found.push(...this.memory(0, reference.ram), ...this.memory(BOOT_PAGE, reference.boot), ...this.engineMemory());
    return { ended, found };
  }

  private memory(base: number, expected: Uint8Array): string[] {
    const got = this.ram.subarray(0, expected.length);
    this.interpreter.readRam(base, got);
    return memoryDifferences(base, expected, got).map((text) => `interpreter ${text}`);
  }

  /** Differences of memory between the engines, by arena offset. */
  private engineMemory(): string[] {
    const { interpreter, regions } = this;
    return memoryDifferences(0, interpreter.arena, regions.arena).map((text) => `regions ${text}`);
  }

  private compared({ outside, length, vcpu }: Enter, random: Random): { ended: Ended; found: string[] } {
    this.drive(random);
    const { interpreter, regions } = this;
    const deadline = interpreter.vm.clock.now + length * NS_PER_INSTRUCTION;
    for (const machine of [interpreter, regions]) machine.tell(outside);
    const ended = interpreter.enter(deadline, interpreter.vcpus[vcpu]);
    const got = enterOf(regions, deadline, vcpu);
    const found: string[] = got === ended ? [] : [`ended: expected ${ended}, got ${got}`];
    for (let id = 0; id < VCPUS; id++) found.push(...differencesOf(interpreter.look(id), regions.look(id)));
    found.push(...this.engineMemory(), ...logDifferences(interpreter.mmio.log, regions.mmio.log));
    return { ended, found };
  }

  /** After a WAIT or in a spin: skip to the timer, or raise a line. False when the program is over. */
  private goesOn(ended: Ended, vcpu: number): boolean {
    if (ended === 'deadline') return true;
    if (ended !== 'wait' && ended !== 'spin') return false;
    const { reference, interpreter, regions } = this;
    const { wakeAt } = interpreter.vcpus[vcpu]!;
    if (Number.isFinite(wakeAt)) {
      reference.machine.skipTo(wakeAt);
      for (const { vm } of [interpreter, regions]) vm.clock.skipTo(wakeAt);
      return true;
    }
    reference.tell({ kind: 'interrupt', irq: 2 });
    reference.set(CP0_STATUS, 0xff01);
    for (const { vcpus } of [interpreter, regions]) {
      vcpus[vcpu]!.interrupt({ cpu: -1, irq: 2 });
      vcpus[vcpu]!.setOneReg(CP0_STATUS, sign(0xff01));
    }
    return true;
  }
}

/** Machines of one byte order: trap-and-emulate guests and VZ guests. */
export class Stand {
  private readonly endianness: Endianness;
  private readonly trios = new Map<MachineName, Trio>();

  constructor(endianness: Endianness) {
    this.endianness = endianness;
  }

  /** Run the program of a seed. */
  run(seed: number): TrialResult {
    // Even and odd seeds may mean byte orders.
    const machine = (seed >>> 1) % 3 === 0 ? 'vz' : 'trap-and-emulate';
    let trio = this.trios.get(machine);
    if (!trio) {
      trio = new Trio(this.endianness, machine);
      this.trios.set(machine, trio);
    }
    return trio.run(seed);
  }
}

function enterOf(machine: TestedMachine, deadline: number, vcpu: number): string {
  try {
    return machine.enter(deadline, machine.vcpus[vcpu]);
  } catch (thrown) {
    return `thrown: ${(thrown as Error).stack}`;
  }
}
