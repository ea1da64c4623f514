// What counters and traces cost (Emitter.event): nothing at all in the program that runs while nobody observes. Of every row, that program has what the
// observing one has but for its events.
import { describe, expect, it } from 'vitest';
import { armv7 } from '../../../src/arch/arm/index.ts';
import { mips32 } from '../../../src/arch/mips/index.ts';
import { printStatements } from '../../../src/cpu/emit/printer.ts';
import type { Statement } from '../../../src/cpu/emit/values.ts';
import { buildStatements } from '../../../src/cpu/exec/handlers.ts';
import { programFor } from '../../../src/cpu/exec/program.ts';
import type { ArchitectureDefinition } from '../../../src/cpu/isa/architecture.ts';

/** The statements but for events, and how many events there were. */
function withoutEvents(statements: readonly Statement[]): { statements: Statement[]; events: number } {
  let events = 0;
  const kept = statements.flatMap((statement): Statement[] => {
    if (statement.kind === 'event') {
      events++;
      return [];
    }
    if (statement.kind !== 'when') return [statement];
    const body = withoutEvents(statement.body);
    events += body.events;
    return [{ ...statement, body: body.statements }];
  });
  return { statements: kept, events };
}

describe.each<[string, ArchitectureDefinition, number]>([
  ['MIPS', mips32('little'), 10],
  ['ARM', armv7, 4],
])('while nobody observes, %s', (_name, architecture, atLeast) => {
  it('has rows without events, and else the same', () => {
    const { banks } = programFor(architecture, false, 'plain');
    let events = 0;
    for (const row of architecture.rows) {
      const steering = Object.fromEntries(
        row.pattern.fields.filter(({ steers }) => steers).map(({ name }) => [name, 0]),
      );
      const built = (observing: boolean) => buildStatements(architecture, banks, row, steering, observing);
      const observed = withoutEvents(built(true));
      events += observed.events;
      expect([row.mnemonic, printStatements(built(false))]).toEqual([
        row.mnemonic,
        printStatements(observed.statements),
      ]);
    }
    expect(events).toBeGreaterThanOrEqual(atLeast);
  });
});
