// The part of a run that the guest can see, and nothing else: timers, journal, schedule and KVM_RUN, as a function of the machine,
// the seed and what entered from outside. The host's clock only says (through the pacer) when to come back.
import type { Vcpu } from '../kvm/contract.ts';
import type { Stop } from '../kvm/debug.ts';
import type { OnceLog } from '../util/log.ts';
import type { ConsoleFeed } from './console-feed.ts';
import type { Consoles } from './consoles.ts';
import type { Debugger } from './debugger.ts';
import type { DriveEnd, DriveWatch } from './drive.ts';
import { type ExitServices, runVcpu, settle } from './exit-loop.ts';
import { answerHypercall } from './hypercalls.ts';
import type { Inspector } from './inspect.ts';
import type { JournalEvent, JournalRecorder, JournalReplay } from './journal.ts';
import type { Machine } from './machine.ts';
import { MmioRouter } from './mmio.ts';
import type { Pacer } from './pacer.ts';
import type { PanicWatch } from './panic.ts';
import { LAST_INSTRUCTIONS, type ProgressNote, ProgressWatch } from './progress.ts';
import { type IdleState, Scheduler } from './scheduler.ts';
import { type Ending, ending, systemEvent } from './verdict.ts';

export interface RunnerOptions {
  readonly machine: Machine;
  readonly consoles: Consoles;
  /** The guest agent's; null: there is none. */
  readonly agentFeed: ConsoleFeed | null;
  readonly inspector: Inspector;
  readonly recorder: JournalRecorder;
  /** A journal fed back, or null for live input. */
  readonly replay: JournalReplay | null;
  readonly pacer: Pacer;
  readonly panic: PanicWatch;
  readonly log: OnceLog;
  readonly seed: number;
  /** Guest instant in nanoseconds at which the run ends, or null. */
  readonly limit: number | null;
  readonly debugMmio: boolean;
  /** Is an outside source (tty, open pipe, a script) open from the start? */
  readonly sourceOpen: boolean;
  /** The script that the guest waits for, or null when it simply runs. */
  readonly drive: DriveWatch | null;
  readonly debugger: Debugger;
  consoleOutput(bytes: Uint8Array): void;
}

/** Why the runner came back. */
export type Outcome =
  | { readonly type: 'slice' }
  /** Every vCPU waits; only outside input or guest instant `wakeAt` (maybe Infinity) goes on. Live input only. */
  | { readonly type: 'idle'; readonly wakeAt: number }
  /** The script has what it waited for, or must do something. */
  | { readonly type: 'held'; readonly why: DriveEnd }
  /** A debugger wants it to stand. */
  | { readonly type: 'stopped'; readonly stop: Stop }
  | { readonly type: 'ended'; readonly ending: Ending };

const SLICE: Outcome = { type: 'slice' };

export class Runner {
  private readonly options: RunnerOptions;
  private readonly machine: Machine;
  private readonly scheduler: Scheduler;
  private readonly services: ExitServices;
  private readonly limit: number;
  private sourceOpen: boolean;
  private idleNs = 0;
  private stopped: Ending | null = null;
  private chunkEnd = 0;
  private unsettled: Vcpu | null = null;
  private readonly watch: ProgressWatch;
  /** From this guest instant on vCPUs run one instruction at a time. */
  private stepFrom: number;
  /** The vCPU whose exits are served. */
  private entered: Vcpu;

  constructor(options: RunnerOptions) {
    const { machine, consoles, agentFeed, pacer, panic, log } = options;
    this.options = options;
    this.machine = machine;
    this.entered = machine.vcpus[0]!;
    this.limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.watch = new ProgressWatch(machine.clock);
    this.stepFrom = this.limit - LAST_INSTRUCTIONS * machine.clock.nsPerInstruction;
    this.sourceOpen = options.sourceOpen;
    this.scheduler = new Scheduler(machine.vcpus, machine.clock.nsPerInstruction, options.seed);
    machine.onInterrupt((cpu) => this.scheduler.interruptRaised(cpu));
    machine.onSystemEvent((event) => {
      this.stopped ??= systemEvent(event);
    });
    const router = new MmioRouter(machine.bus, machine.memory, log, options.debugMmio);
    const calls = {
      memory: machine.memory,
      log,
      toPhysical: (address: number) => machine.toPhysical(address),
      consoleOutput: options.consoleOutput,
    };
    this.services = {
      deadline: () => this.deadline(),
      mmio: (access) => {
        router.serve(access);
        consoles.pump();
        agentFeed?.pump();
        pacer.countExit();
        panic.exitServed(this.entered);
      },
      explain: (vcpu, pc) => machine.kernelAbi.lostInBootRom(vcpu, pc),
      hypercall: (call) => {
        answerHypercall(call, calls);
        pacer.countExit();
      },
    };
  }

  /** Has the outside source been closed (or was there none)? */
  get inputOpen(): boolean {
    return this.sourceOpen;
  }

  /** Run until the host's turn, until everybody waits for the outside, or to the end. */
  advance(): Outcome {
    const { machine, pacer, panic, drive, debugger: debug } = this.options;
    const { clock } = machine;
    pacer.startSlice();
    for (;;) {
      machine.timers.runDue();
      this.replayDue();
      const broken = panic.due();
      if (broken) return { type: 'ended', ending: broken };
      if (this.stopped) return this.ends(this.stopped);
      if (clock.now >= this.limit) return this.ends(limitReached(this.limit));
      const stop = debug.due();
      if (stop) return { type: 'stopped', stop };
      const held = drive?.due;
      if (held) return { type: 'held', why: held };
      if (pacer.sliceOver) return SLICE;
      const vcpu = this.scheduler.pick(clock.now);
      if (!vcpu) {
        const outcome = this.idle();
        if (outcome) return outcome;
        pacer.look();
        continue;
      }
      this.chunkEnd = this.chunkFrom(vcpu, clock.now);
      this.entered = vcpu;
      const before = clock.instructions;
      const over = runVcpu(vcpu, this.services);
      pacer.endChunk(clock.instructions);
      debug.ran(vcpu.id, before);
      if (over) {
        this.unsettled = vcpu;
        return this.ends(over);
      }
      panic.cameBack(vcpu);
      if (vcpu.waiting === 'spin') this.scheduler.spins(vcpu, clock.now);
      else if (vcpu.waiting === 'wait' || vcpu.yielded) this.scheduler.yielded();
    }
  }

  /** Where the next KVM_RUN of `vcpu` ends at the latest. */
  private chunkFrom(vcpu: Vcpu, now: number): number {
    const { pacer, machine } = this.options;
    const { instructions, nsPerInstruction } = machine.clock;
    const chunk = this.options.debugger.steps(vcpu.id) ? 1 : pacer.startChunk(instructions);
    if (now < this.stepFrom) return Math.min(this.stepFrom, now + chunk * nsPerInstruction);
    this.watch.step(vcpu.id, machine.kernelAbi.registers(vcpu).pc);
    return now + nsPerInstruction;
  }

  /** The guest put out something. */
  consoleOutput(): void {
    this.watch.consoleOutput();
  }

  /** End the run at this instruction, in the middle of an access or between two. */
  end(ending: Ending): void {
    this.stopped ??= ending;
  }

  /** The host will end the run here: run on for a slice at most, one instruction at a time, to see what the guest does. What that ends stays ended. */
  lookClosely(): void {
    this.stepFrom = this.machine.clock.now;
    this.advance();
  }

  /** What the guest did at last, after a limit. */
  get progress(): ProgressNote {
    return this.watch.note;
  }

  private ends(ending: Ending): Outcome {
    return { type: 'ended', ending: this.options.panic.conclude(ending) };
  }

  /** Something from outside enters here and now, between two instructions, and is written down. Not during a replay. */
  enter(event: JournalEvent): void {
    const { recorder, machine } = this.options;
    // Timers of this instant come first, as they will in a replay.
    machine.timers.runDue();
    recorder.add({ instructions: machine.clock.instructions, at: machine.clock.now, event });
    this.apply(event);
  }

  /** Guest time passed while everybody waited and the host slept. */
  skipIdle(instant: number): void {
    this.machine.clock.skipTo(Math.min(instant, this.limit));
  }

  /** After the end: finish what the last vCPU has half done, so that its state may be looked at. */
  settle(): void {
    if (this.unsettled) settle(this.unsettled, this.services);
  }

  private deadline(): number {
    const { replay, pacer, panic, drive, debugger: debug } = this.options;
    if (this.stopped || panic.attention) return Number.NEGATIVE_INFINITY;
    const ran = pacer.sliceOver ? Number.NEGATIVE_INFINITY : this.chunkEnd;
    const next = Math.min(this.machine.timers.next, replay?.nextAt ?? Number.POSITIVE_INFINITY, this.limit);
    const wanted = Math.min(drive?.deadline ?? Number.POSITIVE_INFINITY, debug.deadline);
    return Math.min(this.scheduler.deadline, ran, next, wanted);
  }

  private replayDue(): void {
    const { replay, recorder } = this.options;
    for (let entry = replay?.takeDue(this.machine.clock.now); entry; entry = replay?.takeDue(this.machine.clock.now)) {
      recorder.add(entry);
      this.apply(entry.event);
      this.machine.timers.runDue();
    }
  }

  private apply(event: JournalEvent): void {
    const { consoles, agentFeed } = this.options;
    switch (event.type) {
      case 'console':
        consoles.offer(event.bytes, event.console);
        break;
      case 'break':
        consoles.offerBreak(event.console);
        break;
      case 'agent':
        agentFeed?.offer(event.bytes);
        break;
      case 'memory':
        this.options.inspector.write(event.address, event.bytes);
        break;
      case 'register':
        this.options.inspector.setRegister(event.cpu, event.name, event.value, event.high);
        break;
      case 'end-of-input':
        this.sourceOpen = false;
        break;
      case 'resize':
        consoles.resize(event.columns, event.rows, event.console);
        break;
      case 'stop':
        this.stopped ??= ending(event.cause, event.reason);
        break;
    }
  }

  /** A guest that only wakes for its own timers goes on for ever, and nothing from outside can change that. */
  private sayIdle(ns: number): void {
    this.idleNs += ns;
    if (this.idleNs < IDLE_NOTE_NS || this.options.limit !== null) return;
    this.options.log.once(
      'idle',
      'warning',
      'the guest has been idle for 10 minutes of its time, and no input can come any more: --limit ends such a run',
    );
  }

  /** Nobody can run now. Null when guest time was skipped to the next event. */
  private idle(): Outcome | null {
    const { machine, replay, drive } = this.options;
    const idle = this.scheduler.idleState();
    const stuck = idle.waiting === idle.deaf; // whatever may still happen outside the vCPUs
    const replayAt = replay?.nextAt ?? Number.POSITIVE_INFINITY;
    const armed = Math.min(idle.wakeAt, machine.timers.next, replayAt);
    const live = this.sourceOpen && replay === null;
    const quiet = armed === Number.POSITIVE_INFINITY && !live;
    if (stuck || quiet) return this.ends(ending('hang', hangSummary(idle, quiet)));
    if (live && drive && armed === Number.POSITIVE_INFINITY && !drive.forTimeOnly)
      return { type: 'held', why: 'waiting' };
    const wakeAt = Math.min(armed, drive?.wakeAt ?? armed);
    if (live && !drive) return { type: 'idle', wakeAt: Math.min(wakeAt, this.limit) };
    this.sayIdle(wakeAt - machine.clock.now);
    this.skipIdle(wakeAt);
    return null;
  }
}

/** Idle guest time that was skipped until somebody is told. */
const IDLE_NOTE_NS = 600e9;

/** `quiet`: nothing is armed and no outside source is open. */
function hangSummary({ spinning, waiting }: IdleState, quiet: boolean): string {
  const all = spinning + waiting === 1 ? 'the only cpu' : `all ${spinning + waiting} cpus`;
  if (waiting === 0) return `${all} in a branch to itself with interrupts off`;
  const where =
    spinning === 0 ? 'in WAIT' : `in WAIT or a branch to itself with interrupts off (${waiting} and ${spinning})`;
  return `${all} ${where}, ${quiet ? 'no timer armed, no device request pending' : 'with every interrupt masked'}`;
}

function limitReached(limit: number): Ending {
  return ending('guest-time-limit', `guest-time limit of ${limit / 1e9} s reached`);
}
