// Real Linux kernels on board malta, at the size CI can bear; scripts/check-linux.ts runs the same checks at full size.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../boot/cli-support.ts';
import type { Place } from '../support/linux/boot.ts';
import { checks } from '../support/linux/checks.ts';
import { whyMissing } from '../support/linux/guests.ts';

describe('Linux', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tsvm-linux-'));
  let place: Place;
  beforeAll(() => {
    place = { launcher: join(buildPackage(), 'bin/tsvm.js'), scratch };
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  it.for(checks({ mebibytes: 100, boots: 4 }))('$name', async (check, context) => {
    const reason = whyMissing(check.needs);
    if (reason !== null) {
      // Continuous integration has a network and e2fsprogs: there it would hide a broken script.
      if (process.env.CI) expect.fail(reason);
      console.warn(`skipped: ${check.name}: ${reason}`);
      context.skip(reason);
    }
    const { problems } = await check.run(place);
    expect(problems).toEqual([]);
  });
});
