// A plain reference evaluator of the emitter's operations (HOUSE 4, rule 7): it walks an instruction's statements and does in TypeScript
// what each says, over a simple state. It shares no code with the lowering or the interpreter, and judges them.
//
// Register reads see the state from before the instruction (or routine): reads come from a copy made before its first write.
import type { Statement } from '../../../src/cpu/emit/values.ts';
import type { ArchitectureDefinition } from '../../../src/cpu/isa/architecture.ts';
import type { RawFields } from '../../../src/cpu/isa/insn.ts';
import type { Banks } from '../../../src/cpu/isa/register-file.ts';
import { bankOf, read, write } from './bank-access.ts';
import { ReferenceFpu } from './fpu.ts';
import type { Value } from './operations.ts';
import { type Activation, type Machine, StatementCompiler } from './steps.ts';
import type { BranchTaken, World } from './world.ts';

const NONE: readonly number[] = [];
const NO_FIELDS: RawFields = {};

export class Evaluator implements Machine {
  readonly banks: Banks;
  readonly state: DataView;
  readonly world: World;
  readonly reservedInstruction: number;
  private readonly bytes: Uint8Array;
  private readonly routines = new Map<string, (a: Activation) => void>();
  private readonly instructions = new WeakMap<readonly Statement[], (a: Activation) => void>();
  private readonly fpu: ReferenceFpu;
  /** Copies of the state, by depth. */
  private readonly copies: DataView[] = [];
  private depth = 0;

  /** `state` holds the banks at their offsets, little-endian. */
  constructor(architecture: ArchitectureDefinition, banks: Banks, state: ArrayBuffer, world: World) {
    this.reservedInstruction = architecture.reservedInstruction;
    this.banks = banks;
    this.state = new DataView(state);
    this.bytes = new Uint8Array(state);
    this.world = world;
    this.fpu = new ReferenceFpu({
      getFcsr: () => read(bankOf(banks, 'fcsr'), 0, this.state) as number,
      setFcsr: (value) => write(bankOf(banks, 'fcsr'), 0, value, this.state),
      setLast: (value) => write(bankOf(banks, 'fpuLast'), 0, value, this.state),
    });
    for (const routine of architecture.routines) {
      const emitter = architecture.createEmitter(banks, false);
      routine.build(emitter);
      this.routines.set(routine.name, new StatementCompiler(this).all(emitter.statements));
    }
  }

  /** Evaluate one instruction; returns its branch, if it is one. Throws GuestTrap or Leave. */
  instruction(statements: readonly Statement[], fields: RawFields, pc: number, inSlot: boolean): BranchTaken | null {
    this.depth = 0;
    let run = this.instructions.get(statements);
    if (!run) {
      run = new StatementCompiler(this).all(statements);
      this.instructions.set(statements, run);
    }
    const activation = this.activate(fields, NONE, pc, inSlot);
    run(activation);
    return activation.branch;
  }

  /** Call a routine of the architecture. */
  routine(name: string, parameters: readonly number[]): number {
    if (name === 'fpuSettle') return 0; // FCSR is always up to date here
    if (name === 'forgetTranslations' || name === 'forgetPages') return 0; // nothing is remembered
    const run = this.routines.get(name);
    if (!run) throw new Error(`no routine ${name}`);
    this.depth++;
    const activation = this.activate(NO_FIELDS, parameters, 0, false);
    run(activation);
    this.depth--;
    if (activation.returned === null) throw new Error(`routine ${name} returned nothing`);
    return activation.returned;
  }

  call(name: string, args: readonly Value[]): Value {
    return this.fpu.call(name, args) ?? this.routine(name, args.map(Number));
  }

  /** A fault in the delay slot begins again at the branch: its link has not happened. */
  takeBack({ link }: BranchTaken): void {
    if (link) write(bankOf(this.banks, link.bank), link.index, link.old, this.state);
  }

  private activate(fields: RawFields, parameters: readonly number[], pc: number, inSlot: boolean): Activation {
    const { depth } = this;
    return { fields, parameters, pc, inSlot, depth, before: null, results: [], branch: null, returned: null };
  }

  keepBefore(a: Activation): void {
    if (a.before) return;
    const copy = this.copies[a.depth] ?? new DataView(new ArrayBuffer(this.bytes.length));
    this.copies[a.depth] = copy;
    new Uint8Array(copy.buffer).set(this.bytes);
    a.before = copy;
  }
}
