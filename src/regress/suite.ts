// A suite: test files in processes of their own, so many at a time. The order of results is that of the files, whatever ends first.
import { fork } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dateNow, monotonicMs, oneShot } from '../api/wall-clock.ts';
import { TsvmError } from '../util/errors.ts';
import { guestSeconds, hostTime } from '../util/format.ts';
import { failureOf } from './failure.ts';
import type { Failure, SuiteResult, TestResult } from './results.ts';
import type { FileRequest } from './run-file.ts';
import type { WorkerMessage } from './worker.ts';

export interface SuiteOptions {
  /** Files, and folders in which every *.test.ts, .mts, .js, .mjs, .yaml and .yml is one. */
  readonly paths: readonly string[];
  /** Processes at a time. */
  readonly jobs: number;
  readonly filter: string | null;
  readonly shard: FileRequest['shard'];
  readonly seeds: FileRequest['seeds'];
  readonly repeat: number;
  /** Folder for what is left of the tests; null: nothing is. */
  readonly artifacts: string | null;
  /** Wall milliseconds that one test may take, its repetitions together; null: any time. */
  readonly timeout: number | null;
  /** Told of what goes on, in a few words. */
  readonly onProgress: (text: string) => void;
  /** Told of what test files themselves print. */
  readonly onOutput: (text: Buffer) => void;
}

const TEST_FILE = /\.test\.(m?[jt]s|ya?ml)$/;
/** Characters of what a worker prints that are kept for the failure of its file. */
const KEPT = 8192;

/** Run a suite. @throws TsvmError not-found, usage */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const started = monotonicMs();
  const startedAt = dateNow();
  const files = findFiles(options.paths);
  if (options.filter !== null) checkFilter(options.filter);
  const perFile: FileOutcome[] = [];
  let next = 0;
  let ended = 0;
  const runNext = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i]!;
      const onProgress = (text: string): void =>
        options.onProgress(`${ended}/${files.length} files  ${named(file)} > ${text}`);
      perFile[i] = await runInWorker(file, { ...options, onProgress });
      ended++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, files.length) }, runNext));
  return {
    results: perFile.flatMap(({ results }) => results),
    broken: perFile.flatMap(({ broken }, i) => (broken ? [{ file: named(files[i]!), failure: broken }] : [])),
    startedAt,
    wallMs: monotonicMs() - started,
  };
}

interface FileOutcome {
  readonly results: readonly TestResult[];
  readonly broken: Failure | null;
}

function findFiles(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (!facts)
      throw new TsvmError('not-found', `${path}: no such file (tests)`, {
        next: 'give a test file, or a folder with some',
      });
    if (!facts.isDirectory()) return [path];
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => TEST_FILE.test(name) && !name.split(/[\\/]/).includes('node_modules'))
      .sort()
      .map((name) => join(path, name));
  });
  return [...new Set(found)];
}

function checkFilter(filter: string): void {
  try {
    new RegExp(filter);
  } catch (error) {
    throw new TsvmError('usage', `-t ${filter}: ${(error as Error).message}`);
  }
}

const named = (path: string): string => path.replaceAll('\\', '/');

function runInWorker(path: string, options: SuiteOptions): Promise<FileOutcome> {
  const { filter, shard, seeds, repeat, timeout, onOutput, onProgress } = options;
  const artifacts = options.artifacts === null ? null : resolve(options.artifacts);
  const request: FileRequest = { path: resolve(path), file: named(path), filter, shard, seeds, repeat, artifacts };
  const worker = fork(fileURLToPath(new URL('../regress/worker.js', import.meta.url)), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const results: TestResult[] = [];
  let broken: Failure | null = null;
  let done = false;
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-KEPT);
    onOutput(chunk);
  };
  worker.stdout?.on('data', keep);
  worker.stderr?.on('data', keep);
  let test = 'the file itself';
  let stopClock = (): void => {};
  const startClock = (): void => {
    stopClock();
    if (timeout === null) return;
    // Nobody in the process can be asked: it may loop for ever in the test's own code.
    stopClock = oneShot(timeout, () => {
      broken ??= tookTooLong(test, timeout);
      worker.kill('SIGKILL');
    });
  };
  startClock();
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'begin') {
      test = message.name;
      startClock();
      onProgress(test);
    } else if (message.type === 'wait')
      onProgress(`${test}: waits for ${message.what} at ${guestSeconds(message.guestTimeNs)}`);
    else if (message.type === 'result') results.push(message.result);
    else if (message.type === 'broken') broken = message.failure;
    else {
      done = true;
      worker.kill(); // whatever a test has left open would keep it
    }
  });
  return new Promise((settle) => {
    // It could not be started, or has gone before it got its request.
    worker.on('error', (error) => {
      settle({ results, broken: failureOf(error, request.path) });
    });
    worker.send(request);
    worker.on('close', (code, signal) => {
      stopClock();
      if (!done) broken ??= endedByItself(code, signal, said);
      settle({ results, broken });
    });
  });
}

function tookTooLong(test: string, ms: number): Failure {
  return {
    message: `${test}: took more than ${hostTime(ms)} of wall time, and was killed`,
    details:
      'a loop in the test itself, or a guest that needs longer: --timeout gives more, limit: and within: end it in guest time',
    place: null,
  };
}

function endedByItself(code: number | null, signal: string | null, said: string): Failure {
  const how = signal === null ? `exit ${code}` : signal;
  // Node's own code for a process that has nothing to wait for any more.
  const why =
    code === 0 || code === 13 ? 'a test waits for something that nothing will bring' : 'its process ended by itself';
  return { message: `${why} (${how})`, details: said.trimEnd(), place: null };
}
