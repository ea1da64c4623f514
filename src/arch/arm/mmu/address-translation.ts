// The address translation operations, ATS1Cxx, ATS12NSOxx and ATS1Hx, and how they fill PAR (ARM DDI 0406C: B3.12.7, B4.1.112, B4.2.4).
import { ACCESS_AS_USER } from '../../../cpu/isa/architecture.ts';
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
  shl,
  shrU,
  type Value,
  type Variable,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { ABORT, CP15, HCR, MODE, PSR, SCTLR } from '../registers.ts';
import { DEVICE, FLAT, FLAT_CACHED, SHARE_SHIFT } from './attributes.ts';
import {
  ACCESS_OPERATION,
  ADDRESS_40,
  define,
  FS,
  PAGE_OFFSET,
  STATUS,
  type SystemRegisters,
  WALK_FAULT,
  WALK_SUPERSECTION,
  WALK_TRAP_SHIFT,
} from './words.ts';

/** Bits of an AT_OPERATION. */
const HOW = { WRITE: 1, USER: 2, BOTH: 4, HYP: 8 };

const PAR = {
  F: 1,
  SUPERSECTION: 2,
  OUTER_SHIFT: 2,
  INNER_SHIFT: 4,
  SH: 1 << 7,
  NS: 1 << 9,
  NOS: 1 << 10,
  LONG: 1 << 11,
};
const PAR_LONG = { SH_SHIFT: 7, WALK: 1 << 8, STAGE2: 1 << 9, ATTRIBUTES_SHIFT: 56n };
const FAULT_STATUS_SHIFT = 1;

/** Status of the long format, by FS: 8 bits each. Domain faults are 1111LL. */
const LONG_STATUS = [0x060a0500_09000000n, 0x0e160d15_3e003d10n] as const;
const STATUS_MASK = 0x3f;

/** Cacheability in PAR's short format by half a field, two bits each: 0xa is 2, 0xe 3, 0xf 1. */
const POLICIES = (2 << 20) | (3 << 28) | (1 << 30);
/** PAR's Inner has this besides what Outer would have. */
const INNER_CACHED = 4;
const policyOf = (half: Value): Value => and(shrU(POLICIES, shl(half, 1)), 3);

/** (address, AT_OPERATION): 0, or the code of the trap that is to be raised instead of an answer in PAR. */
export function addressTranslation(registers: SystemRegisters): WasmFunction {
  return define('addressTranslate', ['i32', 'i32'], 'i32', (c, address, how) => {
    const hcr = c.let(registers.cp15(CP15.HCR));
    const isHyp = c.let(eq(and(registers.cpsr(), PSR.M), MODE.HYP));
    const isLong = c.let(ltS(registers.cp15(CP15.TTBCR), 0)); // EAE
    const staged = c.let(and(hcr, HCR.VM | HCR.DC));
    const both = c.let(and(ne(and(how, HOW.BOTH), 0), ne(staged, 0)));
    const access = c.let(or(and(how, HOW.WRITE), ACCESS_OPERATION));
    const result = c.let(zext(and(address, ~PAGE_OFFSET)));
    const attributes = c.let(FLAT);
    const fault = (): Value => and(low(result), WALK_FAULT);
    const attributesFrom = (mair: number): Value =>
      c.call('longAttributes', 'i32', low(result), registers.cp15(mair), registers.cp15(mair + 1));

    c.if(
      and(how, HOW.HYP),
      () => {
        c.set(isLong, 1);
        c.if(and(registers.cp15(CP15.HSCTLR), SCTLR.M), () => {
          c.set(result, c.call('walkHyp', 'i64', address, access));
          c.set(attributes, attributesFrom(CP15.HMAIR0));
        });
      },
      () => {
        c.if(and(how, HOW.USER), () => c.set(access, or(access, ACCESS_AS_USER)));
        c.set(result, c.call('firstStage', 'i64', address, access));
        c.if(and(hcr, HCR.DC), () => c.set(attributes, FLAT_CACHED));
        c.if(registers.firstStageOn(), () =>
          c.if(
            isLong,
            () => c.set(attributes, attributesFrom(CP15.PRRR)), // MAIR0
            () => c.set(attributes, c.call('shortAttributes', 'i32', low(result))),
          ),
        );
        c.if(and(both, eqz(fault())), () => {
          c.set(result, c.call('secondStage', 'i64', and(result, ADDRESS_40), access, 0));
          c.set(attributes, c.call('combinedAttributes', 'i32', attributes, low(result)));
        });
        c.set(isLong, or(isLong, select(and(how, HOW.BOTH), both, isHyp)));
      },
    );

    c.if(fault(), () => {
      const code = c.let(low(shrU(result, BigInt(WALK_TRAP_SHIFT))));
      toLongIf(c, code, isLong);
      c.if(or(isExternal(code), and(eqz(or(isHyp, both)), ne(and(code, ABORT.S1PTW), 0))), () => {
        toLongIf(c, code, isHyp);
        c.return(code);
      });
      reportFault(c, registers, code, isLong);
    });
    c.if(
      isLong,
      () => {
        const lower = or(shl(shrU(attributes, SHARE_SHIFT), PAR_LONG.SH_SHIFT), PAR.NS | PAR.LONG);
        const field = shl(zext(and(attributes, 0xff)), PAR_LONG.ATTRIBUTES_SHIFT);
        report(c, registers, or(or(and(result, ADDRESS_40), field), zext(lower)));
      },
      () => report(c, registers, zext(shortReport(c, result, attributes))),
    );
  });
}

function report(c: Code, registers: SystemRegisters, par: Value): void {
  c.store('i64.store', registers.address(CP15.PAR), par);
  c.return(0);
}

/** A trap code of the short format becomes one of the long format where that is wanted. */
function toLongIf(c: Code, code: Variable, wanted: Variable): void {
  c.if(and(wanted, eqz(and(code, ABORT.LONG))), () => {
    const fs = c.let(and(shrU(code, ABORT.STATUS_SHIFT), 15));
    const table = select(and(fs, 8), LONG_STATUS[1], LONG_STATUS[0]);
    const status = and(low(shrU(table, zext(shl(and(fs, 7), 3)))), STATUS_MASK);
    const kept = and(code, ~(0x3ff << ABORT.STATUS_SHIFT)); // without the domain
    c.set(code, or(or(kept, ABORT.LONG), shl(status, ABORT.STATUS_SHIFT)));
  });
}

/** Is it an external abort of a walk? */
function isExternal(code: Variable): Value {
  const status = and(shrU(code, ABORT.STATUS_SHIFT), STATUS_MASK);
  const long = eq(and(status, ~3), STATUS.EXTERNAL_ON_WALK);
  const [section, page] = FS.EXTERNAL_ON_WALK;
  return select(and(code, ABORT.LONG), long, or(eq(status, section), eq(status, page)));
}

function reportFault(c: Code, registers: SystemRegisters, code: Variable, isLong: Variable): void {
  const status = shl(and(shrU(code, ABORT.STATUS_SHIFT), STATUS_MASK), FAULT_STATUS_SHIFT);
  const par = c.let(or(status, PAR.F));
  c.if(isLong, () => c.set(par, or(par, PAR.LONG)));
  c.if(and(code, ABORT.STAGE2), () => c.set(par, or(par, PAR_LONG.STAGE2)));
  c.if(and(code, ABORT.S1PTW), () => c.set(par, or(par, PAR_LONG.WALK)));
  report(c, registers, zext(par));
}

/** PAR in its short format. */
function shortReport(c: Code, result: Variable, attributes: Variable): Value {
  const par = c.let(and(low(result), ~PAGE_OFFSET));
  c.if(and(low(result), WALK_SUPERSECTION), () => {
    const high = shl(low(shrU(result, 32n)), 16);
    c.set(par, or(or(and(par, 0xff000000 | 0), high), PAR.SUPERSECTION));
  });
  const share = c.let(shrU(attributes, SHARE_SHIFT));
  c.if(share, () => c.set(par, or(par, PAR.SH)));
  c.if(and(share, 1), () => c.set(par, or(par, PAR.NOS)));
  c.if(
    and(attributes, 0xf0),
    () => {
      const inner = c.let(policyOf(and(attributes, 15)));
      c.if(inner, () => c.set(inner, or(inner, INNER_CACHED)));
      const outer = policyOf(and(shrU(attributes, 4), 15));
      c.set(par, or(or(par, shl(inner, PAR.INNER_SHIFT)), shl(outer, PAR.OUTER_SHIFT)));
    },
    () => c.set(par, or(par, select(and(attributes, DEVICE), 3 << PAR.INNER_SHIFT, 1 << PAR.INNER_SHIFT))),
  );
  return or(par, PAR.NS);
}
