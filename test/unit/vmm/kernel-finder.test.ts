import { describe, expect, it } from 'vitest';
import { KVM_SYSTEM_EVENT_SHUTDOWN } from '../../../src/kvm/constants.ts';
import { findRunningKernel } from '../../../src/vmm/kernel-finder.ts';
import { makeKallsyms, someSymbols } from '../../support/boot/make-kallsyms.ts';
import type { FakeVcpu, Step } from '../../support/vmm/fake-kvm.ts';
import { CONSOLE, type TestVm, testVm } from '../../support/vmm/fake-machine.ts';

const SEGMENT = 0x4000_0000;
const SYMBOLS = 600;
const SPACING = 256;

/** A kernel of 150 KiB at a guest-physical address, linked to where it lies or elsewhere: its tables are in its middle. */
function load({ memory }: TestVm['machine'], at: number, linkedAt = at): number {
  const symbols = someSymbols(SYMBOLS, SEGMENT + linkedAt).map((symbol, i) => ({
    ...symbol,
    address: SEGMENT + linkedAt + SPACING * i,
  }));
  memory.write(at + 0x8000, makeKallsyms(symbols, { layout: 'relative', endianness: 'little' }).bytes);
  return SEGMENT + linkedAt + SPACING * 100; // panic
}

const find = ({ memory, toPhysical }: TestVm['machine'], pc: number): number | undefined =>
  findRunningKernel({ memory, toPhysical }, pc)?.find('panic');

describe('the kernel that runs', () => {
  it('is the one whose functions the pc is among', () => {
    const { machine } = testVm([]);
    // A relocated kernel leaves a copy behind, whose table still says where it was.
    const old = load(machine, 0x1_0000);
    const live = load(machine, 0x8_0000);
    expect(find(machine, SEGMENT + 0x8_0100)).toBe(live);
    expect(find(machine, SEGMENT + 0x1_0100)).toBe(old);
    expect(find(machine, SEGMENT + 0x4_0000)).toBeUndefined();
    expect(find(machine, 0x1000)).toBeUndefined();
  });

  it('is not a kernel that lies elsewhere than it says, as in a file in memory', () => {
    const { machine } = testVm([]);
    load(machine, 0x8_0000, 0x1_0000);
    expect(find(machine, SEGMENT + 0x1_0100)).toBeUndefined();
  });

  it('is none in empty memory', () => {
    expect(find(testVm([]).machine, SEGMENT)).toBeUndefined();
  });
});

describe('a kernel that unpacks itself', () => {
  /** Exits, so that there is an occasion to look; `before` is what happens first. */
  async function run(before: (machine: TestVm['machine'], cpu: FakeVcpu) => void): Promise<readonly number[]> {
    const program = function* (cpu: FakeVcpu): Generator<Step, void> {
      yield { write: CONSOLE, data: [10] };
      before(test.machine, cpu);
      for (let i = 0; i < 20; i++) yield { write: CONSOLE, data: [10] };
      yield { systemEvent: KVM_SYSTEM_EVENT_SHUTDOWN };
    };
    const test = testVm([program]);
    await test.vm.start();
    return test.machine.watched.addresses;
  }

  const stand = (cpu: FakeVcpu, pc: number): void => cpu.setRegs({ ...cpu.getRegs(), pc: BigInt(pc) });

  it('is watched once it is there', async () => {
    let panic = 0;
    const watched = await run((machine, cpu) => {
      panic = load(machine, 0x1_0000);
      stand(cpu, SEGMENT + 0x1_0100);
    });
    expect(watched).toEqual([panic, panic + SPACING * 100]);
  });

  it('is not looked for once a program has run: that may have made it up', async () => {
    const watched = await run((machine, cpu) => {
      load(machine, 0x1_0000);
      stand(cpu, SEGMENT + 0x1_0100);
      machine.watched.userModeSeen = true;
    });
    expect(watched).toEqual([]);
  });
});
