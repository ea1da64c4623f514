// A VM and the script that uses it. The guest runs only while the script waits (vmm/drive.ts), so that the whole is a function of the script,
// the options and the images: same bytes, same instruction count, same state hash on any host.
import { parseDuration } from '../../vmm/config.ts';
import type { DriveEnd } from '../../vmm/drive.ts';
import type { Verdict } from '../../vmm/verdict.ts';
import type { RunningVm, StartVmOptions } from '../types.ts';
import { ConsoleText, type Found } from './console-text.ts';

export interface WaitOptions {
  /** Guest time to wait at most: `30s`, `500ms`; a bare number is seconds. Default 60 s. */
  readonly within?: string | number | undefined;
}

export type ScriptOptions = Omit<StartVmOptions, 'driven' | 'input' | 'replay' | 'handleSignals'>;

/** A VM under a script's control. */
export interface ScriptedVm {
  /** For everything that is not here: the command that reproduces it, its configuration, its journal. */
  readonly vm: RunningVm;
  readonly console: Pick<ConsoleText, 'text' | 'program' | 'kernel' | 'unread' | 'bytes'>;
  /**
   * Run until the console shows `what`, after what was found before, and stand at that very instruction: /a+/ is there with the first a. Line
   * ends are `\n`. Looked for in what programs print, in the kernel's lines, and in everything as it came: a line that printk has cut in two is found.
   * @throws WaitFailed when it cannot come any more, or does not in time
   */
  waitFor(what: string | RegExp, options?: WaitOptions): Promise<Found>;
  /** Type. It enters where the guest stands now. */
  send(text: string | Uint8Array): void;
  /** Run for some guest time. @throws WaitFailed when the run ends before */
  runFor(time: string | number): Promise<void>;
  /** Run to an instruction count. @throws WaitFailed when the run ends before, or everything waits for input */
  runTo(instructions: number): Promise<void>;
  /** No more input; run to the end. */
  end(): Promise<Verdict>;
  /** End it here, as interrupted. */
  stop(): Promise<Verdict>;
}

const DEFAULT_WAIT = '60s';
/** Lines of the console shown with a failure. */
const LINES_SHOWN = 12;

/** What a script waited for did not come. */
export class WaitFailed extends Error {
  /** `time`: not within the time given. `waiting`: the guest waits for input, and nothing is armed in it. `ended`: the run is over. */
  readonly why: 'time' | 'waiting' | 'ended';
  /** How the run ended, when it has. */
  readonly verdict: Verdict | null;

  constructor(what: string, why: WaitFailed['why'], verdict: Verdict | null, shownThere: string) {
    super([`${what}: ${reason(why, verdict)}`, ...lastLines(shownThere)].join('\n'));
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
  return new Script(await start({ ...options, driven: true }));
}

class Script implements ScriptedVm {
  readonly vm: RunningVm;
  readonly console = new ConsoleText();

  constructor(vm: RunningVm) {
    this.vm = vm;
  }

  async waitFor(what: string | RegExp, { within = DEFAULT_WAIT }: WaitOptions = {}): Promise<Found> {
    const time = this.vm.clock.guestTimeNs + parseDuration('within', within, 1);
    for (let end: DriveEnd = 'console'; ; end = await this.run({ time }, what)) {
      const found = this.console.find(what);
      if (found) return found;
      // What looked like it while it came may be none of it in what was not read yet: /^a/ in the middle of a line.
      if (end !== 'console') throw await this.failed(`waitFor ${shown(what)}`, end);
    }
  }

  send(text: string | Uint8Array): void {
    this.vm.send(text);
  }

  async runFor(time: string | number): Promise<void> {
    const until = this.vm.clock.guestTimeNs + parseDuration('runFor', time, 1);
    const end = await this.run({ time: until }, null);
    if (end !== 'time') throw await this.failed(`runFor ${time}`, end);
  }

  async runTo(instructions: number): Promise<void> {
    const end = await this.run({ instructions }, null);
    if (end !== 'instructions') throw await this.failed(`runTo ${instructions}`, end);
  }

  async end(): Promise<Verdict> {
    this.vm.closeInput();
    await this.run({}, null);
    return this.vm.wait();
  }

  async stop(): Promise<Verdict> {
    this.vm.stop('the script is over');
    return this.vm.wait();
  }

  private run(target: { time?: number; instructions?: number }, what: string | RegExp | null): Promise<DriveEnd> {
    return this.vm.drive({
      ...target,
      onOutput: (bytes) => this.console.add(bytes),
      console: what === null ? undefined : () => this.console.hasCome(what),
    });
  }

  private async failed(what: string, end: DriveEnd): Promise<WaitFailed> {
    const why = end === 'time' || end === 'waiting' ? end : 'ended';
    return new WaitFailed(what, why, why === 'ended' ? await this.vm.wait() : null, this.console.text);
  }
}

function shown(what: string | RegExp): string {
  return typeof what === 'string' ? JSON.stringify(what) : String(what);
}

function reason(why: WaitFailed['why'], verdict: Verdict | null): string {
  if (why === 'time') return 'it did not come in time';
  if (why === 'waiting') return 'the guest waits for input, and no timer is armed in it';
  return `the run ended before: ${verdict?.summary ?? 'no verdict'} (${verdict?.kind}, exit ${verdict?.exitCode})`;
}

function lastLines(text: string): string[] {
  if (text === '') return ['  the console is empty'];
  return [
    '  the console, at last:',
    ...text
      .trimEnd()
      .split('\n')
      .slice(-LINES_SHOWN)
      .map((line) => `  | ${line}`),
  ];
}
