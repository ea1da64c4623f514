// Walks of the tables of the long-descriptor format (ARM DDI 0406C: B3.6, B3.19.6): of the PL1&0 regime, of Hyp mode, and of the second stage.
import {
  add,
  and,
  type Code,
  divU,
  eq,
  eqz,
  geU,
  gtS,
  loadAt,
  low,
  ltS,
  ne,
  type Operand,
  or,
  select,
  sext,
  shl,
  shrS,
  shrU,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
  xor,
  zext,
} from '../../../cpu/wasm/code.ts';
import { ABORT, CP15, HCR, SCTLR } from '../registers.ts';
import {
  ADDRESS_40,
  define,
  isFetch,
  isUser,
  isWrite,
  STATUS,
  type SystemRegisters,
  tableAt,
  throughSecondStage,
} from './words.ts';

/** Bits of descriptors: of the upper word, and of the lower. */
const HIGH = {
  XN: 1 << 22,
  PXN: 1 << 21,
  TABLE_READ_ONLY: 1 << 30,
  TABLE_NO_USER: 1 << 29,
  TABLE_XN: 1 << 28,
  TABLE_PXN: 1 << 27,
};
const LOW = {
  VALID: 1,
  MEMORY_TYPE: 0x30,
  USER: 1 << 6,
  READ_ONLY: 1 << 7,
  HAP_READ: 1 << 6,
  HAP_WRITE: 1 << 7,
  AF: 1 << 10,
  NG: 1 << 11,
};
/** What a result keeps of the descriptor: bits 11:2. */
const KEPT = 0xffcn;

const TTBCR = { EPD0: 1 << 7, T1SZ_SHIFT: 16, EPD1: 1 << 23 };
const VTCR_SL0_SHIFT = 6;

/** Address bits below what a table's entries choose: 30, 21, 12 at the levels 1, 2, 3. */
const SHIFT = { LEVEL1: 30, LEVEL2: 21, LEVEL3: 12 };

/** Where a walk begins. */
interface Start {
  /** i64: the address in the table's range. */
  readonly input: Variable;
  /** i64: TTBR. */
  readonly base: Operand;
  /** TTBR bits below this are none of the table's address. */
  readonly lowerBound: Operand;
  /** SHIFT of the first level. */
  readonly shift: Operand;
}

/** A block or page descriptor. */
interface Leaf {
  readonly lower: Variable;
  readonly upper: Variable;
  /** The upper words of the table descriptors before it, all in one. */
  readonly tables: Variable;
}

interface Regime {
  /** The register with the byte order of tables. */
  readonly control: number;
  /** Do table addresses go through the second stage? */
  readonly staged: boolean;
  /** What trap codes have besides the status. */
  readonly parts: Operand;
  /** Descriptor bits of the result that have no meaning here. */
  readonly ignored: number;
  /** Is done before a fault. */
  beforeFault?(): void;
  /** A block translates; `gigabyte`: one of 1 GiB. */
  onBlock?(gigabyte: Value): void;
  /** `outside` must leave: no table serves the address. */
  begin(outside: () => void): Start;
  /** `forbidden` must leave: the access is not permitted. */
  check(leaf: Leaf, forbidden: () => void): void;
}

function walk(c: Code, registers: SystemRegisters, access: Variable, regime: Regime): void {
  const fail = (status: Operand): void => {
    regime.beforeFault?.();
    c.return(c.call('mmuFault', 'i64', access, or(shl(status, ABORT.STATUS_SHIFT), regime.parts)));
  };
  const start = regime.begin(() => fail(STATUS.TRANSLATION + 1));
  const { input } = start;
  const shift = c.let(start.shift);
  const failAtLevel = (status: number): void => fail(add(divU(sub(39, shift), 9), status));

  const bound = c.let(zext(start.lowerBound));
  const table = c.let(shl(shrU(and(start.base, 0xff_ffff_ffffn), bound), bound));
  const swapped = c.let(registers.bigEndianTables(regime.control));
  const tables = c.let(0);
  const indexMask = c.let(-1n);
  const descriptor = c.let('i64');
  c.while(1, () => {
    const bits = c.let(zext(shift));
    const address = c.let(or(table, shl(and(shrU(input, bits), indexMask), 3n)));
    if (regime.staged) throughSecondStage(c, address, access);
    const host = tableAt(c, address, () => failAtLevel(STATUS.EXTERNAL_ON_WALK));
    c.set(descriptor, loadAt('i64.load', host));
    c.if(swapped, () => c.set(descriptor, c.call('mmuSwap', 'i64', descriptor)));
    const lower = c.let(low(descriptor));
    c.if(eqz(and(lower, LOW.VALID)), () => failAtLevel(STATUS.TRANSLATION));
    const isLast = eq(shift, SHIFT.LEVEL3);
    // At level 3 bit 1 is a page's; above it a table's, and what does not have it is a block.
    c.if(
      xor(and(shrU(lower, 1), 1), isLast),
      () => {
        c.if(isLast, () => failAtLevel(STATUS.TRANSLATION));
        c.set(table, and(descriptor, ADDRESS_40));
        c.set(tables, or(tables, low(shrU(descriptor, 32n))));
        c.set(shift, sub(shift, 9));
        c.set(indexMask, 0x1ffn);
      },
      () => {
        c.if(eqz(and(lower, LOW.AF)), () => failAtLevel(STATUS.ACCESS_FLAG));
        const upper = c.let(low(shrU(descriptor, 32n)));
        regime.check({ lower, upper, tables }, () => failAtLevel(STATUS.PERMISSION));
        c.if(ne(shift, SHIFT.LEVEL3), () => regime.onBlock?.(eq(shift, SHIFT.LEVEL1)));
        const offset = sub(shl(1n, bits), 1n);
        const output = xor(and(xor(descriptor, input), offset), descriptor);
        c.return(or(and(output, ADDRESS_40), and(descriptor, KEPT & ~BigInt(regime.ignored))));
      },
    );
  });
}

/** Where the tables of a first-stage regime begin, from the size of their range: T0SZ or T1SZ. */
function firstStageStart(c: Code, address: Operand, size: Variable, base: Operand): Start {
  const atLevel2 = geU(size, 2);
  return {
    input: c.let(zext(shrU(shl(address, size), size))),
    base,
    lowerBound: sub(select(atLevel2, 14, 5), size),
    shift: select(atLevel2, SHIFT.LEVEL2, SHIFT.LEVEL1),
  };
}

/** Is the address not one of the lowest 2^(32 - size)? 1 or 0. */
const above = (address: Operand, size: Operand): Value => ne(shrU(shrU(address, 1), sub(31, size)), 0);
/** Is it one of the highest ones? `size` is not 0. */
const atTop = (address: Operand, size: Operand): Value => eqz(shrU(xor(address, -1), sub(32, size)));
/** Not 0 when the descriptor has a bit, or a table descriptor has its own. */
const alsoFrom = (leaf: Leaf, bit: number, tableBit: number): Value =>
  or(and(leaf.upper, bit), and(leaf.tables, tableBit));

/** (address, access): the first stage of the PL1&0 regime. */
function walkLong(registers: SystemRegisters, staged: boolean): WasmFunction {
  return define(staged ? 'walkLongStaged' : 'walkLong', ['i32', 'i32'], 'i64', (c, address, access) =>
    walk(c, registers, access, {
      control: CP15.SCTLR,
      staged,
      parts: ABORT.LONG,
      ignored: 0,
      onBlock: (gigabyte) => registers.noteLarge(c, address, gigabyte),
      begin: (outside) => {
        const ttbcr = c.let(registers.cp15(CP15.TTBCR));
        const size0 = c.let(and(ttbcr, 7));
        const size1 = c.let(and(shrU(ttbcr, TTBCR.T1SZ_SHIFT), 7));
        const second = c.let(select(size1, atTop(address, size1), above(address, size0)));
        const disabled = and(ttbcr, select(second, TTBCR.EPD1, TTBCR.EPD0));
        c.if(or(and(eqz(second), above(address, size0)), disabled), outside);
        const size = c.let(select(second, size1, size0));
        return firstStageStart(c, address, size, registers.ttbr(second));
      },
      check: (leaf, forbidden) => {
        const readOnly = or(and(leaf.lower, LOW.READ_ONLY), and(leaf.tables, HIGH.TABLE_READ_ONLY));
        // PL1 may read everything.
        c.if(access, () => {
          const user = c.let(and(ne(and(leaf.lower, LOW.USER), 0), eqz(and(leaf.tables, HIGH.TABLE_NO_USER))));
          c.if(and(ne(isUser(access), 0), eqz(user)), forbidden);
          const writable = c.let(eqz(readOnly));
          c.if(and(isWrite(access), eqz(writable)), forbidden);
          c.if(isFetch(access), () => {
            const control = c.let(registers.cp15(CP15.SCTLR));
            c.if(alsoFrom(leaf, HIGH.XN, HIGH.TABLE_XN), forbidden);
            c.if(and(ne(and(control, SCTLR.WXN), 0), writable), forbidden);
            c.if(eqz(isUser(access)), () => {
              c.if(alsoFrom(leaf, HIGH.PXN, HIGH.TABLE_PXN), forbidden);
              c.if(and(and(ne(and(control, SCTLR.UWXN), 0), writable), user), forbidden);
            });
          });
        });
      },
    }),
  );
}

/** (address, access): Hyp mode's regime. */
function walkHyp(registers: SystemRegisters): WasmFunction {
  return define('walkHyp', ['i32', 'i32'], 'i64', (c, address, access) =>
    walk(c, registers, access, {
      control: CP15.HSCTLR,
      staged: false,
      parts: ABORT.LONG,
      ignored: LOW.NG,
      onBlock: (gigabyte) => registers.noteLarge(c, address, gigabyte),
      begin: (outside) => {
        const size = c.let(and(registers.cp15(CP15.HTCR), 7));
        c.if(above(address, size), outside);
        return firstStageStart(c, address, size, registers.cp15Pair(CP15.HTTBR));
      },
      check: (leaf, forbidden) => {
        const writable = c.let(eqz(or(and(leaf.lower, LOW.READ_ONLY), and(leaf.tables, HIGH.TABLE_READ_ONLY))));
        c.if(and(isWrite(access), eqz(writable)), forbidden);
        c.if(isFetch(access), () => {
          c.if(alsoFrom(leaf, HIGH.XN, HIGH.TABLE_XN), forbidden);
          c.if(and(ne(and(registers.cp15(CP15.HSCTLR), SCTLR.WXN), 0), writable), forbidden);
        });
      },
    }),
  );
}

/** (intermediate address, access, ABORT.S1PTW for a table of the first stage or 0). */
function secondStage(registers: SystemRegisters): WasmFunction {
  return define('secondStage', ['i64', 'i32', 'i32'], 'i64', (c, address, access, forTable) =>
    walk(c, registers, access, {
      control: CP15.HSCTLR,
      staged: false,
      parts: or(forTable, ABORT.LONG | ABORT.STAGE2),
      ignored: LOW.NG,
      beforeFault: () => registers.storeFaultIpa(c, and(address, ADDRESS_40)),
      begin: (outside) => {
        const control = c.let(registers.cp15(CP15.VTCR));
        const size = c.let(shrS(shl(control, 28), 28));
        const startLevel = c.let(and(shrU(control, VTCR_SL0_SHIFT), 3));
        c.if(geU(startLevel, 2), outside);
        // Ranges that a walk from this level does not have.
        c.if(select(startLevel, gtS(size, 1), ltS(size, -2)), outside);
        c.if(ne(shrU(address, sext(sub(32, size))), 0n), outside);
        return {
          input: address,
          base: registers.cp15Pair(CP15.VTTBR),
          lowerBound: sub(select(startLevel, 5, 14), size),
          shift: select(startLevel, SHIFT.LEVEL1, SHIFT.LEVEL2),
        };
      },
      check: ({ lower, upper }, forbidden) => {
        c.if(
          forTable,
          () => {
            c.if(eqz(and(lower, LOW.HAP_READ)), forbidden);
            const isNormal = and(lower, LOW.MEMORY_TYPE);
            c.if(and(ne(and(registers.cp15(CP15.HCR), HCR.PTW), 0), eqz(isNormal)), forbidden);
          },
          () => {
            c.if(eqz(and(lower, select(isWrite(access), LOW.HAP_WRITE, LOW.HAP_READ))), forbidden);
            c.if(and(ne(isFetch(access), 0), ne(and(upper, HIGH.XN), 0)), forbidden);
          },
        );
      },
    }),
  );
}

export function longWalks(registers: SystemRegisters): readonly WasmFunction[] {
  return [walkLong(registers, false), walkLong(registers, true), walkHyp(registers), secondStage(registers)];
}
