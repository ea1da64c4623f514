// Register files ("banks") of an architecture as data: the state layout, ONE_REG, the debugger view, save/restore and the
// state hash all derive from these declarations.

export type RegisterWidth = 32 | 64;

export interface BankSpec {
  readonly name: string;
  readonly count: number;
  readonly width: RegisterWidth;
  /** Index 0 reads as zero and swallows writes (MIPS $0). Such a bank gets one more slot, where those writes go. */
  readonly zero?: boolean;
  /** Not guest state (masks, engine scratch): left out of state hashes. */
  readonly scratch?: boolean;
  /** Holds nothing from one instruction to the next: what one that did not happen has left there makes no difference. */
  readonly passing?: boolean;
  /**
   * Rows that are compiled into regions read and write it by fixed numbers only, and no function does: the region compiler keeps its registers in locals.
   * Where exceptions have no slots to mind, their routines may use it: regions leave such things to the interpreter.
   */
  readonly rowsOnly?: boolean;
  /** Another view of this bank, declared before: the same memory in registers of another width. A view is `scratch`. */
  readonly viewOf?: string;
  /** One for the VM, not one for each vCPU. There is room for some dozens of words. */
  readonly shared?: boolean;
}

/** A bank with its place in the state block. */
export interface Bank extends BankSpec {
  /** Byte offset from the start of the VM's memory (the active vCPU's state block is at a fixed place). */
  readonly offset: number;
  /** Bytes per register. */
  readonly size: number;
  /** Index of the slot that swallows writes to register 0 (zero banks only). */
  readonly sink: number;
}

export type Banks = Readonly<Record<string, Bank>>;

/** Lay the banks out one after another from `base`, and those that all vCPUs share from `sharedBase`; returns them and the ends of the blocks. */
export function layOutBanks(
  specs: readonly BankSpec[],
  base: number,
  sharedBase = 0,
): { banks: Banks; end: number; sharedEnd: number } {
  const banks: Record<string, Bank> = {};
  let offset = base;
  let shared = sharedBase;
  for (const spec of specs) {
    const size = spec.width / 8;
    if (spec.shared) {
      shared = (shared + size - 1) & -size;
      banks[spec.name] = { ...spec, offset: shared, size, sink: spec.count };
      shared += size * spec.count;
      continue;
    }
    if (spec.viewOf !== undefined) {
      banks[spec.name] = { ...spec, offset: banks[spec.viewOf]!.offset, size, sink: spec.count };
      continue;
    }
    offset = (offset + size - 1) & -size;
    banks[spec.name] = { ...spec, offset, size, sink: spec.count };
    offset += size * (spec.count + (spec.zero ? 1 : 0));
  }
  return { banks, end: (offset + 15) & -16, sharedEnd: shared };
}
