// WebAssembly bytes -> text, one instruction per line, for what writer.ts emits (WebAssembly core specification, chapters 5.4 and 6.5):
// golden tests read it, and so can people.
import { CONTROL, MEMORY, PLAIN, VALUE_TYPE, VECTOR, VECTOR_CONTROL, VECTOR_MEMORY, VECTOR_PREFIX } from './opcodes.ts';

/** Names for indices, where text should say more than a number; each may return undefined. */
export interface PrintNames {
  local?(index: number): string | undefined;
  global?(index: number): string | undefined;
  function?(index: number): string | undefined;
  /** What a constant is, for a comment. */
  constant?(value: bigint): string | undefined;
  /** What lies at this static memory offset, for a comment. */
  offset?(offset: number): string | undefined;
}

const VOID = 0x40;
const INDENT = '  ';

const byOpcode = new Map<number, string>([
  ...Object.entries(PLAIN).map(([name, opcode]) => [opcode, name] as const),
  ...Object.entries(MEMORY).map(([name, [opcode]]) => [opcode, name] as const),
  ...Object.entries(CONTROL).map(([name, opcode]) => [opcode, name] as const),
]);
const byVectorOpcode = new Map<number, string>([
  ...Object.entries(VECTOR).map(([name, opcode]) => [opcode, name] as const),
  ...Object.entries(VECTOR_MEMORY).map(([name, [opcode]]) => [opcode, name] as const),
  ...Object.entries(VECTOR_CONTROL).map(([name, opcode]) => [opcode, name] as const),
]);
const types = new Map<number, string>(Object.entries(VALUE_TYPE).map(([name, code]) => [code, name]));

class Reader {
  private readonly bytes: ArrayLike<number>;
  private at = 0;

  constructor(bytes: ArrayLike<number>) {
    this.bytes = bytes;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('the code ends in the middle of an instruction');
    return byte;
  }

  uleb(): number {
    return Number(BigInt.asUintN(32, this.leb().value));
  }

  /** Signed LEB128. */
  sleb(): bigint {
    const { value, bits } = this.leb();
    return BigInt.asIntN(bits, value);
  }

  private leb(): { value: bigint; bits: number } {
    let value = 0n;
    let bits = 0;
    for (;;) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(bits);
      bits += 7;
      if ((byte & 0x80) === 0) return { value, bits };
    }
  }
}

/** The instructions of a function body, indented by nesting. Throws on an opcode that writer.ts does not write. */
export function printCode(code: ArrayLike<number>, names: PrintNames = {}): string {
  const reader = new Reader(code);
  const lines: string[] = [];
  let depth = 0;
  while (!reader.ended) {
    const opcode = reader.u8();
    const name = opcode === VECTOR_PREFIX ? byVectorOpcode.get(reader.uleb()) : byOpcode.get(opcode);
    if (name === undefined) throw new Error(`no instruction has opcode 0x${opcode.toString(16)}`);
    if (name === 'end' || name === 'else') depth--;
    const immediates = readImmediates(name, reader, names);
    lines.push(`${INDENT.repeat(Math.max(0, depth))}${[name, ...immediates].join(' ')}`);
    if (name === 'block' || name === 'loop' || name === 'if' || name === 'else') depth++;
  }
  return `${lines.join('\n')}\n`;
}

function readImmediates(name: string, reader: Reader, names: PrintNames): string[] {
  const index = (kind: 'local' | 'global' | 'function'): string[] => {
    const number = reader.uleb();
    const known = names[kind]?.(number);
    return [known === undefined ? String(number) : `$${known}`];
  };
  switch (name) {
    case 'block':
    case 'loop':
    case 'if': {
      const type = reader.u8();
      return type === VOID ? [] : [`(result ${types.get(type)})`];
    }
    case 'br':
    case 'br_if':
      return [String(reader.uleb())];
    case 'br_table': {
      const count = reader.uleb();
      return Array.from({ length: count + 1 }, () => String(reader.uleb()));
    }
    case 'call':
      return index('function');
    case 'call_indirect': {
      const type = reader.uleb();
      reader.uleb(); // the one table
      return [`(type ${type})`];
    }
    case 'local.get':
    case 'local.set':
    case 'local.tee':
      return index('local');
    case 'global.get':
    case 'global.set':
      return index('global');
    case 'i32.const':
    case 'i64.const': {
      const value = reader.sleb();
      const known = names.constant?.(value);
      return [String(value), ...(known === undefined ? [] : [`(;${known};)`])];
    }
    case 'v128.const':
    case 'i8x16.shuffle':
      return Array.from({ length: 16 }, () => String(reader.u8()));
    case 'i64x2.extract_lane':
      return [String(reader.u8())];
    default:
      return isMemoryOp(name) ? memoryArgument(ACCESSES[name], reader, names) : [];
  }
}

const ACCESSES = { ...MEMORY, ...VECTOR_MEMORY };

function isMemoryOp(name: string): name is keyof typeof ACCESSES {
  return Object.hasOwn(ACCESSES, name);
}

/** Offset and alignment, left out where they are 0 and natural. */
function memoryArgument([, natural]: readonly [number, number], reader: Reader, names: PrintNames): string[] {
  const align = reader.uleb();
  const offset = reader.uleb();
  const parts: string[] = [];
  if (offset !== 0) parts.push(`offset=${offset}`);
  if (align !== natural) parts.push(`align=${1 << align}`);
  const known = names.offset?.(offset);
  if (known !== undefined) parts.push(`(;${known};)`);
  return parts;
}
