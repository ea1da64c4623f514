// A tiny WebAssembly binary writer: function bodies as bytes, with labels so that nobody counts branch depths by hand
// (WebAssembly core specification, chapter 5: binary format).
import {
  CONTROL,
  MEMORY,
  type MemoryOp,
  PLAIN,
  type PlainOp,
  VALUE_TYPE,
  type ValueType,
  VECTOR,
  VECTOR_CONTROL,
  VECTOR_MEMORY,
  VECTOR_PREFIX,
  type VectorMemoryOp,
  type VectorOp,
} from './opcodes.ts';

const BLOCK_VOID = 0x40;
// What region compilers write most, looked up once.
const I32_CONST = CONTROL['i32.const'];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE] = [CONTROL['local.get'], CONTROL['local.set'], CONTROL['local.tee']];
const [BR, BR_IF] = [CONTROL.br, CONTROL.br_if];

/** A structured-control label; br() to it from anywhere inside. */
export interface Label {
  readonly name: string;
}

/** Bytes that a writer begins with. */
const SMALLEST = 64;

export class ByteWriter {
  private data = new Uint8Array(SMALLEST);
  private length = 0;

  /** What has been written so far; a view, which the next write may leave behind. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.data.subarray(0, this.length);
  }

  u8(...values: number[]): this {
    for (const value of values) this.put(value);
    return this;
  }

  /** Unsigned LEB128 of a 32-bit value. */
  uleb(value: number): this {
    let rest = value >>> 0;
    if (rest < 0x80) {
      this.put(rest); // nearly always
      return this;
    }
    do {
      const low = rest & 0x7f;
      rest >>>= 7;
      this.put(rest === 0 ? low : low | 0x80);
    } while (rest !== 0);
    return this;
  }

  /** Signed LEB128 of a 32-bit value. */
  sleb(value: number): this {
    let rest = value | 0;
    if (rest >= -0x40 && rest < 0x40) {
      this.put(rest & 0x7f); // mostly
      return this;
    }
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.put(low);
        return this;
      }
      this.put(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit value. */
  sleb64(value: bigint): this {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
        this.put(low);
        return this;
      }
      this.put(low | 0x80);
    }
  }

  append(other: Uint8Array): this {
    this.reserve(other.length);
    this.data.set(other, this.length);
    this.length += other.length;
    return this;
  }

  name(text: string): this {
    this.uleb(text.length);
    for (let i = 0; i < text.length; i++) this.put(text.charCodeAt(i));
    return this;
  }

  /** One byte; what `u8` does, for code that writes many. */
  put(value: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.data.length) return;
    const data = new Uint8Array(Math.max(2 * this.data.length, this.length + more));
    data.set(this.bytes);
    this.data = data;
  }
}

/** One function body under construction: instructions, labels, and locals handed out on demand. */
export class FunctionWriter {
  readonly code = new ByteWriter();
  readonly localTypes: ValueType[] = [];
  /** Of the locals in `localTypes`, for people. */
  readonly localNames: (string | undefined)[] = [];
  private readonly labels: Label[] = [];
  private readonly parameters: number;

  constructor(parameters: readonly ValueType[]) {
    this.parameters = parameters.length;
  }

  /** A new local of this function; `name` is for people who read its code. */
  local(type: ValueType, name?: string): number {
    this.localTypes.push(type);
    this.localNames.push(name);
    return this.parameters + this.localTypes.length - 1;
  }

  op(name: PlainOp): this {
    if (name === 'end') this.labels.pop();
    this.code.put(PLAIN[name]);
    return this;
  }

  ops(...names: PlainOp[]): this {
    for (const name of names) this.op(name);
    return this;
  }

  i32(value: number): this {
    this.code.put(I32_CONST);
    this.code.sleb(value);
    return this;
  }

  i64(value: bigint): this {
    this.code.u8(CONTROL['i64.const']).sleb64(value);
    return this;
  }

  get(local: number): this {
    this.code.put(LOCAL_GET);
    this.code.uleb(local);
    return this;
  }

  set(local: number): this {
    this.code.put(LOCAL_SET);
    this.code.uleb(local);
    return this;
  }

  tee(local: number): this {
    this.code.put(LOCAL_TEE);
    this.code.uleb(local);
    return this;
  }

  globalGet(index: number): this {
    this.code.u8(CONTROL['global.get']).uleb(index);
    return this;
  }

  globalSet(index: number): this {
    this.code.u8(CONTROL['global.set']).uleb(index);
    return this;
  }

  /** A load or store; `offset` is the static memarg offset. */
  memory(name: MemoryOp, offset: number): this {
    const encoding = MEMORY[name];
    this.code.put(encoding[0]);
    this.code.put(encoding[1]);
    this.code.uleb(offset);
    return this;
  }

  /** A vector instruction. */
  vector(name: VectorOp): this {
    this.code.u8(VECTOR_PREFIX).uleb(VECTOR[name]);
    return this;
  }

  vectorMemory(name: VectorMemoryOp, offset: number): this {
    const [opcode, align] = VECTOR_MEMORY[name];
    this.code.u8(VECTOR_PREFIX).uleb(opcode).uleb(align).uleb(offset);
    return this;
  }

  /** `v128.const`, or `i8x16.shuffle`, with its 16 bytes. */
  vectorBytes(name: 'v128.const' | 'i8x16.shuffle', bytes: readonly number[]): this {
    if (bytes.length !== 16) throw new Error(`${name} with ${bytes.length} bytes`);
    this.code
      .u8(VECTOR_PREFIX)
      .uleb(VECTOR_CONTROL[name])
      .u8(...bytes);
    return this;
  }

  /** Doubleword `lane` of a vector. */
  extractLane64(lane: 0 | 1): this {
    this.code.u8(VECTOR_PREFIX).uleb(VECTOR_CONTROL['i64x2.extract_lane']).u8(lane);
    return this;
  }

  block(name = 'block', result?: ValueType): Label {
    return this.open(CONTROL.block, name, result);
  }

  loop(name = 'loop', result?: ValueType): Label {
    return this.open(CONTROL.loop, name, result);
  }

  if(result?: ValueType): Label {
    return this.open(CONTROL.if, 'if', result);
  }

  else(): this {
    this.code.u8(PLAIN.else);
    return this;
  }

  end(): this {
    return this.op('end');
  }

  br(label: Label): this {
    this.code.put(BR);
    this.code.uleb(this.depth(label));
    return this;
  }

  brIf(label: Label): this {
    this.code.put(BR_IF);
    this.code.uleb(this.depth(label));
    return this;
  }

  brTable(targets: readonly Label[], otherwise: Label): this {
    this.code.u8(CONTROL.br_table).uleb(targets.length);
    for (const target of targets) this.code.uleb(this.depth(target));
    this.code.uleb(this.depth(otherwise));
    return this;
  }

  call(functionIndex: number): this {
    this.code.u8(CONTROL.call).uleb(functionIndex);
    return this;
  }

  callIndirect(typeIndex: number): this {
    this.code.u8(CONTROL.call_indirect).uleb(typeIndex).uleb(0);
    return this;
  }

  private open(opcode: number, name: string, result?: ValueType): Label {
    const label = { name };
    this.labels.push(label);
    this.code.put(opcode);
    this.code.put(result === undefined ? BLOCK_VOID : VALUE_TYPE[result]);
    return label;
  }

  private depth(label: Label): number {
    const at = this.labels.lastIndexOf(label);
    if (at < 0) throw new Error(`branch to label ${label.name}, which is not open here`);
    return this.labels.length - 1 - at;
  }
}
