// The process of one test file: it gets a FileRequest, sends each result, and then that it is done.
import { register } from 'node:module';
import { failureOf } from './failure.ts';
import type { Failure, TestResult } from './results.ts';
import { type FileRequest, runFile } from './run-file.ts';

/** What a worker sends. */
export type WorkerMessage =
  | { readonly type: 'result'; readonly result: TestResult }
  | { readonly type: 'broken'; readonly failure: Failure }
  | { readonly type: 'done' };

const send = (message: WorkerMessage): void => {
  process.send?.(message);
};

register('./module-hooks.js', import.meta.url);

process.once('message', (request: FileRequest) => {
  runFile(request, (result) => send({ type: 'result', result }))
    .catch((error: unknown) => send({ type: 'broken', failure: failureOf(error, request.path) }))
    .finally(() => send({ type: 'done' }));
});
