// Expressions of the debug shell, with C's operators and their ranks. Values are unsigned 32-bit numbers, and addresses of one of two spaces:
//
//   0x10  16  0b101          numbers
//   jiffies  start_kernel+0x10   symbols are addresses
//   $a0  $sp  $cp0.status  $status.exl   registers of the selected cpu, and their fields
//   *ADDR  *h:ADDR  *b:ADDR  *w:ADDR   a word, halfword or byte of memory; * alone is a word
//   phys:ADDR                a guest-physical address; ADDR alone is virtual
//   - ~ ! * / % + - << >> < <= > >= == != & ^ | && || ( )   comparisons are unsigned and give 1 or 0
//
// Parsed once, so that the condition of a breakpoint costs little; an expression that does not parse is refused before anything is done.
import { hex } from '../../util/bits.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { BreakpointSpace } from '../target.ts';

/** A value of an expression. */
export interface Place {
  /** Unsigned, 32 bits. */
  readonly address: number;
  /** What it is an address of, should it be one. */
  readonly space: BreakpointSpace;
}

/** What names in expressions mean. The functions may throw TsvmError. */
export interface Names {
  symbol(name: string): number | undefined;
  /** A 32-bit register or a field, without `$`; undefined: none. */
  register(name: string): number | undefined;
  /** The number of `bytes` bytes there, in the guest's order; undefined: no RAM. */
  load(place: Place, bytes: 1 | 2 | 4): number | undefined;
  /** A symbol that is much like `name`. */
  similar(name: string): string | undefined;
}

export interface Expression {
  /** As it was written. */
  readonly text: string;
  /** @throws TsvmError usage, with a caret below what cannot be computed */
  evaluate(names: Names): Place;
  /** Are its symbols and registers known? What memory it reads may come to be there later. @throws TsvmError usage, with a caret */
  check(names: Names): void;
}

type Node = (names: Names) => Place;

/** Deepest nesting: a hostile line must not use up the stack. */
const MAX_DEPTH = 64;

const number = (value: number): Place => ({ address: value >>> 0, space: 'virtual' });
const truth = (value: boolean): Place => number(value ? 1 : 0);
const isTrue = ({ address }: Place): boolean => address !== 0;

type Binary = (left: number, right: number) => number;

/** Binary operators by rank, the weakest first. && and || are made apart, as they do not always compute their right side. */
const RANKS: readonly Readonly<Record<string, Binary>>[] = [
  { '||': () => 0 },
  { '&&': () => 0 },
  { '|': (left, right) => left | right },
  { '^': (left, right) => left ^ right },
  { '&': (left, right) => left & right },
  { '==': (left, right) => Number(left === right), '!=': (left, right) => Number(left !== right) },
  {
    '<': (left, right) => Number(left < right),
    '<=': (left, right) => Number(left <= right),
    '>': (left, right) => Number(left > right),
    '>=': (left, right) => Number(left >= right),
  },
  // A shift by 32 and more leaves nothing.
  {
    '<<': (left, right) => (right > 31 ? 0 : left << right),
    '>>': (left, right) => (right > 31 ? 0 : left >>> right),
  },
  { '+': (left, right) => left + right, '-': (left, right) => left - right },
  { '*': Math.imul, '/': (left, right) => Math.floor(left / right), '%': (left, right) => left % right },
];

/** Operators by which an address stays one. */
const KEEPS_SPACE = new Set(['+', '-', '&', '|']);
const LOAD_SIZES: Readonly<Record<string, 1 | 2 | 4>> = { b: 1, h: 2, w: 4 };

const TOKEN =
  /\s*(?:(?<number>0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)(?![\w.])|(?<register>\$[A-Za-z_][\w.]*)|(?<prefix>phys:)|(?<load>\*[bhw]:)|(?<name>[A-Za-z_.][\w.]*)|(?<operator>\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%&|^~!<>()]))/y;

interface Token {
  readonly kind: 'number' | 'register' | 'prefix' | 'load' | 'name' | 'operator' | 'end';
  readonly text: string;
  readonly at: number;
}

/** @throws TsvmError usage */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text);
  const node = parser.whole();
  return {
    text: text.trim(),
    evaluate: node,
    check: (names) => {
      for (const name of parser.named) name(names);
    },
  };
}

class Parser {
  /** Its symbols and registers. */
  readonly named: Node[] = [];
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private next = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = this.cut();
  }

  whole(): Node {
    if (this.peek().kind === 'end') throw this.refuse(0, 'an expression is missing');
    const node = this.binary(0);
    const rest = this.peek();
    if (rest.kind !== 'end') throw this.refuse(rest.at, `${quoted(rest.text)} does not go on an expression`);
    return node;
  }

  private cut(): Token[] {
    const { text } = this;
    const tokens: Token[] = [];
    TOKEN.lastIndex = 0;
    for (;;) {
      const from = TOKEN.lastIndex;
      const groups = TOKEN.exec(text)?.groups;
      if (!groups) {
        const at = from + /^\s*/.exec(text.slice(from))![0].length;
        if (at < text.length) throw this.refuse(at, 'this is no number, symbol, register or operator');
        tokens.push({ kind: 'end', text: '', at: text.length });
        return tokens;
      }
      const [kind, token] = Object.entries(groups).find(([, value]) => value !== undefined)! as [Token['kind'], string];
      tokens.push({ kind, text: token, at: TOKEN.lastIndex - token.length });
    }
  }

  private peek(): Token {
    return this.tokens[this.next]!;
  }

  private take(): Token {
    return this.tokens[this.next++]!;
  }

  private binary(rank: number): Node {
    const operators = RANKS[rank];
    if (!operators) return this.unary();
    let left = this.binary(rank + 1);
    for (;;) {
      const { kind, text, at } = this.peek();
      const compute = kind === 'operator' && Object.hasOwn(operators, text) ? operators[text] : undefined;
      if (!compute) return left;
      this.take();
      left = this.combined(text, at, compute, left, this.binary(rank + 1));
    }
  }

  private combined(operator: string, at: number, compute: Binary, left: Node, right: Node): Node {
    if (operator === '&&') return (names) => truth(isTrue(left(names)) && isTrue(right(names)));
    if (operator === '||') return (names) => truth(isTrue(left(names)) || isTrue(right(names)));
    const divides = operator === '/' || operator === '%';
    return (names) => {
      const a = left(names);
      const b = right(names);
      if (divides && b.address === 0) throw this.refuse(at, 'division by 0');
      const physical = KEEPS_SPACE.has(operator) && (a.space === 'physical' || b.space === 'physical');
      return { address: compute(a.address, b.address) >>> 0, space: physical ? 'physical' : 'virtual' };
    };
  }

  private unary(): Node {
    if (++this.depth > MAX_DEPTH) throw this.refuse(this.peek().at, `nested deeper than ${MAX_DEPTH}`);
    const node = this.operand();
    this.depth--;
    return node;
  }

  private operand(): Node {
    const { kind, text, at } = this.take();
    if (kind === 'number') {
      const value = Number(text);
      if (value > 0xffff_ffff) throw this.refuse(at, 'more than 32 bits');
      return () => number(value);
    }
    if (kind === 'register' || kind === 'name') {
      const node = kind === 'name' ? this.symbol(text, at) : this.register(text.slice(1), at);
      this.named.push(node);
      return node;
    }
    if (kind === 'prefix') {
      const inner = this.unary();
      return (names) => ({ address: inner(names).address, space: 'physical' });
    }
    if (kind === 'load') return this.load(LOAD_SIZES[text[1]!]!, at);
    if (kind === 'end') throw this.refuse(at, 'the expression ends too early');
    if (text === '*') return this.load(4, at);
    if (text === '(') {
      const inner = this.binary(0);
      const close = this.take();
      if (close.text !== ')') throw this.refuse(close.at, "a ')' is missing");
      return inner;
    }
    if (text === '-' || text === '~' || text === '!' || text === '+') {
      const inner = this.unary();
      if (text === '!') return (names) => truth(!isTrue(inner(names)));
      const sign = { '-': (value: number) => -value, '~': (value: number) => ~value, '+': (value: number) => value };
      return (names) => number(sign[text](inner(names).address));
    }
    throw this.refuse(at, `${quoted(text)} cannot begin a value`);
  }

  private register(name: string, at: number): Node {
    return (names) => {
      const value = this.asked(at, () => names.register(name));
      if (value === undefined) throw this.refuse(at, `this cpu has no register $${printable(name)}`);
      return number(value);
    };
  }

  private symbol(name: string, at: number): Node {
    return (names) => {
      const address = names.symbol(name);
      if (address !== undefined) return number(address);
      const similar = names.similar(name);
      const hexadecimal = /^[0-9a-f]+$/i.test(name) ? `; a hexadecimal number begins with 0x: 0x${name}` : '';
      const hint = similar === undefined ? hexadecimal : `; did you mean ${printable(similar)}?`;
      throw this.refuse(at, `no symbol ${printable(name)}${hint}`);
    };
  }

  private load(bytes: 1 | 2 | 4, at: number): Node {
    const inner = this.unary();
    return (names) => {
      const place = inner(names);
      const value = names.load(place, bytes);
      if (value === undefined) {
        const where = place.space === 'physical' ? 'physical ' : '';
        throw this.refuse(at, `no memory can be read at ${where}${hex(place.address)}`);
      }
      return number(value);
    };
  }

  /** What a name says when it is refused gets its caret. */
  private asked<T>(at: number, ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      throw error instanceof TsvmError ? this.refuse(at, error.message, error.details.next) : error;
    }
  }

  private refuse(at: number, what: string, next?: string): TsvmError {
    const caret = `${printable(this.text)}\n${' '.repeat(printable(this.text.slice(0, at)).length)}^`;
    return new TsvmError('usage', `${what}\n${caret}`, next === undefined ? {} : { next });
  }
}

const quoted = (text: string): string => `'${printable(text)}'`;
