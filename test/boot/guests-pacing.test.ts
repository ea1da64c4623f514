// The schedule of a guest on 8 vCPUs is a function of the seed: a host that is looked at by a clock of any speed, so that slices and
// runs of the core end anywhere, changes no entry of it and no bit of the final state.

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../src/arch/mips/index.ts';
import { mipsParavirt } from '../../src/boards/mips-paravirt.ts';
import { parseElf } from '../../src/boot/elf.ts';
import { OnceLog, silentLog } from '../../src/util/log.ts';
import { composeMachine } from '../../src/vmm/compose.ts';
import { parseVmConfig } from '../../src/vmm/config.ts';
import { createEmulatedVm } from '../../src/vmm/emulated-vm.ts';
import { OutputQueue } from '../../src/vmm/output-queue.ts';
import { SeededRandom } from '../../src/vmm/random.ts';
import { Vm } from '../../src/vmm/vm.ts';
import { FakeHost, NO_KERNEL } from '../support/vmm/fake-machine.ts';
import { guest } from './cli-support.ts';

interface Ended {
  readonly exitCode: number;
  readonly stateHash: string;
  readonly text: string;
}

/** Run `params` of the smp guest on 8 vCPUs; `msPerLook` are the host milliseconds that pass between two looks at its clock. */
async function run(name: string, params: string, seed: number, msPerLook: () => number): Promise<Ended> {
  const output = new OutputQueue();
  const log = new OnceLog(silentLog);
  const machine = composeMachine({
    architecture: mips32,
    board: mipsParavirt,
    as: mipsParavirt.images[0]!,
    transport: 'mmio',
    config: parseVmConfig({ kernel: name, memory: '16M', cpus: 8, seed, params }),
    image: { kind: 'elf', elf: await parseElf(await readFile(guest(name))) },
    initrd: null,
    createVm: createEmulatedVm,
    consoleOutput: output,
    disks: [],
    log,
  });
  const host = new FakeHost();
  host.msPerLook = msPerLook;
  let text = '';
  const vm = new Vm({
    machine,
    host,
    log,
    seed,
    limit: 60e9,
    timeout: null,
    debugMmio: false,
    pull: null,
    sourceOpen: false,
    driven: false,
    stopAtStart: false,
    waitNote: null,
    replay: null,
    identity: '',
    output,
    ...NO_KERNEL,
    onConsole: (bytes) => {
      text += Buffer.from(bytes).toString('latin1');
    },
    onInputRoom: () => {},
  });
  const { exitCode, stateHash } = await vm.start();
  return { exitCode, stateHash, text };
}

/** A host whose every look takes another time, so that runs of the core get every length from the shortest to the longest. */
function unsteady(seed: number): () => number {
  const random = new SeededRandom(seed);
  return () => 0.001 * 2 ** random.below(13);
}

describe('the schedule of 8 vCPUs', () => {
  it.each([
    ['smp-te-el', 'test=order'],
    ['smp-te-eb', 'test=llsc'],
  ])(
    '%s, %s: is the same at any pace of the host',
    async (name, params) => {
      const steady = await run(name, params, 5, () => 0.01);
      expect(steady.exitCode, steady.text).toBe(0);
      expect(await run(name, params, 5, () => 3)).toEqual(steady);
      expect(await run(name, params, 5, unsteady(1))).toEqual(steady);
      expect(await run(name, params, 5, unsteady(2))).toEqual(steady);
    },
    120_000,
  );
});
