// Guest programs in lockstep: both engines execute every region, and the run ends where the others end.
import { describe, expect, test } from 'vitest';
import { startVm, type Verdict } from '../../src/api/index.ts';

const GUESTS = ['selfcheck-te-el', 'selfcheck-te-eb', 'exceptions-te-el', 'bench-te-eb', 'bench-malta-el', 'smp-te-el'];
/** Of guest time: enough for the hot loops of the benchmarks to be compiled. */
const LIMIT = '40ms';

async function run(guest: string, engine: string): Promise<Verdict> {
  const kernel = `guests/bin/${guest}.elf`;
  const vm = await startVm({ kernel, engine, limit: LIMIT, cpus: guest.startsWith('smp') ? 2 : 1 });
  return vm.wait();
}

describe('in lockstep', () => {
  test.each(GUESTS)('%s ends as in the interpreter', async (guest) => {
    const [interpreter, lockstep] = [await run(guest, 'interpreter'), await run(guest, 'lockstep')];
    const end = ({ kind, summary, details, instructions, stateHash }: Verdict) => ({
      ...{ kind, summary, details },
      ...{ instructions, stateHash },
    });
    expect(end(lockstep)).toEqual(end(interpreter));
  });
});
