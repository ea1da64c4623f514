// Compiled regions -> one WebAssembly module. What regions call of the program (exception entry, floating point) is imported by name.
import type { ArchitectureDefinition } from '../../isa/architecture.ts';
import type { Banks } from '../../isa/register-file.ts';
import { encodeModule, type FunctionType, TypeSection } from '../../wasm/module.ts';
import type { FunctionWriter } from '../../wasm/writer.ts';
import { REGION_TYPE } from '../conventions.ts';
import { MAX_WASM_PAGES } from '../layout.ts';
import { CALL_REGION_TYPE } from '../region-call.ts';

/** Name under which the region at `index` is exported. */
export const regionName = (index: number): string => `region${index}`;

/** Collects the regions of one module. */
export class RegionModule {
  private readonly types: ReadonlyMap<string, FunctionType>;
  private readonly imported: string[] = [];
  private readonly bodies: FunctionWriter[] = [];

  constructor(architecture: ArchitectureDefinition, banks: Banks) {
    const routines = architecture.routines.map(({ name, parameters }): [string, FunctionType] => [
      name,
      { parameters: Array.from({ length: parameters }, () => 'i32'), results: ['i32'] },
    ]);
    const functions = (architecture.functions?.(banks) ?? []).map(({ name, type }): [string, FunctionType] => [
      name,
      type,
    ]);
    this.types = new Map([...routines, ...functions, ['callRegion', CALL_REGION_TYPE]]);
  }

  /** Names of imported functions, by index. */
  get imports(): readonly string[] {
    return this.imported;
  }

  callee(name: string): number {
    const known = this.imported.indexOf(name);
    if (known >= 0) return known;
    if (!this.types.has(name)) throw new Error(`no function ${name}`);
    return this.imported.push(name) - 1;
  }

  add(body: FunctionWriter): void {
    this.bodies.push(body);
  }

  encode(): Uint8Array<ArrayBuffer> {
    return encodeModule(
      {
        imports: this.imported.map((name) => ({ name, type: this.types.get(name)! })),
        functions: this.bodies.map((body, i) => ({ type: REGION_TYPE, body, exportName: regionName(i) })),
        globals: 0,
        table: [],
        memory: { minPages: 1, maxPages: MAX_WASM_PAGES },
      },
      new TypeSection(),
    );
  }
}
