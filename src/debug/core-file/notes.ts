// The notes of a core file: NT_PRSTATUS of each vCPU, as Linux's include/linux/elfcore.h and the architectures' elf_gregset_t have it
// (arch/arm/include/asm/elf.h and ptrace.h; arch/mips/include/uapi/asm/reg.h, o32), and the kernel's VMCOREINFO (kernel/crash_core.c).
import type { DebugTarget } from '../target.ts';
import { Fields } from './fields.ts';

const NT_PRSTATUS = 1;
/** ARM's orig_r0 when no system call is under way. */
const NO_SYSCALL = 0xffff_ffff;
/** Numbered from 1, since debuggers take thread 0 for none. */
const FIRST_THREAD = 1;
/** struct elf_prstatus: siginfo and cursig, pending and held signals; then pid, ppid, pgrp, sid; then four times. */
const SIGNALS = 24;
const IDS_AFTER_PID = 12;
const TIMES = 32;

/** All notes behind each other. `info`: the text of VMCOREINFO. */
export function coreNotes(target: DebugTarget, info: string | null): Uint8Array {
  const notes = new Fields(target.endianness);
  for (let cpu = 0; cpu < target.cpus; cpu++) addNote(notes, 'CORE', NT_PRSTATUS, processStatus(target, cpu));
  if (info !== null) addNote(notes, 'VMCOREINFO', 0, new TextEncoder().encode(info));
  return notes.done();
}

function addNote(notes: Fields, name: string, type: number, description: Uint8Array): void {
  notes.u32(name.length + 1, description.length, type);
  notes.text(`${name}\0`).align(4);
  notes.raw(description).align(4);
}

function processStatus(target: DebugTarget, cpu: number): Uint8Array {
  const registers = target.view.name === 'mips' ? mipsRegisters(target, cpu) : armRegisters(target, cpu);
  return new Fields(target.endianness)
    .zeros(SIGNALS)
    .u32(cpu + FIRST_THREAD)
    .zeros(IDS_AFTER_PID + TIMES)
    .u32(...registers)
    .u32(0) // pr_fpvalid
    .done();
}

/** elf_gregset_t of o32: six words for arguments, r0 to r31, lo, hi, epc, badvaddr, status, cause, one unused. */
function mipsRegisters(target: DebugTarget, cpu: number): number[] {
  const read = reader(target, cpu);
  const general = Array.from({ length: 32 }, (_, n) => read(`r${n}`));
  const pc = target.view.pc(target.cpu(cpu));
  return [
    ...Array<number>(6).fill(0),
    ...general,
    read('lo'),
    read('hi'),
    pc,
    read('badvaddr'),
    read('status'),
    read('cause'),
    0,
  ];
}

/** elf_gregset_t of ARM is struct pt_regs: r0 to r15, cpsr, orig_r0. */
function armRegisters(target: DebugTarget, cpu: number): number[] {
  const read = reader(target, cpu);
  const general = Array.from({ length: 13 }, (_, n) => read(`r${n}`));
  // Bit 0 says T32, which cpsr says here.
  const pc = target.view.pc(target.cpu(cpu)) & ~1;
  return [...general, read('sp'), read('lr'), pc, read('cpsr'), NO_SYSCALL];
}

/** Registers by name; one that this vCPU has not is 0. */
function reader(target: DebugTarget, cpu: number): (name: string) => number {
  const { view } = target;
  const debugged = target.cpu(cpu);
  return (name) => {
    const register = view.find(debugged, name);
    return register ? Number(BigInt.asUintN(32, view.read(debugged, register))) : 0;
  };
}
