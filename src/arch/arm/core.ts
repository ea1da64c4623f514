// The TypeScript part of the ARM core: reset, interrupts, waits, time, PSCI and performance monitors (ARM DDI 0406C: B1.9, B1.14, B8). Translation is in
// mmu/.
import {
  Access,
  type CoreModel,
  type CoreServices,
  type ModelOptions,
  type OneReg,
} from '../../cpu/isa/architecture.ts';
import { WORD_PC } from '../../cpu/isa/state-words.ts';
import { accessSyndrome } from './access-syndrome.ts';
import { PLACE } from './cp15/places.ts';
import { reportDeviceAccess, reportEvent } from './events.ts';
import { oneRegs } from './one-reg.ts';
import { ArmPmu } from './pmu.ts';
import { PSCI_1_0, Psci } from './psci.ts';
import { ABORT, CP15, FLAG, HCR, LINE, MODE, PSR, SCTLR, TABLES, TRAP, WAITING } from './registers.ts';
import { resetCpsr, resetValues } from './state.ts';
import { VIRTUAL_ABORT } from './syndrome.ts';
import { ArmTimers } from './timer.ts';

/** Helper names, in the order of their numbers. */
export const HELPERS = ['psci', 'pmuRead', 'pmuWrite', 'yield', 'accessSyndrome'] as const;

/** KVM_INTERRUPT's number of FIQ. */
const FIQ_NUMBER = 2;

/** What stays when a vCPU is switched on by another. */
const KEPT = new Set(['lines']);

export class ArmCore implements CoreModel {
  private readonly services: CoreServices;
  private readonly options: ModelOptions;
  private readonly i32: Int32Array;
  private readonly timers: ArmTimers;
  private readonly pmu: ArmPmu;
  private readonly psci: Psci;
  private readonly registers: readonly OneReg[];
  private readonly at: Readonly<Record<string, number>>;

  constructor(services: CoreServices, options: ModelOptions) {
    this.services = services;
    this.options = options;
    this.i32 = services.i32;
    this.at = Object.fromEntries(Object.entries(services.banks).map(([name, bank]) => [name, bank.offset >> 2]));
    this.timers = new ArmTimers(services);
    this.pmu = new ArmPmu(services, this.timers);
    this.psci = new Psci(services, {
      start: (pc, context, bigEndian) => this.start(pc, context, bigEndian),
      isBigEndian: () => (this.word('cpsr') & PSR.E) !== 0,
    });
    this.registers = oneRegs(services);
  }

  reset(id: number): void {
    const { banks, vcpus } = this.services;
    const levels = this.cp15(PLACE.LEVELS);
    for (const bank of Object.values(banks)) {
      if (bank.shared || KEPT.has(bank.name)) continue;
      const words = bank.count * (bank.size / 4);
      this.i32.fill(0, bank.offset >> 2, (bank.offset >> 2) + words);
    }
    const cp15 = this.at.cp15!;
    for (const [place, value] of resetValues(this.options.vmType, id, vcpus)) this.i32[cp15 + place] = value;
    this.i32[cp15 + PLACE.LEVELS] = levels;
    this.i32[cp15 + PLACE.PSCI_VERSION] = PSCI_1_0;
    this.set('cpsr', resetCpsr(this.options.vmType));
    this.set('power', id === 0 ? 1 : 0);
    this.set('sevsSeen', this.word('sevs'));
    this.i32[this.at.flag! + FLAG.Z] = 1;
  }

  resetPc(): number {
    return 0;
  }

  /** PSCI CPU_ON, on the vCPU that is switched on. */
  private start(pc: number, context: number, bigEndian: boolean): void {
    this.reset(this.services.active);
    this.services.dropMapped('all'); // it may have been on before
    this.set('power', 1);
    // It waits, and an event has come: whoever has seen it wait sees that it can go on.
    this.set('waiting', WAITING.WFE);
    this.set('event', 1);
    this.set('gpr', context);
    this.i32[WORD_PC >>> 2] = pc & 1 ? pc : pc & ~3;
    if (!bigEndian) return;
    this.set('cpsr', this.word('cpsr') | PSR.E);
    this.i32[this.at.cp15! + CP15.SCTLR]! |= SCTLR.EE;
    this.i32[this.at.cp15! + CP15.HSCTLR]! |= SCTLR.EE;
  }

  normalise(): void {
    this.updateTimers(this.services.now());
    const flag = this.at.flag!;
    this.i32[flag + FLAG.N]! &= PSR.N;
    this.i32[flag + FLAG.Z] = this.i32[flag + FLAG.Z] === 0 ? 0 : 1;
    // What is banked of the current mode is old; changing to another one of each kind and back writes it anew.
    const cpsr = this.word('cpsr');
    const mode = cpsr & PSR.M;
    const other = mode === MODE.FIQ ? MODE.SVC : MODE.FIQ;
    this.services.routine('changeCpsr', (cpsr & ~PSR.M) | other);
    this.services.routine('changeCpsr', cpsr);
    this.i32[this.at.gpr! + 15] = 0;
  }

  misaligned(access: Access): number {
    const status = this.services.routine('alignmentStatus');
    if (access === Access.FETCH) return TRAP.PREFETCH_ABORT | status;
    return TRAP.DATA_ABORT | status | (access === Access.WRITE ? ABORT.WRITE : 0);
  }

  helper(number: number, a: number, b: number): number {
    switch (HELPERS[number]) {
      case 'psci':
        this.psci.call();
        return 0;
      case 'pmuRead':
        return this.pmu.read(a);
      case 'pmuWrite':
        this.pmu.write(a, b);
        return 0;
      case 'yield':
        this.services.yieldNow();
        return 0;
      case 'accessSyndrome':
        return accessSyndrome(this.services, a);
      default:
        throw new Error(`no ARM helper ${number}`);
    }
  }

  event(number: number, a: number, b: number): void {
    reportEvent(this.services, number, a, b);
  }

  deviceAccess(): void {
    reportDeviceAccess(this.services.observer);
  }

  privilege(): number {
    const cpsr = this.word('cpsr');
    const mode = cpsr & PSR.M;
    const set = mode === MODE.HYP ? TABLES.HYP : mode === MODE.USR ? TABLES.USER : TABLES.KERNEL;
    return set + ((cpsr & PSR.E) !== 0 ? TABLES.ORDER : 0);
  }

  // Time

  updateTimers(now: number): void {
    this.timers.update(now);
    this.pmu.update(now);
  }

  timerDeadline(): number {
    const now = this.services.now();
    return Math.min(this.timers.deadline(now), this.pmu.deadline());
  }

  timerWakes(spinning: boolean): boolean {
    if (!this.isOn() || this.timerDeadline() === Number.POSITIVE_INFINITY) return false;
    return !spinning || this.interruptible();
  }

  // Interrupts

  /** The interrupts that wait, by what they are for the guest: bits of LINE. Virtual ones exist where HCR routes the physical ones to Hyp mode. */
  private waiting(): number {
    const lines = this.word('lines');
    const hcr = this.cp15(CP15.HCR);
    let asked = lines & (LINE.IRQ | LINE.FIQ);
    if ((hcr & HCR.TGE) !== 0) return asked;
    if ((hcr & HCR.IMO) !== 0 && ((hcr & HCR.VI) !== 0 || (lines & LINE.VIRQ) !== 0)) asked |= LINE.VIRQ;
    if ((hcr & HCR.FMO) !== 0 && ((hcr & HCR.VF) !== 0 || (lines & LINE.VFIQ) !== 0)) asked |= LINE.VFIQ;
    return asked;
  }

  /** The interrupts that the mode and CPSR let through. */
  private open(): number {
    const cpsr = this.word('cpsr');
    const hcr = this.cp15(CP15.HCR);
    const inHyp = (cpsr & PSR.M) === MODE.HYP;
    const routed = (bit: number): boolean => !inHyp && (hcr & (bit | HCR.TGE)) !== 0;
    let open = 0;
    if ((cpsr & PSR.F) === 0) open |= inHyp ? LINE.FIQ : LINE.FIQ | LINE.VFIQ;
    if ((cpsr & PSR.I) === 0) open |= inHyp ? LINE.IRQ : LINE.IRQ | LINE.VIRQ;
    if (routed(HCR.FMO)) open |= LINE.FIQ;
    if (routed(HCR.IMO)) open |= LINE.IRQ;
    return open;
  }

  interrupt(): number {
    if (this.virtualAbort()) return TRAP.DATA_ABORT | VIRTUAL_ABORT;
    const asked = this.waiting();
    if (asked === 0) return -1;
    const taken = asked & this.open();
    if ((taken & LINE.FIQ) !== 0) return TRAP.FIQ;
    if ((taken & LINE.IRQ) !== 0) return TRAP.IRQ;
    if ((taken & LINE.VFIQ) !== 0) return TRAP.VFIQ;
    return (taken & LINE.VIRQ) !== 0 ? TRAP.VIRQ : -1;
  }

  /** Does HCR ask for a virtual asynchronous abort that may be taken now? */
  private virtualAbort(): boolean {
    const cpsr = this.word('cpsr');
    const asked = (this.cp15(CP15.HCR) & (HCR.VA | HCR.AMO | HCR.TGE)) === (HCR.VA | HCR.AMO);
    return asked && (cpsr & PSR.A) === 0 && (cpsr & PSR.M) !== MODE.HYP;
  }

  isWaiting(): boolean {
    return this.word('waiting') !== 0 || !this.isOn();
  }

  wakeable(): boolean {
    if (this.word('waiting') === WAITING.WFI) return this.isOn();
    return this.interruptible() || (this.isOn() && this.timers.hasEvents);
  }

  wake(): void {
    if (!this.pending()) return;
    if (this.word('waiting') === WAITING.WFE) this.useUpEvent();
    this.set('waiting', WAITING.NO);
  }

  /** A masked interrupt ends WFI only; an event ends WFE (B1.8.13, B1.8.14). */
  pending(): boolean {
    if (!this.isOn()) return false;
    const waiting = this.word('waiting');
    if (waiting === WAITING.WFI) return this.waiting() !== 0;
    return this.interrupt() !== -1 || (waiting === WAITING.WFE && this.hasEvent());
  }

  interruptible(): boolean {
    return this.isOn() && (this.open() & this.possible()) !== 0;
  }

  /** The interrupts that can come while this vCPU does nothing (Linux never masks FIQ, which nobody gives it). */
  private possible(): number {
    const hcr = this.cp15(CP15.HCR);
    let possible = LINE.IRQ;
    if (this.services.canRaise(FIQ_NUMBER)) possible |= LINE.FIQ;
    if ((hcr & HCR.IMO) !== 0) possible |= LINE.VIRQ;
    return (hcr & HCR.FMO) !== 0 ? possible | LINE.VFIQ : possible;
  }

  private hasEvent(): boolean {
    return this.word('event') !== 0 || this.word('sevs') !== this.word('sevsSeen');
  }

  private useUpEvent(): void {
    this.set('event', 0);
    this.set('sevsSeen', this.word('sevs'));
  }

  private isOn(): boolean {
    return this.word('power') !== 0;
  }

  /** 1 to 4: the lines in the order of LINE. */
  hasInterrupt(irq: number): boolean {
    return irq >= 1 && irq <= 4;
  }

  setInterrupt(irq: number, raise: boolean): void {
    const bit = 1 << (irq - 1);
    const lines = this.word('lines');
    this.set('lines', raise ? lines | bit : lines & ~bit);
  }

  oneRegs(): readonly OneReg[] {
    return this.registers;
  }

  private word(bank: string): number {
    return this.i32[this.at[bank]!]!;
  }

  private set(bank: string, value: number): void {
    this.i32[this.at[bank]!] = value;
  }

  private cp15(place: number): number {
    return this.i32[this.at.cp15! + place]!;
  }
}
