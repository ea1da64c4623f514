// Softfloat alone, in a WebAssembly module of its own: what unit tests call.
import { softfloatFunctions } from '../../../src/cpu/softfloat/functions.ts';
import { FLAG, MODE, ROUND, type SoftfloatRules } from '../../../src/cpu/softfloat/rules.ts';
import { buildFunction } from '../../../src/cpu/wasm/code.ts';
import { encodeModule, TypeSection } from '../../../src/cpu/wasm/module.ts';
import type { Context, Flag, Format, Result, Round, Rules } from '../reference/floats.ts';

const FLAGS_ADDRESS = 64;

/** The rules of instruction sets that come to mind, in softfloat's words and in the reference's. */
export const RULES = {
  mips: {
    quietBit: 'clear',
    defaultNanSign: 0,
    propagation: 'default',
    fusedOrder: 'abc',
    fusedInvalid: 'default',
    tininess: 'after',
    flushFlags: 0,
    flagsAddress: FLAGS_ADDRESS,
  },
  'mips propagating': {
    quietBit: 'clear',
    defaultNanSign: 0,
    propagation: 'signaling-first',
    fusedOrder: 'abc',
    fusedInvalid: 'default',
    tininess: 'after',
    flushFlags: 0,
    flagsAddress: FLAGS_ADDRESS,
  },
  arm: {
    quietBit: 'set',
    defaultNanSign: 0,
    propagation: 'signaling-first',
    fusedOrder: 'cab',
    fusedInvalid: 'default',
    tininess: 'before',
    flushFlags: 0,
    flagsAddress: FLAGS_ADDRESS,
  },
  powerpc: {
    quietBit: 'set',
    defaultNanSign: 0,
    propagation: 'first',
    fusedOrder: 'acb',
    fusedInvalid: 'invalid',
    tininess: 'before',
    flushFlags: 0,
    flagsAddress: FLAGS_ADDRESS,
  },
  sse: {
    quietBit: 'set',
    defaultNanSign: 1,
    propagation: 'first',
    fusedOrder: 'abc',
    fusedInvalid: 'quiet',
    tininess: 'after',
    flushFlags: 0,
    flagsAddress: FLAGS_ADDRESS,
  },
} as const satisfies Record<string, SoftfloatRules>;
export type RulesName = keyof typeof RULES;

export function referenceRules(rules: SoftfloatRules): Rules {
  return {
    quietBitSet: rules.quietBit === 'set',
    defaultNanNegative: rules.defaultNanSign === 1,
    nan: rules.propagation,
    tininess: rules.tininess,
    fusedOrder: rules.fusedOrder,
    fusedInvalid: rules.fusedInvalid,
  };
}

const ROUNDS: Record<Round, number> = {
  even: ROUND.NEAREST_EVEN,
  zero: ROUND.TOWARD_ZERO,
  up: ROUND.UP,
  down: ROUND.DOWN,
  away: ROUND.NEAREST_AWAY,
};

/** The mode word for an operation in a format. */
export function modeOf({ bits }: Format, { round, flush = false }: Omit<Context, 'rules'>, more = 0): number {
  return ROUNDS[round] | (flush ? MODE.FLUSH_RESULT : 0) | (bits === 64 ? MODE.DOUBLE : 0) | more;
}

type Export = (...args: (bigint | number)[]) => bigint | number;

export class Softfloat {
  readonly codeBytes: number;
  private readonly exports: Record<string, Export>;
  private readonly words: Int32Array;

  constructor(rules: SoftfloatRules) {
    const functions = softfloatFunctions(rules);
    const index = (name: string): number => {
      const at = functions.findIndex((f) => f.name === name);
      if (at < 0) throw new Error(`no function ${name}`);
      return at;
    };
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    this.words = new Int32Array(memory.buffer);
    const bytes = encodeModule(
      {
        imports: [],
        functions: functions.map((f) => ({ type: f.type, body: buildFunction(f, index), exportName: f.name })),
        globals: 0,
        table: [],
        memory: { minPages: 1, maxPages: 1 },
      },
      new TypeSection(),
    );
    this.codeBytes = bytes.length;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { memory } });
    this.exports = instance.exports as Record<string, Export>;
  }

  /** Call a function; bits come back unsigned. */
  call(name: string, ...args: (bigint | number)[]): Result {
    this.words[FLAGS_ADDRESS >> 2] = 0;
    const bits = this.exports[name]!(...args);
    return { bits: BigInt.asUintN(64, BigInt(bits)), flags: flagSet(this.words[FLAGS_ADDRESS >> 2]!) };
  }
}

const NAMES: readonly (readonly [number, Flag])[] = [
  [FLAG.INEXACT, 'inexact'],
  [FLAG.UNDERFLOW, 'underflow'],
  [FLAG.OVERFLOW, 'overflow'],
  [FLAG.DIVIDE, 'divide'],
  [FLAG.INVALID, 'invalid'],
];

function flagSet(word: number): ReadonlySet<Flag> {
  return new Set(NAMES.filter(([bit]) => (word & bit) !== 0).map(([, name]) => name));
}
