// A declarative test file (*.test.yaml): kernel, options, steps and expectations as data. What it says becomes the same TestDefinition that
// test() makes of a script; it can do nothing that a script cannot.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { TestDefinition, TestOptions } from '../define.ts';
import type { Failure } from '../results.ts';
import { actInTurn, type Check, expectations, TestRun } from './checks.ts';
import { OPTIONS } from './options.ts';
import { list, mismatch, type Reader, record, text, unknownKey } from './reader.ts';
import { STEPS } from './steps.ts';
import { lookedFor } from './values.ts';
import { type Place, PlacedError, parseYaml, type YamlNode } from './yaml.ts';

/** A test and where it stands, for failures that no step has. */
export interface DeclaredTest extends TestDefinition {
  readonly options: TestOptions;
  readonly place: NonNullable<Failure['place']>;
}

/** Is a test file one of these? */
export function isDeclarative(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/** The tests of a file. @throws Error whose stack says where in the file it is wrong */
export async function loadDeclarative(path: string): Promise<readonly DeclaredTest[]> {
  const source = decoded(await readFile(path));
  try {
    if (source === null) throw new PlacedError({ line: 1, column: 1 }, 'the file is not UTF-8');
    return definitions(await parseYaml(source), path);
  } catch (error) {
    if (error instanceof PlacedError && source !== null) error.message += `\n${excerpt(source, error.place)}`;
    throw withFrame(error, path);
  }
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** `name` beside it is shown when the step fails. A text alone is waited for. */
const stepOf: Reader<Check> = (node) => {
  if (node.kind === 'text') return { place: node.place, act: STEPS.waitFor(node, 'waitFor') };
  const kinds = Object.keys(STEPS) as (keyof typeof STEPS)[];
  if (node.kind !== 'map') throw mismatch(node, 'a step', `text to wait for, or a map with one of ${kinds.join(', ')}`);
  const title = node.entries.get('name');
  const asked = [...node.entries].filter(([key]) => key !== 'name');
  for (const [key, { place, value }] of asked) {
    if (Object.hasOwn(STEPS, key)) continue;
    if (value.kind === 'nothing')
      throw new PlacedError(place, `a step: "${key}:" must stand in quotes to be waited for`);
    throw unknownKey('a step', key, place, [...kinds, 'name']);
  }
  const [first, second] = asked;
  if (!first) throw new PlacedError(node.place, 'a step without anything to do', `one of ${kinds.join(', ')}`);
  if (second)
    throw new PlacedError(
      second[1].place,
      `a step does one thing: ${second[0]} must be a step of its own, with a dash`,
    );
  const act = STEPS[first[0] as keyof typeof STEPS](first[1].value, first[0]);
  return { place: node.place, act, ...(title && { name: lookedFor(title.value, 'name') }) };
};

/** Why it is skipped; null: it is not. */
const skip: Reader<string | null> = (node, name) => {
  const reason = text(node, name);
  if (reason === 'false') return null;
  return reason === 'true' ? 'skip: true' : reason;
};

const testFields = record({ name: lookedFor }, { ...OPTIONS, skip, steps: list(stepOf), expect: expectations });
const testOf: Reader<ReturnType<typeof testFields> & { readonly place: Place }> = (node, name) => ({
  ...testFields(node, name),
  place: node.place,
});
const suiteOf = record({ tests: list((node) => testOf(node, 'a test')) }, { defaults: record({}, OPTIONS) });

function definitions(root: YamlNode, path: string): readonly DeclaredTest[] {
  if (root.kind !== 'map') throw mismatch(root, 'the file', 'a test (name, kernel, steps ...), or a map with tests');
  const isSuite = root.entries.has('tests') || root.entries.has('defaults');
  const { tests, defaults = {} } = isSuite ? suiteOf(root, 'the file') : { tests: [testOf(root, 'the test')] };
  if (tests.length === 0) throw new PlacedError(root.place, 'the file has no test');
  const names = new Set<string>();
  return tests.map(({ name, skip: skipped = null, steps = [], expect, place, ...own }) => {
    if (names.has(name)) throw new PlacedError(place, `a test called ${JSON.stringify(name)} is there already`);
    names.add(name);
    const { kernel, ...options } = { ...defaults, ...own };
    if (kernel === undefined) throw new PlacedError(place, `the test ${JSON.stringify(name)} has no kernel`);
    const checks = [...steps, ...(expect?.checks ?? [])];
    if (checks.length === 0)
      throw new PlacedError(place, `the test ${JSON.stringify(name)} has neither steps nor anything to expect`);
    // Without steps nothing would have run.
    const runsToTheEnd = steps.length === 0 && !(expect?.judgesEnd ?? false);
    const faults = options.faults ?? (expect?.breaks ? 'allow' : undefined);
    return {
      name,
      options: { ...options, kernel, faults },
      skipped,
      place: { file: path, ...place },
      body: (m) =>
        actInTurn(
          runsToTheEnd ? [{ place, act: (run) => run.end() }, ...checks] : checks,
          new TestRun(m, expect?.judgesEnd ?? false),
        ).catch((error: unknown) => {
          throw withFrame(error, path);
        }),
    };
  });
}

/** The place of an error as a frame of its stack, where a script's would be: that is where failures look for it (failure.ts). */
function withFrame(error: unknown, path: string): unknown {
  if (error instanceof PlacedError) {
    const { line, column } = error.place;
    // Without the message: it may have lines of the guest's in it.
    error.stack = `${error.name}\n    at ${pathToFileURL(path).href}:${line}:${column}`;
  }
  return error;
}

/** Characters of a line that are shown before and behind a place. */
const AROUND = 60;

/** The line of a place, and a mark below it. */
function excerpt(source: string, { line, column }: Place): string {
  const whole = source.split(/\r\n|\r|\n/)[line - 1] ?? '';
  const from = Math.max(0, column - 1 - AROUND);
  const number = `${line} | `;
  const before = whole.slice(from, column - 1).replaceAll('\t', ' ');
  return `${number}${before}${whole.slice(column - 1, column - 1 + AROUND)}\n${' '.repeat(number.length + before.length)}^`;
}
