// KVM ONE_REG registers of an ARM vCPU, in KVM/ARM's numbering (Linux arch/arm/include/uapi/asm/kvm.h, arch/arm/kvm/{guest,coproc}.c).
import type { CoreServices, OneReg } from '../../cpu/isa/architecture.ts';
import { WORD_PC } from '../../cpu/isa/state-words.ts';
import {
  KVM_REG_ARM_CP15_32,
  KVM_REG_ARM_CP15_64,
  KVM_REG_ARM_D,
  KVM_REG_ARM_FPEXC,
  KVM_REG_ARM_FPSCR,
  KVM_REG_ARM_R,
} from '../../kvm/arm.ts';
import { KvmError } from '../../kvm/errors.ts';
import { CP14_REGISTERS } from './cp15/debug-registers.ts';
import { READ, RIGHT, type SystemRegister, WRITE } from './cp15/description.ts';
import { NS_PER_TICK_SHIFT, PLACE } from './cp15/places.ts';
import { CP15_REGISTERS, CP15_REGISTERS_64 } from './cp15/registers.ts';
import { FPSCR } from './fp/fpscr.ts';
import { PSCI_0_2, PSCI_1_0 } from './psci.ts';
import { CP15, FLAG, MODE, MODE_BANK, PSR } from './registers.ts';

const KVM_REG_ARM = 0x4000000000000000n;
const SIZE_U32 = 0x0020000000000000n;
const SIZE_U64 = 0x0030000000000000n;
const COPROCESSOR_SHIFT = 16n;
const DEMUX = 0x11n;
const VFP = 0x12n;
const FIRMWARE = 0x14n;

const idOf = (size: bigint, coprocessor: bigint, rest: number): bigint =>
  KVM_REG_ARM | size | (coprocessor << COPROCESSOR_SHIFT) | BigInt(rest);
export const KVM_REG_ARM_CP14_32 = (opc1: number, crn: number, crm: number, opc2: number): bigint =>
  idOf(SIZE_U32, 14n, (crn << 11) | (crm << 7) | (opc1 << 3) | opc2);
export const KVM_REG_ARM_CCSIDR = (csselr: number): bigint => idOf(SIZE_U32, DEMUX, csselr);
export const KVM_REG_ARM_VFP = (register: number): bigint => idOf(SIZE_U32, VFP, register);
const KVM_REG_ARM_PSCI_VERSION = idOf(SIZE_U64, FIRMWARE, 0);

/** Words of struct kvm_regs. */
const WORD = { SP: 13, LR: 14, PC: 15, CPSR: 16, OLD_R0: 17, SVC: 18, ABT: 21, UND: 24, IRQ: 27, FIQ: 30, HYP: 38 };
export const VFP_REGISTER = { FPSID: 0x1000, MVFR1: 0x1006, MVFR0: 0x1007 };
/** Of a Cortex-A15. */
const [FPSID, MVFR0, MVFR1] = [0x410430f0, 0x10110222, 0x11111111];

const MODES: ReadonlySet<number> = new Set(Object.values(MODE));

const unsigned = (value: number): bigint => BigInt(value >>> 0);
const word32 = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** All registers of the active vCPU, in GET_REG_LIST order. */
export function oneRegs(services: CoreServices): readonly OneReg[] {
  return [...coreRegisters(services), ...systemRegisters(services), ...floatingPoint(services), firmware(services)];
}

function plain(services: CoreServices, id: bigint, at: number): OneReg {
  const { i32 } = services;
  return {
    id,
    get: () => unsigned(i32[at]!),
    set: (value) => {
      i32[at] = word32(value);
    },
  };
}

function coreRegisters(services: CoreServices): OneReg[] {
  const { i32, banks } = services;
  const at = (bank: string, index = 0): number => (banks[bank]!.offset >> 2) + index;
  const mode = (): number => i32[at('cpsr')]! & PSR.M;
  const isFiq = (): boolean => mode() === MODE.FIQ;
  /** A register that lies in one of two places. */
  const placed = (word: number, place: () => number): OneReg => ({
    id: KVM_REG_ARM_R(word),
    get: () => unsigned(i32[place()]!),
    set: (value) => {
      i32[place()] = word32(value);
    },
  });
  /** SP and LR of a mode that lie in `gpr` while it is current. */
  const stack = (word: number, bank: number, isCurrent: () => boolean): OneReg =>
    placed(word, () => (isCurrent() ? at('gpr', 13) : at('bankedSp', bank)));
  const link = (word: number, bank: number, isCurrent: () => boolean): OneReg =>
    placed(word, () => (isCurrent() ? at('gpr', 14) : at('bankedLr', bank)));
  const isIn = (...modes: readonly number[]) => {
    return () => modes.includes(mode());
  };
  const banked = (word: number, bank: number, own: number): OneReg[] => [
    stack(word, bank, isIn(own)),
    link(word + 1, bank, isIn(own)),
    plain(services, KVM_REG_ARM_R(word + 2), at('spsr', bank)),
  ];
  const hasHyp = (): boolean => i32[at('cp15', PLACE.HAS_HYP)] !== 0;

  return [
    ...Array.from({ length: 8 }, (_, n) => plain(services, KVM_REG_ARM_R(n), at('gpr', n))),
    ...Array.from({ length: 5 }, (_, n) => placed(8 + n, () => (isFiq() ? at('bankedHigh', 5 + n) : at('gpr', 8 + n)))),
    stack(WORD.SP, MODE_BANK.USR, isIn(MODE.USR, MODE.SYS)),
    link(WORD.LR, MODE_BANK.USR, isIn(MODE.USR, MODE.SYS, MODE.HYP)),
    {
      id: KVM_REG_ARM_R(WORD.PC),
      get: () => unsigned(i32[WORD_PC >> 2]! & ~1),
      set: (value) => {
        i32[WORD_PC >> 2] = (word32(value) & ~1) | (i32[WORD_PC >> 2]! & 1);
      },
    },
    {
      id: KVM_REG_ARM_R(WORD.CPSR),
      get: () => unsigned(programStatus(services)),
      set: (value) => setProgramStatus(services, word32(value)),
    },
    { id: KVM_REG_ARM_R(WORD.OLD_R0), get: () => 0n, set: () => {} },
    ...banked(WORD.SVC, MODE_BANK.SVC, MODE.SVC),
    ...banked(WORD.ABT, MODE_BANK.ABT, MODE.ABT),
    ...banked(WORD.UND, MODE_BANK.UND, MODE.UND),
    ...banked(WORD.IRQ, MODE_BANK.IRQ, MODE.IRQ),
    ...Array.from({ length: 5 }, (_, n) =>
      placed(WORD.FIQ + n, () => (isFiq() ? at('gpr', 8 + n) : at('bankedHigh', n))),
    ),
    ...banked(WORD.FIQ + 5, MODE_BANK.FIQ, MODE.FIQ),
    // KVM's guests have no Hyp mode: these numbers are ours.
    ...[
      stack(WORD.HYP, MODE_BANK.HYP, isIn(MODE.HYP)),
      plain(services, KVM_REG_ARM_R(WORD.HYP + 1), at('elrHyp')),
      plain(services, KVM_REG_ARM_R(WORD.HYP + 2), at('spsr', MODE_BANK.HYP)),
    ].map((register) => ({ ...register, listed: hasHyp })),
  ];
}

/** The whole CPSR. */
function programStatus({ i32, banks }: CoreServices): number {
  const word = (bank: string, index = 0): number => i32[(banks[bank]!.offset >> 2) + index]!;
  const flags =
    (word('flag', FLAG.N) & PSR.N) |
    (word('flag', FLAG.Z) === 0 ? PSR.Z : 0) |
    (word('flag', FLAG.C) << 29) |
    (word('flag', FLAG.V) << 28) |
    (word('flag', FLAG.Q) << 27);
  const it = word('it');
  const state = ((it & 0xfc) << 8) | ((it & 3) << 25) | ((i32[WORD_PC >> 2]! & 1) << 5);
  return flags | state | (word('ge') << PSR.GE_SHIFT) | word('cpsr');
}

function setProgramStatus(services: CoreServices, value: number): void {
  const { i32, banks } = services;
  const mode = value & PSR.M;
  const hasHyp = i32[(banks.cp15!.offset >> 2) + PLACE.HAS_HYP] !== 0;
  if (!MODES.has(mode) || (mode === MODE.HYP && !hasHyp))
    throw new KvmError('EINVAL', 'KVM_SET_ONE_REG', `there is no mode 0x${mode.toString(16)}`);
  const put = (bank: string, index: number, to: number): void => {
    i32[(banks[bank]!.offset >> 2) + index] = to;
  };
  put('flag', FLAG.N, value & PSR.N);
  put('flag', FLAG.Z, (value & PSR.Z) === 0 ? 1 : 0);
  put('flag', FLAG.C, (value >>> 29) & 1);
  put('flag', FLAG.V, (value >>> 28) & 1);
  put('flag', FLAG.Q, (value >>> 27) & 1);
  put('ge', 0, (value >>> PSR.GE_SHIFT) & 15);
  const thumb = (value >>> 5) & 1;
  put('it', 0, thumb ? ((value >>> 8) & 0xfc) | ((value >>> 25) & 3) : 0);
  const pc = i32[WORD_PC >> 2]!;
  i32[WORD_PC >> 2] = thumb ? pc | 1 : pc & ~3;
  services.routine('changeCpsr', value & (PSR.M | PSR.F | PSR.I | PSR.A | PSR.E));
}

const digit = (key: number, from: number): number => (key >> from) & 15;

/** Is a register of CP15_REGISTERS or CP14_REGISTERS, by its key there, one of ONE_REG? Operations, and what is made up when it is read, are not. */
export function isKept(key: number, { read, reads }: SystemRegister): boolean {
  const isWord = reads === READ.PLAIN || reads === READ.ID || reads === READ.TIMER_CONTROL;
  const isMonitor = digit(key, 8) === 9 && digit(key, 12) === 0;
  return read !== RIGHT.NONE && isWord && !isMonitor;
}

/** Registers that lie in bank cp15, and KVM's view of the virtual timer. */
function systemRegisters(services: CoreServices): OneReg[] {
  const { i32, banks } = services;
  const cp15 = banks.cp15!.offset >> 2;
  const hasHyp = (): boolean => i32[cp15 + PLACE.HAS_HYP] !== 0;

  const ofWord = (id: bigint, register: SystemRegister): OneReg => {
    const readOnly = register.write === RIGHT.NONE || register.writes === WRITE.IGNORE;
    const base = plain(services, id, cp15 + register.place);
    return {
      ...base,
      listed: () => hasHyp() || (register.read !== RIGHT.HYP && !register.onlyBare),
      set: (value) => {
        if (readOnly && value !== base.get())
          throw new KvmError('EINVAL', 'KVM_SET_ONE_REG', `${register.name} is what it is`);
        base.set(value);
        services.dropMapped('all');
      },
    };
  };
  const ofPair = (id: bigint, place: number, listed: () => boolean): OneReg => ({
    id,
    listed,
    get: () => unsigned(i32[cp15 + place]!) | (unsigned(i32[cp15 + place + 1]!) << 32n),
    set: (value) => {
      i32[cp15 + place] = word32(value);
      i32[cp15 + place + 1] = word32(value >> 32n);
      services.dropMapped('all');
    },
  });

  const words: OneReg[] = [];
  const add = (
    registers: ReadonlyMap<number, SystemRegister>,
    id: (opc1: number, crn: number, crm: number, opc2: number) => bigint,
  ): void => {
    for (const [key, register] of registers) {
      if (!isKept(key, register)) continue;
      words.push(ofWord(id(digit(key, 12), digit(key, 8), digit(key, 4), digit(key, 0)), register));
    }
  };
  add(CP15_REGISTERS, KVM_REG_ARM_CP15_32);
  add(CP14_REGISTERS, KVM_REG_ARM_CP14_32);

  const pairs: OneReg[] = [];
  for (const [key, register] of CP15_REGISTERS_64) {
    const listed = (): boolean => hasHyp() || register.read !== RIGHT.HYP;
    pairs.push(ofPair(KVM_REG_ARM_CP15_64(digit(key, 4), digit(key, 0)), register.place, listed));
  }
  const ticks = (): bigint => BigInt(services.now()) >> BigInt(NS_PER_TICK_SHIFT);
  const offset = ofPair(KVM_REG_ARM_TIMER_CNT, CP15.CNTVOFF, hasHyp);
  const count: OneReg = {
    id: KVM_REG_ARM_TIMER_CNT,
    listed: () => !hasHyp(), // the bare machine has CNTVOFF itself
    get: () => BigInt.asUintN(64, ticks() - offset.get()),
    set: (value) => offset.set(BigInt.asUintN(64, ticks() - value)),
  };
  const caches = [0, 1, 2].map((csselr) => {
    const register = plain(services, KVM_REG_ARM_CCSIDR(csselr), cp15 + CP15.CCSIDR0 + csselr);
    return readOnly(register);
  });
  return [...words, ...pairs, count, ...caches];
}

/** KVM_REG_ARM_TIMER_CNT: the virtual counter. */
export const KVM_REG_ARM_TIMER_CNT = KVM_REG_ARM_CP15_64(1, 14);

/** KVM takes the value that an invariant register has, and no other. */
function readOnly(register: OneReg): OneReg {
  return {
    ...register,
    set: (value) => {
      if (value !== register.get()) throw new KvmError('EINVAL', 'KVM_SET_ONE_REG', 'a register that never changes');
    },
  };
}

function floatingPoint(services: CoreServices): OneReg[] {
  const { i32, i64, banks } = services;
  const constant = (register: number, value: number): OneReg =>
    readOnly({ id: KVM_REG_ARM_VFP(register), get: () => unsigned(value), set: () => {} });
  const status = banks.fpscr!.offset >> 2;
  return [
    ...Array.from({ length: 32 }, (_, n): OneReg => {
      const at = (banks.d!.offset >> 3) + n;
      return {
        id: KVM_REG_ARM_D(n),
        get: () => BigInt.asUintN(64, i64[at]!),
        set: (value) => {
          i64[at] = BigInt.asIntN(64, value);
        },
      };
    }),
    constant(VFP_REGISTER.FPSID, FPSID),
    {
      id: KVM_REG_ARM_FPSCR,
      get: () => unsigned(i32[status]!),
      set: (value) => {
        i32[status] = word32(value) & FPSCR.WRITABLE;
      },
    },
    constant(VFP_REGISTER.MVFR1, MVFR1),
    constant(VFP_REGISTER.MVFR0, MVFR0),
    plain(services, KVM_REG_ARM_FPEXC, banks.fpexc!.offset >> 2),
  ];
}

function firmware({ i32, banks }: CoreServices): OneReg {
  const version = (banks.cp15!.offset >> 2) + PLACE.PSCI_VERSION;
  return {
    id: KVM_REG_ARM_PSCI_VERSION,
    get: () => unsigned(i32[version]!),
    set: (value) => {
      if (value !== BigInt(PSCI_0_2) && value !== BigInt(PSCI_1_0))
        throw new KvmError('EINVAL', 'KVM_SET_ONE_REG PSCI_VERSION', '0.2 or 1.0');
      i32[version] = Number(value);
    },
  };
}
