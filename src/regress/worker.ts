// The process of one test file: it gets a FileRequest, sends each result, and then that it is done.
import { register } from 'node:module';
import { failureOf } from './failure.ts';
import type { Failure, TestResult } from './results.ts';
import { type FileRequest, type FileWatcher, runFile } from './run-file.ts';
import { strayError } from './run-test.ts';

/** What a worker sends. */
export type WorkerMessage =
  | { readonly type: 'planned'; readonly names: readonly string[] }
  | { readonly type: 'begin'; readonly name: string }
  | { readonly type: 'wait'; readonly what: string; readonly guestTimeNs: number }
  | { readonly type: 'result'; readonly result: TestResult }
  | { readonly type: 'broken'; readonly failure: Failure }
  | { readonly type: 'done' };

const send = (message: WorkerMessage): void => {
  process.send?.(message);
};

register('./module-hooks.js', import.meta.url);

// Ctrl-C reaches every process of the terminal: what comes of it is said by the one that has started this one.
process.on('SIGINT', () => {});
// When that has gone, nobody asks for results.
process.on('disconnect', () => process.kill(process.pid));

let path = '';
for (const event of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(event, (error: unknown) => {
    if (strayError(error)) return;
    send({ type: 'broken', failure: failureOf(error, path) });
  });

process.once('message', (request: FileRequest) => {
  path = request.path;
  // Listening to it would keep a process that has nothing to wait for.
  process.channel?.unref();
  const watcher: FileWatcher = {
    planned: (names) => send({ type: 'planned', names }),
    begin: (name) => send({ type: 'begin', name }),
    wait: (what, guestTimeNs) => send({ type: 'wait', what, guestTimeNs }),
    result: (result) => send({ type: 'result', result }),
  };
  runFile(request, watcher)
    .catch((error: unknown) => send({ type: 'broken', failure: failureOf(error, request.path) }))
    .finally(() => send({ type: 'done' }));
});
