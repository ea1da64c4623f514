// The interpreter, generated as one WebAssembly program from an architecture's rows: a switch over predecoded records for hot rows,
// call_indirect for the rest, and the architecture's routines. It can execute everything.
import { Lowering, Temporaries } from '../emit/lower.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import type { Banks } from '../isa/register-file.ts';
import { buildFunction, type WasmFunction } from '../wasm/code.ts';
import { encodeModule, type FunctionDefinition, type FunctionType, TypeSection } from '../wasm/module.ts';
import { FunctionWriter } from '../wasm/writer.ts';
import {
  COLD_FAULT,
  COLD_JUMP,
  COLD_TYPE,
  EVENT,
  HELPER,
  IMPORTS,
  RUN_TYPE,
  SLOW_LOAD,
  SLOW_STORE,
  STORE_TYPE,
} from './conventions.ts';
import { expandRows, type Handler, type HandlerTable } from './handlers.ts';
import {
  CODE_LINE_SHIFT,
  CODE_MAP,
  GLOBAL,
  MAX_WASM_PAGES,
  PAGE_SHIFT,
  RECORD_SIZE,
  WORD,
  WRITE_TABLE,
} from './layout.ts';
import { MainFunction } from './main-function.ts';
import { type Callees, type Frame, InterpreterSemantics } from './semantics.ts';

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

  constructor(architecture: ArchitectureDefinition, banks: Banks, bigEndian: boolean, variant: ProgramVariant) {
    this.architecture = architecture;
    this.banks = banks;
    this.bigEndian = bigEndian;
    this.variant = variant;
    this.plain = architecture.functions?.(banks) ?? [];
    this.table = expandRows(architecture, banks, this.observing);
    this.hot = this.table.handlers.filter((handler) => handler.row.hot);
    this.cold = this.table.handlers.filter((handler) => !handler.row.hot);
  }

  private get observing(): boolean {
    return this.variant === 'observing';
  }

  generate(): InterpreterProgram {
    const main = this.main();
    const functions: FunctionDefinition[] = [{ type: RUN_TYPE, body: main, exportName: 'run' }, this.codeStore()];
    for (const routine of this.architecture.routines) functions.push(this.routine(routine.name));
    for (const definition of this.plain)
      functions.push({
        type: definition.type,
        body: buildFunction(definition, this.callees.routine),
        exportName: definition.name,
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

  private readonly callees: Callees = {
    slowLoad: SLOW_LOAD,
    slowStore: IMPORTS.length + 1, // codeStore, right after run
    helper: HELPER,
    routine: (name) => {
      const at = [...this.architecture.routines, ...this.plain].findIndex((routine) => routine.name === name);
      if (at < 0) throw new Error(`no routine ${name}`);
      return IMPORTS.length + 2 + at;
    },
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

  private semantics(w: FunctionWriter): InterpreterSemantics {
    const { banks, callees, bigEndian, observing, architecture } = this;
    return new InterpreterSemantics(w, {
      banks,
      callees,
      bigEndian,
      observing,
      logStores: this.variant === 'lockstep',
      branchInSlot: architecture.reservedInstruction,
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
      next: () => w.get(1).get(1).i32(RECORD_SIZE).ops('i32.add', 'return'),
      jump: (target) => w.get(1).i32(COLD_JUMP).op('i32.add').get(target).op('return'),
      fault: () => w.i32(COLD_FAULT).i32(0).op('return'),
    };
    semantics.begin(handler, frame);
    new Lowering(w, new Temporaries(w), semantics).run(handler.statements);
    semantics.finish();
    w.op('unreachable');
    return { type: COLD_TYPE, body: w };
  }

  /**
   * Slow store: (address, descriptor, value). A store to a page that holds predecoded code is done here when its line holds
   * none (write entries of such pages are the addend itself: valid address, failing fast test).
   */
  private codeStore(): FunctionDefinition {
    const w = new FunctionWriter(STORE_TYPE.parameters);
    const [address, descriptor, value] = [0, 1, 2];
    const entry = w.local('i32');
    const host = w.local('i32');
    const slow = w.block('slow');
    w.get(address)
      .i32(PAGE_SHIFT - 2)
      .op('i32.shr_u')
      .i32(0x3ffffc)
      .op('i32.and');
    w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).op('i32.add').memory('i32.load', WRITE_TABLE).tee(entry);
    w.op('i32.eqz').brIf(slow);
    w.get(entry).i32(0xfff).op('i32.and').brIf(slow);
    w.get(address)
      .get(descriptor)
      .i32(0xff)
      .op('i32.and')
      .i32(3)
      .op('i32.shr_u')
      .i32(1)
      .op('i32.sub')
      .op('i32.and')
      .brIf(slow); // misaligned
    w.get(address).get(entry).op('i32.add').tee(host);
    w.i32(CODE_LINE_SHIFT).op('i32.shr_u').memory('i32.load8_u', CODE_MAP).brIf(slow);
    const width = (bits: number, store: 'i32.store8' | 'i32.store16' | 'i32.store', swap: number): void => {
      w.get(descriptor).i32(0xff).op('i32.and').i32(bits).op('i32.eq').if();
      w.get(host);
      if (this.bigEndian && swap) w.i32(swap).op('i32.xor');
      w.get(value).memory(store, 0).op('return').end();
    };
    width(32, 'i32.store', 0);
    width(16, 'i32.store16', 2);
    width(8, 'i32.store8', 3);
    w.end();
    w.get(address).get(descriptor).get(value).call(SLOW_STORE);
    return { type: STORE_TYPE, body: w };
  }

  private main(): FunctionWriter {
    const options = { architecture: this.architecture, types: this.types, leavesAtRegions: this.variant === 'lockstep' };
    return new MainFunction(this.hot, this.cold.length, this.callees, options, (w) => this.semantics(w)).build();
  }
}
