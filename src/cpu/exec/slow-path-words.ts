// What the functions of the slow paths (slow-paths.ts) are written with: words of memory, addresses in the tables, parts of an access's descriptor.
import {
  and,
  type Code,
  load,
  loadAt,
  type Operand,
  shrU,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
} from '../wasm/code.ts';
import { PAGE_SHIFT, PAGE_SIZE } from './layout.ts';

export const OFFSET_MASK = PAGE_SIZE - 1;

export const word = (address: number): Value => load('i32.load', address);
export const wordAt = (address: Operand, offset = 0): Value => loadAt('i32.load', address, offset);
/** Where the page of an address has its word in a table at 0. */
export const tableOffset = (address: Operand): Value => and(shrU(address, PAGE_SHIFT - 2), 0x3ffffc);
/** Bytes of an access, from its descriptor. */
export const bytesOf = (descriptor: Operand): Value => shrU(and(descriptor, 0xff), 3);
export const misaligned = (address: Operand, descriptor: Operand): Value => and(address, sub(bytesOf(descriptor), 1));

/** A function of so many i32 parameters that returns an i32. */
export function define(
  name: string,
  parameters: number,
  build: (c: Code, ...parameters: Variable[]) => void,
): WasmFunction {
  return {
    name,
    type: { parameters: Array.from({ length: parameters }, () => 'i32' as const), results: ['i32'] },
    build: (c) => build(c, ...Array.from({ length: parameters }, (_, i) => c.parameter(i))),
  };
}
