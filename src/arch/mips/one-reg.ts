// KVM ONE_REG registers of a MIPS vCPU (reference KVM-API.md 7.1; kvm_trap_emul_get/set_one_reg, kvm_vz_get/set_one_reg).
import type { CoreServices, OneReg } from '../../cpu/isa/architecture.ts';
import { WORD_PC } from '../../cpu/isa/state-words.ts';
import { KvmError } from '../../kvm/errors.ts';
import {
  KVM_REG_MIPS_COUNT_CTL,
  KVM_REG_MIPS_COUNT_HZ,
  KVM_REG_MIPS_COUNT_RESUME,
  KVM_REG_MIPS_CP0_32,
  KVM_REG_MIPS_CP0_64,
  KVM_REG_MIPS_HI,
  KVM_REG_MIPS_LO,
  KVM_REG_MIPS_PC,
  KVM_REG_MIPS_R,
} from '../../kvm/mips.ts';
import type { MipsFpu } from './fpu/state.ts';
import { CAUSE, CP0, TIMER } from './registers.ts';
import type { MachineState } from './state.ts';
import type { MipsTimer } from './timer.ts';

const MAX_COUNT_HZ = 1_000_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** What the registers need of the core besides its state. */
export interface OneRegCore {
  readonly timer: MipsTimer;
  countStoppedByKvm(): boolean;
  configChanged(): void;
  readonly fpu: MipsFpu;
}

const idOf = (register: number, wide: boolean): bigint =>
  (wide ? KVM_REG_MIPS_CP0_64 : KVM_REG_MIPS_CP0_32)(register >> 3, register & 7);

/** All registers of the active vCPU, in GET_REG_LIST order. */
export function oneRegs(services: CoreServices, core: OneRegCore, machine: MachineState): readonly OneReg[] {
  const { banks, i32, i64 } = services;
  const word = (bank: string): number => banks[bank]!.offset >> 2;
  const cp0 = word('cp0');

  const signed64 = (id: bigint, index: number): OneReg => ({
    id,
    get: () => BigInt.asUintN(64, BigInt(i32[index]!)),
    set: (value) => {
      i32[index] = Number(BigInt.asIntN(32, value));
    },
  });
  /** Bits that user space may change; undefined for all. */
  const writable = (register: number): number | undefined => {
    const mask = machine.oneRegMasks.get(register);
    if (mask === 'as the guest') return i32[register === CP0.STATUS ? word('statusMask') : word('cp0Mask') + register]!;
    return mask !== undefined && register === CP0.CONFIG1 ? mask | core.fpu.config1Mask() : mask;
  };
  const masked = (register: number, value: bigint): number => {
    const mask = writable(register);
    const next = Number(BigInt.asIntN(32, value));
    return mask === undefined ? next : (i32[cp0 + register]! & ~mask) | (next & mask);
  };
  const absent = (register: number, wide: boolean): OneReg => ({
    id: idOf(register, wide),
    get: () => {
      throw new KvmError('EINVAL', 'KVM_GET_ONE_REG', `this CPU has no CP0 register ${register >> 3}, ${register & 7}`);
    },
    set: () => {},
  });
  const cp0Register = (register: number, wide: boolean): OneReg => ({
    id: idOf(register, wide),
    get: () => {
      const value = i32[cp0 + register]!;
      return wide ? BigInt.asUintN(64, BigInt(value)) : BigInt(value >>> 0);
    },
    set: (value) => {
      i32[cp0 + register] = masked(register, value);
      if (register === CP0.COMPARE) i32[word('timerChanged')] = TIMER.SET_ANEW;
      if (register === CP0.CONFIG1 || register === CP0.CONFIG3 || register === CP0.STATUS) core.configChanged();
      if (register === CP0.ENTRYHI || register === CP0.STATUS) services.dropMapped('all'); // ASID, ERL
    },
  });
  const registers = (of: readonly number[], wide: boolean): OneReg[] =>
    of.map((register) => (machine.absent.has(register) ? absent : cp0Register)(register, wide));

  /** Cause, with the timer interrupt that is due by now. */
  const cause = (): number => {
    core.timer.update(services.now());
    return i32[cp0 + CP0.CAUSE]!;
  };
  /** End COUNT_CTL.DC: Count is where it would be had it run since COUNT_RESUME, and a match in between is not lost. */
  const restart = (): void => {
    const { timer } = core;
    const now = services.now();
    const resume = i64[word('countResume') >> 1]!;
    const count = timer.count(now);
    timer.setRunning(true, now);
    timer.setCount(count, Number(resume));
    const ticks = BigInt(((i32[cp0 + CP0.COMPARE]! - count - 1) >>> 0) + 1);
    const rate = BigInt(timer.frequency);
    const match = resume + (ticks * NS_PER_SECOND + rate - 1n) / rate;
    if (match <= BigInt(now)) i32[cp0 + CP0.CAUSE]! |= CAUSE.TI | CAUSE.IP7;
  };

  const gprs = Array.from({ length: 32 }, (_, i): OneReg => {
    const register = signed64(KVM_REG_MIPS_R(i), word('gpr') + i);
    return i === 0 ? { ...register, set: () => {} } : register;
  });
  return [
    ...gprs,
    signed64(KVM_REG_MIPS_HI, word('hi')),
    signed64(KVM_REG_MIPS_LO, word('lo')),
    signed64(KVM_REG_MIPS_PC, WORD_PC >> 2),
    ...core.fpu.oneRegs(),
    ...registers(machine.ids.u32, false),
    ...registers(machine.ids.u64, true),
    {
      id: KVM_REG_MIPS_CP0_32(13, 0),
      get: () => BigInt(cause() >>> 0),
      set: (value) => {
        const changed = cause() ^ Number(BigInt.asIntN(32, value));
        i32[cp0 + CP0.CAUSE]! ^= changed;
        if ((changed & CAUSE.DC) === 0) return; // Count goes on undisturbed, to the nanosecond
        core.timer.setRunning((cause() & CAUSE.DC) === 0 && !core.countStoppedByKvm(), services.now());
      },
    },
    {
      id: KVM_REG_MIPS_CP0_32(9, 0),
      get: () => BigInt(core.timer.count(services.now())),
      set: (value) => core.timer.setCount(Number(BigInt.asIntN(32, value)), services.now()),
    },
    {
      id: KVM_REG_MIPS_COUNT_CTL,
      get: () => BigInt(i32[word('countCtl')]!),
      set: (value) => {
        if (value >> 1n !== 0n) throw new KvmError('EINVAL', 'KVM_SET_ONE_REG COUNT_CTL', 'only DC may change');
        const stop = value !== 0n;
        if (stop === core.countStoppedByKvm()) return;
        const stoppedByGuest = (cause() & CAUSE.DC) !== 0;
        i32[word('countCtl')] = Number(value);
        if (stop) i64[word('countResume') >> 1] = BigInt(services.now());
        if (stoppedByGuest) return;
        if (stop) core.timer.setRunning(false, services.now());
        else restart();
      },
    },
    {
      id: KVM_REG_MIPS_COUNT_RESUME,
      get: () => i64[word('countResume') >> 1]!,
      set: (value) => {
        if (value < 0n || value > BigInt(services.now()))
          throw new KvmError('EINVAL', 'KVM_SET_ONE_REG COUNT_RESUME', 'later than now');
        i64[word('countResume') >> 1] = value;
      },
    },
    {
      id: KVM_REG_MIPS_COUNT_HZ,
      get: () => BigInt(core.timer.frequency),
      set: (value) => {
        if (value < 1n || value > MAX_COUNT_HZ)
          throw new KvmError('EINVAL', 'KVM_SET_ONE_REG COUNT_HZ', '1 to 1,000,000,000');
        core.timer.setFrequency(Number(value), services.now());
      },
    },
  ];
}
