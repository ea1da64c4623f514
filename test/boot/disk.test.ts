// A slice of scripts/check-disk.ts: what disks promise, with the guest of guests/disk and the built command line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackage } from './cli-support.ts';
import {
  type CheckResult,
  checkKills,
  checkRequests,
  checkStream,
  checkTwoWriters,
  checkUnwritten,
  type Place,
} from './disk-checks.ts';
import { judgeRecords } from './disk-content.ts';
import { MACHINES, machineName } from './disk-guest.ts';

const MIB = 2 ** 20;
let folder = '';
let place: Place = { launcher: '', scratch: '' };
beforeAll(() => {
  folder = buildPackage();
  place = { launcher: join(folder, 'bin/tsvm.js'), scratch: mkdtempSync(join(tmpdir(), 'tsvm-disks-')) };
}, 60_000);
afterAll(() => {
  for (const path of [folder, place.scratch]) if (path !== '') rmSync(path, { recursive: true, force: true });
});

async function holds(check: Promise<CheckResult>): Promise<void> {
  const { name, problems, note } = await check;
  expect(problems, `${name}: ${note}`).toEqual([]);
}

describe('disks through the command line', () => {
  test('what the guest wrote and flushed is on the host, and reads back', async () => {
    await holds(checkStream(place, { machine: MACHINES[0]!, size: 4 * MIB, seed: 1, overlay: false }));
    await holds(
      checkStream(place, {
        machine: MACHINES[3]!,
        size: 4 * MIB,
        seed: 2,
        overlay: false,
        order: 'random',
        flags: 'disk.irq disk.event disk.indirect',
      }),
    );
  });

  test('a kept overlay has what the guest wrote, and the base is as before', async () => {
    await holds(checkStream(place, { machine: MACHINES[2]!, size: 4 * MIB, seed: 3, overlay: true }));
  });

  test('kill -9 loses nothing that was flushed, and the next run goes on', async () => {
    await holds(checkKills(place, { kills: 3, seed: 1, size: MIB, overlay: false }));
    await holds(checkKills(place, { kills: 2, seed: 2, size: MIB, overlay: true }));
  });

  test(':cow and :ro leave the image alone', async () => {
    await holds(checkUnwritten(place, MACHINES[2]!, 'cow'));
    await holds(checkUnwritten(place, MACHINES[1]!, 'ro'));
  });

  test('a second writer is refused, and the first goes on', async () => {
    await holds(checkTwoWriters(place, MACHINES[0]!));
  });

  const requests = [
    { machine: MACHINES[0]!, on: [0, 1], random: 0 },
    { machine: MACHINES[1]!, on: [2], random: 0 },
    { machine: MACHINES[2]!, on: [0], random: 0 },
    { machine: MACHINES[3]!, on: [0], random: 200 },
  ];
  test.each(requests.map((options) => [machineName(options.machine), options] as const))(
    'every request: %s',
    async (_name, options) => {
      await holds(checkRequests(place, options));
    },
  );
});

describe('how records are judged after a kill', () => {
  // A ring of 100 blocks after 250 records: 201..250 lie at its start, 151..200 behind them.
  const ring = (): number[] => Array.from({ length: 100 }, (_, block) => (block < 50 ? 201 + block : 101 + block));

  test('a whole ring has lost nothing', () => {
    expect(judgeRecords(ring(), 250)).toEqual({ highest: 250, torn: 0, lost: [] });
    expect(judgeRecords(ring(), 240)).toEqual({ highest: 250, torn: 0, lost: [] });
  });

  test('a record that was flushed and is not there is lost', () => {
    const numbers = ring();
    numbers[10] = 0;
    expect(judgeRecords(numbers, 250).lost).toEqual([211]);
  });

  test('an old record where a flushed one must be is a loss', () => {
    const numbers = ring();
    numbers[49] = 150;
    expect(judgeRecords(numbers, 250).lost).toEqual([250]);
  });

  test('what was flushed but not seen to be flushed must be there too', () => {
    const numbers = ring();
    numbers[10] = 0;
    expect(judgeRecords(numbers, 0).lost).toEqual([211]);
  });

  test('a record that was being overwritten may be torn', () => {
    const numbers = ring();
    numbers[55] = 0;
    expect(judgeRecords(numbers, 250)).toEqual({ highest: 250, torn: 1, lost: [] });
    numbers[95] = 0;
    expect(judgeRecords(numbers, 250).lost).toEqual([196]);
  });

  test('blocks that were never reached may be empty', () => {
    expect(judgeRecords([1, 2, 3, ...Array(97).fill(0)], 3)).toEqual({ highest: 3, torn: 0, lost: [] });
  });
});
