// Programs written by hand, in assembly: for the lockstep to run, one question each.
import { mipsSyntax } from '../../../src/arch/mips/debug.ts';
import { mips32 } from '../../../src/arch/mips/index.ts';
import { Assembler } from '../../../src/cpu/isa/assembler.ts';
import { BOOT_BYTES, type Endianness, type GuestProgram, RAM_BYTES } from './programs.ts';

/** Lines of assembly, each list with the physical address of its first. */
export type Source = readonly (readonly [at: number, lines: readonly string[]])[];

export interface HandmadeOptions {
  readonly endianness?: Endianness;
  /** Virtual address. */
  readonly pc?: number;
  readonly status?: number;
  /** Register number -> value. */
  readonly gpr?: Readonly<Record<number, number>>;
}

const KSEG0 = 0x40000000;

/** A program of these lines; it starts at KSEG0 + 0x1000, in kernel mode, unless told. */
export function handmade(source: Source, options: HandmadeOptions = {}): GuestProgram {
  const { endianness = 'little', pc = KSEG0 + 0x1000, status = 0, gpr = {} } = options;
  const assembler = new Assembler(mips32(endianness).rows, mipsSyntax);
  const ram = new Uint32Array(RAM_BYTES / 4);
  for (const [at, lines] of source)
    lines.forEach((line, i) => {
      ram[at / 4 + i] = assembler.assemble(line);
    });
  return {
    seed: 0,
    machine: 'trap-and-emulate',
    endianness,
    ram,
    boot: new Uint32Array(BOOT_BYTES / 4),
    pc,
    gpr: Array.from({ length: 32 }, (_, i) => gpr[i] ?? 0),
    hi: 0,
    lo: 0,
    status,
    fpu: false,
  };
}
