// A run of this process as its control socket and its own debug shell see it: what api/control asks of a VM, on a RunningVm.
import type { ControlledVm, ShellSession } from '../../api/control/controlled-vm.ts';
import type { RunningVm } from '../../api/index.ts';
import { shellFiles } from './shell-files.ts';

/** Hands what the machine's own console puts out on to whoever listens. */
export class ConsoleListeners {
  private readonly listeners = new Set<(bytes: Uint8Array) => void>();

  subscribe(listener: (bytes: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  write(bytes: Uint8Array): void {
    for (const listener of this.listeners) listener(bytes);
  }
}

export function controlledRun(vm: RunningVm, name: string, console: ConsoleListeners): ControlledVm {
  return {
    info: () => ({
      name,
      pid: process.pid,
      state: vm.paused ? 'paused' : 'running',
      machine: vm.inferred.machine,
      cpus: vm.config.cpus,
      memory: vm.config.memory,
      guestTimeNs: vm.clock.guestTimeNs,
      instructions: vm.clock.instructions,
      kernel: vm.config.kernel,
      consoles: vm.consoles,
    }),
    pause: () => vm.pause(),
    resume: () => vm.resume(),
    stop: (reason) => vm.stop(reason),
    stat: (forMs) => vm.stat(forMs),
    input: (bytes, on) => vm.sendInput(bytes, on),
    inputBacklog: (on) => vm.inputBacklog(on),
    sendBreak: (on) => vm.sendBreak(on),
    resize: (columns, rows, on) => vm.resize(columns, rows, on),
    subscribeConsole: (listener, on = vm.consoles[0]) =>
      on === vm.consoles[0] ? console.subscribe(listener) : vm.subscribeOutput(listener, on),
    openShell: (folder) => openShell(vm, folder),
  };
}

/** The debug shell; loaded only when somebody opens one. */
export async function openShell(vm: RunningVm, folder: string): Promise<ShellSession> {
  const [{ DebugShell }, target] = await Promise.all([import('../../debug/shell/shell.ts'), vm.debugTarget()]);
  return new DebugShell(target, { files: shellFiles(folder) });
}
