// The counting element that computes, against one that counts every pulse as the data sheet draws it.
import { describe, expect, it } from 'vitest';
import { I8254Counter } from '../../../../src/devices/timer/i8254-counter.ts';
import type { I8254Mode } from '../../../../src/devices/timer/i8254-modes.ts';
import { Choice } from '../../../support/devices/fuzz/choice.ts';
import { ReferenceCounter } from '../../../support/devices/i8254-reference.ts';

const MODES = [0, 1, 2, 3, 4, 5] as const;

interface Pair {
  readonly device: I8254Counter;
  readonly reference: ReferenceCounter;
}

function start(mode: I8254Mode, bcd: boolean, gate: boolean): Pair {
  const device = new I8254Counter(gate);
  const reference = new ReferenceCounter(gate);
  device.setMode(mode, bcd ? 10_000 : 0x10000, 0);
  reference.control(mode, bcd);
  return { device, reference };
}

function compare({ device, reference }: Pair, tick: number, where: string): void {
  const got = `out ${device.out(tick)}, null count ${device.nullCount(tick)}, count ${device.count(tick)}`;
  const wanted = `out ${reference.out}, null count ${reference.nullCount}, count ${reference.ce}`;
  if (got !== wanted) expect(got, `${where} tick ${tick}`).toBe(wanted);
}

describe.each(MODES)('an 8254 counter in mode %i', (mode) => {
  it.each([false, true])('counts, outputs and announces its edges as the data sheet says, BCD %s', (bcd) => {
    for (let run = 0; run < 150; run++) {
      const choice = new Choice(mode + 10 * Number(bcd), run);
      const pair = start(mode, bcd, choice.oneIn(2));
      const { device, reference } = pair;
      const modulus = bcd ? 10_000 : 0x10000;
      const small = 2 + choice.below(9);
      let said: number | undefined;
      for (let tick = 0; tick < 120; tick++) {
        if (tick > 0) {
          const before = reference.out;
          reference.pulse();
          compare(pair, tick, `run ${run}, at`);
          if ((reference.out !== before) !== (said === tick)) expect(said, `run ${run}: the edge`).toBe(tick);
        }
        for (let times = choice.below(3); times > 0 && choice.oneIn(4); times--) {
          const dice = choice.below(10);
          if (dice < 5) {
            const count = choice.oneIn(8) ? modulus - choice.below(3) : 2 + choice.below(small);
            device.setCount(count, tick);
            reference.count(count);
          } else if (dice < 9) {
            const level = choice.oneIn(2);
            device.setGate(level, tick);
            reference.setGate(level);
          } else if (mode === 0) {
            device.stop(tick);
            reference.firstByte();
          }
          compare(pair, tick, `run ${run}, after a write at`);
        }
        said = device.nextEdge(tick);
        if (said !== undefined && said <= tick) expect(said).toBeGreaterThan(tick);
      }
    }
  });

  it('counts through its largest count', () => {
    const pair = start(mode, true, false);
    pair.device.setCount(10_000, 0);
    pair.reference.count(10_000);
    pair.device.setGate(true, 0);
    pair.reference.setGate(true);
    for (let tick = 1; tick < 20_500; tick++) {
      pair.reference.pulse();
      compare(pair, tick, 'at');
    }
  });
});
