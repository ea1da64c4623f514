// The virtualization part of a GICv2 (ARM IHI 0048B, chapter 5): list registers in which a hypervisor describes virtual interrupts, and the
// virtual CPU interface that gives them to a virtual machine. Bits and offsets: reference/ARM.md 7. One of these for each CPU.
import type { DeviceState } from '../device.ts';
import type { MisuseListener, RegisterSpec } from '../registers.ts';
import type { SavedState } from '../state.ts';
import { GicCpuInterface, type GicInterruptSource } from './gic-cpu-interface.ts';
import { GicWindow } from './gic-window.ts';

const GICH_SIZE = 0x1000;
const LIST_REGISTERS = 4;
/** GICH_VTR: 5 bits of priority, 5 of preemption, four list registers. */
const VTR = (4 << 29) | (4 << 26) | (LIST_REGISTERS - 1);
const HCR_EN = 1 << 0;
const HCR_UIE = 1 << 1;
const HCR_LRENPIE = 1 << 2;
const HCR_NPIE = 1 << 3;
const HCR_BITS = 0xf80000ff;
const HCR_EOICOUNT_SHIFT = 27;
/** GICH_MISR.EOI; the other bits have the places of the enables in GICH_HCR. */
const MISR_EOI = 1 << 0;
const LR_ID = 0x3ff;
/** With HW = 0: the CPU that sent the SGI. */
const LR_CPUID = 7 << 10;
const LR_EOI = 1 << 19;
const LR_PENDING = 1 << 28;
const LR_ACTIVE = 1 << 29;
const LR_STATE = LR_PENDING | LR_ACTIVE;
const LR_GROUP1 = 1 << 30;
const LR_HW = 1 << 31;
const LR_BITS = ~(7 << 20);
/** GICH_VMCR and GICV_CTLR: both enables, AckCtl, FIQEn, CBPR, EOImode. */
const CTLR_BITS = 0x21f;
const SGIS = 16;
const SPECIAL_IDS = 1020;

export class GicVirtualInterface {
  readonly cpuInterface: GicCpuInterface;
  private hypControl = 0;
  private readonly lists: number[] = Array.from({ length: LIST_REGISTERS }, () => 0);

  /** Virtual interrupts with the HW bit deactivate those of `physical`. */
  constructor(physical: GicInterruptSource) {
    const source: GicInterruptSource = {
      highestPending: () => this.highestPending(),
      groupOf: (n) => (this.lists[n]! & LR_GROUP1 ? 1 : 0),
      priorityOf: (n) => this.priority(n),
      valueOf: (n) => this.lists[n]! & nameBits(this.lists[n]!),
      acknowledge: (n) => this.store(n, (this.lists[n]! & ~LR_STATE) | LR_ACTIVE),
      ends: (_, value) => (value & LR_ID) < SPECIAL_IDS,
      deactivate: (value, dropped) => this.deactivate(value, dropped, physical),
    };
    this.cpuInterface = new GicCpuInterface(source, { ctlrBits: CTLR_BITS, aprs: 1 });
  }

  reset(): void {
    this.hypControl = 0;
    this.lists.fill(0);
    this.cpuInterface.reset();
  }

  /** GICH_HCR. */
  get hcr(): number {
    return this.hypControl;
  }

  set hcr(value: number) {
    this.hypControl = (value & HCR_BITS) >>> 0;
  }

  /** GICH_VMCR: the registers of the virtual CPU interface in one word. */
  get vmcr(): number {
    const { ctlr, pmr, bpr, abpr } = this.cpuInterface;
    return (ctlr | (abpr << 18) | (bpr << 21) | (pmr << 24)) >>> 0;
  }

  set vmcr(value: number) {
    this.cpuInterface.ctlr = value;
    this.cpuInterface.abpr = value >>> 18;
    this.cpuInterface.bpr = value >>> 21;
    this.cpuInterface.pmr = value >>> 24;
  }

  /** GICH_MISR: why there is a maintenance interrupt. */
  get misr(): number {
    const { ctlr } = this.cpuInterface;
    const used = this.lists.filter((list) => (list & LR_STATE) !== 0).length;
    const pending = this.lists.some((list) => (list & LR_STATE) === LR_PENDING);
    // Bits 7:4 ask for, and tell of, each group's enable being 1 (even bits) or 0 (odd bits).
    const groups = (ctlr & 1 ? 0x10 : 0x20) | (ctlr & 2 ? 0x40 : 0x80);
    const count = this.hypControl >>> HCR_EOICOUNT_SHIFT;
    const causes = (used <= 1 ? HCR_UIE : 0) | (count !== 0 ? HCR_LRENPIE : 0) | (pending ? 0 : HCR_NPIE) | groups;
    return (causes & this.hypControl) | (this.ended === 0 ? 0 : MISR_EOI);
  }

  /** The maintenance interrupt's line. */
  get maintenance(): boolean {
    return (this.hypControl & HCR_EN) !== 0 && this.misr !== 0;
  }

  /** GICH_EISR0: list registers whose interrupt ended and that asked to be told. */
  get ended(): number {
    return this.bits((list) => (list & (LR_STATE | LR_HW | LR_EOI)) === LR_EOI);
  }

  /** GICH_ELRSR0: list registers that are free. */
  get empty(): number {
    return this.bits((list) => (list & LR_STATE) === 0 && (list & (LR_HW | LR_EOI)) !== LR_EOI);
  }

  /** GICH_LR`n`. */
  list(n: number): number {
    return this.lists[n]!;
  }

  store(n: number, value: number): void {
    this.lists[n] = (value & LR_BITS) >>> 0;
  }

  save(): DeviceState {
    return { hcr: this.hcr, lists: [...this.lists], cpuInterface: this.cpuInterface.save() };
  }

  restore(saved: SavedState): void {
    const hcr = saved.integer('hcr', 0xffffffff);
    const lists = saved.integers('lists', LIST_REGISTERS, 0xffffffff);
    if (lists.length !== LIST_REGISTERS) throw saved.bad('lists', `a list of ${LIST_REGISTERS}`);
    this.cpuInterface.restore(saved.object('cpuInterface'));
    this.hcr = hcr;
    lists.forEach((list, n) => {
      this.store(n, list);
    });
  }

  /** Among equal priorities the lowest list register wins; one whose group is disabled does not count. */
  private highestPending(): number | undefined {
    let best: number | undefined;
    if (!(this.hypControl & HCR_EN)) return best;
    this.lists.forEach((list, n) => {
      const enabled = this.cpuInterface.ctlr & (list & LR_GROUP1 ? 2 : 1);
      if (!enabled || (list & LR_STATE) !== LR_PENDING) return;
      if (best === undefined || this.priority(n) < this.priority(best)) best = n;
    });
    return best;
  }

  /** Bits 7:3 of a priority, from bits 27:23. */
  private priority(n: number): number {
    return (this.lists[n]! >>> 20) & 0xf8;
  }

  /** The list register of an active interrupt loses its active state; without one GICH_HCR.EOICount counts, if a priority dropped. */
  private deactivate(value: number, dropped: boolean, physical: GicInterruptSource): void {
    const n = this.lists.findIndex((list) => list & LR_ACTIVE && ((list ^ value) & nameBits(list)) === 0);
    if (n < 0) {
      if (dropped) this.hcr = this.hypControl + (1 << HCR_EOICOUNT_SHIFT);
      return;
    }
    const list = this.lists[n]!;
    this.store(n, list & ~LR_ACTIVE);
    const id = (list >>> 10) & LR_ID;
    if (list & LR_HW && id >= SGIS && physical.ends(0, id)) physical.deactivate(id, true);
  }

  private bits(test: (list: number) => boolean): number {
    return this.lists.reduce((bits, list, n) => (test(list) ? bits | (1 << n) : bits), 0);
  }
}

/** The bits by which GICV_IAR and GICV_EOIR name an interrupt: the ID, and for an SGI the CPU that sent it. */
function nameBits(list: number): number {
  return (list & LR_ID) < SGIS && !(list & LR_HW) ? LR_ID | LR_CPUID : LR_ID;
}

/** The GICH window, in which every CPU sees its own of `interfaces`; `changed` is called after each write. */
export function createHypervisorWindow(
  interfaces: readonly GicVirtualInterface[],
  misuse: MisuseListener,
  changed: () => void,
): GicWindow {
  const declare = (accessor: () => number): RegisterSpec<string>[] => {
    const own = (): GicVirtualInterface => interfaces[accessor()]!;
    const rw = (
      ...[name, offset, read, write]: [string, number, () => number, (value: number) => void]
    ): RegisterSpec<string> => ({ name: `GICH_${name}`, offset, access: 'rw', read, write });
    const r = (name: string, offset: number, read: () => number): RegisterSpec<string> => ({
      ...{ name: `GICH_${name}`, offset, access: 'r', read },
    });
    return [
      rw(
        'HCR',
        0x00,
        () => own().hcr,
        (value) => {
          own().hcr = value;
        },
      ),
      r('VTR', 0x04, () => VTR),
      rw(
        'VMCR',
        0x08,
        () => own().vmcr,
        (value) => {
          own().vmcr = value;
        },
      ),
      r('MISR', 0x10, () => own().misr),
      r('EISR0', 0x20, () => own().ended),
      r('EISR1', 0x24, () => 0),
      r('ELRSR0', 0x30, () => own().empty),
      r('ELRSR1', 0x34, () => 0),
      rw(
        'APR',
        0xf0,
        () => own().cpuInterface.aprs[0]!,
        (value) => {
          own().cpuInterface.aprs[0] = value;
        },
      ),
      ...Array.from({ length: LIST_REGISTERS }, (_, n) =>
        rw(
          `LR${n}`,
          0x100 + 4 * n,
          () => own().list(n),
          (value) => own().store(n, value),
        ),
      ),
    ];
  };
  return new GicWindow({
    ...{ name: 'gic-hypervisor', size: GICH_SIZE, cpus: interfaces.length, declare },
    misuse,
    written: changed,
  });
}
