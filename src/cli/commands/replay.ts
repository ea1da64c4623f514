// `tsvm replay`: a run that was, again, to the bit; and whether it was.

import { type Command, Option } from 'commander';
import { quoteWord } from '../../api/command-line.ts';
import { leftOverlays, recordedRun } from '../../api/record.ts';
import { readRun } from '../../api/run-store.ts';
import { TsvmError } from '../../util/errors.ts';
import type { CommandSpec } from '../command.ts';
import { refuseSameFile } from '../named-files.ts';
import { OneRun } from '../one-run.ts';
import { debuggerRequest, type RunRequest, traceRequest } from '../options.ts';
import { namedFiles, withEvents } from './run.ts';

const EPILOGUE = `
RUN is the id that a verdict shows after "run", or a file that --journal wrote. Kernel and initrd must still be what they were; disks are used
copy-on-write, so nothing is written to them. Exit code: that of the run, or 1 when it did not come to the same as then.

Examples:
  tsvm replay 7f3a19c2
  tsvm replay 7f3a19c2 --engine lockstep`;

const OPTIONS: readonly (readonly [flags: string, help: string])[] = [
  ['--engine <name>', 'regions, interpreter or lockstep: all come to the same'],
  ['--json <file>', 'write what happens as events, one JSON object per line'],
  ['--stat', 'count every exit of the guest to KVM, and show at the end how many by what reason'],
  ['--gdb [place]', 'let gdb look at it, on a port or a Unix socket (default: 127.0.0.1:1234)'],
  ['--wait', 'stand before the first instruction until a debugger lets it go on'],
  ['--trace <file>', "write KVM's trace events (FILE.json: for chrome://tracing and Perfetto)"],
  ['--trace-instructions <range>', 'write to the file of --trace the instructions of a range, such as A..B by count'],
  ['--loglevel <level>', 'error, warning, info or debug (default: warning)'],
  ['--debug', '--loglevel debug, and stack traces with errors'],
];

export const replayCommand: CommandSpec = {
  name: 'replay',
  args: '<run>',
  summary: 'run a recorded run again, to the bit',
  epilogue: EPILOGUE,
  addOptions(command: Command) {
    for (const [flags, help] of OPTIONS) command.addOption(new Option(flags, help));
  },
  async run(cli, [run = ''], options) {
    const { path, text } = readRun(run, cli.env);
    const { options: config, header, end } = recordedRun(text, run);
    for (const warning of leftOverlays(header)) cli.said.log('warning', warning);
    if (end === null)
      cli.said.log('warning', `${run}: the record has no end (tsvm was killed); no input comes after it`);
    const { replay: _, ...machine } = config;
    const given = (key: string): string | undefined => {
      const value = options[key];
      return typeof value === 'string' ? value : undefined;
    };
    const json = given('json') ?? null;
    if (json === '-' || json === '') throw new TsvmError('usage', `--json ${json}: needs a file name`);
    const debug = options.debug === true;
    const request: RunRequest = {
      config: {
        ...machine,
        engine: given('engine') ?? header.config.engine,
        loglevel: given('loglevel') ?? (debug ? 'debug' : undefined),
      },
      json,
      journal: null,
      replay: path,
      debug,
      dumpDtb: null,
      stat: options.stat === true,
      ...debuggerRequest(options),
      ...traceRequest(given('trace'), given('traceInstructions')),
      seeds: null,
      repeat: 1,
      again: `tsvm replay ${quoteWord(run)}`,
      recorded: end,
    };
    refuseSameFile([...namedFiles(request), { role: 'the record', path, written: false }]);
    return withEvents(cli, request, (events) => new OneRun(cli, request, events, { record: text }).toTheEnd());
  },
};
