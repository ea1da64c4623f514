// The TypeScript part of the MIPS core in trap-and-emulate mode: address translation through the segment map and the guest's TLB, rare
// helpers, timer, interrupt lines, hypercalls (reference MIPS.md A1, A5-A8, A10; MIPS32 Volume III).
import {
  Access,
  type CoreModel,
  type CoreServices,
  type ModelOptions,
  type OneReg,
  Translated,
  type Translation,
} from '../../cpu/isa/architecture.ts';
import {
  KVM_ENOSYS,
  KVM_HC_MIPS_CONSOLE_OUTPUT,
  KVM_HC_MIPS_EXIT_VM,
  KVM_HC_MIPS_GET_CLOCK_FREQ,
} from '../../kvm/constants.ts';
import { deviceAccessReason, reportEvent, reportExit } from './events.ts';
import { oneRegs } from './one-reg.ts';
import { CAUSE, CP0, EXC, PRIVILEGE, STATUS, TLB_ENTRIES, TRAP_REFILL } from './registers.ts';
import { DEFAULT_COUNT_HZ, MTC0_MASKS, TE_BOOT_VECTOR, TE_RESET_PC, teResetValues } from './state.ts';
import { MipsTimer } from './timer.ts';

/** Helper names, in the order of their numbers. */
export const HELPERS = ['countDisabled', 'addressSpaceChanged', 'tlbRead', 'tlbWrite', 'hypercall', 'pause'] as const;

const ENTRYLO_G = 1;
const ENTRYLO_V = 2;
const ENTRYLO_D = 4;
/** An EntryHi that no trap-and-emulate address matches. */
const UNMATCHABLE = 0x80000000;
/** Larger pages are dropped from the tables by a full flush. */
const MAX_PAGES_TO_DROP = 64;

const TE_KSEG0 = 0x40000000;
const TE_KSEG23 = 0x60000000;
const HOST_KSEG0 = 0x80000000;
const HOST_KSEG23 = 0xc0000000;
const PHYSICAL_MASK = 0x1fffffff;

export class MipsCore implements CoreModel {
  readonly timer: MipsTimer;
  private readonly services: CoreServices;
  private readonly options: ModelOptions;
  private readonly i32: Int32Array;
  private readonly gpr: number;
  private readonly cp0: number;
  private readonly waiting: number;
  private readonly tlbHi: number;
  private readonly tlbMask: number;
  private readonly tlbLo0: number;
  private readonly tlbLo1: number;
  private readonly registers: readonly OneReg[];

  constructor(services: CoreServices, options: ModelOptions) {
    this.services = services;
    this.options = options;
    this.i32 = services.i32;
    this.timer = new MipsTimer(services);
    const word = (bank: string): number => services.banks[bank]!.offset >> 2;
    this.gpr = word('gpr');
    this.cp0 = word('cp0');
    this.waiting = word('waiting');
    this.tlbHi = word('tlbHi');
    this.tlbMask = word('tlbMask');
    this.tlbLo0 = word('tlbLo0');
    this.tlbLo1 = word('tlbLo1');
    this.registers = oneRegs(services, this);
  }

  reset(id: number): void {
    const { banks } = this.services;
    for (const bank of Object.values(banks)) {
      const words = (bank.count + (bank.zero ? 1 : 0)) * (bank.size / 4);
      this.i32.fill(0, bank.offset >> 2, (bank.offset >> 2) + words);
    }
    for (const [index, value] of teResetValues(id, this.options.bigEndian)) this.i32[this.cp0 + index] = value;
    for (const [index, mask] of MTC0_MASKS) this.i32[(banks.cp0Mask!.offset >> 2) + index] = mask;
    this.i32[banks.bootVector!.offset >> 2] = TE_BOOT_VECTOR;
    this.i32[banks.seed!.offset >> 2] = this.options.seed;
    this.i32.fill(UNMATCHABLE | 0, this.tlbHi, this.tlbHi + TLB_ENTRIES);
    this.timer.reset(DEFAULT_COUNT_HZ);
  }

  resetPc(): number {
    return TE_RESET_PC;
  }

  normalise(): void {
    const now = this.services.now();
    this.timer.update(now);
    this.timer.rebase(now);
  }

  // Translation

  translate(address: number, access: Access, out: Translation): void {
    const va = address >>> 0;
    out.outcome = Translated.PHYSICAL;
    out.mapped = false;
    out.global = true;
    out.writable = true;
    if (va < TE_KSEG0) this.translateMapped(va, access, out);
    else if (this.privilege() === PRIVILEGE.USER) this.fault(out, this.misaligned(access));
    else if (va < TE_KSEG23) out.physical = va & PHYSICAL_MASK;
    else if (va < HOST_KSEG0) this.translateMapped(va, access, out);
    else if (va < HOST_KSEG23 && access !== Access.FETCH) {
      out.outcome = Translated.MMIO;
      out.physical = va & PHYSICAL_MASK;
    } else out.outcome = Translated.UNEMULATED;
  }

  private translateMapped(va: number, access: Access, out: Translation): void {
    const index = this.services.routine('tlbFind', va);
    const excCode = access === Access.WRITE ? EXC.TLBS : EXC.TLBL;
    if (index < 0) {
      this.fault(out, excCode | TRAP_REFILL);
      return;
    }
    const mask = this.i32[this.tlbMask + index]! | 0x1fff;
    const half = (mask + 1) >>> 1; // bytes of one page of the pair
    const lo0 = this.i32[this.tlbLo0 + index]!;
    const lo1 = this.i32[this.tlbLo1 + index]!;
    const lo = (va & half) !== 0 ? lo1 : lo0;
    if ((lo & ENTRYLO_V) === 0) {
      this.fault(out, excCode);
      return;
    }
    out.writable = (lo & ENTRYLO_D) !== 0;
    if (access === Access.WRITE && !out.writable) {
      this.fault(out, EXC.Mod);
      return;
    }
    const frame = ((lo >>> 6) * 4096) & ~(half - 1);
    out.physical = (frame | (va & (half - 1))) >>> 0;
    out.mapped = true;
    out.global = (lo0 & lo1 & ENTRYLO_G) !== 0;
  }

  private fault(out: Translation, trap: number): void {
    out.outcome = Translated.FAULT;
    out.trap = trap;
  }

  misaligned(access: Access): number {
    return access === Access.WRITE ? EXC.AdES : EXC.AdEL;
  }

  recordFault(address: number, trap: number): void {
    this.i32[this.cp0 + CP0.BADVADDR] = address;
    const excCode = trap & 0x1f;
    if (excCode === EXC.AdEL || excCode === EXC.AdES) return;
    const context = this.i32[this.cp0 + CP0.CONTEXT]!;
    this.i32[this.cp0 + CP0.CONTEXT] = (context & 0xff800000) | ((address >>> 13) << 4);
    const entryHi = this.i32[this.cp0 + CP0.ENTRYHI]!;
    this.i32[this.cp0 + CP0.ENTRYHI] = (entryHi & 0xff) | (address & 0xffffe000);
  }

  privilege(): number {
    const status = this.status() & (STATUS.UM | STATUS.EXL | STATUS.ERL);
    return status === STATUS.UM ? PRIVILEGE.USER : PRIVILEGE.KERNEL;
  }

  // Helpers of rows

  event(number: number, a: number, b: number): void {
    reportEvent(this.services, number, a, b);
  }

  deviceAccess(access: Access, why: 'segment' | 'no memory' | 'readonly'): void {
    const { observer } = this.services;
    reportExit(observer, deviceAccessReason(access, why), observer.exitPc);
  }

  helper(number: number, a: number, _b: number): number {
    switch (HELPERS[number]) {
      case 'countDisabled':
        this.timer.setRunning((this.cause() & CAUSE.DC) === 0 && !this.countStoppedByKvm(), this.services.now());
        this.services.cut();
        return 0;
      case 'addressSpaceChanged':
        this.services.dropMapped('not-global');
        return 0;
      case 'tlbRead':
        this.tlbRead();
        return 0;
      case 'tlbWrite':
        this.tlbWrite(a);
        return 0;
      case 'hypercall':
        return this.hypercall(a);
      case 'pause':
        this.services.yieldNow();
        return 0;
      default:
        throw new Error(`no MIPS helper ${number}`);
    }
  }

  private tlbRead(): void {
    const index = this.i32[this.cp0 + CP0.INDEX]! & (TLB_ENTRIES - 1);
    const global = this.i32[this.tlbLo0 + index]! & this.i32[this.tlbLo1 + index]! & ENTRYLO_G;
    const oldAsid = this.i32[this.cp0 + CP0.ENTRYHI]! & 0xff;
    const entryHi = this.i32[this.tlbHi + index]!;
    this.i32[this.cp0 + CP0.PAGEMASK] = this.i32[this.tlbMask + index]!;
    this.i32[this.cp0 + CP0.ENTRYHI] = entryHi;
    this.i32[this.cp0 + CP0.ENTRYLO0] = (this.i32[this.tlbLo0 + index]! & ~ENTRYLO_G) | global;
    this.i32[this.cp0 + CP0.ENTRYLO1] = (this.i32[this.tlbLo1 + index]! & ~ENTRYLO_G) | global;
    if ((entryHi & 0xff) === oldAsid) return;
    this.services.observer.asidChanged(oldAsid, entryHi & 0xff);
    this.services.dropMapped('not-global');
  }

  private tlbWrite(index: number): void {
    this.dropEntry(index);
    const mask = this.i32[this.cp0 + CP0.PAGEMASK]! & 0x1fffe000;
    const lo0 = this.i32[this.cp0 + CP0.ENTRYLO0]!;
    const lo1 = this.i32[this.cp0 + CP0.ENTRYLO1]!;
    const global = lo0 & lo1 & ENTRYLO_G;
    this.i32[this.tlbHi + index] = this.i32[this.cp0 + CP0.ENTRYHI]! & ~mask & 0xffffe0ff;
    this.i32[this.tlbMask + index] = mask;
    this.i32[this.tlbLo0 + index] = (lo0 & ~ENTRYLO_G) | global;
    this.i32[this.tlbLo1 + index] = (lo1 & ~ENTRYLO_G) | global;
    // A page that now matches another entry than before must be looked up again.
    this.dropEntry(index);
  }

  private dropEntry(index: number): void {
    const size = (this.i32[this.tlbMask + index]! | 0x1fff) + 1;
    const oddMask = (size & (size - 1)) !== 0; // UNPREDICTABLE; it may cover pages far apart
    const pages = size >>> 12;
    if (oddMask || pages > MAX_PAGES_TO_DROP) this.services.dropMapped('all');
    else this.services.dropPages(this.i32[this.tlbHi + index]! & ~(size - 1) & 0xffffe000, pages);
  }

  private hypercall(code: number): number {
    if (code !== 0) {
      this.services.unemulated(`HYPCALL with code ${code}`);
      return 0;
    }
    const nr = this.i32[this.gpr + 2]! >>> 0;
    if (!this.options.paravirtHypercalls) return KVM_ENOSYS;
    switch (nr) {
      case KVM_HC_MIPS_GET_CLOCK_FREQ:
        return this.timer.frequency;
      case KVM_HC_MIPS_EXIT_VM:
        this.services.shutdown();
        return 0;
      case KVM_HC_MIPS_CONSOLE_OUTPUT:
        return this.services.hypercall() ? this.services.hypercallResult : 0;
      default:
        return KVM_ENOSYS;
    }
  }

  // Time and interrupts

  /** Is Count stopped by user space (COUNT_CTL.DC)? */
  countStoppedByKvm(): boolean {
    return (this.i32[this.services.banks.countCtl!.offset >> 2]! & 1) !== 0;
  }

  updateTimers(now: number): void {
    this.timer.update(now);
  }

  timerDeadline(): number {
    return this.timer.deadline();
  }

  interrupt(): number {
    const status = this.status();
    if ((status & (STATUS.IE | STATUS.EXL | STATUS.ERL)) !== STATUS.IE) return -1;
    return (status & this.cause() & CAUSE.IP) !== 0 ? EXC.Int : -1;
  }

  isWaiting(): boolean {
    return this.i32[this.waiting] !== 0;
  }

  wake(): void {
    if (this.pending()) this.i32[this.waiting] = 0;
  }

  /** WAIT ends on an interrupt that Status.IM lets through, whatever IE says (Config7.WII). */
  pending(): boolean {
    return (this.status() & this.cause() & CAUSE.IP) !== 0;
  }

  timerWakes(spinning: boolean): boolean {
    if (this.timer.deadline() === Number.POSITIVE_INFINITY) return false;
    return (this.status() & CAUSE.IP7) !== 0 && (!spinning || this.interruptible());
  }

  interruptible(): boolean {
    const status = this.status();
    return (status & (STATUS.IE | STATUS.EXL | STATUS.ERL)) === STATUS.IE && (status & STATUS.IM) !== 0;
  }

  /** 2, 3, 4 and 6 are IP2, IP3, IP4 and IP6. */
  hasInterrupt(irq: number): boolean {
    return irq === 2 || irq === 3 || irq === 4 || irq === 6;
  }

  setInterrupt(irq: number, raise: boolean): void {
    const bit = 1 << (8 + irq);
    if (raise) this.i32[this.cp0 + CP0.CAUSE]! |= bit;
    else this.i32[this.cp0 + CP0.CAUSE]! &= ~bit;
  }

  oneRegs(): readonly OneReg[] {
    return this.registers;
  }

  private status(): number {
    return this.i32[this.cp0 + CP0.STATUS]!;
  }

  private cause(): number {
    return this.i32[this.cp0 + CP0.CAUSE]!;
  }
}
