// gdb's agent expressions ("Debugging with GDB", appendix F.2): the bytecode that conditions of breakpoints come as. Integers only: what floating point
// and tracing need is refused. The bytecode may be hostile: it ends after a number of steps.
import { TsvmError } from '../../util/errors.ts';

/** What an expression may ask of the vCPU that stands at the breakpoint. */
export interface AgentContext {
  /** Register by gdb's number, zero-extended. @throws TsvmError when there is none */
  register(number: number): bigint;
  /** An unsigned number of 1, 2, 4 or 8 bytes of memory. @throws TsvmError when it cannot be read */
  memory(address: number, bytes: number): bigint;
}

/** More than a condition needs that somebody has typed. */
const MAX_STEPS = 10_000;
const MAX_STACK = 256;

type Binary = (a: bigint, b: bigint) => bigint;

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);
/** A shift by 64 or more moves everything out. */
const shift = (value: bigint, by: bigint, move: Binary): bigint => (by > 63n ? move(value, 64n) : move(value, by));

const nonZero = (divisor: bigint): bigint => {
  if (divisor === 0n) throw refused('division by zero');
  return divisor;
};

/** `a b => result`. */
const BINARY: ReadonlyMap<number, Binary> = new Map<number, Binary>([
  [0x02, (a, b) => a + b],
  [0x03, (a, b) => a - b],
  [0x04, (a, b) => a * b],
  [0x05, (a, b) => signed(a) / nonZero(signed(b))],
  [0x06, (a, b) => a / nonZero(b)],
  [0x07, (a, b) => signed(a) % nonZero(signed(b))],
  [0x08, (a, b) => a % nonZero(b)],
  [0x09, (a, b) => shift(a, b, (value, by) => value << by)],
  [0x0a, (a, b) => shift(signed(a), b, (value, by) => value >> by)],
  [0x0b, (a, b) => shift(a, b, (value, by) => value >> by)],
  [0x0f, (a, b) => a & b],
  [0x10, (a, b) => a | b],
  [0x11, (a, b) => a ^ b],
  [0x13, (a, b) => truth(a === b)],
  [0x14, (a, b) => truth(signed(a) < signed(b))],
  [0x15, (a, b) => truth(a < b)],
]);

/** Bytes that a load takes from memory, and a constant from the expression. */
const LOADS: ReadonlyMap<number, number> = new Map([
  [0x17, 1],
  [0x18, 2],
  [0x19, 4],
  [0x1a, 8],
]);
const CONSTANTS: ReadonlyMap<number, number> = new Map([
  [0x22, 1],
  [0x23, 2],
  [0x24, 4],
  [0x25, 8],
]);

const LOG_NOT = 0x0e;
const BIT_NOT = 0x12;
const EXT = 0x16;
const IF_GOTO = 0x20;
const GOTO = 0x21;
const REG = 0x26;
const END = 0x27;
const DUP = 0x28;
const POP = 0x29;
const ZERO_EXT = 0x2a;
const SWAP = 0x2b;
const PICK = 0x32;
const ROT = 0x33;

/**
 * The value that the expression leaves on the top of its stack, unsigned.
 * @throws TsvmError usage: no such bytecode, a stack that is empty or full, no end, a division by zero, memory that cannot be read
 */
export function evaluate(code: Uint8Array, context: AgentContext): bigint {
  return new Evaluation(code, context).value();
}

class Evaluation {
  private readonly code: Uint8Array;
  private readonly context: AgentContext;
  private readonly stack: bigint[] = [];
  private at = 0;

  constructor(code: Uint8Array, context: AgentContext) {
    this.code = code;
    this.context = context;
  }

  value(): bigint {
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const op = this.operand(1);
      if (op === END) return this.pop();
      this.step(op);
    }
    throw refused(`no end after ${MAX_STEPS} steps`);
  }

  private step(op: number): void {
    const binary = BINARY.get(op);
    const load = LOADS.get(op);
    const constant = CONSTANTS.get(op);
    if (binary) {
      const b = this.pop();
      this.push(binary(this.pop(), b));
    } else if (load !== undefined) this.push(this.context.memory(Number(this.pop() & 0xffff_ffffn), load));
    else if (constant !== undefined) this.push(this.constant(constant));
    else {
      const value = this.computed(op);
      if (value === null) this.moved(op);
      else this.push(value);
    }
  }

  /** What an operation with operands of its own pushes; null: it is none of those. */
  private computed(op: number): bigint | null {
    switch (op) {
      case LOG_NOT:
        return truth(this.pop() === 0n);
      case BIT_NOT:
        return ~this.pop();
      case EXT:
        return BigInt.asIntN(this.operand(1), this.pop());
      case ZERO_EXT:
        return BigInt.asUintN(this.operand(1), this.pop());
      case REG:
        return this.context.register(this.operand(2));
      case DUP:
        return this.peek(0);
      case PICK:
        return this.peek(this.operand(1));
      default:
        return null;
    }
  }

  /** Jumps, and what only moves the stack. */
  private moved(op: number): void {
    switch (op) {
      case IF_GOTO: {
        const target = this.operand(2);
        if (this.pop() !== 0n) this.at = target;
        break;
      }
      case GOTO:
        this.at = this.operand(2);
        break;
      case POP:
        this.pop();
        break;
      case SWAP:
        this.rotate(2);
        break;
      case ROT:
        this.rotate(3);
        break;
      default:
        throw refused(`bytecode 0x${op.toString(16)} is not served`);
    }
  }

  /** The top becomes the lowest of the upper `count`. */
  private rotate(count: number): void {
    this.peek(count - 1);
    const top = this.pop();
    this.stack.splice(this.stack.length - count + 1, 0, top);
  }

  private push(value: bigint): void {
    if (this.stack.length === MAX_STACK) throw refused('its stack is full');
    this.stack.push(BigInt.asUintN(64, value));
  }

  private peek(depth: number): bigint {
    const value = this.stack[this.stack.length - 1 - depth];
    if (value === undefined) throw refused('its stack is empty');
    return value;
  }

  private pop(): bigint {
    const value = this.peek(0);
    this.stack.pop();
    return value;
  }

  /** An operand in the bytecode: the most significant byte first, whatever the guest's byte order. */
  private operand(bytes: number): number {
    return Number(this.constant(bytes));
  }

  private constant(bytes: number): bigint {
    let value = 0n;
    for (let count = 0; count < bytes; count++) {
      const byte = this.code[this.at++];
      if (byte === undefined) throw refused('it goes on beyond its end');
      value = (value << 8n) | BigInt(byte);
    }
    return value;
  }
}

function refused(why: string): TsvmError {
  return new TsvmError('usage', `a condition from gdb cannot be evaluated: ${why}`, {
    next: 'set breakpoint condition-evaluation host',
  });
}
