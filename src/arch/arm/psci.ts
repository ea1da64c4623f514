// PSCI 1.0, with the functions of 32 bits (ARM DEN 0022; KVM: reference ARM.md 8): what SMC asks the firmware of the bare machine for, and HVC KVM.
import type { CoreServices } from '../../cpu/isa/architecture.ts';
import { PLACE } from './cp15/places.ts';
import { WAITING } from './registers.ts';
import { mpidrOf } from './state.ts';

const FUNCTION = {
  VERSION: 0x84000000,
  CPU_SUSPEND: 0x84000001,
  CPU_OFF: 0x84000002,
  CPU_ON: 0x84000003,
  AFFINITY_INFO: 0x84000004,
  MIGRATE: 0x84000005,
  MIGRATE_INFO_TYPE: 0x84000006,
  MIGRATE_INFO_UP_CPU: 0x84000007,
  SYSTEM_OFF: 0x84000008,
  SYSTEM_RESET: 0x84000009,
  FEATURES: 0x8400000a,
} as const;
/** What FEATURES says yes to. */
const SUPPORTED: ReadonlySet<number> = new Set<number>([
  ...[FUNCTION.VERSION, FUNCTION.CPU_SUSPEND, FUNCTION.CPU_OFF, FUNCTION.CPU_ON, FUNCTION.AFFINITY_INFO],
  ...[FUNCTION.MIGRATE_INFO_TYPE, FUNCTION.SYSTEM_OFF, FUNCTION.SYSTEM_RESET, FUNCTION.FEATURES],
]);

const RESULT = { SUCCESS: 0, NOT_SUPPORTED: -1, INVALID_PARAMETERS: -2, ALREADY_ON: -4, INTERNAL_FAILURE: -6 } as const;
/** No trusted OS needs to migrate. */
const MIGRATION_NOT_NEEDED = 2;
const AFFINITY = { ON: 0, OFF: 1 };
/** Aff2, Aff1, Aff0. */
const AFFINITY_BITS = 0xffffff;

/** PSCI versions that a VMM may choose: 0.2 and 1.0. */
export const PSCI_0_2 = 2;
export const PSCI_1_0 = 0x10000;

/** KVM_SYSTEM_EVENT_SHUTDOWN and KVM_SYSTEM_EVENT_RESET. */
const EVENT_SHUTDOWN = 1;
const EVENT_RESET = 2;

export interface PsciHost {
  /** Switch the active vCPU, which is off, on: reset, with this pc, R0, and byte order of data. */
  start(pc: number, context: number, bigEndian: boolean): void;
  /** Is data big-endian for the active vCPU? */
  isBigEndian(): boolean;
}

export class Psci {
  private readonly services: CoreServices;
  private readonly host: PsciHost;
  private readonly i32: Int32Array;
  private readonly gpr: number;
  private readonly waiting: number;
  private readonly power: number;
  private readonly version: number;

  constructor(services: CoreServices, host: PsciHost) {
    const { banks } = services;
    this.services = services;
    this.host = host;
    this.i32 = services.i32;
    this.gpr = banks.gpr!.offset >> 2;
    this.waiting = banks.waiting!.offset >> 2;
    this.power = banks.power!.offset >> 2;
    this.version = (banks.cp15!.offset >> 2) + PLACE.PSCI_VERSION;
  }

  /** Serve the call of the active vCPU: the function in R0, arguments in R1 to R3, and the result in R0. */
  call(): void {
    const [number = 0, first = 0, second = 0, third = 0] = [0, 1, 2, 3].map((n) => this.i32[this.gpr + n]! >>> 0);
    const result = this.serve(number, first, second, third);
    this.i32[this.gpr] = result;
  }

  private serve(number: number, first: number, second: number, third: number): number {
    switch (number) {
      case FUNCTION.VERSION:
        return this.i32[this.version]!;
      case FUNCTION.CPU_SUSPEND: // a standby state, whatever is asked for
        this.i32[this.waiting] = WAITING.WFI;
        this.services.cut();
        return RESULT.SUCCESS;
      case FUNCTION.CPU_OFF:
        this.i32[this.power] = 0;
        this.services.cut();
        return RESULT.SUCCESS;
      case FUNCTION.CPU_ON:
        return this.switchOn(first, second, third);
      case FUNCTION.AFFINITY_INFO:
        return this.affinityInfo(first, second);
      case FUNCTION.MIGRATE_INFO_TYPE:
        return MIGRATION_NOT_NEEDED;
      case FUNCTION.SYSTEM_OFF:
        this.services.requestSystemEvent(EVENT_SHUTDOWN, 0);
        return RESULT.INTERNAL_FAILURE; // seen only by a guest that goes on
      case FUNCTION.SYSTEM_RESET:
        this.services.requestSystemEvent(EVENT_RESET, 0);
        return RESULT.INTERNAL_FAILURE;
      case FUNCTION.FEATURES:
        if (this.i32[this.version] === PSCI_0_2) return RESULT.NOT_SUPPORTED;
        return SUPPORTED.has(first) ? RESULT.SUCCESS : RESULT.NOT_SUPPORTED;
      default:
        return RESULT.NOT_SUPPORTED;
    }
  }

  private switchOn(affinity: number, entry: number, context: number): number {
    const target = this.vcpuOf(affinity);
    if (target === undefined) return RESULT.INVALID_PARAMETERS;
    if (this.isOn(target)) return RESULT.ALREADY_ON;
    const bigEndian = this.host.isBigEndian();
    this.services.onVcpu(target, () => this.host.start(entry, context, bigEndian));
    return RESULT.SUCCESS;
  }

  /** Levels above 0 are groups of vCPUs: on when one of them is. */
  private affinityInfo(affinity: number, level: number): number {
    if (level > 3) return RESULT.INVALID_PARAMETERS;
    const bits = AFFINITY_BITS & ~((1 << (8 * level)) - 1);
    const group = this.all().filter((id) => ((mpidrOf(id) ^ affinity) & bits) === 0);
    if (group.length === 0) return RESULT.INVALID_PARAMETERS;
    return group.some((id) => this.isOn(id)) ? AFFINITY.ON : AFFINITY.OFF;
  }

  private vcpuOf(affinity: number): number | undefined {
    return this.all().find((id) => ((mpidrOf(id) ^ affinity) & AFFINITY_BITS) === 0);
  }

  private all(): number[] {
    return Array.from({ length: this.services.vcpus }, (_, id) => id);
  }

  private isOn(id: number): boolean {
    return this.services.registerOf(id, 'power', 0) !== 0;
  }
}
