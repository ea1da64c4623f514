// One generated program per architecture, shared by all VMs of the process: bytes, compiled module, handler table, bank layout.
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { type Banks, layOutBanks } from '../isa/register-file.ts';
import { expandedRows, farFlags, type HandlerTable } from './handlers.ts';
import { generateInterpreter, type ProgramVariant } from './interpreter.ts';
import { SHARED_BASE, STATE_BASE, STATE_LIMIT } from './layout.ts';
import { PREBUILT, type Prebuilt } from './prebuilt.ts';

export interface Program {
  readonly architecture: ArchitectureDefinition;
  readonly banks: Banks;
  /** End of the state block (byte address). */
  readonly stateEnd: number;
  readonly module: WebAssembly.Module;
  readonly table: HandlerTable;
}

const programs = new Map<string, Program>();
/** By name, those that have been loaded. */
const prebuilts = new Map<string, Prebuilt>();

/** Have the program of the architecture of this name ready, where a build has made one: generating it takes longer than loading it. */
export async function loadPrebuilt(name: string): Promise<void> {
  const load = PREBUILT[name];
  if (load && !prebuilts.has(name)) prebuilts.set(name, await load());
}

/** A program of an architecture; made once per process. */
export function programFor(architecture: ArchitectureDefinition, bigEndian: boolean, variant: ProgramVariant): Program {
  const name = variant === 'plain' ? architecture.name : `${architecture.name}, ${variant}`;
  const known = programs.get(name);
  if (known) return known;
  const { banks, end } = layOutBanks(architecture.banks, STATE_BASE, SHARED_BASE);
  if (end > STATE_LIMIT) throw new Error(`${architecture.name}: state banks end at ${end}`);
  const prebuilt = prebuilts.get(name);
  const { bytes, table } =
    prebuilt === undefined
      ? generateInterpreter(architecture, banks, bigEndian, variant)
      : { bytes: fromBase64(prebuilt.base64), table: expandedRows(architecture, banks, prebuilt.far) };
  const program = { architecture, banks, stateEnd: end, module: new WebAssembly.Module(bytes), table };
  programs.set(name, program);
  return program;
}

/** The ordinary program of an architecture, generated: what a build puts into prebuilt.ts. */
export function prebuild(
  architecture: ArchitectureDefinition,
  bigEndian: boolean,
): Prebuilt & { readonly name: string } {
  const { banks } = layOutBanks(architecture.banks, STATE_BASE, SHARED_BASE);
  const { bytes, table } = generateInterpreter(architecture, banks, bigEndian, 'plain');
  return { name: architecture.name, base64: toBase64(bytes), far: farFlags(table) };
}

function toBase64(bytes: Uint8Array): string {
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
