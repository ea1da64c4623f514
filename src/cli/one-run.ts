// One run, from the first line to the verdict: stdout carries the guest's console bytes and nothing else; stderr says the reproducing command first,
// what was inferred second and the verdict last. `run` and `replay` are its users.
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { quoteWord } from '../api/command-line.ts';
import { type ControlServer, openControl } from '../api/control/server.ts';
import type { GdbServer } from '../api/gdb-server.ts';
import type { ExitTable, KernelFault, RunningVm, StartVmOptions, TerminalRequest, Verdict } from '../api/index.ts';
import { aboutJournal, WHAT_TO_REPLAY } from '../api/record.ts';
import { keepRun, type RunKeeper } from '../api/run-store.ts';
import { TsvmError } from '../util/errors.ts';
import { printable } from '../util/format.ts';
import type { LogLevel } from '../util/log.ts';
import type { Cli } from './command.ts';
import { ConsoleKeys } from './control/console-keys.ts';
import { ConsoleListeners, controlledRun, openShell } from './control/controlled-run.ts';
import { type Debugging, DebugSession } from './control/debug-session.ts';
import { followWindowSize } from './control/window-size.ts';
import { isImpatient, READER_PATIENCE } from './errors.ts';
import type { EventSink } from './events.ts';
import { describeGdb, describeWait, openGdb } from './gdb-port.ts';
import { GuestOutput } from './guest-output.ts';
import type { RunRequest } from './options.ts';
import { faultLine, renderInferred, renderStatTable, renderVerdict, TERMINAL_HELP } from './render.ts';
import { keepReport } from './report-file.ts';
import { RunTrace } from './run-trace.ts';
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
  private readonly debugging: Debugging | null;
  private readonly listeners = new ConsoleListeners();
  private control: ControlServer | null = null;
  private gdb: GdbServer | null = null;
  /** What is typed while the debug shell has the run's own terminal. */
  private keys: ConsoleKeys | null = null;
  private vm: RunningVm | null = null;
  private outputError: NodeJS.ErrnoException | null = null;
  /** Messages from before the first line, which is the command's. */
  private early: (() => void)[] | null = [];

  /**
   * `record`: the text of the run that is run again; else that of the file of --replay, if there is one. `debugging`: stand at the first instruction for
   * a debug shell.
   */
  constructor(
    cli: Cli,
    request: RunRequest,
    events: EventSink,
    { record, debugging = null }: { record?: string | undefined; debugging?: Debugging | null } = {},
  ) {
    this.cli = cli;
    this.request = request;
    this.events = events;
    this.record = record;
    this.debugging = debugging;
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
    let trace: RunTrace | null = null;
    try {
      trace = RunTrace.of(request, this.debugging !== null || request.wait);
      this.control = await this.openControl();
      const vm = await this.start(replay, journal, trace);
      const onTerminal = vm.interactive || this.debugging?.keyboard != null;
      const stopResizing = onTerminal ? followWindowSize(cli, (columns, rows) => vm.resize(columns, rows)) : () => {};
      const session = this.debugging && new DebugSession(cli, vm, this.debugging);
      const debugged = session?.toTheEnd() ?? null;
      const verdict = await vm.wait();
      this.control?.close(verdict);
      await this.gdb?.close();
      this.keys?.end();
      stopResizing();
      await trace?.end();
      const failed = (await debugged) ?? null;
      await this.drain(verdict);
      this.keeper.end(verdict.runId);
      const { outputError } = this;
      const lost = outputError !== null && outputError.code !== 'EPIPE' ? outputFailed(outputError) : null;
      const failure = journal?.error ?? trace?.error ?? lost;
      const same = this.compare(verdict);
      await this.conclude(vm, verdict, failure === null && failed === null);
      if (failure) throw failure;
      if (failed !== null) {
        const { style } = cli.said;
        cli.said.lines(failed === 0 ? style.good('# ok: the script came to its end') : style.bad(`# exit ${failed}`));
        return failed;
      }
      return same ? verdict.exitCode : EXIT_FAIL;
    } finally {
      this.control?.close(null);
      journal?.close();
      trace?.close();
    }
  }

  /** The name is claimed before anything is built. A run that is repeated has no claim to the name that it had. */
  private openControl(): Promise<ControlServer | null> {
    const { cli, request } = this;
    return openControl({
      env: cli.env,
      name: request.again === null ? request.config.name : undefined,
      version: cli.version,
      warn: (message) => this.log('warning', message),
    });
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

  private async start(
    replay: string | undefined,
    journal: JournalFile | null,
    trace: RunTrace | null,
  ): Promise<RunningVm> {
    const { cli, request } = this;
    const { said } = cli;
    const { startVm } = await cli.loadApi();
    const stopSpinner = startSpinner(cli.stderr, cli.env, `loading ${printable(request.config.kernel)}`);
    let vm: RunningVm;
    try {
      vm = await startVm(this.startOptions(replay, journal, trace));
      optimiseRegionsLater();
    } catch (error) {
      stopSpinner();
      this.sayEarly();
      throw request.replay === null ? error : aboutJournal(`--replay ${request.replay}`, error);
    }
    stopSpinner();
    this.vm = vm;
    this.control?.serve(controlledRun(vm, this.control.name, this.listeners));
    const command = reproducingCommand(vm.command, request, cli.stdinFile);
    said.lines(said.style.dim(`# ${command}`));
    said.lines(said.style.dim(renderInferred(vm.inferred, vm.interactive, said.columns)));
    this.events.emit({ event: 'start', tsvm: cli.version, command, config: vm.config });
    this.events.emit({ event: 'inferred', ...vm.inferred });
    this.sayEarly();
    try {
      this.gdb = await openGdb(request, vm, { log: (level, message) => this.log(level, message) });
      if (this.gdb) said.lines(said.style.dim(describeGdb(this.gdb.address, request.wait)));
      else if (request.wait && !this.debugging) said.lines(said.style.dim(describeWait(this.control?.name)));
      await trace?.begin(vm, (message) => this.log('warning', message));
    } catch (error) {
      vm.stop('it cannot be debugged so');
      await vm.wait();
      throw error;
    }
    return vm;
  }

  private startOptions(
    replay: string | undefined,
    journal: JournalFile | null,
    trace: RunTrace | null,
  ): StartVmOptions {
    return {
      ...this.request.config,
      input: this.debugging?.input ?? 'stdin',
      stopAtStart: this.debugging !== null || this.request.wait || trace?.stopsAtStart,
      ...trace?.startOptions,
      replay,
      stat: this.request.stat,
      dumpDtb: this.request.dumpDtb ?? undefined,
      handleSignals: true,
      onRecord: (line) => {
        this.keeper.line(line);
        journal?.line(line);
      },
      onConsole: (bytes) => {
        this.listeners.write(bytes);
        return this.output.write(bytes);
      },
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
    if (what === 'debug') void this.debugHere();
    else this.cli.said.lines(this.cli.said.style.dim(TERMINAL_HELP));
  }

  /** Ctrl-a c: the debug shell has the run's terminal until it is left. */
  private async debugHere(): Promise<void> {
    const { cli, vm } = this;
    if (!vm) return;
    const keys = new ConsoleKeys(cli, {
      send: (bytes) => void vm.sendInput(bytes),
      openShell: () => openShell(vm, process.cwd()),
      act: () => {},
    });
    this.keys = keys;
    const giveBack = vm.takeTerminal((bytes) => (bytes === null ? keys.end() : keys.typed(bytes)));
    await keys.debug(['pause']);
    giveBack();
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
    const exits = this.request.stat ? await this.stat(vm) : null;
    if (verdict.report !== undefined) this.keep(verdict.report);
    this.cli.said.lines(renderVerdict(verdict, this.cli.said.style, (address) => vm.symbolize(address), isLast));
    const vcpus = verdict.vcpus.map((place) => ({ ...place, symbol: vm.symbolize(place.pc) }));
    const more = exits === null ? {} : { exits };
    this.events.emit({ event: 'verdict', ...verdict, vcpus, consoleBytes: this.output.bytes, ...more });
  }

  /** Shows the table of --stat. */
  private async stat(vm: RunningVm): Promise<ExitTable | null> {
    const table = await vm.stat();
    for (const line of renderStatTable(table)) this.cli.said.lines(`# ${line}`);
    return table.exits;
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
