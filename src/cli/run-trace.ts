// --trace and --trace-instructions of one run: the file, and the guest stepped through the range that was asked for.
import type { RunningVm, StartVmOptions } from '../api/index.ts';
import { type InstructionRange, parseInstructionRange } from '../api/trace/instruction-range.ts';
import { requireTraceable, traceInstructions } from '../api/trace/instruction-trace.ts';
import { TraceFile } from '../api/trace/trace-file.ts';
import { TsvmError } from '../util/errors.ts';
import type { RunRequest } from './options.ts';

export class RunTrace {
  private readonly file: TraceFile;
  private readonly instructions: string | null;
  private tracing: Promise<void> | null = null;

  /** @throws TsvmError io when the file cannot be written */
  constructor(path: string, instructions: string | null) {
    this.file = new TraceFile(path);
    this.instructions = instructions;
  }

  /** `debugged`: by somebody who says how the guest runs. @throws TsvmError io, usage */
  static of({ trace, traceInstructions: instructions }: RunRequest, debugged: boolean): RunTrace | null {
    if (debugged && instructions !== null)
      throw new TsvmError('usage', '--trace-instructions: a debugger says how the guest runs', {
        next: 'leave out the one or the other',
      });
    return trace === null ? null : new RunTrace(trace, instructions);
  }

  /** What the run needs for it. The instructions of a range take the place of KVM's events: where the guest is stepped, each step is a KVM_RUN. */
  get startOptions(): Pick<StartVmOptions, 'trace'> {
    return this.instructions === null ? { trace: this.file } : {};
  }

  /** Is the guest to stand before its first instruction until begin()? */
  get stopsAtStart(): boolean {
    return this.instructions !== null;
  }

  /** The first write that failed. */
  get error(): TsvmError | null {
    return this.file.error;
  }

  /** The guest stands at its start: it goes on to the range. `warn`: why not all of it was traced. @throws TsvmError usage for a range that is not there */
  async begin(vm: RunningVm, warn: (message: string) => void): Promise<void> {
    if (this.instructions === null) return;
    const target = await vm.debugTarget();
    const range: InstructionRange = parseInstructionRange(this.instructions, target.symbols);
    requireTraceable(target, range);
    this.tracing = traceInstructions(target, range, this.file)
      .then((why) => {
        if (why !== null) warn(`--trace-instructions ${this.instructions}: not all of it is traced: ${why}`);
      })
      .catch((error: Error) => {
        warn(`--trace-instructions ${this.instructions}: ${error.message}`);
        vm.resume();
      });
  }

  /** The run is over: write what is left. */
  async end(): Promise<void> {
    await this.tracing;
    this.close();
  }

  close(): void {
    this.file.close();
  }
}
