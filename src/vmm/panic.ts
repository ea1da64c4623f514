// Panic is a verdict: how tsvm knows that the guest's kernel broke, and that it was not a program that said so.
// With the kernel's symbols (a file, or its own kallsyms tables) the entry of panic() and die() is watched. Without, the panic text on a
// console is only a candidate: the stack of whoever printed it must lead through the code that prints panics, or, where stacks
// cannot be followed, nothing but kernel code may run afterwards. Everything is decided at instants that the guest alone sets
// (an exit, a watched instruction, a guest time), so the same run ends at the same instruction.
import type { SymbolTable } from '../boot/symbols.ts';
import type { TakenException } from '../cpu/isa/debug-view.ts';
import type { Vcpu } from '../kvm/contract.ts';
import type { OnceLog } from '../util/log.ts';
import type { KernelFault } from './kernel-fault.ts';
import { KernelView } from './kernel-view.ts';
import type { Machine } from './machine.ts';
import { type LaunchFacts, likelyCause } from './panic-causes.ts';
import { ConsoleLines, endsOops, endsPanic, PANIC_TEXT, panicMessage } from './panic-console.ts';
import { expandFormat, matchesFormat } from './panic-format.ts';
import { type Ending, ending } from './verdict.ts';

export interface PanicOptions {
  readonly machine: Machine;
  readonly log: OnceLog;
  /** The kernel's symbols, when they are known before it runs. */
  readonly symbols: SymbolTable | null;
  /** Do they come from the image that runs, so that they cannot be another kernel's? */
  readonly symbolsAreItsOwn: boolean;
  readonly facts: LaunchFacts;
  /** End the run at an oops? */
  readonly stopAtOops: boolean;
  /** Told once of each panic and oops, as soon as it is certain. */
  readonly onFault: (fault: KernelFault) => void;
}

/**
 * Guest time in which a panic may finish its message. Not less than the longest KVM_RUN (the pacer's million instructions of at most
 * 1,000 ns): panic() may be met in the middle of one, which must not reach beyond.
 */
const MESSAGE_NS = 1e9;
/** Bytes: less than this is no Linux that unpacks itself, and its memory need not be searched. */
const SMALLEST_KERNEL = 0x80000;
/** Guest time in which nothing but kernel code may run after a text that no stack explains. */
const QUIET_NS = 2e9;
/** Guest time in which other vCPUs may still run programs: the kernel stops them after it has printed the text. */
const STOP_OTHERS_NS = 5e8;
/** Exits at which the kernel is looked for: the first and then every fourth power. */
const SEARCH_FACTOR = 4;
/** Oopses that are told; a kernel may go on oopsing for ever. */
const MAX_OOPSES = 16;
/** Texts without a panic at which stacks are looked at though panic() is watched. */
const MAX_TEXTS = 16;
/** What is printed before an oops says what it is about. */
const OOPS_REASON = /Unable to handle kernel|kernel BUG at|Unhandled/;

type Place = Omit<KernelFault, 'kind' | 'message' | 'likely'>;

/** The panic that goes on: certain, and its message perhaps still being printed. */
interface Panic {
  readonly place: Place;
  readonly format: string | null;
  message: string;
  /** Is `message` what the console shows? */
  shown: boolean;
}

/** A text that may be a panic's. */
interface Candidate {
  readonly vcpu: Vcpu;
  readonly place: Place;
  waited: boolean;
  message: string;
}

export class PanicWatch {
  private readonly options: PanicOptions;
  private readonly machine: Machine;
  private readonly kernel: KernelView;
  private readonly console: ConsoleLines;
  private panic: Panic | null = null;
  private candidate: Candidate | null = null;
  private readonly oopses: KernelFault[] = [];
  /** What each vCPU had taken when it met an oops last: the fault is among them, and later ones take its place in the engine's list. */
  readonly exceptionsAtOops = new Map<number, readonly TakenException[]>();
  private exits = 0;
  private nextSearch: number;
  private textSeen = false;
  /** What the line of that text says, when it was complete before anybody could look who printed it. */
  private messageSeen = '';
  private textsOfPrograms = 0;
  private watching = false;
  private userEver = false;
  /** Are the names those of the kernel that runs, as its own tables have them? */
  private namesAreItsOwn: boolean;
  private over = false;

  constructor(options: PanicOptions) {
    this.options = options;
    this.machine = options.machine;
    this.kernel = new KernelView(options.machine, options.symbols);
    this.namesAreItsOwn = options.symbolsAreItsOwn;
    this.nextSearch = options.facts.imageBytes < SMALLEST_KERNEL ? Number.POSITIVE_INFINITY : 1;
    this.console = new ConsoleLines({
      panicText: () => {
        this.textSeen ||= this.panic === null;
      },
      line: (text) => this.line(text),
    });
    this.watch();
  }

  /** Must the vCPU that runs come back at once? */
  get attention(): boolean {
    return this.textSeen || this.over;
  }

  /** The guest put out bytes. */
  consoleOutput(bytes: Uint8Array): void {
    this.console.write(bytes);
  }

  /** An exit of `vcpu` was served. */
  exitServed(vcpu: Vcpu): void {
    if (++this.exits < this.nextSearch) return;
    this.nextSearch *= SEARCH_FACTOR;
    this.findKernel(vcpu);
  }

  /** `vcpu` came back from KVM_RUN, and stands between two instructions. */
  cameBack(vcpu: Vcpu): void {
    if (vcpu.waiting === 'wait' && this.candidate?.vcpu === vcpu) this.candidate.waited = true;
    if (this.textSeen) this.judgeText(vcpu);
  }

  /** Every fault so far, in order. */
  get faults(): readonly KernelFault[] {
    return this.panic ? [...this.oopses, this.faultOf(this.panic)] : this.oopses;
  }

  /** The ending when the panic, or the oops to stop at, is complete, else null. */
  due(): Ending | null {
    return this.over ? this.broken([]) : null;
  }

  /** How a run ends that would have ended with `last`. */
  conclude(last: Ending): Ending {
    if (last.kind === 'tsvm-failed') return last;
    if (last.kind !== 'guest-exit') {
      this.judgeCandidate();
      // A kernel may have nothing to print to: then its stack tells that it spins in panic().
      if (!this.panic) this.explainedByStacks();
    }
    // Who stops a run knows why it ended; an oops is told beside it.
    if (!this.panic && (this.oopses.length === 0 || last.kind === 'interrupted')) return last;
    return this.broken([`then: ${last.summary}`]);
  }

  private broken(details: readonly string[]): Ending {
    const [fault] = this.panic ? [this.faultOf(this.panic)] : this.oopses;
    if (!fault) throw new Error('nothing broke');
    if (this.panic) this.options.onFault(fault);
    return ending(fault.kind, fault.message, details);
  }

  /** The name of a function of the kernel that runs, with the offset; null: not known. */
  nameOf(address: number): string | null {
    const named = this.kernel.symbols?.lookup(address);
    if (!named) return null;
    return named.offset === 0 ? named.name : `${named.name}+0x${named.offset.toString(16)}`;
  }

  /** What its functions are called, as far as that is known; null: not at all. */
  get names(): SymbolTable | null {
    return this.kernel.symbols;
  }

  /** The address of a symbol of the kernel that runs; null: not known. */
  addressOf(name: string): number | null {
    return this.kernel.symbols?.find(name) ?? null;
  }

  // Symbols

  private watch(): void {
    const { symbols } = this.kernel;
    const panic = symbols?.find('panic');
    // A program of another kind may have a function of that name.
    if (panic === undefined || symbols?.find('start_kernel') === undefined) return;
    this.watching = true;
    const die = symbols.find('die');
    this.machine.watchExecution('panic', die === undefined ? [panic] : [panic, die], (cpu, pc) => {
      const vcpu = this.machine.vcpus[cpu]!;
      if (pc === panic) this.panicEntered(vcpu);
      else this.oopsEntered(vcpu);
      return false;
    });
  }

  /** Look for the kernel in memory, as long as no program can have put there what looks like one. */
  private findKernel(vcpu: Vcpu): void {
    this.userEver ||= this.machine.userModeSeen();
    if (this.userEver) this.nextSearch = Number.POSITIVE_INFINITY;
    else if (!(this.namesAreItsOwn && this.kernel.isNamed(vcpu)) && this.kernel.findNames(vcpu)) {
      this.namesAreItsOwn = true;
      this.watch();
    }
  }

  /** Are the symbols this kernel's? Those of a file may be another's: then its banner is not where they say. */
  private symbolsFit(): boolean {
    const { symbols, log } = this.options;
    if (this.namesAreItsOwn) return true;
    const banner = symbols?.find('linux_banner');
    if (banner === undefined || this.kernel.text(banner)?.startsWith('Linux version ')) return true;
    log.once(
      'symbols of another kernel',
      'warning',
      'the symbols are not of the kernel that runs: they are not used, and a panic is told by the console',
    );
    this.kernel.symbols = null;
    this.watching = false;
    return false;
  }

  // Watched instructions

  private panicEntered(vcpu: Vcpu): void {
    if (this.panic || !this.symbolsFit()) return;
    const format = this.kernel.text(this.kernel.argument(vcpu, 0)) ?? null;
    this.begin(this.placeOf(vcpu), format, format === null ? '' : this.expanded(vcpu, format));
  }

  private oopsEntered(vcpu: Vcpu): void {
    const place = this.placeOf(vcpu);
    // The instruction may be met again before it has run.
    if (this.oopses.at(-1)?.instructions === place.instructions) return;
    if (this.panic || this.oopses.length === MAX_OOPSES || !this.symbolsFit()) return;
    const what = this.kernel.text(this.kernel.argument(vcpu, 0)) ?? 'Oops';
    const why = this.console.recent.slice(-4).findLast((line) => OOPS_REASON.test(line));
    const fault = this.faultAt('oops', place, why === undefined ? what : `${what}: ${why}`);
    this.oopses.push(fault);
    this.exceptionsAtOops.set(vcpu.id, this.machine.debug.vcpu(vcpu.id).exceptions());
    this.options.onFault(fault);
    if (this.options.stopAtOops) this.endIn(MESSAGE_NS);
  }

  private expanded(vcpu: Vcpu, format: string): string {
    const message = expandFormat(format, {
      argument: (n) => this.kernel.argument(vcpu, n + 1),
      text: (address) => this.kernel.text(address),
    });
    return message ?? format.trimEnd();
  }

  // The console

  private line(text: string): void {
    if (this.panic) {
      const message = panicMessage(text);
      const { format } = this.panic;
      if (message !== null && !this.panic.shown && (format === null || matchesFormat(format, message))) {
        this.panic.message = message;
        this.panic.shown = true;
      }
      if (endsPanic(text)) this.over = true;
    } else if (this.textSeen) this.messageSeen ||= panicMessage(text) ?? '';
    else if (this.candidate && this.candidate.message === '') this.candidate.message = panicMessage(text) ?? '';
    if (this.options.stopAtOops && this.oopses.length > 0 && endsOops(text)) this.over = true;
  }

  /** The panic text is on a console, and nothing told of a panic before: who printed it? */
  private judgeText(vcpu: Vcpu): void {
    const message = this.messageSeen;
    this.textSeen = false;
    this.messageSeen = '';
    if (this.panic) return;
    this.findKernel(vcpu);
    // The kernel would have been met at the entry of panic(); its stack is looked at all the same, but not for every line of a flood.
    const watched = this.watching && this.kernel.isNamed(vcpu) && this.symbolsFit();
    if (watched && ++this.textsOfPrograms > MAX_TEXTS) return;
    if (this.explainedByStacks(message) || watched || this.kernel.calls(vcpu).end !== 'lost') return;
    // An earlier candidate is nothing any more: a kernel that panics prints its text once.
    const candidate = { vcpu, place: this.placeOf(vcpu), waited: false, message };
    this.candidate = candidate;
    const grace = this.machine.vcpus.length > 1 ? STOP_OTHERS_NS : 0;
    const { timers, clock } = this.machine;
    const later = (ns: number, act: () => void): void => {
      timers.schedule(clock.now + ns, () => {
        if (this.candidate === candidate) act();
      });
    };
    this.forgetUser();
    if (grace > 0) later(grace, () => this.forgetUser());
    later(grace + QUIET_NS, () => this.judgeCandidate());
  }

  /** Does the stack of a vCPU lead through the code that prints panics? Then there is one. */
  private explainedByStacks(message = ''): boolean {
    for (const vcpu of this.machine.vcpus) {
      const { addresses } = this.kernel.calls(vcpu);
      const at = addresses.findIndex((address) => this.isInPanic(address));
      if (at < 0) continue;
      this.begin({ ...this.placeOf(vcpu), backtrace: this.kernel.named(addresses.slice(at)) }, null, message);
      if (this.panic) this.panic.shown = message !== '';
      return true;
    }
    return false;
  }

  /** Is `address` in panic()? Without names: does the code around it name the text that only panic() has? */
  private isInPanic(address: number): boolean {
    const called = this.kernel.functionAt(address);
    if (called) return called.name === 'panic';
    // printk's level comes before the text: \x01 and a digit.
    return this.kernel.textsBefore(address).some((text) => text.slice(2).startsWith(PANIC_TEXT));
  }

  private judgeCandidate(): void {
    const { candidate } = this;
    this.candidate = null;
    if (!candidate || this.panic || candidate.waited || this.machine.userModeSeen()) return;
    if (this.kernel.calls(candidate.vcpu).end !== 'lost') return;
    this.begin(candidate.place, null, candidate.message);
    this.over = true;
  }

  private forgetUser(): void {
    this.userEver ||= this.machine.userModeSeen();
    this.machine.forgetUserMode();
  }

  // Faults

  private begin(place: Place, format: string | null, message: string): void {
    this.panic = { place, format, message, shown: false };
    this.endIn(MESSAGE_NS);
  }

  private faultOf({ place, message }: Panic): KernelFault {
    const said = message === '' ? (panicMessage(this.console.unfinished) ?? '') : message;
    return this.faultAt('panic', place, said === '' ? 'no message' : said);
  }

  private faultAt(kind: KernelFault['kind'], place: Place, message: string): KernelFault {
    return { kind, ...place, message, likely: likelyCause(message, this.options.facts, this.console.recent) };
  }

  private placeOf(vcpu: Vcpu): Place {
    const { now, instructions } = this.machine.clock;
    const backtrace = this.kernel.named(this.kernel.calls(vcpu).addresses);
    return { cpu: vcpu.id, guestTimeNs: now, instructions, backtrace };
  }

  private endIn(ns: number): void {
    const { timers, clock } = this.machine;
    timers.schedule(clock.now + ns, () => {
      this.over = true;
    });
  }
}
