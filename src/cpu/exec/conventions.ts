// Calling conventions of the generated program: function types, imports, and what a rare row's function returns.
import type { FunctionType } from '../wasm/module.ts';

const I32_TO_I32: FunctionType = { parameters: ['i32', 'i32'], results: ['i32'] };
export const STORE_TYPE: FunctionType = { parameters: ['i32', 'i32', 'i32'], results: [] };
const HELPER_TYPE: FunctionType = { parameters: ['i32', 'i32', 'i32'], results: ['i32'] };
const DECODE_TYPE: FunctionType = { parameters: ['i32'], results: [] };
const SPLIT_TYPE: FunctionType = { parameters: ['i32'], results: ['i32'] };
const EVENT_TYPE: FunctionType = { parameters: ['i32', 'i32', 'i32'], results: [] };
export const COLD_TYPE: FunctionType = { parameters: ['i32', 'i32'], results: ['i32', 'i32'] };
/** A region: (entry block, instructions left, tables, how many calls deep it may go) -> (instructions left, pc to go on at). */
export const REGION_TYPE: FunctionType = { parameters: ['i32', 'i32', 'i32', 'i32'], results: ['i32', 'i32'] };
/** Most calls from region to region that are open at once. */
export const MOST_NESTED = 48;
export const RUN_TYPE: FunctionType = { parameters: [], results: [] };

/** Imports, in order; `e.<name>`. */
export const IMPORTS = [
  { name: 'slowLoad', type: I32_TO_I32 },
  { name: 'slowStore', type: STORE_TYPE },
  { name: 'decode', type: DECODE_TYPE },
  { name: 'helper', type: HELPER_TYPE },
  { name: 'event', type: EVENT_TYPE },
  { name: 'split', type: SPLIT_TYPE },
] as const;
export const SLOW_STORE = 1;
export const DECODE = 2;
export const HELPER = 3;
export const EVENT = 4;
export const SPLIT = 5;

/** What a cold handler adds to the ip it returns (records are 16-byte aligned). */
export const COLD_FAULT = 1;
export const COLD_JUMP = 2;
export const COLD_FLAGS = 3;

/** Descriptor of an access for the slow path: width, and flags. */
export const ACCESS_SIGNED = 0x100;
export const ACCESS_LINKED = 0x200;
/** A fault reports WORD.FAULT_ADDRESS instead of the accessed address. */
export const ACCESS_REPORTED = 0x400;
/** It need not be aligned, unless the architecture's rules say so. */
export const ACCESS_UNALIGNED = 0x800;
/** With the rights of user mode; and: no table entry is to be made of it, which is so for those too. */
export const ACCESS_USER = 0x1000;
export const ACCESS_UNCACHED = 0x2000;
