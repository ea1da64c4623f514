// The configuration header of a PCI function (PCI Local Bus Specification 3.0, chapter 6) as a list of registers: offsets, and which
// bits a driver can write or clear.

export interface PciRegister {
  readonly name: string;
  /** Byte offset in configuration space. */
  readonly offset: number;
  readonly width: 1 | 2 | 4;
  /** Power-on value; 0 when left out. */
  readonly reset?: number;
  /** Bits the guest can write; none when left out. */
  readonly mask?: number;
  /** Bits that a guest's 1 clears. */
  readonly clear?: number;
  /** The value lives elsewhere: what a guest reads. May have side effects only if `peek` is given. */
  readonly read?: () => number;
  /** What `read` would return, without its side effects: for the debugger. */
  readonly peek?: () => number;
  /** A guest write touched the register; its new value is stored already. */
  readonly written?: () => void;
}

export const PCI_COMMAND = 0x04;
export const PCI_COMMAND_IO = 0x1;
export const PCI_COMMAND_MEMORY = 0x2;
export const PCI_COMMAND_MASTER = 0x4;
export const PCI_COMMAND_SPECIAL = 0x8;
export const PCI_COMMAND_PARITY = 0x40;
export const PCI_COMMAND_SERR = 0x100;
export const PCI_COMMAND_INTX_DISABLE = 0x400;

export const PCI_STATUS = 0x06;
export const PCI_STATUS_INTERRUPT = 0x08;
export const PCI_STATUS_CAP_LIST = 0x10;
/** Errors that a driver clears by writing 1. */
export const PCI_STATUS_ERRORS = 0xf900;

export const PCI_HEADER_TYPE_MULTIFUNCTION = 0x80;
export const PCI_BASE_ADDRESS_0 = 0x10;
export const PCI_BARS = 6;
/** Where the capabilities of a function start. */
export const PCI_FIRST_CAPABILITY = 0x40;
export const PCI_CONFIG_SIZE = 256;

/** INTA to INTD as a number from 0. */
export type PciPin = 0 | 1 | 2 | 3;

export interface PciIds {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision?: number;
  /** 24 bits: base class, sub-class, programming interface. */
  readonly classCode: number;
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
}

export interface PciCapability {
  readonly id: number;
  /** What follows the id and the pointer to the next capability. */
  readonly body: readonly number[];
  /** Registers inside the body that are more than constants; offsets count from the start of the capability. */
  readonly registers?: readonly PciRegister[];
}

/** The capabilities laid out from PCI_FIRST_CAPABILITY on: constant bytes, and registers on top of them. */
export function layCapabilities(capabilities: readonly PciCapability[]): {
  readonly bytes: readonly number[];
  readonly registers: readonly PciRegister[];
} {
  const bytes: number[] = [];
  const registers: PciRegister[] = [];
  capabilities.forEach(({ id, body, registers: own = [] }, i) => {
    const start = PCI_FIRST_CAPABILITY + bytes.length;
    for (const register of own) registers.push({ ...register, offset: start + register.offset });
    const padding = new Array<number>(-(2 + body.length) & 3).fill(0);
    const next = i + 1 < capabilities.length ? start + 2 + body.length + padding.length : 0;
    bytes.push(id, next, ...body, ...padding);
  });
  return { bytes, registers };
}

/** The bytes of a register of `width` at `from` laid over an access of `length` at `offset`. */
export function overlay(
  value: number,
  offset: number,
  length: number,
  register: number,
  from: number,
  width: number,
): number {
  let result = value;
  for (let i = 0; i < width; i++) {
    const at = from + i - offset;
    if (at < 0 || at >= length) continue;
    result = (result & ~(0xff << (8 * at))) | (((register >>> (8 * i)) & 0xff) << (8 * at));
  }
  return result >>> 0;
}
