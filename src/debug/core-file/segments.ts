// Which memory a core file has, and where the guest sees it: RAM at the kernel's addresses, and what the vCPUs stand in if that is elsewhere.
import { type LinearMap, ramOf, virtualOf } from '../linux/linear-map.ts';
import type { DebugTarget } from '../target.ts';

/** A PT_LOAD. */
export interface CoreSegment {
  /** Guest-physical. */
  readonly physical: number;
  readonly virtual: number;
  /** Bytes, all of them RAM. */
  readonly size: number;
}

/** p_vaddr of memory that the kernel does not see all the time (high memory), as kexec-tools writes it. */
const NOWHERE = 0xffff_ffff;
const PAGE = 0x1000;
/** Pages from the one that the stack pointer is in. */
const STACK_PAGES = 8;

/** `map` null: RAM is given by its physical addresses. */
export function coreSegments(target: DebugTarget, map: LinearMap | null): CoreSegment[] {
  const segments: CoreSegment[] = [];
  for (const { base, size } of ramOf(target)) {
    const low = map ? Math.min(size, Math.max(0, map.end - base)) : size;
    if (low > 0) segments.push({ physical: base, virtual: map ? virtualOf(map, base)! : base, size: low });
    if (low < size) segments.push({ physical: base + low, virtual: NOWHERE, size: size - low });
  }
  return [...segments, ...mappedPages(target, segments)];
}

/** Pages around pc and stack pointer that are seen elsewhere: of stacks in vmalloc memory, modules, user programs. */
function mappedPages(target: DebugTarget, linear: readonly CoreSegment[]): CoreSegment[] {
  const pages = new Map<number, number>();
  for (let cpu = 0; cpu < target.cpus; cpu++) {
    const debugged = target.cpu(cpu);
    const stack = target.view.stackPointer(debugged);
    const places = [target.view.pc(debugged), ...Array.from({ length: STACK_PAGES }, (_, n) => stack + n * PAGE)];
    for (const place of places) {
      const page = place - (place % PAGE);
      const isKnown = linear.some(({ virtual, size }) => page >= virtual && page < virtual + size);
      const physical = isKnown || page > 0xffff_ffff ? null : target.physical(cpu, page, 'read');
      if (physical !== null && !pages.has(page) && target.readPhysical(physical, PAGE)) pages.set(page, physical);
    }
  }
  const segments: CoreSegment[] = [];
  for (const [virtual, physical] of [...pages].sort(([left], [right]) => left - right)) {
    const last = segments.at(-1);
    if (last && last.virtual + last.size === virtual && last.physical + last.size === physical)
      segments[segments.length - 1] = { ...last, size: last.size + PAGE };
    else segments.push({ physical, virtual, size: PAGE });
  }
  return segments;
}
