import { describe, expect, it } from 'vitest';
import { mips32 } from '../../../src/arch/mips/index.ts';
import { malta } from '../../../src/boards/malta.ts';
import { parseElf } from '../../../src/boot/elf.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { OnceLog, silentLog } from '../../../src/util/log.ts';
import { composeMachine } from '../../../src/vmm/compose.ts';
import { parseVmConfig } from '../../../src/vmm/config.ts';
import { createEmulatedVm } from '../../../src/vmm/emulated-vm.ts';
import { OutputQueue } from '../../../src/vmm/output-queue.ts';
import { makeElf } from '../../support/boot/make-elf.ts';

async function compose(cpuModel: string) {
  const vaddr = 0x80100000n;
  const segments = [{ vaddr, data: new Uint8Array(16) }];
  const elf = { class: 32, order: 'little', machine: 8, flags: 0x70001001, entry: vaddr, segments } as const;
  return composeMachine({
    architecture: mips32,
    board: malta,
    as: malta.images.find(({ vmType }) => vmType === 'vz')!,
    transport: 'pci',
    config: parseVmConfig({ kernel: 'words', memory: '4M', cpuModel }),
    image: { kind: 'elf', elf: await parseElf(makeElf({ ...elf, segments: [...segments] }).bytes) },
    initrd: null,
    createVm: createEmulatedVm,
    consoleOutput: new OutputQueue(),
    disks: [],
    log: new OnceLog(silentLog),
  });
}

describe('the CPU model', () => {
  it('is one of those that the board has', async () => {
    expect((await compose('74Kc')).vcpus).toHaveLength(1);
  });

  it('is told when there is no such one, with those that there are', async () => {
    const error = await compose('24kf').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TsvmError);
    expect(error).toMatchObject({ code: 'usage', message: '--cpu-model 24kf: malta has no such CPU' });
    expect((error as TsvmError).details.next).toBe('one of 24Kf, 24Kc, 74Kf, 74Kc');
  });
});
