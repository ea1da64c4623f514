// A VM's life: run in slices, between slices serve what comes from outside, to the verdict. The guest-visible part is runner.ts;
// here is the host's side of it: wall time, waiting, pausing, output, and the one queue through which everything from outside comes.
import type { SymbolTable } from '../boot/symbols.ts';
import type { TakenException } from '../cpu/isa/debug-view.ts';
import type { Resume, Stop } from '../kvm/debug.ts';
import { EnginesDiffer } from '../kvm/errors.ts';
import { sumStats } from '../kvm/stats.ts';
import { TsvmError } from '../util/errors.ts';
import { ConsoleFeed } from './console-feed.ts';
import { Consoles } from './consoles.ts';
import { Debugger } from './debugger.ts';
import { type DriveEnd, type DriveTarget, DriveWatch } from './drive.ts';
import { ExitLine } from './exit-line.ts';
import { Inspector } from './inspect.ts';
import { type Journal, type JournalEvent, JournalRecorder, JournalReplay } from './journal.ts';
import { formatJournal, journalLine } from './journal-text.ts';
import { Pacer } from './pacer.ts';
import { PanicWatch } from './panic.ts';
import { PulledInput } from './pulled-input.ts';
import { recordEnd } from './run-record.ts';
import { Runner } from './runner.ts';
import { hashMachine } from './state-hash.ts';
import { type Ending, ending, guestExit, placeOf, type Verdict } from './verdict.ts';
import type { VmOptions } from './vm-options.ts';
import { Waiter } from './waiter.ts';

/** Bytes of live input that may wait before the source should be held. */
export const INPUT_HIGH_WATER = 0x10000;
/** Host time that a sleep took too long is taken off the next one, up to this many milliseconds. */
const MAX_SLEEP_CREDIT_MS = 50;
const WAIT_NOTE_MS = 2000;

export class Vm {
  private readonly options: VmOptions;
  private readonly recorder: JournalRecorder;
  private readonly consoles: Consoles;
  private readonly panic: PanicWatch;
  /** For whoever drives the guest, while it stands still. */
  readonly inspector: Inspector;
  private readonly runner: Runner;
  private readonly driver: DriveWatch | null;
  readonly debugger: Debugger;
  /** The address before whose instruction the driver wants to stand. */
  private watched: number | null = null;
  private readonly waiter: Waiter;
  private readonly pulled: PulledInput;
  private arrivals: JournalEvent[] = [];
  private stopping = false;
  private inputHeld = false;
  private startMs = 0;
  private sleepCreditMs = 0;
  private paused = false;
  private goesOnAtOnce = false;
  private ended = false;
  private pauseWaiters: (() => void)[] = [];
  private result: Promise<Verdict> | null = null;

  constructor(options: VmOptions) {
    const { machine, host, log, output } = options;
    this.options = options;
    this.recorder = new JournalRecorder((entry) => options.onRecord(journalLine(entry)));
    this.waiter = new Waiter(host);
    this.pulled = new PulledInput(host.sha256(), options.onRecord);
    this.inspector = new Inspector(machine);
    for (const entry of options.replay?.entries ?? []) this.inspector.check(entry);
    const pacer = new Pacer(() => host.now());
    const pull = options.pull && this.pulled.noticed(options.pull);
    this.consoles = new Consoles(machine, pull, () => pacer.endSlice());
    machine.onAgentOutput((bytes) => this.driver?.agentOutput(bytes));
    output.setHighWaterListener(() => pacer.endSlice());
    // Before the others: what the driver changes where the guest stands is what they see.
    machine.watchExecution('drive', [], () => false);
    this.panic = new PanicWatch({
      machine,
      log,
      symbols: options.kernelSymbols?.table ?? null,
      symbolsAreItsOwn: options.kernelSymbols?.own ?? false,
      facts: options.launch,
      stopAtOops: options.onOops === 'stop',
      onFault: options.onFault,
    });
    this.debugger = new Debugger(machine);
    if (options.stopAtStart) this.stands({ kind: 'paused' });
    this.driver = options.driven ? new DriveWatch(machine.clock) : null;
    const exitLine =
      options.exitLine === null ? null : new ExitLine(options.exitLine, (code) => this.runner.end(guestExit(code)));
    output.setWriteListener((bytes) => {
      this.panic.consoleOutput(bytes);
      exitLine?.consoleOutput(bytes);
      this.runner.consoleOutput();
      this.driver?.consoleOutput(bytes);
    });
    this.runner = new Runner({
      machine,
      consoles: this.consoles,
      inspector: this.inspector,
      agentFeed: machine.agent && new ConsoleFeed(machine.agent, null),
      recorder: this.recorder,
      replay: options.replay && new JournalReplay(options.replay.entries),
      pacer,
      panic: this.panic,
      log,
      seed: options.seed,
      limit: options.limit,
      debugMmio: options.debugMmio,
      sourceOpen: options.sourceOpen,
      drive: this.driver,
      debugger: this.debugger,
      consoleOutput: (bytes) => output.write(bytes),
    });
  }

  /** Start running; resolves with the verdict. Called again: the same promise. */
  start(): Promise<Verdict> {
    this.result ??= this.run();
    return this.result;
  }

  /** What has entered from outside so far. */
  get journal(): Journal {
    const { pull, sourceOpen, replay } = this.options;
    const input = replay?.input ?? (pull ? 'pulled' : sourceOpen ? 'live' : 'none');
    return { input, entries: this.recorder.entries };
  }

  /**
   * Something comes from outside; it enters at the next slice end. False when it is refused: after the end, and, but for stop,
   * during a replay.
   */
  arrive(event: JournalEvent): boolean {
    if (this.ended || (this.options.replay && event.type !== 'stop')) return false;
    this.arrivals.push(event);
    if (event.type === 'stop') this.stopping = true;
    if (this.inputBacklog() >= INPUT_HIGH_WATER) this.inputHeld = true;
    this.waiter.wake();
    return true;
  }

  /** Live input bytes that the guest has not taken from a console, its own when left out; hold that one's source from INPUT_HIGH_WATER until onInputRoom. */
  inputBacklog(console?: string): number {
    const size = (event: JournalEvent): number =>
      event.type === 'console' && event.console === console ? event.bytes.length : 0;
    return this.arrivals.reduce((sum, event) => sum + size(event), this.consoles.queued(console));
  }

  /** Hear what a console puts out from now on, between slices; the bytes may be kept. Returns how to stop. */
  subscribeOutput(listener: (bytes: Uint8Array) => void, console?: string): () => void {
    return this.consoles.subscribe(listener, console);
  }

  /** Resolves when the VM stands still between two instructions, or has ended. */
  pause(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.paused = true;
    this.goesOnAtOnce = false;
    this.waiter.wake();
    return new Promise((resolve) => this.pauseWaiters.push(resolve));
  }

  /** Does nothing when it runs. */
  resume(how: Resume = { kind: 'continue' }): void {
    if (this.ended) return;
    // A pause that was asked for just now comes first, for somebody waits for it.
    this.goesOnAtOnce = this.paused && !this.debugger.stopped;
    if (this.goesOnAtOnce) return;
    if (this.debugger.stopped) this.debugger.goesOn(how);
    this.paused = false;
    this.waiter.wake();
  }

  /** Where the guest stands. */
  get clock(): { readonly instructions: number; readonly guestTimeNs: number } {
    const { clock } = this.options.machine;
    return { instructions: clock.instructions, guestTimeNs: clock.now };
  }

  /**
   * Let a driven guest run to the target; resolves when it stands still, with all it has put out handed over. What arrives before the next
   * drive enters there.
   */
  drive(target: DriveTarget): Promise<DriveEnd> {
    if (!this.driver) throw new Error('the VM runs by itself');
    // Else it would be waited for in vain.
    if (target.execution !== undefined) this.inspector.physical(target.execution, 4);
    const stopped = this.driver.begin(target);
    this.watchExecution(target.execution ?? null);
    this.waiter.wake();
    return stopped;
  }

  /** Changing what is watched costs compiled code. */
  private watchExecution(address: number | null): void {
    if (address === this.watched) return;
    this.watched = address;
    this.options.machine.watchExecution(
      'drive',
      address === null ? [] : [address],
      () => this.driver?.executes() ?? false,
    );
  }

  /** Does the guest stand still because its script does something else? */
  get held(): boolean {
    return this.driver?.active === false && !this.ended;
  }

  /** Has the run ended? */
  get over(): boolean {
    return this.ended;
  }

  /**
   * Something that a script does to the guest enters here and now, after what it has sent before. The guest must be held. Throws TsvmError 'usage'
   * during a replay.
   */
  change(event: JournalEvent): void {
    if (this.options.replay) throw new TsvmError('usage', 'a run that is replayed cannot be changed');
    this.takeArrivals();
    this.runner.enter(event);
  }

  /** The name of a function of the kernel that runs, as `name+0x10`, where its own tables tell; else null. */
  nameOf(address: number): string | null {
    return this.panic.nameOf(address);
  }

  /** The names of the kernel that runs, as far as they are known. */
  get names(): SymbolTable | null {
    return this.panic.names;
  }

  /** The exceptions that a vCPU had taken when its kernel met an oops last; null: it met none. */
  exceptionsAtOops(cpu: number): readonly TakenException[] | null {
    return this.panic.exceptionsAtOops.get(cpu) ?? null;
  }

  /** The address of a symbol of the kernel that runs, or null. */
  addressOf(name: string): number | null {
    return this.panic.addressOf(name);
  }

  private async run(): Promise<Verdict> {
    const { host, log } = this.options;
    this.startMs = host.now();
    let over: Ending | null = null;
    try {
      while (!over) {
        await this.holdWhilePaused();
        this.takeArrivals();
        const outcome = this.runner.advance();
        await this.flush();
        if (outcome.type === 'ended') over = outcome.ending;
        else if (outcome.type === 'held') this.driver?.end(outcome.why);
        else if (outcome.type === 'stopped') this.stands(outcome.stop);
        else if (outcome.type === 'idle') await this.sleepUntil(outcome.wakeAt);
        else await host.turn();
      }
      this.runner.settle();
    } catch (error) {
      log.log('debug', error instanceof Error ? (error.stack ?? error.message) : String(error));
      over = failure(error);
    }
    return this.finish(over);
  }

  private stands(stop: Stop): void {
    this.paused = true;
    this.debugger.stands(stop);
  }

  private async finish(over: Ending): Promise<Verdict> {
    const { machine, host } = this.options;
    this.ended = true;
    for (const resolve of this.pauseWaiters.splice(0)) resolve();
    this.driver?.end('ended');
    this.debugger.stands({ kind: 'ended', summary: over.summary, exitCode: over.exitCode });
    const wallMs = host.now() - this.startMs;
    // After a failure of ours the state may be beyond hashing; the verdict still has to be given.
    const failed = over.kind === 'tsvm-failed' || over.kind === 'engines-differ';
    const stateHash = failed ? '' : hashMachine(machine, host.sha256()).slice(0, 8);
    const verdict: Verdict = {
      ...over,
      guestTimeNs: machine.clock.now,
      instructions: machine.clock.instructions,
      wallMs,
      stateHash,
      runId: this.runId(),
      vcpus: machine.vcpus.map(placeOf),
      faults: this.panic.faults,
      progress: over.kind === 'guest-time-limit' || over.kind === 'wall-time-limit' ? this.runner.progress : null,
      stats: sumStats(machine.vcpus.map((vcpu) => vcpu.stats())),
      compiled: machine.compiledCode(),
    };
    this.options.onRecord(recordEnd(verdict));
    return verdict;
  }

  /** Between two slices: what came from outside enters the guest's time here. */
  private takeArrivals(): void {
    const { timeout, onInputRoom } = this.options;
    if (timeout !== null && this.msToTimeout() <= 0 && !this.stopping) {
      if (!this.paused && this.driver?.active !== false) this.runner.lookClosely();
      this.arrive({
        type: 'stop',
        cause: 'wall-time-limit',
        reason: `wall-clock limit of ${timeout / 1000} s reached`,
      });
    }
    for (const event of this.arrivals.splice(0)) this.runner.enter(event);
    if (this.inputHeld && this.inputBacklog() < INPUT_HIGH_WATER / 2) {
      this.inputHeld = false;
      onInputRoom();
    }
  }

  /** Hand the collected output over and wait for the reader, but not past a stop or the wall-clock limit. */
  private async flush(): Promise<void> {
    const bytes = this.options.output.take();
    this.consoles.handOver(bytes);
    if (bytes.length === 0) return;
    let failure: { error: unknown } | null = null;
    let written = false;
    const writing = Promise.resolve(this.options.onConsole(bytes)).then(
      () => {
        written = true;
      },
      (error: unknown) => {
        failure = { error };
      },
    );
    while (!written && !failure && !this.mustStop) await this.waiter.wait(this.msToTimeout(), writing);
    if (failure) throw (failure as { error: unknown }).error;
  }

  private get mustStop(): boolean {
    return this.stopping || this.msToTimeout() <= 0;
  }

  private msToTimeout(): number {
    const { timeout, host } = this.options;
    return timeout === null ? Number.POSITIVE_INFINITY : this.startMs + timeout - host.now();
  }

  private async holdWhilePaused(): Promise<void> {
    while ((this.paused || this.driver?.active === false) && !this.mustStop) {
      if (this.paused && !this.debugger.stopped) this.stands({ kind: 'paused' });
      for (const resolve of this.pauseWaiters.splice(0)) resolve();
      if (this.goesOnAtOnce) this.resume();
      else await this.waiter.wait(this.msToTimeout());
    }
  }

  /** Every vCPU waits and an outside source is open: let as much guest time pass as the host slept. */
  private async sleepUntil(wakeAt: number): Promise<void> {
    const { machine, host } = this.options;
    const wantedMs = (wakeAt - machine.clock.now) / 1e6;
    const start = host.now();
    if (wantedMs <= this.sleepCreditMs) await host.turn();
    else if (this.arrivals.length === 0 && !this.paused) await this.sleep(wantedMs - this.sleepCreditMs);
    const passedMs = host.now() - start + this.sleepCreditMs;
    this.sleepCreditMs = Math.min(MAX_SLEEP_CREDIT_MS, Math.max(0, passedMs - wantedMs));
    this.runner.skipIdle(machine.clock.now + Math.round(Math.min(passedMs, wantedMs) * 1e6));
  }

  private async sleep(ms: number): Promise<void> {
    const { log, waitNote } = this.options;
    if (ms !== Number.POSITIVE_INFINITY || waitNote === null) {
      await this.waiter.wait(Math.min(ms, this.msToTimeout()));
      return;
    }
    await this.waiter.wait(Math.min(WAIT_NOTE_MS, this.msToTimeout()));
    if (this.arrivals.length > 0 || this.paused || this.mustStop) return;
    log.once('waiting for input', 'warning', waitNote);
    await this.waiter.wait(this.msToTimeout());
  }

  private runId(): string {
    const hasher = this.options.host.sha256();
    const text = `${this.options.identity}\n${this.pulled.digest()}\n${formatJournal(this.journal)}`;
    hasher.update(new TextEncoder().encode(text));
    return hasher.digest().slice(0, 8);
  }
}

/** A fault of tsvm's own. */
function failure(error: unknown): Ending {
  const summary = error instanceof Error ? error.message : String(error);
  if (!(error instanceof EnginesDiffer)) return ending('tsvm-failed', summary);
  return { ...ending('engines-differ', summary, error.details), report: error.report };
}
