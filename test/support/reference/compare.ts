// Runs one program on the reference machine and on the emulated core, in lockstep at random deadlines, and says where they part.
import type { RegionTuning } from '../../../src/cpu/exec/core-options.ts';
import { hex } from '../../../src/util/bits.ts';
import { Random } from '../oracle/random.ts';
import { JudgedReference } from './judged.ts';
import type { Ended } from './machine.ts';
import { BOOT_BYTES, BOOT_PAGE, type GuestProgram, RAM_BYTES } from './programs.ts';
import { CP0_STATUS, NS_PER_INSTRUCTION, type Outside, sign, TestedMachine } from './tested.ts';
import { differencesOf, logDifferences, memoryDifferences } from './visible.ts';

/** Everything is compiled the first time it is seen, a few instructions after it began. */
export const EAGER: RegionTuning = { hot: 1, left: 1, sampledRun: 5, batch: 1, patience: 1 };

export interface LockstepOptions {
  /** The core counts and traces its exits meanwhile: that must make no difference. */
  readonly observed?: boolean;
  /** Code is compiled when this says; that must make none either. */
  readonly regions?: RegionTuning;
}

/** One program on both machines. */
export class Lockstep {
  readonly tested: TestedMachine;
  private readonly program: GuestProgram;
  private readonly reference: JudgedReference;
  private readonly ram = new Uint8Array(RAM_BYTES);
  private readonly boot = new Uint8Array(BOOT_BYTES);

  constructor(program: GuestProgram, { observed = false, regions }: LockstepOptions = {}) {
    this.program = program;
    this.tested = new TestedMachine(program.endianness, { machine: program.machine, ...(regions && { regions }) });
    if (observed) this.tested.vm.observe({ stats: true, trace: { trace: () => {} } });
    this.reference = new JudgedReference(program.endianness, program.machine);
    this.restart();
  }

  /** From power-on again; what is compiled stays. */
  restart(): void {
    this.tested.load(this.program);
    this.reference.load(this.program);
  }

  /** Run once, to `instructions` from the start; the differences, or none. */
  runTo(instructions: number): string[] {
    return this.step(instructions * NS_PER_INSTRUCTION).found;
  }

  /** Run `enters` times with random deadlines up to `longest` instructions; the differences, or none. */
  run(enters: number, longest: number): string[] {
    const { program, reference } = this;
    const random = new Random(program.seed, 2);
    for (let n = 0; n < enters; n++) {
      const deadline = reference.machine.now + NS_PER_INSTRUCTION * (1 + random.below(longest));
      this.tell(randomOutside(random));
      const before = `pc ${hex(reference.machine.pc)} at ${reference.machine.instructions}`;
      const { ended, found } = this.step(deadline);
      if (found.length > 0) return [`seed ${program.seed} ${program.endianness}, enter ${n} from ${before}`, ...found];
      if (ended === 'wait' || ended === 'spin') this.wake();
      else if (ended !== 'deadline') return [];
    }
    return [];
  }

  get instructions(): number {
    return this.reference.machine.instructions;
  }

  private step(deadline: number): { ended: Ended; found: string[] } {
    const ended = this.reference.enter(deadline);
    if (ended === 'undefined') return { ended, found: [] };
    let got: string;
    try {
      got = this.tested.enter(deadline);
    } catch (thrown) {
      got = `thrown: ${(thrown as Error).message}`;
    }
    const found = this.differences();
    if (ended !== got) found.unshift(`ended: expected ${ended}, got ${got}`);
    return { ended, found };
  }

  private tell(outside: Outside): void {
    this.tested.tell(outside);
    this.reference.tell(outside);
  }

  /** After a WAIT or in a spin: skip to the timer, or raise a line. */
  private wake(): void {
    const { tested, reference } = this;
    const { wakeAt } = tested.vcpu;
    if (Number.isFinite(wakeAt)) {
      tested.vm.clock.skipTo(wakeAt);
      reference.machine.skipTo(wakeAt);
      return;
    }
    this.tell({ kind: 'interrupt', irq: 2 });
    tested.vcpu.setOneReg(CP0_STATUS, sign(0xff01));
    reference.set(CP0_STATUS, 0xff01);
  }

  private differences(): string[] {
    const { reference, tested, program } = this;
    tested.readRam(0, this.ram);
    tested.readRam(BOOT_PAGE, this.boot);
    const found = [
      ...differencesOf(reference.look(), tested.look(0)),
      ...memoryDifferences(0, reference.ram, this.ram),
      ...memoryDifferences(BOOT_PAGE, reference.boot, this.boot),
      ...logDifferences(reference.mmio.log, tested.mmio.log),
    ];
    if (found.length > 0) found.push(`endianness ${program.endianness}`);
    return found;
  }
}

/** Mostly nothing; at times an interrupt line, or a write into RAM. */
function randomOutside(random: Random): Outside {
  const dice = random.below(20);
  if (dice < 2) return { kind: 'interrupt', irq: random.pick([2, 3, 4, -2, -3, -4]) };
  if (dice !== 2) return { kind: 'nothing' };
  const physical = random.below(RAM_BYTES - 8);
  const bytes = Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256));
  return { kind: 'write', physical, bytes };
}
