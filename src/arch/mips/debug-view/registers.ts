// The registers of a MIPS vCPU by name, through KVM's ONE_REG: what there is, what a name means, and what is in it (names: System V ABI's MIPS
// supplement, MIPS32 Volume III).
import type { DebuggedCpu, DebugView, RegisterDescription } from '../../../cpu/isa/debug-view.ts';
import { GPR_NAMES } from '../debug.ts';
import { CP0_NAMES, registerIds } from '../register-names.ts';
import { CP0, PRIVILEGE, privilegeOf } from '../registers.ts';
import { FIELDS } from './fields.ts';

export const SP = 29;
export const RA = 31;

export const GROUPS: DebugView['groups'] = [
  { name: 'general', summary: '$0-$31, hi, lo and pc' },
  { name: 'cp0', summary: 'coprocessor 0: status, cause, TLB, timer, configuration' },
  { name: 'fpu', summary: 'f0-f31 (32 bits), d0-d31 (64 bits; the even ones while Status.FR is 0), fcsr and fir' },
  { name: 'kvm', summary: "KVM's own: the rate of Count, and its switch" },
];

const numbered = (prefix: string): string[] => Array.from({ length: 32 }, (_, n) => `${prefix}${n}`);

const describe = (group: string, names: readonly string[], bits: 32 | 64 = 32): RegisterDescription[] =>
  names.map((name) => {
    const fields = FIELDS.get(name);
    return { name, bits, group, ...(fields && { fields }) };
  });

/** Every register that some vCPU has. */
const ALL: readonly RegisterDescription[] = [
  ...describe('general', [...GPR_NAMES, 'hi', 'lo', 'pc']),
  ...describe('cp0', Object.keys(CP0_NAMES)),
  ...describe('fpu', numbered('f')),
  ...describe('fpu', numbered('d'), 64),
  ...describe('fpu', ['fcsr', 'fir']),
  ...describe('kvm', ['count_ctl', 'count_resume', 'count_hz'], 64),
];
const BY_NAME = new Map(ALL.map((register) => [register.name, register]));
/** Coprocessor 0 by number and select: `12.1`. */
const BY_NUMBER = new Map(Object.entries(CP0_NAMES).map(([name, [rd, sel]]) => [`${rd}.${sel}`, name]));

/** What else people call them: gdb, the manuals, and compilers. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['s8', 'fp'],
  ['sr', 'status'],
  ['bad', 'badvaddr'],
  ['fsr', 'fcsr'],
  ['fcr31', 'fcsr'],
  ['fcr0', 'fir'],
]);

export function registersOf(cpu: DebuggedCpu): readonly RegisterDescription[] {
  return ALL.filter(({ name }) => oneRegOf(cpu, name) !== undefined);
}

/** `a0`, `$a0`, `$4`, `r4`, `CP0.Status`, `cp0.12.0`, `$f2`, `d4`. */
export function findRegister(cpu: DebuggedCpu, text: string): RegisterDescription | undefined {
  const register = BY_NAME.get(canonicalName(text.trim().toLowerCase()));
  return register && oneRegOf(cpu, register.name) !== undefined ? register : undefined;
}

function canonicalName(text: string): string {
  const name = text.replace(/^\$/, '');
  const general = (name === text ? /^r(\d{1,2})$/ : /^r?(\d{1,2})$/).exec(name);
  if (general) return GPR_NAMES[Number(general[1])] ?? '';
  const system = /^(?:cp0|c0)[._](.+)$/.exec(name);
  if (!system) return OTHER_NAMES.get(name) ?? name;
  const [, rest = ''] = system;
  const [, rd, sel = '0'] = /^(\d{1,2})(?:[.,_](\d))?$/.exec(rest) ?? [];
  const found = rd === undefined ? (OTHER_NAMES.get(rest) ?? rest) : (BY_NUMBER.get(`${Number(rd)}.${sel}`) ?? '');
  return Object.hasOwn(CP0_NAMES, found) ? found : '';
}

export function readRegister(cpu: DebuggedCpu, { name, bits }: RegisterDescription): bigint {
  return BigInt.asUintN(bits, oneRegOf(cpu, name) ?? 0n);
}

const READ_ONLY = new Set(['zero', 'fir']);

/** Where it is written. KVM keeps the bits that it lets nobody change. */
export function placeOf(cpu: DebuggedCpu, { name, bits }: RegisterDescription): ReturnType<DebugView['place']> {
  const id = READ_ONLY.has(name) ? undefined : idOf(cpu, name);
  return id === undefined ? null : { id, high: bits - 1, low: 0 };
}

function idOf(cpu: DebuggedCpu, name: string): bigint | undefined {
  return registerIds(name).find((id) => cpu.oneReg(id) !== undefined);
}

/** As KVM has it: CP0 registers of 64 bits are sign-extended. */
function oneRegOf(cpu: DebuggedCpu, name: string): bigint | undefined {
  const id = idOf(cpu, name);
  return id === undefined ? undefined : cpu.oneReg(id);
}

/** A register of 32 bits by its canonical name; 0 when the vCPU has none such. */
export function register32(cpu: DebuggedCpu, name: string): number {
  return Number(BigInt.asUintN(32, oneRegOf(cpu, name) ?? 0n));
}

/** A register of 64 bits by its canonical name; 0 when the vCPU has none such. */
export function register64(cpu: DebuggedCpu, name: string): bigint {
  return BigInt.asUintN(64, oneRegOf(cpu, name) ?? 0n);
}

/** $0-$31. */
export function general(cpu: DebuggedCpu, number: number): number {
  return register32(cpu, GPR_NAMES[number]!);
}

export function statusOf(cpu: DebuggedCpu): number {
  return cpu.bank('cp0', CP0.STATUS);
}

export function inUserMode(cpu: DebuggedCpu): boolean {
  return privilegeOf(statusOf(cpu)) === PRIVILEGE.USER;
}

/** Is this a guest of trap-and-emulate KVM, with segments of its own? */
export function isTrapAndEmulate(cpu: DebuggedCpu): boolean {
  return cpu.bank('trapAndEmulate', 0) !== 0;
}
