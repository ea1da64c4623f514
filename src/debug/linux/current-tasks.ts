// Which tasks the vCPUs stand in: those on whose kernel stacks they are, or would be after an exception. ARM keeps that stack in the banked sp of SVC
// mode (arch/arm/kernel/entry-header.S); MIPS in kernelsp[cpu] (arch/mips/include/asm/stackframe.h), and the stack's start in gp while in the kernel.
import type { DebugTarget } from '../target.ts';
import type { KernelMemory } from './kernel-memory.ts';

/** The largest THREAD_SIZE of 32 bits that is used: one page of 16 KiB. */
const LARGEST_STACK = 0x4000;

/** `stacks`: the lowest address of each task's, by the task's address. */
export function currentTasks(
  target: DebugTarget,
  memory: KernelMemory,
  stacks: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  // Stacks are aligned to their size; among several there is one that is not aligned to more.
  const size = [...stacks.values()].reduce((least, stack) => Math.min(least, (stack & -stack) >>> 0), LARGEST_STACK);
  const current = new Set<number>();
  for (let cpu = 0; cpu < target.cpus; cpu++) {
    const pointer = kernelStack(target, memory, cpu);
    if (pointer === undefined) continue;
    for (const [task, stack] of stacks) if (pointer >= stack && pointer - stack < size) current.add(task);
  }
  return current;
}

function kernelStack(target: DebugTarget, memory: KernelMemory, cpu: number): number | undefined {
  const { view } = target;
  const debugged = target.cpu(cpu);
  const register = (name: string): number | undefined => {
    const found = view.find(debugged, name);
    return found && Number(view.read(debugged, found));
  };
  if (view.name !== 'mips') return register('sp_svc');
  const saved = memory.symbols.find('kernelsp');
  if (saved !== undefined) return memory.u32(saved + 4 * cpu);
  return view.inUserMode(debugged) ? undefined : register('r28');
}
