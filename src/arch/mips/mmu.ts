// Address translation: the segment map of each machine type, and the joint TLB (MIPS32 Volume III; trap-and-emulate segments: reference MIPS.md A1).
import { Access, type CoreServices, Translated, type Translation, type VmType } from '../../cpu/isa/architecture.ts';
import { CP0, EXC, PRIVILEGE, privilegeOf, STATUS, TLB_ENTRIES, TRAP_REFILL } from './registers.ts';

const ENTRYLO_G = 1;
const ENTRYLO_V = 2;
const ENTRYLO_D = 4;
/** 20 bits of page frame, cache attribute, D, V, G. */
const ENTRYLO_WRITABLE = 0x03ffffff;
/** An EntryHi that no mapped address matches: it lies in KSEG0. */
const UNMATCHABLE = 0x80000000;
/** Larger pages are dropped from the tables by a full flush. */
const MAX_PAGES_TO_DROP = 64;

const TE_KSEG0 = 0x40000000;
const TE_KSEG23 = 0x60000000;
/** KSEG0 of the host, and of a guest with ordinary segments. */
const KSEG0 = 0x80000000;
const KSEG23 = 0xc0000000;
const PHYSICAL_MASK = 0x1fffffff;

export class MipsMmu {
  private readonly services: CoreServices;
  private readonly vmType: VmType;
  private readonly i32: Int32Array;
  private readonly cp0: number;
  private readonly tlbHi: number;
  private readonly tlbMask: number;
  private readonly tlbLo0: number;
  private readonly tlbLo1: number;

  constructor(services: CoreServices, vmType: VmType) {
    this.services = services;
    this.vmType = vmType;
    this.i32 = services.i32;
    const word = (bank: string): number => services.banks[bank]!.offset >> 2;
    this.cp0 = word('cp0');
    this.tlbHi = word('tlbHi');
    this.tlbMask = word('tlbMask');
    this.tlbLo0 = word('tlbLo0');
    this.tlbLo1 = word('tlbLo1');
  }

  /** Power-on: no entry matches. */
  reset(): void {
    this.i32.fill(UNMATCHABLE | 0, this.tlbHi, this.tlbHi + TLB_ENTRIES);
  }

  translate(address: number, access: Access, out: Translation): void {
    const va = address >>> 0;
    out.outcome = Translated.PHYSICAL;
    out.mapped = false;
    out.global = true;
    out.writable = true;
    if (this.vmType === 'vz') this.translateVz(va, access, out);
    else this.translateTe(va, access, out);
  }

  private translateTe(va: number, access: Access, out: Translation): void {
    if (va < TE_KSEG0) this.translateMapped(va, access, out);
    else if (this.userMode()) this.fault(out, misaligned(access));
    else if (va < TE_KSEG23) out.physical = va & PHYSICAL_MASK;
    else if (va < KSEG0) this.translateMapped(va, access, out);
    else if (va < KSEG23 && access !== Access.FETCH) {
      out.outcome = Translated.MMIO;
      out.physical = va & PHYSICAL_MASK;
    } else out.outcome = Translated.UNEMULATED;
  }

  private translateVz(va: number, access: Access, out: Translation): void {
    if (va < KSEG0) {
      if ((this.i32[this.cp0 + CP0.STATUS]! & STATUS.ERL) === 0) this.translateMapped(va, access, out);
      else {
        // KUSEG is unmapped while ERL is set; the entry goes when ERL does.
        out.physical = va;
        out.mapped = true;
      }
    } else if (this.userMode()) this.fault(out, misaligned(access));
    else if (va < KSEG23) out.physical = va & PHYSICAL_MASK;
    else this.translateMapped(va, access, out);
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

  recordFault(address: number, trap: number): void {
    this.i32[this.cp0 + CP0.BADVADDR] = address;
    const excCode = trap & 0x1f;
    if (excCode === EXC.AdEL || excCode === EXC.AdES) return;
    const context = this.i32[this.cp0 + CP0.CONTEXT]!;
    this.i32[this.cp0 + CP0.CONTEXT] = (context & 0xff800000) | ((address >>> 13) << 4);
    const entryHi = this.i32[this.cp0 + CP0.ENTRYHI]!;
    this.i32[this.cp0 + CP0.ENTRYHI] = (entryHi & 0xff) | (address & 0xffffe000);
  }

  /** TLBR. */
  readEntry(): void {
    const index = this.i32[this.cp0 + CP0.INDEX]! & (TLB_ENTRIES - 1);
    const global = this.i32[this.tlbLo0 + index]! & this.i32[this.tlbLo1 + index]! & ENTRYLO_G;
    const oldAsid = this.i32[this.cp0 + CP0.ENTRYHI]! & 0xff;
    const entryHi = this.i32[this.tlbHi + index]!;
    this.i32[this.cp0 + CP0.PAGEMASK] = this.i32[this.tlbMask + index]!;
    this.i32[this.cp0 + CP0.ENTRYHI] = entryHi;
    this.i32[this.cp0 + CP0.ENTRYLO0] = (this.i32[this.tlbLo0 + index]! & ~ENTRYLO_G) | global;
    this.i32[this.cp0 + CP0.ENTRYLO1] = (this.i32[this.tlbLo1 + index]! & ~ENTRYLO_G) | global;
    if ((entryHi & 0xff) === oldAsid) return;
    if (this.vmType === 'trap-and-emulate') this.services.observer.asidChanged(oldAsid, entryHi & 0xff);
    this.services.dropMapped('not-global');
  }

  /** TLBWI, TLBWR. */
  writeEntry(index: number): void {
    this.dropEntry(index);
    const mask = this.i32[this.cp0 + CP0.PAGEMASK]! & 0x1fffe000;
    const lo0 = this.i32[this.cp0 + CP0.ENTRYLO0]! & ENTRYLO_WRITABLE;
    const lo1 = this.i32[this.cp0 + CP0.ENTRYLO1]! & ENTRYLO_WRITABLE;
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

  private userMode(): boolean {
    return privilegeOf(this.i32[this.cp0 + CP0.STATUS]!) === PRIVILEGE.USER;
  }
}

/** Trap code of a misaligned access, and of one that the privilege does not allow. */
export function misaligned(access: Access): number {
  return access === Access.WRITE ? EXC.AdES : EXC.AdEL;
}
