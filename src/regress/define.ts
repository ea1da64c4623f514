// `import { test } from 'tsvm/test'`: how a test file says what its tests are. Nothing runs until the file is loaded (run-file.ts).
import type { ScriptedVm, ScriptOptions, ShellResult, WaitOptions } from '../api/index.ts';
import type { Expect } from './expect.ts';
import type { KtapReport } from './ktap-report.ts';
import { checkOptions } from './test-options.ts';

/** A VM under test: what a script can do with it, and what may be expected. */
export interface TestVm extends ScriptedVm {
  readonly expect: Expect;
  /** What the KTAP (or TAP with a version line) on the console so far comes to, or that in `text`, or in what sh() gave. */
  ktap(text?: string | ShellResult): KtapReport;
  /** Run until everything has come that its outermost plan says, nothing can come any more, or for the time given; then as ktap(). */
  waitForKtap(options?: WaitOptions): Promise<KtapReport>;
}

export interface TestOptions extends ScriptOptions {
  /** A panic or oops makes the test fail (the default), or is the test's own business. */
  readonly faults?: 'fail' | 'allow' | undefined;
}

/** Makes the options anew for each run: where a disk has to be made first. */
export type TestOptionsOf = () => TestOptions | Promise<TestOptions>;

export interface TestDefinition {
  readonly name: string;
  readonly options: TestOptions | TestOptionsOf;
  readonly body: (m: TestVm) => unknown;
  /** Why it does not run; null: it does. */
  readonly skipped: string | null;
}

let defined: TestDefinition[] = [];
let loaded = false;

/** What the file has defined; it is loaded, and nothing may be defined any more. */
export function takeDefined(): TestDefinition[] {
  const taken = defined;
  defined = [];
  loaded = true;
  return taken;
}

function define(
  name: string,
  options: TestOptions | TestOptionsOf,
  body: TestDefinition['body'],
  skipped: string | null,
): void {
  if (loaded) throw new TypeError(`test '${name}' is defined too late: a file's tests are defined while it is loaded`);
  if (typeof name !== 'string' || name === '') throw new TypeError('test(name, options, body): the name must be text');
  if (defined.some((other) => other.name === name)) throw new TypeError(`test '${name}' is there twice`);
  if (typeof body !== 'function') throw new TypeError(`test '${name}': the third argument must be a function`);
  if (typeof options !== 'function') checkOptions(name, options);
  defined.push({ name, options, body, skipped });
}

/**
 * Define a test: a VM is started by `options` and stands at its first instruction when `body` begins; it is ended when `body` does. The guest
 * runs only while `body` waits for it. Options that are a function are made anew for each run.
 */
export function test(name: string, options: TestOptions | TestOptionsOf, body: TestDefinition['body']): void {
  define(name, options, body, null);
}

/** A test that does not run, and is shown as skipped. */
test.skip = (
  name: string,
  options: TestOptions | TestOptionsOf,
  body: TestDefinition['body'],
  reason = 'test.skip',
): void => {
  define(name, options, body, reason);
};
