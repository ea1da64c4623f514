// The interpreter, generated as one WebAssembly program from an architecture's rows: a switch over predecoded records for hot rows,
// call_indirect for the rest, and the architecture's routines. It can execute everything.
import { Lowering, Temporaries } from '../emit/lower.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Decoders } from '../isa/decoder.ts';
import type { Banks } from '../isa/register-file.ts';
import { buildFunction, type WasmFunction } from '../wasm/code.ts';
import { encodeModule, type FunctionDefinition, type FunctionType, TypeSection } from '../wasm/module.ts';
import { FunctionWriter } from '../wasm/writer.ts';
import { COLD_FAULT, COLD_JUMP, COLD_TYPE, EVENT, HELPER, IMPORTS, RUN_TYPE } from './conventions.ts';
import { expandRows, type Handler, type HandlerTable } from './handlers.ts';
import { GLOBAL, MAX_WASM_PAGES, RECORD_SIZE, WORD } from './layout.ts';
import { MainFunction } from './main-function.ts';
import { CALL_REGION_TYPE, callRegion } from './region-call.ts';
import { InterpreterSemantics } from './semantics.ts';
import type { Callees, Frame } from './semantics-frame.ts';
import { slowPaths } from './slow-paths.ts';

export interface InterpreterProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly table: HandlerTable;
  /** Bytes of the main function: kept under about 25 KB (ENGINE: larger switches fall off a cliff). */
  readonly mainSize: number;
}

/**
 * The programs of an architecture: the ordinary one, one that reports events, and one for lockstep.ts, which logs stores and leaves where
 * compiled code begins.
 */
export type ProgramVariant = 'plain' | 'observing' | 'lockstep';

/** Generate a program of an architecture for one guest endianness. */
export function generateInterpreter(
  architecture: ArchitectureDefinition,
  banks: Banks,
  bigEndian: boolean,
  variant: ProgramVariant = 'plain',
): InterpreterProgram {
  new Decoders(architecture.rows, architecture.interworking); // says which rows are in each other's way
  return new Generator(architecture, banks, bigEndian, variant).generate();
}

class Generator {
  private readonly architecture: ArchitectureDefinition;
  private readonly banks: Banks;
  private readonly bigEndian: boolean;
  private readonly variant: ProgramVariant;
  private readonly types = new TypeSection();
  private readonly table: HandlerTable;
  private readonly hot: readonly Handler[];
  private readonly cold: readonly Handler[];
  private readonly plain: readonly WasmFunction[];
  private readonly indices: ReadonlyMap<string, number>;

  constructor(architecture: ArchitectureDefinition, banks: Banks, bigEndian: boolean, variant: ProgramVariant) {
    this.architecture = architecture;
    this.banks = banks;
    this.bigEndian = bigEndian;
    this.variant = variant;
    this.plain = [
      ...slowPaths({ ...architecture, bigEndian, logStores: variant === 'lockstep' }),
      ...(architecture.functions?.(banks) ?? []),
    ];
    const functions = [...IMPORTS, { name: 'run' }, ...architecture.routines, ...this.plain];
    this.indices = new Map(functions.map(({ name }, index) => [name, index]));
    this.table = expandRows(architecture, banks, this.observing);
    this.callees = this.makeCallees();
    this.hot = this.table.handlers.filter((handler) => handler.row.hot);
    this.cold = this.table.handlers.filter((handler) => !handler.row.hot);
  }

  /** Address of the state of the block that the next instruction stands in, where the architecture has such. */
  private get blockState(): number | null {
    return this.architecture.interworking ? this.banks.it!.offset : null;
  }

  private get observing(): boolean {
    return this.variant === 'observing';
  }

  generate(): InterpreterProgram {
    const main = this.main();
    const functions: FunctionDefinition[] = [{ type: RUN_TYPE, body: main, exportName: 'run' }];
    for (const routine of this.architecture.routines) functions.push(this.routine(routine.name));
    for (const definition of this.plain)
      functions.push({
        type: definition.type,
        body: buildFunction(definition, this.callees.routine),
        exportName: definition.name,
      });
    functions.push({
      type: CALL_REGION_TYPE,
      body: callRegion(this.types, this.architecture.interworking, this.blockState),
      exportName: 'callRegion',
    });
    const firstCold = IMPORTS.length + functions.length;
    for (const handler of this.cold) functions.push(this.coldFunction(handler));
    const bytes = encodeModule(
      {
        imports: IMPORTS,
        functions,
        globals: GLOBAL.COUNT,
        table: this.cold.map((_, i) => firstCold + i),
        memory: { minPages: 1, maxPages: MAX_WASM_PAGES },
      },
      this.types,
    );
    return { bytes, table: this.table, mainSize: main.code.bytes.length };
  }

  private readonly callees: Callees;

  private makeCallees(): Callees {
    return {
      slowLoad: this.indexOf('missedLoad'),
      slowStore: this.indexOf('missedStore'),
      slowFetch: this.indexOf('missedFetch'),
      helper: HELPER,
      routine: (name) => this.indexOf(name),
      helperNumber: (name) => {
        const at = this.architecture.helpers.indexOf(name);
        if (at < 0) throw new Error(`no helper ${name}`);
        return at;
      },
      event: EVENT,
      eventNumber: (name) => {
        const at = this.architecture.events.indexOf(name);
        if (at < 0) throw new Error(`no event ${name}`);
        return at;
      },
    };
  }

  /** A function by name; `run` comes first. */
  private indexOf(name: string): number {
    const at = this.indices.get(name);
    if (at === undefined) throw new Error(`no routine ${name}`);
    return at;
  }

  private semantics(w: FunctionWriter): InterpreterSemantics {
    const { banks, callees, bigEndian, observing, architecture } = this;
    return new InterpreterSemantics(w, {
      banks,
      callees,
      bigEndian,
      observing,
      logStores: this.variant === 'lockstep',
      branchInSlot: architecture.reservedInstruction,
      delaySlots: architecture.delaySlots,
      firstInside: this.table.firstInside,
    });
  }

  private routine(name: string): FunctionDefinition {
    const routine = this.architecture.routines.find((r) => r.name === name)!;
    const type: FunctionType = {
      parameters: Array.from({ length: routine.parameters }, () => 'i32' as const),
      results: ['i32'],
    };
    const w = new FunctionWriter(type.parameters);
    const semantics = this.semantics(w);
    const emitter = this.architecture.createEmitter(this.banks, this.observing);
    routine.build(emitter);
    semantics.begin(null, null);
    new Lowering(w, new Temporaries(w), semantics).run(emitter.statements);
    w.op('unreachable');
    return { type, body: w, exportName: name };
  }

  /** One rare row: (ip, nip) -> next (ip + flags, nip). The caller keeps WORD.LEFT current around it. */
  private coldFunction(handler: Handler): FunctionDefinition {
    const w = new FunctionWriter(COLD_TYPE.parameters);
    const semantics = this.semantics(w);
    const frame: Frame = {
      ip: 0,
      nip: 1,
      pushTables: () => w.i32(0).memory('i32.load', WORD.CURRENT_TABLES),
      saveLeft: () => {},
      loadLeft: () => {},
      next: (size) => {
        if (size !== undefined) w.get(0).i32(size).op('i32.add').set(1);
        w.get(1).get(1).i32(RECORD_SIZE).ops('i32.add', 'return');
      },
      again: () => {
        w.i32(0).i32(0).memory('i32.load', WORD.LEFT).i32(1).op('i32.add').memory('i32.store', WORD.LEFT);
        w.get(0).get(1).op('return');
      },
      jump: (target) => w.get(1).i32(COLD_JUMP).op('i32.add').get(target).op('return'),
      fault: () => w.i32(COLD_FAULT).i32(0).op('return'),
    };
    semantics.begin(handler, frame);
    new Lowering(w, new Temporaries(w), semantics).run(handler.statements);
    semantics.finish();
    w.op('unreachable');
    return { type: COLD_TYPE, body: w };
  }

  private main(): FunctionWriter {
    const options = {
      architecture: this.architecture,
      types: this.types,
      leavesAtRegions: this.variant === 'lockstep',
      firstInside: this.table.firstInside,
      blockState: this.blockState,
    };
    return new MainFunction(this.hot, this.table.pairs, this.cold.length, this.callees, options, (w) =>
      this.semantics(w),
    ).build();
  }
}
