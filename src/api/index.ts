// The library's front door (`import { startVm } from 'tsvm'`). The CLI is a thin user of exactly this.
import { createEmulatedVm } from '../vmm/emulated-vm.ts';
import { diffRunsWith, type RunsDifference } from './diff-runs.ts';
import { type ScriptedVm, type ScriptOptions, scriptVmWith } from './script/scripted-vm.ts';
import { startVmWith } from './start.ts';
import { traceTailWith } from './trace-tail.ts';
import type { RunningVm, StartVmOptions } from './types.ts';

export type { TraceEvent, TracePlace, TraceSink } from '../kvm/trace.ts';
export { TsvmError } from '../util/errors.ts';
export type { Log, LogLevel } from '../util/log.ts';
export { type DiskConfig, parseVmConfig, type VmConfig, type VmConfigInput } from '../vmm/config.ts';
export type { DriveEnd, DriveTarget } from '../vmm/drive.ts';
export type { GuestPlace } from '../vmm/inspect.ts';
export type { JournalEntry, JournalEvent } from '../vmm/journal.ts';
export type { BacktraceEntry, KernelFault } from '../vmm/kernel-fault.ts';
export type { CpuProgress, ProgressNote } from '../vmm/progress.ts';
export type { VcpuPlace, Verdict, VerdictKind } from '../vmm/verdict.ts';
export type { RegisterDifference, RunPlace, RunsDifference } from './diff-runs.ts';
export { type DisassembleOptions, disassemble } from './disassemble.ts';
export { describeMachines } from './machines.ts';
export { ShellResult } from './script/agent.ts';
export type { Found } from './script/console-text.ts';
export {
  type GuestAddress,
  type ScriptedVm,
  type ScriptOptions,
  type ShOptions,
  WaitFailed,
  type WaitOptions,
} from './script/scripted-vm.ts';
export { describeStats, type StatLine, type StatTable } from './stats.ts';
export type { ExitRow, ExitSite, ExitTable } from './trace/exit-profile.ts';

export type {
  ConsoleInputOption,
  InferredFacts,
  MachineDescription,
  RunningVm,
  StartVmOptions,
  TerminalRequest,
} from './types.ts';

/**
 * Start a VM; resolves when it is built, and it begins to run right after that, so that whoever awaits it can speak first.
 * @throws TsvmError usage, not-found, not-runnable, image-*, symbols-bad, io
 */
export function startVm(options: StartVmOptions): Promise<RunningVm> {
  return startVmWith(createEmulatedVm, options);
}

/**
 * Start a VM for a script: the guest runs only while the script waits for something, and stands at its first instruction until then.
 * @throws TsvmError usage, not-found, not-runnable, image-*, symbols-bad, io
 */
export function scriptVm(options: ScriptOptions): Promise<ScriptedVm> {
  return scriptVmWith(startVm, options);
}

/**
 * Find the first instruction that did not do the same in two recorded runs: the texts of their journals. `progress` is told up to which instruction
 * count they are known to be the same.
 * @throws TsvmError usage when a record is damaged; and as startVm
 */
export function diffRuns(a: string, b: string, progress?: (instructions: number) => void): Promise<RunsDifference> {
  return diffRunsWith(startVm, a, b, progress);
}

/**
 * The last instructions of a recorded run (the text of its journal), one line each, with the registers they changed.
 * @throws TsvmError usage when the record is damaged; and as startVm
 */
export function traceTail(journal: string): Promise<string> {
  return traceTailWith(startVm, journal);
}
