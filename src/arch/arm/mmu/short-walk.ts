// Walks of the tables of the short-descriptor format (ARM DDI 0406C: B3.5, B3.7, B3.19.5).
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  gtU,
  loadAt,
  low,
  ne,
  type Operand,
  or,
  select,
  shl,
  shrU,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { ABORT, CP15, SCTLR } from '../registers.ts';
import {
  define,
  FS,
  isFetch,
  isUser,
  isWrite,
  PAGE_OFFSET,
  type SystemRegisters,
  tableAt,
  throughSecondStage,
  WALK_NG_SHIFT,
  WALK_S_SHIFT,
  WALK_SUPERSECTION,
  WALK_TEX_SHIFT,
} from './words.ts';

const TTBCR = { N: 7, PD0: 1 << 4, PD1: 1 << 5 };
const SUPERSECTION = 1 << 18;
const MANAGER = 3;

/** Values of AP[2:0] that permit an access, as sets. */
const MAY = { userRead: 0b11001100, userWrite: 0b00001000, read: 0b11101110, write: 0b00001110 };

const field = (word: Operand, at: number, mask: number): Value => and(at === 0 ? word : shrU(word, at), mask);
/** Bits of a descriptor moved to another place. */
const moved = (word: Operand, from: number, mask: number, to: number): Value => shl(field(word, from, mask), to);

/** (address, access): the first stage of the PL1&0 regime. */
function walkShort(registers: SystemRegisters, staged: boolean): WasmFunction {
  return define(staged ? 'walkShortStaged' : 'walkShort', ['i32', 'i32'], 'i64', (c, address, access) => {
    const control = c.let(registers.cp15(CP15.SCTLR));
    const domain = c.let(0);
    /** Not 0 in a table of the second level. */
    const second = c.let(0);
    const fail = (status: Operand): void =>
      c.return(c.call('mmuFault', 'i64', access, or(shl(status, ABORT.STATUS_SHIFT), shl(domain, ABORT.DOMAIN_SHIFT))));
    const failAtLevel = ([section, page]: readonly [number, number]): void => fail(select(second, page, section));
    const descriptorAt = (at: Operand): Variable => {
      const place = c.let(zext(at));
      if (staged) throughSecondStage(c, place, access);
      const descriptor = c.let(
        loadAt(
          'i32.load',
          tableAt(c, place, () => failAtLevel(FS.EXTERNAL_ON_WALK)),
        ),
      );
      c.if(and(control, SCTLR.EE), () => c.set(descriptor, low(shrU(c.call('mmuSwap', 'i64', zext(descriptor)), 32n))));
      return descriptor;
    };

    const section = descriptorAt(firstLevel(c, registers, address, () => failAtLevel(FS.TRANSLATION)));
    c.if(eqz(and(section, 3)), () => failAtLevel(FS.TRANSLATION));
    /** Address bits of what the descriptor describes that come from `address`. */
    const offset = c.let('i32');
    const output = c.let('i32');
    const ap = c.let('i32');
    const never = c.let('i32');
    const neverPrivileged = c.let('i32');
    /** What the result has above and below the output address. */
    const high = c.let(0);
    const attributes = c.let('i32');
    c.if(
      eq(and(section, 3), 1),
      () => {
        c.set(domain, field(section, 5, 15));
        c.set(second, 1);
        const page = descriptorAt(or(and(section, ~0x3ff), moved(address, 12, 0xff, 2)));
        c.if(eqz(and(page, 3)), () => failAtLevel(FS.TRANSLATION));
        const isSmall = c.let(and(page, 2));
        c.set(output, page);
        c.set(offset, select(isSmall, 0xfff, 0xffff));
        c.set(ap, or(field(page, 4, 3), field(page, 7, 4)));
        c.set(never, select(isSmall, and(page, 1), field(page, 15, 1)));
        c.set(neverPrivileged, field(section, 2, 1));
        c.set(attributes, or(moved(page, 11, 1, WALK_NG_SHIFT), moved(page, 10, 1, WALK_S_SHIFT)));
        c.set(attributes, or(attributes, moved(page, 2, 3, WALK_TEX_SHIFT)));
        const tex = select(isSmall, field(page, 6, 7), field(page, 12, 7));
        c.set(attributes, or(attributes, shl(tex, WALK_TEX_SHIFT + 2)));
      },
      () => {
        c.set(output, section);
        c.set(offset, 0xfffff);
        c.set(ap, or(field(section, 10, 3), field(section, 13, 4)));
        c.set(never, field(section, 4, 1));
        c.set(neverPrivileged, and(section, 1));
        c.set(attributes, or(moved(section, 17, 1, WALK_NG_SHIFT), moved(section, 16, 1, WALK_S_SHIFT)));
        c.set(attributes, or(attributes, moved(section, 2, 3, WALK_TEX_SHIFT)));
        c.set(attributes, or(attributes, moved(section, 12, 7, WALK_TEX_SHIFT + 2)));
        c.if(
          and(section, SUPERSECTION),
          () => {
            c.set(offset, 0xffffff);
            c.set(high, or(field(section, 20, 15), moved(section, 5, 15, 4)));
            c.set(attributes, or(attributes, WALK_SUPERSECTION));
          },
          () => c.set(domain, field(section, 5, 15)),
        );
      },
    );
    c.if(and(control, SCTLR.AFE), () => {
      c.if(eqz(and(ap, 1)), () => failAtLevel(FS.ACCESS_FLAG));
    });
    const role = c.let(field(shrU(registers.cp15(CP15.DACR), shl(domain, 1)), 0, 3));
    c.if(ne(role, MANAGER), () => {
      c.if(eqz(and(role, 1)), () => failAtLevel(FS.DOMAIN));
      checkPermission(c, { access, control, ap, never, neverPrivileged }, () => failAtLevel(FS.PERMISSION));
    });
    c.if(gtU(offset, PAGE_OFFSET), () => registers.noteLarge(c, address, 0));
    c.set(attributes, or(attributes, shl(registers.isMoving(domain), WALK_NG_SHIFT)));
    const below = or(and(output, xorOnes(offset)), and(address, and(offset, ~0xfff)));
    c.return(or(or(zext(below), zext(attributes)), shl(zext(high), 32n)));
  });
}

const xorOnes = (word: Operand): Value => sub(-1, word);

/** Where the first-level descriptor is; `outside` must leave: no table serves the address. */
function firstLevel(c: Code, registers: SystemRegisters, address: Variable, outside: () => void): Value {
  const ttbcr = c.let(registers.cp15(CP15.TTBCR));
  const n = c.let(and(ttbcr, TTBCR.N));
  const upper = c.let(ne(shrU(shrU(address, 1), sub(31, n)), 0));
  c.if(and(ttbcr, select(upper, TTBCR.PD1, TTBCR.PD0)), outside);
  const lowerBound = c.let(sub(14, select(upper, 0, n)));
  const table = c.let(shl(shrU(low(registers.ttbr(upper)), lowerBound), lowerBound));
  return add(table, moved(address, 20, 0xfff, 2));
}

interface Checked {
  readonly access: Variable;
  readonly control: Variable;
  readonly ap: Variable;
  readonly never: Variable;
  readonly neverPrivileged: Variable;
}

/** The access permissions of a client domain. */
function checkPermission(c: Code, checked: Checked, forbidden: () => void): void {
  const { access, control, ap, never, neverPrivileged } = checked;
  const permits = (set: Operand): Value => and(shrU(set, ap), 1);
  const readable = select(isUser(access), MAY.userRead, MAY.read);
  const writable = c.let(permits(select(isUser(access), MAY.userWrite, MAY.write)));
  c.if(
    isWrite(access),
    () => c.if(eqz(writable), forbidden),
    () => c.if(eqz(permits(readable)), forbidden),
  );
  c.if(isFetch(access), () => {
    c.if(never, forbidden);
    c.if(and(ne(and(control, SCTLR.WXN), 0), writable), forbidden);
    c.if(eqz(isUser(access)), () => {
      c.if(neverPrivileged, forbidden);
      c.if(and(ne(and(control, SCTLR.UWXN), 0), permits(MAY.userWrite)), forbidden);
    });
  });
}

export function shortWalks(registers: SystemRegisters): readonly WasmFunction[] {
  return [walkShort(registers, false), walkShort(registers, true)];
}
