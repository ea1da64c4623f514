// The process of one test file: it gets a FileRequest, sends each result, and then that it is done.
import { register } from 'node:module';
import { failureOf } from './failure.ts';
import type { Failure, TestResult } from './results.ts';
import { type FileRequest, type FileWatcher, runFile } from './run-file.ts';

/** What a worker sends. */
export type WorkerMessage =
  | { readonly type: 'begin'; readonly name: string }
  | { readonly type: 'wait'; readonly what: string; readonly guestTimeNs: number }
  | { readonly type: 'result'; readonly result: TestResult }
  | { readonly type: 'broken'; readonly failure: Failure }
  | { readonly type: 'done' };

const send = (message: WorkerMessage): void => {
  process.send?.(message);
};

register('./module-hooks.js', import.meta.url);

process.once('message', (request: FileRequest) => {
  const watcher: FileWatcher = {
    begin: (name) => send({ type: 'begin', name }),
    wait: (what, guestTimeNs) => send({ type: 'wait', what, guestTimeNs }),
    result: (result) => send({ type: 'result', result }),
  };
  runFile(request, watcher)
    .catch((error: unknown) => send({ type: 'broken', failure: failureOf(error, request.path) }))
    .finally(() => send({ type: 'done' }));
});
