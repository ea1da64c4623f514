// Mnemonics of the code of an unmapped segment (src/api/trace/mnemonics.ts).
import { expect, it } from 'vitest';
import { mnemonics } from '../../../../src/api/trace/mnemonics.ts';
import { malta } from '../../../../src/boards/malta.ts';
import { GuestMemory } from '../../../../src/memory/guest-memory.ts';

const KSEG0 = 0x80000000;

it('are those of the instructions that stand there; none where the TLB maps, or there is no memory', async () => {
  const memory = new GuestMemory(new ArrayBuffer(0x1000), 0, 0x1000, 'little');
  memory.setRanges([{ gpa: 0, size: 0x1000, offset: 0, readonly: false, dirty: null }]);
  for (const [n, word] of [0x42000006, 0x42000018, 0x41606000, 0x10000001, 0x41606020, 0x45000001].entries())
    memory.writeU32(0x100 + 4 * n, word, 'little');
  const architecture = (await malta.loadArchitecture())('little');
  const toPhysical = (address: number): number | null => (address >= KSEG0 ? address - KSEG0 : null);
  const at = mnemonics({ memory, toPhysical }, architecture);
  const names = [0x100, 0x104, 0x108, 0x10c, 0x110, 0x114].map((offset) => at(KSEG0 + offset));
  // The branch's is that of its slot.
  expect(names).toEqual(['tlbwr', 'eret', 'di', 'ei', 'ei', 'bc1f']);
  expect([at(0x100), at(KSEG0 + 0x2000)]).toEqual([null, null]);
});
