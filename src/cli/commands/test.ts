// `tsvm test`: run test files, each in a process of its own, and say what has come of them. Standard output carries the report.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { parseDuration } from '../../api/command-line.ts';
import type { SuiteResult } from '../../regress/results.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { Cli, CommandSpec } from '../command.ts';
import { EXIT_INTERRUPTED } from '../errors.ts';
import { type ParsedOptions, repetitions, seedRange } from '../options.ts';
import { startProgress } from '../spinner.ts';
import { styleFor } from '../style.ts';

const EPILOGUE = `
A test file defines tests: import { test } from 'tsvm/test'; test(name, { kernel, initrd, ... }, async (m) => { await m.waitFor('login: '); ... }).
In a folder every *.test.ts, .mts, .js, .mjs and, declared instead of coded, .yaml and .yml is one. The guest runs only while the test waits for it, so that a result
depends neither on the host nor on its load. Exit code: 0 all passed, 1 some failed, 2 no test at all.

Examples:
  tsvm test tests/boot.test.ts
  tsvm test tests -j 4 --report pretty --report junit=results.xml --artifacts results
  tsvm test tests -t boots --repeat 10`;

const OPTIONS: readonly (readonly [flags: string, help: string])[] = [
  ['-j, --jobs <n>', 'test files that run at a time (default: one for each CPU)'],
  ['-t, --filter <pattern>', 'only tests whose names match this regular expression'],
  ['--shard <i/n>', 'only the tests of shard i of n; the shards together are the suite'],
  ['--seed <n..m>', 'run each test with every seed from n to m'],
  ['--repeat <n>', 'run each test so often; all must come to the same state hash'],
  ['--timeout <time>', 'wall time that one test may take (default: 10m)'],
  ['--verbose', 'show every test, with the id and the state of its run (so with --seed and --repeat)'],
  ['--merge', 'run nothing: PATHS are reports of shards (--report json=FILE), which become one'],
  ['--artifacts <folder>', 'keep console, verdict, command, journal and the last instructions of each test there'],
];

export const testCommand: CommandSpec = {
  name: 'test',
  args: '<paths...>',
  summary: 'run regression tests: scripts that boot guests and judge them',
  epilogue: EPILOGUE,
  addOptions(command: Command) {
    for (const [flags, help] of OPTIONS) command.addOption(new Option(flags, help));
    command.addOption(
      new Option(
        '--report <name>',
        'pretty, tap, junit, json or github; NAME=FILE writes it there (default: pretty, also beside files)',
      ).argParser((value: string, before: readonly string[] = []) => [...before, value]),
    );
  },
  async run(cli, paths, options) {
    const [{ runSuite }, { exitCodeOf }] = await Promise.all([
      import('../../regress/suite.ts'),
      import('../../regress/report/index.ts'),
    ]);
    const reports = await reportsOf(cli, options);
    if (options.merge === true) {
      const merged = await mergedResult(paths.filter((path) => path !== undefined));
      for (const report of reports) report.write(merged);
      return exitCodeOf(merged);
    }
    const request = {
      paths: paths.filter((path) => path !== undefined),
      jobs: jobsOf(options),
      filter: textOf(options.filter) ?? null,
      shard: shardOf(options),
      seeds: seedsOf(options),
      repeat: repetitions(textOf(options.repeat)),
      artifacts: textOf(options.artifacts) ?? null,
      timeout: parseDuration('timeout', textOf(options.timeout) ?? DEFAULT_TIMEOUT, 1e6),
    };
    const progress = startProgress(cli.stderr, cli.env, 'looking for tests');
    const stop = new AbortController();
    const interrupt = (): void => stop.abort();
    for (const signal of ENDING) process.once(signal, interrupt);
    let result: SuiteResult;
    try {
      result = await runSuite({
        ...request,
        interrupted: stop.signal,
        onOutput: (text) => progress.apart(() => void cli.stderr.write(text)),
        onProgress: (text) => progress.say(printable(text)),
      });
    } finally {
      for (const signal of ENDING) process.off(signal, interrupt);
      progress.stop();
    }
    for (const report of reports) report.write(result);
    if (!stop.signal.aborted) return exitCodeOf(result);
    cli.said.lines(cli.said.style.bad(`# interrupted\n# exit ${EXIT_INTERRUPTED}`));
    return EXIT_INTERRUPTED;
  },
};

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const DEFAULT_TIMEOUT = '10m';

function textOf(value: ParsedOptions[string]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `N..M`; a single seed is a range of one. */
function seedsOf({ seed }: ParsedOptions): readonly [number, number] | null {
  const text = textOf(seed);
  if (text === undefined) return null;
  const range = seedRange(/^\d+$/.test(text) ? `${text}..${text}` : text);
  if (range === null) throw new TsvmError('usage', `--seed ${text}: not a range of seeds`, { next: 'such as 1..8' });
  return range;
}

/** What reports of shards come to together. */
async function mergedResult(paths: readonly string[]): Promise<SuiteResult> {
  const { mergeReports } = await import('../../regress/report/merge.ts');
  return mergeReports(paths.map((path) => ({ name: path, text: readReport(path) })));
}

function readReport(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new TsvmError(
      missing ? 'not-found' : 'io',
      `--merge ${path}: ${missing ? 'no such file (report)' : (error as Error).message}`,
    );
  }
}

interface Report {
  write(result: SuiteResult): void;
}

async function reportsOf(cli: Cli, options: ParsedOptions): Promise<Report[]> {
  const { REPORTS } = await import('../../regress/report/index.ts');
  const style = await styleFor(cli.stdout, cli.env);
  const named = Array.isArray(options.report) ? (options.report as readonly string[]) : [];
  const asked = named.some((text) => !text.includes('=')) ? named : [...named, 'pretty'];
  const verbose = options.verbose === true || options.seed !== undefined || options.repeat !== undefined;
  return asked.map((text) => {
    const [name = '', ...rest] = text.split('=');
    const file = rest.length === 0 ? null : rest.join('=');
    const format = REPORTS.get(name);
    if (!format || file === '')
      throw new TsvmError(
        'usage',
        `--report ${text}: ${format ? 'the file name is missing' : 'there is no such report'}`,
        {
          next: `one of ${[...REPORTS.keys()].join(', ')}; NAME=FILE writes it to a file`,
        },
      );
    return {
      write: (result) => {
        if (file === null)
          cli.stdout.write(format.render(result, { colour: (kind, words) => style[kind](words), verbose }));
        else writeReport(file, format.render(result));
      },
    };
  });
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new TsvmError('io', `--report ${file}: cannot be written (${(error as Error).message})`, {
      next: 'give a file in a folder that exists and is yours',
    });
  }
}

const MOST_JOBS = 256;

function jobsOf({ jobs }: ParsedOptions): number {
  if (jobs === undefined) return availableParallelism();
  const number = /^[0-9]{1,4}$/.test(String(jobs)) ? Number(jobs) : 0;
  if (number < 1 || number > MOST_JOBS)
    throw new TsvmError('usage', `--jobs ${String(jobs)}: must be a whole number from 1 to ${MOST_JOBS}`);
  return number;
}

function shardOf({ shard }: ParsedOptions): { index: number; of: number } | null {
  if (shard === undefined) return null;
  const match = /^([0-9]{1,4})\/([0-9]{1,4})$/.exec(String(shard));
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || index > of)
    throw new TsvmError('usage', `--shard ${String(shard)}: not a shard`, { next: 'such as 1/4, the first of four' });
  return { index, of };
}
