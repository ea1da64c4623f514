// Registers and bits of a 16550A (National PC16550D data sheet, section 8).

/** Registers; RBR is THR when written; with DLAB the first two are the divisor. */
export const RBR = 0;
export const IER = 1;
/** Read; FCR when written. */
export const IIR = 2;
export const FCR = 2;
export const LCR = 3;
export const MCR = 4;
export const LSR = 5;
export const MSR = 6;
export const SCR = 7;

export const IER_RDI = 0x01;
export const IER_THRI = 0x02;
export const IER_RLSI = 0x04;
export const IER_MSI = 0x08;
export const IER_MASK = 0x0f;

/** Bit 0 clear: an interrupt is pending. */
export const IIR_NONE = 0x01;
export const IIR_MSI = 0x00;
export const IIR_THRE = 0x02;
export const IIR_RDI = 0x04;
export const IIR_RLSI = 0x06;
export const IIR_TIMEOUT = 0x0c;
export const IIR_ID = 0x0f;
export const IIR_FIFOS = 0xc0;

export const FCR_ENABLE = 0x01;
export const FCR_CLEAR_RX = 0x02;
/** Enable and trigger level. */
export const FCR_KEPT = 0xc1;

/** Bits 1:0: data bits less 5. */
export const LCR_STOP = 0x04;
export const LCR_PARITY = 0x08;
export const LCR_BREAK = 0x40;
export const LCR_DLAB = 0x80;

export const MCR_DTR = 0x01;
export const MCR_RTS = 0x02;
export const MCR_OUT1 = 0x04;
export const MCR_OUT2 = 0x08;
export const MCR_LOOP = 0x10;
export const MCR_MASK = 0x1f;

export const LSR_DR = 0x01;
export const LSR_OE = 0x02;
export const LSR_FE = 0x08;
export const LSR_BI = 0x10;
/** OE, PE, FE, BI. */
export const LSR_ERRORS = 0x1e;
export const LSR_THRE = 0x20;
export const LSR_TEMT = 0x40;
export const LSR_FIFO_ERROR = 0x80;

/** Bits 3:0 say what changed: CTS, DSR, end of ring, DCD. */
export const MSR_TERI = 0x04;
export const MSR_CTS = 0x10;
export const MSR_DSR = 0x20;
export const MSR_RI = 0x40;
export const MSR_DCD = 0x80;

/** The inputs in MSR's upper half: those of a terminal that is there, or in loopback the port's own outputs. */
export function modemLines(mcr: number): number {
  if (!(mcr & MCR_LOOP)) return MSR_CTS | MSR_DSR | MSR_DCD;
  return (
    (mcr & MCR_RTS ? MSR_CTS : 0) |
    (mcr & MCR_DTR ? MSR_DSR : 0) |
    (mcr & MCR_OUT1 ? MSR_RI : 0) |
    (mcr & MCR_OUT2 ? MSR_DCD : 0)
  );
}
