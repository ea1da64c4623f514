// Words of the engine that are architectural: where the active vCPU's pc lies in the VM's memory.

/** Byte address of the pc (a 32-bit word). */
export const WORD_PC = 0x10;
