// Constants of the ELF specification (System V gABI chapters 4 and 5), spelled as there.

export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const ET_CORE = 4;

export const EM_MIPS = 8;
export const EM_ARM = 40;

export const PT_LOAD = 1;
export const PT_INTERP = 3;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_NOBITS = 8;

export const SHN_UNDEF = 0;
export const SHN_ABS = 0xfff1;

export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;

export const STB_LOCAL = 0;
export const STB_WEAK = 2;

const machineNames: ReadonlyMap<number, string> = new Map([
  [2, 'SPARC'],
  [3, 'x86 (i386)'],
  [4, 'Motorola 68000'],
  [EM_MIPS, 'MIPS'],
  [15, 'PA-RISC'],
  [20, 'PowerPC'],
  [21, '64-bit PowerPC'],
  [22, 'IBM S/390'],
  [EM_ARM, 'ARM'],
  [41, 'Alpha'],
  [42, 'SuperH'],
  [43, 'SPARC V9'],
  [50, 'Itanium'],
  [62, 'x86-64'],
  [94, 'Xtensa'],
  [183, 'AArch64'],
  [243, 'RISC-V'],
  [247, 'BPF'],
  [258, 'LoongArch'],
]);

/** The machine's name for messages; an unknown e_machine is shown as its number. */
export function machineName(machine: number): string {
  return machineNames.get(machine) ?? `e_machine ${machine}`;
}
