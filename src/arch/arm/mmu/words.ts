// What the functions of the ARM MMU say to each other: accesses, results of walks, fault status (ARM DDI 0406C: B3.13), and how they read
// registers and tables.
import { ACCESS_AS_USER, Access, WORD_TRAP_SHIFT } from '../../../cpu/isa/architecture.ts';
import type { Banks } from '../../../cpu/isa/register-file.ts';
import {
  add,
  and,
  type Code,
  eqz,
  load,
  loadAt,
  low,
  ne,
  type Operand,
  or,
  shl,
  shrU,
  type Value,
  type Variable,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import type { ValueType } from '../../../cpu/wasm/opcodes.ts';
import { ABORT, CP15, HCR, SCTLR, TRAP } from '../registers.ts';

/**
 * An access as the walks take it: Access, ACCESS_AS_USER, and ACCESS_OPERATION for an address translation operation. It alone says what the
 * privilege is.
 */
export const ACCESS_OPERATION = 8;
export const isWrite = (access: Operand): Value => and(access, Access.WRITE);
export const isFetch = (access: Operand): Value => and(access, Access.FETCH);
export const isUser = (access: Operand): Value => and(access, ACCESS_AS_USER);

/**
 * The result of a walk, an i64: with WALK_FAULT a trap code in bits 31:12, else the output address in bits 39:12, and below it the descriptor's
 * own bits where the long format has them (nG, SH, HAP, AttrIndx or MemAttr), or what follows of a short one.
 */
export const WALK_FAULT = 1;
export const WALK_TRAP_SHIFT = WORD_TRAP_SHIFT;
/** nG: not global. */
export const WALK_NG_SHIFT = 11;
/** Short format: S, a supersection, and TEX:C:B from this bit on. */
export const WALK_S_SHIFT = 10;
export const WALK_SUPERSECTION = 1 << 9;
export const WALK_TEX_SHIFT = 2;

export const PAGE_OFFSET = 0xfff;
/** Bits 39:12 of a descriptor. */
export const ADDRESS_40 = 0xff_ffff_f000n;

/** Fault status of the long format, to which the level is added. */
export const STATUS = { TRANSLATION: 4, ACCESS_FLAG: 8, PERMISSION: 12, EXTERNAL: 16, EXTERNAL_ON_WALK: 20 } as const;
/** Fault status of the short format: of a section (level 1), and of a page. */
export const FS = {
  EXTERNAL: 8,
  EXTERNAL_ON_WALK: [0xc, 0xe],
  TRANSLATION: [5, 7],
  ACCESS_FLAG: [3, 6],
  DOMAIN: [9, 0xb],
  PERMISSION: [0xd, 0xf],
} as const;

/** A function of the MMU; its first parameters are `parameters`. */
export function define(
  name: string,
  parameters: readonly ValueType[],
  result: ValueType,
  build: (c: Code, ...parameters: Variable[]) => void,
): WasmFunction {
  return {
    name,
    type: { parameters, results: [result] },
    build: (c) => build(c, ...parameters.map((_, i) => c.parameter(i))),
  };
}

/** How system registers are read. */
export class SystemRegisters {
  private readonly banks: Banks;

  constructor(banks: Banks) {
    this.banks = banks;
  }

  address(index: number): number {
    return this.banks.cp15!.offset + 4 * index;
  }
  cp15(index: number): Value {
    return load('i32.load', this.address(index));
  }
  /** A register of two words. */
  cp15Pair(index: number): Value {
    return load('i64.load', this.address(index));
  }
  /** TTBR0 or, when `second` is 1, TTBR1. */
  ttbr(second: Operand): Value {
    return loadAt('i64.load', shl(second, 3), this.address(CP15.TTBR0));
  }
  cpsr(): Value {
    return load('i32.load', this.banks.cpsr!.offset);
  }
  /** An address is translated by more than a page of 4 KiB: by at most 16 MiB or, if `gigabyte`, by 1 GiB. */
  noteLarge(c: Code, address: Operand, gigabyte: Operand): void {
    const at = this.banks.largePages!.offset;
    c.if(
      gigabyte,
      () => c.storeAt('i64.store', and(shrU(address, 27), ~7), -1n, at),
      () => {
        const byte = c.let(shrU(address, 27));
        const bit = shl(1, and(shrU(address, 24), 7));
        c.storeAt('i32.store8', byte, or(loadAt('i32.load8_u', byte, at), bit), at);
      },
    );
  }
  /** 1 when the rights of this domain come and go, else 0. */
  isMoving(domain: Operand): Value {
    return and(shrU(load('i32.load', this.banks.movingDomains!.offset), domain), 1);
  }
  /** A table entry of User mode is about to be filled. */
  noteUserDacr(c: Code): void {
    c.store('i32.store', this.banks.userDacr!.offset, this.cp15(CP15.DACR));
  }
  storeFaultIpa(c: Code, ipa: Operand): void {
    c.store('i64.store', this.banks.faultIpa!.offset, ipa);
  }
  /** Is the first stage of the PL1&0 regime on? 1 or 0. */
  firstStageOn(): Value {
    return and(eqz(and(this.cp15(CP15.HCR), HCR.DC | HCR.TGE)), and(this.cp15(CP15.SCTLR), SCTLR.M));
  }
  bigEndianTables(index: number): Value {
    return and(this.cp15(index), SCTLR.EE);
  }
}

/** (access, the trap code's parts that the fault itself has): the result of a walk. */
export const mmuFault = define('mmuFault', ['i32', 'i32'], 'i64', (c, access, parts) => {
  c.set(parts, shl(parts, WALK_TRAP_SHIFT));
  const faulted = (code: number): void => c.return(zext(or(parts, (code << WALK_TRAP_SHIFT) | WALK_FAULT)));
  // A fault of an operation is one of a write, whatever it asked for.
  c.if(and(access, ACCESS_OPERATION), () => faulted(TRAP.DATA_ABORT | ABORT.WRITE | ABORT.MAINTENANCE));
  c.if(isFetch(access), () => faulted(TRAP.PREFETCH_ABORT));
  c.if(isWrite(access), () => faulted(TRAP.DATA_ABORT | ABORT.WRITE));
  faulted(TRAP.DATA_ABORT);
});

/** (doubleword): with its bytes the other way round. */
export const mmuSwap = define('mmuSwap', ['i64'], 'i64', (c, x) => {
  const swap = (bits: bigint, mask: bigint): void => c.set(x, or(and(shrU(x, bits), mask), shl(and(x, mask), bits)));
  swap(8n, 0x00ff00ff00ff00ffn);
  swap(16n, 0x0000ffff0000ffffn);
  c.return(or(shl(x, 32n), shrU(x, 32n)));
});

/** The host address of a word or doubleword of a table at `address` (an i64); when it is not in memory, `outside` must leave. */
export function tableAt(c: Code, address: Variable, outside: () => void): Variable {
  c.if(ne(shrU(address, 32n), 0n), outside);
  const host = c.let(c.call('physicalHost', 'i32', low(address)));
  c.if(eqz(host), outside);
  return host;
}

/** `address` as the second stage has it, of a first-stage table. */
export function throughSecondStage(c: Code, address: Variable, access: Operand): void {
  const result = c.let(c.call('secondStage', 'i64', address, access, ABORT.S1PTW));
  c.if(ne(and(result, BigInt(WALK_FAULT)), 0n), () => c.return(result));
  c.set(address, add(and(result, ADDRESS_40), and(address, BigInt(PAGE_OFFSET))));
}
