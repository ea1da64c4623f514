// table: the registers of coprocessor 14, debug, ThumbEE and Jazelle, as a Cortex-A15 shows them (ARM DDI 0406C: C11, A2.9, A2.10). Breakpoints and
// watchpoints are kept and never hit. What is not in it is UNDEFINED.
import { CP15 } from '../registers.ts';
import { describe, type Properties, READ, RIGHT, type SystemRegister, TRAP_GROUP, WRITE } from './description.ts';
import { PLACE } from './places.ts';
import { key32, key64 } from './registers.ts';

const TID0 = 15;

const DEBUG = { group: TRAP_GROUP.DEBUG, onlyBare: true } as const;
const OS_DEBUG = { group: TRAP_GROUP.OS_DEBUG, onlyBare: true } as const;
const ONLY_READ = { write: RIGHT.NONE } as const;
const ONLY_WRITE = { read: RIGHT.NONE, writes: WRITE.IGNORE } as const;
const ZERO = { reads: READ.ZERO, writes: WRITE.IGNORE } as const;
const USER = { read: RIGHT.DEBUG } as const;

type Entry = readonly [opc1: number, crn: number, crm: number, opc2: number, name: string, properties: Properties];

const several = (name: string, count: number, first: number, opc2: number, place: number): Entry[] =>
  Array.from({ length: count }, (_, n) => [
    0,
    0,
    first + n,
    opc2,
    `${name}${first + n}`,
    { ...DEBUG, place: place + n },
  ]);

const ENTRIES: readonly Entry[] = [
  [0, 0, 0, 0, 'DBGDIDR', { ...DEBUG, ...USER, ...ONLY_READ, place: PLACE.DBGDIDR }],
  [0, 0, 1, 0, 'DBGDSCRint', { ...DEBUG, ...USER, ...ONLY_READ, place: CP15.DBGDSCR }],
  [0, 0, 5, 0, 'DBGDTRint', { ...DEBUG, ...USER, write: RIGHT.DEBUG, place: PLACE.DBGDTR }],
  [0, 0, 6, 0, 'DBGWFAR', { ...DEBUG, ...ZERO }],
  [0, 0, 7, 0, 'DBGVCR', { ...DEBUG, place: CP15.DBGVCR }],
  [0, 0, 0, 2, 'DBGDTRRXext', { ...DEBUG, place: PLACE.DBGDTR }],
  [0, 0, 2, 2, 'DBGDSCRext', { ...DEBUG, place: CP15.DBGDSCR, writes: WRITE.DBGDSCR }],
  [0, 0, 3, 2, 'DBGDTRTXext', { ...DEBUG, place: PLACE.DBGDTR }],
  ...several('DBGBVR', 6, 0, 4, PLACE.DBGBVR),
  ...several('DBGBCR', 6, 0, 5, PLACE.DBGBCR),
  ...several('DBGWVR', 4, 0, 6, PLACE.DBGWVR),
  ...several('DBGWCR', 4, 0, 7, PLACE.DBGWCR),
  [0, 1, 4, 1, 'DBGBXVR4', { ...DEBUG, place: PLACE.DBGBXVR }],
  [0, 1, 5, 1, 'DBGBXVR5', { ...DEBUG, place: PLACE.DBGBXVR + 1 }],
  // There are no debug ROM tables: the addresses are not valid.
  [0, 1, 0, 0, 'DBGDRAR', { ...USER, ...ONLY_READ, ...ZERO, write: RIGHT.NONE, group: TRAP_GROUP.DEBUG_ROM }],
  [0, 2, 0, 0, 'DBGDSAR', { ...USER, ...ONLY_READ, ...ZERO, write: RIGHT.NONE, group: TRAP_GROUP.DEBUG_ROM }],
  [0, 1, 0, 4, 'DBGOSLAR', { ...OS_DEBUG, ...ONLY_WRITE, writes: WRITE.DBGOSLAR }],
  [0, 1, 1, 4, 'DBGOSLSR', { ...OS_DEBUG, ...ONLY_READ, place: PLACE.DBGOSLSR }],
  [0, 1, 3, 4, 'DBGOSDLR', { ...OS_DEBUG, ...ZERO }],
  [0, 1, 4, 4, 'DBGPRCR', { ...OS_DEBUG, place: PLACE.DBGPRCR }],
  [0, 1, 5, 4, 'DBGPRSR', { ...OS_DEBUG, ...ONLY_READ, reads: READ.ONE }],
  [0, 7, 8, 6, 'DBGCLAIMSET', { ...DEBUG, reads: READ.CLAIM, writes: WRITE.CLAIM_SET }],
  [0, 7, 9, 6, 'DBGCLAIMCLR', { ...DEBUG, place: PLACE.DBGCLAIM, writes: WRITE.CLAIM_CLEAR }],
  [0, 7, 14, 6, 'DBGAUTHSTATUS', { ...DEBUG, ...ONLY_READ, reads: READ.AUTHENTICATION }],
  [0, 7, 0, 7, 'DBGDEVID2', { ...DEBUG, ...ONLY_READ, reads: READ.ZERO }],
  [0, 7, 1, 7, 'DBGDEVID1', { ...DEBUG, ...ONLY_READ, reads: READ.ZERO }],
  [0, 7, 2, 7, 'DBGDEVID', { ...DEBUG, ...ONLY_READ, place: PLACE.DBGDEVID }],

  [6, 0, 0, 0, 'TEECR', { place: CP15.TEECR, group: TRAP_GROUP.THUMBEE, writes: WRITE.TEECR }],
  [
    6,
    1,
    0,
    0,
    'TEEHBR',
    {
      ...{ place: CP15.TEEHBR, group: TRAP_GROUP.THUMBEE, read: RIGHT.THUMBEE, write: RIGHT.THUMBEE },
    },
  ],
  // Jazelle, as trivial as it may be.
  [7, 0, 0, 0, 'JIDR', { ...ZERO, hcr: TID0, read: RIGHT.ALL }],
  [7, 1, 0, 0, 'JOSCR', { ...ZERO, group: TRAP_GROUP.JAZELLE }],
  [7, 2, 0, 0, 'JMCR', { ...ZERO, group: TRAP_GROUP.JAZELLE, write: RIGHT.ALL }],
];

export const CP14_REGISTERS: ReadonlyMap<number, SystemRegister> = new Map(
  ENTRIES.map(([opc1, crn, crm, opc2, name, properties]) => [key32(opc1, crn, crm, opc2), describe(name, properties)]),
);

const ROM = { ...USER, ...ZERO, write: RIGHT.NONE, group: TRAP_GROUP.DEBUG_ROM } as const;

export const CP14_REGISTERS_64: ReadonlyMap<number, SystemRegister> = new Map([
  [key64(0, 1), describe('DBGDRAR', ROM)],
  [key64(0, 2), describe('DBGDSAR', ROM)],
]);
