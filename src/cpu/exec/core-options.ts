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

/** Which engines execute: the interpreter alone, or hot code as compiled regions. No guest-visible effect. */
export type EngineName = 'interpreter' | 'regions';

/** When the region compiler acts. No guest-visible effect. */
export interface RegionTuning {
  /** Times that code has to be seen before it is compiled. */
  readonly hot: number;
  /** Longest run of code that is not compiled, in instructions: the guest is looked at when it ends. */
  readonly sampledRun: number;
  /** Runs of fewer instructions do not count: a timer ends them, not anywhere. */
  readonly shortestSampled: number;
}
