// table: the MIPS32 release 2 user integer instructions with their encodings (MIPS32 Architecture Volume II), as makers of
// random words. Written apart from src/arch/mips on purpose: the oracle shares nothing with what it judges.
// Left out: what qemu-user and a kernel-mode guest cannot agree on (SYSCALL, BREAK as an instruction, RDHWR, CACHE), codes that
// Linux turns into other signals (trap codes 6 and 7), and operands that are UNPREDICTABLE.
import { Draft } from './draft.ts';
import { WINDOW_BASE, WINDOW_BYTES } from './machine.ts';

const SPECIAL = 0x00;
const REGIMM = 0x01;
const SPECIAL2 = 0x1c;
const SPECIAL3 = 0x1f;

const r = (opcode: number, rs: number, rt: number, rd: number, sa: number, funct: number): number =>
  ((opcode << 26) | (rs << 21) | (rt << 16) | (rd << 11) | (sa << 6) | funct) >>> 0;
const i = (opcode: number, rs: number, rt: number, immediate: number): number =>
  ((opcode << 26) | (rs << 21) | (rt << 16) | (immediate & 0xffff)) >>> 0;

/** Makes one instruction word from a draft's registers. */
export interface Maker {
  readonly name: string;
  readonly make: (d: Draft) => number;
}

/** rd, rs, rt. */
const threeRegisters = (name: string, opcode: number, funct: number, sa = 0): Maker => ({
  name,
  make: (d) => r(opcode, d.source(), d.source(), d.destination(), sa, funct),
});
/** rd, rt, sa; `rs` distinguishes SRL from ROTR. */
const shift = (name: string, funct: number, rs = 0): Maker => ({
  name,
  make: (d) => r(SPECIAL, rs, d.source(), d.destination(), d.random.below(32), funct),
});
/** rd, rt: the SPECIAL3 BSHFL group. */
const bshfl = (name: string, sa: number): Maker => ({
  name,
  make: (d) => r(SPECIAL3, 0, d.source(), d.destination(), sa, 0x20),
});
/** rd, rs; the rt field repeats rd. */
const count = (name: string, funct: number): Maker => ({
  name,
  make: (d) => {
    const rs = d.source();
    const rd = d.destination();
    return r(SPECIAL2, rs, rd, rd, 0, funct);
  },
});
/** rs, rt, into HI and LO. */
const multiply = (name: string, opcode: number, funct: number): Maker => ({
  name,
  make: (d) => r(opcode, d.source(), d.source(), 0, 0, funct),
});
/** The divisor is not 0, and the quotient fits: the rest is UNPREDICTABLE. */
const divide = (name: string, funct: number): Maker => ({
  name,
  make: (d) => {
    const rs = d.known();
    const value = d.random.chance(50) ? d.random.word() : d.random.below(200) - 100;
    const overflows = value >>> 0 === 0xffffffff && d.gpr[rs] === 0x80000000;
    return r(SPECIAL, rs, d.holding(value === 0 || overflows ? 7 : value), 0, 0, funct);
  },
});
/** rt, rs, immediate. */
const immediate = (name: string, opcode: number): Maker => ({
  name,
  make: (d) => {
    const value = d.random.chance(30) ? d.random.pick([0, 1, 0xffff, 0x8000, 0x7fff]) : d.random.below(0x10000);
    return i(opcode, d.source(), d.destination(), value);
  },
});

/** Instructions that touch only registers: no memory, no condition on operands, no exception. */
export const REGISTER_MAKERS: readonly Maker[] = [
  shift('sll', 0x00),
  shift('srl', 0x02),
  shift('rotr', 0x02, 1),
  shift('sra', 0x03),
  threeRegisters('sllv', SPECIAL, 0x04),
  threeRegisters('srlv', SPECIAL, 0x06),
  threeRegisters('rotrv', SPECIAL, 0x06, 1),
  threeRegisters('srav', SPECIAL, 0x07),
  threeRegisters('movz', SPECIAL, 0x0a),
  threeRegisters('movn', SPECIAL, 0x0b),
  { name: 'sync', make: (d) => r(SPECIAL, 0, 0, 0, d.random.below(32), 0x0f) },
  { name: 'mfhi', make: (d) => r(SPECIAL, 0, 0, d.destination(), 0, 0x10) },
  { name: 'mthi', make: (d) => r(SPECIAL, d.source(), 0, 0, 0, 0x11) },
  { name: 'mflo', make: (d) => r(SPECIAL, 0, 0, d.destination(), 0, 0x12) },
  { name: 'mtlo', make: (d) => r(SPECIAL, d.source(), 0, 0, 0, 0x13) },
  multiply('mult', SPECIAL, 0x18),
  multiply('multu', SPECIAL, 0x19),
  threeRegisters('addu', SPECIAL, 0x21),
  threeRegisters('subu', SPECIAL, 0x23),
  threeRegisters('and', SPECIAL, 0x24),
  threeRegisters('or', SPECIAL, 0x25),
  threeRegisters('xor', SPECIAL, 0x26),
  threeRegisters('nor', SPECIAL, 0x27),
  threeRegisters('slt', SPECIAL, 0x2a),
  threeRegisters('sltu', SPECIAL, 0x2b),
  immediate('addiu', 0x09),
  immediate('slti', 0x0a),
  immediate('sltiu', 0x0b),
  immediate('andi', 0x0c),
  immediate('ori', 0x0d),
  immediate('xori', 0x0e),
  { name: 'lui', make: (d) => i(0x0f, 0, d.destination(), d.random.word()) },
  multiply('madd', SPECIAL2, 0x00),
  multiply('maddu', SPECIAL2, 0x01),
  multiply('msub', SPECIAL2, 0x04),
  multiply('msubu', SPECIAL2, 0x05),
  count('clz', 0x20),
  count('clo', 0x21),
  {
    name: 'ext',
    make: (d) => {
      const lsb = d.random.below(32);
      const msbd = d.random.below(32 - lsb);
      return r(SPECIAL3, d.source(), d.destination(), msbd, lsb, 0x00);
    },
  },
  {
    name: 'ins',
    make: (d) => {
      const lsb = d.random.below(32);
      const msb = lsb + d.random.below(32 - lsb);
      return r(SPECIAL3, d.source(), d.destination(), msb, lsb, 0x04);
    },
  },
  bshfl('wsbh', 0x02),
  bshfl('seb', 0x10),
  bshfl('seh', 0x18),
];

/** rt := sign-extended offset(base), or the reverse; `bytes` is the access's alignment. */
const load = (name: string, opcode: number, bytes: number): Maker => ({
  name,
  make: (d) => {
    const { base, offset } = d.address(bytes);
    return i(opcode, base, d.destination(), offset);
  },
});
const store = (name: string, opcode: number, bytes: number): Maker => ({
  name,
  make: (d) => {
    const { base, offset } = d.address(bytes);
    return i(opcode, base, d.source(), offset);
  },
});

const MEMORY_MAKERS: readonly Maker[] = [
  load('lb', 0x20, 1),
  load('lh', 0x21, 2),
  load('lwl', 0x22, 1),
  load('lw', 0x23, 4),
  load('lbu', 0x24, 1),
  load('lhu', 0x25, 2),
  load('lwr', 0x26, 1),
  store('sb', 0x28, 1),
  store('sh', 0x29, 2),
  store('swl', 0x2a, 1),
  store('sw', 0x2b, 4),
  store('swr', 0x2e, 1),
  load('ll', 0x30, 4),
  // PREF never faults, wherever it points. Hints 25 and 30 may change the cache line and are left out.
  { name: 'pref', make: (d) => i(0x33, d.source(), d.random.pick([0, 1, 4, 5, 6, 7]), d.random.word()) },
  {
    name: 'synci',
    make: (d) => {
      const { base, offset } = d.address(1);
      return i(REGIMM, base, 0x1f, offset);
    },
  },
];

const trap = (name: string, funct: number): Maker => ({
  name,
  make: (d) => {
    const rs = d.source();
    const rt = d.source();
    d.makeSimilar(rs, rt);
    const code = 8 + d.random.below(1000);
    return r(SPECIAL, rs, rt, code >> 5, code & 31, funct);
  },
});
const trapImmediate = (name: string, rt: number): Maker => ({
  name,
  make: (d) => {
    const value = (d.random.word() << 16) >> 16;
    const rs = d.random.chance(40) ? d.holding(value + d.random.below(3) - 1) : d.source();
    return i(REGIMM, rs, rt, value);
  },
});

/** Everything that may stand alone or in a delay slot. */
export const PLAIN_MAKERS: readonly Maker[] = [
  ...REGISTER_MAKERS,
  ...MEMORY_MAKERS,
  divide('div', 0x1a),
  divide('divu', 0x1b),
  threeRegisters('add', SPECIAL, 0x20),
  threeRegisters('sub', SPECIAL, 0x22),
  immediate('addi', 0x08),
  {
    name: 'mul',
    make: (d) => {
      d.ignoreHiLo = true;
      return r(SPECIAL2, d.source(), d.source(), d.destination(), 0, 0x02);
    },
  },
  trap('tge', 0x30),
  trap('tgeu', 0x31),
  trap('tlt', 0x32),
  trap('tltu', 0x33),
  trap('teq', 0x34),
  trap('tne', 0x36),
  trapImmediate('tgei', 0x08),
  trapImmediate('tgeiu', 0x09),
  trapImmediate('tlti', 0x0a),
  trapImmediate('tltiu', 0x0b),
  trapImmediate('teqi', 0x0c),
  trapImmediate('tnei', 0x0e),
];

/** A conditional branch: rs against rt. */
const compareBranch = (name: string, opcode: number): Maker => ({
  name,
  make: (d) => {
    const rs = d.source();
    const rt = d.source();
    d.makeSimilar(rs, rt);
    return i(opcode, rs, rt, d.target() - d.position - 1);
  },
});
/** A conditional branch: rs against zero; `rt` is part of the opcode. Linking forms may not read r31. */
const zeroBranch = (name: string, opcode: number, rt: number, links = false): Maker => ({
  name,
  make: (d) => {
    let rs = d.source();
    while (links && rs === 31) rs = d.source();
    if (links) link(d, 31);
    return i(opcode, rs, rt, d.target() - d.position - 1);
  },
});
/** J and JAL stay in the 256 MB of their delay slot. */
const jump = (name: string, opcode: number, links: boolean): Maker => ({
  name,
  make: (d) => {
    if (links) link(d, 31);
    return ((opcode << 26) | ((Draft.addressOf(d.target()) >>> 2) & 0x03ffffff)) >>> 0;
  },
});
/** JR, JALR and their .HB forms. Targets are aligned: qemu-user 7.2 aborts at an address error of the fetch. */
const registerJump = (name: string, funct: number, links: boolean, hint: number): Maker => ({
  name,
  make: (d) => {
    const rs = d.holding(Draft.addressOf(d.target()));
    const rd = links ? d.destination(rs) : 0;
    if (links) link(d, rd);
    return r(SPECIAL, rs, 0, rd, hint, funct);
  },
});

function link(d: Draft, register: number): void {
  d.markWritten(register);
  d.linkRegister = register;
}

/** What has a delay slot. */
export const BRANCH_MAKERS: readonly Maker[] = [
  compareBranch('beq', 0x04),
  compareBranch('bne', 0x05),
  zeroBranch('blez', 0x06, 0),
  zeroBranch('bgtz', 0x07, 0),
  compareBranch('beql', 0x14),
  compareBranch('bnel', 0x15),
  zeroBranch('blezl', 0x16, 0),
  zeroBranch('bgtzl', 0x17, 0),
  zeroBranch('bltz', REGIMM, 0x00),
  zeroBranch('bgez', REGIMM, 0x01),
  zeroBranch('bltzl', REGIMM, 0x02),
  zeroBranch('bgezl', REGIMM, 0x03),
  zeroBranch('bltzal', REGIMM, 0x10, true),
  zeroBranch('bgezal', REGIMM, 0x11, true),
  zeroBranch('bltzall', REGIMM, 0x12, true),
  zeroBranch('bgezall', REGIMM, 0x13, true),
  jump('j', 0x02, false),
  jump('jal', 0x03, true),
  registerJump('jr', 0x08, false, 0),
  registerJump('jr.hb', 0x08, false, 0x10),
  registerJump('jalr', 0x09, true, 0),
  registerJump('jalr.hb', 0x09, true, 0x10),
];

/**
 * Words that MIPS32 release 2 reserves: the 64-bit instructions and holes of the opcode maps (Volume I, appendix A). SPECIAL
 * 0x05 is left out: qemu-user takes it for a monitor call.
 */
const RESERVED_OPCODES = [0x18, 0x19, 0x1a, 0x1b, 0x27, 0x2c, 0x2d, 0x34, 0x37, 0x3c, 0x3f];
const RESERVED_SPECIAL = [
  0x14, 0x16, 0x17, 0x1c, 0x1d, 0x1e, 0x1f, 0x2c, 0x2d, 0x2e, 0x2f, 0x38, 0x3a, 0x3b, 0x3c, 0x3e, 0x3f,
];
const RESERVED_REGIMM = [0x04, 0x05, 0x06, 0x07, 0x0d, 0x0f, 0x14, 0x18, 0x1a, 0x1d, 0x1e];

export function reservedWord(d: Draft): number {
  const bits = d.random.word();
  switch (d.random.below(3)) {
    case 0:
      return ((d.random.pick(RESERVED_OPCODES) << 26) | (bits & 0x03ffffff)) >>> 0;
    case 1:
      return ((bits & 0x03ffffc0) | d.random.pick(RESERVED_SPECIAL)) >>> 0;
    default:
      return i(REGIMM, (bits >>> 16) & 31, d.random.pick(RESERVED_REGIMM), bits);
  }
}

/** LL, perhaps something between, SC to the same word: the store must succeed. */
export function addLinkedPair(d: Draft): void {
  const offset = d.random.below(0x10000) - 0x8000;
  const base = d.holding(WINDOW_BASE + d.random.below(WINDOW_BYTES / 4) * 4 - offset);
  const other = d.destination(base);
  d.add('ll', i(0x30, base, other, offset));
  const between = d.random.below(3);
  for (let n = 0; n < between; n++) d.add('addiu', i(0x09, d.source(), d.destination(base), d.random.word()));
  let rt = d.source();
  while (rt === base) rt = d.source();
  d.markWritten(rt);
  d.add('sc', i(0x38, base, rt, offset));
}

/** LWL with LWR, or SWL with SWR, on one unaligned word, in either order. */
export function addUnalignedPair(d: Draft, bigEndian: boolean): void {
  const loads = d.random.chance(50);
  const at = d.random.below(WINDOW_BYTES - 4);
  const offset = d.random.below(0x1000) - 0x800;
  const base = d.holding(WINDOW_BASE + at - offset);
  const rt = loads ? d.destination(base) : d.source();
  const left = i(loads ? 0x22 : 0x2a, base, rt, offset + (bigEndian ? 0 : 3));
  const right = i(loads ? 0x26 : 0x2e, base, rt, offset + (bigEndian ? 3 : 0));
  const words: [string, number][] = [
    [loads ? 'lwl' : 'swl', left],
    [loads ? 'lwr' : 'swr', right],
  ];
  if (d.random.chance(50)) words.reverse();
  for (const [name, word] of words) d.add(name, word);
}
