// A process of scripts/arm-differential.ts: runs chunks of random programs, each on machines of its own, and reports.
import { ArmStand } from './trial.ts';

/** Seeds from `from` up to `to`. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
}

export interface ChunkReport {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly instructions: number;
  readonly compiled: number;
}

const LINES = 24;

function runChunk({ from, to }: Chunk): ChunkReport {
  let stand = new ArmStand();
  const failures: string[] = [];
  const total = { passed: 0, instructions: 0, compiled: 0 };
  for (let seed = from; seed < to; seed++) {
    const { differences, instructions, compiled } = stand.run(seed);
    total.instructions += instructions;
    total.compiled += compiled;
    if (differences.length === 0) {
      total.passed++;
      continue;
    }
    // Machines that have failed are of no more use; does the program fail on new ones too?
    stand = new ArmStand();
    const alone = new ArmStand().run(seed).differences.length > 0;
    const where = alone ? '' : ` (only after those from ${from} on)`;
    failures.push(`seed ${seed}${where}: ${differences.slice(0, LINES).join('\n  ')}`);
  }
  return { ...total, failures };
}

process.on('message', (chunk: Chunk) => {
  const report = runChunk(chunk);
  (globalThis as { gc?: () => void }).gc?.(); // machines hold much memory that the collector does not see
  process.send!(report);
});
