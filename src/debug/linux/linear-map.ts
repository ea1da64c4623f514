// Where a kernel sees all of its low memory at one distance from the guest-physical addresses: MIPS's unmapped segment (0x80000000, 0x40000000 in a
// trap-and-emulate guest), ARM Linux's linear map from PAGE_OFFSET (arch/arm/include/asm/memory.h). Found by asking a vCPU's translation.
import type { DebugTarget, MappedRange } from '../target.ts';

export interface LinearMap {
  /** What is added to a guest-physical address, modulo 2^32. */
  readonly offset: number;
  /** Guest-physical addresses from here on are not mapped so. */
  readonly end: number;
  /** A vCPU whose translation knows it. */
  readonly cpu: number;
}

const MIPS_SEGMENTS = [0x8000_0000, 0x4000_0000];
/** Both segments reach so much physical memory. */
const MIPS_SEGMENT_SIZE = 0x2000_0000;
/** Names of ARM kernels' first functions and data, all of them in the linear map. */
const ARM_LANDMARKS = ['_text', '_stext', 'stext', 'start_kernel', 'init_task'];
/** The choices of CONFIG_VMSPLIT. */
const ARM_PAGE_OFFSETS = [0xc000_0000, 0x8000_0000, 0x4000_0000, 0xb000_0000];
/** Bytes into RAM where a guessed PAGE_OFFSET must prove right. */
const PROBES = [0x8000, 0x10_0000, 0x40_0000];
const MIB = 0x10_0000;
const SPACE = 2 ** 32;

/** The RAM of a machine, lowest first. */
export function ramOf(target: DebugTarget): MappedRange[] {
  return target
    .memoryMap()
    .filter(({ kind, size }) => kind === 'ram' && size > 0)
    .sort((left, right) => left.base - right.base);
}

/** Null: no vCPU's translation shows one (the MMU is off, and RAM is not where its addresses say). */
export function findLinearMap(target: DebugTarget): LinearMap | null {
  const ram = ramOf(target);
  if (ram.length === 0) return null;
  return target.view.name === 'mips' ? ofMips(target, ram) : ofArm(target, ram);
}

/** Where the kernel sees a guest-physical address; null: not in this map. */
export function virtualOf(map: LinearMap, physical: number): number | null {
  return physical < map.end ? wrap(physical + map.offset) : null;
}

/** The guest-physical address behind a kernel address, if it is in this map; of what there may be no RAM. */
export function physicalOf(map: LinearMap, address: number): number | null {
  const physical = wrap(address - map.offset);
  return physical < map.end ? physical : null;
}

/** vCPUs, the one that stands where the user looks first. */
function cpusOf(target: DebugTarget): number[] {
  const all = Array.from({ length: target.cpus }, (_, cpu) => cpu);
  return [target.stoppedCpu, ...all.filter((cpu) => cpu !== target.stoppedCpu)];
}

function ofMips(target: DebugTarget, ram: readonly MappedRange[]): LinearMap | null {
  // Each kind of guest may reach the other kind's segment too, by way of exits.
  const isOwn = (segment: number): boolean => target.entry >= segment && target.entry < segment + MIPS_SEGMENT_SIZE;
  const segments = [...MIPS_SEGMENTS].sort((left, right) => Number(isOwn(right)) - Number(isOwn(left)));
  const lowest = ram[0]!.base;
  for (const offset of segments)
    for (const cpu of cpusOf(target))
      if (lowest < MIPS_SEGMENT_SIZE && target.physical(cpu, offset + lowest, 'read') === lowest)
        return { offset, end: MIPS_SEGMENT_SIZE, cpu };
  return null;
}

function ofArm(target: DebugTarget, ram: readonly MappedRange[]): LinearMap | null {
  const lowest = ram[0]!.base;
  const landmarks = ARM_LANDMARKS.map((name) => target.symbols.find(name)).filter((address) => address !== undefined);
  const inRam = (physical: number): boolean => ram.some(({ base, size }) => physical >= base && physical < base + size);
  for (const cpu of cpusOf(target))
    for (const address of landmarks) {
      const physical = target.physical(cpu, address, 'read');
      if (physical !== null && inRam(physical)) return withEnd(target, ram, wrap(address - physical), cpu);
    }
  for (const pageOffset of [...ARM_PAGE_OFFSETS, lowest])
    for (const cpu of cpusOf(target)) {
      const isLinear = (at: number): boolean => target.physical(cpu, wrap(pageOffset + at), 'read') === lowest + at;
      if (PROBES.every(isLinear)) return withEnd(target, ram, wrap(pageOffset - lowest), cpu);
    }
  return null;
}

/** The map ends where high memory begins: at the last MiB of RAM that translates as it says. */
function withEnd(target: DebugTarget, ram: readonly MappedRange[], offset: number, cpu: number): LinearMap {
  for (const { base, size } of [...ram].reverse())
    for (let at = Math.floor((size - 1) / MIB) * MIB; at >= 0; at -= MIB)
      if (target.physical(cpu, wrap(base + at + offset), 'read') === base + at)
        return { offset, end: Math.min(base + size, base + at + MIB), cpu };
  return { offset, end: 0, cpu };
}

function wrap(address: number): number {
  return ((address % SPACE) + SPACE) % SPACE;
}
