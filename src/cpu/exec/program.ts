// One generated program per architecture, shared by all VMs of the process: bytes, compiled module, handler table, bank layout.
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { type Banks, layOutBanks } from '../isa/register-file.ts';
import type { HandlerTable } from './handlers.ts';
import { generateInterpreter } from './interpreter.ts';
import { STATE_BASE, STATE_LIMIT } from './layout.ts';

export interface Program {
  readonly architecture: ArchitectureDefinition;
  readonly banks: Banks;
  /** End of the state block (byte address). */
  readonly stateEnd: number;
  readonly module: WebAssembly.Module;
  readonly bytes: Uint8Array;
  readonly table: HandlerTable;
  readonly mainSize: number;
}

const programs = new Map<string, Program>();

/** The program of an architecture; generated once per process. */
export function programFor(architecture: ArchitectureDefinition, bigEndian: boolean): Program {
  const known = programs.get(architecture.name);
  if (known) return known;
  const { banks, end } = layOutBanks(architecture.banks, STATE_BASE);
  if (end > STATE_LIMIT) throw new Error(`${architecture.name}: state banks end at ${end}`);
  const { bytes, table, mainSize } = generateInterpreter(architecture, banks, bigEndian);
  const program = {
    architecture,
    banks,
    stateEnd: end,
    module: new WebAssembly.Module(bytes),
    bytes,
    table,
    mainSize,
  };
  programs.set(architecture.name, program);
  return program;
}
