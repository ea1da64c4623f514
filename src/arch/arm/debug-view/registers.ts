// The registers of an ARM vCPU as debuggers name them: those of KVM's ONE_REG, in groups, and those of the current mode (ARM DDI 0406C: B1.3, B3, B4).
import type { DebuggedCpu, RegisterDescription } from '../../../cpu/isa/debug-view.ts';
import {
  KVM_REG_ARM_ABT,
  KVM_REG_ARM_CP15_32,
  KVM_REG_ARM_CP15_64,
  KVM_REG_ARM_CPSR,
  KVM_REG_ARM_D,
  KVM_REG_ARM_FIQ,
  KVM_REG_ARM_FPEXC,
  KVM_REG_ARM_FPSCR,
  KVM_REG_ARM_HYP,
  KVM_REG_ARM_IRQ,
  KVM_REG_ARM_PC,
  KVM_REG_ARM_R,
  KVM_REG_ARM_SVC,
  KVM_REG_ARM_UND,
} from '../../../kvm/arm.ts';
import { CP14_REGISTERS } from '../cp15/debug-registers.ts';
import { RIGHT, type SystemRegister } from '../cp15/description.ts';
import { CP15_REGISTERS, CP15_REGISTERS_64 } from '../cp15/registers.ts';
import {
  isKept,
  KVM_REG_ARM_CCSIDR,
  KVM_REG_ARM_CP14_32,
  KVM_REG_ARM_TIMER_CNT,
  KVM_REG_ARM_VFP,
  VFP_REGISTER,
} from '../one-reg.ts';
import { coreRegister } from '../register-names.ts';
import { MODE } from '../registers.ts';
import { FIELDS, LONG_FIELDS } from './fields.ts';
import { hasHyp, modeName, modeOf, usesLongDescriptors } from './state.ts';

/** Where a register lies: in a register of ONE_REG, and in which of its bits. */
export interface RegisterPlace {
  readonly id: bigint;
  readonly high: number;
  readonly low: number;
}

/** With Hyp mode, or KVM's guest. */
type Machine = 'hyp' | 'svc';

interface Entry extends RegisterDescription {
  /** The only machine that has it, with Hyp mode or without. */
  readonly machine?: Machine;
  place(cpu: DebuggedCpu): RegisterPlace;
}

export const GROUPS = [
  { name: 'general', summary: 'r0 to r12, sp, lr and pc of the current mode, cpsr' },
  { name: 'banked', summary: 'registers of each mode, and their spsr' },
  { name: 'cp15', summary: 'control, translation and fault registers of PL1' },
  { name: 'hyp', summary: 'Hyp mode: control, traps, second stage, syndrome' },
  { name: 'timer', summary: 'the generic timer' },
  { name: 'vfp', summary: 'd0 to d31, s0 to s31, and the status of floating point' },
  { name: 'id', summary: 'what the CPU is and has' },
  { name: 'debug', summary: 'coprocessor 14: debug and ThumbEE registers' },
] as const;
type Group = (typeof GROUPS)[number]['name'];

function entry(name: string, bits: 32 | 64, group: Group, place: Entry['place']): Entry {
  const fields = FIELDS[name];
  return { name, bits, group, ...(fields && { fields }), place };
}

/** One that is a whole register of ONE_REG. */
function whole(name: string, bits: 32 | 64, group: Group, id: bigint, machine?: Machine): Entry {
  const place = { id, high: bits - 1, low: 0 };
  return { ...entry(name, bits, group, () => place), ...(machine && { machine }) };
}

// Core registers

interface Stack {
  readonly sp: bigint;
  readonly lr: bigint;
}

const SP_OF_MODE: ReadonlyMap<number, Stack> = new Map<number, Stack>([
  [MODE.SVC, KVM_REG_ARM_SVC],
  [MODE.ABT, KVM_REG_ARM_ABT],
  [MODE.UND, KVM_REG_ARM_UND],
  [MODE.IRQ, KVM_REG_ARM_IRQ],
  [MODE.FIQ, { sp: KVM_REG_ARM_FIQ(13), lr: KVM_REG_ARM_FIQ(14) }],
  [MODE.HYP, { sp: KVM_REG_ARM_HYP.sp, lr: KVM_REG_ARM_R(14) }],
]);
const USER_STACK: Stack = { sp: KVM_REG_ARM_R(13), lr: KVM_REG_ARM_R(14) };

const stackOf = (cpu: DebuggedCpu): Stack => SP_OF_MODE.get(modeOf(cpu)) ?? USER_STACK;

/** Of the current mode. */
function current(name: string, id: (cpu: DebuggedCpu) => bigint): Entry {
  return entry(name, 32, 'general', (cpu) => ({ id: id(cpu), high: 31, low: 0 }));
}

const GENERAL: readonly Entry[] = [
  ...Array.from({ length: 13 }, (_, n) =>
    current(`r${n}`, (cpu) => (n >= 8 && modeOf(cpu) === MODE.FIQ ? KVM_REG_ARM_FIQ(n) : KVM_REG_ARM_R(n))),
  ),
  current('sp', (cpu) => stackOf(cpu).sp),
  current('lr', (cpu) => stackOf(cpu).lr),
  whole('pc', 32, 'general', KVM_REG_ARM_PC),
  whole('cpsr', 32, 'general', KVM_REG_ARM_CPSR),
];

const HIGH_REGISTERS = [8, 9, 10, 11, 12] as const;
const banked = (name: string, id: bigint, machine?: Machine): Entry => whole(name, 32, 'banked', id, machine);
const ofMode = (mode: string, { sp, lr, spsr }: { sp: bigint; lr: bigint; spsr: bigint }): Entry[] => [
  ...[banked(`sp_${mode}`, sp), banked(`lr_${mode}`, lr), banked(`spsr_${mode}`, spsr)],
];

const BANKED: readonly Entry[] = [
  ...HIGH_REGISTERS.map((n) => banked(`r${n}_usr`, KVM_REG_ARM_R(n))),
  banked('sp_usr', USER_STACK.sp),
  banked('lr_usr', USER_STACK.lr),
  ...ofMode('svc', KVM_REG_ARM_SVC),
  ...ofMode('abt', KVM_REG_ARM_ABT),
  ...ofMode('und', KVM_REG_ARM_UND),
  ...ofMode('irq', KVM_REG_ARM_IRQ),
  ...HIGH_REGISTERS.map((n) => banked(`r${n}_fiq`, KVM_REG_ARM_FIQ(n))),
  ...ofMode('fiq', { sp: KVM_REG_ARM_FIQ(13), lr: KVM_REG_ARM_FIQ(14), spsr: KVM_REG_ARM_FIQ(15) }),
  banked('sp_hyp', KVM_REG_ARM_HYP.sp, 'hyp'),
  banked('elr_hyp', KVM_REG_ARM_HYP.elr, 'hyp'),
  banked('spsr_hyp', KVM_REG_ARM_HYP.spsr, 'hyp'),
];

// System registers

/** Other names of registers that are in the table already. */
const REPEATED = /^MIDR_\d$/;

const digit = (key: number, from: number): number => (key >> from) & 15;

/** KVM's guest has neither what is of Hyp mode nor debug logic. */
const machineOf = ({ read, onlyBare }: SystemRegister): Machine | undefined =>
  read === RIGHT.HYP || onlyBare ? 'hyp' : undefined;

function groupOf(key: number, { name, read }: SystemRegister): Group {
  if (name.startsWith('CNT')) return 'timer';
  if (read === RIGHT.HYP) return 'hyp';
  return digit(key, 8) === 0 && name !== 'CSSELR' ? 'id' : 'cp15';
}

const PAIRS: readonly Entry[] = [...CP15_REGISTERS_64].map(([key, register]) => {
  const id = KVM_REG_ARM_CP15_64(digit(key, 4), digit(key, 0));
  const group = register.name.startsWith('CNT') ? 'timer' : register.read === RIGHT.HYP ? 'hyp' : 'cp15';
  return whole(register.name.toLowerCase(), 64, group, id, machineOf(register));
});
const PAIR_NAMES: ReadonlySet<string> = new Set(PAIRS.map(({ name }) => name));

function words(
  registers: ReadonlyMap<number, SystemRegister>,
  id: (opc1: number, crn: number, crm: number, opc2: number) => bigint,
  group: (key: number, register: SystemRegister) => Group,
): Entry[] {
  return [...registers].flatMap(([key, register]) => {
    const name = register.name.toLowerCase();
    // Those of 64 bits have the other word too.
    if (!isKept(key, register) || REPEATED.test(register.name) || PAIR_NAMES.has(name)) return [];
    const place = id(digit(key, 12), digit(key, 8), digit(key, 4), digit(key, 0));
    return [whole(name, 32, group(key, register), place, machineOf(register))];
  });
}

const SYSTEM: readonly Entry[] = [
  ...words(CP15_REGISTERS, KVM_REG_ARM_CP15_32, groupOf),
  ...PAIRS,
  whole('cntvct', 64, 'timer', KVM_REG_ARM_TIMER_CNT, 'svc'),
  ...[0, 1, 2].map((csselr) => whole(`ccsidr${csselr}`, 32, 'id', KVM_REG_ARM_CCSIDR(csselr))),
  ...words(CP14_REGISTERS, KVM_REG_ARM_CP14_32, () => 'debug'),
];

// Floating point

const VFP: readonly Entry[] = [
  ...Array.from({ length: 32 }, (_, n) => whole(`d${n}`, 64, 'vfp', KVM_REG_ARM_D(n))),
  ...Array.from({ length: 32 }, (_, n) => {
    const low = 32 * (n & 1);
    return entry(`s${n}`, 32, 'vfp', () => ({ id: KVM_REG_ARM_D(n >> 1), high: low + 31, low }));
  }),
  whole('fpscr', 32, 'vfp', KVM_REG_ARM_FPSCR),
  whole('fpexc', 32, 'vfp', KVM_REG_ARM_FPEXC),
  whole('fpsid', 32, 'id', KVM_REG_ARM_VFP(VFP_REGISTER.FPSID)),
  whole('mvfr0', 32, 'id', KVM_REG_ARM_VFP(VFP_REGISTER.MVFR0)),
  whole('mvfr1', 32, 'id', KVM_REG_ARM_VFP(VFP_REGISTER.MVFR1)),
];

/** Every register of every machine, in the order of GROUPS. */
export const ALL_REGISTERS: readonly RegisterDescription[] = [...GENERAL, ...BANKED, ...SYSTEM, ...VFP].sort(
  (a, b) => groupNumber(a) - groupNumber(b),
);
const BY_NAME: ReadonlyMap<string, Entry> = new Map(
  (ALL_REGISTERS as readonly Entry[]).map((register) => [register.name, register]),
);

function groupNumber({ group }: RegisterDescription): number {
  return GROUPS.findIndex(({ name }) => name === group);
}

/** Names of the procedure call standard, and shorter ones. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['psr', 'cpsr'],
  ['sb', 'r9'],
  ['sl', 'r10'],
  ['r13_usr', 'sp_usr'],
  ['r14_usr', 'lr_usr'],
  ['r13_fiq', 'sp_fiq'],
  ['r14_fiq', 'lr_fiq'],
  ...[1, 2, 3, 4].map((n) => [`a${n}`, `r${n - 1}`] as const),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`v${n}`, `r${n + 3}`] as const),
]);
const CORE_NAMES = [...Array.from({ length: 13 }, (_, n) => `r${n}`), 'sp', 'lr', 'pc'] as const;

/** Every register that this vCPU has. */
export function registersOf(cpu: DebuggedCpu): readonly RegisterDescription[] {
  return [...BY_NAME.values()].filter((register) => has(cpu, register)).map((register) => described(cpu, register));
}

function has(cpu: DebuggedCpu, { machine }: Entry): boolean {
  return machine === undefined || (machine === 'hyp') === hasHyp(cpu);
}

/** With the fields that it has in the format of tables that is on. */
function described(cpu: DebuggedCpu, register: Entry): RegisterDescription {
  const fields = usesLongDescriptors(cpu) ? LONG_FIELDS[register.name] : undefined;
  return fields ? { ...register, fields } : register;
}

/** What `name` means now; capitals, `$`, and a coprocessor before a dot are let be. */
export function findRegister(cpu: DebuggedCpu, name: string): RegisterDescription | undefined {
  const plain = name
    .toLowerCase()
    .replace(/^[$%]/, '')
    .replace(/^cp1[45]\./, '');
  const core = coreRegister(plain);
  const ownSpsr = plain === 'spsr' ? `spsr_${modeName(modeOf(cpu))}` : plain;
  const register = BY_NAME.get(core === undefined ? (ALIASES.get(plain) ?? ownSpsr) : CORE_NAMES[core]!);
  return register && has(cpu, register) ? described(cpu, register) : undefined;
}

/** Where it lies in ONE_REG now; null for a register that is none of this view. */
export function placeOf(cpu: DebuggedCpu, { name }: RegisterDescription): RegisterPlace | null {
  return BY_NAME.get(name)?.place(cpu) ?? null;
}

/** Its value, unsigned; 0 for one that this vCPU does not have. */
export function readRegister(cpu: DebuggedCpu, register: RegisterDescription): bigint {
  const place = placeOf(cpu, register);
  const value = place === null ? undefined : cpu.oneReg(place.id);
  return BigInt.asUintN(register.bits, (value ?? 0n) >> BigInt(place?.low ?? 0));
}
