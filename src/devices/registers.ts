// A device's register block, declared once: dispatch by offset, reset, the debugger's view and saved state all derive
// from the one list. Offsets and values are what device.ts says: register values in little-endian terms.
import type { DeviceState, RegisterView } from './device.ts';
import type { SavedState } from './state.ts';

export type RegisterWidth = 1 | 2 | 4;
export type RegisterAccess = 'r' | 'w' | 'rw';

interface RegisterPlace {
  /** Byte offset in the window, a multiple of `width`. */
  readonly offset: number;
  readonly access: RegisterAccess;
  /** Bytes; 4 when left out. */
  readonly width?: RegisterWidth;
}

/** A register with a field of its own, which reset, saved state and the debugger see. */
export interface FieldRegister<Field extends string> extends RegisterPlace {
  readonly name: Field;
  /** Power-on value of the field. */
  readonly reset: number;
  /** Bits the guest can change; all of them when left out. */
  readonly mask?: number;
  /** What a guest write does instead of storing into the field. */
  readonly write?: (value: number) => void;
}

/** A register whose value lives elsewhere in the device. Reading it must have no side effect unless `peek` is given. */
export interface ComputedRegister extends RegisterPlace {
  readonly name: string;
  readonly reset?: undefined;
  readonly read?: () => number;
  readonly write?: (value: number) => void;
  /** The value `read` would return, without its side effects: what the debugger calls. */
  readonly peek?: () => number;
}

export type RegisterSpec<Field extends string> = FieldRegister<Field> | ComputedRegister;

/** A RegisterView that also says how the guest reaches the register. */
export interface SizedRegisterView extends RegisterView {
  readonly width: RegisterWidth;
  readonly access: RegisterAccess;
}

/** Told of a guest access that no register takes; `what` is one line. */
export type MisuseListener = (what: string) => void;

export class RegisterBlock<Field extends string = string> {
  private readonly specs: readonly RegisterSpec<Field>[];
  private readonly byOffset = new Map<number, RegisterSpec<Field>>();
  private readonly fields = new Map<string, number>();
  private readonly misuse: MisuseListener;

  /** Throws Error when the declaration itself is wrong: a bug in the device. */
  constructor(specs: readonly RegisterSpec<Field>[], misuse: MisuseListener) {
    this.specs = specs;
    this.misuse = misuse;
    const names = new Set<string>();
    const bytes = new Set<number>();
    for (const spec of specs) {
      const width = spec.width ?? 4;
      if (names.has(spec.name)) throw new Error(`register ${spec.name} is declared twice`);
      names.add(spec.name);
      if (spec.offset % width !== 0) throw new Error(`register ${spec.name} is not aligned`);
      for (let byte = spec.offset; byte < spec.offset + width; byte++) {
        if (bytes.has(byte)) throw new Error(`register ${spec.name} overlaps another`);
        bytes.add(byte);
      }
      if (spec.reset === undefined && ((readable(spec) && !spec.read) || (writable(spec) && !spec.write)))
        throw new Error(`register ${spec.name} has neither a field nor a function for its access`);
      this.byOffset.set(spec.offset, spec);
    }
    this.reset();
  }

  /** A guest read. A register answers at its own offset, to its own width or wider (zero-extended); all else reads 0. */
  read(offset: number, length: number): number {
    const spec = this.byOffset.get(offset);
    if (!spec || !readable(spec) || length < (spec.width ?? 4)) {
      this.misuse(describe('read', spec, offset, length));
      return 0;
    }
    return trim(spec.reset === undefined ? spec.read!() : this.fields.get(spec.name)!, spec.width);
  }

  /** A guest write; the bits above the register's width are dropped, and a write nobody takes is ignored. */
  write(offset: number, length: number, value: number): void {
    const spec = this.byOffset.get(offset);
    if (!spec || !writable(spec) || length < (spec.width ?? 4)) {
      this.misuse(describe('write', spec, offset, length));
      return;
    }
    const trimmed = trim(value, spec.width);
    if (spec.write) spec.write(trimmed);
    else if (spec.reset !== undefined) {
      const mask = spec.mask ?? 0xffffffff;
      this.fields.set(spec.name, ((this.fields.get(spec.name)! & ~mask) | (trimmed & mask)) >>> 0);
    }
  }

  get(field: Field): number {
    return this.fields.get(field)!;
  }

  /** The device's own store: not limited by `mask`. */
  set(field: Field, value: number): void {
    this.fields.set(field, value >>> 0);
  }

  /** Every field gets its power-on value. */
  reset(): void {
    for (const spec of this.specs) if (spec.reset !== undefined) this.fields.set(spec.name, spec.reset >>> 0);
  }

  save(): DeviceState {
    return Object.fromEntries(this.fields);
  }

  /** Takes all fields or, when a value does not fit, throws TsvmError and takes none. */
  restore(saved: SavedState): void {
    const values: [string, number][] = [];
    for (const spec of this.specs)
      if (spec.reset !== undefined) values.push([spec.name, saved.integer(spec.name, trim(0xffffffff, spec.width))]);
    for (const [name, value] of values) this.fields.set(name, value);
  }

  /** What the debugger shows: everything readable, and write-only registers that keep what was written. */
  views(): SizedRegisterView[] {
    const views: SizedRegisterView[] = [];
    for (const spec of this.specs) {
      const { name, offset, access, width = 4 } = spec;
      const value = spec.reset === undefined ? (spec.peek ?? spec.read)?.() : this.fields.get(name);
      if (value !== undefined) views.push({ name, offset, access, width, value: trim(value, width) });
    }
    return views;
  }
}

function readable(spec: RegisterPlace): boolean {
  return spec.access !== 'w';
}

function writable(spec: RegisterPlace): boolean {
  return spec.access !== 'r';
}

function trim(value: number, width: RegisterWidth = 4): number {
  return (width === 4 ? value : value & (width === 2 ? 0xffff : 0xff)) >>> 0;
}

function describe(verb: string, spec: RegisterSpec<string> | undefined, offset: number, length: number): string {
  const why = spec ? `${spec.name} is ${spec.access}, ${spec.width ?? 4} bytes` : 'no register there';
  return `${verb} of ${length} at offset 0x${offset.toString(16)}: ${why}`;
}
