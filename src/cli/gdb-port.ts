// `--gdb` of a run: the port where gdb finds the guest, and the line that says how.
import { parseGdbPlace } from '../api/gdb-place.ts';
import type { GdbServer } from '../api/gdb-server.ts';
import type { RunningVm } from '../api/index.ts';
import { TsvmError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import { shellFiles } from './control/shell-files.ts';
import type { RunRequest } from './options.ts';

/** Null without `--gdb`. @throws TsvmError usage or io: nobody can listen there */
export async function openGdb({ gdb, wait }: RunRequest, vm: RunningVm, log: Log): Promise<GdbServer | null> {
  if (gdb === null) return null;
  const [{ kernelFile, serveGdb }, { DebugShell }, target] = await Promise.all([
    import('../api/gdb-server.ts'),
    import('../debug/shell/shell.ts'),
    vm.debugTarget(),
  ]);
  return serveGdb({
    target,
    place: parseGdbPlace(gdb),
    openShell: () => new DebugShell(target, { files: shellFiles(process.cwd()) }),
    waits: wait,
    kernel: () => kernelFile(vm.config.kernel),
    log,
  });
}

/** Who can let a guest go on that stands without a gdb. @throws TsvmError usage: nobody, for it has no name */
export function describeWait(name: string | undefined): string {
  if (name === undefined)
    throw new TsvmError('usage', '--wait: the guest would stand for ever, for this run has no socket', {
      next: 'give --gdb, or a folder for sockets in TSVM_RUNTIME_DIR',
    });
  return `# the guest stands before its first instruction: tsvm resume ${name}, or tsvm debug ${name}`;
}

/** What to type in gdb, and that the guest stands until then. */
export function describeGdb(address: string, waits: boolean): string {
  return `# gdb: target remote ${address}${waits ? ' (the guest stands until gdb lets it go on)' : ''}`;
}
