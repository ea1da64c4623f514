// What is left of a test on disk, for whoever looks at it later (CI uploads it): a folder for each test with its console, its verdict, the command that
// repeats it, its journal and, when it failed, its last instructions.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ScriptedVm, TsvmError, traceTail } from '../api/index.ts';
import type { RunFacts, TestResult } from './results.ts';

/** One VM of a test, when it is over. */
export interface FinishedRun {
  readonly vm: ScriptedVm;
  readonly facts: RunFacts;
}

const MOST_NAME = 100;

/** A file name of a test's: what is not plain becomes a dash, and names that this makes alike get a number of their own. */
function plain(name: string): string {
  const text = name.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '');
  if (text === name && text.length <= MOST_NAME) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return `${text.slice(0, MOST_NAME)}-${hash.toString(16).padStart(8, '0')}`;
}

/** Write them below `folder`. Returns the test's folder. @throws TsvmError io */
export async function writeArtifacts(
  folder: string,
  result: TestResult,
  runs: readonly FinishedRun[],
): Promise<string> {
  const own = join(folder, plain(result.file), plain(result.name));
  try {
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
    for (const [n, { vm, facts }] of runs.entries()) {
      const file = (name: string): string => join(own, runs.length === 1 ? name : `${n + 1}-${name}`);
      const journal = vm.vm.journal();
      writeFileSync(file('console.txt'), vm.console.bytes);
      writeFileSync(file('journal.jsonl'), journal);
      writeFileSync(file('command.txt'), `${facts.command}\ntsvm replay ${file('journal.jsonl')}\n`);
      if (result.outcome === 'fail') writeFileSync(file('trace.txt'), await tail(journal));
    }
  } catch (error) {
    throw new TsvmError('io', `--artifacts ${own}: ${(error as Error).message}`, {
      next: 'give a folder that is yours, on a disk with room',
    });
  }
  return own;
}

/** The last instructions, or why there are none: a test has failed, and nothing here may hide that. */
async function tail(journal: string): Promise<string> {
  try {
    return await traceTail(journal);
  } catch (error) {
    return `no trace: ${(error as Error).message}\n`;
  }
}
