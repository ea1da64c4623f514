// The MMU of the ARM core, as functions of the generated program (ARM DDI 0406C: B3). The walks read tables in physical memory at
// `physicalHost(physical address)`, a function of the engine: the host address, or 0 outside of memory.
import { ACCESS_AS_USER, Translated, WORD_GLOBAL, WORD_MAPPED } from '../../../cpu/isa/architecture.ts';
import type { Banks } from '../../../cpu/isa/register-file.ts';
import {
  and,
  type Code,
  eq,
  eqz,
  low,
  ltS,
  ne,
  or,
  select,
  shrU,
  type Variable,
  type WasmFunction,
  xor,
  zext,
} from '../../../cpu/wasm/code.ts';
import { ABORT, CP15, HCR, MODE, PSR, SCTLR } from '../registers.ts';
import { addressTranslation } from './address-translation.ts';
import { attributeFunctions } from './attributes.ts';
import { longWalks } from './long-walk.ts';
import { shortWalks } from './short-walk.ts';
import {
  ADDRESS_40,
  define,
  FS,
  mmuFault,
  mmuSwap,
  PAGE_OFFSET,
  STATUS,
  SystemRegisters,
  WALK_FAULT,
  WALK_NG_SHIFT,
} from './words.ts';

/**
 * `translate` (address, access) and `addressTranslate` (address, AT_OPERATION), and what they call. A fault of the second stage leaves its
 * intermediate address in bank `faultIpa`.
 */
export function mmuFunctions(banks: Banks): readonly WasmFunction[] {
  const registers = new SystemRegisters(banks);
  return [
    mmuFault,
    mmuSwap,
    ...longWalks(registers),
    ...shortWalks(registers),
    firstStage(registers),
    translate(registers),
    ...attributeFunctions(registers),
    addressTranslation(registers),
  ];
}

/** (address, access): the first stage of the PL1&0 regime. */
function firstStage(registers: SystemRegisters): WasmFunction {
  return define('firstStage', ['i32', 'i32'], 'i64', (c, address, access) => {
    c.if(eqz(registers.firstStageOn()), () => c.return(zext(and(address, ~PAGE_OFFSET))));
    const isStaged = and(registers.cp15(CP15.HCR), HCR.VM);
    const walked = (name: string): void => c.return(c.call(name, 'i64', address, access));
    c.if(
      ltS(registers.cp15(CP15.TTBCR), 0), // EAE
      () =>
        c.if(
          isStaged,
          () => walked('walkLongStaged'),
          () => walked('walkLong'),
        ),
      () =>
        c.if(
          isStaged,
          () => walked('walkShortStaged'),
          () => walked('walkShort'),
        ),
    );
  });
}

/** (address, access): see readTranslation. */
function translate(registers: SystemRegisters): WasmFunction {
  return define('translate', ['i32', 'i32'], 'i32', (c, address, access) => {
    const result = c.let('i64');
    const mode = c.let(and(registers.cpsr(), PSR.M));
    c.if(
      eq(mode, MODE.HYP),
      () => {
        c.set(access, and(access, ~ACCESS_AS_USER));
        c.set(result, zext(and(address, ~PAGE_OFFSET)));
        c.if(and(registers.cp15(CP15.HSCTLR), SCTLR.M), () => c.set(result, c.call('walkHyp', 'i64', address, access)));
      },
      () => {
        c.if(eq(mode, MODE.USR), () => {
          c.set(access, or(access, ACCESS_AS_USER));
          registers.noteUserDacr(c);
        });
        c.set(result, c.call('firstStage', 'i64', address, access));
        c.if(and(registers.cp15(CP15.HCR), HCR.VM | HCR.DC), () => throughSecond(c, result, access));
      },
    );
    const word = c.let(low(result));
    c.if(and(word, WALK_FAULT), () => c.return(or(and(word, ~PAGE_OFFSET), Translated.FAULT)));
    c.if(ne(shrU(result, 32n), 0n), () => {
      // Nothing is at 4 GiB and above.
      const long = or(eq(mode, MODE.HYP), ltS(registers.cp15(CP15.TTBCR), 0));
      const parts = select(
        long,
        (STATUS.EXTERNAL << ABORT.STATUS_SHIFT) | ABORT.LONG,
        FS.EXTERNAL << ABORT.STATUS_SHIFT,
      );
      const fault = low(c.call('mmuFault', 'i64', access, parts));
      c.return(or(and(fault, ~PAGE_OFFSET), Translated.FAULT));
    });
    const global = and(shrU(xor(word, -1), WALK_NG_SHIFT - Math.log2(WORD_GLOBAL)), WORD_GLOBAL);
    c.return(or(or(and(word, ~PAGE_OFFSET), WORD_MAPPED | Translated.PHYSICAL), global));
  });
}

/** The output of the first stage becomes that of both. */
function throughSecond(c: Code, result: Variable, access: Variable): void {
  c.if(eqz(and(low(result), WALK_FAULT)), () => {
    const second = c.let(c.call('secondStage', 'i64', and(result, ADDRESS_40), access, 0));
    c.if(
      and(low(second), WALK_FAULT),
      () => c.set(result, second),
      () => c.set(result, or(and(second, ADDRESS_40), and(result, BigInt(PAGE_OFFSET)))),
    );
  });
}
