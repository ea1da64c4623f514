// A suite: test files in processes of their own, so many at a time. The order of results is that of the files, whatever ends first.
import { fork } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dateNow, monotonicMs, oneShot } from '../api/wall-clock.ts';
import { TsvmError } from '../util/errors.ts';
import { guestSeconds, hostTime } from '../util/format.ts';
import { artifactFolder } from './artifacts.ts';
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
  /** Ends the suite where it is: the tests that run are killed, and no more begin. */
  readonly interrupted: AbortSignal;
  /** Told of what goes on, in a few words. */
  readonly onProgress: (text: string) => void;
  /** Told of what test files themselves print. */
  readonly onOutput: (text: Buffer) => void;
}

const TEST_FILE = /\.test\.(m?[jt]s|ya?ml)$/;
/** Characters of what a worker prints that are kept for the failure of its file. */
const KEPT = 8192;

/** Wall milliseconds for the output of a process that has ended. */
const LAST_WORDS = 1000;

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
    for (let i = next++; i < files.length && !options.interrupted.aborted; i = next++) {
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
    isShard: options.shard !== null,
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
  // A file that is named twice runs once.
  return [...new Map(found.map((path) => [resolve(path), path])).values()];
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
  const { filter, shard, seeds, repeat, timeout, interrupted, onOutput, onProgress } = options;
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
  let test: string | null = null;
  let notRun: readonly string[] = [];
  let stopClock = (): void => {};
  const startClock = (): void => {
    stopClock();
    if (timeout === null) return;
    // Nobody in the process can be asked: it may loop for ever in the test's own code.
    stopClock = oneShot(timeout, () => kill(tookTooLong(test ?? 'the file itself', timeout)));
  };
  const kill = (why: Failure): void => {
    broken ??= why;
    worker.kill('SIGKILL');
  };
  const interrupt = (): void =>
    kill({ message: `${test ?? 'the file itself'}: interrupted`, details: '', place: null });
  interrupted.addEventListener('abort', interrupt);
  startClock();
  // A test may send what it likes.
  worker.on('message', (message: Partial<WorkerMessage> | null) => {
    if (message?.type === 'planned') notRun = message.names ?? [];
    else if (message?.type === 'begin') {
      test = message.name ?? null;
      notRun = notRun.slice(1);
      startClock();
      onProgress(String(test));
    } else if (message?.type === 'wait')
      onProgress(`${test}: waits for ${message.what} at ${guestSeconds(Number(message.guestTimeNs))}`);
    else if (message?.type === 'result' && message.result) {
      results.push(message.result);
      test = null;
    } else if (message?.type === 'broken' && message.failure) broken = message.failure;
    else if (message?.type === 'done') {
      done = true;
      worker.kill(); // whatever a test has left open would keep it
    }
  });
  const outcome = (): FileOutcome => {
    stopClock();
    interrupted.removeEventListener('abort', interrupt);
    // What the test itself could not write any more.
    const left = artifacts === null || test === null ? null : artifactFolder(artifacts, request.file, test);
    return { results, broken: broken && left !== null ? withArtifacts(broken, left) : broken };
  };
  return new Promise((settle) => {
    // It could not be started, or has gone before it got its request.
    worker.on('error', (error) => {
      broken ??= failureOf(error, request.path);
      settle(outcome());
    });
    worker.send(request);
    let stopWaiting = (): void => {};
    worker.on('exit', () => {
      // What the test has started may hold its output open for ever.
      stopWaiting = oneShot(LAST_WORDS, () => {
        worker.stdout?.destroy();
        worker.stderr?.destroy();
      });
    });
    worker.on('close', (code, signal) => {
      stopWaiting();
      if (!done) broken = withNotRun(broken ?? endedByItself(test, code, signal, said), notRun);
      settle(outcome());
    });
  });
}

function withArtifacts(failure: Failure, folder: string): Failure {
  return { ...failure, details: [failure.details, `what is left of it: ${folder}`].filter(Boolean).join('\n') };
}

function tookTooLong(test: string, ms: number): Failure {
  return {
    message: `${test}: took more than ${hostTime(ms)} of wall time, and was killed`,
    details:
      'a loop in the test itself, or a guest that needs longer: --timeout gives more, limit: and within: end it in guest time',
    place: null,
  };
}

function endedByItself(test: string | null, code: number | null, signal: string | null, said: string): Failure {
  const how = signal === null ? `exit ${code}` : signal;
  // 13 is Node's own code for a process that has nothing to wait for any more; with a test that waits it may also be 0.
  const why =
    code === 0 || code === 13 ? ': it has called process.exit(), or waits for something that nothing will bring' : '';
  return {
    message: `${test ?? 'the file itself'}: its process has ended (${how})${why}`,
    details: said.trimEnd(),
    place: null,
  };
}

/** Tests that are shown by name. */
const MOST_NAMES = 20;

function withNotRun(failure: Failure, names: readonly string[]): Failure {
  if (names.length === 0) return failure;
  const more = names.length > MOST_NAMES ? [`and ${names.length - MOST_NAMES} more`] : [];
  const lines = [`not run (${names.length}):`, ...names.slice(0, MOST_NAMES).map((name) => `  ${name}`), ...more];
  return { ...failure, details: [failure.details, ...lines].filter(Boolean).join('\n') };
}
