// Device tree nodes as plain data (Devicetree Specification v0.4, chapter 2): a device writes its node beside its registers with these
// types, and boot/fdt.ts turns the tree into a blob.

/** The phandle of the node that carries this label, one cell. */
export interface FdtReference {
  readonly phandle: string;
}

/**
 * A piece of a property's value: a number is a 32-bit cell, a bigint a 64-bit value (two cells), a string ends with a NUL, bytes are as they
 * are. A list of strings is several strings; an empty property has no piece.
 */
export type FdtValue = number | bigint | string | Uint8Array | FdtReference;

/** Properties by name, in the order in which they are written. `phandle` is not among them: labels and references make it. */
export type FdtProperties = Readonly<Record<string, readonly FdtValue[]>>;

export interface FdtNode {
  /** `name` or `name@unit-address`; empty for the root. */
  readonly name: string;
  /** Name for references, unique in the tree; it is not part of the blob. */
  readonly label?: string;
  readonly properties: FdtProperties;
  readonly children?: readonly FdtNode[];
}

/** `reg` and the like with two address and two size cells: (address, size) pairs, in bytes. */
export function fdtReg(...ranges: readonly (readonly [address: number, size: number])[]): bigint[] {
  return ranges.flat().map(BigInt);
}
