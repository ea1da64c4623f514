// Runs of committed guests, and the records of them.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ScriptedVm, type ScriptOptions, scriptVm, startVm, type Verdict } from '../../../src/api/index.ts';
import type { StartVmOptions } from '../../../src/api/types.ts';

export interface Recorded {
  readonly text: string;
  readonly verdict: Verdict;
}

/** A committed guest, such as `hello-te-el`. */
export function guestFile(name: string): string {
  const path = resolve(import.meta.dirname, `../../../guests/bin/${name}.elf`);
  if (!existsSync(path)) throw new Error(`${path} is missing: npm run guests`);
  return path;
}

/** Run a guest to its end. */
export async function recordRun(name: string, options: Partial<StartVmOptions> = {}): Promise<Recorded> {
  const vm = await startVm({ kernel: guestFile(name), memory: '16M', ...options });
  const verdict = await vm.wait();
  return { text: vm.journal(), verdict };
}

/** Run a guest under a script, and end it there. */
export async function recordScript(
  name: string,
  script: (m: ScriptedVm) => Promise<unknown>,
  options: Partial<ScriptOptions> = {},
): Promise<Recorded> {
  const m = await scriptVm({ kernel: guestFile(name), memory: '16M', ...options });
  await script(m);
  const verdict = await m.stop();
  return { text: m.vm.journal(), verdict };
}

/** The echo guest, which is typed `text` at once. */
export function recordEcho(text: string, options: Partial<ScriptOptions> = {}): Promise<Recorded> {
  return recordScript(
    'echo-te-el',
    async (m) => {
      m.send(text);
      await m.end();
    },
    options,
  );
}

/** Run a record again. */
export async function runAgain(options: StartVmOptions): Promise<Verdict> {
  return (await startVm(options)).wait();
}
