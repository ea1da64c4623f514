// 20,000 packets of a hostile gdb; scripts/fuzz-gdb.ts sends more.
import { expect, it } from 'vitest';
import { type FuzzCounts, fuzzCase } from '../../../support/debug/gdb-fuzz.ts';

const PACKETS = Number(process.env.TSVM_FUZZ_GDB ?? 20_000);

it(`survives ${PACKETS} packets of a hostile gdb`, async () => {
  const counts: FuzzCounts = new Map();
  let packets = 0;
  for (let seed = 1; packets < PACKETS; seed++)
    await fuzzCase(seed, counts, (sent) => {
      packets += sent;
    });
  // It was no monologue: every kind of answer was given, and most sessions lived to their end.
  for (const answer of ['OK', 'E01', 'E14', 'E16', 'T00', 'T02', 'T05', 'W', 'O', 'b', 'F', 'empty', 'data'])
    expect(counts.get(`answer ${answer}`) ?? 0, answer).toBeGreaterThan(0);
}, 300_000);
