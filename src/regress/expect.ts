// What a test may expect: node:assert's comparisons under the names that test authors know, and what is special to a guest.
import assert from 'node:assert/strict';
import { type KernelFault, ShellResult } from '../api/index.ts';
import type { KtapReport, KtapTest } from './ktap-report.ts';

/** Expectations about one value; each throws an AssertionError that shows the difference. */
export interface Expectation {
  /** Object.is; of what sh() gave, text is compared with its standard output, without the last line end, and its status must be 0. */
  toBe(expected: unknown): void;
  /** Deeply equal. */
  toEqual(expected: unknown): void;
  /** Text that has this in it, or a list that has it as a member. */
  toContain(part: unknown): void;
  /** Text is looked for as it stands. */
  toMatch(pattern: RegExp | string): void;
  toBeGreaterThan(least: number): void;
  toBeLessThan(most: number): void;
  /** The same expectations, to be disappointed. */
  readonly not: Positive;
}

type Positive = Omit<Expectation, 'not'>;

export interface Expect {
  (value: unknown): Expectation;
  /** No oops and no panic so far. */
  noOops(): void;
  /** There is KTAP on the console (or in `text`, or in what sh() gave), all of its plan has come, and nothing in it failed. */
  ktapOk(text?: string | ShellResult): void;
}

/** `faults`: what has broken so far; `ktap`: what the KTAP of a text, or of the console, comes to. */
export function makeExpect(
  faults: () => readonly KernelFault[],
  ktap: (text?: string | ShellResult) => KtapReport,
): Expect {
  const positive = (value: unknown): Positive => ({
    toBe: (expected) => {
      if (value instanceof ShellResult && typeof expected === 'string') shellSays(value, expected);
      else assert.strictEqual(value, expected);
    },
    toEqual: (expected) => assert.deepStrictEqual(value, expected),
    toContain: (part) => {
      const has =
        typeof value === 'string' || value instanceof ShellResult
          ? String(value).includes(String(part))
          : Array.isArray(value) && value.includes(part);
      assert.ok(has, `${shown(value)} does not contain ${shown(part)}`);
    },
    toMatch: (pattern) => {
      const found = typeof pattern === 'string' ? String(value).includes(pattern) : pattern.test(String(value));
      assert.ok(found, `${shown(value)} does not match ${shown(pattern)}`);
    },
    toBeGreaterThan: (least) => assert.ok(Number(value) > least, `${shown(value)} is not greater than ${least}`),
    toBeLessThan: (most) => assert.ok(Number(value) < most, `${shown(value)} is not less than ${most}`),
  });
  const expect = (value: unknown): Expectation => ({ ...positive(value), not: negative(value, positive(value)) });
  return Object.assign(expect, {
    noOops: () => {
      const [first] = faults();
      assert.ok(first === undefined, `the kernel broke (${first?.kind}): ${first?.message}`);
    },
    ktapOk: (text?: string | ShellResult) => {
      const { ok, planned, counts, errors, tests } = ktap(text);
      const { passed, failed, missing } = counts;
      const failures = tests.flatMap((test) => failuresIn(test, []));
      const words = `KTAP: ${failed} failed, ${passed} passed, ${missing} missing of ${passed + failed + missing}`;
      const unplanned = planned ? [] : ['no plan came, so nobody knows whether these are all'];
      assert.ok(ok, [words, ...unplanned, ...failures, ...errors].join('\n'));
    },
  });
}

function shellSays(result: ShellResult, expected: string): void {
  const { command, status, signal, stderr } = result;
  const end = signal === null ? `status ${status}` : `signal ${signal}`;
  assert.ok(result.ok, [`sh ${JSON.stringify(command)}: ${end}`, stderr.trimEnd()].filter(Boolean).join('\n'));
  assert.strictEqual(result.text, expected);
}

/** Each expectation of `positive`, which must not hold. */
function negative(value: unknown, positive: Positive): Positive {
  const not = (name: keyof Positive, expected: unknown): void => {
    const holds = (): boolean => {
      try {
        (positive[name] as (expected: unknown) => void)(expected);
        return true;
      } catch (error) {
        if (error instanceof assert.AssertionError) return false;
        throw error;
      }
    };
    assert.ok(!holds(), `${shown(value)}: not.${name}(${shown(expected)}), and yet it does`);
  };
  return {
    toBe: (expected) => not('toBe', expected),
    toEqual: (expected) => not('toEqual', expected),
    toContain: (part) => not('toContain', part),
    toMatch: (pattern) => not('toMatch', pattern),
    toBeGreaterThan: (least) => not('toBeGreaterThan', least),
    toBeLessThan: (most) => not('toBeLessThan', most),
  };
}

/** Characters of a value that are shown, the last ones: of a console these are what counts. */
const MOST_SHOWN = 400;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= MOST_SHOWN ? text : `... ${text.slice(-MOST_SHOWN)}`;
}

/** `suite > case: reason` of each failed test that has no failed one below it. */
function failuresIn({ name, outcome, reason, children }: KtapTest, above: readonly string[]): string[] {
  if (outcome !== 'fail') return [];
  const path = [...above, name];
  const below = children.flatMap((child) => failuresIn(child, path));
  return below.length > 0 ? below : [`${path.join(' > ')}${reason === '' ? '' : `: ${reason}`}`];
}
