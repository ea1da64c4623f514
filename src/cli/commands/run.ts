// `tsvm run`: boot a kernel and tell how it ended. stdout carries the guest's console bytes and nothing else; stderr says
// the reproducing command first, what was inferred second and the verdict last.
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { parseDisk, quoteWord } from '../../api/command-line.ts';
import type { KernelFault, RunningVm, StartVmOptions, TerminalRequest, Verdict } from '../../api/index.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { LogLevel } from '../../util/log.ts';
import type { Cli, CommandSpec } from '../command.ts';
import { isImpatient, READER_PATIENCE, reportError } from '../errors.ts';
import { type EventSink, noEvents, openEvents } from '../events.ts';
import { GuestOutput } from '../guest-output.ts';
import { type NamedFile, refuseSameFile } from '../named-files.ts';
import { addRunOptions, type RunRequest, runRequest } from '../options.ts';
import { faultLine, NO_DEBUG_SHELL, renderInferred, renderStats, renderVerdict, TERMINAL_HELP } from '../render.ts';
import { keepReport } from '../report-file.ts';
import { startSpinner } from '../spinner.ts';
import { optimiseRegionsLater } from '../v8.ts';

const EPILOGUE = `
Standard output is the guest's console, byte for byte; everything tsvm says goes to standard error, the verdict last.
Console input is standard input: a terminal, a pipe or a file. On a terminal Ctrl-a x quits and Ctrl-a h helps.

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
    const events =
      request.json === null ? noEvents : openEvents(request.json, (message) => cli.said.log('warning', message));
    const run = new Run(cli, request, events);
    try {
      return await run.toTheEnd();
    } catch (error) {
      const { stack, ...report } = reportError(error);
      events.emit({ event: 'error', ...report, ...(request.debug ? { stack } : {}) });
      throw error;
    } finally {
      events.close();
    }
  },
};

/** One run, from the first line to the verdict. */
class Run {
  private readonly cli: Cli;
  private readonly request: RunRequest;
  private readonly events: EventSink;
  private readonly output: GuestOutput;
  private vm: RunningVm | null = null;
  private outputError: NodeJS.ErrnoException | null = null;
  /** Messages from before the first line, which is the command's. */
  private early: (() => void)[] | null = [];

  constructor(cli: Cli, request: RunRequest, events: EventSink) {
    this.cli = cli;
    this.request = request;
    this.events = events;
    const output = new GuestOutput(cli.stdout);
    output.onGone = (error) => this.outputGone(error);
    cli.said.cursorMoved = () => cli.sameTerminal && output.takeMidLine();
    this.output = output;
  }

  /** Nobody reads the console any more: the run is over, quietly when the reader simply left (`| head`). */
  private outputGone(error: NodeJS.ErrnoException): void {
    this.outputError = error;
    this.vm?.stop(error.code === 'EPIPE' ? 'the reader of standard output left' : 'standard output failed');
  }

  async toTheEnd(): Promise<number> {
    const { cli, request } = this;
    // Read before the journal is opened: --replay and --journal may name the same file.
    const replay = request.replay === null ? undefined : readReplay(request.replay);
    const journal = request.journal === null ? null : openJournal(request.journal);
    try {
      const vm = await this.start(replay);
      const stopResizing = followWindowSize(cli, vm);
      const verdict = await vm.wait();
      stopResizing();
      await this.drain(verdict);
      const journalError = journal === null ? null : writeJournal(request.journal ?? '', vm.journal());
      const { outputError } = this;
      const lost = outputError !== null && outputError.code !== 'EPIPE' ? outputFailed(outputError) : null;
      const failure = journalError ?? lost;
      await this.conclude(vm, verdict, failure === null);
      if (failure) throw failure;
      return verdict.exitCode;
    } finally {
      if (journal !== null) closeSync(journal);
    }
  }

  private async start(replay: string | undefined): Promise<RunningVm> {
    const { cli, request } = this;
    const { said } = cli;
    const { startVm } = await cli.loadApi();
    const stopSpinner = startSpinner(cli.stderr, cli.env, `loading ${printable(request.config.kernel)}`);
    let vm: RunningVm;
    try {
      vm = await startVm(this.startOptions(replay));
      optimiseRegionsLater();
    } catch (error) {
      stopSpinner();
      this.sayEarly();
      throw request.replay === null ? error : aboutReplay(request.replay, error);
    }
    stopSpinner();
    this.vm = vm;
    const command = reproducingCommand(vm.command, request, cli.stdinFile);
    said.lines(said.style.dim(`# ${command}`));
    said.lines(said.style.dim(renderInferred(vm.inferred, vm.interactive, said.columns)));
    this.events.emit({ event: 'start', tsvm: cli.version, command, config: vm.config });
    this.events.emit({ event: 'inferred', ...vm.inferred });
    this.sayEarly();
    return vm;
  }

  private startOptions(replay: string | undefined): StartVmOptions {
    return {
      ...this.request.config,
      input: 'stdin',
      replay,
      stat: this.request.stat,
      handleSignals: true,
      onConsole: (bytes) => this.output.write(bytes),
      onTerminalRequest: (what) => this.answer(what),
      onFault: (fault) => this.fault(fault),
      log: { log: (level, message) => this.log(level, message) },
    };
  }

  private log(level: LogLevel, message: string): void {
    const say = (): void => {
      this.cli.said.log(level, message);
      this.events.emit({ event: 'log', level, message });
    };
    if (this.early === null) say();
    else this.early.push(say);
  }

  /** An oops is said when it happens, for the run goes on; a panic is the verdict's. */
  private fault(fault: KernelFault): void {
    const { kind, ...facts } = fault;
    if (kind === 'oops') this.cli.said.log('warning', `${faultLine(fault)}; the run ends with exit 100`);
    this.events.emit({ event: kind, ...facts });
  }

  private sayEarly(): void {
    for (const say of this.early ?? []) say();
    this.early = null;
  }

  private answer(what: TerminalRequest): void {
    this.cli.said.lines(this.cli.said.style.dim(what === 'help' ? TERMINAL_HELP : NO_DEBUG_SHELL));
  }

  /** Wait until stdout has every byte; a run that was told to end does not wait long for a reader that has stopped. */
  private async drain(verdict: Verdict): Promise<void> {
    const left = await this.output.flush(READER_PATIENCE);
    if (left === 0) return;
    if (isImpatient(verdict.exitCode)) {
      this.cli.said.log('warning', `${left} bytes of console output were not taken by the reader of standard output`);
      return;
    }
    this.cli.said.log('warning', `the guest has ended; waiting for the reader of standard output (${left} bytes left)`);
    await this.output.flush();
  }

  private keep(report: string): void {
    const path = keepReport(report);
    this.cli.said.lines(path === null ? report.trimEnd() : `# the whole report: ${path}`);
  }

  /** `isLast`: no error of ours follows, whose exit code is then the one. */
  private async conclude(vm: RunningVm, verdict: Verdict, isLast: boolean): Promise<void> {
    if (this.request.stat) {
      const { describeStats } = await this.cli.loadApi();
      this.cli.said.lines(renderStats(describeStats(verdict.stats)));
    }
    if (verdict.report !== undefined) this.keep(verdict.report);
    this.cli.said.lines(renderVerdict(verdict, this.cli.said.style, (address) => vm.symbolize(address), isLast));
    const vcpus = verdict.vcpus.map((place) => ({ ...place, symbol: vm.symbolize(place.pc) }));
    this.events.emit({ event: 'verdict', ...verdict, vcpus, consoleBytes: this.output.bytes });
  }
}

/**
 * The machine's part of the command comes from the API; what the command line adds is where outside input came from.
 * Files that are written (--json, --journal) are left out: repeating a run must not overwrite its evidence.
 */
function reproducingCommand(command: string, request: RunRequest, stdinFile: string | null): string {
  const replay = request.replay === null ? '' : ` --replay ${quoteWord(request.replay)}`;
  return `${command}${replay}${stdinFile === null ? '' : ` < ${quoteWord(stdinFile)}`}`;
}

/** Keep the guest's console as large as the window. Returns how to stop. */
function followWindowSize(cli: Cli, vm: RunningVm): () => void {
  if (!vm.interactive) return () => {};
  const window = cli.stdout.isTTY === true ? cli.stdout : cli.stderr;
  const resized = (): void => {
    const { columns = 0, rows = 0 } = window;
    if (columns > 0 && rows > 0) vm.resize(columns, rows);
  };
  resized();
  window.on('resize', resized);
  return () => window.off('resize', resized);
}

/** Open the journal before the run, so that a bad path is an error now and not after an hour. */
function openJournal(path: string): number {
  try {
    return openSync(path, 'a'); // not emptied: what it holds stays until there is a new journal
  } catch (error) {
    throw new TsvmError('io', `--journal ${path}: cannot be written (${(error as Error).message})`, {
      next: 'give a file in a folder that exists and is yours',
    });
  }
}

/** The error when it cannot be written: the verdict comes first. */
function writeJournal(path: string, text: string): TsvmError | null {
  try {
    writeFileSync(path, text);
    return null;
  } catch (error) {
    return new TsvmError('io', `--journal ${path}: a write failed (${(error as Error).message})`, {
      cause: 'the journal is incomplete, so this run cannot be replayed',
      next: 'make room on the disk and run again',
    });
  }
}

/** Every file the command line names; a journal may be replayed and written anew. */
function namedFiles(request: RunRequest): NamedFile[] {
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
    ...(request.replay === request.journal ? [] : named('--replay', request.replay, false)),
  ];
}

const WHAT_TO_REPLAY = 'give a file that --journal wrote';

function readReplay(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new TsvmError('not-found', `--replay ${path}: no such file (journal)`, { next: WHAT_TO_REPLAY });
    if (code === 'EISDIR')
      throw new TsvmError('not-runnable', `--replay ${path}: it is a directory`, { next: WHAT_TO_REPLAY });
    throw new TsvmError('io', `--replay ${path}: cannot be read (${message})`, { next: WHAT_TO_REPLAY });
  }
}

/** The API was given the journal's text; here it has a name. Other errors stay as they are. */
function aboutReplay(path: string, error: unknown): unknown {
  const line = error instanceof TsvmError ? /^journal (line (\d+) .*)$/.exec(error.message) : null;
  if (line === null) return error;
  const what = line[2] === '1' ? 'not a journal of tsvm' : 'a damaged journal';
  return new TsvmError('usage', `--replay ${path}: ${what} (${line[1]})`, { next: WHAT_TO_REPLAY });
}

function outputFailed(error: NodeJS.ErrnoException): TsvmError {
  return new TsvmError('io', `standard output: a write failed (${error.message})`, {
    cause: "the guest's console output is incomplete, so the run was ended",
    next: error.code === 'ENOSPC' ? 'make room on the disk and run again' : 'check where standard output goes',
  });
}
