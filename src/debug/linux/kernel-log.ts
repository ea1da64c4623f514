// `dmesg` out of guest memory: whatever log the kernel has, also of a kernel that has died, or has no console.
import type { DebugTarget } from '../target.ts';
import { KernelMemory } from './kernel-memory.ts';
import { logLines } from './log-line.ts';
import { readOldLog } from './printk-log.ts';
import { type RingContents, readRing, searchRing } from './printk-ring.ts';
import { type LinuxReport, reportOf } from './report.ts';
import { findVmCoreInfo } from './vmcoreinfo.ts';

/**
 * The kernel's log, a line for each line of it.
 * @throws TsvmError usage when the guest runs
 */
export function readKernelLog(target: DebugTarget): LinuxReport {
  const memory = new KernelMemory(target);
  const info = findVmCoreInfo(target, memory);
  const pointer = info?.symbol('prb') ?? memory.symbols.find('prb');
  const ring = pointer === undefined ? undefined : memory.u32(pointer);
  const contents = (ring === undefined ? undefined : readRing(memory, ring, info)) ?? undefined;
  if (contents) return ofRing(contents);
  const old = readOldLog(memory, info);
  if (old) return { lines: old.flatMap(logLines) };
  const found = searchRing(memory);
  return found ? ofRing(found) : { lines: [], note: whyNone(memory, pointer) };
}

function ofRing({ records, lost, unreadable, left }: RingContents): LinuxReport {
  const notes = [
    ...(records.length === 0 ? ['the kernel has said nothing yet'] : []),
    ...(left > 0 ? [`older records that are left out: ${left}`] : []),
    ...(left === 0 && lost > 0n ? [`older records that have been overwritten: ${lost}`] : []),
    ...(unreadable > 0 ? [`records that are being written, or damaged: ${unreadable}`] : []),
  ];
  return reportOf(records.flatMap(logLines), notes);
}

function whyNone(memory: KernelMemory, pointer: number | undefined): string {
  if (memory.symbols.find('start_kernel') === undefined)
    return 'no kernel log: this does not look like Linux, there is no symbol start_kernel; --symbols takes a System.map or vmlinux';
  if (!memory.linear) return 'no kernel log: the kernel has not switched its address translation on yet';
  if (pointer !== undefined) return 'no kernel log: what the symbol prb leads to is no log buffer, or not yet';
  return "no kernel log: no symbol prb or log_buf, and no log buffer in the kernel's data; --symbols takes a System.map or vmlinux";
}
