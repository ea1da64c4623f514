// Assembles function bodies into a WebAssembly module that imports one shared memory
// (WebAssembly core specification, chapter 5.5: modules).
import { VALUE_TYPE, type ValueType } from './opcodes.ts';
import { ByteWriter, type FunctionWriter } from './writer.ts';

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface FunctionDefinition {
  readonly type: FunctionType;
  readonly body: FunctionWriter;
  readonly exportName?: string;
}

export interface ModuleDefinition {
  /** Imported functions from namespace `e`; they take the first function indices. */
  readonly imports: readonly { readonly name: string; readonly type: FunctionType }[];
  readonly functions: readonly FunctionDefinition[];
  /** Number of mutable i32 globals, all exported as `g0`, `g1`, ... */
  readonly globals: number;
  /** Function indices of the one table, from 0; exported as `table`. */
  readonly table: readonly number[];
  readonly memory: { readonly minPages: number; readonly maxPages: number };
}

/** The module's type section, shared with call_indirect users. */
export class TypeSection {
  private readonly keys: string[] = [];
  private readonly types: FunctionType[] = [];

  index(type: FunctionType): number {
    const key = `${type.parameters.join()}>${type.results.join()}`;
    const known = this.keys.indexOf(key);
    if (known >= 0) return known;
    this.keys.push(key);
    this.types.push(type);
    return this.keys.length - 1;
  }

  encode(): ByteWriter {
    const out = new ByteWriter().uleb(this.types.length);
    for (const { parameters, results } of this.types) {
      out.u8(0x60).uleb(parameters.length);
      for (const type of parameters) out.u8(VALUE_TYPE[type]);
      out.uleb(results.length);
      for (const type of results) out.u8(VALUE_TYPE[type]);
    }
    return out;
  }
}

/** The whole module as bytes. */
export function encodeModule(module: ModuleDefinition, types: TypeSection): Uint8Array<ArrayBuffer> {
  const imports = new ByteWriter().uleb(module.imports.length + 1);
  for (const { name, type } of module.imports) imports.name('e').name(name).u8(0).uleb(types.index(type));
  imports.name('e').name('memory').u8(2, 3).uleb(module.memory.minPages).uleb(module.memory.maxPages);

  const declarations = new ByteWriter().uleb(module.functions.length);
  for (const definition of module.functions) declarations.uleb(types.index(definition.type));

  const table = new ByteWriter().u8(1, 0x70, 0).uleb(module.table.length);
  const globals = new ByteWriter().uleb(module.globals);
  for (let i = 0; i < module.globals; i++) globals.u8(VALUE_TYPE.i32, 1, 0x41, 0, 0x0b);

  const exported = module.functions.flatMap((f, i) => (f.exportName ? [[f.exportName, i] as const] : []));
  const exports = new ByteWriter().uleb(exported.length + module.globals + 1);
  for (const [name, i] of exported)
    exports
      .name(name)
      .u8(0)
      .uleb(module.imports.length + i);
  for (let i = 0; i < module.globals; i++) exports.name(`g${i}`).u8(3).uleb(i);
  exports.name('table').u8(1).uleb(0);

  const elements = new ByteWriter().uleb(1).u8(0, 0x41, 0, 0x0b).uleb(module.table.length);
  for (const index of module.table) elements.uleb(index);

  const code = new ByteWriter().uleb(module.functions.length);
  for (const { body } of module.functions) {
    const entry = new ByteWriter();
    writeLocals(entry, body.localTypes);
    entry.append(body.code.bytes).u8(0x0b);
    code.uleb(entry.bytes.length).append(entry.bytes);
  }

  const out = new ByteWriter().u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const section = (id: number, content: ByteWriter): void => {
    out.u8(id).uleb(content.bytes.length).append(content.bytes);
  };
  section(1, types.encode());
  section(2, imports);
  section(3, declarations);
  section(4, table);
  section(6, globals);
  section(7, exports);
  section(9, elements);
  section(10, code);
  return out.bytes;
}

/** Locals in runs of equal type. */
function writeLocals(out: ByteWriter, locals: readonly ValueType[]): void {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  out.uleb(runs.length);
  for (const { type, count } of runs) out.uleb(count).u8(VALUE_TYPE[type]);
}
