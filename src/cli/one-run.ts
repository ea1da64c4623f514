// One run, from the first line to the verdict: stdout carries the guest's console bytes and nothing else; stderr says the reproducing command first,
// what was inferred second and the verdict last. `run` and `replay` are its users.
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { quoteWord } from '../api/command-line.ts';
import type { KernelFault, RunningVm, StartVmOptions, TerminalRequest, Verdict } from '../api/index.ts';
import { aboutJournal, WHAT_TO_REPLAY } from '../api/record.ts';
import { keepRun, type RunKeeper } from '../api/run-store.ts';
import { TsvmError } from '../util/errors.ts';
import { printable } from '../util/format.ts';
import type { LogLevel } from '../util/log.ts';
import type { Cli } from './command.ts';
import { isImpatient, READER_PATIENCE } from './errors.ts';
import type { EventSink } from './events.ts';
import { GuestOutput } from './guest-output.ts';
import type { RunRequest } from './options.ts';
import { faultLine, NO_DEBUG_SHELL, renderInferred, renderStats, renderVerdict, TERMINAL_HELP } from './render.ts';
import { keepReport } from './report-file.ts';
import { startSpinner } from './spinner.ts';
import { optimiseRegionsLater } from './v8.ts';

/** Exit code for a replay that is not what was recorded. */
const EXIT_FAIL = 1;

/** One run, from the first line to the verdict. */
export class OneRun {
  private readonly cli: Cli;
  private readonly request: RunRequest;
  private readonly events: EventSink;
  private readonly output: GuestOutput;
  private readonly record: string | undefined;
  private readonly keeper: RunKeeper;
  private vm: RunningVm | null = null;
  private outputError: NodeJS.ErrnoException | null = null;
  /** Messages from before the first line, which is the command's. */
  private early: (() => void)[] | null = [];

  /** `record`: the text of the run that is run again; else that of the file of --replay, if there is one. */
  constructor(cli: Cli, request: RunRequest, events: EventSink, record?: string) {
    this.cli = cli;
    this.request = request;
    this.events = events;
    this.record = record;
    this.keeper = keepRun(cli.env, record !== undefined);
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
    const replay = this.record ?? (request.replay === null ? undefined : readReplay(request.replay));
    const journal = request.journal === null ? null : new JournalFile(request.journal);
    try {
      const vm = await this.start(replay, journal);
      const stopResizing = followWindowSize(cli, vm);
      const verdict = await vm.wait();
      stopResizing();
      await this.drain(verdict);
      this.keeper.end(verdict.runId);
      const { outputError } = this;
      const lost = outputError !== null && outputError.code !== 'EPIPE' ? outputFailed(outputError) : null;
      const failure = journal?.error ?? lost;
      const same = this.compare(verdict);
      await this.conclude(vm, verdict, failure === null);
      if (failure) throw failure;
      return same ? verdict.exitCode : EXIT_FAIL;
    } finally {
      journal?.close();
    }
  }

  /** Is this how the recorded run ended? Says so. True also when nothing is known of it, or when somebody has ended it now. */
  private compare(verdict: Verdict): boolean {
    const { recorded } = this.request;
    if (recorded === null) return true;
    const { said } = this.cli;
    const { style } = said;
    const parts = (['kind', 'exitCode', 'instructions', 'guestTimeNs', 'stateHash'] as const).filter(
      (part) => recorded[part] !== verdict[part],
    );
    // What the journal ended is ended at the very instant.
    if (verdict.kind === 'interrupted' && verdict.guestTimeNs < recorded.guestTimeNs) {
      said.lines(style.warn('# interrupted before the end of the recorded run'));
      return true;
    }
    if (parts.length === 0) said.lines(style.good('# the same as the recorded run, to the bit'));
    else
      said.lines(
        style.bad(`# NOT the recorded run: ${parts.map((part) => `${part} was ${recorded[part]}`).join(', ')}`),
      );
    return parts.length === 0;
  }

  private async start(replay: string | undefined, journal: JournalFile | null): Promise<RunningVm> {
    const { cli, request } = this;
    const { said } = cli;
    const { startVm } = await cli.loadApi();
    const stopSpinner = startSpinner(cli.stderr, cli.env, `loading ${printable(request.config.kernel)}`);
    let vm: RunningVm;
    try {
      vm = await startVm(this.startOptions(replay, journal));
      optimiseRegionsLater();
    } catch (error) {
      stopSpinner();
      this.sayEarly();
      throw request.replay === null ? error : aboutJournal(`--replay ${request.replay}`, error);
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

  private startOptions(replay: string | undefined, journal: JournalFile | null): StartVmOptions {
    return {
      ...this.request.config,
      input: 'stdin',
      replay,
      stat: this.request.stat,
      dumpDtb: this.request.dumpDtb ?? undefined,
      handleSignals: true,
      onRecord: (line) => {
        this.keeper.line(line);
        journal?.line(line);
      },
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
  if (request.again !== null) return request.again;
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

/** The file of --journal, written while the run goes on. */
class JournalFile {
  /** The first write that failed. */
  error: TsvmError | null = null;
  private readonly path: string;
  private readonly fd: number;
  private begun = false;

  /** Opened before the run, so that a bad path is an error now and not after an hour; what it holds stays until there is a new journal. */
  constructor(path: string) {
    this.path = path;
    try {
      this.fd = openSync(path, 'a');
    } catch (error) {
      throw new TsvmError('io', `--journal ${path}: cannot be written (${(error as Error).message})`, {
        next: 'give a file in a folder that exists and is yours',
      });
    }
  }

  line(line: string): void {
    if (this.error) return;
    try {
      if (!this.begun) this.empty();
      const bytes = Buffer.from(`${line}\n`);
      for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
    } catch (error) {
      this.error = new TsvmError('io', `--journal ${this.path}: a write failed (${(error as Error).message})`, {
        cause: 'the journal is incomplete, so this run cannot be replayed',
        next: 'make room on the disk and run again',
      });
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  private empty(): void {
    this.begun = true;
    // A pipe or a device cannot be emptied, and need not be.
    if (fstatSync(this.fd).isFile()) ftruncateSync(this.fd);
  }
}

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

function outputFailed(error: NodeJS.ErrnoException): TsvmError {
  return new TsvmError('io', `standard output: a write failed (${error.message})`, {
    cause: "the guest's console output is incomplete, so the run was ended",
    next: error.code === 'ENOSPC' ? 'make room on the disk and run again' : 'check where standard output goes',
  });
}
