// The functions of the ARM program that Advanced SIMD rows call. Those of data processing are called with an operand word (word.ts), by number: one
// function calls them all. The float ones call the functions of ../fp/functions.ts.
import type { Banks } from '../../../cpu/isa/register-file.ts';
import type { WasmFunction } from '../../../cpu/wasm/code.ts';
import { floatFunctions } from './float.ts';
import { integerFunctions } from './integer.ts';
import { longFunctions } from './long.ts';
import { immediateFunction, miscFunctions } from './misc.ts';
import { laneFunctions, shiftFunctions } from './shifts.ts';
import { structureFunctions } from './structures.ts';

const OPERATIONS = [...integerFunctions, ...longFunctions, ...shiftFunctions, ...miscFunctions, ...floatFunctions];
/** A function looks at the banks when it is built, not when it is named. */
const NAMES = OPERATIONS.map((make) => make({}).name);

/** Number of an operation, by the name of its function. */
export function operationNumber(name: string): number {
  const number = NAMES.indexOf(name);
  if (number < 0) throw new Error(`no operation ${name}`);
  return number;
}

/** (operand word, number of the operation) */
const operation: WasmFunction = {
  name: 'simdOperation',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const { w } = code;
    const [word, number] = [code.parameter(0), code.parameter(1)];
    const labels = NAMES.map((name) => w.block(name)).reverse();
    number.push(w);
    w.brTable(labels, labels[0]!).end();
    for (const name of NAMES) {
      code.return(code.call(name, 'i32', word));
      if (name !== NAMES.at(-1)) w.end();
    }
  },
};

export function simdFunctions(banks: Banks): readonly WasmFunction[] {
  const others = [...laneFunctions, ...structureFunctions, immediateFunction];
  return [...[...OPERATIONS, ...others].map((make) => make(banks)), operation];
}
