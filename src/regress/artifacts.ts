// What is left of a test on disk, for whoever looks at it later (CI uploads it): a folder for each test with its console, its verdict, the command that
// repeats it, its journal and, when it failed, its last instructions.
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quoteWord } from '../api/command-line.ts';
import { type ScriptedVm, traceTail } from '../api/index.ts';
import { makeFolder } from '../api/run-store.ts';
import type { Failure, RunFacts, TestResult } from './results.ts';

/** One VM of a test, when it is over. */
export interface FinishedRun {
  readonly vm: ScriptedVm;
  readonly facts: RunFacts;
}

const MOST_NAME = 100;
/** The journal of a VM that has not ended: there for good when the process of the test was killed, or ended by itself. */
const UNFINISHED = 'unfinished.jsonl';
/** What an earlier run of the test may have left. */
const OWN = /^(\d+-)?(result\.json|(console|command|trace)\.txt|(journal|unfinished)\.jsonl)$/;

/** A file name of a test's: what is not plain becomes a dash, and names that this makes alike get a number of their own. */
function plain(name: string): string {
  const text = name.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '');
  if (text === name && text.length <= MOST_NAME) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return `${text.slice(0, MOST_NAME) || 'test'}-${hash.toString(16).padStart(8, '0')}`;
}

/** Where what is left of a test goes. `file` and `name` as its result has them. */
export function artifactFolder(root: string, file: string, name: string): string {
  return join(root, plain(file), plain(name));
}

/** The folder of one test. What cannot be written there is told at the end, and stops nothing. */
export class Artifacts {
  private readonly folder: string;
  private problem: Failure | null = null;

  constructor(root: string, file: string, name: string) {
    this.folder = artifactFolder(root, file, name);
    this.attempt(() => {
      makeFolder(this.folder);
      for (const left of readdirSync(this.folder).filter((entry) => OWN.test(entry))) rmSync(this.path(left));
    });
  }

  /** Another VM of the test starts. */
  begin(): void {
    this.attempt(() => writeFileSync(this.path(UNFINISHED), ''));
  }

  /** A line of its journal. */
  line(line: string): void {
    this.attempt(() => appendFileSync(this.path(UNFINISHED), `${line}\n`));
  }

  /** The test is over. Resolves to the result with the folder in it, and a failure when that could not be written. */
  async end(result: TestResult, runs: readonly FinishedRun[]): Promise<TestResult> {
    this.attempt(() => {
      rmSync(this.path(UNFINISHED), { force: true });
      writeFileSync(this.path('result.json'), `${JSON.stringify(result, null, 2)}\n`);
    });
    for (const [n, { vm, facts }] of runs.entries()) {
      const file = (name: string): string => this.path(runs.length === 1 ? name : `${n + 1}-${name}`);
      const journal = vm.vm.journal();
      const trace = result.outcome === 'fail' ? await tail(journal) : null;
      this.attempt(() => {
        writeFileSync(file('console.txt'), vm.console.bytes);
        writeFileSync(file('journal.jsonl'), journal);
        writeFileSync(file('command.txt'), `${facts.command}\ntsvm replay ${quoteWord(file('journal.jsonl'))}\n`);
        if (trace !== null) writeFileSync(file('trace.txt'), trace);
      });
    }
    const { folder: artifacts, problem } = this;
    if (!problem) return { ...result, artifacts };
    const { failure } = result;
    const both = failure && { ...failure, details: [failure.details, problem.message].filter(Boolean).join('\n') };
    return { ...result, artifacts, outcome: 'fail', failure: both ?? problem };
  }

  private path(name: string): string {
    return join(this.folder, name);
  }

  private attempt(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.problem ??= {
        message: `--artifacts ${this.folder}: ${(error as Error).message}`,
        details: 'give a folder that is yours, on a disk with room',
        place: null,
      };
    }
  }
}

/** The last instructions, or why there are none: a test has failed, and nothing here may hide that. */
async function tail(journal: string): Promise<string> {
  try {
    return await traceTail(journal);
  } catch (error) {
    return `no trace: ${(error as Error).message}\n`;
  }
}
