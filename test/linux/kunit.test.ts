// KUnit of a real kernel, Linux 6.1 on board malta: what its tests say is read from the console to the same counts and names as the kernel's
// own parser reads, also when the console is damaged. scripts/check-kunit.ts does it at full size, and for 5.10 under trap-and-emulate.
import { describe, expect, it } from 'vitest';
import {
  bootKunit,
  type KunitKernel,
  kernelFindings,
  kernelSamples,
  kunitBoots,
  kunitKernel,
} from '../support/linux/kunit.ts';
import { difference, failing, ourFindings } from '../support/linux/kunit-findings.ts';
import { disagreement, mutations } from '../support/linux/kunit-mutations.ts';

/** Suites that scripts/linux-configs/kunit-6.1.config asks for make about 480 tests. */
const FEWEST_TESTS = 400;

const found = kunitKernel('6.1');
if ('missing' in found) {
  // Continuous integration has a network: there it would hide a broken script.
  it.runIf(process.env.CI)('KUnit of Linux 6.1', () => expect.fail(found.missing));
  console.warn(`skipped: KUnit of Linux 6.1: ${found.missing}`);
}

describe.skipIf('missing' in found)('KUnit of Linux 6.1', () => {
  const kernel = found as KunitKernel;
  const consoles = new Map<string, string>();

  it.each(kunitBoots('6.1'))("$name: the counts and names of the kernel's own parser", async (boot) => {
    const { verdict, console } = await bootKunit(kernel, boot);
    consoles.set(boot.params, console);
    expect(`exit ${verdict.exitCode}: ${verdict.summary}`).toMatch(new RegExp(`^exit ${boot.exitCode}:`));
    const ours = ourFindings(console);
    expect(difference(ours, kernelFindings(kernel, [console])[0]!)).toBeNull();
    expect(failing(ours)).toEqual(boot.failing);
    if (boot.params !== '') return;
    expect(ours).toMatchObject({ ok: true, failed: 0, crashed: 0, errors: 0 });
    expect(ours.passed).toBeGreaterThan(FEWEST_TESTS);
  });

  it("the sample consoles for the kernel's own parser: the same counts and names", () => {
    const samples = kernelSamples(kernel);
    const all = kernelFindings(kernel, [...samples.values()]);
    const differences = [...samples].map(([name, console], n) => [name, difference(ourFindings(console), all[n]!)]);
    expect(samples.size).toBeGreaterThan(20);
    expect(differences.filter(([, differs]) => differs !== null)).toEqual([]);
  });

  it.each([
    ['tsvm_kunit=fail', 31],
    ['tsvm_kunit=panic', 17],
    ['kunit.filter_glob=tsvm_endings tsvm_kunit=fail', 1],
  ])('%s, damaged at one line in %i: they agree, or we find more', (params, every) => {
    const undamaged = ourFindings(consoles.get(params)!);
    const damaged = mutations(consoles.get(params)!, every);
    const all = kernelFindings(
      kernel,
      damaged.map(({ console }) => console),
    );
    const unexplained = damaged.flatMap((mutation, n) => {
      const ours = ourFindings(mutation.console);
      const reason = disagreement(mutation, { undamaged, ours, kernels: all[n]! });
      return reason === null || typeof reason === 'string' ? [] : [reason.unexplained];
    });
    expect(damaged.length).toBeGreaterThan(50);
    expect(unexplained).toEqual([]);
  });
});
