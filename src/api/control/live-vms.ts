// The VMs that run now, by their sockets. Sockets that nobody serves any more are removed when they are met.
import { clearSocket } from '../../host/unix-socket.ts';
import { ControlClient, NoAnswer } from './client.ts';
import type { VmInfo } from './controlled-vm.ts';
import { type ControlEnv, runtimeFolder, socketNames, socketPath } from './runtime-folder.ts';

/** A VM whose socket somebody serves. */
export interface LiveVm {
  readonly name: string;
  /** Its socket. */
  readonly path: string;
}

/** In order of their names. @throws TsvmError io when the folder of the sockets is not the owner's alone */
export async function liveVms(env: ControlEnv): Promise<LiveVm[]> {
  const folder = runtimeFolder(env);
  if (folder === null) return [];
  const found = socketNames(folder).map((name) => ({ name, path: socketPath(folder, name) }));
  const states = await Promise.all(found.map(({ path }) => clearSocket(path)));
  return found.filter((_, n) => states[n] === 'live');
}

/** What a VM says of itself; a string: why it does not. */
export async function askInfo({ name, path }: LiveVm): Promise<VmInfo | string> {
  try {
    const client = await ControlClient.connect(name, path);
    try {
      return await client.info();
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof Error) return error.message;
    throw error;
  }
}
