// One test file: load it, run its tests one after the other, tell each result as soon as it is there.
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeclarative, loadDeclarative } from './declarative/load.ts';
import { type TestDefinition, takeDefined } from './define.ts';
import type { Failure, TestResult } from './results.ts';
import { runTest, titleOf } from './run-test.ts';

export interface FileRequest {
  /** Absolute. */
  readonly path: string;
  /** As it was named. */
  readonly file: string;
  /** Only tests whose name matches, as a regular expression; null: all. */
  readonly filter: string | null;
  /** Only the tests of this shard, 1 to `of`; null: all. */
  readonly shard: { readonly index: number; readonly of: number } | null;
  /** Seeds to run each test with, the first and the last one; null: its own. */
  readonly seeds: readonly [first: number, last: number] | null;
  /** Run each test so often; all must come to the same. */
  readonly repeat: number;
  /** Folder for what is left of the tests, absolute; null: nothing is. */
  readonly artifacts: string | null;
}

/** Who watches a file being tested. */
export interface FileWatcher {
  /** These will run, in this order. */
  planned(names: readonly string[]): void;
  /** A test begins. */
  begin(name: string): void;
  /** It waits for something. */
  wait(what: string, guestTimeNs: number): void;
  result(result: TestResult): void;
}

/** Run the tests of a file. Rejects with what was wrong with the file itself. */
export async function runFile(request: FileRequest, watcher: FileWatcher): Promise<void> {
  const filter = request.filter === null ? null : new RegExp(request.filter);
  const all = await load(request.path);
  if (all.length === 0) throw new Error('the file defines no test');
  // However the file was named, and wherever the checkout lies.
  const place = relative(process.cwd(), request.path).replaceAll('\\', '/');
  const isAsked = ({ name }: Loaded): boolean =>
    (filter?.test(name) ?? true) &&
    (request.shard === null || shardOf(`${place}\n${name}`, request.shard.of) === request.shard.index);
  const asked = all.filter(isAsked);
  watcher.planned(asked.flatMap(({ name }) => seedsOf(request).map((seed) => titleOf(name, seed))));
  for (const definition of asked) {
    for (const seed of seedsOf(request)) {
      watcher.begin(titleOf(definition.name, seed));
      const policy = { ...request, onWait: (what: string, at: number) => watcher.wait(what, at) };
      watcher.result(withPlace(await runTest(policy, definition, seed), definition));
    }
  }
}

function seedsOf({ seeds }: FileRequest): (number | null)[] {
  if (seeds === null) return [null];
  const [first, last] = seeds;
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

/** A test, and where a declarative file has it. */
type Loaded = TestDefinition & { readonly place?: NonNullable<Failure['place']> };

async function load(path: string): Promise<readonly Loaded[]> {
  if (isDeclarative(path)) return loadDeclarative(path);
  await import(pathToFileURL(path).href);
  return takeDefined();
}

/** A failure that no step has, such as a kernel that is not there, is shown where the test is. */
function withPlace(result: TestResult, { place }: Loaded): TestResult {
  const { failure } = result;
  return failure && !failure.place && place ? { ...result, failure: { ...failure, place } } : result;
}

/** The shard, 1 to `of`, that a test belongs to: by its name alone (FNV-1a), so that adding a test moves no other. */
function shardOf(name: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return 1 + (hash % of);
}
