// The judgement: each program's ending in the guest beside the one under qemu-user.
import type { Ending } from './qemu.ts';

/** Programs that may differ because qemu-user does, or because they say where things lie in memory. */
interface Explanation {
  /** The ending the guest must have all the same. */
  readonly right: RegExp;
  readonly why: string;
}

const EXPLAINED: Readonly<Record<string, Explanation>> = {
  '20101011-1': {
    right: /^exit 0 stdout 0 /,
    why:
      'qemu-user raises SIGTRAP for `teq` and `break` with code 7, a division by zero; Linux raises SIGFPE (do_trap_or_bp), ' +
      'and so does the 4kc-malta kernel under qemu-system-mipsel',
  },
  'return-addr': { right: /^exit 0 stdout 44 /, why: 'it prints addresses of its stack, which Linux puts at random' },
};

export interface Difference {
  readonly name: string;
  /** `not run` when the guest said nothing of it. */
  readonly guest: Ending | 'not run';
  readonly qemu: Ending;
  /** Why this one is no failure; null when it is one. */
  readonly why: string | null;
}

/** Every program of `expected` (under qemu-user) that did not end alike in the guest. Out of time in the guest is never alike. */
export function compareEndings(
  guest: ReadonlyMap<string, Ending>,
  expected: ReadonlyMap<string, Ending>,
): readonly Difference[] {
  const differences: Difference[] = [];
  for (const [name, qemu] of expected) {
    const ending = guest.get(name) ?? 'not run';
    if (ending === qemu && !ending.startsWith('timeout')) continue;
    const explained = EXPLAINED[name.replace(/\.O\d$/, '')];
    differences.push({ name, guest: ending, qemu, why: explained?.right.test(ending) ? explained.why : null });
  }
  return differences;
}

const PASS = /^exit 0 /;

export const passes = (ending: Ending): boolean => PASS.test(ending);

export const countPasses = (endings: ReadonlyMap<string, Ending>): number =>
  [...endings.values()].filter(passes).length;
