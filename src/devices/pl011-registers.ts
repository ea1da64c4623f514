// The registers of a PL011 by the names of its manual (ARM DDI 0183, chapter 3), and what its modem lines show.

export const UARTDR = 0x000;
export const UARTFR = 0x018;

/** UARTDR: what came with a character. */
export const DR_OE = 0x800;
export const DR_BE = 0x400;

/** UARTRSR has the errors of the character read last, and OE until the guest clears it. */
export const RSR_OE = 0x08;

const FR_RI = 0x100;
export const FR_TXFE = 0x080;
export const FR_RXFF = 0x040;
export const FR_RXFE = 0x010;
const FR_DCD = 0x004;
const FR_DSR = 0x002;
const FR_CTS = 0x001;

export const LCR_H_MASK = 0xff;
export const LCR_H_FEN = 0x10;
export const LCR_H_BRK = 0x01;

export const CR_MASK = 0xff87;
const CR_OUT2 = 0x2000;
const CR_OUT1 = 0x1000;
export const CR_RTS = 0x0800;
export const CR_DTR = 0x0400;
export const CR_RXE = 0x0200;
export const CR_TXE = 0x0100;
export const CR_LBE = 0x0080;
export const CR_UARTEN = 0x0001;

/** Bits of UARTIMSC, UARTRIS, UARTMIS and UARTICR. */
export const INT_MASK = 0x7ff;
export const INT_OE = 0x400;
export const INT_BE = 0x200;
export const INT_RT = 0x040;
export const INT_TX = 0x020;
export const INT_RX = 0x010;
const INT_DSR = 0x008;
const INT_DCD = 0x004;
const INT_CTS = 0x002;
const INT_RI = 0x001;

/** UARTIFLS: both FIFOs half full, as after reset. */
export const IFLS_HALF_FULL = 0x12;
export const IFLS_MASK = 0x3f;

/** A modem input of UARTFR, and the interrupt that a change of it raises. */
export const MODEM_INTERRUPTS = [
  [FR_RI, INT_RI],
  [FR_DCD, INT_DCD],
  [FR_DSR, INT_DSR],
  [FR_CTS, INT_CTS],
] as const;

/** RI, DCD, DSR and CTS as UARTFR shows them: a terminal that is there, or in loopback the outputs of UARTCR. */
export function modemLines(cr: number): number {
  if (!(cr & CR_LBE)) return FR_DCD | FR_DSR | FR_CTS;
  return (
    (cr & CR_OUT2 ? FR_RI : 0) | (cr & CR_OUT1 ? FR_DCD : 0) | (cr & CR_DTR ? FR_DSR : 0) | (cr & CR_RTS ? FR_CTS : 0)
  );
}
