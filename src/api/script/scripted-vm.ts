// A VM and the script that uses it. The guest runs only while the script waits (vmm/drive.ts), so that the whole is a function of the script,
// the options and the images: same bytes, same instruction count, same state hash on any host.
import { hex } from '../../util/bits.ts';
import { TsvmError } from '../../util/errors.ts';
import { guestSeconds, printable } from '../../util/format.ts';
import { parseDuration } from '../../vmm/config.ts';
import type { DriveEnd, DriveTarget } from '../../vmm/drive.ts';
import type { GuestPlace } from '../../vmm/inspect.ts';
import type { Verdict } from '../../vmm/verdict.ts';
import type { RunningVm, StartVmOptions } from '../types.ts';
import { Agent, MAX_COMMAND, type ShellResult } from './agent.ts';
import { ConsoleText, type Found } from './console-text.ts';

export interface WaitOptions {
  /** Guest time to wait at most: `30s`, `500ms`; a bare number is seconds. Default 60 s. */
  readonly within?: string | number | undefined;
}

export interface ShOptions extends WaitOptions {
  /** For the command's standard input, which then ends. Default: nothing. */
  readonly input?: string | Uint8Array | undefined;
  /** Throw WaitFailed when the command does not end with status 0. Default false. */
  readonly check?: boolean | undefined;
}

/** Where in the guest: a symbol of the kernel (`jiffies`, `saved_command_line+4`), or an address. */
export type GuestAddress = string | GuestPlace;

export interface ScriptOptions extends Omit<StartVmOptions, 'driven' | 'input' | 'replay' | 'handleSignals'> {
  /** The guest agent, for sh(). Default: when there is an initrd. */
  readonly agent?: boolean | undefined;
  /** Told of what the script begins to wait for, for whoever watches. */
  readonly onWait?: ((what: string, guestTimeNs: number) => void) | undefined;
}

/** A VM under a script's control. */
export interface ScriptedVm {
  /** For everything that is not here: the command that reproduces it, its configuration, its journal. */
  readonly vm: RunningVm;
  readonly console: Pick<ConsoleText, 'text' | 'program' | 'kernel' | 'lines' | 'partial' | 'unread' | 'bytes'>;
  /**
   * Run until the console shows `what`, after what was found before, and stand at that very instruction: /a+/ is there with the first a. Line
   * ends are `\n`. Looked for in what programs print, in the kernel's lines, and in everything as it came: a line that printk has cut in two is found.
   * @throws WaitFailed when it cannot come any more, or does not in time
   */
  waitFor(what: string | RegExp, options?: WaitOptions): Promise<Found>;
  /** Type. It enters where the guest stands now. */
  send(text: string | Uint8Array): void;
  /**
   * Run a command in the guest by its /bin/sh, beside whatever is on its console, and give what came of it. Needs Linux with virtio-console
   * (built in, or loaded by its init), and waits until that is there, which may be before the guest's init has done its work: when the command
   * needs that, wait for what the console shows then.
   * @throws WaitFailed when it does not end in time (it is killed then), or cannot end any more
   */
  sh(command: string, options?: ShOptions): Promise<ShellResult>;
  /** Run until `condition`, which is asked whenever the console has more. @throws WaitFailed */
  runUntil(condition: () => boolean, options?: WaitOptions): Promise<void>;
  /** Run for some guest time. @throws WaitFailed when the run ends before */
  runFor(time: string | number): Promise<void>;
  /** Run to an instruction count. @throws WaitFailed when the run ends before, or everything waits for input */
  runTo(instructions: number): Promise<void>;
  /**
   * Run until a vCPU is about to run the instruction there, in the kernel; one in a delay slot is never noticed. @throws WaitFailed; TsvmError
   * usage for an unknown symbol, or no RAM in an unmapped segment
   */
  until(where: string | number, options?: WaitOptions): Promise<void>;
  /** Bytes of guest memory. @throws TsvmError usage where there is none */
  read(where: GuestAddress, length: number): Uint8Array;
  /** A 32-bit word of guest memory, in the guest's byte order. */
  readWord(where: GuestAddress): number;
  write(where: GuestAddress, bytes: Uint8Array | string): void;
  writeWord(where: GuestAddress, value: number): void;
  /** A register by name: `a0`, `sp`, `pc`, `status`. */
  register(name: string, cpu?: number): number;
  setRegister(name: string, value: number, cpu?: number): void;
  /** No more input; run to the end. A VM with a limit or a timeout is ended by that; others wait as long as for anything else. @throws WaitFailed */
  end(options?: WaitOptions): Promise<Verdict>;
  /** End it here, as interrupted. */
  stop(): Promise<Verdict>;
  /** Has the script been told how the run ended? */
  readonly toldOfEnd: boolean;
}

const DEFAULT_WAIT = '60s';
const NO_AGENT =
  'no guest agent has answered (the guest needs procfs, sysfs and virtio-console, as a module when its init loads that)';
/** Guest time a command has to die in. */
const KILL_NS = 5e9;
/** Lines of the console shown with a failure, and characters of each. */
const LINES_SHOWN = 12;
const CHARACTERS_SHOWN = 400;

/** What a script waited for did not come. */
export class WaitFailed extends Error {
  /** `time`: not within the time given. `waiting`: the guest waits for input, and nothing is armed in it. `ended`: the run is over. `status`: a command failed. */
  readonly why: 'time' | 'waiting' | 'ended' | 'status';
  /** How the run ended, when it has. */
  readonly verdict: Verdict | null;

  constructor(what: string, why: WaitFailed['why'], verdict: Verdict | null, shownThere: readonly string[]) {
    super([what, ...shownThere].join('\n'));
    this.name = 'WaitFailed';
    this.why = why;
    this.verdict = verdict;
  }
}

/** Start a VM for a script; it stands at its first instruction. @throws TsvmError as startVm does */
export async function scriptVmWith(
  start: (options: StartVmOptions) => Promise<RunningVm>,
  options: ScriptOptions,
): Promise<ScriptedVm> {
  const { onWait = () => {}, ...vmOptions } = options;
  return new Script(await start({ agent: options.initrd !== undefined, ...vmOptions, driven: true }), onWait);
}

class Script implements ScriptedVm {
  readonly vm: RunningVm;
  readonly console = new ConsoleText();
  toldOfEnd = false;
  private readonly agent = new Agent();
  /** Is a command being waited for? */
  private inShell = false;

  private readonly onWait: (what: string, guestTimeNs: number) => void;

  constructor(vm: RunningVm, onWait: (what: string, guestTimeNs: number) => void) {
    this.vm = vm;
    this.onWait = onWait;
  }

  async waitFor(what: string | RegExp, options: WaitOptions = {}): Promise<Found> {
    if (typeof what !== 'string' && !(what instanceof RegExp))
      throw new TsvmError('usage', `waitFor: ${String(what)} is neither text nor a regular expression`);
    const { within = DEFAULT_WAIT } = known('waitFor', options, WAIT_OPTIONS);
    const time = this.after(parseDuration('within', within, 1));
    this.waits(shown(what));
    for (let end: DriveEnd = 'found'; ; end = await this.run({ time, until: () => this.console.hasCome(what) })) {
      const found = this.console.find(what);
      if (found) return found;
      // What looked like it while it came may be none of it in what was not read yet: /^a/ in the middle of a line.
      if (end !== 'found') throw await this.failed(`waitFor ${shown(what)}`, end, within);
    }
  }

  send(text: string | Uint8Array): void {
    this.vm.send(text);
  }

  async sh(command: string, options: ShOptions = {}): Promise<ShellResult> {
    if (typeof command !== 'string') throw new TsvmError('usage', 'sh: the command must be text');
    const { within = DEFAULT_WAIT, input = '', check = false } = known('sh', options, SH_OPTIONS);
    const what = `sh ${shown(command)}`;
    if (!this.vm.config.agent)
      throw new TsvmError('usage', `${what}: this VM has no guest agent`, {
        next: 'start it with agent: true, or an initrd',
      });
    if (command.includes('\0')) throw new TsvmError('usage', `${what}: contains a NUL byte`);
    const encoder = new TextEncoder();
    const bytes = typeof input === 'string' ? encoder.encode(input) : input;
    if (encoder.encode(command).length + bytes.length > MAX_COMMAND)
      throw new TsvmError('usage', `${what}: a command and its input have at most 16 MiB`, {
        next: 'put what is larger on a disk',
      });
    if (this.inShell)
      throw new TsvmError('usage', `${what}: another command is being waited for`, {
        next: 'await one sh before the next',
      });
    const time = this.after(parseDuration('within', within, 1));
    this.waits(what);
    this.inShell = true;
    try {
      await this.agentSettles(what, time, within);
      this.vm.sendToAgent(this.agent.run(command, bytes));
      await this.agentSettles(what, time, within);
    } finally {
      this.inShell = false;
    }
    const outcome = this.agent.takeOutcome();
    if (!outcome || 'failed' in outcome)
      throw new WaitFailed(`${what}: ${outcome?.failed ?? 'no outcome'}`, 'status', null, this.lastLines());
    const { result } = outcome;
    if (check && !result.ok) throw new WaitFailed(`${what}: ${ending(result)}`, 'status', null, said(result));
    return result;
  }

  /** Run until the agent is there and does nothing. What it does too long is killed. */
  private async agentSettles(what: string, time: number, within: string | number): Promise<void> {
    const { agent } = this;
    const settled = (): boolean => agent.settled;
    if (!settled()) {
      const end = await this.run({ time, until: settled });
      if (end !== 'found') {
        const failure = await this.failed(agent.ready ? what : `${what}: ${NO_AGENT}`, end, within);
        if (agent.busy && failure.why !== 'ended') {
          this.vm.sendToAgent(agent.kill());
          await this.run({ time: this.after(KILL_NS), until: settled });
        }
        throw failure;
      }
    }
    if (agent.broken !== null)
      throw new WaitFailed(`${what}: the guest agent is of no use: ${agent.broken}`, 'status', null, []);
  }

  async runUntil(condition: () => boolean, options: WaitOptions = {}): Promise<void> {
    const { within = DEFAULT_WAIT } = known('runUntil', options, WAIT_OPTIONS);
    if (condition()) return;
    const time = this.after(parseDuration('within', within, 1));
    let thrown: { readonly error: unknown } | null = null;
    // The script's own error is not the guest's.
    const until = (): boolean => {
      try {
        return condition();
      } catch (error) {
        thrown ??= { error };
        return true;
      }
    };
    const end = await this.run({ time, until });
    if (thrown) throw (thrown as { error: unknown }).error;
    if (end !== 'found') throw await this.failed('runUntil', end, within);
  }

  async runFor(time: string | number): Promise<void> {
    const end = await this.run({ time: this.after(parseDuration('runFor', time, 1)) });
    if (end !== 'time') throw await this.failed(`runFor ${time}`, end);
  }

  async runTo(instructions: number): Promise<void> {
    const end = await this.run({ instructions });
    if (end !== 'instructions') throw await this.failed(`runTo ${instructions}`, end);
  }

  async until(where: string | number, options: WaitOptions = {}): Promise<void> {
    const { within = DEFAULT_WAIT } = known('until', options, WAIT_OPTIONS);
    const execution = this.addressOf(where);
    const end = await this.run({ execution, time: this.after(parseDuration('within', within, 1)) });
    if (end !== 'execution')
      throw await this.failed(`until ${typeof where === 'number' ? hex(where) : where}`, end, within);
  }

  read(where: GuestAddress, length: number): Uint8Array {
    return this.vm.inspect.readMemory(this.placeOf(where), length);
  }

  readWord(where: GuestAddress): number {
    const bytes = this.read(where, 4);
    return new DataView(bytes.buffer).getUint32(0, this.little);
  }

  write(where: GuestAddress, bytes: Uint8Array | string): void {
    this.vm.inspect.writeMemory(
      this.placeOf(where),
      typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
    );
  }

  writeWord(where: GuestAddress, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, this.little);
    this.write(where, bytes);
  }

  register(name: string, cpu = 0): number {
    return this.vm.inspect.register(name, cpu);
  }

  setRegister(name: string, value: number, cpu = 0): void {
    this.vm.inspect.setRegister(name, value, cpu);
  }

  async end(options: WaitOptions = {}): Promise<Verdict> {
    const { within } = known('end', options, WAIT_OPTIONS);
    const { limit, timeout } = this.vm.config;
    const most = within ?? (limit === null && timeout === null ? DEFAULT_WAIT : null);
    const time = most === null ? undefined : this.after(parseDuration('within', most, 1));
    this.vm.closeInput();
    this.waits('the end');
    const end = await this.run({ time });
    if (end !== 'ended') throw await this.failed('end', end, most ?? undefined);
    return this.verdict();
  }

  async stop(): Promise<Verdict> {
    this.vm.stop('stopped by the script');
    return this.verdict();
  }

  private verdict(): Promise<Verdict> {
    this.toldOfEnd = true;
    return this.vm.wait();
  }

  private waits(what: string): void {
    this.onWait(what, this.vm.clock.guestTimeNs);
  }

  private get little(): boolean {
    return this.vm.inferred.endianness === 'little';
  }

  private after(ns: number): number {
    return this.vm.clock.guestTimeNs + ns;
  }

  private placeOf(where: GuestAddress): GuestPlace {
    return typeof where === 'object' ? where : this.addressOf(where);
  }

  /** `symbol`, `symbol+0x10` or a number to a guest virtual address. */
  private addressOf(where: string | number): number {
    if (typeof where === 'number') return where >>> 0;
    const [, symbol = where, offset = '0'] = /^(.+?)\+(0x[0-9a-fA-F]+|\d+)$/.exec(where) ?? [];
    const address = this.vm.addressOf(symbol);
    if (address === null)
      throw new TsvmError('usage', `${where}: no such symbol is known of this kernel`, {
        next: "give the kernel's System.map or unstripped ELF as `symbols`, or a number",
      });
    return (address + Number(offset)) >>> 0;
  }

  private run(target: DriveTarget): Promise<DriveEnd> {
    return this.vm.drive({
      ...target,
      onOutput: (bytes) => this.console.add(bytes),
      onAgent: (bytes) => this.agent.add(bytes),
    });
  }

  private async failed(what: string, end: DriveEnd, within?: string | number): Promise<WaitFailed> {
    const why = end === 'time' || end === 'waiting' ? end : 'ended';
    const verdict = why === 'ended' ? await this.verdict() : null;
    const at = verdict ? '' : ` (at ${guestSeconds(this.vm.clock.guestTimeNs)})`;
    return new WaitFailed(`${what}: ${reason(why, verdict, within)}${at}`, why, verdict, this.lastLines());
  }

  private lastLines(): string[] {
    const { text } = this.console;
    if (text === '') return ['  the console is empty'];
    return ['  the console, at last:', ...quoted(text)];
  }
}

function quoted(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .slice(-LINES_SHOWN)
    .map((line) => `  | ${printable(line.slice(0, CHARACTERS_SHOWN))}`);
}

function shown(what: string | RegExp): string {
  return typeof what === 'string' ? JSON.stringify(what) : String(what);
}

function reason(why: WaitFailed['why'], verdict: Verdict | null, within: string | number | undefined): string {
  if (why === 'time') return `it did not come within ${within}${typeof within === 'number' ? 's' : ''} of guest time`;
  if (why === 'waiting') return 'the guest waits for input, and no timer is armed in it';
  return `the run ended before: ${verdict?.summary ?? 'no verdict'} (${verdict?.kind}, exit ${verdict?.exitCode})`;
}

function ending({ status, signal }: ShellResult): string {
  return signal === null ? `it ended with status ${status}` : `signal ${signal} ended it`;
}

function said({ stdout, stderr }: ShellResult): string[] {
  const part = (name: string, text: string): string[] => (text.trim() === '' ? [] : [`  ${name}:`, ...quoted(text)]);
  return [...part('standard error', stderr), ...part('standard output', stdout)];
}

const WAIT_OPTIONS = ['within'];
const SH_OPTIONS = ['within', 'input', 'check'];

/** What is not known would be ignored, and a test would mean something else than it says. */
function known<T extends object>(what: string, options: T, names: readonly string[]): T {
  const odd = Object.keys(options).find((key) => !names.includes(key));
  if (odd !== undefined)
    throw new TsvmError('usage', `${what}: there is no option ${odd}`, { next: `its options: ${names.join(', ')}` });
  return options;
}
