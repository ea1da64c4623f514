// What ARM instructions look like to people: UAL (ARM DDI 0406C: A8.2, A8.4). `armText` writes one instruction of a row.
//
// What a row says for it:
// - mnemonic: UAL without condition (`add`, `adds`, `ldrsb`, `vadd.f32`). `cond`, or the IT block in T32, gives the condition, which comes before the
//   first dot. `.n` is left out.
// - syntax: text with `{name}`s, each the text of a field or derived operand of that name, or one of OPERANDS below. All other characters stand for
//   themselves, memory brackets and `!` too; `<...>` is left out when every operand in it is 0. A syntax that begins with a dot is glued to the mnemonic.
//     {rd} {rn} {rm} {rs} {rt} {rt2} {ra} {rdlo} {rdhi}       general registers
//     {sd} {sn} {sm}  {dd} {dn} {dm}  {qd}                    S, D and Q registers (Q as 2N);  {xd} {xn} {xm} {slist} ...: simd/syntax.ts
//     #{imm}          any number, in decimal                  {list}    register list: a 16-bit set, in braces
//     {shift}         `, lsl #3`, or nothing: fields `type` (2 bits) and `imm5` or derived `amount`;  {shiftType}  its name alone
//     {target}        branch target: displacement from the next instruction
//     {offset}        `, #-4`, or nothing: derived signed `offset`, or `imm` (or derived) with the bit `u`; `{rmoffset}`: `, -rm, lsl #2`
//     {wb}            `!` when the bit `w` is set             {barrier} sy, ish ...
import type { AssemblySyntax } from '../../cpu/isa/disassembler.ts';
import { type RawFields, type Row, rawFields } from '../../cpu/isa/insn.ts';
import { hex } from '../../util/bits.ts';
import { SIMD_OPERANDS } from './simd/syntax.ts';

/** R0 to R15. */
const GPR_NAMES: readonly string[] = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12', 'sp', 'lr', 'pc'],
];

const CONDITIONS = ['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', '', ''];
const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'];
const BARRIERS = ['', '', 'oshst', 'osh', '', '', 'nshst', 'nsh', '', '', 'ishst', 'ish', '', '', 'st', 'sy'];
/** R8 to R14 of User and FIQ mode. */
const BANKED = ['r8', 'r9', 'r10', 'r11', 'r12', 'sp', 'lr'];
/** Modes whose LR and SP have the numbers from 16 on, two each, by SYSm. */
const BANKED_MODES: ReadonlyMap<number, string> = new Map([
  [16, 'irq'],
  [18, 'svc'],
  [20, 'abt'],
  [22, 'und'],
  [28, 'mon'],
  [30, 'hyp'],
]);
/** SPSRs by SYSm. */
const SPSR_MODES: ReadonlyMap<number, string> = new Map([
  [14, 'fiq'],
  [16, 'irq'],
  [18, 'svc'],
  [20, 'abt'],
  [22, 'und'],
  [28, 'mon'],
  [30, 'hyp'],
]);

/** What an operand's text is made of. */
interface Place {
  readonly row: Row;
  readonly word: number;
  readonly values: RawFields;
  /** With T in bit 0; undefined when not known. */
  readonly pc: number | undefined;
}

const general = (number: number): string => GPR_NAMES[number] ?? `r${number}`;
const ones = (set: number, names: readonly string[]): string[] => names.filter((_, n) => (set & (1 << n)) !== 0);

/** The letters of the bits of `set`, the highest first. */
function letters(set: number, names: string): string {
  return [...names].filter((_, i) => (set & (1 << (names.length - 1 - i))) !== 0).join('');
}

function shifted({ values }: Place): string {
  const { type = 0 } = values;
  const amount = values.amount ?? values.imm5 ?? ((values.imm3 ?? 0) << 2) | (values.imm2 ?? 0);
  if (type === 0) return amount === 0 ? '' : `, lsl #${amount}`;
  if (type === 3 && amount === 0) return ', rrx';
  return `, ${SHIFTS[type]} #${amount === 0 ? 32 : amount}`;
}

/** Nothing for an offset of 0, unless the base is written back. */
function signedOffset({ row, values }: Place): string {
  const { offset, imm = 0, u = 1 } = values;
  if (u === 0) return `, #-${Math.abs(offset ?? imm)}`;
  const value = offset ?? imm;
  const written = /\{offset\}\]!|\]\{offset\}/.test(row.syntax);
  return value === 0 && !written ? '' : `, #${value}`;
}

function target({ row, values, pc }: Place): string {
  const displacement = values.target ?? values.offset ?? 0;
  const size = row.pattern.width / 8;
  if (pc === undefined) return `#${displacement + size - (row.set === 1 ? 4 : 8)}`;
  return hex(((pc & ~1) + size + displacement) >>> 0);
}

/** VMOV's immediate: a float, a doubleword of whole bytes, or a number of the element's size. */
function vectorImmediate({ row, values: { written = 0, bits = 32 } }: Place): string {
  if (row.syntax.startsWith('.f32')) return String(new Float32Array(Int32Array.of(written).buffer)[0]);
  if (!row.syntax.startsWith('.i64')) return hex((written << (32 - bits)) >>> (32 - bits), 1);
  const bytes = Array.from({ length: 8 }, (_, n) => ((written >>> (7 - n)) & 1) !== 0);
  return `0x${bytes
    .map((set) => (set ? 'ff' : '00'))
    .join('')
    .replace(/^0+(?=.)/, '')}`;
}

/** The registers of a VFP load or store of several: by the encoding, imm8 and the size in bit 8. */
function span(word: number): string {
  const double = (word & 0x100) !== 0;
  const [high, low] = [(word >>> 12) & 15, (word >>> 22) & 1];
  const first = double ? (low << 4) | high : (high << 1) | low;
  const count = double ? (word & 0xff) >> 1 : word & 0xff;
  return `{${Array.from({ length: count }, (_, n) => `${double ? 'd' : 's'}${first + n}`).join(', ')}}`;
}

/** The fields of the CPSR or SPSR that MSR writes. */
function statusMask({ values }: Place): string {
  return letters(values.mask ?? 0, 'fsxc');
}

/** A register of another mode, or its SPSR (B9.2.3). */
function bankedRegister({ values }: Place): string {
  const number = ((values.sysm4 ?? 0) << 4) | (values.sysm ?? values.m1 ?? 0);
  if (values.r === 1) return `spsr_${SPSR_MODES.get(number) ?? number}`;
  if (number < 7) return `${BANKED[number]}_usr`;
  if (number >= 8 && number < 15) return `${BANKED[number - 8]}_fiq`;
  const mode = BANKED_MODES.get(number & ~1);
  if (mode === 'hyp') return (number & 1) === 0 ? 'elr_hyp' : 'sp_hyp';
  return `${(number & 1) === 0 ? 'lr' : 'sp'}_${mode ?? number}`;
}

/** Which of A, I and F CPS changes. */
function interruptMasks({ a = 0, i = 0, f = 0 }: RawFields): string {
  return letters((a << 2) | (i << 1) | f, 'aif') || 'none';
}

/** Operands that are more than the number of a field. */
const OPERANDS: Readonly<Record<string, (place: Place) => string>> = {
  ...Object.fromEntries(
    Object.entries(SIMD_OPERANDS).map(([name, text]) => [name, ({ values }: Place) => text(values, general)]),
  ),
  list: ({ values }) => `{${ones(values.list ?? 0, GPR_NAMES).join(', ')}}`,
  shift: shifted,
  shiftType: ({ values }) => SHIFTS[values.type ?? 0]!,
  offset: signedOffset,
  rmoffset: (place) => `, ${place.values.u === 0 ? '-' : ''}${general(place.values.rm ?? 0)}${shifted(place)}`,
  wb: ({ values }) => (values.w === 1 ? '!' : ''),
  target,
  barrier: ({ row, values: { option = 0 } }) =>
    (row.mnemonic !== 'isb' || option === 15) && BARRIERS[option] ? BARRIERS[option] : `#${hex(option, 1)}`,
  written: vectorImmediate,
  span: ({ word }) => span(word),
  mask: statusMask,
  banked: bankedRegister,
  change: ({ values }) => interruptMasks(values),
  endianness: ({ values: { big, endianness } }) => ((big ?? endianness) === 1 ? 'be' : 'le'),
};

function operandText(name: string, place: Place): string {
  const special = OPERANDS[name];
  return special ? special(place) : plain(name, place.values[name] ?? 0);
}

function plain(name: string, value: number): string {
  if (/^r(d|n|m|s|t|t2|a|dlo|dhi)$/.test(name)) return general(value);
  const register = /^([sdq])[dnm]2?$/.exec(name);
  if (!register) return String(value);
  return register[1] === 'q' ? `q${value >> 1}` : `${register[1]}${value}`;
}

function expand(syntax: string, place: Place): string {
  const text = syntax.replace(/<([^<>]*)>/g, (_, inside: string) => {
    const names = [...inside.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    return names.every((name) => place.values[name] === 0) ? '' : inside;
  });
  return text.replace(/\{(\w+)\}/g, (_, name: string) => operandText(name, place));
}

/** IT with its block's pattern: `itte eq`. */
function blockText({ firstcond = 0, mask = 0 }: RawFields): string {
  const length = 4 - Math.log2(mask & -mask);
  const others = Array.from({ length: length - 1 }, (_, n) => ((mask >>> (3 - n)) & 1) === (firstcond & 1));
  return `it${others.map((same) => (same ? 't' : 'e')).join('')} ${CONDITIONS[firstcond] || 'al'}`;
}

/** CPS: whether it enables or disables which interrupts, and the mode. */
function processorState(values: RawFields): string {
  const { imod = 0, m = 0, mode = 0 } = values;
  const change = imod < 2 ? '' : `${imod === 2 ? 'ie' : 'id'} ${interruptMasks(values)}`;
  return `cps${change}${m === 0 ? '' : `${imod < 2 ? '' : ','} #${mode}`}`;
}

/** Instructions that everybody writes by another name: the stack, and the flags of the application's program status. */
const STACK_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^stmdb((?:CC)?)(?:\.w)? sp!, /, 'push$1 '],
  [/^ldm((?:CC)?)(?:\.w)? sp!, /, 'pop$1 '],
  [/^vstmdb((?:CC)?) sp!, /, 'vpush$1 '],
  [/^vldmia((?:CC)?) sp!, /, 'vpop$1 '],
  [/^str((?:CC)?)(?:\.w)? (\w+), \[sp, #-4\]!$/, 'push$1 {$2}'],
  [/^ldr((?:CC)?)(?:\.w)? (\w+), \[sp\], #4$/, 'pop$1 {$2}'],
].map(([pattern, name]) => [
  new RegExp((pattern as RegExp).source.replace('CC', CONDITIONS.filter(Boolean).join('|'))),
  name as string,
]);
function usualName(text: string): string {
  return STACK_NAMES.reduce((now, [pattern, name]) => now.replace(pattern, name), text)
    .replace(/^vshll(.*), #0$/, 'vmovl$1')
    .replace(/ cpsr_f,/, ' apsr_nzcvq,')
    .replace(/ cpsr_s,/, ' apsr_g,')
    .replace(/ cpsr_fs,/, ' apsr_nzcvqg,');
}

/** T32 loads and preloads whose base is the PC: literals, whatever the form would be with another base. */
function literal(row: Row, word: number): string | null {
  const isLoad = row.set === 1 && row.pattern.width === 32 && (word & 0xfe1f0000) >>> 0 === 0xf81f0000;
  if (!isLoad) return null;
  const imm = word & 0xfff;
  const name = row.mnemonic.replace(/^(ldr\w*?)t?((?:\.w)?)$/, '$1$2');
  const register = name.startsWith('pl') ? '' : `${general((word >>> 12) & 15)}, `;
  return `${name} ${register}[pc, #${(word & 0x00800000) === 0 ? '-' : ''}${imm}]`;
}

/** The text of a word that is an instruction of this row; `condition` is an IT block's, if it stands in one. `pc` has T in bit 0. */
export function armText(row: Row, word: number, pc?: number, condition?: number): string {
  const values = rawFields(row, word);
  if (row.mnemonic === 'it') return blockText(values);
  if (/^cps(\.w)?$/.test(row.mnemonic)) return processorState(values);
  // Bcc with a condition that is none.
  if (row.mnemonic === 'b' && row.pattern.width === 16 && values.cond === 14) return `udf #${word & 0xff}`;
  const operands = expand(row.syntax, { row, word, values, pc });
  const typed =
    literal(row, word) ?? (operands.startsWith('.') ? `${row.mnemonic}${operands}` : `${row.mnemonic} ${operands}`);
  const [, name = '', rest = ''] = /^([^. ]+)(.*)$/.exec(typed) ?? [];
  // In a block those of one halfword leave the flags alone.
  const base = condition !== undefined && row.pattern.width === 16 ? name.replace(/s$/, '') : name;
  return usualName(`${base}${CONDITIONS[condition ?? values.cond ?? 14]!}${rest}`.trimEnd());
}

export const armSyntax: AssemblySyntax = {
  aliases: [],
  print: (operand, value) => plain(operand, value),
  text: (row, word, pc, block) => armText(row, word, pc, block === 0 ? undefined : block >>> 4),
  parse: (operand, text) => {
    const register = GPR_NAMES.indexOf(text);
    const number = Number(text.replace(/^[#sd]/, ''));
    if (/^r/.test(operand)) return register === -1 ? undefined : register;
    return Number.isInteger(number) ? number : undefined;
  },
};
