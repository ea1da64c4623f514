// Page tables of random ARM programs: short descriptors or LPAE, over the same virtual addresses (ARM DDI 0406C, B3.5, B3.6).
import type { Random } from '../oracle/random.ts';
import {
  ALIAS,
  ALIAS_PAGES,
  CODE,
  CODE_END,
  DATA,
  FIRST_TABLE,
  LAST_TABLE,
  MMIO_PHYSICAL,
  MMIO_VIRTUAL,
  PAGE,
  RAM_BYTES,
  SECOND_STAGE,
  SECTION,
  SPARE,
  STACKS,
} from './places.ts';

export type Format = 'off' | 'short' | 'long';

/** Who may do what with a page. */
export interface Rights {
  readonly user: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly global: boolean;
  readonly present: boolean;
}

const ALL: Rights = { user: true, writable: true, executable: true, global: true, present: true };
const KERNEL: Rights = { ...ALL, user: false };

export function randomRights(random: Random, executable: boolean): Rights {
  return {
    user: random.chance(92),
    writable: random.chance(92),
    executable: executable ? random.chance(97) : random.chance(60),
    global: random.chance(60),
    present: random.chance(97),
  };
}

/** Words of a last-level entry: one for short descriptors, two for long ones. */
export function entry(format: Format, physical: number, rights: Rights): number[] {
  if (!rights.present) return format === 'long' ? [0, 0] : [0];
  if (format === 'long') {
    const ap = (rights.user ? 1 << 6 : 0) | (rights.writable ? 0 : 1 << 7);
    const low = physical | 3 | ap | (3 << 8) | (1 << 10) | (rights.global ? 0 : 1 << 11);
    return [low >>> 0, rights.executable ? 0 : 1 << 22];
  }
  // AP: 1 kernel, 3 everybody; with APX read-only.
  const ap = rights.user
    ? rights.writable
      ? 3 << 4
      : (1 << 9) | (3 << 4)
    : rights.writable
      ? 1 << 4
      : (1 << 9) | (1 << 4);
  return [physical | 2 | (rights.executable ? 0 : 1) | (3 << 2) | ap | (rights.global ? 0 : 1 << 11)];
}

/** Address of the entry of a virtual page below a megabyte. */
export const entryAddress = (format: Format, address: number): number =>
  LAST_TABLE + (address >>> 12) * (format === 'long' ? 8 : 4);

/** Write the tables; `put` writes a word of them. */
export function writeTables(format: Format, random: Random, put: (at: number, word: number) => void): void {
  const put2 = (at: number, words: readonly number[]): void => {
    for (const [i, word] of words.entries()) put(at + 4 * i, word);
  };
  if (format === 'off') return;
  if (format === 'short') {
    put(FIRST_TABLE, LAST_TABLE | 1);
    const section = (virtual: number, bits: number): void => put(FIRST_TABLE + 4 * (virtual >>> 20), bits);
    section(MMIO_VIRTUAL, MMIO_PHYSICAL | 2 | (1 << 2) | (3 << 10));
    section(SECTION, 2 | (3 << 2) | (3 << 10) | (random.chance(50) ? 1 << 17 : 0));
  } else {
    put2(FIRST_TABLE, [LAST_TABLE | 3, 0]);
    put2(FIRST_TABLE + 8 * (MMIO_VIRTUAL >>> 21), [MMIO_PHYSICAL | 1 | (1 << 2) | (1 << 6) | (1 << 10), 0]);
    put2(FIRST_TABLE + 8 * (SECTION >>> 21), [1 | (1 << 6) | (3 << 8) | (1 << 10), 0]);
  }
  const map = (virtual: number, physical: number, rights: Rights): void =>
    put2(entryAddress(format, virtual), entry(format, physical, rights));
  map(0, 0, random.chance(70) ? KERNEL : ALL);
  for (let page = CODE; page < RAM_BYTES; page += PAGE) {
    if (page < CODE_END)
      map(page, page, { ...ALL, writable: random.chance(85), global: random.chance(70), user: random.chance(97) });
    else if (page >= DATA && page < STACKS) map(page, page, randomRights(random, false));
    else if (page >= STACKS && page < SPARE) map(page, page, ALL);
    else map(page, page, KERNEL);
  }
  for (let n = 0; n < ALIAS_PAGES; n++) map(ALIAS + n * PAGE, n * PAGE, randomRights(random, true));
}

/** The second stage, for VTCR with SL0 = 1 and T0SZ = 0: everything as it is, the pages of RAM with rights of their own. */
export function writeSecondStage(random: Random, put: (at: number, word: number) => void): void {
  const [blocks, pages] = [SECOND_STAGE + PAGE, SECOND_STAGE + 2 * PAGE];
  const put2 = (at: number, low: number): void => {
    put(at, low >>> 0);
    put(at + 4, 0);
  };
  const attributes = (0xf << 2) | (3 << 8) | (1 << 10);
  put2(SECOND_STAGE, blocks | 3);
  for (let n = 1; n < 4; n++) put2(SECOND_STAGE + 8 * n, (n << 30) | 1 | attributes | (3 << 6));
  put2(blocks, pages | 3);
  for (let n = 1; n < 512; n++) put2(blocks + 8 * n, (n << 21) | 1 | attributes | (3 << 6));
  for (let n = 0; n < 512; n++) {
    const refuses = n * PAGE >= DATA && random.chance(4);
    put2(pages + 8 * n, refuses && random.chance(50) ? 0 : (n * PAGE) | 3 | attributes | ((refuses ? 1 : 3) << 6));
  }
}
