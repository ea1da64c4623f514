// What a VM's core is made with.
import type { VmType } from '../isa/architecture.ts';

export interface CoreOptions {
  readonly vmType: VmType;
  /** Of the host's CPU; the architecture's default when left out. */
  readonly cpuModel?: string;
  readonly arenaSize: number;
  readonly endianness: 'little' | 'big';
  readonly maxVcpus: number;
  readonly nsPerInstruction: number;
  readonly seed: number;
  readonly paravirtHypercalls: boolean;
  readonly engine?: EngineName;
  /** When code is compiled; tests compile early. */
  readonly regions?: RegionTuning;
}

/**
 * Which engines execute: the interpreter alone, hot code as compiled regions, or both of them one after the other, compared. No guest-visible
 * effect.
 */
export type EngineName = 'interpreter' | 'regions' | 'lockstep';

/** When the region compiler acts. No guest-visible effect. */
export interface RegionTuning {
  /** Times that code has to be seen before it is compiled. */
  readonly hot: number;
  /** Times that compiled code has to go on at a place before that is compiled as well; a power of two. */
  readonly left: number;
  /** Longest run of code that is not compiled, in instructions: the guest is looked at when it ends. */
  readonly sampledRun: number;
  /** Regions that share a module; looks at the guest that they wait for company. */
  readonly batch: number;
  readonly patience: number;
}

/** What the region compiler has done. */
export interface CompiledCode {
  /** Regions there are, and regions and modules there have been. */
  readonly regions: number;
  readonly compiled: number;
  readonly modules: number;
  /** Bytes of WebAssembly that are kept. */
  readonly bytes: number;
}
