// table: CPU models as data: what the processor identification and configuration registers say, cache geometry, TLB size and FPU
// (MIPS32 24K and 74K Processor Core Family Software User's Manuals; QEMU's models of the same names agree in PRId).

export interface CpuModel {
  readonly name: string;
  readonly prid: number;
  /** I and D cache: sets per way, bytes a line, ways. */
  readonly cache: { readonly sets: number; readonly line: number; readonly ways: number };
  /** Entries of the joint TLB: 64, 4 KiB to 256 MiB pages. */
  readonly tlbEntries: number;
  /** Bits of Config7. */
  readonly config7: number;
  /** FIR of the FPU; 0 when there is none. */
  readonly fir: number;
}

/** WAIT with interrupts off ends on a pending one. */
export const CONFIG7_WII = 0x80000000 | 0;
/** The data cache has no aliases (AR); instruction cache operations by address see none either (IAR). */
const CONFIG7_AR = 1 << 16;
export const CONFIG7_IAR = 1 << 10;

const FIR_F64 = 1 << 22;
const FIR_L = 1 << 21;
const FIR_W = 1 << 20;
const FIR_D = 1 << 17;
const FIR_S = 1 << 16;
const fir = (processor: number): number => FIR_F64 | FIR_L | FIR_W | FIR_D | FIR_S | (processor << 8);

const CACHE_32K = { sets: 256, line: 32, ways: 4 } as const;
const config7 = CONFIG7_WII | CONFIG7_AR | CONFIG7_IAR;

export const CPU_MODELS: readonly CpuModel[] = [
  { name: '24Kf', prid: 0x00019300, cache: CACHE_32K, tlbEntries: 64, config7, fir: fir(0x93) },
  { name: '24Kc', prid: 0x00019300, cache: CACHE_32K, tlbEntries: 64, config7, fir: 0 },
  { name: '74Kf', prid: 0x00019700, cache: CACHE_32K, tlbEntries: 64, config7, fir: fir(0x97) },
  { name: '74Kc', prid: 0x00019700, cache: CACHE_32K, tlbEntries: 64, config7, fir: 0 },
];

/** Does the FPU have 64-bit registers (Status.FR may be set)? */
export function hasFr(model: CpuModel): boolean {
  return (model.fir & FIR_F64) !== 0;
}

/** The model called `name`. Throws Error for a name that CPU_MODELS does not have. */
export function cpuModel(name: string): CpuModel {
  const model = CPU_MODELS.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`no CPU model ${name}`);
  return model;
}
