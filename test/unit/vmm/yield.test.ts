// A vCPU that yields ends its quantum at that instruction, wherever the host happens to end a run of the core.
import { expect, it } from 'vitest';
import type { GuestProgram } from '../../support/vmm/fake-kvm.ts';
import { testVm } from '../../support/vmm/fake-machine.ts';

/** The vCPU that goes on first after one has yielded as its instruction number `at`. */
async function afterYield(at: number, seed: number): Promise<[string, string]> {
  const events: string[] = [];
  const program: GuestProgram = function* (cpu) {
    events.push(`start ${cpu.id}`);
    yield { run: at - 1 };
    yield { yield: true };
    yield { run: 1 };
    events.push(`on ${cpu.id}`);
    yield { run: 1 };
  };
  await testVm([program, program], { seed }).vm.start();
  return [events[0]!, events[1]!];
}

it.each([49_998, 49_999, 50_000, 50_001])(
  'a yield at instruction %i ends the quantum, wherever the host ends a run of the core',
  async (at) => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const [, second] = await afterYield(at, seed);
      expect(second.slice(0, 5), `seed ${seed}`).toBe('start');
    }
  },
);
