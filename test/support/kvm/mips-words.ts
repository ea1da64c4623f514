// table: MIPS32 release 2 instruction words for guest code in tests, with labels (encodings: MIPS32 Architecture Volume II-A).
// Written apart from the rows of src/arch/mips on purpose. Operands come in assembler order.

/** A line of guest code: a word, or something that becomes one when its address and the labels are known. */
export type Line = number | Label | Later | readonly Line[];
export interface Label {
  readonly label: string;
}
type Later = (at: number, addressOf: (label: string) => number) => number;

/** A place in the code: a label, or a signed number of words from the delay slot. */
type To = string | number;

export const zero = 0;
export const v0 = 2;
export const a0 = 4;
export const a1 = 5;
export const a2 = 6;
export const t0 = 8;
export const t1 = 9;
export const t2 = 10;
export const t3 = 11;
export const t4 = 12;
export const s0 = 16;
export const s1 = 17;
export const s2 = 18;
export const s3 = 19;
export const s4 = 20;
export const k0 = 26;
export const k1 = 27;
export const ra = 31;

/** CP0 registers as [rd, sel]. */
export const INDEX = [0, 0] as const;
export const ENTRYLO0 = [2, 0] as const;
export const ENTRYLO1 = [3, 0] as const;
export const CONTEXT = [4, 0] as const;
export const USERLOCAL = [4, 2] as const;
export const PAGEMASK = [5, 0] as const;
export const WIRED = [6, 0] as const;
export const HWRENA = [7, 0] as const;
export const BADVADDR = [8, 0] as const;
export const COUNT = [9, 0] as const;
export const ENTRYHI = [10, 0] as const;
export const COMPARE = [11, 0] as const;
export const STATUS = [12, 0] as const;
export const CAUSE = [13, 0] as const;
export const EPC = [14, 0] as const;
export const CONFIG1 = [16, 1] as const;
export const CONFIG3 = [16, 3] as const;
export const CONFIG5 = [16, 5] as const;
type Cp0 = readonly [number, number];

export const label = (name: string): Label => ({ label: name });

const r = (rs: number, rt: number, rd: number, sa: number, funct: number): number =>
  ((rs << 21) | (rt << 16) | (rd << 11) | (sa << 6) | funct) >>> 0;
const i = (opcode: number, rs: number, rt: number, immediate: number): number =>
  ((opcode << 26) | (rs << 21) | (rt << 16) | (immediate & 0xffff)) >>> 0;
const branch =
  (opcode: number, rs: number, rt: number, to: To): Later =>
  (at, addressOf) =>
    i(opcode, rs, rt, typeof to === 'number' ? to : (addressOf(to) - at - 4) >> 2);
const jumpTo =
  (opcode: number, to: string): Later =>
  (_at, addressOf) =>
    ((opcode << 26) | ((addressOf(to) >>> 2) & 0x3ffffff)) >>> 0;

export const nop = 0;
/** SLL zero, zero, 5. */
export const pause = 5 << 6;
export const addu = (rd: number, rs: number, rt: number): number => r(rs, rt, rd, 0, 0x21);
export const add = (rd: number, rs: number, rt: number): number => r(rs, rt, rd, 0, 0x20);
export const xor = (rd: number, rs: number, rt: number): number => r(rs, rt, rd, 0, 0x26);
export const sll = (rd: number, rt: number, sa: number): number => r(0, rt, rd, sa, 0x00);
export const srl = (rd: number, rt: number, sa: number): number => r(0, rt, rd, sa, 0x02);
export const mult = (rs: number, rt: number): number => r(rs, rt, 0, 0, 0x18);
export const mflo = (rd: number): number => r(0, 0, rd, 0, 0x12);
export const addiu = (rt: number, rs: number, immediate: number): number => i(0x09, rs, rt, immediate);
export const sltiu = (rt: number, rs: number, immediate: number): number => i(0x0b, rs, rt, immediate);
export const andi = (rt: number, rs: number, immediate: number): number => i(0x0c, rs, rt, immediate);
export const ori = (rt: number, rs: number, immediate: number): number => i(0x0d, rs, rt, immediate);
export const lui = (rt: number, immediate: number): number => i(0x0f, 0, rt, immediate);
/** Any 32-bit constant, in two words. */
export const li = (rt: number, value: number): readonly Line[] => [lui(rt, value >>> 16), ori(rt, rt, value)];
/** The address of a label, in two words. */
export const la = (rt: number, to: string): readonly Line[] => [
  (_at, addressOf) => lui(rt, addressOf(to) >>> 16),
  (_at, addressOf) => ori(rt, rt, addressOf(to)),
];

export const lb = (rt: number, offset: number, base: number): number => i(0x20, base, rt, offset);
export const lh = (rt: number, offset: number, base: number): number => i(0x21, base, rt, offset);
export const lw = (rt: number, offset: number, base: number): number => i(0x23, base, rt, offset);
export const lbu = (rt: number, offset: number, base: number): number => i(0x24, base, rt, offset);
export const lhu = (rt: number, offset: number, base: number): number => i(0x25, base, rt, offset);
export const lwl = (rt: number, offset: number, base: number): number => i(0x22, base, rt, offset);
export const lwr = (rt: number, offset: number, base: number): number => i(0x26, base, rt, offset);
export const sb = (rt: number, offset: number, base: number): number => i(0x28, base, rt, offset);
export const sh = (rt: number, offset: number, base: number): number => i(0x29, base, rt, offset);
export const sw = (rt: number, offset: number, base: number): number => i(0x2b, base, rt, offset);
export const swl = (rt: number, offset: number, base: number): number => i(0x2a, base, rt, offset);
export const swr = (rt: number, offset: number, base: number): number => i(0x2e, base, rt, offset);
export const ll = (rt: number, offset: number, base: number): number => i(0x30, base, rt, offset);
export const sc = (rt: number, offset: number, base: number): number => i(0x38, base, rt, offset);

export const beq = (rs: number, rt: number, to: To): Line => branch(0x04, rs, rt, to);
export const bne = (rs: number, rt: number, to: To): Line => branch(0x05, rs, rt, to);
export const b = (to: To): Line => beq(zero, zero, to);
export const beql = (rs: number, rt: number, to: To): Line => branch(0x14, rs, rt, to);
export const bgezal = (rs: number, to: To): Line => branch(0x01, rs, 0x11, to);
export const j = (to: string): Line => jumpTo(2, to);
export const jal = (to: string): Line => jumpTo(3, to);
export const jr = (rs: number): number => r(rs, 0, 0, 0, 0x08);
export const jalr = (rd: number, rs: number): number => r(rs, 0, rd, 0, 0x09);
/** A jump to itself with nothing in its slot. */
export const spin: readonly Line[] = [beq(zero, zero, -1), nop];

export const teq = (rs: number, rt: number): number => r(rs, rt, 0, 0, 0x34);
/** `operation` is the 5-bit op field: what to do in bits 4:2, which cache in bits 1:0. */
export const cache = (operation: number, offset: number, base: number): number => i(0x2f, base, operation, offset);
export const rdhwr = (rt: number, register: number): number => (0x7c00003b | (rt << 16) | (register << 11)) >>> 0;

export const syscall = 0x0000000c;
export const breakpoint = 0x0000000d;
export const wait = 0x42000020;
export const eret = 0x42000018;
export const tlbr = 0x42000001;
export const tlbwi = 0x42000002;
export const tlbwr = 0x42000006;
export const tlbp = 0x42000008;
export const ei = 0x41606020;
export const di = 0x41606000;
export const rdpgpr = (rd: number, rt: number): number => (0x41400000 | (rt << 16) | (rd << 11)) >>> 0;
export const wrpgpr = (rd: number, rt: number): number => (0x41c00000 | (rt << 16) | (rd << 11)) >>> 0;
export const hypcall = (code = 0): number => (0x42000028 | (code << 11)) >>> 0;
export const mfc0 = (rt: number, [rd, sel]: Cp0): number => ((0x10 << 26) | (rt << 16) | (rd << 11) | sel) >>> 0;
export const mtc0 = (rt: number, [rd, sel]: Cp0): number =>
  ((0x10 << 26) | (4 << 21) | (rt << 16) | (rd << 11) | sel) >>> 0;

export interface Assembled {
  readonly words: readonly number[];
  /** Address of every label. */
  readonly labels: ReadonlyMap<string, number>;
}

/** Guest code at `base` as words. Throws on an unknown or doubled label. */
export function assemble(base: number, source: Line): Assembled {
  const flat: (number | Later)[] = [];
  const labels = new Map<string, number>();
  const collect = (line: Line): void => {
    if (typeof line === 'number' || typeof line === 'function') flat.push(line);
    else if ('label' in line) {
      if (labels.has(line.label)) throw new Error(`label ${line.label} twice`);
      labels.set(line.label, base + 4 * flat.length);
    } else for (const part of line) collect(part);
  };
  collect(source);
  const addressOf = (name: string): number => {
    const address = labels.get(name);
    if (address === undefined) throw new Error(`no label ${name}`);
    return address;
  };
  return {
    words: flat.map((line, n) => (typeof line === 'function' ? line(base + 4 * n, addressOf) : line)),
    labels,
  };
}
