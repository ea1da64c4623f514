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
}

/** Which engines execute: the interpreter alone, or hot code as compiled regions. No guest-visible effect. */
export type EngineName = 'interpreter' | 'regions';
