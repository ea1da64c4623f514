// May a floating-point or Advanced SIMD instruction execute (ARM DDI 0406C: B1.11, CheckAdvSIMDOrVFPEnabled)? CPACR, FPEXC.EN and HCPTR decide.

import type { I32 } from '../../../cpu/emit/values.ts';
import type { Banks } from '../../../cpu/isa/register-file.ts';
import { and, eq, load, ltS, ne, select, shrU, type WasmFunction } from '../../../cpu/wasm/code.ts';
import type { ArmEmitter } from '../emitter.ts';
import { CP15, MODE, PSR, TRAP } from '../registers.ts';
import { FPSCR } from './fpscr.ts';

export const FPEXC_EN = 1 << 30;

/** Bits of the argument of fpAccess. */
const KIND = {
  /** Advanced SIMD: CPACR.ASEDIS and HCPTR.TASE too. */
  SIMD: 1,
  /** A system register: FPEXC.EN does not matter. */
  SYSTEM: 2,
  /** FPSCR.LEN and STRIDE must be 0: there are no short vectors. */
  SCALAR: 4,
} as const;

const CP10_SHIFT = 20;
const HCPTR_TCP10 = 1 << 10;
const HCPTR_TASE = 1 << 15;
/** HSR: EC 7, and ISS: coprocessor 10, or Advanced SIMD. */
const TRAPPED = TRAP.HYP | (7 << 24);
const ISS_COPROCESSOR = 10;
const ISS_SIMD = 1 << 5;

/** (KIND) -> trap code, or 0. */
const fpAccess = (banks: Banks): WasmFunction => ({
  name: 'fpAccess',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const kind = code.parameter(0);
    const word = (bank: string, index = 0) => load('i32.load', banks[bank]!.offset + 4 * index);
    const mode = code.let(and(word('cpsr'), PSR.M));
    const cpacr = code.let(word('cp15', CP15.CPACR));
    const refuseIf = (condition: Parameters<typeof code.if>[0]): void =>
      code.if(condition, () => code.return(TRAP.UNDEFINED));
    code.if(ne(mode, MODE.HYP), () => {
      refuseIf(eq(and(shrU(cpacr, CP10_SHIFT), 1), 0)); // 2 is reserved
      refuseIf(and(eq(and(shrU(cpacr, CP10_SHIFT), 3), 1), eq(mode, MODE.USR)));
      refuseIf(and(and(kind, KIND.SIMD), ltS(cpacr, 0)));
    });
    refuseIf(and(eq(and(kind, KIND.SYSTEM), 0), eq(and(word('fpexc'), FPEXC_EN), 0)));
    const traps = and(word('cp15', CP15.HCPTR), select(and(kind, KIND.SIMD), HCPTR_TCP10 | HCPTR_TASE, HCPTR_TCP10));
    code.if(traps, () => {
      refuseIf(eq(mode, MODE.HYP));
      code.return(select(and(kind, KIND.SIMD), TRAPPED | (ISS_SIMD << 4), TRAPPED | (ISS_COPROCESSOR << 4)));
    });
    refuseIf(and(ne(and(kind, KIND.SCALAR), 0), ne(and(word('fpscr'), FPSCR.LEN | FPSCR.STRIDE), 0)));
    code.return(0);
  },
});

export const accessFunctions = (banks: Banks): readonly WasmFunction[] => [fpAccess(banks)];

/** Bit 0 is set where no mode and no register stands in the way. */
function open(e: ArmEmitter): I32 {
  const cpacr = e.cp15(CP15.CPACR);
  const permitted = e.and(e.shrU(cpacr, e.const(CP10_SHIFT)), e.shrU(cpacr, e.const(CP10_SHIFT + 1)));
  const trapped = e.shrU(e.cp15(CP15.HCPTR), e.const(10));
  return e.and(e.and(permitted, e.shrU(e.bankRead('fpexc'), e.const(30))), e.not(trapped));
}

function refuse(e: ArmEmitter, kind: number): void {
  const code = e.call('fpAccess', e.const(kind));
  e.when(code, () => e.trap(code));
}

/** A floating-point instruction that moves data, compares or converts. */
export function requireVfp(e: ArmEmitter): void {
  e.when(e.eqz(e.and(open(e), e.const(1))), () => refuse(e, 0));
}

/** A floating-point instruction that would work on short vectors. */
export function requireScalarVfp(e: ArmEmitter): void {
  const vector = e.and(e.fpscr(), e.const(FPSCR.LEN | FPSCR.STRIDE));
  e.when(e.or(e.eqz(e.and(open(e), e.const(1))), vector), () => refuse(e, KIND.SCALAR));
}

/** An Advanced SIMD instruction. */
export function requireSimd(e: ArmEmitter): void {
  const asedis = e.shrU(e.cp15(CP15.CPACR), e.const(31));
  const tase = e.shrU(e.cp15(CP15.HCPTR), e.const(15));
  const usable = e.and(open(e), e.not(e.or(asedis, tase)));
  e.when(e.eqz(e.and(usable, e.const(1))), () => refuse(e, KIND.SIMD));
}

/** FPEXC and other system registers. */
export function requireVfpSystem(e: ArmEmitter): void {
  e.undefinedWhen(e.eqz(e.isPrivileged()));
  refuse(e, KIND.SYSTEM);
}
