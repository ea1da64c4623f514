// Where things lie in a VM's one WebAssembly.Memory. Everything the generated program addresses is at a fixed place, so that one program
// serves every VM; the arena (guest RAM) and the record pool follow the tables and are reached through table entries only.
//
//   0x0000000  engine words, jump record, state banks of the active vCPU
//   0x0010000  descriptors of region entries
//   0x00e0000  what indirect jumps of regions have been seen to do; where regions have left to
//   0x00f0000  lockstep: log of the stores
//   0x0100000  code map: one byte per 256-byte line of the memory, non-zero = predecoded records exist
//   0x1100000  page map: one word per 4 KiB page of the memory, see PAGE; and another one for the records of a second instruction set
//   0x1900000  per vCPU and privilege: read, write and fetch tables (4 bytes per 4 KiB page of the address space), and lists of what is filled
//   arena      guest RAM, then the record pool, then a region word per record

import { WORD_PC } from '../isa/state-words.ts';

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
const WASM_PAGE = 65536;
export const MAX_WASM_PAGES = 65536;

/** Engine words: byte addresses of 32-bit (or, where said, 64-bit) words. */
export const WORD = {
  /** In and out: pc of the next instruction; always a step boundary on entry. */
  PC: WORD_PC,
  /** Out: the instruction at PC sits in a delay slot (a leave in mid-step; the host rewinds to the branch). */
  IN_SLOT: 0x14,
  /** Instructions left of BUDGET; negative after a step that crossed the deadline. */
  LEFT: 0x18,
  /** Executed so far = BUDGET - LEFT. A cut lowers both. */
  BUDGET: 0x1c,
  /** Why the run ended (WHY). */
  WHY: 0x20,
  /** Code of the trap being raised. */
  TRAP_CODE: 0x24,
  /** The link register's value before the last linking branch, its address, and that branch's ip: a fault in the slot takes the link back. */
  LINK_OLD: 0x28,
  LINK_ADDRESS: 0x3c,
  LINK_BRANCH: 0x50,
  /** Tables of the active vCPU, and of its current privilege. */
  TABLES: 0x2c,
  CURRENT_TABLES: 0x30,
  /** Address of the last faulting access. */
  FAULT_ADDRESS: 0x34,
  /** Reservation: host address of the linked line, or 0. */
  RESERVATION: 0x38,
  /** KVM's pc of the instruction that has an event or a slow access: its branch's in a delay slot. Kept by the program that observes only. */
  EXIT_PC: 0x54,
  /** The numbers of the table sets that a vCPU has used since the host cleared it, one on top of the other: user mode's are odd. Host only. */
  USER_SEEN: 0x58,
  /** LEFT when the last region was left. */
  REGION_LEFT: 0xe4,
  /** A record's region word lies at (ip >>> regionWordShift) + this: the descriptor of an entry; elsewhere how often compiled code has gone on there. */
  REGION_WORDS: 0x60,
  /** Times that compiled code goes on at a place that is not compiled before that is noted (LEFT_TO): a power of two, less one. */
  OFTEN_LEFT: 0x70,
  /** Bytes of LEFT_TO in use. */
  PLACES_LEFT: 0x74,
  /** Lockstep: how many region entries run their record's own handler before the next one leaves to the host. */
  OWN_HANDLERS: 0x64,
  /** Lockstep: offset of the next entry in the store log. */
  STORES_LOGGED: 0x68,
  /** Lockstep: descriptor of the region that begins at PC. */
  DESCRIPTOR: 0x6c,
  /** Table sets of all vCPUs: where they end. */
  TABLES_END: 0x78,
  /** Not 0 while an instruction may have answers from outside (exit-box.ts): no read is served without the host. */
  ANSWERED: 0xe0,
  /** Not 0 while the host wants to see which pages are fetched from: no fetch entry is filled without it (host-watch.ts). Host only. */
  FETCH_WATCHED: 0xe8,
  /** Address of the last access that raised an exception; exceptions taken, which are written down (EXCEPTION_RING). Host only. */
  FAULTED: 0xec,
  EXCEPTIONS_TAKEN: 0xf0,
  /** 64-bit: guest time at BUDGET - LEFT = 0, and nanoseconds per instruction. */
  NOW_BASE: 0x40,
  NS_PER_INSTRUCTION: 0x48,
} as const;

/**
 * Longest single run of the program, in instructions. V8 replaces baseline code only when a function is entered anew (ENGINE: no on-stack
 * replacement), so runs begin short where code is new.
 */
export const LONGEST_RUN = 400_000;

/** Values of WORD.WHY. */
export const WHY = {
  BUDGET: 0,
  /** Raise the exception in TRAP_CODE (never seen by the host). */
  TRAP: 1,
  /** No fetch translation for PC. */
  FETCH: 2,
  /** The instruction needs an answer from outside and runs again. */
  EXIT: 3,
  /** A jump to itself. */
  SPIN: 4,
  /** An instruction whose execution the host wants to hear of; it has not run yet. */
  WATCH: 5,
  /** Lockstep: compiled code begins here; the host runs it and the interpreter, and compares. */
  REGION: 6,
} as const;

/** The trampoline record: going there performs a jump to the address in global TARGET. */
export const JUMP_RECORD = 0x100;
/** Memory slots (16 at most), as the slow paths know them: their number, then 16 bytes each (SLOT). */
export const SLOT_COUNT = 0x200;
export const SLOTS = 0x210;
export const SLOT_SIZE = 16;
/** Words of a slot: guest-physical address, bytes (both below 4 GiB), host address, and whether writes need the host (READONLY, dirty log). */
export const SLOT = { GPA: 0, SIZE: 4, HOST: 8, WATCHED: 12 } as const;
/** Banks that all vCPUs share. */
export const SHARED_BASE = 0x320;
/** A place for the record of an instruction that begins on one page and ends on the next, with a sentinel after it. */
export const SPLIT_RECORD = 0x3a0;
/** First byte of the active vCPU's state banks. */
export const STATE_BASE = 0x400;
/** State must end below this. */
export const STATE_LIMIT = 0xf700;
/** The last exceptions that vCPUs have taken, for debuggers: a ring (EXCEPTION). */
export const EXCEPTION_RING = STATE_LIMIT;
export const EXCEPTION_SIZE = 32;
export const EXCEPTIONS_KEPT = 64;
/** Words of one: trap code, pc of the instruction, whether it was in a delay slot, WORD.FAULTED, WORD.TABLES; 64-bit: guest nanoseconds. */
export const EXCEPTION = { TRAP: 0, PC: 4, IN_SLOT: 8, ADDRESS: 12, TABLES: 16, NOW: 24 } as const;
/** Words that a load of many registers, 32 at most, has read so far. */
export const MANY = 0xff80;

/** Descriptors of region entries. */
export const DESCRIPTORS = 0x10000;
export const DESCRIPTOR_SIZE = 16;
export const DESCRIPTORS_END = 0xe0000;
/** Words of a descriptor: the virtual pc it was compiled for, the function's place in the table, the block to begin at, the record's own handler. */
export const DESCRIPTOR = { PC: 0, FUNCTION: 4, BLOCK: 8, HANDLER: 12 } as const;

/** Indirect jumps of regions: eight targets seen, by bits 4:2 of the target, and how often the jump has left. */
export const SITES = 0xe0000;
export const SITE_SIZE = 64;
export const SITES_END = 0xefc00;
export const SITE = { TARGETS: 0, COUNT: 32 } as const;

/** Where compiled code has often gone on that is not compiled: virtual pc, address of the record. */
export const LEFT_TO = 0xefc00;
export const LEFT_TO_ENTRY = 8;
export const LEFT_TO_SIZE = 0x400;

/** Lockstep's log of stores, a ring: host address of the word, and what it held before. */
export const STORE_LOG = 0xf0000;
export const STORE_LOG_SIZE = 0x10000;
export const STORE_LOG_ENTRY = 8;

export const CODE_MAP = 0x100000;
export const CODE_LINE_SHIFT = 8;

/** What is known of each page of the memory: PAGE.UNKNOWN, PAGE.WRITTEN, or the address of its predecoded records. */
export const PAGE_MAP = 0x1100000;
export const PAGE = {
  UNKNOWN: 0,
  /** Has been written (GuestMemory knows), and has no records: write entries may be filled without the host. */
  WRITTEN: 1,
} as const;

/** The page map of the instruction set of halfwords lies so far behind that of words. */
export const PAGE_MAP_SIZE = 0x400000;

/** Table sets: per vCPU, per privilege. Entries are 0 for a miss. */
export const TABLE_SETS = 0x1900000;
const TABLE_SIZE = 0x400000;
export const READ_TABLE = 0;
export const WRITE_TABLE = TABLE_SIZE;
export const FETCH_TABLE = 2 * TABLE_SIZE;
/** After the tables, per FILL kind: how many entries are listed, and the byte addresses of their words in the read table. */
export const FILL_LISTS = 3 * TABLE_SIZE;
export const FILL_LIST_SIZE = 0x10000;
export const SET_SIZE = FILL_LISTS + 4 * FILL_LIST_SIZE;
/** What drops a filled page: only a change of slots, a change of the guest's TLB, or a change of address space too. */
export const FILL = { FIXED: 0, GLOBAL: 1, SPACE: 2, COUNT: 3 } as const;
/** A full list is emptied. */
export const MAX_LISTED = FILL_LIST_SIZE / 4 - 1;

/** Predecoded records: 16 bytes per word of code, 1024 per page and a sentinel; an instruction of a halfword has 8. */
export const RECORD_SIZE = 16;
export const HALF_RECORD_SIZE = 8;
export const RECORD_SHIFT = 2; // ip advances 4 bytes per byte of pc
export const RECORD_PAGE_SIZE = (PAGE_SIZE / 4 + 1) * RECORD_SIZE;

/** Handler numbers that are not rows. */
export const HANDLER = {
  /** Zeroed memory: not decoded yet. */
  UNDECODED: 0,
  END_OF_PAGE: 1,
  JUMP: 2,
  RESERVED: 3,
  /** Enter compiled code: the record's region word has the address of a descriptor. */
  REGION: 4,
  SELF_JUMP: 5,
  WATCH: 6,
  /** The instruction goes on on the next page. */
  SPLIT: 7,
  FIRST_ROW: 8,
} as const;

/** Mutable i32 globals of the program. */
export const GLOBAL = {
  /** pc = (ip >>> RECORD_SHIFT) + DELTA on the current page. */
  DELTA: 0,
  /** Where the jump record goes. */
  TARGET: 1,
  /** ip of the last branch; an instruction is in its slot iff BRANCH + RECORD_SIZE == ip. */
  BRANCH: 2,
  COUNT: 3,
} as const;

export interface MemoryPlan {
  readonly tableSets: number;
  readonly arena: number;
  readonly arenaSize: number;
  readonly records: number;
  readonly recordPages: number;
  /** Region words: 4 bytes per record. */
  readonly regionWords: number;
  readonly wasmPages: number;
}

const MAX_RECORD_PAGES = 8192;

/** A record's region word: 4 bytes for 16, or where there are records of 8 bytes, for 8. */
export function regionWordShift(halfRecords: boolean): number {
  return halfRecords ? 1 : 2;
}

/** Place the arena and the record pool. `arenaSize` is in bytes; throws RangeError when 4 GiB do not hold it. */
export function planMemory(vcpus: number, privileges: number, arenaSize: number, halfRecords = false): MemoryPlan {
  const arena = TABLE_SETS + vcpus * privileges * SET_SIZE;
  const size = Math.ceil(arenaSize / PAGE_SIZE) * PAGE_SIZE;
  // Every record has one before it, the first one too (pairs.ts).
  const records = (Math.ceil((arena + size) / RECORD_SIZE) + 1) * RECORD_SIZE;
  const limit = MAX_WASM_PAGES * WASM_PAGE;
  const wanted = Math.min(MAX_RECORD_PAGES, Math.max(64, size / PAGE_SIZE));
  const perPage = RECORD_PAGE_SIZE + (RECORD_PAGE_SIZE >>> regionWordShift(halfRecords));
  const recordPages = Math.min(wanted, Math.floor((limit - records) / perPage));
  if (recordPages < 64) throw new RangeError(`${arenaSize} bytes of guest memory do not fit in one 4 GiB memory`);
  const regionWords = records + recordPages * RECORD_PAGE_SIZE;
  const wasmPages = Math.ceil((records + recordPages * perPage) / WASM_PAGE);
  return { tableSets: vcpus * privileges, arena, arenaSize: size, records, recordPages, regionWords, wasmPages };
}
