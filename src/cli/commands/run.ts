// `tsvm run`: boot a kernel and tell how it ended; or several times, to see whether it always ends so.
import { parseDisk } from '../../api/command-line.ts';
import type { Cli, CommandSpec } from '../command.ts';
import { reportError } from '../errors.ts';
import { type EventSink, noEvents, openEvents } from '../events.ts';
import { manyRuns } from '../many-runs.ts';
import { type NamedFile, refuseSameFile } from '../named-files.ts';
import { OneRun } from '../one-run.ts';
import { addRunOptions, type RunRequest, runRequest } from '../options.ts';

const EPILOGUE = `
Standard output is the guest's console, byte for byte; everything tsvm says goes to standard error, the verdict last.
Console input is standard input: a terminal, a pipe or a file. On a terminal Ctrl-a x quits, Ctrl-a c opens the debug shell and Ctrl-a h helps.

Examples:
  tsvm run guests/bin/hello-te-el.elf
  echo hi | tsvm run guests/bin/echo-te-el.elf --limit 10s --json events.jsonl`;

export const runCommand: CommandSpec = {
  name: 'run',
  args: '[kernel]',
  summary: 'boot a kernel and run it until it ends',
  epilogue: EPILOGUE,
  addOptions: addRunOptions,
  async run(cli, [kernel], options) {
    const request = runRequest(kernel, options);
    refuseSameFile(namedFiles(request));
    return withEvents(cli, request, (events) =>
      request.seeds !== null || request.repeat > 1
        ? manyRuns(cli, request, events)
        : new OneRun(cli, request, events).toTheEnd(),
    );
  },
};

/** Run it with the file of --json open; an error is an event, too. */
export async function withEvents(
  cli: Cli,
  { json, debug }: RunRequest,
  run: (events: EventSink) => Promise<number>,
): Promise<number> {
  const events = json === null ? noEvents : openEvents(json, (message) => cli.said.log('warning', message));
  try {
    return await run(events);
  } catch (error) {
    const { stack, ...report } = reportError(error);
    events.emit({ event: 'error', ...report, ...(debug ? { stack } : {}) });
    throw error;
  } finally {
    events.close();
  }
}

/** Every file the command line names; a journal may be replayed and written anew. */
export function namedFiles(request: RunRequest): NamedFile[] {
  const { kernel, initrd, symbols, disks = [] } = request.config;
  const named = (role: string, path: string | null | undefined, written: boolean): NamedFile[] =>
    path === null || path === undefined ? [] : [{ role, path, written }];
  const disk = (path: string, written: boolean): NamedFile => ({
    role: written ? '--disk' : 'a --disk',
    path,
    written,
    next: `use it without writing to it, ${path}:cow or ${path}:ro, or give --disk a copy`,
  });
  return [
    ...named('the kernel', kernel, false),
    ...named('--initrd', initrd, false),
    ...named('--symbols', symbols, false),
    ...disks
      .map(parseDisk)
      .flatMap(({ path, mode, overlay }) => [disk(path, mode === 'rw'), ...named('the overlay', overlay, true)]),
    ...named('--json', request.json, true),
    ...named('--journal', request.journal, true),
    ...named('--dump-dtb', request.dumpDtb, true),
    ...named('--trace', request.trace, true),
    ...(request.replay === request.journal ? [] : named('--replay', request.replay, false)),
  ];
}
