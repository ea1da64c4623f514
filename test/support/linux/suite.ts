// Checks of real kernels as tests, by the built command line. A check whose kernel or tool is missing is skipped, and said so.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../../boot/cli-support.ts';
import type { Place } from './boot.ts';
import type { Check } from './check.ts';
import { whyMissing } from './guests.ts';

export function linuxSuite(name: string, checks: readonly Check[]): void {
  describe(name, () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tsvm-linux-'));
    let place: Place;
    beforeAll(() => {
      place = { launcher: join(buildPackage(), 'bin/tsvm.js'), scratch };
    });
    afterAll(() => rmSync(scratch, { recursive: true }));

    for (const check of checks) {
      it(check.name, async (context) => {
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
    }
  });
}
