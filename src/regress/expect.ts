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
  toMatch(pattern: RegExp): void;
  toBeGreaterThan(least: number): void;
  toBeLessThan(most: number): void;
}

export interface Expect {
  (value: unknown): Expectation;
  /** No oops and no panic so far. */
  noOops(): void;
  /** There is KTAP on the console, all of its plan has come, and nothing in it failed. */
  ktapOk(): void;
}

/** `faults`: what has broken so far; `ktap`: what the console's KTAP comes to. */
export function makeExpect(faults: () => readonly KernelFault[], ktap: () => KtapReport): Expect {
  const expect = (value: unknown): Expectation => ({
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
    toMatch: (pattern) => assert.match(String(value), pattern),
    toBeGreaterThan: (least) => assert.ok(Number(value) > least, `${shown(value)} is not greater than ${least}`),
    toBeLessThan: (most) => assert.ok(Number(value) < most, `${shown(value)} is not less than ${most}`),
  });
  return Object.assign(expect, {
    noOops: () => {
      const [first] = faults();
      assert.ok(first === undefined, `the kernel broke (${first?.kind}): ${first?.message}`);
    },
    ktapOk: () => {
      const { ok, counts, errors, tests } = ktap();
      const { passed, failed, missing } = counts;
      const failures = tests.flatMap((test) => failuresIn(test, []));
      const words = `KTAP: ${failed} failed, ${passed} passed, ${missing} missing of ${passed + failed + missing}`;
      assert.ok(ok, [words, ...failures, ...errors].join('\n'));
    },
  });
}

function shellSays(result: ShellResult, expected: string): void {
  const { command, status, signal, stderr } = result;
  const end = signal === null ? `status ${status}` : `signal ${signal}`;
  assert.ok(result.ok, [`sh ${JSON.stringify(command)}: ${end}`, stderr.trimEnd()].filter(Boolean).join('\n'));
  assert.strictEqual(result.text, expected);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** `suite > case: reason` of each failed test that has no failed one below it. */
function failuresIn({ name, outcome, reason, children }: KtapTest, above: readonly string[]): string[] {
  if (outcome !== 'fail') return [];
  const path = [...above, name];
  const below = children.flatMap((child) => failuresIn(child, path));
  return below.length > 0 ? below : [`${path.join(' > ')}${reason === '' ? '' : `: ${reason}`}`];
}
